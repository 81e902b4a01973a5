/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt to log in. A token locks after a few wrong PINs, so each PIN is tried once: what
 * failed is remembered. All of this inside the token's login gate.
 */
#ifndef SKA_HSM_LOGIN_ATTEMPT_H
#define SKA_HSM_LOGIN_ATTEMPT_H

#include "provider/hsm/pin.h"
#include "provider/hsm/state.h"

/* Whether the user is logged in, as the module says. */
CK_RV hsm_login_state(const CK_FUNCTION_LIST *calls, CK_SESSION_HANDLE session, bool *user);

/*
 * C_Login with this PIN, which is of that source, unless the user is logged in; a PIN that is taken
 * is kept. CKR_OK: logged in, or *raised. Other answers show a loss, or that the state cannot be
 * read.
 */
CK_RV hsm_login_attempt(struct hsm_token *token, CK_SESSION_HANDLE session,
                        const struct hsm_pin_source *source, const struct hsm_pin *pin,
                        bool *raised, const struct ska_errors *errors);

/* The same with the PIN that is kept, if any. */
bool hsm_login_again(struct hsm_token *token, CK_SESSION_HANDLE session, bool *logged_in,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
