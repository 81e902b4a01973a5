/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals while they are gathered: the open request, its ballot, and where answers come from,
 * which are agents and the approvals directory.
 */
#ifndef SKA_SIGN_GATHERING_H
#define SKA_SIGN_GATHERING_H

#include "provider/sign/agent_client.h"
#include "provider/sign/answers.h"
#include "provider/sign/current_rule.h"
#include "provider/sign/open_request.h"
#include "provider/sign/pause.h"
#include "provider/sign/progress_line.h"
#include "provider/sign/watch.h"

/* Answers in files of one owner that do not count. */
struct ska_flood {
    uid_t owner;
    size_t count;
};

/* All that is held while waiting: a paused job may never be resumed, and then this is freed. */
struct ska_gathering {
    const struct ska_job *job; /* on the stack of ska_sign()'s caller: not for freeing */
    struct ska_current_rule current;
    struct ska_open_request open;
    struct ska_ballot ballot;
    struct ska_answers *answers;
    struct ska_budget budget; /* of the look under way; an ASYNC job has little stack */
    struct ska_buffer notes;  /* of what does not count, but for files */
    struct ska_progress_line line;
    bool told;                /* what is said once, when the wait begins */
    int watch;                /* on the directory; -1: none */
    bool is_local;            /* a watch tells of all that happens there */
    struct ska_events events; /* that it has told, and that were not looked at */
    int64_t looked;           /* at all of the directory, last; ska_clock_ms() */
    struct timespec changed;  /* the directory's time then, */
    bool settled;             /* which any later change moves */
    char *agent_path;
    struct ska_agent *agent; /* the exchange under way */
    struct ska_approval *agent_answers;
    size_t agent_answer_count;
    enum ska_reason agent_reason; /* why an agent did not approve; 0: none was asked or failed */
    size_t handed_in;             /* approvals, in bundles */
    bool unverified;              /* what agents answer: the HSM verifies it */
    struct ska_flood floods[SKA_BUDGET_OWNERS];
    size_t flood_count;
    size_t tried;  /* approvals in the last attempt, when the rule is not known */
    int64_t until; /* ska_clock_ms() */
    bool locked;   /* enough have approved, and it was too early for the HSM */
    bool news;     /* something has come that was not looked at when the HSM was asked last, */
    int64_t asked; /* which was then, whether the key is blocked; 0: not yet */
    int64_t quiet_since; /* something happened last */
    int64_t asks_after;  /* and without news it is asked again after so many milliseconds */
};

/* Takes over the rule, which is emptied, and the bundle's request (may be NULL). */
bool ska_gathering_new(const struct ska_job *job, struct ska_current_rule *current,
                       struct ska_request *bundle, struct ska_gathering **gathering) SKA_MUST_CHECK;
void ska_gathering_free(void *vgathering); /* NULL is fine */

/* For ska_pause(). */
struct ska_waiter ska_gathering_waiter(struct ska_gathering *gathering);

/* Finds the open request, and takes what is there already: bundles, files, agents' answers. */
bool ska_gathering_begin(struct ska_gathering *gathering) SKA_MUST_CHECK;
/* The same once more, for another process' request that took the place of ours. */
bool ska_gathering_start_over(struct ska_gathering *gathering) SKA_MUST_CHECK;

/*
 * Verifies what agents have answered, unless that was done as it came. What is invalid is dropped
 * and noted, and if that is not enough any more the agents are asked again, their answers verified
 * as they come. *again: something was dropped, and what is left is to be judged anew.
 */
bool ska_gathering_verify(struct ska_gathering *gathering, bool *again) SKA_MUST_CHECK;

/* Takes what is new in the directory, until ska_clock_ms() is `until`: all of it, or as told. */
bool ska_gathering_look(struct ska_gathering *gathering, int64_t until) SKA_MUST_CHECK;
bool ska_gathering_look_at_events(struct ska_gathering *gathering, int64_t until) SKA_MUST_CHECK;
/* Whether there can be nothing new in the directory, by its time. */
bool ska_gathering_is_unchanged(const struct ska_gathering *gathering);
/* Reads what was told; true when there is something to look at. */
bool ska_gathering_hear(struct ska_gathering *gathering);
/* Nothing happens in the directory that it is not told of. */
bool ska_gathering_is_watched(const struct ska_gathering *gathering);

/*
 * Of each owner of files a few answers that do not count have a line of their own in the audit log;
 * of all others this writes one line that tells how many they are.
 */
bool ska_gathering_audit_floods(struct ska_gathering *gathering) SKA_MUST_CHECK;
/* Writes there what others have left in the directory, and names that they have taken, if any. */
bool ska_gathering_audit_left(struct ska_gathering *gathering,
                              const struct ska_leftovers *left) SKA_MUST_CHECK;

/* Worth asking the HSM, now or later; where the rule is not known each new valid approval is. */
bool ska_gathering_is_enough(const struct ska_gathering *gathering);
/* What is enough can be used now, by a clock that is asked again before the HSM is. */
bool ska_gathering_is_time(struct ska_gathering *gathering);

/*
 * "; the directory's group (12000) cannot read the request: ...", where the open request stands in
 * a directory whose group cannot see it; else nothing.
 */
void ska_gathering_tell_unshared(const struct ska_gathering *gathering, struct ska_buffer *text);
/* That people are asked twice for one document (same_document.h), of a request that is new. */
void ska_gathering_tell_same_document(const struct ska_gathering *gathering,
                                      struct ska_buffer *text);
/* Removes the request and what belongs to it. *left (may be NULL) is what others have left. */
void ska_gathering_remove(struct ska_gathering *gathering, struct ska_leftovers *left);
/* The key cannot sign now: ends it for all who wait, and nobody is asked. The log says why. */
bool ska_gathering_refuse(struct ska_gathering *gathering, const char *why) SKA_MUST_CHECK;

/* Raises that the application's signal has ended the wait. Returns false. */
bool ska_gathering_fail_interrupted(const struct ska_gathering *gathering);
/* Raises who is missing and what to do. Returns false. */
bool ska_gathering_fail_pending(struct ska_gathering *gathering);

#endif
