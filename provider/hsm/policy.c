/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule becomes a tree of the vendor's structures. Their members are known by order and type from
 * the vendor's examples, so they are filled by order, not by name.
 */
#include "policy.h"

#include <stdlib.h>

/* Longer ones are no serialized rule. */
#define SERIALIZED_LIMIT ((CK_ULONG)1024 * 1024)

struct tree {
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

    for (size_t i = 0; i < rule->token_count; i++) {
        groups += rule->tokens[i].group_count;
        for (size_t j = 0; j < rule->tokens[i].group_count; j++)
            approvers += rule->tokens[i].groups[j].approver_count;
    }
    tree->tokens = calloc(rule->token_count + 1, sizeof(*tree->tokens));
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

static void fill(struct tree *tree, const struct ska_rule *rule)
{
    CK_SKA_GROUP *next_group = tree->groups;
    CK_SKA_APPROVER *next_approver = tree->approvers;

    for (size_t i = 0; i < rule->token_count; i++) {
        const struct ska_policy_token *from = &rule->tokens[i];
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

static CK_RV serialize(const struct hsm_module *module, CK_SKA_POLICY *policy,
                       struct ska_bytes *serialized)
{
    CK_ULONG length = 0;
    CK_RV rv = HSM_CALL(module->ska.serialize_policy(policy, NULL, &length));

    if (rv != CKR_OK)
        return rv;
    if (length == 0 || length > SERIALIZED_LIMIT)
        return CKR_GENERAL_ERROR;
    serialized->data = calloc(1, (size_t)length + 1);
    if (serialized->data == NULL)
        return CKR_HOST_MEMORY;
    serialized->length = length;
    rv = HSM_CALL(module->ska.serialize_policy(policy, serialized->data, &length));
    if (rv == CKR_OK && (length == 0 || length > serialized->length))
        rv = CKR_GENERAL_ERROR;
    if (rv == CKR_OK)
        serialized->length = length;
    else
        ska_bytes_free(serialized);
    return rv;
}

bool hsm_rule_serialize(const struct hsm_module *module, const struct ska_rule *rule,
                        struct ska_bytes *serialized, const struct ska_errors *errors)
{
    struct tree tree = {NULL, NULL, NULL};
    bool done = tree_new(&tree, rule);

    if (!done) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a rule");
    } else {
        CK_SKA_POLICY policy = {tree.tokens, (CK_ULONG)rule->token_count};
        CK_RV rv = CKR_OK;

        fill(&tree, rule);
        rv = serialize(module, &policy, serialized);
        done = rv == CKR_OK || hsm_fail_rv(errors, "C_SerializePolicy", NULL, rv);
    }
    tree_free(&tree);
    return done;
}
