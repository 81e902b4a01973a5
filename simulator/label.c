/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of private keys.
 */
#include "simulator/label.h"

#include <stdint.h>
#include <stdlib.h>

#include "simulator/change_lock.h"
#include "simulator/object_kind.h"
#include "simulator/record_store.h"
#include "simulator/session_table.h"
#include "simulator/softhsm_calls.h"
#include "simulator/template.h"

CK_RV sim_label_search(CK_SESSION_HANDLE session, struct ska_span label, CK_OBJECT_HANDLE **handles,
                       size_t *count)
{
    CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &private_key, sizeof(private_key)},
                             {CKA_LABEL, (CK_VOID_PTR)(uintptr_t)label.data, label.length}};
    struct sim_own_session own = {0};
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = sim_search(own.handle, wanted, 2, handles, count);
    sim_own_session_close(&own);
    return rv;
}

/*
 * An SKA key whose making was cut off stands in nobody's way: who holds the lock knows that no one
 * is still at it. The application's session may be a read-only one.
 */
static void remove_unfinished(CK_SESSION_HANDLE session, const struct sim_object *object)
{
    CK_BBOOL local = CK_TRUE;
    CK_ATTRIBUTE read = {CKA_LOCAL, &local, sizeof(local)};
    struct sim_own_session own = {0};

    if (object->kind != SIM_HIDDEN || object->id[0] == '\0' ||
        sim_own_session_open(session, &own) != CKR_OK)
        return;
    if (softhsm()->C_GetAttributeValue(own.handle, object->handle, &read, 1) == CKR_OK && !local &&
        softhsm()->C_DestroyObject(own.handle, object->handle) == CKR_OK)
        sim_store_destroy(session, object->id);
    sim_own_session_close(&own);
}

static CK_RV check_label(CK_SESSION_HANDLE session, struct ska_span label, bool ordinary_too)
{
    CK_OBJECT_HANDLE *handles = NULL;
    size_t count = 0;
    CK_RV rv = sim_label_search(session, label, &handles, &count);

    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        struct sim_object object = {0};

        rv = sim_object_look(session, handles[i], &object);
        if (rv == CKR_OK && object.kind != SIM_HIDDEN &&
            (ordinary_too || object.kind != SIM_ORDINARY))
            rv = CKR_ATTRIBUTE_VALUE_INVALID;
        else if (rv == CKR_OK)
            remove_unfinished(session, &object);
        else if (rv == CKR_OBJECT_HANDLE_INVALID) /* gone since the search */
            rv = CKR_OK;
        sim_object_clear(&object);
    }
    free(handles);
    return rv;
}

CK_RV sim_label_unused(CK_SESSION_HANDLE session, struct ska_span label)
{
    return check_label(session, label, true);
}

CK_RV sim_label_claim(CK_SESSION_HANDLE session, bool private_key, const CK_ATTRIBUTE *attributes,
                      CK_ULONG count, bool *claimed)
{
    const CK_ATTRIBUTE *label = NULL;
    CK_SESSION_INFO info = {0};
    CK_RV rv = CKR_OK;

    *claimed = false;
    if (sim_template_forges(attributes, count))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (private_key)
        label = sim_template_find(attributes, count, CKA_LABEL);
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
    return check_label(session, ska_span(label->pValue, label->ulValueLen), false);
}

CK_RV sim_label_claim_new(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *attributes, CK_ULONG count,
                          bool *claimed)
{
    return sim_label_claim(session, sim_template_has_class(attributes, count, CKO_PRIVATE_KEY),
                           attributes, count, claimed);
}

void sim_label_release(bool claimed)
{
    if (claimed)
        sim_unlock();
}
