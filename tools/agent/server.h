/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of an approver agent: one thread, one loop, bounded in number, size and time.
 */
#ifndef SKA_TOOLS_AGENT_SERVER_H
#define SKA_TOOLS_AGENT_SERVER_H

#include "tools/agent/decision.h"

/* At once. For one more, the one makes room that has been waiting longest. */
#define AGENT_CONNECTIONS 64
/* What a connection has for each request, and then for taking the answer. */
#define AGENT_IDLE_MS 5000

/*
 * Serves until `signals` (a signalfd) is readable. Each decision is a line on standard error. The
 * listener must not block.
 */
bool agent_serve(struct agent *agent, int listener, int signals,
                 const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
