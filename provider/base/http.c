/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifndef SKA_WITHOUT_HTTP

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "provider/base/clock.h"
#include "provider/base/file.h"
#include "provider/base/libcurl.h"

/* Connections that wait for the next call. */
#define IDLE_MOST 16
/* All header lines of an answer together, in bytes. */
#define HEADERS_LIMIT ((size_t)64 * 1024)
/* Servers close connections of which they have not heard for some time: those are not tried. */
#define IDLE_SECONDS 30L
#define CONNECT_SECONDS 10L
#define CALL_SECONDS 60L

/* libcurl's handle has the connection, with what it knows of TLS sessions. */
struct connection {
    CURL *easy;
    unsigned int forks;      /* when it was made */
    struct connection *next; /* see leave_to_parent() */
};

struct ska_http {
    char *url; /* without a slash at its end */
    bool tls;
    char *ca_file;
    const char *ca_setting; /* a literal */
    char *certificate;
    char *key;
    char *key_password;
    char *proxy;
    char *proxy_credentials;
    size_t answer_limit;
    long connect_seconds;
    long call_seconds;
    /* Taken and given back without a lock, which a child could find closed. */
    _Atomic(struct connection *) idle[IDLE_MOST];
};

/* ---- The process ----------------------------------------------------------------------------- */

static atomic_uint forks;
static struct ska_libcurl libcurl;
static bool loaded;
static bool started;

static void count_fork(void)
{
    atomic_fetch_add(&forks, 1);
}

static void init_process(void)
{
    loaded = ska_libcurl_load(&libcurl);
    started = loaded && pthread_atfork(NULL, NULL, count_fork) == 0 &&
              libcurl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

bool ska_http_prepare(const struct ska_errors *errors)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (pthread_once(&once, init_process) == 0 && started)
        return true;
    if (!loaded)
        return ska_fail(errors, SKA_R_SERVER_UNREACHABLE,
                        "%s cannot be loaded; install it (Debian: libcurl3-gnutls)", SKA_LIBCURL);
    return ska_fail(errors, SKA_R_INTERNAL, "libcurl does not start");
}

/* ---- URLs ------------------------------------------------------------------------------------ */

/* A part of a URL, to be freed with curl_free(); NULL: it has none. */
static char *url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;

    return libcurl.url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

/* libcurl knows "localhost" by itself and asks nobody for it. */
static bool is_loopback(const char *host)
{
    size_t length = strlen(host);

    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == length);
}

static bool check_parts(CURLU *url, const char *shown, bool *tls, const struct ska_errors *errors)
{
    char *scheme = url_part(url, CURLUPART_SCHEME);
    char *host = url_part(url, CURLUPART_HOST);
    char *user = url_part(url, CURLUPART_USER);
    char *password = url_part(url, CURLUPART_PASSWORD);
    char *query = url_part(url, CURLUPART_QUERY);
    char *fragment = url_part(url, CURLUPART_FRAGMENT);
    bool done = false;

    *tls = scheme != NULL && strcmp(scheme, "https") == 0;
    if (user != NULL || password != NULL)
        ska_fail(errors, SKA_R_BAD_PARAMETER, "a URL must not have a user or a password in it");
    else if (query != NULL || fragment != NULL)
        ska_fail(errors, SKA_R_BAD_PARAMETER, "%s: a URL with ? or # is not accepted", shown);
    else if (host == NULL || scheme == NULL || (!*tls && strcmp(scheme, "http") != 0))
        ska_fail(errors, SKA_R_BAD_PARAMETER, "%s: https://HOST[:PORT][/PATH] is needed", shown);
    else if (!*tls && !is_loopback(host))
        ska_fail(
            errors, SKA_R_BAD_PARAMETER,
            "%s: https: is needed; http: is accepted only for this computer (127.0.0.1, [::1])",
            shown);
    else
        done = true;
    libcurl.free(scheme);
    libcurl.free(host);
    libcurl.free(user);
    libcurl.free(password);
    libcurl.free(query);
    libcurl.free(fragment);
    return done;
}

