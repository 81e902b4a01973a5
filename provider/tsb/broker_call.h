/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the broker's REST API: who calls is shown, an answer is read, a refusal is told apart
 * from a failure.
 */
#ifndef SKA_TSB_BROKER_CALL_H
#define SKA_TSB_BROKER_CALL_H

#include "provider/base/http.h"
#include "provider/base/json.h"
#include "provider/tsb/connection.h"

struct tsb_call {
    enum tsb_api api;
    enum ska_http_method method;
    const char *path;     /* "/v1/sign", encoded */
    struct ska_span body; /* JSON; POST */
    /* What is to be known where it is not clear whether the broker has done it; NULL: nothing. */
    const char *unclear;
    bool brief;    /* somebody waits for this to end: one try of a few seconds */
    int64_t *time; /* NULL, or set where there is an answer: see ska_http_answer_time() */
};

/* The broker's own codes, which decide; some of them mean something to us. */
enum tsb_code {
    TSB_CODE_NONE = 0, /* it gave none */
    TSB_CODE_NO_TOKEN = 406,
    TSB_CODE_NO_APPROVER = 413,
    TSB_CODE_NOT_ONBOARDED = 414,
    TSB_CODE_NO_API_KEY = 416,
    TSB_CODE_LABEL_IN_USE = 608,
    TSB_CODE_INVALID_TOKEN = 617,
    TSB_CODE_KEY_PASSWORD = 620,
    TSB_CODE_INVALID_API_KEY = 631,
    TSB_CODE_NO_KEY = 650,
    TSB_CODE_NO_REQUEST = 651,
    TSB_CODE_IN_HSM = 701
};

struct tsb_refusal {
    unsigned int status; /* of HTTP */
    unsigned int code;   /* enum tsb_code, or another */
    char text[256];      /* the broker's words, harmless on a terminal */
};

enum tsb_outcome {
    TSB_DONE,
    TSB_REFUSED, /* with a code of the broker's; nothing raised */
    TSB_FAILED   /* raised: SKA_R_SERVER_UNREACHABLE, SKA_R_SERVER_FAILURE, SKA_R_ACCESS_REFUSED, or
                    as credentials.h */
};

/*
 * Tries the API keys in turn as long as the broker does not know them, and a GET a few times where
 * nobody answers; nothing else is ever repeated. `*json` is the answer, NULL for an empty one; free
 * with cJSON_Delete().
 */
enum tsb_outcome tsb_call(struct tsb_connection *connection, const struct tsb_call *call,
                          cJSON **json, struct tsb_refusal *refusal,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/* Raises a refusal that nobody knows more of. `what`: "key 'seal'". Returns false. */
bool tsb_fail_refused(const struct tsb_connection *connection, const char *what,
                      const struct tsb_refusal *refusal, const struct ska_errors *errors);

/* The same of the key of this label. */
bool tsb_fail_refused_key(const struct tsb_connection *connection, const char *label,
                          const struct tsb_refusal *refusal, const struct ska_errors *errors);

/* What is in an answer, as a place for json.h; its messages name the URL. */
void tsb_answer_top(struct ska_json_place *place, const struct tsb_connection *connection,
                    const cJSON *json, const struct ska_errors *errors);

/*
 * {"ROOT": members}, with "keyPassword" in it where a password is configured, for a body to be
 * freed with ska_bytes_clear_free(). ROOT NULL: the members alone, with "password". Takes them
 * over.
 */
bool tsb_body_make(const struct tsb_connection *connection, const char *root, cJSON *members,
                   struct ska_bytes *body, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
