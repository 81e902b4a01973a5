/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device_make.h"

#include <string.h>

#include <openssl/rand.h>

#include "simulator/tsb/device_crypt.h"
#include "simulator/tsb/device_template.h"
#include "simulator/tsb/key_parts.h"
#include "simulator/tsb/policy_serialize.h"

#define ID_LENGTH 16

bool tsb_plan_is_secret(const struct tsb_key_plan *plan)
{
    return plan->type != CKK_RSA && plan->type != CKK_EC && plan->type != CKK_EC_EDWARDS;
}

/* ---- Templates ------------------------------------------------------------------------------- */

/* What the templates point to. */
struct new_key {
    const struct tsb_key_plan *plan;
    bool temporary;
    uint8_t random_id[ID_LENGTH];
    struct ska_span id;
    struct ska_bytes rules[SKA_RULE_COUNT];
    CK_ULONG length; /* of a secret, in bytes */
    struct tsb_template public_list;
    struct tsb_template private_list; /* or of the secret */
};

static void put_common(const struct new_key *key, struct tsb_template *to)
{
    tsb_template_put_flag(to, CKA_TOKEN, !key->temporary);
    tsb_template_put(to, CKA_KEY_TYPE, &key->plan->type, sizeof(key->plan->type));
    if (!key->temporary)
        tsb_template_put(to, CKA_LABEL, key->plan->label, strlen(key->plan->label));
    tsb_template_put(to, CKA_ID, key->id.data, key->id.length);
}

static void put_public(struct new_key *key)
{
    const struct tsb_key_plan *plan = key->plan;
    struct tsb_template *to = &key->public_list;

    put_common(key, to);
    tsb_template_put_flag(to, CKA_PRIVATE, false);
    tsb_template_put_flag(to, CKA_VERIFY, plan->verify || plan->sign || plan->timestamps);
    if (plan->type == CKK_RSA) {
        tsb_template_put_flag(to, CKA_ENCRYPT, plan->encrypt || plan->decrypt);
        tsb_template_put_flag(to, CKA_WRAP, plan->wrap || plan->unwrap);
    }
}

static void put_rules(struct new_key *key)
{
    static const CK_ATTRIBUTE_TYPE types[SKA_RULE_COUNT] = {
        [SKA_RULE_USE] = CKA_SKA_USAGE_ACCESS_BLOB,
        [SKA_RULE_BLOCK] = CKA_SKA_BLOCK_ACCESS_BLOB,
        [SKA_RULE_UNBLOCK] = CKA_SKA_UNBLOCK_ACCESS_BLOB,
        [SKA_RULE_MODIFY] = CKA_SKA_MODIFY_ACCESS_BLOB,
    };

    for (int i = 0; i < SKA_RULE_COUNT; i++)
        tsb_template_put(&key->private_list, types[i], key->rules[i].data, key->rules[i].length);
    tsb_template_put_flag(&key->private_list, CKA_SKA_BLOCKED, key->plan->blocked);
}

/* What keys without rules have, private and secret ones. */
static void put_ordinary(struct new_key *key)
{
    const struct tsb_key_plan *plan = key->plan;
    struct tsb_template *to = &key->private_list;

    tsb_template_put_flag(to, CKA_DERIVE, plan->derive);
    tsb_template_put_flag(to, CKA_COPYABLE, plan->copyable);
    tsb_template_put_flag(to, CKA_MODIFIABLE, plan->modifiable);
    tsb_template_put_flag(to, CKA_DECRYPT, plan->decrypt);
    tsb_template_put_flag(to, CKA_UNWRAP, plan->unwrap);
}

static void put_private(struct new_key *key)
{
    const struct tsb_key_plan *plan = key->plan;
    struct tsb_template *to = &key->private_list;

    put_common(key, to);
    tsb_template_put_flag(to, CKA_PRIVATE, true);
    tsb_template_put_flag(to, CKA_SENSITIVE, plan->rules != NULL || plan->sensitive);
    tsb_template_put_flag(to, CKA_EXTRACTABLE, plan->extractable);
    tsb_template_put_flag(to, CKA_SIGN, plan->sign);
    tsb_template_put_flag(to, CKA_DESTROYABLE, plan->destroyable);
    if (plan->timestamps) {
        tsb_template_put_flag(to, CKA_SKA_TIMESTAMP_SIGN, true);
    } else if (plan->rules != NULL) {
        put_rules(key);
        tsb_template_put_flag(to, CKA_DECRYPT, plan->decrypt);
        tsb_template_put_flag(to, CKA_UNWRAP, plan->unwrap);
    } else {
        put_ordinary(key);
    }
}

