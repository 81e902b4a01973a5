/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rand.h>

#include "provider/base/der.h"
#include "provider/base/evp_key.h"
#include "simulator/tsb/policy_serialize.h"

#define SIGNATURE_ROOM 1024
#define ID_LENGTH 16
#define MOST_ATTRIBUTES 24

/* Cryptoki's types have no const. */
static void *writable(const void *data)
{
    return (void *)(uintptr_t)data;
}

/* ---- Finding --------------------------------------------------------------------------------- */

/* Objects of a class (and a label), at most `room` of them. */
static CK_RV find_objects(struct tsb_device *device, CK_SESSION_HANDLE session,
                          CK_OBJECT_CLASS class, const char *label, CK_OBJECT_HANDLE *objects,
                          CK_ULONG room, CK_ULONG *count)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
                               {CKA_LABEL, writable(label), label == NULL ? 0 : strlen(label)}};
    CK_RV rv = calls->C_FindObjectsInit(session, template, label == NULL ? 1 : 2);

    *count = 0;
    if (rv != CKR_OK)
        return rv;
    rv = calls->C_FindObjects(session, objects, room, count);
    calls->C_FindObjectsFinal(session);
    return rv;
}

static CK_RV read_number(struct tsb_device *device, CK_SESSION_HANDLE session,
                         CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG *value)
{
    CK_ATTRIBUTE attribute = {type, value, sizeof(*value)};

    return tsb_device_calls(device)->C_GetAttributeValue(session, object, &attribute, 1);
}

bool tsb_key_flag(struct tsb_device *device, const struct tsb_key *key, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};

    return tsb_device_calls(device)->C_GetAttributeValue(key->session, key->private_key, &attribute,
                                                         1) == CKR_OK &&
           attribute.ulValueLen == sizeof(value) && value == CK_TRUE;
}

CK_RV tsb_key_bytes(struct tsb_device *device, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                    CK_ATTRIBUTE_TYPE type, struct ska_bytes *value)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    CK_RV rv = calls->C_GetAttributeValue(session, object, &attribute, 1);

    if (rv != CKR_OK)
        return rv;
    if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION || attribute.ulValueLen > 0x100000)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    value->data = calloc(1, attribute.ulValueLen + 1);
    if (value->data == NULL)
        return CKR_HOST_MEMORY;
    attribute.pValue = value->data;
    rv = calls->C_GetAttributeValue(session, object, &attribute, 1);
    value->length = rv == CKR_OK ? attribute.ulValueLen : 0;
    if (rv != CKR_OK)
        ska_bytes_free(value);
    return rv;
}

static CK_RV look_at_key(struct tsb_device *device, const char *label, struct tsb_key *key)
{
    CK_ULONG count = 0;
    CK_RV rv = find_objects(device, key->session, CKO_SKA_PRIVATE_KEY, label, &key->private_key, 1,
                            &count);

    key->ska = rv == CKR_OK && count == 1;
    if (rv == CKR_OK && count == 0)
        rv = find_objects(device, key->session, CKO_PRIVATE_KEY, label, &key->private_key, 1,
                          &count);
    if (rv == CKR_OK && count == 0)
        rv = CKR_OBJECT_HANDLE_INVALID;
    if (rv == CKR_OK)
        rv = read_number(device, key->session, key->private_key, CKA_KEY_TYPE, &key->type);
    if (rv != CKR_OK)
        return rv;
    key->timestamps = !key->ska && tsb_key_flag(device, key, CKA_SKA_TIMESTAMP_SIGN);
    rv = find_objects(device, key->session, CKO_PUBLIC_KEY, label, &key->public_key, 1, &count);
    if (count == 0)
        key->public_key = CK_INVALID_HANDLE;
    return rv;
}

CK_RV tsb_key_open(struct tsb_device *device, const char *label, struct tsb_key *key)
{
    CK_RV rv = CKR_OK;

    memset(key, 0, sizeof(*key));
    if (label[0] == '\0')
        return CKR_OBJECT_HANDLE_INVALID;
    rv = tsb_session_take(device, &key->session);
    return rv == CKR_OK ? look_at_key(device, label, key) : rv;
}

