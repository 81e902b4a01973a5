/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "simulator/tsb/access.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/operation_number.h"
#include "simulator/tsb/text_list.h"

/* ---- Paths ----------------------------------------------------------------------------------- */

/* The byte that "%XX" at the beginning of a text stands for; -1: it does not begin so. */
static int escaped_byte(struct ska_span text)
{
    struct ska_bytes byte = {NULL, 0};
    char digits[3] = "";
    int value = -1;

    if (text.length < 3 || text.data[0] != '%')
        return -1;
    memcpy(digits, text.data + 1, 2);
    if (ska_hex_decode(digits, &byte) && byte.length == 1)
        value = byte.data[0];
    ska_bytes_free(&byte);
    return value;
}

/* False for what is no pair of digits behind a %, and for %00. */
static bool decode_percent(struct ska_span text, struct ska_buffer *decoded)
{
    while (text.length > 0) {
        int value = escaped_byte(text);
        uint8_t byte = value < 0 ? text.data[0] : (uint8_t)value;
        size_t length = value < 0 ? 1 : 3;

        if (value == 0 || (value < 0 && byte == '%'))
            return false;
        ska_buffer_add(decoded, &byte, 1);
        text = ska_span(text.data + length, text.length - length);
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

static const char *skip_origin(const char *target)
{
    const char *host = NULL;

    if (strncasecmp(target, "http://", 7) == 0)
        host = target + 7;
    else if (strncasecmp(target, "https://", 8) == 0)
        host = target + 8;
    return host == NULL ? target : host + strcspn(host, "/");
}

static bool is_unreserved(int byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || (byte > 0 && strchr("-._~", byte) != NULL);
}

char *tsb_path_normalize(const char *target)
{
    struct ska_span rest = ska_span_text(skip_origin(target));
    struct ska_buffer path = {0};
    struct ska_bytes finished = {NULL, 0};

    if (rest.length == 0)
        ska_buffer_text(&path, "/");
    while (rest.length > 0) {
        int value = escaped_byte(rest);
        uint8_t byte = is_unreserved(value) ? (uint8_t)value : rest.data[0];
        size_t length = is_unreserved(value) ? 3 : 1;

        ska_buffer_add(&path, &byte, 1);
        rest = ska_span(rest.data + length, rest.length - length);
    }
    return ska_buffer_finish(&path, &finished, NULL) ? (char *)finished.data : NULL;
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

/* Kinds of operations that approvers are asked about in one list. */
#define USES (1U << TSB_SIGN | 1U << TSB_CSR | 1U << TSB_SELF_SIGN | 1U << TSB_ISSUE)
#define ALL (~0U)

#define MANAGEMENT TSB_KEY_MANAGEMENT
#define OPERATION TSB_KEY_OPERATION
#define APPROVERS TSB_APPROVER_KEY_MANAGEMENT

/* Of patterns that fit a path the first counts. */
static const struct route {
    const char *method;
    const char *pattern;
    enum tsb_access access;
    const char *licence; /* NULL: none is needed */
    tsb_call *call;
    unsigned int of;   /* the kind of an operation, or the kinds of tasks */
    bool also_service; /* a serviceToken opens it too */
} routes[] = {
    {"POST", "/v1/key", MANAGEMENT, NULL, tsb_create_key, 0, false},
    {"GET", "/v1/key", MANAGEMENT, NULL, tsb_list_keys, 0, false},
    {"POST", "/v1/key/attributes", MANAGEMENT, NULL, tsb_read_key, 0, false},
    {"GET", "/v1/key/*/attributes", MANAGEMENT, NULL, tsb_read_key_by_path, 0, false},
    {"POST", "/v1/key/deleteKey", MANAGEMENT, NULL, tsb_delete_key, 0, false},
    {"POST", "/v1/key/changePassword", MANAGEMENT, NULL, tsb_change_password, 0, false},
    {"POST", "/v1/dataObject", MANAGEMENT, NULL, tsb_create_data, 0, false},
    {"GET", "/v1/dataObject/*", MANAGEMENT, NULL, tsb_read_data, 0, false},
    {"DELETE", "/v1/dataObject/*", MANAGEMENT, NULL, tsb_delete_data, 0, false},
    {"POST", "/v1/key/import/plain", MANAGEMENT, NULL, tsb_import_key, 0, false},
    {"POST", "/v1/key/export/plain", MANAGEMENT, NULL, tsb_export_key, 0, false},
    {"PATCH", "/v1/key/changeAttributes", MANAGEMENT, NULL, not_implemented, 0, false},
    {"POST", "/v1/key/*", MANAGEMENT, NULL, not_implemented, 0, false},
    {"DELETE", "/v1/key/*", MANAGEMENT, NULL, tsb_delete_key_by_path, 0, false},
    {"POST", "/v1/importedKey", MANAGEMENT, NULL, tsb_import_key, 0, false},
    {"POST", "/v1/derivedKey", MANAGEMENT, NULL, tsb_derive_key, 0, false},

    {"POST", "/v1/modify", MANAGEMENT, ENGINE, tsb_hand_in, TSB_MODIFY, false},
    {"POST", "/v1/sign", OPERATION, ENGINE, tsb_hand_in, TSB_SIGN, false},
    {"POST", "/v1/block", OPERATION, ENGINE, tsb_hand_in, TSB_BLOCK, false},
    {"POST", "/v1/unblock", OPERATION, ENGINE, tsb_hand_in, TSB_UNBLOCK, false},
    {"POST", "/v1/decrypt", OPERATION, ENGINE, tsb_hand_in, TSB_DECRYPT, false},
    {"POST", "/v1/unwrap", OPERATION, ENGINE, tsb_hand_in, TSB_UNWRAP, false},
    {"POST", "/v1/certificate/request", OPERATION, ENGINE, tsb_hand_in, TSB_CSR, false},
    {"POST", "/v1/certificate/selfsign", OPERATION, ENGINE, tsb_hand_in, TSB_SELF_SIGN, false},
    {"POST", "/v1/certificate/sign", OPERATION, ENGINE, tsb_hand_in, TSB_ISSUE, false},

    {"POST", "/v1/synchronousModify", MANAGEMENT, REST, tsb_at_once, TSB_MODIFY, false},
    {"POST", "/v1/synchronousSign", OPERATION, REST, tsb_at_once, TSB_SIGN, false},
    {"POST", "/v1/synchronousBlock", OPERATION, REST, tsb_at_once, TSB_BLOCK, false},
    {"POST", "/v1/synchronousUnblock", OPERATION, REST, tsb_at_once, TSB_UNBLOCK, false},
    {"POST", "/v1/synchronousDecrypt", OPERATION, REST, tsb_at_once, TSB_DECRYPT, false},
    {"POST", "/v1/synchronousUnwrap", OPERATION, REST, tsb_at_once, TSB_UNWRAP, false},
    {"POST", "/v1/certificate/synchronous/request", OPERATION, REST, tsb_at_once, TSB_CSR, false},
    {"POST", "/v1/certificate/synchronous/request/download", OPERATION, REST, tsb_at_once_as_file,
     TSB_CSR, false},
    {"POST", "/v1/certificate/synchronous/selfsign", OPERATION, REST, tsb_at_once, TSB_SELF_SIGN,
     false},
    {"POST", "/v1/certificate/synchronous/sign", OPERATION, REST, tsb_at_once, TSB_ISSUE, false},

    {"POST", "/v1/certificate/import/plain", OPERATION, NULL, tsb_import_certificate, 0, false},
    {"GET", "/v1/certificate/*", OPERATION, NULL, tsb_read_certificate, 0, false},
    {"DELETE", "/v1/certificate/*", OPERATION, NULL, tsb_delete_certificate, 0, false},
    {"POST", "/v1/synchronousHmac", OPERATION, REST, tsb_hmac, 0, false},
    {"POST", "/v1/verify", OPERATION, REST, tsb_verify, 0, false},
    {"POST", "/v1/encrypt", OPERATION, REST, tsb_encrypt, 0, false},
    {"POST", "/v1/wrap", OPERATION, REST, tsb_wrap, 0, false},
    {"POST", "/v1/createRfcTimestamp", OPERATION, REST, not_implemented, 0, false},
    {"POST", "/v1/fileEncrypt", OPERATION, REST, not_implemented, 0, false},
    {"POST", "/v1/synchronousFileDecrypt", OPERATION, REST, not_implemented, 0, false},
    {"GET", "/v1/attestation/*", MANAGEMENT, NULL, not_implemented, 0, false},
    {"GET", "/v1/generateRandom/*", OPERATION, NULL, tsb_random, 0, true},

    {"GET", "/v1/request/qrCode/*", OPERATION, "AIR_GAPPED", not_implemented, 0, false},
    {"GET", "/v1/request/*", OPERATION, NULL, tsb_read_request, 0, false},
    {"DELETE", "/v1/request/*", OPERATION, NULL, tsb_cancel_request, 0, false},
    {"POST", "/v1/filteredRequests", OPERATION, NULL, tsb_list_requests, 0, false},

    {"POST", "/v1/filteredSignApprovalTask", TSB_APPROVER, ENGINE, tsb_list_tasks, USES, false},
    {"POST", "/v1/filteredDecryptApprovalTask", TSB_APPROVER, ENGINE, tsb_list_tasks,
     1U << TSB_DECRYPT, false},
    {"POST", "/v1/filteredUnwrapKeyApprovalTask", TSB_APPROVER, ENGINE, tsb_list_tasks,
     1U << TSB_UNWRAP, false},
    {"POST", "/v1/filteredModifyKeyApprovalTask", TSB_APPROVER, ENGINE, tsb_list_tasks,
     1U << TSB_MODIFY, false},
    {"POST", "/v1/filteredBlockKeyApprovalTask", TSB_APPROVER, ENGINE, tsb_list_tasks,
     1U << TSB_BLOCK, false},
    {"POST", "/v1/filteredUnblockKeyApprovalTask", TSB_APPROVER, ENGINE, tsb_list_tasks,
     1U << TSB_UNBLOCK, false},
    {"POST", "/v1/filteredAllApprovalTask", TSB_APPROVER, ENGINE, tsb_list_tasks, ALL, false},
    {"POST", "/v1/approval", TSB_APPROVER, ENGINE, tsb_approve, 0, false},
    {"PATCH", "/v1/task", TSB_APPROVER, ENGINE, tsb_reject, 0, false},
    {"DELETE", "/v1/task", TSB_APPROVER, ENGINE, tsb_reject, 0, false},

    {"POST", "/v1/approver/onboard", TSB_APPROVER, ENGINE, tsb_onboard, 0, false},
    {"POST", "/v1/approverManagement/create", APPROVERS, ENGINE, tsb_create_approver, 0, false},
    /* As in the vendor's example. */
    {"PUT", "/v1/approverManagement/create", APPROVERS, ENGINE, tsb_create_approver, 0, false},
    {"POST", "/v1/approverManagement/renewOneTimeCode", APPROVERS, ENGINE, tsb_renew_code, 0,
     false},
    {"POST", "/v1/approverManagement/restoreFromBackup", APPROVERS, ENGINE, tsb_renew_code, 0,
     false},
    {"POST", "/v1/approverManagement/restoreFromBackup/forgotPassword", APPROVERS, ENGINE,
     tsb_restore_forgotten, 0, false},
    {"GET", "/v1/approverManagement/onboarding/status", APPROVERS, ENGINE, tsb_onboarding_status, 0,
     false},
    {"DELETE", "/v1/approverManagement/delete/*", APPROVERS, ENGINE, tsb_delete_approver, 0, false},
    {"GET", "/v1/licenseInfo", TSB_SERVICE, NULL, tsb_licence_info, 0, false},
    {"GET", "/v1/versionInfo", TSB_SERVICE, NULL, tsb_version_info, 0, false},
    {"GET", "/v1/hsm/log", TSB_SERVICE, NULL, not_implemented, 0, false},
    {"GET", "/v1/hsm/log/*", TSB_SERVICE, NULL, not_implemented, 0, false},
    {"GET", "/v1/keystore/statistics", TSB_SERVICE, NULL, tsb_statistics, 0, false},
};

/* HEAD is GET whose body stays here. */
static bool has_method(const struct route *route, const char *method)
{
    return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

/* A path may fit patterns of more routes than one. */
static void allow(char methods[TSB_METHODS_SIZE], const char *method)
{
    size_t length = strlen(methods);

    if (strstr(methods, method) == NULL)
        snprintf(methods + length, TSB_METHODS_SIZE - length, "%s%s%s", length == 0 ? "" : ", ",
                 method, strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

/* NULL, refused: there is none. */
static const struct route *find_route(struct tsb_exchange *exchange)
{
    char methods[TSB_METHODS_SIZE] = "";

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        char *argument = NULL;

        if (!tsb_path_matches(routes[i].pattern, exchange->path, &argument))
            continue;
        if (has_method(&routes[i], exchange->method)) {
            exchange->argument = argument;
            exchange->of = routes[i].of;
            return &routes[i];
        }
        free(argument);
        allow(methods, routes[i].method);
    }
    if (methods[0] == '\0')
        tsb_refuse_plainly(&exchange->answer, 404, "there is no such call");
    else
        tsb_refuse_plainly(&exchange->answer, 405, "the call does not have this method");
    memcpy(exchange->answer.allowed, methods, sizeof(methods));
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
    if (!tsb_exchange_parse(exchange, exchange->body, &errors))
        return tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION, "the body is not JSON");
    return cJSON_IsObject(exchange->json) ||
           tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION, "the body is not a JSON object");
}

/* DELETE has one where a call needs it and the path names nothing. */
static bool has_body(const struct tsb_exchange *exchange)
{
    return strcmp(exchange->method, "GET") != 0 && strcmp(exchange->method, "HEAD") != 0 &&
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
