/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that the broker keeps: handed in, looked after, withdrawn. */
#include <stdio.h>
#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/tsb/broker_call.h"
#include "provider/tsb/broker_key.h"
#include "provider/tsb/sign_body.h"
#include "provider/tsb/status_answer.h"

/* "/v1/request/ID" */
struct request_path {
    char text[sizeof("/v1/request/") + BROKER_ID_SIZE];
};

static struct request_path path_of(const char *id)
{
    struct request_path path;

    snprintf(path.text, sizeof(path.text), "/v1/request/%.63s", id);
    return path;
}

/* ---- Handing in ------------------------------------------------------------------------------ */

#define UNCLEAR                                                                                    \
    "; whether the broker has the request is not known: it may be there without anybody who "      \
    "waits "                                                                                       \
    "for it, and the same command hands in another"

static cJSON *make_members(struct tsb_key *key, const struct ska_mechanism *mechanism,
                           struct ska_span payload, struct ska_span meta_data,
                           const struct ska_errors *errors)
{
    cJSON *members = tsb_sign_members(key, mechanism, payload, errors);

    if (members == NULL || meta_data.length == 0 ||
        ska_json_add_base64(members, "metaData", meta_data))
        return members;
    cJSON_Delete(members);
    ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a call");
    return NULL;
}

static bool read_id(struct tsb_key *key, const cJSON *json, char id[BROKER_ID_SIZE],
                    const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    struct ska_json_place top;
    bool done = false;

    tsb_answer_top(&top, key->connection, json, &to_failure);
    done = tsb_request_id_read(&top, "signRequestId", id);
    if (!done)
        ska_fail(errors, SKA_R_SERVER_FAILURE, "%s%s", ska_error_capture_text(&failure), UNCLEAR);
    ska_error_capture_clear(&failure);
    return done;
}

static bool fail_refused(struct tsb_key *key, const struct tsb_refusal *refusal,
                         const struct ska_errors *errors)
{
    char what[BROKER_ID_SIZE + 128];

    snprintf(what, sizeof(what), "key '%.100s'", backend_key_label(&key->base));
    return tsb_fail_refused(key->connection, what, refusal, errors);
}

bool tsb_hand_in(struct backend_key *base, const struct ska_mechanism *mechanism,
                 struct ska_span payload, struct ska_span meta_data, char id[BROKER_ID_SIZE],
                 const struct ska_errors *errors)
{
    struct tsb_key *key = tsb_key_of(base);
    cJSON *members = make_members(key, mechanism, payload, meta_data, errors);
    struct ska_bytes body = {NULL, 0};
    struct tsb_refusal refusal;
    enum tsb_outcome outcome = TSB_FAILED;
    cJSON *json = NULL;
    bool done = false;

    if (members != NULL && tsb_body_make(key->connection, "signRequest", members, &body, errors)) {
        const struct tsb_call call = {.api = TSB_KEY_OPERATION,
                                      .method = SKA_HTTP_POST,
                                      .path = "/v1/sign",
                                      .body = ska_span_of(&body),
                                      .unclear = UNCLEAR};

        outcome = tsb_call(key->connection, &call, &json, &refusal, errors);
    }
    ska_bytes_clear_free(&body);
    if (outcome == TSB_REFUSED)
        fail_refused(key, &refusal, errors);
    done = outcome == TSB_DONE && read_id(key, json, id, errors);
    cJSON_Delete(json);
    return done;
}

/* ---- Looking after --------------------------------------------------------------------------- */

/* A broker that has trouble of its own may be well another time. */
static enum broker_answer judge_refusal(struct tsb_key *key, const struct tsb_refusal *refusal,
                                        struct broker_status *status,
                                        const struct ska_errors *errors)
{
    if (refusal->code == TSB_CODE_NO_REQUEST || refusal->status == 404) {
        status->state = BROKER_GONE;
        return BROKER_TOLD;
    }
    fail_refused(key, refusal, errors);
    return refusal->status >= 500 ? BROKER_AWAY : BROKER_WRONG;
}

static enum broker_answer read_status(struct tsb_key *key, const char *id, const cJSON *json,
                                      const struct ska_mechanism *mechanism,
                                      struct ska_span payload, struct broker_status *status,
                                      const struct ska_errors *errors)
{
    struct ska_json_place top;
    const char *result = NULL;

    tsb_answer_top(&top, key->connection, json, errors);
    if (!tsb_status_read(&top, id, status, &result))
        return BROKER_AWAY;
    if (result == NULL)
        return BROKER_TOLD;
    status->signature_length = sizeof(status->signature);
    if (tsb_signature_take(key, mechanism, payload, result, status->signature,
                           &status->signature_length, errors))
        return BROKER_TOLD;
    broker_status_clear(status);
    status->state = BROKER_EXECUTED;
    return BROKER_WRONG;
}

enum broker_answer tsb_look(struct backend_key *base, const char *id,
                            const struct ska_mechanism *mechanism, struct ska_span payload,
                            struct broker_status *status, const struct ska_errors *errors)
{
    struct tsb_key *key = tsb_key_of(base);
    const struct request_path path = path_of(id);
    const struct tsb_call call = {
        .api = TSB_KEY_OPERATION, .method = SKA_HTTP_GET, .path = path.text};
    struct tsb_refusal refusal;
    enum broker_answer answer = BROKER_AWAY;
    cJSON *json = NULL;

    switch (tsb_call(key->connection, &call, &json, &refusal, errors)) {
    case TSB_DONE:
        answer = read_status(key, id, json, mechanism, payload, status, errors);
        break;
    case TSB_REFUSED:
        answer = judge_refusal(key, &refusal, status, errors);
        break;
    case TSB_FAILED:
        break;
    }
    cJSON_Delete(json);
    return answer;
}

/* ---- Withdrawing ----------------------------------------------------------------------------- */

bool tsb_withdraw(void *connection, const char *id, const struct ska_errors *errors)
{
    const struct request_path path = path_of(id);
    const struct tsb_call call = {
        .api = TSB_KEY_OPERATION, .method = SKA_HTTP_DELETE, .path = path.text};
    struct tsb_refusal refusal;
    cJSON *json = NULL;
    enum tsb_outcome outcome = tsb_call(connection, &call, &json, &refusal, errors);

    cJSON_Delete(json);
    if (outcome != TSB_REFUSED)
        return outcome == TSB_DONE;
    return refusal.status == 404 || tsb_fail_refused(connection, "a request", &refusal, errors);
}
