/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in. A token locks after a few wrong PINs, so each PIN is tried once: what failed is
 * remembered, one thread at a time tries, and a person is asked once.
 */
#include "provider/hsm/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

/* ---- PINs that failed ------------------------------------------------------------------------ */

static uint8_t salt[32]; /* of this process; a child keeps its parent's, as it keeps the hashes */
static CRYPTO_ONCE salt_once = CRYPTO_ONCE_STATIC_INIT;
static bool salted;

static void make_salt(void)
{
    salted = RAND_bytes_ex(hsm_isolation_libctx(), salt, sizeof(salt), 0) == 1;
}

/* The hash by which a failed PIN is known. */
static bool fingerprint(struct ska_span pin, uint8_t hash[32])
{
    uint8_t input[sizeof(salt) + HSM_SECRET_LIMIT];
    bool done = false;

    if (pin.length > HSM_SECRET_LIMIT || !CRYPTO_THREAD_run_once(&salt_once, make_salt) || !salted)
        return false;
    memcpy(input, salt, sizeof(salt));
    memcpy(input + sizeof(salt), pin.data, pin.length);
    ERR_set_mark();
    done = EVP_Q_digest(hsm_isolation_libctx(), "SHA256", NULL, input, sizeof(salt) + pin.length,
                        hash, NULL) == 1;
    ERR_pop_to_mark();
    OPENSSL_cleanse(input, sizeof(input));
    return done;
}

static bool is_known_wrong(struct hsm_token *token, const uint8_t hash[32])
{
    bool known = false;

    hsm_lock();
    for (struct hsm_wrong_pin *wrong = token->wrong_pins; wrong != NULL; wrong = wrong->next)
        known = known || CRYPTO_memcmp(wrong->hash, hash, sizeof(wrong->hash)) == 0;
    hsm_unlock();
    return known;
}

static void keep_pin(struct hsm_token *token, struct ska_span pin)
{
    struct hsm_secret *kept = pin.length == 0 ? NULL : hsm_secret_new(pin);
    struct hsm_secret *old = NULL;

    hsm_lock();
    old = token->pin;
    token->pin = kept;
    hsm_unlock();
    hsm_secret_free(old);
}

/* ---- One attempt, inside the login gate -------------------------------------------------------
 */

/* What the token says of its state after a wrong PIN. */
static const char *pin_warning(const struct hsm_token *token, CK_SLOT_ID slot)
{
    CK_TOKEN_INFO info;

    memset(&info, 0, sizeof(info));
    if (HSM_CALL(token->module->calls->C_GetTokenInfo(slot, &info)) != CKR_OK)
        return "";
    if ((info.flags & CKF_USER_PIN_LOCKED) != 0)
        return "; the PIN is locked now";
    if ((info.flags & CKF_USER_PIN_FINAL_TRY) != 0)
        return "; one more wrong PIN will lock the token";
    if ((info.flags & CKF_USER_PIN_COUNT_LOW) != 0)
        return "; a few wrong PINs lock a token";
    return "";
}

static bool raise_login(const struct hsm_token *token, CK_RV rv, const struct ska_errors *errors)
{
    struct hsm_shown label = hsm_show(token->label);
    CK_SLOT_ID slot = 0;

    hsm_lock();
    slot = token->slot;
    hsm_unlock();
    switch (rv) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        return ska_fail(errors, SKA_R_PIN_INCORRECT,
                        "token \"%s\" does not take the PIN; it was tried once%s", label.text,
                        pin_warning(token, slot));
    case CKR_PIN_LOCKED:
        return ska_fail(errors, SKA_R_PIN_LOCKED,
                        "the PIN of token \"%s\" is locked: its security officer must set it anew",
                        label.text);
    case CKR_USER_PIN_NOT_INITIALIZED:
        return ska_fail(errors, SKA_R_HSM_FAILURE, "token \"%s\" has no user PIN yet: set one",
                        label.text);
    default:
        return hsm_fail_rv(errors, "C_Login", token, rv);
    }
}

/* Answers that say nothing of the PIN: it may be tried again. All others count as "wrong". */
static bool says_nothing_of_the_pin(CK_RV rv)
{
    return hsm_rv_loss(rv) != HSM_LOSS_NONE || rv == CKR_HOST_MEMORY || rv == CKR_DEVICE_MEMORY ||
           rv == CKR_DEVICE_ERROR || rv == CKR_FUNCTION_CANCELED ||
           rv == CKR_USER_ANOTHER_ALREADY_LOGGED_IN || rv == CKR_SESSION_READ_WRITE_SO_EXISTS ||
           rv == CKR_SESSION_READ_ONLY_EXISTS;
}

