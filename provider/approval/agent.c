/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

bool ska_agent_new(const char *socket_path, struct ska_agent **agent,
                   const struct ska_errors *errors)
{
    (void)agent;
    return ska_fail(errors, SKA_R_UNSUPPORTED, "agent %s", socket_path);
}

void ska_agent_free(struct ska_agent *agent)
{
    (void)agent;
}

bool ska_agent_ask(struct ska_agent *agent, const struct ska_request *request,
                   const struct ska_waiter *waiter, struct ska_approval **approvals, size_t *count,
                   const struct ska_errors *errors)
{
    (void)agent;
    (void)request;
    (void)waiter;
    (void)approvals;
    (void)count;
    return ska_fail(errors, SKA_R_UNSUPPORTED, "agents");
}
