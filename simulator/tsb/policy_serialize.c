/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/policy_serialize.h"

#include <stdlib.h>

/* More than four rules of the longest kind; an element has 64 KiB at most. */
#define ROOM ((CK_ULONG)512 * 1024)

static CK_BYTE *bytes_of(const struct ska_bytes *bytes)
{
    return bytes->length == 0 ? NULL : bytes->data;
}

static bool fill_group(const struct ska_group *group, CK_SKA_GROUP *to)
{
    CK_SKA_APPROVER *approvers = calloc(group->approver_count + 1, sizeof(*approvers));

    to->pName = bytes_of(&group->name);
    to->nameLen = group->name.length;
    to->quorum = group->quorum;
    to->pApprovers = approvers;
    to->approverCount = group->approver_count;
    for (size_t i = 0; approvers != NULL && i < group->approver_count; i++) {
        const struct ska_approver *from = &group->approvers[i];
        bool certificate = from->type == SKA_APPROVER_CERTIFICATE;

        /* The name of a certificate is its subject. */
        approvers[i].pName = certificate ? NULL : bytes_of(&from->name);
        approvers[i].nameLen = certificate ? 0 : from->name.length;
        approvers[i].type = certificate ? CKAP_CERTIFICATE : CKAP_SIGNATURE;
        approvers[i].pData = from->data.data;
        approvers[i].dataLen = from->data.length;
    }
    return approvers != NULL;
}

static bool fill_token(const struct ska_alternative *alternative, CK_SKA_TOKEN *to)
{
    CK_SKA_GROUP *groups = calloc(alternative->group_count + 1, sizeof(*groups));

    to->pName = bytes_of(&alternative->name);
    to->nameLen = alternative->name.length;
    to->delay = alternative->timelock;
    to->timeout = alternative->timeout;
    to->pGroups = groups;
    if (groups == NULL)
        return false;
    for (size_t i = 0; i < alternative->group_count; i++) {
        to->groupCount = i + 1;
        if (!fill_group(&alternative->groups[i], &groups[i]))
            return false;
    }
    return true;
}

static bool fill_policy(const struct ska_rule *rule, CK_SKA_POLICY *to)
{
    CK_SKA_TOKEN *tokens = calloc(rule->alternative_count + 1, sizeof(*tokens));

    to->pTokens = tokens;
    to->tokenCount = 0;
    if (tokens == NULL)
        return false;
    for (size_t i = 0; i < rule->alternative_count; i++) {
        to->tokenCount = i + 1;
        if (!fill_token(&rule->alternatives[i], &tokens[i]))
            return false;
    }
    return true;
}

static void free_policy(CK_SKA_POLICY *policy)
{
    for (CK_ULONG i = 0; i < policy->tokenCount; i++) {
        for (CK_ULONG j = 0; j < policy->pTokens[i].groupCount; j++)
            free(policy->pTokens[i].pGroups[j].pApprovers);
        free(policy->pTokens[i].pGroups);
    }
    free(policy->pTokens);
}

CK_RV tsb_policy_serialize(const struct tsb_vendor_calls *calls, const struct ska_rule *rule,
                           struct ska_bytes *serialized)
{
    CK_SKA_POLICY policy = {NULL, 0};
    CK_ULONG length = ROOM;
    CK_BYTE *made = malloc(ROOM);
    CK_RV rv = CKR_HOST_MEMORY;

    if (made != NULL && fill_policy(rule, &policy))
        rv = calls->serialize_policy(&policy, made, &length);
    if (rv == CKR_OK && !ska_bytes_copy(serialized, ska_span(made, length), NULL))
        rv = CKR_HOST_MEMORY;
    free_policy(&policy);
    free(made);
    return rv;
}

CK_RV tsb_modify_serialize(const struct tsb_vendor_calls *calls, const struct ska_rule *rules,
                           struct ska_bytes *payload)
{
    CK_SKA_POLICY policies[SKA_RULE_COUNT] = {{NULL, 0}};
    CK_ULONG length = ROOM;
    CK_BYTE *made = malloc(ROOM);
    bool filled = made != NULL;
    CK_RV rv = CKR_HOST_MEMORY;

    for (int i = 0; i < SKA_RULE_COUNT; i++)
        filled = fill_policy(&rules[i], &policies[i]) && filled;
    if (filled)
        rv = calls->create_modify_payload(&policies[SKA_RULE_USE], &policies[SKA_RULE_BLOCK],
                                          &policies[SKA_RULE_UNBLOCK], &policies[SKA_RULE_MODIFY],
                                          made, &length);
    if (rv == CKR_OK && !ska_bytes_copy(payload, ska_span(made, length), NULL))
        rv = CKR_HOST_MEMORY;
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        free_policy(&policies[i]);
    free(made);
    return rv;
}
