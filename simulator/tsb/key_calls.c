/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls about keys.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include "simulator/tsb/calls.h"
#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/key_attributes.h"
#include "simulator/tsb/key_store.h"
#include "simulator/tsb/policy_body.h"

#define LABEL_LIMIT 255

/* ---- Answers --------------------------------------------------------------------------------- */

/* Takes the JSON over. */
static cJSON *attributes_answer(struct tsb_key_attributes *attributes)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *inner = attributes->json;

    attributes->json = NULL;
    if (json != NULL && ska_json_add_text(json, "xml", (const char *)attributes->xml.data) &&
        ska_json_add_item(json, "json", inner) &&
        ska_json_add_base64(json, "xmlSignature", ska_span_of(&attributes->signature)) &&
        ska_json_add_text(json, "attestationKeyName", TSB_ATTESTATION_KEY))
        return json;
    if (json == NULL)
        cJSON_Delete(inner);
    cJSON_Delete(json);
    return NULL;
}

static void answer_with_attributes(struct tsb_exchange *exchange, unsigned int status,
                                   const char *label)
{
    struct tsb_key_attributes attributes;

    if (tsb_key_attributes_read(exchange, label, &attributes))
        tsb_answer_json(&exchange->answer, status, attributes_answer(&attributes));
    tsb_key_attributes_clear(&attributes);
}

/* ---- Creating -------------------------------------------------------------------------------- */

/* What a body asks for. */
struct new_key {
    struct tsb_key_plan plan;
    struct tsb_policy policy;
    bool has_policy;
    struct ska_bytes parameters;
    struct ska_bytes password;
};

static const struct {
    const char *name;
    const char *oid;
    CK_KEY_TYPE type;
} key_algorithms[] = {
    {"RSA", "1.2.840.113549.1.1.1", CKK_RSA},
    {"EC", "1.2.840.10045.2.1", CKK_EC},
    {"ED", "1.3.101.112", CKK_EC_EDWARDS},
};

static bool read_algorithm(struct tsb_answer *answer, const struct ska_json_place *top,
                           struct new_key *key)
{
    const char *name = NULL;
    const char *oid = NULL;

    if (!ska_json_text(top, "algorithm", SKA_JSON_OPTIONAL, &name) ||
        !ska_json_text(top, "algorithmOid", SKA_JSON_OPTIONAL, &oid))
        return false;
    if ((name == NULL) == (oid == NULL))
        return ska_json_fail(top, "algorithm", "either algorithm or algorithmOid expected");
    for (size_t i = 0; i < sizeof(key_algorithms) / sizeof(key_algorithms[0]); i++) {
        if (name != NULL ? strcmp(name, key_algorithms[i].name) != 0
                         : strcmp(oid, key_algorithms[i].oid) != 0)
            continue;
        key->plan.type = key_algorithms[i].type;
        return true;
    }
    return tsb_refuse(answer, TSB_NOT_IMPLEMENTED,
                      "this simulator has no keys of this algorithm; it has RSA, EC and ED");
}

static bool read_curve_oid(const struct ska_json_place *top, struct new_key *key)
{
    static const char *const of_ec[] = {"1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35",
                                        "1.3.132.0.10", NULL};
    static const char *const of_ed[] = {"1.3.101.112", "1.3.101.113", NULL};
    bool ed = key->plan.type == CKK_EC_EDWARDS;
    const char *oid = ed ? of_ed[0] : NULL;
    ASN1_OBJECT *object = NULL;
    unsigned char *der = NULL;
    int length = 0;

    if (!ska_json_text(top, "curveOid", ed ? SKA_JSON_OPTIONAL : SKA_JSON_REQUIRED, &oid))
        return false;
    if (!ska_text_is_among(ed ? of_ed : of_ec, oid))
        return ska_json_fail_value(top, "curveOid", oid, "a curve that this simulator has");
    object = OBJ_txt2obj(oid, 1);
    length = object == NULL ? 0 : i2d_ASN1_OBJECT(object, &der);
    if (length > 0 && !ska_bytes_copy(&key->parameters, ska_span(der, (size_t)length), NULL))
        length = 0;
    OPENSSL_free(der);
    ASN1_OBJECT_free(object);
    key->plan.parameters = ska_span_of(&key->parameters);
    return length > 0 || ska_json_fail(top, "curveOid", "out of memory");
}

static bool read_key_size(struct tsb_answer *answer, const struct ska_json_place *top,
                          struct new_key *key)
{
    uint64_t bits = 0;

