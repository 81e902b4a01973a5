/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating, copying, changing and destroying objects.
 */
#include <stddef.h>

#include <pkcs11.h>

#include "simulator/caller_memory.h"
#include "simulator/change_lock.h"
#include "simulator/context.h"
#include "simulator/label.h"
#include "simulator/object_kind.h"
#include "simulator/own_calls.h"
#include "simulator/record_store.h"
#include "simulator/softhsm_calls.h"

CK_RV sim_C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
                         CK_OBJECT_HANDLE_PTR object)
{
    bool claimed = false;
    CK_RV rv = sim_copy_template(&attributes, count);

    if (rv == CKR_OK)
        rv = sim_label_claim_new(session, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_CreateObject(session, attributes, count, object);
    sim_label_release(claimed);
    return rv;
}

/* Whether a template may be applied to an existing object; takes the lock for a private key's
 * label. */
static CK_RV check_object_change(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                                 const CK_ATTRIBUTE *attributes, CK_ULONG count, bool *claimed)
{
    struct sim_object object = {0};
    CK_RV rv = sim_object_open(session, handle, &object);

    if (rv == CKR_OK && object.kind != SIM_ORDINARY)
        rv = CKR_ACTION_PROHIBITED;
    if (rv == CKR_OK)
        rv = sim_label_claim(session, object.object_class == CKO_PRIVATE_KEY, attributes, count,
                             claimed);
    sim_object_clear(&object);
    return rv;
}

CK_RV sim_C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                       CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR copy)
{
    bool claimed = false;
    CK_RV rv = sim_copy_template(&attributes, count);

    if (rv == CKR_OK)
        rv = check_object_change(session, object, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_CopyObject(session, object, attributes, count, copy);
    sim_label_release(claimed);
    return rv;
}

CK_RV sim_C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
    bool claimed = false;
    CK_RV rv = sim_copy_template(&attributes, count);

    if (rv == CKR_OK)
        rv = check_object_change(session, object, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_SetAttributeValue(session, object, attributes, count);
    sim_label_release(claimed);
    return rv;
}

/* The key goes first: rules without their key are harmless, a key without its rules is not. */
static CK_RV destroy_marked(CK_SESSION_HANDLE session, const struct sim_object *object)
{
    CK_RV rv = sim_lock();

    if (rv != CKR_OK)
        return rv;
    rv = softhsm()->C_DestroyObject(session, object->handle);
    if (rv == CKR_OK)
        rv = sim_fault("key-destroyed");
    if (rv == CKR_OK)
        sim_store_destroy(session, object->id);
    sim_unlock();
    return rv;
}

CK_RV sim_C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle)
{
    struct sim_object object = {0};
    CK_RV rv = sim_object_open(session, handle, &object);

    if (rv == CKR_OK)
        rv = object.kind == SIM_ORDINARY ? softhsm()->C_DestroyObject(session, handle)
                                         : destroy_marked(session, &object);
    sim_object_clear(&object);
    return rv;
}

CK_RV sim_C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size)
{
    CK_RV rv = sim_object_refuse(session, object, CKR_OK);

    return rv == CKR_OK ? softhsm()->C_GetObjectSize(session, object, size) : rv;
}
