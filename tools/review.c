/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/review.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/input.h"
#include "provider/base/error_capture.h"
#include "provider/base/printable.h"
#include "provider/rule/rule_text.h"
#include "tools/show/request_text.h"
#include "tools/show/terminal.h"

/* ---- Reading --------------------------------------------------------------------------------- */

bool review_check_id(struct tool *tool, const struct ska_request *request, const char *shown)
{
    bool same = false;

    if (!ska_request_check_id(request, tool->libctx, &same, &tool->errors))
        return false;
    return same ||
           ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                    "%s: its id is not that of what it asks for; somebody has changed it", shown);
}

bool review_read_again(struct tool *tool, struct review *review)
{
    struct ska_request *now = NULL;
    bool same = false;

    if (!request_source_read(tool, &review->source, &now))
        return false;
    same = ska_request_has_same_token(now, review->request);
    if (same && review->source.directory == NULL) {
        ska_ballot_close(&review->ballot); /* this and the next point into the request that goes */
        review->listed = NULL;
        ska_request_free(review->request);
        review->request = now;
        return true;
    }
    ska_request_free(now);
    return same || ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                            "%s was replaced by another request while it was shown: nothing was "
                            "written",
                            review->source.what);
}

/* ---- The approver ---------------------------------------------------------------------------- */

/* So many of a group are named to who is not one of them. */
#define NAMED_MOST 5

static bool fail_not_listed(struct tool *tool, const struct review *review,
                            const struct ska_rule *rule)
{
    struct ska_buffer names = {0};

    ska_rule_text(rule, NAMED_MOST, &names);
    ska_fail(&tool->errors, SKA_R_APPROVER_NOT_LISTED,
             "the key %s is not one of those who may approve this request: %s", review->key.shown,
             ska_buffer_string(&names));
    ska_buffer_free(&names);
    return false;
}

static bool review_find_place(struct tool *tool, struct review *review)
{
    const struct ska_rule *rule = request_stated_rule(review->request);

    if (rule == NULL) {
        report_warning("the request does not say who may approve: whether this counts is not "
                       "known");
        return true;
    }
    review->listed = approver_find_listed(tool->libctx, rule, ska_span_of(&review->key.public_key));
    return review->listed != NULL || fail_not_listed(tool, review, rule);
}

struct ska_span review_key(const struct review *review)
{
    return ska_span_of(review->listed != NULL ? &review->listed->public_key
                                              : &review->key.public_key);
}

bool review_open_key(struct tool *tool, struct review *review)
{
    return approver_open(tool, &review->key, review->approver, review->certificate) &&
           review_find_place(tool, review) && review_count(tool, review);
}

bool review_count(struct tool *tool, struct review *review)
{
    const struct ska_rule *rule = request_stated_rule(review->request);

    if (review->listed == NULL && rule != NULL && review->key.public_key.data != NULL)
        review->listed =
            approver_find_listed(tool->libctx, rule, ska_span_of(&review->key.public_key));
    ska_ballot_close(&review->ballot);
    review->ballot =
        (struct ska_ballot){.libctx = tool->libctx, .request = review->request, .rule = rule};
    if (!request_source_count(tool, &review->source, &review->ballot))
        return false;
    review->chance = ska_ballot_chance(&review->ballot, review_key(review));
    return true;
}

