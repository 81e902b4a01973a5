/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/login_attempt.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "provider/base/private_libctx.h"
#include "provider/hsm/cryptoki.h"

/* ---- PINs that failed ------------------------------------------------------------------------ */

static uint8_t salt[32]; /* of this process; a child keeps its parent's, as it keeps the hashes */
static CRYPTO_ONCE salt_once = CRYPTO_ONCE_STATIC_INIT;
static bool salted;

static void make_salt(void)
{
    salted = RAND_bytes_ex(ska_private_libctx(), salt, sizeof(salt), 0) == 1;
}

/* The salted hash by which a failed PIN is known. */
static bool wrong_pin_hash(const struct hsm_pin *pin, uint8_t hash[32])
{
    bool done = false;

    if (!CRYPTO_THREAD_run_once(&salt_once, make_salt) || !salted)
        return false;
    ERR_set_mark();
    done = EVP_Q_mac(ska_private_libctx(), "HMAC", NULL, "SHA256", NULL, salt, sizeof(salt),
                     (const unsigned char *)pin->value, pin->length, hash, 32, NULL) != NULL;
    ERR_pop_to_mark();
    return done;
}

/*
 * Hashing takes a random generator: only where there is something to compare with. False: it cannot
 * be told.
 */
static bool look_for_wrong(struct hsm_token *token, const struct hsm_pin *pin, bool *known)
{
    uint8_t hash[32];
    bool any = false;

    hsm_lock();
    *known = token->wrong_pin_unknown;
    any = token->wrong_pins != NULL;
    hsm_unlock();
    if (*known || !any)
        return true;
    if (!wrong_pin_hash(pin, hash))
        return false;
    hsm_lock();
    for (struct hsm_wrong_pin *wrong = token->wrong_pins; wrong != NULL; wrong = wrong->next)
        *known = *known || CRYPTO_memcmp(wrong->hash, hash, sizeof(wrong->hash)) == 0;
    hsm_unlock();
    return true;
}

/* NULL: the one that was kept turned out to be wrong, or none is to be kept. */
static void replace_kept_pin(struct hsm_token *token, const struct hsm_pin *pin)
{
    struct hsm_pin *kept = pin == NULL ? NULL : hsm_pin_new(ska_span(pin->value, pin->length));
    struct hsm_pin *old = NULL;

    hsm_lock();
    old = token->pin;
    token->pin = kept;
    hsm_unlock();
    hsm_pin_wipe(old);
}

/* ---- One attempt ----------------------------------------------------------------------------- */

