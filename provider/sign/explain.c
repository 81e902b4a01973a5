/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/explain.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/printable.h"
#include "provider/rule/rule_text.h"
#include "provider/sign/ballot_text.h"
#include "provider/sign/current_rule.h"
#include "provider/sign/hsm_time.h"
#include "ska/provider.h"

/* libcrypto keeps about 1000 characters of a message; what must not be lost comes first in it. */
#define TEXT_LIMIT 800
/* So much of a reason to refuse is told. */
#define REASON_LIMIT 200

/* The text of a buffer, cut to what a message can hold. */
static const char *message_text(struct ska_buffer *buffer)
{
    if (buffer->length > TEXT_LIMIT) {
        buffer->length = TEXT_LIMIT;
        ska_buffer_text(buffer, "...");
    }
    return ska_buffer_string(buffer);
}

static bool is_impossible(const struct ska_rule *rule)
{
    return rule->alternative_count == 0;
}

static const char *lead_of(const struct backend_key *key)
{
    return backend_word_lead(backend_key_word(key));
}

static bool fail_impossible(struct backend_key *key, enum ska_rule_kind kind,
                            const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_RULE_IMPOSSIBLE,
                    "%sthe %s rule of key '%s' has no alternatives, so nobody can satisfy it; only "
                    "a modification of the key can change that",
                    lead_of(key), ska_rule_names[kind], backend_key_label(key));
}

bool ska_explain_no_sources(struct backend_key *key, const struct ska_rule *rule,
                            const struct ska_errors *errors)
{
    const struct ska_responses none = {0};
    struct ska_buffer missing = {0};

    if (is_impossible(rule))
        return fail_impossible(key, SKA_RULE_USE, errors);
    ska_rule_progress_text(rule, &none, &missing);
    ska_fail(errors, SKA_R_APPROVALS_MISSING,
             "key '%s' signs with approvals only: %s. Give them with ska-approvals-file:FILE, or "
             "set ska-approvals-dir:DIR (or approvals-dir in the configuration) to ask for them",
             backend_key_label(key), message_text(&missing));
    ska_buffer_free(&missing);
    return false;
}

/* ---- Approvals that do not count ------------------------------------------------------------- */

/* Of one that stands in the request; the reason that weighs most names the failure. */
static enum ska_reason tell_approval(const struct ska_ballot *ballot,
                                     const struct ska_approval *approval, struct ska_buffer *text)
{
    struct ska_buffer name = {0};
    const char *who = NULL;
    enum ska_reason reason = 0;

    ska_signer_text(ballot->rule, approval, &name);
    who = ska_buffer_string(&name);
    if (text->length > 0 && approval->state != SKA_ANSWER_COUNTS)
        ska_buffer_text(text, "; ");
    switch (approval->state) {
    case SKA_ANSWER_INVALID:
        reason = SKA_R_APPROVAL_INVALID;
        ska_buffer_format(text,
                          "the signature of %s does not verify over this approval token (changed, "
                          "or made for other data or another key)",
                          who);
        break;
    case SKA_ANSWER_NOT_LISTED:
        reason = SKA_R_APPROVER_NOT_LISTED;
        ska_buffer_format(text, "%s %s", who, ska_answer_fault(approval->state, false));
        break;
    case SKA_ANSWER_DOUBLED:
    case SKA_ANSWER_TOO_MANY:
        reason = SKA_R_APPROVER_DOUBLED;
        ska_buffer_format(text, "%s %s", who, ska_answer_fault(approval->state, false));
        break;
    case SKA_ANSWER_UNSEEN:
    case SKA_ANSWER_COUNTS:
        break;
    }
    ska_buffer_free(&name);
    return reason;
}

/* 0: all count. */
static enum ska_reason tell_approvals(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    static const enum ska_reason weight[] = {0, SKA_R_APPROVER_DOUBLED, SKA_R_APPROVER_NOT_LISTED,
                                             SKA_R_APPROVAL_INVALID};
    size_t heaviest = 0;

    for (size_t i = 0; i < ballot->request->approval_count; i++) {
        enum ska_reason reason = tell_approval(ballot, &ballot->request->approvals[i], text);

        for (size_t w = 0; w < sizeof(weight) / sizeof(weight[0]); w++)
            if (weight[w] == reason && w > heaviest)
                heaviest = w;
    }
    return weight[heaviest];
}

