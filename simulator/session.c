/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application's sessions.
 */
#include "simulator/session.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "simulator/module.h"
#include "simulator/softhsm.h"
#include "simulator/store.h"

struct session {
    CK_SESSION_HANDLE handle;
    CK_SLOT_ID slot;
    struct sim_results *results;
    struct sim_hash *hash;
    struct session *next;
};

/* Guarded by sim_state_lock(). */
static struct session *sessions;

void sim_results_free(struct sim_results *results)
{
    if (results == NULL)
        return;
    free(results->handles);
    free(results);
}

void sim_hash_free(struct sim_hash *hash)
{
    if (hash == NULL)
        return;
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

static void session_free(struct session *session)
{
    sim_results_free(session->results);
    sim_hash_free(session->hash);
    free(session);
}

static struct session *find(CK_SESSION_HANDLE handle)
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

/*
 * Removes the sessions that match (all of a slot, or one by its handle). With a slot's last session
 * its login ends, and with that the handles that the store remembers.
 */
static void remove_sessions(bool by_slot, CK_SLOT_ID slot, CK_SESSION_HANDLE handle)
{
    bool none_left = false;

    sim_state_lock();
    for (struct session **link = &sessions; *link != NULL;) {
        struct session *session = *link;

        if (by_slot ? session->slot == slot : session->handle == handle) {
            *link = session->next;
            session_free(session);
        } else {
            link = &session->next;
        }
    }
    none_left = sessions == NULL;
    sim_state_unlock();
    if (none_left)
        sim_store_forget();
}

void sim_session_closed(CK_SESSION_HANDLE session)
{
    remove_sessions(false, 0, session);
}

void sim_slot_sessions_closed(CK_SLOT_ID slot)
{
    remove_sessions(true, slot, CK_INVALID_HANDLE);
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
    session = find(handle);
    if (session != NULL)
        *slot = session->slot;
    sim_state_unlock();
    return session != NULL;
}

struct sim_results *sim_session_take_results(CK_SESSION_HANDLE handle)
{
    struct session *session = NULL;
    struct sim_results *results = NULL;

    sim_state_lock();
    session = find(handle);
    if (session != NULL) {
        results = session->results;
        session->results = NULL;
    }
    sim_state_unlock();
    return results;
}

void sim_session_put_results(CK_SESSION_HANDLE handle, struct sim_results *results)
{
    struct session *session = NULL;
    struct sim_results *old = results;

    sim_state_lock();
    session = find(handle);
    if (session != NULL) {
        old = session->results;
        session->results = results;
    }
    sim_state_unlock();
    sim_results_free(old);
}

struct sim_hash *sim_session_take_hash(CK_SESSION_HANDLE handle)
{
    struct session *session = NULL;
    struct sim_hash *hash = NULL;

    sim_state_lock();
    session = find(handle);
    if (session != NULL) {
        hash = session->hash;
        session->hash = NULL;
    }
    sim_state_unlock();
    return hash;
}

void sim_session_put_hash(CK_SESSION_HANDLE handle, struct sim_hash *hash)
{
    struct session *session = NULL;
    struct sim_hash *old = hash;

    sim_state_lock();
    session = find(handle);
    if (session != NULL) {
        old = session->hash;
        session->hash = hash;
    }
    sim_state_unlock();
    sim_hash_free(old);
}

CK_RV sim_own_session_open(CK_SESSION_HANDLE application, CK_SESSION_HANDLE *own)
{
    CK_SLOT_ID slot = 0;

    *own = CK_INVALID_HANDLE;
    if (!sim_session_slot(application, &slot))
        return CKR_SESSION_HANDLE_INVALID;
    return softhsm()->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, own);
}

void sim_own_session_close(CK_SESSION_HANDLE own)
{
    if (own != CK_INVALID_HANDLE)
        softhsm()->C_CloseSession(own);
}
