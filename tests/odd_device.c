/* SPDX-License-Identifier: Apache-2.0 */
#include "odd_device.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pkcs11.h>

#define EXPORT __attribute__((visibility("default")))

#ifndef CKA_PUBLIC_KEY_INFO
#define CKA_PUBLIC_KEY_INFO 0x129UL
#endif
#ifndef CKA_ALLOWED_MECHANISMS
#define CKA_ALLOWED_MECHANISMS 0x40000600UL
#endif

static CK_FUNCTION_LIST calls;
static CK_FUNCTION_LIST *real;

/* ---- Faces ----------------------------------------------------------------------------------- */

/* The rest of the word in ODD_DEVICE behind `name`, "=" left out; NULL: the word is not there. */
static const char *face_value(const char *name)
{
    static _Thread_local char words[2][64];
    static _Thread_local int turn;
    char *word = words[turn = !turn]; /* the caller may hold one from before */
    const char *at = getenv("ODD_DEVICE");
    size_t length = strlen(name);

    while (at != NULL && *at != 0) {
        size_t size = strcspn(at, " ");

        if (size >= length && size < sizeof(words[0]) && memcmp(at, name, length) == 0 &&
            (size == length || at[length] == '=')) {
            memcpy(word, at, size);
            word[size] = 0;
            return size == length ? "" : word + length + 1;
        }
        at += size;
        at += strspn(at, " ");
    }
    return NULL;
}

static bool face(const char *name)
{
    return face_value(name) != NULL;
}

static void note(const char *call, unsigned long detail)
{
    const char *path = getenv("ODD_DEVICE_LOG");
    FILE *file = path == NULL ? NULL : fopen(path, "a");

    if (file == NULL)
        return;
    fprintf(file, "%s %lx\n", call, detail);
    fclose(file);
}

/* ---- One call at a time ---------------------------------------------------------------------- */

static atomic_int inside;

/* For "cannot-lock": what a module without locks of its own cannot stand is noted. */
static void enter(const char *call)
{
    if (face("cannot-lock") && atomic_fetch_add(&inside, 1) > 0)
        note("two calls at once", (unsigned long)(unsigned char)call[2]);
}

static CK_RV leave(CK_RV rv)
{
    if (face("cannot-lock"))
        atomic_fetch_sub(&inside, 1);
    return rv;
}

/* ---- Initializing, and breaking down --------------------------------------------------------- */

static atomic_bool broken;
static atomic_int open_sessions; /* for "counts-sessions" */

static CK_RV initialize(void *arguments)
{
    const CK_C_INITIALIZE_ARGS *given = arguments;
    const char *wanted = face_value("wants-string");

    note("C_Initialize", given == NULL ? 0 : given->flags);
    if (face("cannot-lock") && given != NULL && (given->flags & CKF_OS_LOCKING_OK) != 0)
        return CKR_CANT_LOCK;
    if (face("no-arguments") && given != NULL)
        return CKR_ARGUMENTS_BAD;
    if (wanted != NULL &&
        (given == NULL || given->pReserved == NULL || strcmp(given->pReserved, wanted) != 0))
        return CKR_ARGUMENTS_BAD;
    if (wanted != NULL) {
        CK_C_INITIALIZE_ARGS without = *given;

        without.pReserved = NULL;
        return real->C_Initialize(&without);
    }
    return real->C_Initialize(arguments);
}

static CK_RV finalize(void *reserved)
{
    note("C_Finalize", 0);
    broken = false;
    open_sessions = 0;
    return real->C_Finalize(reserved);
}

/* ---- Slots and tokens ------------------------------------------------------------------------ */

#define TWIN (1UL << 40)

/* Handles of sessions that are looked after. */
#define SESSIONS 65536

static CK_SLOT_ID inward(CK_SLOT_ID slot)
{
    return face("twins") ? slot & ~TWIN : slot;
}

/* For "twins": what a slot of the other number has is the same card, but not its objects. */
static atomic_ulong twin_sessions[SESSIONS];

static bool is_twin(CK_SESSION_HANDLE session)
{
    return session < SESSIONS && twin_sessions[session] != 0;
}

