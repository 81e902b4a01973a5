/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/task_answer.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"
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

/* The request as it was handed in. */
static bool parse_request(const struct ska_json_place *task, cJSON **parsed)
{
    struct ska_bytes text = {NULL, 0};
    bool done = ska_json_base64(task, "requestBase64", SKA_JSON_REQUIRED, &text) &&
                ska_json_parse(ska_span_of(&text), "requestBase64", parsed, &task->at.errors);

    ska_bytes_free(&text);
    return done;
}

/* Of the request: parsed by the broker, or as it was handed in. */
static bool find_algorithm(const struct ska_json_place *task, cJSON **parsed, const char **name)
{
    struct ska_json_place body;

    if (!ska_json_object(task, "signedSignRequest", SKA_JSON_OPTIONAL, &body))
        return false;
    if (body.value != NULL)
        return algorithm_in(&body, name);
    if (!parse_request(task, parsed))
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
        mechanism->digest == SKA_DIGEST_NONE ||
        request->payload.length != ska_digest_length(mechanism->digest))
        return true;
    if (!ska_payload_from_digest(mechanism, ska_span_of(&request->payload), &whole,
                                 &task->at.errors))
        return false;
    ska_bytes_free(&request->payload);
    request->payload = whole;
    return true;
}

/* Where no digest is named anything can be signed; the page warns where it is none. */
static bool check_digest(const struct ska_json_place *task, const struct ska_request *request)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    return request->mechanism.form != SKA_PAYLOAD_DIGEST ||
           request->mechanism.digest == SKA_DIGEST_NONE ||
           ska_payload_digest(&request->mechanism, ska_span_of(&request->payload), &digest,
                              &value) ||
           ska_fail(&task->at.errors, SKA_R_PAYLOAD_MISMATCH,
                    "the payload in its approval token is not a digest, although it says so");
}

/*
 * RSA keys sign with PKCS#1 v1.5 whatever is handed in: a ready DigestInfo, which is then the same
 * as with the digest by name, or anything else.
 */
static bool algorithm_from_name(const char *name, struct ska_request *request)
{
    if (strcmp(name, "NONE_WITH_RSA") != 0) {
        if (!ska_algorithm_from_name(name, &request->mechanism))
            return false;
        request->mechanism.any_salt = request->mechanism.scheme == SKA_SCHEME_PSS;
        return true;
    }
    request->mechanism =
        (struct ska_mechanism){.scheme = SKA_SCHEME_PKCS1,
                               .digest = ska_payload_digest_info(ska_span_of(&request->payload)),
                               .form = SKA_PAYLOAD_DIGEST};
    return true;
}

static bool take_algorithm(const struct ska_json_place *task, struct ska_request *request)
{
    const char *name = NULL;
    char *shown = NULL;
    cJSON *parsed = NULL;
    bool done = find_algorithm(task, &parsed, &name);

    if (done && !algorithm_from_name(name, request)) {
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

/* ---- What cannot be shown -------------------------------------------------------------------- */

static const struct {
    const char *parsed; /* by the broker */
    const char *root;   /* as it was handed in */
    const char *kind;
} kinds[] = {
    {"signedDecryptRequest", "decryptRequest", "a decryption"},
    {"signedUnwrapKeyRequest", "unwrapKeyRequest", "an unwrapping of a key"},
    {"signedCertificateRequestRequest", "csrSignRequest", "a certificate request"},
    {"signedSelfSignCertificateRequestDto", "selfSignCertificateRequest",
     "a self-signed certificate"},
    {"signedSignCertificateRequest", "signCertificateRequest", "a certificate"},
};

static bool has_object(const cJSON *json, const char *name)
{
    return cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(json, name));
}

/* NULL: the broker does not say, or it is what the token says. */
static const char *kind_of(const struct ska_json_place *task)
{
    const char *kind = NULL;
    cJSON *parsed = NULL;

    (void)!parse_request(task, &parsed);
    for (size_t i = 0; kind == NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (has_object(task->value, kinds[i].parsed) || has_object(parsed, kinds[i].root))
            kind = kinds[i].kind;
    cJSON_Delete(parsed);
    return kind;
}

/* *words: what is said was taken, or was what is wrong. */
static bool understand(const struct ska_json_place *task, struct ska_request *request, bool *words)
{
    struct ska_approval_token token;

    *words = take_token(task, &token, request) &&
             (request->operation != SKA_OPERATION_SIGN || take_algorithm(task, request));
    return *words && take_words(task, request);
}

/* Without its token nothing can be approved; words for people are taken where they were not yet. */
static bool hide(const struct ska_json_place *task, const char *why, bool words,
                 struct ska_request *request)
{
    struct ska_json_place quiet;

    ska_json_top(&quiet, task->value, "", task->reason, NULL);
    ska_bytes_free(&request->approval_token);
    ska_bytes_free(&request->signed_content);
    ska_bytes_free(&request->digest_value);
    request->digest = SKA_DIGEST_NONE;
    request->unshown_kind = kind_of(&quiet);
    request->unshown = strdup(request->unshown_kind == NULL
                                  ? why
                                  : "this version shows only signatures and changes of keys");
    request->mechanism = (struct ska_mechanism){.form = SKA_PAYLOAD_MESSAGE}; /* none is compared */
    if (!words)
        (void)!take_words(&quiet, request);
    request->mechanism = (struct ska_mechanism){.form = SKA_PAYLOAD_DIGEST};
    return request->unshown != NULL ||
           ska_fail(&task->at.errors, SKA_R_OUT_OF_MEMORY, "for a task");
}

/* Whatever is wrong with it, its approver can reject it. */
static bool understand_or_hide(const struct ska_json_place *task, struct ska_request *request)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    struct ska_json_place inside;
    bool words = false;
    bool done = false;

    ska_json_top(&inside, task->value, "", task->reason, &to_failure);
    done = understand(&inside, request, &words);
    if (!done)
        done = failure.reason == SKA_R_OUT_OF_MEMORY
                   ? ska_error_capture_raise(&failure, &task->at.errors)
                   : hide(task, ska_error_capture_text(&failure), words, request);
    ska_error_capture_clear(&failure);
    return done;
}

bool tsb_task_read(const struct ska_json_place *task, struct ska_request **request)
{
    struct ska_request *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return ska_fail(&task->at.errors, SKA_R_OUT_OF_MEMORY, "a task");
    if (cJSON_IsObject(task->value) ? take_id(task, made) && understand_or_hide(task, made)
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