void tsb_key_close(struct tsb_device *device, struct tsb_key *key)
{
    tsb_session_give(device, key->session);
    key->session = CK_INVALID_HANDLE;
}

CK_RV tsb_key_rule(struct tsb_device *device, const struct tsb_key *key, enum ska_rule_kind kind,
                   struct ska_bytes *rule)
{
    static const CK_ATTRIBUTE_TYPE types[SKA_RULE_COUNT] = {
        [SKA_RULE_USE] = CKA_SKA_USAGE_ACCESS_BLOB,
        [SKA_RULE_BLOCK] = CKA_SKA_BLOCK_ACCESS_BLOB,
        [SKA_RULE_UNBLOCK] = CKA_SKA_UNBLOCK_ACCESS_BLOB,
        [SKA_RULE_MODIFY] = CKA_SKA_MODIFY_ACCESS_BLOB,
    };

    return tsb_key_bytes(device, key->session, key->private_key, types[kind], rule);
}

CK_RV tsb_key_labels(struct tsb_device *device, char ***labels, size_t *count)
{
    enum { ROOM = 4096 };
    CK_OBJECT_HANDLE *objects = calloc(ROOM, sizeof(*objects));
    char **texts = calloc(ROOM, sizeof(*texts));
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_ULONG found = 0;
    CK_RV rv =
        objects == NULL || texts == NULL ? CKR_HOST_MEMORY : tsb_session_take(device, &session);

    *count = 0;
    if (rv == CKR_OK)
        rv = find_objects(device, session, CKO_PRIVATE_KEY, NULL, objects, ROOM, &found);
    for (CK_ULONG i = 0; rv == CKR_OK && i < found; i++) {
        struct ska_bytes label = {NULL, 0};

        /* One that vanishes meanwhile is none. */
        if (tsb_key_bytes(device, session, objects[i], CKA_LABEL, &label) == CKR_OK)
            texts[(*count)++] = (char *)label.data;
    }
    tsb_session_give(device, session);
    free(objects);
    *labels = texts;
    return rv;
}

void tsb_labels_free(char **labels, size_t count)
{
    for (size_t i = 0; labels != NULL && i < count; i++)
        free(labels[i]);
    free(labels);
}

/* ---- Public keys ----------------------------------------------------------------------------- */

static bool make_edwards(OSSL_LIB_CTX *libctx, struct ska_span point, EVP_PKEY **key)
{
    return ska_evp_make_edwards(libctx, point.length == 32 ? SKA_KEY_ED25519 : SKA_KEY_ED448, point,
                                key);
}

static bool make_point_key(OSSL_LIB_CTX *libctx, CK_KEY_TYPE type, struct ska_span parameters,
                           struct ska_span encoded, EVP_PKEY **key)
{
    const unsigned char *next = parameters.data;
    ASN1_OBJECT *curve = NULL;
    struct ska_span point = {NULL, 0};
    bool done = false;

    if (!ska_der_take(&encoded, SKA_DER_OCTET_STRING, &point))
        return false;
    if (type == CKK_EC_EDWARDS)
        return make_edwards(libctx, point, key);
    curve = d2i_ASN1_OBJECT(NULL, &next, (long)parameters.length);
    done = curve != NULL && ska_evp_make_ec(libctx, OBJ_obj2nid(curve), point, key);
    ASN1_OBJECT_free(curve);
    return done;
}

