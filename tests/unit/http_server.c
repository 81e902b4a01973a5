/* SPDX-License-Identifier: Apache-2.0 */
#include "http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MOST 8192
#define BODY_MOST 8192
#define ANSWERS_MOST 16

struct http_server {
    int listener;
    int port;
    SSL_CTX *tls;
    pthread_t thread;
    pthread_mutex_t lock;
    struct peer *peers; /* all there have been */
    int connections;
    int requests;
    char head[HEAD_MOST];
    char body[BODY_MOST];
    const char *paths[ANSWERS_MOST];
    const char *answers[ANSWERS_MOST];
    size_t answer_count;
    const char *log;
    http_server_maker *make;
    void *make_arg;
};

struct peer {
    struct http_server *server;
    struct peer *next;
    pthread_t thread;
    int fd; /* -1: over */
    SSL *ssl;
};

static int read_some(struct peer *peer, char *to, int size)
{
    return peer->ssl != NULL ? SSL_read(peer->ssl, to, size)
                             : (int)recv(peer->fd, to, (size_t)size, 0);
}

static bool write_all(struct peer *peer, const char *from, size_t length)
{
    while (length > 0) {
        int some = length > 16384 ? 16384 : (int)length;
        int written = peer->ssl != NULL ? SSL_write(peer->ssl, from, some)
                                        : (int)send(peer->fd, from, (size_t)some, MSG_NOSIGNAL);

        if (written <= 0)
            return false;
        from += written;
        length -= (size_t)written;
    }
    return true;
}

static bool write_text(struct peer *peer, const char *text)
{
    return write_all(peer, text, strlen(text));
}

static bool read_head(struct peer *peer, char *head)
{
    size_t length = 0;

    while (length < HEAD_MOST - 1 && read_some(peer, head + length, 1) == 1) {
        head[++length] = 0;
        if (length >= 4 && strcmp(head + length - 4, "\r\n\r\n") == 0)
            return true;
    }
    return false;
}

static bool read_body(struct peer *peer, const char *head, char *body)
{
    const char *field = strcasestr(head, "\r\nContent-Length:");
    size_t wanted = field == NULL ? 0 : strtoul(field + 17, NULL, 10);
    size_t length = 0;

    while (length < wanted && wanted < BODY_MOST) {
        int got = read_some(peer, body + length, (int)(wanted - length));

        if (got <= 0)
            return false;
        length += (size_t)got;
    }
    body[length] = 0;
    return true;
}

static bool answer(struct peer *peer, const char *status, const char *fields, const char *body)
{
    char head[512];

    snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status,
             strlen(body), fields);
    return write_text(peer, head) && write_text(peer, body);
}

/* See http_server_answer(). */
static bool answer_with(struct peer *peer, const char *json)
{
    char fields[256] = "Content-Type: application/json\r\n";
    char status[64] = "200 OK";
    size_t length = strcspn(json, "\n");

    if (json[0] < '0' || json[0] > '9' || length >= sizeof(status))
        return answer(peer, status, fields, json);
    memcpy(status, json, length);
    status[length] = 0;
    json += length + (json[length] == '\n');
    while (*json >= 'A' && *json <= 'Z') {
        size_t filled = strlen(fields);

        length = strcspn(json, "\n");
        snprintf(fields + filled, sizeof(fields) - filled, "%.*s\r\n", (int)length, json);
        json += length + (json[length] == '\n');
    }
    return answer(peer, status, fields, json);
}

static bool answer_long(struct peer *peer, size_t length, bool named)
{
    char head[128] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    char *block = malloc(length);
    bool done = false;

    if (named)
        snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
    memset(block, 'x', length);
    done = write_text(peer, head) && write_all(peer, block, length) && named;
    free(block);
    return done;
}

static bool answer_headers(struct peer *peer)
{
    bool done = write_text(peer, "HTTP/1.1 200 OK\r\n");

    for (int i = 0; done && i < 5000; i++)
        done = write_text(peer, "X-Filler: abcdefghijklmnopqrstuvwxyz\r\n");
    return done && write_text(peer, "Content-Length: 0\r\n\r\n");
}

