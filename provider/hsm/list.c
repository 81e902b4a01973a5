/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/list.h"

#include <stdlib.h>
#include <string.h>

#include "provider/hsm/object.h"
#include "provider/hsm/public_key.h"

/* What is kept of one object until all are read, since a visitor may make calls of its own. */
struct listed {
    struct hsm_object object;
    struct ska_bytes label;
    struct ska_bytes id;
    struct ska_bytes certificate;
};

struct list_work {
    struct hsm_work work;
    const struct hsm_object_match *match;
    struct listed *list;
    size_t count;
};

static void list_clear(struct list_work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        ska_bytes_free(&work->list[i].label);
        ska_bytes_free(&work->list[i].id);
        ska_bytes_free(&work->list[i].certificate);
    }
    free(work->list);
    work->list = NULL;
    work->count = 0;
}

/* The type of key: RSA by what it may do, EC by its curve. */
static CK_RV read_key_type(const struct hsm_lease *lease, CK_OBJECT_HANDLE handle,
                           struct hsm_object *object)
{
    struct hsm_attribute type = {.type = CKA_KEY_TYPE};
    struct hsm_attribute detail = {.type = CKA_ALLOWED_MECHANISMS};
    struct hsm_public_parts parts = {.key_type = CK_UNAVAILABLE_INFORMATION};
    CK_RV rv = hsm_attributes_read(lease, handle, &type, 1);

    if (rv == CKR_OK && hsm_attribute_number(&type, &parts.key_type)) {
        if (parts.key_type != CKK_RSA)
            detail.type = CKA_EC_PARAMS;
        if (parts.key_type == CKK_RSA || parts.key_type == CKK_EC ||
            parts.key_type == CKK_EC_EDWARDS)
            rv = hsm_attributes_read(lease, handle, &detail, 1);
        parts.mechanisms = hsm_attribute_span(&detail);
        parts.parameters = hsm_attribute_span(&detail);
        object->known_key_type = hsm_public_type(&parts, &object->key_type);
    }
    hsm_attributes_free(&type, 1);
    hsm_attributes_free(&detail, 1);
    return rv;
}

static CK_RV read_certificate(const struct hsm_lease *lease, CK_OBJECT_HANDLE handle,
                              struct listed *listed)
{
    struct hsm_attribute value = {.type = CKA_VALUE};
    CK_RV rv = hsm_attributes_read(lease, handle, &value, 1);

    listed->certificate = value.value;
    return rv;
}

/* Takes label and id over. */
static CK_RV read_listed(const struct hsm_lease *lease, struct hsm_entry *entry,
                         enum hsm_object_type type, struct listed *listed)
{
    CK_RV rv = CKR_OK;

    listed->object.type = type;
    listed->label = entry->label;
    listed->id = entry->id;
    memset(&entry->label, 0, sizeof(entry->label));
    memset(&entry->id, 0, sizeof(entry->id));
    if (type == HSM_OBJECT_CERTIFICATE)
        return read_certificate(lease, entry->handle, listed);
    rv = read_key_type(lease, entry->handle, &listed->object);
    if (rv == CKR_OK && type == HSM_OBJECT_PRIVATE)
        rv = hsm_private_is_ska(lease, entry, &listed->object.ska);
    if (rv == CKR_OK && type == HSM_OBJECT_PRIVATE && !listed->object.ska)
        rv = hsm_private_is_timestamp(lease, entry->handle, &listed->object.timestamp);
    return rv;
}

static CK_RV search_type(const struct hsm_lease *lease, const struct hsm_object_match *match,
                         enum hsm_object_type type, struct hsm_entries *entries)
{
    const CK_OBJECT_CLASS public = CKO_PUBLIC_KEY;
    const CK_OBJECT_CLASS certificate = CKO_CERTIFICATE;
    struct hsm_key_match by = {match->label, match->id};

    if (type == HSM_OBJECT_PRIVATE)
        return hsm_private_search(lease, &by, entries);
    return hsm_objects_search(lease, type == HSM_OBJECT_PUBLIC ? &public : &certificate, &by,
                              entries);
}

static CK_RV list_type(struct list_work *work, const struct hsm_lease *lease,
                       enum hsm_object_type type)
{
    struct hsm_entries entries = {NULL, 0};
    struct listed *list = NULL;
    CK_RV rv = CKR_OK;

    work->work.call = "C_FindObjects";
    rv = search_type(lease, work->match, type, &entries);
    if (rv == CKR_OK && type == HSM_OBJECT_PRIVATE)
        rv = hsm_session_check_login(lease);
    if (rv == CKR_OK) {
        list = realloc(work->list, (work->count + entries.count + 1) * sizeof(*list));
        if (list == NULL)
            rv = CKR_HOST_MEMORY;
        else
            work->list = list;
        work->work.call = "C_GetAttributeValue";
    }
    for (size_t i = 0; rv == CKR_OK && i < entries.count; i++) {
        struct listed *listed = &work->list[work->count];

        memset(listed, 0, sizeof(*listed));
        work->count++;
        rv = read_listed(lease, &entries.list[i], type, listed);
    }
    hsm_entries_free(&entries);
    return rv;
}

static CK_RV list_all(struct hsm_work *work, const struct hsm_lease *lease)
{
    static const enum hsm_object_type order[] = {HSM_OBJECT_PRIVATE, HSM_OBJECT_PUBLIC,
                                                 HSM_OBJECT_CERTIFICATE};
    struct list_work *all = (struct list_work *)work;
    CK_RV rv = CKR_OK;

    list_clear(all);
    for (size_t i = 0; rv == CKR_OK && i < sizeof(order) / sizeof(order[0]); i++)
        if (all->match->type == HSM_OBJECT_ANY || all->match->type == order[i])
            rv = list_type(all, lease, order[i]);
    return rv;
}

bool hsm_object_list(struct hsm_token *token, const struct hsm_object_match *match,
                     hsm_object_visit *visit, void *arg, const struct ska_errors *errors)
{
    struct list_work all = {.work = {"C_FindObjects", list_all}, .match = match};
    bool done = hsm_session_work(token, &all.work, errors);
    bool more = done;

    for (size_t i = 0; more && i < all.count; i++) {
        struct listed *listed = &all.list[i];

        listed->object.label = (const char *)listed->label.data;
        listed->object.id = ska_span_of(&listed->id);
        listed->object.certificate = ska_span_of(&listed->certificate);
        more = visit(arg, &listed->object);
    }
    list_clear(&all);
    return done;
}
