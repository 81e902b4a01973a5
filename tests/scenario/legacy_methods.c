/* SPDX-License-Identifier: Apache-2.0 */
/*
 * legacy_methods signs|fails|keeps KEY PUBLIC-KEY: a program of the days of OpenSSL 1.x that signs
 * with the RSA or EC_KEY inside of an EVP_PKEY. signs: it gets signatures of digests, which verify,
 * and nothing else that takes the private key; fails: it gets none, and frees as opendkim does
 * then; keeps: it gets none, and frees as it is to.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "legacy_program.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "ska/provider.h"

static const unsigned char digest[64] = "sixty-four bytes, as of a digest; fewer for some";

static void verifies(EVP_PKEY *public_key, const EVP_MD *md, const unsigned char *signature,
                     size_t length)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(public_key, NULL);

    must(context != NULL);
    must(EVP_PKEY_verify_init(context) == 1);
    must(EVP_PKEY_CTX_set_signature_md(context, md) == 1);
    must(EVP_PKEY_verify(context, signature, length, digest, (size_t)EVP_MD_get_size(md)) == 1);
    EVP_PKEY_CTX_free(context);
}

/* The old object in a new EVP_PKEY, as programs have it that sign certificates. */
static void signs_request(EVP_PKEY *key, EVP_PKEY *public_key)
{
    X509_REQ *request = X509_REQ_new();

    must(request != NULL && X509_REQ_set_version(request, X509_REQ_VERSION_1));
    must(X509_REQ_set_pubkey(request, public_key));
    must(X509_REQ_sign(request, key, EVP_sha256()) > 0);
    must(X509_REQ_verify(request, public_key) == 1);
    X509_REQ_free(request);
}

/* ---- RSA ------------------------------------------------------------------------------------- */

static void rsa_signs_digests(RSA *rsa, EVP_PKEY *public_key)
{
    static const int types[] = {NID_sha1, NID_sha224, NID_sha256, NID_sha384, NID_sha512};
    unsigned char out[1024];
    unsigned int length = 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const EVP_MD *md = EVP_get_digestbynid(types[i]);

        must(RSA_sign(types[i], digest, (unsigned int)EVP_MD_get_size(md), out, &length, rsa) == 1);
        must(length == (unsigned int)RSA_size(rsa));
        verifies(public_key, md, out, length);
        must(RSA_verify(types[i], digest, (unsigned int)EVP_MD_get_size(md), out, length, rsa) ==
             1);
    }
}

static void rsa_does_nothing_else(RSA *rsa, int whole)
{
    static const int paddings[] = {RSA_PKCS1_PADDING, RSA_NO_PADDING, RSA_PKCS1_OAEP_PADDING,
                                   RSA_X931_PADDING};
    unsigned char in[1024] = {0};
    unsigned char out[1024];
    unsigned int length = 0;
    unsigned char *der = NULL;

    must(RSA_sign(NID_md5, digest, 16, out, &length, rsa) != 1);
    must(RSA_sign(NID_md5_sha1, digest, 36, out, &length, rsa) != 1);
    must(RSA_sign(NID_undef, digest, 32, out, &length, rsa) != 1);
    must(RSA_sign(-1, digest, 32, out, &length, rsa) != 1);
    must(RSA_sign(NID_sha256, digest, 31, out, &length, rsa) != 1);
    must(RSA_sign(NID_sha256, digest, 64, out, &length, rsa) != 1);
    for (size_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
        must(RSA_private_encrypt(whole, in, out, rsa, paddings[i]) <= 0);
        ERR_clear_error();
        must(RSA_private_encrypt(32, in, out, rsa, paddings[i]) <= 0);
        must(ERR_GET_REASON(ERR_peek_error()) == SKA_R_PAYLOAD_REFUSED);
        must(RSA_private_decrypt(whole, in, out, rsa, paddings[i]) <= 0);
    }
    must(RSA_check_key(rsa) != 1);
    must(i2d_RSAPrivateKey(rsa, &der) <= 0);
}

/* RSA-PSS is made of an RSA by a raw operation. */
static void makes_no_pss(EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    unsigned char out[1024];
    size_t length = sizeof(out);

    must(EVP_DigestSignInit(context, &parameters, EVP_sha256(), NULL, key) == 1);
    must(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0);
    must(EVP_DigestSign(context, out, &length, digest, sizeof(digest)) != 1);
    EVP_MD_CTX_free(context);
}

