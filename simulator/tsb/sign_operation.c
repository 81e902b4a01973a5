/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/foreign_signature.h"
#include "simulator/tsb/operation_steps.h"
#include "simulator/tsb/schnorr.h"

const char *const tsb_sign_members[] = {"payload",          "payloadType",    "signatureAlgorithm",
                                        "signatureType",    "context",        "auxiliaryRandomData",
                                        "taprootTweakData", "merkleRootData", NULL};
/* Nobody is shown the metaData there. */
const char *const tsb_sign_members_at_once[] = {"signKeyObject", "metaData", "metaDataSignature",
                                                NULL};

/* ---- Members --------------------------------------------------------------------------------- */

static bool read_payload(const struct ska_json_place *inner, struct tsb_operation *wanted)
{
    static const char *const types[] = {"UNSPECIFIED", "ISO_20022", "PDF", "BTC",
                                        "ETH",         "HEX",       NULL};
    const char *text = NULL;

    if (!tsb_read_choice(inner, "payloadType", types, &wanted->payload_type) ||
        !tsb_need_text(inner, "payload", &text))
        return false;
    if (wanted->payload_type == NULL)
        wanted->payload_type = "UNSPECIFIED";
    if (strcmp(wanted->payload_type, "HEX") == 0)
        return ska_hex_decode(text, &wanted->payload) ||
               ska_json_fail(inner, "payload", "pairs of hex digits expected");
    return tsb_need_base64(inner, "payload", &wanted->payload);
}

/* Members for what this simulator does not have. */
static bool refuse_extras(struct tsb_answer *answer, const struct ska_json_place *inner)
{
    static const char *const names[] = {"context", "taprootTweakData", "merkleRootData",
                                        "signKeyObject", NULL};

    for (size_t i = 0; names[i] != NULL; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(inner->value, names[i]);

        if (item != NULL && !cJSON_IsNull(item))
            return tsb_refuse(answer, TSB_NOT_IMPLEMENTED, "this simulator has no %s", names[i]);
    }
    return true;
}

bool tsb_read_signature_algorithm(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                                  struct tsb_operation *wanted)
{
    char place[64];

    if (!ska_json_text(inner, "signatureAlgorithm", SKA_JSON_REQUIRED, &wanted->algorithm_name))
        return false;
    snprintf(place, sizeof(place), "%s.signatureAlgorithm", wanted->kind->root);
    wanted->algorithm = tsb_algorithm_find(wanted->algorithm_name, place, &exchange->answer);
    return wanted->algorithm != NULL;
}

bool tsb_sign_read(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                   struct tsb_operation *wanted)
{
    static const char *const types[] = {"DER", "ETH", "RAW", NULL};

    if (!read_payload(inner, wanted) ||
        !tsb_read_choice(inner, "signatureType", types, &wanted->signature_type) ||
        !refuse_extras(&exchange->answer, inner))
        return false;
    if (wanted->signature_type != NULL && strcmp(wanted->signature_type, "ETH") == 0)
        return tsb_refuse(&exchange->answer, TSB_NOT_IMPLEMENTED,
                          "this simulator has no signatureType ETH");
    return ska_json_base64(inner, "auxiliaryRandomData", SKA_JSON_OPTIONAL, &wanted->random) &&
           (wanted->random.data == NULL || wanted->random.length == TSB_SCHNORR_RANDOM ||
            ska_json_fail(inner, "auxiliaryRandomData", "32 bytes expected")) &&
           tsb_read_signature_algorithm(exchange, inner, wanted);
}

/* ---- Doing it -------------------------------------------------------------------------------- */

/* Neither the HSM nor anybody else has the key but as one that is derived. */
static CK_RV sign_by_schnorr(struct tsb_device *device, struct tsb_operation *wanted,
                             struct ska_bytes *made)
{
    struct ska_bytes random = {NULL, 0};
    struct tsb_node node;
    CK_RV rv = tsb_node_of(device, wanted->key_name, &node);

    if (rv == CKR_OBJECT_HANDLE_INVALID)
        rv = CKR_MECHANISM_INVALID;
    if (rv == CKR_OK && wanted->random.data == NULL)
        rv = tsb_device_random(device, TSB_SCHNORR_RANDOM, &random);
    if (rv == CKR_OK &&
        (node.curve != NID_secp256k1 ||
         !tsb_schnorr_sign(tsb_device_libctx(device), ska_span(node.key, sizeof(node.key)),
                           ska_span_of(wanted->random.data == NULL ? &random : &wanted->random),
                           ska_span_of(&wanted->data), made)))
        rv = CKR_MECHANISM_INVALID;
    OPENSSL_cleanse(&node, sizeof(node));
    ska_bytes_free(&random);
    return rv;
}

bool tsb_check_signature_algorithm(struct tsb_exchange *exchange,
                                   const struct tsb_operation *wanted)
{
    if (wanted->key.ska &&
        (wanted->algorithm->hashed_here != NULL || wanted->algorithm->mechanism == TSB_CKM_SCHNORR))
        return tsb_refuse(&exchange->answer, TSB_NOT_IMPLEMENTED,
                          "this simulator has no %s for keys with a policy",
                          wanted->algorithm_name);
    return wanted->algorithm->key_type == wanted->key.type ||
           tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY, "key %s cannot do %s",
                      wanted->key_name, wanted->algorithm_name);
}

bool tsb_sign_prepare(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    return tsb_check_signature_algorithm(exchange, wanted) &&
           tsb_signing_prepare(wanted->algorithm, ska_span_of(&wanted->payload), &wanted->mechanism,
                               &wanted->data, &exchange->answer);
}

CK_RV tsb_sign_run(struct tsb_device *device, struct tsb_operation *wanted,
                   const struct tsb_authority *by, struct ska_bytes *made)
{
    if (wanted->algorithm->mechanism == TSB_CKM_SCHNORR)
        return sign_by_schnorr(device, wanted, made);
    if (!wanted->key.ska)
        return tsb_key_sign(device, &wanted->key, &wanted->mechanism.mechanism,
                            ska_span_of(&wanted->data), made);
    return tsb_ska_execute(device, &wanted->key, CK_SKA_SIGN, &wanted->mechanism.mechanism, by,
                           made);
}

bool tsb_sign_finish(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                     struct ska_bytes *made, char **text)
{
    struct tsb_server *server = exchange->server;
    bool raw = wanted->signature_type != NULL && strcmp(wanted->signature_type, "RAW") == 0;

    if (tsb_fault_happens(&server->faults, TSB_FAULT_FOREIGN_RESULT, exchange->path) &&
        !tsb_foreign_signature(server->libctx, wanted->algorithm, ska_span_of(&wanted->payload),
                               made))
        return false;
    return tsb_signing_finish(wanted->algorithm, raw, made) &&
           ska_base64_encode(ska_span_of(made), text, NULL);
}
