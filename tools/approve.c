/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool approve: shows a request, asks, and signs its token: the very bytes that were shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../provider/approval/algorithm.h"
#include "../provider/approval/json.h"
#include "../provider/approval/rule.h"
#include "../provider/base/file.h"
#include "approver.h"
#include "input.h"
#include "mailbox.h"
#include "options.h"
#include "public_key.h"
#include "review.h"
#include "terminal.h"
#include "text.h"

#define REQUEST_MODE 0640

struct approve {
    const char *approver;
    const char *certificate;
    const char *document;
    const char *directory;
    const char *output;
    const char *what; /* REQUEST, or ID with --dir */
    bool yes;

    struct mailbox mailbox; /* with --dir */
    struct ska_request *request;
    struct approver key;
    const struct ska_approver *listed; /* this approver in the request's rule; NULL: no rule */
};

/* ---- Refusals before anybody is asked -------------------------------------------------------- */

static bool check_request(struct tool *tool, const struct approve *approve)
{
    const struct ska_request *request = approve->request;
    struct ska_modify modify;

    if (request->operation == SKA_OPERATION_MODIFY &&
        !ska_modify_decode(ska_span_of(&request->payload), &modify, NULL))
        return ska_fail(&tool->errors, SKA_R_PAYLOAD_REFUSED,
                        "the new rules in the request are not understood by this version, so that "
                        "nobody can see what would be approved");
    if (request->operation != SKA_OPERATION_SIGN && approve->document != NULL)
        return options_wrong(tool, "--document: to %s a key is about no document",
                             text_operation(request->operation));
    if (review_is_digest_in_disguise(tool->libctx, request))
        return ska_fail(&tool->errors, SKA_R_PAYLOAD_REFUSED,
                        "the request calls its %zu bytes a message, but they look like a digest: "
                        "approving them may sign a document that you have not seen",
                        request->payload.length);
    return true;
}

static bool is_digest_of(struct tool *tool, const struct input *document,
                         const struct ska_request *request, bool *same)
{
    static const enum ska_digest all[] = {SKA_DIGEST_SHA1, SKA_DIGEST_SHA224, SKA_DIGEST_SHA256,
                                          SKA_DIGEST_SHA384, SKA_DIGEST_SHA512};
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span expected = {NULL, 0};
    struct ska_bytes value = {NULL, 0};

    if (!review_digest(request, &digest, &expected))
        return ska_fail(&tool->errors, SKA_R_PAYLOAD_REFUSED,
                        "the request holds no digest that a document can be compared with");
    /* Where nothing tells which digest it is, its length does. */
    for (size_t i = 0; digest == SKA_DIGEST_NONE && i < sizeof(all) / sizeof(all[0]); i++)
        if (ska_digest_length(all[i]) == expected.length)
            digest = all[i];
    if (digest == SKA_DIGEST_NONE)
        return ska_fail(&tool->errors, SKA_R_UNSUPPORTED,
                        "a digest of %zu bytes: no known algorithm makes it", expected.length);
    if (!input_digest(document, tool->libctx, digest, &value, &tool->errors))
        return false;
    *same = ska_span_equal(ska_span_of(&value), expected);
    ska_bytes_free(&value);
    return true;
}

static bool is_message(struct tool *tool, const struct input *document,
                       const struct ska_request *request, bool *same)
{
    struct ska_bytes content = {NULL, 0};

    if (!input_read(document, SKA_PAYLOAD_LIMIT, &content, &tool->errors))
        return false;
    *same = ska_span_equal(ska_span_of(&content), ska_span_of(&request->payload));
    ska_bytes_free(&content);
    return true;
}

/* The document in the approver's hand against the one in the token. */
static bool check_document(struct tool *tool, const struct approve *approve)
{
    const struct ska_request *request = approve->request;
    struct input document = {0};
    bool same = false;
    bool done = false;

    if (approve->document == NULL)
        return true;
    if (!input_open(&document, approve->document, &tool->errors))
        return false;
    done = request->mechanism.form == SKA_PAYLOAD_MESSAGE
               ? is_message(tool, &document, request, &same)
               : is_digest_of(tool, &document, request, &same);
    input_close(&document);
    if (done && !same)
        ska_fail(&tool->errors, SKA_R_PAYLOAD_MISMATCH,
                 "%s is NOT the document that the request is about: do not approve it",
                 approve->document);
    return done && same;
}

