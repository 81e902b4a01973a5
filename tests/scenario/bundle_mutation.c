/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_mutation.c: see bundle_mutation.h.
 */
#include "bundle_mutation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/x509.h>

#include "application.h"

/* ---- Chance ---------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t next_number(struct chance *chance)
{
    uint64_t mixed = chance->state += 0x9E3779B97F4A7C15U;

    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
}

size_t chance_below(struct chance *chance, size_t limit)
{
    return (size_t)(next_number(chance) % limit);
}

bool chance_percent(struct chance *chance, unsigned int percent)
{
    return chance_below(chance, 100) < percent;
}

/* ---- What is being made ---------------------------------------------------------------------- */

struct attack {
    const struct pool *pool;
    const struct pooled *wanted;
    const struct pooled *base; /* the request that the bundle began as */
    struct chance *chance;
    cJSON *json;
    cJSON *approvals; /* in it; NULL when a mutation has taken it away */
};

#define PICK(attack, array) ((array)[chance_below((attack)->chance, COUNT(array))])

static const struct pooled *any_request(struct attack *attack)
{
    return &attack->pool->requests[chance_below(attack->chance, attack->pool->count)];
}

/* One of the same key, for the same payload if that is wanted: it may be too old. */
static const struct pooled *similar_request(struct attack *attack, bool same_payload)
{
    const struct pooled *found = attack->wanted;
    size_t seen = 0;

    for (size_t i = 0; i < attack->pool->count; i++) {
        const struct pooled *request = &attack->pool->requests[i];

        if (strcmp(request->label, attack->wanted->label) == 0 &&
            (!same_payload || strcmp(request->payload, attack->wanted->payload) == 0) &&
            chance_below(attack->chance, ++seen) == 0)
            found = request;
    }
    return found;
}

static const struct pooled *first_request(struct attack *attack)
{
    switch (chance_below(attack->chance, 10)) {
    case 0:
        return any_request(attack);
    case 1:
        return similar_request(attack, false);
    case 2:
        return similar_request(attack, true);
    default:
        return attack->wanted;
    }
}

static enum approver any_approver(struct attack *attack)
{
    return (enum approver)chance_below(attack->chance, APPROVER_COUNT);
}

/* One of the approvals that are there, NULL when there is none. */
static cJSON *any_approval(struct attack *attack)
{
    int count = cJSON_GetArraySize(attack->approvals);

    return count == 0 ? NULL
                      : cJSON_GetArrayItem(attack->approvals,
                                           (int)chance_below(attack->chance, (size_t)count));
}

static void set_item(cJSON *object, const char *name, cJSON *item)
{
    must(item != NULL);
    if (cJSON_GetObjectItemCaseSensitive(object, name) != NULL)
        must(cJSON_ReplaceItemInObjectCaseSensitive(object, name, item));
    else
        must(cJSON_AddItemToObject(object, name, item));
}

static void set_text(cJSON *object, const char *name, const char *text)
{
    set_item(object, name, cJSON_CreateString(text));
}

static void set_base64(cJSON *object, const char *name, const struct bytes *bytes)
{
    char *text = base64_encode(bytes->data, bytes->length);

    set_text(object, name, text);
    free(text);
}

static void add_approval(struct attack *attack, enum approver approver, const char *signature)
{
    cJSON *approval = cJSON_CreateObject();

    must(approval != NULL);
    set_text(approval, "approverPublicKey", attack->pool->approvers[approver].public_key);
    set_text(approval, "approvalDigestAlgorithm", approver_digest_name(approver));
    set_text(approval, "signature", signature);
    must(cJSON_AddItemToArray(attack->approvals, approval));
}

static void flip_bit(struct attack *attack, struct bytes *bytes)
{
    if (bytes->length > 0)
        bytes->data[chance_below(attack->chance, bytes->length)] ^=
            (unsigned char)(1U << chance_below(attack->chance, 8));
}

/* ---- Other requests' members ------------------------------------------------------------------
 */

static void take_other_token(struct attack *attack)
{
    set_text(attack->json, "approvalToBeSigned", any_request(attack)->token);
}

static void take_wanted_token(struct attack *attack)
{
    set_text(attack->json, "approvalToBeSigned", attack->wanted->token);
}

