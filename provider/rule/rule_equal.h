/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_RULE_RULE_EQUAL_H
#define SKA_RULE_RULE_EQUAL_H

#include "provider/rule/rule.h"

/*
 * Whether two rules ask for the same, in the same order. Names count where both have one: who keeps
 * rules for others may fill in those of certificates. Where one has an approver by name only
 * (SKA_APPROVER_ONBOARDED), the other may have a certificate that was issued to this name, whatever
 * it is listed under.
 */
bool ska_rule_equal(const struct ska_rule *one, const struct ska_rule *other);

#endif
