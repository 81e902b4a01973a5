/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying a signature with a key of the HSM.
 */
#include <string.h>

#include "provider/base/der.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/device_crypt.h"
#include "simulator/tsb/schnorr.h"
#include "simulator/tsb/signing.h"

struct verification {
    const char *key_name;
    const struct tsb_algorithm *algorithm;
    struct ska_bytes payload;
    struct ska_bytes signature;
    struct tsb_mechanism mechanism;
    struct ska_bytes data;
};

static bool read_verification(struct tsb_exchange *exchange, struct verification *wanted)
{
    static const char *const names[] = {"signKeyName",
                                        "signKeyObject",
                                        "masterKeyPassword",
                                        "signatureAlgorithm",
                                        "payload",
                                        "signature",
                                        NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    const char *algorithm = NULL;
    const char *object = NULL;
    struct ska_json_place top;
    struct ska_json_place inner;

    tsb_exchange_top(exchange, &errors, &top);
    if (!tsb_read_root(&top, "verifySignatureRequest", names, &inner) ||
        !tsb_need_text(&inner, "signKeyName", &wanted->key_name) ||
        !ska_json_text(&inner, "signatureAlgorithm", SKA_JSON_REQUIRED, &algorithm) ||
        !tsb_read_base64_text(&inner, "signKeyObject", &object) ||
        !tsb_need_base64(&inner, "payload", &wanted->payload) ||
        !tsb_need_base64(&inner, "signature", &wanted->signature))
        return false;
    if (object != NULL)
        return tsb_refuse(&exchange->answer, TSB_NOT_IMPLEMENTED,
                          "this simulator has no signKeyObject");
    wanted->algorithm = tsb_algorithm_find(algorithm, "verifySignatureRequest.signatureAlgorithm",
                                           &exchange->answer);
    return wanted->algorithm != NULL &&
           tsb_signing_prepare(wanted->algorithm, ska_span_of(&wanted->payload), &wanted->mechanism,
                               &wanted->data, &exchange->answer);
}

/* The key's point, in `encoded`, which is to be freed. */
static bool read_point(struct tsb_device *device, const struct tsb_key *key,
                       struct ska_bytes *encoded, struct ska_span *point)
{
    struct ska_span rest = {NULL, 0};

    if (tsb_key_bytes(device, key->session, key->public_key, CKA_EC_POINT, encoded) != CKR_OK)
        return false;
    rest = ska_span_of(encoded);
    return ska_der_take(&rest, SKA_DER_OCTET_STRING, point);
}

static CK_RV verify_schnorr(struct tsb_device *device, const struct tsb_key *key,
                            const struct verification *wanted)
{
    struct ska_bytes encoded = {NULL, 0};
    struct ska_span point = {NULL, 0};
    bool valid = read_point(device, key, &encoded, &point) &&
                 tsb_schnorr_verify(tsb_device_libctx(device), point, ska_span_of(&wanted->data),
                                    ska_span_of(&wanted->signature));

    ska_bytes_free(&encoded);
    return valid ? CKR_OK : CKR_SIGNATURE_INVALID;
}

/* An ECDSA signature as the HSM has it; it may come in either form, and nobody says in which. */
static bool unwrap_ecdsa(struct tsb_device *device, const struct tsb_key *key,
                         struct ska_bytes *signature)
{
    struct ska_bytes encoded = {NULL, 0};
    struct ska_bytes raw = {NULL, 0};
    struct ska_span point = {NULL, 0};
    bool done = read_point(device, key, &encoded, &point);
    bool der = done && tsb_ecdsa_from_der(ska_span_of(signature), point.length / 2, &raw);
    bool plain = done && signature->length == point.length / 2 * 2;

    ska_bytes_free(&encoded);
    if (der) {
        ska_bytes_free(signature);
        *signature = raw;
    }
    return der || plain;
}

static CK_RV verify(struct tsb_device *device, const struct tsb_key *key,
                    struct verification *wanted)
{
    if (key->public_key == CK_INVALID_HANDLE)
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (key->type != wanted->algorithm->key_type)
        return CKR_KEY_TYPE_INCONSISTENT;
    if (wanted->algorithm->mechanism == TSB_CKM_SCHNORR)
        return verify_schnorr(device, key, wanted);
    if (key->type == CKK_EC && !unwrap_ecdsa(device, key, &wanted->signature))
        return CKR_SIGNATURE_INVALID;
    return tsb_key_verify(device, key, &wanted->mechanism.mechanism, ska_span_of(&wanted->data),
                          ska_span_of(&wanted->signature));
}

static void answer_verification(struct tsb_exchange *exchange, const char *key_name, CK_RV rv)
{
    bool invalid = rv == CKR_SIGNATURE_INVALID || rv == CKR_SIGNATURE_LEN_RANGE;

    if (rv == CKR_KEY_TYPE_INCONSISTENT)
        tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY,
                   "key %s cannot do this algorithm", key_name);
    else if (rv != CKR_OK && !invalid)
        tsb_fail_key(exchange, rv, key_name);
    else
        tsb_answer_flag(exchange, 200, "signatureValid", rv == CKR_OK);
}

static void verify_signature(struct tsb_exchange *exchange)
{
    struct verification wanted = {.key_name = NULL};
    struct tsb_device *device = exchange->server->device;
    struct tsb_key key;
    CK_RV rv = CKR_OK;

    if (read_verification(exchange, &wanted)) {
        rv = tsb_key_open(device, wanted.key_name, &key);
        if (rv == CKR_OK)
            rv = verify(device, &key, &wanted);
        tsb_key_close(device, &key);
        answer_verification(exchange, wanted.key_name, rv);
    }
    ska_bytes_free(&wanted.payload);
    ska_bytes_free(&wanted.signature);
    ska_bytes_free(&wanted.data);
}

/* One path for both; the root says which. */
void tsb_verify(struct tsb_exchange *exchange)
{
    if (cJSON_HasObjectItem(exchange->json, "verifyHmacRequest"))
        tsb_verify_hmac(exchange);
    else
        verify_signature(exchange);
}
