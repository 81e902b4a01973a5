/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/derivation.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#define HARDENED 0x80000000U
#define SEED_LEAST 16
#define SEED_MOST 64
#define POINT_LENGTH 33
#define DEPTH_MOST 32

/* ---- Numbers --------------------------------------------------------------------------------- */

static bool hmac_sha512(OSSL_LIB_CTX *libctx, struct ska_span key, struct ska_span data,
                        uint8_t hash[2 * TSB_NODE_LENGTH])
{
    size_t length = 0;

    return EVP_Q_mac(libctx, "HMAC", NULL, "SHA512", NULL, key.data, key.length, data.data,
                     data.length, hash, (size_t)2 * TSB_NODE_LENGTH, &length) != NULL;
}

/* key = (key + other) mod n; false: no private key. `key` NULL: other alone. */
static bool add_scalars(const EC_GROUP *group, const uint8_t *other, const uint8_t *key,
                        uint8_t sum[TSB_NODE_LENGTH])
{
    const BIGNUM *order = EC_GROUP_get0_order(group);
    BN_CTX *context = BN_CTX_new();
    BIGNUM *a = BN_bin2bn(other, TSB_NODE_LENGTH, NULL);
    BIGNUM *b = key == NULL ? BN_new() : BN_bin2bn(key, TSB_NODE_LENGTH, NULL);
    bool done = context != NULL && a != NULL && b != NULL && BN_cmp(a, order) < 0 &&
                BN_mod_add(a, a, b, order, context) == 1 && !BN_is_zero(a) &&
                BN_bn2binpad(a, sum, TSB_NODE_LENGTH) == TSB_NODE_LENGTH;

    BN_clear_free(a);
    BN_clear_free(b);
    BN_CTX_free(context);
    return done;
}

/* The point of a private key; compressed, or not. */
static size_t point_of(const EC_GROUP *group, const uint8_t key[TSB_NODE_LENGTH],
                       point_conversion_form_t form, uint8_t *room, size_t length)
{
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *scalar = BN_bin2bn(key, TSB_NODE_LENGTH, NULL);
    size_t written = 0;

    if (point != NULL && scalar != NULL &&
        EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) == 1)
        written = EC_POINT_point2oct(group, point, form, room, length, NULL);
    BN_clear_free(scalar);
    EC_POINT_free(point);
    return written;
}

/* ---- Seeds ----------------------------------------------------------------------------------- */

static const char *seed_name(int curve)
{
    if (curve == NID_secp256k1)
        return "Bitcoin seed";
    if (curve == NID_X9_62_prime256v1)
        return "Nist256p1 seed";
    return curve == NID_ED25519 ? "ed25519 seed" : NULL;
}

static EC_GROUP *group_of(OSSL_LIB_CTX *libctx, int curve)
{
    return curve == NID_ED25519 ? NULL : EC_GROUP_new_by_curve_name_ex(libctx, NULL, curve);
}

bool tsb_node_from_seed(OSSL_LIB_CTX *libctx, int curve, struct ska_span seed,
                        struct tsb_node *node)
{
    const char *name = seed_name(curve);
    EC_GROUP *group = NULL;
    uint8_t hash[2 * TSB_NODE_LENGTH];
    bool done = false;

    if (name == NULL || seed.length < SEED_LEAST || seed.length > SEED_MOST)
        return false;
    group = group_of(libctx, curve);
    node->curve = curve;
    /* What is no private key is hashed again, which hardly happens. */
    for (int i = 0; !done && i < 4; i++) {
        if (!hmac_sha512(libctx, ska_span_text(name), seed, hash))
            break;
        memcpy(node->key, hash, TSB_NODE_LENGTH);
        memcpy(node->chain, hash + TSB_NODE_LENGTH, TSB_NODE_LENGTH);
        done = curve == NID_ED25519 || (group != NULL && add_scalars(group, hash, NULL, node->key));
        seed = ska_span(hash, sizeof(hash));
    }
    OPENSSL_cleanse(hash, sizeof(hash));
    EC_GROUP_free(group);
    return done;
}

/* ---- Children -------------------------------------------------------------------------------- */

