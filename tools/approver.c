/* SPDX-License-Identifier: Apache-2.0 */
#include "approver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "../provider/approval/spki.h"
#include "../provider/base/file.h"
#include "public_key.h"
#include "terminal.h"

#define CERTIFICATE_LIMIT ((size_t)256 * 1024)

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

/* The latest error of libcrypto, and its queue emptied. */
static bool fail_with_libcrypto(const struct ska_errors *errors, enum ska_reason reason,
                                const char *what)
{
    ska_fail(errors, reason, "%s: %s", what, words_of(ERR_peek_last_error()));
    ERR_clear_error();
    return false;
}

/* What messages name: a URI may hold a PIN. NULL: out of memory; free with free(). */
static char *shown_uri(const char *uri)
{
    const char *secret = strcasestr(uri, "pin-value=");
    char *shown = NULL;

    if (secret == NULL)
        return strdup(uri);
    if (asprintf(&shown, "%.*s...", (int)(secret - uri), uri) < 0)
        return NULL;
    return shown;
}

/* The first private key behind the URI. */
static bool load_key(struct approver *approver, const char *uri, const char *shown,
                     const struct ska_errors *errors)
{
    /* Without a terminal libcrypto would read the passphrase from standard input. */
    const UI_METHOD *ui = terminal_available() ? UI_OpenSSL() : UI_null();
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, approver->libctx, NULL, ui, NULL, NULL, NULL, NULL);

    if (store == NULL)
        return fail_with_libcrypto(errors, SKA_R_FILE_FAILURE, shown);
    (void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
    while (approver->key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (info == NULL && OSSL_STORE_error(store))
            break;
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            approver->key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    if (approver->key == NULL && ERR_peek_last_error() != 0)
        fail_with_libcrypto(errors, SKA_R_BAD_KEY, shown);
    else if (approver->key == NULL)
        ska_fail(errors, SKA_R_BAD_KEY, "%s: there is no private key", shown);
    OSSL_STORE_close(store);
    ERR_clear_error();
    return approver->key != NULL;
}

static bool check_type(const struct approver *approver, const char *shown,
                       const struct ska_errors *errors)
{
    enum ska_key_type type = SKA_KEY_RSA;

    return (public_key_type(approver->key, &type) && type != SKA_KEY_RSA_PSS) ||
           ska_fail(errors, SKA_R_BAD_KEY,
                    "%s: a key of this type cannot approve: RSA, EC, Ed25519 or Ed448 can", shown);
}

bool approver_open(struct approver *approver, const char *uri,
                   const struct configuration *configuration, const struct ska_errors *errors)
{
    char *shown = shown_uri(uri);
    bool done = false;

    if (shown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "URI of the approver's key");
    if (strncasecmp(uri, "ska:", 4) == 0) {
        ska_fail(errors, SKA_R_BAD_URI,
                 "--approver: the ska provider is not loaded for an approver's key; name the key "
                 "in the words of another provider");
        goto out;
    }
    approver->libctx = OSSL_LIB_CTX_new();
    if (approver->libctx != NULL)
        approver->provider = OSSL_PROVIDER_load(approver->libctx, "default");
    if (approver->provider == NULL) {
        fail_with_libcrypto(errors, SKA_R_INTERNAL, "libcrypto");
        goto out;
    }
    configuration_load_others(configuration, approver->libctx);
    done = load_key(approver, uri, shown, errors) && check_type(approver, shown, errors) &&
           public_key_encode(approver->key, &approver->public_key, errors);
out:
    free(shown);
    return done;
}

void approver_close(struct approver *approver)
{
    ska_bytes_free(&approver->public_key);
    ska_bytes_free(&approver->certificate);
    EVP_PKEY_free(approver->key);
    if (approver->provider != NULL)
        OSSL_PROVIDER_unload(approver->provider);
    OSSL_LIB_CTX_free(approver->libctx);
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
    if (!ska_spki_of_certificate(ska_span_of(&approver->certificate), &key))
        ska_fail(errors, SKA_R_BAD_KEY, "%s: no certificate in PEM or DER", path);
    else if (!public_key_equal(libctx, ska_span_of(&key), ska_span_of(&approver->public_key)))
        ska_fail(errors, SKA_R_BAD_KEY, "%s: the certificate is of another key than --approver",
                 path);
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

static bool sign_token(const struct approver *approver, struct ska_span token,
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
        EVP_DigestSign(context, NULL, &length, token.data, token.length) == 1 &&
        (approval->signature.data = malloc(length + 1)) != NULL &&
        EVP_DigestSign(context, approval->signature.data, &length, token.data, token.length) == 1) {
        approval->signature.length = length;
        done = true;
    } else {
        fail_with_libcrypto(errors, SKA_R_BAD_KEY, "signing with the approver's key");
    }
    EVP_MD_CTX_free(context);
    return done;
}

bool approver_sign(const struct approver *approver, OSSL_LIB_CTX *libctx,
                   const struct ska_approver *listed, struct ska_span token,
                   struct ska_approval *approval, const struct ska_errors *errors)
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
    if (!ska_bytes_copy(&approval->signer, signer, errors) ||
        !ska_bytes_copy(&approval->public_key, key, errors) ||
        !sign_token(approver, token, approval, errors))
        return false;
    return ska_approval_verify(libctx, approval, token) ||
           ska_fail(errors, SKA_R_BAD_SIGNATURE,
                    "the approver's key made a signature that does not verify");
}

void approval_clear(struct ska_approval *approval)
{
    ska_bytes_free(&approval->signer);
    ska_bytes_free(&approval->public_key);
    ska_bytes_free(&approval->signature);
    memset(approval, 0, sizeof(*approval));
}
