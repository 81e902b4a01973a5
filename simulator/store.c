/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in the token.
 */
#include "simulator/store.h"

#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "simulator/lock.h"
#include "simulator/module.h"
#include "simulator/object.h"
#include "simulator/session.h"
#include "simulator/softhsm.h"

/* ---- Where records are ------------------------------------------------------------------ */

/*
 * SoftHSM's searches look at every object, so a record that was found once is remembered by its
 * handle. A handle becomes invalid when its object goes, whichever process destroys it; then the
 * token is searched again.
 */

struct place {
    CK_SLOT_ID slot;
    char id[SIM_ID_SIZE];
    CK_OBJECT_HANDLE handle;
};

/* Two trees over the same places, guarded by sim_state_lock(). */
static void *places_by_id;
static void *places_by_handle;

static int compare_ids(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;

    if (left->slot != right->slot)
        return left->slot < right->slot ? -1 : 1;
    return memcmp(left->id, right->id, sizeof(left->id));
}

static int compare_handles(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;

    if (left->handle != right->handle)
        return left->handle < right->handle ? -1 : 1;
    return 0;
}

static struct place make_place(CK_SLOT_ID slot, const char *id, CK_OBJECT_HANDLE handle)
{
    struct place place = {.slot = slot, .handle = handle};

    snprintf(place.id, sizeof(place.id), "%s", id);
    return place;
}

static CK_OBJECT_HANDLE known_handle(CK_SLOT_ID slot, const char *id)
{
    struct place key = make_place(slot, id, 0);
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    void *found = NULL;

    sim_state_lock();
    found = tfind(&key, &places_by_id, compare_ids);
    if (found != NULL)
        handle = (*(struct place **)found)->handle;
    sim_state_unlock();
    return handle;
}

static bool is_known(CK_OBJECT_HANDLE handle)
{
    struct place key = make_place(0, "", handle);
    bool known = false;

    sim_state_lock();
    known = tfind(&key, &places_by_handle, compare_handles) != NULL;
    sim_state_unlock();
    return known;
}

/* Called with the lock held. */
static void forget_place(const struct place *key)
{
    void *found = tfind(key, &places_by_id, compare_ids);
    struct place *place = NULL;

    if (found == NULL)
        return;
    place = *(struct place **)found;
    tdelete(place, &places_by_id, compare_ids);
    tdelete(place, &places_by_handle, compare_handles);
    free(place);
}

static void forget(CK_SLOT_ID slot, const char *id)
{
    struct place key = make_place(slot, id, 0);

    sim_state_lock();
    forget_place(&key);
    sim_state_unlock();
}

/* Without memory nothing is remembered, and the next look-up searches. */
static void remember(CK_SLOT_ID slot, const char *id, CK_OBJECT_HANDLE handle)
{
    struct place *place = malloc(sizeof(*place));

    if (place == NULL)
        return;
    *place = make_place(slot, id, handle);
    sim_state_lock();
    forget_place(place);
    if (tsearch(place, &places_by_id, compare_ids) == NULL) {
        free(place);
    } else if (tsearch(place, &places_by_handle, compare_handles) == NULL) {
        tdelete(place, &places_by_id, compare_ids);
        free(place);
    }
    sim_state_unlock();
}

static void keep(void *place)
{
    (void)place;
}

void sim_store_forget(void)
{
    sim_state_lock();
    tdestroy(places_by_handle, keep);
    tdestroy(places_by_id, free);
    places_by_handle = NULL;
    places_by_id = NULL;
    sim_state_unlock();
}

/* ---- Data objects ----------------------------------------------------------------------- */

bool sim_id_make(char id[SIM_ID_SIZE])
{
    unsigned char random[16] = {0};

    if (RAND_bytes_ex(sim_libctx(), random, sizeof(random), 0) != 1)
        return false;
    random[6] = (unsigned char)((random[6] & 0x0F) | 0x40); /* a random UUID (version 4) */
    random[8] = (unsigned char)((random[8] & 0x3F) | 0x80);
    snprintf(id, SIM_ID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", random[0],
             random[1], random[2], random[3], random[4], random[5], random[6], random[7], random[8],
             random[9], random[10], random[11], random[12], random[13], random[14], random[15]);
    return true;
}

static CK_RV read_record(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                         struct sim_record *record)
{
    struct ska_bytes value = {NULL, 0};
    CK_RV rv = sim_read_bytes(session, handle, CKA_VALUE, &value);

    if (rv == CKR_OK && !sim_record_decode(ska_span_of(&value), record))
        rv = CKR_OBJECT_HANDLE_INVALID;
    ska_bytes_free(&value);
    return rv;
}

