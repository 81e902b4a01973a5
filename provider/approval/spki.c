/* SPDX-License-Identifier: Apache-2.0 */
#include "spki.h"

#include <openssl/err.h>
#include <openssl/objects.h>

#include "der.h"

/*
 * NULL for RSA, none for EdDSA: one key must not come in two codings and pass for two approvers. A
 * named curve for EC: own parameters could make a key that anyone can use; and the point
 * uncompressed, as everybody writes it.
 */
#define UNCOMPRESSED_POINT 0x04
static bool coding_fits(const SKA_ALGORITHM_BITS *key, enum ska_spki_algorithm which)
{
    static const int types[] = {
        [SKA_SPKI_RSA] = V_ASN1_NULL,    [SKA_SPKI_DSA] = V_ASN1_SEQUENCE,
        [SKA_SPKI_EC] = V_ASN1_OBJECT,   [SKA_SPKI_ED25519] = V_ASN1_UNDEF,
        [SKA_SPKI_ED448] = V_ASN1_UNDEF,
    };
    int type = V_ASN1_UNDEF;

    X509_ALGOR_get0(NULL, &type, NULL, key->algorithm);
    if (type != types[which])
        return false;
    return which != SKA_SPKI_EC || ASN1_STRING_get0_data(key->bits)[0] == UNCOMPRESSED_POINT;
}

/*
 * Objects are compared, not looked up: looking up an unknown one makes libcrypto load its
 * configuration first.
 */
static bool recognize(const SKA_ALGORITHM_BITS *key, enum ska_spki_algorithm *which)
{
    static const int nids[] = {
        [SKA_SPKI_RSA] = NID_rsaEncryption,
        [SKA_SPKI_DSA] = NID_dsa,
        [SKA_SPKI_EC] = NID_X9_62_id_ecPublicKey,
        [SKA_SPKI_ED25519] = NID_ED25519,
        [SKA_SPKI_ED448] = NID_ED448,
    };
    const ASN1_OBJECT *object = NULL;

    X509_ALGOR_get0(&object, NULL, NULL, key->algorithm);
    for (size_t i = 0; i < sizeof(nids) / sizeof(nids[0]); i++) {
        if (OBJ_cmp(object, OBJ_nid2obj(nids[i])) == 0) {
            *which = (enum ska_spki_algorithm)i;
            return coding_fits(key, *which);
        }
    }
    return false;
}

bool ska_spki_algorithm(struct ska_span spki, enum ska_spki_algorithm *algorithm)
{
    SKA_ALGORITHM_BITS *decoded = NULL;
    bool fits = false;

    ERR_set_mark();
    decoded = ska_der_decode(spki);
    fits = decoded != NULL && recognize(decoded, algorithm);
    ska_der_free(decoded);
    ERR_pop_to_mark();
    return fits;
}

bool ska_spki_of_certificate(struct ska_span certificate, struct ska_bytes *spki)
{
    bool done = false;

    ERR_set_mark();
    done = ska_der_certificate_key(certificate, spki);
    ERR_pop_to_mark();
    return done;
}
