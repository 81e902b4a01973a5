/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searching for objects. SoftHSM searches with what it knows; what it does not know is compared
 * afterwards, and what counts as absent is left out. SKA private keys are found as
 * CKO_SKA_PRIVATE_KEY and, by programs that know nothing of SKA, as CKO_PRIVATE_KEY.
 */
#include <stdlib.h>
#include <string.h>

#include <pkcs11.h>

#include "simulator/attributes.h"
#include "simulator/caller_memory.h"
#include "simulator/object_kind.h"
#include "simulator/own_calls.h"
#include "simulator/session_table.h"
#include "simulator/softhsm_calls.h"

/* Handles that a search has found and C_FindObjects has not handed out yet. */
struct results {
    struct sim_operation operation;
    CK_OBJECT_HANDLE *handles;
    size_t count;
    size_t next;
};

/* A search template, taken apart. */
struct search {
    CK_ATTRIBUTE *asked; /* what SoftHSM is asked for */
    CK_ULONG asked_count;
    CK_ATTRIBUTE *compared; /* what is compared afterwards */
    CK_ULONG compared_count;
    bool ska_only;
    bool only_visible; /* of a class in which nothing is ever hidden */
};

static const CK_OBJECT_CLASS private_key_class = CKO_PRIVATE_KEY;

static void search_clear(struct search *search)
{
    free(search->asked);
    free(search->compared);
}

static void ask_for_class(struct search *search, const CK_ATTRIBUTE *attribute)
{
    CK_ATTRIBUTE *copy = &search->asked[search->asked_count++];
    CK_OBJECT_CLASS wanted = 0;

    *copy = *attribute;
    if (attribute->ulValueLen != sizeof(wanted))
        return;
    memcpy(&wanted, attribute->pValue, sizeof(wanted));
    if (wanted == CKO_SKA_PRIVATE_KEY) {
        search->ska_only = true;
        copy->pValue = (CK_VOID_PTR)(uintptr_t)&private_key_class;
    } else if (wanted != CKO_PRIVATE_KEY && wanted != CKO_DATA) {
        search->only_visible = true;
    }
}

static CK_RV search_prepare(struct search *search, const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    memset(search, 0, sizeof(*search));
    search->asked = calloc(count + 1, sizeof(*search->asked));
    search->compared = calloc(count + 1, sizeof(*search->compared));
    if (search->asked == NULL || search->compared == NULL)
        return CKR_HOST_MEMORY;
    for (CK_ULONG i = 0; i < count; i++) {
        if (attributes[i].pValue == NULL && attributes[i].ulValueLen != 0)
            return CKR_ARGUMENTS_BAD;
        if (attributes[i].type == CKA_CLASS)
            ask_for_class(search, &attributes[i]);
        else if (!sim_attribute_is_own(attributes[i].type))
            search->asked[search->asked_count++] = attributes[i];
        if (sim_attribute_is_own(attributes[i].type) ||
            sim_attribute_may_be_withheld(attributes[i].type))
            search->compared[search->compared_count++] = attributes[i];
    }
    return CKR_OK;
}

static bool is_wanted(CK_SESSION_HANDLE session, const struct search *search,
                      const struct sim_object *object)
{
    if (search->ska_only && object->kind != SIM_SKA)
        return false;
    for (CK_ULONG i = 0; i < search->compared_count; i++) {
        if (!sim_attribute_matches(session, object, &search->compared[i]))
            return false;
    }
    return true;
}

static CK_RV filter_results(CK_SESSION_HANDLE session, const struct search *search,
                            struct results *results)
{
    size_t kept = 0;
    CK_RV rv = CKR_OK;

    if (search->only_visible && search->compared_count == 0)
        return CKR_OK;
    for (size_t i = 0; rv == CKR_OK && i < results->count; i++) {
        struct sim_object object = {0};

        rv = sim_object_open(session, results->handles[i], &object);
        if (rv == CKR_OK && is_wanted(session, search, &object))
            results->handles[kept++] = results->handles[i];
        else if (rv == CKR_OBJECT_HANDLE_INVALID) /* hidden, or gone since SoftHSM found it */
            rv = CKR_OK;
        sim_object_clear(&object);
    }
    results->count = kept;
    return rv;
}

static void free_results(struct sim_operation *operation)
{
    struct results *results = (struct results *)operation;

    free(results->handles);
    free(results);
}

/* SoftHSM's operation stays open in the application's session, with nothing left in it. */
static CK_RV begin_search(CK_SESSION_HANDLE session, const struct search *search)
{
    struct results *results = calloc(1, sizeof(*results));
    CK_RV rv = CKR_HOST_MEMORY;

    if (results == NULL)
        return rv;
    results->operation.free = free_results;
    rv = softhsm()->C_FindObjectsInit(session, search->asked, search->asked_count);
    if (rv == CKR_OK) {
        rv = sim_fetch_found(session, &results->handles, &results->count);
        if (rv == CKR_OK)
            rv = filter_results(session, search, results);
        if (rv != CKR_OK)
            softhsm()->C_FindObjectsFinal(session);
    }
    if (rv == CKR_OK)
        sim_session_put(session, SIM_SEARCH, &results->operation);
    else
        free_results(&results->operation);
    return rv;
}

CK_RV sim_C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
    struct search search = {0};
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (attributes == NULL && count != 0)
        return rv;
    rv = sim_copy_template(&attributes, count);
    if (rv == CKR_OK)
        rv = search_prepare(&search, attributes, count);
    if (rv == CKR_OK)
        rv = begin_search(session, &search);
    search_clear(&search);
    return rv;
}

CK_RV sim_C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects, CK_ULONG limit,
                        CK_ULONG_PTR count)
{
    struct results *results = NULL;
    CK_OBJECT_HANDLE none = CK_INVALID_HANDLE;
    CK_ULONG zero = 0;
    CK_ULONG handed = 0;
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (objects == NULL || count == NULL)
        return rv;
    /* It has nothing left, but knows whether a search is under way. */
    rv = softhsm()->C_FindObjects(session, &none, 1, &zero);
    if (rv != CKR_OK)
        return rv;
    *count = 0;
    results = (struct results *)sim_session_take(session, SIM_SEARCH);
    if (results == NULL)
        return CKR_OK;
    while (results->next < results->count && handed < limit)
        objects[handed++] = results->handles[results->next++];
    *count = handed;
    sim_session_put(session, SIM_SEARCH, &results->operation);
    return CKR_OK;
}

CK_RV sim_C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
    CK_RV rv = softhsm()->C_FindObjectsFinal(session);

    if (rv == CKR_OK)
        sim_session_put(session, SIM_SEARCH, NULL);
    return rv;
}
