/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the approvals for an operation satisfy the key's rule. The one place where that is
 * decided.
 */
#ifndef SKASIM_ENFORCE_H
#define SKASIM_ENFORCE_H

#include <pkcs11.h>

#include "provider/request/approval_token.h"
#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "simulator/object_kind.h"

/* Token and approvals are copies, see caller_memory.h. */
struct sim_request {
    CK_SESSION_HANDLE session;
    enum ska_operation operation;
    const struct sim_object *key;
    struct ska_span token;
    const CK_SKA_APPROVAL *approvals;
    CK_ULONG approval_count;
};

/*
 * CKR_OK when the operation may be done; `token` is decoded then, its spans point into the
 * request's.
 *
 *   CKR_SKASIM_PARAMETERS_INVALID  the token is malformed, for another operation or another key;
 *                                  its timestamp is not valid; an approval is malformed or its
 *                                  signature is invalid, though others would do
 *   CKR_SKASIM_OBJECT_BLOCKED      the key is blocked, and this would use it
 *   CKR_SKASIM_TOKEN_NOT_FOUND     no alternative of the rule is satisfied, now
 */
CK_RV sim_enforce(const struct sim_request *request, struct ska_approval_token *token);

#endif
