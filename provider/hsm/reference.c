/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "provider/base/evp_key.h"
#include "provider/base/printable.h"
#include "provider/backend/backend.h"

typedef struct {
    ASN1_INTEGER *version;
    ASN1_UTF8STRING *uri;
    ASN1_STRING *public_key; /* SubjectPublicKeyInfo in DER, not looked into here */
} HSM_REFERENCE;
DECLARE_ASN1_FUNCTIONS(HSM_REFERENCE)

/* clang-format off */
ASN1_SEQUENCE(HSM_REFERENCE) = {
    ASN1_SIMPLE(HSM_REFERENCE, version, ASN1_INTEGER),
    ASN1_SIMPLE(HSM_REFERENCE, uri, ASN1_UTF8STRING),
    ASN1_OPT(HSM_REFERENCE, public_key, ASN1_SEQUENCE),
} ASN1_SEQUENCE_END(HSM_REFERENCE)

IMPLEMENT_ASN1_FUNCTIONS(HSM_REFERENCE)

/* The one version that there is. */
enum { REFERENCE_VERSION = 0 };
/* clang-format on */

/* ---- Reading --------------------------------------------------------------------------------- */

/* libcrypto reads BER too, in which one reference has many forms: encoding again tells. */
static bool is_canonical_reference(const HSM_REFERENCE *decoded, struct ska_span der)
{
    unsigned char *again = NULL;
    int length = i2d_HSM_REFERENCE(decoded, &again);
    bool same = length > 0 && ska_span_equal(ska_span(again, (size_t)length), der);

    OPENSSL_free(again);
    return same;
}

static HSM_REFERENCE *reference_decode(struct ska_span der, const struct ska_errors *errors)
{
    const unsigned char *next = der.data;
    HSM_REFERENCE *decoded = NULL;
    bool good = false;

    if (der.length > HSM_REFERENCE_LIMIT) {
        ska_fail(errors, SKA_R_BAD_REFERENCE, "%zu bytes: a key reference has at most %d",
                 der.length, HSM_REFERENCE_LIMIT);
        return NULL;
    }
    ERR_set_mark();
    decoded = d2i_HSM_REFERENCE(NULL, &next, (long)der.length);
    good = decoded != NULL && is_canonical_reference(decoded, der);
    ERR_pop_to_mark();
    if (good)
        return decoded;
    if (decoded != NULL && next < der.data + der.length)
        ska_fail(errors, SKA_R_BAD_REFERENCE, "%zu bytes too many at its end",
                 (size_t)(der.data + der.length - next));
    else
        ska_fail(errors, SKA_R_BAD_REFERENCE,
                 "not SEQUENCE { version, URI, public key OPTIONAL } in DER");
    HSM_REFERENCE_free(decoded);
    return NULL;
}

static bool check_version(const ASN1_INTEGER *version, const struct ska_errors *errors)
{
    int64_t number = 0;
    bool known = false;

    ERR_set_mark();
    known = ASN1_INTEGER_get_int64(&number, version);
    ERR_pop_to_mark();
    if (!known)
        return ska_fail(errors, SKA_R_BAD_REFERENCE, "of an unknown version; only 0 is known");
    return number == REFERENCE_VERSION ||
           ska_fail(errors, SKA_R_BAD_REFERENCE, "of version %lld; only 0 is known",
                    (long long)number);
}

static bool take_reference_text(const ASN1_UTF8STRING *uri, struct hsm_reference *reference,
                                const struct ska_errors *errors)
{
    struct ska_span span = ska_span(ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri));
    struct ska_bytes text = {NULL, 0};

    if (span.length > 0 && memchr(span.data, 0, span.length) != NULL)
        return ska_fail(errors, SKA_R_BAD_REFERENCE, "a zero byte in its URI");
    if (!ska_bytes_copy(&text, span, errors))
        return false;
    reference->text = (char *)text.data;
    return true;
}

static bool take_reference_uri(struct hsm_reference *reference, const struct ska_errors *errors)
{
    const struct hsm_uri *uri = NULL;
    const char *refused = NULL;

    if (!hsm_uri_parse(reference->text, &reference->uri, errors))
        return false;
    reference->uri->in_reference = true;
    uri = reference->uri;
    refused = hsm_uri_code_or_secret(uri);
    if (refused != NULL)
        return ska_fail(errors, SKA_R_BAD_REFERENCE,
                        "%s: a reference must not name code or contain a secret; module, "
                        "broker and PIN file are named in the configuration (pkcs11-module, "
                        "tsb-url, pin-source)",
                        refused);
    /* References are written by this program, or by a later one that means something by it. */
    if (uri->ignored != NULL)
        return ska_fail(errors, SKA_R_BAD_REFERENCE,
                        "%s: this version does not know what that means", uri->ignored);
    if (uri->type != HSM_OBJECT_ANY && uri->type != HSM_OBJECT_PRIVATE)
        return ska_fail(errors, SKA_R_BAD_REFERENCE, "type: its URI names no private key");
    return uri->object.data != NULL || uri->id.data != NULL ||
           ska_fail(errors, SKA_R_BAD_REFERENCE, "its URI has neither object nor id");
}

static bool take_public_key(const ASN1_STRING *spki, OSSL_LIB_CTX *libctx,
                            struct hsm_reference *reference, const struct ska_errors *errors)
{
    return spki == NULL ||
           ska_evp_open(libctx,
                        ska_span(ASN1_STRING_get0_data(spki), (size_t)ASN1_STRING_length(spki)),
                        &reference->type, &reference->public_key) ||
           ska_fail(errors, SKA_R_BAD_REFERENCE,
                    "its public key is invalid, or not one of RSA, RSA-PSS, EC on a named curve, "
                    "Ed25519 and Ed448");
}

