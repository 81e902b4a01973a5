/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/new_key_body.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/device_key.h"

#define LABEL_LIMIT 255

void tsb_new_key_clear(struct tsb_new_key *key)
{
    tsb_policy_clear(&key->policy);
    ska_bytes_free(&key->parameters);
    ska_bytes_clear_free(&key->password);
}

/* ---- Name and kind --------------------------------------------------------------------------- */

bool tsb_new_key_label_read(struct tsb_answer *answer, const struct ska_json_place *place,
                            struct tsb_new_key *key)
{
    if (!tsb_need_text(place, "label", &key->plan.label) ||
        !ska_json_text(place, "id", SKA_JSON_OPTIONAL, &key->plan.id))
        return false;
    if (strlen(key->plan.label) > LABEL_LIMIT || strchr(key->plan.label, '/') != NULL)
        return tsb_refuse(answer, TSB_INVALID_KEY_NAME, "label: at most %d bytes, without '/'",
                          LABEL_LIMIT);
    return key->plan.id == NULL || strlen(key->plan.id) <= LABEL_LIMIT ||
           ska_json_fail(place, "id", "too long");
}

/* What the vendor has, and this simulator has not; those that end in - or . begin many names. */
static const char *const absent_algorithms[] = {"BLS",
                                                "DSA",
                                                "ISS",
                                                "ChaCha20",
                                                "CHACHA20",
                                                "Camellia",
                                                "CAMELLIA",
                                                "ML-DSA-",
                                                "ML-KEM-",
                                                "SLH-DSA-",
                                                "LMS",
                                                "HSS-LMS",
                                                "XMSS",
                                                "XMSS-",
                                                "DILITHIUM",
                                                "SPHINCS_PLUS",
                                                "1.2.840.10040.4.1",     /* DSA */
                                                "2.16.840.1.101.3.4.3.", /* ML-DSA, SLH-DSA */
                                                "2.16.840.1.101.3.4.4.", /* ML-KEM */
                                                NULL};
static const char *const absent_curves[] = {"1.2.840.10045.3.1.1",     /* P-192 */
                                            "1.3.132.0.31",            /* secp192k1 */
                                            "1.3.132.0.32",            /* secp224k1 */
                                            "1.3.132.0.33",            /* P-224 */
                                            "1.3.36.3.3.2.8.1.1.",     /* Brainpool */
                                            "1.2.250.1.223.101.256.1", /* frp256v1 */
                                            NULL};

static bool is_absent(const char *const *absent, const char *text)
{
    for (size_t i = 0; absent[i] != NULL; i++) {
        size_t length = strlen(absent[i]);
        bool begins = strchr("-.", absent[i][length - 1]) != NULL;

        if (begins ? strncmp(absent[i], text, length) == 0 : strcmp(absent[i], text) == 0)
            return true;
    }
    return false;
}

static const struct {
    const char *name;
    const char *oid; /* NULL: none in use */
    CK_KEY_TYPE type;
    CK_ULONG bits; /* of a secret that has one size */
} key_algorithms[] = {
    {"RSA", "1.2.840.113549.1.1.1", CKK_RSA, 0},
    {"EC", "1.2.840.10045.2.1", CKK_EC, 0},
    {"ED", "1.3.101.112", CKK_EC_EDWARDS, 0},
    {"AES", "2.16.840.1.101.3.4.1", CKK_AES, 0},
    {"TDEA", "1.2.840.113549.3.7", CKK_DES3, 192},
    {"HMACSHA1", "1.2.840.113549.2.7", CKK_SHA_1_HMAC, 160},
    {"HMACSHA224", "1.2.840.113549.2.8", CKK_SHA224_HMAC, 224},
    {"HMACSHA256", "1.2.840.113549.2.9", CKK_SHA256_HMAC, 256},
    {"HMACSHA384", "1.2.840.113549.2.10", CKK_SHA384_HMAC, 384},
    {"HMACSHA512", "1.2.840.113549.2.11", CKK_SHA512_HMAC, 512},
};

bool tsb_new_key_algorithm_read(struct tsb_answer *answer, const struct ska_json_place *place,
                                struct tsb_new_key *key)
{
    const char *name = NULL;
    const char *oid = NULL;

