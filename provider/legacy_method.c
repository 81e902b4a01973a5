/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of legacy objects are deprecated with them. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "provider/legacy_method.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "provider/signature.h"

#if !defined(OPENSSL_NO_DEPRECATED_3_0) && OPENSSL_VERSION_MAJOR == 3

/* Made once in a process, of libcrypto's own; NULL: they could not be made. */
static RSA_METHOD *rsa_method;
static EC_KEY_METHOD *ec_method;
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

/* Where an object keeps its struct ska_key. */
static int rsa_index = -1;
static int ec_index = -1;

/* ---- An object's key ------------------------------------------------------------------------- */

/*
 * NULL, raised as libcrypto's own methods do it: a program has given our method to an object of its
 * own (RSA_set_method()), which is no key of ours and has none of ours.
 */
static struct ska_key *key_of_rsa(const RSA *rsa)
{
    struct ska_key *key = RSA_get_ex_data(rsa, rsa_index);

    if (key == NULL)
        ERR_raise(ERR_LIB_RSA, RSA_R_VALUE_MISSING);
    return key;
}

static struct ska_key *key_of_ec(const EC_KEY *ec)
{
    struct ska_key *key = EC_KEY_get_ex_data(ec, ec_index);

    if (key == NULL)
        ERR_raise(ERR_LIB_EC, EC_R_MISSING_PRIVATE_KEY);
    return key;
}

/* As an EVP_PKEY does, it keeps the provider, too: it may live longer than the EVP_PKEY. */
static bool legacy_take_key(struct ska_key *key)
{
    const struct ska_provider *provider = key->provider;

    if (provider->core_provider_up_ref == NULL || provider->core_provider_free == NULL ||
        !provider->core_provider_up_ref(provider->core, 0))
        return false;
    ska_key_up_ref(key);
    return true;
}

static void legacy_leave_key(struct ska_key *key)
{
    const OSSL_CORE_HANDLE *core = key->provider->core;
    OSSL_FUNC_provider_free_fn *provider_free = key->provider->core_provider_free;

    ska_key_free(key);
    provider_free(core, 0);
}

static int legacy_copied(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **key, int index,
                         long number, void *pointer)
{
    (void)to;
    (void)from;
    (void)index;
    (void)number;
    (void)pointer;
    return *key == NULL || legacy_take_key(*key);
}

static void legacy_freed(void *object, void *key, CRYPTO_EX_DATA *data, int index, long number,
                         void *pointer)
{
    (void)object;
    (void)data;
    (void)index;
    (void)number;
    (void)pointer;
    if (key != NULL)
        legacy_leave_key(key);
}

/* ---- After a failure ------------------------------------------------------------------------- */

/*
 * opendkim 2.11 frees its RSA once more than it may when RSA_sign() has failed, which a key in a
 * file does not make it do, and would end by that. So the object of a signature that failed gets
 * one reference more. Who frees too often uses it up, and its place in the list is free again; of
 * others so many objects, public keys by what is in them, at most stay until the process ends.
 * Where all places are taken, the program has kept or freed so many as it is to, and does not need
 * it: the object gets no more references than libcrypto gave it, and the signature has failed as
 * any other. Only objects with a key of ours get here: of others nobody would tell when they go.
 */
#define KEPT_MOST 64
static _Atomic(const RSA *) kept[KEPT_MOST];

static void keep_after_failure(RSA *rsa)
{
    for (size_t i = 0; i < KEPT_MOST; i++)
        if (atomic_load(&kept[i]) == rsa)
            return;
    for (size_t i = 0; i < KEPT_MOST; i++) {
        const RSA *nothing = NULL;

        if (atomic_compare_exchange_strong(&kept[i], &nothing, rsa)) {
            (void)RSA_up_ref(rsa);
            return;
        }
    }
}

static void rsa_freed(void *object, void *key, CRYPTO_EX_DATA *data, int index, long number,
                      void *pointer)
{
    if (key == NULL)
        return;
    for (size_t i = 0; i < KEPT_MOST; i++) {
        const RSA *this = object;

        (void)atomic_compare_exchange_strong(&kept[i], &this, NULL);
    }
    legacy_freed(object, key, data, index, number, pointer);
}

/* ---- Signing --------------------------------------------------------------------------------- */

/* digest_name: NULL where the scheme does not name it (ECDSA). *length: the buffer's, then the
 * signature's. */
static bool legacy_sign(struct ska_key *key, const char *digest_name, struct ska_span digest,
                        uint8_t *out, size_t *length)
{
    if (!key->provider->settings.legacy_methods)
        return ska_fail(&key->errors, SKA_R_WRONG_USE,
                        "the program wants to sign with an RSA or EC_KEY of its own (RSA_sign(), "
                        "ECDSA_sign()): legacy-methods = yes in the configuration allows it");
    if (key->type == SKA_KEY_RSA_PSS)
        return ska_fail(&key->errors, SKA_R_UNSUPPORTED,
                        "an RSA-PSS key does not make PKCS#1 v1.5 signatures (RSA_sign())");
    return ska_signature_of_digest(key, digest_name, digest, out, length);
}