/* What is no URL at all may hold a secret and is not shown. */
static bool check_url(const char *text, bool *tls, const struct ska_errors *errors)
{
    CURLU *url = libcurl.url();
    char *shown = NULL;
    bool done = false;

    if (url == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a URL");
    if (libcurl.url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        ska_fail(errors, SKA_R_BAD_PARAMETER,
                 "this is not a URL; https://HOST[:PORT][/PATH] is needed");
    else if ((shown = ska_printable(ska_span_text(text), 200)) == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a URL");
    else
        done = check_parts(url, shown, tls, errors);
    free(shown);
    libcurl.url_cleanup(url);
    return done;
}

/* ---- Connections ----------------------------------------------------------------------------- */

static void connection_free(struct connection *connection)
{
    if (connection == NULL)
        return;
    libcurl.easy_cleanup(connection->easy);
    free(connection);
}

/*
 * One of a parent process is left as it is: closing it would say goodbye to the server in the
 * parent's name. Kept, so that it does not look lost.
 */
static void leave_to_parent(struct connection *connection)
{
    static _Atomic(struct connection *) left;

    connection->next = atomic_load(&left);
    while (!atomic_compare_exchange_weak(&left, &connection->next, connection))
        ;
}

static struct connection *take_idle(struct ska_http *http)
{
    for (size_t i = 0; i < IDLE_MOST; i++) {
        struct connection *connection = atomic_exchange(&http->idle[i], NULL);

        if (connection != NULL && connection->forks == atomic_load(&forks))
            return connection;
        if (connection != NULL)
            leave_to_parent(connection);
    }
    return NULL;
}

static struct connection *take_connection(struct ska_http *http)
{
    struct connection *connection = take_idle(http);

    if (connection != NULL)
        return connection;
    connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        return NULL;
    connection->forks = atomic_load(&forks);
    connection->easy = libcurl.easy_init();
    if (connection->easy != NULL)
        return connection;
    free(connection);
    return NULL;
}

static void give_back(struct ska_http *http, struct connection *connection)
{
    for (size_t i = 0; i < IDLE_MOST; i++) {
        struct connection *none = NULL;

        if (atomic_compare_exchange_strong(&http->idle[i], &none, connection))
            return;
    }
    connection_free(connection);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static bool copy_setting(char **to, const char *from, const struct ska_errors *errors)
{
    if (from == NULL)
        return true;
    *to = strdup(from);
    return *to != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for the settings of a server");
}

static bool copy_settings(struct ska_http *http, const struct ska_http_settings *settings,
                          const struct ska_errors *errors)
{
    size_t length = 0;

    http->answer_limit =
        settings->answer_limit == 0 ? SKA_HTTP_ANSWER_LIMIT : settings->answer_limit;
    http->connect_seconds =
        settings->connect_seconds == 0 ? CONNECT_SECONDS : (long)settings->connect_seconds;
    http->call_seconds = settings->call_seconds == 0 ? CALL_SECONDS : (long)settings->call_seconds;
    http->ca_setting = settings->ca_setting;
    if (!copy_setting(&http->url, settings->url, errors) ||
        !copy_setting(&http->ca_file, settings->ca_file, errors) ||
        !copy_setting(&http->certificate, settings->certificate, errors) ||
        !copy_setting(&http->key, settings->key, errors) ||
        !copy_setting(&http->key_password, settings->key_password, errors) ||
        !copy_setting(&http->proxy, settings->proxy, errors) ||
        !copy_setting(&http->proxy_credentials, settings->proxy_credentials, errors))
        return false;
    length = strlen(http->url);
    if (length > 0 && http->url[length - 1] == '/')
        http->url[length - 1] = 0;
    return true;
}

/* libcurl writes the keys of its connections to the file that this names, and cannot be told not
 * to. */
static bool check_environment(const struct ska_http *http, const struct ska_errors *errors)
{
    return !http->tls || getenv("SSLKEYLOGFILE") == NULL ||
           ska_fail(errors, SKA_R_WRONG_USE,
                    "SSLKEYLOGFILE is set, so that readers of that file could read what goes over "
                    "the network: unset it");
}

/* What cannot be read in whole libcurl may read all the same. */
static bool has_certificate(const char *path)
{
    /* Of a "TRUSTED CERTIFICATE", too, but of no "CERTIFICATE REQUEST". */
    static const char begin[] = " CERTIFICATE-----";
    static const size_t limit = (size_t)64 * 1024 * 1024;
    struct ska_bytes pem = {NULL, 0};
    bool has = !ska_file_read(path, limit, &pem, NULL) ||
               memmem(pem.data, pem.length, begin, strlen(begin)) != NULL;

    ska_bytes_free(&pem);
    return has;
}

/* libcurl says of some of them only that something is wrong. */
static bool check_files(const struct ska_http *http, const struct ska_errors *errors)
{
    const char *const paths[] = {http->ca_file, http->certificate, http->key};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (paths[i] != NULL && access(paths[i], R_OK) != 0)
            return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", paths[i], strerror(errno));
    if (http->ca_file != NULL && !has_certificate(http->ca_file))
        return ska_fail(
            errors, SKA_R_FILE_FAILURE, "%s: there is no certificate in it, in PEM%s%s%s",
            http->ca_file, http->ca_setting == NULL ? "" : " (",
            http->ca_setting == NULL ? "" : http->ca_setting, http->ca_setting == NULL ? "" : ")");
    return true;
}

bool ska_http_open(const struct ska_http_settings *settings, struct ska_http **http,
                   const struct ska_errors *errors)
{
    struct ska_http *made = NULL;

    if (!ska_http_prepare(errors))
        return false;
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for the settings of a server");
    if (!check_url(settings->url, &made->tls, errors) || !copy_settings(made, settings, errors) ||
        !check_environment(made, errors) || !check_files(made, errors)) {
        ska_http_close(made);
        return false;
    }
    *http = made;
    return true;
}

static void free_secret(char *secret)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

void ska_http_close(struct ska_http *http)
{
    struct connection *connection = NULL;

    if (http == NULL)
        return;
    while ((connection = take_idle(http)) != NULL)
        connection_free(connection);
    free(http->url);
    free(http->ca_file);
    free(http->certificate);
    free(http->key);
    free_secret(http->key_password);
    free(http->proxy);
    free_secret(http->proxy_credentials);
    free(http);
}

/* ---- A call ---------------------------------------------------------------------------------- */

/* What libcurl's callbacks work with. */
struct exchange {
    const struct ska_http *http;
    const struct ska_http_call *call;
    struct curl_slist *headers;
    int requests; /* that libcurl has begun to send */
    bool closed;  /* the connection, with the request on it: it is not repeated */
    struct ska_buffer body;
    size_t header_bytes;
    bool too_long;
    char date[64];
    char words[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t size, size_t count, void *vexchange)
{
    struct exchange *exchange = vexchange;
    size_t length = size * count;

    if (length > exchange->http->answer_limit - exchange->body.length) {
        exchange->too_long = true;
        return 0;
    }
    ska_buffer_add(&exchange->body, data, length);
    return exchange->body.failed ? 0 : length;
}

static void note_date(struct exchange *exchange, const char *line, size_t length)
{
    static const char name[] = "Date: ";
    size_t before = sizeof(name) - 1;

    if (length <= before || length - before >= sizeof(exchange->date) ||
        strncasecmp(line, name, before) != 0)
        return;
    memcpy(exchange->date, line + before, length - before);
    exchange->date[length - before] = 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *vexchange)
{
    struct exchange *exchange = vexchange;

    note_date(exchange, data, size * count);
    exchange->header_bytes += size * count;
    exchange->too_long = exchange->too_long || exchange->header_bytes > HEADERS_LIMIT;
    return exchange->too_long ? 0 : size * count;
}

/*
 * Asked when there is a connection, before each request on it. libcurl would repeat a call, by
 * itself, when a connection that was kept dies before the first byte of the answer.
 */
static int before_request(void *vexchange, char *here, char *there, int here_port, int there_port)
{
    struct exchange *exchange = vexchange;

    (void)here;
    (void)there;
    (void)here_port;
    (void)there_port;
    if (exchange->requests > 0 && exchange->call->method != SKA_HTTP_GET) {
        exchange->closed = true;
        return CURL_PREREQFUNC_ABORT;
    }
    exchange->requests++;
    return CURL_PREREQFUNC_OK;
}

/* The list wipes nothing by itself, and headers are secrets. */
static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *entry = headers; entry != NULL; entry = entry->next)
        OPENSSL_cleanse(entry->data, strlen(entry->data));
    libcurl.slist_free_all(headers);
}

static bool add_header(struct exchange *exchange, const char *name, const char *value)
{
    struct ska_buffer line = {0};
    struct curl_slist *longer = NULL;

    ska_buffer_text(&line, name);
    ska_buffer_text(&line, value);
    if (!line.failed)
        longer = libcurl.slist_append(exchange->headers, ska_buffer_string(&line));
    if (line.data != NULL)
        OPENSSL_cleanse(line.data, line.length);
    ska_buffer_free(&line);
    if (longer != NULL)
        exchange->headers = longer;
    return longer != NULL;
}

static bool may_have_body(const struct ska_http_call *call)
{
    return call->method == SKA_HTTP_POST || call->method == SKA_HTTP_PATCH;
}

static bool add_headers(struct exchange *exchange)
{
    const struct ska_http_call *call = exchange->call;

    for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL; i++)
        if (!add_header(exchange, call->headers[i], ""))
            return false;
    /* Without a "100 Continue" nothing is waited for before the body. */
    return !may_have_body(call) || (add_header(exchange, "Expect:", "") &&
                                    (call->content_type == NULL ||
                                     add_header(exchange, "Content-Type: ", call->content_type)));
}

#define SET(option, value) (libcurl.easy_setopt(easy, (option), (value)) == CURLE_OK)
#define SET_IF(option, value) ((value) == NULL || SET((option), (value)))

static bool set_security(CURL *easy, const struct ska_http *http)
{
    /* What libcurl would trust besides a file that is named. */
    bool only_file = http->ca_file == NULL ||
                     (SET(CURLOPT_CAINFO, http->ca_file) && SET(CURLOPT_CAPATH, (char *)NULL));

    return only_file && SET(CURLOPT_PROTOCOLS_STR, http->tls ? "https" : "http") &&
           SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
           SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
           SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_CERTINFO, 1L) &&
           SET_IF(CURLOPT_SSLCERT, http->certificate) && SET_IF(CURLOPT_SSLKEY, http->key) &&
           SET_IF(CURLOPT_KEYPASSWD, http->key_password) && SET(CURLOPT_NETRC, 0L);
}

/* Empty texts are what keeps libcurl from looking into the environment. */
static bool set_proxy(CURL *easy, const struct ska_http *http)
{
    return SET(CURLOPT_PROXY, http->proxy == NULL ? "" : http->proxy) && SET(CURLOPT_NOPROXY, "") &&
           SET(CURLOPT_HTTPPROXYTUNNEL, http->proxy == NULL ? 0L : 1L) &&
           SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
           SET_IF(CURLOPT_PROXYUSERPWD, http->proxy_credentials);
}

static long seconds_of(const struct ska_http *http, const struct ska_http_call *call)
{
    const long seconds = (long)call->seconds;

    return seconds > 0 && seconds < http->call_seconds ? seconds : http->call_seconds;
}

static bool set_limits(CURL *easy, const struct ska_http *http, const struct ska_http_call *call)
{
    return SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_NOPROGRESS, 1L) &&
           SET(CURLOPT_CONNECTTIMEOUT, http->connect_seconds) &&
           SET(CURLOPT_TIMEOUT, seconds_of(http, call)) && SET(CURLOPT_MAXCONNECTS, 1L) &&
           SET(CURLOPT_MAXAGE_CONN, IDLE_SECONDS) &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static bool set_callbacks(CURL *easy, struct exchange *exchange)
{
    return SET(CURLOPT_WRITEFUNCTION, take_body) && SET(CURLOPT_WRITEDATA, exchange) &&
           SET(CURLOPT_HEADERFUNCTION, take_header) && SET(CURLOPT_HEADERDATA, exchange) &&
           SET(CURLOPT_PREREQFUNCTION, before_request) && SET(CURLOPT_PREREQDATA, exchange) &&
           SET(CURLOPT_HTTPHEADER, exchange->headers) && SET(CURLOPT_ERRORBUFFER, exchange->words);
}

/* As libcurl is handed all of it, it sends it with the head: a server wakes up once. */
static bool set_body(CURL *easy, const struct ska_http_call *call)
{
    const char *body = call->body.length == 0 ? "" : (const char *)call->body.data;

    return SET(CURLOPT_POST, 1L) &&
           SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.length) &&
           SET(CURLOPT_POSTFIELDS, body);
}

