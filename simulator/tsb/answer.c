/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/json.h"

#define JSON_TYPE "application/json"

static const struct {
    enum tsb_code code;
    const char *reason;
} reasons[] = {
    {TSB_IMPLEMENTATION, "res.error.impl"},
    {TSB_NOT_IMPLEMENTED, "res.error.not.implemented"},
    {TSB_MISSING_APPROVAL, "res.error.missing.approval"},
    {TSB_INVALID_SIGNATURE, "res.error.input.invalid.signature"},
    {TSB_TIMESTAMP_DIFFERENCE, "res.error.input.timestamp.off"},
    {TSB_TIMESTAMP_SIGNER_NOT_ALLOWED, "res.error.timestamp.signer.not.allowed"},
    {TSB_MISSING_ACCESS_TOKEN, "res.error.missing.access.token"},
    {TSB_PARSING_KEY, "res.error.parsing.key"},
    {TSB_PARSING_CERTIFICATE, "res.error.parsing.certificate"},
    {TSB_INVALID_CERTIFICATE_REQUEST, "res.error.invalid.certificate.request"},
    {TSB_INVALID_CODE, "res.error.invalid.onetimepassword"},
    {TSB_APPROVER_NOT_EXISTENT, "res.error.approver.not.existent"},
    {TSB_APPROVER_NOT_ONBOARDED, "res.error.approver.not.onboarded"},
    {TSB_REQUEST_SIGNER_NOT_ALLOWED, "res.error.request.signer.not.allowed"},
    {TSB_MISSING_API_KEY, "res.error.missing.api.key"},
    {TSB_CLIENT_SUBSCRIPTION, "res.error.client.subscription"},
    {TSB_INPUT_VALIDATION, "res.error.input.validation.failed"},
    {TSB_KEY_SIZE, "res.error.input.keysize"},
    {TSB_KEY_ATTRIBUTES, "res.error.key.attributes.invalid"},
    {TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY, "res.error.algorithm.not.supported.by.key"},
    {TSB_KEY_EXISTS, "res.error.key.already.existing"},
    {TSB_INVALID_UUID, "res.error.invalid.uuid"},
    {TSB_INVALID_KEY_NAME, "res.error.invalid.key.name"},
    {TSB_INVALID_PAYLOAD, "res.error.invalid.payload"},
    {TSB_OPERATION_FORBIDDEN_FOR_KEY, "res.error.operation.forbidden.for.key"},
    {TSB_DATA_EXISTS, "res.error.data.object.already.existing"},
    {TSB_INVALID_ACCESS_TOKEN, "res.error.invalid.access.token"},
    {TSB_INVALID_NUMBER_RANGE, "res.error.invalid.number.range"},
    {TSB_KEY_PASSWORD, "res.error.key.password.mismatch"},
    {TSB_INVALID_TAG_LENGTH, "res.error.key.invalid.tagLength"},
    {TSB_INVALID_KEY_FORMAT, "res.error.key.invalid.encoding"},
    {TSB_INVALID_CERTIFICATE_FORMAT, "res.error.certificate.invalid.encoding"},
    {TSB_INVALID_REQUEST_FORMAT, "res.error.csr.invalid.format"},
    {TSB_INVALID_API_KEY, "res.error.invalid.api.key"},
    {TSB_APPROVER_EXISTS, "res.error.approver.already.existing"},
    {TSB_KEY_NOT_EXISTENT, "res.error.key.not.existent"},
    {TSB_REQUEST_NOT_EXISTENT, "res.error.request.not.existent"},
    {TSB_TASK_NOT_EXISTENT, "res.error.task.not.existent"},
    {TSB_DATA_NOT_EXISTENT, "res.error.data.object.not.existent"},
    {TSB_IN_HSM, "res.error.in.hsm"},
    {TSB_IO, "res.error.io"},
};

void tsb_answer_clear(struct tsb_answer *answer)
{
    ska_bytes_free(&answer->body);
    memset(answer, 0, sizeof(*answer));
}

