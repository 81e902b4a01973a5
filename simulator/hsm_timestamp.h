/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HSM timestamps.
 */
#ifndef SKASIM_HSM_TIMESTAMP_H
#define SKASIM_HSM_TIMESTAMP_H

#include <pkcs11.h>

#include "provider/request/approval_token.h"

/*
 * CKR_OK when the timestamp in a token was signed by the timestamp key that it names;
 * CKR_SKASIM_PARAMETERS_INVALID when it was not.
 */
CK_RV sim_timestamp_verify(CK_SESSION_HANDLE session, const struct ska_approval_token *token);

#endif
