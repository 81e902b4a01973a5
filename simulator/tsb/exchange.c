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

/* What stands between the two lines of PEM, where that is one line of base64. In place. */
static void strip_pem(char *text)
{
    static const char begin[] = "-----BEGIN ";
    static const char end[] = "-----END ";
    static const char dashes[] = "-----";
    char *inside = NULL;
    const char *rest = NULL;
    size_t length = 0;

    if (strncmp(text, begin, strlen(begin)) == 0)
        inside = strstr(text + strlen(begin), dashes);
    if (inside == NULL)
        return;
    inside += strlen(dashes);
    inside += strspn(inside, "\r\n");
    length = strcspn(inside, "\r\n-");
    rest = inside + length + strspn(inside + length, "\r\n");
    if (strncmp(rest, end, strlen(end)) != 0)
        return;
    rest = strstr(rest + strlen(end), dashes);
    if (rest == NULL || rest[strlen(dashes) + strspn(rest + strlen(dashes), "\r\n")] != '\0')
        return;
    memmove(text, inside, length);
    text[length] = '\0';
}

/* The parser lets nothing nest deeply. */
static void strip_all_pem(cJSON *item)
{
    for (; item != NULL; item = item->next) {
        if (cJSON_IsString(item))
            strip_pem(item->valuestring);
        else
            strip_all_pem(item->child);
    }
}

bool tsb_exchange_parse(struct tsb_exchange *exchange, struct ska_span text,
                        const struct ska_errors *errors)
{
    if (!ska_json_parse(text, "the body", &exchange->json, errors))
        return false;
    strip_all_pem(exchange->json);
    return true;
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

/* Of the body, which is valid UTF-8. */
static bool is_one_character(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += (*text & 0xC0) != 0x80;
    return count == 1;
}

static bool read_password_array(const struct ska_json_place *place, const char *name,
                                const cJSON *array, struct ska_buffer *buffer)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item) || !is_one_character(item->valuestring) ||
            buffer->length > PASSWORD_LIMIT)
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
