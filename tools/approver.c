/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/approver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>

#include "provider/request/approval.h"
#include "provider/base/certificate.h"
#include "provider/base/evp_key.h"
#include "provider/base/file.h"
#include "provider/base/printable.h"
#include "provider/rule/quorum.h"

#define CERTIFICATE_LIMIT ((size_t)256 * 1024)
/* How much of a provider's details a message shows. */
#define DETAILS_LIMIT 400

/* libcrypto's words, where they help. */
static const char *words_of(unsigned long code)
{
    const char *words = NULL;

    if (ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    if (ERR_GET_LIB(code) == ERR_LIB_PKCS12)
        return "wrong passphrase, or a damaged file";
    if (ERR_GET_REASON(code) == ERR_R_UNSUPPORTED)
        return "no configured provider can open it";
    words = code == 0 ? NULL : ERR_reason_error_string(code);
    return words == NULL ? "libcrypto gives no reason" : words;
}

/*
 * What a loaded provider adds to its reason; libcrypto's own details help nobody. NULL: nothing, or
 * it may have a PIN in it; free with free().
 */
static char *details_of(unsigned long code, const char *data, int flags)
{
    if (ERR_SYSTEM_ERROR(code) || ERR_GET_LIB(code) < ERR_LIB_USER ||
        (flags & ERR_TXT_STRING) == 0 || data == NULL || data[0] == '\0' ||
        strcasestr(data, "pin-value") != NULL)
        return NULL;
    return ska_printable(ska_span_text(data), DETAILS_LIMIT);
}

bool approver_fail(const struct ska_errors *errors, enum ska_reason reason, const char *what)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    char *details = details_of(code, data, flags);

    ska_fail(errors, reason, "%s: %s%s%s", what, words_of(code), details == NULL ? "" : ": ",
             details == NULL ? "" : details);
    free(details);
    ERR_clear_error();
    return false;
}

void approver_close(struct approver *approver)
{
    ska_bytes_free(&approver->public_key);
    ska_bytes_free(&approver->certificate);
    free(approver->shown);
    free(approver->uri);
    EVP_PKEY_free(approver->key);
    if (approver->provider != NULL)
        OSSL_PROVIDER_unload(approver->provider);
    OSSL_LIB_CTX_free(approver->libctx);
    if (approver->dumpable_again)
        (void)prctl(PR_SET_DUMPABLE, 1);
    memset(approver, 0, sizeof(*approver));
}

/* Certificates are not encrypted; nobody is to be asked. */
static int no_passphrase(char *passphrase, int size, int for_writing, void *arg)
{
    (void)passphrase;
    (void)size;
    (void)for_writing;
    (void)arg;
    return -1;
}

/* The DER of a certificate in PEM, else the content as it stands. */
static bool certificate_to_der(struct ska_span content, struct ska_bytes *der,
                               const struct ska_errors *errors)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.length);
    unsigned char *from_pem = NULL;
    long length = 0;

    ERR_set_mark();
    if (bio != NULL && PEM_bytes_read_bio(&from_pem, &length, NULL, PEM_STRING_X509, bio,
                                          no_passphrase, NULL) == 1)
        content = ska_span(from_pem, (size_t)length);
    ERR_pop_to_mark();
    BIO_free(bio);
    if (!ska_bytes_copy(der, content, errors))
        content.data = NULL;
    OPENSSL_free(from_pem);
    return content.data != NULL;
}

bool approver_read_certificate(struct approver *approver, OSSL_LIB_CTX *libctx, const char *path,
                               const struct ska_errors *errors)
{
    struct ska_bytes content = {NULL, 0};
    struct ska_bytes key = {NULL, 0};
    bool done = false;

    if (!ska_file_read(path, CERTIFICATE_LIMIT, &content, errors) ||
        !certificate_to_der(ska_span_of(&content), &approver->certificate, errors))
        goto out;
    if (!ska_certificate_key(ska_span_of(&approver->certificate), &key))
        ska_fail(errors, SKA_R_BAD_KEY, "%s: no certificate in PEM or DER", path);
    else if (approver->locked)
        done = ska_bytes_copy(&approver->public_key, ska_span_of(&key), errors);
    else if (!ska_evp_equal(libctx, ska_span_of(&key), ska_span_of(&approver->public_key)))
        ska_fail(errors, SKA_R_BAD_KEY,
                 "%s: the certificate does not belong to the key of --approver", path);
    else
        done = true;
out:
    ERR_clear_error();
    ska_bytes_free(&content);
    ska_bytes_free(&key);
    return done;
}

