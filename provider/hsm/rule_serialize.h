/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as the HSM takes them, made by the module.
 */
#ifndef SKA_HSM_RULE_SERIALIZE_H
#define SKA_HSM_RULE_SERIALIZE_H

#include "provider/base/bytes.h"
#include "provider/rule/rule.h"

struct hsm_module;

/* The value of a CKA_SKA_*_ACCESS_BLOB, made by the module's C_SerializePolicy. */
bool hsm_rule_serialize(const struct hsm_module *module, const struct ska_rule *rule,
                        struct ska_bytes *serialized,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
