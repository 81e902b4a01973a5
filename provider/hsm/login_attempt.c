/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/login_attempt.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "provider/hsm/cryptoki.h"

/* ---- PINs that failed ------------------------------------------------------------------------ */

static uint8_t salt[32]; /* of this process; a child keeps its parent's, as it keeps the hashes */
static CRYPTO_ONCE salt_once = CRYPTO_ONCE_STATIC_INIT;
static bool salted;

static void make_salt(void)
{
    salted = RAND_bytes_ex(hsm_isolation_libctx(), salt, sizeof(salt), 0) == 1;
}

/* The salted hash by which a failed PIN is known. */
static bool wrong_pin_hash(const struct hsm_pin *pin, uint8_t hash[32])
{
    bool done = false;

    if (!CRYPTO_THREAD_run_once(&salt_once, make_salt) || !salted)
        return false;
    ERR_set_mark();
    done = EVP_Q_mac(hsm_isolation_libctx(), "HMAC", NULL, "SHA256", NULL, salt, sizeof(salt),
                     (const unsigned char *)pin->value, pin->length, hash, 32, NULL) != NULL;
    ERR_pop_to_mark();
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

/* NULL: the one that was kept turned out to be wrong. */
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
    char from[HSM_PIN_SOURCE_SIZE];
    struct hsm_shown label = hsm_show(token->label);
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
static CK_RV try_pin(struct hsm_token *token, CK_SESSION_HANDLE session, const struct hsm_pin *pin,
                     struct hsm_wrong_pin *if_wrong)
{
    /* C_Login wants what it could write to. */
    struct hsm_pin *copy = hsm_pin_new(ska_span(pin->value, pin->length));
    CK_RV rv = CKR_HOST_MEMORY;

    if (copy != NULL)
        rv = HSM_CALL(token->module->calls->C_Login(session, CKU_USER, (CK_UTF8CHAR *)copy->value,
                                                    (CK_ULONG)copy->length));
    hsm_pin_wipe(copy);
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
static bool may_try(struct hsm_token *token, const struct hsm_pin_source *source,
                    const struct hsm_pin *pin, struct hsm_wrong_pin **if_wrong,
                    const struct ska_errors *errors)
{
    struct hsm_wrong_pin *wrong = calloc(1, sizeof(*wrong));
    char from[HSM_PIN_SOURCE_SIZE];

    if (wrong == NULL || !wrong_pin_hash(pin, wrong->hash)) {
        free(wrong);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN's hash");
    }
    if (is_known_wrong(token, wrong->hash)) {
        free(wrong);
        return ska_fail(errors, SKA_R_PIN_INCORRECT,
                        "token \"%s\" has refused %s before; it is not tried again, since a few "
                        "wrong PINs lock a token",
                        hsm_show(token->label).text, hsm_pin_source_text(source, from));
    }
    *if_wrong = wrong;
    return true;
}

CK_RV hsm_login_attempt(struct hsm_token *token, CK_SESSION_HANDLE session,
                        const struct hsm_pin_source *source, const struct hsm_pin *pin,
                        bool *raised, const struct ska_errors *errors)
{
    struct hsm_wrong_pin *if_wrong = NULL;
    bool user = false;
    CK_RV rv = hsm_login_state(token->module->calls, session, &user);

    if (rv == CKR_OK && !user) {
        if (!may_try(token, source, pin, &if_wrong, errors)) {
            *raised = true;
            return CKR_OK;
        }
        rv = try_pin(token, session, pin, if_wrong);
        if (rv == CKR_OK)
            replace_kept_pin(token, pin);
    }
    if (rv == CKR_OK) {
        hsm_lock();
        token->logged_in = true;
        hsm_unlock();
    } else if (hsm_rv_loss(rv) == HSM_LOSS_NONE) {
        *raised = true;
        raise_login(token, source, rv, errors);
        rv = CKR_OK; /* the session itself is as good as before */
    }
    return rv;
}

bool hsm_login_again(struct hsm_token *token, CK_SESSION_HANDLE session, bool *logged_in,
                     const struct ska_errors *errors)
{
    struct hsm_wrong_pin *if_wrong = NULL;
    const struct hsm_pin *pin = NULL;
    bool required = false;
    CK_RV rv = hsm_login_state(token->module->calls, session, logged_in);

    if (rv != CKR_OK)
        return hsm_fail_rv(errors, "C_GetSessionInfo", token, rv);
    hsm_lock();
    required = token->login_required;
    pin = token->pin;
    hsm_unlock();
    if (*logged_in || !required || pin == NULL)
        return true;
    hsm_pin_lock(pin);
    if (!may_try(token, NULL, pin, &if_wrong, errors))
        return false;
    rv = try_pin(token, session, pin, if_wrong);
    *logged_in = rv == CKR_OK;
    if (rv != CKR_OK && !says_nothing_of_the_pin(rv))
        replace_kept_pin(token, NULL);
    return rv == CKR_OK || raise_login(token, NULL, rv, errors);
}
