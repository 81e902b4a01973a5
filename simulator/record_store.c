/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in the token.
 */
#include "simulator/record_store.h"

#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "simulator/change_lock.h"
#include "simulator/context.h"
#include "simulator/session_table.h"
#include "simulator/softhsm_calls.h"

/* ---- Where records are ------------------------------------------------------------------ */

/*
 * SoftHSM's searches look at every object, and reading one takes longer than a signature, so a
 * record that was read once is remembered with its handle. No record ever changes: a change writes
 * another one. A handle becomes invalid when its object goes, whichever process destroys it; then
 * the token is searched again.
 */

struct place {
    CK_SLOT_ID slot;
    char id[SIM_ID_SIZE];
    CK_OBJECT_HANDLE handle;
    bool read; /* this is what stands there: */
    struct sim_record record;
};

/* A tree of places, guarded by sim_state_lock(). */
static void *places;

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;

    if (left->slot != right->slot)
        return left->slot < right->slot ? -1 : 1;
    return memcmp(left->id, right->id, sizeof(left->id));
}

static void free_place(void *vplace)
{
    struct place *place = vplace;

    sim_record_clear(&place->record);
    free(place);
}

static struct place make_place(CK_SLOT_ID slot, const char *id, CK_OBJECT_HANDLE handle)
{
    struct place place = {.slot = slot, .handle = handle};

    snprintf(place.id, sizeof(place.id), "%s", id);
    return place;
}

/* With the lock held; NULL: none. */
static struct place *find_place(CK_SLOT_ID slot, const char *id)
{
    struct place key = make_place(slot, id, 0);
    struct place **found = tfind(&key, &places, compare_places);

    return found == NULL ? NULL : *found;
}

static CK_OBJECT_HANDLE known_handle(CK_SLOT_ID slot, const char *id)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    const struct place *place = NULL;

    sim_state_lock();
    place = find_place(slot, id);
    if (place != NULL)
        handle = place->handle;
    sim_state_unlock();
    return handle;
}

/* Of a record that was read already: what it says, and its handle. */
static bool recall_record(CK_SLOT_ID slot, const char *id, CK_OBJECT_HANDLE *handle,
                          struct sim_record *record)
{
    const struct place *place = NULL;
    bool known = false;

    if (!sim_remembers())
        return false;
    sim_state_lock();
    place = find_place(slot, id);
    known = place != NULL && place->read && sim_record_copy(&place->record, record);
    if (known)
        *handle = place->handle;
    sim_state_unlock();
    return known;
}

/* What was read at this handle, if that is still the one. */
static void memorize_record(CK_SLOT_ID slot, const char *id, CK_OBJECT_HANDLE handle,
                            const struct sim_record *record)
{
    struct place *place = NULL;

    sim_state_lock();
    place = find_place(slot, id);
    if (place != NULL && place->handle == handle && !place->read)
        place->read = sim_record_copy(record, &place->record);
    sim_state_unlock();
}

static void forget_place(CK_SLOT_ID slot, const char *id)
{
    struct place *place = NULL;

    sim_state_lock();
    place = find_place(slot, id);
    if (place != NULL) {
        tdelete(place, &places, compare_places);
        free_place(place);
    }
    sim_state_unlock();
}

static void move_place(struct place *place, CK_OBJECT_HANDLE handle)
{
    if (place->handle == handle)
        return;
    sim_record_clear(&place->record);
    place->read = false;
    place->handle = handle;
}

/* Without memory nothing is remembered, and the next look-up searches. */
static void remember_place(CK_SLOT_ID slot, const char *id, CK_OBJECT_HANDLE handle)
{
    struct place *place = malloc(sizeof(*place));
    void *found = NULL;

    if (place == NULL)
        return;
    *place = make_place(slot, id, handle);
    sim_state_lock();
    found = tsearch(place, &places, compare_places);
    if (found != NULL)
        move_place(*(struct place **)found, handle);
    if (found == NULL || *(struct place **)found != place)
        free(place);
    sim_state_unlock();
}

void sim_store_forget(void)
{
    sim_state_lock();
    tdestroy(places, free_place);
    places = NULL;
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
static CK_RV search_records(const struct sim_own_session *own, const char *id,
                            CK_OBJECT_HANDLE **handles, size_t *count)
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
    return sim_search(own->handle, wanted, id != NULL ? 3 : 2, handles, count);
}

/* Writes a new data object, and remembers it. */
static CK_RV write_record(const struct sim_own_session *own, const char *id,
                          const struct sim_record *record)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
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

        rv = softhsm()->C_CreateObject(own->handle, attributes,
                                       sizeof(attributes) / sizeof(attributes[0]), &handle);
    }
    if (rv == CKR_OK)
        remember_place(own->slot, id, handle);
    ska_bytes_free(&value);
    return rv;
}

/* Destroys the records of this list but one. */
static CK_RV destroy_others(const struct sim_own_session *own, const CK_OBJECT_HANDLE *handles,
                            size_t count, CK_OBJECT_HANDLE kept)
{
    CK_RV result = CKR_OK;

    for (size_t i = 0; i < count; i++) {
        CK_RV rv = CKR_OK;

        if (handles[i] != kept)
            rv = softhsm()->C_DestroyObject(own->handle, handles[i]);
        if (rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID)
            result = rv;
    }
    return result;
}

