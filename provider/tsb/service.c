/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/service.h"

#include <string.h>

#include "provider/tsb/broker_call.h"

/* What a call has given, where it is an object. */
static bool take_object(const struct tsb_connection *connection, const struct tsb_call *call,
                        const char *what, enum tsb_outcome outcome,
                        const struct tsb_refusal *refusal, cJSON **json,
                        const struct ska_errors *errors)
{
    if (outcome == TSB_REFUSED)
        return tsb_fail_refused(connection, what, refusal, errors);
    if (outcome == TSB_DONE && !cJSON_IsObject(*json)) {
        cJSON_Delete(*json);
        *json = NULL;
        return ska_fail(errors, SKA_R_SERVER_FAILURE, "%s%s: an object expected",
                        tsb_connection_url(connection), call->path);
    }
    return outcome == TSB_DONE;
}

static enum tsb_service_answer ask_service(struct tsb_connection *connection, const char *path,
                                           const char *what, int64_t *time, cJSON **json,
                                           const struct ska_errors *errors)
{
    const struct tsb_call call = {
        .api = TSB_SERVICE, .method = SKA_HTTP_GET, .path = path, .time = time};
    struct tsb_refusal refusal;
    enum tsb_outcome outcome = tsb_call(connection, &call, json, &refusal, errors);

    if (outcome == TSB_REFUSED &&
        (refusal.code == TSB_CODE_NO_API_KEY || refusal.code == TSB_CODE_INVALID_API_KEY))
        return TSB_SERVICE_NOT_US;
    return take_object(connection, &call, what, outcome, &refusal, json, errors)
               ? TSB_SERVICE_TOLD
               : TSB_SERVICE_FAILED;
}

enum tsb_service_answer tsb_service_version(struct tsb_connection *connection,
                                            struct ska_bytes *version, int64_t *time,
                                            const struct ska_errors *errors)
{
    struct ska_json_place top;
    const char *text = NULL;
    cJSON *json = NULL;
    char *shown = NULL;
    enum tsb_service_answer answer = TSB_SERVICE_FAILED;
    bool done = false;

    *time = -1;
    answer = ask_service(connection, "/v1/versionInfo", "its version", time, &json, errors);
    if (answer != TSB_SERVICE_TOLD)
        return answer;
    tsb_answer_top(&top, connection, json, errors);
    done = ska_json_text(&top, "Version", SKA_JSON_REQUIRED, &text);
    if (done) {
        shown = ska_printable(ska_span_text(text), 64);
        done = shown != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a version");
    }
    if (done)
        *version = (struct ska_bytes){(uint8_t *)shown, strlen(shown)};
    cJSON_Delete(json);
    return done ? TSB_SERVICE_TOLD : TSB_SERVICE_FAILED;
}

static bool read_flags(const struct ska_json_place *top, struct tsb_licence *licence)
{
    struct ska_json_place flags;
    const cJSON *item = NULL;

    if (!ska_json_array(top, "clientFlags", SKA_JSON_REQUIRED, &flags))
        return false;
    cJSON_ArrayForEach(item, flags.value)
    {
        const char *flag = cJSON_IsString(item) ? item->valuestring : "";

        licence->key_auth = licence->key_auth || strcmp(flag, "KEY_AUTH") == 0;
        licence->rest_api = licence->rest_api || strcmp(flag, "REST_API") == 0;
        licence->tsb_engine = licence->tsb_engine || strcmp(flag, "TSB_ENGINE") == 0;
    }
    return true;
}

enum tsb_service_answer tsb_service_licence(struct tsb_connection *connection,
                                            struct tsb_licence *licence,
                                            const struct ska_errors *errors)
{
    struct ska_json_place top;
    cJSON *json = NULL;
    enum tsb_service_answer answer =
        ask_service(connection, "/v1/licenseInfo", "its licence", NULL, &json, errors);

    memset(licence, 0, sizeof(*licence));
    if (answer != TSB_SERVICE_TOLD)
        return answer;
    tsb_answer_top(&top, connection, json, errors);
    if (!read_flags(&top, licence))
        answer = TSB_SERVICE_FAILED;
    cJSON_Delete(json);
    return answer;
}

bool tsb_service_requests(struct tsb_connection *connection, const struct ska_errors *errors)
{
    static const char body[] = "{\"requestStatusList\":[\"PENDING\"]}";
    const struct tsb_call call = {.api = TSB_KEY_OPERATION,
                                  .method = SKA_HTTP_POST,
                                  .path = "/v1/filteredRequests",
                                  .body = ska_span_text(body)};
    struct tsb_refusal refusal;
    cJSON *json = NULL;
    enum tsb_outcome outcome = tsb_call(connection, &call, &json, &refusal, errors);
    bool done =
        take_object(connection, &call, "the list of requests", outcome, &refusal, &json, errors);

    cJSON_Delete(json);
    return done;
}