bool hsm_reference_decode(struct ska_span der, OSSL_LIB_CTX *libctx,
                          struct hsm_reference *reference, const struct ska_errors *errors)
{
    HSM_REFERENCE *decoded = reference_decode(der, errors);
    bool done = false;

    memset(reference, 0, sizeof(*reference));
    if (decoded == NULL)
        return false;
    done = check_version(decoded->version, errors) &&
           take_reference_text(decoded->uri, reference, errors) &&
           take_reference_uri(reference, errors) &&
           take_public_key(decoded->public_key, libctx, reference, errors);
    HSM_REFERENCE_free(decoded);
    if (!done)
        hsm_reference_clear(reference);
    return done;
}

void hsm_reference_clear(struct hsm_reference *reference)
{
    free(reference->text);
    hsm_uri_free(reference->uri);
    EVP_PKEY_free(reference->public_key);
    memset(reference, 0, sizeof(*reference));
}

bool hsm_reference_check_pin_source(const struct hsm_uri *uri, const struct ska_settings *settings,
                                    const struct ska_errors *errors)
{
    return uri->pin_source == NULL || ska_settings_list_pin_source(settings, uri->pin_source) ||
           ska_fail(
               errors, SKA_R_BAD_REFERENCE,
               "pin-source: %s is not named in the configuration, and a reference may use only "
               "what is: add it to pin-sources there, or remove pin-source from the reference",
               hsm_pin_path_shown(hsm_pin_path(uri->pin_source)));
}

/* Of a path so much is shown: libcrypto drops messages that are too long. */
#define SHOWN_PATH 120

struct hsm_reference_sources hsm_reference_sources(const struct hsm_uri *uri,
                                                   const struct ska_settings *settings)
{
    struct hsm_reference_sources shown = {""};
    struct ska_buffer text = {0};
    const bool directory_known =
        uri->approvals_dir == NULL || (settings->approvals_dir != NULL &&
                                       strcmp(uri->approvals_dir, settings->approvals_dir) == 0);
    const struct {
        const char *name;
        const char *value; /* NULL: not given, or the configuration says the same */
    } sources[] = {
        {"approvals-file", uri->approvals_file},
        {"approvals-dir", directory_known ? NULL : uri->approvals_dir},
        {"agent", ska_settings_list_agents(settings, uri->agent) ? NULL : uri->agent},
    };
    const char *separator = "the key reference names ";

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (sources[i].value == NULL)
            continue;
        ska_buffer_format(&text, "%s%s ", separator, sources[i].name);
        ska_buffer_printable(&text, ska_span_text(sources[i].value), SHOWN_PATH);
        separator = " and ";
    }
    if (text.length > 0)
        snprintf(shown.text, sizeof(shown.text), "%s, which the configuration does not",
                 ska_buffer_string(&text));
    ska_buffer_free(&text);
    return shown;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static bool set_public_key(HSM_REFERENCE *reference, EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    bool done = false;

    if (length > 0)
        reference->public_key = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
    if (reference->public_key != NULL)
        done = ASN1_STRING_set(reference->public_key, der, length);
    OPENSSL_free(der);
    return done;
}

static bool reference_encode(const char *uri, EVP_PKEY *public_key, struct ska_bytes *der)
{
    HSM_REFERENCE *reference = HSM_REFERENCE_new();
    unsigned char *bytes = NULL;
    int length = 0;
    bool done = false;

    ERR_set_mark();
    done = reference != NULL && ASN1_INTEGER_set(reference->version, REFERENCE_VERSION) &&
           ASN1_STRING_set(reference->uri, uri, -1) &&
           (public_key == NULL || set_public_key(reference, public_key));
    if (done)
        length = i2d_HSM_REFERENCE(reference, &bytes);
    ERR_pop_to_mark();
    done = length > 0 && ska_bytes_copy(der, ska_span(bytes, (size_t)length), NULL);
    OPENSSL_free(bytes);
    HSM_REFERENCE_free(reference);
    return done;
}

bool hsm_reference_encode(const char *uri, EVP_PKEY *public_key, OSSL_LIB_CTX *libctx,
                          struct ska_bytes *der, const struct ska_errors *errors)
{
    struct ska_bytes made = {NULL, 0};
    struct hsm_reference read = {0};
    bool done = false;

    if (!reference_encode(uri, public_key, &made))
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a key reference");
    done = hsm_reference_decode(ska_span_of(&made), libctx, &read, errors);
    hsm_reference_clear(&read);
    if (done)
        *der = made;
    else
        ska_bytes_free(&made);
    return done;
}

char *hsm_reference_uri(const struct backend_key *key, const struct hsm_uri *found_by)
{
    const struct hsm_uri nothing = {0};

    return hsm_uri_format_like(found_by == NULL ? &nothing : found_by, backend_key_token_label(key),
                               ska_span_of(&key->label), backend_key_id(key), HSM_OBJECT_PRIVATE);
}

bool hsm_reference_for(const struct backend_key *key, const struct hsm_uri *found_by,
                       struct ska_bytes *der, const struct ska_errors *errors)
{
    char *uri = hsm_reference_uri(key, found_by);
    bool done = false;

    if (uri == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a key reference");
    done = hsm_reference_encode(uri, key->public_key, key->libctx, der, errors);
    free(uri);
    return done;
}
