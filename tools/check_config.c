/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: the configuration, tried out as the user who runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../provider/approval/directory.h"
#include "../provider/approval/hsm_time.h"
#include "../provider/approval/window.h"
#include "options.h"
#include "terminal.h"
#include "text.h"

/* Seconds by which the clocks of HSM and machine may differ without a word. */
#define CLOCK_TOLERANCE 60

/* Each line is printed as soon as it is known: a module may take its time, or the process down. */
static void say(const char *verdict, const char *what, const char *untrusted)
{
    struct ska_buffer text = {0};
    struct ska_bytes line = {NULL, 0};

    ska_buffer_format(&text, "%-7s %-18s ", verdict, what);
    text_printable(&text, ska_span_text(untrusted));
    if (ska_buffer_finish(&text, &line, NULL))
        printf("%s\n", (const char *)line.data);
    fflush(stdout);
    ska_bytes_free(&line);
}

static void say_ok(const char *what, const char *details)
{
    say("ok", what, details);
}

/* The worst failure is the exit status. */
static void say_failed(struct tool *tool, const char *what, enum ska_reason reason,
                       const char *details)
{
    int status = report_exit_status(reason);

    say("FAILED", what, details);
    if (status > tool->report.status)
        tool->report.status = status;
}

static void say_captured(struct tool *tool, const char *what, struct report_capture *capture)
{
    char *details = NULL;

    if (asprintf(&details, "%s: %s", ska_reason_text(capture->reason),
                 capture->details == NULL ? "out of memory" : capture->details) < 0)
        details = NULL;
    say_failed(tool, what, capture->reason, details);
    free(details);
    report_capture_clear(capture);
}

/* ---- The file -------------------------------------------------------------------------------- */

static bool check_file(struct tool *tool)
{
    struct configuration *configuration = &tool->configuration;
    struct report_capture capture = {0};
    struct ska_errors quiet = report_capture_errors(&capture);
    char *details = NULL;

    if (!configuration_open(configuration, tool->config_path, &quiet)) {
        say_captured(tool, "file", &capture);
        return false;
    }
    if (configuration->conf == NULL) {
        if (asprintf(&details, "%s does not exist: name another with OPENSSL_CONF or --config",
                     configuration->path) < 0)
            details = NULL;
        say_failed(tool, "file", SKA_R_BAD_CONFIGURATION, details);
        free(details);
        return false;
    }
    say_ok("file", configuration->path);
    if (configuration->section == NULL) {
        say_failed(tool, "section", SKA_R_BAD_CONFIGURATION,
                   "the provider is not there: openssl_conf names a section, whose providers names "
                   "a section with the line ska = SECTION");
        return false;
    }
    say_ok("section", configuration->section);
    return true;
}

/* libcrypto loads nothing that is not activated, not even its own when others are. */
static void check_activation(const struct configuration *configuration)
{
    const STACK_OF(CONF_VALUE) *providers = configuration_providers(configuration);
    bool others = false;

    for (int i = 0; providers != NULL && i < sk_CONF_VALUE_num(providers); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(providers, i);

        if (strcmp(entry->name, configuration->name) != 0 &&
            configuration_is_activated(configuration, entry->value))
            others = true;
    }
    if (!configuration_is_activated(configuration, configuration->section))
        say("warning", "activate", "not set: openssl does not load the provider by itself");
    if (!others)
        say("warning", "activate",
            "no other provider is activated: openssl has no digests without default");
}

static void check_entry(struct tool *tool, const CONF_VALUE *entry)
{
    struct report_capture capture = {0};
    struct ska_errors quiet = report_capture_errors(&capture);

    if (configuration_is_libcrypto(entry->name))
        return;
    if (!configuration_is_setting(entry->name))
        say_failed(tool, entry->name, SKA_R_BAD_CONFIGURATION,
                   "unknown: is it misspelt, or of another version?");
    else if (!ska_settings_set(&tool->configuration.settings, entry->name, entry->value, &quiet))
        say_captured(tool, entry->name, &capture);
}

static void check_entries(struct tool *tool)
{
    const STACK_OF(CONF_VALUE) *entries = configuration_entries(&tool->configuration);
    const struct ska_settings *settings = &tool->configuration.settings;

    for (int i = 0; entries != NULL && i < sk_CONF_VALUE_num(entries); i++)
        check_entry(tool, sk_CONF_VALUE_value(entries, i));
    if (settings->payload_set)
        say_ok("payload", settings->payload == SKA_PAYLOAD_MESSAGE ? "message" : "digest");
}

/* ---- The HSM --------------------------------------------------------------------------------- */

static void check_pin_file(const char *source)
{
    const char *path = strncmp(source, "file:", 5) == 0 ? source + 5 : source;
    struct stat status;

    /* Whether it can be read at all, the login tells. */
    if (stat(path, &status) == 0 && (status.st_mode & 077) != 0)
        say("warning", "pin-source", "others may read or change the file: chmod 600");
}

