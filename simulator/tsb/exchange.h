/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call: what was asked, and the answer that is being made.
 */
#ifndef SKATSB_EXCHANGE_H
#define SKATSB_EXCHANGE_H

#include "provider/base/json.h"
#include "simulator/tsb/answer.h"
#include "simulator/tsb/tsb_server.h"

struct tsb_exchange {
    struct tsb_server *server;
    /* As they came; NULL: not there. */
    const char *method;
    const char *path; /* normalized: with the % that it needs, without the query */
    const char *content_type;
    const char *api_key;
    const char *authorization;
    struct ska_span body;

    unsigned int of; /* which kind, or kinds, of operations the call is about */
    char *argument;  /* what the path names, decoded; NULL: nothing */
    cJSON *json;     /* the body; NULL: this call has none */
    struct tsb_answer answer;
};

/* Frees what was made for it. */
void tsb_exchange_clear(struct tsb_exchange *exchange);

/* Reads a body. Base64 may stand between lines of PEM, which are left out. */
bool tsb_exchange_parse(struct tsb_exchange *exchange, struct ska_span text,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Places in the body, whose failures become the answer. `errors` must be where it is as long as
 * they are used.
 */
void tsb_exchange_top(struct tsb_exchange *exchange, const struct ska_errors *errors,
                      struct ska_json_place *top);

/* Refuse for a storage that does not work. Returns false. */
bool tsb_exchange_fail_storage(struct tsb_exchange *exchange);
/* Refuse with what the HSM says. Returns false. */
bool tsb_exchange_fail_device(struct tsb_exchange *exchange, unsigned long rv);

/*
 * A password: a text, or an array of texts of one character each, as older clients send it; NULL,
 * absent or empty: none. Owned by the caller, who wipes it.
 */
bool tsb_read_password(const struct ska_json_place *place, const char *name,
                       struct ska_bytes *password) SKA_MUST_CHECK;

#endif
