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
    tsb_delete_key_by_path, tsb_change_password;
/* data_object_calls.c */
tsb_call tsb_create_data, tsb_read_data, tsb_delete_data;
/* import_calls.c */
tsb_call tsb_import_key, tsb_export_key;
/* derive_call.c */
tsb_call tsb_derive_key;
/* certificate_calls.c */
tsb_call tsb_import_certificate, tsb_read_certificate, tsb_delete_certificate;
/* operation_calls.c: a request of the kind exchange->of, which waits for approvers */
tsb_call tsb_hand_in;
/* synchronous_calls.c: the same at once */
tsb_call tsb_at_once, tsb_at_once_as_file;
/* encrypt_call.c, wrap_call.c, mac_call.c, verify_call.c: what no rule decides about */
tsb_call tsb_encrypt, tsb_wrap, tsb_hmac, tsb_verify_hmac, tsb_verify;
/* request_calls.c */
tsb_call tsb_read_request, tsb_cancel_request, tsb_list_requests;
/* task_calls.c: those of the kinds in exchange->of, a bit for each */
tsb_call tsb_list_tasks;
tsb_call tsb_approve, tsb_reject;
/* approver_calls.c */
tsb_call tsb_create_approver, tsb_onboard, tsb_renew_code, tsb_restore_forgotten,
    tsb_onboarding_status, tsb_delete_approver;
/* service_calls.c */
tsb_call tsb_licence_info, tsb_version_info, tsb_statistics, tsb_random;

#endif
