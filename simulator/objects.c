/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating, copying, changing and destroying objects.
 */
#include <stddef.h>

#include <pkcs11.h>

#include "simulator/label.h"
#include "simulator/lock.h"
#include "simulator/module.h"
#include "simulator/object.h"
#include "simulator/softhsm.h"
#include "simulator/store.h"

CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
                     CK_OBJECT_HANDLE_PTR object)
{
    struct sim_call call;
    bool claimed = false;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK && sim_template_forges(attributes, count))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    if (rv == CKR_OK && sim_template_has_class(attributes, count, CKO_PRIVATE_KEY))
        rv = sim_label_claim(session, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_CreateObject(session, attributes, count, object);
    sim_label_release(claimed);
    return sim_leave(&call, rv);
}

/* Whether a template may be applied to an existing object; takes the lock for a private key's
 * label. */
static CK_RV check_change(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                          const CK_ATTRIBUTE *attributes, CK_ULONG count, bool *claimed)
{
    struct sim_object object = {0};
    CK_RV rv = sim_object_look(session, handle, &object);

    if (rv == CKR_OK && object.kind == SIM_HIDDEN)
        rv = CKR_OBJECT_HANDLE_INVALID;
    else if (rv == CKR_OK && object.kind != SIM_ORDINARY)
        rv = CKR_ACTION_PROHIBITED;
    else if (rv == CKR_OK && sim_template_forges(attributes, count))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    else if (rv == CKR_OK && object.object_class == CKO_PRIVATE_KEY)
        rv = sim_label_claim(session, attributes, count, claimed);
    sim_object_clear(&object);
    return rv;
}

CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
                   CK_ULONG count, CK_OBJECT_HANDLE_PTR copy)
{
    struct sim_call call;
    bool claimed = false;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = check_change(session, object, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_CopyObject(session, object, attributes, count, copy);
    sim_label_release(claimed);
    return sim_leave(&call, rv);
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
    struct sim_call call;
    bool claimed = false;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = check_change(session, object, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_SetAttributeValue(session, object, attributes, count);
    sim_label_release(claimed);
    return sim_leave(&call, rv);
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

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle)
{
    struct sim_call call;
    struct sim_object object = {0};
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_look(session, handle, &object);
    if (rv == CKR_OK && object.kind == SIM_HIDDEN)
        rv = CKR_OBJECT_HANDLE_INVALID;
    else if (rv == CKR_OK && object.kind == SIM_ORDINARY)
        rv = softhsm()->C_DestroyObject(session, handle);
    else if (rv == CKR_OK)
        rv = destroy_marked(session, &object);
    sim_object_clear(&object);
    return sim_leave(&call, rv);
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, object, CKR_OK);
    if (rv == CKR_OK)
        rv = softhsm()->C_GetObjectSize(session, object, size);
    return sim_leave(&call, rv);
}
