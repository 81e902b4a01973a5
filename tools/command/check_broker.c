/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: the broker.
 */
#include <sys/stat.h>

#include "provider/keys/find_key.h"
#include "provider/tsb/broker_key.h"
#include "provider/tsb/service.h"
#include "tools/command/check.h"

static void check_secret_file(const char *what, const char *source)
{
    struct stat status;

    if (source == NULL)
        check_unset(what, "not set");
    else if (stat(source + sizeof("file:") - 1, &status) == 0 && (status.st_mode & 077) != 0)
        check_warning(what, "others may read or change the file: chmod 600");
}

static bool check_reachable(struct tool *tool, struct tsb_connection *connection)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct ska_bytes version = {NULL, 0};

    if (tsb_service_version(connection, &version, &quiet)) {
        check_ok("tsb-url", "%s, version %s", tsb_connection_url(connection),
                 (const char *)version.data);
    } else if (capture.reason == SKA_R_SERVER_FAILURE) {
        /* It answers; nobody needs an API key of the kind that tells versions. */
        check_warning("tsb-url", "%s", ska_error_capture_text(&capture));
        ska_error_capture_clear(&capture);
    } else {
        check_captured(tool, "tsb-url", &capture);
        return false;
    }
    ska_bytes_free(&version);
    return true;
}

static void check_licence(struct tsb_connection *connection)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct tsb_licence licence;

    if (!tsb_service_licence(connection, &licence, &quiet)) {
        check_warning("licence", "%s", ska_error_capture_text(&capture));
        ska_error_capture_clear(&capture);
        return;
    }
    if (licence.key_auth && licence.rest_api && licence.tsb_engine)
        check_ok("licence", "KEY_AUTH, REST_API, TSB_ENGINE");
    if (!licence.key_auth)
        check_warning("licence", "without KEY_AUTH: no keys with rules");
    if (!licence.rest_api)
        check_warning("licence", "without REST_API: no signatures at once, with ordinary keys, "
                                 "empty rules and bundles");
    if (!licence.tsb_engine)
        check_warning("licence", "without TSB_ENGINE: no request waits for approvers");
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

    check_secret_file("tsb-token-source", settings->tsb_token_source);
    check_secret_file("tsb-api-key-source", settings->tsb_api_key_source);
    if (!tsb_connection_find(settings, NULL, &connection, &quiet))
        check_captured(tool, "tsb-url", &capture);
    else if (check_reachable(tool, connection)) {
        check_licence(connection);
        check_api_keys(tool, connection);
    }
}
