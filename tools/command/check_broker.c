/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: the broker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>

#include "provider/keys/find_key.h"
#include "provider/tsb/broker_key.h"
#include "provider/tsb/client_pair.h"
#include "provider/tsb/service.h"
#include "tools/certificate_end.h"
#include "tools/certificate_file.h"
#include "tools/command/check.h"

static void check_secret_file(struct tool *tool, const char *what, const char *source)
{
    const char *path = source == NULL ? NULL : source + strlen("file:");
    struct stat status;

    if (source == NULL)
        check_unset(what, "not set");
    else if (stat(path, &status) != 0)
        check_failed(tool, what, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    else if ((status.st_mode & 077) != 0)
        check_warning(what, "others may read or change the file: chmod 600");
    else
        check_ok(what, "%s", path);
}

static void check_text(const char *what, const char *text)
{
    if (text == NULL)
        check_unset(what, "not set");
    else
        check_ok(what, "%s", text);
}

/* How much of a file of certificates must be valid. */
enum certificates_needed { NEEDS_FIRST /* it is ours, others are above it */, NEEDS_ANY };

struct certificates_check {
    struct tool *tool;
    const char *what;
    const char *path;
    bool useless;
    bool said;
};

static void say_end(void *arg, bool is_missed, const char *sentence)
{
    struct certificates_check *check = arg;

    (void)is_missed; /* a CA among several may be */
    check->said = true;
    if (check->useless)
        check_failed(check->tool, check->what, SKA_R_BAD_CONFIGURATION, "%s: %s", check->path,
                     sentence);
    else
        check_warning(check->what, "%s: %s", check->path, sentence);
}

static void check_certificates_of(struct tool *tool, const char *what, const char *path,
                                  enum certificates_needed needed, STACK_OF(X509) * certificates)
{
    struct certificates_check check = {tool, what, path, true, false};
    const struct certificate_ends ends = {time(NULL), certificates, say_end, &check};
    const int looked_at = needed == NEEDS_FIRST ? 1 : sk_X509_num(certificates);

    for (int i = 0; i < looked_at; i++)
        if (certificate_end_is_valid(certificate_end(sk_X509_value(certificates, i), ends.now)))
            check.useless = false;
    certificate_ends_say_known(&ends);
    if (!check.said)
        check_ok(what, "%s", path);
}

static void check_certificates(struct tool *tool, const char *what, const char *path,
                               enum certificates_needed needed)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    STACK_OF(X509) *certificates =
        path == NULL ? NULL : certificate_file_read(tool->libctx, path, &quiet);

    if (path == NULL)
        check_unset(what, "not set");
    else if (certificates == NULL)
        check_failed(tool, what, SKA_R_BAD_CONFIGURATION, "%s", ska_error_capture_text(&capture));
    else
        check_certificates_of(tool, what, path, needed, certificates);
    ska_error_capture_clear(&capture);
    certificates_free(certificates);
}

static bool check_client_pair(struct tool *tool)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const char *key = settings->tsb_client_key;
    const char *source = settings->tsb_key_password_source;
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct ska_bytes password = {NULL, 0};
    bool fits =
        tsb_client_password(key, source == NULL ? NULL : source + strlen("file:"), &password,
                            &quiet) &&
        tsb_client_pair_fits(settings->tsb_client_cert, key, (const char *)password.data, &quiet);

    ska_bytes_clear_free(&password);
    if (!fits)
        check_captured(tool, "tsb-client-key", &capture);
    return fits;
}

/* False: with it no broker can be called. */
static bool check_client_key(struct tool *tool)
{
    const char *path = tool->configuration.settings.tsb_client_key;
    struct ska_buffer source = {0};

    if (!check_client_pair(tool))
        return false;
    if (path != NULL)
        ska_buffer_format(&source, "file:%s", path);
    check_secret_file(tool, "tsb-client-key", path == NULL ? NULL : ska_buffer_string(&source));
    ska_buffer_free(&source);
    return true;
}

/* Seconds by which clocks may differ without a word, and a broker takes approvers' times. */
#define CLOCK_TOLERANCE 60
#define CLOCK_WINDOW 600

