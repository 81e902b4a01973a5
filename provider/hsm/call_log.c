/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module's table of functions is exchanged for one of ours when the module is loaded, so that no
 * call has to know of the log. A function of Cryptoki does not say whose it is, therefore each
 * module gets functions of its own.
 */
#include "provider/hsm/call_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/bytes.h"
#include "provider/base/log_file.h"
#include "provider/hsm/fork.h"

#define VARIABLE "SKA_DEBUG"

/* ---- The file -------------------------------------------------------------------------------- */

enum log_level { LOG_OFF, LOG_CALLS, LOG_ARGUMENTS };

/* Immutable once it was opened. */
static struct {
    enum log_level level;
    struct ska_kept_descriptor file;
    enum ska_reason reason;
    char *failure; /* NULL: it could be opened, or is not wanted */
} call_log;

static pthread_once_t call_log_once = PTHREAD_ONCE_INIT;

static void call_log_fail(enum ska_reason reason, const char *path, const char *why)
{
    struct ska_buffer text = {0};
    struct ska_bytes made = {NULL, 0};

    ska_buffer_format(&text, VARIABLE ": %s: %s", path, why);
    call_log.reason = reason;
    call_log.failure = ska_buffer_finish(&text, &made, NULL) ? (char *)made.data : NULL;
    call_log.level = LOG_OFF;
}

