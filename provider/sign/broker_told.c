/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/broker_told.h"

#include <stdlib.h>

#include "provider/base/json.h"

/* What the broker has not said is not there. */
static bool add_told_people(cJSON *json, const char *name, const struct broker_people *people)
{
    cJSON *array = NULL;

    if (!people->told)
        return true;
    array = cJSON_AddArrayToObject(json, name);
    for (size_t i = 0; array != NULL && i < people->count; i++) {
        char *text = NULL;
        bool done = ska_base64_encode(ska_span_of(&people->list[i]), &text, NULL) &&
                    ska_json_add_item(array, NULL, cJSON_CreateString(text));

        free(text);
        if (!done)
            return false;
    }
    return array != NULL;
}

bool ska_broker_told_make(const char *broker, const char *id, const struct broker_status *status,
                          struct ska_bytes *text, const struct ska_errors *errors)
{
    cJSON *json = cJSON_CreateObject();
    bool done =
        (json != NULL && ska_json_add_text(json, "broker", broker) &&
         ska_json_add_text(json, "id", id) && ska_json_add_text(json, "status", "EXECUTED") &&
         add_told_people(json, "approvedBy", &status->approved) &&
         add_told_people(json, "rejectedBy", &status->rejected)) ||
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for evidence");

    done = done && ska_json_print(json, text, errors);
    cJSON_Delete(json);
    return done;
}