    if (key->plan.type != CKK_RSA)
        return read_curve_oid(top, key);
    if (!ska_json_uint(top, "keySize", SKA_JSON_REQUIRED, &bits))
        return false;
    if (bits < 2048 || bits > 4096 || bits % 8 != 0)
        return tsb_refuse(answer, TSB_KEY_SIZE, "keySize: from 2048 to 4096, please");
    key->plan.bits = bits;
    return true;
}

static bool read_label(struct tsb_answer *answer, const struct ska_json_place *top,
                       struct new_key *key)
{
    if (!ska_json_text(top, "label", SKA_JSON_REQUIRED, &key->plan.label) ||
        !ska_json_text(top, "id", SKA_JSON_OPTIONAL, &key->plan.id))
        return false;
    if (key->plan.label[0] == '\0' || strlen(key->plan.label) > LABEL_LIMIT ||
        strchr(key->plan.label, '/') != NULL)
        return tsb_refuse(answer, TSB_INVALID_KEY_NAME, "label: from 1 to %d bytes, without '/'",
                          LABEL_LIMIT);
    return key->plan.id == NULL || strlen(key->plan.id) <= LABEL_LIMIT ||
           ska_json_fail(top, "id", "too long");
}

static bool read_key_flags(const struct ska_json_place *top, struct new_key *key)
{
    static const char *const names[] = {"encrypt",     "decrypt",   "verify",      "sign",
                                        "wrap",        "unwrap",    "derive",      "bip32",
                                        "slip10",      "rollover",  "extractable", "modifiable",
                                        "destroyable", "sensitive", "copyable",    NULL};
    struct ska_json_place flags;
    bool ignored = false;

    if (!ska_json_object(top, "attributes", SKA_JSON_REQUIRED, &flags) ||
        !ska_json_only(&flags, names) ||
        !ska_json_bool(&flags, "decrypt", SKA_JSON_REQUIRED, &key->plan.decrypt) ||
        !ska_json_bool(&flags, "sign", SKA_JSON_REQUIRED, &key->plan.sign) ||
        !ska_json_bool(&flags, "unwrap", SKA_JSON_REQUIRED, &key->plan.unwrap) ||
        !ska_json_bool(&flags, "extractable", SKA_JSON_OPTIONAL, &key->plan.extractable) ||
        !ska_json_bool(&flags, "destroyable", SKA_JSON_OPTIONAL, &key->plan.destroyable))
        return false;
    for (size_t i = 0; names[i] != NULL; i++)
        if (!ska_json_bool(&flags, names[i], SKA_JSON_OPTIONAL, &ignored))
            return false;
    return true;
}

static bool check_key_flags(struct tsb_answer *answer, const struct new_key *key)
{
    const struct tsb_key_plan *plan = &key->plan;

    if (!plan->sign && !plan->decrypt && !plan->unwrap)
        return tsb_refuse(answer, TSB_KEY_ATTRIBUTES,
                          "one of decrypt, sign and unwrap has to be true");
    if (key->has_policy && plan->extractable)
        return tsb_refuse(answer, TSB_KEY_ATTRIBUTES,
                          "a key that is extractable can have no policy");
    return !key->has_policy || plan->sign ||
           tsb_refuse(answer, TSB_KEY_ATTRIBUTES,
                      "keys of this simulator that have a policy sign, and nothing else");
}

static bool read_key_policy(struct tsb_answer *answer, const struct ska_json_place *top,
                            struct new_key *key)
{
    struct ska_json_place policy;

    if (!ska_json_object(top, "policy", SKA_JSON_OPTIONAL, &policy))
        return false;
    if (policy.value == NULL)
        return true;
    key->has_policy = tsb_policy_read(answer, &policy, true, &key->policy);
    key->plan.rules = key->policy.rules;
    key->plan.blocked = key->policy.blocked;
    return key->has_policy;
}

static bool read_new_key(struct tsb_answer *answer, const struct ska_json_place *top,
                         struct new_key *key)
{
    static const char *const names[] = {"label",        "password", "id",      "algorithm",
                                        "algorithmOid", "curveOid", "keySize", "addressFormat",
                                        "attributes",   "policy",   NULL};

    if (!ska_json_only(top, names) || !read_label(answer, top, key) ||
        !tsb_read_password(top, "password", &key->password) || !read_algorithm(answer, top, key) ||
        !read_key_size(answer, top, key) || !read_key_flags(top, key) ||
        !read_key_policy(answer, top, key))
        return false;
    return check_key_flags(answer, key);
}

