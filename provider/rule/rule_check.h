/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_RULE_RULE_CHECK_H
#define SKA_RULE_RULE_CHECK_H

#include "provider/rule/rule.h"

/* What is wrong with a rule that is about to be given to a key; `where` names it ("ruleUse"). */
bool ska_rule_check(const struct ska_rule *rule, const char *where,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
