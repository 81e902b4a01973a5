/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/meta_data.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/base/json.h"
#include "provider/base/private_libctx.h"
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
           ska_json_add_base64(json, "publicKey", ska_span_of(&draft->public_key)) &&
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

static bool note_fault(struct ska_request *request, const char *fault,
                       const struct ska_errors *errors)
{
    free(request->words_fault);
    request->words_fault = strdup(fault);
    return request->words_fault != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
}

/* The token does not name the key itself, which the requester does: nobody finds another for an id.
 */
static bool check_stated_id(struct ska_request *request, const char *id,
                            const struct ska_bytes *public_key, const struct ska_errors *errors)
{
    struct ska_request copy = *request;

    copy.public_key = *public_key;
    if (!ska_private_libctx_make(errors) ||
        !ska_request_identify(&copy, ska_private_libctx(), errors))
        return false;
    if (strcmp(copy.id, id) != 0)
        return note_fault(request, "metaData: requestId: it is not the id of this request", errors);
    memcpy(request->stated_id, id, SKA_REQUEST_ID_LENGTH + 1);
    return true;
}

/* By which approvers and whoever asks speak of the same request; what is none is left out. */
static bool take_stated_id(const struct ska_json_place *top, struct ska_request *request)
{
    struct ska_bytes public_key = {NULL, 0};
    const char *id = NULL;
    bool done = false;

    if (!ska_json_text(top, "requestId", SKA_JSON_OPTIONAL, &id))
        return false;
    if (id == NULL || strlen(id) != SKA_REQUEST_ID_LENGTH ||
        strspn(id, "0123456789abcdef") != SKA_REQUEST_ID_LENGTH ||
        request->approval_token.length == 0)
        return true;
    done = ska_json_base64(top, "publicKey", SKA_JSON_OPTIONAL, &public_key) &&
           check_stated_id(request, id, &public_key, &top->at.errors);
    ska_bytes_free(&public_key);
    return done;
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

/* In hexadecimal digits, as people compare it, or in base64, as in a request's file. */
static bool decode_digest(const char *text, size_t length, struct ska_bytes *value)
{
    if (ska_hex_decode(text, value) && value->length == length)
        return true;
    ska_bytes_free(value);
    if (ska_base64_decode(text, value) && value->length == length)
        return true;
    ska_bytes_free(value);
    return ska_hex_decode(text, value); /* of another digest */
}

static bool take_digest(const struct ska_json_place *top, struct ska_request *request)
{
    struct ska_json_place digest;
    const char *name = NULL;
    const char *text = NULL;

    if (!ska_json_object(top, "digest", SKA_JSON_OPTIONAL, &digest))
        return false;
    if (digest.value == NULL)
        return true;
    if (!ska_json_text(&digest, "algorithm", SKA_JSON_REQUIRED, &name) ||
        !ska_json_text(&digest, "value", SKA_JSON_REQUIRED, &text))
        return false;
    if (!ska_digest_from_name(name, &request->digest))
        return ska_json_fail_value(&digest, "algorithm", name, "SHA1 or SHA224 to SHA512");
    return (decode_digest(text, ska_digest_length(request->digest), &request->digest_value) ||
            ska_json_fail(&digest, "value", "a digest in hexadecimal digits or base64 expected")) &&
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

/* What has been taken of words that cannot be read as a whole. */
static void forget_members(struct ska_request *request)
{
    request->stated_id[0] = 0;
    free(request->created);
    request->created = NULL;
    request->has_requester = false;
    request->requester_uid = 0;
    free(request->requester_host);
    request->requester_host = NULL;
    free(request->requester_program);
    request->requester_program = NULL;
    request->digest = SKA_DIGEST_NONE;
    ska_bytes_free(&request->digest_value);
    ska_bytes_free(&request->signed_content);
    request->no_content = SKA_NO_CONTENT_UNSAID;
}

/* What decides is the token: words that cannot be read keep nobody from approving it. */
static bool take_ours(const cJSON *json, struct ska_span text, struct ska_request *request,
                      const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    struct ska_json_place top;
    bool done = false;

    ska_json_top(&top, json, "metaData", SKA_R_BAD_REQUEST, &to_failure);
    done = take_members(&top, request);
    if (!done && failure.reason == SKA_R_BAD_REQUEST) {
        forget_members(request);
        done = take_foreign(text, request, errors) &&
               note_fault(request, ska_error_capture_text(&failure), errors);
    } else if (!done) {
        ska_error_capture_raise(&failure, errors);
    }
    ska_error_capture_clear(&failure);
    return done;
}

bool ska_meta_data_take(struct ska_span text, struct ska_request *request,
                        const struct ska_errors *errors)
{
    cJSON *json = NULL;
    bool done = false;

    if (text.length == 0)
        return true;
    done = ska_json_parse(text, "metaData", &json, NULL) && is_ours(json)
               ? take_ours(json, text, request, errors)
               : take_foreign(text, request, errors);
    cJSON_Delete(json);
    return done;
}
