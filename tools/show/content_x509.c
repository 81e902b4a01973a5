/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content_x509.h"

#include <stdio.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "provider/base/der.h"
#include "tools/show/content_der.h"
#include "tools/show/content_extension.h"
#include "tools/show/text.h"

/* ---- Keys, numbers, algorithms --------------------------------------------------------------- */

/* Whether libcrypto reads it, and would write the same: then there is nothing but the key in it. */
static bool is_only_key(X509_PUBKEY *public_key, struct ska_span der)
{
    EVP_PKEY *key = X509_PUBKEY_get0(public_key);
    unsigned char *again = NULL;
    int length = key == NULL ? 0 : i2d_PUBKEY(key, &again);
    bool only = length > 0 && ska_span_equal(ska_span(again, (size_t)length), der);

    OPENSSL_free(again);
    return only;
}

/* What is no key, or more than one, can say anything, which the fingerprint hides. */
static bool row_key_der(const struct content_listener *listener, OSSL_LIB_CTX *libctx,
                        X509_PUBKEY *public_key, struct ska_span der)
{
    struct ska_buffer value = {0};
    ASN1_OBJECT *algorithm = NULL;

    text_fingerprint(libctx, der, &value);
    return content_row_of(listener, "public key with the fingerprint", &value) &&
           (is_only_key(public_key, der) ||
            (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, public_key) == 1 &&
             content_unshown(listener, "key of an unknown form,", algorithm, der.length)));
}

static bool row_key(const struct content_listener *listener, OSSL_LIB_CTX *libctx,
                    X509_PUBKEY *public_key)
{
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(public_key, &der);
    bool done =
        length > 0 && row_key_der(listener, libctx, public_key, ska_span(der, (size_t)length));

    OPENSSL_free(der);
    return done;
}

static bool row_number(const struct content_listener *listener, const char *name,
                       const ASN1_INTEGER *number)
{
    const bool negative = ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER;
    struct ska_buffer value = {0};

    ska_buffer_text(&value, negative ? "-" : "");
    ska_buffer_hex(&value,
                   ska_span(ASN1_STRING_get0_data(number), (size_t)ASN1_STRING_length(number)));
    return content_row_of(listener, name, &value);
}

/* Version 1 has the number 0. */
static bool row_version(const struct content_listener *listener, long version, long highest)
{
    struct ska_buffer value = {0};

    if (version < 0 || version > highest)
        return false;
    ska_buffer_format(&value, "%ld", version + 1);
    return content_row_of(listener, "version", &value);
}

/* The first SEQUENCE of a certificate and of a CRL; `der` is all of it, as complete() makes it. */
static bool row_signature_algorithm(const struct content_listener *listener, struct ska_span der)
{
    struct ska_span inside = {NULL, 0};
    struct ska_span content = {NULL, 0};
    uint8_t identifier = 0;

    if (!ska_der_take(&der, SKA_DER_SEQUENCE, &inside) ||
        !ska_der_take(&inside, SKA_DER_SEQUENCE, &content))
        return false;
    inside = content;
    while (identifier != SKA_DER_SEQUENCE)
        if (!ska_der_next(&inside, &identifier, &content))
            return false;
    return content_row_algorithm(listener, "algorithm of the signature", content);
}

/* ---- Certificates ---------------------------------------------------------------------------- */

static void row_unique_id(const struct content_listener *listener, const char *name,
                          const ASN1_BIT_STRING *id)
{
    if (id != NULL)
        listener->unshown(listener->arg, name, (size_t)ASN1_STRING_length(id));
}

static bool rows_unique_ids(const struct content_listener *listener, const X509 *certificate)
{
    const ASN1_BIT_STRING *issuer = NULL;
    const ASN1_BIT_STRING *subject = NULL;

    X509_get0_uids(certificate, &issuer, &subject);
    row_unique_id(listener, "unique identifier of the issuer", issuer);
    row_unique_id(listener, "unique identifier of whom it is for", subject);
    return true;
}

