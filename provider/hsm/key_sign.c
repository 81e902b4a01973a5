/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/ecdsa.h"
#include "provider/hsm/private_key.h"

struct sign_work {
    struct hsm_key_work work;
    struct hsm_mechanism mechanism;
    struct ska_span input;
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
    sign->work.call = "C_Sign";
    sign->length = sizeof(sign->raw);
    input = hsm_writable(sign->input.data);
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
    return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH, "a digest of %zu bytes, where %s has %zu",
                    input.length, ska_digest_name(mechanism->digest), expected);
}

/* Nothing of what the HSM gave is handed out unless all of it was found to be good. */
static bool finish_key_signature(const struct hsm_key *key, struct sign_work *sign,
                                 uint8_t *signature, size_t *signature_length,
                                 const struct ska_errors *errors)
{
    size_t length = sign->length <= sizeof(sign->raw) ? sign->length : 0;

    return hsm_signature_finish(key->base.type, key->base.bits, ska_span(sign->raw, length),
                                signature, signature_length, errors);
}

bool hsm_key_sign(struct backend_key *base, const struct ska_mechanism *mechanism,
                  struct ska_span input, uint8_t *signature, size_t *signature_length,
                  const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    struct sign_work sign;
    CK_RV rv = CKR_OK;
    bool done = false;

    sign.work = (struct hsm_key_work){"C_SignInit", false, key_sign_once};
    sign.input = input;
    if (!check_digest_length(mechanism, input, errors) ||
        !hsm_mechanism_from(mechanism, key->base.type, &sign.mechanism, errors))
        return false;
    done = hsm_key_work(key, &sign.work, &rv, errors) &&
           (rv == CKR_OK || hsm_fail_rv(errors, sign.work.call, key->token, rv)) &&
           finish_key_signature(key, &sign, signature, signature_length, errors);
    OPENSSL_cleanse(sign.raw, sizeof(sign.raw));
    return done;
}
