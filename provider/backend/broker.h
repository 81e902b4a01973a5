/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that somebody else keeps, brings to approvers and executes: what a back end can do that
 * is a broker, besides what all can.
 */
#ifndef SKA_BACKEND_BROKER_H
#define SKA_BACKEND_BROKER_H

#include "provider/backend/backend_key.h"

/* The longest id of a request, with its NUL. */
#define BROKER_ID_SIZE 64

enum broker_state {
    BROKER_PENDING,
    BROKER_APPROVED, /* by enough; for the time, or for the HSM, it still waits */
    BROKER_EXECUTED,
    /* Ended otherwise. */
    BROKER_REJECTED,
    BROKER_EXPIRED,
    BROKER_CANCELLED,
    BROKER_FAILED,
    BROKER_GONE /* there is no such request (any more) */
};

/* Public keys, SubjectPublicKeyInfo in DER. */
struct broker_people {
    bool told; /* false: the broker has not said who */
    struct ska_bytes *list;
    size_t count;
};

/* Starts as {0}; free with broker_status_clear(). */
struct broker_status {
    enum broker_state state;
    struct broker_people approved;
    struct broker_people rejected;
    /* BROKER_EXECUTED: verified, in libcrypto's form; length 0: it is not there yet. */
    uint8_t signature[BACKEND_SIGNATURE_LIMIT];
    size_t signature_length;
};
void broker_status_clear(struct broker_status *status);

enum broker_answer {
    BROKER_TOLD,
    BROKER_AWAY, /* raised: nobody has answered, or not in earnest; another time it may */
    /* Raised: asking again is of no use. BROKER_EXECUTED: what is there is no signature. */
    BROKER_WRONG
};

bool backend_key_has_broker(const struct backend_key *key);

/* What is asked for. */
struct broker_request {
    enum ska_operation operation;
    const struct ska_mechanism *mechanism; /* SKA_OPERATION_SIGN */
    struct ska_span payload;               /* to sign; to modify: see backend_modify_payload() */
    bool brief;                            /* to look: it takes a few seconds at most */
};

/*
 * Hands a request in. `meta_data` is for approvers to see. `id` is how the broker calls it.
 * Where it fails it may be that the broker has it all the same, which is said then.
 */
bool broker_hand_in(struct backend_key *key, const struct broker_request *request,
                    struct ska_span meta_data, char id[BROKER_ID_SIZE],
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* Where it stands. A change of a key has no result but that it is executed. */
enum broker_answer broker_look(struct backend_key *key, const char *id,
                               const struct broker_request *request, struct broker_status *status,
                               const struct ska_errors *errors);

/* Who can be asked to withdraw a request, also when the key is gone: neither is ever freed. */
struct broker_place {
    const struct broker *broker;
    void *connection;
};
struct broker_place broker_place_of(struct backend_key *key);

enum broker_withdrawal {
    BROKER_WITHDRAWN,     /* or not known (any more) */
    BROKER_NOT_WITHDRAWN, /* raised: it is still open, or has ended otherwise */
    BROKER_UNCLEAR        /* raised: the broker does not say */
};
/* `brief`: it takes a few seconds at most. */
enum broker_withdrawal broker_withdraw(const struct broker_place *place, const char *id, bool brief,
                                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* "https://broker.example": for messages. */
const char *broker_name(const struct broker_place *place);

#endif