static void rsa_signs(EVP_PKEY *key, EVP_PKEY *public_key)
{
    RSA *rsa = EVP_PKEY_get1_RSA(key);
    EVP_PKEY *wrapped = EVP_PKEY_new();

    must(rsa != NULL);
    EVP_PKEY_free(key); /* what it was made of may go */
    has_no_private_number(rsa);
    rsa_signs_digests(rsa, public_key);
    rsa_does_nothing_else(rsa, RSA_size(rsa));
    rsa_signs_digests(rsa, public_key);
    must(EVP_PKEY_set1_RSA(wrapped, rsa));
    RSA_free(rsa);
    signs_request(wrapped, public_key);
    makes_no_pss(wrapped);
    has_no_private_number(EVP_PKEY_get0_RSA(wrapped));
    EVP_PKEY_free(wrapped);
}

/* More often than objects are kept. */
#define OBJECTS 80
#define KEPT_MOST 64

/* Each time with a key that was loaded anew. */
static void rsa_fails(const char *path)
{
    for (int i = 0; i < OBJECTS; i++) {
        EVP_PKEY *key = key_in(NULL, path);
        RSA *rsa = EVP_PKEY_get1_RSA(key);
        unsigned char out[1024];
        unsigned int length = 0;

        must(rsa != NULL);
        must(RSA_sign(NID_sha256, digest, 32, out, &length, rsa) != 1);
        must(RSA_sign(NID_sha256, digest, 32, out, &length, rsa) != 1);
        if (i == 0)
            ERR_print_errors_fp(stderr);
        ERR_clear_error();
        RSA_free(rsa);
        EVP_PKEY_free(key);
        RSA_free(rsa); /* once too often */
    }
}

static int freed_index;
static size_t freed;

/* Of an object that was given an index of the program's. */
static void count_freed(void *object, void *mark, CRYPTO_EX_DATA *data, int index, long number,
                        void *pointer)
{
    (void)object;
    (void)data;
    (void)index;
    (void)number;
    (void)pointer;
    freed += mark != NULL;
}

static void rsa_fails_once(RSA *rsa)
{
    unsigned char out[1024];
    unsigned int length = 0;

    ERR_clear_error();
    must(RSA_set_ex_data(rsa, freed_index, &freed));
    must(RSA_sign(NID_sha256, digest, 32, out, &length, rsa) != 1);
    must(ERR_peek_error() != 0);
    ERR_clear_error();
}

/* One that has our method, by hand, and neither our key nor a private number is the program's. */
static void foreign_fails(const RSA *ours)
{
    RSA *foreign = RSA_new();
    const BIGNUM *n = NULL;
    const BIGNUM *e = NULL;
    unsigned char in[32] = {0};
    unsigned char out[1024];
    size_t before = freed;

    must(foreign != NULL);
    RSA_get0_key(ours, &n, &e, NULL);
    must(RSA_set0_key(foreign, BN_dup(n), BN_dup(e), NULL));
    must(RSA_set_method(foreign, RSA_get_method(ours)));
    rsa_fails_once(foreign);
    must(RSA_private_encrypt(sizeof(in), in, out, foreign, RSA_PKCS1_PADDING) <= 0);
    must(ERR_peek_error() != 0);
    ERR_clear_error();
    RSA_free(foreign);
    must(freed == before + 1);
}

/*
 * Of a program that frees as it is to, so many objects stay and no more; and those after them fail
 * no other way, and are freed.
 */
static void rsa_keeps(const char *path)
{
    freed_index = RSA_get_ex_new_index(0, NULL, NULL, NULL, count_freed);
    must(freed_index > 0);
    for (size_t i = 0; i < OBJECTS; i++) {
        EVP_PKEY *key = key_in(NULL, path);
        RSA *rsa = EVP_PKEY_get1_RSA(key);
        size_t before = freed;

        must(rsa != NULL);
        foreign_fails(rsa);
        rsa_fails_once(rsa);
        rsa_fails_once(rsa);
        RSA_free(rsa);
        EVP_PKEY_free(key);
        must(freed == before + 1 + (i >= KEPT_MOST));
    }
}

