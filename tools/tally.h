/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has approved a request and who has refused it: approvals in the request itself, and approvals
 * and refusals that lie as files beside it, each verified. An approval outweighs a refusal of the
 * same approver, since it can be used whatever else is said.
 */
#ifndef SKA_TOOLS_TALLY_H
#define SKA_TOOLS_TALLY_H

#include "provider/sign/progress.h"
#include "tools/mailbox.h"

/*
 * Files of others may be many, big and wrong. So much is looked at of each owner's files, all
 * requests together, before the rest of them is left aside: whoever plants more hides his own.
 * Starts as {0}.
 */
#define TALLY_OWNERS 64
struct tally_allowance {
    uid_t owner;
    size_t files;
    size_t bytes;
    size_t wrong;    /* approvals and refusals that do not verify */
    size_t requests; /* counted by who lists requests */
};
struct tally_budget {
    struct tally_allowance owners[TALLY_OWNERS];
    size_t count;
    bool exhausted; /* something was left aside */
};
/* What is left for files of this owner; NULL: there are too many owners (and it is noted). */
struct tally_allowance *tally_allowance(struct tally_budget *budget, uid_t owner);

/* Where files lie. */
struct tally_source {
    const struct mailbox *mailbox;
    const struct mailbox_names *names;
    bool approvals; /* else refusals only: approvals beside a file that is handed on do not count */
    struct tally_budget *budget;
    const struct ska_errors *warnings; /* get what is wrong with files */
};

/* Free with tally_clear(). It borrows from the request and from the rule. */
struct tally {
    const struct ska_rule *rule; /* NULL: not known; then whatever verifies counts */
    const struct ska_request *request;
    struct ska_progress progress;
    struct ska_approval *refusals; /* of listed approvers who have not approved, one of each */
    size_t refusal_count;
};

/* Adds the approvals that lie in the source (NULL: none) to the request. */
bool tally_find(OSSL_LIB_CTX *libctx, struct ska_request *request, const struct ska_rule *rule,
                const struct tally_source *source, struct tally *tally,
                const struct ska_errors *errors) SKA_MUST_CHECK;
void tally_clear(struct tally *tally);

/* Public keys in the very encoding of the rule. */
bool tally_has_approved(const struct tally *tally, struct ska_span public_key);
bool tally_has_refused(const struct tally *tally, struct ska_span public_key);

/* The same as if this approver had approved too; borrows from the first. */
bool tally_with(const struct tally *tally, struct ska_span public_key,
                struct tally *after) SKA_MUST_CHECK;
void tally_with_clear(struct tally *after);

/* Whether too many have refused for what is left to satisfy the rule. */
bool tally_is_hopeless(const struct tally *tally);

/* Whether this approver could bring the request forward and has said nothing yet. */
bool tally_waits_for(const struct tally *tally, struct ska_span public_key);

/* ---- In words, harmless on a terminal -------------------------------------------------------- */

/* "1 of 2", "1 of 2 (seal), 0 of 1 (risk)"; "2 so far" where no rule is known. */
void tally_count_text(const struct tally *tally, struct ska_buffer *text);
/* "bob or carol", "bob and carol", "2 of bob, carol and dave", ...; "" when nobody is needed. */
void tally_needed_text(const struct tally *tally, struct ska_buffer *text);
/* "1 of 2; still needed: bob or carol", "2 of 2; no more approvals are needed". */
void tally_text(const struct tally *tally, struct ska_buffer *text);
/* The names of those whose approvals count, and of those who refuse: "alice, bob". */
void tally_approved_text(const struct tally *tally, struct ska_buffer *text);
void tally_refused_text(const struct tally *tally, struct ska_buffer *text);

#endif
