/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ballot: one request, the rule that decides it, all that has been answered so far, and the time.
 * Whoever wants to know whether it is enough, who is missing, or whether it can still succeed asks
 * the ballot; nobody else goes through a rule to decide something. What it finds is a prediction:
 * the HSM decides.
 */
#ifndef SKA_SIGN_BALLOT_H
#define SKA_SIGN_BALLOT_H

#include "provider/request/approval_token.h"
#include "provider/request/request.h"
#include "provider/rule/window.h"

struct ska_ballot {
    OSSL_LIB_CTX *libctx;            /* to verify answers */
    struct ska_approver_keys *cache; /* of approvers' keys; NULL: none */
    struct ska_request *request;     /* borrowed; approvals that count are added to it */
    struct ska_approval_token token; /* of the request, decoded; points into it */
    const struct ska_rule *rule;     /* borrowed; NULL: not known, and whatever verifies counts */
    bool unverified;       /* signatures of answers that are taken are left for the HSM to verify */
    struct ska_span *keys; /* whose approvals count, each once; borrowed */
    size_t key_count;
    struct ska_approval *refusals; /* of listed approvers, one of each */
    size_t refusal_count;
    uint64_t now;    /* seconds since the epoch, at: */
    int64_t now_at;  /* ska_clock_ms() */
    bool now_of_hsm; /* else by this computer */
};

/*
 * Starts with libctx, cache, request, rule and unverified set and the rest zero.
 * Decodes the token and verifies the approvals that the request holds, every one, those of
 * strangers too, since the HSM refuses a whole request for one that is invalid. The time is this
 * machine's. Close it also after a failure.
 */
bool ska_ballot_open(struct ska_ballot *ballot, const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_ballot_close(struct ska_ballot *ballot); /* {0} is fine */

/* From here on the clock says this; it goes on by the monotonic one. */
void ska_ballot_set_time(struct ska_ballot *ballot, uint64_t now, bool of_hsm);
uint64_t ska_ballot_now(const struct ska_ballot *ballot);

/* ---- Answers --------------------------------------------------------------------------------- */

/*
 * Takes one answer: answer->state says what it is worth. An approval that counts moves into the
 * request, a refusal that counts into the ballot; the source is emptied. Of an approver who has
 * answered so already another answer is SKA_ANSWER_DOUBLED, and the signature is not looked at. The
 * keys of strangers are not verified with. False: out of memory.
 */
bool ska_ballot_take_approval(struct ska_ballot *ballot, struct ska_approval *approval,
                              const struct ska_errors *errors) SKA_MUST_CHECK;
bool ska_ballot_take_refusal(struct ska_ballot *ballot, struct ska_approval *refusal,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether an approval of the request is not valid: of those that were taken unverified. */
bool ska_ballot_holds_invalid(const struct ska_ballot *ballot);

/* Whether an answer of this approver would be verified: it could count, if it is valid. */
bool ska_ballot_would_verify(const struct ska_ballot *ballot, struct ska_span public_key,
                             bool refusal);

/* What is said of an answer that does not count: "is not an approver of this key". */
const char *ska_answer_fault(enum ska_answer_state state, bool refusal);

/* By public key, in the very encoding of the rule. An approval outweighs a refusal. */
bool ska_ballot_has_approved(const struct ska_ballot *ballot, struct ska_span public_key);
bool ska_ballot_has_refused(const struct ska_ballot *ballot, struct ska_span public_key);

/* Leaves only the approvals that count in the request: others make the HSM refuse all of them. */
void ska_ballot_drop_uncounted(struct ska_ballot *ballot);

/* ---- Judging --------------------------------------------------------------------------------- */

/* When approvals can be used, from the most useful to the least. */
enum ska_usable {
    SKA_USABLE_ALWAYS,
    SKA_USABLE_NOW,
    SKA_USABLE_LATER,
    SKA_USABLE_OVER,
    SKA_USABLE_NEVER /* there is a time limit, and no time of the HSM in the request */
};

/* How one alternative of the rule stands. */
struct ska_standing {
    const struct ska_alternative *alternative; /* NULL: there is none */
    size_t missing;                            /* approvals that its groups lack, together */
    bool possible;                             /* enough approvers are left who have not refused */
    enum ska_usable usable;
    struct ska_window window; /* {0, UINT64_MAX} where there is no limit, or no time */
};
struct ska_standing ska_ballot_standing(const struct ska_ballot *ballot,
                                        const struct ska_alternative *alternative);

/*
 * All alternatives together. Of those that have their approvals `best` is the one that matters: one
 * that is usable now, else the first to become so, else the last that was.
 */
struct ska_verdict {
    struct ska_standing best;    /* alternative == NULL: none has its approvals */
    struct ska_standing nearest; /* best, unless it is over and another may still succeed */
    bool satisfied;              /* there are enough approvals, time aside */
    bool usable;                 /* and they can be used now */
    bool hopeless;               /* too many have refused for any alternative that is not over */
    bool over;                   /* the time for every alternative is */
    bool open;                   /* there is one that could be used now, had it its approvals */
};
struct ska_verdict ska_ballot_judge(const struct ska_ballot *ballot);

/* The same for a moment between two times, as far as it is known. */
struct ska_verdict ska_ballot_judge_between(const struct ska_ballot *ballot, uint64_t from,
                                            uint64_t to);

/*
 * What an approval by this key (empty: by anybody) is good for at best: by the alternatives that
 * list it, first by those that can still succeed, whatever this key has refused before.
 * alternative == NULL: none lists it.
 */
struct ska_standing ska_ballot_chance(const struct ska_ballot *ballot, struct ska_span public_key);

/*
 * Until when copies of approvals can be used, whoever has refused: the HSM knows no refusals. 0:
 * not any more; UINT64_MAX: for ever. Only with a rule.
 */
uint64_t ska_ballot_usable_until(const struct ska_ballot *ballot);

/*
 * Whether this approver has said nothing yet and could bring the request forward: in an alternative
 * that can still be satisfied.
 */
bool ska_ballot_waits_for(const struct ska_ballot *ballot, struct ska_span public_key);

#endif