static void put_secret(struct new_key *key)
{
    const struct tsb_key_plan *plan = key->plan;
    struct tsb_template *to = &key->private_list;

    put_private(key);
    tsb_template_put_flag(to, CKA_ENCRYPT, plan->encrypt || plan->decrypt);
    tsb_template_put_flag(to, CKA_VERIFY, plan->verify || plan->sign);
    tsb_template_put_flag(to, CKA_WRAP, plan->wrap || plan->unwrap);
}

static CK_RV fill_new_key(struct tsb_device *device, struct new_key *key)
{
    CK_RV rv = CKR_OK;

    key->id = ska_span_text(key->plan->id);
    if (key->id.length == 0) {
        if (RAND_bytes_ex(tsb_device_libctx(device), key->random_id, sizeof(key->random_id), 0) !=
            1)
            return CKR_FUNCTION_FAILED;
        key->id = ska_span(key->random_id, sizeof(key->random_id));
    }
    for (int i = 0; rv == CKR_OK && key->plan->rules != NULL && i < SKA_RULE_COUNT; i++)
        rv = tsb_policy_serialize(tsb_device_vendor_calls(device), &key->plan->rules[i],
                                  &key->rules[i]);
    if (tsb_plan_is_secret(key->plan)) {
        put_secret(key);
    } else {
        put_public(key);
        put_private(key);
    }
    return rv;
}

static void clear_new_key(struct new_key *key)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&key->rules[i]);
}

/* ---- Generating ------------------------------------------------------------------------------ */

static CK_MECHANISM_TYPE pair_mechanism(const struct tsb_key_plan *plan)
{
    bool ska = plan->rules != NULL;

    if (plan->type == CKK_RSA)
        return ska ? CKM_SKA_RSA_PKCS_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN;
    if (plan->type == CKK_EC)
        return ska ? CKM_SKA_EC_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
    return ska ? CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN : CKM_EC_EDWARDS_KEY_PAIR_GEN;
}

static CK_RV generate_pair(struct tsb_device *device, CK_SESSION_HANDLE session,
                           struct new_key *key)
{
    static const uint8_t exponent[] = {0x01, 0x00, 0x01};
    const struct tsb_key_plan *plan = key->plan;
    struct tsb_template *to = &key->public_list;
    CK_MECHANISM mechanism = {pair_mechanism(plan), NULL, 0};
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;

    if (plan->type == CKK_RSA) {
        tsb_template_put(to, CKA_MODULUS_BITS, &plan->bits, sizeof(plan->bits));
        tsb_template_put(to, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
    } else {
        tsb_template_put(to, CKA_EC_PARAMS, plan->parameters.data, plan->parameters.length);
    }
    return tsb_device_calls(device)->C_GenerateKeyPair(
        session, &mechanism, to->list, to->count, key->private_list.list, key->private_list.count,
        &public_key, &private_key);
}

static CK_RV generate_secret(struct tsb_device *device, CK_SESSION_HANDLE session,
                             struct new_key *key)
{
    CK_MECHANISM mechanism = {key->plan->type == CKK_AES ? CKM_AES_KEY_GEN : CKM_DES3_KEY_GEN, NULL,
                              0};
    struct tsb_template *to = &key->private_list;
    CK_OBJECT_HANDLE secret = CK_INVALID_HANDLE;

