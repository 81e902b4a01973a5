/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker asks an approver to approve.
 */
#ifndef SKA_TSB_TASK_ANSWER_H
#define SKA_TSB_TASK_ANSWER_H

#include "provider/backend/broker.h"
#include "provider/base/json.h"
#include "provider/request/request.h"

/*
 * One task of an answer, with its details (level 3), as a request: operation, key name and payload
 * are those of the approval token, which is what is signed; of the rest, which nobody vouches for,
 * only the kind of signature and the words for people are taken. The broker does not tell the key
 * itself, nor its rule: public_key is empty, and has_rule false. request->id is the task's.
 *
 * One that is not understood, or in which something contradicts the token, is request->unshown. An
 * error, with the reason of the place, is only what has no id. Free with ska_request_free().
 */
bool tsb_task_read(const struct ska_json_place *task, struct ska_request **request) SKA_MUST_CHECK;

/* How the broker calls the request that the task with this id is of, where that is told (level 6).
 */
bool tsb_task_request_read(const struct ska_json_place *task, const char *task_id,
                           char id[BROKER_ID_SIZE]) SKA_MUST_CHECK;

#endif
