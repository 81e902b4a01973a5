/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a rule may be given to a key.
 */
#ifndef SKASIM_RULE_ACCEPTANCE_H
#define SKASIM_RULE_ACCEPTANCE_H

#include <stdbool.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/*
 * True for a serialized rule that is well formed, in which no quorum is above the number of
 * approvers, no group lists a key twice (in whatever form), and every approver's key can be read
 * and is of 112 bits of security at least. In SAM mode it must meet the demands of that too. One
 * line on standard error says what is wrong.
 */
bool sim_rule_acceptable(enum ska_rule_kind kind, struct ska_span rule);

#endif
