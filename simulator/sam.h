/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAM mode: what rules may look like when a signature activation module enforces them. A
 * simulation: it is strict where the public material says nothing, and it is certified by nobody.
 */
#ifndef SKASIM_SAM_H
#define SKASIM_SAM_H

#include <stdbool.h>

#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"

/*
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

#endif