static void take_other_member(struct attack *attack)
{
    static const char *const names[] = {
        "operation",  "requestId", "key",     "signatureAlgorithm", "payloadForm",
        "payload",    "digest",    "rule",    "timestampKey",       "saltLength",
        "mgf1Digest", "version",   "created", "notBefore",          "notAfter"};
    const char *name = PICK(attack, names);
    const cJSON *from =
        chance_percent(attack->chance, 50) ? attack->wanted->json : any_request(attack)->json;
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(from, name);

    if (member != NULL)
        set_item(attack->json, name, cJSON_Duplicate(member, true));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(attack->json, name);
}

/* All that is wanted, around a token of something else. */
static void dress_up(struct attack *attack)
{
    cJSON *token = cJSON_CreateString(text_member(attack->json, "approvalToBeSigned"));
    cJSON *json = cJSON_Duplicate(attack->wanted->json, true);

    must(json != NULL && token != NULL);
    set_item(json, "approvalToBeSigned", token);
    set_item(json, "approvals", cJSON_Duplicate(attack->approvals, true));
    cJSON_Delete(attack->json);
    attack->json = json;
    attack->approvals = cJSON_GetObjectItemCaseSensitive(json, "approvals");
}

static void change_mechanism(struct attack *attack)
{
    static const char *const algorithms[] = {
        "NONE_WITH_ECDSA",   "SHA256_WITH_ECDSA",       "SHA1_WITH_ECDSA",     "EDDSA",
        "SHA256_WITH_RSA",   "NONESHA256_WITH_RSA",     "NONESHA1_WITH_RSA",   "NONE_WITH_RSA",
        "SHA1_WITH_RSA_PSS", "NONESHA256_WITH_RSA_PSS", "NONESHA384_WITH_RSA", ""};
    static const char *const forms[] = {"DIGEST", "MESSAGE", "digest", ""};

    if (chance_percent(attack->chance, 70))
        set_text(attack->json, "signatureAlgorithm", PICK(attack, algorithms));
    if (chance_percent(attack->chance, 40))
        set_text(attack->json, "payloadForm", PICK(attack, forms));
    if (chance_percent(attack->chance, 10))
        set_item(attack->json, "saltLength",
                 cJSON_CreateNumber((double)chance_below(attack->chance, 300)));
}

static void change_operation(struct attack *attack)
{
    static const char *const operations[] = {"SIGN", "BLOCK", "UNBLOCK", "MODIFY", "sign", ""};

    set_text(attack->json, "operation", PICK(attack, operations));
}

static void change_type(struct attack *attack)
{
    int count = cJSON_GetArraySize(attack->json);
    const cJSON *member =
        cJSON_GetArrayItem(attack->json, (int)chance_below(attack->chance, (size_t)count));
    cJSON *const values[] = {cJSON_CreateNull(),   cJSON_CreateNumber(1), cJSON_CreateTrue(),
                             cJSON_CreateObject(), cJSON_CreateArray(),   cJSON_CreateString("")};
    size_t chosen = chance_below(attack->chance, COUNT(values));
    char *name = strdup(member->string);

    must(name != NULL);
    for (size_t i = 0; i < COUNT(values); i++)
        if (i != chosen)
            cJSON_Delete(values[i]);
    set_item(attack->json, name, values[chosen]);
    free(name);
    attack->approvals = cJSON_GetObjectItemCaseSensitive(attack->json, "approvals");
}

/* ---- Approvals --------------------------------------------------------------------------------
 */

static void mix_in_foreign(struct attack *attack)
{
    for (size_t i = chance_below(attack->chance, 4) + 1; i > 0; i--) {
        enum approver approver = any_approver(attack);

        add_approval(attack, approver, any_request(attack)->signatures[approver]);
    }
}

static void double_approval(struct attack *attack)
{
    const cJSON *approval = any_approval(attack);

    for (size_t i = chance_below(attack->chance, 4) + 1; approval != NULL && i > 0; i--)
        must(cJSON_AddItemToArray(attack->approvals, cJSON_Duplicate(approval, true)));
}

static void drop_approval(struct attack *attack)
{
    int count = cJSON_GetArraySize(attack->approvals);

    if (count > 0)
        cJSON_DeleteItemFromArray(attack->approvals,
                                  (int)chance_below(attack->chance, (size_t)count));
}

static void sign_in_other_name(struct attack *attack)
{
    cJSON *approval = any_approval(attack);

    if (approval != NULL)
        set_text(approval, "approverPublicKey",
                 attack->pool->approvers[any_approver(attack)].public_key);
}

