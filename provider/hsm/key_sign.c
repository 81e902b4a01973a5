/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <openssl/crypto.h>

#include "provider/hsm/cryptoki.h"
#include "provider/backend/signature_form.h"
#include "provider/hsm/login_attempt.h"
#include "provider/hsm/private_key.h"
#include "provider/hsm/token.h"

struct sign_work {
    struct hsm_key_work work;
    struct hsm_mechanism mechanism;
    struct ska_span input;
    bool login;          /* the key wants a PIN for each signature */
    struct hsm_pin *pin; /* that one; NULL: it is typed on the token's pad */
    CK_ULONG length;
    uint8_t raw[BACKEND_SIGNATURE_LIMIT];
};

static CK_RV key_sign_calls(struct sign_work *sign, const struct hsm_lease *lease,
                            CK_OBJECT_HANDLE key)
{
    CK_BYTE *input = NULL;
    CK_RV rv = CKR_OK;

    sign->work.call = "C_SignInit";
    rv = lease->calls->C_SignInit(lease->session, &sign->mechanism.cryptoki, key);
    if (rv != CKR_OK)
        return rv;
    if (sign->login) {
        sign->work.call = "C_Login";
        rv = hsm_login_for_one(lease->token, lease->session, sign->pin);
        if (rv != CKR_OK)
            return rv;
    }
    sign->work.call = "C_Sign";
    sign->length = sizeof(sign->raw);
    /* Modules refuse no data, but not data of no length. */
    input = hsm_writable(sign->input.data == NULL ? (const uint8_t *)"" : sign->input.data);
    return lease->calls->C_Sign(lease->session, input, (CK_ULONG)sign->input.length, sign->raw,
                                &sign->length);
}

static CK_RV key_sign_once(struct hsm_key_work *work, const struct hsm_lease *lease,
                           CK_OBJECT_HANDLE key)
{
    return HSM_CALL(key_sign_calls((struct sign_work *)work, lease, key));
}

static bool check_digest_length(const struct ska_mechanism *mechanism, struct ska_span input,
                                const struct ska_errors *errors)
{
    size_t expected = ska_digest_length(mechanism->digest);

    if (mechanism->form == SKA_PAYLOAD_MESSAGE || mechanism->scheme == SKA_SCHEME_PKCS1 ||
        mechanism->digest == SKA_DIGEST_NONE || input.length == expected)
        return true;
    return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH, "a digest of %zu bytes, but %s has %zu",
                    input.length, ska_digest_name(mechanism->digest), expected);
}

/* Nothing of what the HSM gave is handed out unless all of it was found to be good. */
static bool finish_key_signature(const struct hsm_key *key, struct sign_work *sign,
                                 uint8_t *signature, size_t *signature_length,
                                 const struct ska_errors *errors)
{
    size_t length = sign->length <= sizeof(sign->raw) ? sign->length : 0;

    return backend_signature_finish(key->base.type, key->base.bits, ska_span(sign->raw, length),
                                    signature, signature_length, errors);
}

static bool raise_sign(const struct hsm_key *key, const struct sign_work *sign, CK_RV rv,
                       const struct ska_errors *errors)
{
    return strcmp(sign->work.call, "C_Login") == 0
               ? hsm_token_fail_pin(key->token, rv, errors)
               : hsm_fail_rv(errors, sign->work.call, key->token, rv);
}

static bool sign_input(struct hsm_key *key, const struct ska_mechanism *mechanism,
                       struct ska_span input, struct sign_work *sign, CK_RV *rv,
                       const struct ska_errors *errors)
{
    bool done = false;

    sign->work = (struct hsm_key_work){"C_SignInit", false, key_sign_once};
    sign->input = input;
    sign->login = key->always_authenticate;
    sign->pin = NULL;
    if (!check_digest_length(mechanism, input, errors) ||
        !hsm_mechanism_from(mechanism, key->base.type, &sign->mechanism, errors) ||
        (sign->login && !hsm_token_pin(key->token, &sign->pin, errors)))
        return false;
    done = hsm_key_work(key, &sign->work, rv, errors);
    hsm_pin_wipe(sign->pin);
    return done;
}

