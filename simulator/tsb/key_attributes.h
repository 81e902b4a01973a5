/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key is, as the HSM says it: the attributes in JSON, and the same as an attestation in XML
 * with a signature.
 */
#ifndef SKATSB_KEY_ATTRIBUTES_H
#define SKATSB_KEY_ATTRIBUTES_H

#include "simulator/tsb/exchange.h"

struct tsb_key_attributes {
    cJSON *json;
    struct ska_bytes xml;
    struct ska_bytes signature; /* RSA PKCS#1 v1.5 with SHA-256, of TSB_ATTESTATION_KEY */
};

/* Refused: no such key, or one of the broker's own. */
bool tsb_key_attributes_read(struct tsb_exchange *exchange, const char *label,
                             struct tsb_key_attributes *attributes) SKA_MUST_CHECK;
void tsb_key_attributes_clear(struct tsb_key_attributes *attributes);

#endif
