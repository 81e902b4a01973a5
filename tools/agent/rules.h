/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver agent approves. Each --allow is one rule, whose conditions must all hold;
 * several rules are alternatives, and no condition of one helps another. Nothing is allowed that no
 * rule names.
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

enum agent_payload {
    AGENT_PAYLOAD_NONE, /* not named, which allows nothing */
    AGENT_PAYLOAD_TLS13_SERVER,
    AGENT_PAYLOAD_TLS13_CLIENT,
    AGENT_PAYLOAD_ANY
};

struct agent_rule {
    char *key; /* the label */
    enum agent_payload payload;
    bool has_uid;  /* it was named */
    uid_t uid;     /* of the process that asks; the agent's own if none was named */
    uint32_t rate; /* approvals in a second, and at once after a pause; 0: no limit */

    /* A bucket of thousandths of approvals, which fills by `rate` of them in a millisecond. */
    bool bucket_used;
    uint64_t bucket;
    int64_t bucket_time;
};

/* Starts as {0}; read by agent_rules_read(); free with agent_rules_clear(). */
struct agent_rules {
    struct agent_rule *rules;
    size_t count;
};

/* Whether it may ask at all: there is a rule for its user. */
bool agent_rules_admit(const struct agent_rules *rules, const struct agent_peer *peer,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether there is a rule for who asks, the key and the payload; how often is not looked at. */
bool agent_rules_allow(const struct agent_rules *rules, const struct agent_peer *peer,
                       const struct ska_request *request,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Counts an approval at this time (milliseconds of a clock that does not go back) on the first rule
 * that allows it and has not been used up.
 */
bool agent_rules_count(struct agent_rules *rules, const struct agent_peer *peer,
                       const struct ska_request *request, int64_t now,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

void agent_rules_clear(struct agent_rules *rules);

#endif
