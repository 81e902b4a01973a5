/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every call runs in.
 */
#include "simulator/call.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "simulator/caller_memory.h"
#include "simulator/context.h"
#include "simulator/session_table.h"

/* Whether this thread is in a call. */
static _Thread_local bool inside;

static bool begin(struct sim_call *call)
{
    memset(call, 0, sizeof(*call));
    if (inside)
        return false;
    inside = true;
    call->entered = true;
    return true;
}

static void switch_libctx(struct sim_call *call)
{
    ERR_set_mark();
    call->application = OSSL_LIB_CTX_set0_default(sim_libctx());
    call->switched = true;
}

CK_RV sim_enter(struct sim_call *call, const char *name)
{
    if (!begin(call))
        return CKR_GENERAL_ERROR;
    call->counted = sim_call_begins();
    if (!call->counted)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    switch_libctx(call);
    return sim_fault(name);
}

CK_RV sim_enter_session(struct sim_call *call, const char *name, CK_SESSION_HANDLE *session)
{
    CK_RV rv = sim_enter(call, name);

    if (rv != CKR_OK)
        return rv;
    call->session = sim_session_enter(session);
    return call->session != NULL ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

CK_RV sim_enter_pure(struct sim_call *call, const char *name)
{
    if (!begin(call))
        return CKR_GENERAL_ERROR;
    if (sim_libctx() == NULL)
        return CKR_HOST_MEMORY;
    call->counted = sim_call_begins();
    switch_libctx(call);
    return sim_fault(name);
}

CK_RV sim_leave(struct sim_call *call, CK_RV rv)
{
    if (!call->entered)
        return rv;
    sim_copies_free();
    if (call->session != NULL)
        sim_session_leave(call->session);
    if (call->switched) {
        OSSL_LIB_CTX_set0_default(call->application);
        ERR_pop_to_mark();
    }
    if (call->counted)
        sim_call_ends();
    inside = false;
    return rv;
}
