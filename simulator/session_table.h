/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulator knows of the application's sessions beside what SoftHSM knows: the slot, and
 * the operations that SoftHSM does only in part. Sessions of the simulator's own are opened here
 * too.
 */
#ifndef SKASIM_SESSION_TABLE_H
#define SKASIM_SESSION_TABLE_H

#include <stdbool.h>

#include <pkcs11.h>

/* What can be under way in a session, one of each kind. */
enum sim_operation_kind {
    SIM_SEARCH, /* see object_search.c */
    SIM_HASH,   /* see ordinary_sign.c */
    SIM_OPERATION_COUNT
};

/* The first member of what the file of that kind keeps for it. */
struct sim_operation {
    void (*free)(struct sim_operation *operation);
};

/*
 * The session has two numbers: the application's, which is used once in the life of a process, and
 * SoftHSM's. All functions but the next two take SoftHSM's.
 */
struct sim_session;

/* Notes a session that SoftHSM has opened, and gives it the application's number. */
CK_RV sim_session_opened(CK_SESSION_HANDLE session, CK_SLOT_ID slot, CK_SESSION_HANDLE *number);

/*
 * For a call in the session of this number, which is replaced by SoftHSM's; NULL when there is
 * none. The session stays open until the call leaves it.
 */
struct sim_session *sim_session_enter(CK_SESSION_HANDLE *number);
void sim_session_leave(struct sim_session *session);

/*
 * Closes the session that the calling call is in, or those of a slot that it is in none of. No call
 * enters them any more, and those that are in them are waited for. `none_left`: in any slot.
 */
CK_RV sim_session_close(CK_SESSION_HANDLE session, bool *none_left);
void sim_slot_sessions_close(CK_SLOT_ID slot, bool *none_left);

/* Forgets all, when SoftHSM has. */
void sim_sessions_forget(void);

/* False when there is no such session. */
bool sim_session_slot(CK_SESSION_HANDLE session, CK_SLOT_ID *slot);

/* Whether token objects may be made and changed in it, as PKCS#11 says; else what is wrong. */
CK_RV sim_session_writable(CK_SESSION_HANDLE session);

/*
 * An operation is taken out while a call works on it and put back after it, so that no lock is held
 * meanwhile and two threads in one session cannot meet in it. Taking gives ownership, NULL when
 * there is none. What is put, or NULL, replaces what is there.
 */
struct sim_operation *sim_session_take(CK_SESSION_HANDLE session, enum sim_operation_kind kind);
void sim_session_put(CK_SESSION_HANDLE session, enum sim_operation_kind kind,
                     struct sim_operation *operation);

/*
 * A session of the simulator's own beside the application's: for searches and signatures that must
 * not meet the operations of the application's session. The login is shared. It has no number of
 * the application's, and lasts no longer than the call that opens it.
 */
struct sim_own_session {
    CK_SESSION_HANDLE handle;
    CK_SLOT_ID slot;
};

CK_RV sim_own_session_open(CK_SESSION_HANDLE application, struct sim_own_session *own);

/* Accepts one that was not opened, all zero. */
void sim_own_session_close(struct sim_own_session *own);

#endif
