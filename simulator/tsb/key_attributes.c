/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/key_attributes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>

#include "provider/base/der.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/rule_codec.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/device_crypt.h"
#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/key_store.h"
#include "simulator/tsb/policy_body.h"
#include "simulator/tsb/time_text.h"

#define OID_ROOM 64

/* All that is known of a key. */
struct facts {
    const char *label;
    struct tsb_key_record record;
    bool recorded;
    CK_KEY_TYPE type;
    char curve_oid[OID_ROOM]; /* "": none */
    size_t bits;              /* RSA; 0: none */
    struct ska_bytes spki;
    char created[32]; /* "": not known */
    char attested[32];
    bool generated; /* in the HSM, which says so */
    bool ska;
    struct tsb_policy policy;
    bool flags[16]; /* as in flag_names */
    bool master;    /* that others are derived from, by this */
    uint8_t chain[TSB_NODE_LENGTH];
};

static const struct {
    const char *name; /* in JSON */
    const char *xml_name;
    CK_ATTRIBUTE_TYPE type;
} flag_names[] = {
    {"decrypt", "decrypt", CKA_DECRYPT},
    {"sign", "sign", CKA_SIGN},
    {"ekaSign", NULL, 0}, /* always null */
    {"unwrap", "unwrap", CKA_UNWRAP},
    {"derive", "derive", CKA_DERIVE},
    {"sensitive", "sensitive", CKA_SENSITIVE},
    {"alwaysSensitive", "always_sensitive", CKA_ALWAYS_SENSITIVE},
    {"extractable", "extractable", CKA_EXTRACTABLE},
    {"neverExtractable", "never_extractable", CKA_NEVER_EXTRACTABLE},
    {"modifiable", "modifiable", CKA_MODIFIABLE},
    {"copyable", "copyable", CKA_COPYABLE},
    {"destroyable", "destroyable", CKA_DESTROYABLE},
};

#define FLAG_COUNT (sizeof(flag_names) / sizeof(flag_names[0]))

static void clear_facts(struct facts *facts)
{
    tsb_key_record_clear(&facts->record);
    ska_bytes_free(&facts->spki);
    tsb_policy_clear(&facts->policy);
}

/* ---- Asking the HSM -------------------------------------------------------------------------- */

static void read_derivation(struct tsb_device *device, struct facts *facts)
{
    struct tsb_node node;

    facts->master = tsb_node_of(device, facts->label, &node) == CKR_OK;
    if (facts->master)
        memcpy(facts->chain, node.chain, sizeof(facts->chain));
    OPENSSL_cleanse(&node, sizeof(node));
}

/* The HSM keeps no name of a certificate. */
static void name_certificates(const struct ska_group *group)
{
    for (size_t i = 0; i < group->approver_count; i++) {
        struct ska_approver *approver = &group->approvers[i];

        /* One without a subject stays without a name. */
        if (approver->type == SKA_APPROVER_CERTIFICATE && approver->name.length == 0)
            (void)ska_certificate_name(ska_span_of(&approver->data), &approver->name);
    }
}

static bool read_rule(struct ska_span encoded, struct ska_rule *rule)
{
    if (!ska_rule_decode(encoded, rule, NULL))
        return false;
    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++)
            name_certificates(&rule->alternatives[i].groups[j]);
    return true;
}

static CK_RV read_policy(struct tsb_device *device, const struct tsb_key *key, struct facts *facts)
{
    CK_RV rv = CKR_OK;

    for (int i = 0; rv == CKR_OK && i < SKA_RULE_COUNT; i++) {
        struct ska_bytes rule = {NULL, 0};

        rv = tsb_key_rule(device, key, (enum ska_rule_kind)i, &rule);
        if (rv == CKR_OK && !read_rule(ska_span_of(&rule), &facts->policy.rules[i]))
            rv = CKR_FUNCTION_FAILED;
        ska_bytes_free(&rule);
    }
    facts->policy.blocked = tsb_key_flag(device, key, CKA_SKA_BLOCKED);
    return rv;
}