/* The record comes first: a key that has one and is not there is none. */
static bool generate_key(struct tsb_exchange *exchange, struct new_key *key)
{
    struct tsb_server *server = exchange->server;
    const char *label = key->plan.label;
    struct tsb_key there;
    CK_RV rv = tsb_key_open(server->device, label, &there);

    tsb_key_close(server->device, &there);
    if (rv == CKR_OK)
        return tsb_refuse(&exchange->answer, TSB_KEY_EXISTS, "Key with name %s already exists",
                          label);
    if (rv != CKR_OBJECT_HANDLE_INVALID)
        return tsb_exchange_fail_device(exchange, rv);
    if (!tsb_key_record_insert(server->database, server->libctx, label, key->plan.id,
                               ska_span_of(&key->password)))
        return tsb_exchange_fail_storage(exchange);
    rv = tsb_key_generate(server->device, &key->plan);
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

void tsb_create_key(struct tsb_exchange *exchange)
{
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct new_key key;

    memset(&key, 0, sizeof(key));
    tsb_exchange_top(exchange, &errors, &top);
    if (read_new_key(&exchange->answer, &top, &key) && generate_key(exchange, &key))
        answer_with_attributes(exchange, 201, key.plan.label);
    tsb_policy_clear(&key.policy);
    ska_bytes_free(&key.parameters);
    ska_bytes_clear_free(&key.password);
}

/* ---- Reading and deleting -------------------------------------------------------------------- */

static bool check_password(struct tsb_exchange *exchange, const char *label,
                           struct ska_span password)
{
    bool fits = false;

    if (!tsb_key_password_fits(exchange->server->database, exchange->server->libctx, label,
                               password, &fits))
        return tsb_exchange_fail_storage(exchange);
    return fits || tsb_refuse(&exchange->answer, TSB_KEY_PASSWORD,
                              "the password of key %s is another one", label);
}

/* {"label", "password"}; *label is borrowed. */
static bool read_label_and_password(struct tsb_exchange *exchange, const char **label)
{
    static const char *const names[] = {"label", "password", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_bytes password = {NULL, 0};
    struct ska_json_place top;
    bool done = false;

    tsb_exchange_top(exchange, &errors, &top);
    done = ska_json_only(&top, names) && ska_json_text(&top, "label", SKA_JSON_REQUIRED, label) &&
           tsb_read_password(&top, "password", &password) &&
           check_password(exchange, *label, ska_span_of(&password));
    ska_bytes_clear_free(&password);
    return done;
}

void tsb_read_key(struct tsb_exchange *exchange)
{
    const char *label = NULL;

    if (read_label_and_password(exchange, &label))
        answer_with_attributes(exchange, 200, label);
}

void tsb_read_key_by_path(struct tsb_exchange *exchange)
{
    if (check_password(exchange, exchange->argument, ska_span(NULL, 0)))
        answer_with_attributes(exchange, 200, exchange->argument);
}

static void delete_key(struct tsb_exchange *exchange, const char *label)
{
    struct tsb_device *device = exchange->server->device;
    struct tsb_key key;
    CK_RV rv = tsb_key_open(device, label, &key);

    if (rv == CKR_OK)
        rv = tsb_ska_is_own_key(label) ? CKR_KEY_FUNCTION_NOT_PERMITTED
                                       : tsb_key_destroy(device, &key);
    tsb_key_close(device, &key);
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        tsb_refuse(&exchange->answer, TSB_KEY_NOT_EXISTENT, "Key with name %s not found", label);
    else if (rv != CKR_OK)
        tsb_exchange_fail_device(exchange, rv);
    else if (!tsb_key_record_delete(exchange->server->database, label))
        tsb_exchange_fail_storage(exchange);
    else
        tsb_answer_empty(&exchange->answer, 200);
}

void tsb_delete_key(struct tsb_exchange *exchange)
{
    const char *label = NULL;

    if (read_label_and_password(exchange, &label))
        delete_key(exchange, label);
}

void tsb_delete_key_by_path(struct tsb_exchange *exchange)
{
    if (check_password(exchange, exchange->argument, ska_span(NULL, 0)))
        delete_key(exchange, exchange->argument);
}

void tsb_list_keys(struct tsb_exchange *exchange)
{
    cJSON *array = cJSON_CreateArray();
    char **labels = NULL;
    size_t count = 0;
    CK_RV rv = tsb_key_labels(exchange->server->device, &labels, &count);
    bool done = array != NULL;

    /* Others may have made keys whose labels JSON cannot hold; nor can a call name them. */
    for (size_t i = 0; done && i < count; i++)
        if (ska_utf8_valid(ska_span_text(labels[i])))
            done = ska_json_add_item(array, NULL, cJSON_CreateString(labels[i]));
    tsb_labels_free(labels, count);
    if (rv != CKR_OK || !done) {
        cJSON_Delete(array);
        array = NULL;
    }
    if (rv != CKR_OK)
        tsb_exchange_fail_device(exchange, rv);
    else
        tsb_answer_json(&exchange->answer, 200, array);
}
