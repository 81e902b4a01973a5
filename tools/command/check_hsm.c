/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: the HSM.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "provider/hsm/module.h"
#include "provider/hsm/token.h"
#include "provider/keys/find_key.h"
#include "provider/sign/explain.h"
#include "provider/sign/hsm_time.h"
#include "provider/rule/window.h"
#include "tools/certificate_end.h"
#include "tools/command/check.h"
#include "tools/key_certificates.h"

/* Seconds by which the clocks of HSM and machine may differ without a word. */
#define CLOCK_TOLERANCE 60

static void check_pin_file(const char *source)
{
    const char *path = hsm_pin_path(source);
    struct stat status;

    if (strncmp(source, "file:", 5) != 0)
        return; /* a command or a variable */
    if (path[0] != '/')
        check_relative("pin-source", hsm_pin_path_shown(path));
    /* Whether it can be read at all, the login tells. */
    if (stat(path, &status) == 0 && (status.st_mode & 077) != 0)
        check_warning("pin-source", "others may read or change the file: chmod 600");
}

static void check_listed_pin_file(const char *path)
{
    const char *shown = hsm_pin_path_shown(path);
    struct stat status;

    if (stat(path, &status) != 0)
        check_warning("pin-sources", "%s: %s", shown, strerror(errno));
    else if ((status.st_mode & 077) != 0)
        check_warning("pin-sources", "%s: others may read or change the file: chmod 600", shown);
    else
        check_ok("pin-sources", "%s, which key references may name", shown);
}

static void check_pin_sources(struct tool *tool)
{
    const char *list = tool->configuration.settings.pin_sources;

    while (list != NULL) {
        struct ska_bytes path = {NULL, 0};

        if (ska_bytes_copy(&path, ska_settings_next_pin_source(&list), &tool->errors))
            check_listed_pin_file((const char *)path.data);
        ska_bytes_free(&path);
    }
}

static bool check_module(struct tool *tool, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct hsm_module *module = NULL;

    /* A name without a slash is looked for where libraries are. */
    if (strchr(path, '/') != NULL)
        check_relative("pkcs11-module", path);
    if (!hsm_module_open(path, tool->configuration.settings.pkcs11_init_args, &module, &quiet)) {
        check_captured(tool, "pkcs11-module", &capture);
        return false;
    }
    check_ok("pkcs11-module", "%s, made by %s", path, hsm_module_manufacturer(module));
    if (hsm_module_supports_ska(module, &quiet))
        check_ok("SKA calls", "can be made");
    else /* as it should be where there are ordinary keys only */
        check_warning("SKA calls", "only ordinary keys can be used: %s",
                      ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    return true;
}

/* Time limits are the HSM's, and people go by their own clocks. */
static void check_clock(long long ahead)
{
    if (llabs(ahead) > CLOCK_TOLERANCE)
        check_warning(
            "clock",
            "the HSM's clock is %lld seconds %s this computer's. Time limits count by the "
            "HSM's: by this computer's clock they begin and end that much %s",
            llabs(ahead), ahead > 0 ? "ahead of" : "behind", ahead > 0 ? "early" : "late");
}

/* It exists, it makes timestamps, and the HSM's clock is about right. */
static void check_timestamp_key(struct tool *tool, struct hsm_token *token)
{
    const char *label = tool->configuration.settings.timestamp_key;
    struct hsm_key_match match = {ska_span_text(label), {NULL, 0}};
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct backend_key *key = NULL;
    uint64_t seconds = 0;
    char shown[SKA_TIME_SHOWN_SIZE];

    if (label == NULL) {
        check_unset("timestamp-key", "not set: keys whose rules have time limits cannot be used");
        return;
    }
    if (!hsm_key_find(token, &match, tool->libctx, &key, &quiet) ||
        !ska_hsm_now(key, label, &seconds, &quiet)) {
        check_captured(tool, "timestamp-key", &capture);
    } else {
        check_ok("timestamp-key", "%s, the HSM's clock says %s", label,
                 ska_time_shown(seconds, shown));
        check_clock((long long)seconds - (long long)time(NULL));
    }
    backend_key_free(key);
}

static void check_hsm_token(struct tool *tool, const struct hsm_defaults *defaults)
{
    const struct hsm_uri uri = {0};
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct hsm_look_up wanted;
    struct hsm_token *token = NULL;

    if (!hsm_locate(&uri, defaults, &token, &quiet)) {
        if (defaults->token == NULL && capture.reason == SKA_R_TOKEN_AMBIGUOUS)
            ska_error_capture_clear(&capture); /* said already */
        else
            check_captured(tool, "token", &capture);
        return;
    }
    check_ok("token", "%s", hsm_token_label(token));
    check_pin_sources(tool);
    if (defaults->pin_source != NULL)
        check_pin_file(defaults->pin_source);
    else
        check_unset("pin-source", "not set: a person is asked for the PIN, unless the URI has one");
    wanted = tool_look_up(&uri, defaults);
    if (!hsm_token_login(token, &wanted.source, &quiet)) {
        check_captured(tool, "login", &capture);
        return;
    }
    check_ok("login", "logged in");
    check_timestamp_key(tool, token);
}

static void say_key_certificate_end(void *tool, bool is_missed, const char *sentence)
{
    check_certificate_end(tool, "key", is_missed, sentence);
}

static void check_key_state(struct tool *tool, struct backend_key *key,
                            const struct certificate_ends *ends)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct backend_key_state state = {0};

    if (!backend_key_is_ska(key))
        return;
    if (!backend_key_state(key, &state, &quiet) ||
        (state.blocked == BACKEND_YES && !ska_check_not_blocked(key, &quiet)))
        check_captured(tool, "key", &capture);
    certificate_ends_say_encoded(ends, state.rules);
    backend_key_state_clear(&state);
}