static const struct ska_approver *find_in_token(OSSL_LIB_CTX *libctx,
                                                const struct ska_policy_token *token,
                                                struct ska_span public_key)
{
    for (size_t i = 0; i < token->group_count; i++) {
        const struct ska_group *group = &token->groups[i];

        for (size_t j = 0; j < group->approver_count; j++)
            if (public_key_equal(libctx, ska_span_of(&group->approvers[j].public_key), public_key))
                return &group->approvers[j];
    }
    return NULL;
}

/* Keys are compared as keys: a rule may hold another encoding than libcrypto writes. */
static bool find_listed(struct tool *tool, struct approve *approve)
{
    const struct ska_rule *rule = review_rule(approve->request);
    struct ska_span public_key = ska_span_of(&approve->key.public_key);

    if (rule == NULL) {
        report_warning("the request does not say who may approve: whether this approval counts is "
                       "not known");
        return true;
    }
    for (size_t i = 0; i < rule->token_count && approve->listed == NULL; i++)
        approve->listed = find_in_token(tool->libctx, &rule->tokens[i], public_key);
    return approve->listed != NULL ||
           ska_fail(&tool->errors, SKA_R_APPROVER_NOT_LISTED,
                    "the key %s is not one of those who may approve this request",
                    approve->approver);
}

static struct ska_span key_of(const struct approve *approve)
{
    return ska_span_of(approve->listed != NULL ? &approve->listed->public_key
                                               : &approve->key.public_key);
}

