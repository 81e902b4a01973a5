/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_RULE_RULE_CHECK_H
#define SKA_RULE_RULE_CHECK_H

#include "provider/rule/rule.h"

/*
 * What is wrong with a rule that is about to be given to a key, too long for that included; `where`
 * names it ("ruleUse").
 */
bool ska_rule_check(const struct ska_rule *rule, const char *where,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Whether new rules (NULL: one that stays), each of them checked, are short enough together to be
 * the payload of an approval token.
 */
bool ska_modification_check(const struct ska_rule *const rules[SKA_RULE_COUNT],
                            const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
