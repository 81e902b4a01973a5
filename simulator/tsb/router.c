/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/router.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "simulator/tsb/access.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/text_list.h"

/* ---- Paths ----------------------------------------------------------------------------------- */

/* False for what is no pair of digits behind a %, and for %00. */
static bool decode_percent(struct ska_span text, struct ska_buffer *decoded)
{
    for (size_t i = 0; i < text.length; i++) {
        struct ska_bytes byte = {NULL, 0};
        char digits[3] = "";

        if (text.data[i] != '%') {
            ska_buffer_add(decoded, &text.data[i], 1);
            continue;
        }
        if (text.length - i < 3)
            return false;
        memcpy(digits, text.data + i + 1, 2);
        if (!ska_hex_decode(digits, &byte))
            return false;
        ska_buffer_add(decoded, byte.data, byte.length);
        i += 2;
        if (byte.data[0] == '\0') {
            ska_bytes_free(&byte);
            return false;
        }
        ska_bytes_free(&byte);
    }
    return true;
}

static char *decode_argument(struct ska_span text)
{
    struct ska_buffer decoded = {0};
    struct ska_bytes finished = {NULL, 0};

    if (decode_percent(text, &decoded) && ska_buffer_finish(&decoded, &finished, NULL) &&
        ska_utf8_valid(ska_span_of(&finished)))
        return (char *)finished.data;
    ska_buffer_free(&decoded);
    ska_bytes_free(&finished);
    return NULL;
}

bool tsb_path_matches(const char *pattern, const char *path, char **argument)
{
    const char *star = strchr(pattern, '*');
    size_t before = star == NULL ? 0 : (size_t)(star - pattern);
    size_t after = star == NULL ? 0 : strlen(star + 1);
    size_t length = strlen(path);

    *argument = NULL;
    if (star == NULL)
        return strcmp(pattern, path) == 0;
    if (length <= before + after || strncmp(path, pattern, before) != 0 ||
        strcmp(path + length - after, star + 1) != 0)
        return false;
    *argument = decode_argument(ska_span(path + before, length - before - after));
    return *argument != NULL;
}

/* ---- The calls ------------------------------------------------------------------------------- */

/* Licence flags. */
#define ENGINE "TSB_ENGINE"
#define REST "REST_API"

static void not_implemented(struct tsb_exchange *exchange)
{
    tsb_refuse(&exchange->answer, TSB_NOT_IMPLEMENTED, "this simulator has no %s %s",
               exchange->method, exchange->path);
}

/* Of patterns that fit a path the first counts. */
static const struct route {
    const char *method;
    const char *pattern;
    enum tsb_access access;
    const char *licence; /* NULL: none is needed */
    tsb_call *call;
    bool also_service; /* a serviceToken opens it too */
} routes[] = {
    {"POST", "/v1/key", TSB_KEY_MANAGEMENT, NULL, tsb_create_key, false},
    {"GET", "/v1/key", TSB_KEY_MANAGEMENT, NULL, tsb_list_keys, false},
    {"POST", "/v1/key/attributes", TSB_KEY_MANAGEMENT, NULL, tsb_read_key, false},
    {"GET", "/v1/key/*/attributes", TSB_KEY_MANAGEMENT, NULL, tsb_read_key_by_path, false},
    {"POST", "/v1/key/deleteKey", TSB_KEY_MANAGEMENT, NULL, tsb_delete_key, false},
    {"PATCH", "/v1/key/changeAttributes", TSB_KEY_MANAGEMENT, NULL, not_implemented, false},
    {"POST", "/v1/key/*", TSB_KEY_MANAGEMENT, NULL, not_implemented, false},
    {"DELETE", "/v1/key/*", TSB_KEY_MANAGEMENT, NULL, tsb_delete_key_by_path, false},
    {"POST", "/v1/importedKey", TSB_KEY_MANAGEMENT, NULL, not_implemented, false},
    {"POST", "/v1/derivedKey", TSB_KEY_MANAGEMENT, NULL, not_implemented, false},
    {"POST", "/v1/modify", TSB_KEY_MANAGEMENT, ENGINE, tsb_modify, false},
    {"POST", "/v1/synchronousModify", TSB_KEY_MANAGEMENT, REST, tsb_synchronous_modify, false},
    {"POST", "/v1/sign", TSB_KEY_OPERATION, ENGINE, tsb_sign, false},
    {"POST", "/v1/block", TSB_KEY_OPERATION, ENGINE, tsb_block, false},
    {"POST", "/v1/unblock", TSB_KEY_OPERATION, ENGINE, tsb_unblock, false},
    {"POST", "/v1/decrypt", TSB_KEY_OPERATION, ENGINE, not_implemented, false},
    {"POST", "/v1/unwrap", TSB_KEY_OPERATION, ENGINE, not_implemented, false},
    {"POST", "/v1/certificate/*", TSB_KEY_OPERATION, NULL, not_implemented, false},
    {"POST", "/v1/synchronousSign", TSB_KEY_OPERATION, REST, tsb_synchronous_sign, false},
    {"POST", "/v1/synchronousBlock", TSB_KEY_OPERATION, REST, tsb_synchronous_block, false},
    {"POST", "/v1/synchronousUnblock", TSB_KEY_OPERATION, REST, tsb_synchronous_unblock, false},
    {"POST", "/v1/synchronousDecrypt", TSB_KEY_OPERATION, REST, not_implemented, false},
    {"POST", "/v1/synchronousUnwrap", TSB_KEY_OPERATION, REST, not_implemented, false},
    {"POST", "/v1/synchronousHmac", TSB_KEY_OPERATION, REST, not_implemented, false},
    {"POST", "/v1/verify", TSB_KEY_OPERATION, REST, tsb_verify, false},
    {"POST", "/v1/encrypt", TSB_KEY_OPERATION, REST, not_implemented, false},
    {"POST", "/v1/wrap", TSB_KEY_OPERATION, REST, not_implemented, false},
    {"POST", "/v1/createRfcTimestamp", TSB_KEY_OPERATION, REST, not_implemented, false},
    {"GET", "/v1/generateRandom/*", TSB_KEY_OPERATION, NULL, tsb_random, true},
    {"GET", "/v1/request/qrCode/*", TSB_KEY_OPERATION, NULL, not_implemented, false},
    {"GET", "/v1/request/*", TSB_KEY_OPERATION, NULL, tsb_read_request, false},
    {"DELETE", "/v1/request/*", TSB_KEY_OPERATION, NULL, tsb_cancel_request, false},
    {"POST", "/v1/filteredRequests", TSB_KEY_OPERATION, NULL, tsb_list_requests, false},
    {"POST", "/v1/filteredSignApprovalTask", TSB_APPROVER, ENGINE, tsb_tasks_sign, false},
    {"POST", "/v1/filteredDecryptApprovalTask", TSB_APPROVER, ENGINE, tsb_tasks_none, false},
    {"POST", "/v1/filteredUnwrapKeyApprovalTask", TSB_APPROVER, ENGINE, tsb_tasks_none, false},
    {"POST", "/v1/filteredModifyKeyApprovalTask", TSB_APPROVER, ENGINE, tsb_tasks_modify, false},
    {"POST", "/v1/filteredBlockKeyApprovalTask", TSB_APPROVER, ENGINE, tsb_tasks_block, false},
    {"POST", "/v1/filteredUnblockKeyApprovalTask", TSB_APPROVER, ENGINE, tsb_tasks_unblock, false},
    {"POST", "/v1/filteredAllApprovalTask", TSB_APPROVER, ENGINE, tsb_tasks_all, false},
    {"POST", "/v1/approval", TSB_APPROVER, ENGINE, tsb_approve, false},
    {"PATCH", "/v1/task", TSB_APPROVER, ENGINE, tsb_reject, false},
    {"DELETE", "/v1/task", TSB_APPROVER, ENGINE, tsb_reject, false},
    {"POST", "/v1/approver/onboard", TSB_APPROVER, ENGINE, not_implemented, false},
    {"POST", "/v1/approverManagement/*", TSB_APPROVER_KEY_MANAGEMENT, ENGINE, not_implemented,
     false},
    {"GET", "/v1/licenseInfo", TSB_SERVICE, NULL, tsb_licence_info, false},
    {"GET", "/v1/versionInfo", TSB_SERVICE, NULL, tsb_version_info, false},
    {"GET", "/v1/keystore/statistics", TSB_SERVICE, NULL, tsb_statistics, false},
};

