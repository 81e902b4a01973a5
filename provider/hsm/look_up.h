/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking for what a URI names, and the one place that decides when to log in: when what is looked
 * for is not found without, and a PIN is to be had. A key that needs no login asks nobody.
 */
#ifndef SKA_HSM_LOOK_UP_H
#define SKA_HSM_LOOK_UP_H

#include "provider/hsm/key.h"
#include "provider/hsm/locate.h"
#include "provider/hsm/token.h"

struct hsm_look_up {
    const struct hsm_uri *uri;
    const struct hsm_defaults *defaults;
    struct hsm_pin_source source; /* hsm_locate_pin(), and perhaps a prompt and a kept PIN */
    /* A private key is wanted: a person may be asked, and it is said that there is no PIN. */
    bool private_key;
    bool any_use; /* behind a broker: also one that cannot sign, to be shown */
};

/*
 * What is to be done with a token that fits; again after a login, where it raises
 * SKA_R_KEY_NOT_FOUND, or SKA_R_PIN_MISSING since the token itself says that it wants a login.
 */
typedef bool hsm_look(void *arg, struct hsm_token *token, const struct ska_errors *errors);

/* Of tokens that are alike it is the one where `look` finds something. */
bool hsm_look_up(const struct hsm_look_up *wanted, hsm_look *look, void *arg,
                 const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The private key that the URI names; where it names none, the only one of the token. Errors as of
 * hsm_key_find() and hsm_token_login().
 */
bool hsm_look_up_key(const struct hsm_look_up *wanted, OSSL_LIB_CTX *libctx,
                     struct backend_key **key, const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same for a public key object. */
bool hsm_look_up_public(const struct hsm_look_up *wanted, OSSL_LIB_CTX *libctx, EVP_PKEY **key,
                        enum ska_key_type *type, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * All tokens that the URI names, for who lists what is there. The only one is logged in where a PIN
 * is to be had; of several nobody knows whose it is.
 */
bool hsm_look_up_tokens(const struct hsm_look_up *wanted, struct hsm_tokens *tokens,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
