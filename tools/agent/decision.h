/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to an approver agent: from the line that came to the line that answers it.
 */
#ifndef SKA_TOOLS_AGENT_DECISION_H
#define SKA_TOOLS_AGENT_DECISION_H

#include "tools/agent/rules.h"
#include "tools/approver.h"

struct agent {
    OSSL_LIB_CTX *libctx; /* for verifying and hashing; default provider only */
    struct approver approver;
    struct agent_rules rules;
};

/* Free with agent_decision_clear(). */
struct agent_decision {
    bool approved;
    struct ska_bytes log;    /* what was decided about what and why, one line without its end */
    struct ska_bytes answer; /* one line of JSON, with its end */
};

/*
 * Decides about a request; the line may be anything. `now` as agent_rules_count() has it. False:
 * out of memory.
 */
bool agent_decide(struct agent *agent, const struct agent_peer *peer, int64_t now,
                  struct ska_span line, struct agent_decision *decision) SKA_MUST_CHECK;

/* Refuses without looking at a request; `why` is harmless on a terminal. */
bool agent_decline(const struct agent_peer *peer, const char *why,
                   struct agent_decision *decision) SKA_MUST_CHECK;

void agent_decision_clear(struct agent_decision *decision);

#endif