void tsb_answer_empty(struct tsb_answer *answer, unsigned int status)
{
    tsb_answer_clear(answer);
    answer->status = status;
}

void tsb_answer_text(struct tsb_answer *answer, unsigned int status, const char *type,
                     const char *text)
{
    tsb_answer_empty(answer, status);
    if (ska_bytes_copy(&answer->body, ska_span_text(text), NULL))
        answer->type = type;
    else
        answer->status = 500;
}

/* Of any length: a list has all that the database has. */
static bool print_json(const cJSON *json, struct ska_bytes *body)
{
    char *text = json == NULL ? NULL : cJSON_PrintUnformatted(json);
    bool done = text != NULL && ska_utf8_valid(ska_span_text(text)) &&
                ska_bytes_copy(body, ska_span_text(text), NULL);

    cJSON_free(text);
    return done;
}

void tsb_answer_json(struct tsb_answer *answer, unsigned int status, cJSON *json)
{
    struct ska_bytes body = {NULL, 0};
    bool done = print_json(json, &body);

    cJSON_Delete(json);
    tsb_answer_empty(answer, status);
    answer->type = JSON_TYPE;
    answer->body = body;
    if (!done)
        tsb_answer_text(answer, 500, JSON_TYPE,
                        "{\"errorCode\":100,\"reason\":\"res.error.impl\","
                        "\"message\":\"the answer could not be made: out of memory\"}");
}

unsigned int tsb_status_of(enum tsb_code code)
{
    if (code == TSB_INVALID_API_KEY)
        return 401;
    if (code / 10 == 45)
        return 403;
    if (code / 10 == 65)
        return 404;
    if (code / 100 == 1)
        return 501;
    return code / 100 == 4 || code / 100 == 6 ? 400 : 500;
}

static void refuse_with(struct tsb_answer *answer, enum tsb_code code, const char *text)
{
    const char *reason = NULL;
    char *shown = ska_printable(ska_span_text(text), 2048);
    cJSON *json = cJSON_CreateObject();
    bool done = false;

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].code == code)
            reason = reasons[i].reason;
    done = json != NULL && shown != NULL &&
           cJSON_AddNumberToObject(json, "errorCode", code) != NULL &&
           ska_json_add_text(json, "reason", reason) && ska_json_add_text(json, "message", shown);
    if (!done) {
        cJSON_Delete(json);
        json = NULL;
    }
    free(shown);
    tsb_answer_json(answer, tsb_status_of(code), json);
}

static bool refuse_args(struct tsb_answer *answer, enum tsb_code code, const char *format,
                        va_list args) __attribute__((format(printf, 3, 0)));

static bool refuse_args(struct tsb_answer *answer, enum tsb_code code, const char *format,
                        va_list args)
{
    struct ska_buffer text = {0};

    if (answer->status == 0) {
        ska_buffer_format_args(&text, format, args);
        refuse_with(answer, code, ska_buffer_string(&text));
    }
    ska_buffer_free(&text);
    return false;
}

bool tsb_refuse(struct tsb_answer *answer, enum tsb_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    refuse_args(answer, code, format, args);
    va_end(args);
    return false;
}

bool tsb_refuse_plainly(struct tsb_answer *answer, unsigned int status, const char *message)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL && !ska_json_add_text(json, "message", message)) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(answer, status, json);
    return false;
}

static void raise_into_answer(void *arg, enum ska_reason reason, const char *file, int line,
                              const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static void raise_into_answer(void *arg, enum ska_reason reason, const char *file, int line,
                              const char *function, const char *format, va_list args)
{
    (void)file;
    (void)line;
    (void)function;
    refuse_args(arg, reason == SKA_R_OUT_OF_MEMORY ? TSB_IMPLEMENTATION : TSB_INPUT_VALIDATION,
                format, args);
}

struct ska_errors tsb_answer_errors(struct tsb_answer *answer)
{
    struct ska_errors errors = {raise_into_answer, answer};

    return errors;
}