/* ---- Refused by the HSM, or a broker ----------------------------------------------------------
 */

/* Who says so. */
static enum ska_reason refused_by(const struct backend_key *key)
{
    return backend_key_word(key) == BACKEND_WORD_OF_HSM ? SKA_R_HSM_REFUSED : SKA_R_BROKER_REFUSED;
}

/*
 * Enough have approved, in time by the rule, and still the HSM says that it is not satisfied: it
 * reads the timeout in another way.
 */
static enum ska_reason tell_other_reading(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    struct ska_standing best = ska_ballot_judge(ballot).best;
    char opens[SKA_TIME_SHOWN_SIZE];
    char closes[SKA_TIME_SHOWN_SIZE];
    char now[SKA_TIME_SHOWN_SIZE];

    if (best.usable != SKA_USABLE_NOW)
        return 0;
    ska_buffer_format(text,
                      "by its rule it can be used from %s until %s, and %s clock says %s: perhaps "
                      "the HSM counts the timeout from the timestamp on. Make a new request",
                      ska_time_shown(best.window.opens, opens),
                      ska_time_shown(best.window.closes, closes),
                      ballot->now_of_hsm ? "the HSM's" : "this computer's",
                      ska_time_shown(ska_ballot_now(ballot), now));
    return SKA_R_EXPIRED;
}

/*
 * What the time says; 0: nothing. It comes first in a message, and what has expired names the
 * failure, since it is lost whatever is mended. What is too early does when nothing else is wrong.
 */
static enum ska_reason tell_time(const struct ska_ballot *ballot,
                                 const struct backend_refusal *refusal, bool in_order,
                                 struct ska_buffer *text)
{
    enum ska_reason reason = ska_ballot_time_text(ballot, text);

    if (reason == 0 && in_order && refusal->unsatisfied)
        reason = tell_other_reading(ballot, text);
    return reason == SKA_R_EXPIRED || in_order ? reason : 0;
}

static void next_sentence(struct ska_buffer *text)
{
    if (text->length > 0)
        ska_buffer_text(text, "; ");
}

/* What nobody has to approve has no id. */
static const char *lead_of_id(const struct ska_request *request)
{
    return request->id[0] == 0 ? "" : ", request ";
}

static void explain_with_rule(const struct ska_job *job, struct ska_ballot *ballot,
                              const struct backend_refusal *refusal)
{
    const struct ska_verdict verdict = ska_ballot_judge(ballot);
    const bool satisfied = verdict.satisfied;
    struct ska_buffer text = {0};
    struct ska_buffer wrong = {0};
    enum ska_reason of_approvals = tell_approvals(ballot, &wrong);
    /* One that is not listed or doubled is no reason to refuse others that are enough. */
    bool in_order = satisfied && of_approvals != SKA_R_APPROVAL_INVALID;
    enum ska_reason of_time = 0;
    enum ska_reason reason = of_approvals != 0  ? of_approvals
                             : satisfied        ? refused_by(job->key)
                             : verdict.hopeless ? SKA_R_REJECTED
                                                : SKA_R_APPROVALS_MISSING;

    ska_ballot_ask_time(ballot, job->key);
    of_time = tell_time(ballot, refusal, in_order, &text);
    if (wrong.length > 0)
        next_sentence(&text);
    ska_buffer_append(&text, &wrong);
    if (!satisfied) {
        next_sentence(&text);
        ska_ballot_progress_text(ballot, &text);
        ska_buffer_text(&text, "; skatool status shows more");
    } else if (of_time == 0) {
        next_sentence(&text);
        ska_buffer_format(&text, "%s said %s", backend_word_text(backend_key_word(job->key)),
                          refusal->code);
    }
    ska_fail(job->errors, of_time != 0 ? of_time : reason, "key '%s'%s%.16s: %s",
             backend_key_label(job->key), lead_of_id(ballot->request), ballot->request->id,
             message_text(&text));
    ska_buffer_free(&wrong);
    ska_buffer_free(&text);
}

