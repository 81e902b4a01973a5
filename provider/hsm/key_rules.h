/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as the vendor's library takes them.
 */
#ifndef SKA_HSM_KEY_RULES_H
#define SKA_HSM_KEY_RULES_H

#include "provider/rule/rule.h"
#include "provider/hsm/state.h"

/* The value of a CKA_SKA_*_ACCESS_BLOB, made by the module's C_SerializePolicy. */
bool hsm_rule_serialize(const struct hsm_module *module, const struct ska_rule *rule,
                        struct ska_bytes *serialized,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
