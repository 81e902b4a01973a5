/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls, each as the router hands it on: access is checked, exchange->json is an object where
 * the call has a body. Each makes an answer.
 */
#ifndef SKATSB_CALLS_H
#define SKATSB_CALLS_H

#include "simulator/tsb/exchange.h"

typedef void tsb_call(struct tsb_exchange *exchange);

/* key_calls.c */
tsb_call tsb_create_key, tsb_list_keys, tsb_read_key, tsb_read_key_by_path, tsb_delete_key,
    tsb_delete_key_by_path;
/* operation_calls.c: requests that wait for approvers */
tsb_call tsb_sign, tsb_block, tsb_unblock, tsb_modify;
/* synchronous_calls.c */
tsb_call tsb_synchronous_sign, tsb_synchronous_block, tsb_synchronous_unblock,
    tsb_synchronous_modify;
/* verify_call.c */
tsb_call tsb_verify;
/* request_calls.c */
tsb_call tsb_read_request, tsb_cancel_request, tsb_list_requests;
/* task_calls.c */
tsb_call tsb_tasks_sign, tsb_tasks_modify, tsb_tasks_block, tsb_tasks_unblock, tsb_tasks_none,
    tsb_tasks_all, tsb_approve, tsb_reject;
/* service_calls.c */
tsb_call tsb_licence_info, tsb_version_info, tsb_statistics, tsb_random;

#endif
