/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What drives requests: a thread that looks at each when something is due, by an answer or by time,
 * and asks the HSM for what is approved.
 */
#ifndef SKATSB_ENGINE_H
#define SKATSB_ENGINE_H

#include "simulator/tsb/request_store.h"
#include "simulator/tsb/tsb_server.h"

/* Goes on with what the database holds. */
bool tsb_engine_start(struct tsb_server *server, const struct ska_errors *errors) SKA_MUST_CHECK;
/* After what is under way. */
void tsb_engine_stop(struct tsb_engine *engine);

/* Something may have become due; without a transaction. */
void tsb_engine_wake(struct tsb_engine *engine);

/*
 * Within a transaction: what the answers, and the time, make of a request that waits. Sets its
 * status and when it is due; asks nobody.
 */
bool tsb_engine_judge(struct tsb_server *server, struct tsb_request *request,
                      const struct tsb_tasks *tasks) SKA_MUST_CHECK;

#endif
