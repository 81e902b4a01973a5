/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading PKCS#11 modules.
 *
 * libp11 loads and initializes a module, once for a path and process. What a module refuses of
 * that, initializing it anew, and what libp11 would do beyond that is done with Cryptoki directly,
 * because up to libp11 0.4.12
 * - PKCS11_update_slots() reads past its array when there is more than one slot, and releasing
 * slots closes the sessions of the whole process on them, the application's too, as does an
 * enumeration that fails half way because one slot does not answer;
 * - PKCS11_login() waits for ever when no session can be opened (its session pool takes every
 * failure for "all in use"), believes that a login lasts although the application may have logged
 * out, keeps the PIN in ordinary memory, and after a fork initializes the module without locking;
 * - a successful call empties libcrypto's error queue, marks included.
 */
#include "provider/hsm/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <libp11.h>
#include <openssl/err.h>

#include "provider/base/library.h"
#include "provider/base/private_libctx.h"
#include "provider/hsm/call_log.h"
#include "provider/hsm/cryptoki.h"
#include "provider/hsm/state.h"

static struct hsm_module *modules; /* guarded by hsm_lock() */

static struct hsm_module *module_find_or_add(const char *path)
{
    struct hsm_module *module = NULL;
    struct hsm_module *added = calloc(1, sizeof(*added));

    if (added != NULL)
        added->path = strdup(path);
    hsm_lock();
    for (module = modules; module != NULL; module = module->next)
        if (strcmp(module->path, path) == 0)
            break;
    if (module == NULL && added != NULL && added->path != NULL) {
        added->next = modules;
        modules = module = added;
        added = NULL;
    }
    hsm_unlock();
    if (added != NULL)
        free(added->path);
    free(added);
    return module;
}

#define FIND(member, name) ska_library_find(library, name, &(member), sizeof(member))

/* Those that are not there stay NULL. */
static void find_ska_calls(void *library, struct hsm_ska_calls *calls)
{
    FIND(calls->serialize_policy, "C_SerializePolicy");
    FIND(calls->create_modify_payload, "C_CreateModifyPayload");
    FIND(calls->create_approval_token, "C_CreateApprovalToken");
    FIND(calls->get_timestamp, "C_GetTimestamp");
    FIND(calls->sign, "C_SKASign");
    FIND(calls->block, "C_SKABlock");
    FIND(calls->unblock, "C_SKAUnblock");
    FIND(calls->modify, "C_SKAModify");
}

/* The loader's words mostly begin with the path. */
static bool raise_not_loaded(const struct hsm_module *module, const char *reason,
                             const struct ska_errors *errors)
{
    size_t length = strlen(module->path);

    if (reason != NULL && strncmp(reason, module->path, length) == 0 && reason[length] == ':')
        return ska_fail(errors, SKA_R_MODULE_UNAVAILABLE, "%s", reason);
    return ska_fail(errors, SKA_R_MODULE_UNAVAILABLE, "%s: %s", module->path,
                    reason == NULL ? "cannot be loaded" : reason);
}

/*
 * Our own view of the module, which libp11 does not hand out. The library stays open: its code must
 * remain where it is even if libp11 closes its own reference after a failure. Its functions are
 * bound when they are called: binding all of a module in C++ at once takes longer than a signature.
 */
static bool open_library(struct hsm_module *module, const struct ska_errors *errors)
{
    CK_C_GetFunctionList get_function_list = NULL;
    CK_FUNCTION_LIST *calls = NULL;
    const char *reason = NULL;
    void *library = NULL;
    CK_RV rv = CKR_OK;

    hsm_isolation_enter();
    library = dlopen(module->path, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL)
        reason = dlerror();
    hsm_isolation_leave(CKR_OK);
    if (library == NULL)
        return raise_not_loaded(module, reason, errors);
    if (!FIND(get_function_list, "C_GetFunctionList"))
        return ska_fail(errors, SKA_R_MODULE_UNAVAILABLE,
                        "%s: not a PKCS#11 module (it has no C_GetFunctionList)", module->path);
    rv = HSM_CALL(get_function_list(&calls));
    if (rv != CKR_OK || calls == NULL)
        return ska_fail(errors, SKA_R_MODULE_UNAVAILABLE, "%s: C_GetFunctionList: %s", module->path,
                        hsm_rv_text(rv).text);
    module->calls = calls;
    find_ska_calls(library, &module->ska);
    hsm_call_log_module(module->path, &module->calls, &module->ska);
    return true;
}

