/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The uses of an SKA key that its use rule decides about.
 */
#ifndef SKASIM_SKA_USE_H
#define SKASIM_SKA_USE_H

#include <pkcs11.h>

#include "provider/request/approval_token.h"
#include "simulator/object_kind.h"

/* The arguments that decide; token and approvals are the caller's. */
struct sim_use {
    CK_SESSION_HANDLE session;
    CK_BYTE_PTR token;
    CK_ULONG token_len;
    CK_SKA_APPROVAL *approvals;
    CK_ULONG approval_count;
};

/*
 * Copies token and approvals, and decides as sim_enforce() does. `token` is decoded afterwards, of
 * the copy.
 */
CK_RV sim_use_decide(struct sim_use *use, const struct sim_object *key,
                     struct ska_approval_token *token);

#endif
