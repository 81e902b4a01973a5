/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that the HSM answers at once, by approvals that come with them.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/request/approval_token.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/foreign_signature.h"
#include "simulator/tsb/operation_body.h"
#include "simulator/tsb/signed_approval.h"
#include "ska/simulator.h"

/* ---- Approvals ------------------------------------------------------------------------------- */

/* What signedApprovals holds, decoded. */
struct handed_in {
    struct tsb_signed_approval *list;
    struct tsb_approval *approvals; /* the same for the HSM */
    size_t count;
};

static void clear_handed_in(struct handed_in *handed)
{
    for (size_t i = 0; handed->list != NULL && i < handed->count; i++)
        tsb_signed_approval_clear(&handed->list[i]);
    free(handed->list);
    free(handed->approvals);
}

static bool read_handed_in(struct tsb_exchange *exchange, const cJSON *array,
                           struct handed_in *handed)
{
    size_t count = array == NULL ? 0 : (size_t)cJSON_GetArraySize(array);
    const cJSON *item = NULL;

    handed->list = calloc(count + 1, sizeof(*handed->list));
    handed->approvals = calloc(count + 1, sizeof(*handed->approvals));
    if (handed->list == NULL || handed->approvals == NULL)
        return tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
    cJSON_ArrayForEach(item, array)
    {
        struct tsb_signed_approval *read = &handed->list[handed->count];

        if (!cJSON_IsString(item) || !tsb_signed_approval_read(item->valuestring, read))
            return tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION,
                              "signedApprovals[%zu] is no serialized approval", handed->count);
        handed->approvals[handed->count++] = read->approval;
    }
    return true;
}

/* The HSM signs what is in the token, so that must be what this call is about. */
static bool check_token_payload(struct tsb_exchange *exchange, const struct tsb_operation *wanted,
                                struct ska_span token)
{
    struct ska_approval_token decoded;

    if (!ska_approval_token_decode(token, &decoded, NULL))
        return tsb_exchange_fail_device(exchange, CKR_SKASIM_PARAMETERS_INVALID);
    if (wanted->operation != SKA_OPERATION_SIGN && wanted->operation != SKA_OPERATION_MODIFY)
        return true;
    return (decoded.has_payload && ska_span_equal(decoded.payload, ska_span_of(&wanted->data))) ||
           tsb_exchange_fail_device(exchange, CKR_SKASIM_PAYLOAD_MISMATCH);
}

/* ---- Doing it -------------------------------------------------------------------------------- */

/* Without approvals the HSM is asked, too: the rule may need none. */
static bool execute_with(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                         const struct handed_in *handed, struct ska_bytes *signature)
{
    struct tsb_device *device = exchange->server->device;
    struct ska_bytes made = {NULL, 0};
    struct ska_span token = handed->count == 0 ? ska_span(NULL, 0) : handed->list[0].token;
    CK_RV rv = CKR_OK;

    if (handed->count == 0) {
        rv = tsb_ska_token(device, &wanted->key, wanted->operation, ska_span_of(&wanted->data),
                           NULL, &made);
        token = ska_span_of(&made);
    } else if (!check_token_payload(exchange, wanted, token)) {
        return false;
    }
    if (rv == CKR_OK)
        rv = tsb_ska_execute(device, &wanted->key, wanted->operation, &wanted->mechanism.mechanism,
                             token, handed->approvals, handed->count, signature);
    ska_bytes_free(&made);
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

static bool execute_now(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                        struct ska_bytes *signature)
{
    struct handed_in handed = {NULL, NULL, 0};
    CK_RV rv = CKR_OK;
    bool done = false;

    if (!wanted->key.ska) {
        rv = tsb_key_sign(exchange->server->device, &wanted->key, &wanted->mechanism.mechanism,
                          ska_span_of(&wanted->data), signature);
        return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
    }
    done = read_handed_in(exchange, wanted->approvals, &handed) &&
           execute_with(exchange, wanted, &handed, signature);
    clear_handed_in(&handed);
    return done;
}

static void answer_with_signature(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                                  struct ska_bytes *signature)
{
    struct tsb_server *server = exchange->server;
    cJSON *json = cJSON_CreateObject();
    bool done = json != NULL;

    if (tsb_fault_happens(&server->faults, TSB_FAULT_FOREIGN_RESULT, exchange->path))
        done = done && tsb_foreign_signature(server->libctx, wanted->algorithm,
                                             ska_span_of(&wanted->payload), signature);
    done = done &&
           tsb_signing_finish(wanted->algorithm, tsb_operation_wants_raw(wanted), signature) &&
           ska_json_add_base64(json, "signature", ska_span_of(signature));
    if (!done) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, 200, json);
}

static void do_at_once(struct tsb_exchange *exchange, enum ska_operation operation)
{
    struct tsb_operation wanted;
    struct ska_bytes signature = {NULL, 0};

    if (tsb_operation_read(exchange, operation, true, &wanted) &&
        execute_now(exchange, &wanted, &signature)) {
        if (operation == SKA_OPERATION_SIGN)
            answer_with_signature(exchange, &wanted, &signature);
        else
            tsb_answer_json(&exchange->answer, 200, cJSON_CreateObject());
    }
    ska_bytes_free(&signature);
    tsb_operation_clear(exchange, &wanted);
}

void tsb_synchronous_sign(struct tsb_exchange *exchange)
{
    do_at_once(exchange, SKA_OPERATION_SIGN);
}

void tsb_synchronous_block(struct tsb_exchange *exchange)
{
    do_at_once(exchange, SKA_OPERATION_BLOCK);
}

void tsb_synchronous_unblock(struct tsb_exchange *exchange)
{
    do_at_once(exchange, SKA_OPERATION_UNBLOCK);
}

void tsb_synchronous_modify(struct tsb_exchange *exchange)
{
    do_at_once(exchange, SKA_OPERATION_MODIFY);
}
