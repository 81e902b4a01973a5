/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/broker_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "provider/base/error_capture.h"
#include "provider/tsb/credentials.h"
#include "provider/tsb/mask.h"

/* So often a GET is made where nobody answers, with so long between. */
#define GET_TRIES 3
#define GET_PAUSE_NS 300000000L
/* So long a brief call may take. */
#define BRIEF_SECONDS 3

/* So much of its words is looked at, and shown. */
#define WORDS_LIMIT 1024
#define SHOWN_TEXT 200

/* ---- Refusals -------------------------------------------------------------------------------- */

/* {"errorCode": number, "reason": text, "message": text}; false: the broker does not speak so. */
static bool read_refusal(const cJSON *json, const struct tsb_secrets *secrets,
                         struct tsb_refusal *refusal)
{
    struct ska_json_place place;
    uint64_t code = 0;
    const char *message = NULL;
    const char *reason = NULL;
    char words[WORDS_LIMIT];
    char *shown = NULL;

    ska_json_top(&place, json, "", SKA_R_SERVER_FAILURE, NULL);
    if (!cJSON_IsObject(json) || !ska_json_uint(&place, "errorCode", SKA_JSON_OPTIONAL, &code) ||
        !ska_json_text(&place, "reason", SKA_JSON_OPTIONAL, &reason) ||
        !ska_json_text(&place, "message", SKA_JSON_OPTIONAL, &message) || code > 99999 ||
        (code == 0 && message == NULL))
        return false;
    refusal->code = (unsigned int)code;
    if (message == NULL)
        message = reason;
    snprintf(words, sizeof(words), "%s", message == NULL ? "" : message);
    tsb_mask_text(secrets, words);
    shown = ska_printable(ska_span_text(words), SHOWN_TEXT);
    snprintf(refusal->text, sizeof(refusal->text), "%s", shown == NULL ? "" : shown);
    free(shown);
    return true;
}

/* By the status where the broker has no code for it. */
static bool knows_nobody(unsigned int status, unsigned int code)
{
    return status == 401 || (status == 403 && code == 0);
}

/*
 * Of a code that means nothing special: those of a request that is wrong, or of something that is
 * not there (4.., 6..), and of calls that are not offered (1..) are answers; the others tell of
 * trouble that the broker has.
 */
static enum ska_reason reason_of_kind(const struct tsb_refusal *refusal)
{
    unsigned int kind = refusal->code / 100;

    if (knows_nobody(refusal->status, refusal->code))
        return SKA_R_ACCESS_REFUSED;
    return kind == 1 || kind == 4 || kind == 6 ? SKA_R_BROKER_REFUSED : SKA_R_SERVER_FAILURE;
}

static enum ska_reason reason_of(const struct tsb_refusal *refusal)
{
    switch (refusal->code) {
    case TSB_CODE_NO_TOKEN:
    case TSB_CODE_INVALID_TOKEN:
    case TSB_CODE_NO_API_KEY:
    case TSB_CODE_INVALID_API_KEY:
    case 450: /* subscription */
    case 451:
        return SKA_R_ACCESS_REFUSED;
    case TSB_CODE_NO_KEY:
        return SKA_R_KEY_NOT_FOUND;
    case TSB_CODE_KEY_PASSWORD:
        return SKA_R_PIN_INCORRECT;
    case TSB_CODE_LABEL_IN_USE:
        return SKA_R_LABEL_IN_USE;
    case 607: /* algorithm, type of key, operation: not with this one */
    case 613:
    case 614:
        return SKA_R_UNSUPPORTED;
    case TSB_CODE_IN_HSM:
        /* A key of the system's, as that which attests others. */
        return strstr(refusal->text, "KEY_FUNCTION_NOT_PERMITTED") != NULL ? SKA_R_UNSUPPORTED
                                                                           : SKA_R_HSM_FAILURE;
    default:
        return reason_of_kind(refusal);
    }
}

