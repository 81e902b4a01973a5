/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ballot in words: how far it is, and who has said what. The rule's words are those of
 * rule_text.h; all of it is harmless on a terminal.
 */
#ifndef SKA_SIGN_BALLOT_TEXT_H
#define SKA_SIGN_BALLOT_TEXT_H

#include "provider/rule/rule_text.h"
#include "provider/sign/ballot.h"

/*
 * Whose approvals and refusals count, and another approval by `also` (empty: none), for
 * rule_text.h. Who has approved has not refused, whichever came first. An array for the responses
 * to point into, to be freed after them; NULL: out of memory.
 */
struct ska_span *ska_ballot_responses(const struct ska_ballot *ballot, struct ska_span also,
                                      struct ska_responses *responses);

/* Whether an alternative of the rule can no longer be used, and another one can. */
bool ska_ballot_is_partly_over(const struct ska_ballot *ballot);

/* ska_rule_count_text(), ska_rule_needed_text() and ska_rule_progress_text() of this ballot. */
void ska_ballot_count_text(const struct ska_ballot *ballot, struct ska_buffer *text);
void ska_ballot_needed_text(const struct ska_ballot *ballot, struct ska_buffer *text);

/*
 * ska_rule_progress_text(), and who has refused, who is not missing: "0 of 2; still needed: alice
 * and bob; rejected by carol"; with too few left "0 of 2; rejected by bob, carol; left: alice".
 */
void ska_ballot_progress_text(const struct ska_ballot *ballot, struct ska_buffer *text);

/*
 * For what a signature waits, who is missing first: "waiting for alice or bob; refused: carol; 0 of
 * 1"; or that nothing but the time is missing.
 */
void ska_ballot_waiting_text(const struct ska_ballot *ballot, struct ska_buffer *text);

/*
 * What the time has against it, whatever else is missing: appended, and SKA_R_TOO_EARLY or
 * SKA_R_EXPIRED answered. 0: nothing.
 */
enum ska_reason ska_ballot_time_text(const struct ska_ballot *ballot, struct ska_buffer *text);

/* Who would still be needed if this approver had approved too. */
void ska_ballot_needed_after_text(const struct ska_ballot *ballot, struct ska_span public_key,
                                  struct ska_buffer *text);

/*
 * The names of those whose approvals count, and of those who refuse: "alice, bob"; who has signed a
 * reason with it: "alice, bob ('wrong amount')".
 */
void ska_ballot_approved_text(const struct ska_ballot *ballot, struct ska_buffer *text);
void ska_ballot_refused_text(const struct ska_ballot *ballot, struct ska_buffer *text);
/* The same without the one who reads it. */
void ska_ballot_others_refused_text(const struct ska_ballot *ballot, struct ska_span me,
                                    struct ska_buffer *text);

#endif
