/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/client_pair.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "provider/base/certificate.h"
#include "provider/base/evp_key.h"
#include "provider/base/file.h"
#include "provider/base/private_libctx.h"
#include "provider/tsb/credentials.h"

/* More than any of them has. */
#define PEM_LIMIT ((size_t)64 * 1024)

/* ---- The password ---------------------------------------------------------------------------- */

bool tsb_client_key_is_encrypted(const char *key)
{
    static const char word[] = "ENCRYPTED";
    struct ska_bytes pem = {NULL, 0};
    bool encrypted = key != NULL && ska_file_read(key, PEM_LIMIT, &pem, NULL) &&
                     memmem(pem.data, pem.length, word, strlen(word)) != NULL;

    ska_bytes_clear_free(&pem);
    return encrypted;
}

bool tsb_client_password(const char *key, const char *source, struct ska_bytes *password,
                         const struct ska_errors *errors)
{
    if (!tsb_client_key_is_encrypted(key))
        return true;
    if (source == NULL)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "tsb-client-key: %s is encrypted: tsb-key-password-source has to name a "
                        "file with its password",
                        key);
    return tsb_secret_read("tsb-key-password-source", source, password, errors);
}

/* ---- Both ------------------------------------------------------------------------------------ */

/* NULL: it cannot be read. */
static BIO *open_pem(const char *path, struct ska_bytes *pem)
{
    return ska_file_read(path, PEM_LIMIT, pem, NULL) ? BIO_new_mem_buf(pem->data, (int)pem->length)
                                                     : NULL;
}

static EVP_PKEY *key_of_certificate(struct ska_span certificate)
{
    struct ska_bytes spki = {NULL, 0};
    EVP_PKEY *key = NULL;

    if (!ska_certificate_key(certificate, &spki))
        return NULL;
    key = ska_evp_decode(ska_private_libctx(), ska_span_of(&spki));
    ska_bytes_free(&spki);
    return key;
}

/* Of the first one, which is ours. NULL: there is none. */
static EVP_PKEY *read_certified_key(const char *path)
{
    struct ska_bytes pem = {NULL, 0};
    BIO *bio = open_pem(path, &pem);
    unsigned char *der = NULL;
    long length = 0;
    EVP_PKEY *key = NULL;

    if (bio != NULL &&
        PEM_bytes_read_bio(&der, &length, NULL, PEM_STRING_X509, bio, NULL, NULL) == 1)
        key = key_of_certificate(ska_span(der, (size_t)length));
    OPENSSL_free(der);
    BIO_free(bio);
    ska_bytes_free(&pem);
    return key;
}

/* libcrypto asks on a terminal otherwise. */
static int give_password(char *to, int size, int writing, void *password)
{
    size_t length = password == NULL ? 0 : strlen(password);

    (void)writing;
    if (length == 0 || length > (size_t)size)
        return -1;
    memcpy(to, password, length);
    return (int)length;
}

static EVP_PKEY *read_private_key(const char *path, const char *password)
{
    struct ska_bytes pem = {NULL, 0};
    BIO *bio = open_pem(path, &pem);
    EVP_PKEY *key = bio == NULL ? NULL
                                : PEM_read_bio_PrivateKey_ex(bio, NULL, give_password,
                                                             (void *)(uintptr_t)password,
                                                             ska_private_libctx(), NULL);

    BIO_free(bio);
    ska_bytes_clear_free(&pem);
    return key;
}

bool tsb_client_pair_fits(const char *certificate, const char *key, const char *password,
                          const struct ska_errors *errors)
{
    EVP_PKEY *certified = NULL;
    EVP_PKEY *private_key = NULL;
    bool differ = false;

    if (certificate == NULL || key == NULL)
        return true;
    if (!ska_private_libctx_make(errors))
        return false;
    ERR_set_mark();
    certified = read_certified_key(certificate);
    private_key = read_private_key(key, password);
    /* 0: another key; -1: one of another type; -2: nobody can tell. */
    if (certified != NULL && private_key != NULL) {
        int same = EVP_PKEY_eq(certified, private_key);

        differ = same == 0 || same == -1;
    }
    EVP_PKEY_free(certified);
    EVP_PKEY_free(private_key);
    ERR_pop_to_mark();
    return !differ || ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                               "tsb-client-key: %s is not the key of the certificate in %s "
                               "(tsb-client-cert)",
                               key, certificate);
}