CK_RV hsm_login_state(const CK_FUNCTION_LIST *calls, CK_SESSION_HANDLE session, bool *user)
{
    CK_SESSION_INFO info = {0};
    CK_RV rv = HSM_CALL(calls->C_GetSessionInfo(session, &info));

    *user = rv == CKR_OK &&
            (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
    return rv;
}

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

static bool raise_login(const struct hsm_token *token, const struct hsm_pin_source *source,
                        CK_RV rv, const struct ska_errors *errors)
{
    struct hsm_shown label = hsm_show(token->label);
    char from[HSM_PIN_SOURCE_SIZE];
    CK_SLOT_ID slot = 0;

    hsm_lock();
    slot = token->slot;
    hsm_unlock();
    switch (rv) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        return ska_fail(errors, SKA_R_PIN_INCORRECT, "token \"%s\" refused %s; it was tried once%s",
                        label.text, hsm_pin_source_text(source, from), pin_warning(token, slot));
    case CKR_FUNCTION_CANCELED:
    case CKR_FUNCTION_REJECTED:
        return ska_fail(errors, SKA_R_PIN_MISSING, "no PIN was entered for token \"%s\": %s",
                        label.text, hsm_rv_text(rv).text);
    case CKR_PIN_LOCKED:
        return ska_fail(
            errors, SKA_R_PIN_LOCKED,
            "the PIN of token \"%s\" is locked: its security officer must set a new one",
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

/* C_Login; NULL: the PIN is typed on the token's own pad. */
static CK_RV log_in(const CK_FUNCTION_LIST *calls, CK_SESSION_HANDLE session, CK_USER_TYPE user,
                    const struct hsm_pin *pin)
{
    /* C_Login wants what it could write to. */
    struct hsm_pin *copy = pin == NULL ? NULL : hsm_pin_new(ska_span(pin->value, pin->length));
    CK_RV rv = CKR_HOST_MEMORY;

    if (pin == NULL)
        rv = HSM_CALL(calls->C_Login(session, user, NULL, 0));
    else if (copy != NULL)
        rv = HSM_CALL(
            calls->C_Login(session, user, (CK_UTF8CHAR *)copy->value, (CK_ULONG)copy->length));
    hsm_pin_wipe(copy);
    return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

/* What cannot be remembered: then none is tried any more. */
static void remember_wrong(struct hsm_token *token, const struct hsm_pin *pin)
{
    struct hsm_wrong_pin *wrong = calloc(1, sizeof(*wrong));
    const bool hashed = wrong != NULL && wrong_pin_hash(pin, wrong->hash);

    hsm_lock();
    if (hashed) {
        wrong->next = token->wrong_pins;
        token->wrong_pins = wrong;
    } else {
        token->wrong_pin_unknown = true;
    }
    hsm_unlock();
    if (!hashed)
        free(wrong);
}

/* What came of one PIN. */
enum pin_trial { PIN_TAKEN, PIN_REFUSED, PIN_REFUSED_BEFORE, PIN_SAYS_NOTHING };

static enum pin_trial try_pin(struct hsm_token *token, CK_SESSION_HANDLE session, CK_USER_TYPE user,
                              const struct hsm_pin *pin, CK_RV *rv)
{
    bool known = false;

    *rv = CKR_HOST_MEMORY;
    if (pin != NULL && !look_for_wrong(token, pin, &known))
        return PIN_SAYS_NOTHING;
    if (known)
        return PIN_REFUSED_BEFORE;
    *rv = log_in(token->module->calls, session, user, pin);
    if (*rv == CKR_OK)
        return PIN_TAKEN;
    if (says_nothing_of_the_pin(*rv))
        return PIN_SAYS_NOTHING;
    if (pin != NULL)
        remember_wrong(token, pin);
    return PIN_REFUSED;
}

static bool raise_refused_before(const struct hsm_token *token, const struct hsm_pin_source *source,
                                 const struct ska_errors *errors)
{
    char from[HSM_PIN_SOURCE_SIZE];

    return ska_fail(errors, SKA_R_PIN_INCORRECT,
                    "token \"%s\" has refused %s before; it is not tried again, since a few wrong "
                    "PINs lock a token",
                    hsm_show(token->label).text, hsm_pin_source_text(source, from));
}

/* Each in turn, until one is taken, or says that it is not the PIN's fault. */
static CK_RV try_pins(struct hsm_token *token, CK_SESSION_HANDLE session,
                      const struct hsm_pin_source *source, struct hsm_pin *const *pins,
                      size_t count, bool *raised, const struct ska_errors *errors)
{
    CK_RV refusal = CKR_OK;

    for (size_t i = 0; i < count; i++) {
        CK_RV rv = CKR_OK;

        switch (try_pin(token, session, CKU_USER, pins[i], &rv)) {
        case PIN_TAKEN:
            if (pins[i] != NULL)
                replace_kept_pin(token, pins[i]);
            token->pin_typed = pins[i] == NULL;
            return CKR_OK;
        case PIN_SAYS_NOTHING:
            return rv;
        case PIN_REFUSED:
            refusal = rv;
            break;
        case PIN_REFUSED_BEFORE:
            break;
        }
    }
    *raised = true;
    if (refusal == CKR_OK)
        raise_refused_before(token, source, errors);
    else
        raise_login(token, source, refusal, errors);
    return CKR_OK;
}

CK_RV hsm_login_attempt(struct hsm_token *token, CK_SESSION_HANDLE session,
                        const struct hsm_pin_source *source, struct hsm_pin *const *pins,
                        size_t count, bool *raised, const struct ska_errors *errors)
{
    bool user = false;
    CK_RV rv = hsm_login_state(token->module->calls, session, &user);

    if (rv == CKR_OK && !user)
        rv = try_pins(token, session, source, pins, count, raised, errors);
    if (rv == CKR_OK && !*raised) {
        hsm_lock();
        token->logged_in = true;
        hsm_unlock();
    } else if (rv != CKR_OK && hsm_rv_loss(rv) == HSM_LOSS_NONE) {
        *raised = true;
        raise_login(token, source, rv, errors);
        rv = CKR_OK; /* the session itself is as good as before */
    }
    return rv;
}

/* ---- What is kept ---------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void hsm_login_keep(struct hsm_token *token, const struct hsm_pin_source *source)
{
    struct hsm_pin *pin = NULL;

    if (source->value == NULL && source->file == NULL && source->kept == NULL)
        return;
    if (!same_text(token->pin_file, source->file)) {
        free(token->pin_file);
        token->pin_file = source->file == NULL ? NULL : strdup(source->file);
    }
    token->pin_file_named_in = source->named_in;
    token->pin_file_configured = source->configured;
    if (token->pin != NULL)
        return;
    if (source->value != NULL)
        pin = hsm_pin_new(ska_span_text(source->value));
    else if (source->kept != NULL)
        pin = hsm_pin_new(ska_span(source->kept->value, source->kept->length));
    hsm_lock();
    token->pin = pin;
    hsm_unlock();
}

static struct hsm_pin_source kept_source(const struct hsm_token *token)
{
    const struct hsm_pin_source source = {.file = token->pin_file,
                                          .configured = token->pin_file_configured,
                                          .named_in = token->pin_file_named_in,
                                          .kept = token->pin};

    return source;
}

/* Whether the PIN was typed on the token's pad, so that it may be asked for there again. */
static bool is_typed(const struct hsm_token *token)
{
    bool failed = false;

    hsm_lock();
    failed = token->prompt_failed;
    hsm_unlock();
    return token->pin_typed && !failed;
}

/* Nobody is asked there a second time after a first one that came to nothing. */
static void forget_pad(struct hsm_token *token)
{
    hsm_lock();
    token->prompt_failed = true;
    hsm_unlock();
}

bool hsm_login_again(struct hsm_token *token, CK_SESSION_HANDLE session, bool *logged_in,
                     const struct ska_errors *errors)
{
    const struct hsm_pin_source source = kept_source(token);
    struct hsm_pin *pins[2] = {NULL, NULL};
    struct hsm_pin *fresh = NULL;
    bool raised = false;
    size_t count = 0;
    CK_RV rv = hsm_login_state(token->module->calls, session, logged_in);

    if (rv != CKR_OK)
        return hsm_fail_rv(errors, "C_GetSessionInfo", token, rv);
    if (*logged_in || (!hsm_pin_is_named(&source) && !is_typed(token)))
        return true;
    if (token->pin != NULL)
        hsm_pin_lock(token->pin);
    /* What the source says now first: a PIN is changed at the HSM and there. */
    if (source.file != NULL &&
        (fresh = hsm_pin_read(&source, token->label, token->pin == NULL ? errors : NULL)) == NULL &&
        token->pin == NULL)
        return false;
    if (fresh != NULL)
        pins[count++] = fresh;
    if (token->pin != NULL)
        pins[count++] = hsm_pin_new(ska_span(token->pin->value, token->pin->length));
    if (count > 0 && pins[count - 1] == NULL) {
        hsm_pin_wipe(fresh);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN");
    }
    rv = try_pins(token, session, &source, pins, count == 0 ? 1 : count, &raised, errors);
    *logged_in = rv == CKR_OK && !raised;
    if (raised)
        replace_kept_pin(token, NULL);
    if (count == 0 && !*logged_in)
        forget_pad(token);
    for (size_t i = 0; i < count; i++)
        hsm_pin_wipe(pins[i]);
    if (raised)
        return false;
    return rv == CKR_OK || raise_login(token, &source, rv, errors);
}

/* ---- A PIN for one signature ----------------------------------------------------------------- */

static bool has_pad(const struct hsm_token *token)
{
    CK_FLAGS flags = 0;

    hsm_lock();
    flags = token->flags;
    hsm_unlock();
    return (flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
}

bool hsm_login_pin(struct hsm_token *token, struct hsm_pin **pin, const struct ska_errors *errors)
{
    struct hsm_pin_source source = kept_source(token);

    *pin = NULL;
    if (token->pin_typed || (!hsm_pin_is_named(&source) && has_pad(token)))
        return true;
    /* The one that has logged in is right as far as is known, and spares reading it. */
    if (token->pin != NULL)
        source.file = NULL;
    *pin = hsm_pin_read(&source, token->label, errors);
    return *pin != NULL;
}

CK_RV hsm_login_for_one(struct hsm_token *token, CK_SESSION_HANDLE session,
                        const struct hsm_pin *pin)
{
    CK_RV rv = CKR_OK;

    return try_pin(token, session, CKU_CONTEXT_SPECIFIC, pin, &rv) == PIN_REFUSED_BEFORE
               ? CKR_PIN_INCORRECT
               : rv;
}

bool hsm_login_fail_for_one(struct hsm_token *token, CK_RV rv, const struct ska_errors *errors)
{
    const struct hsm_pin_source source = kept_source(token);

    raise_login(token, &source, rv, errors);
    if (!says_nothing_of_the_pin(rv))
        replace_kept_pin(token, NULL);
    return false;
}
