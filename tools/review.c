/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/review.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "tools/input.h"
#include "provider/base/error_capture.h"
#include "provider/base/printable.h"
#include "provider/request/refusal.h"
#include "provider/rule/rule_text.h"
#include "tools/show/briefing_short.h"
#include "tools/show/modification.h"
#include "tools/show/request_text.h"
#include "tools/show/terminal.h"
#include "tools/show/text.h"
#include "tools/show/unshown.h"

/* ---- Reading --------------------------------------------------------------------------------- */

static struct place_key place_key_of(const struct review *review)
{
    return (struct place_key){review->key, review->approver, review->certificate};
}

bool review_open_place(struct tool *tool, struct review *review)
{
    const struct place_key key = place_key_of(review);

    return !review->source.by_id || review->source.place != NULL ||
           place_open(tool, &review->source.where, &key, &review->source.place);
}

static bool fail_unwanted(struct tool *tool, const struct review *review,
                          const struct ska_request *request)
{
    const struct request_filter by_key = {.key = review->wanted->key};
    const struct request_filter by_operation = {.operation = review->wanted->operation};
    char *label = NULL;

    if (request->unshown != NULL && request->key_label == NULL)
        return ska_fail(&tool->errors, SKA_R_UNSUPPORTED,
                        "%s: its approval token cannot be read (%s), so what it is for, and with "
                        "which key, is not known: it is left alone",
                        review->source.what, request->unshown);
    if (!request_filter_takes(&by_operation, request, &review->source.origin))
        return ska_fail(&tool->errors, SKA_R_OPERATION_MISMATCH,
                        "%s: an approval of it would be to %s, and not to %s: it is left alone",
                        review->source.what, text_operation(request->operation),
                        review->wanted->operation);
    if (request_filter_takes(&by_key, request, &review->source.origin))
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                        "%s: it was not put there by %s (--requester): it is left alone",
                        review->source.what, review->wanted->requester);
    label = ska_printable(ska_span_text(request->key_label), SKA_NAME_SHOWN);
    ska_fail(&tool->errors, SKA_R_KEY_MISMATCH,
             "%s: an approval of it would be for key '%s', and not for '%s': it is left alone",
             review->source.what, label == NULL ? "?" : label, review->wanted->key);
    free(label);
    return false;
}

/* Every request that somebody decides on or signs was read here, so this sees what was decoded. */
static bool read_wanted(struct tool *tool, struct review *review, struct ska_request **request)
{
    const struct place_key key = place_key_of(review);

    if (!request_source_read(tool, &review->source, &key, request))
        return false;
    if (review->wanted == NULL ||
        request_filter_takes(review->wanted, *request, &review->source.origin))
        return true;
    fail_unwanted(tool, review, *request);
    ska_request_free(*request);
    *request = NULL;
    return false;
}

bool review_read(struct tool *tool, struct review *review)
{
    return read_wanted(tool, review, &review->request);
}

static bool answer_given(struct tool *tool, const struct own_answer *answer, bool refusing,
                         const char *shown)
{
    char when[TEXT_TIME_SIZE];

    text_time(answer->seconds, when);
    if (answer->refused == refusing)
        report_note("this key has already %s request %s, at %s (skatool history); nothing to do",
                    refusing ? "rejected" : "approved", shown, when);
    else if (refusing)
        ska_fail(&tool->errors, SKA_R_DECLINED,
                 "this key has already approved request %s, at %s (skatool history), and an "
                 "approval cannot be taken back; nothing was sent",
                 shown, when);
    else
        ska_fail(&tool->errors, SKA_R_DECLINED,
                 "this key has already rejected request %s, at %s (skatool history), and at a "
                 "broker a rejection is final; nothing was sent. Ask for a new request",
                 shown, when);
    return answer->refused == refusing;
}

bool review_answer_again(struct tool *tool, const struct review *review, bool refusing)
{
    const struct request_place *place = review->source.place;
    char *shown = NULL;
    bool done = false;

    if (place == NULL || !place->answered.found)
        return false;
    shown = ska_printable(ska_span_text(review->source.what), SKA_REQUEST_ID_LENGTH);
    done = answer_given(tool, &place->answered, refusing, shown == NULL ? "" : shown);
    free(shown);
    return done;
}

bool review_is_of_broker(const struct review *review)
{
    return review->source.place != NULL && review->source.place->kind->is_broker;
}

bool review_waits(const struct review *review)
{
    return (review->listed != NULL || review_is_of_broker(review)) &&
           request_place_waits(review->source.place, &review->ballot, review_key(review));
}

