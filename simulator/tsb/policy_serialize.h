/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules in the vendor's structures, for the HSM's own encoder.
 */
#ifndef SKATSB_POLICY_SERIALIZE_H
#define SKATSB_POLICY_SERIALIZE_H

#include "provider/rule/rule.h"
#include "simulator/tsb/device.h"

CK_RV tsb_policy_serialize(const struct tsb_vendor_calls *calls, const struct ska_rule *rule,
                           struct ska_bytes *serialized);

/* The payload of a modification that gives all four rules. */
CK_RV tsb_modify_serialize(const struct tsb_vendor_calls *calls, const struct ska_rule *rules,
                           struct ska_bytes *payload);

#endif