/* Searches for records: for all when id is NULL. */
static CK_RV search(CK_SESSION_HANDLE own, const char *id, CK_OBJECT_HANDLE **handles,
                    size_t *count)
{
    CK_OBJECT_CLASS data = CKO_DATA;
    char application[] = SIM_APPLICATION;
    char label[SIM_ID_SIZE] = {0};
    CK_ATTRIBUTE wanted[] = {
        {CKA_CLASS, &data, sizeof(data)},
        {CKA_APPLICATION, application, strlen(application)},
        {CKA_LABEL, label, SIM_ID_SIZE - 1},
    };

    if (id != NULL)
        memcpy(label, id, SIM_ID_SIZE - 1);
    return sim_search(own, wanted, id != NULL ? 3 : 2, handles, count);
}

static CK_RV write_record(CK_SESSION_HANDLE own, const char *id, const struct sim_record *record,
                          CK_OBJECT_HANDLE *handle)
{
    CK_OBJECT_CLASS data = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    char application[] = SIM_APPLICATION;
    char label[SIM_ID_SIZE] = {0};
    struct ska_bytes value = {NULL, 0};
    CK_RV rv = CKR_HOST_MEMORY;

    memcpy(label, id, SIM_ID_SIZE - 1);
    if (sim_record_encode(record, &value)) {
        CK_ATTRIBUTE attributes[] = {
            {CKA_CLASS, &data, sizeof(data)},
            {CKA_TOKEN, &yes, sizeof(yes)},
            {CKA_PRIVATE, &yes, sizeof(yes)},
            {CKA_MODIFIABLE, &no, sizeof(no)},
            {CKA_COPYABLE, &no, sizeof(no)},
            {CKA_APPLICATION, application, strlen(application)},
            {CKA_LABEL, label, SIM_ID_SIZE - 1},
            {CKA_VALUE, value.data, value.length},
        };

        rv = softhsm()->C_CreateObject(own, attributes, sizeof(attributes) / sizeof(attributes[0]),
                                       handle);
    }
    ska_bytes_free(&value);
    return rv;
}

/* Destroys the records of this list but one. */
static CK_RV destroy_others(CK_SESSION_HANDLE own, const CK_OBJECT_HANDLE *handles, size_t count,
                            CK_OBJECT_HANDLE kept)
{
    CK_RV result = CKR_OK;

    for (size_t i = 0; i < count; i++) {
        CK_RV rv = CKR_OK;

        if (handles[i] != kept)
            rv = softhsm()->C_DestroyObject(own, handles[i]);
        if (rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID)
            result = rv;
    }
    return result;
}

/* ---- Reading ---------------------------------------------------------------------------- */

static CK_RV settle(CK_SESSION_HANDLE own, CK_SLOT_ID slot, const char *id)
{
    CK_OBJECT_HANDLE *handles = NULL;
    CK_OBJECT_HANDLE best = CK_INVALID_HANDLE;
    uint32_t version = 0;
    size_t count = 0;
    CK_RV rv = search(own, id, &handles, &count);

    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        struct sim_record record = {0};

        if (read_record(own, handles[i], &record) == CKR_OK &&
            (best == CK_INVALID_HANDLE || record.version > version)) {
            best = handles[i];
            version = record.version;
        }
        sim_record_clear(&record);
    }
    if (rv == CKR_OK && best != CK_INVALID_HANDLE) {
        rv = destroy_others(own, handles, count, best);
        remember(slot, id, best);
    }
    free(handles);
    return rv;
}

CK_RV sim_store_settle(CK_SESSION_HANDLE session, const char *id)
{
    CK_SESSION_HANDLE own = CK_INVALID_HANDLE;
    CK_SLOT_ID slot = 0;
    CK_RV rv = CKR_SESSION_HANDLE_INVALID;

    if (!sim_session_slot(session, &slot))
        return rv;
    rv = sim_own_session_open(session, &own);
    if (rv == CKR_OK)
        rv = sim_lock();
    if (rv == CKR_OK) {
        rv = settle(own, slot, id);
        sim_unlock();
    }
    sim_own_session_close(own);
    return rv;
}

