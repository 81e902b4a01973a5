/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit status of skatool: 0 done, 1 wrong use or configuration, 2 refused, 3 HSM or system
 * failure, 4 invalid input data. Of several failures the highest counts.
 */
#ifndef SKA_TOOLS_EXIT_STATUS_H
#define SKA_TOOLS_EXIT_STATUS_H

#include "ska/provider.h"

int exit_status(enum ska_reason reason);

/* After one more failure. */
void exit_status_add(int *status, enum ska_reason reason);

#endif
