/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of objects and searches for them, as SoftHSM has them.
 */
#include "simulator/softhsm_calls.h"

#include <stdlib.h>

/* ---- Attributes ------------------------------------------------------------------------- */

/*
 * SoftHSM answers CKR_GENERAL_ERROR for a private object when nobody is logged in, and
 * CKR_ATTRIBUTE_VALUE_INVALID for an object without a class, which is one that another process
 * makes or destroys at this moment. Says what it is.
 */
CK_RV sim_object_answer(CK_SESSION_HANDLE session, CK_RV rv)
{
    CK_SESSION_INFO info = {0};

    if (rv == CKR_ATTRIBUTE_VALUE_INVALID)
        return CKR_OBJECT_HANDLE_INVALID;
    if (rv != CKR_GENERAL_ERROR || softhsm()->C_GetSessionInfo(session, &info) != CKR_OK)
        return rv;
    if (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS)
        return rv;
    return CKR_USER_NOT_LOGGED_IN;
}

bool sim_object_is_there(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle)
{
    CK_ULONG size = 0;

    return softhsm()->C_GetObjectSize(session, handle, &size) == CKR_OK;
}

CK_RV sim_read_bytes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
                     struct ska_bytes *value)
{
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    CK_RV rv = softhsm()->C_GetAttributeValue(session, handle, &attribute, 1);

    value->data = NULL;
    value->length = 0;
    if (rv != CKR_OK)
        return sim_object_answer(session, rv);
    value->data = calloc(1, attribute.ulValueLen + 1);
    if (value->data == NULL)
        return CKR_HOST_MEMORY;
    value->length = attribute.ulValueLen;
    attribute.pValue = value->data;
    rv = softhsm()->C_GetAttributeValue(session, handle, &attribute, 1);
    if (rv == CKR_OK && attribute.ulValueLen <= value->length)
        value->length = attribute.ulValueLen;
    else
        ska_bytes_free(value);
    return sim_object_answer(session, rv);
}

CK_RV sim_read_ulong(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
                     CK_ULONG *value)
{
    CK_ATTRIBUTE attribute = {type, value, sizeof(*value)};
    CK_RV rv = softhsm()->C_GetAttributeValue(session, handle, &attribute, 1);

    if (rv == CKR_OK && attribute.ulValueLen != sizeof(*value))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return sim_object_answer(session, rv);
}

/* ---- Searching -------------------------------------------------------------------------- */

#define SEARCH_STEP 256

CK_RV sim_fetch_found(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE **handles, size_t *found)
{
    for (;;) {
        CK_OBJECT_HANDLE *grown = reallocarray(*handles, *found + SEARCH_STEP, sizeof(**handles));
        CK_ULONG count = 0;
        CK_RV rv = CKR_HOST_MEMORY;

        if (grown == NULL)
            return rv;
        *handles = grown;
        rv = softhsm()->C_FindObjects(session, grown + *found, SEARCH_STEP, &count);
        if (rv != CKR_OK || count == 0)
            return rv;
        *found += count;
    }
}

CK_RV sim_search(CK_SESSION_HANDLE own, CK_ATTRIBUTE *attributes, CK_ULONG count,
                 CK_OBJECT_HANDLE **handles, size_t *found)
{
    CK_RV rv = softhsm()->C_FindObjectsInit(own, attributes, count);

    *handles = NULL;
    *found = 0;
    if (rv != CKR_OK)
        return rv;
    rv = sim_fetch_found(own, handles, found);
    softhsm()->C_FindObjectsFinal(own);
    if (rv != CKR_OK) {
        free(*handles);
        *handles = NULL;
        *found = 0;
    }
    return rv;
}
