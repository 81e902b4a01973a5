/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSMv2 beneath.
 *
 * Its calls are looked up one by one: in a program that is linked with the simulator, the entries
 * of SoftHSM's own function list are the simulator's functions, since symbols of the same name that
 * are loaded first win.
 */
#include "simulator/softhsm.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "simulator/gate.h"

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

#define CALL(name)                                                                                 \
    {                                                                                              \
#name, offsetof(CK_FUNCTION_LIST, name)                                                    \
    }

static const struct {
    const char *name;
    size_t offset;
} calls[] = {
    CALL(C_Initialize),
    CALL(C_Finalize),
    CALL(C_GetInfo),
    CALL(C_GetFunctionList),
    CALL(C_GetSlotList),
    CALL(C_GetSlotInfo),
    CALL(C_GetTokenInfo),
    CALL(C_GetMechanismList),
    CALL(C_GetMechanismInfo),
    CALL(C_InitToken),
    CALL(C_InitPIN),
    CALL(C_SetPIN),
    CALL(C_OpenSession),
    CALL(C_CloseSession),
    CALL(C_CloseAllSessions),
    CALL(C_GetSessionInfo),
    CALL(C_GetOperationState),
    CALL(C_SetOperationState),
    CALL(C_Login),
    CALL(C_Logout),
    CALL(C_CreateObject),
    CALL(C_CopyObject),
    CALL(C_DestroyObject),
    CALL(C_GetObjectSize),
    CALL(C_GetAttributeValue),
    CALL(C_SetAttributeValue),
    CALL(C_FindObjectsInit),
    CALL(C_FindObjects),
    CALL(C_FindObjectsFinal),
    CALL(C_EncryptInit),
    CALL(C_Encrypt),
    CALL(C_EncryptUpdate),
    CALL(C_EncryptFinal),
    CALL(C_DecryptInit),
    CALL(C_Decrypt),
    CALL(C_DecryptUpdate),
    CALL(C_DecryptFinal),
    CALL(C_DigestInit),
    CALL(C_Digest),
    CALL(C_DigestUpdate),
    CALL(C_DigestKey),
    CALL(C_DigestFinal),
    CALL(C_SignInit),
    CALL(C_Sign),
    CALL(C_SignUpdate),
    CALL(C_SignFinal),
    CALL(C_SignRecoverInit),
    CALL(C_SignRecover),
    CALL(C_VerifyInit),
    CALL(C_Verify),
    CALL(C_VerifyUpdate),
    CALL(C_VerifyFinal),
    CALL(C_VerifyRecoverInit),
    CALL(C_VerifyRecover),
    CALL(C_DigestEncryptUpdate),
    CALL(C_DecryptDigestUpdate),
    CALL(C_SignEncryptUpdate),
    CALL(C_DecryptVerifyUpdate),
    CALL(C_GenerateKey),
    CALL(C_GenerateKeyPair),
    CALL(C_WrapKey),
    CALL(C_UnwrapKey),
    CALL(C_DeriveKey),
    CALL(C_SeedRandom),
    CALL(C_GenerateRandom),
    CALL(C_GetFunctionStatus),
    CALL(C_CancelFunction),
    CALL(C_WaitForSlotEvent),
};

/* Set by softhsm_load() only. */
static CK_FUNCTION_LIST functions;

static void *open_module(const char *path)
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
    void *handle = open_module(path);

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
    functions = found;
    sim_gate_install(&functions);
    return true;
}

const CK_FUNCTION_LIST *softhsm(void)
{
    return &functions;
}
