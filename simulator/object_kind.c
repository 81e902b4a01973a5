/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object of SoftHSM is to the simulator.
 */
#include "simulator/object_kind.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "simulator/context.h"
#include "simulator/softhsm_calls.h"

#define MARK_SKA "SKA simulator key "
#define MARK_TIMESTAMP "SKA simulator timestamp key "
#define MARK_LIMIT (sizeof(MARK_TIMESTAMP) - 1 + SIM_ID_SIZE - 1)

/* ---- Marks ------------------------------------------------------------------------------ */

bool sim_mark(enum sim_kind kind, const char *id, struct ska_bytes *mark)
{
    struct ska_buffer buffer = {0};

    ska_buffer_format(&buffer, "%s%s", kind == SIM_TIMESTAMP ? MARK_TIMESTAMP : MARK_SKA, id);
    return ska_buffer_finish(&buffer, mark, NULL);
}

static bool begins_with(struct ska_span text, const char *start)
{
    return text.length >= strlen(start) && memcmp(text.data, start, strlen(start)) == 0;
}

/* SIM_ORDINARY when the subject is no mark. */
static enum sim_kind read_mark(struct ska_span subject, char id[SIM_ID_SIZE])
{
    enum sim_kind kind = SIM_ORDINARY;
    size_t start = 0;

    if (begins_with(subject, MARK_SKA)) {
        kind = SIM_SKA;
        start = strlen(MARK_SKA);
    } else if (begins_with(subject, MARK_TIMESTAMP)) {
        kind = SIM_TIMESTAMP;
        start = strlen(MARK_TIMESTAMP);
    }
    if (kind == SIM_ORDINARY)
        return kind;
    if (subject.length != start + SIM_ID_SIZE - 1)
        return SIM_HIDDEN;
    memcpy(id, subject.data + start, SIM_ID_SIZE - 1);
    id[SIM_ID_SIZE - 1] = '\0';
    return kind;
}

/* Given twice, one value could be checked and the other taken. */
static bool is_doubled(const CK_ATTRIBUTE *attributes, CK_ULONG index)
{
    for (CK_ULONG i = 0; i < index; i++)
        if (attributes[i].type == attributes[index].type)
            return true;
    return false;
}

bool sim_template_forges(const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    for (CK_ULONG i = 0; attributes != NULL && i < count; i++) {
        struct ska_span value = ska_span(attributes[i].pValue, attributes[i].ulValueLen);

        if (is_doubled(attributes, i))
            return true;
        if (value.data == NULL)
            continue;
        if (attributes[i].type == CKA_SUBJECT &&
            (begins_with(value, MARK_SKA) || begins_with(value, MARK_TIMESTAMP)))
            return true;
        if (attributes[i].type == CKA_APPLICATION && begins_with(value, SIM_APPLICATION))
            return true;
    }
    return false;
}

/* ---- Looking at an object --------------------------------------------------------------- */

static bool has_length(const CK_ATTRIBUTE *attribute)
{
    return attribute->ulValueLen != CK_UNAVAILABLE_INFORMATION && attribute->ulValueLen > 0;
}

/* A record, or what a crash has left of a data object that was being made. */
static enum sim_kind kind_of_data(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                                  struct ska_span application)
{
    CK_ATTRIBUTE content[] = {{CKA_LABEL, NULL, 0}, {CKA_VALUE, NULL, 0}, {CKA_OBJECT_ID, NULL, 0}};

    if (ska_span_equal(application, ska_span_text(SIM_APPLICATION)))
        return SIM_HIDDEN;
    if (application.length > 0 ||
        softhsm()->C_GetAttributeValue(session, handle, content, 3) != CKR_OK)
        return SIM_ORDINARY;
    return has_length(&content[0]) || has_length(&content[1]) || has_length(&content[2])
               ? SIM_ORDINARY
               : SIM_HIDDEN;
}

/*
 * Whether a private key has its material. SoftHSM makes the object first and adds the material
 * later, and does not clean up when it fails or dies between the two.
 */
static bool has_material(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_KEY_TYPE type)
{
    CK_ATTRIBUTE material = {CKA_PRIME, NULL, 0};

    if (type == CKK_RSA)
        material.type = CKA_MODULUS;
    else if (type == CKK_EC || type == CKK_EC_EDWARDS)
        material.type = CKA_EC_PARAMS;
    else if (type != CKK_DSA && type != CKK_DH)
        return true;
    return softhsm()->C_GetAttributeValue(session, handle, &material, 1) == CKR_OK &&
           has_length(&material);
}