/* The one signature that the attacker can make, over whatever token there is. */
static void sign_as_mallory(struct attack *attack)
{
    add_approval(attack, MALLORY, attack->base->signatures[MALLORY]);
    if (chance_percent(attack->chance, 50))
        set_text(any_approval(attack), "approverPublicKey",
                 attack->pool->approvers[any_approver(attack)].public_key);
}

static void damage_signature(struct attack *attack)
{
    cJSON *approval = any_approval(attack);
    struct bytes signature = base64_decode(text_member(approval, "signature"));

    flip_bit(attack, &signature);
    if (chance_percent(attack->chance, 20) && signature.length > 0)
        signature.length = chance_below(attack->chance, signature.length);
    if (approval != NULL)
        set_base64(approval, "signature", &signature);
    free(signature.data);
}

/* A second valid signature of one approver: (r, n - s). */
static void mirror_signature(struct attack *attack)
{
    cJSON *approval = any_approval(attack);
    struct bytes signature = base64_decode(text_member(approval, "signature"));
    const unsigned char *next = signature.data;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &next, (long)signature.length);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    struct bytes mirrored = {NULL, 0};
    BIGNUM *r = NULL, *s = BN_new();

    must(group != NULL && s != NULL);
    if (pair != NULL && BN_sub(s, EC_GROUP_get0_order(group), ECDSA_SIG_get0_s(pair)) == 1 &&
        !BN_is_negative(s)) {
        cJSON *copy = cJSON_Duplicate(approval, true);

        r = BN_dup(ECDSA_SIG_get0_r(pair));
        must(r != NULL && copy != NULL && ECDSA_SIG_set0(pair, r, s) == 1);
        s = NULL;
        mirrored.length = (size_t)i2d_ECDSA_SIG(pair, &mirrored.data);
        set_base64(copy, "signature", &mirrored);
        must(cJSON_AddItemToArray(attack->approvals, copy));
    }
    BN_free(s);
    OPENSSL_free(mirrored.data);
    EC_GROUP_free(group);
    ECDSA_SIG_free(pair);
    free(signature.data);
}

