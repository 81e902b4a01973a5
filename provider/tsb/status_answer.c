/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/status_answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum broker_state state;
} states[] = {
    {"PENDING", BROKER_PENDING},     {"APPROVED", BROKER_APPROVED}, {"EXECUTED", BROKER_EXECUTED},
    {"REJECTED", BROKER_REJECTED},   {"EXPIRED", BROKER_EXPIRED},   {"FAILED", BROKER_FAILED},
    {"CANCELLED", BROKER_CANCELLED},
};

static enum broker_state state_of(const char *name)
{
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(states[i].name, name) == 0)
            return states[i].state;
    return BROKER_PENDING;
}

const char *tsb_state_name(enum broker_state state)
{
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (states[i].state == state)
            return states[i].name;
    return "unknown";
}

/* Names are looked up by these keys; what is no base64 is nobody's. */
static bool read_people(const struct ska_json_place *answer, const char *name,
                        struct broker_people *people)
{
    struct ska_json_place array;
    const cJSON *item = NULL;
    size_t count = 0;

    if (!ska_json_array(answer, name, SKA_JSON_OPTIONAL, &array))
        return false;
    people->told = array.value != NULL;
    count = array.value == NULL ? 0 : (size_t)cJSON_GetArraySize(array.value);
    if (count > TSB_PEOPLE_MOST)
        return ska_json_fail(answer, name, "too many");
    people->list = calloc(count + 1, sizeof(*people->list));
    if (people->list == NULL)
        return ska_fail(&answer->at.errors, SKA_R_OUT_OF_MEMORY, "for a list");
    cJSON_ArrayForEach(item, array.value)
    {
        if (cJSON_IsString(item) &&
            ska_base64_decode_pem(item->valuestring, &people->list[people->count]))
            people->count++;
    }
    return true;
}

static bool check_id(const struct ska_json_place *answer, const char *id)
{
    const char *said = NULL;

    if (!ska_json_text(answer, "id", SKA_JSON_OPTIONAL, &said))
        return false;
    return said == NULL || strcasecmp(said, id) == 0 ||
           ska_json_fail_value(answer, "id", said, "the request that was asked for");
}

bool tsb_status_read(const struct ska_json_place *answer, const char *id,
                     struct broker_status *status, const char **result)
{
    const char *state = NULL;

    memset(status, 0, sizeof(*status));
    *result = NULL;
    if (!cJSON_IsObject(answer->value))
        return ska_fail(&answer->at.errors, answer->reason, "an object expected, of a request");
    if (!check_id(answer, id) || !ska_json_text(answer, "status", SKA_JSON_REQUIRED, &state))
        return false;
    status->state = state_of(state);
    if (!read_people(answer, "approvedBy", &status->approved) ||
        !read_people(answer, "rejectedBy", &status->rejected) ||
        (status->state == BROKER_EXECUTED &&
         !ska_json_text(answer, "result", SKA_JSON_OPTIONAL, result))) {
        broker_status_clear(status);
        return false;
    }
    if (*result != NULL && (*result)[0] == 0)
        *result = NULL;
    return true;
}

/* Brokers may write the same id in either case: everybody else compares texts. */
bool tsb_request_id_read(const struct ska_json_place *answer, const char *name,
                         char id[BROKER_ID_SIZE])
{
    const char *text = NULL;
    size_t length = 0;

    if (!cJSON_IsObject(answer->value))
        return ska_fail(&answer->at.errors, answer->reason, "no %s in the answer", name);
    if (!ska_json_text(answer, name, SKA_JSON_REQUIRED, &text))
        return false;
    length = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    /* In a command that a message suggests it must not be an option. */
    if (length == 0 || length >= BROKER_ID_SIZE || text[length] != 0 || text[0] == '-')
        return ska_json_fail(answer, name, "no id of a request");
    for (size_t i = 0; i <= length; i++)
        id[i] = ska_lower(text[i]);
    return true;
}
