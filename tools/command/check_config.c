/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: the configuration, tried out as the user who runs it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/certificate_end.h"
#include "tools/certificate_file.h"
#include "tools/command/check.h"
#include "tools/command/plan.h"
#include "tools/options.h"
#include "tools/show/text.h"

#define OTHER_FILE "name another file with OPENSSL_CONF or --config"

/* ---- The file -------------------------------------------------------------------------------- */

static void check_no_file(struct tool *tool)
{
    if (configuration_is_none(&tool->configuration))
        check_failed(tool, "file", SKA_R_BAD_CONFIGURATION,
                     "OPENSSL_CONF is empty: no configuration is read; name a file with it or "
                     "with --config");
    else
        check_failed(tool, "file", SKA_R_BAD_CONFIGURATION, "%s does not exist: " OTHER_FILE,
                     tool->configuration.path);
}

static bool check_config_file(struct tool *tool)
{
    struct configuration *configuration = &tool->configuration;
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    char missing[512];

    if (!configuration_open(configuration, tool->config_path, &quiet)) {
        check_captured(tool, "file", &capture);
        return false;
    }
    if (configuration->conf == NULL) {
        check_no_file(tool);
        return false;
    }
    check_ok("file", "%s", configuration->path);
    if (configuration->section == NULL) {
        configuration_missing(configuration, missing, sizeof(missing));
        check_failed(tool, "section", SKA_R_BAD_CONFIGURATION,
                     "the provider is not in %s: %s. Correct the file, or " OTHER_FILE,
                     configuration->path, missing);
        return false;
    }
    if (configuration_entries(configuration) == NULL) {
        check_failed(tool, "section", SKA_R_BAD_CONFIGURATION,
                     "there is no section [%s], which the line %s = %s names",
                     configuration->section, configuration->name, configuration->section);
        return false;
    }
    check_ok("section", "%s", configuration->section);
    return true;
}

static void warn_of_inactive(void *arg, const char *fault)
{
    (void)arg;
    check_warning("activate", "%s", fault);
}

static void check_provider(struct tool *tool)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    char *path = NULL;

    if (configuration_try_module(&tool->configuration, &path, &quiet))
        check_ok("module", "%s", path);
    else
        check_failed(tool, "module", capture.reason, "%s", ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    free(path);
}

static void check_unknown(struct tool *tool, const char *name)
{
    struct ska_buffer known = {0};

    configuration_suggest_setting(name, &known);
    check_failed(tool, name, SKA_R_BAD_CONFIGURATION, "unknown; %s", ska_buffer_string(&known));
    ska_buffer_free(&known);
}

static void check_entry(struct tool *tool, const CONF_VALUE *entry)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);

    if (configuration_is_libcrypto(entry->name))
        return;
    if (!configuration_is_known(entry->name))
        check_unknown(tool, entry->name);
    else if (!ska_settings_set(&tool->configuration.settings, entry->name, entry->value, &quiet))
        check_captured(tool, entry->name, &capture);
}

static void check_entries(struct tool *tool)
{
    const STACK_OF(CONF_VALUE) *entries = configuration_entries(&tool->configuration);
    const struct ska_settings *settings = &tool->configuration.settings;
    static const char *const progress[] = {
        [SKA_PROGRESS_AUTO] = NULL, [SKA_PROGRESS_YES] = "yes", [SKA_PROGRESS_NO] = "no"};
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);

    for (int i = 0; entries != NULL && i < sk_CONF_VALUE_num(entries); i++)
        check_entry(tool, sk_CONF_VALUE_value(entries, i));
    if (!ska_settings_check(settings, &quiet))
        check_captured(tool, "settings", &capture);
    if (settings->payload_set)
        check_ok("payload", "%s", settings->payload == SKA_PAYLOAD_MESSAGE ? "message" : "digest");
    if (progress[settings->progress] != NULL)
        check_ok("progress", "%s", progress[settings->progress]);
}

struct certs_check {
    struct tool *tool;
    bool said;
};

static void say_certificate_end(void *arg, bool is_missed, const char *sentence)
{
    struct certs_check *check = arg;

    check->said = true;
    check_certificate_end(check->tool, "certs", is_missed, sentence);
}

/* Those that no configuration names: of CAs, a seal, a time-stamp authority. NULL: there are none.
 */
static STACK_OF(X509) * check_certs(struct tool *tool, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    STACK_OF(X509) *known = path == NULL ? NULL : certificate_file_read(tool->libctx, path, &quiet);
    struct certs_check check = {tool, false};
    const struct certificate_ends ends = {time(NULL), known, say_certificate_end, &check};

    if (path == NULL)
        return NULL;
    if (known == NULL) {
        check_captured(tool, "certs", &capture);
        return NULL;
    }
    certificate_ends_say_known(&ends);
    if (!check.said)
        check_ok("certs", "%s", path);
    return known;
}