/* Whether the bundle holds an approval of this key that verifies; one that does not is dropped. */
static bool already_in_bundle(struct tool *tool, struct ska_request *request, struct ska_span key)
{
    for (size_t i = 0; i < request->approval_count;) {
        struct ska_approval *approval = &request->approvals[i];

        if (!ska_span_equal(ska_span_of(&approval->public_key), key)) {
            i++;
            continue;
        }
        if (ska_approval_verify(tool->libctx, approval, ska_span_of(&request->token)))
            return true;
        report_note("an approval in this name that does not verify is replaced");
        approval_clear(approval);
        memmove(approval, approval + 1, (request->approval_count - i - 1) * sizeof(*approval));
        request->approval_count--;
    }
    return false;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void add_given_approvals(const struct ska_request *request, struct ska_buffer *text)
{
    text_name(text, "approvals");
    ska_buffer_format(text, "%zu so far", request->approval_count);
    for (size_t i = 0; i < request->approval_count; i++) {
        char *shown = ska_approver_shown(review_rule(request), &request->approvals[i]);

        ska_buffer_format(text, "%s %s", i == 0 ? ", said to be by" : ",",
                          shown == NULL ? "?" : shown);
        free(shown);
    }
    ska_buffer_text(text, "\n");
}

/* What an approver must know who may change his mind later. */
static void add_reuse(const struct ska_request *request, struct ska_buffer *text)
{
    static const char *const again[] = {
        [SKA_OPERATION_SIGN] = "The approval can be used again for the same data with a key of "
                               "this name.\n",
        [SKA_OPERATION_BLOCK] = "The approval can be used again to block a key of this name.\n",
        [SKA_OPERATION_UNBLOCK] = "The approval can be used again to unblock a key of this name, "
                                  "also when it was\nblocked for another reason.\n",
        [SKA_OPERATION_MODIFY] = "The approval can be used again to give a key of this name these "
                                 "rules, also when\nit has others by then.\n"};

    ska_buffer_text(text, again[request->operation]);
}

static bool make_review(struct tool *tool, const struct approve *approve, struct ska_bytes *review)
{
    const struct ska_request *request = approve->request;
    struct ska_buffer text = {0};
    char *shown = approve->listed == NULL ? NULL : ska_listed_approver_shown(approve->listed);

    ska_buffer_format(&text, "\nRequest %s\n\n", request->id);
    ska_buffer_text(&text, "You approve exactly this; the HSM enforces it:\n");
    review_protected(tool->libctx, request, &text);
    if (approve->document != NULL) {
        text_name(&text, "document");
        text_quoted(&text, ska_span_text(approve->document));
        ska_buffer_text(&text, " is what this is about: compared just now\n");
    }
    ska_buffer_text(&text, "\nThe requester says this; nothing protects it:\n");
    review_unprotected(tool->libctx, request, REVIEW_DECISION, &text);
    add_given_approvals(request, &text);
    ska_buffer_text(&text, "\n");
    if (approve->document == NULL && request->operation == SKA_OPERATION_SIGN &&
        request->mechanism.form == SKA_PAYLOAD_DIGEST)
        ska_buffer_text(&text, "The document itself is not in the request. To be sure which one it "
                               "is, repeat with\n--document FILE.\n");
    add_reuse(request, &text);
    if (shown != NULL)
        ska_buffer_format(&text, "You approve as %s.\n", shown);
    ska_buffer_text(&text, "\n");
    free(shown);
    return ska_buffer_finish(&text, review, &tool->errors);
}

/* The review is shown where the question is asked, so that nobody answers without having seen it.
 */
static bool ask(struct tool *tool, const struct approve *approve)
{
    struct ska_bytes review = {NULL, 0};
    bool yes = approve->yes;
    bool asked = true;
    bool to_stdout = approve->output == NULL || strcmp(approve->output, "-") != 0;

    if (!make_review(tool, approve, &review))
        return false;
    if (approve->yes)
        fwrite(review.data, 1, review.length, to_stdout ? stdout : stderr);
    else
        asked = terminal_ask(ska_span_of(&review), "Approve? Type yes: ", &yes);
    ska_bytes_free(&review);
    if (!asked)
        return ska_fail(&tool->errors, SKA_R_DECLINED,
                        "no terminal to show the request and to ask on; with --yes you are not "
                        "asked");
    return yes || ska_fail(&tool->errors, SKA_R_DECLINED, "nothing was signed");
}

/* ---- Writing --------------------------------------------------------------------------------- */

static bool read_request(struct tool *tool, const struct approve *approve,
                         struct ska_request **request)
{
    struct ska_bytes text = {NULL, 0};
    bool done = (approve->directory != NULL
                     ? mailbox_read_request(&approve->mailbox, approve->what, &text, &tool->errors)
                     : ska_file_read(approve->what, SKA_JSON_LIMIT, &text, &tool->errors)) &&
                ska_request_parse(ska_span_of(&text), approve->what, request, &tool->errors);

    ska_bytes_free(&text);
    return done;
}

/*
 * People take their time, and others may have approved in the same file meanwhile: it is read
 * again, so that no approval is lost.
 */
static bool read_again(struct tool *tool, struct approve *approve)
{
    struct ska_request *now = NULL;

    if (approve->output != NULL)
        return true;
    if (!read_request(tool, approve, &now))
        return false;
    if (!ska_span_equal(ska_span_of(&now->token), ska_span_of(&approve->request->token))) {
        ska_request_free(now);
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                        "%s was replaced by another request while it was shown: nothing was "
                        "written",
                        approve->what);
    }
    approve->listed = NULL; /* it points into the request that goes */
    ska_request_free(approve->request);
    approve->request = now;
    return true;
}

static bool write_bundle(struct tool *tool, struct approve *approve, struct ska_approval *approval)
{
    const char *path = approve->output == NULL ? approve->what : approve->output;
    struct ska_bytes text = {NULL, 0};
    struct stat status;
    unsigned int mode = REQUEST_MODE;
    bool done = false;

    if (!read_again(tool, approve))
        return false;
    if (already_in_bundle(tool, approve->request, ska_span_of(&approval->public_key)))
        return true;
    if (stat(approve->what, &status) == 0)
        mode = status.st_mode & 0777;
    done = ska_request_add_approval(approve->request, approval, &tool->errors) &&
           ska_request_print(approve->request, &text, &tool->errors) &&
           ska_file_write(path, ska_span_of(&text), mode, &tool->errors);
    ska_bytes_free(&text);
    return done;
}

