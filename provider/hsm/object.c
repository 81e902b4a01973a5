/* SPDX-License-Identifier: Apache-2.0 */
/* A partition may hold a key per user: what is looked for goes into the search's template. */
#include "provider/hsm/object.h"

#include <stdlib.h>
#include <string.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/module.h"

/* ---- Attributes ------------------------------------------------------------------------------ */

/*
 * Space for one attribute in a call for several: each starts where a number may stand. The length
 * offered is an odd one, so that one that a module left untouched is not taken for one it wrote.
 */
#define STRIDE 2056
#define SPACE (STRIDE - 3)
#define MOST_ATTRIBUTES 8

/* One attribute by itself: its length first. */
static CK_RV read_one(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                      struct hsm_attribute *attribute)
{
    CK_ATTRIBUTE one = {attribute->type, NULL, 0};
    CK_RV rv = HSM_CALL(lease->calls->C_GetAttributeValue(lease->session, object, &one, 1));
    CK_ULONG length = 0;

    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE)
        return CKR_OK;
    if (rv != CKR_OK)
        return rv;
    if (one.ulValueLen == CK_UNAVAILABLE_INFORMATION)
        return CKR_OK;
    /* What is too long to be read is there all the same. */
    if (one.ulValueLen > HSM_ATTRIBUTE_LIMIT)
        return CKR_GENERAL_ERROR;
    length = one.ulValueLen;
    attribute->value.data = malloc((size_t)length + 1);
    if (attribute->value.data == NULL)
        return CKR_HOST_MEMORY;
    one.pValue = attribute->value.data;
    if (length > 0)
        rv = HSM_CALL(lease->calls->C_GetAttributeValue(lease->session, object, &one, 1));
    if (rv == CKR_OK && one.ulValueLen > length)
        rv = CKR_GENERAL_ERROR;
    if (rv != CKR_OK) {
        ska_bytes_free(&attribute->value);
        return rv;
    }
    attribute->value.data[one.ulValueLen] = 0;
    attribute->value.length = one.ulValueLen;
    attribute->present = true;
    return CKR_OK;
}

/* Whether an answer says nothing but that the attribute cannot be had. */
static bool is_about_the_attribute(CK_RV rv)
{
    return hsm_rv_loss(rv) == HSM_LOSS_NONE && rv != CKR_HOST_MEMORY && rv != CKR_DEVICE_MEMORY;
}

static CK_RV read_alone(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                        struct hsm_attribute *attribute)
{
    CK_RV rv = read_one(lease, object, attribute);

    return attribute->optional && is_about_the_attribute(rv) ? CKR_OK : rv;
}

/* Modules that do not know one of several may say so in their own way. */
static CK_RV read_each(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                       struct hsm_attribute *attributes, size_t count)
{
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < count && rv == CKR_OK; i++)
        rv = read_alone(lease, object, &attributes[i]);
    return rv;
}

static bool has_optional(const struct hsm_attribute *attributes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (attributes[i].optional)
            return true;
    return false;
}

/*
 * When several answers apply, a module may give any one of them, so the lengths tell. An attribute
 * without a length is missing or longer than its space; asked for alone, the module must say which.
 */
static CK_RV take_values(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                         struct hsm_attribute *attributes, const CK_ATTRIBUTE *read, size_t count,
                         CK_RV answer)
{
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < count && rv == CKR_OK; i++) {
        if (read[i].ulValueLen > SPACE || (read[i].ulValueLen == SPACE && answer != CKR_OK)) {
            rv = read_alone(lease, object, &attributes[i]);
            continue;
        }
        if (!ska_bytes_copy(&attributes[i].value, ska_span(read[i].pValue, read[i].ulValueLen),
                            NULL))
            return CKR_HOST_MEMORY;
        attributes[i].present = true;
    }
    return rv;
}

CK_RV hsm_attributes_read(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                          struct hsm_attribute *attributes, size_t count)
{
    CK_ATTRIBUTE read[MOST_ATTRIBUTES];
    uint8_t *space = NULL;
    CK_RV rv = CKR_OK;

    if (count > MOST_ATTRIBUTES)
        return CKR_ARGUMENTS_BAD;
    space = calloc(count, STRIDE);
    if (space == NULL)
        return CKR_HOST_MEMORY;
    for (size_t i = 0; i < count; i++) {
        read[i].type = attributes[i].type;
        read[i].pValue = space + i * STRIDE;
        read[i].ulValueLen = SPACE;
    }
    rv = HSM_CALL(lease->calls->C_GetAttributeValue(lease->session, object, read, (CK_ULONG)count));
    if (rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
        rv == CKR_BUFFER_TOO_SMALL)
        rv = take_values(lease, object, attributes, read, count, rv);
    else if (has_optional(attributes, count) && is_about_the_attribute(rv))
        rv = read_each(lease, object, attributes, count);
    free(space);
    return rv;
}

