/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of a web service: HTTPS, and plain HTTP to this computer itself. The one file that knows
 * libcurl.
 *
 * Of the flavour that is linked with GnuTLS: a client that used libcrypto's default context in the
 * middle of a signature would meet our own provider, and the settings of the application around it.
 * Its symbols have a version of their own, so that a program may use another flavour beside it.
 *
 * The server's certificate is always verified. Nothing is taken from the environment or from files
 * of libcurl's own: no proxy, no .netrc, no cookies. Redirects are answers like any other. No call
 * is ever made twice, and no signal is used. A call blocks; it takes about 10 KiB of stack, of
 * which an ASYNC job has enough.
 */
#ifndef SKA_BASE_HTTP_H
#define SKA_BASE_HTTP_H

#include "provider/base/bytes.h"

/* How long an answer may be where nothing else is said, in bytes. */
#define SKA_HTTP_ANSWER_LIMIT ((size_t)1024 * 1024)

/* Text members may be NULL, but for the URL. Everything is copied. */
struct ska_http_settings {
    const char *url;         /* https://HOST[:PORT][/PATH], or http: with a loopback address */
    const char *ca_file;     /* PEM: the only CAs that are believed; NULL: the system's */
    const char *ca_setting;  /* by what a person sets that, for messages; a literal, not copied */
    const char *certificate; /* PEM files, for a server that asks who calls */
    const char *key;
    const char *key_password;      /* secret */
    const char *proxy;             /* http://HOST:PORT; NULL: none */
    const char *proxy_credentials; /* "user:password", secret */
    size_t answer_limit;           /* bytes; 0: SKA_HTTP_ANSWER_LIMIT */
    unsigned int connect_seconds;  /* 0: 10 */
    unsigned int call_seconds;     /* all of a call; 0: 60 */
};

/*
 * A server, and connections to it that are kept from one call to the next. Any number of threads
 * may call at a time; a child after fork() makes connections of its own.
 */
struct ska_http;

/*
 * Loads what calls need, which the first call does otherwise: for who may not be able to later on
 * (chroot). True where this was built without HTTP.
 */
bool ska_http_prepare(const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Connects to nobody yet. SKA_R_BAD_PARAMETER: a URL that is none of these, or that has a user or a
 * password in it. SKA_R_FILE_FAILURE: a file that cannot be read. SKA_R_UNSUPPORTED: built without
 * HTTP.
 */
bool ska_http_open(const struct ska_http_settings *settings, struct ska_http **http,
                   const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_http_close(struct ska_http *http); /* NULL is fine; no call may be under way */

enum ska_http_method { SKA_HTTP_GET, SKA_HTTP_POST, SKA_HTTP_PATCH, SKA_HTTP_DELETE };

struct ska_http_call {
    enum ska_http_method method;
    const char *path; /* put behind the URL, "/v1/key/seal", encoded; NULL: the URL alone */
    const char *const
        *headers;             /* "Authorization: Bearer ...", ended by NULL; never shown. Or NULL */
    const char *content_type; /* POST, PATCH: of the body */
    struct ska_span body;     /* POST, PATCH */
    unsigned int seconds; /* all of it, where that is less than the settings allow; 0: they do */
};

/* Free with ska_http_answer_clear(). */
struct ska_http_answer {
    unsigned int status;   /* 200, 404, ... */
    char *content_type;    /* as the server says it; NULL: it does not */
    struct ska_bytes body; /* not NULL; a NUL behind it */
    char date[64];         /* of the header, as the server says it; "": it does not */
};

enum ska_http_outcome {
    SKA_HTTP_ANSWERED,
    /* Raised: SKA_R_SERVER_UNREACHABLE. The server has got no whole request: it has done nothing.
     */
    SKA_HTTP_NOT_SENT,
    /* Raised: SKA_R_SERVER_FAILURE. What the server has done is not known. */
    SKA_HTTP_NO_ANSWER,
    /* The same of an answer that is too long: it would be so again. */
    SKA_HTTP_TOO_LONG
};

/* One call. *answer is filled in by SKA_HTTP_ANSWERED alone, whatever the status is. */
enum ska_http_outcome ska_http_call(struct ska_http *http, const struct ska_http_call *call,
                                    struct ska_http_answer *answer,
                                    const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_http_answer_clear(struct ska_http_answer *answer);

/* What time it was by the server's clock, in seconds since 1970; -1: it does not say. */
int64_t ska_http_answer_time(const struct ska_http_answer *answer);

#endif
