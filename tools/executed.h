/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was executed or refused, or is not to be looked at again: a file for each in state-dir, so
 * that nothing is tried for ever.
 */
#ifndef SKA_TOOLS_EXECUTED_H
#define SKA_TOOLS_EXECUTED_H

#include <openssl/types.h>

#include "provider/request/request.h"

/* By the hash of a request's token. */
struct executed {
    const char *state_dir; /* borrowed; NULL: nothing is known, and nothing kept */
    OSSL_LIB_CTX *libctx;
};

enum executed_what {
    EXECUTED_NOTHING,
    EXECUTED_DONE,
    EXECUTED_GIVEN_UP, /* refused, or too late, or never for a unit: it may still be open */
    EXECUTED_WITHDRAWN
};

/* Whether it was executed or given up, and is not to be tried again. */
bool executed_has(const struct executed *executed, const struct ska_request *request, bool *has,
                  const struct ska_errors *errors) SKA_MUST_CHECK;
bool executed_add(const struct executed *executed, const struct ska_request *request,
                  enum executed_what what, const struct ska_errors *errors) SKA_MUST_CHECK;
/* It is asked for anew: without time limits another request has the same token. */
bool executed_forget(const struct executed *executed, const struct ska_request *request,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/* The last that is remembered, for who is to be told what has become of a request. */
struct executed_end {
    enum executed_what what;
    uint64_t seconds; /* when */
    char id[SKA_REQUEST_ID_LENGTH + 1];
};
/* By its token. */
bool executed_look(const struct executed *executed, const struct ska_request *request,
                   struct executed_end *end, const struct ska_errors *errors) SKA_MUST_CHECK;
/* By the first digits of its id; what was given up is not found so. */
bool executed_find(const struct executed *executed, const char *digits, struct executed_end *end,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* It has failed once more: how often by now. */
bool executed_count_failure(const struct executed *executed, const struct ska_request *request,
                            size_t *count, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The PIN in this file was refused by the token, which locks after a few that are wrong. When the
 * file has changed it is another one.
 */
bool executed_has_wrong_pin(const struct executed *executed, const char *path);
bool executed_add_wrong_pin(const struct executed *executed, const char *path,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

/* By the identity of an order that this user may not remove (order.h). */
bool executed_has_order(const struct executed *executed, const char *identity);
bool executed_add_order(const struct executed *executed, const char *identity,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
