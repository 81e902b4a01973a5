/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a key URI and the configured defaults to the token that it means.
 */
#ifndef SKA_HSM_LOCATE_H
#define SKA_HSM_LOCATE_H

#include "provider/hsm/uri.h"

struct hsm_token;
struct hsm_tokens;

/* What holds where the URI does not say; members may be NULL. */
struct hsm_defaults {
    const char *module;     /* path */
    const char *token;      /* label, used when the URI says nothing of token or slot */
    const char *pin_source; /* as the configuration has it, see struct hsm_pin_source */
    const char *init_args;  /* the string that `module` wants at C_Initialize */
};

bool hsm_locate(const struct hsm_uri *uri, const struct hsm_defaults *defaults,
                struct hsm_token **token, const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same; or all of several that are alike, as one card in several slots is. */
bool hsm_locate_alike(const struct hsm_uri *uri, const struct hsm_defaults *defaults,
                      struct hsm_tokens *tokens, const struct ska_errors *errors) SKA_MUST_CHECK;

/* All tokens that a URI names, for who only lists. */
bool hsm_locate_all(const struct hsm_uri *uri, const struct hsm_defaults *defaults,
                    struct hsm_tokens *tokens, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Where the PIN is that belongs to a URI; borrowed from both. */
struct hsm_pin_source hsm_locate_pin(const struct hsm_uri *uri,
                                     const struct hsm_defaults *defaults);

#endif
