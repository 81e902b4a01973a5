/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as the vendor's library takes them.
 */
#ifndef SKA_HSM_RULE_SERIALIZE_H
#define SKA_HSM_RULE_SERIALIZE_H

#include "provider/rule/rule.h"

struct hsm_key;
struct hsm_module;

/* The value of a CKA_SKA_*_ACCESS_BLOB, made by the module's C_SerializePolicy. */
bool hsm_rule_serialize(const struct hsm_module *module, const struct ska_rule *rule,
                        struct ska_bytes *serialized,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The payload of a modification (C_CreateModifyPayload); a rule that is NULL stays as it is, but
 * not all are. The key only says which module encodes it.
 */
bool hsm_modify_payload(struct hsm_key *key, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        struct ska_bytes *payload, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