static bool record_fits(enum sim_kind kind, const struct sim_record *record)
{
    return kind == SIM_TIMESTAMP ? record->public_key.length > 0 : sim_record_has_rules(record);
}

static CK_RV read_marked(CK_SESSION_HANDLE session, struct sim_object *object)
{
    CK_RV rv = sim_store_read(session, object->id, &object->record);

    if (rv == CKR_OBJECT_HANDLE_INVALID) {
        object->kind = SIM_HIDDEN;
        return CKR_OK;
    }
    if (rv == CKR_OK && !record_fits(object->kind, &object->record))
        object->kind = SIM_HIDDEN;
    return rv;
}

/* What a private key is by its mark, if SoftHSM has made all of it. */
static enum sim_kind kind_of_private_key(CK_SESSION_HANDLE session, struct sim_object *object,
                                         struct ska_span subject, bool local)
{
    enum sim_kind kind = read_mark(subject, object->id);

    if (kind == SIM_ORDINARY)
        return has_material(session, object->handle, object->key_type) ? kind : SIM_HIDDEN;
    return local ? kind : SIM_HIDDEN;
}

CK_RV sim_object_look(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, struct sim_object *object)
{
    CK_BBOOL local = CK_FALSE;
    unsigned char subject[MARK_LIMIT] = {0};
    unsigned char application[sizeof(SIM_APPLICATION)] = {0};
    CK_ATTRIBUTE read[] = {
        {CKA_CLASS, &object->object_class, sizeof(object->object_class)},
        {CKA_SUBJECT, subject, sizeof(subject)},
        {CKA_APPLICATION, application, sizeof(application)},
        {CKA_KEY_TYPE, &object->key_type, sizeof(object->key_type)},
        {CKA_LOCAL, &local, sizeof(local)},
    };
    CK_RV rv = CKR_OK;

    memset(object, 0, sizeof(*object));
    object->handle = handle;
    rv = softhsm()->C_GetAttributeValue(session, handle, read, sizeof(read) / sizeof(read[0]));
    if (rv == CKR_ATTRIBUTE_VALUE_INVALID) { /* so new that it has not even a class */
        object->kind = SIM_HIDDEN;
        return CKR_OK;
    }
    /* No object has all of these, and a long value is none of ours. */
    if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID && rv != CKR_BUFFER_TOO_SMALL)
        return sim_object_answer(session, rv);
    if (read[0].ulValueLen != sizeof(object->object_class))
        return CKR_OBJECT_HANDLE_INVALID;
    if (object->object_class == CKO_DATA && read[2].ulValueLen <= sizeof(application))
        object->kind = kind_of_data(session, handle, ska_span(application, read[2].ulValueLen));
    else if (object->object_class == CKO_PRIVATE_KEY)
        object->kind = kind_of_private_key(
            session, object,
            ska_span(subject, read[1].ulValueLen <= sizeof(subject) ? read[1].ulValueLen : 0),
            local == CK_TRUE);
    return object->kind == SIM_SKA || object->kind == SIM_TIMESTAMP ? read_marked(session, object)
                                                                    : CKR_OK;
}

CK_RV sim_object_open(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, struct sim_object *object)
{
    CK_RV rv = sim_object_look(session, handle, object);

    return rv == CKR_OK && object->kind == SIM_HIDDEN ? CKR_OBJECT_HANDLE_INVALID : rv;
}

void sim_object_clear(struct sim_object *object)
{
    sim_record_clear(&object->record);
    ska_bytes_free(&object->label);
    memset(object, 0, sizeof(*object));
}

CK_RV sim_object_refuse(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_RV refusal)
{
    struct sim_object object = {0};
    CK_RV rv = sim_object_open(session, handle, &object);

    if (rv == CKR_OK && object.kind != SIM_ORDINARY)
        rv = refusal;
    sim_object_clear(&object);
    return rv;
}

