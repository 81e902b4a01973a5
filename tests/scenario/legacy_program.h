/* SPDX-License-Identifier: Apache-2.0 */
/* What programs of the days of OpenSSL 1.x have in common: keys in files, and a look into an RSA.
 */
#ifndef SKA_SCENARIO_LEGACY_PROGRAM_H
#define SKA_SCENARIO_LEGACY_PROGRAM_H

#include "application.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

/* libctx == NULL: libcrypto's default context. */
static inline EVP_PKEY *key_in(OSSL_LIB_CTX *libctx, const char *path)
{
    BIO *in = BIO_new_file(path, "r");
    EVP_PKEY *key = NULL;

    must(in != NULL);
    key = PEM_read_bio_PrivateKey_ex(in, NULL, NULL, NULL, libctx, NULL);
    must(key != NULL);
    BIO_free(in);
    return key;
}

static inline EVP_PKEY *public_key_in(const char *path)
{
    BIO *in = BIO_new_file(path, "r");
    EVP_PKEY *key = NULL;

    must(in != NULL);
    key = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    must(key != NULL);
    BIO_free(in);
    return key;
}

static inline void has_no_private_number(const RSA *rsa)
{
    must(RSA_get0_d(rsa) == NULL);
    must(RSA_get0_p(rsa) == NULL && RSA_get0_q(rsa) == NULL);
    must(RSA_get0_dmp1(rsa) == NULL && RSA_get0_dmq1(rsa) == NULL && RSA_get0_iqmp(rsa) == NULL);
}

#endif
