/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyed hashes.
 */
#include <string.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/device_crypt.h"

struct mac {
    const char *key_name;
    struct ska_bytes payload;
    struct ska_bytes hash;
};

/* CKR_KEY_TYPE_INCONSISTENT: no key for this. */
static CK_RV find_mac(const struct tsb_key *key, CK_MECHANISM *mechanism)
{
    static const struct {
        CK_KEY_TYPE type;
        CK_MECHANISM_TYPE mechanism;
    } of[] = {
        {CKK_SHA_1_HMAC, CKM_SHA_1_HMAC},   {CKK_SHA224_HMAC, CKM_SHA224_HMAC},
        {CKK_SHA256_HMAC, CKM_SHA256_HMAC}, {CKK_SHA384_HMAC, CKM_SHA384_HMAC},
        {CKK_SHA512_HMAC, CKM_SHA512_HMAC}, {CKK_GENERIC_SECRET, CKM_SHA256_HMAC},
    };

    memset(mechanism, 0, sizeof(*mechanism));
    for (size_t i = 0; key->secret && i < sizeof(of) / sizeof(of[0]); i++) {
        if (of[i].type != key->type)
            continue;
        mechanism->mechanism = of[i].mechanism;
        return CKR_OK;
    }
    return CKR_KEY_TYPE_INCONSISTENT;
}

static bool read_mac(struct tsb_exchange *exchange, const char *root, bool signature,
                     struct mac *wanted)
{
    static const char *const names[] = {"keyName", "keyPassword", "masterKeyPassword",
                                        "payload", "signature",   NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct ska_json_place inner;

    tsb_exchange_top(exchange, &errors, &top);
    if (!tsb_read_root(&top, root, names, &inner) ||
        !tsb_need_text(&inner, "keyName", &wanted->key_name) ||
        !ska_json_base64(&inner, "payload", SKA_JSON_REQUIRED, &wanted->payload))
        return false;
    if (!signature)
        return cJSON_HasObjectItem(inner.value, "signature")
                   ? ska_json_fail(&inner, "signature", "unknown member")
                   : tsb_check_key_password(exchange, &inner, "keyPassword", wanted->key_name);
    return tsb_need_base64(&inner, "signature", &wanted->hash);
}

static bool fail_mac(struct tsb_exchange *exchange, CK_RV rv, const char *label)
{
    return rv == CKR_KEY_TYPE_INCONSISTENT
               ? tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY,
                            "key %s is not an HMAC key", label)
               : tsb_fail_key(exchange, rv, label);
}

/* Opens the key, and makes the hash, or sees whether one is right. */
static CK_RV do_mac(struct tsb_device *device, struct mac *wanted, bool verify)
{
    CK_MECHANISM mechanism;
    struct tsb_key key;
    CK_RV rv = tsb_key_open(device, wanted->key_name, &key);

    if (rv == CKR_OK)
        rv = find_mac(&key, &mechanism);
    if (rv == CKR_OK)
        rv = verify ? tsb_key_verify(device, &key, &mechanism, ska_span_of(&wanted->payload),
                                     ska_span_of(&wanted->hash))
                    : tsb_key_sign(device, &key, &mechanism, ska_span_of(&wanted->payload),
                                   &wanted->hash);
    tsb_key_close(device, &key);
    return rv;
}

static void clear_mac(struct mac *wanted)
{
    ska_bytes_free(&wanted->payload);
    ska_bytes_free(&wanted->hash);
}

void tsb_hmac(struct tsb_exchange *exchange)
{
    struct mac wanted = {.key_name = NULL};
    CK_RV rv = CKR_OK;

    if (read_mac(exchange, "hmacRequest", false, &wanted)) {
        rv = do_mac(exchange->server->device, &wanted, false);
        if (rv == CKR_OK)
            tsb_answer_bytes(exchange, 200, "keyedHash", ska_span_of(&wanted.hash));
        else
            fail_mac(exchange, rv, wanted.key_name);
    }
    clear_mac(&wanted);
}

void tsb_verify_hmac(struct tsb_exchange *exchange)
{
    struct mac wanted = {.key_name = NULL};
    CK_RV rv = CKR_OK;

    if (read_mac(exchange, "verifyHmacRequest", true, &wanted)) {
        rv = do_mac(exchange->server->device, &wanted, true);
        if (rv == CKR_OK || rv == CKR_SIGNATURE_INVALID || rv == CKR_SIGNATURE_LEN_RANGE)
            tsb_answer_flag(exchange, 200, "signatureValid", rv == CKR_OK);
        else
            fail_mac(exchange, rv, wanted.key_name);
    }
    clear_mac(&wanted);
}
