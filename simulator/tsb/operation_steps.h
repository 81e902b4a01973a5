/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of each kind of operations, see operation.h.
 */
#ifndef SKATSB_OPERATION_STEPS_H
#define SKATSB_OPERATION_STEPS_H

#include "simulator/tsb/operation.h"

typedef bool tsb_read_step(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                           struct tsb_operation *wanted);
typedef bool tsb_prepare_step(struct tsb_exchange *exchange, struct tsb_operation *wanted);
typedef CK_RV tsb_run_step(struct tsb_device *device, struct tsb_operation *wanted,
                           const struct tsb_authority *by, struct ska_bytes *made);
typedef bool tsb_finish_step(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                             struct ska_bytes *made, char **text);
typedef bool tsb_done_step(struct tsb_device *device, struct tsb_operation *wanted);

/* sign_operation.c */
extern const char *const tsb_sign_members[];
extern const char *const tsb_sign_members_at_once[];
tsb_read_step tsb_sign_read;
tsb_prepare_step tsb_sign_prepare;
tsb_run_step tsb_sign_run;
tsb_finish_step tsb_sign_finish;
/* signatureAlgorithm, and whether the key makes such signatures. */
tsb_read_step tsb_read_signature_algorithm;
bool tsb_check_signature_algorithm(struct tsb_exchange *exchange,
                                   const struct tsb_operation *wanted) SKA_MUST_CHECK;

/* certificate_operation.c */
extern const char *const tsb_csr_members[];
extern const char *const tsb_self_sign_members[];
extern const char *const tsb_issue_members[];
tsb_read_step tsb_csr_read, tsb_self_sign_read, tsb_issue_read;
tsb_prepare_step tsb_certificate_prepare;
tsb_finish_step tsb_csr_finish, tsb_self_sign_finish, tsb_issue_finish;

/* decrypt_operation.c */
extern const char *const tsb_decrypt_members[];
tsb_read_step tsb_decrypt_read;
tsb_prepare_step tsb_decrypt_prepare;
tsb_run_step tsb_decrypt_run;
tsb_finish_step tsb_decrypt_finish;

/* unwrap_operation.c */
extern const char *const tsb_unwrap_members[];
tsb_read_step tsb_unwrap_read;
tsb_prepare_step tsb_unwrap_prepare;
tsb_run_step tsb_unwrap_run;
tsb_finish_step tsb_unwrap_finish;
tsb_done_step tsb_unwrap_is_done;

/* change_operation.c: blocking, unblocking, other rules */
extern const char *const tsb_no_members[];
extern const char *const tsb_modify_members[];
tsb_read_step tsb_no_read, tsb_modify_read;
tsb_prepare_step tsb_change_prepare;
tsb_run_step tsb_change_run;
tsb_finish_step tsb_change_finish;
tsb_done_step tsb_change_is_done;

#endif
