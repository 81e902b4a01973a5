/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that the broker keeps: handed in, looked after, withdrawn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/tsb/broker_call.h"
#include "provider/tsb/broker_key.h"
#include "provider/tsb/operation_call.h"
#include "provider/tsb/sign_body.h"
#include "provider/tsb/state_check.h"
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
    "for it, and the same command submits another"

static cJSON *make_members(const struct tsb_key *key, const struct broker_request *request,
                           struct ska_span meta_data, const struct ska_errors *errors)
{
    cJSON *members = tsb_operation_members(key, request->operation, request->mechanism,
                                           request->payload, errors);

    if (members == NULL || meta_data.length == 0 ||
        ska_json_add_base64(members, "metaData", meta_data))
        return members;
    cJSON_Delete(members);
    ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a call");
    return NULL;
}

static bool read_id(struct tsb_key *key, const cJSON *json, const char *name,
                    char id[BROKER_ID_SIZE], const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    struct ska_json_place top;
    bool done = false;

    tsb_answer_top(&top, key->connection, json, &to_failure);
    done = tsb_request_id_read(&top, name, id);
    if (!done)
        ska_fail(errors, SKA_R_SERVER_FAILURE, "%s%s", ska_error_capture_text(&failure), UNCLEAR);
    ska_error_capture_clear(&failure);
    return done;
}

bool tsb_hand_in(struct backend_key *base, const struct broker_request *request,
                 struct ska_span meta_data, char id[BROKER_ID_SIZE],
                 const struct ska_errors *errors)
{
    struct tsb_key *key = tsb_key_of(base);
    cJSON *members = make_members(key, request, meta_data, errors);
    struct tsb_refusal refusal;
    enum tsb_outcome outcome = TSB_FAILED;
    cJSON *json = NULL;
    bool done = false;

    if (members != NULL)
        outcome = tsb_operation_call(key, request->operation, TSB_HAND_IN, members, UNCLEAR, &json,
                                     &refusal, errors);
    if (outcome == TSB_REFUSED)
        tsb_fail_refused_key(key->connection, backend_key_label(base), &refusal, errors);
    done =
        outcome == TSB_DONE && read_id(key, json, tsb_operation_id(request->operation), id, errors);
    cJSON_Delete(json);
    return done;
}

/* ---- Looking after --------------------------------------------------------------------------- */

/*
 * Whoever could hand a request in is known: an access token that has run out meanwhile is renewed
 * by somebody, and read again.
 */
static bool is_about_credentials(const struct tsb_refusal *refusal)
{
    return refusal->status == 401 || refusal->code == TSB_CODE_NO_TOKEN ||
           refusal->code == TSB_CODE_INVALID_TOKEN || refusal->code == TSB_CODE_NO_API_KEY;
}

/* A broker that has trouble of its own may be well another time. */
static enum broker_answer judge_refusal(struct tsb_connection *connection,
                                        const struct tsb_refusal *refusal,
                                        struct broker_status *status,
                                        const struct ska_errors *errors)
{
    if (refusal->code == TSB_CODE_NO_REQUEST || refusal->status == 404) {
        status->state = BROKER_GONE;
        return BROKER_TOLD;
    }
    tsb_fail_refused(connection, "a request", refusal, errors);
    return refusal->status >= 500 || is_about_credentials(refusal) ? BROKER_AWAY : BROKER_WRONG;
}

