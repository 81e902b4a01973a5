/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit status of skatool. Of several failures the highest counts.
 */
#ifndef SKA_TOOLS_EXIT_STATUS_H
#define SKA_TOOLS_EXIT_STATUS_H

#include "ska/provider.h"

int exit_status(enum ska_reason reason);

/* What each says, from 0 on, for --help; ended by NULL. */
extern const char *const exit_status_meanings[];

/* After one more failure. */
void exit_status_add(int *status, enum ska_reason reason);

#endif
