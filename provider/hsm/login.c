/* SPDX-License-Identifier: Apache-2.0 */
/* One thread at a time tries a PIN, and a person is asked once. */
#include "provider/hsm/token.h"

#include <time.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/login_attempt.h"
#include "provider/hsm/session.h"

/* ---- With a PIN ------------------------------------------------------------------------------ */

struct login_work {
    struct hsm_work work;
    const struct hsm_pin_source *source;
    const struct hsm_pin *pin;
    const struct ska_errors *errors;
};

static CK_RV login_in_session(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct login_work *login = (struct login_work *)work;
    pthread_mutex_t *gate = hsm_gate_enter(&lease->token->login, NULL);
    CK_RV rv = CKR_HOST_MEMORY;

    if (gate == NULL)
        return rv;
    rv = hsm_login_attempt(lease->token, lease->session, login->source, login->pin, &work->raised,
                           login->errors);
    hsm_gate_leave(gate);
    return rv;
}

static bool login_with_pin(struct hsm_token *token, const struct hsm_pin_source *source,
                           const struct ska_errors *errors)
{
    struct hsm_pin *pin = hsm_pin_read(source, token->label, errors);
    struct login_work login = {{.call = "C_Login", .run = login_in_session}, source, pin, errors};
    bool done = pin != NULL && hsm_session_work(token, &login.work, errors);

    hsm_pin_wipe(pin);
    return done;
}

/* ---- Asking a person */

enum login_turn { MAY_ASK, LOGGED_IN_MEANWHILE, MUST_NOT_ASK };

/* Waits while another thread asks, without a lock, since the prompt may call anything. */
static enum login_turn prompt_turn(struct hsm_token *token)
{
    const struct timespec step = {0, 5000000};

    for (;;) {
        enum login_turn turn = MAY_ASK;
        bool wait = false;

        hsm_lock();
        wait = token->prompting && !hsm_fork_since(token->prompting_fork);
        if (token->logged_in)
            turn = LOGGED_IN_MEANWHILE;
        else if (token->prompt_failed ||
                 (wait && pthread_equal(token->prompting_thread, pthread_self())))
            turn = MUST_NOT_ASK;
        if (turn == MAY_ASK && !wait) {
            token->prompting = true;
            token->prompting_fork = hsm_fork_count();
            token->prompting_thread = pthread_self();
        }
        hsm_unlock();
        if (turn != MAY_ASK || !wait)
            return turn;
        nanosleep(&step, NULL);
    }
}

static bool login_with_prompt(struct hsm_token *token, const struct hsm_pin_source *source,
                              const struct ska_errors *errors)
{
    bool done = false;

    switch (prompt_turn(token)) {
    case LOGGED_IN_MEANWHILE:
        return true;
    case MUST_NOT_ASK:
        return ska_fail(errors, SKA_R_PIN_MISSING,
                        "token \"%s\": PIN entry failed earlier in this process; not asking again",
                        hsm_show(token->label).text);
    case MAY_ASK:
        break;
    }
    done = login_with_pin(token, source, errors);
    hsm_lock();
    token->prompting = false;
    token->prompt_failed = !done;
    hsm_unlock();
    return done;
}

/* ---- What others call */

/* Asks the module when it is not known: the application may have logged in itself. */
static CK_RV look_at_login(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct hsm_token *token = lease->token;
    bool known = false;
    bool user = false;
    CK_RV rv = CKR_OK;

    hsm_lock();
    known = token->logged_in || !token->login_required;
    hsm_unlock();
    if (known)
        return CKR_OK;
    work->call = "C_GetSessionInfo";
    rv = hsm_login_state(lease->calls, lease->session, &user);
    if (rv == CKR_OK && user) {
        hsm_lock();
        token->logged_in = true;
        hsm_unlock();
    }
    return rv;
}

bool hsm_token_logged_in(struct hsm_token *token)
{
    struct hsm_work work = {.run = look_at_login};
    bool logged_in = false;

    if (!hsm_session_work(token, &work, NULL))
        return false;
    hsm_lock();
    logged_in = token->logged_in || !token->login_required;
    hsm_unlock();
    return logged_in;
}

bool hsm_token_login(struct hsm_token *token, const struct hsm_pin_source *source,
                     const struct ska_errors *errors)
{
    if (hsm_token_logged_in(token))
        return true;
    return hsm_pin_is_asked(source) ? login_with_prompt(token, source, errors)
                                    : login_with_pin(token, source, errors);
}