/* In one call for any but very long labels. */
static CK_RV read_label_and_size(CK_SESSION_HANDLE session, struct sim_object *object)
{
    CK_BYTE label[256];
    CK_ATTRIBUTE read[] = {
        {CKA_LABEL, label, sizeof(label)},
        {object->key_type == CKK_RSA ? CKA_MODULUS : CKA_EC_PARAMS,
         object->key_type == CKK_RSA ? NULL : object->curve, sizeof(object->curve)},
    };
    CK_RV rv = softhsm()->C_GetAttributeValue(session, object->handle, read, 2);

    if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID && rv != CKR_BUFFER_TOO_SMALL)
        return sim_object_answer(session, rv);
    if (object->key_type == CKK_RSA)
        object->modulus_length =
            read[1].ulValueLen != CK_UNAVAILABLE_INFORMATION ? read[1].ulValueLen : 0;
    else if (read[1].ulValueLen <= sizeof(object->curve))
        object->curve_length = read[1].ulValueLen;
    if (read[0].ulValueLen > sizeof(label))
        return sim_read_bytes(session, object->handle, CKA_LABEL, &object->label);
    return ska_bytes_copy(&object->label, ska_span(label, read[0].ulValueLen), NULL)
               ? CKR_OK
               : CKR_HOST_MEMORY;
}

/* ---- Keys that are known ---------------------------------------------------------------- */

/*
 * Nothing that was read of a marked private key once changes as long as its handle is valid, since
 * no call that changes objects takes one (object_change.c); its record is looked up each time.
 */
struct known_key {
    CK_OBJECT_HANDLE handle;
    struct sim_object object; /* without the record */
};

/* A tree by handle, guarded by sim_state_lock(). */
static void *known_keys;

static int compare_known_keys(const void *a, const void *b)
{
    const struct known_key *left = a;
    const struct known_key *right = b;

    if (left->handle == right->handle)
        return 0;
    return left->handle < right->handle ? -1 : 1;
}

static void free_known_key(void *vkey)
{
    struct known_key *key = vkey;

    ska_bytes_free(&key->object.label);
    free(key);
}

void sim_objects_forget(void)
{
    sim_state_lock();
    tdestroy(known_keys, free_known_key);
    known_keys = NULL;
    sim_state_unlock();
    sim_store_forget();
}

/* All but the record. */
static bool copy_known(const struct sim_object *from, struct sim_object *to)
{
    *to = *from;
    memset(&to->record, 0, sizeof(to->record));
    memset(&to->label, 0, sizeof(to->label));
    return ska_bytes_copy(&to->label, ska_span_of(&from->label), NULL);
}

static void remember_key(const struct sim_object *object)
{
    struct known_key *key = malloc(sizeof(*key));
    struct known_key **found = NULL;

    if (key == NULL)
        return;
    key->handle = object->handle;
    if (!copy_known(object, &key->object)) {
        free(key);
        return;
    }
    sim_state_lock();
    found = tsearch(key, &known_keys, compare_known_keys);
    sim_state_unlock();
    if (found == NULL || *found != key)
        free_known_key(key);
}

static bool recall_key(CK_OBJECT_HANDLE handle, struct sim_object *object)
{
    const struct known_key wanted = {.handle = handle};
    struct known_key **found = NULL;
    bool known = false;

    if (!sim_remembers())
        return false;
    sim_state_lock();
    found = tfind(&wanted, &known_keys, compare_known_keys);
    known = found != NULL && copy_known(&(*found)->object, object);
    sim_state_unlock();
    return known;
}

/* False: it is not known, or not there any more, and has to be looked at. */
static bool open_known_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                           struct sim_object *object)
{
    if (!recall_key(handle, object))
        return false;
    if (sim_object_is_there(session, handle) && read_marked(session, object) == CKR_OK &&
        object->kind != SIM_HIDDEN)
        return true;
    sim_object_clear(object);
    return false;
}

static CK_RV open_new_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, enum sim_kind kind,
                          CK_RV refusal, struct sim_object *object)
{
    CK_RV rv = sim_object_open(session, handle, object);

    if (rv == CKR_OK && object->kind != kind)
        return refusal;
    if (rv == CKR_OK)
        rv = read_label_and_size(session, object);
    if (rv == CKR_OK && kind != SIM_ORDINARY)
        remember_key(object);
    return rv;
}

CK_RV sim_object_open_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, enum sim_kind kind,
                          CK_RV refusal, struct sim_object *object)
{
    if (!open_known_key(session, handle, object))
        return open_new_key(session, handle, kind, refusal, object);
    return object->kind == kind ? CKR_OK : refusal;
}

CK_RV sim_ska_key_open(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                       struct sim_object *object)
{
    return sim_object_open_key(session, handle, SIM_SKA, CKR_KEY_TYPE_INCONSISTENT, object);
}
