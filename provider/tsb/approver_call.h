/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of approvers, who show who they are by signing the time.
 */
#ifndef SKA_TSB_APPROVER_CALL_H
#define SKA_TSB_APPROVER_CALL_H

#include "provider/backend/broker.h"
#include "provider/request/approval.h"
#include "provider/request/request.h"
#include "provider/tsb/connection.h"

/* The time as text ("2026-01-05T09:31:00Z"), and the approver's signature over that text. */
struct tsb_proof {
    const char *time;
    const struct ska_approval *signature;
};

/* Which tasks are wanted: all (both NULL), one, or that for a request. */
struct tsb_task_filter {
    const char *task;
    const char *request;
};

/*
 * Goes through the tasks of this approver, the oldest first, each id once, whatever pages the
 * broker gives, and no more than a thousand. One that is wrong is named to `wrong` and passed over;
 * false of the visitor ends it. The request is the visitor's: it takes it, or frees it.
 */
typedef bool tsb_task_visit(void *arg, struct ska_request *request);
bool tsb_tasks_visit(struct tsb_connection *connection, const struct tsb_proof *proof,
                     const struct tsb_task_filter *filter, tsb_task_visit *visit, void *arg,
                     const struct ska_errors *wrong,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * How the broker calls the request that an open task is of. A broker need not tell approvers: that
 * is SKA_R_SERVER_FAILURE, or whatever its refusal is.
 */
bool tsb_task_request(struct tsb_connection *connection, const struct tsb_proof *proof,
                      const char *task, char id[BROKER_ID_SIZE],
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* The answers to a task. SKA_R_WITHDRAWN: it is not there any more. */
bool tsb_task_approve(struct tsb_connection *connection, const char *task, struct ska_span token,
                      const struct ska_approval *approval,
                      const struct ska_errors *errors) SKA_MUST_CHECK;
bool tsb_task_reject(struct tsb_connection *connection, const char *task,
                     const struct tsb_proof *proof, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
