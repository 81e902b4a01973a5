/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a key URI and the configured defaults to the token that it means.
 */
#ifndef SKA_HSM_LOCATE_H
#define SKA_HSM_LOCATE_H

#include "provider/hsm/uri.h"

struct hsm_token;

/* What holds where the URI does not say; members may be NULL. */
struct hsm_defaults {
    const char *module;     /* path */
    const char *token;      /* label, used when the URI says nothing of token or slot */
    const char *pin_source; /* "file:PATH" or a path */
};

bool hsm_locate(const struct hsm_uri *uri, const struct hsm_defaults *defaults,
                struct hsm_token **token, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Where the PIN is that belongs to a URI; borrowed from both. */
struct hsm_pin_source hsm_locate_pin(const struct hsm_uri *uri,
                                     const struct hsm_defaults *defaults);

/* Logs in with that PIN, else with the one that a person is asked for (prompt may be NULL). */
bool hsm_locate_login(struct hsm_token *token, const struct hsm_uri *uri,
                      const struct hsm_defaults *defaults, hsm_pin_prompt *prompt, void *prompt_arg,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