static bool sign_and_write(struct tool *tool, struct approve *approve)
{
    struct ska_approval approval = {0};
    bool done = approver_sign(&approve->key, tool->libctx, approve->listed,
                              ska_span_of(&approve->request->token), &approval, &tool->errors);

    if (done && approve->directory != NULL)
        done = mailbox_put_approval(&approve->mailbox, approve->what, &approval, &tool->errors);
    else if (done)
        done = write_bundle(tool, approve, &approval);
    approval_clear(&approval);
    return done;
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool is_done_already(struct tool *tool, struct approve *approve)
{
    bool done = approve->directory != NULL
                    ? mailbox_has_approval(&approve->mailbox, tool->libctx, approve->request,
                                           key_of(approve))
                    : already_in_bundle(tool, approve->request, key_of(approve));

    if (done)
        report_note("approved by this key already; nothing to do");
    return done;
}

static bool open_approver(struct tool *tool, struct approve *approve)
{
    return tool_configure(tool) &&
           approver_open(&approve->key, approve->approver, &tool->configuration, &tool->errors) &&
           (approve->certificate == NULL ||
            approver_read_certificate(&approve->key, tool->libctx, approve->certificate,
                                      &tool->errors));
}

static bool run(struct tool *tool, struct approve *approve)
{
    if (approve->directory != NULL &&
        !mailbox_open(&approve->mailbox, approve->directory, &tool->errors))
        return false;
    if (!read_request(tool, approve, &approve->request))
        return false;
    if (approve->directory != NULL && strcmp(approve->request->id, approve->what) != 0)
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                        "the request in %s/%s.request.json has another id", approve->directory,
                        approve->what);
    if (!check_request(tool, approve) || !check_document(tool, approve) ||
        !open_approver(tool, approve) || !find_listed(tool, approve))
        return false;
    return is_done_already(tool, approve) || (ask(tool, approve) && sign_and_write(tool, approve));
}

static bool check_options(struct tool *tool, const struct approve *approve)
{
    if (approve->directory != NULL && approve->output != NULL)
        return options_wrong(tool, "--dir and --output exclude each other");
    if (approve->directory != NULL && !mailbox_is_id(approve->what))
        return options_wrong(tool, "'%s' is no request id: 64 digits and letters from a to f",
                             approve->what);
    return true;
}

bool approve_command(struct tool *tool, int argc, char **argv)
{
    struct approve approve = {.mailbox = {.fd = -1}};
    const struct option_entry options[] = {
        {"approver", 0, "KEY", "your private key: a file or any OSSL_STORE URI", &approve.approver,
         NULL, true},
        {"cert", 0, "FILE", "your certificate, to stand in the approval", &approve.certificate,
         NULL, false},
        {"document", 0, "FILE", "refuse when the request is not about this file", &approve.document,
         NULL, false},
        {"dir", 0, "DIR", "take the request with this ID from an approvals directory",
         &approve.directory, NULL, false},
        {"output", 'o', "FILE", "leave REQUEST alone, write there", &approve.output, NULL, false},
        {"yes", 0, NULL, "do not ask", NULL, &approve.yes, false},
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--approver KEY [OPTION...] REQUEST\n"
                 "       skatool approve --approver KEY [OPTION...] --dir DIR ID",
        .help = "Shows a request, asks, and adds your approval: to the file REQUEST, or into the\n"
                "approvals directory DIR.",
        .options = options,
        .operands = &approve.what,
        .operands_needed = 1,
        .operands_allowed = 1,
    };
    bool done = options_parse(tool, &line, argc, argv) && check_options(tool, &approve) &&
                run(tool, &approve);

    mailbox_close(&approve.mailbox);
    approver_close(&approve.key);
    ska_request_free(approve.request);
    return done;
}
