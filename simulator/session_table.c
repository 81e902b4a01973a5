/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application's sessions.
 */
#include "simulator/session_table.h"

#include <stdlib.h>

#include "simulator/context.h"
#include "simulator/softhsm_calls.h"

struct sim_session {
    CK_SESSION_HANDLE number; /* the application's */
    CK_SESSION_HANDLE handle; /* SoftHSM's */
    CK_SLOT_ID slot;
    unsigned int calls; /* in it now */
    bool closing;       /* not in the list any more; the last call frees it */
    struct sim_operation *operations[SIM_OPERATION_COUNT];
    struct sim_session *next;
};

/* Guarded by sim_state_lock(). */
static struct sim_session *sessions;
static CK_SESSION_HANDLE last_number;

static void operation_free(struct sim_operation *operation)
{
    if (operation != NULL)
        operation->free(operation);
}

static void session_free(struct sim_session *session)
{
    for (int i = 0; i < SIM_OPERATION_COUNT; i++)
        operation_free(session->operations[i]);
    free(session);
}

static struct sim_session *session_find(CK_SESSION_HANDLE handle)
{
    struct sim_session *session = sessions;

    while (session != NULL && session->handle != handle)
        session = session->next;
    return session;
}

/* ---- Opening and closing ---------------------------------------------------------------- */

CK_RV sim_session_opened(CK_SESSION_HANDLE handle, CK_SLOT_ID slot, CK_SESSION_HANDLE *number)
{
    struct sim_session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return CKR_HOST_MEMORY;
    session->handle = handle;
    session->slot = slot;
    sim_state_lock();
    session->number = ++last_number;
    session->next = sessions;
    sessions = session;
    *number = session->number;
    sim_state_unlock();
    return CKR_OK;
}

struct sim_session *sim_session_enter(CK_SESSION_HANDLE *number)
{
    struct sim_session *session = NULL;

    sim_state_lock();
    session = sessions;
    while (session != NULL && session->number != *number)
        session = session->next;
    if (session != NULL) {
        session->calls++;
        *number = session->handle;
    }
    sim_state_unlock();
    return session;
}

void sim_session_leave(struct sim_session *session)
{
    bool over = false;

    sim_state_lock();
    session->calls--;
    over = session->closing && session->calls == 0;
    if (session->closing)
        sim_state_changed();
    sim_state_unlock();
    if (over)
        session_free(session);
}

/* Takes the first session of a slot, or the one of a handle when the slot is NULL, off the list. */
static struct sim_session *take_out(const CK_SLOT_ID *slot, CK_SESSION_HANDLE handle)
{
    for (struct sim_session **link = &sessions; *link != NULL; link = &(*link)->next) {
        struct sim_session *session = *link;

        if (slot != NULL ? session->slot == *slot : session->handle == handle) {
            *link = session->next;
            session->closing = true;
            return session;
        }
    }
    return NULL;
}

CK_RV sim_session_close(CK_SESSION_HANDLE handle, bool *none_left)
{
    struct sim_session *session = NULL;

    sim_state_lock();
    session = take_out(NULL, handle);
    while (session != NULL && session->calls > 1)
        sim_state_wait();
    *none_left = sessions == NULL;
    sim_state_unlock();
    /* NULL: another thread is closing it. */
    return session == NULL ? CKR_SESSION_HANDLE_INVALID : softhsm()->C_CloseSession(handle);
}

/* One by one: SoftHSM's own call would close the simulator's sessions too. */
void sim_slot_sessions_close(CK_SLOT_ID slot, bool *none_left)
{
    struct sim_session *session = NULL;

    do {
        sim_state_lock();
        session = take_out(&slot, CK_INVALID_HANDLE);
        if (session != NULL)
            session->calls++;
        while (session != NULL && session->calls > 1)
            sim_state_wait();
        *none_left = sessions == NULL;
        sim_state_unlock();
        if (session != NULL) {
            softhsm()->C_CloseSession(session->handle);
            sim_session_leave(session);
        }
    } while (session != NULL);
}

void sim_sessions_forget(void)
{
    sim_state_lock();
    while (sessions != NULL) {
        struct sim_session *session = sessions;

        sessions = session->next;
        session_free(session);
    }
    sim_state_unlock();
}

/* ---- What is known of a session --------------------------------------------------------- */

bool sim_session_slot(CK_SESSION_HANDLE handle, CK_SLOT_ID *slot)
{
    const struct sim_session *session = NULL;

    sim_state_lock();
    session = session_find(handle);
    if (session != NULL)
        *slot = session->slot;
    sim_state_unlock();
    return session != NULL;
}

CK_RV sim_session_writable(CK_SESSION_HANDLE session)
{
    CK_SESSION_INFO info = {0};
    CK_RV rv = softhsm()->C_GetSessionInfo(session, &info);

    if (rv != CKR_OK || info.state == CKS_RW_USER_FUNCTIONS)
        return rv;
    return info.state == CKS_RO_USER_FUNCTIONS ? CKR_SESSION_READ_ONLY : CKR_USER_NOT_LOGGED_IN;
}

/* Puts an operation in its place and returns what was there; itself when there is no session. */
static struct sim_operation *exchange_operation(CK_SESSION_HANDLE handle,
                                                enum sim_operation_kind kind,
                                                struct sim_operation *operation)
{
    struct sim_session *session = NULL;
    struct sim_operation *old = operation;

    sim_state_lock();
    session = session_find(handle);
    if (session != NULL) {
        old = session->operations[kind];
        session->operations[kind] = operation;
    }
    sim_state_unlock();
    return old;
}

struct sim_operation *sim_session_take(CK_SESSION_HANDLE session, enum sim_operation_kind kind)
{
    return exchange_operation(session, kind, NULL);
}

void sim_session_put(CK_SESSION_HANDLE session, enum sim_operation_kind kind,
                     struct sim_operation *operation)
{
    operation_free(exchange_operation(session, kind, operation));
}

/* ---- The simulator's own ---------------------------------------------------------------- */

CK_RV sim_own_session_open(CK_SESSION_HANDLE application, struct sim_own_session *own)
{
    own->handle = CK_INVALID_HANDLE;
    if (!sim_session_slot(application, &own->slot))
        return CKR_SESSION_HANDLE_INVALID;
    return softhsm()->C_OpenSession(own->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                    &own->handle);
}

void sim_own_session_close(struct sim_own_session *own)
{
    if (own->handle != CK_INVALID_HANDLE)
        softhsm()->C_CloseSession(own->handle);
}
