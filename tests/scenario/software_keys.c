/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that were never on a token work as without us, whichever provider libcrypto asks first:
 * generated, signed and verified with, agreed with, encrypted to, written and copied.
 */
#include "application.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static const unsigned char message[] = "message";

static void sign_and_check(EVP_PKEY *key, const char *digest)
{
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    must(EVP_DigestSignInit_ex(md, NULL, digest, NULL, NULL, key, NULL) == 1);
    must(EVP_DigestSign(md, signature, &length, message, sizeof(message)) == 1);
    EVP_MD_CTX_free(md);
    md = EVP_MD_CTX_new();
    must(EVP_DigestVerifyInit_ex(md, NULL, digest, NULL, NULL, key, NULL) == 1);
    must(EVP_DigestVerify(md, signature, length, message, sizeof(message)) == 1);
    signature[length / 2] ^= 1;
    must(EVP_DigestVerifyInit_ex(md, NULL, digest, NULL, NULL, key, NULL) == 1);
    must(EVP_DigestVerify(md, signature, length, message, sizeof(message)) != 1);
    EVP_MD_CTX_free(md);
    ERR_clear_error();
}

static void write_and_read(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int length = i2d_PrivateKey(key, &der);
    const unsigned char *p = der;
    EVP_PKEY *back = NULL;
    EVP_PKEY *copy = EVP_PKEY_dup(key);

    must(length > 0);
    back = d2i_AutoPrivateKey(NULL, &p, length);
    must(back != NULL && EVP_PKEY_eq(back, key) == 1);
    must(copy != NULL && EVP_PKEY_eq(copy, key) == 1);
    OPENSSL_clear_free(der, (size_t)length);
    EVP_PKEY_free(back);
    EVP_PKEY_free(copy);
}

static void agree(void)
{
    EVP_PKEY *mine = EVP_EC_gen("P-256");
    EVP_PKEY *theirs = EVP_EC_gen("P-256");
    EVP_PKEY *peer = EVP_PKEY_new();
    unsigned char ours[64], other[64], *point = NULL;
    size_t ours_length = sizeof(ours), other_length = sizeof(other), point_length = 0;
    EVP_PKEY_CTX *ctx = NULL;

    /* As TLS does it: the peer's key from its point and our parameters. */
    point_length = EVP_PKEY_get1_encoded_public_key(theirs, &point);
    must(EVP_PKEY_copy_parameters(peer, mine) == 1);
    must(EVP_PKEY_set1_encoded_public_key(peer, point, point_length) == 1);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
    must(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1);
    must(EVP_PKEY_derive(ctx, ours, &ours_length) == 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, theirs, NULL);
    must(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, mine) == 1);
    must(EVP_PKEY_derive(ctx, other, &other_length) == 1);
    must(ours_length == other_length && memcmp(ours, other, ours_length) == 0);
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_free(point);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
}

static void encrypt(EVP_PKEY *key)
{
    unsigned char cipher[256], plain[256];
    size_t cipher_length = sizeof(cipher), plain_length = sizeof(plain);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    must(EVP_PKEY_encrypt_init(ctx) == 1);
    must(EVP_PKEY_encrypt(ctx, cipher, &cipher_length, message, sizeof(message)) == 1);
    must(EVP_PKEY_decrypt_init(ctx) == 1);
    must(EVP_PKEY_decrypt(ctx, plain, &plain_length, cipher, cipher_length) == 1);
    must(plain_length == sizeof(message) && memcmp(plain, message, plain_length) == 0);
    EVP_PKEY_CTX_free(ctx);
}

/* 1: the check named passes. */
static int passes(EVP_PKEY *key, int (*check)(EVP_PKEY_CTX *ctx))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int done = check(ctx);

    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return done == 1;
}

static EVP_PKEY *from_params(const char *type, int selection, OSSL_PARAM params[])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    must(EVP_PKEY_fromdata_init(ctx) == 1);
    must(EVP_PKEY_fromdata(ctx, &key, selection, params) == 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* A modulus that is even. */
static EVP_PKEY *broken_rsa(void)
{
    unsigned char modulus[256];
    unsigned int exponent = 65537;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, sizeof(modulus)),
        OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent),
        OSSL_PARAM_construct_end(),
    };

    memset(modulus, 0xEE, sizeof(modulus));
    return from_params("RSA", EVP_PKEY_PUBLIC_KEY, params);
}

/* The public key of one pair with the private key of another. */
static EVP_PKEY *broken_ec(void)
{
    EVP_PKEY *one = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    unsigned char *point = NULL;
    unsigned char number[32];
    BIGNUM *secret = NULL;
    size_t length = EVP_PKEY_get1_encoded_public_key(one, &point);
    char group[] = "P-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, length),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number, sizeof(number)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;

    must(EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_PRIV_KEY, &secret) == 1);
    must(BN_bn2nativepad(secret, number, sizeof(number)) == sizeof(number));
    key = from_params("EC", EVP_PKEY_KEYPAIR, params);
    BN_clear_free(secret);
    OPENSSL_free(point);
    EVP_PKEY_free(one);
    EVP_PKEY_free(other);
    return key;
}

/* A key that is no key is told from one that is. */
static void checks(void)
{
    EVP_PKEY *rsa = broken_rsa();
    EVP_PKEY *ec = broken_ec();

    must(!passes(rsa, EVP_PKEY_public_check) && !passes(rsa, EVP_PKEY_check));
    must(passes(ec, EVP_PKEY_public_check) && passes(ec, EVP_PKEY_private_check));
    must(passes(ec, EVP_PKEY_param_check) && !passes(ec, EVP_PKEY_pairwise_check));
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static void good(EVP_PKEY *key)
{
    must(passes(key, EVP_PKEY_check) && passes(key, EVP_PKEY_public_check));
    must(passes(key, EVP_PKEY_private_check) && passes(key, EVP_PKEY_pairwise_check));
}

int main(void)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    EVP_PKEY *ec = EVP_EC_gen("P-384");
    EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    must(rsa != NULL && ec != NULL && ed != NULL);
    sign_and_check(rsa, "SHA256");
    sign_and_check(ec, "SHA384");
    sign_and_check(ed, NULL);
    write_and_read(rsa);
    write_and_read(ec);
    write_and_read(ed);
    good(rsa);
    good(ec);
    good(ed);
    checks();
    encrypt(rsa);
    agree();
    must(ERR_peek_error() == 0);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(ed);
    return 0;
}
