/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule becomes a tree of the vendor's structures. Their members are known by order and type from
 * the vendor's examples, so they are filled by order, not by name.
 */
#include "provider/hsm/rule_serialize.h"

#include <stdlib.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/key.h"
#include "provider/hsm/module.h"
#include "provider/hsm/private_key.h"

/* Longer ones are no serialized rule, and no payload with some. */
#define ENCODED_LIMIT ((CK_ULONG)1024 * 1024)

struct tree {
    CK_SKA_POLICY policy;
    CK_SKA_TOKEN *tokens;
    CK_SKA_GROUP *groups;
    CK_SKA_APPROVER *approvers;
};

static void tree_free(struct tree *tree)
{
    free(tree->tokens);
    free(tree->groups);
    free(tree->approvers);
}

/* One array for each level; the counts are those of things that exist in memory. */
static bool tree_new(struct tree *tree, const struct ska_rule *rule)
{
    size_t groups = 0;
    size_t approvers = 0;

    for (size_t i = 0; i < rule->alternative_count; i++) {
        groups += rule->alternatives[i].group_count;
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++)
            approvers += rule->alternatives[i].groups[j].approver_count;
    }
    tree->tokens = calloc(rule->alternative_count + 1, sizeof(*tree->tokens));
    tree->groups = calloc(groups + 1, sizeof(*tree->groups));
    tree->approvers = calloc(approvers + 1, sizeof(*tree->approvers));
    return tree->tokens != NULL && tree->groups != NULL && tree->approvers != NULL;
}

/* A certificate has no name of its own there: its subject is the name. */
static void fill_approvers(CK_SKA_APPROVER *to, const struct ska_group *group)
{
    for (size_t i = 0; i < group->approver_count; i++) {
        const struct ska_approver *from = &group->approvers[i];
        bool certificate = from->type == SKA_APPROVER_CERTIFICATE;
        CK_SKA_APPROVER approver = {certificate ? NULL : from->name.data,
                                    certificate ? 0 : (CK_ULONG)from->name.length,
                                    certificate ? CKAP_CERTIFICATE : CKAP_SIGNATURE,
                                    from->data.data, (CK_ULONG)from->data.length};

        to[i] = approver;
    }
}

static void tree_fill(struct tree *tree, const struct ska_rule *rule)
{
    CK_SKA_GROUP *next_group = tree->groups;
    CK_SKA_APPROVER *next_approver = tree->approvers;

    for (size_t i = 0; i < rule->alternative_count; i++) {
        const struct ska_alternative *from = &rule->alternatives[i];
        CK_SKA_TOKEN token = {from->name.data,
                              (CK_ULONG)from->name.length,
                              (CK_ULONG)from->timelock,
                              (CK_ULONG)from->timeout,
                              next_group,
                              (CK_ULONG)from->group_count};

        tree->tokens[i] = token;
        for (size_t j = 0; j < from->group_count; j++) {
            const struct ska_group *source = &from->groups[j];
            CK_SKA_GROUP group = {source->name.data, (CK_ULONG)source->name.length,
                                  (CK_ULONG)source->quorum, next_approver,
                                  (CK_ULONG)source->approver_count};

            fill_approvers(next_approver, source);
            *next_group++ = group;
            next_approver += source->approver_count;
        }
    }
}

static bool tree_make(struct tree *tree, const struct ska_rule *rule,
                      const struct ska_errors *errors)
{
    if (ska_rule_find_onboarded(rule) != NULL)
        return ska_fail(errors, SKA_R_BAD_POLICY, "a token does not know approvers by name");
    if (!tree_new(tree, rule))
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a rule");
    tree_fill(tree, rule);
    tree->policy = (CK_SKA_POLICY){tree->tokens, (CK_ULONG)rule->alternative_count};
    return true;
}

/* ---- Serializing ----------------------------------------------------------------------------- */

