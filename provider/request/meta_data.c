/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/meta_data.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/json.h"
#include "provider/request/algorithm.h"

#define APP "ska-provider"

/* ---- Making ---------------------------------------------------------------------------------- */

static bool add_requester(cJSON *json, const struct ska_request *draft)
{
    cJSON *requester = cJSON_AddObjectToObject(json, "requester");

    return requester != NULL &&
           cJSON_AddNumberToObject(requester, "uid", (double)draft->requester_uid) != NULL &&
           ska_json_add_text(requester, "host", draft->requester_host) &&
           ska_json_add_text(requester, "program", draft->requester_program);
}

/* The digest of what is signed, as people compare it. */
static bool add_digest(cJSON *json, const struct ska_request *draft)
{
    cJSON *digest = NULL;

    if (draft->digest_value.length == 0)
        return true;
    digest = cJSON_AddObjectToObject(json, "digest");
    return digest != NULL &&
           ska_json_add_text(digest, "algorithm", ska_digest_name(draft->digest)) &&
           ska_json_add_hex(digest, "value", ska_span_of(&draft->digest_value));
}

/* What was hashed, or why it is not here. */
static bool add_content(cJSON *json, const struct ska_request *draft)
{
    struct ska_span content = ska_span_of(&draft->signed_content);
    enum ska_no_content why = content.length > 0 ? SKA_NO_CONTENT_TOO_LONG : draft->no_content;

    if (content.length > 0 && content.length <= SKA_META_CONTENT_LIMIT)
        return ska_json_add_base64(json, "signedContent", content);
    return why == SKA_NO_CONTENT_UNSAID ||
           ska_json_add_text(json, "noSignedContent", ska_no_content_names[why]);
}

static bool add_meta_members(cJSON *json, const struct ska_request *draft)
{
    return ska_json_add_text(json, "app", APP) && ska_json_add_text(json, "requestId", draft->id) &&
           ska_json_add_text(json, "time", draft->created) &&
           ska_json_add_text(json, "description", draft->description) && add_digest(json, draft) &&
           add_requester(json, draft) && add_content(json, draft);
}

bool ska_meta_data_make(const struct ska_request *draft, struct ska_bytes *text,
                        const struct ska_errors *errors)
{
    cJSON *json = cJSON_CreateObject();
    bool done = (json != NULL && add_meta_members(json, draft)) ||
                ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");

    done = done && ska_json_print_line(json, text, errors);
    cJSON_Delete(json);
    return done;
}

/* ---- Taking ---------------------------------------------------------------------------------- */

/* Of others' text nothing is needed but that it can be shown. */
#define FOREIGN_LIMIT ((size_t)4096)

static bool take_text(const struct ska_json_place *place, const char *name, char **value)
{
    const char *text = NULL;

    if (!ska_json_text(place, name, SKA_JSON_OPTIONAL, &text))
        return false;
    if (text == NULL)
        return true;
    free(*value);
    *value = strdup(text);
    return *value != NULL || ska_fail(&place->at.errors, SKA_R_OUT_OF_MEMORY, "%s", name);
}

/* A time as in 2025-01-31T12:00:00Z; others are left out. */
static bool is_time(const char *text)
{
    return strlen(text) == 20 && strspn(text, "0123456789-:TZ") == 20;
}

static bool take_time(const struct ska_json_place *top, struct ska_request *request)
{
    char *text = NULL;

    if (!take_text(top, "time", &text))
        return false;
    if (text == NULL || !is_time(text)) {
        free(text);
        return true;
    }
    free(request->created);
    request->created = text;
    return true;
}

/* By which approvers and whoever asks speak of the same request; what is none is left out. */
static bool take_stated_id(const struct ska_json_place *top, struct ska_request *request)
{
    const char *id = NULL;

    if (!ska_json_text(top, "requestId", SKA_JSON_OPTIONAL, &id))
        return false;
    if (id != NULL && strlen(id) == SKA_REQUEST_ID_LENGTH &&
        strspn(id, "0123456789abcdef") == SKA_REQUEST_ID_LENGTH)
        memcpy(request->stated_id, id, SKA_REQUEST_ID_LENGTH + 1);
    return true;
}