/* ---- Reading ---------------------------------------------------------------------------- */

/* Of several records of one id the one with the highest version stays. With the lock held. */
static CK_RV settle_records(const struct sim_own_session *own, const char *id)
{
    CK_OBJECT_HANDLE *handles = NULL;
    CK_OBJECT_HANDLE best = CK_INVALID_HANDLE;
    uint32_t version = 0;
    size_t count = 0;
    CK_RV rv = search_records(own, id, &handles, &count);

    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        struct sim_record record = {0};

        if (read_record(own->handle, handles[i], &record) == CKR_OK &&
            (best == CK_INVALID_HANDLE || record.version > version)) {
            best = handles[i];
            version = record.version;
        }
        sim_record_clear(&record);
    }
    if (rv == CKR_OK && best != CK_INVALID_HANDLE) {
        rv = destroy_others(own, handles, count, best);
        remember_place(own->slot, id, best);
    }
    free(handles);
    return rv;
}

static CK_RV lock_and_settle(const struct sim_own_session *own, const char *id)
{
    CK_RV rv = sim_lock();

    if (rv == CKR_OK) {
        rv = settle_records(own, id);
        sim_unlock();
    }
    return rv;
}

CK_RV sim_store_settle(CK_SESSION_HANDLE session, const char *id)
{
    struct sim_own_session own = {0};
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = lock_and_settle(&own, id);
    sim_own_session_close(&own);
    return rv;
}

/* Remembers a record that was found, and which of two of the same id is in force. */
static CK_RV remember_record(const struct sim_own_session *own, CK_OBJECT_HANDLE handle)
{
    char id[SIM_ID_SIZE] = {0};
    struct ska_bytes label = {NULL, 0};
    CK_OBJECT_HANDLE known = CK_INVALID_HANDLE;
    CK_RV rv = sim_read_bytes(own->handle, handle, CKA_LABEL, &label);

    if (rv == CKR_OK && label.length == SIM_ID_SIZE - 1) {
        memcpy(id, label.data, label.length);
        known = known_handle(own->slot, id);
        if (known == CK_INVALID_HANDLE)
            remember_place(own->slot, id, handle);
        else if (known != handle)
            rv = lock_and_settle(own, id);
    }
    ska_bytes_free(&label);
    /* Gone since the search: nothing to remember. */
    return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_OK : rv;
}

/* Finds out where all records are: to find one, SoftHSM looks at all of them too. */
static CK_RV remember_all(CK_SESSION_HANDLE session)
{
    struct sim_own_session own = {0};
    CK_OBJECT_HANDLE *handles = NULL;
    size_t count = 0;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = search_records(&own, NULL, &handles, &count);
    for (size_t i = 0; rv == CKR_OK && i < count; i++)
        rv = remember_record(&own, handles[i]);
    free(handles);
    sim_own_session_close(&own);
    return rv;
}

static CK_RV read_known(CK_SESSION_HANDLE session, CK_SLOT_ID slot, const char *id,
                        struct sim_record *record)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    CK_RV rv = CKR_OBJECT_HANDLE_INVALID;

    if (recall_record(slot, id, &handle, record)) {
        rv = sim_object_is_there(session, handle) ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
        if (rv != CKR_OK)
            sim_record_clear(record);
    } else {
        handle = known_handle(slot, id);
        if (handle == CK_INVALID_HANDLE)
            return rv;
        rv = read_record(session, handle, record);
        if (rv == CKR_OK)
            memorize_record(slot, id, handle, record);
    }
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        forget_place(slot, id);
    return rv;
}

static CK_RV search_and_read(CK_SESSION_HANDLE session, CK_SLOT_ID slot, const char *id,
                             struct sim_record *record)
{
    CK_RV rv = remember_all(session);

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
    struct sim_own_session own = {0};
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = write_record(&own, id, record);
    sim_own_session_close(&own);
    return rv;
}

CK_RV sim_store_replace(CK_SESSION_HANDLE session, const char *id, struct sim_record *record)
{
    struct sim_own_session own = {0};
    CK_OBJECT_HANDLE *old = NULL;
    size_t count = 0;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK && record->version == UINT32_MAX)
        rv = CKR_FUNCTION_FAILED;
    if (rv == CKR_OK)
        rv = search_records(&own, id, &old, &count);
    if (rv == CKR_OK) {
        record->version++;
        rv = write_record(&own, id, record);
    }
    if (rv == CKR_OK) {
        /* From here on the change is made, whatever happens to the old record. */
        rv = sim_fault("rules-replaced");
        destroy_others(&own, old, count, CK_INVALID_HANDLE);
    }
    free(old);
    sim_own_session_close(&own);
    return rv;
}

CK_RV sim_store_destroy(CK_SESSION_HANDLE session, const char *id)
{
    struct sim_own_session own = {0};
    CK_OBJECT_HANDLE *handles = NULL;
    size_t count = 0;
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = search_records(&own, id, &handles, &count);
    if (rv == CKR_OK)
        rv = destroy_others(&own, handles, count, CK_INVALID_HANDLE);
    forget_place(own.slot, id);
    free(handles);
    sim_own_session_close(&own);
    return rv;
}
