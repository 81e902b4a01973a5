/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What approvers approve: digests in the form that a mechanism signs, or messages. The token does
 * not say which of the two a payload is, so that must show in the payload itself.
 */
#include <limits.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/request/algorithm.h"

/* What PKCS#1 v1.5 padding needs at least. */
#define PKCS1_OVERHEAD 11

static const int digest_nids[] = {
    [SKA_DIGEST_NONE] = NID_undef,
    [SKA_DIGEST_SHA1] = NID_sha1,
    [SKA_DIGEST_SHA224] = NID_sha224,
    [SKA_DIGEST_SHA256] = NID_sha256,
    [SKA_DIGEST_SHA384] = NID_sha384,
    [SKA_DIGEST_SHA512] = NID_sha512,
    [SKA_DIGEST_SHA512_224] = NID_sha512_224,
    [SKA_DIGEST_SHA512_256] = NID_sha512_256,
    [SKA_DIGEST_SHA3_224] = NID_sha3_224,
    [SKA_DIGEST_SHA3_256] = NID_sha3_256,
    [SKA_DIGEST_SHA3_384] = NID_sha3_384,
    [SKA_DIGEST_SHA3_512] = NID_sha3_512,
};

static bool is_known_length(size_t length)
{
    for (size_t i = SKA_DIGEST_SHA1; i <= SKA_DIGEST_SHA512; i++)
        if (length == ska_digest_length((enum ska_digest)i))
            return true;
    return false;
}

/* Whether a digest of this length can be that of the mechanism. */
static bool length_fits(const struct ska_mechanism *mechanism, size_t length)
{
    if (mechanism->digest == SKA_DIGEST_NONE)
        return is_known_length(length);
    return length == ska_digest_length(mechanism->digest);
}

/* ---- DigestInfo ----------------------------------------------------------------------------- */

/* The head of a SEQUENCE, OBJECT IDENTIFIER or OCTET STRING that is shorter than 128 bytes. */
static void add_header(struct ska_buffer *der, uint8_t tag, size_t length)
{
    const uint8_t header[] = {tag, (uint8_t)length};

    ska_buffer_add(der, header, sizeof(header));
}

/*
 * RFC 8017, 9.2: SEQUENCE { SEQUENCE { OID of the digest, NULL }, OCTET STRING }. Written out,
 * since libcrypto takes as long for an X509_SIG as all else here does for a signature.
 */
static bool encode_digest_info(enum ska_digest digest, struct ska_span value,
                               struct ska_bytes *encoded, const struct ska_errors *errors)
{
    static const uint8_t null[] = {V_ASN1_NULL, 0};
    const ASN1_OBJECT *oid = OBJ_nid2obj(digest_nids[digest]);
    size_t oid_length = OBJ_length(oid);
    size_t algorithm_length = 2 + oid_length + sizeof(null);
    struct ska_buffer der = {0};

    add_header(&der, V_ASN1_CONSTRUCTED | V_ASN1_SEQUENCE, 2 + algorithm_length + 2 + value.length);
    add_header(&der, V_ASN1_CONSTRUCTED | V_ASN1_SEQUENCE, algorithm_length);
    add_header(&der, V_ASN1_OBJECT, oid_length);
    ska_buffer_add(&der, OBJ_get0_data(oid), oid_length);
    ska_buffer_add(&der, null, sizeof(null));
    add_header(&der, V_ASN1_OCTET_STRING, value.length);
    ska_buffer_add(&der, value.data, value.length);
    return ska_buffer_finish(&der, encoded, errors);
}

/* Whether the bytes are one DigestInfo of any algorithm; BER passes too, since it may elsewhere. */
static bool is_digest_info(struct ska_span payload)
{
    const unsigned char *next = payload.data;
    X509_SIG *info = NULL;
    bool whole = false;

    if (payload.length == 0 || payload.length > LONG_MAX)
        return false;
    ERR_set_mark();
    info = d2i_X509_SIG(NULL, &next, (long)payload.length);
    whole = info != NULL && next == payload.data + payload.length;
    X509_SIG_free(info);
    ERR_pop_to_mark();
    return whole;
}

/* Exactly the DigestInfo that would be made of the bytes at its end. */
static bool read_digest_info(enum ska_digest digest, struct ska_span payload,
                             struct ska_span *value)
{
    size_t length = ska_digest_length(digest);
    struct ska_bytes again = {NULL, 0};
    struct ska_span inner;
    bool same = false;

    if (length == 0 || payload.length < length)
        return false;
    inner = ska_span(payload.data + (payload.length - length), length);
    same = encode_digest_info(digest, inner, &again, NULL) &&
           ska_span_equal(payload, ska_span_of(&again));
    ska_bytes_free(&again);
    if (same)
        *value = inner;
    return same;
}

/* ---- Payloads ------------------------------------------------------------------------------- */

bool ska_payload_from_digest(const struct ska_mechanism *mechanism, struct ska_span digest,
                             struct ska_bytes *payload, const struct ska_errors *errors)
{
    const char *name = ska_digest_name(mechanism->digest);

