/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/ska_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/hsm/key.h"
#include "provider/hsm/module.h"

bool hsm_must_be_ska(const struct hsm_key *key, const struct ska_errors *errors)
{
    return (key->ska || ska_fail(errors, SKA_R_INTERNAL, "key \"%s\" is no SKA key",
                                 hsm_show(hsm_key_label(key)).text)) &&
           hsm_module_supports_ska(key->token->module, errors);
}

bool hsm_must_have(const struct hsm_module *module, bool there, const char *call,
                   const struct ska_errors *errors)
{
    return there || ska_fail(errors, SKA_R_MODULE_UNAVAILABLE,
                             "%s has no %s: use a module that has it", module->path, call);
}

CK_ULONG hsm_operation_number(enum ska_operation operation)
{
    switch (operation) {
    case SKA_OPERATION_SIGN:
        return CK_SKA_SIGN;
    case SKA_OPERATION_BLOCK:
        return CK_SKA_BLOCK;
    case SKA_OPERATION_UNBLOCK:
        return CK_SKA_UNBLOCK;
    case SKA_OPERATION_MODIFY:
        return CK_SKA_MODIFY;
    }
    return CK_SKA_SIGN;
}

/* Filled by order, as in policy.c. */
bool hsm_approvals_make(struct hsm_approval_list *to, const struct hsm_approval *from, size_t count,
                        const struct ska_errors *errors)
{
    to->count = (CK_ULONG)count;
    to->list = calloc(count + 1, sizeof(*to->list));
    if (to->list == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu approvals", count);
    for (size_t i = 0; i < count; i++) {
        CK_SKA_APPROVAL approval = {
            from[i].certificate ? CKAP_CERTIFICATE : CKAP_SIGNATURE,
            hsm_writable(from[i].signature.data), (CK_ULONG)from[i].signature.length,
            hsm_writable(from[i].signer.data), (CK_ULONG)from[i].signer.length};

        to->list[i] = approval;
    }
    return true;
}

void hsm_approvals_free(struct hsm_approval_list *approvals)
{
    free(approvals->list);
    approvals->list = NULL;
    approvals->count = 0;
}

static const struct {
    CK_RV rv;
    const char *name;
} simulator_refusals[] = {
    {CKR_SKASIM_OBJECT_BLOCKED, "object blocked"},
    {CKR_SKASIM_TOKEN_NOT_FOUND, "token not found"},
    {CKR_SKASIM_PARAMETERS_INVALID, "parameters invalid"},
    {CKR_SKASIM_PAYLOAD_MISMATCH, "payload mismatch"},
};

/*
 * The vendor's numbers for a "no" are not public, but they lie in the vendor's range; whatever
 * Cryptoki itself defines means that something went wrong.
 */
static bool is_refusal(const struct hsm_module *module, CK_RV rv, struct hsm_refusal *refusal)
{
    memset(refusal, 0, sizeof(*refusal));
    if ((rv & CKR_VENDOR_DEFINED) == 0)
        return false;
    snprintf(refusal->code, sizeof(refusal->code), "%s", hsm_rv_text(rv).text);
    if (!module->simulator)
        return true;
    for (size_t i = 0; i < sizeof(simulator_refusals) / sizeof(simulator_refusals[0]); i++)
        if (simulator_refusals[i].rv == rv)
            snprintf(refusal->code, sizeof(refusal->code), "%s", simulator_refusals[i].name);
    refusal->blocked = rv == CKR_SKASIM_OBJECT_BLOCKED;
    refusal->unsatisfied = rv == CKR_SKASIM_TOKEN_NOT_FOUND;
    return true;
}

enum hsm_answer hsm_judge(const struct hsm_key *key, const char *ska_call,
                          const struct hsm_key_work *work, CK_RV rv, struct hsm_refusal *refusal,
                          const struct ska_errors *errors)
{
    if (rv == CKR_OK)
        return HSM_DONE;
    /* Finding the key again, or opening a session, is no question that the rules answer. */
    if (strcmp(work->call, ska_call) == 0 && is_refusal(key->token->module, rv, refusal))
        return HSM_REFUSED;
    hsm_fail_rv(errors, work->call, key->token, rv);
    return HSM_FAILED;
}
