/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/ska_change.h"

#include <string.h>

#include "provider/hsm/isolation.h"
#include "provider/hsm/ska_call.h"

/* The three calls have one shape. */
typedef __typeof__(&C_SKABlock) change_call;

struct change_work {
    struct hsm_key_work work;
    const char *name;
    change_call call;
    struct ska_span token;
    struct hsm_approval_list approvals;
    struct hsm_key *key;
};

/* The HSM may have given the key another handle. What is no handle is looked for at the next use.
 */
static void take_new_handle(struct hsm_key *key, const struct hsm_lease *lease,
                            CK_OBJECT_HANDLE handle)
{
    hsm_lock();
    key->handle = handle;
    key->generation = handle != CK_INVALID_HANDLE ? lease->generation : 0;
    hsm_unlock();
}

/* In a session for writing: the key is an object of the token. */
static CK_RV change_once(struct hsm_key_work *work, const struct hsm_lease *lease,
                         CK_OBJECT_HANDLE key)
{
    struct change_work *change = (struct change_work *)work;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE handle = key;
    CK_SLOT_ID slot = 0;
    CK_RV rv = CKR_OK;

    hsm_lock();
    slot = lease->token->slot;
    hsm_unlock();
    work->call = "C_OpenSession";
    rv = hsm_session_open(lease->token, slot, CKF_RW_SESSION, &session);
    if (rv != CKR_OK)
        return rv;
    work->call = change->name;
    rv = HSM_CALL(change->call(session, &handle, hsm_writable(change->token.data),
                               (CK_ULONG)change->token.length, change->approvals.list,
                               change->approvals.count));
    (void)HSM_CALL(lease->calls->C_CloseSession(session));
    if (rv == CKR_OK && handle != key)
        take_new_handle(change->key, lease, handle);
    return rv;
}

static bool choose_change_call(const struct hsm_module *module, enum ska_operation operation,
                               struct change_work *change, const struct ska_errors *errors)
{
    switch (operation) {
    case SKA_OPERATION_BLOCK:
        change->name = "C_SKABlock";
        change->call = module->ska.block;
        break;
    case SKA_OPERATION_UNBLOCK:
        change->name = "C_SKAUnblock";
        change->call = module->ska.unblock;
        break;
    case SKA_OPERATION_MODIFY:
        change->name = "C_SKAModify";
        change->call = module->ska.modify;
        break;
    case SKA_OPERATION_SIGN:
        return ska_fail(errors, SKA_R_INTERNAL, "signing changes no key");
    }
    return hsm_must_have(module, change->call != NULL, change->name, errors);
}

enum hsm_answer hsm_ska_change(struct hsm_key *key, enum ska_operation operation,
                               struct ska_span token, const struct hsm_approval *approvals,
                               size_t approval_count, struct hsm_refusal *refusal,
                               const struct ska_errors *errors)
{
    struct change_work change = {
        .work = {"C_OpenSession", true, change_once}, .token = token, .key = key};
    enum hsm_answer answer = HSM_FAILED;
    CK_RV rv = CKR_OK;

    memset(refusal, 0, sizeof(*refusal));
    if (!hsm_must_be_ska(key, errors) ||
        !choose_change_call(key->token->module, operation, &change, errors) ||
        !hsm_approvals_make(&change.approvals, approvals, approval_count, errors))
        return HSM_FAILED;
    if (hsm_key_work(key, &change.work, &rv, errors))
        answer = hsm_judge(key, change.name, &change.work, rv, refusal, errors);
    hsm_approvals_free(&change.approvals);
    return answer;
}