struct check_options {
    const char *key;
    const char *certs;
    const char *policy;
    const char *user;
    bool plan;
    bool sam;
    bool json;
};

static void check_config(struct tool *tool, const struct check_options *wanted)
{
    STACK_OF(X509) *known = NULL;

    configuration_say_inactive(&tool->configuration, warn_of_inactive, NULL);
    check_provider(tool);
    check_entries(tool);
    known = check_certs(tool, wanted->certs);
    check_hsm(tool, wanted->key, known);
    check_approvals(tool);
    check_audit_log(tool);
    check_start(tool);
    certificates_free(known);
}

/* What monitoring calls UNKNOWN. */
#define STATUS_NO_RESULT 3

static bool check_config_json(struct tool *tool, const struct check_options *wanted)
{
    check_begin_json();
    if (check_config_file(tool))
        check_config(tool, wanted);
    if (check_end_json(tool))
        return true;
    tool->report.status = STATUS_NO_RESULT;
    return false;
}

/* Abbreviated too, as getopt_long() takes it; also where the options are wrong, as in --json=1. */
static bool asks_for_json(char **argv)
{
    for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
        size_t length = strcspn(*argv, "=");

        if (length > 2 && strncmp("--json", *argv, length) == 0)
            return true;
    }
    return false;
}

/* Settings that are wrong are not passed over; unknown ones are in the plan. */
static bool apply_and_plan(struct tool *tool, const struct check_options *wanted)
{
    return configuration_take(&tool->configuration, &tool->errors) &&
           plan_config(tool, wanted->key, wanted->policy, wanted->user, wanted->sam);
}

static bool check_options_fit(struct tool *tool, const struct check_options *wanted)
{
    if (!wanted->plan && (wanted->policy != NULL || wanted->user != NULL || wanted->sam))
        return options_wrong(tool, "--policy, --sam and --user need --plan");
    if (wanted->plan && wanted->json)
        return options_wrong(tool, "--json cannot be used with --plan");
    if (wanted->plan && wanted->certs != NULL)
        return options_wrong(tool, "--certs cannot be used with --plan");
    return true;
}

bool check_config_command(struct tool *tool, int argc, char **argv)
{
    struct check_options wanted = {0};
    const struct option_entry options[] = {
        OPTION_TEXT("key", "URI", "also look for this key", &wanted.key),
        OPTION_TEXT("certs", "FILE", "also check these certificates: CAs, a seal's", &wanted.certs),
        OPTION_FLAG(
            "json",
            "as JSON, for monitoring; other exit statuses: 0 ok, 1 warning, 2 failed, 3 no result",
            &wanted.json),
        OPTION_FLAG("plan", "show what still has to be prepared, and how", &wanted.plan),
        OPTION_TEXT("policy", "FILE", "with --plan: for keys with this policy", &wanted.policy),
        OPTION_FLAG("sam", "with --plan: for a partition in SAM mode", &wanted.sam),
        OPTION_TEXT("user", "NAME", "with --plan: the user who will use the keys", &wanted.user),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--key URI] [--certs FILE] [--json] [--config FILE]\n"
                 "       skatool check-config --plan [--key URI] [--policy FILE] [--sam]\n"
                 "                            [--user NAME] [--config FILE]",
        .help = "Reads the configuration as this user and tries what it names: the provider's\n"
                "module, the PKCS#11 module, token, login, timestamp key, or the broker; the\n"
                "approvals directory, agents, audit log and log. Each gets a line: ok, warning,\n"
                "FAILED, or - for what is not set. The exit status is 0 if nothing has failed,\n"
                "with warnings too, else that of the worst failure.\n"
                "\n"
                "With --plan it says for each of these, and for what only the HSM's officers\n"
                "see, whether it is done, to do, or to ask about, and shows commands that do\n"
                "it.",
        .options = options,
    };

    if (!options_parse(tool, &line, argc, argv) || !check_options_fit(tool, &wanted)) {
        if (asks_for_json(argv) && !tool->help_shown)
            tool->report.status = STATUS_NO_RESULT;
        return false;
    }
    if (wanted.json)
        return check_config_json(tool, &wanted);
    if (!check_config_file(tool))
        return false;
    if (wanted.plan)
        return apply_and_plan(tool, &wanted);
    check_config(tool, &wanted);
    return tool->report.status == 0;
}
