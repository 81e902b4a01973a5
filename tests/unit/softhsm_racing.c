/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSM, of which one look at an object falls into the moment in which another process makes or
 * destroys it: to SoftHSM it has no class then.
 */
#include "softhsm_racing.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include <pkcs11.h>

#define EXPORT __attribute__((visibility("default")))

static atomic_int countdown;

/* All other functions are SoftHSM's, with which this module is linked. */
EXPORT CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    CK_C_GetAttributeValue real = NULL;
    void *address = dlsym(RTLD_NEXT, "C_GetAttributeValue");

    if (countdown > 0 && --countdown == 0)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (address == NULL)
        return CKR_GENERAL_ERROR;
    memcpy(&real, &address, sizeof(real));
    return real(session, object, attributes, count);
}

EXPORT int softhsm_racing(int look)
{
    return atomic_exchange(&countdown, look);
}