/* NULL, refused: there is none. */
static const struct route *find_route(struct tsb_exchange *exchange)
{
    bool known_path = false;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        char *argument = NULL;

        if (!tsb_path_matches(routes[i].pattern, exchange->path, &argument))
            continue;
        if (strcmp(routes[i].method, exchange->method) == 0) {
            exchange->argument = argument;
            return &routes[i];
        }
        free(argument);
        known_path = true;
    }
    tsb_refuse_plainly(&exchange->answer, known_path ? 405 : 404,
                       known_path ? "the call has other methods" : "there is no such call");
    return NULL;
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";

    return type != NULL && strncasecmp(type, json, strlen(json)) == 0 &&
           (type[strlen(json)] == '\0' || strchr("; \t", type[strlen(json)]) != NULL);
}

static bool read_body(struct tsb_exchange *exchange)
{
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);

    if (exchange->body.length == 0)
        return tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION, "the body is missing");
    if (!is_json_type(exchange->content_type))
        return tsb_refuse_plainly(&exchange->answer, 415, "Content-Type: application/json, please");
    if (!ska_json_parse(exchange->body, "the body", &exchange->json, &errors))
        return tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION, "the body is no JSON");
    return cJSON_IsObject(exchange->json) ||
           tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION, "the body is no JSON object");
}

/* DELETE has one where a call needs it and the path names nothing. */
static bool has_body(const struct tsb_exchange *exchange)
{
    return strcmp(exchange->method, "GET") != 0 &&
           (strcmp(exchange->method, "DELETE") != 0 || exchange->argument == NULL);
}

static bool is_allowed(struct tsb_exchange *exchange, const struct route *route)
{
    const char *service = exchange->server->config.api_keys[TSB_SERVICE];
    enum tsb_access access = route->access;

    if (route->also_service && service != NULL && exchange->api_key != NULL &&
        tsb_list_has(service, exchange->api_key))
        access = TSB_SERVICE;
    return tsb_access_allowed(exchange, access) &&
           (route->licence == NULL || tsb_access_licensed(exchange, route->licence));
}

void tsb_route(struct tsb_exchange *exchange)
{
    const struct route *route = find_route(exchange);

    if (route == NULL || !is_allowed(exchange, route))
        return;
    if (tsb_fault_happens(&exchange->server->faults, TSB_FAULT_HSM_ERROR, exchange->path)) {
        tsb_refuse(&exchange->answer, TSB_IN_HSM, "error creating signature");
        return;
    }
    if (route->call != not_implemented && has_body(exchange) && !read_body(exchange))
        return;
    route->call(exchange);
    if (exchange->answer.status == 0)
        tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "the call has not been answered");
}
