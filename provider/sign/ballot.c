/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/ballot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/base/clock.h"
#include "provider/request/approval.h"
#include "provider/request/refusal.h"
#include "provider/rule/quorum.h"

/* ---- Opening --------------------------------------------------------------------------------- */

static bool ballot_lists(const struct ska_ballot *ballot, struct ska_span public_key)
{
    return ballot->rule == NULL || ska_rule_find_approver(ballot->rule, public_key) != NULL;
}

static bool ballot_verify(const struct ska_ballot *ballot, const struct ska_approval *approval)
{
    return ska_approval_verify_with(ballot->libctx, ballot->cache, approval,
                                    ska_span_of(&ballot->request->approval_token));
}

static bool ballot_add_key(struct ska_ballot *ballot, const struct ska_approval *approval,
                           const struct ska_errors *errors)
{
    struct ska_span *grown =
        reallocarray(ballot->keys, ballot->key_count + 1, sizeof(*ballot->keys));

    if (grown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu approvals", ballot->key_count);
    ballot->keys = grown;
    grown[ballot->key_count++] = ska_span_of(&approval->public_key);
    return true;
}

/*
 * One that stands in the request is verified first, whoever it is by, and even when another of its
 * approver counts: the HSM refuses all of them for one that is invalid.
 */
static bool ballot_examine(struct ska_ballot *ballot, struct ska_approval *approval,
                           const struct ska_errors *errors)
{
    struct ska_span key = ska_span_of(&approval->public_key);

    if (!ballot_verify(ballot, approval))
        approval->state = SKA_ANSWER_INVALID;
    else if (!ballot_lists(ballot, key))
        approval->state = SKA_ANSWER_NOT_LISTED;
    else if (ska_ballot_has_approved(ballot, key))
        approval->state = SKA_ANSWER_DOUBLED;
    else
        approval->state = SKA_ANSWER_COUNTS;
    return approval->state != SKA_ANSWER_COUNTS || ballot_add_key(ballot, approval, errors);
}

bool ska_ballot_open(struct ska_ballot *ballot, const struct ska_errors *errors)
{
    struct ska_request *request = ballot->request;
    bool done =
        ska_approval_token_decode(ska_span_of(&request->approval_token), &ballot->token, errors);

    ska_ballot_set_time(ballot, (uint64_t)time(NULL), false);
    for (size_t i = 0; done && i < request->approval_count; i++)
        done = ballot_examine(ballot, &request->approvals[i], errors);
    return done;
}

void ska_ballot_close(struct ska_ballot *ballot)
{
    free(ballot->keys);
    ska_approvals_free(ballot->refusals, ballot->refusal_count);
    memset(ballot, 0, sizeof(*ballot));
}

void ska_ballot_set_time(struct ska_ballot *ballot, uint64_t now, bool of_hsm)
{
    ballot->now = now;
    ballot->now_at = ska_clock_ms();
    ballot->now_of_hsm = of_hsm;
}

uint64_t ska_ballot_now(const struct ska_ballot *ballot)
{
    return ballot->now + (uint64_t)(ska_clock_ms() - ballot->now_at) / 1000;
}

/* ---- Answers --------------------------------------------------------------------------------- */

bool ska_ballot_has_approved(const struct ska_ballot *ballot, struct ska_span public_key)
{
    for (size_t i = 0; i < ballot->key_count; i++)
        if (ska_span_equal(ballot->keys[i], public_key))
            return true;
    return false;
}

static bool holds_refusal(const struct ska_ballot *ballot, struct ska_span public_key)
{
    for (size_t i = 0; i < ballot->refusal_count; i++)
        if (ska_span_equal(ska_span_of(&ballot->refusals[i].public_key), public_key))
            return true;
    return false;
}

bool ska_ballot_has_refused(const struct ska_ballot *ballot, struct ska_span public_key)
{
    return holds_refusal(ballot, public_key) && !ska_ballot_has_approved(ballot, public_key);
}

bool ska_ballot_take_approval(struct ska_ballot *ballot, struct ska_approval *approval,
                              const struct ska_errors *errors)
{
    struct ska_request *request = ballot->request;
    struct ska_span key = ska_span_of(&approval->public_key);

    if (request->approval_count >= SKA_APPROVALS_LIMIT)
        approval->state = SKA_ANSWER_TOO_MANY;
    else if (!ballot_lists(ballot, key))
        approval->state = SKA_ANSWER_NOT_LISTED;
    else if (ska_ballot_has_approved(ballot, key))
        approval->state = SKA_ANSWER_DOUBLED;
    else if (!ballot->unverified && !ballot_verify(ballot, approval))
        approval->state = SKA_ANSWER_INVALID;
    else
        approval->state = SKA_ANSWER_COUNTS;
    return approval->state != SKA_ANSWER_COUNTS ||
           (ska_request_add_approval(request, approval, errors) &&
            ballot_add_key(ballot, &request->approvals[request->approval_count - 1], errors));
}

bool ska_ballot_holds_invalid(const struct ska_ballot *ballot)
{
    for (size_t i = 0; i < ballot->request->approval_count; i++)
        if (!ballot_verify(ballot, &ballot->request->approvals[i]))
            return true;
    return false;
}

bool ska_ballot_would_verify(const struct ska_ballot *ballot, struct ska_span public_key,
                             bool refusal)
{
    return ballot_lists(ballot, public_key) &&
           (refusal ? !holds_refusal(ballot, public_key)
                    : !ska_ballot_has_approved(ballot, public_key));
}

static bool keep_refusal(struct ska_ballot *ballot, struct ska_approval *refusal,
                         const struct ska_errors *errors)
{
    struct ska_approval *grown =
        reallocarray(ballot->refusals, ballot->refusal_count + 1, sizeof(*ballot->refusals));

    if (grown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a rejection");
    ballot->refusals = grown;
    grown[ballot->refusal_count++] = *refusal;
    memset(refusal, 0, sizeof(*refusal));
    return true;
}

bool ska_ballot_take_refusal(struct ska_ballot *ballot, struct ska_approval *refusal,
                             const struct ska_errors *errors)
{
    struct ska_span key = ska_span_of(&refusal->public_key);

    if (ballot->refusal_count >= SKA_APPROVALS_LIMIT)
        refusal->state = SKA_ANSWER_TOO_MANY;
    else if (!ballot_lists(ballot, key))
        refusal->state = SKA_ANSWER_NOT_LISTED;
    else if (holds_refusal(ballot, key))
        refusal->state = SKA_ANSWER_DOUBLED;
    else if (!ska_refusal_verify(ballot->libctx, refusal,
                                 ska_span_of(&ballot->request->approval_token)))
        refusal->state = SKA_ANSWER_INVALID;
    else
        refusal->state = SKA_ANSWER_COUNTS;
    return refusal->state != SKA_ANSWER_COUNTS || keep_refusal(ballot, refusal, errors);
}

const char *ska_answer_fault(enum ska_answer_state state, bool refusal)
{
    switch (state) {
    case SKA_ANSWER_NOT_LISTED:
        return "is not an approver of this key";
    case SKA_ANSWER_INVALID:
        return refusal ? "has no valid rejection of this request there (changed, or of another)"
                       : "has no valid signature over this request there (changed, or made for "
                         "another)";
    case SKA_ANSWER_DOUBLED:
        return refusal ? "has already rejected it, and counts only once"
                       : "has already approved it, and counts only once";
    case SKA_ANSWER_TOO_MANY:
        return "comes too late: there are enough";
    case SKA_ANSWER_UNSEEN:
    case SKA_ANSWER_COUNTS:
        break;
    }
    return "";
}

void ska_ballot_drop_uncounted(struct ska_ballot *ballot)
{
    struct ska_request *request = ballot->request;
    size_t kept = 0;

    for (size_t i = 0; i < request->approval_count; i++) {
        struct ska_approval approval = request->approvals[i];

        memset(&request->approvals[i], 0, sizeof(approval));
        if (approval.state == SKA_ANSWER_COUNTS)
            request->approvals[kept++] = approval;
        else
            ska_approval_clear(&approval);
    }
    request->approval_count = kept;
}

/* ---- Judging --------------------------------------------------------------------------------- */

/* Who has refused may approve all the same: then `again` is that one's key, else empty. */
static bool is_willing(const struct ska_ballot *ballot, struct ska_span public_key,
                       struct ska_span again)
{
    return ska_span_equal(public_key, again) || !ska_ballot_has_refused(ballot, public_key);
}

/* Of the approvers whom a group lists, each key once. */
static size_t count_willing(const struct ska_ballot *ballot, const struct ska_group *group,
                            struct ska_span again)
{
    size_t count = 0;

    for (size_t i = 0; i < group->approver_count; i++)
        count += ska_group_is_first(group, i) &&
                 is_willing(ballot, ska_span_of(&group->approvers[i].public_key), again);
    return count;
}

static enum ska_usable usable_between(const struct ska_window *window, uint64_t from, uint64_t to)
{
    if (from < window->closes && to >= window->opens)
        return SKA_USABLE_NOW;
    return to < window->opens ? SKA_USABLE_LATER : SKA_USABLE_OVER;
}

static struct ska_standing standing_between(const struct ska_ballot *ballot,
                                            const struct ska_alternative *alternative,
                                            uint64_t from, uint64_t to, struct ska_span again)
{
    struct ska_standing standing = {alternative, 0, true, SKA_USABLE_ALWAYS, {0, UINT64_MAX}};

    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];
        size_t have = ska_group_count(group, ballot->keys, ballot->key_count);

        if (have < group->quorum)
            standing.missing += group->quorum - have;
        if (have < group->quorum && ballot->refusal_count > 0)
            standing.possible =
                standing.possible && count_willing(ballot, group, again) >= group->quorum;
    }
    if (!ska_alternative_is_limited(alternative)) {
        /* No time is needed then, but one that has not come yet is refused all the same. */
        if (ballot->token.has_timestamp && to < ballot->token.timestamp.seconds) {
            standing.usable = SKA_USABLE_LATER;
            standing.window.opens = ballot->token.timestamp.seconds;
        }
        return standing;
    }
    standing.usable = SKA_USABLE_NEVER;
    if (ballot->token.has_timestamp) {
        standing.window = ska_window_of(alternative, ballot->token.timestamp.seconds);
        standing.usable = usable_between(&standing.window, from, to);
    }
    return standing;
}

