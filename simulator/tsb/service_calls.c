/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls about the service itself.
 */
#include <stdlib.h>
#include <string.h>

#include "simulator/tsb/calls.h"
#include "simulator/tsb/device_key.h"
#include "simulator/tsb/text_list.h"

#define RANDOM_LIMIT 65536

static bool add_flag_text(cJSON *array, struct ska_span flag)
{
    struct ska_bytes text = {NULL, 0};
    bool done = ska_bytes_copy(&text, flag, NULL) &&
                ska_json_add_item(array, NULL, cJSON_CreateString((const char *)text.data));

    ska_bytes_free(&text);
    return done;
}

void tsb_licence_info(struct tsb_exchange *exchange)
{
    const char *list = exchange->server->config.licence;
    cJSON *json = cJSON_CreateObject();
    cJSON *array = json == NULL ? NULL : cJSON_AddArrayToObject(json, "clientFlags");
    bool done = array != NULL;

    while (done && list != NULL)
        done = add_flag_text(array, tsb_list_next(&list));
    if (!done) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, 200, json);
}

void tsb_version_info(struct tsb_exchange *exchange)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL && !ska_json_add_text(json, "Version", exchange->server->config.version)) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, 200, json);
}

/* Its members are not public; clients take it for a sign of life. */
void tsb_statistics(struct tsb_exchange *exchange)
{
    char **labels = NULL;
    size_t count = 0;
    CK_RV rv = tsb_key_labels(exchange->server->device, &labels, &count);
    cJSON *json = cJSON_CreateObject();

    tsb_labels_free(labels, count);
    if (json != NULL && cJSON_AddNumberToObject(json, "numberOfKeys", (double)count) == NULL) {
        cJSON_Delete(json);
        json = NULL;
    }
    if (rv == CKR_OK) {
        tsb_answer_json(&exchange->answer, 200, json);
        return;
    }
    cJSON_Delete(json);
    tsb_exchange_fail_device(exchange, rv);
}

static CK_RV generate_random(struct tsb_device *device, struct ska_bytes *bytes, size_t length)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = CKR_HOST_MEMORY;

    bytes->data = malloc(length);
    bytes->length = length;
    if (bytes->data != NULL)
        rv = tsb_session_take(device, &session);
    if (rv == CKR_OK)
        rv = tsb_device_calls(device)->C_GenerateRandom(session, bytes->data, length);
    tsb_session_give(device, session);
    return rv;
}

void tsb_random(struct tsb_exchange *exchange)
{
    struct ska_bytes bytes = {NULL, 0};
    uint64_t length = 0;
    cJSON *json = NULL;
    CK_RV rv = CKR_OK;

    if (!ska_decimal_decode(exchange->argument, RANDOM_LIMIT, &length) || length == 0) {
        tsb_refuse(&exchange->answer, TSB_INVALID_NUMBER_RANGE,
                   "generateRandom: from 1 to %d bytes", RANDOM_LIMIT);
        return;
    }
    rv = generate_random(exchange->server->device, &bytes, length);
    json = rv == CKR_OK ? cJSON_CreateObject() : NULL;
    if (json != NULL && !ska_json_add_base64(json, "random", ska_span_of(&bytes))) {
        cJSON_Delete(json);
        json = NULL;
    }
    ska_bytes_free(&bytes);
    if (rv == CKR_OK)
        tsb_answer_json(&exchange->answer, 200, json);
    else
        tsb_exchange_fail_device(exchange, rv);
}
