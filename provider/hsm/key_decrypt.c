/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decrypting with an ordinary RSA key. Who may have things decrypted and is told whether the
 * padding was right can decrypt anything (Bleichenbacher, Manger), so that whatever a module
 * answers to C_Decrypt becomes one failure, unless it is about the session.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/login_attempt.h"
#include "provider/hsm/oaep.h"
#include "provider/hsm/private_key.h"
#include "provider/hsm/token.h"

struct decrypt_work {
    struct hsm_key_work work;
    CK_MECHANISM *mechanism;
    struct ska_span input;
    bool login;          /* the key wants a PIN for each use */
    struct hsm_pin *pin; /* that one; NULL: it is typed on the token's pad */
    CK_ULONG length;
    uint8_t output[BACKEND_SIGNATURE_LIMIT];
};

static CK_RV key_decrypt_once(struct hsm_key_work *work, const struct hsm_lease *lease,
                              CK_OBJECT_HANDLE key)
{
    struct decrypt_work *decrypt = (struct decrypt_work *)work;
    CK_RV rv = CKR_OK;

    work->call = "C_DecryptInit";
    rv = HSM_CALL(lease->calls->C_DecryptInit(lease->session, decrypt->mechanism, key));
    if (rv == CKR_OK && decrypt->login) {
        work->call = "C_Login";
        rv = hsm_login_for_one(lease->token, lease->session, decrypt->pin);
    }
    if (rv != CKR_OK)
        return rv;
    work->call = "C_Decrypt";
    decrypt->length = sizeof(decrypt->output);
    return HSM_CALL(lease->calls->C_Decrypt(lease->session, hsm_writable(decrypt->input.data),
                                            (CK_ULONG)decrypt->input.length, decrypt->output,
                                            &decrypt->length));
}

/* The only thing that is ever said of what was encrypted. */
static bool fail_decryption(const struct hsm_key *key, const struct ska_errors *errors)
{
    return ska_fail(
        errors, SKA_R_HSM_REFUSED,
        "token \"%s\": key \"%s\" does not decrypt this: it was encrypted for another key "
        "or with another padding, or was changed",
        hsm_show(key->token->label).text, hsm_show(hsm_key_label(key)).text);
}

static bool judge_decryption(const struct hsm_key *key, const struct decrypt_work *decrypt,
                             CK_RV rv, const struct ska_errors *errors)
{
    if (strcmp(decrypt->work.call, "C_Login") == 0)
        return hsm_token_fail_pin(key->token, rv, errors);
    if (strcmp(decrypt->work.call, "C_Decrypt") != 0 || hsm_rv_loss(rv) != HSM_LOSS_NONE)
        return hsm_fail_rv(errors, decrypt->work.call, key->token, rv);
    return fail_decryption(key, errors);
}

static bool take_plaintext(const struct hsm_key *key, struct ska_span plain, size_t most,
                           uint8_t *output, size_t *length, const struct ska_errors *errors)
{
    if (plain.length > most)
        return fail_decryption(key, errors);
    memcpy(output, plain.data, plain.length);
    *length = plain.length;
    return true;
}

/* Of a token that does OAEP itself, or PKCS#1. */
static bool decrypt_by_token(struct hsm_key *key, struct decrypt_work *decrypt,
                             CK_MECHANISM *mechanism, CK_RV *rv, const struct ska_errors *errors)
{
    decrypt->work = (struct hsm_key_work){"C_DecryptInit", false, key_decrypt_once};
    decrypt->mechanism = mechanism;
    return hsm_key_work(key, &decrypt->work, rv, errors);
}

/* Whether it is the mechanism, or a parameter of it, that is refused. */
static bool is_oaep_refused(const struct decrypt_work *decrypt, CK_RV rv)
{
    return strcmp(decrypt->work.call, "C_DecryptInit") == 0 &&
           (rv == CKR_MECHANISM_INVALID || rv == CKR_MECHANISM_PARAM_INVALID ||
            rv == CKR_ARGUMENTS_BAD);
}

/* Raw, for a token that does not know OAEP with these parameters; the padding is taken off here. */
static bool decrypt_raw(struct hsm_key *key, struct decrypt_work *decrypt,
                        const struct backend_encryption *how, uint8_t *output, size_t *length,
                        const struct ska_errors *errors)
{
    const size_t modulus = decrypt->input.length;
    CK_MECHANISM raw = {CKM_RSA_X_509, NULL, 0};
    size_t plain = 0;
    CK_RV rv = CKR_OK;

    if (!decrypt_by_token(key, decrypt, &raw, &rv, errors))
        return false;
    if (rv != CKR_OK)
        return judge_decryption(key, decrypt, rv, errors);
    if (decrypt->length > modulus)
        return fail_decryption(key, errors);
    /* Some leave the zeros at the front out. */
    memmove(decrypt->output + modulus - decrypt->length, decrypt->output, decrypt->length);
    memset(decrypt->output, 0, modulus - decrypt->length);
    if (!hsm_oaep_remove(key->base.libctx, how, decrypt->output, modulus, &plain))
        return fail_decryption(key, errors);
    return take_plaintext(key, ska_span(decrypt->output + modulus - plain, plain), modulus, output,
                          length, errors);
}

static bool decrypt_input(struct hsm_key *key, struct decrypt_work *decrypt,
                          const struct backend_encryption *how, uint8_t *output, size_t *length,
                          const struct ska_errors *errors)
{
    CK_MECHANISM pkcs1 = {CKM_RSA_PKCS, NULL, 0};
    struct hsm_oaep oaep;
    CK_RV rv = CKR_OK;

    /* Some tokens take a label and never look at it, as SoftHSM 2.6.1. */
    if (how->oaep &&
        (how->label.length > 0 || !hsm_oaep_from(how->digest, how->mgf1_digest, &oaep)))
        return decrypt_raw(key, decrypt, how, output, length, errors);
    if (!decrypt_by_token(key, decrypt, how->oaep ? &oaep.cryptoki : &pkcs1, &rv, errors))
        return false;
    if (how->oaep && is_oaep_refused(decrypt, rv))
        return decrypt_raw(key, decrypt, how, output, length, errors);
    return rv == CKR_OK ? take_plaintext(key, ska_span(decrypt->output, decrypt->length),
                                         decrypt->input.length, output, length, errors)
                        : judge_decryption(key, decrypt, rv, errors);
}

bool hsm_key_decrypt(struct backend_key *base, const struct backend_encryption *how,
                     struct ska_span input, uint8_t *output, size_t *length,
                     const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    struct decrypt_work decrypt = {.input = input, .login = key->always_authenticate};
    bool done = false;

    if (decrypt.login && !hsm_token_pin(key->token, &decrypt.pin, errors))
        return false;
    done = decrypt_input(key, &decrypt, how, output, length, errors);
    hsm_pin_wipe(decrypt.pin);
    OPENSSL_cleanse(decrypt.output, sizeof(decrypt.output));
    return done;
}
