/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking, unblocking and modifying an SKA key. The lock is held from reading the rules that
 * decide to writing the new ones, so no two changes are decided by the same old rules.
 */
#include <pkcs11.h>

#include "provider/rule/rule_codec.h"
#include "simulator/call.h"
#include "simulator/caller_memory.h"
#include "simulator/change_lock.h"
#include "simulator/context.h"
#include "simulator/enforce.h"
#include "simulator/object_kind.h"
#include "simulator/record_store.h"
#include "simulator/rule_acceptance.h"
#include "simulator/session_table.h"
#include "simulator/vendor_call.h"
#include "ska/simulator.h"

/* The arguments of a call; token and approvals are copies by the time they are looked at. */
struct change {
    CK_SESSION_HANDLE session;
    enum ska_operation operation;
    const CK_OBJECT_HANDLE *key;
    CK_BYTE_PTR token;
    CK_ULONG token_len;
    CK_SKA_APPROVAL *approvals;
    CK_ULONG approval_count;
};

/* All new rules are good, or none is taken. */
static CK_RV check_rules(const struct ska_modify *modify)
{
    bool any = false;

    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        if (modify->rules[i].data == NULL)
            continue;
        any = true;
        if (!sim_rule_acceptable((enum ska_rule_kind)i, modify->rules[i]))
            return CKR_SKASIM_PARAMETERS_INVALID;
    }
    return any ? CKR_OK : CKR_SKASIM_PARAMETERS_INVALID;
}

static CK_RV modify_rules(struct sim_record *record, struct ska_span payload)
{
    struct ska_modify modify = {{{NULL, 0}}};
    CK_RV rv = CKR_SKASIM_PARAMETERS_INVALID;

    if (ska_modify_decode(payload, &modify, NULL))
        rv = check_rules(&modify);
    for (int i = 0; rv == CKR_OK && i < SKA_RULE_COUNT; i++) {
        if (modify.rules[i].data == NULL)
            continue;
        ska_bytes_free(&record->rules[i]);
        if (!ska_bytes_copy(&record->rules[i], modify.rules[i], NULL))
            rv = CKR_HOST_MEMORY;
    }
    /* Rules that SAM mode has not accepted are not approved by it. */
    record->sam_approved = record->sam_approved && sim_config()->sam;
    return rv;
}

static CK_RV apply_change(const struct change *change, struct sim_record *record,
                          const struct ska_approval_token *token)
{
    if (change->operation == SKA_OPERATION_MODIFY)
        return modify_rules(record, token->payload);
    record->blocked = change->operation == SKA_OPERATION_BLOCK;
    return CKR_OK;
}

/* With the lock held. */
static CK_RV decide_and_write(const struct change *change, struct sim_object *key)
{
    struct ska_approval_token token = {0};
    const struct sim_request request = {
        change->session,   change->operation,     key, ska_span(change->token, change->token_len),
        change->approvals, change->approval_count};
    CK_RV rv = sim_enforce(&request, &token);

    if (rv == CKR_OK)
        rv = apply_change(change, &key->record, &token);
    if (rv == CKR_OK)
        rv = sim_store_replace(change->session, key->id, &key->record);
    return rv;
}

/*
 * Looks at the key twice: at first for its id, then, with the lock held, for the rules in force.
 * The record is an object of the token, so the session must be able to write.
 */
static CK_RV make_change(const struct change *change, CK_OBJECT_HANDLE handle,
                         struct sim_object *key)
{
    CK_RV rv = sim_ska_key_open(change->session, handle, key);

    if (rv == CKR_OK)
        rv = sim_session_writable(change->session);
    if (rv == CKR_OK)
        rv = sim_lock();
    if (rv != CKR_OK)
        return rv;
    rv = sim_store_settle(change->session, key->id);
    sim_object_clear(key);
    if (rv == CKR_OK)
        rv = sim_ska_key_open(change->session, handle, key);
    if (rv == CKR_OK)
        rv = decide_and_write(change, key);
    sim_unlock();
    return rv;
}

static CK_RV perform_change(const char *name, struct change *change)
{
    struct sim_call call;
    struct sim_object key = {0};
    CK_RV rv = sim_enter_session(&call, name, &change->session);

    if (rv == CKR_OK && (change->key == NULL || change->token == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_copy_approved(&change->token, &change->token_len, &change->approvals,
                               change->approval_count);
    if (rv == CKR_OK)
        rv = make_change(change, *change->key, &key);
    sim_log_call(name, false, ska_span_of(&key.label), rv);
    sim_object_clear(&key);
    return sim_leave(&call, rv);
}

CK_RV C_SKABlock(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                 CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount)
{
    struct change change = {session,  SKA_OPERATION_BLOCK, key,          token,
                            tokenLen, approvals,           approvalCount};

    return perform_change(__func__, &change);
}

CK_RV C_SKAUnblock(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                   CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount)
{
    struct change change = {session,   SKA_OPERATION_UNBLOCK, key, token, tokenLen,
                            approvals, approvalCount};

    return perform_change(__func__, &change);
}

CK_RV C_SKAModify(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                  CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount)
{
    struct change change = {session,   SKA_OPERATION_MODIFY, key, token, tokenLen,
                            approvals, approvalCount};

    return perform_change(__func__, &change);
}
