/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "simulator/tsb/device.h"

#define PASSWORD_LIMIT 1024

void tsb_exchange_clear(struct tsb_exchange *exchange)
{
    free(exchange->argument);
    cJSON_Delete(exchange->json);
    tsb_answer_clear(&exchange->answer);
    memset(exchange, 0, sizeof(*exchange));
}

void tsb_exchange_top(struct tsb_exchange *exchange, const struct ska_errors *errors,
                      struct ska_json_place *top)
{
    ska_json_top(top, exchange->json, "", SKA_R_BAD_REQUEST, errors);
}

bool tsb_exchange_fail_storage(struct tsb_exchange *exchange)
{
    return tsb_refuse(&exchange->answer, TSB_IO, "the database failed");
}

bool tsb_exchange_fail_device(struct tsb_exchange *exchange, unsigned long rv)
{
    char text[64];

    return tsb_refuse(&exchange->answer, TSB_IN_HSM, "%s", tsb_device_result(rv, text));
}

static bool read_password_array(const struct ska_json_place *place, const char *name,
                                const cJSON *array, struct ska_buffer *buffer)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item) || item->valuestring[0] == '\0' ||
            strlen(item->valuestring) > 4 || buffer->length > PASSWORD_LIMIT)
            return ska_json_fail(place, name, "texts of one character each expected");
        ska_buffer_text(buffer, item->valuestring);
    }
    return true;
}

bool tsb_read_password(const struct ska_json_place *place, const char *name,
                       struct ska_bytes *password)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(place->value, name);
    struct ska_buffer buffer = {0};
    bool done = true;

    if (item == NULL || cJSON_IsNull(item))
        return true;
    if (cJSON_IsString(item) && strlen(item->valuestring) <= PASSWORD_LIMIT)
        ska_buffer_text(&buffer, item->valuestring);
    else if (cJSON_IsArray(item))
        done = read_password_array(place, name, item, &buffer);
    else
        done = ska_json_fail(place, name, "a text, or an array of characters, expected");
    if (done && buffer.length > 0)
        return ska_buffer_finish(&buffer, password, place->at.sink);
    ska_buffer_free(&buffer);
    return done;
}