/* Ways to call C_Initialize: some modules have no locks, some want no arguments at all. */
enum initialize_way { WITH_LOCKS, WITHOUT_LOCKS, WITHOUT_ARGUMENTS, WAY_COUNT };

static CK_RV call_initialize(const struct hsm_module *module, enum initialize_way way)
{
    CK_C_INITIALIZE_ARGS arguments;

    memset(&arguments, 0, sizeof(arguments));
    arguments.flags = way == WITH_LOCKS ? CKF_OS_LOCKING_OK : 0;
    arguments.pReserved = module->init_args;
    return HSM_CALL(module->calls->C_Initialize(way == WITHOUT_ARGUMENTS ? NULL : &arguments));
}

/* Whether another way may be one that the module can go. */
static bool wants_other_way(CK_RV rv)
{
    return rv == CKR_CANT_LOCK || rv == CKR_ARGUMENTS_BAD || rv == CKR_NEED_TO_CREATE_THREADS;
}

/*
 * Inside the gate, since modules need not stand two threads initializing them at once. From now on
 * a module that was not promised that its locks work gets one call at a time.
 */
static CK_RV initialize_by(struct hsm_module *module, enum initialize_way way)
{
    CK_RV rv = CKR_CANT_LOCK;

    for (; way < WAY_COUNT && wants_other_way(rv); way++) {
        if (way == WITHOUT_ARGUMENTS && module->init_args != NULL)
            break;
        rv = call_initialize(module, way);
        module->ours = rv == CKR_OK;
        if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
            rv = CKR_OK;
        if (rv == CKR_OK && way != WITH_LOCKS)
            hsm_call_one_at_a_time();
    }
    return rv;
}

static bool raise_initialize(const struct hsm_module *module, const char *reason,
                             const struct ska_errors *errors)
{
    char *access = hsm_explain_access(module);

    ska_fail(errors, SKA_R_MODULE_UNAVAILABLE, "%s: C_Initialize: %s%s", module->path, reason,
             access == NULL ? "" : access);
    free(access);
    return false;
}

/* libp11, loaded with the first module: most processes that have the provider open none. */
struct libp11 {
    __typeof__(PKCS11_CTX_new) *context_new;
    __typeof__(PKCS11_CTX_init_args) *context_init_args;
    __typeof__(PKCS11_CTX_load) *context_load;
    __typeof__(PKCS11_CTX_free) *context_free;
};

static bool load_libp11(struct libp11 *libp11)
{
    void *library = ska_library_load(SKA_LIBP11);

    return library != NULL && FIND(libp11->context_new, "PKCS11_CTX_new") &&
           FIND(libp11->context_init_args, "PKCS11_CTX_init_args") &&
           FIND(libp11->context_load, "PKCS11_CTX_load") &&
           FIND(libp11->context_free, "PKCS11_CTX_free");
}

/*
 * By libp11, whose context is never freed: that would finalize the module for everybody. False, and
 * *rv and `reason` say why.
 */
static bool initialize_by_libp11(struct hsm_module *module, CK_RV *rv, char reason[128])
{
    struct hsm_logged_call call;
    PKCS11_CTX *context = NULL;
    struct libp11 libp11;
    bool done = false;

    if (!load_libp11(&libp11)) {
        snprintf(reason, 128, "%s cannot be loaded; install it (Debian: libp11-3)", SKA_LIBP11);
        *rv = CKR_GENERAL_ERROR;
        return false;
    }
    call = hsm_logged_call_begin(module->calls, "C_Initialize by libp11");
    hsm_isolation_enter();
    context = libp11.context_new();
    if (context != NULL && module->init_args != NULL)
        libp11.context_init_args(context, module->init_args);
    done = context != NULL && libp11.context_load(context, module->path) == 0;
    if (!done) {
        const char *text = ERR_reason_error_string(ERR_peek_last_error());

        *rv = (CK_RV)ERR_GET_REASON(ERR_peek_last_error());
        snprintf(reason, 128, "%s", text == NULL ? "failed" : text);
        if (context != NULL)
            libp11.context_free(context);
        context = NULL;
    }
    module->libp11 = context;
    hsm_isolation_leave(CKR_OK);
    hsm_logged_call_end(&call, *rv);
    return done;
}