/* What is to be done about it. */
static const char *remedy_of(const struct tsb_connection *connection,
                             const struct tsb_refusal *refusal)
{
    bool keys_given = tsb_connection_sources(connection)->api_keys != NULL;

    switch (refusal->code) {
    case TSB_CODE_NO_TOKEN:
    case TSB_CODE_INVALID_TOKEN:
        return ": it does not accept this token (tsb-token-source), or requires one";
    case TSB_CODE_NO_API_KEY:
    case TSB_CODE_INVALID_API_KEY:
        return keys_given ? ": none of the API keys (tsb-api-key-source) allows this call"
                          : ": it requires an API key for this call, and none is given "
                            "(tsb-api-key-source, for skatool also --tsb-api-key-source)";
    case TSB_CODE_NO_APPROVER:
        return ": it does not know a name in the policy (onboarded_approver_certificate)";
    case TSB_CODE_NOT_ONBOARDED:
        return ": an approver in the policy has not fetched the key that it made";
    case 415:
        return ": it requires requests to be signed by a signer that it knows, which this provider "
               "does not do";
    case 450:
    case 451:
        return ": its licence does not cover this call";
    case TSB_CODE_KEY_PASSWORD:
        return ": the password of the key (tsb-key-password-source) is missing or wrong";
    default:
        return knows_nobody(refusal->status, refusal->code)
                   ? ": it does not recognize the caller (tsb-token-source, tsb-api-key-source, "
                     "tsb-client-cert)"
                   : "";
    }
}

bool tsb_fail_refused(const struct tsb_connection *connection, const char *what,
                      const struct tsb_refusal *refusal, const struct ska_errors *errors)
{
    return ska_fail(errors, reason_of(refusal), "%s: the broker %s refused%s (%u/%u: %s)", what,
                    tsb_connection_url(connection), remedy_of(connection, refusal), refusal->status,
                    refusal->code, refusal->text);
}

bool tsb_fail_refused_key(const struct tsb_connection *connection, const char *label,
                          const struct tsb_refusal *refusal, const struct ska_errors *errors)
{
    char *shown = ska_printable(ska_span_text(label), 80);
    char what[200];

    snprintf(what, sizeof(what), "key '%.190s'", shown == NULL ? "" : shown);
    free(shown);
    return tsb_fail_refused(connection, what, refusal, errors);
}

/* ---- Answers --------------------------------------------------------------------------------- */

void tsb_answer_top(struct ska_json_place *place, const struct tsb_connection *connection,
                    const cJSON *json, const struct ska_errors *errors)
{
    ska_json_top(place, json, tsb_connection_url(connection), SKA_R_SERVER_FAILURE, errors);
}

