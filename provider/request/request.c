/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/request.h"

#include <stdlib.h>

const char *const ska_operation_names[SKA_OPERATION_MODIFY + 1] = {
    [SKA_OPERATION_SIGN] = "SIGN",
    [SKA_OPERATION_BLOCK] = "BLOCK",
    [SKA_OPERATION_UNBLOCK] = "UNBLOCK",
    [SKA_OPERATION_MODIFY] = "MODIFY",
};

void ska_request_free(struct ska_request *request)
{
    if (request == NULL)
        return;
    free(request->token_label);
    free(request->key_label);
    ska_bytes_free(&request->key_id);
    ska_bytes_free(&request->public_key);
    ska_bytes_free(&request->payload);
    ska_bytes_free(&request->digest_value);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&request->rules[i]);
    ska_bytes_free(&request->timestamp_key);
    free(request->requester_host);
    free(request->requester_program);
    free(request->description);
    free(request->created);
    free(request->not_before);
    free(request->not_after);
    ska_bytes_free(&request->approval_token);
    ska_approvals_free(request->approvals, request->approval_count);
    ska_bytes_free(&request->signature);
    free(request->executed);
    free(request);
}

bool ska_request_add_approval(struct ska_request *request, struct ska_approval *approval,
                              const struct ska_errors *errors)
{
    return ska_approvals_append(&request->approvals, &request->approval_count, approval, errors);
}
