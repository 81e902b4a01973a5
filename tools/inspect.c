/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool inspect: shows a request, a bundle, an approval token or a folder of evidence, whatever
 * is in it, and verifies what can be verified without an HSM.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../provider/approval/describe.h"
#include "../provider/approval/json.h"
#include "../provider/approval/wire.h"
#include "../provider/base/file.h"
#include "options.h"
#include "review.h"
#include "text.h"
#include "verify.h"

/* Names in a folder of evidence. */
#define EVIDENCE_REQUEST "request.json"
#define EVIDENCE_TOKEN "token"
#define EVIDENCE_SIGNATURE "signature"

static const char *const request_members[] = {"version",
                                              "requestId",
                                              "operation",
                                              "key",
                                              "signatureAlgorithm",
                                              "saltLength",
                                              "mgf1Digest",
                                              "payloadForm",
                                              "payload",
                                              "digest",
                                              "rule",
                                              "timestampKey",
                                              "requester",
                                              "description",
                                              "created",
                                              "notBefore",
                                              "notAfter",
                                              "approvals",
                                              "signature",
                                              "executed",
                                              "approvalToBeSigned",
                                              NULL};

/* ---- Tokens ---------------------------------------------------------------------------------- */

/*
 * Elements that this version does not know are no fault of the token: it is shown, and that is all
 * that can be said. Known elements in wrong places are a fault.
 */
static bool has_unknown_elements(struct ska_span encoded)
{
    static const uint16_t known[] = {SKA_WIRE_OPERATION,     SKA_WIRE_NAME,
                                     SKA_WIRE_TIMESTAMP,     SKA_WIRE_SIGNATURE,
                                     SKA_WIRE_USAGE_PAYLOAD, SKA_WIRE_MODIFY_PAYLOAD};
    struct ska_wire_reader reader = {NULL, NULL};
    struct ska_wire_element element = {0, {NULL, 0}};

    if (!ska_wire_well_formed(encoded) || !ska_wire_open(&reader, encoded))
        return false;
    while (!ska_wire_at_end(&reader) && ska_wire_next(&reader, &element)) {
        bool found = false;

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            found = found || element.type == known[i];
        if (!found)
            return true;
    }
    return false;
}

/* Indented below its heading. */
static void add_token(struct ska_buffer *text, struct ska_span token)
{
    struct ska_buffer lines = {0};
    bool start = true;

    ska_buffer_format(text, "Approval token, %zu bytes: what approvers sign\n", token.length);
    ska_wire_describe(token, &lines);
    for (size_t i = 0; i < lines.length; i++) {
        if (start)
            ska_buffer_text(text, "    ");
        ska_buffer_add(text, &lines.data[i], 1);
        start = lines.data[i] == '\n';
    }
    text->failed = text->failed || lines.failed;
    ska_buffer_free(&lines);
}

/* The header of a token says its length. */
static bool is_framed(struct ska_span encoded)
{
    uint64_t length = 0;

    if (encoded.length < 4)
        return false;
    for (int i = 3; i >= 0; i--)
        length = length << 8 | encoded.data[i];
    return length == encoded.length - 4;
}

