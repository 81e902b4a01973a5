/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request goes to the HSM with its approvals, and what comes of it is said: of a file, or of an
 * approvals directory.
 */
#ifndef SKA_TOOLS_EXECUTION_H
#define SKA_TOOLS_EXECUTION_H

#include "provider/request/request.h"
#include "provider/sign/ballot.h"
#include "tools/output.h"

struct execution {
    struct backend_key *key;
    struct ska_request *request;
    /* Who has rejected it: named when it fails, as who is not missing. Owned. */
    struct ska_approval *refusals;
    size_t refusal_count;
    const struct output *output; /* of a signature */
};

/* Takes the rejections that a ballot has counted. */
void execution_take_refusals(struct execution *execution, struct ska_ballot *ballot);
void execution_clear(struct execution *execution); /* what it owns */

/*
 * Signs, or blocks, unblocks or modifies the key, with a line that says so. Approvals that do not
 * count are left out and named.
 */
bool execution_run(struct tool *tool, const struct execution *execution) SKA_MUST_CHECK;

/* The line that says that a key was blocked, unblocked or modified. */
bool execution_say_change(struct tool *tool, const struct backend_key *key,
                          const struct ska_request *request) SKA_MUST_CHECK;

#endif
