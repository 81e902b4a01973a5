/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of PKCS#11 modules, and logging in; they live as long as the process. All functions
 * may be called from any thread; after a fork sessions are opened anew and the login is repeated
 * with the PIN that is kept in memory.
 */
#ifndef SKA_HSM_TOKEN_H
#define SKA_HSM_TOKEN_H

#include "provider/base/error.h"
#include "provider/hsm/pin.h"

struct hsm_module;
struct hsm_token;

/* What tokens are looked for by. Members that are NULL match any. */
struct hsm_token_match {
    const char *label;
    const char *serial;
    const char *manufacturer;
    const char *model;
    const char *slot_id; /* decimal digits */
    const char *slot_description;
    const char *slot_manufacturer;
    const char *library_description;
    const char *library_manufacturer;
    const char *library_version; /* "2" or "2.6" */
};

/* The most slots of one card. */
#define HSM_TWINS 16

struct hsm_tokens {
    struct hsm_token *list[HSM_TWINS];
    size_t count; /* at least 1 */
};

/*
 * The tokens that match: one, or several that are alike in all that a token is known by, as one
 * card in several slots is. None: SKA_R_TOKEN_NOT_FOUND; others: SKA_R_TOKEN_AMBIGUOUS; both name
 * what was looked for and what is there.
 */
bool hsm_token_find_alike(struct hsm_module *module, const struct hsm_token_match *match,
                          struct hsm_tokens *tokens,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/* All tokens that match, at most HSM_TWINS. */
bool hsm_token_find_all(struct hsm_module *module, const struct hsm_token_match *match,
                        struct hsm_tokens *tokens, const struct ska_errors *errors) SKA_MUST_CHECK;

/* The one token that matches; several, alike or not, are SKA_R_TOKEN_AMBIGUOUS. */
bool hsm_token_find(struct hsm_module *module, const struct hsm_token_match *match,
                    struct hsm_token **token, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Looks where the token is now, when it is not in the slot where it was. */
bool hsm_token_locate(struct hsm_token *token, const struct ska_errors *errors) SKA_MUST_CHECK;

const char *hsm_token_label(const struct hsm_token *token);
const char *hsm_token_serial(const struct hsm_token *token);
struct hsm_module *hsm_token_module(const struct hsm_token *token);

/* Whether the user is logged in, whoever did it. */
bool hsm_token_logged_in(struct hsm_token *token);

/*
 * Whether hsm_token_login() is to be called for what was not found: the token has a login, nobody
 * is logged in, and a PIN is to be had; for a private key also of a person, and where it will only
 * say that there is none.
 */
bool hsm_token_wants_login(struct hsm_token *token, const struct hsm_pin_source *source,
                           bool private_key);

/* Keeps where a PIN comes from, for when a login is needed or lost; unless that is known. */
void hsm_token_keep_source(struct hsm_token *token, const struct hsm_pin_source *source);

/*
 * Logs in unless that is done already, and keeps the source. On the token's pad where it has one
 * and no PIN is named. No PIN to be had: SKA_R_PIN_MISSING. A wrong one: SKA_R_PIN_INCORRECT, after
 * one attempt; the same PIN is never tried a second time in this process. A token that does not
 * want a login has none where no PIN is named. A PIN file that others may read is used, and named
 * in a warning by check-config only.
 */
bool hsm_token_login(struct hsm_token *token, const struct hsm_pin_source *source,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * For a key that wants a PIN for each signature: a copy of it, to be wiped; NULL: it is typed on
 * the token's pad. And what C_Login has answered to it, raised.
 */
bool hsm_token_pin(struct hsm_token *token, struct hsm_pin **pin,
                   const struct ska_errors *errors) SKA_MUST_CHECK;
bool hsm_token_fail_pin(struct hsm_token *token, unsigned long rv, const struct ska_errors *errors);

#endif
