/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of sessions of a token. Taking and giving back are one short lock each; nothing is
 * locked while a module is called.
 */
#include "provider/hsm/session.h"

#include <time.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/login_attempt.h"
#include "provider/hsm/module.h"
#include "provider/hsm/token.h"

/* When the HSM has no more sessions: how long to wait for one of ours, in steps of a millisecond.
 */
#define WAIT_STEPS 30000

/* Inside the lock: whether sessions are of a parent process or of an earlier initialization. */
static bool is_module_lost(const struct hsm_token *token)
{
    return hsm_fork_since(token->module->fork) || token->incarnation != token->module->incarnation;
}

/* Inside the lock. */
static bool is_token_ready(const struct hsm_token *token)
{
    return token->ready && !is_module_lost(token);
}

static CK_RV open_session_with(const struct hsm_token *token, CK_FLAGS flags,
                               CK_SESSION_HANDLE *session)
{
    CK_SLOT_ID slot = 0;

    hsm_lock();
    slot = token->slot;
    hsm_unlock();
    return HSM_CALL(
        token->module->calls->C_OpenSession(slot, CKF_SERIAL_SESSION | flags, NULL, NULL, session));
}

/* Whether an answer may mean that sessions for reading alone are not to be had. */
static bool may_want_writing(CK_RV rv)
{
    return rv != CKR_OK && hsm_rv_loss(rv) == HSM_LOSS_NONE && rv != CKR_SESSION_COUNT &&
           rv != CKR_HOST_MEMORY && rv != CKR_DEVICE_MEMORY && rv != CKR_DEVICE_ERROR;
}

/* Some modules open sessions for writing only, which is found out once. */
CK_RV hsm_session_open(struct hsm_token *token, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
    const bool writing = (flags & CKF_RW_SESSION) != 0 ||
                         atomic_load_explicit(&token->always_writing, memory_order_relaxed);
    CK_RV rv = open_session_with(token, writing ? flags | CKF_RW_SESSION : flags, session);

    if (!writing && may_want_writing(rv) &&
        open_session_with(token, flags | CKF_RW_SESSION, session) == CKR_OK) {
        atomic_store(&token->always_writing, true);
        rv = CKR_OK;
    }
    return rv;
}

/*
 * The login is looked at first, and only then whether another thread has logged in meanwhile: the
 * other way round it could do so in between, unseen.
 */
CK_RV hsm_session_check_login(const struct hsm_lease *lease)
{
    bool believed = false;
    bool renewed = false;
    bool user = false;
    CK_RV rv = CKR_OK;

    hsm_lock();
    believed = lease->token->logged_in;
    hsm_unlock();
    if (believed)
        rv = hsm_login_state(lease->calls, lease->session, &user);
    hsm_lock();
    renewed = lease->token->generation != lease->generation || !is_token_ready(lease->token);
    hsm_unlock();
    return rv == CKR_OK && (renewed || user != believed) ? CKR_USER_NOT_LOGGED_IN : rv;
}

/*
 * Modules in which a login ends in the middle of a call, or that may not say so, answer with a mere
 * "failed", and NSS that there was no memory.
 */
static bool may_lack_login(CK_RV rv)
{
    return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_HOST_MEMORY;
}

/* What an answer shows to be gone. Before giving back. */
static enum hsm_loss session_loss(const struct hsm_lease *lease, CK_RV rv)
{
    return hsm_rv_loss(may_lack_login(rv) ? hsm_session_check_login(lease) : rv);
}

/* ---- Starting anew --------------------------------------------------------------------------- */

/*
 * Sessions of a parent process, or of an earlier initialization, are forgotten, never closed: their
 * numbers may be in use by somebody else by now.
 */
static void forget_lost_sessions(struct hsm_token *token, enum hsm_loss loss)
{
    hsm_lock();
    if (loss >= HSM_LOSS_SESSION || is_module_lost(token)) {
        token->idle_count = 0;
        token->leased = 0;
        token->pool++;
    }
    token->ready = false;
    token->logged_in = false;
    hsm_unlock();
}

