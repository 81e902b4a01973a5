/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/schnorr.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#define LENGTH 32

/* What all steps need. */
struct field {
    OSSL_LIB_CTX *libctx;
    EC_GROUP *group;
    BN_CTX *context;
    const BIGNUM *order;
};

static bool open_field(OSSL_LIB_CTX *libctx, struct field *field)
{
    field->libctx = libctx;
    field->group = EC_GROUP_new_by_curve_name_ex(libctx, NULL, NID_secp256k1);
    field->context = BN_CTX_new_ex(libctx);
    field->order = field->group == NULL ? NULL : EC_GROUP_get0_order(field->group);
    return field->group != NULL && field->context != NULL;
}

static void close_field(struct field *field)
{
    EC_GROUP_free(field->group);
    BN_CTX_free(field->context);
}

/* SHA-256 of the tag twice, then of the parts. */
static bool tagged_hash(const struct field *field, const char *tag, const struct ska_span *parts,
                        size_t count, uint8_t hash[LENGTH])
{
    struct ska_buffer buffer = {0};
    uint8_t tag_hash[LENGTH];
    size_t length = 0;
    bool done =
        EVP_Q_digest(field->libctx, "SHA256", NULL, tag, strlen(tag), tag_hash, &length) == 1;

    ska_buffer_add(&buffer, tag_hash, LENGTH);
    ska_buffer_add(&buffer, tag_hash, LENGTH);
    for (size_t i = 0; i < count; i++)
        ska_buffer_add(&buffer, parts[i].data, parts[i].length);
    done =
        done && !buffer.failed &&
        EVP_Q_digest(field->libctx, "SHA256", NULL, buffer.data, buffer.length, hash, &length) == 1;
    if (buffer.data != NULL)
        OPENSSL_cleanse(buffer.data, buffer.length);
    ska_buffer_free(&buffer);
    return done;
}

/* The x of a point, and whether its y is odd. */
static bool x_of(const struct field *field, const EC_POINT *point, uint8_t x[LENGTH], bool *odd)
{
    BIGNUM *a = BN_new();
    BIGNUM *b = BN_new();
    bool done = a != NULL && b != NULL &&
                EC_POINT_get_affine_coordinates(field->group, point, a, b, field->context) == 1 &&
                BN_bn2binpad(a, x, LENGTH) == LENGTH;

    if (done)
        *odd = BN_is_odd(b);
    BN_free(a);
    BN_free(b);
    return done;
}

/* The x of the scalar's point; the scalar becomes the one whose point has an even y. */
static bool make_even(const struct field *field, BIGNUM *scalar, uint8_t x[LENGTH])
{
    EC_POINT *point = EC_POINT_new(field->group);
    bool odd = false;
    bool done = point != NULL && !BN_is_zero(scalar) && BN_cmp(scalar, field->order) < 0 &&
                EC_POINT_mul(field->group, point, scalar, NULL, NULL, field->context) == 1 &&
                x_of(field, point, x, &odd);

    if (done && odd)
        done = BN_sub(scalar, field->order, scalar) == 1;
    EC_POINT_free(point);
    return done;
}

static bool hash_to_scalar(const struct field *field, const char *tag, const struct ska_span *parts,
                           size_t count, BIGNUM *scalar)
{
    uint8_t hash[LENGTH];
    bool done = tagged_hash(field, tag, parts, count, hash) &&
                BN_bin2bn(hash, LENGTH, scalar) != NULL &&
                BN_mod(scalar, scalar, field->order, field->context) == 1;

    OPENSSL_cleanse(hash, sizeof(hash));
    return done;
}

/* ---- Signing --------------------------------------------------------------------------------- */

static bool make_nonce(const struct field *field, const BIGNUM *key, struct ska_span random,
                       struct ska_span x, struct ska_span message, BIGNUM *nonce)
{
    uint8_t masked[LENGTH];
    uint8_t hash[LENGTH];
    const struct ska_span parts[] = {ska_span(masked, LENGTH), x, message};
    bool done = BN_bn2binpad(key, masked, LENGTH) == LENGTH &&
                tagged_hash(field, "BIP0340/aux", &random, 1, hash);

    for (size_t i = 0; done && i < LENGTH; i++)
        masked[i] ^= hash[i];
    done = done && hash_to_scalar(field, "BIP0340/nonce", parts, 3, nonce) && !BN_is_zero(nonce);
    OPENSSL_cleanse(masked, sizeof(masked));
    return done;
}

