/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking an approver agent (doc/formats.md): a request as one JSON line to a UNIX socket,
 * one JSON line back.
 */
#ifndef SKA_SIGN_AGENT_CLIENT_H
#define SKA_SIGN_AGENT_CLIENT_H

#include "provider/request/request.h"
#include "provider/sign/pause.h"

/* What an agent has for its answer, connecting included, in milliseconds. */
#define SKA_AGENT_TIME 5000

/* One exchange; all of it is freed by ska_agent_free(), at any moment. */
struct ska_agent;
bool ska_agent_new(const char *socket_path, struct ska_agent **agent,
                   const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_agent_free(struct ska_agent *agent); /* NULL is fine */

/*
 * Sends the request and reads the answer, waiting by ska_pause() with this waiter, whose object
 * owns the exchange. The approvals are appended to the array and are not verified yet; free with
 * ska_approvals_free(), also after a failure.
 * SKA_R_AGENT_FAILURE: not there, no answer in time, or not an answer; SKA_R_AGENT_REFUSED: it said
 * why it does not approve. Both name the socket.
 */
bool ska_agent_ask(struct ska_agent *agent, const struct ska_request *request,
                   const struct ska_waiter *waiter, struct ska_approval **approvals, size_t *count,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
