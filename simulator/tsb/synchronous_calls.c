/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that the HSM answers at once, by approvals that come with them.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/request/approval_token.h"
#include "simulator/tsb/calls.h"
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
                              "signedApprovals[%zu] is not a serialized approval", handed->count);
        handed->approvals[handed->count++] = read->approval;
    }
    return true;
}

/* The HSM uses what is in the token, so that must be what this call is about. */
static bool check_token_payload(struct tsb_exchange *exchange, const struct tsb_operation *wanted,
                                struct ska_span token)
{
    struct ska_approval_token decoded;

    if (!ska_approval_token_decode(token, &decoded, NULL))
        return tsb_exchange_fail_device(exchange, CKR_SKASIM_PARAMETERS_INVALID);
    return !wanted->kind->has_payload ||
           (decoded.has_payload && ska_span_equal(decoded.payload, ska_span_of(&wanted->data))) ||
           tsb_exchange_fail_device(exchange, CKR_SKASIM_PAYLOAD_MISMATCH);
}

/* ---- Doing it -------------------------------------------------------------------------------- */

static bool run_by(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                   const struct tsb_authority *by, char **text)
{
    CK_RV rv = CKR_OK;

    if (!tsb_operation_run(exchange, wanted, by, text, &rv))
        return false;
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

/* Without approvals the HSM is asked, too: the rule may need none. */
static bool run_without_approvals(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                                  char **text)
{
    struct tsb_authority nobody = {{NULL, 0}, NULL, 0};
    struct ska_bytes token = {NULL, 0};
    CK_RV rv = wanted->key.ska
                   ? tsb_ska_token(exchange->server->device, &wanted->key, wanted->kind->token,
                                   ska_span_of(&wanted->data), NULL, &token)
                   : CKR_OK;
    bool done = false;

    nobody.token = ska_span_of(&token);
    done = rv == CKR_OK ? run_by(exchange, wanted, &nobody, text)
                        : tsb_exchange_fail_device(exchange, rv);
    ska_bytes_free(&token);
    return done;
}

static bool run_with_approvals(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                               const struct handed_in *handed, char **text)
{
    const struct tsb_authority by = {handed->list[0].token, handed->approvals, handed->count};

    return check_token_payload(exchange, wanted, by.token) && run_by(exchange, wanted, &by, text);
}

static bool run_now(struct tsb_exchange *exchange, struct tsb_operation *wanted, char **text)
{
    struct handed_in handed = {NULL, NULL, 0};
    bool done = read_handed_in(exchange, wanted->approvals, &handed);

    if (done)
        done = wanted->key.ska && handed.count > 0
                   ? run_with_approvals(exchange, wanted, &handed, text)
                   : run_without_approvals(exchange, wanted, text);
    clear_handed_in(&handed);
    return done;
}

static void answer_now(struct tsb_exchange *exchange, const struct tsb_operation *wanted,
                       const char *text)
{
    cJSON *json = cJSON_CreateObject();
    bool done = json != NULL &&
                (!wanted->kind->bare || ska_json_add_text(json, "label", wanted->key_name)) &&
                (text == NULL || ska_json_add_text(json, wanted->kind->answer, text));

    if (!done) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, wanted->kind->status, json);
}

/* What the operation gives; NULL: nothing, or refused. */
static char *do_at_once(struct tsb_exchange *exchange, struct tsb_operation *wanted, bool *done)
{
    char *text = NULL;

    *done = tsb_operation_read(exchange, (enum tsb_kind)exchange->of, true, wanted) &&
            run_now(exchange, wanted, &text);
    return text;
}

void tsb_at_once(struct tsb_exchange *exchange)
{
    struct tsb_operation wanted;
    bool done = false;
    char *text = do_at_once(exchange, &wanted, &done);

    if (done)
        answer_now(exchange, &wanted, text);
    free(text);
    tsb_operation_clear(exchange, &wanted);
}

/* The same as a file. */
void tsb_at_once_as_file(struct tsb_exchange *exchange)
{
    struct tsb_operation wanted;
    bool done = false;
    char *text = do_at_once(exchange, &wanted, &done);

    if (done)
        tsb_answer_text(&exchange->answer, wanted.kind->status, "application/octet-stream", text);
    free(text);
    tsb_operation_clear(exchange, &wanted);
}