/* A public key may be there alone. */
static CK_OBJECT_HANDLE some_object(const struct tsb_key *key)
{
    return key->private_key != CK_INVALID_HANDLE ? key->private_key : key->public_key;
}

/* Of an Edwards key that SoftHSM generates it keeps the name of the curve, not the OID. */
static ASN1_OBJECT *decode_curve(struct ska_span parameters)
{
    static const struct {
        const char *name;
        int nid;
    } edwards[] = {{"edwards25519", NID_ED25519}, {"edwards448", NID_ED448}};
    const unsigned char *next = parameters.data;
    struct ska_span name = {NULL, 0};

    if (!ska_der_take(&parameters, V_ASN1_PRINTABLESTRING, &name))
        return d2i_ASN1_OBJECT(NULL, &next, (long)parameters.length);
    for (size_t i = 0; i < sizeof(edwards) / sizeof(edwards[0]); i++)
        if (ska_span_equal(name, ska_span_text(edwards[i].name)))
            return OBJ_nid2obj(edwards[i].nid);
    return NULL;
}

static void read_curve(struct tsb_device *device, const struct tsb_key *key, struct facts *facts)
{
    struct ska_bytes parameters = {NULL, 0};
    ASN1_OBJECT *curve = NULL;

    if (tsb_key_bytes(device, key->session, some_object(key), CKA_EC_PARAMS, &parameters) != CKR_OK)
        return;
    curve = decode_curve(ska_span_of(&parameters));
    if (curve != NULL)
        OBJ_obj2txt(facts->curve_oid, sizeof(facts->curve_oid), curve, 1);
    ASN1_OBJECT_free(curve);
    ska_bytes_free(&parameters);
}

static void read_bits(struct tsb_device *device, const struct tsb_key *key, struct facts *facts)
{
    struct ska_bytes modulus = {NULL, 0};

    if (tsb_key_bytes(device, key->session, some_object(key), CKA_MODULUS, &modulus) == CKR_OK)
        facts->bits = modulus.length * 8;
    ska_bytes_free(&modulus);
}

static void read_length(struct tsb_device *device, const struct tsb_key *key, struct facts *facts)
{
    CK_ULONG length = 0;
    struct ska_bytes value = {NULL, 0};

    if (tsb_key_bytes(device, key->session, key->private_key, CKA_VALUE_LEN, &value) == CKR_OK &&
        value.length == sizeof(length))
        memcpy(&length, value.data, sizeof(length));
    facts->bits = length * 8;
    ska_bytes_free(&value);
}

static CK_RV read_facts(struct tsb_device *device, const struct tsb_key *key, struct facts *facts)
{
    CK_RV rv = CKR_OK;

    facts->type = key->type;
    facts->ska = key->ska;
    facts->generated = tsb_key_flag(device, key, CKA_LOCAL);
    for (size_t i = 0; i < FLAG_COUNT; i++)
        facts->flags[i] =
            flag_names[i].xml_name != NULL && tsb_key_flag(device, key, flag_names[i].type);
    if (key->secret)
        read_length(device, key, facts);
    else if (key->type == CKK_RSA)
        read_bits(device, key, facts);
    else
        read_curve(device, key, facts);
    if (key->public_key != CK_INVALID_HANDLE && !key->secret)
        rv = tsb_key_spki(device, key, &facts->spki);
    read_derivation(device, facts);
    if (rv == CKR_OK && key->ska)
        rv = read_policy(device, key, facts);
    return rv;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static const struct {
    CK_KEY_TYPE type;
    const char *name;
    const char *oid; /* NULL: that of the curve */
} algorithm_names[] = {
    {CKK_RSA, "RSA", "1.2.840.113549.1.1.1"},
    {CKK_EC, "EC", "1.2.840.10045.2.1"},
    {CKK_EC_EDWARDS, "ED", NULL},
    {CKK_AES, "AES", "2.16.840.1.101.3.4.1"},
    {CKK_DES3, "TDEA", "1.2.840.113549.3.7"},
    {CKK_SHA_1_HMAC, "HMACSHA1", "1.2.840.113549.2.7"},
    {CKK_SHA224_HMAC, "HMACSHA224", "1.2.840.113549.2.8"},
    {CKK_SHA256_HMAC, "HMACSHA256", "1.2.840.113549.2.9"},
    {CKK_SHA384_HMAC, "HMACSHA384", "1.2.840.113549.2.10"},
    {CKK_SHA512_HMAC, "HMACSHA512", "1.2.840.113549.2.11"},
};

#define ALGORITHM_COUNT (sizeof(algorithm_names) / sizeof(algorithm_names[0]))

static const char *algorithm_of(const struct facts *facts)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++)
        if (algorithm_names[i].type == facts->type)
            return algorithm_names[i].name;
    return "UNKNOWN";
}