/* CKR_OK: logged in. Others are not raised yet. */
static CK_RV try_pin(struct hsm_token *token, CK_SESSION_HANDLE session, struct ska_span pin,
                     struct hsm_wrong_pin *if_wrong)
{
    uint8_t text[HSM_SECRET_LIMIT]; /* C_Login wants what it could write to */
    CK_RV rv = CKR_OK;

    memcpy(text, pin.data, pin.length);
    rv = HSM_CALL(token->module->calls->C_Login(session, CKU_USER, text, (CK_ULONG)pin.length));
    OPENSSL_cleanse(text, sizeof(text));
    if (rv == CKR_USER_ALREADY_LOGGED_IN)
        rv = CKR_OK;
    if (rv == CKR_OK || says_nothing_of_the_pin(rv)) {
        free(if_wrong);
        return rv;
    }
    hsm_lock();
    if_wrong->next = token->wrong_pins;
    token->wrong_pins = if_wrong;
    hsm_unlock();
    return rv;
}

/* Refuses what is known to be wrong; what cannot be remembered is not tried. */
static bool may_try(struct hsm_token *token, struct ska_span pin, struct hsm_wrong_pin **if_wrong,
                    const struct ska_errors *errors)
{
    struct hsm_wrong_pin *wrong = calloc(1, sizeof(*wrong));

    if (wrong == NULL || !fingerprint(pin, wrong->hash)) {
        free(wrong);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN's hash");
    }
    if (is_known_wrong(token, wrong->hash)) {
        free(wrong);
        return ska_fail(errors, SKA_R_PIN_INCORRECT,
                        "token \"%s\" has refused this PIN before; it is not tried again, since a "
                        "few wrong PINs lock a token",
                        hsm_show(token->label).text);
    }
    *if_wrong = wrong;
    return true;
}

bool hsm_login_again(struct hsm_token *token, CK_SESSION_HANDLE session, bool *logged_in,
                     const struct ska_errors *errors)
{
    struct hsm_wrong_pin *if_wrong = NULL;
    struct ska_span pin = {NULL, 0};
    bool required = false;
    CK_RV rv = hsm_session_state(token->module->calls, session, logged_in);

    if (rv != CKR_OK)
        return hsm_fail_rv(errors, "C_GetSessionInfo", token, rv);
    hsm_lock();
    required = token->login_required;
    if (token->pin != NULL)
        pin = ska_span(token->pin->data, token->pin->length);
    hsm_unlock();
    if (*logged_in || !required || pin.data == NULL)
        return true;
    hsm_secret_lock(token->pin);
    if (!may_try(token, pin, &if_wrong, errors))
        return false;
    rv = try_pin(token, session, pin, if_wrong);
    *logged_in = rv == CKR_OK;
    if (rv != CKR_OK && !says_nothing_of_the_pin(rv))
        keep_pin(token, ska_span(NULL, 0));
    return rv == CKR_OK || raise_login(token, rv, errors);
}

/* ---- Logging in with a given PIN ---------------------------------------------------------------
 */

struct attempt {
    struct hsm_work work;
    struct ska_span pin;
    const struct ska_errors *errors;
    bool raised; /* the failure is told already */
};

static CK_RV attempt_in_gate(struct attempt *attempt, const struct hsm_lease *lease)
{
    struct hsm_token *token = lease->token;
    struct hsm_wrong_pin *if_wrong = NULL;
    bool user = false;
    CK_RV rv = hsm_session_state(lease->calls, lease->session, &user);

    if (rv == CKR_OK && !user) {
        if (!may_try(token, attempt->pin, &if_wrong, attempt->errors)) {
            attempt->raised = true;
            return CKR_OK;
        }
        rv = try_pin(token, lease->session, attempt->pin, if_wrong);
        if (rv == CKR_OK)
            keep_pin(token, attempt->pin);
    }
    if (rv == CKR_OK) {
        hsm_lock();
        token->logged_in = true;
        hsm_unlock();
    } else if (hsm_rv_loss(rv) == HSM_LOSS_NONE) {
        attempt->raised = true;
        raise_login(token, rv, attempt->errors);
        rv = CKR_OK; /* the session itself is as good as before */
    }
    return rv;
}

static CK_RV attempt_login(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct attempt *attempt = (struct attempt *)work;
    pthread_mutex_t *gate = hsm_gate_enter(&lease->token->login, NULL);
    CK_RV rv = CKR_HOST_MEMORY;

    if (gate == NULL)
        return rv;
    rv = attempt_in_gate(attempt, lease);
    hsm_gate_leave(gate);
    return rv;
}