static bool read_certificate(OSSL_LIB_CTX *libctx, struct ska_span der,
                             const struct content_listener *listener)
{
    const unsigned char *next = der.data;
    X509 *made = X509_new_ex(libctx, NULL);
    X509 *read = made == NULL ? NULL : d2i_X509(&made, &next, (long)der.length);
    bool done = read != NULL && next == der.data + der.length &&
                content_row_name(listener, "for", X509_get_subject_name(read)) &&
                content_row_name(listener, "issued by", X509_get_issuer_name(read)) &&
                row_number(listener, "serial number", X509_get0_serialNumber(read)) &&
                content_row_time(listener, "valid from", X509_get0_notBefore(read)) &&
                content_row_time(listener, "valid until", X509_get0_notAfter(read)) &&
                row_key(listener, libctx, X509_get_X509_PUBKEY(read)) &&
                content_rows_extensions(listener, X509_get0_extensions(read)) &&
                rows_unique_ids(listener, read) && row_signature_algorithm(listener, der) &&
                row_version(listener, X509_get_version(read), X509_VERSION_3);

    X509_free(made);
    return done;
}

/* ---- Requests for certificates --------------------------------------------------------------- */

/* Requests for extensions, of which there may be one with one value: libcrypto reads no more. */
static bool is_for_extensions(X509_ATTRIBUTE *attribute)
{
    return X509_REQ_extension_nid(OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute)));
}

static bool has_one_for_extensions(X509_REQ *request)
{
    int values = 0;

    for (int i = 0; i < X509_REQ_get_attr_count(request); i++)
        if (is_for_extensions(X509_REQ_get_attr(request, i)))
            values += X509_ATTRIBUTE_count(X509_REQ_get_attr(request, i));
    return values == 1;
}

static bool rows_request_attribute(const struct content_listener *listener, X509_REQ *request,
                                   X509_ATTRIBUTE *attribute)
{
    const bool readable = is_for_extensions(attribute) && has_one_for_extensions(request);
    STACK_OF(X509_EXTENSION) *extensions = readable ? X509_REQ_get_extensions(request) : NULL;
    int length = i2d_X509_ATTRIBUTE(attribute, NULL);
    bool done =
        extensions != NULL
            ? content_rows_extensions(listener, extensions)
            : length > 0 && content_unshown(listener, NULL, X509_ATTRIBUTE_get0_object(attribute),
                                            (size_t)length);

    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return done;
}

static bool rows_request_attributes(const struct content_listener *listener, X509_REQ *request)
{
    for (int i = 0; i < X509_REQ_get_attr_count(request); i++)
        if (!rows_request_attribute(listener, request, X509_REQ_get_attr(request, i)))
            return false;
    return true;
}

static bool read_certification_request(OSSL_LIB_CTX *libctx, struct ska_span der,
                                       const struct content_listener *listener)
{
    const unsigned char *next = der.data;
    X509_REQ *made = X509_REQ_new_ex(libctx, NULL);
    X509_REQ *read = made == NULL ? NULL : d2i_X509_REQ(&made, &next, (long)der.length);
    bool done = read != NULL && next == der.data + der.length &&
                content_row_name(listener, "for", X509_REQ_get_subject_name(read)) &&
                row_key(listener, libctx, X509_REQ_get_X509_PUBKEY(read)) &&
                rows_request_attributes(listener, read) &&
                row_version(listener, X509_REQ_get_version(read), X509_REQ_VERSION_1);

    X509_REQ_free(made);
    return done;
}

/* ---- Lists of revoked certificates ----------------------------------------------------------- */

/* So many are shown; of the others the number is told. */
#define REVOKED_SHOWN 20

static bool rows_revoked_one(const struct content_listener *listener, const X509_REVOKED *revoked)
{
    return row_number(listener, "  serial number", X509_REVOKED_get0_serialNumber(revoked)) &&
           content_row_time(listener, "    revoked at",
                            X509_REVOKED_get0_revocationDate(revoked)) &&
           content_rows_extensions(listener, X509_REVOKED_get0_extensions(revoked));
}

