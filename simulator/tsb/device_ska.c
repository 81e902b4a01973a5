/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device_ska.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/request/approval_token.h"
#include "provider/request/approver_signature.h"
#include "simulator/tsb/device_make.h"
#include "simulator/tsb/signing.h"

#define ROOM ((CK_ULONG)256 * 1024)
#define SIGNATURE_ROOM 1024

/* ---- The broker's own keys ------------------------------------------------------------------- */

bool tsb_ska_is_own_key(const char *label)
{
    return strcmp(label, TSB_TIMESTAMP_KEY) == 0 || strcmp(label, TSB_ATTESTATION_KEY) == 0 ||
           strcmp(label, TSB_BACKUP_KEY) == 0;
}

static CK_RV make_missing_key(struct tsb_device *device, const struct tsb_key_plan *plan)
{
    struct tsb_key key;
    CK_RV rv = tsb_key_open_stored(device, plan->label, &key);

    tsb_key_close(device, &key);
    return rv == CKR_OBJECT_HANDLE_INVALID ? tsb_key_generate(device, plan) : rv;
}

CK_RV tsb_ska_make_own_keys(struct tsb_device *device)
{
    static const uint8_t p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
    struct tsb_key_plan stamps = {.label = TSB_TIMESTAMP_KEY,
                                  .type = CKK_EC,
                                  .parameters = ska_span(p256, sizeof(p256)),
                                  .timestamps = true,
                                  .sensitive = true};
    struct tsb_key_plan attestations = {.label = TSB_ATTESTATION_KEY,
                                        .type = CKK_RSA,
                                        .bits = 2048,
                                        .sign = true,
                                        .sensitive = true};
    CK_RV rv = make_missing_key(device, &stamps);

    return rv == CKR_OK ? make_missing_key(device, &attestations) : rv;
}

/* ---- Timestamps and tokens ------------------------------------------------------------------- */

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

static CK_RV get_stamp(struct tsb_device *device, const struct tsb_key *key, CK_ULONG operation,
                       struct ska_span payload, struct tsb_stamp *stamp)
{
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    CK_ULONG block_length = ROOM;
    CK_BYTE *block = malloc(ROOM);
    CK_BYTE raw[SIGNATURE_ROOM];
    CK_ULONG raw_length = sizeof(raw);
    CK_RV rv = block == NULL ? CKR_HOST_MEMORY
                             : tsb_device_vendor_calls(device)->get_timestamp(
                                   key->session, operation, &mechanism, key->private_key,
                                   tsb_writable(payload.data), payload.length, block, &block_length,
                                   raw, &raw_length);

    if (rv == CKR_OK)
        rv = finish_stamp(device, key, ska_span(block, block_length), ska_span(raw, raw_length),
                          stamp);
    free(block);
    return rv;
}

CK_RV tsb_ska_stamp(struct tsb_device *device, CK_ULONG operation, struct ska_span payload,
                    struct tsb_stamp *stamp)
{
    struct tsb_key key;
    CK_RV rv = tsb_key_open_stored(device, TSB_TIMESTAMP_KEY, &key);

    if (rv == CKR_OK)
        rv = get_stamp(device, &key, operation, payload, stamp);
    tsb_key_close(device, &key);
    return rv;
}

CK_RV tsb_ska_token(struct tsb_device *device, const struct tsb_key *key, CK_ULONG operation,
                    struct ska_span payload, const struct tsb_stamp *stamp, struct ska_bytes *token)
{
    static const struct tsb_stamp none = {{NULL, 0}, {NULL, 0}, 0};
    const struct tsb_stamp *with = stamp == NULL ? &none : stamp;
    CK_ULONG length = ROOM;
    CK_BYTE *made = malloc(ROOM);
    CK_RV rv = made == NULL
                   ? CKR_HOST_MEMORY
                   : tsb_device_vendor_calls(device)->create_approval_token(
                         key->session, operation, key->private_key, tsb_writable(payload.data),
                         payload.length, with->block.data, with->block.length, with->signature.data,
                         with->signature.length, made, &length);