static CK_RV slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    CK_SLOT_ID there[32];
    CK_ULONG number = 32;
    CK_RV rv = CKR_OK;

    if (broken)
        return CKR_DEVICE_ERROR;
    if (!face("twins"))
        return real->C_GetSlotList(present, slots, count);
    rv = real->C_GetSlotList(present, there, &number);
    if (rv != CKR_OK)
        return rv;
    if (slots != NULL && *count < 2 * number)
        return CKR_BUFFER_TOO_SMALL;
    *count = 2 * number;
    for (CK_ULONG i = 0; slots != NULL && i < number; i++) {
        slots[2 * i] = there[i] | TWIN;
        slots[2 * i + 1] = there[i] & ~TWIN;
    }
    return CKR_OK;
}

static CK_RV slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    return broken ? CKR_DEVICE_ERROR : real->C_GetSlotInfo(inward(slot), info);
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv = broken ? CKR_DEVICE_ERROR : real->C_GetTokenInfo(inward(slot), info);

    if (rv != CKR_OK)
        return rv;
    if (face("no-initialised-flag"))
        info->flags &= ~(CK_FLAGS)CKF_TOKEN_INITIALIZED;
    if (face("no-login-flag"))
        info->flags &= ~(CK_FLAGS)CKF_LOGIN_REQUIRED;
    if (face("counts-sessions"))
        info->ulSessionCount = (CK_ULONG)open_sessions;
    if (face("pad"))
        info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    return CKR_OK;
}

static CK_RV mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_MECHANISM_INFO *info)
{
    if (broken)
        return CKR_DEVICE_ERROR;
    if (face("hashes-itself") && (mechanism == CKM_RSA_PKCS || mechanism == CKM_RSA_PKCS_PSS))
        return CKR_MECHANISM_INVALID;
    return real->C_GetMechanismInfo(inward(slot), mechanism, info);
}

/* ---- Sessions -------------------------------------------------------------------------------- */

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    CK_RV rv = CKR_OK;

    if (broken)
        return CKR_DEVICE_ERROR;
    if (face("writes-only") && (flags & CKF_RW_SESSION) == 0)
        return CKR_FUNCTION_FAILED;
    if (face("reads-only") && (flags & CKF_RW_SESSION) != 0)
        return CKR_TOKEN_WRITE_PROTECTED;
    rv = real->C_OpenSession(inward(slot), flags, application, notify, session);
    if (rv == CKR_OK)
        open_sessions++;
    if (rv == CKR_OK && *session < SESSIONS)
        twin_sessions[*session] = face("twins") && (slot & TWIN) != 0;
    return rv;
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    CK_RV rv = real->C_CloseSession(session);

    if (rv == CKR_OK)
        open_sessions--;
    return rv;
}

/* SoftHSM keeps the PIN that it knew: the device's own is the line in the file ODD_DEVICE_PIN. */
static CK_RV login_by_file(CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *pin,
                           CK_ULONG length, const char *own)
{
    FILE *file = fopen(getenv("ODD_DEVICE_PIN"), "r");
    char line[64] = "";

    if (file == NULL)
        return CKR_GENERAL_ERROR;
    (void)!fgets(line, sizeof(line), file);
    fclose(file);
    line[strcspn(line, "\n")] = 0;
    if (strlen(line) != length || memcmp(line, pin, length) != 0)
        return CKR_PIN_INCORRECT;
    return real->C_Login(session, user, (CK_UTF8CHAR *)(unsigned long)own, strlen(own));
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length)
{
    const char *typed = face_value("pad");
    const char *own = face_value("pin-of-file");

    note(pin == NULL ? "C_Login typed" : "C_Login", user);
    if (broken)
        return CKR_DEVICE_ERROR;
    if (own != NULL)
        return login_by_file(session, user, pin, length, own);
    if (typed == NULL)
        return real->C_Login(session, user, pin, length);
    if (pin != NULL)
        return CKR_PIN_INCORRECT;
    return real->C_Login(session, user, (CK_UTF8CHAR *)(unsigned long)typed, strlen(typed));
}