static int rsa_sign(int type, const unsigned char *digest, unsigned int digest_length,
                    unsigned char *out, unsigned int *length, const RSA *rsa)
{
    struct ska_key *key = key_of_rsa(rsa);
    const char *name = OBJ_nid2sn(type);
    size_t written = 0;

    if (key == NULL)
        return 0;
    written = (size_t)RSA_size(rsa);
    if (!legacy_sign(key, name == NULL ? "" : name, ska_span(digest, digest_length), out,
                     &written)) {
        keep_after_failure((RSA *)(uintptr_t)rsa);
        return 0;
    }
    *length = (unsigned int)written;
    return 1;
}

static int rsa_refuse(int length, const unsigned char *from, unsigned char *to, RSA *rsa,
                      int padding)
{
    const struct ska_key *key = key_of_rsa(rsa);

    (void)length;
    (void)from;
    (void)to;
    (void)padding;
    if (key != NULL)
        ska_fail(&key->errors, SKA_R_PAYLOAD_REFUSED,
                 "raw RSA: a program with an RSA of its own can only have digests signed, with "
                 "RSA_sign()");
    return -1;
}

/* kinv, r: a nonce of the program's choice; the token makes its own. */
static int ec_sign(int type, const unsigned char *digest, int digest_length, unsigned char *out,
                   unsigned int *length, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *ec)
{
    struct ska_key *key = key_of_ec(ec);
    size_t written = (size_t)ECDSA_size(ec);

    (void)type;
    if (key == NULL)
        return 0;
    if (kinv != NULL || r != NULL || digest_length < 0 ||
        !legacy_sign(key, NULL, ska_span(digest, (size_t)digest_length), out, &written))
        return 0;
    *length = (unsigned int)written;
    return 1;
}

static ECDSA_SIG *ec_sign_to_numbers(const unsigned char *digest, int digest_length,
                                     const BIGNUM *kinv, const BIGNUM *r, EC_KEY *ec)
{
    unsigned char der[256]; /* P-521: 139 */
    const unsigned char *next = der;
    unsigned int length = 0;

    if ((size_t)ECDSA_size(ec) > sizeof(der) ||
        !ec_sign(0, digest, digest_length, der, &length, kinv, r, ec))
        return NULL;
    return d2i_ECDSA_SIG(NULL, &next, (long)length);
}

/* ---- Methods --------------------------------------------------------------------------------- */

static void make_rsa_method(void)
{
    rsa_index = RSA_get_ex_new_index(0, NULL, NULL, legacy_copied, rsa_freed);
    if (rsa_index < 0)
        return;
    rsa_method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    if (rsa_method == NULL)
        return;
    (void)RSA_meth_set1_name(rsa_method, "SKA");
    (void)RSA_meth_set_sign(rsa_method, rsa_sign);
    (void)RSA_meth_set_priv_enc(rsa_method, rsa_refuse);
    (void)RSA_meth_set_priv_dec(rsa_method, rsa_refuse);
}

static void make_ec_method(void)
{
    int (*setup)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **) = NULL;

    ec_index = EC_KEY_get_ex_new_index(0, NULL, NULL, legacy_copied, legacy_freed);
    if (ec_index < 0)
        return;
    ec_method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    if (ec_method == NULL)
        return;
    /* Without a private value it fails, as it is to do. */
    EC_KEY_METHOD_get_sign(ec_method, NULL, &setup, NULL);
    EC_KEY_METHOD_set_sign(ec_method, ec_sign, setup, ec_sign_to_numbers);
}

static void make_methods(void)
{
    make_rsa_method();
    make_ec_method();
}

/* The key first: a method without one would fail and not say why. */
static void give_to_rsa(struct ska_key *key, RSA *rsa)
{
    if (rsa == NULL || rsa_method == NULL || !legacy_take_key(key))
        return;
    if (RSA_set_ex_data(rsa, rsa_index, key))
        (void)RSA_set_method(rsa, rsa_method);
    else
        legacy_leave_key(key);
}

static void give_to_ec(struct ska_key *key, EC_KEY *ec)
{
    if (ec == NULL || ec_method == NULL || !legacy_take_key(key))
        return;
    if (EC_KEY_set_ex_data(ec, ec_index, key))
        (void)EC_KEY_set_method(ec, ec_method);
    else
        legacy_leave_key(key);
}

/*
 * libcrypto's callbacks that make legacy objects get a context of the EVP_PKEY into which they put
 * what they make; so it is in all of version 3.
 */
void ska_legacy_method_give(struct ska_key *key, void *arg)
{
    EVP_PKEY *made = NULL;

    if (OPENSSL_version_major() != 3 || !CRYPTO_THREAD_run_once(&once, make_methods))
        return;
    made = EVP_PKEY_CTX_get0_pkey(arg);
    if (made == NULL)
        return;
    /* They are the program's, which gets them without "const" as well (EVP_PKEY_get1_RSA()). */
    if (ska_key_is_rsa(key))
        give_to_rsa(key, (RSA *)(uintptr_t)EVP_PKEY_get0_RSA(made));
    else if (key->type == SKA_KEY_EC)
        give_to_ec(key, (EC_KEY *)(uintptr_t)EVP_PKEY_get0_EC_KEY(made));
}

#else

void ska_legacy_method_give(struct ska_key *key, void *arg)
{
    (void)key;
    (void)arg;
}

#endif