    if (!ska_json_text(place, "algorithm", SKA_JSON_OPTIONAL, &name) ||
        !ska_json_text(place, "algorithmOid", SKA_JSON_OPTIONAL, &oid))
        return false;
    if (name != NULL && oid != NULL)
        return ska_json_fail(place, "algorithm", "either algorithm or algorithmOid expected");
    if (name == NULL && oid == NULL && cJSON_HasObjectItem(place->value, "seed"))
        name = "EC"; /* seeds of BIP-32 come without */
    if (name == NULL && oid == NULL)
        return ska_json_fail(place, "algorithm", "either algorithm or algorithmOid expected");
    for (size_t i = 0; i < sizeof(key_algorithms) / sizeof(key_algorithms[0]); i++) {
        if (strcmp(name != NULL ? name : oid,
                   name != NULL ? key_algorithms[i].name : key_algorithms[i].oid) != 0)
            continue;
        key->plan.type = key_algorithms[i].type;
        key->plan.bits = key_algorithms[i].bits;
        return true;
    }
    if (is_absent(absent_algorithms, name != NULL ? name : oid))
        return tsb_refuse(answer, TSB_NOT_IMPLEMENTED,
                          "this simulator has no keys of algorithm %s; it has RSA, EC, ED, AES, "
                          "TDEA and HMAC with SHA-1 and SHA-2",
                          name != NULL ? name : oid);
    return ska_json_fail_value(
        place, name != NULL ? "algorithm" : "algorithmOid", name != NULL ? name : oid,
        "an algorithm of keys, such as RSA, EC, ED, AES, TDEA or HMACSHA256");
}

/* ---- Size ------------------------------------------------------------------------------------ */

static bool read_curve_oid(struct tsb_answer *answer, const struct ska_json_place *place,
                           enum ska_json_need need, struct tsb_new_key *key)
{
    static const char *const of_ec[] = {"1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35",
                                        "1.3.132.0.10", NULL};
    static const char *const of_ed[] = {"1.3.101.112", "1.3.101.113", NULL};
    bool ed = key->plan.type == CKK_EC_EDWARDS;
    const char *oid = ed ? of_ed[0] : NULL;
    ASN1_OBJECT *object = NULL;
    unsigned char *der = NULL;
    int length = 0;

    if (!ska_json_text(place, "curveOid", ed ? SKA_JSON_OPTIONAL : need, &oid))
        return false;
    if (oid == NULL)
        return true;
    if (!ed && is_absent(absent_curves, oid))
        return tsb_refuse(
            answer, TSB_NOT_IMPLEMENTED,
            "curveOid: this simulator has no curve %s; it has P-256, P-384, P-521 and "
            "secp256k1",
            oid);
    if (!ska_text_is_among(ed ? of_ed : of_ec, oid))
        return ska_json_fail_value(place, "curveOid", oid,
                                   ed ? "the OID of Ed25519 or Ed448" : "the OID of a curve");
    object = OBJ_txt2obj(oid, 1);
    length = object == NULL ? 0 : i2d_ASN1_OBJECT(object, &der);
    if (length > 0 && !ska_bytes_copy(&key->parameters, ska_span(der, (size_t)length), NULL))
        length = 0;
    OPENSSL_free(der);
    ASN1_OBJECT_free(object);
    key->plan.parameters = ska_span_of(&key->parameters);
    return length > 0 || ska_json_fail(place, "curveOid", "out of memory");
}

static bool is_key_size(CK_KEY_TYPE type, uint64_t bits)
{
    if (type == CKK_RSA)
        return bits >= 2048 && bits <= 4096 && bits % 8 == 0;
    if (type == CKK_AES)
        return bits == 128 || bits == 192 || bits == 256;
    return type == CKK_DES3 ? bits == 168 || bits == 192
                            : bits >= 112 && bits % 8 == 0 && bits <= 1024;
}

/* Of keys that have one size the default is that. */
bool tsb_new_key_size_read(struct tsb_answer *answer, const struct ska_json_place *place,
                           enum ska_json_need need, struct tsb_new_key *key)
{
    uint64_t bits = key->plan.bits;

    if (key->plan.type == CKK_EC || key->plan.type == CKK_EC_EDWARDS)
        return read_curve_oid(answer, place, need, key);
    if (!ska_json_uint(place, "keySize", bits > 0 ? SKA_JSON_OPTIONAL : need, &bits))
        return false;
    if (bits != 0 && !is_key_size(key->plan.type, bits))
        return tsb_refuse(answer, TSB_KEY_SIZE,
                          "keySize: RSA from 2048 to 4096, AES 128, 192 or 256 expected");
    key->plan.bits = bits;
    return true;
}

/* ---- Attributes ------------------------------------------------------------------------------ */