/* Cuts the level off; "FILE:2" with another number than we have is no name of a file. */
static bool take_level(char *path)
{
    char *colon = strrchr(path, ':');

    call_log.level = LOG_CALLS;
    if (colon == NULL || colon[1] == 0 || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return true;
    if (strcmp(colon + 1, "1") != 0 && strcmp(colon + 1, "2") != 0) {
        call_log_fail(SKA_R_BAD_CONFIGURATION, path, "the level, after the last colon, is 1 or 2");
        return false;
    }
    if (colon[1] == '2')
        call_log.level = LOG_ARGUMENTS;
    *colon = 0;
    return true;
}

static void open_call_log(void)
{
    const char *wanted = secure_getenv(VARIABLE);
    char *path = wanted == NULL || wanted[0] == 0 ? NULL : strdup(wanted);
    const char *why = NULL;

    if (path != NULL && take_level(path)) {
        why = ska_log_file_open(&call_log.file, path);
        if (why != NULL)
            call_log_fail(SKA_R_FILE_FAILURE, path, why);
    }
    free(path);
}

bool hsm_call_log_open(const struct ska_errors *errors)
{
    if (pthread_once(&call_log_once, open_call_log) != 0)
        return ska_fail(errors, SKA_R_INTERNAL, VARIABLE);
    return call_log.failure == NULL || ska_fail(errors, call_log.reason, "%s", call_log.failure);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

#define LINE_SIZE 1024

static void write_call(unsigned int module, const char *text)
{
    char line[LINE_SIZE];

    snprintf(line, sizeof(line), "module %u: %s", module + 1, text);
    ska_log_file_write(&call_log.file, line);
}

static struct hsm_logged_call begin_logged_call(unsigned int module, const char *name)
{
    struct hsm_logged_call call = {name, module, {0, 0}};

    clock_gettime(CLOCK_MONOTONIC, &call.began);
    return call;
}

static double seconds_since(const struct timespec *began)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

/* `details`, in a printf format, are for level 2. Leaves errno as the module has left it. */
static void end_logged_call(const struct hsm_logged_call *call, CK_RV rv, const char *details, ...)
    __attribute__((format(printf, 3, 4)));
static void end_logged_call(const struct hsm_logged_call *call, CK_RV rv, const char *details, ...)
{
    const int kept = errno;
    const double seconds = seconds_since(&call->began);
    char arguments[LINE_SIZE / 2] = "";
    char text[LINE_SIZE - 128];
    va_list args;

    va_start(args, details);
    if (call_log.level == LOG_ARGUMENTS)
        vsnprintf(arguments, sizeof(arguments), details, args);
    va_end(args);
    snprintf(text, sizeof(text), "%s%s%s%s: %s, %.6f s", call->name, arguments[0] == 0 ? "" : "(",
             arguments, arguments[0] == 0 ? "" : ")", hsm_rv_text(rv).text, seconds);
    write_call(call->module, text);
    errno = kept;
}

/* ---- What is said of arguments --------------------------------------------------------------- */

#define SHOWN_TYPES 8

struct shown_types {
    char text[SHOWN_TYPES * 20 + 8];
};

static struct shown_types types_of(const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    struct shown_types types = {"none"};
    size_t length = 0;

    for (CK_ULONG i = 0; attributes != NULL && i < count; i++) {
        if (i == SHOWN_TYPES) {
            snprintf(types.text + length, sizeof(types.text) - length, " ...");
            break;
        }
        length += (size_t)snprintf(types.text + length, sizeof(types.text) - length, "%s0x%lX",
                                   i == 0 ? "" : " ", attributes[i].type);
    }
    return types;
}

static CK_ULONG number_at(const CK_ULONG *number)
{
    return number == NULL ? 0 : *number;
}

static CK_ULONG mechanism_number(const CK_MECHANISM *mechanism)
{
    return mechanism == NULL ? CK_UNAVAILABLE_INFORMATION : mechanism->mechanism;
}

static const char *user_name(CK_USER_TYPE user)
{
    return user == CKU_USER ? "user" : user == CKU_CONTEXT_SPECIFIC ? "for one operation" : "other";
}

static CK_FLAGS initialize_flags(const CK_C_INITIALIZE_ARGS *arguments)
{
    return arguments == NULL ? 0 : arguments->flags;
}

/* ---- The calls ------------------------------------------------------------------------------- */

/* So many modules of a process have their calls logged. */
#define LOGGED_MODULES 4

static struct {
    const CK_FUNCTION_LIST *calls; /* the module's own; guarded by hsm_lock() until it is found */
    struct hsm_ska_calls ska;
    CK_FUNCTION_LIST table; /* what is called instead */
} logged[LOGGED_MODULES];

/* clang-format off */
/*
 * X(module, name, parameters, arguments, what level 2 says): all that this folder calls of
 * CK_FUNCTION_LIST. The format stands after the call, so that it shows lengths that came out.
 */
#define STANDARD_CALLS(X, module)                                                                  \
    X(module, C_Initialize, (void *args), (args), "flags 0x%lX", initialize_flags(args))           \
    X(module, C_Finalize, (void *reserved), (reserved), "%s", "")                                  \
    X(module, C_GetInfo, (CK_INFO *info), (info), "%s", "")                                        \
    X(module, C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count),               \
      (present, slots, count), "%s%lu", slots == NULL ? "how many: " : "", number_at(count))       \
    X(module, C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info),                  \
      "slot %lu, flags 0x%lX", slot, info->flags)                                                  \
    X(module, C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), (slot, info),                \
      "slot %lu, flags 0x%lX", slot, info->flags)                                                  \
    X(module, C_GetMechanismInfo,                                                                  \
      (CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_MECHANISM_INFO *info),                     \
      (slot, mechanism, info), "slot %lu, mechanism 0x%lX, flags 0x%lX", slot, mechanism,          \
      info->flags)                                                                                 \
    X(module, C_OpenSession,                                                                       \
      (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,                       \
       CK_SESSION_HANDLE *session),                                                                \
      (slot, flags, application, notify, session), "slot %lu, flags 0x%lX, session %lu", slot,     \
      flags, number_at(session))                                                                   \
    X(module, C_CloseSession, (CK_SESSION_HANDLE session), (session), "session %lu", session)      \
    X(module, C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info),                \
      (session, info), "session %lu, state %lu", session, info->state)                             \
    X(module, C_Login,                                                                             \
      (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length),           \
      (session, user, pin, length), "session %lu, %s, %s", session, user_name(user),               \
      pin == NULL ? "on the token's pad" : "with a PIN")                                           \
    X(module, C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object),               \
      (session, object), "session %lu, object %lu", session, object)                               \
    X(module, C_GetAttributeValue,                                                                 \
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count),    \
      (session, object, list, count), "session %lu, object %lu, types %s", session, object,        \
      types_of(list, count).text)                                                                  \
    X(module, C_FindObjectsInit,                                                                   \
      (CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count), (session, list, count),     \
      "session %lu, types %s", session, types_of(list, count).text)                                \
    X(module, C_FindObjects,                                                                       \
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *list, CK_ULONG most, CK_ULONG *count),         \
      (session, list, most, count), "session %lu, %lu objects", session, number_at(count))         \
    X(module, C_FindObjectsFinal, (CK_SESSION_HANDLE session), (session), "session %lu", session)  \
    X(module, C_SignInit,                                                                          \
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),                  \
      (session, mechanism, key), "session %lu, mechanism 0x%lX, key %lu", session,                 \
      mechanism_number(mechanism), key)                                                            \
    X(module, C_Sign,                                                                              \
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *out,                    \
       CK_ULONG *out_length),                                                                      \
      (session, data, length, out, out_length), "session %lu, %lu bytes, gives %lu", session,      \
      length, number_at(out_length))                                                               \
    X(module, C_DecryptInit,                                                                       \
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),                  \
      (session, mechanism, key), "session %lu, mechanism 0x%lX, key %lu", session,                 \
      mechanism_number(mechanism), key)                                                            \
    X(module, C_Decrypt,                                                                           \
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *out,                    \
       CK_ULONG *out_length),                                                                      \
      (session, data, length, out, out_length), "session %lu, %lu bytes", session, length)         \
    X(module, C_DeriveKey,                                                                         \
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,                  \
       CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *key),                                 \
      (session, mechanism, base, list, count, key),                                                \
      "session %lu, mechanism 0x%lX, key %lu, types %s, gives key %lu", session,                   \
      mechanism_number(mechanism), base, types_of(list, count).text, number_at(key))               \
    X(module, C_GenerateKeyPair,                                                                   \
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,                   \
       CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count,                       \
       CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key),                               \
      (session, mechanism, public, public_count, private, private_count, public_key, private_key), \
      "session %lu, mechanism 0x%lX, types %s and %s, keys %lu and %lu", session,                  \
      mechanism_number(mechanism), types_of(public, public_count).text,                            \
      types_of(private, private_count).text, number_at(public_key), number_at(private_key))

