/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of private keys.
 */
#include "simulator/label.h"

#include <stdlib.h>

#include "simulator/lock.h"
#include "simulator/object.h"
#include "simulator/session.h"
#include "simulator/softhsm.h"

static CK_RV search(CK_SESSION_HANDLE own, struct ska_span label, CK_OBJECT_HANDLE **handles,
                    size_t *count)
{
    CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
    struct ska_bytes copy = {NULL, 0};
    CK_RV rv = CKR_HOST_MEMORY;

    if (ska_bytes_copy(&copy, label, NULL)) {
        CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &private_key, sizeof(private_key)},
                                 {CKA_LABEL, copy.data, copy.length}};

        rv = sim_search(own, wanted, 2, handles, count);
    }
    ska_bytes_free(&copy);
    return rv;
}

/*
 * An SKA key whose making was cut off stands in nobody's way: who holds the lock knows that no one
 * is still at it.
 */
static void remove_debris(CK_SESSION_HANDLE session, CK_SESSION_HANDLE own,
                          const struct sim_object *object)
{
    CK_BBOOL local = CK_TRUE;
    CK_ATTRIBUTE read = {CKA_LOCAL, &local, sizeof(local)};

    if (object->kind != SIM_HIDDEN || object->id[0] == '\0' ||
        softhsm()->C_GetAttributeValue(own, object->handle, &read, 1) != CKR_OK || local)
        return;
    if (softhsm()->C_DestroyObject(own, object->handle) == CKR_OK)
        sim_store_destroy(session, object->id);
}

CK_RV sim_label_search(CK_SESSION_HANDLE session, struct ska_span label, CK_OBJECT_HANDLE **handles,
                       size_t *count)
{
    CK_SESSION_HANDLE own = CK_INVALID_HANDLE;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = search(own, label, handles, count);
    sim_own_session_close(own);
    return rv;
}

static CK_RV check(CK_SESSION_HANDLE session, struct ska_span label, bool ordinary_too)
{
    CK_SESSION_HANDLE own = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE *handles = NULL;
    size_t count = 0;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = search(own, label, &handles, &count);
    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        struct sim_object object = {0};

        rv = sim_object_look(session, handles[i], &object);
        if (rv == CKR_OK && object.kind != SIM_HIDDEN &&
            (ordinary_too || object.kind != SIM_ORDINARY))
            rv = CKR_ATTRIBUTE_VALUE_INVALID;
        else if (rv == CKR_OK)
            remove_debris(session, own, &object);
        else if (rv == CKR_OBJECT_HANDLE_INVALID) /* gone since the search */
            rv = CKR_OK;
        sim_object_clear(&object);
    }
    free(handles);
    sim_own_session_close(own);
    return rv;
}

CK_RV sim_label_unused(CK_SESSION_HANDLE session, struct ska_span label)
{
    return check(session, label, true);
}

CK_RV sim_label_claim(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *attributes, CK_ULONG count,
                      bool *claimed)
{
    const CK_ATTRIBUTE *label = sim_template_find(attributes, count, CKA_LABEL);
    CK_SESSION_INFO info = {0};
    CK_RV rv = CKR_OK;

    *claimed = false;
    if (label == NULL || label->ulValueLen == 0)
        return CKR_OK;
    rv = softhsm()->C_GetSessionInfo(session, &info);
    if (rv != CKR_OK)
        return rv;
    if (info.state != CKS_RO_USER_FUNCTIONS && info.state != CKS_RW_USER_FUNCTIONS)
        return CKR_USER_NOT_LOGGED_IN;
    rv = sim_lock();
    if (rv != CKR_OK)
        return rv;
    *claimed = true;
    return check(session, ska_span(label->pValue, label->ulValueLen), false);
}

void sim_label_release(bool claimed)
{
    if (claimed)
        sim_unlock();
}
