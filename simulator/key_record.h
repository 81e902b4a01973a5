/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulator stores for an SKA key or a timestamp key, as plain data and as bytes.
 */
#ifndef SKASIM_KEY_RECORD_H
#define SKASIM_KEY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

struct sim_record {
    uint32_t version; /* counts the changes; the highest is in force */
    bool blocked;
    bool sensitive_public_key;
    bool sam_approved;
    bool has_currency;
    uint64_t currency;
    struct ska_bytes rules[SKA_RULE_COUNT]; /* serialized; none in a timestamp key's record */
    struct ska_bytes subject;               /* CKA_SUBJECT as the application gave it */
    struct ska_bytes mechanisms;            /* CKA_ALLOWED_MECHANISMS, an array of CK_ULONG */
    struct ska_bytes public_key;            /* of a timestamp key: SubjectPublicKeyInfo */
};

/* False when memory runs out or a value is longer than 65535 bytes. */
bool sim_record_encode(const struct sim_record *record, struct ska_bytes *encoded);

/*
 * Strict, and with a digest at the end, so that a record that was not written completely is none.
 * On failure the record is left empty; else free with sim_record_clear().
 */
bool sim_record_decode(struct ska_span encoded, struct sim_record *record);
void sim_record_clear(struct sim_record *record);
/* On failure, when memory runs out, the copy is left empty. */
bool sim_record_copy(const struct sim_record *from, struct sim_record *to);

/* Whether all four rules are there. */
bool sim_record_has_rules(const struct sim_record *record);

/* Whether the mechanism is among those that CKA_ALLOWED_MECHANISMS names, or it names none. */
bool sim_record_allows(const struct sim_record *record, CK_MECHANISM_TYPE mechanism);

#endif
