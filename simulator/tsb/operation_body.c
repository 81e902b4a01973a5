/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/operation_body.h"

#include <string.h>

#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/key_store.h"
#include "simulator/tsb/policy_serialize.h"

static const struct {
    const char *root;
    const char *key_name;
    const char *id_name;
} names_of[] = {
    [SKA_OPERATION_SIGN] = {"signRequest", "signKeyName", "signRequestId"},
    [SKA_OPERATION_BLOCK] = {"blockRequest", "blockKeyName", "blockKeyRequestId"},
    [SKA_OPERATION_UNBLOCK] = {"unblockRequest", "unblockKeyName", "unblockKeyRequestId"},
    [SKA_OPERATION_MODIFY] = {"modifyRequest", "modifyKeyName", "modifyKeyRequestId"},
};

const char *tsb_operation_root(enum ska_operation operation)
{
    return names_of[operation].root;
}

const char *tsb_operation_id_name(enum ska_operation operation)
{
    return names_of[operation].id_name;
}

bool tsb_operation_wants_raw(const struct tsb_operation *wanted)
{
    return wanted->signature_type != NULL && strcmp(wanted->signature_type, "RAW") == 0;
}

/* ---- Members --------------------------------------------------------------------------------- */

/* A text of this list, which ends with NULL. */
static bool read_choice(const struct ska_json_place *place, const char *name,
                        const char *const *choices, const char **value)
{
    return ska_json_text(place, name, SKA_JSON_OPTIONAL, value) &&
           (*value == NULL || ska_text_is_among(choices, *value) ||
            ska_json_fail_value(place, name, *value, "one of its values"));
}

/* Checked to be base64, and kept as it is. */
static bool read_base64_text(const struct ska_json_place *place, const char *name,
                             const char **value)
{
    struct ska_bytes decoded = {NULL, 0};
    bool done = ska_json_text(place, name, SKA_JSON_OPTIONAL, value) &&
                ska_json_base64(place, name, SKA_JSON_OPTIONAL, &decoded);

    ska_bytes_free(&decoded);
    return done;
}

static bool read_request_signature(const struct ska_json_place *top)
{
    static const char *const names[] = {"signature", "digestAlgorithm", "publicKey", NULL};
    struct ska_json_place signature;
    const char *text = NULL;

    if (!ska_json_object(top, "requestSignature", SKA_JSON_OPTIONAL, &signature))
        return false;
    return signature.value == NULL ||
           (ska_json_only(&signature, names) &&
            ska_json_text(&signature, "digestAlgorithm", SKA_JSON_OPTIONAL, &text) &&
            read_base64_text(&signature, "signature", &text) &&
            read_base64_text(&signature, "publicKey", &text));
}

static bool read_payload(const struct ska_json_place *inner, struct tsb_operation *wanted)
{
    static const char *const types[] = {"UNSPECIFIED", "ISO_20022", "PDF", "BTC",
                                        "ETH",         "HEX",       NULL};
    const char *text = NULL;

    if (!read_choice(inner, "payloadType", types, &wanted->payload_type) ||
        !ska_json_text(inner, "payload", SKA_JSON_REQUIRED, &text))
        return false;
    if (wanted->payload_type == NULL)
        wanted->payload_type = "UNSPECIFIED";
    if (strcmp(wanted->payload_type, "HEX") == 0)
        return ska_hex_decode(text, &wanted->payload) ||
               ska_json_fail(inner, "payload", "pairs of lower-case hex digits expected");
    return ska_json_base64(inner, "payload", SKA_JSON_REQUIRED, &wanted->payload);
}

/* Members for what this simulator does not have. */
static bool refuse_extras(struct tsb_answer *answer, const struct ska_json_place *inner)
{
    static const char *const names[] = {"context",        "auxiliaryRandomData", "taprootTweakData",
                                        "merkleRootData", "signKeyObject",       NULL};

    for (size_t i = 0; names[i] != NULL; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(inner->value, names[i]);

        if (item != NULL && !cJSON_IsNull(item))
            return tsb_refuse(answer, TSB_NOT_IMPLEMENTED, "this simulator has no %s", names[i]);
    }
    return true;
}

static bool read_signing(struct tsb_answer *answer, const struct ska_json_place *inner,
                         struct tsb_operation *wanted)
{
    static const char *const types[] = {"DER", "ETH", "RAW", NULL};

    if (!read_payload(inner, wanted) ||
        !ska_json_text(inner, "signatureAlgorithm", SKA_JSON_REQUIRED, &wanted->algorithm_name) ||
        !read_choice(inner, "signatureType", types, &wanted->signature_type) ||
        !refuse_extras(answer, inner))
        return false;
    if (wanted->signature_type != NULL && strcmp(wanted->signature_type, "ETH") == 0)
        return tsb_refuse(answer, TSB_NOT_IMPLEMENTED, "this simulator has no signatureType ETH");
    wanted->algorithm =
        tsb_algorithm_find(wanted->algorithm_name, "signRequest.signatureAlgorithm", answer);
    return wanted->algorithm != NULL;
}

