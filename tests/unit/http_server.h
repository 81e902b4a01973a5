/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web server of the tests' own, one thread for each connection, which answers by what is asked
 * for, and misbehaves by it; to CONNECT it is a proxy. By libssl, so that the client under test
 * meets another library.
 */
#ifndef SKA_TEST_HTTP_SERVER_H
#define SKA_TEST_HTTP_SERVER_H

#include <stdbool.h>

#include <openssl/ssl.h>

struct http_server;

/* `tls` is NULL for plain HTTP; it is borrowed. Listens on 127.0.0.1. */
struct http_server *http_server_start(SSL_CTX *tls);
/*
 * Before it is asked: this path is answered so, whatever is sent. What begins with a digit is the
 * status, "401 Unauthorized", on a line before it; between them there may be lines of the head,
 * "Date: ...". Both are borrowed; 16 at most.
 */
void http_server_answer(struct http_server *server, const char *path, const char *json);
/*
 * Before it is asked: what the function makes of a request is answered; NULL: it is not its
 * business. The text is freed. Calls come one at a time.
 */
typedef char *http_server_maker(void *arg, const char *head, const char *body);
void http_server_make(struct http_server *server, http_server_maker *make, void *arg);
/* From now on each request is added to this file: its first line, and its body in one line. */
void http_server_log(struct http_server *server, const char *path);
/*
 * For programs that are nothing but such a server. The one starts it, before there is any thread;
 * NULL: it cannot. The other prints the port, and waits until the program is to end.
 */
struct http_server *http_server_start_alone(void);
bool http_server_serve(const struct http_server *server);
/* Ends all connections; then nothing of it runs any more, and it is gone. */
void http_server_stop(struct http_server *server);
int http_server_port(const struct http_server *server);

/* So far. */
int http_server_connections(struct http_server *server);
int http_server_requests(struct http_server *server); /* complete ones */
/* The last request: its head as it came, and its body. */
const char *http_server_head(struct http_server *server);
const char *http_server_body(struct http_server *server);

#endif
