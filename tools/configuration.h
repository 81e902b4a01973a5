/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's section in openssl.cnf, read as a file: no provider is loaded by reading it.
 */
#ifndef SKA_TOOLS_CONFIGURATION_H
#define SKA_TOOLS_CONFIGURATION_H

#include <openssl/conf.h>

#include "provider/base/bytes.h"
#include "provider/base/settings.h"

/* Starts as {0}; free with configuration_clear(). */
struct configuration {
    char *path;    /* of the file that was looked for */
    CONF *conf;    /* NULL: there is no such file */
    char *name;    /* of the provider in its [providers] section; NULL: our provider is not there */
    char *section; /* its section; NULL: likewise */
    struct ska_settings settings;
};

/*
 * Finds file and section: the provider named "ska", else one whose identity or module is ska's.
 * `path` NULL: OPENSSL_CONF, else libcrypto's default; only then is it no error that there is no
 * such file.
 */
bool configuration_open(struct configuration *configuration, const char *path,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
void configuration_clear(struct configuration *configuration);

/* Whether OPENSSL_CONF is empty, so that neither libcrypto nor we look for a file. */
bool configuration_is_none(const struct configuration *configuration);

/* The entries of our section; NULL: none. Borrowed. */
const STACK_OF(CONF_VALUE) * configuration_entries(const struct configuration *configuration);

/* What our section says of one setting; NULL: nothing. Borrowed. */
const char *configuration_setting(const struct configuration *configuration, const char *name);

/* Whether libcrypto reads a key of our section itself ("activate"); whether it does, or we do. */
bool configuration_is_libcrypto(const char *key);
bool configuration_is_known(const char *key);
/*
 * For a message about one that is unknown: "did you mean token?", else "known settings are
 * pkcs11-module, token, ...".
 */
void configuration_suggest_setting(const char *unknown, struct ska_buffer *text);

/* Takes the settings over. Unknown keys are passed over: configuration_is_known(). */
bool configuration_take(struct configuration *configuration,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
/* The same, with a warning that names each of them. */
bool configuration_apply(struct configuration *configuration,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Says what libcrypto would not load on start-up: it loads nothing that is not activated, not even
 * its own provider when others are named.
 */
typedef void configuration_say(void *arg, const char *fault);
void configuration_say_inactive(const struct configuration *configuration, configuration_say *say,
                                void *arg);

/* Which line or section on the way to ours is not there, for a message. */
void configuration_missing(const struct configuration *configuration, char *words, size_t size);

/*
 * Loads the shared object as libcrypto would, and no more: where it cannot, libcrypto goes on
 * without the provider and says nothing. *path: to be freed, also after a failure.
 */
bool configuration_try_module(const struct configuration *configuration, char **path,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

/* Says on standard error which file was read, and how to name another. */
void configuration_note(const struct configuration *configuration);

/*
 * Loads the other providers that the file activates into a context of their own (an approver's key
 * may need them). One that cannot be loaded is passed over: opening the key will tell.
 */
void configuration_load_others(const struct configuration *configuration, OSSL_LIB_CTX *libctx);

/* The section of one that was passed over; NULL: none was. Borrowed. */
const char *configuration_not_loaded(const struct configuration *configuration,
                                     OSSL_LIB_CTX *libctx);

#endif