/* Remembers a record that was found, and which of two of the same id is in force. */
static CK_RV note_record(CK_SESSION_HANDLE session, CK_SLOT_ID slot, CK_OBJECT_HANDLE handle)
{
    char id[SIM_ID_SIZE] = {0};
    struct ska_bytes label = {NULL, 0};
    CK_RV rv = CKR_OK;

    if (is_known(handle))
        return CKR_OK;
    rv = sim_read_bytes(session, handle, CKA_LABEL, &label);
    if (rv == CKR_OK && label.length == SIM_ID_SIZE - 1) {
        memcpy(id, label.data, label.length);
        if (known_handle(slot, id) == CK_INVALID_HANDLE)
            remember(slot, id, handle);
        else
            rv = sim_store_settle(session, id);
    }
    ska_bytes_free(&label);
    /* Gone since the search: nothing to remember. */
    return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_OK : rv;
}

static CK_RV refresh(CK_SESSION_HANDLE session, CK_SLOT_ID slot)
{
    CK_SESSION_HANDLE own = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE *handles = NULL;
    size_t count = 0;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = search(own, NULL, &handles, &count);
    for (size_t i = 0; rv == CKR_OK && i < count; i++)
        rv = note_record(session, slot, handles[i]);
    free(handles);
    sim_own_session_close(own);
    return rv;
}

static CK_RV read_known(CK_SESSION_HANDLE session, CK_SLOT_ID slot, const char *id,
                        struct sim_record *record)
{
    CK_OBJECT_HANDLE handle = known_handle(slot, id);
    CK_RV rv = CKR_OBJECT_HANDLE_INVALID;

    if (handle == CK_INVALID_HANDLE)
        return rv;
    rv = read_record(session, handle, record);
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        forget(slot, id);
    return rv;
}

static CK_RV search_and_read(CK_SESSION_HANDLE session, CK_SLOT_ID slot, const char *id,
                             struct sim_record *record)
{
    CK_RV rv = refresh(session, slot);

    return rv == CKR_OK ? read_known(session, slot, id, record) : rv;
}

/*
 * A search may come between the new record and the old one, and see neither: what it looks at goes
 * while it looks. With the lock held nothing changes, so only then is a record that is not found
 * not there.
 */
CK_RV sim_store_read(CK_SESSION_HANDLE session, const char *id, struct sim_record *record)
{
    CK_SLOT_ID slot = 0;
    CK_RV rv = CKR_SESSION_HANDLE_INVALID;

    memset(record, 0, sizeof(*record));
    if (!sim_session_slot(session, &slot))
        return rv;
    rv = read_known(session, slot, id, record);
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        rv = search_and_read(session, slot, id, record);
    if (rv != CKR_OBJECT_HANDLE_INVALID)
        return rv;
    rv = sim_lock();
    if (rv == CKR_OK) {
        rv = search_and_read(session, slot, id, record);
        sim_unlock();
    }
    return rv;
}

/* ---- Writing ---------------------------------------------------------------------------- */

CK_RV sim_store_write(CK_SESSION_HANDLE session, const char *id, const struct sim_record *record)
{
    CK_SESSION_HANDLE own = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    CK_SLOT_ID slot = 0;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = write_record(own, id, record, &handle);
    if (rv == CKR_OK && sim_session_slot(session, &slot))
        remember(slot, id, handle);
    sim_own_session_close(own);
    return rv;
}

CK_RV sim_store_replace(CK_SESSION_HANDLE session, const char *id, struct sim_record *record)
{
    CK_SESSION_HANDLE own = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE *old = NULL;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    CK_SLOT_ID slot = 0;
    size_t count = 0;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK && (record->version == UINT32_MAX || !sim_session_slot(session, &slot)))
        rv = CKR_FUNCTION_FAILED;
    if (rv == CKR_OK)
        rv = search(own, id, &old, &count);
    if (rv == CKR_OK) {
        record->version++;
        rv = write_record(own, id, record, &handle);
    }
    if (rv == CKR_OK) {
        /* From here on the change is made, whatever happens to the old record. */
        remember(slot, id, handle);
        rv = sim_fault("rules-replaced");
        destroy_others(own, old, count, handle);
    }
    free(old);
    sim_own_session_close(own);
    return rv;
}

CK_RV sim_store_destroy(CK_SESSION_HANDLE session, const char *id)
{
    CK_SESSION_HANDLE own = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE *handles = NULL;
    CK_SLOT_ID slot = 0;
    size_t count = 0;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = search(own, id, &handles, &count);
    if (rv == CKR_OK)
        rv = destroy_others(own, handles, count, CK_INVALID_HANDLE);
    if (sim_session_slot(session, &slot))
        forget(slot, id);
    free(handles);
    sim_own_session_close(own);
    return rv;
}
