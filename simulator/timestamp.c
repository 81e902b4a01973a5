/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HSM timestamps.
 */
#include "timestamp.h"

#include "ska/simulator.h"

CK_RV sim_timestamp_verify(CK_SESSION_HANDLE session, const struct ska_token *token)
{
    (void)session;
    (void)token;
    return CKR_SKASIM_PARAMETERS_INVALID; /* there are no timestamp keys yet */
}