bool tsb_new_key_flags_read(const struct ska_json_place *place, enum ska_json_need need,
                            struct tsb_new_key *key)
{
    struct tsb_key_plan *plan = &key->plan;
    bool bip32 = false;
    bool slip10 = false;
    bool ignored = false;
    const struct {
        const char *name;
        enum ska_json_need need;
        bool *value;
    } flags[] = {
        {"encrypt", SKA_JSON_OPTIONAL, &plan->encrypt},
        {"decrypt", need, &plan->decrypt},
        {"verify", SKA_JSON_OPTIONAL, &plan->verify},
        {"sign", need, &plan->sign},
        {"wrap", SKA_JSON_OPTIONAL, &plan->wrap},
        {"unwrap", need, &plan->unwrap},
        {"derive", SKA_JSON_OPTIONAL, &plan->derive},
        {"bip32", SKA_JSON_OPTIONAL, &bip32},
        {"slip10", SKA_JSON_OPTIONAL, &slip10},
        {"rollover", SKA_JSON_OPTIONAL, &ignored},
        {"extractable", SKA_JSON_OPTIONAL, &plan->extractable},
        {"modifiable", SKA_JSON_OPTIONAL, &plan->modifiable},
        {"destroyable", SKA_JSON_OPTIONAL, &plan->destroyable},
        {"sensitive", SKA_JSON_OPTIONAL, &plan->sensitive},
        {"copyable", SKA_JSON_OPTIONAL, &plan->copyable},
        {"neverExtractable", SKA_JSON_OPTIONAL, &ignored},
        {"alwaysSensitive", SKA_JSON_OPTIONAL, &ignored},
    };
    const char *names[sizeof(flags) / sizeof(flags[0]) + 1] = {NULL};
    struct ska_json_place inside;

    plan->modifiable = true;
    plan->sensitive = true;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        names[i] = flags[i].name;
    if (!ska_json_object(place, "attributes", SKA_JSON_REQUIRED, &inside) ||
        !ska_json_only(&inside, names))
        return false;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (!ska_json_bool(&inside, flags[i].name, flags[i].need, flags[i].value))
            return false;
    key->master = plan->derive && (bip32 || slip10);
    return true;
}

bool tsb_new_key_policy_read(struct tsb_exchange *exchange, const struct ska_json_place *place,
                             struct tsb_new_key *key)
{
    struct ska_json_place policy;

    if (!ska_json_object(place, "policy", SKA_JSON_OPTIONAL, &policy))
        return false;
    if (policy.value == NULL)
        return true;
    key->has_policy = tsb_policy_read(exchange, &policy, true, &key->policy);
    key->plan.rules = key->policy.rules;
    key->plan.blocked = key->policy.blocked;
    return key->has_policy;
}

/* ---- Whether it can be ----------------------------------------------------------------------- */

/* Whether everyone may do everything with the key at any time. */
static bool is_open(const struct tsb_policy *policy)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (!ska_rule_is_empty(&policy->rules[i]) || ska_rule_has_time_limit(&policy->rules[i]))
            return false;
    return !policy->blocked;
}

bool tsb_new_key_drop_policy(struct tsb_answer *answer, const char *keys, struct tsb_new_key *key)
{
    if (!key->has_policy)
        return true;
    if (!is_open(&key->policy))
        return tsb_refuse(answer, TSB_NOT_IMPLEMENTED,
                          "in this simulator %s cannot have a policy that restricts them", keys);
    key->has_policy = false;
    key->plan.rules = NULL;
    return true;
}

static bool check_policy(struct tsb_answer *answer, struct tsb_new_key *key)
{
    const struct tsb_key_plan *plan = &key->plan;

    if (plan->extractable)
        return tsb_refuse(answer, TSB_KEY_ATTRIBUTES, "an extractable key cannot have a policy");
    if (tsb_plan_is_secret(plan) || key->master)
        return tsb_new_key_drop_policy(answer, "secret keys and keys for derivation", key);
    return plan->sign || plan->type == CKK_RSA ||
           tsb_refuse(answer, TSB_KEY_ATTRIBUTES,
                      "of keys with a policy, only RSA keys decrypt and unwrap");
}

bool tsb_new_key_check(struct tsb_answer *answer, struct tsb_new_key *key)
{
    const struct tsb_key_plan *plan = &key->plan;

    if (!plan->sign && !plan->decrypt && !plan->unwrap)
        return tsb_refuse(answer, TSB_KEY_ATTRIBUTES,
                          "one of decrypt, sign and unwrap must be true");
    return !key->has_policy || check_policy(answer, key);
}

bool tsb_new_key_is_new(struct tsb_exchange *exchange, const struct tsb_new_key *key)
{
    struct tsb_device *device = exchange->server->device;
    struct tsb_key there;
    CK_RV rv = tsb_key_open_stored(device, key->plan.label, &there);

    tsb_key_close(device, &there);
    if (rv == CKR_OK)
        return tsb_refuse(&exchange->answer, TSB_KEY_EXISTS, "Key with name %s already exists",
                          key->plan.label);
    return rv == CKR_OBJECT_HANDLE_INVALID || tsb_exchange_fail_device(exchange, rv);
}