/* One of the module's encoders, with what it is to encode; NULL asks for the length. */
struct encoder {
    const struct hsm_module *module;
    CK_SKA_POLICY *policies[SKA_RULE_COUNT]; /* to serialize a single rule: the first */
    CK_RV (*call)(const struct encoder *encoder, CK_BYTE *buffer, CK_ULONG *length);
};

static CK_RV call_serialize(const struct encoder *encoder, CK_BYTE *buffer, CK_ULONG *length)
{
    return HSM_CALL(encoder->module->ska.serialize_policy(encoder->policies[0], buffer, length));
}

static CK_RV call_modify(const struct encoder *encoder, CK_BYTE *buffer, CK_ULONG *length)
{
    CK_SKA_POLICY *const *policies = encoder->policies;

    return HSM_CALL(encoder->module->ska.create_modify_payload(
        policies[SKA_RULE_USE], policies[SKA_RULE_BLOCK], policies[SKA_RULE_UNBLOCK],
        policies[SKA_RULE_MODIFY], buffer, length));
}

static CK_RV encode_by_module(const struct encoder *encoder, struct ska_bytes *encoded)
{
    CK_ULONG length = 0;
    CK_RV rv = encoder->call(encoder, NULL, &length);

    if (rv != CKR_OK)
        return rv;
    if (length == 0 || length > ENCODED_LIMIT)
        return CKR_GENERAL_ERROR;
    encoded->data = calloc(1, (size_t)length + 1);
    if (encoded->data == NULL)
        return CKR_HOST_MEMORY;
    encoded->length = length;
    rv = encoder->call(encoder, encoded->data, &length);
    if (rv == CKR_OK && (length == 0 || length > encoded->length))
        rv = CKR_GENERAL_ERROR;
    if (rv == CKR_OK)
        encoded->length = length;
    else
        ska_bytes_free(encoded);
    return rv;
}

bool hsm_rule_serialize(const struct hsm_module *module, const struct ska_rule *rule,
                        struct ska_bytes *serialized, const struct ska_errors *errors)
{
    struct tree tree = {.tokens = NULL};
    struct encoder encoder = {module, {&tree.policy}, call_serialize};
    bool done = tree_make(&tree, rule, errors);
    CK_RV rv = CKR_OK;

    if (done) {
        rv = encode_by_module(&encoder, serialized);
        done = rv == CKR_OK || hsm_fail_rv(errors, "C_SerializePolicy", NULL, rv);
    }
    tree_free(&tree);
    return done;
}

static bool may_modify(const struct hsm_key *key, const struct ska_rule *const rules[],
                       const struct ska_errors *errors)
{
    struct hsm_module *module = key->token->module;
    size_t given = 0;

    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        given += rules[i] != NULL;
    return (given > 0 ||
            ska_fail(errors, SKA_R_WRONG_USE, "a modification of key \"%s\" that names no rule",
                     hsm_show(hsm_key_label(key)).text)) &&
           hsm_module_supports_ska(module, errors) &&
           hsm_module_has_call(module, module->ska.create_modify_payload != NULL,
                               "C_CreateModifyPayload", errors);
}

bool hsm_modify_payload(struct backend_key *base,
                        const struct ska_rule *const rules[SKA_RULE_COUNT],
                        struct ska_bytes *payload, const struct ska_errors *errors)
{
    struct hsm_key *key = hsm_key_of(base);
    struct tree trees[SKA_RULE_COUNT] = {{.tokens = NULL}};
    struct encoder encoder = {key->token->module, {NULL}, call_modify};
    bool done = may_modify(key, rules, errors);
    CK_RV rv = CKR_OK;

    for (size_t i = 0; done && i < SKA_RULE_COUNT; i++) {
        if (rules[i] == NULL)
            continue;
        done = tree_make(&trees[i], rules[i], errors);
        encoder.policies[i] = &trees[i].policy;
    }
    if (done) {
        rv = encode_by_module(&encoder, payload);
        done = rv == CKR_OK || hsm_fail_rv(errors, "C_CreateModifyPayload", key->token, rv);
    }
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        tree_free(&trees[i]);
    return done;
}
