/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of approvers and timestamp keys.
 */
#include "provider/request/approver_signature.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/base/der.h"
#include "provider/base/evp_key.h"
#include "provider/base/spki.h"

/* ---- What can sign, and with which digest --------------------------------------------------- */

#define EDDSA "EdDSA"

/* clang-format off */
static const struct digest {
    const char *name;  /* as in requests and bundles */
    const char *alias; /* as others write it; or NULL */
    const char *fetch; /* libcrypto's name */
    int rsa, dsa, ec;  /* libcrypto's numbers of the signature algorithms */
} digests[] = {
    {"SHA-224", "SHA224", "SHA2-224",
     NID_sha224WithRSAEncryption, NID_dsa_with_SHA224, NID_ecdsa_with_SHA224},
    {"SHA-256", "SHA256", "SHA2-256",
     NID_sha256WithRSAEncryption, NID_dsa_with_SHA256, NID_ecdsa_with_SHA256},
    {"SHA-384", "SHA384", "SHA2-384",
     NID_sha384WithRSAEncryption, NID_dsa_with_SHA384, NID_ecdsa_with_SHA384},
    {"SHA-512", "SHA512", "SHA2-512",
     NID_sha512WithRSAEncryption, NID_dsa_with_SHA512, NID_ecdsa_with_SHA512},
    {"SHA3-224", NULL, "SHA3-224",
     NID_RSA_SHA3_224, NID_dsa_with_SHA3_224, NID_ecdsa_with_SHA3_224},
    {"SHA3-256", NULL, "SHA3-256",
     NID_RSA_SHA3_256, NID_dsa_with_SHA3_256, NID_ecdsa_with_SHA3_256},
    {"SHA3-384", NULL, "SHA3-384",
     NID_RSA_SHA3_384, NID_dsa_with_SHA3_384, NID_ecdsa_with_SHA3_384},
    {"SHA3-512", NULL, "SHA3-512",
     NID_RSA_SHA3_512, NID_dsa_with_SHA3_512, NID_ecdsa_with_SHA3_512},
};
/* clang-format on */

enum { DIGEST_COUNT = sizeof(digests) / sizeof(digests[0]) };

static bool is_eddsa(enum ska_spki_algorithm key)
{
    return key == SKA_SPKI_ED25519 || key == SKA_SPKI_ED448;
}

static bool is_digest_name(const char *name, const char *other)
{
    return other != NULL && strcasecmp(name, other) == 0;
}

/* NULL for an unknown digest. */
static const struct digest *find_digest(const char *name)
{
    for (size_t i = 0; name != NULL && i < DIGEST_COUNT; i++)
        if (is_digest_name(name, digests[i].name) || is_digest_name(name, digests[i].alias) ||
            is_digest_name(name, digests[i].fetch))
            return &digests[i];
    return NULL;
}

const char *ska_signature_digest(const char *name)
{
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        if (strcmp(name, digests[i].name) == 0)
            return digests[i].name;
    return strcmp(name, EDDSA) == 0 ? EDDSA : NULL;
}

/* libcrypto's number of the signature algorithm; NID_undef when there is none. */
static int find_algorithm(enum ska_spki_algorithm key, const struct digest *digest)
{
    if (key == SKA_SPKI_ED25519)
        return NID_ED25519;
    if (key == SKA_SPKI_ED448)
        return NID_ED448;
    if (digest == NULL)
        return NID_undef;
    return key == SKA_SPKI_RSA ? digest->rsa : key == SKA_SPKI_DSA ? digest->dsa : digest->ec;
}

/* The name of the digest in a signature algorithm; NULL for an unknown one. */
static const char *digest_of_signature(const struct ska_algorithm_bits *signature)
{
    static const enum ska_spki_algorithm hashing[] = {SKA_SPKI_RSA, SKA_SPKI_DSA, SKA_SPKI_EC};

    if (ska_algorithm_bits_are(signature, NID_ED25519) ||
        ska_algorithm_bits_are(signature, NID_ED448))
        return EDDSA;
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        for (size_t j = 0; j < sizeof(hashing) / sizeof(hashing[0]); j++)
            if (ska_algorithm_bits_are(signature, find_algorithm(hashing[j], &digests[i])))
                return digests[i].name;
    return NULL;
}

/* ---- The structure that the HSM takes ------------------------------------------------------- */

