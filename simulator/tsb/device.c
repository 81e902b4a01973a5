/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/file.h"
#include "ska/simulator.h"

#define MOST_IDLE 64
#define PIN_LIMIT 256

struct tsb_device {
    void *library;
    CK_FUNCTION_LIST *calls;
    struct tsb_vendor_calls vendor;
    OSSL_LIB_CTX *libctx;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE login; /* keeps the token logged in */
    pthread_mutex_t lock;
    CK_SESSION_HANDLE idle[MOST_IDLE];
    size_t idle_count;
};

const CK_FUNCTION_LIST *tsb_device_calls(const struct tsb_device *device)
{
    return device->calls;
}

const struct tsb_vendor_calls *tsb_device_vendor_calls(const struct tsb_device *device)
{
    return &device->vendor;
}

OSSL_LIB_CTX *tsb_device_libctx(const struct tsb_device *device)
{
    return device->libctx;
}

const char *tsb_device_result(CK_RV rv, char text[64])
{
    static const struct {
        CK_RV rv;
        const char *name;
    } names[] = {
        {CKR_SKASIM_OBJECT_BLOCKED, "OBJECT_BLOCKED: the key is blocked"},
        {CKR_SKASIM_TOKEN_NOT_FOUND, "TOKEN_NOT_FOUND: approvals might be insufficient"},
        {CKR_SKASIM_PARAMETERS_INVALID, "extended attribute parameters invalid"},
        {CKR_SKASIM_PAYLOAD_MISMATCH, "payload doesn't match approval token's"},
        {CKR_KEY_FUNCTION_NOT_PERMITTED, "KEY_FUNCTION_NOT_PERMITTED"},
        {CKR_KEY_TYPE_INCONSISTENT, "KEY_TYPE_INCONSISTENT"},
        {CKR_ACTION_PROHIBITED, "ACTION_PROHIBITED"},
        {CKR_MECHANISM_INVALID, "MECHANISM_INVALID"},
        {CKR_DATA_LEN_RANGE, "DATA_LEN_RANGE"},
        {CKR_KEY_SIZE_RANGE, "KEY_SIZE_RANGE"},
        {CKR_ATTRIBUTE_VALUE_INVALID, "ATTRIBUTE_VALUE_INVALID"},
        {CKR_ENCRYPTED_DATA_INVALID, "ENCRYPTED_DATA_INVALID"},
        {CKR_ENCRYPTED_DATA_LEN_RANGE, "ENCRYPTED_DATA_LEN_RANGE"},
        {CKR_WRAPPED_KEY_INVALID, "Error unwrapping key"},
        {CKR_KEY_UNEXTRACTABLE, "KEY_UNEXTRACTABLE"},
        {CKR_KEY_NOT_WRAPPABLE, "KEY_NOT_WRAPPABLE"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].rv == rv)
            return names[i].name;
    snprintf(text, 64, "CKR 0x%lX", (unsigned long)rv);
    return text;
}

/* ---- The module ------------------------------------------------------------------------------ */

static bool fail_call(const char *name, CK_RV rv, const struct ska_errors *errors)
{
    char text[64];

    return ska_fail(errors, SKA_R_HSM_FAILURE, "%s: %s", name, tsb_device_result(rv, text));
}

static bool find_symbol(struct tsb_device *device, const char *name, void *function,
                        const struct ska_errors *errors)
{
    void *symbol = dlsym(device->library, name);

    /* An object pointer is no function pointer, says C; POSIX says how it becomes one. */
    memcpy(function, &symbol, sizeof(symbol));
    return symbol != NULL ||
           ska_fail(errors, SKA_R_MODULE_UNAVAILABLE, "the module has no %s", name);
}

static bool find_symbols(struct tsb_device *device, CK_C_GetFunctionList *get_list,
                         const struct ska_errors *errors)
{
    struct tsb_vendor_calls *vendor = &device->vendor;

    return find_symbol(device, "C_GetFunctionList", get_list, errors) &&
           find_symbol(device, "C_SerializePolicy", &vendor->serialize_policy, errors) &&
           find_symbol(device, "C_CreateModifyPayload", &vendor->create_modify_payload, errors) &&
           find_symbol(device, "C_GetTimestamp", &vendor->get_timestamp, errors) &&
           find_symbol(device, "C_CreateApprovalToken", &vendor->create_approval_token, errors) &&
           find_symbol(device, "C_SKASign", &vendor->sign, errors) &&
           find_symbol(device, "C_SKABlock", &vendor->block, errors) &&
           find_symbol(device, "C_SKAUnblock", &vendor->unblock, errors) &&
           find_symbol(device, "C_SKAModify", &vendor->modify, errors) &&
           find_symbol(device, "C_SkasimDecrypt", &vendor->decrypt, errors) &&
           find_symbol(device, "C_SkasimUnwrap", &vendor->unwrap, errors);
}

/* The numbers of the vendor's calls are placeholders, so no other module may be called. */
static bool is_the_simulator(const struct tsb_device *device, const struct ska_errors *errors)
{
    CK_INFO info;
    CK_RV rv = CKR_OK;

    memset(&info, 0, sizeof(info));
    rv = device->calls->C_GetInfo(&info);
    if (rv != CKR_OK)
        return fail_call("C_GetInfo", rv, errors);
    return memcmp(info.manufacturerID, SKASIM_MANUFACTURER, strlen(SKASIM_MANUFACTURER)) == 0 ||
           ska_fail(errors, SKA_R_MODULE_UNAVAILABLE,
                    "the module is not this project's simulator, the only one that skatsb uses");
}