static bool check_module(struct tool *tool, const char *path)
{
    struct report_capture capture = {0};
    struct ska_errors quiet = report_capture_errors(&capture);
    struct hsm_module *module = NULL;
    char *details = NULL;

    if (!hsm_module_open(path, &module, &quiet)) {
        say_captured(tool, "pkcs11-module", &capture);
        return false;
    }
    if (asprintf(&details, "%s, made by %s", path, hsm_module_manufacturer(module)) >= 0) {
        say_ok("pkcs11-module", details);
        free(details);
    }
    if (hsm_module_supports_ska(module, &quiet))
        say_ok("SKA calls", "can be made");
    else
        say_captured(tool, "SKA calls", &capture);
    return true;
}

static bool try_timestamp(struct tool *tool, struct hsm_key *key, const char *label,
                          uint64_t *seconds, const struct ska_errors *errors)
{
    static const uint8_t payload[] = "check-config";
    struct ska_made_timestamp made;
    bool done = false;

    memset(&made, 0, sizeof(made));
    done = ska_hsm_timestamp(tool->libctx, key, label, SKA_OPERATION_SIGN,
                             ska_span(payload, sizeof(payload) - 1), &made, errors);
    *seconds = made.seconds;
    ska_made_timestamp_clear(&made);
    return done;
}

/* It exists, it makes timestamps, and the HSM's clock is about right. */
static void check_timestamp_key(struct tool *tool, struct hsm_token *token)
{
    const char *label = tool->configuration.settings.timestamp_key;
    struct hsm_key_match match = {label, {NULL, 0}};
    struct report_capture capture = {0};
    struct ska_errors quiet = report_capture_errors(&capture);
    struct hsm_key *key = NULL;
    uint64_t seconds = 0;
    char shown[32];
    char *details = NULL;

    if (label == NULL) {
        say("-", "timestamp-key", "not set: keys whose rules have time limits cannot be used");
        return;
    }
    if (!hsm_key_find(token, &match, tool->libctx, &key, &quiet) ||
        !try_timestamp(tool, key, label, &seconds, &quiet)) {
        say_captured(tool, "timestamp-key", &capture);
    } else if (asprintf(&details, "%s, the HSM's clock says %s", label,
                        ska_time_text(seconds, shown)) >= 0) {
        say_ok("timestamp-key", details);
        free(details);
        if (llabs((long long)seconds - (long long)time(NULL)) > CLOCK_TOLERANCE)
            say("warning", "timestamp-key",
                "the HSM's clock differs from this machine's: times are foretold by the HSM's");
    }
    hsm_key_free(key);
}

static void check_token(struct tool *tool, const struct hsm_defaults *defaults)
{
    const struct hsm_uri uri = {0};
    struct report_capture capture = {0};
    struct ska_errors quiet = report_capture_errors(&capture);
    struct hsm_token *token = NULL;

    if (!hsm_locate(&uri, defaults, &token, &quiet)) {
        say_captured(tool, "token", &capture);
        return;
    }
    say_ok("token", hsm_token_label(token));
    if (defaults->pin_source != NULL)
        check_pin_file(defaults->pin_source);
    if (!hsm_locate_login(token, &uri, defaults, terminal_pin, NULL, &quiet)) {
        say_captured(tool, "login", &capture);
        return;
    }
    say_ok("login", "as user");
    check_timestamp_key(tool, token);
}

static void check_hsm(struct tool *tool)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const struct hsm_defaults defaults = {settings->pkcs11_module, settings->token,
                                          settings->pin_source};

    if (settings->pkcs11_module == NULL) {
        say("-", "pkcs11-module", "not set: each URI must have module-path");
        return;
    }
    if (!check_module(tool, settings->pkcs11_module))
        return;
    if (settings->token == NULL)
        say("-", "token", "not set: each URI must name one, unless there is only one");
    check_token(tool, &defaults);
}

/* ---- The rest -------------------------------------------------------------------------------- */

static void check_directory(struct tool *tool)
{
    const char *path = tool->configuration.settings.approvals_dir;
    struct report_capture capture = {0};
    struct ska_errors quiet = report_capture_errors(&capture);
    struct ska_directory *directory = NULL;

    if (path == NULL)
        return;
    if (!ska_directory_open(path, &directory, &quiet))
        say_captured(tool, "approvals-dir", &capture);
    else if (access(path, R_OK | W_OK | X_OK) != 0)
        say_failed(tool, "approvals-dir", SKA_R_DIRECTORY_UNSAFE,
                   "this user cannot write there: requests cannot be left");
    else
        say_ok("approvals-dir", path);
    ska_directory_close(directory);
}

bool check_config_command(struct tool *tool, int argc, char **argv)
{
    const struct option_entry options[] = {OPTION_CONFIG(tool), OPTION_END};
    const struct command_line line = {
        .usage = "[--config FILE]",
        .help = "Reads the configuration as this user and tries module, token, login, the\n"
                "timestamp key and the approvals directory. Each gets a line: ok, warning, FAILED, "
                "or - for what is\n"
                "not set.",
        .options = options,
    };

    if (!options_parse(tool, &line, argc, argv))
        return false;
    if (!check_file(tool))
        return false;
    check_activation(&tool->configuration);
    check_entries(tool);
    check_hsm(tool);
    check_directory(tool);
    return tool->report.status == 0;
}