static bool take_requester(const struct ska_json_place *top, struct ska_request *request)
{
    struct ska_json_place requester;

    if (!ska_json_object(top, "requester", SKA_JSON_OPTIONAL, &requester))
        return false;
    if (requester.value == NULL)
        return true;
    request->has_requester =
        ska_json_uint(&requester, "uid", SKA_JSON_REQUIRED, &request->requester_uid) &&
        take_text(&requester, "host", &request->requester_host) &&
        take_text(&requester, "program", &request->requester_program);
    return request->has_requester;
}

static bool compare_meta_digest(const struct ska_json_place *top, const struct ska_request *request)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    return (ska_payload_digest(&request->mechanism, ska_span_of(&request->payload), &digest,
                               &value) &&
            ska_digest_length(request->digest) == value.length &&
            ska_span_equal(value, ska_span_of(&request->digest_value))) ||
           ska_fail(&top->at.errors, SKA_R_PAYLOAD_MISMATCH,
                    "what the requester says is about a different digest than the one in the "
                    "approval token");
}

static bool take_digest(const struct ska_json_place *top, struct ska_request *request)
{
    struct ska_json_place digest;
    const char *name = NULL;
    const char *hex = NULL;

    if (!ska_json_object(top, "digest", SKA_JSON_OPTIONAL, &digest))
        return false;
    if (digest.value == NULL)
        return true;
    if (!ska_json_text(&digest, "algorithm", SKA_JSON_REQUIRED, &name) ||
        !ska_json_text(&digest, "value", SKA_JSON_REQUIRED, &hex))
        return false;
    if (!ska_digest_from_name(name, &request->digest))
        return ska_json_fail_value(&digest, "algorithm", name, "SHA1 or SHA224 to SHA512");
    return (ska_hex_decode(hex, &request->digest_value) ||
            ska_json_fail(&digest, "value", "hexadecimal digits expected")) &&
           compare_meta_digest(top, request);
}

static bool take_no_content(const struct ska_json_place *top, struct ska_request *request)
{
    const char *text = NULL;

    if (!ska_json_text(top, "noSignedContent", SKA_JSON_OPTIONAL, &text))
        return false;
    for (size_t i = SKA_NO_CONTENT_NO_STRUCTURE; text != NULL && i <= SKA_NO_CONTENT_DIGEST_GIVEN;
         i++)
        if (strcmp(text, ska_no_content_names[i]) == 0)
            request->no_content = (enum ska_no_content)i;
    return true;
}

static bool take_content(const struct ska_json_place *top, struct ska_request *request)
{
    return take_no_content(top, request) &&
           ska_json_base64(top, "signedContent", SKA_JSON_OPTIONAL, &request->signed_content) &&
           (request->signed_content.length <= SKA_META_CONTENT_LIMIT ||
            ska_json_fail(top, "signedContent", "longer than 16384 bytes"));
}

static bool is_ours(const cJSON *json)
{
    const cJSON *app = cJSON_GetObjectItemCaseSensitive(json, "app");

    return cJSON_IsString(app) && strcmp(app->valuestring, APP) == 0;
}

static bool take_members(const struct ska_json_place *top, struct ska_request *request)
{
    return take_stated_id(top, request) && take_text(top, "description", &request->description) &&
           take_time(top, request) && take_requester(top, request) &&
           (request->operation != SKA_OPERATION_SIGN ||
            request->mechanism.form != SKA_PAYLOAD_DIGEST ||
            (take_digest(top, request) && take_content(top, request)));
}

static bool take_foreign(struct ska_span text, struct ska_request *request,
                         const struct ska_errors *errors)
{
    free(request->description);
    request->description = ska_printable(text, FOREIGN_LIMIT);
    return request->description != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
}

bool ska_meta_data_take(struct ska_span text, struct ska_request *request,
                        const struct ska_errors *errors)
{
    struct ska_json_place top;
    cJSON *json = NULL;
    bool done = false;

    if (text.length == 0)
        return true;
    if (ska_json_parse(text, "metaData", &json, NULL) && is_ours(json)) {
        ska_json_top(&top, json, "metaData", SKA_R_BAD_REQUEST, errors);
        done = take_members(&top, request);
    } else {
        done = take_foreign(text, request, errors);
    }
    cJSON_Delete(json);
    return done;
}