static bool read_modification(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                              struct tsb_operation *wanted)
{
    struct ska_json_place place;
    struct tsb_policy policy;
    CK_RV rv = CKR_OK;

    if (!ska_json_object(inner, "policy", SKA_JSON_REQUIRED, &place) ||
        !tsb_policy_read(&exchange->answer, &place, false, &policy))
        return false;
    rv = tsb_modify_serialize(tsb_device_vendor_calls(exchange->server->device), policy.rules,
                              &wanted->payload);
    tsb_policy_clear(&policy);
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

static bool check_members(const struct ska_json_place *inner, enum ska_operation operation,
                          bool synchronous)
{
    static const char *const of_signing[] = {"payload",
                                             "payloadType",
                                             "signKeyName",
                                             "keyPassword",
                                             "metaData",
                                             "metaDataSignature",
                                             "signatureAlgorithm",
                                             "signatureType",
                                             "context",
                                             "auxiliaryRandomData",
                                             "taprootTweakData",
                                             "merkleRootData",
                                             "signKeyObject",
                                             "signedApprovals",
                                             NULL};
    const char *const of_others[] = {names_of[operation].key_name,
                                     "keyPassword",
                                     "metaData",
                                     "metaDataSignature",
                                     operation == SKA_OPERATION_MODIFY ? "policy" : "keyPassword",
                                     "signedApprovals",
                                     NULL};

    if (!synchronous && cJSON_HasObjectItem(inner->value, "signedApprovals"))
        return ska_json_fail(inner, "signedApprovals", "unknown member");
    return ska_json_only(inner, operation == SKA_OPERATION_SIGN ? of_signing : of_others);
}

static bool read_inner(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                       bool synchronous, struct tsb_operation *wanted)
{
    struct ska_json_place approvals;

    if (!check_members(inner, wanted->operation, synchronous) ||
        !ska_json_text(inner, names_of[wanted->operation].key_name, SKA_JSON_REQUIRED,
                       &wanted->key_name) ||
        !read_base64_text(inner, "metaData", &wanted->meta_data) ||
        !read_base64_text(inner, "metaDataSignature", &wanted->meta_data_signature) ||
        !ska_json_array(inner, "signedApprovals", SKA_JSON_OPTIONAL, &approvals))
        return false;
    wanted->approvals = approvals.value;
    if (wanted->operation == SKA_OPERATION_SIGN)
        return read_signing(&exchange->answer, inner, wanted);
    return wanted->operation != SKA_OPERATION_MODIFY || read_modification(exchange, inner, wanted);
}

/* ---- The key --------------------------------------------------------------------------------- */

static bool check_key_password(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                               const char *label)
{
    struct tsb_server *server = exchange->server;
    struct ska_bytes password = {NULL, 0};
    bool fits = false;
    bool done = tsb_read_password(inner, "keyPassword", &password) &&
                (tsb_key_password_fits(server->database, server->libctx, label,
                                       ska_span_of(&password), &fits) ||
                 tsb_exchange_fail_storage(exchange)) &&
                (fits || tsb_refuse(&exchange->answer, TSB_KEY_PASSWORD,
                                    "the password of key %s is another one", label));

    ska_bytes_clear_free(&password);
    return done;
}

static bool open_key(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    CK_RV rv = tsb_key_open(exchange->server->device, wanted->key_name, &wanted->key);

    if (rv == CKR_OBJECT_HANDLE_INVALID)
        return tsb_refuse(&exchange->answer, TSB_KEY_NOT_EXISTENT, "Key with name %s not found",
                          wanted->key_name);
    if (rv == CKR_OK && tsb_ska_is_own_key(wanted->key_name))
        rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (rv != CKR_OK)
        return tsb_exchange_fail_device(exchange, rv);
    if (wanted->operation != SKA_OPERATION_SIGN)
        return wanted->key.ska || tsb_refuse(&exchange->answer, TSB_OPERATION_FORBIDDEN_FOR_KEY,
                                             "key %s has no policy", wanted->key_name);
    return wanted->algorithm->key_type == wanted->key.type ||
           tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY, "key %s cannot do %s",
                      wanted->key_name, wanted->algorithm_name);
}

static bool prepare_data(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    if (wanted->operation == SKA_OPERATION_SIGN)
        return tsb_signing_prepare(wanted->algorithm, ska_span_of(&wanted->payload),
                                   &wanted->mechanism, &wanted->data, &exchange->answer);
    return ska_bytes_copy(&wanted->data, ska_span_of(&wanted->payload), NULL) ||
           tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
}

bool tsb_operation_read(struct tsb_exchange *exchange, enum ska_operation operation,
                        bool synchronous, struct tsb_operation *wanted)
{
    const char *const names[] = {names_of[operation].root, "requestSignature", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct ska_json_place inner;

    memset(wanted, 0, sizeof(*wanted));
    wanted->operation = operation;
    tsb_exchange_top(exchange, &errors, &top);
    if (!ska_json_only(&top, names) ||
        !ska_json_object(&top, names_of[operation].root, SKA_JSON_REQUIRED, &inner) ||
        !read_request_signature(&top) || !read_inner(exchange, &inner, synchronous, wanted))
        return false;
    if (tsb_fault_happens(&exchange->server->faults, TSB_FAULT_SIGNER_NOT_ALLOWED, exchange->path))
        return tsb_refuse(&exchange->answer, TSB_REQUEST_SIGNER_NOT_ALLOWED,
                          "requests of this signer are not allowed");
    return open_key(exchange, wanted) && check_key_password(exchange, &inner, wanted->key_name) &&
           prepare_data(exchange, wanted);
}

void tsb_operation_clear(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    tsb_key_close(exchange->server->device, &wanted->key);
    ska_bytes_free(&wanted->payload);
    ska_bytes_free(&wanted->data);
}