static bool inspect_token(struct tool *tool, struct ska_span encoded, const char *shown)
{
    struct ska_buffer text = {0};
    struct ska_token token;
    bool tolerated = has_unknown_elements(encoded);
    bool done = false;

    memset(&token, 0, sizeof(token));
    /* What is not even framed like one may be a secret that somebody named by mistake. */
    if (!is_framed(encoded))
        return ska_fail(&tool->errors, SKA_R_BAD_TOKEN,
                        "%s: no request, bundle, approval token or folder of evidence", shown);
    add_token(&text, encoded);
    if (!text_print(&text, &tool->errors))
        return false;
    done = ska_token_decode(encoded, &token, tolerated ? NULL : &tool->errors);
    if (!done && tolerated)
        report_note("%s: has elements that this version does not know; nothing was verified",
                    shown);
    return done || tolerated;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static bool is_request_member(const char *name)
{
    for (size_t i = 0; request_members[i] != NULL; i++)
        if (strcmp(name, request_members[i]) == 0)
            return true;
    return false;
}

static void add_member(struct ska_buffer *text, const cJSON *member)
{
    char *value = cJSON_PrintUnformatted(member);

    ska_buffer_text(text, "    ");
    text_printable(text, ska_span_text(member->string));
    ska_buffer_text(text, " = ");
    text_printable(text, ska_span_text(value));
    ska_buffer_text(text, "\n");
    cJSON_free(value);
}

static void add_unknown_members(struct ska_buffer *text, const cJSON *json)
{
    const cJSON *member = NULL;
    bool any = false;

    cJSON_ArrayForEach(member, json)
    {
        if (is_request_member(member->string))
            continue;
        if (!any)
            ska_buffer_text(text, "\nOther members, which this version does not know and nothing "
                                  "protects:\n");
        any = true;
        add_member(text, member);
    }
}

static void add_hex(struct ska_buffer *text, const char *name, struct ska_span bytes)
{
    text_name(text, name);
    for (size_t i = 0; i < bytes.length; i++)
        ska_buffer_format(text, "%02x", bytes.data[i]);
    ska_buffer_text(text, "\n");
}

static void add_approval(OSSL_LIB_CTX *libctx, struct ska_buffer *text,
                         const struct ska_request *request, size_t index)
{
    const struct ska_approval *approval = &request->approvals[index];
    char *shown = ska_approver_shown(review_rule(request), approval);

    ska_buffer_format(text, "  %zu. %s, named by %s\n", index + 1, shown == NULL ? "?" : shown,
                      approval->certificate ? "a certificate" : "a public key");
    text_name(text, "key SHA-256");
    review_fingerprint(libctx, ska_span_of(&approval->public_key), text);
    ska_buffer_text(text, "\n");
    text_row(text, "digest", approval->digest);
    add_hex(text, "signature", ska_span_of(&approval->signature));
    free(shown);
}

static void add_request(OSSL_LIB_CTX *libctx, struct ska_buffer *text,
                        const struct ska_request *request, const cJSON *json)
{
    ska_buffer_format(text, "Request %s\n\n", request->id);
    ska_buffer_text(text, "In the approval token: what approvers sign and the HSM enforces\n");
    review_protected(libctx, request, text);
    ska_buffer_text(text, "\nBeside the token: said by the requester, NOT protected by the HSM\n");
    review_unprotected(libctx, request, REVIEW_EVERYTHING, text);
    if (request->timestamp_key.length > 0)
        add_hex(text, "timestamp key", ska_span_of(&request->timestamp_key));
    if (request->signature.length > 0)
        add_hex(text, "signature", ska_span_of(&request->signature));
    text_row(text, "executed", request->executed);
    add_unknown_members(text, json);
    ska_buffer_format(text, "\nApprovals: %zu\n", request->approval_count);
    for (size_t i = 0; i < request->approval_count; i++)
        add_approval(libctx, text, request, i);
    ska_buffer_text(text, "\n");
    add_token(text, ska_span_of(&request->token));
}

/* A request that does not hold together: its members as they stand, and the token if there is one.
 */
static bool show_broken(struct tool *tool, const cJSON *json)
{
    const cJSON *member = NULL;
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(json, "approvalToBeSigned");
    struct ska_buffer text = {0};
    struct ska_bytes encoded = {NULL, 0};

    ska_buffer_text(&text, "Members, none of them verified:\n");
    cJSON_ArrayForEach(member, json) add_member(&text, member);
    if (cJSON_IsString(token) && ska_base64_decode(token->valuestring, &encoded)) {
        ska_buffer_text(&text, "\n");
        add_token(&text, ska_span_of(&encoded));
    }
    ska_bytes_free(&encoded);
    return text_print(&text, &tool->errors);
}

/* Whether all that is wrong with a request is that its token has elements from a later version. */
static bool only_token_is_unknown(const cJSON *json, enum ska_reason reason)
{
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(json, "approvalToBeSigned");
    struct ska_bytes encoded = {NULL, 0};
    bool unknown = reason == SKA_R_BAD_TOKEN && cJSON_IsString(token) &&
                   ska_base64_decode(token->valuestring, &encoded) &&
                   has_unknown_elements(ska_span_of(&encoded));

    ska_bytes_free(&encoded);
    return unknown;
}

static bool inspect_broken(struct tool *tool, const cJSON *json,
                           const struct report_capture *failure)
{
    if (!show_broken(tool, json))
        return false;
    if (only_token_is_unknown(json, failure->reason)) {
        report_note("the token has elements that this version does not know; nothing was verified");
        return true;
    }
    /* Whatever it would be refused for elsewhere, here it is input that is wrong. */
    return ska_fail(&tool->errors,
                    report_exit_status(failure->reason) == report_exit_status(SKA_R_BAD_REQUEST)
                        ? failure->reason
                        : SKA_R_BAD_REQUEST,
                    "%s", failure->details == NULL ? "out of memory" : failure->details);
}

/* What a folder of evidence holds beside the request; empty spans: not a folder. */
struct companions {
    bool folder;
    struct ska_bytes token;
    struct ska_bytes signature;
};

static void verify_companions(struct verification *verification, const struct ska_request *request,
                              const struct companions *companions)
{
    bool same_token = ska_span_equal(ska_span_of(&companions->token), ska_span_of(&request->token));
    bool same_signature =
        ska_span_equal(ska_span_of(&companions->signature), ska_span_of(&request->signature));

    if (!companions->folder)
        return;
    verify_add(verification, same_token ? VERIFY_OK : VERIFY_WRONG,
               "file %s: %s the token of the request", EVIDENCE_TOKEN,
               same_token ? "is" : "is NOT");
    verify_add(verification, same_signature ? VERIFY_OK : VERIFY_WRONG,
               "file %s: %s the signature of the request", EVIDENCE_SIGNATURE,
               same_signature ? "is" : "is NOT");
}

static bool print_verification(struct tool *tool, struct verification *verification,
                               const char *shown)
{
    struct ska_buffer text = {0};
    struct ska_bytes lines = {NULL, 0};
    bool done = ska_buffer_finish(&verification->text, &lines, &tool->errors);

    if (!done)
        return false;
    ska_buffer_text(&text, "\nVerified without an HSM:\n");
    ska_buffer_add(&text, lines.data, lines.length);
    ska_bytes_free(&lines);
    done = text_print(&text, &tool->errors);
    if (done && verification->wrong > 0)
        done = ska_fail(&tool->errors, SKA_R_BAD_SIGNATURE, "%s: %zu of the above is WRONG", shown,
                        verification->wrong);
    return done;
}

static bool inspect_request(struct tool *tool, struct ska_request *request, const cJSON *json,
                            const struct companions *companions, const char *shown)
{
    struct ska_buffer text = {0};
    struct verification verification = {.libctx = tool->libctx};

    add_request(tool->libctx, &text, request, json);
    if (!text_print(&text, &tool->errors))
        return false;
    if (!verify_request(&verification, request, &tool->errors)) {
        ska_buffer_free(&verification.text);
        return false;
    }
    verify_companions(&verification, request, companions);
    return print_verification(tool, &verification, shown);
}

static bool inspect_json(struct tool *tool, struct ska_span content,
                         const struct companions *companions, const char *shown)
{
    struct report_capture failure = {0};
    struct ska_errors quiet = report_capture_errors(&failure);
    struct ska_request *request = NULL;
    cJSON *json = NULL;
    bool done = false;

    if (!ska_json_parse(content, shown, &json, &tool->errors))
        return false;
    if (ska_request_parse(content, shown, &request, &quiet))
        done = inspect_request(tool, request, json, companions, shown);
    else
        done = inspect_broken(tool, json, &failure);
    report_capture_clear(&failure);
    ska_request_free(request);
    cJSON_Delete(json);
    return done;
}

/* ---- Files and folders ----------------------------------------------------------------------- */

/* A token as text: base64, with line breaks as base64(1) makes them. */
static bool decode_text(struct ska_span content, struct ska_bytes *token)
{
    char *text = malloc(content.length + 1);
    size_t length = 0;
    bool done = false;

    if (text == NULL)
        return false;
    for (size_t i = 0; i < content.length; i++)
        if (!isspace(content.data[i]) && content.data[i] != 0)
            text[length++] = (char)content.data[i];
    text[length] = 0;
    done = length > 0 && ska_base64_decode(text, token);
    free(text);
    return done;
}

static bool looks_like_json(struct ska_span content)
{
    for (size_t i = 0; i < content.length; i++)
        if (!isspace(content.data[i]))
            return content.data[i] == '{';
    return false;
}

static bool inspect_content(struct tool *tool, struct ska_span content,
                            const struct companions *companions, const char *shown)
{
    struct ska_bytes token = {NULL, 0};
    bool done = false;

    if (content.length == 0)
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST, "%s: empty", shown);
    /* A token starts with its length: the bytes of "{\n  " would make it far too long. */
    if (looks_like_json(content) && !ska_wire_well_formed(content))
        return inspect_json(tool, content, companions, shown);
    if (!ska_wire_well_formed(content) && decode_text(content, &token))
        content = ska_span_of(&token);
    done = inspect_token(tool, content, shown);
    ska_bytes_free(&token);
    return done;
}