    if (rv == CKR_OK && !ska_bytes_copy(token, ska_span(made, length), NULL))
        rv = CKR_HOST_MEMORY;
    free(made);
    return rv;
}

/* ---- What rules decide about ----------------------------------------------------------------- */

/* An authority in the vendor's structures. */
struct handed_approvals {
    CK_BYTE_PTR token;
    CK_ULONG token_length;
    CK_SKA_APPROVAL *list; /* to be freed */
    CK_ULONG count;
};

static bool hand_approvals(const struct tsb_authority *by, struct handed_approvals *handed)
{
    handed->token = tsb_writable(by->token.data);
    handed->token_length = by->token.length;
    handed->count = by->count;
    handed->list = calloc(by->count + 1, sizeof(*handed->list));
    for (size_t i = 0; handed->list != NULL && i < by->count; i++) {
        const struct tsb_approval *approval = &by->approvals[i];

        handed->list[i].type = approval->certificate ? CKAP_CERTIFICATE : CKAP_SIGNATURE;
        handed->list[i].pSignature = tsb_writable(approval->signature.data);
        handed->list[i].signatureLen = approval->signature.length;
        handed->list[i].pSignerInfo = tsb_writable(approval->signer.data);
        handed->list[i].signerInfoLen = approval->signer.length;
    }
    return handed->list != NULL;
}

/* The three that change the key look alike. */
static CK_RV change_key(struct tsb_device *device, struct tsb_key *key, CK_ULONG operation,
                        const struct handed_approvals *handed)
{
    const struct tsb_vendor_calls *calls = tsb_device_vendor_calls(device);
    __typeof__(&C_SKABlock) call = operation == CK_SKA_BLOCK     ? calls->block
                                   : operation == CK_SKA_UNBLOCK ? calls->unblock
                                                                 : calls->modify;

    return call(key->session, &key->private_key, handed->token, handed->token_length, handed->list,
                handed->count);
}

static CK_RV use_key(struct tsb_device *device, const struct tsb_key *key, CK_ULONG operation,
                     CK_MECHANISM *mechanism, const struct handed_approvals *handed,
                     struct ska_bytes *made)
{
    const struct tsb_vendor_calls *calls = tsb_device_vendor_calls(device);
    CK_BYTE room[SIGNATURE_ROOM];
    CK_ULONG length = sizeof(room);
    CK_RV rv =
        operation == CK_SKA_DECRYPT
            ? calls->decrypt(key->session, mechanism, key->private_key, handed->token,
                             handed->token_length, handed->list, handed->count, room, &length)
            : calls->sign(key->session, mechanism, key->private_key, handed->token,
                          handed->token_length, handed->list, handed->count, room, &length, NULL,
                          NULL);

    if (rv == CKR_OK && !ska_bytes_copy(made, ska_span(room, length), NULL))
        rv = CKR_HOST_MEMORY;
    OPENSSL_cleanse(room, sizeof(room));
    return rv;
}

CK_RV tsb_ska_execute(struct tsb_device *device, struct tsb_key *key, CK_ULONG operation,
                      CK_MECHANISM *mechanism, const struct tsb_authority *by,
                      struct ska_bytes *made)
{
    struct handed_approvals handed = {NULL, 0, NULL, 0};
    CK_RV rv = CKR_HOST_MEMORY;

    if (hand_approvals(by, &handed))
        rv = operation == CK_SKA_SIGN || operation == CK_SKA_DECRYPT
                 ? use_key(device, key, operation, mechanism, &handed, made)
                 : change_key(device, key, operation, &handed);
    free(handed.list);
    return rv;
}

CK_RV tsb_ska_unwrap(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                     const struct tsb_authority *by, struct tsb_template *template,
                     CK_OBJECT_HANDLE *object)
{
    struct handed_approvals handed = {NULL, 0, NULL, 0};
    CK_RV rv = CKR_HOST_MEMORY;

    if (hand_approvals(by, &handed))
        rv = tsb_device_vendor_calls(device)->unwrap(
            key->session, mechanism, key->private_key, handed.token, handed.token_length,
            handed.list, handed.count, template->list, template->count, object);
    free(handed.list);
    return rv;
}
