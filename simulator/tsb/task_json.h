/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_TASK_JSON_H
#define SKATSB_TASK_JSON_H

#include "simulator/tsb/exchange.h"
#include "simulator/tsb/request_store.h"

#define TSB_LEVEL_MOST 6

/*
 * How a task is shown at a level of detail, from 1; outside of a transaction. NULL: out of memory,
 * or refused.
 */
cJSON *tsb_task_json(struct tsb_exchange *exchange, const struct tsb_task *task,
                     const struct tsb_request *request, unsigned int level);

#endif