bool review_check_id(struct tool *tool, const struct ska_request *request, const char *shown)
{
    bool same = false;

    if (!ska_request_check_id(request, tool->libctx, &same, &tool->errors))
        return false;
    return same ||
           ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                    "%s: its id does not match its content: somebody has changed it", shown);
}

bool review_check(struct tool *tool, const struct review *review)
{
    const struct ska_request *request = review->request;

    if (!unshown_refuse(request, &tool->errors))
        return false;
    if (!modification_can_be_shown(request, &tool->errors) ||
        !ska_request_check_content(request, tool->libctx, &tool->errors))
        return false;
    if (request_is_digest_in_disguise(tool->libctx, request))
        return ska_fail(&tool->errors, SKA_R_PAYLOAD_REFUSED,
                        "the request calls its %zu bytes a message, but they look like a digest: "
                        "approving them may sign a document that you have not seen",
                        request->payload.length);
    return review_is_of_broker(review) || review_check_id(tool, request, review->source.what);
}

bool review_read_again(struct tool *tool, struct review *review)
{
    struct ska_request *now = NULL;
    bool same = false;

    if (!read_wanted(tool, review, &now))
        return false;
    same = ska_request_has_same_token(now, review->request);
    if (same && !review->source.by_id) {
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
             "the key %s is not one of those who may approve this request: %s", review->key->shown,
             ska_buffer_string(&names));
    ska_buffer_free(&names);
    return false;
}

static bool review_find_place(struct tool *tool, struct review *review)
{
    const struct ska_rule *rule = request_stated_rule(review->request);

    if (review_is_of_broker(review))
        return true;
    if (rule == NULL) {
        report_warning("the request does not say who may approve: whether this counts is not "
                       "known");
        return true;
    }
    review->listed =
        approver_find_listed(tool->libctx, rule, ska_span_of(&review->key->public_key));
    return review->listed != NULL || fail_not_listed(tool, review, rule);
}

struct ska_span review_key(const struct review *review)
{
    return ska_span_of(review->listed != NULL ? &review->listed->public_key
                                              : &review->key->public_key);
}

bool review_open_key(struct tool *tool, struct review *review)
{
    return (review->key->key != NULL ||
            approver_open(tool, review->key, review->approver, review->certificate)) &&
           review_find_place(tool, review) && review_count(tool, review);
}

