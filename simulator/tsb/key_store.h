/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker itself keeps of a key: times, names, and a password, which the HSM's simulator
 * does not have. A key without a record is one that others have made in the token.
 */
#ifndef SKATSB_KEY_STORE_H
#define SKATSB_KEY_STORE_H

#include "simulator/tsb/request_store.h"

struct tsb_key_record {
    char *id; /* as the client gave it; NULL: none */
    char uuid[TSB_ID_SIZE];
    int64_t created;
};

void tsb_key_record_clear(struct tsb_key_record *record);

/* Each is a transaction of its own. */

/* An empty password is none. */
bool tsb_key_record_insert(struct tsb_database *database, OSSL_LIB_CTX *libctx, const char *label,
                           const char *id, struct ska_span password) SKA_MUST_CHECK;
bool tsb_key_record_load(struct tsb_database *database, const char *label,
                         struct tsb_key_record *record, bool *found) SKA_MUST_CHECK;
/* Another password, or none. */
bool tsb_key_record_protect(struct tsb_database *database, OSSL_LIB_CTX *libctx, const char *label,
                            struct ska_span password) SKA_MUST_CHECK;
/* Takes the record away, and cancels the requests that wait for the key. */
bool tsb_key_record_delete(struct tsb_database *database, const char *label) SKA_MUST_CHECK;

/* A key without a password fits any. */
bool tsb_key_password_fits(struct tsb_database *database, OSSL_LIB_CTX *libctx, const char *label,
                           struct ska_span password, bool *fits) SKA_MUST_CHECK;

#endif
