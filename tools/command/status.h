/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skatool status has found out about a request, for its text and its JSON.
 */
#ifndef SKA_TOOLS_COMMAND_STATUS_H
#define SKA_TOOLS_COMMAND_STATUS_H

#include "tools/mailbox.h"
#include "tools/tally.h"
#include "tools/tool.h"

struct status {
    struct ska_request *request;
    struct ska_approval_token token; /* of the request, decoded */
    struct mailbox mailbox; /* with --dir; for a file the folder that it lies in (may be -1) */
    char *folder;
    bool in_directory;
    struct hsm_key *key; /* NULL: the HSM is not asked; then the rule is the requester's word */
    struct hsm_key_state state;
    struct ska_rule hsm_rule;    /* with a key */
    const struct ska_rule *rule; /* the one that is counted by */
    struct tally tally;
    uint64_t now;
    bool now_by_hsm; /* else by this machine */
};

/* Prints; false with errors raised. */
bool status_print_text(const struct status *status, const struct ska_errors *errors) SKA_MUST_CHECK;
bool status_print_json(const struct status *status, const struct ska_errors *errors) SKA_MUST_CHECK;

/* A limited alternative that is asked without a time is as good as closed. */
enum ska_window_state status_window_state(const struct status *status,
                                          const struct ska_alternative *alternative);
/* "at once" and "never" where there is no limit. */
void status_window_times(const struct status *status, const struct ska_alternative *alternative,
                         char opens[32], char closes[32]);
/*
 * Whether some alternative has its approvals and is open. `satisfied` (may be NULL): one that has
 * its approvals, the one that opens first if none is open yet.
 */
bool status_is_usable(const struct status *status, const struct ska_alternative **satisfied);

#endif