static bool is_success(const struct ska_http_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

static const char *unclear_text(const struct tsb_call *call)
{
    return call->unclear == NULL ? "" : call->unclear;
}

static enum tsb_outcome fail_answer(const struct tsb_connection *connection,
                                    const struct tsb_call *call,
                                    const struct ska_http_answer *answer,
                                    const struct ska_errors *errors)
{
    if (knows_nobody(answer->status, 0))
        ska_fail(errors, SKA_R_ACCESS_REFUSED,
                 "%s%s: status %u without an answer of the broker: it, or a proxy before it, does "
                 "not recognize the caller (tsb-token-source, tsb-api-key-source, tsb-client-cert)",
                 tsb_connection_url(connection), call->path, answer->status);
    else
        ska_fail(errors, SKA_R_SERVER_FAILURE,
                 "%s%s: status %u, and the answer is not JSON%s%s%s%s",
                 tsb_connection_url(connection), call->path, answer->status,
                 answer->content_type == NULL ? "" : " (",
                 answer->content_type == NULL ? "" : answer->content_type,
                 answer->content_type == NULL ? "" : ")", unclear_text(call));
    return TSB_FAILED;
}

static enum tsb_outcome read_answer(const struct tsb_connection *connection,
                                    const struct tsb_call *call, const struct tsb_secrets *secrets,
                                    const struct ska_http_answer *answer, cJSON **json,
                                    struct tsb_refusal *refusal, const struct ska_errors *errors)
{
    struct ska_span body = ska_span_of(&answer->body);
    enum tsb_outcome outcome = TSB_DONE;

    memset(refusal, 0, sizeof(*refusal));
    refusal->status = answer->status;
    if (body.length == 0 && is_success(answer))
        return TSB_DONE;
    tsb_mask_text(secrets, answer->content_type);
    if (!ska_json_parse(body, "", json, NULL))
        return fail_answer(connection, call, answer, errors);
    tsb_mask_json(secrets, *json);
    if (is_success(answer))
        return TSB_DONE;
    outcome = read_refusal(*json, secrets, refusal) ? TSB_REFUSED
                                                    : fail_answer(connection, call, answer, errors);
    cJSON_Delete(*json);
    *json = NULL;
    return outcome;
}

/* ---- Calling --------------------------------------------------------------------------------- */

static void pause_before_next(void)
{
    const struct timespec pause = {0, GET_PAUSE_NS};

    (void)nanosleep(&pause, NULL);
}

/* Nobody has answered who knows anything of the broker. */
static bool is_gateway(const struct ska_http_answer *answer)
{
    return answer->status >= 502 && answer->status <= 504;
}

static bool raise_http(const struct tsb_call *call, enum ska_http_outcome outcome,
                       const struct ska_error_capture *failure, const struct ska_errors *errors)
{
    return ska_fail(errors, failure->reason, "%s%s", ska_error_capture_text(failure),
                    outcome == SKA_HTTP_NOT_SENT ? "" : unclear_text(call));
}

static bool exchange(struct tsb_connection *connection, const struct tsb_call *call,
                     const char *const *headers, const struct tsb_secrets *secrets,
                     struct ska_http_answer *answer, const struct ska_errors *errors)
{
    const struct ska_http_call http = {.method = call->method,
                                       .path = call->path,
                                       .headers = headers,
                                       .content_type = "application/json",
                                       .body = call->body,
                                       .seconds = call->brief ? BRIEF_SECONDS : 0};
    int tries = call->method == SKA_HTTP_GET && !call->brief ? GET_TRIES : 1;
    enum ska_http_outcome outcome = SKA_HTTP_NOT_SENT;
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);

    for (int i = 1; i <= tries; i++) {
        ska_error_capture_clear(&failure);
        outcome = ska_http_call(tsb_connection_http(connection), &http, answer, &to_failure);
        if (i == tries || outcome == SKA_HTTP_TOO_LONG ||
            (outcome == SKA_HTTP_ANSWERED && !is_gateway(answer)))
            break;
        if (outcome == SKA_HTTP_ANSWERED)
            ska_http_answer_clear(answer);
        pause_before_next();
    }
    tsb_mask_text(secrets, failure.text);
    if (outcome != SKA_HTTP_ANSWERED)
        raise_http(call, outcome, &failure, errors);
    ska_error_capture_clear(&failure);
    return outcome == SKA_HTTP_ANSWERED;
}

static void add_secret(struct tsb_secrets *secrets, struct ska_span secret)
{
    if (secret.length > 0)
        secrets->list[secrets->count++] = secret;
}

/* What stands behind the last blank: see make_line() of the credentials. */
static void add_header_secret(struct tsb_secrets *secrets, const char *header)
{
    const char *blank = header == NULL ? NULL : strrchr(header, ' ');

    if (blank != NULL)
        add_secret(secrets, ska_span_text(blank + 1));
}

static enum tsb_outcome call_with(struct tsb_connection *connection, const struct tsb_call *call,
                                  const struct tsb_credentials *credentials, size_t key,
                                  cJSON **json, struct tsb_refusal *refusal,
                                  const struct ska_errors *errors)
{
    const char *headers[] = {"Accept: application/json", NULL, NULL, NULL};
    const char *api_key = credentials->api_key_count > 0 ? credentials->api_keys[key] : NULL;
    const char *password_path = tsb_connection_sources(connection)->key_password;
    struct ska_bytes password = {NULL, 0};
    struct tsb_secrets secrets = {.count = 0};
    struct ska_http_answer answer;
    enum tsb_outcome outcome = TSB_FAILED;
    size_t count = 1;

    if (credentials->token != NULL)
        headers[count++] = credentials->token;
    if (api_key != NULL)
        headers[count++] = api_key;
    add_header_secret(&secrets, credentials->token);
    add_header_secret(&secrets, api_key);
    /* It is in the body, where that has one. */
    if (password_path != NULL && call->body.length > 0 &&
        tsb_secret_read("tsb-key-password-source", password_path, &password, NULL))
        add_secret(&secrets, ska_span_of(&password));
    if (exchange(connection, call, headers, &secrets, &answer, errors)) {
        if (call->time != NULL)
            *call->time = ska_http_answer_time(&answer);
        outcome = read_answer(connection, call, &secrets, &answer, json, refusal, errors);
        ska_http_answer_clear(&answer);
    }
    ska_bytes_clear_free(&password);
    return outcome;
}

