/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool request --dir: into an approvals directory, as a request by who can log in to the HSM, or
 * as an order by anybody who may write there.
 */
#ifndef SKA_TOOLS_COMMAND_REQUEST_DIRECTORY_H
#define SKA_TOOLS_COMMAND_REQUEST_DIRECTORY_H

#include "provider/sign/job.h"
#include "tools/policy_file.h"
#include "tools/tool.h"

/*
 * Whether this user has a login to the HSM without being asked for a PIN, and signs by way of this
 * directory: then it makes the request itself.
 */
bool request_can_be_made(struct tool *tool, const char *uri, const char *directory,
                         bool *can) SKA_MUST_CHECK;

/*
 * Says that to block, unblock or modify the key can be ordered, where this user has no login and
 * came without --dir.
 */
void request_note_order(const struct tool *tool, const char *uri, enum ska_operation operation);

/* Makes it stand there, and prints its id. */
bool request_put(struct tool *tool, const struct ska_job *job,
                 const char *directory) SKA_MUST_CHECK;

/* `policy` is NULL unless the key is to be modified; `description` may be NULL. */
struct request_order {
    const char *uri;
    enum ska_operation operation;
    struct ska_policy *policy; /* the order takes it over, it is emptied */
    const char *description;
};
bool request_put_order(struct tool *tool, const struct request_order *wanted,
                       const char *directory) SKA_MUST_CHECK;

#endif