CK_RV tsb_key_spki(struct tsb_device *device, const struct tsb_key *key, struct ska_bytes *spki)
{
    OSSL_LIB_CTX *libctx = tsb_device_libctx(device);
    bool rsa = key->type == CKK_RSA;
    struct ska_bytes first = {NULL, 0};
    struct ska_bytes second = {NULL, 0};
    EVP_PKEY *made = NULL;
    bool done = false;
    CK_RV rv = key->public_key == CK_INVALID_HANDLE
                   ? CKR_OBJECT_HANDLE_INVALID
                   : tsb_key_bytes(device, key->session, key->public_key,
                                   rsa ? CKA_MODULUS : CKA_EC_PARAMS, &first);

    if (rv == CKR_OK)
        rv = tsb_key_bytes(device, key->session, key->public_key,
                           rsa ? CKA_PUBLIC_EXPONENT : CKA_EC_POINT, &second);
    if (rv == CKR_OK)
        done = rsa ? ska_evp_make_rsa(libctx, SKA_KEY_RSA, ska_span_of(&first),
                                      ska_span_of(&second), &made)
                   : make_point_key(libctx, key->type, ska_span_of(&first), ska_span_of(&second),
                                    &made);
    if (rv == CKR_OK && !(done && ska_evp_encode(made, spki, NULL)))
        rv = CKR_FUNCTION_FAILED;
    EVP_PKEY_free(made);
    ska_bytes_free(&first);
    ska_bytes_free(&second);
    return rv;
}

/* ---- Generating ------------------------------------------------------------------------------ */

struct template_list {
    CK_ATTRIBUTE list[MOST_ATTRIBUTES];
    CK_ULONG count;
};

static void template_put(struct template_list *to, CK_ATTRIBUTE_TYPE type, const void *value,
                         size_t length)
{
    CK_ATTRIBUTE attribute = {type, writable(value), length};

    if (to->count < MOST_ATTRIBUTES)
        to->list[to->count++] = attribute;
}

static void template_put_flag(struct template_list *to, CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL yes = CK_TRUE;
    static const CK_BBOOL no = CK_FALSE;

    template_put(to, type, value ? &yes : &no, sizeof(yes));
}

/* What the templates point to. */
struct new_pair {
    const struct tsb_key_plan *plan;
    uint8_t random_id[ID_LENGTH];
    struct ska_span id;
    struct ska_bytes rules[SKA_RULE_COUNT];
    struct template_list public_list;
    struct template_list private_list;
};

static void put_common(const struct new_pair *pair, struct template_list *to)
{
    template_put_flag(to, CKA_TOKEN, true);
    template_put(to, CKA_KEY_TYPE, &pair->plan->type, sizeof(pair->plan->type));
    template_put(to, CKA_LABEL, pair->plan->label, strlen(pair->plan->label));
    template_put(to, CKA_ID, pair->id.data, pair->id.length);
}

