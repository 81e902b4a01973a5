/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/spki.h"

#include <string.h>

#include <openssl/objects.h>

#include "provider/base/der.h"

#define UNCOMPRESSED_POINT 0x04

/* The WAP forum's arc (2.23.43.1.4), whose curves are others' too: a key would have two codings. */
static bool is_second_name(struct ska_span curve)
{
    static const uint8_t arc[] = {0x67, 0x2B, 0x01, 0x04};

    return curve.length > sizeof(arc) && memcmp(curve.data, arc, sizeof(arc)) == 0;
}

/*
 * NULL for RSA, none for EdDSA: one key must not come in two codings and pass for two approvers. A
 * named curve for EC: own parameters could make a key that anyone can use; and the point
 * uncompressed, as everybody writes it.
 */
static bool coding_fits(const struct ska_algorithm_bits *key, enum ska_spki_algorithm which)
{
    static const uint8_t parameters[] = {
        [SKA_SPKI_RSA] = SKA_DER_NULL,     [SKA_SPKI_DSA] = SKA_DER_SEQUENCE,
        [SKA_SPKI_EC] = SKA_DER_OBJECT,    [SKA_SPKI_ED25519] = SKA_DER_ABSENT,
        [SKA_SPKI_ED448] = SKA_DER_ABSENT,
    };

    return key->parameters == parameters[which] &&
           (which != SKA_SPKI_EC ||
            (key->bits.data[0] == UNCOMPRESSED_POINT && !is_second_name(key->value)));
}

static bool recognize(const struct ska_algorithm_bits *key, enum ska_spki_algorithm *which)
{
    static const int nids[] = {
        [SKA_SPKI_RSA] = NID_rsaEncryption,
        [SKA_SPKI_DSA] = NID_dsa,
        [SKA_SPKI_EC] = NID_X9_62_id_ecPublicKey,
        [SKA_SPKI_ED25519] = NID_ED25519,
        [SKA_SPKI_ED448] = NID_ED448,
    };
    size_t index = 0;

    if (!ska_algorithm_bits_find(key, nids, sizeof(nids) / sizeof(nids[0]), &index))
        return false;
    *which = (enum ska_spki_algorithm)index;
    return coding_fits(key, *which);
}

bool ska_spki_algorithm(struct ska_span spki, enum ska_spki_algorithm *algorithm)
{
    struct ska_algorithm_bits key;

    return ska_algorithm_bits_read(spki, &key) && recognize(&key, algorithm);
}

bool ska_spki_type_of_algorithm(struct ska_span object, enum ska_key_type *type)
{
    static const int nids[] = {
        [SKA_KEY_RSA] = NID_rsaEncryption,
        [SKA_KEY_RSA_PSS] = NID_rsassaPss,
        [SKA_KEY_EC] = NID_X9_62_id_ecPublicKey,
        [SKA_KEY_ED25519] = NID_ED25519,
        [SKA_KEY_ED448] = NID_ED448,
    };

    for (size_t i = 0; i < sizeof(nids) / sizeof(nids[0]); i++)
        if (ska_der_object_is(object, nids[i])) {
            *type = (enum ska_key_type)i;
            return true;
        }
    return false;
}

bool ska_spki_key_type(struct ska_span spki, enum ska_key_type *type)
{
    struct ska_algorithm_bits key;

    return ska_algorithm_bits_read(spki, &key) && ska_spki_type_of_algorithm(key.algorithm, type);
}