static bool sign_with(const struct field *field, BIGNUM *key, BIGNUM *nonce, BIGNUM *challenge,
                      struct ska_span random, struct ska_span message,
                      uint8_t signature[TSB_SCHNORR_LENGTH])
{
    uint8_t x[LENGTH];
    const struct ska_span parts[] = {ska_span(signature, LENGTH), ska_span(x, LENGTH), message};

    return make_even(field, key, x) &&
           make_nonce(field, key, random, ska_span(x, LENGTH), message, nonce) &&
           make_even(field, nonce, signature) &&
           hash_to_scalar(field, "BIP0340/challenge", parts, 3, challenge) &&
           BN_mod_mul(challenge, challenge, key, field->order, field->context) == 1 &&
           BN_mod_add(challenge, challenge, nonce, field->order, field->context) == 1 &&
           BN_bn2binpad(challenge, signature + LENGTH, LENGTH) == LENGTH;
}

bool tsb_schnorr_sign(OSSL_LIB_CTX *libctx, struct ska_span scalar, struct ska_span random,
                      struct ska_span message, struct ska_bytes *signature)
{
    uint8_t made[TSB_SCHNORR_LENGTH] = {0};
    struct field field;
    BIGNUM *key = BN_bin2bn(scalar.data, (int)scalar.length, NULL);
    BIGNUM *nonce = BN_new();
    BIGNUM *challenge = BN_new();
    bool done = open_field(libctx, &field) && key != NULL && nonce != NULL && challenge != NULL &&
                scalar.length == LENGTH && random.length == TSB_SCHNORR_RANDOM &&
                sign_with(&field, key, nonce, challenge, random, message, made) &&
                ska_bytes_copy(signature, ska_span(made, sizeof(made)), NULL);

    BN_clear_free(key);
    BN_clear_free(nonce);
    BN_free(challenge);
    close_field(&field);
    return done;
}

/* ---- Verifying ------------------------------------------------------------------------------- */

/* The point of this x whose y is even. */
static EC_POINT *lift_x(const struct field *field, const uint8_t x[LENGTH])
{
    uint8_t encoded[LENGTH + 1] = {POINT_CONVERSION_COMPRESSED};
    EC_POINT *point = EC_POINT_new(field->group);

    memcpy(encoded + 1, x, LENGTH);
    if (point != NULL &&
        EC_POINT_oct2point(field->group, point, encoded, sizeof(encoded), field->context) == 1)
        return point;
    EC_POINT_free(point);
    return NULL;
}

/* sG - eP is a point of this x, and its y is even. */
static bool check_equation(const struct field *field, EC_POINT *key, BIGNUM *s, BIGNUM *e,
                           const uint8_t wanted[LENGTH])
{
    EC_POINT *point = EC_POINT_new(field->group);
    uint8_t x[LENGTH];
    bool odd = true;
    bool valid = point != NULL && BN_cmp(s, field->order) < 0 &&
                 BN_mod_sub(e, field->order, e, field->order, field->context) == 1 &&
                 EC_POINT_mul(field->group, point, s, key, e, field->context) == 1 &&
                 EC_POINT_is_at_infinity(field->group, point) == 0 && x_of(field, point, x, &odd) &&
                 !odd && memcmp(x, wanted, LENGTH) == 0;

    EC_POINT_free(point);
    return valid;
}

bool tsb_schnorr_verify(OSSL_LIB_CTX *libctx, struct ska_span point, struct ska_span message,
                        struct ska_span signature)
{
    struct ska_span parts[3];
    struct field field;
    EC_POINT *key = NULL;
    BIGNUM *s = NULL;
    BIGNUM *e = BN_new();
    bool valid = open_field(libctx, &field) && point.length == 2 * LENGTH + 1 &&
                 signature.length == TSB_SCHNORR_LENGTH;

    if (valid) {
        parts[0] = ska_span(signature.data, LENGTH);
        parts[1] = ska_span(point.data + 1, LENGTH);
        parts[2] = message;
        key = lift_x(&field, point.data + 1);
        s = BN_bin2bn(signature.data + LENGTH, LENGTH, NULL);
        valid = key != NULL && s != NULL && e != NULL &&
                hash_to_scalar(&field, "BIP0340/challenge", parts, 3, e) &&
                check_equation(&field, key, s, e, signature.data);
    }
    BN_free(s);
    BN_free(e);
    EC_POINT_free(key);
    close_field(&field);
    return valid;
}
