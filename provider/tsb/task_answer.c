/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/task_answer.h"

#include <stdlib.h>
#include <string.h>

#include "provider/request/algorithm.h"
#include "provider/request/meta_data.h"
#include "provider/tsb/status_answer.h"

/* ---- The token ------------------------------------------------------------------------------- */

static bool copy_text(char **to, struct ska_span text, const struct ska_errors *errors)
{
    struct ska_bytes copy = {NULL, 0};

    if (!ska_bytes_copy(&copy, text, errors))
        return false;
    *to = (char *)copy.data;
    return true;
}

static bool take_key_name(const struct ska_json_place *task, const struct ska_approval_token *token,
                          struct ska_request *request)
{
    struct ska_span name = token->key_name;

    /* An approval of a token without a key name would be good for any key. */
    if (name.length == 0)
        return ska_fail(&task->at.errors, SKA_R_KEY_MISMATCH,
                        "the approval token is not bound to a key");
    if (!ska_utf8_valid(name) || memchr(name.data, 0, name.length) != NULL)
        return ska_fail(&task->at.errors, SKA_R_KEY_MISMATCH,
                        "the approval token is for a key whose name is not text");
    return copy_text(&request->key_label, name, &task->at.errors);
}

static bool take_token(const struct ska_json_place *task, struct ska_approval_token *token,
                       struct ska_request *request)
{
    struct ska_error_place place;

    ska_error_place_inside(&place, &task->at, "approvalToBeSigned", 0);
    if (!ska_json_base64(task, "approvalToBeSigned", SKA_JSON_REQUIRED, &request->approval_token) ||
        !ska_approval_token_decode(ska_span_of(&request->approval_token), token, &place.errors))
        return false;
    request->operation = token->operation;
    return take_key_name(task, token, request) &&
           ska_bytes_copy(&request->payload, token->payload, &task->at.errors);
}

/* ---- The kind of signature ------------------------------------------------------------------- */

static bool algorithm_in(const struct ska_json_place *body, const char **name)
{
    struct ska_json_place request;

    return ska_json_object(body, "signRequest", SKA_JSON_REQUIRED, &request) &&
           ska_json_text(&request, "signatureAlgorithm", SKA_JSON_REQUIRED, name);
}

/* Of the request as it was handed in: parsed by the broker, or as it came. */
static bool find_algorithm(const struct ska_json_place *task, cJSON **parsed, const char **name)
{
    struct ska_bytes text = {NULL, 0};
    struct ska_json_place body;
    bool done = false;

    if (!ska_json_object(task, "signedSignRequest", SKA_JSON_OPTIONAL, &body))
        return false;
    if (body.value != NULL)
        return algorithm_in(&body, name);
    done = ska_json_base64(task, "requestBase64", SKA_JSON_REQUIRED, &text) &&
           ska_json_parse(ska_span_of(&text), "requestBase64", parsed, &task->at.errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    ska_json_top(&body, *parsed, "requestBase64", task->reason, &task->at.errors);
    if (!cJSON_IsObject(*parsed))
        return ska_json_fail(task, "requestBase64", "no request to sign");
    return algorithm_in(&body, name);
}

/* Where the broker has the HSM sign a digest with PKCS#1 v1.5 the token may hold it bare. */
static bool complete_payload(const struct ska_json_place *task, struct ska_request *request)
{
    const struct ska_mechanism *mechanism = &request->mechanism;
    struct ska_bytes whole = {NULL, 0};

    if (mechanism->scheme != SKA_SCHEME_PKCS1 || mechanism->form != SKA_PAYLOAD_DIGEST ||
        request->payload.length != ska_digest_length(mechanism->digest))
        return true;
    if (!ska_payload_from_digest(mechanism, ska_span_of(&request->payload), &whole,
                                 &task->at.errors))
        return false;
    ska_bytes_free(&request->payload);
    request->payload = whole;
    return true;
}

static bool check_digest(const struct ska_json_place *task, const struct ska_request *request)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    return request->mechanism.form != SKA_PAYLOAD_DIGEST ||
           ska_payload_digest(&request->mechanism, ska_span_of(&request->payload), &digest,
                              &value) ||
           ska_fail(&task->at.errors, SKA_R_PAYLOAD_MISMATCH,
                    "the payload in its approval token is not a digest, although it says so");
}

static bool take_algorithm(const struct ska_json_place *task, struct ska_request *request)
{
    const char *name = NULL;
    char *shown = NULL;
    cJSON *parsed = NULL;
    bool done = find_algorithm(task, &parsed, &name);

    if (done && !ska_algorithm_from_name(name, &request->mechanism)) {
        shown = ska_printable(ska_span_text(name), 64);
        done = ska_fail(&task->at.errors, SKA_R_UNSUPPORTED,
                        "this version does not know the signature algorithm '%s'",
                        shown == NULL ? "" : shown);
    }
    free(shown);
    cJSON_Delete(parsed);
    return done && complete_payload(task, request) && check_digest(task, request);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static bool take_id(const struct ska_json_place *task, struct ska_request *request)
{
    _Static_assert(sizeof(request->id) >= BROKER_ID_SIZE, "an id of a task has room");
    char id[BROKER_ID_SIZE];

    if (!tsb_request_id_read(task, "id", id))
        return false;
    memcpy(request->id, id, strlen(id) + 1);
    return true;
}

static bool take_words(const struct ska_json_place *task, struct ska_request *request)
{
    struct ska_bytes words = {NULL, 0};
    bool done = ska_json_base64(task, "metaData", SKA_JSON_OPTIONAL, &words) &&
                ska_meta_data_take(ska_span_of(&words), request, &task->at.errors);

    ska_bytes_free(&words);
    return done;
}

bool tsb_task_read(const struct ska_json_place *task, struct ska_request **request)
{
    struct ska_request *made = calloc(1, sizeof(*made));
    struct ska_approval_token token;

    if (made == NULL)
        return ska_fail(&task->at.errors, SKA_R_OUT_OF_MEMORY, "a task");
    if (cJSON_IsObject(task->value)
            ? take_id(task, made) && take_token(task, &token, made) &&
                  (made->operation != SKA_OPERATION_SIGN || take_algorithm(task, made)) &&
                  take_words(task, made)
            : ska_fail(&task->at.errors, task->reason, "a task expected")) {
        *request = made;
        return true;
    }
    ska_request_free(made);
    return false;
}

bool tsb_task_request_read(const struct ska_json_place *task, const char *task_id,
                           char id[BROKER_ID_SIZE])
{
    struct ska_json_place status;
    char told[BROKER_ID_SIZE];

    if (!cJSON_IsObject(task->value) || !tsb_request_id_read(task, "id", told))
        return false;
    if (strcmp(told, task_id) != 0)
        return ska_json_fail_value(task, "id", told, "that of the task that was asked for");
    return ska_json_object(task, "requestStatus", SKA_JSON_REQUIRED, &status) &&
           tsb_request_id_read(&status, "id", id);
}
