/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/ska.h"

#include <stdlib.h>
#include <string.h>

#include "provider/hsm/cryptoki_mechanism.h"
#include "provider/hsm/ecdsa.h"
#include "provider/hsm/isolation.h"
#include "provider/hsm/ska_call.h"

/* The longest approval token that is taken from a module, in bytes. */
#define TOKEN_LIMIT ((size_t)1024 * 1024)

/* ---- Approval tokens ------------------------------------------------------------------------- */

struct create_token_work {
    struct hsm_key_work work;
    CK_ULONG operation;
    struct ska_span payload;
    const struct hsm_timestamp *timestamp;
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

bool hsm_ska_create_token(struct hsm_key *key, enum ska_operation operation,
                          struct ska_span payload, const struct hsm_timestamp *timestamp,
                          struct ska_bytes *token, const struct ska_errors *errors)
{
    static const struct hsm_timestamp none;
    struct create_token_work create = {.work = {"C_CreateApprovalToken", false, create_token_once},
                                       .operation = hsm_operation_number(operation),
                                       .payload = payload,
                                       .timestamp = timestamp == NULL ? &none : timestamp};
    CK_RV rv = CKR_OK;
    bool done = hsm_must_be_ska(key, errors) && hsm_key_work(key, &create.work, &rv, errors) &&
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
    struct hsm_approval_list approvals;
    CK_ULONG length;
    uint8_t raw[HSM_SIGNATURE_LIMIT];
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
        (CK_ULONG)sign->token.length, sign->approvals.list, sign->approvals.count, sign->raw,
        &sign->length, NULL, NULL));
}

enum hsm_answer hsm_ska_sign(struct hsm_key *key, const struct ska_mechanism *mechanism,
                             struct ska_span token, const struct hsm_approval *approvals,
                             size_t approval_count, uint8_t *signature, size_t *signature_length,
                             struct hsm_refusal *refusal, const struct ska_errors *errors)
{
    enum hsm_answer answer = HSM_FAILED;
    struct ska_sign_work sign;
    CK_RV rv = CKR_OK;

    memset(refusal, 0, sizeof(*refusal));
    sign.work = (struct hsm_key_work){"C_SKASign", true, ska_sign_once};
    sign.token = token;
    if (!hsm_must_be_ska(key, errors) ||
        !hsm_mechanism_from(mechanism, key->type, &sign.mechanism, errors) ||
        !hsm_approvals_make(&sign.approvals, approvals, approval_count, errors))
        return HSM_FAILED;
    if (hsm_key_work(key, &sign.work, &rv, errors))
        answer = hsm_judge(key, "C_SKASign", &sign.work, rv, refusal, errors);
    if (answer == HSM_DONE &&
        !hsm_signature_finish(key->type, key->bits,
                              ska_span(sign.raw, sign.length <= sizeof(sign.raw) ? sign.length : 0),
                              signature, signature_length, errors))
        answer = HSM_FAILED;
    hsm_approvals_free(&sign.approvals);
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

bool hsm_key_state(struct hsm_key *key, struct hsm_key_state *state,
                   const struct ska_errors *errors)
{
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

    memset(state, 0, sizeof(*state));
    if (!key->ska)
        return true;
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
    state->blocked = done && hsm_attribute_true(&work.read[SKA_RULE_COUNT]);
    state->sam_approved = done && work.count > SKA_RULE_COUNT + 1 &&
                          hsm_attribute_true(&work.read[SKA_RULE_COUNT + 1]);
    hsm_attributes_free(work.read, work.count);
    return done;
}

void hsm_key_state_clear(struct hsm_key_state *state)
{
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&state->rules[i]);
    memset(state, 0, sizeof(*state));
}
