/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include "provider/base/error_capture.h"
#include "provider/keys/find_key.h"
#include "provider/record/audit.h"
#include "tools/show/terminal.h"

bool tool_init(struct tool *tool)
{
    memset(tool, 0, sizeof(*tool));
    tool->kept_from = umask(0);
    umask(tool->kept_from);
    tool->errors = report_errors(&tool->report);
    tool->libctx = OSSL_LIB_CTX_new();
    if (tool->libctx != NULL)
        tool->provider = OSSL_PROVIDER_load(tool->libctx, "default");
    if (tool->provider == NULL)
        return ska_fail(&tool->errors, SKA_R_INTERNAL, "libcrypto: %s",
                        ERR_reason_error_string(ERR_peek_last_error()));
    return true;
}

static void close_system_log(struct tool *tool)
{
    const unsigned int lost = tool->system_log == NULL ? 0 : ska_system_log_lost(tool->system_log);

    if (lost > 0)
        report_warning("%u audit lines did not get into the system's log%s", lost,
                       tool->configuration.settings.audit_log == NULL
                           ? ""
                           : "; all of them are in the audit log");
    ska_system_log_close(tool->system_log);
    tool->system_log = NULL;
}

static void close_failure_log(struct tool *tool)
{
    ska_failure_log_close(tool->report.log);
    tool->report.log = NULL;
}

void tool_clear(struct tool *tool)
{
    close_failure_log(tool);
    close_system_log(tool);
    configuration_clear(&tool->configuration);
    if (tool->provider != NULL)
        OSSL_PROVIDER_unload(tool->provider);
    OSSL_LIB_CTX_free(tool->libctx);
    tool->provider = NULL;
    tool->libctx = NULL;
}

/* Before the other settings, as the provider does: it gets what is wrong with them. */
static void open_failure_log(struct tool *tool)
{
    const char *where = tool->signs ? configuration_setting(&tool->configuration, "log") : NULL;
    struct ska_settings settings = {0};

    if (where != NULL && ska_settings_set(&settings, "log", where, NULL)) {
        tool->report.log =
            ska_failure_log_open(ska_settings_log_to_syslog(&settings) ? NULL : settings.log);
    }
    ska_settings_clear(&settings);
}

static bool read_configuration(struct tool *tool)
{
    if (!configuration_open(&tool->configuration, tool->config_path, &tool->errors))
        return false;
    open_failure_log(tool);
    return configuration_apply(&tool->configuration, &tool->errors);
}

bool tool_configure(struct tool *tool)
{
    if (tool->configured)
        return true;
    tool->configured = read_configuration(tool);
    if (tool->configured && ska_settings_audit_to_syslog(&tool->configuration.settings))
        tool->system_log = ska_audit_system_log_open();
    return tool->configured;
}

struct ska_audit_log tool_audit_log(const struct tool *tool)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const struct ska_audit_log log = {settings->audit_log, settings->state_dir, tool->system_log};

    return log;
}

struct hsm_defaults tool_defaults(const struct tool *tool)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const struct hsm_defaults defaults = {settings->pkcs11_module, settings->token,
                                          settings->pin_source, settings->pkcs11_init_args};

    return defaults;
}

struct hsm_look_up tool_look_up(const struct hsm_uri *uri, const struct hsm_defaults *defaults)
{
    struct hsm_look_up wanted = {.uri = uri,
                                 .defaults = defaults,
                                 .source = hsm_locate_pin(uri, defaults),
                                 .private_key = true};

    wanted.source.prompt = terminal_pin;
    return wanted;
}

void tool_note_configuration(const struct tool *tool, enum ska_reason reason)
{
    if (reason == SKA_R_MODULE_UNAVAILABLE || reason == SKA_R_TOKEN_NOT_FOUND ||
        reason == SKA_R_TOKEN_AMBIGUOUS || reason == SKA_R_BAD_CONFIGURATION)
        configuration_note(&tool->configuration);
}

static bool names_private_key(const struct hsm_uri *uri, const struct ska_errors *errors)
{
    if (uri->type == HSM_OBJECT_PUBLIC || uri->type == HSM_OBJECT_CERTIFICATE)
        return ska_fail(errors, SKA_R_BAD_URI,
                        "type=: a private key is needed, not a public key or certificate");
    if (uri->object.data == NULL && uri->id.data == NULL)
        return ska_fail(
            errors, SKA_R_BAD_URI,
            "it names no key: add object=LABEL or id=ID (skatool list shows them); in a "
            "shell URIs need quotes");
    return true;
}

/* What the message of the provider's side cannot say. */
static bool find_named_key(struct tool *tool, const struct hsm_uri *uri, struct backend_key **key)
{
    const struct hsm_defaults defaults = tool_defaults(tool);
    const struct hsm_look_up wanted = tool_look_up(uri, &defaults);
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool done = keys_find(&tool->configuration.settings, &wanted, tool->libctx, key, &quiet);

    if (!done && failure.reason == SKA_R_KEY_NOT_FOUND)
        ska_fail(&tool->errors, failure.reason, "%s; skatool list shows the keys that are there",
                 ska_error_capture_text(&failure));
    else if (!done)
        ska_error_capture_raise(&failure, &tool->errors);
    tool_note_configuration(tool, failure.reason);
    ska_error_capture_clear(&failure);
    return done;
}

static bool check_ska(const struct backend_key *key, const struct ska_errors *errors)
{
    if (backend_key_is_ska(key))
        return true;
    if (backend_key_is_timestamp(key))
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "'%s' is a timestamp key: it signs the HSM's time into requests for other "
                        "keys, and nothing else; name the key that is to sign (skatool list shows "
                        "them)",
                        backend_key_label(key));
    return ska_fail(errors, SKA_R_WRONG_USE,
                    "'%s' is an ordinary key: it has no rules and signs without approvals",
                    backend_key_label(key));
}

static bool open_key(struct tool *tool, const char *text, bool ska, struct hsm_uri **uri,
                     struct backend_key **key)
{
    struct hsm_uri *parsed = NULL;
    struct backend_key *found = NULL;
    bool done = false;

    if (!hsm_uri_parse(text, &parsed, &tool->errors) || !names_private_key(parsed, &tool->errors) ||
        !tool_configure(tool))
        goto out;
    done = find_named_key(tool, parsed, &found) && (!ska || check_ska(found, &tool->errors));
    if (done) {
        *key = found;
        found = NULL;
    }
    if (done && uri != NULL) {
        *uri = parsed;
        parsed = NULL;
    }
out:
    backend_key_free(found);
    hsm_uri_free(parsed);
    return done;
}

bool tool_open_key(struct tool *tool, const char *text, struct hsm_uri **uri,
                   struct backend_key **key)
{
    return open_key(tool, text, false, uri, key);
}

bool tool_open_ska_key(struct tool *tool, const char *text, struct hsm_uri **uri,
                       struct backend_key **key)
{
    return open_key(tool, text, true, uri, key);
}

char *tool_key_uri(const struct backend_key *key)
{
    return hsm_uri_format(backend_key_token_label(key), ska_span_text(backend_key_label(key)),
                          backend_key_id(key), HSM_OBJECT_PRIVATE);
}