bool review_count(struct tool *tool, struct review *review)
{
    const struct ska_rule *rule = request_stated_rule(review->request);

    if (review->listed == NULL && rule != NULL && review->key->public_key.data != NULL)
        review->listed =
            approver_find_listed(tool->libctx, rule, ska_span_of(&review->key->public_key));
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
    ska_request_free(review->request);
    review->request = NULL;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

/* What is known of a change of rules besides what the requester says. */
struct review_witness {
    struct key_rules rules;
    struct history history;
    bool history_read;
    struct own_rejections rejections; /* where the review has none */
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

    if (review->request->operation != SKA_OPERATION_MODIFY || review->request->unshown != NULL)
        return true;
    if (!key_rules_ask(tool, review->request, &witness->rules))
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

/* NULL: raised. */
static const struct own_rejections *rejections_of(const struct review *review)
{
    return review_is_of_broker(review) ? request_place_rejections(review->source.place)
                                       : review->rejections;
}

bool review_rejected_before(struct tool *tool, const struct review *review,
                            const struct document *document, struct rejected_before *before)
{
    const struct own_subject subject = {review->request, review->folder, document};
    const struct own_rejections *rejections = rejections_of(review);

    *before = (struct rejected_before){.when = NULL};
    if (rejections == NULL)
        return false;
    before->unread = rejections->unread;
    before->when = own_rejections_time(rejections, tool, &subject);
    return true;
}

/* A terminal_make: the page, or six lines. */
struct review_page {
    struct tool *tool;
    struct briefing briefing;
    bool is_short;
    bool letter_is_enough; /* six lines are enough for it, even where the whole page is shown */
    struct briefing_warnings warnings; /* on the whole page */
};

static bool review_make_page(void *arg, size_t columns, struct ska_bytes *text)
{
    struct review_page *page = arg;

    if (page->briefing.request->unshown != NULL)
        return unshown_page(page->briefing.request, page->briefing.broker, columns, text,
                            &page->tool->errors);
    page->briefing.columns = columns;
    return page->is_short ? briefing_short_make(&page->briefing, text, &page->tool->errors)
                          : briefing_make(&page->briefing, text, NULL, &page->tool->errors);
}

/* What was found out for a page, and the page. */
struct review_showing {
    struct review_witness witness;
    struct review_page page;
};

static bool find_rejected(struct tool *tool, const struct review *review,
                          struct review_showing *showing)
{
    struct review own = *review;
    struct rejected_before before;

    if (own.rejections == NULL && !review_is_of_broker(review)) {
        if (!own_rejections_read(tool, ska_span_of(&review->key->public_key),
                                 &showing->witness.rejections))
            return false;
        own.rejections = &showing->witness.rejections;
    }
    if (!review_rejected_before(tool, &own, showing->page.briefing.document, &before))
        return false;
    showing->page.briefing.rejected = before.when;
    showing->page.briefing.unread = before.unread;
    return true;
}

static bool showing_make(struct tool *tool, const struct review *review,
                         const struct document *document, bool refusing,
                         struct review_showing *showing)
{
    *showing = (struct review_showing){
        .page = {
            .tool = tool,
            .briefing = {.libctx = tool->libctx,
                         .request = review->request,
                         .listed = review->listed,
                         .ballot = &review->ballot,
                         .chance = review->chance,
                         .document = document,
                         .owner = review->source.origin.known ? &review->source.origin.owner : NULL,
                         .owner_remote = review->source.origin.remote,
                         .broker = review_is_of_broker(review) ? review->source.place->name : NULL,
                         .refusing = refusing,
                         .witness = {.own_key = review_key(review),
                                     .listed = review->listed,
                                     .rules = &showing->witness.rules}}}};
    if (!review_hear_witness(tool, review, &showing->witness) ||
        !find_rejected(tool, review, showing))
        return false;
    if (showing->witness.history_read)
        showing->page.briefing.witness.history = &showing->witness.history;
    return true;
}

static void showing_clear(struct review_showing *showing)
{
    key_rules_clear(&showing->witness.rules);
    history_clear(&showing->witness.history);
    own_rejections_clear(&showing->witness.rejections);
    free(showing->page.warnings.first);
    showing->page.warnings.first = NULL;
}

/* The one place that decides it; the whole page is made for that, since it finds what to warn of.
 */
static bool decide_short(struct review_page *page)
{
    struct ska_bytes whole = {NULL, 0};

    page->is_short = false;
    if (!briefing_make(&page->briefing, &whole, &page->warnings, &page->tool->errors))
        return false;
    ska_bytes_free(&whole);
    page->letter_is_enough = briefing_may_be_short(&page->briefing, page->warnings.count);
    page->is_short = page->letter_is_enough;
    return true;
}

/* ---- Yes or no ------------------------------------------------------------------------------- */

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

/* Who is not asked may not have noticed that it is the same again; a broker's is named with more.
 */
static bool check_rejected(struct tool *tool, const struct review *review,
                           const struct review_showing *showing)
{
    const struct own_rejections *rejections =
        review->rejections != NULL ? review->rejections : &showing->witness.rejections;
    const char *when = showing->page.briefing.rejected;
    char time[TEXT_TIME_SIZE] = "";
    uint64_t seconds = 0;

    if (when == NULL || review_is_of_broker(review) ||
        ska_ballot_has_refused(&review->ballot, review_key(review)))
        return true;
    if (ska_time_read(when, &seconds))
        text_time(seconds, time);
    if (!own_rejections_have_task(rejections, review->request->id))
        return ska_fail(&tool->errors, SKA_R_DECLINED,
                        "you have rejected the same before, at %s: without --yes it is shown, and "
                        "you are asked",
                        time);
    report_warning("you have rejected this request before, at %s", time);
    return true;
}

bool review_ask(struct tool *tool, const struct review *review,
                const struct review_question *question)
{
    struct review_showing showing;
    bool done = showing_make(tool, review, question->document, question->refusing, &showing);

    if (done && question->yes && !question->refusing)
        done = check_rejected(tool, review, &showing);
    if (done)
        done = question->yes
                   ? review_print_page(&showing.page, question->to_stderr ? stderr : stdout)
                   : review_ask_person(tool, &showing.page, question);
    showing_clear(&showing);
    return done;
}

/* ---- One of many ----------------------------------------------------------------------------- */

/* What a line means; false: nothing. What has to be read wants the whole word. */
static bool read_choice(const struct review_page *page, const char *line,
                        enum review_choice *choice)
{
    static const struct {
        const char *letter;
        const char *word;
        enum review_choice choice;
    } words[] = {{"y", "yes", REVIEW_YES},
                 {"n", "next", REVIEW_NEXT},
                 {"n", "no", REVIEW_NEXT},
                 {"r", "reject", REVIEW_REJECT},
                 {"q", "quit", REVIEW_QUIT}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(line, words[i].word) == 0 ||
            (strcasecmp(line, words[i].letter) == 0 &&
             (page->letter_is_enough || words[i].choice != REVIEW_YES))) {
            *choice = words[i].choice;
            return true;
        }
    return false;
}

static bool asks_for_more(const char *line)
{
    return strcasecmp(line, "m") == 0 || strcasecmp(line, "more") == 0;
}

/* A terminal_object: what the keys are, for who types another one. */
static const char *list_keys(void *arg, const char *line, size_t times)
{
    const struct review_page *page = arg;
    enum review_choice choice = REVIEW_QUIT;

    (void)times;
    if (read_choice(page, line, &choice) || asks_for_more(line))
        return NULL;
    if (!page->letter_is_enough)
        return "yes (the word): approve, n: leave it, r: reject, m: again, q: quit. Which? ";
    return page->is_short ? "y: approve, n: leave it, r: reject, m: more, q: quit. Which? "
                          : "y: approve, n: leave it, r: reject, m: again, q: quit. Which? ";
}

static bool fail_offer(struct tool *tool, enum terminal_end end)
{
    if (end == TERMINAL_NARROW)
        ska_fail(&tool->errors, SKA_R_DECLINED,
                 "the terminal is too narrow to show requests, %d columns at least are needed",
                 PAGE_LEAST_WIDTH);
    else if (end == TERMINAL_GONE)
        ska_fail(&tool->errors, SKA_R_DECLINED, "no terminal to show requests on");
    return false;
}

static const char *question_of(const struct review_page *page)
{
    if (!page->letter_is_enough)
        return "Approve? Type yes, or n(ext), r(eject), q(uit): ";
    return page->is_short ? "Approve? y(es), n(ext), r(eject), m(ore), q(uit): "
                          : "Approve? y(es), n(ext), r(eject), q(uit): ";
}

/* Until one of the answers is given; any other line asks for more. */
static bool choose_at_terminal(struct tool *tool, struct review_page *page,
                               const struct review_offer *offer, enum review_choice *choice)
{
    struct terminal_question question = {.make = review_make_page,
                                         .arg = page,
                                         .least = PAGE_LEAST_WIDTH,
                                         .object = list_keys,
                                         .patience_ms = offer->patience_ms,
                                         .interrupt_ends = true};
    char line[16] = "";

    for (;;) {
        enum terminal_end end = TERMINAL_LINE;

        question.question = question_of(page);
        end = terminal_read(&question, line, sizeof(line));
        *choice = end == TERMINAL_NOBODY ? REVIEW_NOBODY : REVIEW_QUIT;
        if (end == TERMINAL_NOBODY || end == TERMINAL_ENDED)
            return true;
        if (end != TERMINAL_LINE)
            return fail_offer(tool, end);
        if (read_choice(page, line, choice))
            return true;
        page->is_short = false;
    }
}

bool review_choose(struct tool *tool, const struct review *review, const struct review_offer *offer,
                   enum review_choice *choice)
{
    struct review_showing showing;
    bool done = showing_make(tool, review, offer->document, false, &showing);

    showing.page.briefing.lead = offer->lead;
    showing.page.briefing.searched = offer->searched;
    done = done && decide_short(&showing.page) &&
           choose_at_terminal(tool, &showing.page, offer, choice);
    showing_clear(&showing);
    return done;
}

static void say_why_not_short(const struct review_showing *showing, struct ska_buffer *text)
{
    const struct briefing_warnings *warnings = &showing->page.warnings;

    if (showing->page.briefing.unread != NULL) {
        ska_buffer_text(text, showing->page.briefing.unread);
        return;
    }
    if (warnings->count == 0) {
        ska_buffer_text(text, "there is more to it than six lines can show");
        return;
    }
    ska_buffer_format(text, "WARNING: %s",
                      warnings->first == NULL ? "(out of memory)" : warnings->first);
    if (warnings->count > 1)
        ska_buffer_format(text, " (and %zu more)", warnings->count - 1);
}

bool review_may_be_unread(struct tool *tool, const struct review *review,
                          const struct document *document, bool *may, struct ska_buffer *why_not)
{
    struct review_showing showing;
    bool done =
        showing_make(tool, review, document, false, &showing) && decide_short(&showing.page);

    *may = done && showing.page.briefing.unread == NULL &&
           (review->request->operation == SKA_OPERATION_SIGN ? showing.page.is_short
                                                             : showing.page.warnings.count == 0);
    if (done && !*may)
        say_why_not_short(&showing, why_not);
    showing_clear(&showing);
    return done;
}

/* ---- Answering ------------------------------------------------------------------------------- */

bool review_approve(struct tool *tool, struct review *review)
{
    struct ska_approval approval = {0};
    bool done = unshown_refuse(review->request, &tool->errors) &&
                approver_unlock(review->key, tool->libctx, &tool->errors) &&
                review_read_again(tool, review) &&
                approver_sign_checked(review->key, tool->libctx, review->listed,
                                      ska_span_of(&review->request->approval_token), &approval,
                                      &tool->errors);

    if (done) {
        review_remember(tool, review, HISTORY_APPROVED, NULL);
        done = request_place_put(review->source.place, review->request, SKA_FILE_APPROVAL,
                                 &approval, NULL);
    }
    ska_approval_clear(&approval);
    return done;
}

bool review_refuse(struct tool *tool, struct review *review, const char *reason)
{
    struct ska_approval refusal = {0};
    bool done =
        review_read_again(tool, review) && review_sign_refusal(tool, review, reason, &refusal) &&
        request_place_put(review->source.place, review->request, SKA_FILE_REFUSAL, &refusal, NULL);

    ska_approval_clear(&refusal);
    return done;
}

/*
 * By which he may be told of it again. What he has typed is the broker's id of the request where it
 * is no other one of it; else the broker is asked. NULL: it is not known.
 */
static const char *find_broker_id(const struct review *review, char told[BROKER_ID_SIZE])
{
    const char *given = review->source.what;

    if (!review_is_of_broker(review))
        return NULL;
    if (given != NULL && !request_is_called(review->request, given))
        return given;
    return request_place_broker_id(review->source.place, review->request, told) ? told : NULL;
}

void review_remember(struct tool *tool, const struct review *review, enum history_answer answer,
                     const char *reason)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    char broker_id[BROKER_ID_SIZE];
    const struct history_record record = {.libctx = tool->libctx,
                                          .answer = answer,
                                          .request = review->request,
                                          .key_name = review->ballot.token.key_name,
                                          .public_key = review_key(review),
                                          .reason = reason,
                                          .broker_id = find_broker_id(review, broker_id)};

    if (!history_add(&record, &quiet))
        report_warning("this answer could not be added to your own history: %s",
                       ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
}

/* ---- Refusing -------------------------------------------------------------------------------- */

bool review_check_reason(struct tool *tool, const struct review *review, const char *reason)
{
    if (reason != NULL && review_is_of_broker(review))
        return ska_fail(
            &tool->errors, SKA_R_WRONG_USE,
            "--reason: a broker has no place for a reason; tell the requester yourself");
    if (reason == NULL || ska_reason_is_allowed(reason))
        return true;
    return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "a reason is text in UTF-8, of 1 to %d bytes; this one has %zu",
                    SKA_REFUSAL_REASON_LIMIT, strlen(reason));
}

bool review_sign_refusal(struct tool *tool, struct review *review, const char *reason,
                         struct ska_approval *refusal)
{
    uint8_t bytes[SKA_REFUSAL_SIZE];
    struct ska_span message = {NULL, 0};

    if (!approver_unlock(review->key, tool->libctx, &tool->errors) ||
        !ska_refusal_bytes(tool->libctx, ska_span_of(&review->request->approval_token), reason,
                           bytes, &message, &tool->errors) ||
        !approver_sign_checked(review->key, tool->libctx, review->listed, message, refusal,
                               &tool->errors))
        return false;
    refusal->reason = reason == NULL ? NULL : strdup(reason);
    if (reason != NULL && refusal->reason == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "a reason");
    review_remember(tool, review, HISTORY_REFUSED, reason);
    return true;
}

/* ---- In words -------------------------------------------------------------------------------- */

void review_name_answer(const struct review *review, const char *what, struct ska_buffer *text)
{
    if (review->listed != NULL)
        ska_approver_text(request_stated_rule(review->request), review->listed, text);
    else
        ska_buffer_name(text, ska_span_text(review->key->shown));
    ska_buffer_format(text, "'s %s of ", what);
    request_text_name(review->request, text);
}

const char *review_sent_word(const struct review *review)
{
    return review_is_of_broker(review) ? "Sent " : "Put ";
}

void review_add_addressee(const struct review *review, struct ska_buffer *text)
{
    const struct ska_request *request = review->request;

    ska_buffer_text(text, ". Send it to the requester");
    if (request->has_requester)
        ska_buffer_format(text, ": user %" PRIu64, request->requester_uid);
    else if (request->requester_host != NULL)
        ska_buffer_text(text, ": somebody");
    if (request->requester_host != NULL) {
        ska_buffer_text(text, " of the computer ");
        ska_buffer_name(text, ska_span_text(request->requester_host));
    }
    if (request->has_requester || request->requester_host != NULL)
        ska_buffer_text(text, ", as the request says");
}
