/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/task_json.h"

#include <stdio.h>
#include <string.h>

#include "provider/base/spki.h"
#include "provider/request/approval_token.h"
#include "provider/request/approver_signature.h"
#include "simulator/tsb/key_attributes.h"
#include "simulator/tsb/operation_kind.h"
#include "simulator/tsb/request_status.h"

/* Members that a level does not have are null. */

static bool add_optional_text(cJSON *json, const char *name, const char *text)
{
    return text == NULL ? cJSON_AddNullToObject(json, name) != NULL
                        : ska_json_add_text(json, name, text);
}

static bool add_optional_base64(cJSON *json, const char *name, struct ska_span value)
{
    return value.data == NULL ? cJSON_AddNullToObject(json, name) != NULL
                              : ska_json_add_base64(json, name, value);
}

static bool add_level_1(cJSON *json, const struct tsb_task *task, const struct tsb_request *request,
                        unsigned int level)
{
    char name[16];

    snprintf(name, sizeof(name), "level%u", level);
    return ska_json_add_text(json, "detailLevel", name) &&
           ska_json_add_text(json, "id", task->id) &&
           ska_json_add_base64(json, "approvalToBeSigned", ska_span_of(&request->token)) &&
           ska_json_add_base64(json, "approverPublicKey", ska_span_of(&task->public_key));
}

static bool add_level_2(cJSON *json, const struct tsb_request *request, bool shown)
{
    bool payload = shown && tsb_operation_kind(request->kind)->has_payload;

    return add_optional_text(json, "metaData", shown ? request->meta_data : NULL) &&
           add_optional_text(json, "metaDataSignature",
                             shown ? request->meta_data_signature : NULL) &&
           add_optional_base64(json, "payload",
                               payload ? ska_span_of(&request->payload) : ska_span(NULL, 0)) &&
           add_optional_text(json, "payloadType", shown ? request->payload_type : NULL);
}

/* The request as it was parsed, under a name that says its kind; those of others are null. */
static bool add_level_3(cJSON *json, const struct tsb_request *request, bool shown)
{
    struct ska_span body = ska_span_of(&request->body);
    bool done = add_optional_base64(json, "requestBase64", shown ? body : ska_span(NULL, 0));

    for (int i = 0; done && i < TSB_KIND_COUNT; i++) {
        const char *name = tsb_operation_kind((enum tsb_kind)i)->parsed;
        cJSON *parsed = NULL;

        if (name == NULL)
            continue;
        if (shown && i == (int)request->kind)
            done = ska_json_parse(body, "request", &parsed, NULL) &&
                   ska_json_add_item(json, name, parsed);
        else
            done = cJSON_AddNullToObject(json, name) != NULL;
    }
    return done;
}

/* "SHA256_WITH_ECDSA", for what the HSM signs timestamps with. */
static const char *timestamp_algorithm(const char *digest)
{
    return strcmp(digest, "EdDSA") == 0 ? "EDDSA" : "SHA256_WITH_ECDSA";
}

static bool add_level_4(cJSON *json, const struct tsb_request *request, bool shown)
{
    static const struct ska_span nothing = {NULL, 0};
    struct ska_approval_token token;
    struct ska_bytes plain = {NULL, 0};
    const char *digest = "";
    bool there = shown && ska_approval_token_decode(ska_span_of(&request->token), &token, NULL) &&
                 token.has_timestamp &&
                 ska_signature_from_der(token.timestamp_signature, &digest, &plain, NULL);
    bool done = add_optional_base64(json, "timestamp", there ? token.timestamp.block : nothing) &&
                add_optional_base64(json, "timestampSignature", ska_span_of(&plain)) &&
                add_optional_text(json, "timestampSignatureAlgorithm",
                                  there ? timestamp_algorithm(digest) : NULL) &&
                add_optional_base64(json, "timestampSignatureWithAlgorithm",
                                    there ? token.timestamp_signature : nothing);

    ska_bytes_free(&plain);
    return done;
}

static bool add_level_5(struct tsb_exchange *exchange, cJSON *json,
                        const struct tsb_request *request, bool shown)
{
    struct tsb_key_attributes attributes = {NULL, {NULL, 0}, {NULL, 0}};
    bool done = !shown || tsb_key_attributes_read(exchange, request->key_name, &attributes);

    done = done && add_optional_text(json, "keyAttributes", (const char *)attributes.xml.data) &&
           add_optional_base64(json, "keyAttributesSignature", ska_span_of(&attributes.signature));
    tsb_key_attributes_clear(&attributes);
    return done;
}

static bool add_level_6(struct tsb_exchange *exchange, cJSON *json,
                        const struct tsb_request *request, bool shown)
{
    struct tsb_database *database = exchange->server->database;
    struct tsb_tasks tasks = {NULL, 0};
    bool done = false;

    if (!shown)
        return cJSON_AddNullToObject(json, "requestStatus") != NULL;
    if (!tsb_database_begin(database))
        return false;
    done = tsb_database_end(database, tsb_tasks_of_request(database, request->id, &tasks)) &&
           ska_json_add_item(json, "requestStatus", tsb_request_status(exchange, request, &tasks));
    tsb_tasks_clear(&tasks);
    return done;
}

cJSON *tsb_task_json(struct tsb_exchange *exchange, const struct tsb_task *task,
                     const struct tsb_request *request, unsigned int level)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL && add_level_1(json, task, request, level) &&
        add_level_2(json, request, level >= 2) && add_level_3(json, request, level >= 3) &&
        add_level_4(json, request, level >= 4) &&
        add_level_5(exchange, json, request, level >= 5) &&
        add_level_6(exchange, json, request, level >= 6))
        return json;
    cJSON_Delete(json);
    return NULL;
}