void hsm_attributes_free(struct hsm_attribute *attributes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ska_bytes_free(&attributes[i].value);
        attributes[i].present = false;
    }
}

bool hsm_attribute_number(const struct hsm_attribute *attribute, CK_ULONG *number)
{
    if (!attribute->present || attribute->value.length != sizeof(*number))
        return false;
    memcpy(number, attribute->value.data, sizeof(*number));
    return true;
}

bool hsm_attribute_true(const struct hsm_attribute *attribute)
{
    return attribute->present && attribute->value.length == sizeof(CK_BBOOL) &&
           attribute->value.data[0] != CK_FALSE;
}

struct ska_span hsm_attribute_span(const struct hsm_attribute *attribute)
{
    return attribute->present ? ska_span_of(&attribute->value) : ska_span(NULL, 0);
}

/* ---- Search ---------------------------------------------------------------------------------- */

#define BATCH 64

struct handles {
    CK_OBJECT_HANDLE *list;
    size_t count;
    size_t capacity;
};

static CK_RV add_handles(struct handles *handles, const CK_OBJECT_HANDLE *found, size_t count)
{
    if (handles->capacity - handles->count < count) {
        size_t capacity = 2 * handles->capacity + BATCH;
        CK_OBJECT_HANDLE *list = realloc(handles->list, capacity * sizeof(*list));

        if (list == NULL)
            return CKR_HOST_MEMORY;
        handles->list = list;
        handles->capacity = capacity;
    }
    memcpy(handles->list + handles->count, found, count * sizeof(*found));
    handles->count += count;
    return CKR_OK;
}

static CK_RV find_handles(const struct hsm_lease *lease, CK_ATTRIBUTE *template_, CK_ULONG count,
                          struct handles *handles)
{
    CK_OBJECT_HANDLE batch[BATCH];
    CK_ULONG found = 0;
    CK_RV final = CKR_OK;
    CK_RV rv = HSM_CALL(lease->calls->C_FindObjectsInit(lease->session, template_, count));

    if (rv != CKR_OK)
        return rv;
    do {
        found = 0;
        rv = HSM_CALL(lease->calls->C_FindObjects(lease->session, batch, BATCH, &found));
        if (rv == CKR_OK && found > BATCH)
            rv = CKR_GENERAL_ERROR;
        if (rv == CKR_OK && found > 0)
            rv = add_handles(handles, batch, found);
    } while (rv == CKR_OK && found > 0);
    final = HSM_CALL(lease->calls->C_FindObjectsFinal(lease->session));
    return rv != CKR_OK ? rv : final;
}

static CK_RV read_object_entry(const struct hsm_lease *lease, struct hsm_entry *entry)
{
    struct hsm_attribute read[] = {{.type = CKA_CLASS}, {.type = CKA_LABEL}, {.type = CKA_ID}};
    CK_RV rv = hsm_attributes_read(lease, entry->handle, read, 3);

    if (rv == CKR_OK && !hsm_attribute_number(&read[0], &entry->class_))
        rv = CKR_GENERAL_ERROR;
    if (rv == CKR_OK && !ska_bytes_copy(&entry->label, hsm_attribute_span(&read[1]), NULL))
        rv = CKR_HOST_MEMORY;
    if (rv == CKR_OK && !ska_bytes_copy(&entry->id, hsm_attribute_span(&read[2]), NULL))
        rv = CKR_HOST_MEMORY;
    hsm_attributes_free(read, 3);
    return rv;
}

static int compare_object_handles(const void *a, const void *b)
{
    const CK_OBJECT_HANDLE *left = a;
    const CK_OBJECT_HANDLE *right = b;

    return *left < *right ? -1 : *left > *right;
}

/* Sorted, so that an object that is met a second time is recognised without comparing all pairs. */
static CK_RV known_handles(const struct hsm_entries *entries, CK_OBJECT_HANDLE **known)
{
    *known = calloc(entries->count + 1, sizeof(**known));
    if (*known == NULL)
        return CKR_HOST_MEMORY;
    for (size_t i = 0; i < entries->count; i++)
        (*known)[i] = entries->list[i].handle;
    qsort(*known, entries->count, sizeof(**known), compare_object_handles);
    return CKR_OK;
}

static CK_RV add_entries(const struct hsm_lease *lease, const struct handles *handles,
                         struct hsm_entries *entries)
{
    size_t known_count = entries->count;
    CK_OBJECT_HANDLE *known = NULL;
    struct hsm_entry *list = NULL;
    CK_RV rv = known_handles(entries, &known);

