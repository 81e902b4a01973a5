/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 modules and their tokens. Both live as long as the process: a module is loaded once, by
 * its path, and never unloaded or finalized, since the application or another provider may be using
 * it too. All functions may be called from any thread; after a fork sessions are opened anew and
 * the login is repeated with the PIN that is kept in memory.
 */
#ifndef SKA_HSM_TOKEN_H
#define SKA_HSM_TOKEN_H

#include "provider/base/bytes.h"

struct hsm_module;
struct hsm_secret;
struct hsm_token;

/* Errors: SKA_R_MODULE_UNAVAILABLE with the path and the loader's words. */
bool hsm_module_open(const char *path, struct hsm_module **module,
                     const struct ska_errors *errors) SKA_MUST_CHECK;
const char *hsm_module_path(const struct hsm_module *module);
/* CK_INFO.manufacturerID without padding. */
const char *hsm_module_manufacturer(const struct hsm_module *module);

/*
 * Whether SKA calls may be made: the module exports them, and either this build has the vendor's
 * numbers or the module is the simulator. Otherwise SKA_R_PLACEHOLDER_NUMBERS or
 * SKA_R_MODULE_UNAVAILABLE, with what to do.
 */
bool hsm_module_supports_ska(struct hsm_module *module,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/* What a token must be like; NULL members match any. */
struct hsm_token_match {
    const char *label;
    const char *serial;
    const char *manufacturer;
    const char *model;
};

/*
 * The one initialised token that matches. None: SKA_R_TOKEN_NOT_FOUND; several:
 * SKA_R_TOKEN_AMBIGUOUS; both name what was looked for and what is there.
 */
bool hsm_token_find(struct hsm_module *module, const struct hsm_token_match *match,
                    struct hsm_token **token, const struct ska_errors *errors) SKA_MUST_CHECK;

const char *hsm_token_label(const struct hsm_token *token);
const char *hsm_token_serial(const struct hsm_token *token);
struct hsm_module *hsm_token_module(const struct hsm_token *token);

/*
 * Asks a person for the PIN: writes at most size - 1 bytes and a NUL; false when there is no
 * answer. Called without any lock held.
 */
typedef bool hsm_pin_prompt(void *arg, const char *token_label, char *pin, size_t size);

#define HSM_NAMED_IN_URI "pin-source of the URI"
#define HSM_NAMED_IN_CONFIGURATION "pin-source of the configuration"

/* Where the PIN comes from, the first that is given. */
struct hsm_pin {
    const char *value;      /* the PIN itself */
    const char *source;     /* "file:PATH" or a path; its first line is the PIN */
    const char *named_in;   /* where the source stands, for messages; NULL: not known */
    hsm_pin_prompt *prompt; /* may be NULL */
    void *prompt_arg;
    struct hsm_secret *kept; /* read before, by hsm_pin_read(); beats the source */
};

/*
 * Reads the PIN that a source names, for a login later on, when the file may be out of reach. NULL:
 * raised, with where the source stands (may be NULL). Free with hsm_secret_free().
 */
struct hsm_secret *hsm_pin_read(const char *source, const char *named_in,
                                const struct ska_errors *errors);

bool hsm_token_logged_in(struct hsm_token *token);

/*
 * Logs in unless that is done already. No PIN to be had: SKA_R_PIN_MISSING. A wrong one:
 * SKA_R_PIN_INCORRECT, after one attempt; the same PIN is never tried a second time in this
 * process. A PIN file that others may read is used, and named in a warning by check-config only.
 */
bool hsm_token_login(struct hsm_token *token, const struct hsm_pin *pin,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
