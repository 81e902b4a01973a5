/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of SoftHSMv2.
 *
 * Its calls are looked up one by one: in a program that is linked with the simulator, the entries
 * of SoftHSM's own function list are the simulator's functions, since symbols of the same name that
 * are loaded first win.
 */
#include "simulator/softhsm_calls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifndef SKASIM_SOFTHSM_MODULE
#define SKASIM_SOFTHSM_MODULE "libsofthsm2.so"
#endif

static const char *const candidates[] = {
    SKASIM_SOFTHSM_MODULE,
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
};

/* ---- Readers and writers of objects ----------------------------------------------------- */

/*
 * Who wants to write goes first. The standard's own lock of this kind is of no use: a forked child
 * could not open it.
 */
static struct {
    pthread_mutex_t lock; /* guards the rest, for moments */
    pthread_cond_t left;
    unsigned int readers;
    unsigned int waiting_writers;
    bool writer;
} object_lock = {.lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER};

static void begin_reading(void)
{
    pthread_mutex_lock(&object_lock.lock);
    while (object_lock.writer || object_lock.waiting_writers > 0)
        pthread_cond_wait(&object_lock.left, &object_lock.lock);
    object_lock.readers++;
    pthread_mutex_unlock(&object_lock.lock);
}

static void end_reading(void)
{
    pthread_mutex_lock(&object_lock.lock);
    object_lock.readers--;
    pthread_cond_broadcast(&object_lock.left);
    pthread_mutex_unlock(&object_lock.lock);
}

static void begin_writing(void)
{
    pthread_mutex_lock(&object_lock.lock);
    object_lock.waiting_writers++;
    while (object_lock.writer || object_lock.readers > 0)
        pthread_cond_wait(&object_lock.left, &object_lock.lock);
    object_lock.waiting_writers--;
    object_lock.writer = true;
    pthread_mutex_unlock(&object_lock.lock);
}

static void end_writing(void)
{
    pthread_mutex_lock(&object_lock.lock);
    object_lock.writer = false;
    pthread_cond_broadcast(&object_lock.left);
    pthread_mutex_unlock(&object_lock.lock);
}

void softhsm_before_fork(void)
{
    begin_writing();
    pthread_mutex_lock(&object_lock.lock);
}

void softhsm_after_fork(void)
{
    pthread_mutex_unlock(&object_lock.lock);
    end_writing();
}

/* Those who waited were the parent's threads. */
void softhsm_after_fork_in_child(void)
{
    static const pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;

    object_lock.left = nobody;
    object_lock.waiting_writers = 0;
    object_lock.writer = false;
    pthread_mutex_unlock(&object_lock.lock);
}

/* ---- Calls ------------------------------------------------------------------------------ */

/* SoftHSM's functions. Set by softhsm_load() only. */
static CK_FUNCTION_LIST inside;

#define GUARD(begin, end, name, parameters, arguments)                                             \
    static CK_RV guarded_##name parameters                                                         \
    {                                                                                              \
        CK_RV rv = CKR_OK;                                                                         \
                                                                                                   \
        begin();                                                                                   \
        rv = inside.name arguments;                                                                \
        end();                                                                                     \
        return rv;                                                                                 \
    }

#define GUARD_UNGUARDED(name, parameters, arguments)                                               \
    static CK_RV guarded_##name parameters                                                         \
    {                                                                                              \
        return inside.name arguments;                                                              \
    }
#define GUARD_READS(name, parameters, arguments)                                                   \
    GUARD(begin_reading, end_reading, name, parameters, arguments)
#define GUARD_WRITES(name, parameters, arguments)                                                  \
    GUARD(begin_writing, end_writing, name, parameters, arguments)

#define CRYPTOKI_CALL(name, in, answered, objects, parameters, arguments)                          \
    GUARD_##objects(name, parameters, arguments)
#include "simulator/cryptoki_calls.h"

static const CK_FUNCTION_LIST guarded = {
    .version = {2, 40},
#define CRYPTOKI_CALL(name, in, answered, objects, parameters, arguments) .name = guarded_##name,
#include "simulator/cryptoki_calls.h"
};

const CK_FUNCTION_LIST *softhsm(void)
{
    return &guarded;
}

/* ---- Loading ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t offset;
} calls[] = {
#define CRYPTOKI_CALL(name, in, answered, objects, parameters, arguments)                          \
    {#name, offsetof(CK_FUNCTION_LIST, name)},
#include "simulator/cryptoki_calls.h"
};

static void *open_softhsm(const char *path)
{
    void *handle = NULL;

    if (path != NULL)
        return dlopen(path, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; handle == NULL && i < sizeof(candidates) / sizeof(candidates[0]); i++)
        handle = dlopen(candidates[i], RTLD_NOW | RTLD_LOCAL);
    return handle;
}

bool softhsm_load(const char *path)
{
    CK_FUNCTION_LIST found = {.version = {2, 40}};
    void *handle = open_softhsm(path);

    if (handle == NULL) {
        fprintf(stderr, "SKA simulator: SoftHSMv2 cannot be loaded (softhsm-module): %s\n",
                dlerror());
        return false;
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        void *address = dlsym(handle, calls[i].name);

        if (address == NULL) {
            fprintf(stderr, "SKA simulator: softhsm-module has no %s\n", calls[i].name);
            dlclose(handle);
            return false;
        }
        memcpy((char *)&found + calls[i].offset, &address, sizeof(address));
    }
    inside = found;
    return true;
}