/* ---- Objects --------------------------------------------------------------------------------- */

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template_, CK_ULONG count)
{
    CK_SESSION_INFO info;

    if (broken)
        return CKR_DEVICE_ERROR;
    if (face("all-private") && real->C_GetSessionInfo(session, &info) == CKR_OK &&
        info.state != CKS_RO_USER_FUNCTIONS && info.state != CKS_RW_USER_FUNCTIONS)
        return CKR_USER_NOT_LOGGED_IN;
    return real->C_FindObjectsInit(session, template_, count);
}

static CK_OBJECT_CLASS class_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_OBJECT_CLASS class_ = 0;
    CK_ATTRIBUTE attribute = {CKA_CLASS, &class_, sizeof(class_)};

    return real->C_GetAttributeValue(session, object, &attribute, 1) == CKR_OK
               ? class_
               : (CK_OBJECT_CLASS)-1;
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                  CK_ULONG *count)
{
    CK_ULONG kept = 0;
    CK_RV rv = CKR_OK;

    do {
        rv = broken ? CKR_DEVICE_ERROR : real->C_FindObjects(session, objects, most, count);
        if (rv != CKR_OK || *count == 0)
            return rv;
        kept = 0;
        for (CK_ULONG i = 0; i < *count; i++)
            if (!is_twin(session) &&
                !(face("no-public") && class_of(session, objects[i]) == CKO_PUBLIC_KEY))
                objects[kept++] = objects[i];
    } while (kept == 0);
    *count = kept;
    return CKR_OK;
}

/* The attribute of the public object that has the private one's id; 0: none. */
static CK_ULONG of_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE_TYPE type, CK_BYTE *value, CK_ULONG size)
{
    CK_OBJECT_CLASS class_ = CKO_PUBLIC_KEY;
    CK_BYTE id[64];
    CK_ATTRIBUTE by[] = {{CKA_CLASS, &class_, sizeof(class_)}, {CKA_ID, id, sizeof(id)}};
    CK_ATTRIBUTE wanted = {type, value, size};
    CK_SESSION_HANDLE other = 0;
    CK_OBJECT_HANDLE found = 0;
    CK_SESSION_INFO info;
    CK_ULONG count = 0;
    CK_ULONG length = 0;

    if (real->C_GetAttributeValue(session, object, &by[1], 1) != CKR_OK ||
        real->C_GetSessionInfo(session, &info) != CKR_OK ||
        real->C_OpenSession(info.slotID, CKF_SERIAL_SESSION, NULL, NULL, &other) != CKR_OK)
        return 0;
    if (real->C_FindObjectsInit(other, by, 2) == CKR_OK) {
        (void)real->C_FindObjects(other, &found, 1, &count);
        (void)real->C_FindObjectsFinal(other);
    }
    if (count == 1 && real->C_GetAttributeValue(other, found, &wanted, 1) == CKR_OK)
        length = wanted.ulValueLen;
    (void)real->C_CloseSession(other);
    return length;
}

/* Answers a question for one attribute. */
static CK_RV give(CK_ATTRIBUTE *attribute, CK_ULONG space, const CK_BYTE *value, CK_ULONG length)
{
    if (attribute->pValue != NULL && space < length) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    if (attribute->pValue != NULL)
        memcpy(attribute->pValue, value, length);
    attribute->ulValueLen = length;
    return CKR_OK;
}

/* A point as the face has it; of P-256, in an OCTET STRING when it comes. */
static CK_ULONG other_point(const CK_BYTE *wrapped, CK_ULONG length, CK_BYTE value[128])
{
    if (length != 67)
        return 0;
    if (face("point-raw")) {
        memcpy(value, wrapped + 2, 65);
        return 65;
    }
    if (face("point-bits")) {
        memcpy(value, "\x03\x42\x00", 3);
        memcpy(value + 3, wrapped + 2, 65);
        return 68;
    }
    if (face("point-xy")) {
        memcpy(value, wrapped + 3, 64);
        return 64;
    }
    if (face("point-compressed")) {
        memcpy(value, "\x04\x21", 2);
        value[2] = (CK_BYTE)(2 + (wrapped[66] & 1));
        memcpy(value + 3, wrapped + 3, 32);
        return 35;
    }
    return 0;
}

