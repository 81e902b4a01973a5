/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/key_generate.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "provider/base/private_libctx.h"
#include "provider/hsm/cryptoki.h"
#include "provider/hsm/module.h"
#include "provider/hsm/object.h"
#include "provider/hsm/public_key.h"
#include "provider/hsm/rule_serialize.h"
#include "provider/hsm/token.h"
#include "provider/hsm/uri.h"

#define ID_LENGTH 16
#define MOST_ATTRIBUTES 24

/* ---- Templates ------------------------------------------------------------------------------- */

struct template_list {
    CK_ATTRIBUTE list[MOST_ATTRIBUTES];
    CK_ULONG count;
};

static void template_add(struct template_list *to, CK_ATTRIBUTE_TYPE type, const void *value,
                         size_t length)
{
    CK_ATTRIBUTE attribute = {type, hsm_writable(value), (CK_ULONG)length};

    if (to->count < MOST_ATTRIBUTES)
        to->list[to->count++] = attribute;
}

static void template_add_bool(struct template_list *to, CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL yes = CK_TRUE;
    static const CK_BBOOL no = CK_FALSE;

    template_add(to, type, value ? &yes : &no, sizeof(yes));
}

/* What the templates point to, and the work itself. */
struct generation {
    struct hsm_work work;
    const struct backend_key_template *wanted;
    bool ska;
    unsigned int use; /* enum backend_key_use */
    CK_MECHANISM mechanism;
    CK_KEY_TYPE key_type;
    CK_ULONG bits;
    uint8_t random_id[ID_LENGTH];
    struct ska_span id;
    struct ska_bytes parameters; /* of the curve */
    struct ska_bytes rules[SKA_RULE_COUNT];
    struct template_list public;
    struct template_list private;
    size_t label_uses; /* of private keys that have the label already */
    CK_RV refused;     /* what the HSM says when it does not take what it was given */
};

static const CK_ATTRIBUTE_TYPE rule_attributes[SKA_RULE_COUNT] = {
    [SKA_RULE_USE] = CKA_SKA_USAGE_ACCESS_BLOB,
    [SKA_RULE_BLOCK] = CKA_SKA_BLOCK_ACCESS_BLOB,
    [SKA_RULE_UNBLOCK] = CKA_SKA_UNBLOCK_ACCESS_BLOB,
    [SKA_RULE_MODIFY] = CKA_SKA_MODIFY_ACCESS_BLOB,
};

static void choose_generation_mechanism(struct generation *generation)
{
    bool ska = generation->ska;

    switch (generation->wanted->type) {
    case SKA_KEY_RSA:
    case SKA_KEY_RSA_PSS:
        generation->key_type = CKK_RSA;
        generation->mechanism.mechanism =
            ska ? CKM_SKA_RSA_PKCS_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN;
        break;
    case SKA_KEY_EC:
        generation->key_type = CKK_EC;
        generation->mechanism.mechanism = ska ? CKM_SKA_EC_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
        break;
    case SKA_KEY_ED25519:
    case SKA_KEY_ED448:
        generation->key_type = CKK_EC_EDWARDS;
        generation->mechanism.mechanism =
            ska ? CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN : CKM_EC_EDWARDS_KEY_PAIR_GEN;
        break;
    }
}

static void template_add_common(const struct generation *generation, struct template_list *to)
{
    template_add_bool(to, CKA_TOKEN, true);
    template_add(to, CKA_KEY_TYPE, &generation->key_type, sizeof(generation->key_type));
    template_add(to, CKA_LABEL, generation->wanted->label, strlen(generation->wanted->label));
    template_add(to, CKA_ID, generation->id.data, generation->id.length);
    if (generation->wanted->type == SKA_KEY_RSA_PSS)
        template_add(to, CKA_ALLOWED_MECHANISMS, hsm_pss_mechanisms, sizeof(hsm_pss_mechanisms));
}