    key->length = key->plan->bits / 8;
    if (key->plan->type == CKK_AES)
        tsb_template_put(to, CKA_VALUE_LEN, &key->length, sizeof(key->length));
    return tsb_device_calls(device)->C_GenerateKey(session, &mechanism, to->list, to->count,
                                                   &secret);
}

/* SoftHSM generates no keys of HMAC that say with which hash. */
static CK_RV generate_for_hmac(struct tsb_device *device, const struct tsb_key_plan *plan)
{
    struct ska_bytes value = {NULL, 0};
    CK_RV rv = tsb_device_random(device, plan->bits / 8, &value);

    if (rv == CKR_OK)
        rv = tsb_key_import_secret(device, plan, ska_span_of(&value));
    ska_bytes_clear_free(&value);
    return rv;
}

CK_RV tsb_key_generate(struct tsb_device *device, const struct tsb_key_plan *plan)
{
    struct new_key key = {.plan = plan};
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = CKR_OK;

    if (tsb_plan_is_secret(plan) && plan->type != CKK_AES && plan->type != CKK_DES3)
        return generate_for_hmac(device, plan);
    rv = fill_new_key(device, &key);
    if (rv == CKR_OK)
        rv = tsb_session_take(device, &session);
    if (rv == CKR_OK)
        rv = tsb_plan_is_secret(plan) ? generate_secret(device, session, &key)
                                      : generate_pair(device, session, &key);
    tsb_session_give(device, session);
    clear_new_key(&key);
    return rv;
}

/* ---- Importing ------------------------------------------------------------------------------- */

static CK_RV create_object(struct tsb_device *device, CK_SESSION_HANDLE session,
                           CK_OBJECT_CLASS class, struct tsb_template *template,
                           CK_OBJECT_HANDLE *object)
{
    tsb_template_put(template, CKA_CLASS, &class, sizeof(class));
    return tsb_device_calls(device)->C_CreateObject(session, template->list, template->count,
                                                    object);
}

/* The public key is there first, so that there is no pair that lacks it. */
static CK_RV create_pair(struct tsb_device *device, struct new_key *new_key,
                         struct tsb_key_parts *parts, bool public_only, struct tsb_key *key)
{
    CK_RV rv = CKR_OK;

    tsb_key_parts_put(parts, false, &new_key->public_list);
    tsb_key_parts_put(parts, true, &new_key->private_list);
    rv = create_object(device, key->session, CKO_PUBLIC_KEY, &new_key->public_list,
                       &key->public_key);
    if (rv != CKR_OK || public_only)
        return rv;
    rv = create_object(device, key->session, CKO_PRIVATE_KEY, &new_key->private_list,
                       &key->private_key);
    if (rv != CKR_OK)
        tsb_device_calls(device)->C_DestroyObject(key->session, key->public_key);
    return rv;
}

static CK_RV import_pair(struct tsb_device *device, const struct tsb_key_plan *plan,
                         const EVP_PKEY *pair, bool public_only, bool temporary,
                         struct tsb_key *key)
{
    struct new_key new_key = {.plan = plan, .temporary = temporary};
    struct tsb_key_parts parts;
    CK_RV rv = CKR_KEY_TYPE_INCONSISTENT;

    if (tsb_key_parts_read(pair, plan->type, plan->parameters, public_only, &parts))
        rv = fill_new_key(device, &new_key);
    if (rv == CKR_OK)
        rv = create_pair(device, &new_key, &parts, public_only, key);
    tsb_key_parts_clear(&parts);
    clear_new_key(&new_key);
    return rv;
}

CK_RV tsb_key_import(struct tsb_device *device, const struct tsb_key_plan *plan,
                     const EVP_PKEY *pair, bool public_only)
{
    struct tsb_key key = {.session = CK_INVALID_HANDLE};
    CK_RV rv = tsb_session_take(device, &key.session);

    if (rv == CKR_OK)
        rv = import_pair(device, plan, pair, public_only, false, &key);
    tsb_session_give(device, key.session);
    return rv;
}

CK_RV tsb_key_import_temporary(struct tsb_device *device, const struct tsb_key_plan *plan,
                               const EVP_PKEY *pair, struct tsb_key *key)
{
    CK_RV rv = import_pair(device, plan, pair, false, true, key);

    key->temporary = rv == CKR_OK;
    key->type = plan->type;
    return rv;
}

CK_RV tsb_key_import_secret(struct tsb_device *device, const struct tsb_key_plan *plan,
                            struct ska_span value)
{
    struct new_key key = {.plan = plan};
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_RV rv = fill_new_key(device, &key);

    if (rv == CKR_OK)
        rv = tsb_session_take(device, &session);
    tsb_template_put(&key.private_list, CKA_VALUE, value.data, value.length);
    if (rv == CKR_OK)
        rv = create_object(device, session, CKO_SECRET_KEY, &key.private_list, &object);
    tsb_session_give(device, session);
    clear_new_key(&key);
    return rv;
}
