/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device_ska.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>

#include "provider/request/approval_token.h"
#include "provider/request/approver_signature.h"
#include "simulator/tsb/signing.h"

#define ROOM ((CK_ULONG)256 * 1024)
#define SIGNATURE_ROOM 1024

static void *unconst(const void *data)
{
    return (void *)(uintptr_t)data;
}

/* ---- The broker's own keys ------------------------------------------------------------------- */

bool tsb_ska_is_own_key(const char *label)
{
    return strcmp(label, TSB_TIMESTAMP_KEY) == 0 || strcmp(label, TSB_ATTESTATION_KEY) == 0;
}

static CK_RV make_missing_key(struct tsb_device *device, const struct tsb_key_plan *plan)
{
    struct tsb_key key;
    CK_RV rv = tsb_key_open(device, plan->label, &key);

    tsb_key_close(device, &key);
    return rv == CKR_OBJECT_HANDLE_INVALID ? tsb_key_generate(device, plan) : rv;
}

CK_RV tsb_ska_make_own_keys(struct tsb_device *device)
{
    static const uint8_t p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
    struct tsb_key_plan stamps = {.label = TSB_TIMESTAMP_KEY,
                                  .type = CKK_EC,
                                  .parameters = ska_span(p256, sizeof(p256)),
                                  .timestamps = true};
    struct tsb_key_plan attestations = {
        .label = TSB_ATTESTATION_KEY, .type = CKK_RSA, .bits = 2048, .sign = true};
    CK_RV rv = make_missing_key(device, &stamps);

    return rv == CKR_OK ? make_missing_key(device, &attestations) : rv;
}

/* ---- Timestamps and tokens ------------------------------------------------------------------- */

static CK_ULONG operation_number(enum ska_operation operation)
{
    static const CK_ULONG numbers[] = {
        [SKA_OPERATION_SIGN] = CK_SKA_SIGN,
        [SKA_OPERATION_BLOCK] = CK_SKA_BLOCK,
        [SKA_OPERATION_UNBLOCK] = CK_SKA_UNBLOCK,
        [SKA_OPERATION_MODIFY] = CK_SKA_MODIFY,
    };

    return numbers[operation];
}

void tsb_stamp_clear(struct tsb_stamp *stamp)
{
    ska_bytes_free(&stamp->block);
    ska_bytes_free(&stamp->signature);
}

/* From what the HSM gives to what C_CreateApprovalToken takes. */
static CK_RV finish_stamp(struct tsb_device *device, const struct tsb_key *key,
                          struct ska_span block, struct ska_span raw, struct tsb_stamp *stamp)
{
    struct ska_bytes spki = {NULL, 0};
    struct ska_bytes plain = {NULL, 0};
    struct ska_timestamp decoded;
    bool done = tsb_key_spki(device, key, &spki) == CKR_OK && tsb_ecdsa_to_der(raw, &plain) &&
                ska_signature_to_der(ska_span_of(&spki), "SHA-256", ska_span_of(&plain),
                                     &stamp->signature, NULL) &&
                ska_bytes_copy(&stamp->block, block, NULL) &&
                ska_timestamp_decode(ska_span_of(&stamp->block), &decoded, NULL);

    if (done)
        stamp->seconds = decoded.seconds;
    ska_bytes_free(&spki);
    ska_bytes_free(&plain);
    return done ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV get_stamp(struct tsb_device *device, const struct tsb_key *key,
                       enum ska_operation operation, struct ska_span payload,
                       struct tsb_stamp *stamp)
{
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    CK_ULONG block_length = ROOM;
    CK_BYTE *block = malloc(ROOM);
    CK_BYTE raw[SIGNATURE_ROOM];
    CK_ULONG raw_length = sizeof(raw);
    CK_RV rv = block == NULL ? CKR_HOST_MEMORY
                             : tsb_device_vendor_calls(device)->get_timestamp(
                                   key->session, operation_number(operation), &mechanism,
                                   key->private_key, unconst(payload.data), payload.length, block,
                                   &block_length, raw, &raw_length);

