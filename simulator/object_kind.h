/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object of SoftHSM is to the simulator.
 *
 * The private key of an SKA pair and of a timestamp pair carries a mark in its own template: a
 * CKA_SUBJECT that no certificate has, with the id of the record (see record_store.h). The record
 * is in a data object that is never shown.
 *
 * SoftHSM writes an object in several steps. One that a crash has cut short, and a marked key whose
 * record is not complete, count as absent.
 */
#ifndef SKASIM_OBJECT_KIND_H
#define SKASIM_OBJECT_KIND_H

#include <stdbool.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "simulator/key_record.h"
#include "simulator/record_store.h"

enum sim_kind {
    SIM_ORDINARY,
    SIM_HIDDEN,   /* a record, or something that counts as absent */
    SIM_SKA,      /* private key under rules */
    SIM_TIMESTAMP /* private key for timestamps */
};

/* Longer than the name of any curve. */
#define SIM_CURVE_LIMIT 32

struct sim_object {
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_CLASS object_class;
    CK_KEY_TYPE key_type; /* of a key */
    enum sim_kind kind;
    char id[SIM_ID_SIZE];     /* of the record; of a marked private key only */
    struct sim_record record; /* SIM_SKA and SIM_TIMESTAMP */
    /* By sim_object_open_key() only: */
    struct ska_bytes label;         /* approvals and timestamps name it */
    CK_ULONG modulus_length;        /* of an RSA key */
    CK_BYTE curve[SIM_CURVE_LIMIT]; /* of another one: CKA_EC_PARAMS */
    CK_ULONG curve_length;          /* 0: longer than any that is known */
};

/*
 * Looks at an object, also at one that is SIM_HIDDEN. Any failure is an answer for the application;
 * nothing may be done with the object then. Free with sim_object_clear() in any case.
 */
CK_RV sim_object_look(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                      struct sim_object *object);

/* The same, but CKR_OBJECT_HANDLE_INVALID for what counts as absent. */
CK_RV sim_object_open(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                      struct sim_object *object);

/* The same, with label and size, for a private key of this kind; `refusal` for anything else. */
CK_RV sim_object_open_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, enum sim_kind kind,
                          CK_RV refusal, struct sim_object *object);

/* The same for an SKA key: CKR_KEY_TYPE_INCONSISTENT for anything else. */
CK_RV sim_ska_key_open(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                       struct sim_object *object);
void sim_object_clear(struct sim_object *object);

/* Forgets what is remembered of keys and their records, since handles have become invalid. */
void sim_objects_forget(void);

/*
 * For standard functions that use a key or touch an object: CKR_OK for an ordinary object,
 * `refusal` for the private key of an SKA or timestamp pair, CKR_OBJECT_HANDLE_INVALID for what
 * counts as absent.
 */
CK_RV sim_object_refuse(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_RV refusal);

/* The CKA_SUBJECT that marks a private key of this kind. False when memory runs out. */
bool sim_mark(enum sim_kind kind, const char *id, struct ska_bytes *mark);

/*
 * Whether a template asks for something that would pass for the simulator's own: a mark, or the
 * CKA_APPLICATION of a record; or tries to hide it, behind the same attribute given twice.
 */
bool sim_template_forges(const CK_ATTRIBUTE *attributes, CK_ULONG count);

#endif
