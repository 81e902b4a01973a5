/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and their tasks in the database. All of it is called within a transaction; false: the
 * database does not do it, and the transaction is to be taken back.
 */
#ifndef SKATSB_REQUEST_STORE_H
#define SKATSB_REQUEST_STORE_H

#include <openssl/types.h>

#include "simulator/tsb/database.h"
#include "simulator/tsb/life_cycle.h"
#include "simulator/tsb/operation_number.h"

#define TSB_ID_SIZE 37 /* a UUID and a NUL */

/* Texts are owned and may be NULL. */
struct tsb_request {
    char id[TSB_ID_SIZE];
    enum tsb_kind kind;
    char *key_name;
    struct ska_bytes body; /* as it was sent, but for a password */
    struct ska_bytes payload;
    char *payload_type;
    char *meta_data;
    char *meta_data_signature;
    char *algorithm;
    char *signature_type;
    struct ska_bytes token;
    struct ska_bytes rule; /* of the key when it was made, serialized */
    uint64_t stamp;        /* seconds of the HSM, in the token */
    int64_t clock_offset;  /* seconds that the HSM's clock is ahead of ours */
    int64_t created;       /* milliseconds since 1970, as all that follow */
    enum tsb_status status;
    int64_t due;            /* when it is to be looked at again; 0: not by itself */
    int64_t approved;       /* when it became APPROVED; 0: not yet */
    bool sent;              /* to the HSM, whose answer is not known yet */
    int64_t execution_time; /* 0: none */
    char *result;
};

void tsb_request_clear(struct tsb_request *request);

enum tsb_task_state { TSB_TASK_OPEN, TSB_TASK_APPROVED, TSB_TASK_REJECTED };

/* What one approver is asked. */
struct tsb_task {
    char id[TSB_ID_SIZE];
    char request[TSB_ID_SIZE];
    bool certificate;
    struct ska_bytes approver;   /* as the rule lists him: key or certificate */
    struct ska_bytes public_key; /* SubjectPublicKeyInfo */
    enum tsb_task_state state;
    struct ska_bytes signature; /* DER, of one who has approved */
};

struct tsb_tasks {
    struct tsb_task *list;
    size_t count;
};

void tsb_task_clear(struct tsb_task *task);
void tsb_tasks_clear(struct tsb_tasks *tasks);

/* Lower-case, version 4. */
bool tsb_uuid_make(OSSL_LIB_CTX *libctx, char id[TSB_ID_SIZE]) SKA_MUST_CHECK;
bool tsb_uuid_valid(const char *text);

/* ---- Requests -------------------------------------------------------------------------------- */

bool tsb_request_insert(struct tsb_database *database,
                        const struct tsb_request *request) SKA_MUST_CHECK;
/* `found` false: there is none of this id. */
bool tsb_request_load(struct tsb_database *database, const char *id, struct tsb_request *request,
                      bool *found) SKA_MUST_CHECK;
/* Writes what changes: status, due, approved, sent, execution time, result. */
bool tsb_request_update(struct tsb_database *database,
                        const struct tsb_request *request) SKA_MUST_CHECK;
/* The one that is to be looked at first, and when; `due` 0: none. */
bool tsb_request_first_due(struct tsb_database *database, char id[TSB_ID_SIZE],
                           int64_t *due) SKA_MUST_CHECK;
/* Cancels what waits for a key. */
bool tsb_request_cancel_of_key(struct tsb_database *database, const char *key_name) SKA_MUST_CHECK;

/* Called for each request with one of the statuses, oldest first; false ends it. */
typedef bool tsb_request_visitor(void *arg, const char *id, enum tsb_status status);
bool tsb_request_visit(struct tsb_database *database, const bool statuses[TSB_STATUS_COUNT],
                       tsb_request_visitor *visit, void *arg) SKA_MUST_CHECK;

/* ---- Tasks ----------------------------------------------------------------------------------- */

bool tsb_task_insert(struct tsb_database *database, const struct tsb_task *task,
                     size_t number) SKA_MUST_CHECK;
bool tsb_task_load(struct tsb_database *database, const char *id, struct tsb_task *task,
                   bool *found) SKA_MUST_CHECK;
/* Writes state and signature. */
bool tsb_task_update(struct tsb_database *database, const struct tsb_task *task) SKA_MUST_CHECK;
/* In the order of the rule. */
bool tsb_tasks_of_request(struct tsb_database *database, const char *request,
                          struct tsb_tasks *tasks) SKA_MUST_CHECK;

enum tsb_order {
    TSB_CREATED_ASCENDING,
    TSB_CREATED_DESCENDING,
    TSB_FETCHED_ASCENDING,
    TSB_FETCHED_DESCENDING
};

/* Which open tasks are wanted. */
struct tsb_task_filter {
    bool everybody; /* else those of `certificate` and `approver` */
    bool certificate;
    struct ska_span approver;
    const char *id;      /* NULL: any */
    const char *request; /* NULL: any */
    unsigned int kinds;  /* bits, 1 << enum tsb_kind */
    enum tsb_order order;
    uint64_t first;
    uint64_t most;
};

/* They count as fetched now. */
bool tsb_tasks_open(struct tsb_database *database, const struct tsb_task_filter *filter,
                    int64_t now, struct tsb_tasks *tasks) SKA_MUST_CHECK;

#endif
