/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a rule is not taken, in a line on standard error: the answer of the call is a number, which
 * tells nobody whose key it was.
 */
#ifndef SKASIM_RULE_REFUSAL_H
#define SKASIM_RULE_REFUSAL_H

#include "provider/rule/rule.h"

/* "SKA simulator: SAM mode refuses approver /CN=Mallory: its certificate has expired" */
void sim_report_approver(const char *who, const struct ska_approver *approver, const char *reason);

/* "SKA simulator: refuses a rule: ..." */
void sim_report_rule(const char *who, const char *reason);

#endif