static void fill_public(struct generation *generation)
{
    static const uint8_t exponent[] = {0x01, 0x00, 0x01};
    struct template_list *to = &generation->public;

    template_add_common(generation, to);
    template_add_bool(to, CKA_PRIVATE, false);
    template_add_bool(to, CKA_VERIFY, (generation->use & BACKEND_USE_SIGN) != 0);
    if ((generation->use & BACKEND_USE_DECRYPT) != 0)
        template_add_bool(to, CKA_ENCRYPT, true);
    if (generation->key_type == CKK_RSA) {
        template_add(to, CKA_MODULUS_BITS, &generation->bits, sizeof(generation->bits));
        template_add(to, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
    } else {
        template_add(to, CKA_EC_PARAMS, generation->parameters.data, generation->parameters.length);
    }
}

/*
 * Signing, or timestamps, and nothing else for keys that are not ordinary: a raw RSA decryption,
 * for one, is a signature.
 */
static void fill_private(struct generation *generation)
{
    struct template_list *to = &generation->private;

    template_add_common(generation, to);
    template_add_bool(to, CKA_PRIVATE, true);
    template_add_bool(to, CKA_SENSITIVE, true);
    template_add_bool(to, CKA_EXTRACTABLE, false);
    template_add_bool(to, CKA_SIGN,
                      !generation->wanted->timestamp && (generation->use & BACKEND_USE_SIGN) != 0);
    template_add_bool(to, CKA_SIGN_RECOVER, false);
    template_add_bool(to, CKA_DECRYPT, (generation->use & BACKEND_USE_DECRYPT) != 0);
    template_add_bool(to, CKA_UNWRAP, false);
    template_add_bool(to, CKA_DERIVE, (generation->use & BACKEND_USE_DERIVE) != 0);
    for (size_t i = 0; generation->ska && i < SKA_RULE_COUNT; i++)
        template_add(to, rule_attributes[i], generation->rules[i].data,
                     generation->rules[i].length);
    if (generation->ska)
        template_add_bool(to, CKA_SKA_BLOCKED, generation->wanted->blocked);
    if (generation->wanted->timestamp)
        template_add_bool(to, CKA_SKA_TIMESTAMP_SIGN, true);
}

/* ---- Generating ------------------------------------------------------------------------------ */

static CK_RV count_label_uses(struct generation *generation, const struct hsm_lease *lease)
{
    struct hsm_key_match match = {ska_span_text(generation->wanted->label), {NULL, 0}};
    struct hsm_entries entries = {NULL, 0};
    CK_RV rv = hsm_private_search(lease, &match, &entries);

    generation->label_uses = entries.count;
    hsm_entries_free(&entries);
    return rv;
}

static CK_RV generate_pair(struct generation *generation, const CK_FUNCTION_LIST *calls,
                           CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private = CK_INVALID_HANDLE;
    CK_RV rv = HSM_CALL(calls->C_GenerateKeyPair(
        session, &generation->mechanism, generation->public.list, generation->public.count,
        generation->private.list, generation->private.count, &public, &private));

    /* A failure should leave nothing; half a pair, if there is one, is destroyed. */
    if (rv != CKR_OK && private != CK_INVALID_HANDLE)
        (void)HSM_CALL(calls->C_DestroyObject(session, private));
    if (rv != CKR_OK && public != CK_INVALID_HANDLE)
        (void)HSM_CALL(calls->C_DestroyObject(session, public));
    return rv;
}

/*
 * SAM mode, for one, refuses rules that are well-formed. How the vendor puts that is not public;
 * the standard's word for a value that is not taken, and the simulator's, are understood.
 */
static bool refuses_template(const struct generation *generation, const struct hsm_module *module,
                             CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_VALUE_INVALID ||
           (generation->ska && module->simulator && rv == CKR_SKASIM_PARAMETERS_INVALID);
}

static CK_RV generate_in_session(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct generation *generation = (struct generation *)work;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = CKR_OK;

    generation->refused = CKR_OK;
    work->call = "C_FindObjects";
    rv = count_label_uses(generation, lease);
    if (rv != CKR_OK || generation->label_uses > 0)
        return rv;
    work->call = "C_OpenSession";
    rv = hsm_session_open(lease->token, CKF_RW_SESSION, &session);
    if (rv != CKR_OK)
        return rv;
    work->call = "C_GenerateKeyPair";
    rv = generate_pair(generation, lease->calls, session);
    (void)HSM_CALL(lease->calls->C_CloseSession(session));
    if (!refuses_template(generation, lease->token->module, rv))
        return rv;
    /* Perhaps because somebody was faster with a key of this label. */
    generation->refused = rv;
    work->call = "C_FindObjects";
    return count_label_uses(generation, lease);
}

/* ---- Preparing ------------------------------------------------------------------------------- */

static bool serialize_rules(struct generation *generation, struct hsm_module *module,
                            const struct ska_errors *errors)
{
    const struct ska_rule *const *rules = generation->wanted->rules;
    size_t given = 0;

    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        given += rules[i] != NULL;
    if (given == 0)
        return true;
    if (given != SKA_RULE_COUNT)
        return ska_fail(errors, SKA_R_INTERNAL, "%zu of %d rules", given, SKA_RULE_COUNT);
    generation->ska = true;
    if (!hsm_module_supports_ska(module, errors))
        return false;
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        if (!hsm_rule_serialize(module, rules[i], &generation->rules[i], errors))
            return false;
    return true;
}

static bool check_timestamp(const struct generation *generation, struct hsm_module *module,
                            const struct ska_errors *errors)
{
    if (!generation->wanted->timestamp)
        return true;
    if (generation->ska)
        return ska_fail(errors, SKA_R_INTERNAL, "a timestamp key has no rules");
    if (generation->wanted->type == SKA_KEY_RSA_PSS)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "timestamps are signed with RSA (PKCS#1 v1.5), EC or Edwards keys, not "
                        "with RSA-PSS");
    return hsm_module_supports_ska(module, errors);
}