static const char *algorithm_oid_of(const struct facts *facts)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++)
        if (algorithm_names[i].type == facts->type && algorithm_names[i].oid != NULL)
            return algorithm_names[i].oid;
    return facts->curve_oid;
}

/* NULL or "": null. */
static bool add_text_or_null(cJSON *json, const char *name, const char *text)
{
    return text == NULL || text[0] == '\0' ? cJSON_AddNullToObject(json, name) != NULL
                                           : ska_json_add_text(json, name, text);
}

static bool add_key_size(cJSON *json, const struct facts *facts)
{
    return facts->bits == 0 ? cJSON_AddNullToObject(json, "keySize") != NULL
                            : cJSON_AddNumberToObject(json, "keySize", (double)facts->bits) != NULL;
}

static bool add_public_key(cJSON *json, const struct facts *facts)
{
    return facts->spki.length == 0
               ? cJSON_AddNullToObject(json, "publicKey") != NULL
               : ska_json_add_base64(json, "publicKey", ska_span_of(&facts->spki));
}

static bool add_flags(cJSON *json, const struct facts *facts)
{
    cJSON *flags = cJSON_AddObjectToObject(json, "attributes");
    bool done = flags != NULL;

    for (size_t i = 0; done && i < FLAG_COUNT; i++)
        done = flag_names[i].xml_name == NULL
                   ? cJSON_AddNullToObject(flags, flag_names[i].name) != NULL
                   : cJSON_AddBoolToObject(flags, flag_names[i].name, facts->flags[i]) != NULL;
    return done;
}

static bool add_derivation(cJSON *json, const struct facts *facts)
{
    cJSON *inside = NULL;
    char value[2 * TSB_NODE_LENGTH + 1] = "";

    if (!facts->master)
        return cJSON_AddNullToObject(json, "derivedAttributes") != NULL;
    for (size_t i = 0; i < TSB_NODE_LENGTH; i++)
        snprintf(value + 2 * i, 3, "%02X", facts->chain[i]);
    inside = cJSON_AddObjectToObject(json, "derivedAttributes");
    return inside != NULL && ska_json_add_text(inside, "derivationType", "SLIP-10") &&
           ska_json_add_text(inside, "derivationValue", value);
}

static cJSON *facts_to_json(const struct facts *facts)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL && ska_json_add_text(json, "label", facts->label) &&
        add_text_or_null(json, "id", facts->record.id) &&
        add_text_or_null(json, "uuid", facts->record.uuid) &&
        ska_json_add_text(json, "algorithm", algorithm_of(facts)) &&
        ska_json_add_text(json, "algorithmOid", algorithm_oid_of(facts)) &&
        add_text_or_null(json, "curveOid", facts->curve_oid) && add_derivation(json, facts) &&
        add_key_size(json, facts) && cJSON_AddNumberToObject(json, "keyUsageCount", 0) != NULL &&
        add_text_or_null(json, "createTime", facts->created) &&
        ska_json_add_text(json, "attestTime", facts->attested) && add_public_key(json, facts) &&
        cJSON_AddNullToObject(json, "addressTruncated") != NULL && add_flags(json, facts) &&
        ska_json_add_item(json, "policy",
                          facts->ska ? tsb_policy_to_json(&facts->policy) : cJSON_CreateNull()))
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* ---- XML ------------------------------------------------------------------------------------- */

