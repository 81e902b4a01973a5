/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and bundles. */
#include <stdlib.h>
#include <string.h>

#include "provider/request/request_errors.h"
#include "tools/command/inspect.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

static const char *const known_members[] = {
    "version",       "requestId",          "attempt",     "operation",
    "key",           "signatureAlgorithm", "saltLength",  "anySaltLength",
    "mgf1Digest",    "payloadForm",        "payload",     "digest",
    "signedContent", "noSignedContent",    "rule",        "timestampKey",
    "requester",     "importer",           "description", "created",
    "notBefore",     "notAfter",           "approvals",   "signature",
    "executed",      "approvalToBeSigned", NULL};

/* ---- Parts ----------------------------------------------------------------------------------- */

/* JSON has made most of it harmless already, with backslashes, which are not escaped again. */
static void add_json(struct ska_buffer *text, const char *json)
{
    size_t length = 0;

    for (; json != NULL && *json != 0; json += length) {
        length = strcspn(json, "\\");
        text_printable(text, ska_span(json, length));
        if (json[length] == '\\') {
            ska_buffer_add(text, json + length, 2);
            length += 2;
        }
    }
}

static void add_member(struct ska_buffer *text, const cJSON *member)
{
    char *value = cJSON_PrintUnformatted(member);

    text->failed = text->failed || value == NULL;
    ska_buffer_text(text, "    ");
    text_printable(text, ska_span_text(member->string));
    ska_buffer_text(text, " = ");
    add_json(text, value);
    ska_buffer_text(text, "\n");
    cJSON_free(value);
}

void inspect_add_others(struct ska_buffer *text, const cJSON *json, const char *const *known)
{
    const cJSON *member = NULL;
    bool any = false;

    cJSON_ArrayForEach(member, json)
    {
        if (ska_text_is_among(known, member->string))
            continue;
        if (!any)
            ska_buffer_text(text, "\nOther members, which this version does not know and nothing "
                                  "protects:\n");
        any = true;
        add_member(text, member);
    }
}

void inspect_add_hex(struct ska_buffer *text, const char *name, struct ska_span bytes)
{
    text_name(text, name);
    ska_buffer_hex(text, bytes);
    ska_buffer_text(text, "\n");
}

void inspect_add_signature(OSSL_LIB_CTX *libctx, struct ska_buffer *text,
                           const struct ska_approval *approval)
{
    text_name(text, "key SHA-256");
    text_fingerprint(libctx, ska_span_of(&approval->public_key), text);
    ska_buffer_text(text, "\n");
    text_row(text, "digest", approval->digest);
    inspect_add_hex(text, "signature", ska_span_of(&approval->signature));
}

/* ---- A request that holds together ----------------------------------------------------------- */

static void add_bundle_approval(OSSL_LIB_CTX *libctx, struct ska_buffer *text,
                                const struct ska_request *request, size_t index)
{
    const struct ska_approval *approval = &request->approvals[index];
    ska_buffer_format(text, "  %zu. ", index + 1);
    ska_signer_text(request_stated_rule(request), approval, text);
    ska_buffer_format(text, ", named by %s\n",
                      approval->certificate ? "a certificate" : "a public key");
    inspect_add_signature(libctx, text, approval);
}

static void add_request_fields(OSSL_LIB_CTX *libctx, struct ska_buffer *text,
                               const struct ska_request *request, const struct key_rules *rules,
                               const cJSON *json)
{
    ska_buffer_format(text, "Request %s\n\n", request->id);
    ska_buffer_text(text, "In the approval token: what approvers sign and the HSM enforces\n");
    request_text_protected(libctx, request, text);
    ska_buffer_text(text, "\nOutside the token: said by the requester, NOT protected by the HSM\n");
    request_text_unprotected(libctx, request, rules, text);
    if (request->timestamp_key.length > 0)
        inspect_add_hex(text, "timestamp key", ska_span_of(&request->timestamp_key));
    if (request->signature.length > 0)
        inspect_add_hex(text, "signature", ska_span_of(&request->signature));
    text_stated_time_row(text, "executed", request->executed);
    inspect_add_others(text, json, known_members);
    ska_buffer_format(text, "\nApprovals: %zu\n", request->approval_count);
    for (size_t i = 0; i < request->approval_count; i++)
        add_bundle_approval(libctx, text, request, i);
    ska_buffer_text(text, "\n");
    inspect_add_token(text, ska_span_of(&request->approval_token));
}

static bool print_request(struct tool *tool, const struct ska_request *request, const cJSON *json)
{
    struct key_rules rules = {0};
    struct ska_buffer text = {0};
    bool done = request->operation != SKA_OPERATION_MODIFY || key_rules_ask(tool, request, &rules);

    if (done) {
        add_request_fields(tool->libctx, &text, request, &rules, json);
        done = text_print(&text, &tool->errors);
    }
    key_rules_clear(&rules);
    return done;
}

/* ---- One that does not ----------------------------------------------------------------------- */

/* Its members as they stand, and the token if there is one. */
static bool show_broken(struct tool *tool, const cJSON *json, struct ska_span token)
{
    const cJSON *member = NULL;
    struct ska_buffer text = {0};

    ska_buffer_text(&text, "Members, none of them verified:\n");
    cJSON_ArrayForEach(member, json) add_member(&text, member);
    if (token.data != NULL) {
        ska_buffer_text(&text, "\n");
        inspect_add_token(&text, token);
    }
    return text_print(&text, &tool->errors);
}

static bool inspect_broken(struct tool *tool, const cJSON *json,
                           const struct ska_error_capture *failure,
                           struct verification *verification)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, "approvalToBeSigned");
    struct ska_bytes token = {NULL, 0};
    bool done = false;

    if (!cJSON_IsString(member) || !ska_base64_decode(member->valuestring, &token))
        token.data = NULL;
    done = show_broken(tool, json, ska_span_of(&token));
    /* When all that is wrong is that the token has elements from a later version. */
    if (failure->reason == SKA_R_BAD_TOKEN && inspect_has_unknown_elements(ska_span_of(&token)))
        verify_add(verification, VERIFY_NOTHING,
                   "the token has elements that this version does not know; nothing was verified");
    else
        verify_add_failure(verification, failure);
    ska_bytes_free(&token);
    return done;
}

bool inspect_request(struct tool *tool, struct ska_span content, const cJSON *json,
                     const char *shown, struct verification *verification)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct ska_request_errors advised;
    struct ska_request *request = NULL;
    bool done = false;

    ska_request_errors_init(&advised, &quiet, content);
    if (ska_request_parse(content, shown, &request, &advised.errors)) {
        done = print_request(tool, request, json) &&
               verify_request(verification, request, &tool->errors);
    } else {
        done = inspect_broken(tool, json, &failure, verification);
    }
    ska_error_capture_clear(&failure);
    ska_request_free(request);
    return done;
}