struct ska_standing ska_ballot_standing(const struct ska_ballot *ballot,
                                        const struct ska_alternative *alternative)
{
    uint64_t now = ska_ballot_now(ballot);

    return standing_between(ballot, alternative, now, now, ska_span(NULL, 0));
}

static bool is_alive(const struct ska_standing *standing)
{
    return standing->possible && standing->usable < SKA_USABLE_OVER;
}

/* Of two the one whose time is better: sooner to open, later to close. */
static bool is_timelier(const struct ska_standing *a, const struct ska_standing *b)
{
    if (a->usable != b->usable)
        return a->usable < b->usable;
    return a->usable == SKA_USABLE_LATER ? a->window.opens < b->window.opens
                                         : a->window.closes > b->window.closes;
}

static bool is_nearer(const struct ska_standing *a, const struct ska_standing *b)
{
    if (is_alive(a) != is_alive(b))
        return is_alive(a);
    return a->missing != b->missing ? a->missing < b->missing : is_timelier(a, b);
}

struct ska_verdict ska_ballot_judge_between(const struct ska_ballot *ballot, uint64_t from,
                                            uint64_t to)
{
    struct ska_verdict verdict = {.over =
                                      ballot->rule != NULL && ballot->rule->alternative_count > 0};
    bool any_alive = false;
    bool any_possible = false;
    bool any_refused = false; /* for which there is time */

    for (size_t i = 0; ballot->rule != NULL && i < ballot->rule->alternative_count; i++) {
        struct ska_standing standing =
            standing_between(ballot, &ballot->rule->alternatives[i], from, to, ska_span(NULL, 0));

        any_alive = any_alive || is_alive(&standing);
        any_possible = any_possible || standing.possible;
        any_refused = any_refused || (!standing.possible && standing.usable < SKA_USABLE_OVER);
        verdict.over = verdict.over && standing.usable == SKA_USABLE_OVER;
        verdict.open = verdict.open || standing.usable <= SKA_USABLE_NOW;
        if (standing.missing == 0 &&
            (!verdict.satisfied || is_timelier(&standing, &verdict.best))) {
            verdict.satisfied = true;
            verdict.best = standing;
        }
        if (verdict.nearest.alternative == NULL || is_nearer(&standing, &verdict.nearest))
            verdict.nearest = standing;
    }
    verdict.hopeless = ballot->rule != NULL && ballot->refusal_count > 0 && !any_alive &&
                       (any_refused || !any_possible);
    verdict.usable = verdict.satisfied && verdict.best.usable <= SKA_USABLE_NOW;
    return verdict;
}

