/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a set of approvers satisfies a rule. Who has approved is a set of public keys
 * (SubjectPublicKeyInfo, DER); an approver listed in several groups counts in each, and once only
 * in a group, even when the group lists the same key twice. Time is not looked at here.
 */
#ifndef SKA_RULE_QUORUM_H
#define SKA_RULE_QUORUM_H

#include "provider/rule/rule.h"

/* Whether the group lists the key, in this very encoding. */
bool ska_group_lists(const struct ska_group *group, struct ska_span key);

/* How many distinct approvers of the group are among the keys. */
size_t ska_group_count(const struct ska_group *group, const struct ska_span *keys,
                       size_t key_count);

/* True for the first entry of a group with its key: a key that is listed twice counts once. */
bool ska_group_is_first(const struct ska_group *group, size_t place);

bool ska_group_satisfied(const struct ska_group *group, const struct ska_span *keys,
                         size_t key_count);

/* Whether some group of it lists the key. */
bool ska_alternative_lists(const struct ska_alternative *alternative, struct ska_span key);

/* All groups satisfied (an alternative without groups is: there is nothing that it asks for). */
bool ska_alternative_satisfied(const struct ska_alternative *alternative,
                               const struct ska_span *keys, size_t key_count);

/* One alternative satisfied. */
bool ska_rule_satisfied(const struct ska_rule *rule, const struct ska_span *keys, size_t key_count);

/* The first approver of the rule with this public key; NULL when the rule does not list it. */
const struct ska_approver *ska_rule_find_approver(const struct ska_rule *rule, struct ska_span key);

#endif
