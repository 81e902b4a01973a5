/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "provider/base/file.h"
#include "simulator/tsb/router.h"

#define MOST_CONNECTIONS 1024
#define IDLE_SECONDS 120
#define STACK_SIZE ((size_t)1024 * 1024)
#define PEM_LIMIT ((size_t)1024 * 1024)
/* As much of a path as a line of the log has. */
#define PATH_SHOWN 200
#define BODY_SHOWN 500
#define HUGE_SIZE ((size_t)2 * 1024 * 1024)

struct tsb_http {
    struct tsb_server *server;
    struct MHD_Daemon *daemon; /* owns the socket, once it runs */
    int listening;
    struct ska_bytes cert;
    struct ska_bytes key;
    struct ska_bytes client_ca;
};

/* ---- Answers --------------------------------------------------------------------------------- */

/* An answer that stops in its middle. */
struct half {
    struct ska_bytes body;
};

static ssize_t read_half(void *arg, uint64_t position, char *to, size_t room)
{
    const struct half *half = arg;
    size_t end = half->body.length / 2;
    size_t count = position >= end ? 0 : end - (size_t)position;

    if (count == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (count > room)
        count = room;
    memcpy(to, half->body.data + position, count);
    return (ssize_t)count;
}

static void free_half(void *arg)
{
    struct half *half = arg;

    ska_bytes_free(&half->body);
    free(half);
}

static struct MHD_Response *half_response(const struct tsb_answer *answer)
{
    struct half *half = calloc(1, sizeof(*half));

    if (half == NULL)
        return NULL;
    if (!ska_bytes_copy(&half->body, ska_span_of(&answer->body), NULL)) {
        free(half);
        return NULL;
    }
    return MHD_create_response_from_callback(half->body.length, 1024, read_half, half, free_half);
}

static void make_huge(struct tsb_answer *answer)
{
    struct ska_buffer text = {0};

    ska_buffer_text(&text, "{\"id\":\"");
    while (text.length < HUGE_SIZE && !text.failed)
        ska_buffer_text(&text, "0123456789abcdef0123456789abcdef");
    ska_buffer_text(&text, "\"}");
    tsb_answer_text(answer, 200, "application/json", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection,
                                   const struct tsb_answer *answer, bool half)
{
    struct MHD_Response *response =
        half && answer->body.length > 1
            ? half_response(answer)
            : MHD_create_response_from_buffer(answer->body.length, answer->body.data,
                                              MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_SERVER, "skatsb (simulator)");
    if (answer->type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    if (answer->allowed[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allowed);
    result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- Faults ---------------------------------------------------------------------------------- */

static bool is_faulty(struct tsb_exchange *exchange, enum tsb_fault fault)
{
    return tsb_fault_happens(&exchange->server->faults, fault, exchange->path);
}

static void be_slow(uint64_t milliseconds)
{
    struct timespec rest = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

/* What stands before the broker, and answers in its place. */
static bool answered_by_others(struct tsb_exchange *exchange)
{
    static const char page[] = "<html><head><title>502 Bad Gateway</title></head>"
                               "<body><h1>502 Bad Gateway</h1></body></html>\n";

    if (is_faulty(exchange, TSB_FAULT_HTML_502))
        tsb_answer_text(&exchange->answer, 502, "text/html", page);
    else if (is_faulty(exchange, TSB_FAULT_PLAIN_401))
        tsb_answer_text(&exchange->answer, 401, "text/plain", "Unauthorized");
    return exchange->answer.status != 0;
}

/* "METHOD PATH STATUS", in one write, so that lines do not mix; a log that is full stays full. */
static void log_call(const struct tsb_exchange *exchange)
{
    const char *path = exchange->server->config.call_log;
    struct ska_buffer line = {0};
    char *shown = NULL;
    int fd = -1;

    if (path == NULL)
        return;
    shown = ska_printable(ska_span_text(exchange->path), PATH_SHOWN);
    ska_buffer_format(&line, "%s %s %u\n", exchange->method, shown == NULL ? "-" : shown,
                      exchange->answer.status);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0) {
        (void)!write(fd, line.data, line.length);
        close(fd);
    }
    ska_buffer_free(&line);
    free(shown);
}

/* The client may not show it to anybody. */
static void report_failure(const struct tsb_exchange *exchange)
{
    char *path = ska_printable(ska_span_text(exchange->path), PATH_SHOWN);
    char *body = ska_printable(ska_span_of(&exchange->answer.body), BODY_SHOWN);

    fprintf(stderr, "skatsb: %s %s: %u: %s\n", exchange->method, path == NULL ? "" : path,
            exchange->answer.status, body == NULL ? "" : body);
    free(path);
    free(body);
}

static enum MHD_Result answer_call(struct MHD_Connection *connection, struct tsb_exchange *exchange)
{
    if (!answered_by_others(exchange)) {
        tsb_route(exchange);
        if (exchange->answer.status == 500)
            report_failure(exchange);
    }
    log_call(exchange);
    if (is_faulty(exchange, TSB_FAULT_SLOW))
        be_slow(exchange->server->config.slow_answer);
    if (is_faulty(exchange, TSB_FAULT_LOST_ANSWER))
        return MHD_NO;
    if (is_faulty(exchange, TSB_FAULT_EMPTY_BODY))
        tsb_answer_empty(&exchange->answer, exchange->answer.status);
    if (is_faulty(exchange, TSB_FAULT_HUGE_ANSWER))
        make_huge(&exchange->answer);
    return send_answer(connection, &exchange->answer, is_faulty(exchange, TSB_FAULT_HALF_ANSWER));
}

/* ---- Calls as they come ---------------------------------------------------------------------- */

/* A call whose body is not complete yet. */
struct incoming {
    struct ska_buffer body;
    bool too_long;
};

/* Verified by what the configuration names, or not there where none has to be. */
static bool is_client_known(const struct tsb_http *http, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = NULL;
    unsigned int status = 0;
    unsigned int count = 0;

    if (http->server->config.client_auth == TSB_CLIENT_NONE)
        return true;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL)
        return false;
    if (gnutls_certificate_get_peers(info->tls_session, &count) == NULL || count == 0)
        return http->server->config.client_auth == TSB_CLIENT_WANT;
    return gnutls_certificate_verify_peers2(info->tls_session, &status) == GNUTLS_E_SUCCESS &&
           status == 0;
}

static enum MHD_Result refuse_call(struct MHD_Connection *connection, unsigned int status,
                                   const char *message)
{
    struct tsb_answer answer = {0};
    enum MHD_Result result = MHD_NO;

    tsb_refuse_plainly(&answer, status, message);
    result = send_answer(connection, &answer, false);
    tsb_answer_clear(&answer);
    return result;
}

static enum MHD_Result finish_call(const struct tsb_http *http, struct MHD_Connection *connection,
                                   const char *target, const char *method,
                                   struct incoming *incoming)
{
    struct tsb_exchange exchange = {.server = http->server, .method = method};
    enum MHD_Result result = MHD_NO;
    char *path = NULL;

    if (!is_client_known(http, connection))
        return refuse_call(connection, 403, "a client certificate is needed");
    if (incoming->too_long)
        return refuse_call(connection, 413, "the body is longer than 1 MiB");
    exchange.content_type =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    exchange.api_key = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-API-KEY");
    exchange.authorization =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    exchange.body = ska_span(incoming->body.data, incoming->body.length);
    exchange.path = path = tsb_path_normalize(target);
    if (path == NULL)
        return MHD_NO;
    result = answer_call(connection, &exchange);
    tsb_exchange_clear(&exchange);
    free(path);
    return result;
}

static void take_part(struct incoming *incoming, const char *part, size_t length)
{
    if (incoming->body.length + length > SKA_JSON_LIMIT)
        incoming->too_long = true;
    if (!incoming->too_long)
        ska_buffer_add(&incoming->body, part, length);
}

/* Called when the headers are there, with each part of the body, and at its end. */
static enum MHD_Result on_call(void *arg, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *part,
                               size_t *part_length, void **state)
{
    struct incoming *incoming = *state;

    (void)version;
    if (incoming == NULL) {
        *state = calloc(1, sizeof(*incoming));
        return *state == NULL ? MHD_NO : MHD_YES;
    }
    if (*part_length > 0) {
        take_part(incoming, part, *part_length);
        *part_length = 0;
        return MHD_YES;
    }
    if (incoming->body.failed)
        return MHD_NO;
    return finish_call(arg, connection, url, method, incoming);
}

/* Passwords may stand in a body. */
static void on_end(void *arg, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode reason)
{
    struct incoming *incoming = *state;

    (void)arg;
    (void)connection;
    (void)reason;
    if (incoming == NULL)
        return;
    if (incoming->body.data != NULL)
        explicit_bzero(incoming->body.data, incoming->body.length);
    ska_buffer_free(&incoming->body);
    free(incoming);
    *state = NULL;
}

/* The router decodes, where it knows what a path names. */
static size_t keep_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

/* ---- Listening ------------------------------------------------------------------------------- */

/* "HOST:PORT", both numbers, into a socket address. */
static bool read_address(const char *text, struct sockaddr_storage *address,
                         const struct ska_errors *errors)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(text, ':');
    struct addrinfo *found = NULL;
    char host[64] = "";
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    const char *begin = text;

    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        begin++;
        length -= 2;
    }
    if (colon == NULL || colon[1] == '\0' || length == 0 || length >= sizeof(host))
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "--listen %s: an address and a port expected, such as 127.0.0.1:8443",
                        text);
    memcpy(host, begin, length);
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "--listen %s: an address and a port in digits expected", text);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->ss_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    memcpy(&v6, address, sizeof(v6));
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static bool read_tls_files(struct tsb_http *http, const struct tsb_listen *listen,
                           const struct ska_errors *errors)
{
    const char *ca = http->server->config.client_ca;

    if (listen->tls_cert == NULL)
        return http->server->config.client_auth == TSB_CLIENT_NONE ||
               ska_fail(errors, SKA_R_WRONG_USE,
                        "client-auth is set, so --tls-cert and --tls-key are needed");
    return ska_file_read(listen->tls_cert, PEM_LIMIT, &http->cert, errors) &&
           ska_file_read_safe("--tls-key", listen->tls_key, listen->tls_key, PEM_LIMIT, &http->key,
                              errors) &&
           (ca == NULL || ska_file_read(ca, PEM_LIMIT, &http->client_ca, errors));
}

static void add_option(struct MHD_OptionItem *options, size_t *count, enum MHD_OPTION option,
                       intptr_t value, void *pointer)
{
    const struct MHD_OptionItem item = {option, value, pointer};

    options[(*count)++] = item;
}

/*
 * Listening is done here, since not every release of the library leaves it in errno why it could
 * not. -1: raised.
 */
static int listen_at(const struct sockaddr_storage *address, const struct ska_errors *errors)
{
    const socklen_t length =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    const int on = 1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, (const struct sockaddr *)address, length) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    ska_fail(errors, SKA_R_FILE_FAILURE, "listening failed: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool start_daemon(struct tsb_http *http, const struct sockaddr_storage *address,
                         const struct ska_errors *errors)
{
    unsigned int flags =
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
    struct MHD_OptionItem options[10];
    size_t count = 0;

    http->listening = listen_at(address, errors);
    if (http->listening < 0)
        return false;
    add_option(options, &count, MHD_OPTION_LISTEN_SOCKET, http->listening, NULL);
    add_option(options, &count, MHD_OPTION_CONNECTION_LIMIT, MOST_CONNECTIONS, NULL);
    add_option(options, &count, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, NULL);
    add_option(options, &count, MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL);
    if (http->cert.data != NULL) {
        flags |= MHD_USE_TLS;
        add_option(options, &count, MHD_OPTION_HTTPS_MEM_CERT, 0, http->cert.data);
        add_option(options, &count, MHD_OPTION_HTTPS_MEM_KEY, 0, http->key.data);
        if (http->server->config.client_auth != TSB_CLIENT_NONE)
            add_option(options, &count, MHD_OPTION_HTTPS_MEM_TRUST, 0, http->client_ca.data);
    }
    add_option(options, &count, MHD_OPTION_END, 0, NULL);
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_call, http, MHD_OPTION_ARRAY, options, MHD_OPTION_NOTIFY_COMPLETED,
        on_end, NULL, MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL, MHD_OPTION_END);
    if (http->daemon != NULL)
        return true;
    http->listening = -1; /* the library has closed it, or may have */
    return ska_fail(errors, SKA_R_FILE_FAILURE, "the server cannot start%s",
                    http->cert.data == NULL ? ""
                                            : ": perhaps the certificate and the key do not match");
}

