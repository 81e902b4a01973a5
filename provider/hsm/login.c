/* SPDX-License-Identifier: Apache-2.0 */
/* One thread at a time tries a PIN, and a person is asked once. */
#include "provider/hsm/token.h"

#include <string.h>
#include <time.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/login_attempt.h"
#include "provider/hsm/session.h"

/* ---- With PINs ------------------------------------------------------------------------------- */

struct login_work {
    struct hsm_work work;
    const struct hsm_pin_source *source;
    struct hsm_pin *const *pins;
    size_t count;
    const struct ska_errors *errors;
};

static CK_RV login_in_session(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct login_work *login = (struct login_work *)work;
    pthread_mutex_t *gate = hsm_gate_enter(&lease->token->login, NULL);
    CK_RV rv = CKR_HOST_MEMORY;

    if (gate == NULL)
        return rv;
    rv = hsm_login_attempt(lease->token, lease->session, login->source, login->pins, login->count,
                           &work->raised, login->errors);
    if (rv == CKR_OK && !work->raised)
        hsm_login_keep(lease->token, login->source);
    hsm_gate_leave(gate);
    return rv;
}

static bool login_with_pins(struct hsm_token *token, const struct hsm_pin_source *source,
                            struct hsm_pin *const *pins, size_t count,
                            const struct ska_errors *errors)
{
    struct login_work login = {
        {.call = "C_Login", .run = login_in_session}, source, pins, count, errors};

    return hsm_session_work(token, &login.work, errors);
}

/* With what the source gives now, else with what it has given before. */
static bool login_with_pin(struct hsm_token *token, const struct hsm_pin_source *source,
                           const struct ska_errors *errors)
{
    struct hsm_pin *pins[2] = {hsm_pin_read(source, token->label, errors), NULL};
    const bool two = source->kept != NULL && source->file != NULL;
    bool done = false;

    if (pins[0] == NULL)
        return false;
    if (two)
        pins[1] = hsm_pin_new(ska_span(source->kept->value, source->kept->length));
    if (two && pins[1] == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN");
    else
        done = login_with_pins(token, source, pins, two ? 2 : 1, errors);
    hsm_pin_wipe(pins[0]);
    hsm_pin_wipe(pins[1]);
    return done;
}

/* On the token's own pad. */
static bool login_with_pad(struct hsm_token *token, const struct hsm_pin_source *source,
                           const struct ska_errors *errors)
{
    struct hsm_pin *const typed[1] = {NULL};

    return login_with_pins(token, source, typed, 1, errors);
}

/* ---- Asking a person ------------------------------------------------------------------------- */

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

/* On the token's pad, or by the prompt. */
static bool login_by_person(struct hsm_token *token, const struct hsm_pin_source *source, bool pad,
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
    done = pad ? login_with_pad(token, source, errors) : login_with_pin(token, source, errors);
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
    known = token->logged_in;
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
    logged_in = token->logged_in;
    hsm_unlock();
    return logged_in;
}

static CK_FLAGS token_flags(const struct hsm_token *token)
{
    CK_FLAGS flags = 0;

    hsm_lock();
    flags = token->flags;
    hsm_unlock();
    return flags;
}

/* Some tokens do not say that they want a login, but then they have a PIN. */
static bool has_login(const struct hsm_token *token)
{
    return (token_flags(token) & (CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED)) != 0;
}

static bool uses_pad(const struct hsm_token *token, const struct hsm_pin_source *source)
{
    return !hsm_pin_is_named(source) &&
           (token_flags(token) & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
}

/* Whether a person can be asked, by the prompt or on the token's pad. */
static bool can_ask_person(const struct hsm_token *token, const struct hsm_pin_source *source)
{
    return source->prompt != NULL || uses_pad(token, source);
}

/* A PIN that is meant for another token is tried once, but never where it may lock this one. */
static struct hsm_pin_source source_for(const struct hsm_token *token,
                                        const struct hsm_pin_source *source)
{
    const CK_FLAGS warning = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;

    if (source->meant_for == NULL || strcmp(source->meant_for, token->label) == 0 ||
        (token_flags(token) & warning) == 0)
        return *source;
    return hsm_pin_withhold(source);
}

bool hsm_token_wants_login(struct hsm_token *token, const struct hsm_pin_source *source,
                           bool private_key)
{
    const struct hsm_pin_source own = source_for(token, source);
    const bool required = (token_flags(token) & CKF_LOGIN_REQUIRED) != 0;

    return has_login(token) &&
           (hsm_pin_is_named(&own) || (private_key && (required || can_ask_person(token, &own)))) &&
           !hsm_token_logged_in(token);
}

void hsm_token_keep_source(struct hsm_token *token, const struct hsm_pin_source *source)
{
    const struct hsm_pin_source own = source_for(token, source);
    pthread_mutex_t *gate = hsm_gate_enter(&token->login, NULL);

    if (gate == NULL)
        return;
    if (token->pin == NULL && token->pin_file == NULL)
        hsm_login_keep(token, &own);
    hsm_gate_leave(gate);
}

bool hsm_token_login(struct hsm_token *token, const struct hsm_pin_source *source,
                     const struct ska_errors *errors)
{
    const struct hsm_pin_source own = source_for(token, source);
    const bool required = (token_flags(token) & CKF_LOGIN_REQUIRED) != 0;

    if (hsm_token_logged_in(token)) {
        hsm_token_keep_source(token, &own);
        return true;
    }
    if (!required && !(has_login(token) && (hsm_pin_is_named(&own) || can_ask_person(token, &own))))
        return true;
    if (uses_pad(token, &own))
        return login_by_person(token, &own, true, errors);
    return hsm_pin_is_asked(&own) ? login_by_person(token, &own, false, errors)
                                  : login_with_pin(token, &own, errors);
}

/* ---- For one signature ----------------------------------------------------------------------- */

bool hsm_token_pin(struct hsm_token *token, struct hsm_pin **pin, const struct ska_errors *errors)
{
    pthread_mutex_t *gate = hsm_gate_enter(&token->login, errors);
    bool done = false;

    if (gate == NULL)
        return false;
    done = hsm_login_pin(token, pin, errors);
    hsm_gate_leave(gate);
    return done;
}

bool hsm_token_fail_pin(struct hsm_token *token, unsigned long rv, const struct ska_errors *errors)
{
    pthread_mutex_t *gate = hsm_gate_enter(&token->login, errors);

    if (gate == NULL)
        return false;
    hsm_login_fail_for_one(token, rv, errors);
    hsm_gate_leave(gate);
    return false;
}
