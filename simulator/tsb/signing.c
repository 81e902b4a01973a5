/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/signing.h"

#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "simulator/tsb/keccak.h"

/* ---- Names ----------------------------------------------------------------------------------- */

#define HASHED_RSA(bits)                                                                           \
    {                                                                                              \
        "SHA" #bits "_WITH_RSA", CKK_RSA, CKM_SHA##bits##_RSA_PKCS, TSB_MESSAGE,                   \
            SKA_DIGEST_SHA##bits, false, NULL, 1                                                   \
    }
#define HASHED_PSS(bits)                                                                           \
    {                                                                                              \
        "SHA" #bits "_WITH_RSA_PSS", CKK_RSA, CKM_SHA##bits##_RSA_PKCS_PSS, TSB_MESSAGE,           \
            SKA_DIGEST_SHA##bits, true, NULL, 1                                                    \
    }
#define DIGEST_RSA(bits)                                                                           \
    {                                                                                              \
        "NONESHA" #bits "_WITH_RSA", CKK_RSA, CKM_RSA_PKCS, TSB_DIGEST_INFO, SKA_DIGEST_SHA##bits, \
            false, NULL, 1                                                                         \
    }
#define DIGEST_PSS(bits)                                                                           \
    {                                                                                              \
        "NONESHA" #bits "_WITH_RSA_PSS", CKK_RSA, CKM_RSA_PKCS_PSS, TSB_DIGEST,                    \
            SKA_DIGEST_SHA##bits, true, NULL, 1                                                    \
    }
#define HASHED_ECDSA(bits)                                                                         \
    {                                                                                              \
        "SHA" #bits "_WITH_ECDSA", CKK_EC, CKM_ECDSA_SHA##bits, TSB_MESSAGE, SKA_DIGEST_SHA##bits, \
            false, NULL, 1                                                                         \
    }
/* SoftHSM hashes none of these, so it gets the digest. */
#define HASHED_HERE(name, digest, times)                                                           \
    {                                                                                              \
        (name), CKK_EC, CKM_ECDSA, TSB_MESSAGE, SKA_DIGEST_NONE, false, (digest), (times)          \
    }

static const struct tsb_algorithm algorithms[] = {
    HASHED_RSA(1),
    HASHED_RSA(224),
    HASHED_RSA(256),
    HASHED_RSA(384),
    HASHED_RSA(512),
    HASHED_PSS(1),
    HASHED_PSS(224),
    HASHED_PSS(256),
    HASHED_PSS(384),
    HASHED_PSS(512),
    DIGEST_RSA(1),
    DIGEST_RSA(224),
    DIGEST_RSA(256),
    DIGEST_RSA(384),
    DIGEST_RSA(512),
    DIGEST_PSS(224),
    DIGEST_PSS(256),
    DIGEST_PSS(384),
    DIGEST_PSS(512),
    {"NONE_WITH_RSA", CKK_RSA, CKM_RSA_PKCS, TSB_MESSAGE, SKA_DIGEST_NONE, false, NULL, 1},
    {"NONE_WITH_RSA_PSS", CKK_RSA, CKM_RSA_PKCS_PSS, TSB_DIGEST, SKA_DIGEST_NONE, true, NULL, 1},
    HASHED_ECDSA(1),
    HASHED_ECDSA(224),
    HASHED_ECDSA(256),
    HASHED_ECDSA(384),
    HASHED_ECDSA(512),
    {"NONE_WITH_ECDSA", CKK_EC, CKM_ECDSA, TSB_MESSAGE, SKA_DIGEST_NONE, false, NULL, 1},
    HASHED_HERE("SHA3224_WITH_ECDSA", "SHA3-224", 1),
    HASHED_HERE("SHA3256_WITH_ECDSA", "SHA3-256", 1),
    HASHED_HERE("SHA3384_WITH_ECDSA", "SHA3-384", 1),
    HASHED_HERE("SHA3512_WITH_ECDSA", "SHA3-512", 1),
    HASHED_HERE("KECCAK224_WITH_ECDSA", "KECCAK-224", 1),
    HASHED_HERE("KECCAK256_WITH_ECDSA", "KECCAK-256", 1),
    HASHED_HERE("KECCAK384_WITH_ECDSA", "KECCAK-384", 1),
    HASHED_HERE("KECCAK512_WITH_ECDSA", "KECCAK-512", 1),
    HASHED_HERE("DOUBLE_SHA256_WITH_ECDSA", "SHA256", 2),
    {"NONE_WITH_EC_SCHNORR_BIP0340", CKK_EC, TSB_CKM_SCHNORR, TSB_MESSAGE, SKA_DIGEST_NONE, false,
     NULL, 1},
    {"EDDSA", CKK_EC_EDWARDS, CKM_EDDSA, TSB_MESSAGE, SKA_DIGEST_NONE, false, NULL, 1},
};

