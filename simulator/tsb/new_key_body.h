/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bodies say of keys that are to be made, imported, derived or unwrapped.
 */
#ifndef SKATSB_NEW_KEY_BODY_H
#define SKATSB_NEW_KEY_BODY_H

#include "simulator/tsb/device_make.h"
#include "simulator/tsb/exchange.h"
#include "simulator/tsb/policy_body.h"

/* Starts as {0}. */
struct tsb_new_key {
    struct tsb_key_plan plan;
    bool master; /* that keys are derived from, by BIP-32 or SLIP-10 */
    struct tsb_policy policy;
    bool has_policy;
    struct ska_bytes parameters;
    struct ska_bytes password;
};

void tsb_new_key_clear(struct tsb_new_key *key);

/* label, and id. `derived`: it may have a path. */
bool tsb_new_key_label_read(struct tsb_answer *answer, const struct ska_json_place *place,
                            struct tsb_new_key *key) SKA_MUST_CHECK;
/* algorithm or algorithmOid; `curve` alone is enough for an EC key. */
bool tsb_new_key_algorithm_read(struct tsb_answer *answer, const struct ska_json_place *place,
                                struct tsb_new_key *key) SKA_MUST_CHECK;
/* curveOid or keySize, as the algorithm needs it. */
bool tsb_new_key_size_read(struct tsb_answer *answer, const struct ska_json_place *place,
                           enum ska_json_need need, struct tsb_new_key *key) SKA_MUST_CHECK;
/* attributes; those for which `need` is say what the key is for. */
bool tsb_new_key_flags_read(const struct ska_json_place *place, enum ska_json_need need,
                            struct tsb_new_key *key) SKA_MUST_CHECK;
/* policy. */
bool tsb_new_key_policy_read(struct tsb_exchange *exchange, const struct ska_json_place *place,
                             struct tsb_new_key *key) SKA_MUST_CHECK;
/* Whether there are such keys. */
bool tsb_new_key_check(struct tsb_answer *answer, struct tsb_new_key *key) SKA_MUST_CHECK;
/*
 * For keys that cannot have rules (`keys` names them): a policy that restricts nothing is as good
 * as none, and others are refused.
 */
bool tsb_new_key_drop_policy(struct tsb_answer *answer, const char *keys,
                             struct tsb_new_key *key) SKA_MUST_CHECK;

/* Whether the label is free; else it is refused. */
bool tsb_new_key_is_new(struct tsb_exchange *exchange,
                        const struct tsb_new_key *key) SKA_MUST_CHECK;

#endif
