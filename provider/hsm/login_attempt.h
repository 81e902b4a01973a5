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
 * C_Login with each of these PINs, which are of that source (NULL: it is typed on the token's pad),
 * until one is taken, unless the user is logged in; it is kept then. What the token has refused
 * once is left out. CKR_OK: logged in, or *raised. Other answers show a loss, or that the state
 * cannot be read.
 */
CK_RV hsm_login_attempt(struct hsm_token *token, CK_SESSION_HANDLE session,
                        const struct hsm_pin_source *source, struct hsm_pin *const *pins,
                        size_t count, bool *raised, const struct ska_errors *errors);

/* Keeps where a PIN comes from, and the PIN itself where that is known and none is kept. */
void hsm_login_keep(struct hsm_token *token, const struct hsm_pin_source *source);

/*
 * Logs in again as is kept: with the PIN that the source gives now, else with the one that logged
 * in before. Where nothing is kept it does nothing.
 */
bool hsm_login_again(struct hsm_token *token, CK_SESSION_HANDLE session, bool *logged_in,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * For keys that want a PIN for each signature (CKA_ALWAYS_AUTHENTICATE): a copy of it, to be wiped;
 * NULL: it is typed on the token's pad.
 */
bool hsm_login_pin(struct hsm_token *token, struct hsm_pin **pin,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* C_Login for the one operation that was begun in the session; what is refused is remembered. */
CK_RV hsm_login_for_one(struct hsm_token *token, CK_SESSION_HANDLE session,
                        const struct hsm_pin *pin);
/* Raises what that has answered, inside the login gate; a PIN that is wrong is not kept. */
bool hsm_login_fail_for_one(struct hsm_token *token, CK_RV rv, const struct ska_errors *errors);

#endif
