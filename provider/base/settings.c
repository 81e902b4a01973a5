/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* CK_TOKEN_INFO.label has this many bytes. */
#define TOKEN_LABEL_LENGTH 32

static bool fail_value(const char *name, const char *value, const char *wanted,
                       const struct ska_errors *errors)
{
    char *shown = ska_printable(ska_span_text(value), 256);

    ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s = '%s': %s", name, shown == NULL ? "" : shown,
             wanted);
    free(shown);
    return false;
}

/* ---- Values: each function says what is wrong, or NULL -------------------------------------- */

static const char *check_path(const char *value)
{
    return value[0] == 0 ? "path expected" : NULL;
}

/* It may hold a password, so it is never shown. */
static const char *check_init_args(const char *value)
{
    return value[0] == 0 ? "a string for the module expected" : NULL;
}

static const char *check_token_setting(const char *value)
{
    if (value[0] == 0)
        return "label of a token expected";
    return strlen(value) > TOKEN_LABEL_LENGTH ? "a token's label has at most 32 bytes" : NULL;
}

#define SYSLOG "syslog"

/* "syslog", or "syslog,audit" with blanks around the comma. */
static bool is_syslog(const char *value, bool *audit)
{
    const char *rest = value + strlen(SYSLOG);

    *audit = false;
    if (strncmp(value, SYSLOG, strlen(SYSLOG)) != 0)
        return false;
    rest += strspn(rest, " \t");
    if (rest[0] == ',')
        *audit = strcmp(rest + 1 + strspn(rest + 1, " \t"), "audit") == 0;
    return rest[0] == 0 || *audit;
}

bool ska_settings_log_to_syslog(const struct ska_settings *settings)
{
    bool audit = false;

    return settings->log != NULL && is_syslog(settings->log, &audit);
}

bool ska_settings_audit_to_syslog(const struct ska_settings *settings)
{
    bool audit = false;

    return settings->log != NULL && is_syslog(settings->log, &audit) && audit;
}

/* A program may change its directory after the file was opened, or be started in any. */
static const char *check_log(const char *value)
{
    bool audit = false;

    return is_syslog(value, &audit) || value[0] == '/'
               ? NULL
               : "syslog, or syslog,audit in this order, or the absolute path of a file expected";
}

static const char *check_label(const char *value)
{
    return value[0] == 0 ? "label of a key expected" : NULL;
}

#define PIN_SCHEME "file:"

/* The path behind "file:"; a path as it stands. */
static struct ska_span pin_source_path(struct ska_span source)
{
    const size_t length = strlen(PIN_SCHEME);

    return source.length >= length && memcmp(source.data, PIN_SCHEME, length) == 0
               ? ska_span(source.data + length, source.length - length)
               : source;
}

/* Up to the next comma; `list` becomes what is left, NULL: nothing. */
static struct ska_span next_in_list(const char **list)
{
    const char *start = *list;
    size_t length = strcspn(start, ",");