static bool login_with(struct hsm_token *token, struct ska_span pin,
                       const struct ska_errors *errors)
{
    struct attempt attempt = {{"C_Login", attempt_login}, pin, errors, false};

    if (pin.length == 0)
        return ska_fail(errors, SKA_R_PIN_MISSING, "the PIN given for token \"%s\" is empty",
                        hsm_show(token->label).text);
    if (pin.length > HSM_SECRET_LIMIT)
        return ska_fail(errors, SKA_R_PIN_INCORRECT,
                        "the PIN given for token \"%s\" is longer than %d bytes and was not tried",
                        hsm_show(token->label).text, HSM_SECRET_LIMIT);
    return hsm_session_work(token, &attempt.work, errors) && !attempt.raised;
}

static bool login_with_secret(struct hsm_token *token, struct hsm_secret *pin,
                              const struct ska_errors *errors)
{
    hsm_secret_lock(pin);
    return login_with(token, ska_span(pin->data, pin->length), errors);
}

static bool login_with_file(struct hsm_token *token, const struct hsm_pin *from,
                            const struct ska_errors *errors)
{
    struct hsm_secret *pin = hsm_pin_read(from->source, from->named_in, errors);
    bool done = pin != NULL && login_with_secret(token, pin, errors);

    hsm_secret_free(pin);
    return done;
}

/* ---- Asking a person ---------------------------------------------------------------------------
 */

enum turn { MAY_ASK, LOGGED_IN_MEANWHILE, MUST_NOT_ASK };

/* Waits while another thread asks, without a lock, since the prompt may call anything. */
static enum turn prompt_turn(struct hsm_token *token)
{
    const struct timespec step = {0, 5000000};

    for (;;) {
        enum turn turn = MAY_ASK;
        bool wait = false;

        hsm_lock();
        wait = token->prompting && token->prompting_fork == hsm_fork_count();
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

static bool login_with_prompt(struct hsm_token *token, const struct hsm_pin *pin,
                              const struct ska_errors *errors)
{
    char text[HSM_SECRET_LIMIT + 1] = "";
    bool done = false;

    switch (prompt_turn(token)) {
    case LOGGED_IN_MEANWHILE:
        return true;
    case MUST_NOT_ASK:
        return ska_fail(errors, SKA_R_PIN_MISSING,
                        "token \"%s\": no PIN, and no second question after the first has failed",
                        hsm_show(token->label).text);
    case MAY_ASK:
        break;
    }
    if (pin->prompt(pin->prompt_arg, token->label, text, sizeof(text)) && text[0] != 0) {
        text[sizeof(text) - 1] = 0;
        done = login_with(token, ska_span_text(text), errors);
    } else {
        ska_fail(errors, SKA_R_PIN_MISSING, "no PIN was entered for token \"%s\"",
                 hsm_show(token->label).text);
    }
    OPENSSL_cleanse(text, sizeof(text));
    hsm_lock();
    token->prompting = false;
    token->prompt_failed = !done;
    hsm_unlock();
    return done;
}

/* ---- What others call ---------------------------------------------------------------------------
 */

/* Asks the module when it is not known: the application may have logged in itself. */
static CK_RV look(struct hsm_work *work, const struct hsm_lease *lease)
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
    rv = hsm_session_state(lease->calls, lease->session, &user);
    if (rv == CKR_OK && user) {
        hsm_lock();
        token->logged_in = true;
        hsm_unlock();
    }
    return rv;
}

bool hsm_token_logged_in(struct hsm_token *token)
{
    struct hsm_work work = {"", look};
    bool logged_in = false;

    if (!hsm_session_work(token, &work, NULL))
        return false;
    hsm_lock();
    logged_in = token->logged_in || !token->login_required;
    hsm_unlock();
    return logged_in;
}

bool hsm_token_login(struct hsm_token *token, const struct hsm_pin *pin,
                     const struct ska_errors *errors)
{
    if (hsm_token_logged_in(token))
        return true;
    if (pin->value != NULL)
        return login_with(token, ska_span_text(pin->value), errors);
    if (pin->kept != NULL)
        return login_with_secret(token, pin->kept, errors);
    if (pin->source != NULL)
        return login_with_file(token, pin, errors);
    if (pin->prompt != NULL)
        return login_with_prompt(token, pin, errors);
    return ska_fail(errors, SKA_R_PIN_MISSING,
                    "token \"%s\" wants a PIN: give pin-source in the configuration or in the URI",
                    hsm_show(token->label).text);
}
