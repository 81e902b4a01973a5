/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of each owner's files is looked at.
 */
#ifndef SKA_SIGN_ANSWER_BUDGET_H
#define SKA_SIGN_ANSWER_BUDGET_H

#include <sys/types.h>

#include "provider/base/bytes.h"

/*
 * Files of others may be many, big and wrong. So much is looked at of each owner's files, all
 * requests together, before the rest of them is left aside: whoever plants more hides his own.
 * Wrong answers are counted for each owner and approver: where a file system gives all files to one
 * owner, nobody can use up what the answers of another approver need. Starts with the share set and
 * the rest zero.
 */
struct ska_share {
    size_t files;
    size_t bytes;
    size_t wrong;     /* approvals and refusals that do not verify */
    size_t wrong_one; /* of these, of one approver */
};
#define SKA_SHARE_TO_LIST ((struct ska_share){5000, (size_t)64 * 1024 * 1024, 1000, 200})
#define SKA_SHARE_TO_SIGN ((struct ska_share){1000, (size_t)8 * 1024 * 1024, 2000, 50})

#define SKA_BUDGET_OWNERS 64
struct ska_allowance {
    uid_t owner;
    size_t files;
    size_t bytes;
    size_t wrong;
    size_t requests; /* counted by who lists requests */
};
/* Of one approver, in files of one owner. */
struct ska_wrong_answers {
    uid_t owner;
    uint64_t approver; /* a hash of the key */
    size_t count;
};
struct ska_budget {
    struct ska_share share;
    struct ska_allowance owners[SKA_BUDGET_OWNERS];
    size_t count;
    struct ska_wrong_answers *wrong; /* array of them */
    size_t wrong_count;
    bool exhausted; /* something was left aside */
};
/* What is left for files of this owner; NULL: there are too many owners (and it is noted). */
struct ska_allowance *ska_budget_of(struct ska_budget *budget, uid_t owner);
void ska_budget_clear(struct ska_budget *budget);

/* Takes a file of this owner and size from it; false: nothing is left for it (and it is noted). */
bool ska_budget_take_file(struct ska_budget *budget, uid_t owner, size_t size);

/*
 * Whether another answer of this approver, in a file of this owner, can be verified; false: there
 * were too many wrong ones (and it is noted). An empty key counts for all approvers.
 */
bool ska_budget_may_verify(struct ska_budget *budget, uid_t owner, struct ska_span key);
/* It was wrong. */
void ska_budget_take_wrong(struct ska_budget *budget, uid_t owner, struct ska_span key);

#endif