static char *make_answer(struct http_server *server, const char *head, const char *body)
{
    char *made = NULL;

    if (server->make == NULL)
        return NULL;
    pthread_mutex_lock(&server->lock);
    made = server->make(server->make_arg, head, body);
    pthread_mutex_unlock(&server->lock);
    return made;
}

/* False: the connection ends. */
static bool serve(struct peer *peer, const char *head, const char *body)
{
    const char *path = strchr(head, ' ');
    char *made = make_answer(peer->server, head, body);

    if (made != NULL) {
        bool done = answer(peer, "200 OK", "Content-Type: application/json\r\n", made);

        free(made);
        return done;
    }
    if (path == NULL)
        return false;
    path++;
    for (size_t i = 0; i < peer->server->answer_count; i++)
        if (strncmp(path, peer->server->paths[i], strcspn(path, " ")) == 0 &&
            peer->server->paths[i][strcspn(path, " ")] == 0)
            return answer_with(peer, peer->server->answers[i]);
    if (strncmp(path, "/silent ", 8) == 0) {
        char ignored = 0;

        (void)read_some(peer, &ignored, 1);
        return false;
    }
    if (strncmp(path, "/hang-up ", 9) == 0)
        return false;
    if (strncmp(path, "/cut ", 5) == 0)
        return write_text(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") && false;
    if (strncmp(path, "/moved ", 7) == 0)
        return answer(peer, "302 Found", "Location: /other\r\n", "");
    if (strncmp(path, "/empty ", 7) == 0)
        return answer(peer, "204 No Content", "", "");
    if (strncmp(path, "/headers ", 9) == 0)
        return answer_headers(peer);
    if (strncmp(path, "/long ", 6) == 0)
        return answer_long(peer, 2 * 1024 * 1024, true);
    if (strncmp(path, "/long-unnamed ", 14) == 0)
        return answer_long(peer, 2 * 1024 * 1024, false);
    if (strncmp(path, "/just ", 6) == 0)
        return answer_long(peer, 1024 * 1024, true);
    if (strncmp(path, "/error ", 7) == 0)
        return answer(peer, "502 Bad Gateway", "Content-Type: text/html\r\n", "<html>no</html>");
    return answer(peer, "200 OK", "Content-Type: application/json\r\n",
                  body[0] != 0 ? body : "{\"answer\": 1}");
}

/* One direction; false: it has ended. */
static bool copy_some(int from, int to)
{
    char block[4096];
    ssize_t got = recv(from, block, sizeof(block), 0);

    return got > 0 && send(to, block, (size_t)got, MSG_NOSIGNAL) == got;
}

/* A proxy, to ports of this computer. */
static void tunnel(struct peer *peer, const char *head)
{
    const char *port = strchr(head, ':');
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
                                  .sin_port = htons((uint16_t)(port == NULL ? 0 : atoi(port + 1)))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pollfd polled[2] = {{peer->fd, POLLIN, 0}, {fd, POLLIN, 0}};
    bool open = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                write_text(peer, "HTTP/1.1 200 OK\r\n\r\n");

    while (open && poll(polled, 2, -1) > 0)
        open = (polled[0].revents == 0 || copy_some(peer->fd, fd)) &&
               (polled[1].revents == 0 || copy_some(fd, peer->fd));
    close(fd);
}

/* The lock is held. */
static void log_request(const struct http_server *server, const char *head, const char *body)
{
    FILE *log = fopen(server->log, "a");

    if (log == NULL)
        abort();
    fprintf(log, "%.*s\n%s\n", (int)strcspn(head, "\r"), head, body);
    fclose(log);
}

static void *serve_peer(void *vpeer)
{
    struct peer *peer = vpeer;
    struct http_server *server = peer->server;
    char *head = malloc(HEAD_MOST);
    char *body = malloc(BODY_MOST);
    bool open = true;

    if (server->tls != NULL) {
        peer->ssl = SSL_new(server->tls);
        SSL_set_fd(peer->ssl, peer->fd);
        open = SSL_accept(peer->ssl) == 1;
    }
    while (open && read_head(peer, head) && read_body(peer, head, body)) {
        pthread_mutex_lock(&server->lock);
        server->requests++;
        memcpy(server->head, head, HEAD_MOST);
        memcpy(server->body, body, BODY_MOST);
        if (server->log != NULL)
            log_request(server, head, body);
        pthread_mutex_unlock(&server->lock);
        open = strncmp(head, "CONNECT ", 8) != 0 && serve(peer, head, body);
        if (strncmp(head, "CONNECT ", 8) == 0)
            tunnel(peer, head);
    }
    if (peer->ssl != NULL)
        SSL_free(peer->ssl);
    free(head);
    free(body);
    pthread_mutex_lock(&server->lock);
    close(peer->fd);
    peer->fd = -1;
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static void *serve_all(void *vserver)
{
    struct http_server *server = vserver;
    sigset_t pipe;

    /* libssl writes to peers that are gone; of the client under test the signal would be seen. */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    for (;;) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        struct peer *peer = NULL;

        if (fd < 0 && errno == EINTR)
            continue;
        if (fd < 0)
            return NULL;
        peer = calloc(1, sizeof(*peer));
        peer->server = server;
        peer->fd = fd;
        pthread_mutex_lock(&server->lock);
        server->connections++;
        peer->next = server->peers;
        server->peers = peer;
        pthread_mutex_unlock(&server->lock);
        if (pthread_create(&peer->thread, NULL, serve_peer, peer) != 0)
            abort();
    }
}

struct http_server *http_server_start(SSL_CTX *tls)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    struct http_server *server = calloc(1, sizeof(*server));

    server->tls = tls;
    pthread_mutex_init(&server->lock, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&server->thread, NULL, serve_all, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    return server;
}

/*
 * Threads of connections use it, its SSL_CTX and libcrypto, none of which may be gone before them:
 * neither what the caller frees next, nor what the end of the program takes away.
 */
static bool hold_end(sigset_t *end)
{
    sigemptyset(end);
    sigaddset(end, SIGTERM);
    return pthread_sigmask(SIG_BLOCK, end, NULL) == 0;
}

struct http_server *http_server_start_alone(void)
{
    sigset_t end;

    return hold_end(&end) ? http_server_start(NULL) : NULL;
}

bool http_server_serve(const struct http_server *server)
{
    sigset_t end;
    int number = 0;

    printf("%d\n", http_server_port(server));
    return fflush(stdout) == 0 && hold_end(&end) && sigwait(&end, &number) == 0;
}

void http_server_stop(struct http_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    pthread_mutex_lock(&server->lock);
    for (const struct peer *peer = server->peers; peer != NULL; peer = peer->next)
        if (peer->fd >= 0)
            shutdown(peer->fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    while (server->peers != NULL) {
        struct peer *peer = server->peers;

        server->peers = peer->next;
        pthread_join(peer->thread, NULL);
        free(peer);
    }
    pthread_mutex_destroy(&server->lock);
    free(server);
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_answer(struct http_server *server, const char *path, const char *json)
{
    if (server->answer_count == ANSWERS_MOST)
        abort();
    server->paths[server->answer_count] = path;
    server->answers[server->answer_count++] = json;
}

void http_server_make(struct http_server *server, http_server_maker *make, void *arg)
{
    server->make = make;
    server->make_arg = arg;
}

void http_server_log(struct http_server *server, const char *path)
{
    pthread_mutex_lock(&server->lock);
    server->log = path;
    pthread_mutex_unlock(&server->lock);
}

static int read_count(struct http_server *server, const int *count)
{
    int value = 0;

    pthread_mutex_lock(&server->lock);
    value = *count;
    pthread_mutex_unlock(&server->lock);
    return value;
}

int http_server_connections(struct http_server *server)
{
    return read_count(server, &server->connections);
}

int http_server_requests(struct http_server *server)
{
    return read_count(server, &server->requests);
}

const char *http_server_head(struct http_server *server)
{
    return server->head;
}

const char *http_server_body(struct http_server *server)
{
    return server->body;
}