/* Approvers show who they are by signing their time. */
static void check_clock(int64_t broker)
{
    long long ahead = (long long)broker - (long long)time(NULL);
    bool refuses = ahead < 0 || ahead > CLOCK_WINDOW;

    if (broker < 0)
        check_unset("clock", "the broker does not say what time it is");
    else if (llabs(ahead) <= CLOCK_TOLERANCE)
        check_ok("clock", "the broker's and this computer's agree");
    else
        check_warning(
            "clock",
            "the broker's clock is %lld seconds %s this computer's: the broker's counts for time "
            "limits%s",
            llabs(ahead), ahead < 0 ? "behind" : "ahead of",
            refuses ? ", and approvers whose clocks agree with this one are refused" : "");
}

static bool check_reachable(struct tool *tool, struct tsb_connection *connection)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct ska_bytes version = {NULL, 0};
    int64_t time = -1;

    switch (tsb_service_version(connection, &version, &time, &quiet)) {
    case TSB_SERVICE_TOLD:
        check_ok("tsb-url", "%s, version %s", tsb_connection_url(connection),
                 (const char *)version.data);
        break;
    case TSB_SERVICE_NOT_US:
        check_ok("tsb-url", "%s", tsb_connection_url(connection));
        break;
    case TSB_SERVICE_FAILED:
        if (capture.reason != SKA_R_SERVER_FAILURE && capture.reason != SKA_R_ACCESS_REFUSED &&
            capture.reason != SKA_R_BROKER_REFUSED) {
            check_captured(tool, "tsb-url", &capture);
            return false;
        }
        /* It answers, and may do more than tell versions. */
        check_warning("tsb-url", "%s", ska_error_capture_text(&capture));
        ska_error_capture_clear(&capture);
        break;
    }
    ska_bytes_free(&version);
    check_clock(time);
    return true;
}

static void tell_licence(const struct tsb_licence *licence)
{
    if (licence->key_auth && licence->rest_api && licence->tsb_engine)
        check_ok("licence", "KEY_AUTH, REST_API, TSB_ENGINE");
    if (!licence->key_auth)
        check_warning("licence", "without KEY_AUTH: no keys with rules");
    if (!licence->rest_api)
        check_warning("licence", "without REST_API: no signatures at once, with ordinary keys, "
                                 "empty rules and bundles");
    if (!licence->tsb_engine)
        check_warning("licence", "without TSB_ENGINE: no request waits for approvers");
}

static void check_licence(struct tsb_connection *connection)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct tsb_licence licence;

    switch (tsb_service_licence(connection, &licence, &quiet)) {
    case TSB_SERVICE_TOLD:
        tell_licence(&licence);
        break;
    case TSB_SERVICE_NOT_US:
        check_unset(
            "licence",
            "not shown without an API key for the broker's service, which nothing else needs");
        break;
    case TSB_SERVICE_FAILED:
        check_warning("licence", "%s", ska_error_capture_text(&capture));
        ska_error_capture_clear(&capture);
        break;
    }
}

static bool count_label(void *count, struct ska_span label)
{
    (void)label;
    ++*(size_t *)count;
    return true;
}

static void check_api_keys(struct tool *tool, struct tsb_connection *connection)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    size_t count = 0;

    if (tsb_key_list(connection, count_label, &count, &quiet))
        check_ok("key management", "opened, %zu key%s", count, count == 1 ? "" : "s");
    else
        check_captured(tool, "key management", &capture);
    if (tsb_service_requests(connection, &quiet))
        check_ok("key operations", "opened");
    else
        check_captured(tool, "key operations", &capture);
}

void check_broker(struct tool *tool)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct tsb_connection *connection = NULL;
    bool identified = false;

    check_certificates(tool, "tsb-ca", settings->tsb_ca, NEEDS_ANY);
    check_certificates(tool, "tsb-client-cert", settings->tsb_client_cert, NEEDS_FIRST);
    identified = check_client_key(tool);
    check_secret_file(tool, "tsb-token-source", settings->tsb_token_source);
    check_secret_file(tool, "tsb-api-key-source", settings->tsb_api_key_source);
    check_secret_file(tool, "tsb-key-password-source", settings->tsb_key_password_source);
    check_text("tsb-proxy", settings->tsb_proxy);
    check_secret_file(tool, "tsb-proxy-source", settings->tsb_proxy_source);
    if (!identified)
        return;
    if (!tsb_connection_find(settings, NULL, &connection, &quiet))
        check_captured(tool, "tsb-url", &capture);
    else if (check_reachable(tool, connection)) {
        check_licence(connection);
        check_api_keys(tool, connection);
    }
}