/* The digest that fits the key: libcrypto's name and the name in the approval. */
static void choose_digest(const EVP_PKEY *key, const char **digest, const char **shown)
{
    int bits = EVP_PKEY_get_bits(key);

    *digest = "SHA256";
    *shown = "SHA-256";
    if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")) {
        *digest = NULL;
        *shown = "EdDSA";
    } else if (EVP_PKEY_is_a(key, "EC") && bits > 384) {
        *digest = "SHA512";
        *shown = "SHA-512";
    } else if (EVP_PKEY_is_a(key, "EC") && bits > 256) {
        *digest = "SHA384";
        *shown = "SHA-384";
    }
}

static bool sign_message(const struct approver *approver, struct ska_span message,
                         struct ska_approval *approval, const struct ska_errors *errors)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const char *digest = NULL;
    const char *shown = NULL;
    size_t length = 0;
    bool done = false;

    choose_digest(approver->key, &digest, &shown);
    snprintf(approval->digest, sizeof(approval->digest), "%s", shown);
    if (context != NULL &&
        EVP_DigestSignInit_ex(context, NULL, digest, approver->libctx, NULL, approver->key, NULL) ==
            1 &&
        EVP_DigestSign(context, NULL, &length, message.data, message.length) == 1 &&
        (approval->signature.data = malloc(length + 1)) != NULL &&
        EVP_DigestSign(context, approval->signature.data, &length, message.data, message.length) ==
            1) {
        approval->signature.length = length;
        done = true;
    } else {
        approver_fail(errors, SKA_R_BAD_KEY, "signing with the approver's key");
    }
    EVP_MD_CTX_free(context);
    return done;
}

bool approver_sign(const struct approver *approver, const struct ska_approver *listed,
                   struct ska_span message, struct ska_approval *approval,
                   const struct ska_errors *errors)
{
    struct ska_span key = ska_span_of(listed != NULL ? &listed->public_key : &approver->public_key);
    struct ska_span signer = key;

    approval->certificate = true;
    if (approver->certificate.data != NULL)
        signer = ska_span_of(&approver->certificate);
    else if (listed != NULL && listed->type == SKA_APPROVER_CERTIFICATE)
        signer = ska_span_of(&listed->data);
    else
        approval->certificate = false;
    return ska_bytes_copy(&approval->signer, signer, errors) &&
           ska_bytes_copy(&approval->public_key, key, errors) &&
           sign_message(approver, message, approval, errors);
}

bool approver_sign_checked(const struct approver *approver, OSSL_LIB_CTX *libctx,
                           const struct ska_approver *listed, struct ska_span message,
                           struct ska_approval *approval, const struct ska_errors *errors)
{
    return approver_sign(approver, listed, message, approval, errors) &&
           (ska_approval_verify(libctx, approval, message) ||
            ska_fail(errors, SKA_R_BAD_SIGNATURE,
                     "the approver's key made a signature that does not verify"));
}

/* ---- In a rule ------------------------------------------------------------------------------- */

/* So many keys are decoded to be compared. */
#define DECODED_MOST 100

const struct ska_approver *approver_find_listed(OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                                                struct ska_span public_key)
{
    const struct ska_approver *listed = ska_rule_find_approver(rule, public_key);

    if (listed != NULL)
        return listed;
    /* Keys are compared as keys: a rule may hold another encoding than libcrypto writes. */
    for (size_t i = 0; i < DECODED_MOST; i++) {
        listed = ska_rule_approver_at(rule, i);
        if (listed == NULL || ska_evp_equal(libctx, ska_span_of(&listed->public_key), public_key))
            return listed;
    }
    return NULL;
}
