/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/ska_use.h"

#include "simulator/caller_memory.h"
#include "simulator/enforce.h"

CK_RV sim_use_decide(struct sim_use *use, const struct sim_object *key,
                     struct ska_approval_token *token)
{
    struct sim_request request = {use->session, SKA_OPERATION_SIGN, key, {NULL, 0}, NULL, 0};
    CK_RV rv =
        sim_copy_approved(&use->token, &use->token_len, &use->approvals, use->approval_count);

    request.token = ska_span(use->token, use->token_len);
    request.approvals = use->approvals;
    request.approval_count = use->approval_count;
    return rv == CKR_OK ? sim_enforce(&request, token) : rv;
}