/* The SubjectPublicKeyInfo of a point of P-256. */
static CK_ULONG info_of_point(const CK_BYTE *wrapped, CK_ULONG length, CK_BYTE value[128])
{
    static const CK_BYTE head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                   0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                   0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

    if (length != 67)
        return 0;
    memcpy(value, head, sizeof(head));
    memcpy(value + sizeof(head), wrapped + 2, 65);
    return sizeof(head) + 65;
}

/* What the face answers for one attribute, in place of SoftHSM; 0: nothing. */
static CK_ULONG face_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               CK_ATTRIBUTE_TYPE type, CK_BYTE value[128])
{
    const bool private = class_of(session, object) == CKO_PRIVATE_KEY;
    CK_BYTE wrapped[128];
    CK_ULONG length = 0;

    if (type != CKA_EC_POINT && type != CKA_PUBLIC_KEY_INFO)
        return 0;
    length = of_public(session, object, CKA_EC_POINT, wrapped, sizeof(wrapped));
    if (private && type == CKA_PUBLIC_KEY_INFO && face("public-key-info"))
        return info_of_point(wrapped, length, value);
    if (private && type == CKA_EC_POINT && face("private-point")) {
        memcpy(value, wrapped, length);
        return length;
    }
    return !private && type == CKA_EC_POINT ? other_point(wrapped, length, value) : 0;
}

static CK_RV get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE *template_, CK_ULONG count)
{
    const char *unknown = face_value("unknown-attribute");
    CK_ULONG space[16];
    CK_RV rv = broken ? CKR_DEVICE_ERROR : CKR_OK;

    enter("C_GetAttributeValue");
    for (CK_ULONG i = 0; rv == CKR_OK && i < count && i < 16; i++) {
        space[i] = template_[i].ulValueLen;
        if (unknown != NULL && template_[i].type == CKA_ALLOWED_MECHANISMS)
            rv = strtoul(unknown, NULL, 16);
    }
    if (rv != CKR_OK)
        return leave(rv);
    rv = real->C_GetAttributeValue(session, object, template_, count);
    for (CK_ULONG i = 0; i < count && i < 16; i++) {
        CK_BYTE value[128];
        CK_ULONG length = face_attribute(session, object, template_[i].type, value);

        if (length > 0)
            rv = give(&template_[i], space[i], value, length);
    }
    return leave(rv);
}

/* ---- Signing --------------------------------------------------------------------------------- */

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    note("C_SignInit", mechanism->mechanism);
    if (broken)
        return CKR_DEVICE_ERROR;
    if ((face("hashes-itself") || face("refuses-raw")) &&
        (mechanism->mechanism == CKM_RSA_PKCS || mechanism->mechanism == CKM_RSA_PKCS_PSS))
        return CKR_MECHANISM_INVALID;
    return real->C_SignInit(session, mechanism, key);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_length,
                  CK_BYTE *signature, CK_ULONG *length)
{
    CK_RV rv = CKR_OK;

    enter("C_Sign");
    rv = broken ? CKR_DEVICE_ERROR : real->C_Sign(session, data, data_length, signature, length);
    return leave(rv);
}

/* ---- What happens to devices ----------------------------------------------------------------- */

EXPORT void odd_device_break_down(void)
{
    broken = true;
}

EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
    void *library = dlopen(ODD_DEVICE_MODULE, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");

    if (symbol == NULL)
        return CKR_GENERAL_ERROR;
    memcpy(&get, &symbol, sizeof(get));
    if (get(&real) != CKR_OK)
        return CKR_GENERAL_ERROR;
    calls = *real;
    calls.C_Initialize = initialize;
    calls.C_Finalize = finalize;
    calls.C_GetSlotList = slot_list;
    calls.C_GetSlotInfo = slot_info;
    calls.C_GetTokenInfo = token_info;
    calls.C_GetMechanismInfo = mechanism_info;
    calls.C_OpenSession = open_session;
    calls.C_CloseSession = close_session;
    calls.C_Login = login;
    calls.C_FindObjectsInit = find_init;
    calls.C_FindObjects = find;
    calls.C_GetAttributeValue = get_attributes;
    calls.C_SignInit = sign_init;
    calls.C_Sign = sign;
    *list = &calls;
    return CKR_OK;
}