static bool initialize_first(struct hsm_module *module, const struct ska_errors *errors)
{
    char reason[128] = "";
    CK_INFO info;
    CK_RV rv = CKR_OK;

    memset(&info, 0, sizeof(info));
    module->ours = HSM_CALL(module->calls->C_GetInfo(&info)) == CKR_CRYPTOKI_NOT_INITIALIZED;
    if (!initialize_by_libp11(module, &rv, reason) &&
        (!wants_other_way(rv) || initialize_by(module, WITHOUT_LOCKS) != CKR_OK))
        return raise_initialize(module, reason, errors);
    rv = HSM_CALL(module->calls->C_GetInfo(&info));
    /* Who asks p11-kit's proxy for its functions gets an instance of his own, and so did libp11. */
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED && (rv = initialize_by(module, WITH_LOCKS)) == CKR_OK)
        rv = HSM_CALL(module->calls->C_GetInfo(&info));
    if (rv != CKR_OK)
        return raise_initialize(module, hsm_rv_text(rv).text, errors);
    hsm_unpad(module->manufacturer, info.manufacturerID, sizeof(info.manufacturerID));
    module->simulator = strcmp(module->manufacturer, SKASIM_MANUFACTURER) == 0;
    return true;
}

static bool keep_init_args(struct hsm_module *module, const char *init_args,
                           const struct ska_errors *errors)
{
    if (init_args == NULL || module->init_args != NULL)
        return true;
    module->init_args = strdup(init_args);
    return module->init_args != NULL ||
           ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a string for the module");
}

/* What the module needs is looked for below it, whenever the module does so. */
static void note_root(struct hsm_module *module)
{
    struct stat root;

    if (stat("/", &root) != 0)
        return;
    module->root_device = root.st_dev;
    module->root_inode = root.st_ino;
}

static bool module_load(struct hsm_module *module, const char *init_args,
                        const struct ska_errors *errors)
{
    pthread_mutex_t *gate = hsm_gate_enter(&module->loading, errors);
    bool done = false;

    if (gate == NULL)
        return false;
    done = atomic_load(&module->loaded) ||
           (hsm_call_log_open(errors) && keep_init_args(module, init_args, errors) &&
            open_library(module, errors) && initialize_first(module, errors) &&
            hsm_fork_settle(errors));
    if (done && !atomic_load(&module->loaded)) {
        note_root(module);
        hsm_lock();
        module->fork = hsm_fork_count();
        module->incarnation = 1;
        hsm_unlock();
        atomic_store(&module->loaded, true);
    }
    hsm_gate_leave(gate);
    return done;
}

