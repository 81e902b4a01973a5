/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool reject: shows a request, asks, and leaves a signed refusal. The signature is over other
 * bytes than an approval's, so that a refusal can never be taken for an approval.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/request/approval.h"
#include "tools/show/text.h"
#include "tools/review.h"
#include "tools/options.h"
#include "tools/output.h"

#define REFUSAL_MODE 0644

struct reject {
    const char *reason; /* NULL: none */
    struct output output;
    bool yes;
    struct approver key;
    struct review review;
};

static bool reject_write_file(struct tool *tool, const struct output *output,
                              const struct ska_approval *refusal)
{
    struct ska_bytes text = {NULL, 0};
    bool done = ska_approval_print(refusal, &text, &tool->errors) &&
                output_write(tool, output, ska_span_of(&text), REFUSAL_MODE);

    ska_bytes_free(&text);
    return done;
}

static void reject_say_done(const struct reject *reject, const char *name)
{
    const struct review *review = &reject->review;
    bool put = reject->output.path == NULL && review->source.by_id;
    struct ska_buffer text = {0};

    ska_buffer_text(&text, put ? "Put the refusal of " : "Wrote the refusal of ");
    review_name(review, &text);
    ska_buffer_text(&text, put ? " into " : " to ");
    text_output_path(put                           ? review->source.place->name
                     : reject->output.path == NULL ? ska_directory_path(review->source.folder)
                                                   : reject->output.path,
                     &text);
    if (reject->output.path == NULL && !put)
        ska_buffer_format(&text, "/%s", name);
    ska_buffer_text(&text, put ? "" : ". Send it to whoever asked.");
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static bool reject_sign_and_write(struct tool *tool, struct reject *reject)
{
    struct review *review = &reject->review;
    struct ska_approval refusal = {0};
    char name[SKA_FILE_NAME_SIZE] = "";
    bool done = review_sign_refusal(tool, review, reject->reason, &refusal);

    if (done && reject->output.path != NULL)
        done = reject_write_file(tool, &reject->output, &refusal);
    else if (done && review->source.by_id)
        done = request_place_put(review->source.place, review->request, SKA_FILE_REFUSAL, &refusal);
    else if (done && review->source.folder == NULL)
        done = ska_fail(&tool->errors, SKA_R_FILE_FAILURE,
                        "the folder of %s cannot be opened; -o FILE writes elsewhere",
                        review->source.what);
    else if (done)
        done = ska_directory_put(review->source.folder, review->source.id, SKA_FILE_REFUSAL,
                                 &refusal, name, &tool->errors);
    ska_approval_clear(&refusal);
    if (done)
        reject_say_done(reject, name);
    return done;
}

/* An approval can be used whatever is said later, so a refusal after it would only pretend. */
static bool check_said(struct tool *tool, const struct review *review, bool *already)
{
    struct ska_span key = review_key(review);

    *already = ska_ballot_has_refused(&review->ballot, key);
    if (*already)
        report_note("refused by this key already; nothing to do");
    return !ska_ballot_has_approved(&review->ballot, key) ||
           ska_fail(&tool->errors, SKA_R_DECLINED,
                    "this key has approved the request already, and an approval cannot be taken "
                    "back; nothing was written");
}

static bool reject_run(struct tool *tool, struct reject *reject)
{
    struct review *review = &reject->review;
    const struct review_question question = {.question = "Do you refuse this? Type yes or no: ",
                                             .declined = "nothing was written",
                                             .refusing = true,
                                             .yes = reject->yes,
                                             .to_stderr = output_is_stdout(&reject->output)};
    bool already = false;

    if (!output_check(tool, &reject->output, review->source.what) ||
        !review_open_place(tool, review) || !review_check_reason(tool, review, reject->reason) ||
        !review_read(tool, review) || !review_open_key(tool, review) ||
        !check_said(tool, review, &already))
        return false;
    return already || (review_ask(tool, review, &question) && reject_sign_and_write(tool, reject));
}

bool reject_command(struct tool *tool, int argc, char **argv)
{
    struct reject reject = {.review = {.key = &reject.key}};
    struct review *review = &reject.review;
    const char *operands[2] = {NULL};
    const struct option_entry options[] = {
        OPTION_NEEDED("approver", "KEY", "your private key: a file or any OSSL_STORE URI",
                      &review->approver),
        OPTION_TEXT("cert", "FILE", "your certificate, to stand in the refusal",
                    &review->certificate),
        OPTION_TEXT("reason", "TEXT", "why, for who asks; it is signed with the refusal",
                    &reject.reason),
        OPTION_TEXT("dir", "DIR", "take the request ID from an approvals directory",
                    &review->source.where.directory),
        OPTIONS_BROKER(review->source.where),
        OPTION_OUTPUT(&reject.output, "write the refusal there"),
        OPTION_FLAG("yes", "do not ask", &reject.yes),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--approver KEY [OPTION...] REQUEST\n"
                 "       skatool reject --approver KEY [OPTION...] [--dir DIR | --tsb URL] ID",
        .help = "Shows a request, asks, and leaves your signed refusal: in a file beside REQUEST,\n"
                "or in the approvals directory DIR, where who waits for you is told. If you\n"
                "approve later, that counts. The broker of URL takes your word, without a reason\n"
                "and for good.",
        .options = options,
        .operands = operands,
        .operand_needed = "REQUEST",
        .operands_allowed = 1,
    };
    bool done = options_parse(tool, &line, argc, argv) &&
                request_source_take(tool, &review->source, operands) &&
                (!review->source.by_id || reject.output.path == NULL ||
                 options_wrong(tool, "--output is for a request in a file")) &&
                reject_run(tool, &reject);

    review_close(review);
    approver_close(&reject.key);
    return done;
}