    if (rv == CKR_OK) {
        list = realloc(entries->list, (entries->count + handles->count + 1) * sizeof(*list));
        if (list == NULL)
            rv = CKR_HOST_MEMORY;
        else
            entries->list = list;
    }
    for (size_t i = 0; rv == CKR_OK && i < handles->count; i++) {
        struct hsm_entry *entry = &entries->list[entries->count];

        if (bsearch(&handles->list[i], known, known_count, sizeof(*known),
                    compare_object_handles) != NULL)
            continue;
        memset(entry, 0, sizeof(*entry));
        entry->handle = handles->list[i];
        entries->count++;
        rv = read_object_entry(lease, entry);
    }
    free(known);
    return rv;
}

CK_RV hsm_objects_search(const struct hsm_lease *lease, const CK_OBJECT_CLASS *class_,
                         const struct hsm_key_match *match, struct hsm_entries *entries)
{
    CK_OBJECT_CLASS class_copy = class_ == NULL ? 0 : *class_;
    CK_ATTRIBUTE template_[3];
    CK_ULONG count = 0;
    struct handles handles = {NULL, 0, 0};
    CK_RV rv = CKR_OK;

    if (class_ != NULL)
        template_[count++] = (CK_ATTRIBUTE){CKA_CLASS, &class_copy, sizeof(class_copy)};
    if (match->label.data != NULL)
        template_[count++] = (CK_ATTRIBUTE){CKA_LABEL, hsm_writable(match->label.data),
                                            (CK_ULONG)match->label.length};
    if (match->id.data != NULL)
        template_[count++] =
            (CK_ATTRIBUTE){CKA_ID, hsm_writable(match->id.data), (CK_ULONG)match->id.length};
    rv = find_handles(lease, template_, count, &handles);
    if (rv == CKR_OK)
        rv = add_entries(lease, &handles, entries);
    free(handles.list);
    return rv;
}

void hsm_entries_free(struct hsm_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        ska_bytes_free(&entries->list[i].label);
        ska_bytes_free(&entries->list[i].id);
    }
    free(entries->list);
    memset(entries, 0, sizeof(*entries));
}

CK_RV hsm_private_search(const struct hsm_lease *lease, const struct hsm_key_match *match,
                         struct hsm_entries *entries)
{
    const CK_OBJECT_CLASS ordinary = CKO_PRIVATE_KEY;
    const CK_OBJECT_CLASS ska = CKO_SKA_PRIVATE_KEY;
    CK_RV rv = hsm_objects_search(lease, &ordinary, match, entries);

    if (rv == CKR_OK && hsm_module_supports_ska(lease->token->module, NULL))
        rv = hsm_objects_search(lease, &ska, match, entries);
    return rv;
}

bool hsm_is_private_class(const struct hsm_lease *lease, CK_OBJECT_CLASS class_)
{
    return class_ == CKO_PRIVATE_KEY ||
           (class_ == CKO_SKA_PRIVATE_KEY && hsm_module_supports_ska(lease->token->module, NULL));
}

/*
 * Whether an object has an attribute that only keys with rules of their own have. There is one
 * answer to this that means no; what is not shown is there, and what is not understood is a
 * failure.
 */
static CK_RV has_vendor_attribute(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                                  CK_ATTRIBUTE *attribute, bool *has)
{
    CK_RV rv = HSM_CALL(lease->calls->C_GetAttributeValue(lease->session, object, attribute, 1));

    *has = rv == CKR_ATTRIBUTE_SENSITIVE ||
           (rv == CKR_OK && attribute->ulValueLen != CK_UNAVAILABLE_INFORMATION &&
            attribute->ulValueLen > 0);
    return rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ? CKR_OK : rv;
}

CK_RV hsm_private_is_ska(const struct hsm_lease *lease, const struct hsm_entry *entry, bool *ska)
{
    CK_ATTRIBUTE rule = {CKA_SKA_USAGE_ACCESS_BLOB, NULL, 0};

    *ska = false;
    if (!hsm_module_supports_ska(lease->token->module, NULL))
        return CKR_OK;
    *ska = entry->class_ == CKO_SKA_PRIVATE_KEY;
    return *ska ? CKR_OK : has_vendor_attribute(lease, entry->handle, &rule, ska);
}

CK_RV hsm_private_is_timestamp(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                               bool *timestamp)
{
    CK_BBOOL value = CK_TRUE; /* unless the module says otherwise */
    CK_ATTRIBUTE makes = {CKA_SKA_TIMESTAMP_SIGN, &value, sizeof(value)};
    CK_RV rv = CKR_OK;

    *timestamp = false;
    if (!hsm_module_supports_ska(lease->token->module, NULL))
        return CKR_OK;
    rv = has_vendor_attribute(lease, object, &makes, timestamp);
    if (rv == CKR_OK && *timestamp && makes.ulValueLen == sizeof(value))
        *timestamp = value != CK_FALSE;
    return rv;
}
