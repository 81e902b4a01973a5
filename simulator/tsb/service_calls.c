/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls about the service itself.
 */
#include <stdio.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/device_crypt.h"
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
    tsb_answer_member(exchange, 200, "Version", exchange->server->config.version);
}

/* What stands in the text is not public; clients take it for a sign of life. */
void tsb_statistics(struct tsb_exchange *exchange)
{
    char **labels = NULL;
    size_t count = 0;
    char text[64];
    CK_RV rv = tsb_key_labels(exchange->server->device, &labels, &count);

    tsb_labels_free(labels, count);
    snprintf(text, sizeof(text), "keys: %zu", count);
    if (rv == CKR_OK)
        tsb_answer_member(exchange, 200, "keyStoreStatistics", text);
    else
        tsb_exchange_fail_device(exchange, rv);
}

void tsb_random(struct tsb_exchange *exchange)
{
    struct ska_bytes bytes = {NULL, 0};
    uint64_t length = 0;
    CK_RV rv = CKR_OK;

    if (!ska_decimal_decode(exchange->argument, RANDOM_LIMIT, &length) || length == 0) {
        tsb_refuse(&exchange->answer, TSB_INVALID_NUMBER_RANGE,
                   "generateRandom: from 1 to %d bytes", RANDOM_LIMIT);
        return;
    }
    rv = tsb_device_random(exchange->server->device, length, &bytes);
    if (rv == CKR_OK)
        tsb_answer_bytes(exchange, 200, "random", ska_span_of(&bytes));
    else
        tsb_exchange_fail_device(exchange, rv);
    ska_bytes_free(&bytes);
}
