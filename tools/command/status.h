/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skatool status has found out about a request, for its text and its JSON.
 */
#ifndef SKA_TOOLS_COMMAND_STATUS_H
#define SKA_TOOLS_COMMAND_STATUS_H

#include "provider/backend/backend_key.h"
#include "tools/request_source.h"

struct status {
    struct request_source source;
    struct ska_request *request;
    struct backend_key *key; /* whose word the rule is; NULL: nobody was asked, the requester's */
    struct backend_key_state state;
    struct ska_rule rule_now; /* with a key */
    struct ska_ballot ballot;
};

/*
 * Adds an array of the names of those who have approved, or who refuse, and whose answer counts.
 * False: out of memory, not raised.
 */
bool status_add_names(cJSON *object, const char *member, const struct ska_ballot *ballot,
                      bool refusals) SKA_MUST_CHECK;

/* Prints; false with errors raised. */
bool status_print_text(const struct status *status, const struct ska_errors *errors) SKA_MUST_CHECK;
bool status_print_json(const struct status *status, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