static bool set_method(CURL *easy, const struct ska_http_call *call)
{
    switch (call->method) {
    case SKA_HTTP_GET:
        return SET(CURLOPT_HTTPGET, 1L);
    case SKA_HTTP_POST:
        return set_body(easy, call);
    case SKA_HTTP_PATCH:
        return set_body(easy, call) && SET(CURLOPT_CUSTOMREQUEST, "PATCH");
    case SKA_HTTP_DELETE:
        return SET(CURLOPT_CUSTOMREQUEST, "DELETE");
    }
    return false;
}

static bool set_url(CURL *easy, const struct ska_http *http, const char *path)
{
    struct ska_buffer url = {0};
    bool done = false;

    ska_buffer_text(&url, http->url);
    ska_buffer_text(&url, path == NULL ? "" : path);
    done = !url.failed && SET(CURLOPT_URL, ska_buffer_string(&url));
    ska_buffer_free(&url);
    return done;
}

static const char *words_of(const struct exchange *exchange, CURLcode code)
{
    if (exchange->closed)
        return "the connection was closed";
    return exchange->words[0] != 0 ? exchange->words : libcurl.easy_strerror(code);
}

/* "Expire date:2026-11-29 03:44:00 GMT" of the server's certificate; NULL: it is not known. */
static const char *certificate_time(CURL *easy, const char *name)
{
    const struct curl_certinfo *info = NULL;
    size_t length = strlen(name);

    if (libcurl.easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs < 1)
        return NULL;
    for (const struct curl_slist *line = info->certinfo[0]; line != NULL; line = line->next)
        if (strncasecmp(line->data, name, length) == 0 && strlen(line->data) < length + 40)
            return line->data + length;
    return NULL;
}