struct ska_verdict ska_ballot_judge(const struct ska_ballot *ballot)
{
    uint64_t now = ska_ballot_now(ballot);

    return ska_ballot_judge_between(ballot, now, now);
}

/* Of two that are alike the one that lasts longer. */
static bool is_better(const struct ska_standing *a, const struct ska_standing *b)
{
    if (is_alive(a) != is_alive(b))
        return is_alive(a);
    return a->usable != b->usable ? a->usable < b->usable : a->window.closes > b->window.closes;
}

struct ska_standing ska_ballot_chance(const struct ska_ballot *ballot, struct ska_span public_key)
{
    struct ska_standing best = {.usable = SKA_USABLE_NEVER, .window = {0, UINT64_MAX}};
    uint64_t now = ska_ballot_now(ballot);

    for (size_t i = 0; ballot->rule != NULL && i < ballot->rule->alternative_count; i++) {
        const struct ska_alternative *alternative = &ballot->rule->alternatives[i];
        struct ska_standing standing = standing_between(ballot, alternative, now, now, public_key);

        if (public_key.length > 0 && !ska_alternative_lists(alternative, public_key))
            continue;
        if (best.alternative == NULL || is_better(&standing, &best))
            best = standing;
    }
    return best;
}

uint64_t ska_ballot_usable_until(const struct ska_ballot *ballot)
{
    uint64_t until = 0;

    for (size_t i = 0; ballot->rule != NULL && i < ballot->rule->alternative_count; i++) {
        struct ska_standing standing = ska_ballot_standing(ballot, &ballot->rule->alternatives[i]);

        if (standing.usable < SKA_USABLE_OVER && standing.window.closes > until)
            until = standing.window.closes;
    }
    return until;
}

static bool lacks(const struct ska_ballot *ballot, const struct ska_alternative *alternative,
                  struct ska_span public_key)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if (ska_group_lists(&alternative->groups[i], public_key) &&
            !ska_group_satisfied(&alternative->groups[i], ballot->keys, ballot->key_count))
            return true;
    return false;
}

bool ska_ballot_waits_for(const struct ska_ballot *ballot, struct ska_span public_key)
{
    struct ska_verdict verdict;

    if (ballot->rule == NULL || ska_ballot_has_approved(ballot, public_key) ||
        ska_ballot_has_refused(ballot, public_key))
        return false;
    verdict = ska_ballot_judge(ballot);
    if (verdict.satisfied && verdict.best.usable < SKA_USABLE_OVER)
        return false;
    for (size_t i = 0; i < ballot->rule->alternative_count; i++) {
        struct ska_standing standing = ska_ballot_standing(ballot, &ballot->rule->alternatives[i]);

        if (is_alive(&standing) && lacks(ballot, standing.alternative, public_key))
            return true;
    }
    return false;
}