    if (!length_fits(mechanism, digest.length))
        return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH, "%zu bytes are not a digest of %s",
                        digest.length, name == NULL ? "SHA-1 or SHA-2" : name);
    if (mechanism->scheme != SKA_SCHEME_PKCS1)
        return ska_bytes_copy(payload, digest, errors);
    if (mechanism->digest == SKA_DIGEST_NONE)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "PKCS#1 v1.5 over raw data, without a digest");
    return encode_digest_info(mechanism->digest, digest, payload, errors);
}

bool ska_payload_digest(const struct ska_mechanism *mechanism, struct ska_span payload,
                        enum ska_digest *digest, struct ska_span *value)
{
    if (mechanism->form != SKA_PAYLOAD_DIGEST || mechanism->scheme == SKA_SCHEME_EDDSA)
        return false;
    if (mechanism->scheme == SKA_SCHEME_PKCS1) {
        if (!read_digest_info(mechanism->digest, payload, value))
            return false;
    } else {
        if (!length_fits(mechanism, payload.length))
            return false;
        *value = payload;
    }
    *digest = mechanism->digest;
    return true;
}

enum ska_digest ska_payload_digest_info(struct ska_span payload)
{
    struct ska_span value = {NULL, 0};

    for (int i = SKA_DIGEST_SHA1; i <= SKA_DIGEST_SHA512; i++)
        if (read_digest_info((enum ska_digest)i, payload, &value))
            return (enum ska_digest)i;
    return SKA_DIGEST_NONE;
}

bool ska_payload_looks_like_digest(enum ska_key_type type, struct ska_span payload)
{
    if (type == SKA_KEY_ED25519 || type == SKA_KEY_ED448)
        return false;
    /* MD5 and SHA-1 together, as TLS up to 1.1 has RSA keys sign them, without a DigestInfo. */
    if (type != SKA_KEY_EC && payload.length == 36)
        return true;
    return is_known_length(payload.length) || is_digest_info(payload);
}

/* ---- Checks --------------------------------------------------------------------------------- */

static bool check_pss(const struct ska_mechanism *mechanism, unsigned int key_bits,
                      const struct ska_errors *errors)
{
    /* RFC 8017, 9.1.1: one bit less than the modulus, rounded up to bytes. */
    size_t encoded = key_bits == 0 ? 0 : ((size_t)key_bits - 1 + 7) / 8;
    size_t needed = ska_digest_length(mechanism->digest) + 2;

    if (encoded < needed || encoded - needed < mechanism->salt_length)
        return ska_fail(errors, SKA_R_BAD_PARAMETER,
                        "PSS with %s: a salt of %zu bytes does not fit a key of %u bits (at most "
                        "%zu)",
                        ska_digest_name(mechanism->digest), mechanism->salt_length, key_bits,
                        encoded < needed ? 0 : encoded - needed);
    return true;
}

/* A DigestInfo is at most 19 bytes longer than its digest. */
static bool check_pkcs1(const struct ska_mechanism *mechanism, unsigned int key_bits,
                        const struct ska_errors *errors)
{
    size_t needed = ska_digest_length(mechanism->digest) + 19 + PKCS1_OVERHEAD;

    if (((size_t)key_bits + 7) / 8 < needed)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "PKCS#1 v1.5 with %s: a key of %u bits is too "
                        "short",
                        ska_digest_name(mechanism->digest), key_bits);
    return true;
}

static bool check_digest_payload(const struct ska_mechanism *mechanism, struct ska_span payload,
                                 const struct ska_errors *errors)
{
    enum ska_digest digest;
    struct ska_span value;
    const char *name = ska_digest_name(mechanism->digest);

    if (ska_payload_digest(mechanism, payload, &digest, &value))
        return true;
    return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH, "the payload of %zu bytes is not a %s of %s",
                    payload.length, mechanism->scheme == SKA_SCHEME_PKCS1 ? "DigestInfo" : "digest",
                    name == NULL ? "SHA-1 or SHA-2" : name);
}

bool ska_payload_check(const struct ska_mechanism *mechanism, enum ska_key_type type,
                       unsigned int key_bits, struct ska_span payload,
                       const struct ska_errors *errors)
{
    if (!ska_algorithm_fits(mechanism, type, errors))
        return false;
    if (mechanism->scheme == SKA_SCHEME_PSS && !check_pss(mechanism, key_bits, errors))
        return false;
    if (mechanism->scheme == SKA_SCHEME_PKCS1 && !check_pkcs1(mechanism, key_bits, errors))
        return false;
    if (mechanism->form == SKA_PAYLOAD_DIGEST)
        return check_digest_payload(mechanism, payload, errors);
    if (payload.length > SKA_PAYLOAD_LIMIT)
        return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH,
                        "a message of %zu bytes; an approval token can carry %zu%s", payload.length,
                        SKA_PAYLOAD_LIMIT,
                        mechanism->scheme == SKA_SCHEME_EDDSA
                            ? " (EdDSA signs messages, not digests)"
                            : ": let approvers approve the digest (ska-payload=digest)");
    if (ska_payload_looks_like_digest(type, payload))
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "a message of %zu bytes that looks like a digest: approvers could not tell "
                        "which it is; sign another message, or a digest (ska-payload=digest)",
                        payload.length);
    return true;
}