/* The library does not say which of many reasons it is, and a clock that is wrong is a common one.
 */
static void add_certificate_times(CURL *easy, struct ska_buffer *text)
{
    const char *start = certificate_time(easy, "Start date:");
    const char *end = certificate_time(easy, "Expire date:");
    char clock[64];
    struct tm utc;

    if (!ska_utc((uint64_t)time(NULL), &utc))
        return;
    snprintf(clock, sizeof(clock), "%04d-%02d-%02d %02d:%02d:%02d GMT", utc.tm_year + 1900,
             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    if (end != NULL && strcmp(end, clock) < 0)
        ska_buffer_format(text, "; its certificate has expired (%s; the time here is %s)", end,
                          clock);
    else if (start != NULL && strcmp(start, clock) > 0)
        ska_buffer_format(text, "; its certificate is not valid yet (%s; the time here is %s)",
                          start, clock);
}

/* Another name in it, which the library calls so, is not for want of a CA. */
static void add_ca_advice(const struct exchange *exchange, CURLcode code, struct ska_buffer *text)
{
    const struct ska_http *http = exchange->http;

    if (http->ca_setting == NULL || strstr(words_of(exchange, code), "match") != NULL)
        return;
    if (http->ca_file == NULL)
        ska_buffer_format(text,
                          "; if its certificate was issued by a CA that this computer does not "
                          "know, name that CA's file with %s",
                          http->ca_setting);
    else
        ska_buffer_format(text, "; its certificate must be issued by a CA in %s (%s)",
                          http->ca_file, http->ca_setting);
}

static enum ska_http_outcome fail_not_sent(CURL *easy, const struct exchange *exchange,
                                           CURLcode code, const struct ska_errors *errors)
{
    struct ska_buffer why = {0};

    if (code == CURLE_PEER_FAILED_VERIFICATION)
        add_certificate_times(easy, &why);
    if (code == CURLE_PEER_FAILED_VERIFICATION && why.length == 0)
        add_ca_advice(exchange, code, &why);
    ska_fail(errors, SKA_R_SERVER_UNREACHABLE, "%s: %s%s", exchange->http->url,
             words_of(exchange, code),
             why.failed || why.length == 0 ? "" : ska_buffer_string(&why));
    ska_buffer_free(&why);
    return SKA_HTTP_NOT_SENT;
}

static enum ska_http_outcome fail_call(CURL *easy, const struct exchange *exchange, CURLcode code,
                                       const struct ska_errors *errors)
{
    const char *url = exchange->http->url;

    if (exchange->too_long) {
        ska_fail(errors, SKA_R_SERVER_FAILURE, "%s: the answer has more than %zu bytes", url,
                 exchange->header_bytes > HEADERS_LIMIT ? HEADERS_LIMIT
                                                        : exchange->http->answer_limit);
        return SKA_HTTP_TOO_LONG;
    }
    if (exchange->requests == 0)
        return fail_not_sent(easy, exchange, code, errors);
    ska_fail(errors, SKA_R_SERVER_FAILURE, "%s: the request was sent, but not answered: %s%s", url,
             words_of(exchange, code),
             code == CURLE_GOT_NOTHING && !exchange->http->tls ? " (it may be one for https:)"
                                                               : "");
    return SKA_HTTP_NO_ANSWER;
}

static bool copy_content_type(CURL *easy, char **to)
{
    char *type = NULL;

    if (libcurl.easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK || type == NULL)
        return true;
    *to = ska_printable(ska_span_text(type), 200);
    return *to != NULL;
}

static enum ska_http_outcome read_answer(CURL *easy, struct exchange *exchange,
                                         struct ska_http_answer *answer,
                                         const struct ska_errors *errors)
{
    long status = 0;

    if (libcurl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 100 &&
        status <= 999 && copy_content_type(easy, &answer->content_type) &&
        ska_buffer_finish(&exchange->body, &answer->body, NULL)) {
        answer->status = (unsigned int)status;
        memcpy(answer->date, exchange->date, sizeof(answer->date));
        return SKA_HTTP_ANSWERED;
    }
    ska_http_answer_clear(answer);
    ska_fail(errors, SKA_R_SERVER_FAILURE, "%s: the answer cannot be kept", exchange->http->url);
    return SKA_HTTP_NO_ANSWER;
}

static enum ska_http_outcome make_call(CURL *easy, struct exchange *exchange,
                                       struct ska_http_answer *answer,
                                       const struct ska_errors *errors)
{
    const struct ska_http *http = exchange->http;
    CURLcode code = CURLE_OK;

    if (!add_headers(exchange) || !set_security(easy, http) || !set_proxy(easy, http) ||
        !set_limits(easy, http, exchange->call) || !set_callbacks(easy, exchange) ||
        !set_method(easy, exchange->call) || !set_url(easy, http, exchange->call->path)) {
        ska_fail(errors, SKA_R_SERVER_UNREACHABLE, "%s: libcurl does not accept these settings",
                 http->url);
        return SKA_HTTP_NOT_SENT;
    }
    code = libcurl.easy_perform(easy);
    if (code != CURLE_OK)
        return fail_call(easy, exchange, code, errors);
    return read_answer(easy, exchange, answer, errors);
}

enum ska_http_outcome ska_http_call(struct ska_http *http, const struct ska_http_call *call,
                                    struct ska_http_answer *answer, const struct ska_errors *errors)
{
    struct connection *connection = take_connection(http);
    struct exchange exchange = {.http = http, .call = call};
    enum ska_http_outcome outcome = SKA_HTTP_NOT_SENT;

    memset(answer, 0, sizeof(*answer));
    if (connection == NULL) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a connection");
        return SKA_HTTP_NOT_SENT;
    }
    outcome = make_call(connection->easy, &exchange, answer, errors);
    /* Nothing that it points to lives on, and no copy of a header; the connection stays. */
    libcurl.easy_reset(connection->easy);
    free_headers(exchange.headers);
    ska_buffer_free(&exchange.body);
    if (outcome == SKA_HTTP_ANSWERED)
        give_back(http, connection);
    else
        connection_free(connection);
    return outcome;
}