static bool is_unknown_key(enum tsb_outcome outcome, const struct tsb_refusal *refusal)
{
    return outcome == TSB_REFUSED && refusal->status == 401 &&
           refusal->code == TSB_CODE_INVALID_API_KEY;
}

enum tsb_outcome tsb_call(struct tsb_connection *connection, const struct tsb_call *call,
                          cJSON **json, struct tsb_refusal *refusal,
                          const struct ska_errors *errors)
{
    struct tsb_credentials credentials;
    enum tsb_outcome outcome = TSB_FAILED;
    size_t good = tsb_connection_good_key(connection, call->api);
    size_t count = 1;

    *json = NULL;
    if (!tsb_credentials_read(tsb_connection_sources(connection), &credentials, errors))
        return TSB_FAILED;
    if (credentials.api_key_count > 0)
        count = credentials.api_key_count;
    for (size_t i = 0; i < count; i++) {
        size_t key = (good + i) % count;

        outcome = call_with(connection, call, &credentials, key, json, refusal, errors);
        if (is_unknown_key(outcome, refusal))
            continue;
        tsb_connection_note_key(connection, call->api, key);
        break;
    }
    tsb_credentials_clear(&credentials);
    return outcome;
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

/* Of a password so much, where each byte is escaped. */
#define PASSWORD_MOST 1024

/* As JSON has it, without libraries that leave copies. */
static size_t escape_password(struct ska_span password, char *to)
{
    size_t length = 0;

    for (size_t i = 0; i < password.length; i++) {
        if (password.data[i] == '"' || password.data[i] == '\\')
            to[length++] = '\\';
        to[length++] = (char)password.data[i];
    }
    return length;
}

static bool check_password(struct ska_span password, const struct ska_errors *errors)
{
    bool good = password.length <= PASSWORD_MOST && ska_utf8_valid(password);

    for (size_t i = 0; good && i < password.length; i++)
        good = password.data[i] >= ' ';
    return good || ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                            "tsb-key-password-source: a password is a line of UTF-8 of at most %d "
                            "bytes",
                            PASSWORD_MOST);
}

/* Puts it in behind the first `before` bytes of the text, which are followed by a member. */
static bool add_password(struct ska_span text, size_t before, const char *name,
                         struct ska_span password, struct ska_bytes *body,
                         const struct ska_errors *errors)
{
    size_t most = text.length + strlen(name) + 2 * password.length + 8;
    char *joined = malloc(most);
    size_t length = before;

    if (joined == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a call");
    memcpy(joined, text.data, before);
    length += (size_t)snprintf(joined + length, most - length, "\"%s\":\"", name);
    length += escape_password(password, joined + length);
    length += (size_t)snprintf(joined + length, most - length, "\",");
    memcpy(joined + length, text.data + before, text.length - before);
    *body = (struct ska_bytes){(uint8_t *)joined, length + text.length - before};
    return true;
}

static bool finish_body(const struct tsb_connection *connection, struct ska_span text,
                        size_t before, const char *name, struct ska_bytes *body,
                        const struct ska_errors *errors)
{
    const char *path = tsb_connection_sources(connection)->key_password;
    struct ska_bytes password = {NULL, 0};
    bool done = false;

    if (path == NULL)
        return ska_bytes_copy(body, text, errors);
    done = tsb_secret_read("tsb-key-password-source", path, &password, errors) &&
           check_password(ska_span_of(&password), errors) &&
           add_password(text, before, name, ska_span_of(&password), body, errors);
    ska_bytes_clear_free(&password);
    return done;
}

bool tsb_body_make(const struct tsb_connection *connection, const char *root, cJSON *members,
                   struct ska_bytes *body, const struct ska_errors *errors)
{
    cJSON *whole = root == NULL ? members : cJSON_CreateObject();
    struct ska_bytes text = {NULL, 0};
    /* {"label": or {"signRequest":{"payload": */
    size_t before = root == NULL ? 1 : strlen(root) + 5;
    bool done = whole != NULL;

    if (root != NULL && whole == NULL)
        cJSON_Delete(members);
    else if (root != NULL)
        done = ska_json_add_item(whole, root, members);
    if (!done)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a call");
    done = done && ska_json_print_line(whole, &text, errors) &&
           finish_body(connection, ska_span_of(&text), before,
                       root == NULL ? "password" : "keyPassword", body, errors);
    ska_bytes_free(&text);
    cJSON_Delete(whole);
    return done;
}