/* ---- EC -------------------------------------------------------------------------------------- */

static void ec_signs_digests(EC_KEY *ec, EVP_PKEY *public_key)
{
    unsigned char out[256];
    unsigned char *der = NULL;
    unsigned int length = 0;
    int der_length = 0;
    ECDSA_SIG *numbers = NULL;

    must(ECDSA_sign(0, digest, 32, out, &length, ec) == 1);
    verifies(public_key, EVP_sha256(), out, length);
    numbers = ECDSA_do_sign(digest, 48, ec);
    must(numbers != NULL);
    must(ECDSA_do_verify(digest, 48, numbers, ec) == 1);
    der_length = i2d_ECDSA_SIG(numbers, &der);
    must(der_length > 0);
    verifies(public_key, EVP_sha384(), der, (size_t)der_length);
    OPENSSL_free(der);
    ECDSA_SIG_free(numbers);
}

static void ec_does_nothing_else(EC_KEY *ec)
{
    unsigned char out[256];
    unsigned char *der = NULL;
    unsigned int length = 0;
    BIGNUM *kinv = NULL;
    BIGNUM *r = NULL;

    must(ECDSA_sign_setup(ec, NULL, &kinv, &r) != 1);
    must(ECDSA_sign_ex(0, digest, 32, out, &length, BN_value_one(), BN_value_one(), ec) != 1);
    must(ECDSA_do_sign_ex(digest, 32, BN_value_one(), BN_value_one(), ec) == NULL);
    must(ECDSA_sign(0, digest, 0, out, &length, ec) != 1);
    must(ECDH_compute_key(out, sizeof(out), EC_KEY_get0_public_key(ec), ec, NULL) <= 0);
    must(i2d_ECPrivateKey(ec, &der) <= 0);
    must(EC_KEY_get0_private_key(ec) == NULL);
}

static void ec_signs(EVP_PKEY *key, EVP_PKEY *public_key)
{
    EC_KEY *ec = EVP_PKEY_get1_EC_KEY(key);
    EC_KEY *copy = NULL;
    EVP_PKEY *wrapped = EVP_PKEY_new();

    must(ec != NULL && EC_KEY_get0_private_key(ec) == NULL);
    EVP_PKEY_free(key);
    ec_signs_digests(ec, public_key);
    ec_does_nothing_else(ec);
    copy = EC_KEY_dup(ec);
    must(copy != NULL);
    EC_KEY_free(ec);
    ec_signs_digests(copy, public_key);
    must(EVP_PKEY_set1_EC_KEY(wrapped, copy));
    EC_KEY_free(copy);
    signs_request(wrapped, public_key);
    EVP_PKEY_free(wrapped);
}

static void ec_fails(const char *path)
{
    EVP_PKEY *key = key_in(NULL, path);
    EC_KEY *ec = EVP_PKEY_get1_EC_KEY(key);
    unsigned char out[256];
    unsigned int length = 0;

    must(ec != NULL);
    must(ECDSA_sign(0, digest, 32, out, &length, ec) != 1);
    must(ECDSA_do_sign(digest, 32, ec) == NULL);
    ERR_print_errors_fp(stderr);
    EC_KEY_free(ec);
    EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
    EVP_PKEY *public_key = NULL;

    must(argc == 4);
    public_key = public_key_in(argv[3]);
    if (strcmp(argv[1], "signs") == 0) {
        OSSL_LIB_CTX *libctx = new_context();

        /* In a context of its own, too, which is gone when all of the key is. */
        for (int i = 0; i < 2; i++) {
            EVP_PKEY *key = key_in(i == 0 ? NULL : libctx, argv[2]);

            (EVP_PKEY_is_a(key, "EC") ? ec_signs : rsa_signs)(key, public_key);
        }
        OSSL_LIB_CTX_free(libctx);
    } else if (strcmp(argv[1], "keeps") == 0) {
        rsa_keeps(argv[2]);
    } else {
        (EVP_PKEY_is_a(public_key, "EC") ? ec_fails : rsa_fails)(argv[2]);
    }
    EVP_PKEY_free(public_key);
    return 0;
}