/* A blocked key, and by what right it can be unblocked. */
static bool explain_blocked(struct backend_key *key, const struct ska_errors *errors)
{
    const struct ska_responses none = {0};
    struct ska_current_rule current;
    struct ska_buffer missing = {0};

    if (!ska_current_rule_read(key, SKA_RULE_UNBLOCK, &current, errors))
        return false;
    if (current.known && is_impossible(&current.rule))
        ska_buffer_text(&missing, "nobody can unblock it");
    else if (current.known && ska_rule_is_empty(&current.rule))
        ska_buffer_text(&missing, "unblocking needs no approval");
    else if (current.known) {
        ska_buffer_text(&missing, "unblocking needs ");
        ska_rule_needed_text(&current.rule, &none, &missing);
    }
    ska_fail(errors, SKA_R_KEY_BLOCKED,
             "%s'%s' cannot sign until it is unblocked, whatever approvals there are%s%s%s",
             lead_of(key), backend_key_label(key), current.known ? " (" : "",
             message_text(&missing), current.known ? ")" : "");
    ska_buffer_free(&missing);
    ska_current_rule_clear(&current);
    return false;
}

bool ska_check_not_blocked(struct backend_key *key, const struct ska_errors *errors)
{
    return !ska_key_is_blocked(key) || explain_blocked(key, errors);
}

/* Who has rejected it is not missing. */
static bool open_ballot(const struct ska_job *job, struct ska_ballot *ballot)
{
    bool done = ska_ballot_open(ballot, job->errors);

    for (size_t i = 0; done && i < job->refusal_count; i++)
        done = ska_ballot_take_refusal(ballot, &job->refusals[i], job->errors);
    return done;
}

static void explain_by_rule(const struct ska_job *job, struct ska_request *request,
                            const struct ska_rule *rule, const struct backend_refusal *refusal)
{
    struct ska_ballot ballot = {
        .libctx = job->libctx, .cache = job->approver_keys, .request = request, .rule = rule};

    if (!open_ballot(job, &ballot)) {
        ska_ballot_close(&ballot);
        return;
    }
    if (rule != NULL)
        explain_with_rule(job, &ballot, refusal);
    else
        ska_fail(job->errors, refused_by(job->key),
                 "key '%s'%s%.16s: %zu of %zu approvals have a valid signature; %s "
                 "refused (%s) and does not disclose the rule",
                 backend_key_label(job->key), lead_of_id(request), request->id, ballot.key_count,
                 request->approval_count, backend_word_text(backend_key_word(job->key)),
                 refusal->code);
    ska_ballot_close(&ballot);
}

bool ska_explain_refusal(const struct ska_job *job, struct ska_request *request,
                         const struct backend_refusal *refusal)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);
    struct ska_current_rule current;

    if (refusal->blocked)
        return explain_blocked(job->key, job->errors);
    if (!ska_current_rule_read(job->key, kind, &current, job->errors))
        return false;
    if (current.known && is_impossible(&current.rule))
        fail_impossible(job->key, kind, job->errors);
    else
        explain_by_rule(job, request, ska_current_rule_of(&current), refusal);
    ska_current_rule_clear(&current);
    return false;
}

/* ---- Not sent to the HSM --------------------------------------------------------------------- */

static bool can_succeed(const struct ska_standing *standing)
{
    return standing->possible && standing->usable < SKA_USABLE_OVER;
}

/* Of all alternatives that can still succeed. 0: there is none, or no rule. */
static uint64_t last_deadline(const struct ska_ballot *ballot)
{
    uint64_t last = 0;

    for (size_t i = 0; ballot->rule != NULL && i < ballot->rule->alternative_count; i++) {
        struct ska_standing standing = ska_ballot_standing(ballot, &ballot->rule->alternatives[i]);

        if (can_succeed(&standing) && standing.window.closes > last)
            last = standing.window.closes;
    }
    return last;
}