/* What it says may be right another time. `label`: of the key; NULL: nobody knows it here. */
static bool read_status(const struct tsb_connection *connection, const char *label, const char *id,
                        const cJSON *json, struct broker_status *status, const char **result,
                        const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    char *shown = ska_printable(ska_span_text(label), 80);
    struct ska_json_place top;
    bool done = false;

    tsb_answer_top(&top, connection, json, &to_failure);
    done = tsb_status_read(&top, id, status, result);
    if (!done)
        ska_fail(errors, failure.reason,
                 "%s%s%srequest %s: the broker's answer cannot be read (%s): the same command asks "
                 "again",
                 label == NULL ? "" : "key '", label == NULL || shown == NULL ? "" : shown,
                 label == NULL ? "" : "': ", id, ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
    free(shown);
    return done;
}

/* *result: borrowed from *json, which is the caller's; NULL: there is none. */
static enum broker_answer ask_state(struct tsb_connection *connection, const char *label,
                                    const char *id, bool brief, cJSON **json,
                                    struct broker_status *status, const char **result,
                                    const struct ska_errors *errors)
{
    const struct request_path path = path_of(id);
    const struct tsb_call call = {
        .api = TSB_KEY_OPERATION, .method = SKA_HTTP_GET, .path = path.text, .brief = brief};
    struct tsb_refusal refusal;

    *result = NULL;
    switch (tsb_call(connection, &call, json, &refusal, errors)) {
    case TSB_DONE:
        return read_status(connection, label, id, *json, status, result, errors) ? BROKER_TOLD
                                                                                 : BROKER_AWAY;
    case TSB_REFUSED:
        return judge_refusal(connection, &refusal, status, errors);
    case TSB_FAILED:
        break;
    }
    return BROKER_AWAY;
}

static enum broker_answer ask_state_only(struct tsb_connection *connection, const char *id,
                                         bool brief, struct broker_status *status,
                                         const struct ska_errors *errors)
{
    const char *result = NULL;
    cJSON *json = NULL;
    enum broker_answer answer =
        ask_state(connection, NULL, id, brief, &json, status, &result, errors);

    cJSON_Delete(json);
    return answer;
}

enum broker_answer tsb_request_state(struct tsb_connection *connection, const char *id,
                                     struct broker_status *status, const struct ska_errors *errors)
{
    return ask_state_only(connection, id, false, status, errors);
}

static enum broker_answer take_result(struct tsb_key *key, const struct broker_request *request,
                                      const char *result, struct broker_status *status,
                                      const struct ska_errors *errors)
{
    status->signature_length = sizeof(status->signature);
    if (tsb_signature_take(key, request->mechanism, request->payload, result, status->signature,
                           &status->signature_length, errors))
        return BROKER_TOLD;
    broker_status_clear(status);
    status->state = BROKER_EXECUTED;
    return BROKER_WRONG;
}

/* What is executed is there to be seen. */
static enum broker_answer take_change(struct tsb_key *key, const struct broker_request *request,
                                      struct broker_status *status, const struct ska_errors *errors)
{
    enum broker_answer answer =
        tsb_check_changed(key, request->operation, request->payload, errors);

    if (answer == BROKER_TOLD)
        return answer;
    broker_status_clear(status);
    if (answer == BROKER_WRONG)
        status->state = BROKER_EXECUTED;
    return answer;
}

enum broker_answer tsb_look(struct backend_key *base, const char *id,
                            const struct broker_request *request, struct broker_status *status,
                            const struct ska_errors *errors)
{
    struct tsb_key *key = tsb_key_of(base);
    const char *result = NULL;
    cJSON *json = NULL;
    enum broker_answer answer = ask_state(key->connection, backend_key_label(base), id,
                                          request->brief, &json, status, &result, errors);

    if (answer == BROKER_TOLD && status->state == BROKER_EXECUTED) {
        if (request->operation != SKA_OPERATION_SIGN)
            answer = take_change(key, request, status, errors);
        else if (result != NULL)
            answer = take_result(key, request, result, status, errors);
    }
    cJSON_Delete(json);
    return answer;
}

/* ---- Withdrawing ----------------------------------------------------------------------------- */

#define UNCLEAR_WITHDRAWAL "; whether the request is withdrawn is not known"

static enum tsb_outcome ask_to_withdraw(struct tsb_connection *connection, const char *id,
                                        bool brief, const struct ska_errors *errors)
{
    const struct request_path path = path_of(id);
    const struct tsb_call call = {.api = TSB_KEY_OPERATION,
                                  .method = SKA_HTTP_DELETE,
                                  .path = path.text,
                                  .brief = brief,
                                  .unclear = UNCLEAR_WITHDRAWAL};
    struct tsb_refusal refusal;
    cJSON *json = NULL;
    enum tsb_outcome outcome = tsb_call(connection, &call, &json, &refusal, errors);

    cJSON_Delete(json);
    if (outcome == TSB_REFUSED && refusal.status == 404)
        return TSB_DONE;
    if (outcome == TSB_REFUSED)
        tsb_fail_refused(connection, "a request", &refusal, errors);
    return outcome;
}

/* A broker says yes also of what has ended otherwise, and of what it has signed. */
static enum broker_withdrawal check_withdrawn(struct tsb_connection *connection, const char *id,
                                              bool brief, const struct ska_errors *errors)
{
    struct broker_status status = {.state = BROKER_PENDING};
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    bool told = ask_state_only(connection, id, brief, &status, &to_failure) == BROKER_TOLD;
    enum broker_state state = status.state;

    if (!told)
        ska_fail(errors, failure.reason, "%s%s", ska_error_capture_text(&failure),
                 UNCLEAR_WITHDRAWAL);
    ska_error_capture_clear(&failure);
    broker_status_clear(&status);
    if (!told)
        return BROKER_UNCLEAR;
    if (state == BROKER_CANCELLED || state == BROKER_GONE)
        return BROKER_WITHDRAWN;
    ska_fail(errors, SKA_R_SERVER_FAILURE, "%s: request %s is not withdrawn: its status is %s",
             tsb_connection_url(connection), id, tsb_state_name(state));
    return BROKER_NOT_WITHDRAWN;
}

enum broker_withdrawal tsb_withdraw(void *connection, const char *id, bool brief,
                                    const struct ska_errors *errors)
{
    switch (ask_to_withdraw(connection, id, brief, errors)) {
    case TSB_DONE:
        return check_withdrawn(connection, id, brief, errors);
    case TSB_REFUSED:
        return BROKER_NOT_WITHDRAWN;
    case TSB_FAILED:
        break;
    }
    return BROKER_UNCLEAR;
}