static void put_public(struct new_pair *pair)
{
    static const uint8_t exponent[] = {0x01, 0x00, 0x01};
    const struct tsb_key_plan *plan = pair->plan;
    struct template_list *to = &pair->public_list;

    put_common(pair, to);
    template_put_flag(to, CKA_PRIVATE, false);
    template_put_flag(to, CKA_VERIFY, plan->sign || plan->timestamps);
    if (plan->type == CKK_RSA) {
        template_put_flag(to, CKA_ENCRYPT, plan->decrypt);
        template_put_flag(to, CKA_WRAP, plan->unwrap);
        template_put(to, CKA_MODULUS_BITS, &plan->bits, sizeof(plan->bits));
        template_put(to, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
    } else {
        template_put(to, CKA_EC_PARAMS, plan->parameters.data, plan->parameters.length);
    }
}

static void put_rules(struct new_pair *pair)
{
    static const CK_ATTRIBUTE_TYPE types[SKA_RULE_COUNT] = {
        [SKA_RULE_USE] = CKA_SKA_USAGE_ACCESS_BLOB,
        [SKA_RULE_BLOCK] = CKA_SKA_BLOCK_ACCESS_BLOB,
        [SKA_RULE_UNBLOCK] = CKA_SKA_UNBLOCK_ACCESS_BLOB,
        [SKA_RULE_MODIFY] = CKA_SKA_MODIFY_ACCESS_BLOB,
    };

    for (int i = 0; i < SKA_RULE_COUNT; i++)
        template_put(&pair->private_list, types[i], pair->rules[i].data, pair->rules[i].length);
    template_put_flag(&pair->private_list, CKA_SKA_BLOCKED, pair->plan->blocked);
}

static void put_private(struct new_pair *pair)
{
    const struct tsb_key_plan *plan = pair->plan;
    struct template_list *to = &pair->private_list;

    put_common(pair, to);
    template_put_flag(to, CKA_PRIVATE, true);
    template_put_flag(to, CKA_SENSITIVE, true);
    template_put_flag(to, CKA_EXTRACTABLE, plan->extractable);
    template_put_flag(to, CKA_SIGN, plan->sign);
    template_put_flag(to, CKA_DESTROYABLE, plan->destroyable);
    if (plan->rules != NULL)
        put_rules(pair);
    else if (plan->timestamps)
        template_put_flag(to, CKA_SKA_TIMESTAMP_SIGN, true);
    else if (plan->type == CKK_RSA) {
        template_put_flag(to, CKA_DECRYPT, plan->decrypt);
        template_put_flag(to, CKA_UNWRAP, plan->unwrap);
    }
}

static CK_MECHANISM_TYPE generation_mechanism(const struct tsb_key_plan *plan)
{
    bool ska = plan->rules != NULL;

    if (plan->type == CKK_RSA)
        return ska ? CKM_SKA_RSA_PKCS_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN;
    if (plan->type == CKK_EC)
        return ska ? CKM_SKA_EC_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
    return ska ? CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN : CKM_EC_EDWARDS_KEY_PAIR_GEN;
}

static CK_RV fill_pair(struct tsb_device *device, struct new_pair *pair)
{
    CK_RV rv = CKR_OK;

    pair->id = ska_span_text(pair->plan->id);
    if (pair->id.length == 0) {
        if (RAND_bytes_ex(tsb_device_libctx(device), pair->random_id, sizeof(pair->random_id), 0) !=
            1)
            return CKR_FUNCTION_FAILED;
        pair->id = ska_span(pair->random_id, sizeof(pair->random_id));
    }
    for (int i = 0; rv == CKR_OK && pair->plan->rules != NULL && i < SKA_RULE_COUNT; i++)
        rv = tsb_policy_serialize(tsb_device_vendor_calls(device), &pair->plan->rules[i],
                                  &pair->rules[i]);
    put_public(pair);
    put_private(pair);
    return rv;
}

CK_RV tsb_key_generate(struct tsb_device *device, const struct tsb_key_plan *plan)
{
    struct new_pair pair = {.plan = plan};
    CK_MECHANISM mechanism = {generation_mechanism(plan), NULL, 0};
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = fill_pair(device, &pair);

    if (rv == CKR_OK)
        rv = tsb_session_take(device, &session);
    if (rv == CKR_OK)
        rv = tsb_device_calls(device)->C_GenerateKeyPair(
            session, &mechanism, pair.public_list.list, pair.public_list.count,
            pair.private_list.list, pair.private_list.count, &public_key, &private_key);
    tsb_session_give(device, session);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&pair.rules[i]);
    return rv;
}

CK_RV tsb_key_destroy(struct tsb_device *device, const struct tsb_key *key)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_RV rv = calls->C_DestroyObject(key->session, key->private_key);

    if (rv == CKR_OK && key->public_key != CK_INVALID_HANDLE)
        rv = calls->C_DestroyObject(key->session, key->public_key);
    return rv;
}

/* ---- Signing --------------------------------------------------------------------------------- */

CK_RV tsb_key_sign(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                   struct ska_span data, struct ska_bytes *signature)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_BYTE made[SIGNATURE_ROOM];
    CK_ULONG length = sizeof(made);
    CK_RV rv = calls->C_SignInit(key->session, mechanism, key->private_key);

    if (rv == CKR_OK)
        rv = calls->C_Sign(key->session, writable(data.data), data.length, made, &length);
    if (rv == CKR_OK && !ska_bytes_copy(signature, ska_span(made, length), NULL))
        rv = CKR_HOST_MEMORY;
    return rv;
}

CK_RV tsb_key_verify(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                     struct ska_span data, struct ska_span signature)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_RV rv = calls->C_VerifyInit(key->session, mechanism, key->public_key);

    if (rv == CKR_OK)
        rv = calls->C_Verify(key->session, writable(data.data), data.length,
                             writable(signature.data), signature.length);
    return rv;
}
