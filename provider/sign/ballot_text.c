/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/ballot_text.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/printable.h"
#include "provider/rule/quorum.h"

/* So much of a reason is told in a list of people. */
#define REASON_IN_LIST 100

/* How many people are named who have approved or refused. */
#define NAMED_MOST 10

typedef void say_of_rule(const struct ska_rule *rule, const struct ska_responses *responses,
                         struct ska_buffer *text);

struct ska_span *ska_ballot_responses(const struct ska_ballot *ballot, struct ska_span also,
                                      struct ska_responses *responses)
{
    struct ska_span *keys = calloc(ballot->key_count + ballot->refusal_count + 1, sizeof(*keys));

    if (keys == NULL)
        return NULL;
    *responses = (struct ska_responses){keys, ballot->key_count, NULL, 0};
    if (ballot->key_count > 0)
        memcpy(keys, ballot->keys, ballot->key_count * sizeof(*keys));
    if (also.length > 0)
        keys[responses->approved_count++] = also;
    responses->refused = keys + responses->approved_count;
    for (size_t i = 0; i < ballot->refusal_count; i++) {
        struct ska_span key = ska_span_of(&ballot->refusals[i].public_key);

        if (ska_ballot_has_refused(ballot, key) && !ska_span_equal(key, also))
            keys[responses->approved_count + responses->refused_count++] = key;
    }
    return keys;
}

static bool is_over(const struct ska_ballot *ballot, const struct ska_alternative *alternative)
{
    return ska_ballot_standing(ballot, alternative).usable == SKA_USABLE_OVER;
}

/*
 * The alternatives that can still be used, in an array to be freed: nobody is asked for one that is
 * over. All of them where all are, or where the rule is not known. False: out of memory.
 */
static bool take_open(const struct ska_ballot *ballot, struct ska_rule *open)
{
    *open = (struct ska_rule){NULL, 0};
    if (ballot->rule == NULL || ballot->rule->alternative_count < 2)
        return true;
    open->alternatives = calloc(ballot->rule->alternative_count, sizeof(*open->alternatives));
    if (open->alternatives == NULL)
        return false;
    for (size_t i = 0; i < ballot->rule->alternative_count; i++)
        if (!is_over(ballot, &ballot->rule->alternatives[i]))
            open->alternatives[open->alternative_count++] = ballot->rule->alternatives[i];
    return true;
}

bool ska_ballot_is_partly_over(const struct ska_ballot *ballot)
{
    size_t over = 0;

    for (size_t i = 0; ballot->rule != NULL && i < ballot->rule->alternative_count; i++)
        over += is_over(ballot, &ballot->rule->alternatives[i]);
    return over > 0 && over < ballot->rule->alternative_count;
}

static void say_with_responses(const struct ska_ballot *ballot, struct ska_span also,
                               say_of_rule *say, struct ska_buffer *text)
{
    struct ska_responses responses;
    struct ska_span *keys = ska_ballot_responses(ballot, also, &responses);
    struct ska_rule open;

    if (keys != NULL && take_open(ballot, &open)) {
        say(open.alternative_count > 0 ? &open : ballot->rule, &responses, text);
        free(open.alternatives);
    } else {
        text->failed = true;
    }
    free(keys);
}

void ska_ballot_count_text(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    say_with_responses(ballot, ska_span(NULL, 0), ska_rule_count_text, text);
}

void ska_ballot_needed_text(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    say_with_responses(ballot, ska_span(NULL, 0), ska_rule_needed_text, text);
}

void ska_ballot_needed_after_text(const struct ska_ballot *ballot, struct ska_span public_key,
                                  struct ska_buffer *text)
{
    say_with_responses(ballot, public_key, ska_rule_needed_text, text);
}

static void add_refused(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    struct ska_buffer names = {0};

    ska_ballot_refused_text(ballot, &names);
    if (names.length > 0)
        ska_buffer_format(text, "; rejected by %s", ska_buffer_string(&names));
    text->failed = text->failed || names.failed;
    ska_buffer_free(&names);
}

void ska_ballot_progress_text(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    const struct ska_span nobody = {NULL, 0};

    if (!ska_ballot_judge(ballot).hopeless) {
        say_with_responses(ballot, nobody, ska_rule_progress_text, text);
        add_refused(ballot, text);
        return;
    }
    say_with_responses(ballot, nobody, ska_rule_count_text, text);
    add_refused(ballot, text);
    ska_buffer_text(text, "; left: ");
    say_with_responses(ballot, nobody, ska_rule_left_text, text);
}