bool ska_signature_to_der(struct ska_span public_key, const char *digest, struct ska_span plain,
                          struct ska_bytes *der, const struct ska_errors *errors)
{
    enum ska_spki_algorithm key;
    int algorithm = NID_undef;
    bool done = false;

    if (plain.length == 0 || plain.length > INT_MAX)
        return ska_fail(errors, SKA_R_BAD_SIGNATURE, "signature of an approver: %zu bytes",
                        plain.length);
    if (!ska_spki_algorithm(public_key, &key))
        return ska_fail(errors, SKA_R_BAD_KEY,
                        "signature of an approver: the key is not a SubjectPublicKeyInfo of RSA, "
                        "DSA, EC with a named curve and an uncompressed point, Ed25519 or "
                        "Ed448");
    algorithm = find_algorithm(key, find_digest(digest));
    if (algorithm == NID_undef)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "signature of an approver: unknown digest");
    ERR_set_mark();
    done = ska_algorithm_bits_write(OBJ_nid2obj(algorithm), !is_eddsa(key), plain, der);
    ERR_pop_to_mark();
    return done || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "signature of an approver");
}

bool ska_signature_from_der(struct ska_span der, const char **digest, struct ska_bytes *plain,
                            const struct ska_errors *errors)
{
    struct ska_algorithm_bits signature;
    const char *name = NULL;

    if (!ska_algorithm_bits_read(der, &signature))
        return ska_fail(errors, SKA_R_BAD_SIGNATURE,
                        "signature in DER: not SEQUENCE { AlgorithmIdentifier, BIT STRING } in "
                        "DER");
    if (signature.parameters != SKA_DER_NULL && signature.parameters != SKA_DER_ABSENT)
        return ska_fail(errors, SKA_R_BAD_SIGNATURE,
                        "signature in DER: the algorithm has parameters");
    name = digest_of_signature(&signature);
    if (name == NULL)
        return ska_fail(errors, SKA_R_BAD_SIGNATURE, "signature in DER: unknown algorithm");
    if (!ska_bytes_copy(plain, signature.bits, errors))
        return false;
    *digest = name;
    return true;
}

/* ---- Verification --------------------------------------------------------------------------- */

/* Keys below these sizes can be forged or soon will be. */
static bool is_strong(EVP_PKEY *key, enum ska_spki_algorithm algorithm)
{
    static const int bits[] = {
        [SKA_SPKI_RSA] = 2048,  [SKA_SPKI_DSA] = 2048, [SKA_SPKI_EC] = 224,
        [SKA_SPKI_ED25519] = 0, [SKA_SPKI_ED448] = 0,
    };

    return EVP_PKEY_get_bits(key) >= bits[algorithm];
}

static bool verify_message(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *digest,
                           struct ska_span plain, struct ska_span message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool verified =
        context != NULL &&
        EVP_DigestVerifyInit_ex(context, NULL, digest, libctx, NULL, key, NULL) == 1 &&
        EVP_DigestVerify(context, plain.data, plain.length, message.data, message.length) == 1;

    EVP_MD_CTX_free(context);
    return verified;
}

bool ska_signature_verify_with(OSSL_LIB_CTX *libctx, EVP_PKEY *key, struct ska_span public_key,
                               const char *digest, struct ska_span plain, struct ska_span message)
{
    const struct digest *known = find_digest(digest);
    enum ska_spki_algorithm algorithm;
    bool verified = false;

    if (plain.length == 0 || !ska_spki_algorithm(public_key, &algorithm) ||
        !is_strong(key, algorithm) || (!is_eddsa(algorithm) && known == NULL))
        return false;
    ERR_set_mark();
    verified =
        verify_message(libctx, key, is_eddsa(algorithm) ? NULL : known->fetch, plain, message);
    ERR_pop_to_mark();
    return verified;
}

bool ska_signature_verify(OSSL_LIB_CTX *libctx, struct ska_span public_key, const char *digest,
                          struct ska_span plain, struct ska_span message)
{
    enum ska_spki_algorithm algorithm;
    EVP_PKEY *key = NULL;
    bool verified = false;

    /* What an approver's key cannot be is not even opened. */
    if (ska_spki_algorithm(public_key, &algorithm))
        key = ska_evp_decode(libctx, public_key);
    verified =
        key != NULL && ska_signature_verify_with(libctx, key, public_key, digest, plain, message);
    EVP_PKEY_free(key);
    return verified;
}
