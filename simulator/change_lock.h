/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock around changes to private keys: a rule that is replaced, a label that must be unique. It
 * holds between threads and between processes that use the same token directory, and goes with its
 * process.
 */
#ifndef SKASIM_CHANGE_LOCK_H
#define SKASIM_CHANGE_LOCK_H

#include <pkcs11.h>

/*
 * Waits for the lock. A thread that holds it may take it again, and gives it back as often. Only
 * after CKR_OK is it held.
 */
CK_RV sim_lock(void);
void sim_unlock(void);

/*
 * Reads in SoftHSM's configuration which directory is to be locked, at C_Initialize, and forgets it
 * again. No other thread may lock meanwhile.
 */
void sim_lock_prepare(void);
void sim_lock_forget(void);

/* SoftHSM's token directory, the one that is locked; NULL when there is none. */
const char *sim_lock_directory(void);

/* In a forked child: a lock that another thread held is the parent's alone. */
void sim_lock_after_fork(void);

#endif
