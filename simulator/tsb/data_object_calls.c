/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data objects of clients.
 */
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/device_data.h"

#define APPLICATION "skatsb data object"

static bool fail_data(struct tsb_exchange *exchange, CK_RV rv, const char *name)
{
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        return tsb_refuse(&exchange->answer, TSB_DATA_NOT_EXISTENT,
                          "Data object with name %s not found", name);
    return tsb_exchange_fail_device(exchange, rv);
}

static bool read_data_body(struct tsb_exchange *exchange, struct tsb_data *data,
                           struct ska_bytes *value)
{
    static const char *const names[] = {"name", "value", "attributes", NULL};
    static const char *const flags[] = {"private", "modifiable", "destroyable", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct ska_json_place inside;

    tsb_exchange_top(exchange, &errors, &top);
    if (!ska_json_only(&top, names) || !tsb_need_text(&top, "name", &data->name) ||
        !tsb_need_base64(&top, "value", value) ||
        !ska_json_object(&top, "attributes", SKA_JSON_OPTIONAL, &inside))
        return false;
    return inside.value == NULL ||
           (ska_json_only(&inside, flags) &&
            ska_json_bool(&inside, "private", SKA_JSON_OPTIONAL, &data->private_object) &&
            ska_json_bool(&inside, "modifiable", SKA_JSON_OPTIONAL, &data->modifiable) &&
            ska_json_bool(&inside, "destroyable", SKA_JSON_OPTIONAL, &data->destroyable));
}

static void answer_data(struct tsb_exchange *exchange, unsigned int status,
                        const struct tsb_data *data, struct ska_span value)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *flags = NULL;
    bool done = json != NULL && ska_json_add_text(json, "name", data->name) &&
                ska_json_add_base64(json, "value", value);

    flags = done ? cJSON_AddObjectToObject(json, "attributes") : NULL;
    done = flags != NULL && cJSON_AddBoolToObject(flags, "private", data->private_object) != NULL &&
           cJSON_AddBoolToObject(flags, "modifiable", data->modifiable) != NULL &&
           cJSON_AddBoolToObject(flags, "destroyable", data->destroyable) != NULL;
    if (!done) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, status, json);
}

void tsb_create_data(struct tsb_exchange *exchange)
{
    struct tsb_device *device = exchange->server->device;
    struct tsb_data data = {.application = APPLICATION,
                            .private_object = true,
                            .modifiable = true,
                            .destroyable = true};
    struct tsb_data there = {.application = APPLICATION};
    struct ska_bytes value = {NULL, 0};
    struct ska_bytes other = {NULL, 0};
    CK_RV rv = CKR_OK;

    if (read_data_body(exchange, &data, &value)) {
        there.name = data.name;
        rv = tsb_data_read(device, &there, &other);
        if (rv == CKR_OK) {
            tsb_refuse(&exchange->answer, TSB_DATA_EXISTS,
                       "Data object with name %s already exists", data.name);
        } else if (rv == CKR_OBJECT_HANDLE_INVALID) {
            rv = tsb_data_write(device, &data, ska_span_of(&value));
        }
        if (exchange->answer.status == 0 && rv == CKR_OK)
            answer_data(exchange, 201, &data, ska_span_of(&value));
        else
            tsb_exchange_fail_device(exchange, rv);
    }
    ska_bytes_free(&value);
    ska_bytes_free(&other);
}

void tsb_read_data(struct tsb_exchange *exchange)
{
    struct tsb_data data = {.application = APPLICATION, .name = exchange->argument};
    struct ska_bytes value = {NULL, 0};
    CK_RV rv = tsb_data_read(exchange->server->device, &data, &value);

    if (rv == CKR_OK)
        answer_data(exchange, 200, &data, ska_span_of(&value));
    else
        fail_data(exchange, rv, exchange->argument);
    ska_bytes_free(&value);
}

void tsb_delete_data(struct tsb_exchange *exchange)
{
    const struct tsb_data data = {.application = APPLICATION, .name = exchange->argument};
    CK_RV rv = tsb_data_destroy(exchange->server->device, &data);

    if (rv == CKR_OK)
        tsb_answer_empty(&exchange->answer, 200);
    else
        fail_data(exchange, rv, exchange->argument);
}