static void unshown_revoked(const struct content_listener *listener,
                            const STACK_OF(X509_REVOKED) * revoked, int from)
{
    size_t length = 0;
    char name[64];

    for (int i = from; i < sk_X509_REVOKED_num(revoked); i++)
        length += (size_t)i2d_X509_REVOKED(sk_X509_REVOKED_value(revoked, i), NULL);
    snprintf(name, sizeof(name), "  and %d more", sk_X509_REVOKED_num(revoked) - from);
    listener->unshown(listener->arg, name, length);
}

static bool rows_revoked(const struct content_listener *listener, X509_CRL *crl)
{
    STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
    int count = revoked == NULL ? 0 : sk_X509_REVOKED_num(revoked);
    struct ska_buffer value = {0};

    ska_buffer_format(&value, "%d", count);
    if (!content_row_of(listener, "certificates that are revoked", &value))
        return false;
    for (int i = 0; i < count && i < REVOKED_SHOWN; i++)
        if (!rows_revoked_one(listener, sk_X509_REVOKED_value(revoked, i)))
            return false;
    if (count > REVOKED_SHOWN)
        unshown_revoked(listener, revoked, REVOKED_SHOWN);
    return true;
}

static bool read_crl(OSSL_LIB_CTX *libctx, struct ska_span der,
                     const struct content_listener *listener)
{
    const unsigned char *next = der.data;
    X509_CRL *made = X509_CRL_new_ex(libctx, NULL);
    X509_CRL *read = made == NULL ? NULL : d2i_X509_CRL(&made, &next, (long)der.length);
    bool done = read != NULL && next == der.data + der.length &&
                content_row_name(listener, "issued by", X509_CRL_get_issuer(read)) &&
                content_row_time(listener, "as of", X509_CRL_get0_lastUpdate(read)) &&
                (X509_CRL_get0_nextUpdate(read) == NULL ||
                 content_row_time(listener, "the next one by", X509_CRL_get0_nextUpdate(read))) &&
                rows_revoked(listener, read) &&
                content_rows_extensions(listener, X509_CRL_get0_extensions(read)) &&
                row_signature_algorithm(listener, der) &&
                row_version(listener, X509_CRL_get_version(read), X509_CRL_VERSION_2);

    X509_CRL_free(made);
    return done;
}

/* ---- All ------------------------------------------------------------------------------------- */

/* What is signed, as libcrypto knows it: SEQUENCE { content, an algorithm, BIT STRING }. */
static bool complete(struct ska_span content, struct ska_buffer *der)
{
    static const uint8_t rest[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
                                   0x3D, 0x04, 0x03, 0x02, 0x03, 0x01, 0x00};
    unsigned char header[16];
    unsigned char *end = header;

    ASN1_put_object(&end, 1, (int)(content.length + sizeof(rest)), V_ASN1_SEQUENCE,
                    V_ASN1_UNIVERSAL);
    ska_buffer_add(der, header, (size_t)(end - header));
    ska_buffer_add(der, content.data, content.length);
    ska_buffer_add(der, rest, sizeof(rest));
    return !der->failed;
}

bool content_read_x509(OSSL_LIB_CTX *libctx, enum ska_content_kind kind, struct ska_span content,
                       const struct content_listener *listener)
{
    static bool (*const readers[])(OSSL_LIB_CTX *, struct ska_span,
                                   const struct content_listener *) = {
        [SKA_CONTENT_CERTIFICATE] = read_certificate,
        [SKA_CONTENT_CRL] = read_crl,
        [SKA_CONTENT_CERTIFICATION_REQUEST] = read_certification_request,
    };
    struct ska_buffer der = {0};
    bool done = false;

    if ((size_t)kind < sizeof(readers) / sizeof(readers[0]) && readers[kind] != NULL)
        done = complete(content, &der) &&
               readers[kind](libctx, ska_span(der.data, der.length), listener);
    ska_buffer_free(&der);
    return done;
}