/* Inside the lock. False: enough are kept. */
static bool keep_idle_session(struct hsm_token *token, CK_SESSION_HANDLE session)
{
    if (token->idle_count == HSM_IDLE_SESSIONS)
        return false;
    token->idle[token->idle_count++] = session;
    return true;
}

static bool open_and_login(struct hsm_token *token, const struct ska_errors *errors)
{
    const CK_FUNCTION_LIST *calls = token->module->calls;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    unsigned long incarnation = 0;
    bool logged_in = false;
    bool pooled = false;
    CK_RV rv = CKR_OK;

    hsm_lock();
    incarnation = token->module->incarnation;
    hsm_unlock();
    rv = hsm_session_open(token, 0, &session);
    if (rv != CKR_OK)
        return hsm_fail_rv(errors, "C_OpenSession", token, rv);
    if (!hsm_login_again(token, session, &logged_in, errors)) {
        (void)HSM_CALL(calls->C_CloseSession(session));
        return false;
    }
    hsm_lock();
    token->ready = true;
    token->logged_in = logged_in;
    token->incarnation = incarnation;
    token->generation++;
    pooled = keep_idle_session(token, session);
    hsm_unlock();
    if (!pooled)
        (void)HSM_CALL(calls->C_CloseSession(session));
    return true;
}

/* Inside the login gate. */
static bool restart_token(const struct hsm_lease *lease, enum hsm_loss loss,
                          const struct ska_errors *errors)
{
    struct hsm_token *token = lease->token;
    unsigned long finalized = loss == HSM_LOSS_MODULE ? lease->incarnation : 0;

    if (!hsm_module_ready(token->module, finalized, errors) || !hsm_token_locate(token, errors))
        return false;
    forget_lost_sessions(token, loss);
    return open_and_login(token, errors);
}

/* Starts anew after what was lost in a lease, unless another thread has done so meanwhile. */
static bool renew_session(const struct hsm_lease *lease, enum hsm_loss loss,
                          const struct ska_errors *errors)
{
    struct hsm_token *token = lease->token;
    pthread_mutex_t *gate = hsm_gate_enter(&token->login, errors);
    bool done = false;

    if (gate == NULL)
        return false;
    hsm_lock();
    done = is_token_ready(token) && token->generation != lease->generation;
    hsm_unlock();
    if (!done)
        done = restart_token(lease, loss, errors);
    hsm_gate_leave(gate);
    return done;
}

/* ---- Taking and giving back ------------------------------------------------------------------ */

enum session_taken { TAKEN, NOT_READY, NONE_IDLE };

static enum session_taken take_idle_session(struct hsm_token *token, struct hsm_lease *lease)
{
    enum session_taken taken = NOT_READY;

    hsm_lock();
    lease->generation = token->generation;
    lease->pool = token->pool;
    lease->incarnation = token->module->incarnation;
    if (is_token_ready(token)) {
        taken = token->idle_count > 0 ? TAKEN : NONE_IDLE;
        if (taken == TAKEN)
            lease->session = token->idle[--token->idle_count];
        token->leased++;
    }
    hsm_unlock();
    return taken;
}

/* Inside the lock: whether the lease is of sessions that are not lost as far as is known. */
static bool is_lease_current(const struct hsm_lease *lease)
{
    const struct hsm_token *token = lease->token;

    return token->pool == lease->pool && token->module->incarnation == lease->incarnation &&
           !hsm_fork_since(token->module->fork);
}

/* Undoes the count of a lease that came to nothing; true when others are out that may come back. */
static bool undo_lease(const struct hsm_lease *lease)
{
    struct hsm_token *token = lease->token;
    bool others = false;

    hsm_lock();
    if (token->pool == lease->pool && token->leased > 0)
        token->leased--;
    others = token->leased > 0 || token->idle_count > 0;
    hsm_unlock();
    return others;
}

static void wait_for_session(void)
{
    const struct timespec step = {0, 1000000};

    nanosleep(&step, NULL);
}

