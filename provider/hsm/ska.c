/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/hsm/cryptoki.h"
#include "provider/backend/signature_form.h"
#include "provider/hsm/module.h"
#include "provider/hsm/private_key.h"

/* The longest approval token that is taken from a module, in bytes. */
#define TOKEN_LIMIT ((size_t)1024 * 1024)

/* ---- What all of them share ------------------------------------------------------------------ */

/* The approvals of a request as the module takes them; free with free(). NULL: raised. */
static CK_SKA_APPROVAL *make_approvals(const struct backend_approval *from, size_t count,
                                       const struct ska_errors *errors)
{
    CK_SKA_APPROVAL *list = calloc(count + 1, sizeof(*list));

    if (list == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu approvals", count);
    /* Filled by order, as in rule_serialize.c. */
    for (size_t i = 0; list != NULL && i < count; i++) {
        CK_SKA_APPROVAL approval = {
            from[i].certificate ? CKAP_CERTIFICATE : CKAP_SIGNATURE,
            hsm_writable(from[i].signature.data), (CK_ULONG)from[i].signature.length,
            hsm_writable(from[i].signer.data), (CK_ULONG)from[i].signer.length};

        list[i] = approval;
    }
    return list;
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
static bool is_ska_refusal(const struct hsm_module *module, CK_RV rv,
                           struct backend_refusal *refusal)
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

/*
 * From the answer of work that ends in one of the vendor's calls to ours: BACKEND_DONE for CKR_OK,
 * a refusal when that call itself said no, else it is raised.
 */
static enum backend_answer judge_answer(const struct hsm_key *key, const char *ska_call,
                                        const struct hsm_key_work *work, CK_RV rv,
                                        struct backend_refusal *refusal,
                                        const struct ska_errors *errors)
{
    if (rv == CKR_OK)
        return BACKEND_DONE;
    /* Finding the key again, or opening a session, is no question that the rules answer. */
    if (strcmp(work->call, ska_call) == 0 && is_ska_refusal(key->token->module, rv, refusal))
        return BACKEND_REFUSED;
    hsm_fail_rv(errors, work->call, key->token, rv);
    return BACKEND_FAILED;
}

/* ---- Approval tokens ------------------------------------------------------------------------- */

struct create_token_work {
    struct hsm_key_work work;
    CK_ULONG operation;
    struct ska_span payload;
    const struct backend_timestamp *timestamp;
    struct ska_bytes token;
};

static CK_RV call_create(const struct create_token_work *create, const struct hsm_lease *lease,
                         CK_OBJECT_HANDLE key, CK_BYTE *token, CK_ULONG *length)
{
    return HSM_CALL(lease->token->module->ska.create_approval_token(
        lease->session, create->operation, key, hsm_writable(create->payload.data),
        (CK_ULONG)create->payload.length, hsm_writable(create->timestamp->block.data),
        (CK_ULONG)create->timestamp->block.length, hsm_writable(create->timestamp->signature.data),
        (CK_ULONG)create->timestamp->signature.length, token, length));
}

static CK_RV create_token_once(struct hsm_key_work *work, const struct hsm_lease *lease,
                               CK_OBJECT_HANDLE key)
{
    struct create_token_work *create = (struct create_token_work *)work;
    /* The payload stands in it twice when there is a timestamp. */
    CK_ULONG length =
        (CK_ULONG)(4096 + 2 * create->payload.length + create->timestamp->block.length +
                   create->timestamp->signature.length);
    CK_RV rv = CKR_BUFFER_TOO_SMALL;

    work->call = "C_CreateApprovalToken";
    for (int tries = 0; tries < 2 && rv == CKR_BUFFER_TOO_SMALL; tries++) {
        ska_bytes_free(&create->token);
        if (length == 0 || length > TOKEN_LIMIT)
            return CKR_GENERAL_ERROR;
        create->token.data = calloc(1, (size_t)length + 1);
        if (create->token.data == NULL)
            return CKR_HOST_MEMORY;
        create->token.length = length;
        rv = call_create(create, lease, key, create->token.data, &length);
    }
    if (rv == CKR_OK && (length == 0 || length > create->token.length))
        rv = CKR_GENERAL_ERROR;
    create->token.length = rv == CKR_OK ? length : 0;
    return rv;
}

bool hsm_create_token(struct backend_key *base, enum ska_operation operation,
                      struct ska_span payload, const struct backend_timestamp *timestamp,
                      struct ska_bytes *token, const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    struct create_token_work create = {.work = {"C_CreateApprovalToken", false, create_token_once},
                                       .operation = hsm_operation_number(operation),
                                       .payload = payload,
                                       .timestamp = timestamp};
    CK_RV rv = CKR_OK;
    bool done = hsm_module_supports_ska(key->token->module, errors) &&
                hsm_key_work(key, &create.work, &rv, errors) &&
                (rv == CKR_OK || hsm_fail_rv(errors, create.work.call, key->token, rv));

    if (done) {
        *token = create.token;
        memset(&create.token, 0, sizeof(create.token));
    }
    ska_bytes_free(&create.token);
    return done;
}

/* ---- Signing --------------------------------------------------------------------------------- */

struct ska_sign_work {
    struct hsm_key_work work;
    struct hsm_mechanism mechanism;
    struct ska_span token;
    CK_SKA_APPROVAL *approvals;
    CK_ULONG approval_count;
    CK_ULONG length;
    uint8_t raw[BACKEND_SIGNATURE_LIMIT];
};

static CK_RV ska_sign_once(struct hsm_key_work *work, const struct hsm_lease *lease,
                           CK_OBJECT_HANDLE key)
{
    struct ska_sign_work *sign = (struct ska_sign_work *)work;

    work->call = "C_SKASign";
    sign->length = sizeof(sign->raw);
    /* The last two arguments are documented nowhere, and NULL in every example of the vendor. */
    return HSM_CALL(lease->token->module->ska.sign(
        lease->session, &sign->mechanism.cryptoki, key, hsm_writable(sign->token.data),
        (CK_ULONG)sign->token.length, sign->approvals, sign->approval_count, sign->raw,
        &sign->length, NULL, NULL));
}

enum backend_answer hsm_ska_sign(struct backend_key *base, const struct ska_mechanism *mechanism,
                                 struct ska_span token, const struct backend_approval *approvals,
                                 size_t approval_count, uint8_t *signature,
                                 size_t *signature_length, struct backend_refusal *refusal,
                                 const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    enum backend_answer answer = BACKEND_FAILED;
    struct ska_sign_work sign;
    CK_RV rv = CKR_OK;

    sign.work = (struct hsm_key_work){"C_SKASign", true, ska_sign_once};
    sign.token = token;
    sign.approval_count = (CK_ULONG)approval_count;
    if (!hsm_module_supports_ska(key->token->module, errors) ||
        !hsm_mechanism_from(mechanism, key->base.type, &sign.mechanism, errors) ||
        (sign.approvals = make_approvals(approvals, approval_count, errors)) == NULL)
        return BACKEND_FAILED;
    if (hsm_key_work(key, &sign.work, &rv, errors))
        answer = judge_answer(key, "C_SKASign", &sign.work, rv, refusal, errors);
    if (answer == BACKEND_DONE &&
        !backend_signature_finish(
            key->base.type, key->base.bits,
            ska_span(sign.raw, sign.length <= sizeof(sign.raw) ? sign.length : 0), signature,
            signature_length, errors))
        answer = BACKEND_FAILED;
    OPENSSL_cleanse(sign.raw, sizeof(sign.raw));
    free(sign.approvals);
    return answer;
}

/* ---- Blocking, unblocking, modifying --------------------------------------------------------- */

/* The three calls have one shape. */
typedef __typeof__(&C_SKABlock) change_call;

struct change_work {
    struct hsm_key_work work;
    const char *name;
    change_call call;
    struct ska_span token;
    CK_SKA_APPROVAL *approvals;
    CK_ULONG approval_count;
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
static CK_RV ska_change_once(struct hsm_key_work *work, const struct hsm_lease *lease,
                             CK_OBJECT_HANDLE key)
{
    struct change_work *change = (struct change_work *)work;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE handle = key;
    CK_RV rv = CKR_OK;

    work->call = "C_OpenSession";
    rv = hsm_session_open(lease->token, CKF_RW_SESSION, &session);
    if (rv != CKR_OK)
        return rv;
    work->call = change->name;
    rv = HSM_CALL(change->call(session, &handle, hsm_writable(change->token.data),
                               (CK_ULONG)change->token.length, change->approvals,
                               change->approval_count));
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
    return hsm_module_has_call(module, change->call != NULL, change->name, errors);
}

enum backend_answer hsm_ska_change(struct backend_key *base, enum ska_operation operation,
                                   struct ska_span token, const struct backend_approval *approvals,
                                   size_t approval_count, struct backend_refusal *refusal,
                                   const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    struct change_work change = {.work = {"C_OpenSession", true, ska_change_once},
                                 .token = token,
                                 .approval_count = (CK_ULONG)approval_count,
                                 .key = key};
    enum backend_answer answer = BACKEND_FAILED;
    CK_RV rv = CKR_OK;

    if (!hsm_module_supports_ska(key->token->module, errors) ||
        !choose_change_call(key->token->module, operation, &change, errors) ||
        (change.approvals = make_approvals(approvals, approval_count, errors)) == NULL)
        return BACKEND_FAILED;
    if (hsm_key_work(key, &change.work, &rv, errors))
        answer = judge_answer(key, change.name, &change.work, rv, refusal, errors);
    free(change.approvals);
    return answer;
}

/* ---- What a key says of itself --------------------------------------------------------------- */

struct key_state_work {
    struct hsm_key_work work;
    struct hsm_attribute read[SKA_RULE_COUNT + 2];
    size_t count;
};

static CK_RV read_key_state(struct hsm_key_work *work, const struct hsm_lease *lease,
                            CK_OBJECT_HANDLE key)
{
    struct key_state_work *state = (struct key_state_work *)work;

    work->call = "C_GetAttributeValue";
    hsm_attributes_free(state->read, state->count);
    return hsm_attributes_read(lease, key, state->read, state->count);
}

static enum backend_told told_by(const struct hsm_attribute *attribute)
{
    if (!attribute->present || attribute->value.length != sizeof(CK_BBOOL))
        return BACKEND_NOT_TOLD;
    return hsm_attribute_true(attribute) ? BACKEND_YES : BACKEND_NO;
}

bool hsm_key_state(struct backend_key *base, struct backend_key_state *state,
                   const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    /* The last one only the simulator has. */
    struct key_state_work work = {.work = {"C_GetAttributeValue", false, read_key_state},
                                  .read = {{.type = CKA_SKA_USAGE_ACCESS_BLOB},
                                           {.type = CKA_SKA_BLOCK_ACCESS_BLOB},
                                           {.type = CKA_SKA_UNBLOCK_ACCESS_BLOB},
                                           {.type = CKA_SKA_MODIFY_ACCESS_BLOB},
                                           {.type = CKA_SKA_BLOCKED},
                                           {.type = CKA_SKA_SAM_APPROVED}},
                                  .count = SKA_RULE_COUNT + 1};
    CK_RV rv = CKR_OK;
    bool done = false;

    if (key->token->module->simulator)
        work.count++;
    done = hsm_key_work(key, &work.work, &rv, errors) &&
           (rv == CKR_OK || hsm_fail_rv(errors, work.work.call, key->token, rv));
    for (size_t i = 0; done && i < SKA_RULE_COUNT; i++) {
        if (!work.read[i].present)
            continue;
        state->rules[i] = work.read[i].value;
        memset(&work.read[i].value, 0, sizeof(work.read[i].value));
    }
    if (done) {
        state->blocked = told_by(&work.read[SKA_RULE_COUNT]);
        state->sam_approved = told_by(&work.read[SKA_RULE_COUNT + 1]);
    }
    hsm_attributes_free(work.read, work.count);
    return done;
}
