/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_REQUEST_STATUS_H
#define SKATSB_REQUEST_STATUS_H

#include "simulator/tsb/exchange.h"
#include "simulator/tsb/request_store.h"

/* How a request is shown; with the faults that are asked for. NULL: out of memory. */
cJSON *tsb_request_status(struct tsb_exchange *exchange, const struct tsb_request *request,
                          const struct tsb_tasks *tasks);

#endif