bool hsm_module_open(const char *path, const char *init_args, struct hsm_module **module,
                     const struct ska_errors *errors)
{
    if (!ska_private_libctx_make(errors) || !hsm_fork_watch(errors))
        return false;
    *module = module_find_or_add(path);
    if (*module == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    return atomic_load(&(*module)->loaded) || module_load(*module, init_args, errors);
}

/* Inside the gate. */
static bool initialize_again(struct hsm_module *module, const struct ska_errors *errors)
{
    CK_RV rv = initialize_by(module, WITH_LOCKS);

    if (rv != CKR_OK)
        return raise_initialize(module, hsm_rv_text(rv).text, errors);
    hsm_lock();
    module->incarnation++;
    module->fork = hsm_fork_count();
    hsm_unlock();
    return true;
}

static bool is_module_ready(const struct hsm_module *module, unsigned long finalized)
{
    bool ready = false;

    hsm_lock();
    ready = !hsm_fork_since(module->fork) && module->incarnation != finalized;
    hsm_unlock();
    return ready;
}

bool hsm_module_ready(struct hsm_module *module, unsigned long finalized,
                      const struct ska_errors *errors)
{
    pthread_mutex_t *gate = NULL;
    bool done = false;

    if (is_module_ready(module, finalized))
        return true;
    gate = hsm_gate_enter(&module->loading, errors);
    if (gate == NULL)
        return false;
    done = is_module_ready(module, finalized) || initialize_again(module, errors);
    hsm_gate_leave(gate);
    return done;
}

/* ---- Starting a module anew ------------------------------------------------------------------ */

/* The most slots that are looked at. */
#define SLOT_LIMIT 256

/* Sessions that this process is known to have in a slot, by us. */
static CK_ULONG our_sessions(const struct hsm_module *module, CK_SLOT_ID slot)
{
    CK_ULONG count = 0;

    hsm_lock();
    for (const struct hsm_token *token = module->tokens; token != NULL; token = token->next)
        if (token->slot == slot)
            count += (CK_ULONG)(token->idle_count + token->leased);
    hsm_unlock();
    return count;
}

enum module_users { NOBODY_ELSE, SOMEBODY_ELSE, NO_ANSWER };

/* Who has sessions; whoever has none starts anew himself when he is told so. */
static enum module_users module_users(const struct hsm_module *module)
{
    CK_SLOT_ID slots[SLOT_LIMIT];
    CK_ULONG count = SLOT_LIMIT;
    CK_RV rv = HSM_CALL(module->calls->C_GetSlotList(CK_TRUE, slots, &count));

    if (rv != CKR_OK)
        return rv == CKR_DEVICE_ERROR ? NO_ANSWER : SOMEBODY_ELSE;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        memset(&info, 0, sizeof(info));
        rv = HSM_CALL(module->calls->C_GetTokenInfo(slots[i], &info));
        if (rv == CKR_DEVICE_ERROR)
            return NO_ANSWER;
        if (rv == CKR_OK && info.ulSessionCount > our_sessions(module, slots[i]))
            return SOMEBODY_ELSE;
    }
    return NOBODY_ELSE;
}

static time_t restart_clock(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Inside the gate. */
static bool restart_module(struct hsm_module *module)
{
    const time_t now = restart_clock();
    bool done = false;

    if (!module->ours || module->restarted == now || module_users(module) == SOMEBODY_ELSE ||
        !hsm_calls_stop())
        return false;
    module->restarted = now;
    if (HSM_CALL(module->calls->C_Finalize(NULL)) == CKR_OK)
        done = initialize_again(module, NULL);
    hsm_calls_resume();
    return done;
}

bool hsm_module_restart(struct hsm_module *module, unsigned long incarnation)
{
    pthread_mutex_t *gate = hsm_gate_enter(&module->loading, NULL);
    bool done = false;

    if (gate == NULL)
        return false;
    done = is_module_ready(module, incarnation) || restart_module(module);
    hsm_gate_leave(gate);
    return done;
}

bool hsm_module_revive(struct hsm_module *module, unsigned long incarnation)
{
    return (is_module_ready(module, incarnation) || module_users(module) == NO_ANSWER) &&
           hsm_module_restart(module, incarnation);
}

const char *hsm_module_manufacturer(const struct hsm_module *module)
{
    return module->manufacturer;
}

bool hsm_module_supports_ska(struct hsm_module *module, const struct ska_errors *errors)
{
    if (module->ska.serialize_policy == NULL || module->ska.create_approval_token == NULL ||
        module->ska.sign == NULL)
        return ska_fail(errors, SKA_R_MODULE_UNAVAILABLE,
                        "%s has no SKA calls (C_SKASign and others): use a module that has them",
                        module->path);
#ifdef SKA_PLACEHOLDER_NUMBERS
    if (!module->simulator)
        return ska_fail(errors, SKA_R_PLACEHOLDER_NUMBERS,
                        "%s: this build has placeholders for the vendor's SKA numbers, which only "
                        "the simulator knows; build again with "
                        "-DSKA_VENDOR_INCLUDE_DIR=<directory of the vendor's pkcs11.h>",
                        module->path);
#endif
    return true;
}

bool hsm_module_has_call(const struct hsm_module *module, bool there, const char *call,
                         const struct ska_errors *errors)
{
    return there || ska_fail(errors, SKA_R_MODULE_UNAVAILABLE,
                             "%s has no %s: use a module that has it", module->path, call);
}