/* Starts the token anew first where that is needed. */
static bool take_session(struct hsm_token *token, struct hsm_lease *lease,
                         const struct ska_errors *errors)
{
    bool renewed = false;

    lease->token = token;
    lease->calls = token->module->calls;
    for (int waited = 0;; waited++) {
        enum session_taken taken = take_idle_session(token, lease);
        enum hsm_loss loss = HSM_LOSS_NONE;
        bool others = false;
        CK_RV rv = CKR_OK;

        if (taken == TAKEN)
            return true;
        if (taken == NONE_IDLE) {
            rv = hsm_session_open(token, 0, &lease->session);
            if (rv == CKR_OK)
                return true;
            others = undo_lease(lease);
            loss = hsm_rv_loss(rv);
        }
        if (rv == CKR_SESSION_COUNT && others && waited < WAIT_STEPS) {
            wait_for_session();
            continue;
        }
        if (rv == CKR_DEVICE_ERROR && !renewed &&
            hsm_module_revive(token->module, lease->incarnation))
            loss = HSM_LOSS_SESSION;
        if (rv != CKR_OK && (loss == HSM_LOSS_NONE || renewed))
            return hsm_fail_rv(errors, "C_OpenSession", token, rv);
        renewed = true;
        if (!renew_session(lease, loss, errors))
            return false;
    }
}

/* The login ends with the last session, so the new one is opened before the old one is closed. */
static void replace_session(const struct hsm_lease *lease)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    bool pooled = false;

    if (hsm_session_open(lease->token, 0, &session) == CKR_OK) {
        hsm_lock();
        pooled = is_lease_current(lease) && keep_idle_session(lease->token, session);
        hsm_unlock();
        if (!pooled)
            (void)HSM_CALL(lease->calls->C_CloseSession(session));
    }
    (void)HSM_CALL(lease->calls->C_CloseSession(lease->session));
}

/* Back to the others after CKR_OK; else the session is in an unknown state or lost, and replaced.
 */
static void give_session(const struct hsm_lease *lease, CK_RV rv)
{
    struct hsm_token *token = lease->token;
    bool current = false;
    bool pooled = false;

    hsm_lock();
    current = is_lease_current(lease);
    if (current && token->leased > 0)
        token->leased--;
    pooled = current && rv == CKR_OK && keep_idle_session(token, lease->session);
    hsm_unlock();
    if (!current || pooled || hsm_rv_loss(rv) >= HSM_LOSS_SESSION)
        return;
    if (rv != CKR_OK)
        replace_session(lease);
    else
        (void)HSM_CALL(lease->calls->C_CloseSession(lease->session));
}

bool hsm_session_answer(struct hsm_token *token, struct hsm_work *work, CK_RV *answer,
                        const struct ska_errors *errors)
{
    for (bool again = false;; again = true) {
        enum hsm_loss loss = HSM_LOSS_NONE;
        struct hsm_lease lease;

        if (!take_session(token, &lease, errors))
            return false;
        *answer = work->run(work, &lease);
        loss = session_loss(&lease, *answer);
        give_session(&lease, *answer);
        if (work->raised)
            return false;
        if (!again && *answer == CKR_DEVICE_ERROR &&
            hsm_module_revive(token->module, lease.incarnation))
            loss = HSM_LOSS_SESSION;
        if (again || loss == HSM_LOSS_NONE ||
            (work->only_if_nothing_done && !hsm_rv_nothing_done(*answer)))
            return true;
        if (!renew_session(&lease, loss, errors))
            return false;
    }
}

bool hsm_session_work(struct hsm_token *token, struct hsm_work *work,
                      const struct ska_errors *errors)
{
    CK_RV rv = CKR_OK;

    return hsm_session_answer(token, work, &rv, errors) &&
           (rv == CKR_OK || hsm_fail_rv(errors, work->call, token, rv));
}

bool hsm_session_look(struct hsm_token *token, struct hsm_work *work,
                      const struct ska_errors *errors)
{
    CK_RV rv = CKR_OK;

    if (!hsm_session_answer(token, work, &rv, errors))
        return false;
    if (rv == CKR_USER_NOT_LOGGED_IN)
        return ska_fail(errors, SKA_R_PIN_MISSING,
                        "token \"%s\": %s: %s: give pin-source in the configuration or in the URI",
                        hsm_show(token->label).text, work->call, hsm_rv_text(rv).text);
    return rv == CKR_OK || hsm_fail_rv(errors, work->call, token, rv);
}
