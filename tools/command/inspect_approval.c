/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One approval or one refusal, as they lie in an approvals directory. Alone they say little: what
 * was signed is in the request beside them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/json.h"
#include "provider/rule/quorum.h"
#include "provider/request/refusal.h"
#include "provider/sign/directory.h"
#include "tools/command/inspect.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

static const char *const known_members[] = {"approverPublicKey",
                                            "approverCertificate",
                                            "approvalDigestAlgorithm",
                                            "signature",
                                            "approvalToBeSigned",
                                            "reason",
                                            NULL};

/* ---- What it is for -------------------------------------------------------------------------- */

/* ID.<anything>: the request is ID.request.json. NULL: there is none, or it is none. */
static struct ska_request *find_request(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(name - path));
    char id[SKA_REQUEST_ID_LENGTH + 1];
    struct ska_directory *directory = NULL;
    struct ska_request *request = NULL;
    uid_t owner = 0;

    snprintf(id, sizeof(id), "%s", name);
    if (strspn(id, "0123456789abcdef") == SKA_REQUEST_ID_LENGTH &&
        name[SKA_REQUEST_ID_LENGTH] == '.' && folder != NULL &&
        ska_directory_open(folder, SKA_DIRECTORY_OF_FILE, &directory, NULL) &&
        !ska_directory_read(directory, id, &request, &owner, NULL))
        request = NULL;
    ska_directory_close(directory);
    free(folder);
    return request;
}

struct inspected {
    struct ska_approval *approval;
    const struct ska_request *request; /* NULL: not found */
    const struct ska_rule *rule;       /* that it states; NULL: none */
    struct ska_span token;             /* empty: not known */
    bool is_approval;                  /* by its signature */
    bool is_refusal;
};

static bool named_refusal(const char *path)
{
    static const char suffix[] = ".reject.json";
    size_t length = strlen(path);

    return length >= strlen(suffix) && strcmp(path + length - strlen(suffix), suffix) == 0;
}

/* ---- Showing and verifying ------------------------------------------------------------------- */

static const char *heading(const struct inspected *inspected, const char *path)
{
    if (inspected->is_approval)
        return "Approval";
    if (inspected->is_refusal)
        return "Rejection: the approver says no";
    return named_refusal(path) ? "Rejection, as its name says" : "Approval or rejection";
}

/* Only what was signed: other words could be anybody's. */
static void show_reason(const struct inspected *inspected, struct ska_buffer *text)
{
    if (inspected->is_refusal)
        text_row(text, "reason", inspected->approval->reason);
    else if (inspected->approval->reason != NULL)
        text_row(text, "reason", "not shown: the signature is not over it");
}

static bool show(struct tool *tool, const struct inspected *inspected, const cJSON *json,
                 const char *path)
{
    const struct ska_approval *approval = inspected->approval;
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "%s\n", heading(inspected, path));
    text_name(&text, "approver");
    ska_signer_text(inspected->rule, approval, &text);
    ska_buffer_text(&text, "\n");
    text_row(&text, "named by", approval->certificate ? "a certificate" : "a public key");
    inspect_add_signature(tool->libctx, &text, approval);
    if (inspected->request != NULL)
        text_row(&text, "request", inspected->request->id);
    show_reason(inspected, &text);
    inspect_add_others(&text, json, known_members);
    return text_print(&text, &tool->errors);
}

static void verify_signer(struct verification *verification, const struct inspected *inspected)
{
    if (inspected->rule == NULL)
        return;
    if (ska_rule_find_approver(inspected->rule, ska_span_of(&inspected->approval->public_key)) !=
        NULL)
        verify_add(verification, VERIFY_OK, "approver: listed by the rule in the request");
    else
        verify_add(verification, VERIFY_NOTHING,
                   "approver: NOT listed by the rule in the request, so this does not count");
}

static void verify_token(struct verification *verification, const struct inspected *inspected)
{
    if (inspected->request == NULL || inspected->token.length == 0 ||
        ska_span_equal(inspected->token, ska_span_of(&inspected->request->approval_token)))
        return;
    verify_add(verification, VERIFY_WRONG,
               "approval token: the one inside is NOT that of the request next to it");
}

static void verify_approval_file(struct verification *verification,
                                 const struct inspected *inspected, const char *path)
{
    if (inspected->token.length == 0)
        verify_add(verification, VERIFY_NOTHING,
                   "signature: its request is not here (put ID.request.json next to it)");
    else if (inspected->is_approval && named_refusal(path))
        verify_add(verification, VERIFY_WRONG,
                   "signature: an APPROVAL, in a file that is named as a rejection");
    else if (inspected->is_approval)
        verify_add(verification, VERIFY_OK, "signature: over the approval token");
    else if (inspected->is_refusal)
        verify_add(verification, VERIFY_OK, "signature: over the rejection of the approval token");
    else
        verify_add(verification, VERIFY_WRONG,
                   "signature: NEITHER over the approval token nor over its rejection");
    verify_token(verification, inspected);
    verify_signer(verification, inspected);
}

/* The token that it brings along, as those of the vendor's clients do, or that of the request. */
static bool find_request_token(struct tool *tool, const cJSON *json, const char *path,
                               struct ska_bytes *inside, struct inspected *inspected)
{
    struct ska_json_place place;
    bool done = false;

    ska_json_top(&place, json, path, SKA_R_BAD_REQUEST, &tool->errors);
    done = ska_json_base64(&place, "approvalToBeSigned", SKA_JSON_OPTIONAL, inside);
    if (inside->length > 0)
        inspected->token = ska_span_of(inside);
    else if (inspected->request != NULL)
        inspected->token = ska_span_of(&inspected->request->approval_token);
    return done;
}

static bool inspect_signed(struct tool *tool, struct inspected *inspected, const cJSON *json,
                           const char *path)
{
    struct verification verification = {.libctx = tool->libctx};

    if (inspected->token.length > 0) {
        inspected->is_approval =
            ska_approval_verify(tool->libctx, inspected->approval, inspected->token);
        inspected->is_refusal =
            ska_refusal_verify(tool->libctx, inspected->approval, inspected->token);
    }
    if (!show(tool, inspected, json, path))
        return false;
    verify_approval_file(&verification, inspected, path);
    return verify_conclude(tool, &verification, SKA_R_BAD_SIGNATURE, path);
}

bool inspect_approval(struct tool *tool, struct ska_span content, const cJSON *json,
                      const char *path)
{
    struct inspected inspected = {0};
    struct ska_request *request = find_request(path);
    struct ska_approval *approvals = NULL;
    struct ska_bytes inside = {NULL, 0};
    size_t count = 0;
    bool done = false;

    inspected.request = request;
    inspected.rule = request == NULL ? NULL : request_stated_rule(request);
    /* A single object, as there is no member "approvals". */
    if (find_request_token(tool, json, path, &inside, &inspected) &&
        ska_approvals_parse(content, path, inspected.token, &approvals, &count, &tool->errors) &&
        count == 1) {
        inspected.approval = &approvals[0];
        done = inspect_signed(tool, &inspected, json, path);
    }
    ska_approvals_free(approvals, count);
    ska_bytes_free(&inside);
    ska_request_free(request);
    return done;
}
