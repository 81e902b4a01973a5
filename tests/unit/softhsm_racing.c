/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSM, with something that happens at moments of a test's choice: one look at an object falls
 * into the moment in which another process makes or destroys it, when it has no class to SoftHSM;
 * or the test does what it likes before each call.
 */
#include "softhsm_racing.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include <pkcs11.h>

#define EXPORT __attribute__((visibility("default")))

static atomic_int countdown;
static softhsm_visitor *visiting;

/* Whether this call is one that meets the moment. */
static int begin(const char *name)
{
    if (visiting != NULL)
        visiting(name);
    return strcmp(name, "C_GetAttributeValue") == 0 && countdown > 0 && --countdown == 0;
}

/* SoftHSM itself comes next: this module is linked with it. */
#define CRYPTOKI_CALL(name, in, answered, objects, parameters, arguments)                          \
    EXPORT CK_RV name parameters                                                                   \
    {                                                                                              \
        CK_RV(*real) parameters = NULL;                                                            \
        void *address = dlsym(RTLD_NEXT, #name);                                                   \
                                                                                                   \
        if (begin(#name))                                                                          \
            return CKR_ATTRIBUTE_VALUE_INVALID;                                                    \
        if (address == NULL)                                                                       \
            return CKR_GENERAL_ERROR;                                                              \
        memcpy(&real, &address, sizeof(real));                                                     \
        return real arguments;                                                                     \
    }
#include "simulator/cryptoki_calls.h"

EXPORT int softhsm_racing(int look)
{
    return atomic_exchange(&countdown, look);
}

EXPORT void softhsm_visit(softhsm_visitor *visitor)
{
    visiting = visitor;
}
