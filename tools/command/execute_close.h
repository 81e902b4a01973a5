/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key was changed: nobody is asked any more for what is done, or to sign with a blocked key.
 */
#ifndef SKA_TOOLS_COMMAND_EXECUTE_CLOSE_H
#define SKA_TOOLS_COMMAND_EXECUTE_CLOSE_H

#include "tools/command/execute_run.h"

/*
 * Closes the open requests in the directory that a request to change a key, which was executed, has
 * settled: others for the same change of this key, and of a key that is blocked all to sign.
 */
bool execute_close_settled(struct execute_run *run, const struct ska_request *done) SKA_MUST_CHECK;

/* The same in the configured directory, if there is one and this user signs by way of it. */
bool execute_close_configured(struct tool *tool, const struct ska_request *changed) SKA_MUST_CHECK;

#endif
