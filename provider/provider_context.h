/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instance of the provider: what it got from libcrypto, and its settings.
 * Immutable once it is made, so that all threads share it without a lock; the keys of approvers
 * have one of their own.
 */
#ifndef SKA_PROVIDER_PROVIDER_CONTEXT_H
#define SKA_PROVIDER_PROVIDER_CONTEXT_H

#include <openssl/core_dispatch.h>
#include <openssl/evp.h>

#include "provider/base/private_libctx.h"
#include "provider/base/settings.h"
#include "provider/hsm/pin.h"

#define SKA_REASON_LIMIT 63

struct ska_provider {
    const OSSL_CORE_HANDLE *core;
    OSSL_FUNC_core_get_params_fn *core_get_params;
    OSSL_FUNC_core_new_error_fn *core_new_error;
    OSSL_FUNC_core_set_error_debug_fn *core_set_error_debug;
    OSSL_FUNC_core_vset_error_fn *core_vset_error;
    OSSL_FUNC_BIO_read_ex_fn *core_bio_read_ex;
    OSSL_FUNC_BIO_write_ex_fn *core_bio_write_ex;
    OSSL_FUNC_BIO_gets_fn *core_bio_gets;
    OSSL_FUNC_BIO_puts_fn *core_bio_puts;
    OSSL_FUNC_BIO_ctrl_fn *core_bio_ctrl;
    /* NULL: not offered */
    OSSL_FUNC_provider_up_ref_fn *core_provider_up_ref;
    OSSL_FUNC_provider_free_fn *core_provider_free;

    struct ska_approver_keys *approver_keys;

    struct ska_errors errors; /* failures go to libcrypto's queue under our name, and to the log */
    struct ska_errors log_only;        /* to the log, where there is one */
    struct ska_system_log *system_log; /* gets audit lines; NULL: it does not */
    struct ska_failure_log *log;       /* NULL: none */
    struct hsm_pin *early_pin; /* of the configuration's source, by early_load.c; NULL: none */
    struct ska_settings settings;
    bool configured;                         /* all settings are good ones */
    OSSL_ITEM reasons[SKA_REASON_LIMIT + 1]; /* for libcrypto, ended by an empty item */
};

/* NULL: it cannot be made; what libcrypto hands over is in `in`. */
struct ska_provider *ska_provider_new(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in);
void ska_provider_free(struct ska_provider *provider); /* NULL is fine */

/* What `errors` does, for what is about a key of this label. */
void ska_provider_raise(const struct ska_provider *provider, const char *key,
                        enum ska_reason reason, const char *file, int line, const char *function,
                        const char *format, va_list args) __attribute__((format(printf, 7, 0)));

/*
 * Hashing, public keys and verification happen in ska_private_libctx() and not in the application's
 * context. To be called before anything of ours is handed out that could need it.
 */
bool ska_provider_prepare(const struct ska_provider *provider) SKA_MUST_CHECK;

/*
 * Fails, with the key and value that are wrong, while the configuration is bad. Loading the
 * provider does not: the application would only see that `ska:` is unknown.
 */
bool ska_provider_configured(const struct ska_provider *provider,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
