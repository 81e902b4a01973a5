/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool reject: shows a request, asks, and leaves a signed rejection. The signature is over other
 * bytes than an approval's, so that a rejection can never be taken for an approval.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/request/approval.h"
#include "tools/directory_place.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"
#include "tools/review.h"
#include "tools/options.h"
#include "tools/output.h"

#define REFUSAL_MODE 0644

struct reject {
    const char *reason; /* NULL: none */
    struct output output;
    bool yes;
    bool again; /* in the place of a rejection with another reason */
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

    ska_buffer_text(&text, put ? review_sent_word(review) : "Wrote ");
    review_name_answer(review, "rejection", &text);
    ska_buffer_text(&text, put && !review_is_of_broker(review) ? " into " : " to ");
    text_output_path(put                           ? review->source.place->name
                     : reject->output.path == NULL ? ska_directory_path(review->source.folder)
                                                   : reject->output.path,
                     &text);
    if (reject->output.path == NULL && !put)
        ska_buffer_format(&text, "/%s", name);
    if (reject->again && reject->output.path == NULL)
        ska_buffer_text(&text, ", in place of the one before");
    if (!put)
        review_add_addressee(review, &text);
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

/* The directory that it is put into; of what is at a broker there is no rejection before. */
static struct ska_directory *place_of(const struct review *review)
{
    return review->source.by_id ? request_place_directory(review->source.place)
                                : review->source.folder;
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
        done = request_place_put(review->source.place, review->request, SKA_FILE_REFUSAL, &refusal,
                                 name);
    else if (done && review->source.folder == NULL)
        done = ska_fail(&tool->errors, SKA_R_FILE_FAILURE,
                        "the folder of %s cannot be opened; -o FILE writes elsewhere",
                        review->source.what);
    else if (done)
        done = ska_directory_put(review->source.folder, review->source.id, SKA_FILE_REFUSAL,
                                 &refusal, name, &tool->errors);
    ska_approval_clear(&refusal);
    if (done && reject->again && reject->output.path == NULL)
        directory_replace_refusals(place_of(review), review->source.id, review_key(review), name);
    if (done)
        reject_say_done(reject, name);
    return done;
}

/* Whether the rejection by this key that is there says why in these words. */
static bool has_reason(const struct review *review, const char *reason)
{
    const struct ska_ballot *ballot = &review->ballot;

    for (size_t i = 0; i < ballot->refusal_count; i++) {
        const struct ska_approval *refusal = &ballot->refusals[i];

        if (ska_span_equal(ska_span_of(&refusal->public_key), review_key(review)))
            return refusal->reason != NULL && strcmp(refusal->reason, reason) == 0;
    }
    return false;
}

/*
 * An approval that has left this computer in a file is known by this user's own history only. An
 * id that is not of what is in the request says nothing of it.
 */
static bool find_sent_approval(struct tool *tool, const struct review *review, bool *sent)
{
    struct own_answer answer;
    bool same = false;

    *sent = false;
    if (review->source.by_id)
        return true;
    if (!ska_request_check_id(review->request, tool->libctx, &same, &tool->errors))
        return false;
    own_answer_find(tool->libctx, review_key(review), review->request->id, &answer);
    *sent = same && answer.found && !answer.refused;
    return true;
}

/*
 * An approval can be used whatever is said later, so a rejection after it would only pretend. One
 * after a rejection is for another reason, or for nothing.
 */
static bool check_said(struct tool *tool, struct reject *reject, bool *already)
{
    const struct review *review = &reject->review;
    struct ska_span key = review_key(review);
    bool sent = false;

    if (!find_sent_approval(tool, review, &sent))
        return false;
    *already = ska_ballot_has_refused(&review->ballot, key);
    reject->again = *already && reject->reason != NULL && !has_reason(review, reject->reason);
    *already = *already && !reject->again;
    if (*already)
        report_note("this key has already rejected request %.16s; nothing to do",
                    request_shown_id(review->request));
    return !(ska_ballot_has_approved(&review->ballot, key) || sent) ||
           ska_fail(&tool->errors, SKA_R_DECLINED,
                    "this key has already approved request %.16s, and an approval cannot be taken "
                    "back; nothing was written",
                    request_shown_id(review->request));
}

static bool reject_run(struct tool *tool, struct reject *reject)
{
    struct review *review = &reject->review;
    const struct review_question question = {.question = "Do you reject this? Type yes or no: ",
                                             .declined = "nothing was written",
                                             .refusing = true,
                                             .yes = reject->yes,
                                             .to_stderr = output_is_stdout(&reject->output)};
    bool already = false;

    if (!output_check(tool, &reject->output, review->source.what) ||
        !review_open_place(tool, review) || !review_check_reason(tool, review, reject->reason))
        return false;
    if (!review_read(tool, review))
        return review_answer_again(tool, review, true);
    if (!review_open_key(tool, review) || !check_said(tool, reject, &already))
        return false;
    return already || (review_ask(tool, review, &question) && reject_sign_and_write(tool, reject));
}

static bool check_operand(struct tool *tool, const char *what)
{
    return what != NULL ||
           options_wrong(tool, "missing argument: REQUEST or ID (skatool requests shows ids; "
                               "skatool approve without ID shows what waits for you, one after the "
                               "other, and accepts rejections, too)");
}

bool reject_command(struct tool *tool, int argc, char **argv)
{
    struct reject reject = {.review = {.key = &reject.key}};
    struct review *review = &reject.review;
    const char *operands[2] = {NULL};
    const struct option_entry options[] = {
        OPTION_NEEDED("approver", "KEY", "your private key: a file or any OSSL_STORE URI",
                      &review->approver),
        OPTION_TEXT("cert", "FILE", "your certificate, to include in the rejection",
                    &review->certificate),
        OPTION_TEXT("reason", "TEXT", "why, for the requester; signed with the rejection",
                    &reject.reason),
        OPTION_TEXT("dir", "DIR", "take the request ID from an approvals directory",
                    &review->source.where.directory),
        OPTIONS_BROKER(review->source.where),
        OPTION_OUTPUT(&reject.output, "write the rejection there"),
        OPTION_FLAG("yes", "do not ask", &reject.yes),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--approver KEY [OPTION...] REQUEST\n"
                 "       skatool reject --approver KEY [OPTION...] [--dir DIR | --tsb URL] ID",
        .help = "Shows a request, asks, and leaves your signed rejection: in a file next to\n"
                "REQUEST, or in the approvals directory DIR, where waiting programs see it at\n"
                "once. If you approve later, that counts instead. At the broker URL a rejection\n"
                "is final, and has no reason.",
        .options = options,
        .operands = operands,
        .operands_allowed = 1,
    };
    bool done = options_parse(tool, &line, argc, argv) && check_operand(tool, operands[0]) &&
                request_source_take(tool, &review->source, operands) &&
                (!review->source.by_id || reject.output.path == NULL ||
                 options_wrong(tool, "--output is for a request in a file")) &&
                reject_run(tool, &reject);

    review_close(review);
    approver_close(&reject.key);
    return done;
}
