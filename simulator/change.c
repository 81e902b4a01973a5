/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking, unblocking and modifying an SKA key. The lock is held from reading the rules that
 * decide to writing the new ones, so no two changes are decided by the same old rules.
 */
#include <string.h>

#include <pkcs11.h>

#include "provider/rule/rule_codec.h"
#include "simulator/enforce.h"
#include "simulator/lock.h"
#include "simulator/log.h"
#include "simulator/module.h"
#include "simulator/rules.h"
#include "simulator/sam.h"
#include "ska/simulator.h"
#include "simulator/ska_key.h"
#include "simulator/softhsm.h"
#include "simulator/store.h"

struct change {
    CK_SESSION_HANDLE session;
    enum ska_operation operation;
    CK_OBJECT_HANDLE *key;
    struct ska_span token;
    const CK_SKA_APPROVAL *approvals;
    CK_ULONG approval_count;
};

/* The record is an object of the token. */
static CK_RV check_session(CK_SESSION_HANDLE session)
{
    CK_SESSION_INFO info = {0};
    CK_RV rv = softhsm()->C_GetSessionInfo(session, &info);

    if (rv == CKR_OK && info.state == CKS_RO_USER_FUNCTIONS)
        rv = CKR_SESSION_READ_ONLY;
    else if (rv == CKR_OK && info.state != CKS_RW_USER_FUNCTIONS)
        rv = CKR_USER_NOT_LOGGED_IN;
    return rv;
}

/* All new rules are good, or none is taken. */
static CK_RV check_rules(const struct ska_modify *modify)
{
    bool any = false;

    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        if (modify->rules[i].data == NULL)
            continue;
        any = true;
        if (!sim_rule_acceptable(modify->rules[i]))
            return CKR_SKASIM_PARAMETERS_INVALID;
        if (sim_config()->sam && !sim_sam_accepts((enum ska_rule_kind)i, modify->rules[i]))
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
    /* Rules that were not looked at with SAM's eyes are not approved by it. */
    record->sam_approved = record->sam_approved && sim_config()->sam;
    return rv;
}

static CK_RV apply(const struct change *change, struct sim_record *record,
                   const struct ska_approval_token *token)
{
    if (change->operation == SKA_OPERATION_MODIFY)
        return modify_rules(record, token->payload);
    record->blocked = change->operation == SKA_OPERATION_BLOCK;
    return CKR_OK;
}

/* With the lock held. */
static CK_RV decide_and_write(const struct change *change, struct sim_ska_key *key)
{
    struct ska_approval_token token = {0};
    struct sim_record record = {0};
    const struct sim_request request = {
        change->session, change->operation, &key->object.record,   ska_span_of(&key->label),
        change->token,   change->approvals, change->approval_count};
    CK_RV rv = sim_enforce(&request, &token);

    if (rv == CKR_OK && !sim_record_copy(&record, &key->object.record))
        rv = CKR_HOST_MEMORY;
    if (rv == CKR_OK)
        rv = apply(change, &record, &token);
    if (rv == CKR_OK)
        rv = sim_store_replace(change->session, key->object.id, &record);
    sim_record_clear(&record);
    return rv;
}

/* Looks at the key twice: at first for its id, then, with the lock held, for the rules in force. */
static CK_RV make_change(const struct change *change, struct sim_ska_key *key)
{
    CK_RV rv = sim_ska_key_open(change->session, *change->key, key);

    if (rv == CKR_OK)
        rv = check_session(change->session);
    if (rv == CKR_OK)
        rv = sim_lock();
    if (rv != CKR_OK)
        return rv;
    rv = sim_store_settle(change->session, key->object.id);
    sim_ska_key_close(key);
    if (rv == CKR_OK)
        rv = sim_ska_key_open(change->session, *change->key, key);
    if (rv == CKR_OK)
        rv = decide_and_write(change, key);
    sim_unlock();
    return rv;
}

static CK_RV perform(const char *name, const struct change *change)
{
    struct sim_call call;
    struct sim_ska_key key = {0};
    CK_RV rv = sim_enter(&call, name);

    if (rv == CKR_OK && (change->key == NULL || change->token.data == NULL ||
                         (change->approvals == NULL && change->approval_count != 0)))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = make_change(change, &key);
    sim_log_call(name, false, ska_span_of(&key.label), rv);
    sim_ska_key_close(&key);
    return sim_leave(&call, rv);
}

CK_RV C_SKABlock(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                 CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount)
{
    const struct change change = {session,   SKA_OPERATION_BLOCK, key, ska_span(token, tokenLen),
                                  approvals, approvalCount};

    return perform(__func__, &change);
}

CK_RV C_SKAUnblock(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                   CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount)
{
    const struct change change = {session,   SKA_OPERATION_UNBLOCK, key, ska_span(token, tokenLen),
                                  approvals, approvalCount};

    return perform(__func__, &change);
}

CK_RV C_SKAModify(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                  CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount)
{
    const struct change change = {session,   SKA_OPERATION_MODIFY, key, ska_span(token, tokenLen),
                                  approvals, approvalCount};

    return perform(__func__, &change);
}