/* Of the broker, and not of the simulator of the HSM. */
static const char *const absent[] = {"NONE_WITH_DSA",
                                     "SHA1_WITH_DSA",
                                     "SHA224_WITH_DSA",
                                     "SHA256_WITH_DSA",
                                     "SHA384_WITH_DSA",
                                     "SHA512_WITH_DSA",
                                     "SHA256_WITH_ECDSA_DETERMINISTIC",
                                     "BLS",
                                     "ISS_KERL",
                                     NULL};

/* Of XMSS there is a name for each set of parameters. */
static bool is_post_quantum(const char *name)
{
    static const char *const names[] = {"DILITHIUM", "SPHINCS_PLUS", "ML_DSA", "ML_DSA_M",
                                        "SLH_DSA",   "LMS",          "XMSS",   NULL};

    return ska_text_is_among(names, name) || strncmp(name, "XMSS_", 5) == 0;
}

const struct tsb_algorithm *tsb_algorithm_find(const char *name, const char *place,
                                               struct tsb_answer *answer)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    if (ska_text_is_among(absent, name))
        tsb_refuse(answer, TSB_NOT_IMPLEMENTED, "%s: this simulator has no %s", place, name);
    else if (is_post_quantum(name))
        tsb_refuse(answer, TSB_NOT_IMPLEMENTED,
                   "%s: this simulator has no post-quantum signatures such as %s", place, name);
    else
        tsb_refuse(answer, TSB_INPUT_VALIDATION, "'%s': not a signature algorithm: '%s'", place,
                   name);
    return NULL;
}

/* ---- Payloads -------------------------------------------------------------------------------- */

/* What stands before the digest in a DigestInfo. */
static const struct {
    enum ska_digest digest;
    size_t length;
    const char *bytes;
} prefixes[] = {
    {SKA_DIGEST_SHA1, 15, "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"},
    {SKA_DIGEST_SHA224, 19,
     "\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c"},
    {SKA_DIGEST_SHA256, 19,
     "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"},
    {SKA_DIGEST_SHA384, 19,
     "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"},
    {SKA_DIGEST_SHA512, 19,
     "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"},
};

static bool make_digest_info(enum ska_digest digest, struct ska_span payload,
                             struct ska_bytes *data)
{
    struct ska_buffer buffer = {0};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (prefixes[i].digest == digest)
            ska_buffer_add(&buffer, prefixes[i].bytes, prefixes[i].length);
    ska_buffer_add(&buffer, payload.data, payload.length);
    return ska_buffer_finish(&buffer, data, NULL);
}

static void set_pss(enum ska_digest digest, struct tsb_mechanism *mechanism)
{
    static const struct {
        CK_MECHANISM_TYPE hash;
        CK_RSA_PKCS_MGF_TYPE mgf;
    } of[] = {
        [SKA_DIGEST_SHA1] = {CKM_SHA_1, CKG_MGF1_SHA1},
        [SKA_DIGEST_SHA224] = {CKM_SHA224, CKG_MGF1_SHA224},
        [SKA_DIGEST_SHA256] = {CKM_SHA256, CKG_MGF1_SHA256},
        [SKA_DIGEST_SHA384] = {CKM_SHA384, CKG_MGF1_SHA384},
        [SKA_DIGEST_SHA512] = {CKM_SHA512, CKG_MGF1_SHA512},
    };

    mechanism->pss.hashAlg = of[digest].hash;
    mechanism->pss.mgf = of[digest].mgf;
    mechanism->pss.sLen = ska_digest_length(digest);
    mechanism->mechanism.pParameter = &mechanism->pss;
    mechanism->mechanism.ulParameterLen = sizeof(mechanism->pss);
}

/* Of a digest that is not named: the SHA of this length. */
static enum ska_digest digest_of_length(size_t length)
{
    for (int i = SKA_DIGEST_SHA1; i <= SKA_DIGEST_SHA512; i++)
        if (ska_digest_length((enum ska_digest)i) == length)
            return (enum ska_digest)i;
    return SKA_DIGEST_NONE;
}

