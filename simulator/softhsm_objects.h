/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of objects and searches for them, as SoftHSM has them: nothing is hidden here.
 */
#ifndef SKASIM_SOFTHSM_OBJECTS_H
#define SKASIM_SOFTHSM_OBJECTS_H

#include <stddef.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"

/*
 * What SoftHSM's answer for the attributes of an object means: CKR_USER_NOT_LOGGED_IN and
 * CKR_OBJECT_HANDLE_INVALID where it has other words.
 */
CK_RV sim_object_answer(CK_SESSION_HANDLE session, CK_RV rv);

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
