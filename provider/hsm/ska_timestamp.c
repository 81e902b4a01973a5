/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "provider/hsm/cryptoki.h"
#include "provider/backend/signature_form.h"
#include "provider/hsm/module.h"
#include "provider/hsm/private_key.h"

/* The longest timestamp that is taken from a module, in bytes. */
#define BLOCK_LIMIT ((CK_ULONG)1024 * 1024)

struct timestamp_work {
    struct hsm_key_work work;
    CK_MECHANISM mechanism;
    CK_ULONG operation;
    struct ska_span payload;
    struct ska_bytes block;
    CK_ULONG length; /* of the signature */
    uint8_t raw[BACKEND_SIGNATURE_LIMIT];
};

static CK_RV call_timestamp(const struct timestamp_work *stamp, const struct hsm_lease *lease,
                            CK_OBJECT_HANDLE key, CK_BYTE *block, CK_ULONG *block_length,
                            CK_BYTE *signature, CK_ULONG *signature_length)
{
    CK_MECHANISM mechanism = stamp->mechanism;

    return HSM_CALL(lease->token->module->ska.get_timestamp(
        lease->session, stamp->operation, &mechanism, key, hsm_writable(stamp->payload.data),
        (CK_ULONG)stamp->payload.length, block, block_length, signature, signature_length));
}

/* The buffer for the signature holds any; only the length of the block is asked for. */
static CK_RV timestamp_once(struct hsm_key_work *work, const struct hsm_lease *lease,
                            CK_OBJECT_HANDLE key)
{
    struct timestamp_work *stamp = (struct timestamp_work *)work;
    CK_ULONG length = 0;
    CK_RV rv = CKR_OK;

    work->call = "C_GetTimestamp";
    ska_bytes_free(&stamp->block);
    rv = call_timestamp(stamp, lease, key, NULL, &length, NULL, &stamp->length);
    if (rv != CKR_OK)
        return rv;
    if (length == 0 || length > BLOCK_LIMIT)
        return CKR_GENERAL_ERROR;
    stamp->block.data = calloc(1, (size_t)length + 1);
    if (stamp->block.data == NULL)
        return CKR_HOST_MEMORY;
    stamp->block.length = length;
    stamp->length = sizeof(stamp->raw);
    rv = call_timestamp(stamp, lease, key, stamp->block.data, &length, stamp->raw, &stamp->length);
    if (rv == CKR_OK && (length == 0 || length > stamp->block.length))
        rv = CKR_GENERAL_ERROR;
    stamp->block.length = rv == CKR_OK ? length : 0;
    return rv;
}

static bool choose_timestamp_mechanism(const struct hsm_key *key, CK_MECHANISM *mechanism,
                                       const struct ska_errors *errors)
{
    memset(mechanism, 0, sizeof(*mechanism));
    switch (key->base.type) {
    case SKA_KEY_RSA:
        mechanism->mechanism = CKM_SHA256_RSA_PKCS;
        return true;
    case SKA_KEY_EC:
        mechanism->mechanism = CKM_ECDSA_SHA256;
        return true;
    case SKA_KEY_ED25519:
    case SKA_KEY_ED448:
        mechanism->mechanism = CKM_EDDSA;
        return true;
    case SKA_KEY_RSA_PSS:
        break;
    }
    return ska_fail(errors, SKA_R_UNSUPPORTED,
                    "key \"%s\" is for RSA-PSS: timestamps are signed with RSA (PKCS#1 v1.5), EC "
                    "or Edwards keys",
                    hsm_show(hsm_key_label(key)).text);
}

static bool may_ask_for_timestamp(const struct hsm_key *key, const struct ska_errors *errors)
{
    struct hsm_module *module = key->token->module;

    return hsm_module_supports_ska(module, errors) &&
           hsm_module_has_call(module, module->ska.get_timestamp != NULL, "C_GetTimestamp", errors);
}

static bool check_timestamp_answer(const struct hsm_key *key, const struct timestamp_work *stamp,
                                   CK_RV rv, const struct ska_errors *errors)
{
    if (rv == CKR_OK)
        return true;
    if (rv == CKR_KEY_FUNCTION_NOT_PERMITTED)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "key \"%s\" is not a timestamp key (C_GetTimestamp: %s): make one with "
                        "skatool keygen --timestamp",
                        hsm_show(hsm_key_label(key)).text, hsm_rv_text(rv).text);
    return hsm_fail_rv(errors, stamp->work.call, key->token, rv);
}

static bool finish_timestamp_signature(const struct hsm_key *key,
                                       const struct timestamp_work *stamp,
                                       struct ska_bytes *signature, const struct ska_errors *errors)
{
    uint8_t made[BACKEND_SIGNATURE_LIMIT];
    size_t length = sizeof(made);
    size_t given = stamp->length <= sizeof(stamp->raw) ? stamp->length : 0;

    return backend_signature_finish_either(key->base.type, key->base.bits,
                                           ska_span(stamp->raw, given), made, &length, errors) &&
           ska_bytes_copy(signature, ska_span(made, length), errors);
}

bool hsm_timestamp_make(struct backend_key *base, enum ska_operation operation,
                        struct ska_span payload, struct ska_bytes *block,
                        struct ska_bytes *signature, const struct ska_errors *errors)
{
    struct hsm_key *timestamp_key = hsm_key_of(base);
    struct timestamp_work stamp;
    CK_RV rv = CKR_OK;
    bool done = false;

    memset(&stamp, 0, sizeof(stamp));
    stamp.work = (struct hsm_key_work){"C_GetTimestamp", true, timestamp_once};
    stamp.operation = hsm_operation_number(operation);
    stamp.payload = payload;
    done = may_ask_for_timestamp(timestamp_key, errors) &&
           choose_timestamp_mechanism(timestamp_key, &stamp.mechanism, errors) &&
           hsm_key_work(timestamp_key, &stamp.work, &rv, errors) &&
           check_timestamp_answer(timestamp_key, &stamp, rv, errors) &&
           finish_timestamp_signature(timestamp_key, &stamp, signature, errors);
    if (done) {
        *block = stamp.block;
        memset(&stamp.block, 0, sizeof(stamp.block));
    }
    ska_bytes_free(&stamp.block);
    return done;
}