/* "KECCAK-256" as it was before SHA-3; the others are libcrypto's. */
static bool hash_once(const char *name, struct ska_span data, uint8_t hash[EVP_MAX_MD_SIZE],
                      size_t *length)
{
    static const char keccak[] = "KECCAK-";
    uint64_t bits = 0;

    if (strncmp(name, keccak, strlen(keccak)) != 0)
        return EVP_Q_digest(NULL, name, NULL, data.data, data.length, hash, length) == 1;
    if (!ska_decimal_decode(name + strlen(keccak), UINT64_C(8) * TSB_KECCAK_MOST, &bits))
        return false;
    *length = (size_t)bits / 8;
    tsb_keccak(data, hash, *length);
    return true;
}

static bool hash_here(const struct tsb_algorithm *algorithm, struct ska_span payload,
                      struct ska_bytes *data)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    size_t length = 0;

    for (unsigned int i = 0; i < algorithm->times; i++) {
        if (!hash_once(algorithm->hashed_here, payload, hash, &length))
            return false;
        payload = ska_span(hash, length);
    }
    return ska_bytes_copy(data, payload, NULL);
}

static bool make_data(const struct tsb_algorithm *algorithm, enum ska_digest digest,
                      struct ska_span payload, struct ska_bytes *data)
{
    if (algorithm->hashed_here != NULL)
        return hash_here(algorithm, payload, data);
    return algorithm->payload == TSB_DIGEST_INFO ? make_digest_info(digest, payload, data)
                                                 : ska_bytes_copy(data, payload, NULL);
}

bool tsb_signing_prepare(const struct tsb_algorithm *algorithm, struct ska_span payload,
                         struct tsb_mechanism *mechanism, struct ska_bytes *data,
                         struct tsb_answer *answer)
{
    enum ska_digest digest = algorithm->digest;

    memset(mechanism, 0, sizeof(*mechanism));
    mechanism->mechanism.mechanism = algorithm->mechanism;
    if (algorithm->payload == TSB_DIGEST && digest == SKA_DIGEST_NONE)
        digest = digest_of_length(payload.length);
    if (algorithm->payload != TSB_MESSAGE &&
        (digest == SKA_DIGEST_NONE || ska_digest_length(digest) != payload.length))
        return tsb_refuse(answer, TSB_INVALID_PAYLOAD,
                          "%s: the payload of %zu bytes is not a digest of this kind",
                          algorithm->name, payload.length);
    if (algorithm->pss)
        set_pss(digest, mechanism);
    return make_data(algorithm, digest, payload, data) ||
           tsb_refuse(answer, TSB_IMPLEMENTATION, "out of memory");
}

/* ---- Signatures ------------------------------------------------------------------------------ */

bool tsb_ecdsa_to_der(struct ska_span raw, struct ska_bytes *der)
{
    size_t half = raw.length / 2;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.data, (int)half, NULL);
    BIGNUM *s = BN_bin2bn(raw.data + half, (int)half, NULL);
    unsigned char *encoded = NULL;
    int length = 0;
    bool done = false;

    if (pair != NULL && r != NULL && s != NULL && raw.length % 2 == 0 &&
        ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL;
        length = i2d_ECDSA_SIG(pair, &encoded);
    }
    done = length > 0 && ska_bytes_copy(der, ska_span(encoded, (size_t)length), NULL);
    OPENSSL_free(encoded);
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return done;
}

bool tsb_ecdsa_from_der(struct ska_span der, size_t length, struct ska_bytes *raw)
{
    const unsigned char *next = der.data;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &next, (long)der.length);
    uint8_t halves[2 * 66];
    bool done = pair != NULL && length <= 66 && next == der.data + der.length &&
                BN_bn2binpad(ECDSA_SIG_get0_r(pair), halves, (int)length) == (int)length &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), halves + length, (int)length) == (int)length;

    ECDSA_SIG_free(pair);
    return done && ska_bytes_copy(raw, ska_span(halves, 2 * length), NULL);
}

bool tsb_signing_finish(const struct tsb_algorithm *algorithm, bool raw,
                        struct ska_bytes *signature)
{
    struct ska_bytes der = {NULL, 0};

    if (algorithm->key_type != CKK_EC || algorithm->mechanism == TSB_CKM_SCHNORR || raw)
        return true;
    if (!tsb_ecdsa_to_der(ska_span_of(signature), &der))
        return false;
    ska_bytes_free(signature);
    *signature = der;
    return true;
}
