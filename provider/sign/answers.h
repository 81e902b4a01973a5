/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers from files: approvals and refusals that lie in a directory for a request, read into its
 * ballot. Each file is looked at once, and again when it has changed. What is wrong with one is
 * told, and never fatal to the others.
 */
#ifndef SKA_SIGN_ANSWERS_H
#define SKA_SIGN_ANSWERS_H

#include "provider/sign/answer_budget.h"
#include "provider/sign/ballot.h"
#include "provider/sign/directory.h"

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
 * ska_clock_ms() is `until`. `names` (NULL: it is listed; else sorted, and at those alone is
 * looked) and `budget` (NULL: there is none) are borrowed. What the budget or the time leaves aside
 * is looked at the next time. What is wrong goes to `wrong` (NULL: it is kept, for
 * ska_answers_tell()). A file's name does not decide: of whom an answer is, and whether it can
 * count, is found out before its signature is verified.
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
 * Whether the last look left nothing aside, and found nothing that is not written to its end: until
 * something is made or changed in the directory, there is no need for another one.
 */
bool ska_answers_are_complete(const struct ska_answers *answers);
/* Whether something is wrong with a file, which may be one that is only half written. */
bool ska_answers_have_faults(const struct ska_answers *answers);
/*
 * All names in the directory that belong to the request but its own, as found by the looks so far:
 * added to *names. False where there are more, or memory runs out.
 */
bool ska_answers_names(const struct ska_answers *answers, struct ska_directory_names *names);

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
