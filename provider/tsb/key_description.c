/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/key_description.h"

#include <string.h>

#include <openssl/evp.h>

#include "provider/base/evp_key.h"
#include "provider/rule/policy_json.h"
#include "provider/rule/rule_codec.h"

/* The longest SubjectPublicKeyInfo: of RSA with 16,384 bits, and some more. */
#define SPKI_LIMIT 4096

void tsb_description_clear(struct tsb_description *description)
{
    EVP_PKEY_free(description->public_key);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&description->rules[i]);
    memset(description, 0, sizeof(*description));
}

/* An answer for another key would have its rules and its public key taken for this one's. */
static bool check_label(const struct ska_json_place *key, const char *label)
{
    const char *said = NULL;

    if (!ska_json_text(key, "label", SKA_JSON_REQUIRED, &said))
        return false;
    return strcmp(said, label) == 0 ||
           ska_json_fail_value(key, "label", said, "the key that was asked for");
}

static bool read_public_key(const struct ska_json_place *key, OSSL_LIB_CTX *libctx,
                            struct tsb_description *description)
{
    struct ska_bytes spki = {NULL, 0};
    bool done = false;

    if (!ska_json_base64_pem(key, "publicKey", SKA_JSON_OPTIONAL, &spki))
        return false;
    if (spki.data == NULL)
        return ska_fail(&key->at.errors, SKA_R_BAD_KEY, "it has no public key, so it cannot sign");
    done = spki.length <= SPKI_LIMIT &&
           ska_evp_open(libctx, ska_span_of(&spki), &description->type, &description->public_key);
    ska_bytes_free(&spki);
    return done || ska_fail(&key->at.errors, SKA_R_BAD_KEY,
                            "its public key is not one of RSA, RSA-PSS, EC on a named curve, "
                            "Ed25519 and Ed448");
}

static bool read_attributes(const struct ska_json_place *key, struct tsb_description *description)
{
    struct ska_json_place attributes;

    return ska_json_object(key, "attributes", SKA_JSON_REQUIRED, &attributes) &&
           ska_json_bool(&attributes, "sign", SKA_JSON_OPTIONAL, &description->signs);
}

/* {}: what brokers take, and give, for one without tokens, which a policy file has to write out. */
static bool is_empty_object(const cJSON *value)
{
    return cJSON_IsObject(value) && value->child == NULL;
}

/*
 * Null is a rule that needs nobody, and one without tokens nobody can satisfy; only a member that
 * is not there says nothing.
 */
static void take_rule(const struct ska_json_place *policy, enum ska_rule_kind kind,
                      struct ska_bytes *encoded)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(policy->value, ska_rule_members[kind]);
    struct ska_json_place place;
    struct ska_rule rule = {NULL, 0};

    ska_json_top(&place, value, "", policy->reason, NULL);
    if (value == NULL || (!is_empty_object(value) && !ska_rule_read(&place, NULL, &rule)))
        return;
    if (!ska_rule_encode(&rule, encoded, NULL))
        memset(encoded, 0, sizeof(*encoded));
    ska_rule_clear(&rule);
}

static bool read_blocked(const struct ska_json_place *policy, enum backend_told *blocked)
{
    struct ska_json_place status;
    const cJSON *item = NULL;
    bool said = false;

    if (!ska_json_object(policy, "keyStatus", SKA_JSON_OPTIONAL, &status))
        return false;
    /* Null says as much as a member that is not there. */
    item = cJSON_GetObjectItemCaseSensitive(status.value, "blocked");
    if (item == NULL || cJSON_IsNull(item))
        return true;
    if (!ska_json_bool(&status, "blocked", SKA_JSON_REQUIRED, &said))
        return false;
    *blocked = said ? BACKEND_YES : BACKEND_NO;
    return true;
}

static bool read_policy(const struct ska_json_place *key, struct tsb_description *description)
{
    struct ska_json_place policy;

    /* What a wrong type would hide is whether the key has rules at all. */
    if (!ska_json_object(key, "policy", SKA_JSON_OPTIONAL, &policy))
        return false;
    if (policy.value == NULL)
        return true;
    description->ska = true;
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        take_rule(&policy, (enum ska_rule_kind)i, &description->rules[i]);
    return read_blocked(&policy, &description->blocked);
}

bool tsb_description_read(const struct ska_json_place *answer, const char *label,
                          OSSL_LIB_CTX *libctx, struct tsb_description *description)
{
    struct ska_json_place key;

    memset(description, 0, sizeof(*description));
    if (!cJSON_IsObject(answer->value))
        return ska_fail(&answer->at.errors, answer->reason, "an object expected, of a key");
    if (ska_json_object(answer, "json", SKA_JSON_REQUIRED, &key) && check_label(&key, label) &&
        read_attributes(&key, description) && read_policy(&key, description) &&
        (libctx == NULL || read_public_key(&key, libctx, description)))
        return true;
    tsb_description_clear(description);
    return false;
}
