/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/provider_context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "provider/base/bytes.h"
#include "provider/base/failure_log.h"
#include "provider/record/audit.h"
#include "provider/request/key_cache.h"

/* libcrypto drops the whole text of an error that is longer than its buffer of 1024 bytes. */
#define ERROR_TEXT_SIZE 1000

/* The longest text of a failure, in the log. */
#define FAILURE_TEXT_LIMIT 4000

static void set_error(const struct ska_provider *provider, enum ska_reason reason,
                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    provider->core_vset_error(provider->core, reason, format, args);
    va_end(args);
}

/* Labels, paths and names of others are in it: nothing of them reaches a terminal raw. */
static char *harmless_text(const char *format, va_list args)
{
    struct ska_buffer text = {0};
    char *harmless = NULL;

    ska_buffer_format_args(&text, format, args);
    harmless = ska_printable(ska_span_text(ska_buffer_string(&text)), FAILURE_TEXT_LIMIT);
    ska_buffer_free(&text);
    return harmless;
}

void ska_provider_raise(const struct ska_provider *provider, const char *key,
                        enum ska_reason reason, const char *file, int line, const char *function,
                        const char *format, va_list args)
{
    char *text = harmless_text(format, args);

    if (provider->log != NULL)
        ska_failure_log_write(provider->log, reason, key, text == NULL ? "" : text);
    provider->core_new_error(provider->core);
    provider->core_set_error_debug(provider->core, file, line, function);
    set_error(provider, reason, "%.*s", ERROR_TEXT_SIZE, text == NULL ? "" : text);
    free(text);
}

static void raise_error(void *provider, enum ska_reason reason, const char *file, int line,
                        const char *function, const char *format, va_list args)
{
    ska_provider_raise(provider, "", reason, file, line, function, format, args);
}

/* Where nobody will look into libcrypto's queue. */
static void raise_to_log(void *vprovider, enum ska_reason reason, const char *file, int line,
                         const char *function, const char *format, va_list args)
{
    const struct ska_provider *provider = vprovider;
    char *text = provider->log == NULL ? NULL : harmless_text(format, args);

    (void)file;
    (void)line;
    (void)function;
    if (text != NULL)
        ska_failure_log_write(provider->log, reason, "", text);
    free(text);
}

static bool take_upcalls(struct ska_provider *provider, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_GET_PARAMS:
            provider->core_get_params = OSSL_FUNC_core_get_params(in);
            break;
        case OSSL_FUNC_CORE_NEW_ERROR:
            provider->core_new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            provider->core_set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            provider->core_vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        case OSSL_FUNC_BIO_READ_EX:
            provider->core_bio_read_ex = OSSL_FUNC_BIO_read_ex(in);
            break;
        case OSSL_FUNC_BIO_WRITE_EX:
            provider->core_bio_write_ex = OSSL_FUNC_BIO_write_ex(in);
            break;
        case OSSL_FUNC_BIO_GETS:
            provider->core_bio_gets = OSSL_FUNC_BIO_gets(in);
            break;
        case OSSL_FUNC_BIO_PUTS:
            provider->core_bio_puts = OSSL_FUNC_BIO_puts(in);
            break;
        case OSSL_FUNC_BIO_CTRL:
            provider->core_bio_ctrl = OSSL_FUNC_BIO_ctrl(in);
            break;
        case OSSL_FUNC_PROVIDER_UP_REF:
            provider->core_provider_up_ref = OSSL_FUNC_provider_up_ref(in);
            break;
        case OSSL_FUNC_PROVIDER_FREE:
            provider->core_provider_free = OSSL_FUNC_provider_free(in);
            break;
        default:
            break;
        }
    }
    return provider->core_get_params != NULL && provider->core_new_error != NULL &&
           provider->core_set_error_debug != NULL && provider->core_vset_error != NULL &&
           provider->core_bio_read_ex != NULL && provider->core_bio_write_ex != NULL &&
           provider->core_bio_gets != NULL && provider->core_bio_puts != NULL &&
           provider->core_bio_ctrl != NULL;
}

bool ska_provider_prepare(const struct ska_provider *provider)
{
    return ska_private_libctx_make(&provider->errors);
}

static bool read_setting(const struct ska_provider *provider, const char *name,
                         struct ska_settings *settings, const struct ska_errors *errors)
{
    char *value = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_ptr(name, &value, 0), OSSL_PARAM_END};

    if (!provider->core_get_params(provider->core, params) || value == NULL)
        return true;
    return ska_settings_set(settings, name, value, errors);
}

static bool read_settings(const struct ska_provider *provider, struct ska_settings *settings,
                          const struct ska_errors *errors)
{
    for (size_t i = 0; ska_setting_names[i] != NULL; i++)
        if (!read_setting(provider, ska_setting_names[i], settings, errors))
            return false;
    return ska_settings_check(settings, errors);
}

bool ska_provider_configured(const struct ska_provider *provider, const struct ska_errors *errors)
{
    struct ska_settings settings = {0};
    bool good = provider->configured || read_settings(provider, &settings, errors);

    ska_settings_clear(&settings);
    return good;
}

/* First of all settings: it gets what is wrong with the others. */
static void open_log(struct ska_provider *provider)
{
    struct ska_settings settings = {0};

    if (read_setting(provider, "log", &settings, NULL) && settings.log != NULL) {
        provider->log =
            ska_failure_log_open(ska_settings_log_to_syslog(&settings) ? NULL : settings.log);
        if (ska_settings_audit_to_syslog(&settings))
            provider->system_log = ska_audit_system_log_open();
    }
    ska_settings_clear(&settings);
}

void ska_provider_free(struct ska_provider *provider)
{
    if (provider == NULL)
        return;
    hsm_pin_wipe(provider->early_pin);
    ska_approver_keys_free(provider->approver_keys);
    ska_settings_clear(&provider->settings);
    ska_failure_log_close(provider->log);
    ska_system_log_close(provider->system_log);
    free(provider);
}

struct ska_provider *ska_provider_new(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in)
{
    struct ska_provider *provider = calloc(1, sizeof(*provider));

    if (provider == NULL)
        return NULL;
    provider->core = core;
    provider->errors.raise = raise_error;
    provider->errors.arg = provider;
    provider->log_only.raise = raise_to_log;
    provider->log_only.arg = provider;
    if (!take_upcalls(provider, in) ||
        !ska_approver_keys_new(&provider->approver_keys, &provider->errors)) {
        ska_provider_free(provider);
        return NULL;
    }
    open_log(provider);
    /* A bad value is told at first use too, see ska_provider_configured(). */
    provider->configured = read_settings(provider, &provider->settings, &provider->log_only);
    return provider;
}
