/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a rule is not taken, in a line on standard error: the answer of the call is a number, which
 * tells nobody whose key it was.
 */
#ifndef SKASIM_COMPLAIN_H
#define SKASIM_COMPLAIN_H

#include "provider/rule/rule.h"

/* "SKA simulator: SAM mode refuses approver /CN=Mallory: its certificate has expired" */
void sim_complain_approver(const char *who, const struct ska_approver *approver, const char *fault);

/* "SKA simulator: refuses a rule: ..." */
void sim_complain_rule(const char *who, const char *fault);

#endif