/* Enough have approved: the time is waited for. */
static void add_waiting_for_time(const struct ska_standing *best, struct ska_buffer *text)
{
    char opens[SKA_TIME_SHOWN_SIZE];

    ska_buffer_text(text, "all approvals are there");
    if (best->usable == SKA_USABLE_LATER)
        ska_buffer_format(text, "; they can be used from %s on",
                          ska_time_shown(best->window.opens, opens));
}

void ska_ballot_waiting_text(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    struct ska_verdict verdict = ska_ballot_judge(ballot);

    if (verdict.satisfied && verdict.best.usable != SKA_USABLE_OVER) {
        add_waiting_for_time(&verdict.best, text);
        return;
    }
    ska_buffer_text(text, "waiting for ");
    if (ballot->rule != NULL)
        ska_ballot_needed_text(ballot, text);
    else
        ska_buffer_text(text, "approvals");
    add_refused(ballot, text);
    ska_buffer_text(text, "; ");
    ska_ballot_count_text(ballot, text);
}

/* ---- Time ------------------------------------------------------------------------------------ */

static void add_time(const struct ska_ballot *ballot, const char *before, uint64_t limit,
                     struct ska_buffer *text)
{
    char shown[SKA_TIME_SHOWN_SIZE];
    char now[SKA_TIME_SHOWN_SIZE];

    ska_buffer_format(text, "%s%s; %s clock says %s", before, ska_time_shown(limit, shown),
                      ballot->now_of_hsm ? "the HSM's" : "this computer's",
                      ska_time_shown(ska_ballot_now(ballot), now));
}

enum ska_reason ska_ballot_time_text(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    struct ska_verdict verdict = ska_ballot_judge(ballot);
    const struct ska_standing *standing = verdict.satisfied ? &verdict.best : &verdict.nearest;

    /* What is missing for one that is open now matters more than that another is not. */
    if (standing->alternative == NULL || (!verdict.satisfied && verdict.open))
        return 0;
    switch (standing->usable) {
    case SKA_USABLE_ALWAYS:
    case SKA_USABLE_NOW:
        return 0;
    case SKA_USABLE_LATER:
        add_time(ballot, "the approvals cannot be used before ", standing->window.opens, text);
        return SKA_R_TOO_EARLY;
    case SKA_USABLE_OVER:
        add_time(ballot, "the approvals expired at ", standing->window.closes, text);
        break;
    case SKA_USABLE_NEVER: /* it is from before the rule had time limits */
        ska_buffer_text(text, "the rule has a time limit, and the request contains no HSM time");
        break;
    }
    ska_buffer_text(text, verdict.nearest.usable < SKA_USABLE_OVER
                              ? ". There is still time for another alternative of the rule"
                              : ". Make a new request");
    return SKA_R_EXPIRED;
}

/* ---- Who has said what ----------------------------------------------------------------------- */

static void add_one(const struct ska_ballot *ballot, const struct ska_approval *approval,
                    size_t *count, struct ska_buffer *text)
{
    if ((*count)++ >= NAMED_MOST)
        return;
    if (*count > 1)
        ska_buffer_text(text, ", ");
    ska_signer_text(ballot->rule, approval, text);
}

static void add_rest(size_t count, struct ska_buffer *text)
{
    if (count > NAMED_MOST)
        ska_buffer_format(text, " and %zu more", count - NAMED_MOST);
}

void ska_ballot_approved_text(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < ballot->request->approval_count; i++)
        if (ballot->request->approvals[i].state == SKA_ANSWER_COUNTS)
            add_one(ballot, &ballot->request->approvals[i], &count, text);
    add_rest(count, text);
}

void ska_ballot_refused_text(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    ska_ballot_others_refused_text(ballot, ska_span(NULL, 0), text);
}

void ska_ballot_others_refused_text(const struct ska_ballot *ballot, struct ska_span me,
                                    struct ska_buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < ballot->refusal_count; i++) {
        const struct ska_approval *refusal = &ballot->refusals[i];
        struct ska_span key = ska_span_of(&refusal->public_key);

        if (!ska_ballot_has_refused(ballot, key) || ska_span_equal(key, me))
            continue;
        add_one(ballot, refusal, &count, text);
        if (refusal->reason == NULL || count > NAMED_MOST)
            continue;
        ska_buffer_text(text, " (");
        ska_buffer_quoted(text, ska_span_text(refusal->reason), REASON_IN_LIST);
        ska_buffer_text(text, ")");
    }
    add_rest(count, text);
}
