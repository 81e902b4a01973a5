/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vendor's calls on SKA keys have in common: who may be asked, how approvals are handed
 * over, and which answers are a "no".
 */
#ifndef SKA_HSM_SKA_CALL_H
#define SKA_HSM_SKA_CALL_H

#include "provider/hsm/private_key.h"
#include "provider/hsm/ska_answer.h"

/* That it is an SKA key, of a module that may be asked. */
bool hsm_must_be_ska(const struct hsm_key *key, const struct ska_errors *errors) SKA_MUST_CHECK;

/* That the module has a call that not all have: `there` is whether it was found. */
bool hsm_must_have(const struct hsm_module *module, bool there, const char *call,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* CK_SKA_SIGN and so on. */
CK_ULONG hsm_operation_number(enum ska_operation operation);

/* The approvals of a request as the module takes them; pointers into what they are made of. */
struct hsm_approval_list {
    CK_SKA_APPROVAL *list;
    CK_ULONG count;
};

bool hsm_approvals_make(struct hsm_approval_list *to, const struct hsm_approval *from, size_t count,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
void hsm_approvals_free(struct hsm_approval_list *approvals);

/*
 * From the answer of work that ends in one of the vendor's calls to ours: HSM_DONE for CKR_OK, a
 * refusal when that call itself said no, else it is raised.
 */
enum hsm_answer hsm_judge(const struct hsm_key *key, const char *ska_call,
                          const struct hsm_key_work *work, CK_RV rv, struct hsm_refusal *refusal,
                          const struct ska_errors *errors);

#endif