static void facts_to_xml(const struct facts *facts, struct ska_buffer *xml)
{
    char *spki = NULL;

    ska_buffer_format(xml,
                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                      "<private_key creation=\"%s\"><label>",
                      facts->generated ? "generated" : "imported");
    tsb_xml_text(ska_span_text(facts->label), xml);
    ska_buffer_format(xml,
                      "</label><uuid>%s</uuid><create_time>%s</create_time>"
                      "<attest_time>%s</attest_time><algorithm>%s</algorithm>"
                      "<algorithm_oid>%s</algorithm_oid>",
                      facts->record.uuid, facts->created, facts->attested, algorithm_of(facts),
                      algorithm_oid_of(facts));
    if (facts->bits != 0)
        ska_buffer_format(xml, "<key_size>%zu</key_size>", facts->bits);
    else
        ska_buffer_format(xml, "<curve_oid>%s</curve_oid>", facts->curve_oid);
    if (facts->spki.length > 0 && ska_base64_encode(ska_span_of(&facts->spki), &spki, NULL))
        ska_buffer_format(xml, "<public_key>%s</public_key>", spki);
    free(spki);
    ska_buffer_text(xml, "<attributes>");
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (flag_names[i].xml_name != NULL)
            ska_buffer_format(xml, "<%s>%s</%s>", flag_names[i].xml_name,
                              facts->flags[i] ? "true" : "false", flag_names[i].xml_name);
    ska_buffer_text(xml, "</attributes>");
    if (facts->ska)
        tsb_policy_to_xml(&facts->policy, xml);
    ska_buffer_text(xml, "</private_key>");
}

static CK_RV attest(struct tsb_device *device, struct ska_span xml, struct ska_bytes *signature)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    struct tsb_key key;
    CK_RV rv = tsb_key_open_stored(device, TSB_ATTESTATION_KEY, &key);

    if (rv == CKR_OK)
        rv = tsb_key_sign(device, &key, &mechanism, xml, signature);
    tsb_key_close(device, &key);
    return rv;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static bool gather_facts(struct tsb_exchange *exchange, struct facts *facts)
{
    struct tsb_server *server = exchange->server;
    struct tsb_key key;
    CK_RV rv = tsb_key_open(server->device, facts->label, &key);

    if (rv == CKR_OK)
        rv = tsb_ska_is_own_key(facts->label) ? CKR_KEY_FUNCTION_NOT_PERMITTED
                                              : read_facts(server->device, &key, facts);
    tsb_key_close(server->device, &key);
    if (rv != CKR_OK)
        return tsb_fail_key(exchange, rv, facts->label);
    if (!tsb_key_record_load(server->database, facts->label, &facts->record, &facts->recorded))
        return tsb_exchange_fail_storage(exchange);
    if (facts->recorded)
        tsb_time_text(facts->record.created, facts->created);
    tsb_time_text(tsb_now(), facts->attested);
    return true;
}

static bool put_down(struct tsb_exchange *exchange, const struct facts *facts,
                     struct tsb_key_attributes *attributes)
{
    struct ska_buffer xml = {0};
    CK_RV rv = CKR_OK;

    facts_to_xml(facts, &xml);
    attributes->json = facts_to_json(facts);
    if (!ska_buffer_finish(&xml, &attributes->xml, NULL) || attributes->json == NULL)
        return tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
    rv = attest(exchange->server->device, ska_span_of(&attributes->xml), &attributes->signature);
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

bool tsb_key_attributes_read(struct tsb_exchange *exchange, const char *label,
                             struct tsb_key_attributes *attributes)
{
    struct facts facts = {.label = label};
    bool done = false;

    memset(attributes, 0, sizeof(*attributes));
    done = gather_facts(exchange, &facts) && put_down(exchange, &facts, attributes);
    clear_facts(&facts);
    if (!done)
        tsb_key_attributes_clear(attributes);
    return done;
}

void tsb_key_attributes_clear(struct tsb_key_attributes *attributes)
{
    cJSON_Delete(attributes->json);
    ska_bytes_free(&attributes->xml);
    ska_bytes_free(&attributes->signature);
    memset(attributes, 0, sizeof(*attributes));
}