static char *make_url(const struct tsb_http *http, const struct tsb_listen *listen)
{
    struct sockaddr_storage bound;
    socklen_t length = sizeof(bound);
    const char *colon = strrchr(listen->address, ':');
    in_port_t port = 0;
    char *url = NULL;

    memset(&bound, 0, sizeof(bound));
    if (getsockname(http->listening, (struct sockaddr *)&bound, &length) != 0)
        return NULL;
    port = bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                       : ((struct sockaddr_in *)&bound)->sin_port;
    return asprintf(&url, "%s://%.*s:%u", http->cert.data == NULL ? "http" : "https",
                    (int)(colon - listen->address), listen->address, (unsigned int)ntohs(port)) < 0
               ? NULL
               : url;
}

bool tsb_http_start(struct tsb_server *server, const struct tsb_listen *listen,
                    struct tsb_http **http, char **url, const struct ska_errors *errors)
{
    struct sockaddr_storage address;
    struct tsb_http *made = NULL;

    *http = NULL;
    *url = NULL;
    memset(&address, 0, sizeof(address));
    if (!read_address(listen->address, &address, errors))
        return false;
    if (listen->tls_cert == NULL && !is_loopback(&address))
        return ska_fail(
            errors, SKA_R_WRONG_USE,
            "--listen %s: other computers only with TLS: --tls-cert and --tls-key are missing",
            listen->address);
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "the server");
    made->server = server;
    made->listening = -1;
    if (read_tls_files(made, listen, errors) && start_daemon(made, &address, errors)) {
        *url = make_url(made, listen);
        *http = made;
        if (*url != NULL)
            return true;
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "the server");
    }
    tsb_http_stop(made);
    *http = NULL;
    return false;
}

void tsb_http_stop(struct tsb_http *http)
{
    if (http == NULL)
        return;
    if (http->daemon != NULL)
        MHD_stop_daemon(http->daemon);
    else if (http->listening >= 0)
        close(http->listening);
    ska_bytes_free(&http->cert);
    ska_bytes_clear_free(&http->key);
    ska_bytes_free(&http->client_ca);
    free(http);
}