void review_close(struct review *review)
{
    ska_ballot_close(&review->ballot);
    request_source_close(&review->source);
    approver_close(&review->key);
    ska_request_free(review->request);
    review->request = NULL;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

/* What is known of a change of rules besides what the requester says. */
struct review_witness {
    struct hsm_rules hsm;
    struct history history;
    bool history_read;
};

/* Before anybody is asked, since it may take time. What cannot be had is said on the page. */
static bool review_hear_witness(struct tool *tool, const struct review *review,
                                struct review_witness *witness)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool done = true;

    if (review->request->operation != SKA_OPERATION_MODIFY)
        return true;
    if (!hsm_rules_ask(tool, review->request, &witness->hsm))
        return false;
    witness->history_read =
        history_read(review->ballot.token.key_name, &witness->history, &to_warnings, &quiet);
    report_warnings_end(&warnings);
    if (!witness->history_read && failure.reason == SKA_R_OUT_OF_MEMORY)
        done = ska_error_capture_raise(&failure, &tool->errors);
    else if (!witness->history_read)
        report_warning("%s", ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
    return done;
}

/* A terminal_make. */
struct review_page {
    struct tool *tool;
    struct briefing briefing;
};

static bool review_make_page(void *arg, size_t columns, struct ska_bytes *text)
{
    struct review_page *page = arg;

    page->briefing.columns = columns;
    return briefing_make(&page->briefing, text, &page->tool->errors);
}

/* The briefing is shown where the question is asked, so that nobody answers without having seen it.
 */
static bool review_ask_person(struct tool *tool, struct review_page *page,
                              const struct review_question *question)
{
    switch (terminal_ask(review_make_page, page, PAGE_LEAST_WIDTH, question->question)) {
    case TERMINAL_YES:
        return true;
    case TERMINAL_NO:
        return ska_fail(&tool->errors, SKA_R_DECLINED, "%s: the answer was not \"yes\"",
                        question->declined);
    case TERMINAL_TOO_NARROW:
        return ska_fail(&tool->errors, SKA_R_DECLINED,
                        "%s: the terminal is too narrow to show the request, %d columns at least "
                        "are needed",
                        question->declined, PAGE_LEAST_WIDTH);
    case TERMINAL_NOT_MADE:
        return false;
    case TERMINAL_NOT_ASKED:
        break;
    }
    return ska_fail(&tool->errors, SKA_R_DECLINED,
                    "no terminal for confirmation; use --yes to go on without a prompt");
}

/* With --yes it is only shown. */
static bool review_print_page(struct review_page *page, FILE *to)
{
    size_t columns = terminal_columns(fileno(to));
    struct ska_bytes text = {NULL, 0};

    if (!review_make_page(page, columns, &text))
        return false;
    fwrite(text.data, 1, text.length, to);
    ska_bytes_free(&text);
    return true;
}

bool review_ask(struct tool *tool, const struct review *review,
                const struct review_question *question)
{
    struct review_witness witness = {0};
    struct review_page page = {
        .tool = tool,
        .briefing = {.libctx = tool->libctx,
                     .request = review->request,
                     .listed = review->listed,
                     .ballot = &review->ballot,
                     .chance = review->chance,
                     .document = question->document,
                     .owner = review->source.directory == NULL ? NULL : &review->source.owner,
                     .refusing = question->refusing,
                     .witness = {.own_key = review_key(review),
                                 .listed = review->listed,
                                 .hsm = &witness.hsm}}};
    bool done = review_hear_witness(tool, review, &witness);

    if (witness.history_read)
        page.briefing.witness.history = &witness.history;
    if (done)
        done = question->yes ? review_print_page(&page, question->to_stderr ? stderr : stdout)
                             : review_ask_person(tool, &page, question);
    hsm_rules_clear(&witness.hsm);
    history_clear(&witness.history);
    return done;
}

void review_remember(struct tool *tool, const struct review *review, enum history_answer answer)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    const struct history_record record = {.libctx = tool->libctx,
                                          .answer = answer,
                                          .request = review->request,
                                          .key_name = review->ballot.token.key_name,
                                          .public_key = review_key(review)};

    if (!history_add(&record, &quiet))
        report_warning("this answer could not be added to your own history: %s",
                       ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
}

/* ---- In words -------------------------------------------------------------------------------- */

void review_name(const struct review *review, struct ska_buffer *text)
{
    if (review->listed != NULL) {
        ska_approver_text(request_stated_rule(review->request), review->listed, text);
        return;
    }
    ska_buffer_text(text, "the key ");
    ska_buffer_name(text, ska_span_text(review->key.shown));
}
