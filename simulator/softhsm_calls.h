/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of SoftHSMv2, which is loaded once per process and never unloaded.
 *
 * It keeps threads apart that SoftHSM does not. SoftHSM 2.6.1 re-reads an object's file whenever
 * anything looks at the object. A thread that looks while another one makes or changes it reads
 * half of it, and the object counts as broken for both. So calls that write objects have SoftHSM
 * for themselves: many may read, one may write.
 */
#ifndef SKASIM_SOFTHSM_CALLS_H
#define SKASIM_SOFTHSM_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"

/*
 * Loads the module, or the distribution's when path is NULL. False, with a line on standard error,
 * when it cannot be loaded. To be called before any other thread can be in softhsm().
 */
bool softhsm_load(const char *path);

/* Its calls. Each of them must run between sim_enter() and sim_leave(). */
const CK_FUNCTION_LIST *softhsm(void);

/* Around fork(): no thread reads or writes objects meanwhile. */
void softhsm_before_fork(void);
void softhsm_after_fork(void);
void softhsm_after_fork_in_child(void);

/* ---- softhsm_objects.c: attributes and searches; nothing is hidden here ------------------ */

/*
 * What SoftHSM's answer for the attributes of an object means: CKR_USER_NOT_LOGGED_IN and
 * CKR_OBJECT_HANDLE_INVALID where it has other words.
 */
CK_RV sim_object_answer(CK_SESSION_HANDLE session, CK_RV rv);

/*
 * Whether the object of this handle exists, in whatever process it may have been destroyed: the
 * only call that does not read all of its attributes.
 */
bool sim_object_is_there(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle);

/* One attribute. Free the bytes; they are empty on failure. */
CK_RV sim_read_bytes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
                     struct ska_bytes *value);
CK_RV sim_read_ulong(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
                     CK_ULONG *value);

/*
 * All handles that match a template. The session must have no operation under way; use one of the
 * simulator's own. Free with free().
 */
CK_RV sim_search(CK_SESSION_HANDLE own, CK_ATTRIBUTE *attributes, CK_ULONG count,
                 CK_OBJECT_HANDLE **handles, size_t *found);

/* Fetches what the search under way in a session has found, behind what is in the list already. */
CK_RV sim_fetch_found(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE **handles, size_t *found);

#endif