static bool choose_use(struct generation *generation, const struct ska_errors *errors)
{
    const struct backend_key_template *wanted = generation->wanted;

    generation->use = wanted->use == 0 ? BACKEND_USE_SIGN : wanted->use;
    if (generation->use != BACKEND_USE_SIGN && (generation->ska || wanted->timestamp))
        return ska_fail(errors, SKA_R_INTERNAL,
                        "a key with rules and a timestamp key can only sign");
    if (((generation->use & BACKEND_USE_DECRYPT) != 0 && wanted->type != SKA_KEY_RSA) ||
        ((generation->use & BACKEND_USE_DERIVE) != 0 && wanted->type != SKA_KEY_EC))
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "RSA keys sign and decrypt, EC keys sign and derive, others only sign");
    return true;
}

static bool generation_prepare(struct generation *generation, struct hsm_module *module,
                               const struct ska_errors *errors)
{
    const struct backend_key_template *wanted = generation->wanted;

    if (wanted->label == NULL || wanted->label[0] == 0)
        return ska_fail(errors, SKA_R_WRONG_USE, "a key needs a label (object=... in the URI)");
    if (!serialize_rules(generation, module, errors) ||
        !check_timestamp(generation, module, errors) || !choose_use(generation, errors))
        return false;
    choose_generation_mechanism(generation);
    generation->bits = wanted->bits;
    if (generation->key_type != CKK_RSA &&
        !hsm_public_parameters(wanted->type, wanted->curve, &generation->parameters, errors))
        return false;
    generation->id = wanted->id;
    if (generation->id.length == 0) {
        if (RAND_bytes_ex(ska_private_libctx(), generation->random_id, ID_LENGTH, 0) != 1)
            return ska_fail(errors, SKA_R_INTERNAL, "no random numbers");
        for (size_t i = 0; i < ID_LENGTH; i++) /* a URI cannot name an id with a zero byte */
            generation->random_id[i] |= generation->random_id[i] == 0;
        generation->id = ska_span(generation->random_id, ID_LENGTH);
    }
    fill_public(generation);
    fill_private(generation);
    return true;
}

static void generation_clear(struct generation *generation)
{
    ska_bytes_free(&generation->parameters);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&generation->rules[i]);
}

static bool judge_generation(const struct hsm_token *token, const struct generation *generation,
                             const struct ska_errors *errors)
{
    struct hsm_shown label = hsm_show(generation->wanted->label);

    if (generation->label_uses > 0)
        return ska_fail(errors, SKA_R_LABEL_IN_USE,
                        "token \"%s\" already has a private key with label \"%s\": approvals are "
                        "bound to the label, so choose another",
                        hsm_show(hsm_token_label(token)).text, label.text);
    if (generation->refused == CKR_OK)
        return true;
    if (!generation->ska)
        return hsm_fail_rv(errors, "C_GenerateKeyPair", token, generation->refused);
    return ska_fail(
        errors, SKA_R_BAD_POLICY, "token \"%s\" does not accept the rules of key \"%s\" (%s)",
        hsm_show(hsm_token_label(token)).text, label.text, hsm_rv_text(generation->refused).text);
}

bool hsm_key_template_name(struct backend_key_template *template_, const struct hsm_uri *uri,
                           const struct ska_errors *errors)
{
    if (uri->object.data == NULL)
        return ska_fail(errors, SKA_R_BAD_URI, "the new key needs a label: add object=LABEL");
    if (uri->type == HSM_OBJECT_PUBLIC || uri->type == HSM_OBJECT_CERTIFICATE)
        return ska_fail(errors, SKA_R_BAD_URI, "type= must be private or left out");
    if (!ska_utf8_valid(ska_span_of(&uri->object)) ||
        strlen((const char *)uri->object.data) != uri->object.length)
        return ska_fail(errors, SKA_R_BAD_URI,
                        "object: the label of a new key is UTF-8 without %%00");
    template_->label = (const char *)uri->object.data;
    template_->id = ska_span_of(&uri->id);
    return true;
}

bool hsm_key_generate(struct hsm_token *token, const struct backend_key_template *template_,
                      const struct ska_errors *errors)
{
    struct generation generation = {.work = {.run = generate_in_session}, .wanted = template_};
    bool done = generation_prepare(&generation, hsm_token_module(token), errors) &&
                hsm_session_work(token, &generation.work, errors) &&
                judge_generation(token, &generation, errors);

    generation_clear(&generation);
    return done;
}
