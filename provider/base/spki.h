/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SubjectPublicKeyInfo as bytes: they identify a key, and one key must not have two forms. Nothing
 * here looks inside a key, which takes far longer than comparing bytes (evp_key.h does). False,
 * without an error raised: other bytes, or a key of another algorithm.
 */
#ifndef SKA_BASE_SPKI_H
#define SKA_BASE_SPKI_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/* Algorithms whose signatures can be approvals. */
enum ska_spki_algorithm {
    SKA_SPKI_RSA,
    SKA_SPKI_DSA,
    SKA_SPKI_EC,
    SKA_SPKI_ED25519,
    SKA_SPKI_ED448
};

/*
 * The algorithm of an approver's key in DER; parameters must be the algorithm's (a named curve for
 * EC), a point uncompressed.
 */
bool ska_spki_algorithm(struct ska_span spki, enum ska_spki_algorithm *algorithm) SKA_MUST_CHECK;

/* The type of a key of the algorithm in the content of this OBJECT IDENTIFIER. */
bool ska_spki_type_of_algorithm(struct ska_span object, enum ska_key_type *type) SKA_MUST_CHECK;

/* The type of a key that can be an SKA key; parameters are not looked at. */
bool ska_spki_key_type(struct ska_span spki, enum ska_key_type *type) SKA_MUST_CHECK;

#endif