static bool load_module(struct tsb_device *device, const char *path,
                        const struct ska_errors *errors)
{
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
    CK_C_GetFunctionList get_list = NULL;
    CK_RV rv = CKR_OK;

    device->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (device->library == NULL)
        return ska_fail(errors, SKA_R_MODULE_UNAVAILABLE, "%s cannot be loaded: %s", path,
                        dlerror());
    if (!find_symbols(device, &get_list, errors))
        return false;
    rv = get_list(&device->calls);
    if (rv != CKR_OK)
        return fail_call("C_GetFunctionList", rv, errors);
    rv = device->calls->C_Initialize(&arguments);
    if (rv != CKR_OK) {
        device->calls = NULL;
        return fail_call("C_Initialize", rv, errors);
    }
    return is_the_simulator(device, errors);
}

/* ---- The token ------------------------------------------------------------------------------- */

/* A label is padded with blanks. */
static bool is_token_label(const CK_TOKEN_INFO *info, const char *label)
{
    size_t length = strlen(label);

    if (length > sizeof(info->label) || memcmp(info->label, label, length) != 0)
        return false;
    for (; length < sizeof(info->label); length++)
        if (info->label[length] != ' ')
            return false;
    return true;
}

static bool find_slot(struct tsb_device *device, const char *label, const struct ska_errors *errors)
{
    CK_SLOT_ID slots[64];
    CK_ULONG count = sizeof(slots) / sizeof(slots[0]);
    size_t found = 0;
    CK_RV rv = device->calls->C_GetSlotList(CK_TRUE, slots, &count);

    if (rv != CKR_OK)
        return fail_call("C_GetSlotList", rv, errors);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        memset(&info, 0, sizeof(info));
        if (device->calls->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            (info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
            (label != NULL && !is_token_label(&info, label)))
            continue;
        device->slot = slots[i];
        found++;
    }
    if (found == 1)
        return true;
    return ska_fail(errors, found == 0 ? SKA_R_TOKEN_NOT_FOUND : SKA_R_TOKEN_AMBIGUOUS,
                    "%zu tokens%s%s: name one with the key 'token' in the configuration", found,
                    label == NULL ? "" : " with the label ", label == NULL ? "" : label);
}

static bool read_pin(const struct tsb_config *config, struct ska_bytes *pin,
                     const struct ska_errors *errors)
{
    const char *path = config->pin_source + strlen("file:");

    if (!ska_file_read_safe("pin-source", path, path, PIN_LIMIT, pin, errors))
        return false;
    while (pin->length > 0 &&
           (pin->data[pin->length - 1] == '\n' || pin->data[pin->length - 1] == '\r'))
        pin->length--;
    return true;
}

static bool login(struct tsb_device *device, const struct tsb_config *config,
                  const struct ska_errors *errors)
{
    struct ska_bytes pin = {NULL, 0};
    CK_RV rv = device->calls->C_OpenSession(device->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                            NULL, &device->login);

    if (rv != CKR_OK)
        return fail_call("C_OpenSession", rv, errors);
    if (!read_pin(config, &pin, errors))
        return false;
    rv = device->calls->C_Login(device->login, CKU_USER, pin.data, pin.length);
    ska_bytes_clear_free(&pin);
    if (rv == CKR_PIN_INCORRECT)
        return ska_fail(errors, SKA_R_PIN_INCORRECT, "the token refuses the PIN");
    return rv == CKR_OK || fail_call("C_Login", rv, errors);
}

bool tsb_device_open(const struct tsb_config *config, const char *beside, OSSL_LIB_CTX *libctx,
                     struct tsb_device **device, const struct ska_errors *errors)
{
    struct tsb_device *made = calloc(1, sizeof(*made));

    *device = NULL;
    if (made == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "the module");
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a lock");
    }
    made->libctx = libctx;
    if (load_module(made, config->module == NULL ? beside : config->module, errors) &&
        find_slot(made, config->token, errors) && login(made, config, errors)) {
        *device = made;
        return true;
    }
    tsb_device_close(made);
    return false;
}

void tsb_device_close(struct tsb_device *device)
{
    if (device == NULL)
        return;
    if (device->calls != NULL)
        device->calls->C_Finalize(NULL);
    /* Its exit handlers run at the end of the process, so it stays loaded. */
    pthread_mutex_destroy(&device->lock);
    free(device);
}

/* ---- Sessions -------------------------------------------------------------------------------- */

CK_RV tsb_session_take(struct tsb_device *device, CK_SESSION_HANDLE *session)
{
    bool taken = false;

    pthread_mutex_lock(&device->lock);
    if (device->idle_count > 0) {
        *session = device->idle[--device->idle_count];
        taken = true;
    }
    pthread_mutex_unlock(&device->lock);
    if (taken)
        return CKR_OK;
    *session = CK_INVALID_HANDLE;
    return device->calls->C_OpenSession(device->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                        NULL, session);
}

void tsb_session_give(struct tsb_device *device, CK_SESSION_HANDLE session)
{
    bool kept = false;

    if (session == CK_INVALID_HANDLE)
        return;
    pthread_mutex_lock(&device->lock);
    if (device->idle_count < MOST_IDLE) {
        device->idle[device->idle_count++] = session;
        kept = true;
    }
    pthread_mutex_unlock(&device->lock);
    if (!kept)
        device->calls->C_CloseSession(session);
}
