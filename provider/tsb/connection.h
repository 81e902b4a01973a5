/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker, and what it is reached by.
 */
#ifndef SKA_TSB_CONNECTION_H
#define SKA_TSB_CONNECTION_H

#include "provider/base/settings.h"

/* Kept as long as the process lives; for any thread, and after a fork. */
struct tsb_connection;

/*
 * The connection to a URL; NULL: that of the settings. Token, API keys, client certificate and
 * passwords of the settings are for the URL of the settings and no other. Nobody is called yet.
 * SKA_R_BAD_CONFIGURATION, SKA_R_FILE_FAILURE, SKA_R_UNSUPPORTED (built without HTTP).
 */
bool tsb_connection_find(const struct ska_settings *settings, const char *url,
                         struct tsb_connection **connection,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

const char *tsb_connection_url(const struct tsb_connection *connection);

/* The kinds of API keys that there are; each opens calls of its own. */
enum tsb_api { TSB_KEY_MANAGEMENT, TSB_KEY_OPERATION, TSB_APPROVER, TSB_SERVICE, TSB_API_COUNT };

/* The number of the API key that was taken last for calls of a kind. */
size_t tsb_connection_good_key(const struct tsb_connection *connection, enum tsb_api api);
void tsb_connection_note_key(struct tsb_connection *connection, enum tsb_api api, size_t number);

struct ska_http *tsb_connection_http(const struct tsb_connection *connection);

/* Paths of the files that secrets are in; NULL: none. */
struct tsb_sources {
    const char *token;
    const char *api_keys;
    const char *key_password;
};
const struct tsb_sources *tsb_connection_sources(const struct tsb_connection *connection);

#endif
