/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a rule may be given to a key.
 */
#ifndef SKASIM_RULES_H
#define SKASIM_RULES_H

#include <stdbool.h>

#include "provider/base/bytes.h"

/*
 * True for a serialized rule that is well formed, in which no quorum is above the number of
 * approvers, no group lists a key twice (in whatever form), and every approver's key can be read
 * and is of 112 bits of security at least.
 */
bool sim_rule_acceptable(struct ska_span rule);

#endif
