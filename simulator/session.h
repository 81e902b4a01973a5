/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulator knows of the application's sessions beside what SoftHSM knows: the slot, the
 * results of a search, and the hash of a signature operation that SoftHSM lacks.
 *
 * Results and hashes are taken out while a call works on them and put back after it, so that no
 * lock is held meanwhile and two threads in one session cannot meet in them.
 */
#ifndef SKASIM_SESSION_H
#define SKASIM_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/types.h>

#include <pkcs11.h>

/* Handles that a search has found and C_FindObjects has not handed out yet. */
struct sim_results {
    CK_OBJECT_HANDLE *handles;
    size_t count;
    size_t next;
};

/* An ECDSA operation with a hash: SoftHSM does the ECDSA, the simulator the hash. */
struct sim_hash {
    EVP_MD_CTX *context;
    bool verify;
    bool multipart; /* parts have been given */
};

void sim_results_free(struct sim_results *results);
void sim_hash_free(struct sim_hash *hash);

CK_RV sim_session_opened(CK_SESSION_HANDLE session, CK_SLOT_ID slot);
void sim_session_closed(CK_SESSION_HANDLE session);
void sim_slot_sessions_closed(CK_SLOT_ID slot);
void sim_sessions_forget(void);

/* False when there is no such session. */
bool sim_session_slot(CK_SESSION_HANDLE session, CK_SLOT_ID *slot);

/* Taking gives ownership, NULL when there is none. What is put replaces what is there. */
struct sim_results *sim_session_take_results(CK_SESSION_HANDLE session);
void sim_session_put_results(CK_SESSION_HANDLE session, struct sim_results *results);
struct sim_hash *sim_session_take_hash(CK_SESSION_HANDLE session);
void sim_session_put_hash(CK_SESSION_HANDLE session, struct sim_hash *hash);

/*
 * A session of the simulator's own beside the application's: for searches and signatures that must
 * not meet the operations of the application's session. The login is shared.
 */
CK_RV sim_own_session_open(CK_SESSION_HANDLE application, CK_SESSION_HANDLE *own);
/* Accepts CK_INVALID_HANDLE. */
void sim_own_session_close(CK_SESSION_HANDLE own);

#endif
