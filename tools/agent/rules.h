/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver agent approves: the conditions of --allow. Those of one kind are alternatives;
 * of every kind that is given, one must hold. Nothing is allowed that is not named.
 */
#ifndef SKA_TOOLS_AGENT_RULES_H
#define SKA_TOOLS_AGENT_RULES_H

#include <sys/types.h>

#include "provider/request/request.h"

/* Who asks: the process that connected, by the kernel's word. */
struct agent_peer {
    uid_t uid;
    pid_t pid;
};

/* Starts as {0}; free with agent_rules_clear(). */
struct agent_rules {
    char **keys; /* labels */
    size_t key_count;
    bool any_payload;
    bool tls13_server;
    uid_t *uids;
    size_t uid_count;
    uint32_t rate; /* approvals in a second, and at once after a pause; 0: no limit */

    /* A bucket of thousandths of approvals, which fills by `rate` of them in a millisecond. */
    bool bucket_used;
    uint64_t bucket;
    int64_t bucket_time;
};

/* The longest text of one --allow, and the most of one kind of condition. */
#define AGENT_CONDITION_LIMIT ((size_t)4096)
#define AGENT_CONDITIONS_MOST ((size_t)1000)
#define AGENT_RATE_MOST 1000000u

/*
 * Adds one condition, or several separated by commas (in a label a comma is written "\,", a
 * backslash "\\"): "key=LABEL", "payload=tls13-server", "payload=any", "uid=N", "rate=N/s".
 */
bool agent_rules_add(struct agent_rules *rules, const char *text,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/* That there is a key and a payload; without a uid it is `own`. To be called before the rest. */
bool agent_rules_complete(struct agent_rules *rules, uid_t own,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether it may ask at all. */
bool agent_rules_admit(const struct agent_rules *rules, const struct agent_peer *peer,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether key and payload are allowed, and the operation is one that an agent may approve. */
bool agent_rules_allow(const struct agent_rules *rules, const struct ska_request *request,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* Counts an approval at this time (milliseconds of a clock that does not go back). */
bool agent_rules_count(struct agent_rules *rules, int64_t now,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* For the log, on one line: "key 'web'; payload tls13-server; uid 33; at most 50/s". */
void agent_rules_text(const struct agent_rules *rules, struct ska_buffer *text);

void agent_rules_clear(struct agent_rules *rules);

#endif
