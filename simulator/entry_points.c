/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exported functions of Cryptoki, and C_GetFunctionList: each enters the call, and lets the
 * simulator or SoftHSM answer.
 */
#include <stddef.h>

#include <pkcs11.h>

#include "simulator/call.h"
#include "simulator/object_kind.h"
#include "simulator/own_calls.h"
#include "simulator/softhsm_calls.h"

#define ENTER_MODULE(name) sim_enter(&call, #name)
#define ENTER_SESSION(name) sim_enter_session(&call, #name, &session)

#define ENTRY(name, in, parameters, check, answer)                                                 \
    CK_RV name parameters                                                                          \
    {                                                                                              \
        struct sim_call call;                                                                      \
        CK_RV rv = ENTER_##in(name);                                                               \
                                                                                                   \
        if (rv == CKR_OK)                                                                          \
            rv = check;                                                                            \
        if (rv == CKR_OK)                                                                          \
            rv = answer;                                                                           \
        return sim_leave(&call, rv);                                                               \
    }

#define ENTRY_PASSED(name, in, parameters, arguments)                                              \
    ENTRY(name, in, parameters, CKR_OK, softhsm()->name arguments)
#define ENTRY_ORDINARY(name, in, parameters, arguments)                                            \
    ENTRY(name, in, parameters, sim_object_refuse(session, key, CKR_KEY_FUNCTION_NOT_PERMITTED),   \
          softhsm()->name arguments)
#define ENTRY_OWN(name, in, parameters, arguments)                                                 \
    ENTRY(name, in, parameters, CKR_OK, sim_##name arguments)
#define ENTRY_SELF(name, in, parameters, arguments)

#define CRYPTOKI_CALL(name, in, answered, objects, parameters, arguments)                          \
    ENTRY_##answered(name, in, parameters, arguments)
#include "simulator/cryptoki_calls.h"

static CK_FUNCTION_LIST list = {
    .version = {2, 40},
#define CRYPTOKI_CALL(name, in, answered, objects, parameters, arguments) .name = name,
#include "simulator/cryptoki_calls.h"
};

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR functions)
{
    if (functions == NULL)
        return CKR_ARGUMENTS_BAD;
    *functions = &list;
    return CKR_OK;
}
