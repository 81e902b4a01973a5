/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in the token: private data objects that only the simulator sees.
 *
 * A record is written complete before its key is generated. A change writes a new record of the
 * same id with a higher version before the old one goes. So whatever moment a process dies at,
 * there is a complete record in force, or no key.
 */
#ifndef SKASIM_RECORD_STORE_H
#define SKASIM_RECORD_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <pkcs11.h>

#include "simulator/key_record.h"

/* An id is a UUID as text. */
#define SIM_ID_SIZE ((size_t)37)

/* CKA_APPLICATION of a data object that holds a record. */
#define SIM_APPLICATION "SKA simulator"

bool sim_id_make(char id[SIM_ID_SIZE]);

/* Writes a record as a new data object, through the application's session. */
CK_RV sim_store_write(CK_SESSION_HANDLE session, const char *id, const struct sim_record *record);

/*
 * The record in force. CKR_OBJECT_HANDLE_INVALID when there is none or none is complete. Finds it
 * without a search when this process has seen it before.
 */
CK_RV sim_store_read(CK_SESSION_HANDLE session, const char *id, struct sim_record *record);

/*
 * Finishes what a process that died has left: of several records of this id the one with the
 * highest version stays. To be called before a change, which holds sim_lock() from here to its end.
 */
CK_RV sim_store_settle(CK_SESSION_HANDLE session, const char *id);

/* Puts this record in force, one version above that of the old one, under sim_lock(). */
CK_RV sim_store_replace(CK_SESSION_HANDLE session, const char *id, struct sim_record *record);

/* Destroys all records of this id. */
CK_RV sim_store_destroy(CK_SESSION_HANDLE session, const char *id);

/* Forgets where records are, since their handles have become invalid. */
void sim_store_forget(void);

#endif
