/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in to a token, with the PIN that somebody gave or that a person is asked for.
 */
#ifndef SKA_HSM_LOGIN_H
#define SKA_HSM_LOGIN_H

#include "provider/base/error.h"
#include "provider/hsm/pin.h"

struct hsm_token;

bool hsm_token_logged_in(struct hsm_token *token);

/*
 * Logs in unless that is done already. No PIN to be had: SKA_R_PIN_MISSING. A wrong one:
 * SKA_R_PIN_INCORRECT, after one attempt; the same PIN is never tried a second time in this
 * process. A PIN file that others may read is used, and named in a warning by check-config only.
 */
bool hsm_token_login(struct hsm_token *token, const struct hsm_pin_source *source,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
