/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request goes to the HSM with its approvals, and what comes of it is said: of a file, or of an
 * approvals directory.
 */
#ifndef SKA_TOOLS_EXECUTION_H
#define SKA_TOOLS_EXECUTION_H

#include "provider/request/request.h"
#include "tools/output.h"

/*
 * Signs, with the signature to `output`, or blocks, unblocks or modifies the key, with a line that
 * says so (output is NULL then). Approvals that do not count are left out and named.
 */
bool execution_run(struct tool *tool, struct backend_key *key, struct ska_request *request,
                   const struct output *output) SKA_MUST_CHECK;

/* The line that says that a key was blocked, unblocked or modified. */
bool execution_say_change(struct tool *tool, const struct backend_key *key,
                          const struct ska_request *request) SKA_MUST_CHECK;

#endif
