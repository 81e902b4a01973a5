/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

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

static const char *check_token(const char *value)
{
    if (value[0] == 0)
        return "label of a token expected";
    return strlen(value) > TOKEN_LABEL_LENGTH ? "a token's label has at most 32 bytes" : NULL;
}

static const char *check_label(const char *value)
{
    return value[0] == 0 ? "label of a key expected" : NULL;
}

static const char *check_pin_source(const char *value)
{
    static const char scheme[] = "file:";

    if (strncmp(value, scheme, strlen(scheme)) != 0 || value[strlen(scheme)] == 0)
        return "file:PATH expected, of a file that holds the PIN";
    return NULL;
}

static const struct setting {
    const char *name;
    const char *(*check)(const char *value);
    size_t offset; /* of the text in struct ska_settings */
} settings_table[] = {
    {"pkcs11-module", check_path, offsetof(struct ska_settings, pkcs11_module)},
    {"token", check_token, offsetof(struct ska_settings, token)},
    {"pin-source", check_pin_source, offsetof(struct ska_settings, pin_source)},
    {"approvals-dir", check_path, offsetof(struct ska_settings, approvals_dir)},
    {"timestamp-key", check_label, offsetof(struct ska_settings, timestamp_key)},
};

static const char payload_name[] = "payload";

const char *const ska_setting_names[] = {"pkcs11-module", "token",         "pin-source",
                                         "approvals-dir", "timestamp-key", payload_name,
                                         NULL};

/* ---- Keys whose work is not done yet -------------------------------------------------------- */

/* A value that asks for what happens anyway is no lie, so it passes. */
static const struct {
    const char *name;
    const char *harmless[3];
} later[] = {
    {"approvals-timeout", {"0", NULL}}, {"agent", {NULL}},
    {"audit-log", {NULL}},
    {"progress", {"auto", "no", NULL}},
};

const char *const ska_setting_names_later[] = {"approvals-timeout", "agent", "audit-log",
                                               "progress", NULL};

static bool set_later(size_t index, const char *value, const struct ska_errors *errors)
{
    for (size_t i = 0; later[index].harmless[i] != NULL; i++)
        if (strcmp(later[index].harmless[i], value) == 0)
            return true;
    return fail_value(later[index].name, value, "not supported by this version", errors);
}

/* ---- Setting -------------------------------------------------------------------------------- */

static bool set_text(struct ska_settings *settings, const struct setting *setting,
                     const char *value, const struct ska_errors *errors)
{
    char **member = (char **)(void *)((char *)settings + setting->offset);
    const char *fault = setting->check(value);
    char *copy = NULL;

    if (fault != NULL)
        return fail_value(setting->name, value, fault, errors);
    copy = strdup(value);
    if (copy == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", setting->name);
    free(*member);
    *member = copy;
    return true;
}

bool ska_settings_set(struct ska_settings *settings, const char *name, const char *value,
                      const struct ska_errors *errors)
{
    char *shown = NULL;

    for (size_t i = 0; i < sizeof(settings_table) / sizeof(settings_table[0]); i++)
        if (strcmp(settings_table[i].name, name) == 0)
            return set_text(settings, &settings_table[i], value, errors);
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        if (strcmp(later[i].name, name) == 0)
            return set_later(i, value, errors);
    if (strcmp(payload_name, name) == 0) {
        if (!ska_payload_form_from_text(value, &settings->payload))
            return fail_value(name, value, "digest or message expected", errors);
        settings->payload_set = true;
        return true;
    }
    shown = ska_printable(ska_span_text(name), 64);
    ska_fail(errors, SKA_R_BAD_CONFIGURATION, "unknown key '%s'", shown == NULL ? "" : shown);
    free(shown);
    return false;
}

void ska_settings_clear(struct ska_settings *settings)
{
    free(settings->pkcs11_module);
    free(settings->token);
    free(settings->pin_source);
    free(settings->approvals_dir);
    free(settings->timestamp_key);
    memset(settings, 0, sizeof(*settings));
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
