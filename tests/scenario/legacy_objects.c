/* SPDX-License-Identifier: Apache-2.0 */
/*
 * legacy_objects KEY CERTIFICATE: a program of the days of OpenSSL 1.x, which asks for the RSA or
 * EC_KEY inside of an EVP_PKEY and uses what it gets without a look. It never gets a private value,
 * and whatever it does ends in an error.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "legacy_program.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/x509.h>

/* ---- RSA ------------------------------------------------------------------------------------- */

static void cannot_use_rsa(RSA *rsa)
{
    static const unsigned char text[32] = "thirty-two bytes, as of a digest";
    unsigned char out[1024];
    unsigned char *der = NULL;
    unsigned int length = 0;
    BIO *memory = BIO_new(BIO_s_mem());

    must(RSA_sign(NID_sha256, text, sizeof(text), out, &length, rsa) != 1);
    must(RSA_private_encrypt(sizeof(text), text, out, rsa, RSA_PKCS1_PADDING) <= 0);
    must(RSA_private_decrypt(RSA_size(rsa), out, out, rsa, RSA_PKCS1_PADDING) <= 0);
    must(RSA_check_key(rsa) != 1);
    must(i2d_RSAPrivateKey(rsa, &der) <= 0);
    must(PEM_write_bio_RSAPrivateKey(memory, rsa, NULL, NULL, 0, NULL, NULL) != 1);
    must(BIO_ctrl_pending(memory) == 0);
    BIO_free(memory);
}

static void is_public_rsa(EVP_PKEY *key, EVP_PKEY *public_key)
{
    const RSA *wanted = EVP_PKEY_get0_RSA(public_key);
    RSA *rsa = EVP_PKEY_get1_RSA(key);

    must(rsa != NULL && EVP_PKEY_get0_RSA(key) == rsa);
    must(BN_cmp(RSA_get0_n(rsa), RSA_get0_n(wanted)) == 0);
    must(BN_cmp(RSA_get0_e(rsa), RSA_get0_e(wanted)) == 0);
    has_no_private_number(rsa);
    cannot_use_rsa(rsa);
    has_no_private_number(rsa);
    RSA_free(rsa);
}

/* ---- EC -------------------------------------------------------------------------------------- */

static void cannot_use_ec(EC_KEY *ec)
{
    static const unsigned char text[32] = "thirty-two bytes, as of a digest";
    unsigned char out[1024];
    unsigned char *der = NULL;
    unsigned int length = 0;
    BIO *memory = BIO_new(BIO_s_mem());

    must(ECDSA_sign(0, text, sizeof(text), out, &length, ec) != 1);
    must(ECDSA_do_sign(text, sizeof(text), ec) == NULL);
    must(ECDH_compute_key(out, sizeof(out), EC_KEY_get0_public_key(ec), ec, NULL) <= 0);
    must(i2d_ECPrivateKey(ec, &der) <= 0);
    must(EC_KEY_priv2oct(ec, out, sizeof(out)) == 0);
    must(PEM_write_bio_ECPrivateKey(memory, ec, NULL, NULL, 0, NULL, NULL) != 1);
    must(BIO_ctrl_pending(memory) == 0);
    BIO_free(memory);
}

static void is_public_ec(EVP_PKEY *key, EVP_PKEY *public_key)
{
    const EC_KEY *wanted = EVP_PKEY_get0_EC_KEY(public_key);
    EC_KEY *ec = EVP_PKEY_get1_EC_KEY(key);

    must(ec != NULL && EVP_PKEY_get0_EC_KEY(key) == ec);
    must(EC_GROUP_cmp(EC_KEY_get0_group(ec), EC_KEY_get0_group(wanted), NULL) == 0);
    must(EC_POINT_cmp(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec),
                      EC_KEY_get0_public_key(wanted), NULL) == 0);
    must(EC_KEY_get0_private_key(ec) == NULL);
    cannot_use_ec(ec);
    must(EC_KEY_get0_private_key(ec) == NULL);
    EC_KEY_free(ec);
}

/* ---- All other ways to a private value ------------------------------------------------------- */

static int nobody(const OSSL_PARAM params[], void *arg)
{
    (void)params;
    (void)arg;
    must(0);
    return 0;
}

static void gives_nothing_private(EVP_PKEY *key)
{
    static const char *const names[] = {
        OSSL_PKEY_PARAM_PRIV_KEY,        OSSL_PKEY_PARAM_RSA_D,
        OSSL_PKEY_PARAM_RSA_FACTOR1,     OSSL_PKEY_PARAM_RSA_FACTOR2,
        OSSL_PKEY_PARAM_RSA_EXPONENT1,   OSSL_PKEY_PARAM_RSA_EXPONENT2,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    OSSL_PARAM *params = NULL;
    unsigned char raw[1024];
    unsigned char *der = NULL;
    size_t length = sizeof(raw);
    PKCS8_PRIV_KEY_INFO *info = NULL;

    must(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params) != 1);
    must(EVP_PKEY_export(key, EVP_PKEY_KEYPAIR, nobody, NULL) != 1);
    must(EVP_PKEY_export(key, OSSL_KEYMGMT_SELECT_ALL, nobody, NULL) != 1);
    must(EVP_PKEY_export(key, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, nobody, NULL) != 1);
    must(EVP_PKEY_get_raw_private_key(key, raw, &length) != 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        BIGNUM *number = NULL;

        must(EVP_PKEY_get_bn_param(key, names[i], &number) != 1);
        must(EVP_PKEY_get_octet_string_param(key, names[i], raw, sizeof(raw), &length) != 1);
    }
    must(i2d_PrivateKey(key, &der) <= 0);
    info = EVP_PKEY2PKCS8(key);
    must(info == NULL);
    ERR_clear_error();
}

int main(int argc, char **argv)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY *public_key = NULL;

    must(argc == 3);
    key = key_in(NULL, argv[1]);
    public_key = public_key_in(argv[2]);
    /* Before the key was used at all, and after it. */
    for (int used = 0; used < 2; used++) {
        gives_nothing_private(key);
        if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
            is_public_rsa(key, public_key);
        else if (EVP_PKEY_is_a(key, "EC"))
            is_public_ec(key, public_key);
        gives_nothing_private(key);
        /* The key itself goes on. */
        if (!EVP_PKEY_is_a(key, "ED25519"))
            sign_and_verify(NULL, key, "a message", NULL);
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(public_key);
    return 0;
}