/*
 * Whether it is there and not blocked, what of its URI says nothing to us, and until when its
 * approvers can approve.
 */
static void check_key_uri(struct tool *tool, const char *text, const struct hsm_defaults *defaults,
                          STACK_OF(X509) * known)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct hsm_look_up wanted = {0};
    struct hsm_uri *uri = NULL;
    struct backend_key *key = NULL;
    const struct certificate_ends ends = {time(NULL), known, say_key_certificate_end, tool};

    if (!hsm_uri_parse(text, &uri, &quiet)) {
        check_captured(tool, "key", &capture);
        return;
    }
    if (uri->ignored != NULL)
        check_warning("key", "the URI has attributes that are ignored: %s", uri->ignored);
    wanted = tool_look_up(uri, defaults);
    if (!keys_find(&tool->configuration.settings, &wanted, tool->libctx, &key, &quiet))
        check_captured(tool, "key", &capture);
    else if (backend_key_token_label(key)[0] == 0)
        check_ok("key", "label \"%s\"", backend_key_label(key));
    else
        check_ok("key", "label \"%s\" on token \"%s\"", backend_key_label(key),
                 backend_key_token_label(key));
    if (key != NULL) {
        key_certificates_say_ends(tool, uri, key, &ends);
        check_key_state(tool, key, &ends);
    }
    hsm_uri_free(uri);
    backend_key_free(key);
}

/* False: there is no use in looking for keys. */
static bool check_tokens(struct tool *tool, const struct hsm_defaults *defaults)
{
    const struct ska_settings *settings = &tool->configuration.settings;

    if (settings->pkcs11_module == NULL) {
        check_failed(tool, "pkcs11-module", SKA_R_BAD_CONFIGURATION,
                     "not set, nor is tsb-url: keys are found only by URIs with module-path=PATH");
        return false;
    }
    if (!check_module(tool, settings->pkcs11_module))
        return false;
    if (settings->token == NULL)
        check_unset("token", "not set: each URI must name one, unless there is only one");
    check_hsm_token(tool, defaults);
    return true;
}

void check_hsm(struct tool *tool, const char *key, STACK_OF(X509) * known)
{
    const struct hsm_defaults defaults = tool_defaults(tool);

    if (tool->configuration.settings.tsb_url != NULL)
        check_broker(tool);
    else if (!check_tokens(tool, &defaults))
        return;
    if (key != NULL)
        check_key_uri(tool, key, &defaults, known);
}
