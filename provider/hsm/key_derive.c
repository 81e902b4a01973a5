/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDH with an ordinary key. Cryptoki makes an object of the secret, which lives no longer than it
 * takes to read its value.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/private_key.h"
#include "provider/hsm/token.h"

struct derive_work {
    struct hsm_key_work work;
    struct ska_span peer;
    bool private;   /* CKA_PRIVATE of the key: the secret is as private as it */
    CK_ULONG field; /* bytes of a coordinate */
    CK_ULONG length;
    uint8_t secret[BACKEND_SECRET_LIMIT];
};

static CK_RV derive_object(struct derive_work *derive, const struct hsm_lease *lease,
                           CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE *secret)
{
    CK_OBJECT_CLASS class_ = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE template_[] = {
        {CKA_CLASS, &class_, sizeof(class_)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &no, sizeof(no)},
        {CKA_PRIVATE, derive->private ? &yes : &no, sizeof(yes)},
        {CKA_SENSITIVE, &no, sizeof(no)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)},
        {CKA_VALUE_LEN, &derive->field, sizeof(derive->field)},
    };
    /* Without names: headers differ in those of the members. */
    CK_ECDH1_DERIVE_PARAMS parameters = {CKD_NULL, 0, NULL, (CK_ULONG)derive->peer.length,
                                         hsm_writable(derive->peer.data)};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameters, sizeof(parameters)};

    derive->work.call = "C_DeriveKey";
    return HSM_CALL(lease->calls->C_DeriveKey(lease->session, &mechanism, key, template_,
                                              sizeof(template_) / sizeof(template_[0]), secret));
}

static CK_RV key_derive_once(struct hsm_key_work *work, const struct hsm_lease *lease,
                             CK_OBJECT_HANDLE key)
{
    struct derive_work *derive = (struct derive_work *)work;
    CK_ATTRIBUTE value = {CKA_VALUE, derive->secret, sizeof(derive->secret)};
    CK_OBJECT_HANDLE secret = CK_INVALID_HANDLE;
    CK_RV rv = derive_object(derive, lease, key, &secret);
    CK_RV destroyed = CKR_OK;

    if (rv != CKR_OK)
        return rv;
    work->call = "C_GetAttributeValue";
    rv = HSM_CALL(lease->calls->C_GetAttributeValue(lease->session, secret, &value, 1));
    derive->length = value.ulValueLen;
    destroyed = HSM_CALL(lease->calls->C_DestroyObject(lease->session, secret));
    if (rv == CKR_OK && destroyed != CKR_OK) {
        work->call = "C_DestroyObject";
        rv = destroyed;
    }
    return rv;
}

static bool take_secret(const struct hsm_key *key, const struct derive_work *derive,
                        uint8_t *secret, size_t *length, const struct ska_errors *errors)
{
    if (derive->length != derive->field || derive->field > *length)
        return ska_fail(errors, SKA_R_HSM_FAILURE,
                        "token \"%s\": a secret of %lu bytes, but the curve has %lu",
                        hsm_show(key->token->label).text, derive->length, derive->field);
    memcpy(secret, derive->secret, derive->field);
    *length = derive->field;
    return true;
}

bool hsm_key_derive(struct backend_key *base, struct ska_span peer, uint8_t *secret, size_t *length,
                    const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    struct derive_work derive = {.work = {"C_DeriveKey", false, key_derive_once},
                                 .peer = peer,
                                 .private = key->private,
                                 .field = peer.length < 3 ? 0 : (CK_ULONG)(peer.length - 1) / 2};
    CK_RV rv = CKR_OK;
    bool done = false;

    if (derive.field == 0 || derive.field > sizeof(derive.secret))
        return ska_fail(errors, SKA_R_UNSUPPORTED, "a point of %zu bytes", peer.length);
    done = hsm_key_work(key, &derive.work, &rv, errors) &&
           (rv == CKR_OK ? take_secret(key, &derive, secret, length, errors)
                         : hsm_fail_rv(errors, derive.work.call, key->token, rv));
    OPENSSL_cleanse(derive.secret, sizeof(derive.secret));
    return done;
}