    *list = start[length] == ',' ? start + length + 1 : NULL;
    return ska_span(start, length);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct ska_span ska_settings_next_pin_source(const char **list)
{
    struct ska_span item = next_in_list(list);

    while (item.length > 0 && is_blank(item.data[0]))
        item = ska_span(item.data + 1, item.length - 1);
    while (item.length > 0 && is_blank(item.data[item.length - 1]))
        item.length--;
    return pin_source_path(item);
}

static const char *check_pin_source(const char *value)
{
    if (value[0] == '|')
        return value[1] == '/' ? NULL : "|/COMMAND ARGUMENT... expected, an absolute path";
    if (strncmp(value, "env:", 4) == 0)
        return value[4] != 0 ? NULL : "env:NAME expected, of an environment variable";
    if (strncmp(value, PIN_SCHEME, strlen(PIN_SCHEME)) != 0 || value[strlen(PIN_SCHEME)] == 0)
        return "file:PATH, |/COMMAND or env:NAME expected, which give the PIN";
    return NULL;
}

static const char *check_pin_sources(const char *value)
{
    while (value != NULL) {
        const struct ska_span path = ska_settings_next_pin_source(&value);

        if (path.length == 0 || path.data[0] != '/')
            return "absolute paths of PIN files expected, separated by commas";
    }
    return NULL;
}

/* What is wrong with it the HTTP client says, where it is used; a user or password is no part. */
static const char *check_tsb_url(const char *value)
{
    if ((strncasecmp(value, "https://", 8) != 0 && strncasecmp(value, "http://", 7) != 0) ||
        strchr(value, '@') != NULL)
        return "https://HOST[:PORT][/PATH] expected; http: only to this computer";
    return NULL;
}

void ska_broker_url_tidy(char *url)
{
    static const char version[] = "/v1";
    const size_t ending = strlen(version);
    size_t length = strlen(url);

    for (char *next = url; *next != 0 && *next != ':'; next++)
        *next = (char)(*next >= 'A' && *next <= 'Z' ? *next - 'A' + 'a' : *next);
    while (length > 0 && url[length - 1] == '/')
        length--;
    if (length > ending && strncmp(url + length - ending, version, ending) == 0 &&
        url[length - ending - 1] != '/')
        url[length - ending] = 0;
}

static const char *check_proxy(const char *value)
{
    return strncmp(value, "http://", 7) != 0 || strchr(value, '@') != NULL
               ? "http://HOST:PORT expected; user and password belong in tsb-proxy-source"
               : NULL;
}

static const char *check_secret_file(const char *value)
{
    return strncmp(value, PIN_SCHEME, strlen(PIN_SCHEME)) != 0 || value[strlen(PIN_SCHEME)] != '/'
               ? "file:PATH expected, an absolute path"
               : NULL;
}

static const struct setting {
    const char *name;
    const char *(*check)(const char *value);
    size_t offset;      /* of the text in struct ska_settings */
    bool may_be_secret; /* or was taken for the place of a secret: never shown */
} settings_table[] = {
    {"pkcs11-module", check_path, offsetof(struct ska_settings, pkcs11_module), false},
    {"pkcs11-init-args", check_init_args, offsetof(struct ska_settings, pkcs11_init_args), true},
    {"token", check_token_setting, offsetof(struct ska_settings, token), false},
    {"pin-source", check_pin_source, offsetof(struct ska_settings, pin_source), true},
    {"pin-sources", check_pin_sources, offsetof(struct ska_settings, pin_sources), true},
    {"approvals-dir", check_path, offsetof(struct ska_settings, approvals_dir), false},
    {"agent", check_path, offsetof(struct ska_settings, agent), false},
    {"timestamp-key", check_label, offsetof(struct ska_settings, timestamp_key), false},
    {"audit-log", check_path, offsetof(struct ska_settings, audit_log), false},
    {"state-dir", check_path, offsetof(struct ska_settings, state_dir), false},
    {"evidence-dir", check_path, offsetof(struct ska_settings, evidence_dir), false},
    {"log", check_log, offsetof(struct ska_settings, log), false},
    {"tsb-url", check_tsb_url, offsetof(struct ska_settings, tsb_url), true},
    {"tsb-ca", check_path, offsetof(struct ska_settings, tsb_ca), false},
    {"tsb-client-cert", check_path, offsetof(struct ska_settings, tsb_client_cert), false},
    {"tsb-client-key", check_path, offsetof(struct ska_settings, tsb_client_key), false},
    {"tsb-token-source", check_secret_file, offsetof(struct ska_settings, tsb_token_source), true},
    {"tsb-api-key-source", check_secret_file, offsetof(struct ska_settings, tsb_api_key_source),
     true},
    {"tsb-key-password-source", check_secret_file,
     offsetof(struct ska_settings, tsb_key_password_source), true},
    {"tsb-proxy", check_proxy, offsetof(struct ska_settings, tsb_proxy), true},
    {"tsb-proxy-source", check_secret_file, offsetof(struct ska_settings, tsb_proxy_source), true},
};

static const char *setting_payload(struct ska_settings *settings, const char *value)
{
    if (!ska_payload_form_from_text(value, &settings->payload))
        return "digest or message expected";
    settings->payload_set = true;
    return NULL;
}

static const char *setting_timeout(struct ska_settings *settings, const char *value)
{
    return ska_timeout_from_text(value, &settings->approvals_timeout)
               ? NULL
               : "seconds expected, at most a year (31536000)";
}

/* Which of the names a value is; false: none of them. */
static bool find_name(const char *const *names, size_t count, const char *value, size_t *index)
{
    for (*index = 0; *index < count; (*index)++)
        if (strcmp(value, names[*index]) == 0)
            return true;
    return false;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *set_progress(struct ska_settings *settings, const char *value)
{
    static const char *const names[] = {
        [SKA_PROGRESS_AUTO] = "auto", [SKA_PROGRESS_YES] = "yes", [SKA_PROGRESS_NO] = "no"};
    size_t index = 0;

    if (!find_name(names, COUNT(names), value, &index))
        return "auto, yes or no expected";
    settings->progress = (enum ska_progress_when)index;
    return NULL;
}

static const char *set_request_content(struct ska_settings *settings, const char *value)
{
    static const char *const names[] = {[SKA_REQUEST_CONTENT_STRUCTURES] = "structures",
                                        [SKA_REQUEST_CONTENT_ALL] = "all",
                                        [SKA_REQUEST_CONTENT_NONE] = "none"};
    size_t index = 0;

    if (!find_name(names, COUNT(names), value, &index))
        return "structures, all or none expected";
    settings->request_content = (enum ska_request_content)index;
    return NULL;
}

/* Of two names the second one says that it is so. */
static bool set_flag(bool *flag, const char *no, const char *yes, const char *value)
{
    *flag = strcmp(value, yes) == 0;
    return *flag || strcmp(value, no) == 0;
}

static const char *set_load(struct ska_settings *settings, const char *value)
{
    return set_flag(&settings->load_early, "late", "early", value) ? NULL
                                                                   : "early or late expected";
}

static const char *set_legacy_methods(struct ska_settings *settings, const char *value)
{
    return set_flag(&settings->legacy_methods, "no", "yes", value) ? NULL : "yes or no expected";
}

/* Those that are kept as something else than text: each function says what is wrong, or NULL. */
static const struct {
    const char *name;
    const char *(*set)(struct ska_settings *settings, const char *value);
} converted[] = {
    {"approvals-timeout", setting_timeout},
    {"legacy-methods", set_legacy_methods},
    {"load", set_load},
    {"payload", setting_payload},
    {"progress", set_progress},
    {"request-content", set_request_content},
};

const char *const ska_setting_names[] = {"pkcs11-module",
                                         "pkcs11-init-args",
                                         "token",
                                         "pin-source",
                                         "pin-sources",
                                         "approvals-dir",
                                         "approvals-timeout",
                                         "agent",
                                         "payload",
                                         "timestamp-key",
                                         "audit-log",
                                         "state-dir",
                                         "evidence-dir",
                                         "log",
                                         "load",
                                         "legacy-methods",
                                         "tsb-url",
                                         "tsb-ca",
                                         "tsb-client-cert",
                                         "tsb-client-key",
                                         "tsb-token-source",
                                         "tsb-api-key-source",
                                         "tsb-key-password-source",
                                         "tsb-proxy",
                                         "tsb-proxy-source",
                                         "progress",
                                         "request-content",
                                         NULL};

/* ---- Setting -------------------------------------------------------------------------------- */

static bool setting_text(struct ska_settings *settings, const struct setting *setting,
                         const char *value, const struct ska_errors *errors)
{
    char **member = (char **)(void *)((char *)settings + setting->offset);
    const char *fault = setting->check(value);
    char *copy = NULL;

    if (fault != NULL && setting->may_be_secret)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: %s", setting->name, fault);
    if (fault != NULL)
        return fail_value(setting->name, value, fault, errors);
    copy = strdup(value);
    if (copy == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", setting->name);
    if (setting->offset == offsetof(struct ska_settings, tsb_url))
        ska_broker_url_tidy(copy);
    free(*member);
    *member = copy;
    return true;
}

bool ska_settings_set(struct ska_settings *settings, const char *name, const char *value,
                      const struct ska_errors *errors)
{
    char *shown = NULL;

    for (size_t i = 0; i < COUNT(settings_table); i++)
        if (strcmp(settings_table[i].name, name) == 0)
            return setting_text(settings, &settings_table[i], value, errors);
    for (size_t i = 0; i < COUNT(converted); i++)
        if (strcmp(converted[i].name, name) == 0) {
            const char *fault = converted[i].set(settings, value);

            return fault == NULL || fail_value(name, value, fault, errors);
        }
    shown = ska_printable(ska_span_text(name), 64);
    ska_fail(errors, SKA_R_BAD_CONFIGURATION, "unknown key '%s'", shown == NULL ? "" : shown);
    free(shown);
    return false;
}

void ska_settings_clear(struct ska_settings *settings)
{
    free(settings->pkcs11_module);
    free(settings->pkcs11_init_args);
    free(settings->token);
    free(settings->pin_source);
    free(settings->pin_sources);
    free(settings->approvals_dir);
    free(settings->agent);
    free(settings->timestamp_key);
    free(settings->audit_log);
    free(settings->state_dir);
    free(settings->evidence_dir);
    free(settings->log);
    free(settings->tsb_url);
    free(settings->tsb_ca);
    free(settings->tsb_client_cert);
    free(settings->tsb_client_key);
    free(settings->tsb_token_source);
    free(settings->tsb_api_key_source);
    free(settings->tsb_key_password_source);
    free(settings->tsb_proxy);
    free(settings->tsb_proxy_source);
    memset(settings, 0, sizeof(*settings));
}

/* What says something of a broker, and none is there. */
static const char *stray_tsb_setting(const struct ska_settings *settings)
{
    for (size_t i = 0; settings->tsb_url == NULL && i < COUNT(settings_table); i++) {
        const char *const *member =
            (const char *const *)(const void *)((const char *)settings + settings_table[i].offset);

        if (strncmp(settings_table[i].name, "tsb-", 4) == 0 && *member != NULL)
            return settings_table[i].name;
    }
    return NULL;
}

bool ska_settings_check(const struct ska_settings *settings, const struct ska_errors *errors)
{
    const char *stray = stray_tsb_setting(settings);

    if (settings->tsb_url != NULL && settings->pkcs11_module != NULL)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "pkcs11-module and tsb-url: set only one of them, since keys are either in "
                        "a module or behind a broker");
    if (stray != NULL)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: has no meaning without tsb-url",
                        stray);
    if ((settings->tsb_client_cert == NULL) != (settings->tsb_client_key == NULL))
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "tsb-client-cert and tsb-client-key: neither is of use without the other");
    if (settings->tsb_proxy_source != NULL && settings->tsb_proxy == NULL)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "tsb-proxy-source: has no meaning without tsb-proxy");
    return true;
}