int64_t ska_http_answer_time(const struct ska_http_answer *answer)
{
    return answer->date[0] == 0 ? -1 : (int64_t)libcurl.getdate(answer->date, NULL);
}

#else /* SKA_WITHOUT_HTTP */

bool ska_http_prepare(const struct ska_errors *errors)
{
    (void)errors;
    return true;
}

bool ska_http_open(const struct ska_http_settings *settings, struct ska_http **http,
                   const struct ska_errors *errors)
{
    (void)settings;
    *http = NULL;
    return ska_fail(errors, SKA_R_UNSUPPORTED,
                    "this was built without HTTP (-DSKA_TSB=OFF), so no server can be called");
}

void ska_http_close(struct ska_http *http)
{
    (void)http;
}

enum ska_http_outcome ska_http_call(struct ska_http *http, const struct ska_http_call *call,
                                    struct ska_http_answer *answer, const struct ska_errors *errors)
{
    (void)http;
    (void)call;
    memset(answer, 0, sizeof(*answer));
    ska_fail(errors, SKA_R_UNSUPPORTED, "built without HTTP");
    return SKA_HTTP_NOT_SENT;
}

int64_t ska_http_answer_time(const struct ska_http_answer *answer)
{
    (void)answer;
    return -1;
}

#endif

void ska_http_answer_clear(struct ska_http_answer *answer)
{
    free(answer->content_type);
    ska_bytes_clear_free(&answer->body);
    memset(answer, 0, sizeof(*answer));
}