/* What is hashed for a child: the private key, or the point. */
static bool start_child(const struct tsb_node *node, const EC_GROUP *group, uint32_t index,
                        uint8_t data[POINT_LENGTH])
{
    if ((index & HARDENED) == 0)
        return group != NULL && point_of(group, node->key, POINT_CONVERSION_COMPRESSED, data,
                                         POINT_LENGTH) == POINT_LENGTH;
    data[0] = 0;
    memcpy(data + 1, node->key, TSB_NODE_LENGTH);
    return true;
}

static bool derive_child(OSSL_LIB_CTX *libctx, const EC_GROUP *group, uint32_t index,
                         struct tsb_node *node)
{
    uint8_t data[POINT_LENGTH + 4];
    uint8_t hash[2 * TSB_NODE_LENGTH];
    bool done = false;

    if (!start_child(node, group, index, data))
        return false;
    for (int i = 0; i < 4; i++)
        data[POINT_LENGTH + i] = (uint8_t)(index >> (24 - 8 * i));
    for (int i = 0; !done && i < 4; i++) {
        if (!hmac_sha512(libctx, ska_span(node->chain, TSB_NODE_LENGTH),
                         ska_span(data, sizeof(data)), hash))
            break;
        done = group == NULL || add_scalars(group, hash, node->key, node->key);
        data[0] = 1; /* of what is no private key, and hashed again */
        memcpy(data + 1, hash + TSB_NODE_LENGTH, TSB_NODE_LENGTH);
    }
    if (done && group == NULL)
        memcpy(node->key, hash, TSB_NODE_LENGTH);
    if (done)
        memcpy(node->chain, hash + TSB_NODE_LENGTH, TSB_NODE_LENGTH);
    OPENSSL_cleanse(data, sizeof(data));
    OPENSSL_cleanse(hash, sizeof(hash));
    return done;
}

/* One step of a path, and where the next begins; NULL: there is no more. */
static bool read_step(const char **path, uint32_t *index)
{
    size_t length = strcspn(*path, "/");
    char digits[16] = "";
    uint64_t number = 0;
    bool hardened = length > 0 && (*path)[length - 1] == '\'';
    size_t count = hardened ? length - 1 : length;

    if (count == 0 || count >= sizeof(digits))
        return false;
    memcpy(digits, *path, count);
    if (!ska_decimal_decode(digits, HARDENED - 1, &number))
        return false;
    *index = (uint32_t)number | (hardened ? HARDENED : 0);
    *path = (*path)[length] == '/' ? *path + length + 1 : NULL;
    return true;
}

bool tsb_node_derive(OSSL_LIB_CTX *libctx, const char *path, struct tsb_node *node)
{
    EC_GROUP *group = group_of(libctx, node->curve);
    bool done = group != NULL || node->curve == NID_ED25519;

    for (int depth = 0; done && path != NULL; depth++) {
        uint32_t index = 0;

        done = depth < DEPTH_MOST && read_step(&path, &index) &&
               derive_child(libctx, group, index, node);
    }
    EC_GROUP_free(group);
    return done;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static EVP_PKEY *make_ec_key(OSSL_LIB_CTX *libctx, const struct tsb_node *node)
{
    uint8_t point[2 * POINT_LENGTH];
    EC_GROUP *group = group_of(libctx, node->curve);
    size_t length = group == NULL ? 0
                                  : point_of(group, node->key, POINT_CONVERSION_UNCOMPRESSED, point,
                                             sizeof(point));
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *scalar = BN_bin2bn(node->key, TSB_NODE_LENGTH, NULL);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(libctx, "EC", NULL);
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key = NULL;

    if (length > 0 && builder != NULL && scalar != NULL && context != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                        OBJ_nid2sn(node->curve), 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, length) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1)
        parameters = OSSL_PARAM_BLD_to_param(builder);
    if (parameters == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) != 1)
        key = NULL;
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_clear_free(scalar);
    EC_GROUP_free(group);
    return key;
}

EVP_PKEY *tsb_node_key(OSSL_LIB_CTX *libctx, const struct tsb_node *node)
{
    return node->curve == NID_ED25519 ? EVP_PKEY_new_raw_private_key_ex(libctx, "ED25519", NULL,
                                                                        node->key, TSB_NODE_LENGTH)
                                      : make_ec_key(libctx, node);
}
