/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key is blocked: nobody is asked any more to sign with it.
 */
#ifndef SKA_TOOLS_COMMAND_EXECUTE_CLOSE_H
#define SKA_TOOLS_COMMAND_EXECUTE_CLOSE_H

#include "tools/command/execute_run.h"

/* Closes the open requests to sign in the directory, for the key of a request to block. */
bool execute_close_signatures(struct execute_run *run,
                              const struct ska_request *blocked) SKA_MUST_CHECK;

/* The same in the configured directory, if there is one and this user signs by way of it. */
bool execute_close_configured(struct tool *tool, const struct ska_request *blocked) SKA_MUST_CHECK;

#endif