static bool inspect_folder(struct tool *tool, int folder, const char *shown)
{
    struct companions companions = {.folder = true};
    struct ska_bytes content = {NULL, 0};
    struct stat status;
    bool done = false;

    if (fstatat(folder, EVIDENCE_REQUEST, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                        "%s: no %s in it, so this is no folder of evidence", shown,
                        EVIDENCE_REQUEST);
    /* What is missing is reported and then compared as empty: the request is shown all the same. */
    done = ska_file_read_at(folder, EVIDENCE_TOKEN, EVIDENCE_TOKEN, SKA_TOKEN_LIMIT,
                            &companions.token, &tool->errors);
    done = ska_file_read_at(folder, EVIDENCE_SIGNATURE, EVIDENCE_SIGNATURE, SKA_JSON_LIMIT,
                            &companions.signature, &tool->errors) &&
           done;
    if (ska_file_read_at(folder, EVIDENCE_REQUEST, EVIDENCE_REQUEST, SKA_JSON_LIMIT, &content,
                         &tool->errors))
        done = inspect_content(tool, ska_span_of(&content), &companions, shown) && done;
    else
        done = false;
    ska_bytes_free(&content);
    ska_bytes_free(&companions.token);
    ska_bytes_free(&companions.signature);
    return done;
}

bool inspect_command(struct tool *tool, int argc, char **argv)
{
    const char *path = NULL;
    const struct option_entry options[] = {OPTION_END};
    const struct command_line line = {
        .usage = "FILE-OR-DIRECTORY",
        .help = "Shows a request, a bundle, an approval token (binary or base64) or a folder of\n"
                "evidence: every field, what protects it, and whether all that can be verified\n"
                "without an HSM is right. Needs no configuration.",
        .options = options,
        .operands = &path,
        .operands_needed = 1,
        .operands_allowed = 1,
    };
    const struct companions none = {0};
    struct ska_bytes content = {NULL, 0};
    int folder = -1;
    bool done = false;

    if (!options_parse(tool, &line, argc, argv))
        return false;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        done = inspect_folder(tool, folder, path);
        close(folder);
    } else if (ska_file_read(path, SKA_JSON_LIMIT, &content, &tool->errors)) {
        done = inspect_content(tool, ska_span_of(&content), &none, path);
    }
    ska_bytes_free(&content);
    return done;
}