/* X(module, member of struct hsm_ska_calls, name, parameters, ...): the vendor's. */
#define VENDOR_CALLS(X, module)                                                                    \
    X(module, serialize_policy, C_SerializePolicy,                                                 \
      (CK_SKA_POLICY *policy, CK_BYTE_PTR out, CK_ULONG_PTR length), (policy, out, length),        \
      "gives %lu", number_at(length))                                                              \
    X(module, create_modify_payload, C_CreateModifyPayload,                                        \
      (CK_SKA_POLICY *use, CK_SKA_POLICY *block, CK_SKA_POLICY *unblock, CK_SKA_POLICY *modify,    \
       CK_BYTE_PTR out, CK_ULONG_PTR length),                                                      \
      (use, block, unblock, modify, out, length), "gives %lu", number_at(length))                  \
    X(module, create_approval_token, C_CreateApprovalToken,                                        \
      (CK_SESSION_HANDLE session, CK_ULONG operation, CK_OBJECT_HANDLE key, CK_BYTE_PTR payload,   \
       CK_ULONG payload_length, CK_BYTE_PTR timestamp, CK_ULONG timestamp_length,                  \
       CK_BYTE_PTR signature, CK_ULONG signature_length, CK_BYTE_PTR token, CK_ULONG_PTR length),  \
      (session, operation, key, payload, payload_length, timestamp, timestamp_length, signature,   \
       signature_length, token, length),                                                           \
      "session %lu, operation %lu, key %lu, payload of %lu bytes, timestamp of %lu, gives %lu",    \
      session, operation, key, payload_length, timestamp_length, number_at(length))                \
    X(module, get_timestamp, C_GetTimestamp,                                                       \
      (CK_SESSION_HANDLE session, CK_ULONG operation, CK_MECHANISM_PTR mechanism,                  \
       CK_OBJECT_HANDLE key, CK_BYTE_PTR payload, CK_ULONG payload_length, CK_BYTE_PTR timestamp,  \
       CK_ULONG_PTR timestamp_length, CK_BYTE_PTR signature, CK_ULONG_PTR length),                 \
      (session, operation, mechanism, key, payload, payload_length, timestamp, timestamp_length,   \
       signature, length),                                                                         \
      "session %lu, operation %lu, mechanism 0x%lX, key %lu, payload of %lu bytes, gives %lu "     \
      "and %lu", session, operation, mechanism_number(mechanism), key, payload_length,             \
      number_at(timestamp_length), number_at(length))                                              \
    X(module, sign, C_SKASign,                                                                     \
      (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,                \
       CK_BYTE_PTR token, CK_ULONG token_length, CK_SKA_APPROVAL *approvals, CK_ULONG count,       \
       CK_BYTE_PTR signature, CK_ULONG_PTR length, void *reserved, CK_ULONG_PTR reserved_length),  \
      (session, mechanism, key, token, token_length, approvals, count, signature, length,          \
       reserved, reserved_length),                                                                 \
      "session %lu, mechanism 0x%lX, key %lu, token of %lu bytes, %lu approvals, gives %lu",       \
      session, mechanism_number(mechanism), key, token_length, count, number_at(length))           \
    VENDOR_CHANGE(X, module, block, C_SKABlock)                                                    \
    VENDOR_CHANGE(X, module, unblock, C_SKAUnblock)                                                \
    VENDOR_CHANGE(X, module, modify, C_SKAModify)
