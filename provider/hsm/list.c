/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/list.h"

#include <stdlib.h>

#include "provider/hsm/object.h"
#include "provider/hsm/public_key.h"

/* All is kept until it is read, since a visitor may make calls of its own. */
struct list_work {
    struct hsm_work work;
    const struct hsm_object_match *match;
    struct hsm_entries entries;
    struct listed *list; /* of the entries */
};

struct listed {
    struct hsm_object object;
    struct hsm_attribute certificate;
};

static void list_clear(struct list_work *work)
{
    for (size_t i = 0; work->list != NULL && i < work->entries.count; i++)
        hsm_attributes_free(&work->list[i].certificate, 1);
    free(work->list);
    work->list = NULL;
    hsm_entries_free(&work->entries);
}

/* The type of key: RSA by what it may do, EC by its curve. */
static CK_RV read_key_type(const struct hsm_lease *lease, CK_OBJECT_HANDLE handle,
                           struct hsm_object *object)
{
    struct hsm_attribute type = {.type = CKA_KEY_TYPE};
    struct hsm_attribute detail = {.type = CKA_ALLOWED_MECHANISMS, .optional = true};
    struct hsm_public_parts parts = {.key_type = CK_UNAVAILABLE_INFORMATION};
    CK_RV rv = hsm_attributes_read(lease, handle, &type, 1);

    if (rv == CKR_OK && hsm_attribute_number(&type, &parts.key_type)) {
        if (parts.key_type != CKK_RSA)
            detail = (struct hsm_attribute){.type = CKA_EC_PARAMS};
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

static CK_RV read_listed(const struct hsm_lease *lease, const struct hsm_entry *entry,
                         struct listed *listed)
{
    struct hsm_object *object = &listed->object;
    CK_RV rv = CKR_OK;

    object->label = ska_span_of(&entry->label);
    object->id = ska_span_of(&entry->id);
    if (entry->class_ == CKO_CERTIFICATE) {
        object->type = HSM_OBJECT_CERTIFICATE;
        listed->certificate.type = CKA_VALUE;
        rv = hsm_attributes_read(lease, entry->handle, &listed->certificate, 1);
        object->certificate = hsm_attribute_span(&listed->certificate);
        return rv;
    }
    object->type = entry->class_ == CKO_PUBLIC_KEY ? HSM_OBJECT_PUBLIC : HSM_OBJECT_PRIVATE;
    rv = read_key_type(lease, entry->handle, object);
    if (rv == CKR_OK && object->type == HSM_OBJECT_PRIVATE)
        rv = hsm_private_is_ska(lease, entry, &object->ska);
    if (rv == CKR_OK && object->type == HSM_OBJECT_PRIVATE && !object->ska)
        rv = hsm_private_is_timestamp(lease, entry->handle, &object->timestamp);
    return rv;
}

static CK_RV search_objects(const struct hsm_lease *lease, const struct hsm_object_match *match,
                            struct hsm_entries *entries)
{
    const CK_OBJECT_CLASS public = CKO_PUBLIC_KEY;
    const CK_OBJECT_CLASS certificate = CKO_CERTIFICATE;
    const struct hsm_key_match by = {match->label, match->id};
    const bool any = match->type == HSM_OBJECT_ANY;
    CK_RV rv = CKR_OK;

    if (any || match->type == HSM_OBJECT_PRIVATE)
        rv = hsm_private_search(lease, &by, entries);
    if (rv == CKR_OK && (any || match->type == HSM_OBJECT_PUBLIC))
        rv = hsm_objects_search(lease, &public, &by, entries);
    if (rv == CKR_OK && (any || match->type == HSM_OBJECT_CERTIFICATE))
        rv = hsm_objects_search(lease, &certificate, &by, entries);
    if (rv == CKR_OK && (any || match->type == HSM_OBJECT_PRIVATE || entries->count == 0))
        rv = hsm_session_check_login(lease);
    return rv;
}

static CK_RV list_objects(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct list_work *all = (struct list_work *)work;
    CK_RV rv = CKR_OK;

    list_clear(all);
    work->call = "C_FindObjects";
    rv = search_objects(lease, all->match, &all->entries);
    if (rv != CKR_OK)
        return rv;
    work->call = "C_GetAttributeValue";
    all->list = calloc(all->entries.count + 1, sizeof(*all->list));
    if (all->list == NULL)
        return CKR_HOST_MEMORY;
    for (size_t i = 0; rv == CKR_OK && i < all->entries.count; i++)
        rv = read_listed(lease, &all->entries.list[i], &all->list[i]);
    return rv;
}

bool hsm_object_list(struct hsm_token *token, const struct hsm_object_match *match,
                     hsm_object_visit *visit, void *arg, const struct ska_errors *errors)
{
    struct list_work all = {.work = {.run = list_objects}, .match = match};
    bool done = hsm_session_look(token, &all.work, errors);

    for (size_t i = 0; done && i < all.entries.count; i++)
        if (!visit(arg, &all.list[i].object))
            break;
    list_clear(&all);
    return done;
}