/* Whether it is the mechanism that is refused, which another one may not be. */
static bool is_mechanism_refused(const struct sign_work *sign, CK_RV rv)
{
    return (rv == CKR_MECHANISM_INVALID || rv == CKR_KEY_FUNCTION_NOT_PERMITTED) &&
           strcmp(sign->work.call, "C_SignInit") == 0;
}

bool hsm_key_sign(struct backend_key *base, const struct ska_mechanism *mechanism,
                  struct ska_span input, struct ska_span message, uint8_t *signature,
                  size_t *signature_length, const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    struct ska_mechanism hashing = *mechanism;
    const bool digest = mechanism->form == SKA_PAYLOAD_DIGEST;
    struct sign_work sign;
    CK_RV rv = CKR_OK;
    bool done = false;

    done = sign_input(key, mechanism, input, &sign, &rv, errors);
    if (done && digest && message.data != NULL && is_mechanism_refused(&sign, rv)) {
        hashing.form = SKA_PAYLOAD_MESSAGE;
        done = sign_input(key, &hashing, message, &sign, &rv, errors);
        if (done && rv == CKR_OK)
            atomic_store(&key->takes_digests[mechanism->scheme], HSM_NO);
    } else if (done && digest && rv == CKR_OK) {
        atomic_store_explicit(&key->takes_digests[mechanism->scheme], HSM_YES,
                              memory_order_relaxed);
    }
    done = done && (rv == CKR_OK || raise_sign(key, &sign, rv, errors)) &&
           finish_key_signature(key, &sign, signature, signature_length, errors);
    OPENSSL_cleanse(sign.raw, sizeof(sign.raw));
    return done;
}

/* ---- What it is to be given ------------------------------------------------------------------ */

/* Whether the key may be used with a mechanism, as far as it says. */
static bool is_allowed(const struct hsm_key *key, CK_MECHANISM_TYPE mechanism)
{
    const size_t count = key->mechanisms.length / sizeof(mechanism);

    for (size_t i = 0; i < count; i++)
        if (memcmp(key->mechanisms.data + i * sizeof(mechanism), &mechanism, sizeof(mechanism)) ==
            0)
            return true;
    return count == 0;
}

/* By C_GetMechanismInfo, once; a module that fails at it is taken to have the mechanism. */
static bool token_takes_digests(struct hsm_token *token, enum ska_scheme scheme)
{
    CK_MECHANISM_INFO info = {0, 0, 0};
    int known = atomic_load_explicit(&token->takes_digests[scheme], memory_order_relaxed);
    CK_SLOT_ID slot = 0;
    CK_RV rv = CKR_OK;

    if (known != HSM_UNKNOWN)
        return known == HSM_YES;
    hsm_lock();
    slot = token->slot;
    hsm_unlock();
    rv = HSM_CALL(token->module->calls->C_GetMechanismInfo(slot, hsm_raw_mechanism(scheme), &info));
    known = rv == CKR_MECHANISM_INVALID || (rv == CKR_OK && (info.flags & CKF_SIGN) == 0) ? HSM_NO
                                                                                          : HSM_YES;
    if (rv == CKR_OK || rv == CKR_MECHANISM_INVALID)
        atomic_store(&token->takes_digests[scheme], known);
    return known == HSM_YES;
}

enum backend_input hsm_key_input(struct backend_key *base, enum ska_scheme scheme,
                                 enum ska_digest digest)
{
    struct hsm_key *key = hsm_key_of(base);
    const int known = atomic_load_explicit(&key->takes_digests[scheme], memory_order_relaxed);
    CK_MECHANISM_TYPE hashing = 0;

    if (known != HSM_UNKNOWN)
        return known == HSM_YES ? BACKEND_INPUT_DIGEST : BACKEND_INPUT_MESSAGE;
    if (!hsm_hashing_mechanism(scheme, digest, &hashing) || !is_allowed(key, hashing))
        return BACKEND_INPUT_DIGEST;
    return is_allowed(key, hsm_raw_mechanism(scheme)) && token_takes_digests(key->token, scheme)
               ? BACKEND_INPUT_DIGEST_FIRST
               : BACKEND_INPUT_MESSAGE;
}
