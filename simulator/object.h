/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object of SoftHSM is to the simulator.
 *
 * The private key of an SKA pair and of a timestamp pair carries a mark in its own template: a
 * CKA_SUBJECT that no certificate has, with the id of the record (see store.h). The record is in a
 * data object that is never shown.
 *
 * SoftHSM writes an object in several steps. One that a crash has cut short, and a marked key whose
 * record is not complete, count as absent.
 */
#ifndef SKASIM_OBJECT_H
#define SKASIM_OBJECT_H

#include <stdbool.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "simulator/record.h"
#include "simulator/store.h"

enum sim_kind {
    SIM_ORDINARY,
    SIM_HIDDEN,   /* a record, or something that counts as absent */
    SIM_SKA,      /* private key under rules */
    SIM_TIMESTAMP /* private key for timestamps */
};

struct sim_object {
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_CLASS object_class;
    enum sim_kind kind;
    char id[SIM_ID_SIZE];     /* of the record; of a marked private key only */
    struct sim_record record; /* SIM_SKA and SIM_TIMESTAMP */
};

/*
 * Looks at an object. Any failure is an answer for the application; nothing may be done with the
 * object then. Free with sim_object_clear() in any case.
 */
CK_RV sim_object_look(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                      struct sim_object *object);
void sim_object_clear(struct sim_object *object);

/*
 * The gate for standard functions that use a key or touch an object: CKR_OK for an ordinary object,
 * `refusal` for the private key of an SKA or timestamp pair, CKR_OBJECT_HANDLE_INVALID for what
 * counts as absent.
 */
CK_RV sim_object_refuse(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_RV refusal);

/* The same, for an SKA private key only: anything else is an error. */
CK_RV sim_object_look_ska(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                          struct sim_object *object);

/* The CKA_SUBJECT that marks a private key of this kind. False when memory runs out. */
bool sim_mark(enum sim_kind kind, const char *id, struct ska_bytes *mark);

/*
 * Whether a template asks for something that would pass for the simulator's own: a mark, or the
 * CKA_APPLICATION of a record; or tries to hide it, behind the same attribute given twice.
 */
bool sim_template_forges(const CK_ATTRIBUTE *attributes, CK_ULONG count);

/* Cryptoki caps no template; the simulator does, far above anything sensible. */
#define SIM_TEMPLATE_LIMIT 4096UL

/* Attributes as SoftHSM has them. */
CK_RV sim_read_bytes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
                     struct ska_bytes *value);
CK_RV sim_read_ulong(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
                     CK_ULONG *value);

/* An attribute of a template; NULL when it is not there, or has a length but no value. */
const CK_ATTRIBUTE *sim_template_find(const CK_ATTRIBUTE *attributes, CK_ULONG count,
                                      CK_ATTRIBUTE_TYPE type);

/* Whether a template names this object class. */
bool sim_template_has_class(const CK_ATTRIBUTE *attributes, CK_ULONG count,
                            CK_OBJECT_CLASS object_class);

/*
 * All handles that match a template, in SoftHSM's eyes. The session must have no operation under
 * way; use one of the simulator's own. Free with free().
 */
CK_RV sim_search(CK_SESSION_HANDLE own, CK_ATTRIBUTE *attributes, CK_ULONG count,
                 CK_OBJECT_HANDLE **handles, size_t *found);

/* Fetches what the search under way in a session has found, behind what is in the list already. */
CK_RV sim_fetch_found(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE **handles, size_t *found);

#endif