    if (rv == CKR_OK)
        rv = finish_stamp(device, key, ska_span(block, block_length), ska_span(raw, raw_length),
                          stamp);
    free(block);
    return rv;
}

CK_RV tsb_ska_stamp(struct tsb_device *device, enum ska_operation operation,
                    struct ska_span payload, struct tsb_stamp *stamp)
{
    struct tsb_key key;
    CK_RV rv = tsb_key_open(device, TSB_TIMESTAMP_KEY, &key);

    if (rv == CKR_OK)
        rv = get_stamp(device, &key, operation, payload, stamp);
    tsb_key_close(device, &key);
    return rv;
}

CK_RV tsb_ska_token(struct tsb_device *device, const struct tsb_key *key,
                    enum ska_operation operation, struct ska_span payload,
                    const struct tsb_stamp *stamp, struct ska_bytes *token)
{
    static const struct tsb_stamp none = {{NULL, 0}, {NULL, 0}, 0};
    const struct tsb_stamp *with = stamp == NULL ? &none : stamp;
    CK_ULONG length = ROOM;
    CK_BYTE *made = malloc(ROOM);
    CK_RV rv = made == NULL ? CKR_HOST_MEMORY
                            : tsb_device_vendor_calls(device)->create_approval_token(
                                  key->session, operation_number(operation), key->private_key,
                                  unconst(payload.data), payload.length, with->block.data,
                                  with->block.length, with->signature.data, with->signature.length,
                                  made, &length);

    if (rv == CKR_OK && !ska_bytes_copy(token, ska_span(made, length), NULL))
        rv = CKR_HOST_MEMORY;
    free(made);
    return rv;
}

/* ---- What rules decide about ----------------------------------------------------------------- */

static CK_RV ska_call(struct tsb_device *device, struct tsb_key *key, enum ska_operation operation,
                      CK_MECHANISM *mechanism, struct ska_span token, CK_SKA_APPROVAL *approvals,
                      size_t count, struct ska_bytes *signature)
{
    const struct tsb_vendor_calls *calls = tsb_device_vendor_calls(device);
    CK_BYTE *bytes = unconst(token.data);
    CK_BYTE made[SIGNATURE_ROOM];
    CK_ULONG length = sizeof(made);
    CK_RV rv = CKR_OK;

    if (operation == SKA_OPERATION_BLOCK)
        return calls->block(key->session, &key->private_key, bytes, token.length, approvals, count);
    if (operation == SKA_OPERATION_UNBLOCK)
        return calls->unblock(key->session, &key->private_key, bytes, token.length, approvals,
                              count);
    if (operation == SKA_OPERATION_MODIFY)
        return calls->modify(key->session, &key->private_key, bytes, token.length, approvals,
                             count);
    rv = calls->sign(key->session, mechanism, key->private_key, bytes, token.length, approvals,
                     count, made, &length, NULL, NULL);
    if (rv == CKR_OK && !ska_bytes_copy(signature, ska_span(made, length), NULL))
        rv = CKR_HOST_MEMORY;
    return rv;
}

CK_RV tsb_ska_execute(struct tsb_device *device, struct tsb_key *key, enum ska_operation operation,
                      CK_MECHANISM *mechanism, struct ska_span token,
                      const struct tsb_approval *approvals, size_t count,
                      struct ska_bytes *signature)
{
    CK_SKA_APPROVAL *handed = calloc(count + 1, sizeof(*handed));
    CK_RV rv = CKR_HOST_MEMORY;

    if (handed == NULL)
        return rv;
    for (size_t i = 0; i < count; i++) {
        handed[i].type = approvals[i].certificate ? CKAP_CERTIFICATE : CKAP_SIGNATURE;
        handed[i].pSignature = unconst(approvals[i].signature.data);
        handed[i].signatureLen = approvals[i].signature.length;
        handed[i].pSignerInfo = unconst(approvals[i].signer.data);
        handed[i].signerInfoLen = approvals[i].signer.length;
    }
    rv = ska_call(device, key, operation, mechanism, token, count == 0 ? NULL : handed, count,
                  signature);
    free(handed);
    return rv;
}