/* One approver's key in another encoding: a compressed point. */
static void disguise_key(struct attack *attack)
{
    enum approver approver = chance_percent(attack->chance, 50) ? ALICE : BOB;
    EVP_PKEY *key = EVP_PKEY_dup(attack->pool->approvers[approver].key);
    struct bytes info = {NULL, 0};

    must(key != NULL && EVP_PKEY_set_utf8_string_param(
                            key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed") == 1);
    info.length = (size_t)i2d_PUBKEY(key, &info.data);
    add_approval(attack, approver, attack->base->signatures[approver]);
    set_base64(cJSON_GetArrayItem(attack->approvals, cJSON_GetArraySize(attack->approvals) - 1),
               "approverPublicKey", &info);
    OPENSSL_free(info.data);
    EVP_PKEY_free(key);
}

static void change_approval_member(struct attack *attack)
{
    static const char *const digests[] = {"SHA-1", "SHA-256",  "SHA-512", "SHA256",
                                          "EdDSA", "SHA3-256", "MD5",     ""};
    cJSON *approval = any_approval(attack);

    if (approval == NULL)
        return;
    switch (chance_below(attack->chance, 4)) {
    case 0:
        set_text(approval, "approvalDigestAlgorithm", PICK(attack, digests));
        break;
    case 1:
        cJSON_DeleteItemFromObjectCaseSensitive(approval, "approvalDigestAlgorithm");
        break;
    case 2:
        set_text(approval, "approverCertificate", text_member(approval, "approverPublicKey"));
        break;
    default:
        set_item(approval, "signature", cJSON_CreateNull());
    }
}

static void flood(struct attack *attack)
{
    const cJSON *approval = any_approval(attack);

    if (!chance_percent(attack->chance, 3)) /* it takes its time */
        return;
    for (int i = 0; approval != NULL && i < 1100; i++)
        must(cJSON_AddItemToArray(attack->approvals, cJSON_Duplicate(approval, true)));
}

/* Lists Mallory in the rule that is shown. */
static void forge_rule(struct attack *attack)
{
    char *rule = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(attack->json, "rule"));
    const char *alice = attack->pool->approvers[ALICE].public_key;
    const char *mallory = attack->pool->approvers[MALLORY].public_key;
    char *place = rule == NULL ? NULL : strstr(rule, alice);

    if (place != NULL && strlen(alice) == strlen(mallory)) {
        memcpy(place, mallory, strlen(mallory));
        set_item(attack->json, "rule", cJSON_Parse(rule));
        add_approval(attack, MALLORY, attack->base->signatures[MALLORY]);
    }
    cJSON_free(rule);
}

/* ---- Tokens ------------------------------------------------------------------------------------
 */

enum { OPERATION = 0x003B, NAME = 0x1002, STAMP = 0x1054, STAMP_SIGNATURE = 0x1056, DATA = 0x1057 };

/* Where an element of a token begins, 0 when it has none; *size is with header and padding. */
static size_t find_element(const struct bytes *token, unsigned int type, size_t *size)
{
    for (size_t at = 4; at + 4 <= token->length; at += *size) {
        size_t length = token->data[at + 2] + 256U * token->data[at + 3];

        *size = 4 + (length + 3) / 4 * 4;
        if (at + *size > token->length)
            return 0;
        if (token->data[at] + 256U * token->data[at + 1] == type)
            return at;
    }
    return 0;
}

/* Puts `size` bytes in place of an element (at its place, or at the end). */
static void replace_element(struct bytes *token, unsigned int type, const unsigned char *with,
                            size_t size)
{
    size_t old = 0;
    size_t at = find_element(token, type, &old);
    unsigned char *changed = calloc(1, token->length + size + 4);
    size_t length = 0;

    must(changed != NULL);
    if (at == 0) {
        at = token->length;
        old = 0;
    }
    memcpy(changed, token->data, at);
    if (size > 0)
        memcpy(changed + at, with, size);
    memcpy(changed + at + size, token->data + at + old, token->length - at - old);
    length = token->length - old + size;
    for (int i = 0; i < 4; i++)
        changed[i] = (unsigned char)((length - 4) >> (8 * i));
    free(token->data);
    token->data = changed;
    token->length = length;
}

static void take_element(struct bytes *token, unsigned int type, const struct pooled *from)
{
    size_t size = 0;
    size_t at = find_element(&from->token_bytes, type, &size);

    replace_element(token, type, from->token_bytes.data + at, at == 0 ? 0 : size);
}

/* What approvers have signed, with one thing changed: their signatures are over something else. */
static void rewrite_token(struct attack *attack)
{
    static const unsigned int types[] = {OPERATION, NAME, STAMP, STAMP_SIGNATURE, DATA};
    struct bytes token = base64_decode(text_member(attack->json, "approvalToBeSigned"));

    switch (chance_below(attack->chance, 5)) {
    case 0:
        replace_element(&token, STAMP, NULL, 0);
        replace_element(&token, STAMP_SIGNATURE, NULL, 0);
        break;
    case 1:
        take_element(&token, DATA, attack->wanted);
        break;
    case 2:
        take_element(&token, NAME, attack->wanted);
        break;
    case 3:
        take_element(&token, PICK(attack, types), any_request(attack));
        break;
    default:
        flip_bit(attack, &token);
    }
    set_base64(attack->json, "approvalToBeSigned", &token);
    free(token.data);
}

/* ---- Text --------------------------------------------------------------------------------------
 */

static void splice(struct bytes *text, size_t at, size_t removed, const void *with, size_t size)
{
    unsigned char *changed = calloc(1, text->length - removed + size + 1);

    must(changed != NULL);
    memcpy(changed, text->data, at);
    memcpy(changed + at, with, size);
    memcpy(changed + at + size, text->data + at + removed, text->length - at - removed);
    free(text->data);
    text->data = changed;
    text->length = text->length - removed + size;
}

static void flip_bits(struct attack *attack, struct bytes *text)
{
    for (size_t i = chance_below(attack->chance, 4) + 1; i > 0; i--)
        flip_bit(attack, text);
}

static void insert_noise(struct attack *attack, struct bytes *text)
{
    static const char *const noise[] = {"\xEF\xBB\xBF", "//x\n", "/**/", ",",      "\\u0000", " ",
                                        "\n",           "\"",    "}",    "[[[[[[", "\xFF",    "\\"};
    const char *chosen = PICK(attack, noise);

    splice(text, chance_below(attack->chance, text->length + 1), 0, chosen, strlen(chosen));
}

static void insert_nul(struct attack *attack, struct bytes *text)
{
    splice(text, chance_below(attack->chance, text->length + 1), 0, "", 1);
}

static void cut_out(struct attack *attack, struct bytes *text)
{
    size_t at = chance_below(attack->chance, text->length);
    size_t size = chance_percent(attack->chance, 80) ? 1 : text->length - at;

    splice(text, at, size, "", 0);
}

static void append_second(struct attack *attack, struct bytes *text)
{
    char *second = cJSON_PrintUnformatted(attack->wanted->json);

    must(second != NULL);
    splice(text, text->length, 0, second, strlen(second));
    cJSON_free(second);
}

/* A member that the real one follows: which of the two counts? */
static void double_member(struct attack *attack, struct bytes *text)
{
    static const char *const names[] = {"approvals",          "approvalToBeSigned", "payload",
                                        "signatureAlgorithm", "operation",          "key"};
    const char *name = PICK(attack, names);
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(any_request(attack)->json, name);
    char *value = member == NULL ? NULL : cJSON_PrintUnformatted(member);
    char *doubled = NULL;

    must(asprintf(&doubled, "\"%s\":%s,", name, value == NULL ? "[]" : value) > 0);
    splice(text, 1, 0, doubled, strlen(doubled));
    free(doubled);
    cJSON_free(value);
}

/* A character written as its number means the same, and doubles a member in disguise. */
static void escape_character(struct attack *attack, struct bytes *text)
{
    char escaped[8];
    size_t at = chance_below(attack->chance, text->length);
    int size = snprintf(escaped, sizeof(escaped), "\\u%04x", text->data[at]);

    splice(text, at, 1, escaped, (size_t)size);
}

static void change_case(struct attack *attack, struct bytes *text)
{
    size_t at = chance_below(attack->chance, text->length);

    text->data[at] ^= 0x20;
}

static void blow_up(struct attack *attack, struct bytes *text)
{
    static char blanks[1 << 20];

    if (!chance_percent(attack->chance, 2))
        return;
    memset(blanks, ' ', sizeof(blanks));
    splice(text, text->length, 0, blanks, sizeof(blanks) - chance_below(attack->chance, 16384));
}

/* ---- All of it ---------------------------------------------------------------------------------
 */

typedef void mutation(struct attack *attack);
typedef void text_mutation(struct attack *attack, struct bytes *text);

static mutation *const mutations[] = {
    take_other_token, take_wanted_token, take_other_member, dress_up,        change_mechanism,
    change_operation, change_type,       mix_in_foreign,    mix_in_foreign,  double_approval,
    double_approval,  drop_approval,     drop_approval,     sign_as_mallory, sign_in_other_name,
    damage_signature, mirror_signature,  disguise_key,      flood,           change_approval_member,
    forge_rule,       rewrite_token,     rewrite_token,
};

static text_mutation *const text_mutations[] = {
    flip_bits,     insert_noise,     insert_nul,  cut_out, append_second,
    double_member, escape_character, change_case, blow_up,
};

static void begin(struct attack *attack)
{
    attack->base = first_request(attack);
    attack->json = cJSON_Duplicate(attack->base->json, true);
    must(attack->json != NULL);
    attack->approvals = cJSON_AddArrayToObject(attack->json, "approvals");
    must(attack->approvals != NULL);
    for (int i = 0; i < MALLORY; i++)
        if (chance_percent(attack->chance, 50))
            add_approval(attack, (enum approver)i, attack->base->signatures[i]);
}

struct bytes bundle_attack(const struct pool *pool, const struct pooled *wanted,
                           struct chance *chance)
{
    struct attack attack = {.pool = pool, .wanted = wanted, .chance = chance};
    struct bytes text = {NULL, 0};
    char *printed = NULL;

    begin(&attack);
    for (size_t i = chance_below(chance, 4); i > 0; i--)
        if (cJSON_IsArray(attack.approvals))
            PICK(&attack, mutations)(&attack);
    printed = cJSON_PrintUnformatted(attack.json);
    must(printed != NULL);
    text.length = strlen(printed);
    text.data = calloc(1, text.length + 1);
    must(text.data != NULL);
    memcpy(text.data, printed, text.length);
    cJSON_free(printed);
    for (size_t i = chance_percent(chance, 20) ? chance_below(chance, 2) + 1 : 0; i > 0; i--)
        if (text.length > 0)
            PICK(&attack, text_mutations)(&attack, &text);
    cJSON_Delete(attack.json);
    return text;
}
