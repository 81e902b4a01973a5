/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application's sessions.
 */
#include "simulator/session_table.h"

#include <stdlib.h>

#include "simulator/context.h"
#include "simulator/softhsm_calls.h"

struct session {
    CK_SESSION_HANDLE handle;
    CK_SLOT_ID slot;
    struct sim_operation *operations[SIM_OPERATION_COUNT];
    struct session *next;
};

/* Guarded by sim_state_lock(). */
static struct session *sessions;

static void operation_free(struct sim_operation *operation)
{
    if (operation != NULL)
        operation->free(operation);
}

static void session_free(struct session *session)
{
    for (int i = 0; i < SIM_OPERATION_COUNT; i++)
        operation_free(session->operations[i]);
    free(session);
}

static struct session *session_find(CK_SESSION_HANDLE handle)
{
    struct session *session = sessions;

    while (session != NULL && session->handle != handle)
        session = session->next;
    return session;
}

CK_RV sim_session_opened(CK_SESSION_HANDLE handle, CK_SLOT_ID slot)
{
    struct session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return CKR_HOST_MEMORY;
    session->handle = handle;
    session->slot = slot;
    sim_state_lock();
    session->next = sessions;
    sessions = session;
    sim_state_unlock();
    return CKR_OK;
}

/* Removes all sessions of a slot, or the one of a handle when the slot is NULL. */
static bool remove_sessions(const CK_SLOT_ID *slot, CK_SESSION_HANDLE handle)
{
    bool none_left = false;

    sim_state_lock();
    for (struct session **link = &sessions; *link != NULL;) {
        struct session *session = *link;

        if (slot != NULL ? session->slot == *slot : session->handle == handle) {
            *link = session->next;
            session_free(session);
        } else {
            link = &session->next;
        }
    }
    none_left = sessions == NULL;
    sim_state_unlock();
    return none_left;
}

bool sim_session_closed(CK_SESSION_HANDLE session)
{
    return remove_sessions(NULL, session);
}

bool sim_slot_sessions_closed(CK_SLOT_ID slot)
{
    return remove_sessions(&slot, CK_INVALID_HANDLE);
}

void sim_sessions_forget(void)
{
    sim_state_lock();
    while (sessions != NULL) {
        struct session *session = sessions;

        sessions = session->next;
        session_free(session);
    }
    sim_state_unlock();
}

bool sim_session_slot(CK_SESSION_HANDLE handle, CK_SLOT_ID *slot)
{
    const struct session *session = NULL;

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
    struct session *session = NULL;
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