/* ", before LAST (alternative 'short' only before EARLIER)" */
static void tell_deadlines(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    const uint64_t last = last_deadline(ballot);
    char closes[SKA_TIME_SHOWN_SIZE];
    size_t earlier = 0;

    if (last == 0)
        return;
    if (last != UINT64_MAX)
        ska_buffer_format(text, ", before %s", ska_time_shown(last, closes));
    for (size_t i = 0; i < ballot->rule->alternative_count; i++) {
        struct ska_standing standing = ska_ballot_standing(ballot, &ballot->rule->alternatives[i]);

        if (!can_succeed(&standing) || standing.window.closes == last)
            continue;
        ska_buffer_text(text, earlier++ == 0 ? " (" : ", ");
        ska_alternative_name_text(ballot->rule, standing.alternative, text);
        ska_buffer_format(text, " only before %s", ska_time_shown(standing.window.closes, closes));
    }
    ska_buffer_text(text, earlier > 0 ? ")" : "");
}

/*
 * How the approvals come to be used. Where the same command would sign something else, and ask for
 * another approval for ever, only one that waits can use them.
 */
static void tell_way_on(const struct ska_pending *pending, struct ska_buffer *text)
{
    char word[SKA_SHELL_WORD_SIZE];
    const struct ska_request *request = pending->ballot->request;
    const struct ska_ballot *ballot = pending->ballot;

    if (ska_ballot_is_partly_over(ballot))
        ska_buffer_format(text,
                          "; an alternative with an earlier limit has expired: to ask again for "
                          "that, skatool withdraw --dir %s %.16s and run the same command again",
                          ska_shell_word(pending->directory, word), request->id);
    ska_buffer_format(text, "; to approve: skatool approve --approver KEY --dir %s %.16s; ",
                      ska_shell_word(pending->directory, word), request->id);
    if (pending->repeats == SKA_CONTENT_IS_NEW) {
        ska_buffer_text(text,
                        "what is signed has the time in it, so the same command would ask for "
                        "another approval: let it wait for the approvals "
                        "(" SKA_PARAM_APPROVALS_TIMEOUT
                        ":SECONDS), or use skatool seal, which continues");
        return;
    }
    ska_buffer_text(text, "and then the same command again");
    tell_deadlines(ballot, text);
    if (pending->repeats != SKA_CONTENT_REPEATS)
        ska_buffer_text(text,
                        ", if it sets times and serial number itself; else let it wait for the "
                        "approvals (" SKA_PARAM_APPROVALS_TIMEOUT ":SECONDS)");
}

/* What the requester can do about it. */
static void tell_remedy(const struct ska_pending *pending, struct ska_buffer *text)
{
    char word[SKA_SHELL_WORD_SIZE];

    if (pending->reason == SKA_R_EXPIRED)
        ska_buffer_text(text,
                        "; the time for approvals is over: sign again, which makes a new request");
    else if (pending->reason == SKA_R_REJECTED && pending->directory != NULL)
        ska_buffer_format(text,
                          "; talk to those who rejected it: if they approve later, that counts "
                          "instead; or to ask everybody again, skatool withdraw --dir %s %.16s and "
                          "run the same command again",
                          ska_shell_word(pending->directory, word), pending->ballot->request->id);
    else if (pending->reason == SKA_R_REJECTED)
        ska_buffer_text(text,
                        "; talk to those who rejected it: signing again asks everybody again");
    else if (pending->directory != NULL)
        tell_way_on(pending, text);
}

/* Who is missing comes first: a message is long, and few read all of it. */
bool ska_explain_pending(const struct ska_pending *pending, const struct ska_errors *errors)
{
    const struct ska_ballot *ballot = pending->ballot;
    struct ska_buffer text = {0};

    if (pending->reason == SKA_R_APPROVALS_PENDING)
        ska_ballot_waiting_text(ballot, &text);
    else
        ska_ballot_progress_text(ballot, &text);
    ska_buffer_format(&text, "; key '%s', request %.16s", ballot->request->key_label,
                      ballot->request->id);
    tell_remedy(pending, &text);
    if (pending->notes->length > 0)
        ska_buffer_add(&text, pending->notes->data, pending->notes->length);
    ska_fail(errors, pending->reason, "%s", message_text(&text));
    ska_buffer_free(&text);
    return false;
}
