/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP, by libmicrohttpd, with its TLS. A thread for each connection: calls block, on the HSM, on
 * the disk, or because a fault is to be slow, and must not keep others waiting for that.
 */
#ifndef SKATSB_HTTP_SERVER_H
#define SKATSB_HTTP_SERVER_H

#include "simulator/tsb/tsb_server.h"

struct tsb_listen {
    const char *address;  /* "127.0.0.1:8443", "[::1]:8443"; port 0: any that is free */
    const char *tls_cert; /* PEM file, the chain; NULL: without TLS */
    const char *tls_key;  /* PEM file */
};

struct tsb_http;

/*
 * Answers calls from now on. An address that is not this computer's own is for TLS only. *url, to
 * be freed, is where it listens.
 */
bool tsb_http_start(struct tsb_server *server, const struct tsb_listen *listen,
                    struct tsb_http **http, char **url,
                    const struct ska_errors *errors) SKA_MUST_CHECK;
/* After the calls that are under way. */
void tsb_http_stop(struct tsb_http *http);

#endif
