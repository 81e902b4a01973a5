/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/connection.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/http.h"
#include "provider/tsb/client_pair.h"
#include "provider/tsb/credentials.h"

/* What makes one connection another. */
enum part {
    PART_URL,
    PART_CA,
    PART_CLIENT_CERT,
    PART_CLIENT_KEY,
    PART_PROXY,
    PART_PROXY_SOURCE,
    PART_TOKEN,
    PART_API_KEYS,
    PART_KEY_PASSWORD,
    PART_COUNT
};

struct tsb_connection {
    struct tsb_connection *next;
    char *parts[PART_COUNT]; /* NULL: none */
    struct tsb_sources sources;
    struct ska_http *http;
    atomic_size_t good_keys[TSB_API_COUNT];
};

/* Entries are put before the others and stay: no lock, which a child could find closed. */
static _Atomic(struct tsb_connection *) connections;

/* ---- What it is to be reached by ------------------------------------------------------------- */

/* The path in "file:PATH". */
static const char *path_of(const char *source)
{
    return source == NULL ? NULL : source + strlen("file:");
}

static bool is_configured_url(const struct ska_settings *settings, const char *url)
{
    return settings->tsb_url != NULL && strcmp(settings->tsb_url, url) == 0;
}

/* Who else names a URL gets nothing of what is secret. */
static void choose_parts(const struct ska_settings *settings, const char *url,
                         const char *parts[PART_COUNT])
{
    memset(parts, 0, PART_COUNT * sizeof(*parts));
    parts[PART_URL] = url;
    parts[PART_CA] = settings->tsb_ca;
    parts[PART_PROXY] = settings->tsb_proxy;
    parts[PART_PROXY_SOURCE] = path_of(settings->tsb_proxy_source);
    if (!is_configured_url(settings, url))
        return;
    parts[PART_CLIENT_CERT] = settings->tsb_client_cert;
    parts[PART_CLIENT_KEY] = settings->tsb_client_key;
    parts[PART_TOKEN] = path_of(settings->tsb_token_source);
    parts[PART_API_KEYS] = path_of(settings->tsb_api_key_source);
    parts[PART_KEY_PASSWORD] = path_of(settings->tsb_key_password_source);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool has_parts(const struct tsb_connection *connection, const char *const parts[PART_COUNT])
{
    for (size_t i = 0; i < PART_COUNT; i++)
        if (!is_same_text(connection->parts[i], parts[i]))
            return false;
    return true;
}

/* ---- Making one ------------------------------------------------------------------------------ */

static void connection_free(struct tsb_connection *connection)
{
    ska_http_close(connection->http);
    for (size_t i = 0; i < PART_COUNT; i++)
        free(connection->parts[i]);
    free(connection);
}

/* A password has one purpose: that of the client's key is none of the broker's business. */
static bool read_client_password(struct tsb_connection *connection, struct ska_bytes *password,
                                 const struct ska_errors *errors)
{
    const char *key = connection->parts[PART_CLIENT_KEY];
    const char *source = connection->parts[PART_KEY_PASSWORD];

    connection->sources.key_password = tsb_client_key_is_encrypted(key) ? NULL : source;
    return tsb_client_password(key, source, password, errors);
}

static bool read_passwords(struct tsb_connection *connection, struct ska_bytes *client_key,
                           struct ska_bytes *proxy, const struct ska_errors *errors)
{
    const char *source = connection->parts[PART_PROXY_SOURCE];

    return read_client_password(connection, client_key, errors) &&
           (source == NULL || tsb_secret_read("tsb-proxy-source", source, proxy, errors));
}

static bool connection_open(struct tsb_connection *connection, const struct ska_errors *errors)
{
    struct ska_bytes client_key = {NULL, 0};
    struct ska_bytes proxy = {NULL, 0};
    struct ska_http_settings http = {.url = connection->parts[PART_URL],
                                     .ca_file = connection->parts[PART_CA],
                                     .ca_setting = "tsb-ca, for skatool also --tsb-ca",
                                     .certificate = connection->parts[PART_CLIENT_CERT],
                                     .key = connection->parts[PART_CLIENT_KEY],
                                     .proxy = connection->parts[PART_PROXY]};
    bool done = read_passwords(connection, &client_key, &proxy, errors);

    http.key_password = (const char *)client_key.data;
    http.proxy_credentials = (const char *)proxy.data;
    done = done && tsb_client_pair_fits(http.certificate, http.key, http.key_password, errors) &&
           ska_http_open(&http, &connection->http, errors);
    ska_bytes_clear_free(&client_key);
    ska_bytes_clear_free(&proxy);
    return done;
}

static struct tsb_connection *connection_new(const char *const parts[PART_COUNT],
                                             const struct ska_errors *errors)
{
    struct tsb_connection *made = calloc(1, sizeof(*made));
    bool copied = made != NULL;

    for (size_t i = 0; copied && i < PART_COUNT; i++) {
        made->parts[i] = parts[i] == NULL ? NULL : strdup(parts[i]);
        copied = parts[i] == NULL || made->parts[i] != NULL;
    }
    if (!copied)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a broker");
    else if (connection_open(made, errors)) {
        made->sources.token = made->parts[PART_TOKEN];
        made->sources.api_keys = made->parts[PART_API_KEYS];
        return made;
    }
    if (made != NULL)
        connection_free(made);
    return NULL;
}

/* One that is in the list up to `end`. */
static struct tsb_connection *look_in(struct tsb_connection *first,
                                      const struct tsb_connection *end,
                                      const char *const parts[PART_COUNT])
{
    for (struct tsb_connection *entry = first; entry != end; entry = entry->next)
        if (has_parts(entry, parts))
            return entry;
    return NULL;
}

/* Another thread may have been quicker: then its one is taken. */
static struct tsb_connection *publish(struct tsb_connection *made, struct tsb_connection *seen,
                                      const char *const parts[PART_COUNT])
{
    struct tsb_connection *first = seen;

    made->next = first;
    while (!atomic_compare_exchange_weak(&connections, &first, made)) {
        struct tsb_connection *other = look_in(first, seen, parts);

        if (other != NULL) {
            connection_free(made);
            return other;
        }
        seen = first;
        made->next = first;
    }
    return made;
}

bool tsb_connection_find(const struct ska_settings *settings, const char *url,
                         struct tsb_connection **connection, const struct ska_errors *errors)
{
    const char *parts[PART_COUNT];
    struct tsb_connection *first = atomic_load(&connections);
    struct tsb_connection *made = NULL;

    choose_parts(settings, url == NULL ? settings->tsb_url : url, parts);
    *connection = look_in(first, NULL, parts);
    if (*connection != NULL)
        return true;
    made = connection_new(parts, errors);
    if (made != NULL)
        *connection = publish(made, first, parts);
    return made != NULL;
}

/* ---- What is kept of it ---------------------------------------------------------------------- */

const char *tsb_connection_url(const struct tsb_connection *connection)
{
    return connection->parts[PART_URL];
}

struct ska_http *tsb_connection_http(const struct tsb_connection *connection)
{
    return connection->http;
}

const struct tsb_sources *tsb_connection_sources(const struct tsb_connection *connection)
{
    return &connection->sources;
}

size_t tsb_connection_good_key(const struct tsb_connection *connection, enum tsb_api api)
{
    return atomic_load_explicit(&connection->good_keys[api], memory_order_relaxed);
}

void tsb_connection_note_key(struct tsb_connection *connection, enum tsb_api api, size_t number)
{
    atomic_store_explicit(&connection->good_keys[api], number, memory_order_relaxed);
}