#define VENDOR_CHANGE(X, module, member, name)                                                     \
    X(module, member, name,                                                                        \
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token, CK_ULONG length,       \
       CK_SKA_APPROVAL *approvals, CK_ULONG count),                                                \
      (session, key, token, length, approvals, count),                                             \
      "session %lu, key %lu, token of %lu bytes, %lu approvals", session, number_at(key), length,  \
      count)

#define DEFINE_LOGGED(module, name, call, parameters, arguments, ...)                              \
    static CK_RV name##_##module parameters                                                        \
    {                                                                                              \
        const struct hsm_logged_call begun = begin_logged_call(module, #name);                     \
        const CK_RV rv = logged[module].call arguments;                                            \
                                                                                                   \
        end_logged_call(&begun, rv, __VA_ARGS__);                                                  \
        return rv;                                                                                 \
    }
#define DEFINE_STANDARD(module, name, parameters, arguments, ...)                                  \
    DEFINE_LOGGED(module, name, calls->name, parameters, arguments, __VA_ARGS__)
#define DEFINE_VENDOR(module, member, name, parameters, arguments, ...)                            \
    DEFINE_LOGGED(module, name, ska.member, parameters, arguments, __VA_ARGS__)
#define SET_STANDARD(module, name, parameters, arguments, ...)                                     \
    logged[module].table.name = name##_##module;
#define SET_VENDOR(module, member, name, parameters, arguments, ...)                               \
    if (ska->member != NULL)                                                                       \
        ska->member = name##_##module;

#define DEFINE_MODULE(module)                                                                      \
    STANDARD_CALLS(DEFINE_STANDARD, module)                                                        \
    VENDOR_CALLS(DEFINE_VENDOR, module)                                                            \
    static void set_logged_##module(struct hsm_ska_calls *ska)                                     \
    {                                                                                              \
        STANDARD_CALLS(SET_STANDARD, module)                                                       \
        VENDOR_CALLS(SET_VENDOR, module)                                                           \
    }
/* clang-format on */

DEFINE_MODULE(0)
DEFINE_MODULE(1)
DEFINE_MODULE(2)
DEFINE_MODULE(3)

static void (*const set_logged[LOGGED_MODULES])(struct hsm_ska_calls *ska) = {
    set_logged_0, set_logged_1, set_logged_2, set_logged_3};

/* The path is whoever's: nothing of it reaches a terminal raw. */
static void write_module_line(unsigned int module, const char *path)
{
    char *harmless = ska_printable(ska_span_text(path), LINE_SIZE / 2);

    write_call(module, harmless == NULL ? "?" : harmless);
    free(harmless);
}

/* The same where a module is loaded again, since it could not be initialized. */
static unsigned int place_of(const CK_FUNCTION_LIST *calls, bool *known)
{
    unsigned int place = 0;

    hsm_lock();
    while (place < LOGGED_MODULES && logged[place].calls != NULL && logged[place].calls != calls)
        place++;
    *known = place < LOGGED_MODULES && logged[place].calls == calls;
    if (place < LOGGED_MODULES)
        logged[place].calls = calls;
    hsm_unlock();
    return place;
}

void hsm_call_log_module(const char *path, const CK_FUNCTION_LIST **calls,
                         struct hsm_ska_calls *ska)
{
    unsigned int place = 0;
    bool known = false;

    if (call_log.level == LOG_OFF)
        return;
    place = place_of(*calls, &known);
    if (!known)
        write_module_line(place, path);
    if (place == LOGGED_MODULES) {
        write_call(place, "is one more than can be logged: its calls are not logged");
        return;
    }
    logged[place].ska = *ska;
    logged[place].table = **calls;
    set_logged[place](ska);
    *calls = &logged[place].table;
}

/* ---- Calls of others ------------------------------------------------------------------------- */

struct hsm_logged_call hsm_logged_call_begin(const CK_FUNCTION_LIST *calls, const char *name)
{
    for (unsigned int i = 0; i < LOGGED_MODULES; i++)
        if (calls == &logged[i].table)
            return begin_logged_call(i, name);
    return (struct hsm_logged_call){NULL, 0, {0, 0}};
}

void hsm_logged_call_end(const struct hsm_logged_call *call, CK_RV rv)
{
    if (call->name != NULL)
        end_logged_call(call, rv, "%s", "");
}
