/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers from files: approvals and refusals that lie in a directory for a request, read into its
 * ballot. Each file is looked at once, and again when it has changed. What is wrong with one is
 * told, and never fatal to the others.
 */
#ifndef SKA_SIGN_ANSWERS_H
#define SKA_SIGN_ANSWERS_H

#include "provider/sign/ballot.h"
#include "provider/sign/directory.h"

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
struct ska_budget {
    struct ska_share share;
    struct ska_allowance owners[SKA_BUDGET_OWNERS];
    size_t count;
    struct ska_wrong_answers *wrong;
    size_t wrong_count;
    bool exhausted; /* something was left aside */
};
/* What is left for files of this owner; NULL: there are too many owners (and it is noted). */
struct ska_allowance *ska_budget_of(struct ska_budget *budget, uid_t owner);
void ska_budget_clear(struct ska_budget *budget);

/* One answer that was taken; answer->state says what it is worth. */
struct ska_heard {
    const struct ska_ballot *ballot;
    const struct ska_approval *answer;
    bool refusal;
    const char *shown;  /* the file, or whatever else it came from */
    const uid_t *owner; /* of the file; NULL: it came from elsewhere */
    const char *fault;  /* why it does not count, whole sentence; NULL: it counts */
};
/* Is told of each. False stops: raised. */
struct ska_listener {
    bool (*hear)(void *arg, const struct ska_heard *heard, const struct ska_errors *errors);
    void *arg;
};

struct ska_answers; /* the files that were looked at */
bool ska_answers_new(struct ska_answers **answers, const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_answers_free(struct ska_answers *answers); /* NULL is fine */
/* For another request: what was looked at was about the one before. */
void ska_answers_restart(struct ska_answers *answers);

/*
 * Looks through the directory for answers that are new or have changed since the last look, until
 * ska_clock_ms() is `until`. `names` (NULL: it is listed) and `budget` (NULL: there is none) are
 * borrowed. What the budget or the time leaves aside is looked at the next time. What is wrong goes
 * to `wrong` (NULL: it is kept, for ska_answers_tell()). A file's name does not decide: of whom an
 * answer is, and whether it can count, is found out before its signature is verified.
 */
struct ska_look {
    const struct ska_directory *directory;
    const struct ska_directory_names *names;
    struct ska_budget *budget;
    const struct ska_errors *wrong;
    const struct ska_listener *listener; /* NULL: nobody */
    int64_t until;
};
bool ska_answers_look(struct ska_answers *answers, const struct ska_look *look,
                      struct ska_ballot *ballot, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Takes approvals that came from elsewhere. The array's approvals are emptied, faults are appended
 * to `notes` as ska_answers_tell() has them.
 */
bool ska_answers_hand_in(struct ska_ballot *ballot, const char *shown,
                         struct ska_approval *approvals, size_t count, struct ska_buffer *notes,
                         const struct ska_listener *listener,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* One more line of that kind, up to a limit. */
void ska_answers_note(struct ska_buffer *notes, const char *text);

/* Names what is wrong with the files that were kept, "; ignored: ..." each, up to a limit. */
void ska_answers_tell(const struct ska_answers *answers, struct ska_buffer *text);

#endif
