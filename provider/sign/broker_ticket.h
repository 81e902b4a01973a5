/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered in state-dir of a request that a broker keeps, so that the same command goes
 * on with it. Not in an approvals directory, where a colleague could plant another id.
 */
#ifndef SKA_SIGN_BROKER_TICKET_H
#define SKA_SIGN_BROKER_TICKET_H

#include "provider/backend/broker.h"
#include "provider/request/request.h"

struct ska_broker_ticket {
    char *state_dir; /* NULL: nothing is remembered */
    char name[sizeof("broker-") + SKA_REQUEST_ID_LENGTH];
    bool (*interrupted)(void); /* as in struct ska_job: ends waiting for the lock */
    int fd;                    /* locked; -1: it is not */
    char id[BROKER_ID_SIZE];   /* "": none */
};

/* For our id of a request. `interrupted` may be set then. Clear with ska_broker_ticket_clear(). */
bool ska_broker_ticket_init(struct ska_broker_ticket *ticket, const char *state_dir,
                            const char *request_id, const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_broker_ticket_clear(struct ska_broker_ticket *ticket);

/*
 * Reads the id that this broker has given, and keeps others who want the same from handing in
 * theirs until ska_broker_ticket_unlock().
 */
bool ska_broker_ticket_lock(struct ska_broker_ticket *ticket, const char *broker,
                            const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_broker_ticket_unlock(struct ska_broker_ticket *ticket);

/* While it is locked: remembers the id, and what was asked for, to be listed and fetched by others.
 */
bool ska_broker_ticket_write(struct ska_broker_ticket *ticket, const char *broker, const char *id,
                             const struct ska_request *draft,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/* Forgets the id where it is still this one; that it cannot be is found out by who comes next. */
void ska_broker_ticket_forget(struct ska_broker_ticket *ticket, const char *broker);

/*
 * Goes through all that is remembered of requests at this broker, in no order; false of the visitor
 * ends it. The draft is the visitor's: it takes it, or frees it. What cannot be read is named to
 * `wrong`.
 */
typedef bool ska_broker_ticket_visit(void *arg, const char *id, struct ska_request *draft);
bool ska_broker_tickets_visit(const char *state_dir, const char *broker,
                              ska_broker_ticket_visit *visit, void *arg,
                              const struct ska_errors *wrong,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
