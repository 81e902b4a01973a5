/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/place_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/error_capture.h"
#include "provider/base/printable.h"
#include "tools/directory_place.h"
#include "tools/options.h"
#include "tools/task_place.h"
#include "tools/ticket_place.h"

bool place_is_named(const struct place_options *options)
{
    return options->directory != NULL || options->tsb != NULL;
}

bool place_is_configured(struct tool *tool)
{
    const struct ska_settings *settings = &tool->configuration.settings;

    return tool_configure(tool) && (settings->approvals_dir != NULL || settings->tsb_url != NULL);
}

/* ---- A broker -------------------------------------------------------------------------------- */

static const char api_keys[] = "tsb-api-key-source";

struct broker_setting {
    const char *name;
    const char *option;     /* NULL: none */
    const char *given;      /* on the command line */
    const char *configured; /* NULL: none, or not for this broker */
};

/* As check-config does for a configuration. That it is not there is told by who reads it. */
static void warn_of_readers(const char *path)
{
    char word[SKA_SHELL_WORD_SIZE];
    struct stat status;

    if (stat(path, &status) == 0 && (status.st_mode & S_IROTH) != 0)
        report_warning("%s has API keys, and every user of this computer can read it: chmod go= %s",
                       path, ska_shell_word(path, word));
}

/* What is wrong is said of the option, not of the setting that it stands for. */
static bool set_option(const struct broker_setting *wanted, const char *value,
                       struct ska_settings *settings, const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    const size_t begin = strlen(wanted->name) + strlen(": ");
    bool done = ska_settings_set(settings, wanted->name, value, &quiet);

    if (!done && failure.reason == SKA_R_BAD_CONFIGURATION &&
        strlen(ska_error_capture_text(&failure)) > begin)
        ska_fail(errors, SKA_R_WRONG_USE, "%s: %s", wanted->option,
                 ska_error_capture_text(&failure) + begin);
    else if (!done)
        ska_error_capture_raise(&failure, errors);
    ska_error_capture_clear(&failure);
    return done;
}

/* The settings want whole paths, since a program may change its directory; people have a shell. */
static bool set_given(const struct broker_setting *wanted, struct ska_settings *settings,
                      const struct ska_errors *errors)
{
    static const char begin[] = "file:";
    const char *path = wanted->given + strlen(begin);
    bool relative = strncmp(wanted->given, begin, strlen(begin)) == 0 && path[0] != '/';
    char *whole = relative ? realpath(path, NULL) : NULL;
    struct ska_buffer text = {0};
    bool done = false;

    /* What was given instead may be an API key, so it is not repeated. */
    if (strcmp(wanted->name, api_keys) == 0 && strncmp(wanted->given, begin, strlen(begin)) != 0)
        return ska_fail(errors, SKA_R_WRONG_USE, "--%s: file:FILE expected", api_keys);
    if (strcmp(wanted->name, api_keys) == 0)
        warn_of_readers(path);
    if (relative && whole == NULL)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    if (whole == NULL)
        return set_option(wanted, wanted->given, settings, errors);
    ska_buffer_format(&text, "%s%s", begin, whole);
    done = text.failed ? ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a path")
                       : set_option(wanted, ska_buffer_string(&text), settings, errors);
    ska_buffer_free(&text);
    free(whole);
    return done;
}

static bool set_broker(const struct broker_setting *wanted, size_t count,
                       struct ska_settings *settings, const struct ska_errors *errors)
{
    for (size_t i = 0; i < count; i++) {
        if (wanted[i].given != NULL && !set_given(&wanted[i], settings, errors))
            return false;
        if (wanted[i].given == NULL && wanted[i].configured != NULL &&
            !ska_settings_set(settings, wanted[i].name, wanted[i].configured, errors))
            return false;
    }
    return true;
}

/* What is secret in the configuration is for the broker that it names, and for no other. */
static bool set_rest(const struct tool *tool, const struct place_options *options,
                     struct ska_settings *settings)
{
    const struct ska_settings *ours = &tool->configuration.settings;
    const char *url = settings->tsb_url;
    bool same = ours->tsb_url != NULL && strcmp(ours->tsb_url, url) == 0;
    const struct broker_setting wanted[] = {
        {"tsb-ca", "--tsb-ca", options->tsb_ca, ours->tsb_ca},
        {"tsb-proxy", NULL, NULL, ours->tsb_proxy},
        {"tsb-proxy-source", NULL, NULL, ours->tsb_proxy_source},
        {api_keys, "--tsb-api-key-source", options->tsb_api_keys,
         same ? ours->tsb_api_key_source : NULL},
        {"tsb-token-source", NULL, NULL, same ? ours->tsb_token_source : NULL},
        {"tsb-client-cert", NULL, NULL, same ? ours->tsb_client_cert : NULL},
        {"tsb-client-key", NULL, NULL, same ? ours->tsb_client_key : NULL}};

    return set_broker(wanted, sizeof(wanted) / sizeof(wanted[0]), settings, &tool->errors);
}

static bool make_settings(const struct tool *tool, const struct place_options *options,
                          struct ska_settings *settings)
{
    const struct broker_setting url = {"tsb-url", "--tsb", options->tsb,
                                       tool->configuration.settings.tsb_url};

    memset(settings, 0, sizeof(*settings));
    return set_broker(&url, 1, settings, &tool->errors) && set_rest(tool, options, settings);
}

static bool open_broker(struct tool *tool, const struct place_options *options,
                        const struct place_key *key, struct request_place **place)
{
    struct ska_settings settings;
    bool done = false;

    done = make_settings(tool, options, &settings) &&
           (key != NULL ? task_place_open(tool, &settings, key, place)
                        : ticket_place_open(tool, &settings, options->may_answer, place));
    ska_settings_clear(&settings);
    return done;
}

/* ---- Which ----------------------------------------------------------------------------------- */

static bool check_options(struct tool *tool, const struct place_options *options)
{
    if (options->directory != NULL &&
        (options->tsb != NULL || options->tsb_ca != NULL || options->tsb_api_keys != NULL))
        return options_wrong(tool, "--dir and --tsb cannot be used together");
    return tool_configure(tool);
}

bool place_open(struct tool *tool, const struct place_options *options, const struct place_key *key,
                struct request_place **place)
{
    const struct ska_settings *settings = &tool->configuration.settings;

    if (options->directory != NULL && options->tsb == NULL && options->tsb_ca == NULL &&
        options->tsb_api_keys == NULL)
        return directory_place_open(tool, options->directory, place);
    if (!check_options(tool, options))
        return false;
    if (options->tsb != NULL || settings->tsb_url != NULL)
        return open_broker(tool, options, key, place);
    if (settings->approvals_dir != NULL)
        return directory_place_open(tool, settings->approvals_dir, place);
    return options_wrong(tool, "--dir is missing, and the configuration has no approvals-dir");
}