bool ska_settings_list_pin_source(const struct ska_settings *settings, const char *source)
{
    const struct ska_span path = pin_source_path(ska_span_text(source));
    const char *list = settings->pin_sources;

    if (settings->pin_source != NULL &&
        ska_span_equal(path, pin_source_path(ska_span_text(settings->pin_source))))
        return true;
    while (list != NULL)
        if (ska_span_equal(path, ska_settings_next_pin_source(&list)))
            return true;
    return false;
}

static bool is_in_list(const char *list, struct ska_span wanted)
{
    while (list != NULL)
        if (ska_span_equal(wanted, next_in_list(&list)))
            return true;
    return false;
}

bool ska_settings_list_agents(const struct ska_settings *settings, const char *agents)
{
    while (agents != NULL)
        if (!is_in_list(settings->agent, next_in_list(&agents)))
            return false;
    return true;
}

bool ska_timeout_from_text(const char *text, unsigned int *seconds)
{
    uint64_t value = 0;

    if (!ska_decimal_decode(text, SKA_TIMEOUT_LIMIT, &value))
        return false;
    *seconds = (unsigned int)value;
    return true;
}

bool ska_payload_form_from_text(const char *text, enum ska_payload_form *form)
{
    if (strcmp(text, "digest") == 0)
        *form = SKA_PAYLOAD_DIGEST;
    else if (strcmp(text, "message") == 0)
        *form = SKA_PAYLOAD_MESSAGE;
    else
        return false;
    return true;
}
