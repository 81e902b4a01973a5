/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a rule may be given to a key.
 */
#ifndef SKASIM_RULE_ACCEPTANCE_H
#define SKASIM_RULE_ACCEPTANCE_H

#include <stdbool.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"

/*
 * True for a serialized rule that is well formed, in which each token has groups, no quorum is
 * above the number of approvers, no group lists a key twice (in whatever form), and every
 * approver's key can be read and is of 112 bits of security at least. In SAM mode it must meet the
 * demands of that too. One line on standard error says what is wrong.
 */
bool sim_rule_acceptable(enum ska_rule_kind kind, struct ska_span rule);

/* ---- sam.c ------------------------------------------------------------------------------ */

/*
 * SAM mode: what rules may look like when a signature activation module enforces them. A
 * simulation: it is strict where the public material says nothing, and it is certified by nobody.
 *
 * True when the rule, which is well formed and acceptable otherwise, meets the demands of SAM mode:
 *
 *   - every approver is a certificate, that chains to one of the configured CAs, is valid now, is
 *     no CA, may be used for signatures, and has an RSA key of 2048 bits or an EC key of 256 at
 *     least or an Edwards key; no signature in the chain is weaker than SHA-2
 *   - a use rule cannot be satisfied without an approval
 *
 * One line on standard error names what does not.
 */
bool sim_sam_accepts(enum ska_rule_kind kind, const struct ska_rule *rule);

/* Whether the file of CAs can be read and has any; a line on standard error says what is wrong. */
bool sim_sam_ca_readable(const char *path);

/* ---- rule_refusal.c --------------------------------------------------------------------- */

/*
 * Why a rule is not taken, in a line on standard error: the answer of the call is a number, which
 * tells nobody whose key it was. "SKA simulator: SAM mode refuses approver /CN=Mallory: its
 * certificate has expired", "SKA simulator: refuses a rule: ...".
 */
void sim_report_approver(const char *who, const struct ska_approver *approver, const char *reason);
void sim_report_rule(const char *who, const char *reason);

#endif
