/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker says of a request: a result only where it is executed, an id that can stand in a
 * URL, and nothing left behind by what is refused.
 */
#include <string.h>

#include <openssl/err.h>

#include "provider/tsb/status_answer.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct broker_status status;
    struct ska_json_place place;
    const char *result = NULL;
    char id[BROKER_ID_SIZE];
    cJSON *json = NULL;

    if (!ska_json_parse(ska_span(data, size), "broker", &json, NULL))
        return 0;
    ska_json_top(&place, json, "broker", SKA_R_SERVER_FAILURE, NULL);
    if (tsb_status_read(&place, "1-a", &status, &result)) {
        PROMISE(result == NULL || (status.state == BROKER_EXECUTED && result[0] != 0));
        PROMISE(status.signature_length == 0 && status.approved.count <= TSB_PEOPLE_MOST);
        broker_status_clear(&status);
    } else {
        PROMISE(status.approved.list == NULL && status.rejected.list == NULL);
    }
    if (tsb_request_id_read(&place, "id", id))
        PROMISE(strlen(id) > 0 && strlen(id) < sizeof(id) && strpbrk(id, "/?#%. \"") == NULL);
    cJSON_Delete(json);
    PROMISE(ERR_peek_error() == 0);
    return 0;
}
