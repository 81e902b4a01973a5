/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells two rules apart. Approvers are told by their keys, not by names; alternatives and
 * groups go by their names, without one by their places.
 */
#ifndef SKA_TOOLS_SHOW_RULE_COMPARE_H
#define SKA_TOOLS_SHOW_RULE_COMPARE_H

#include <openssl/types.h>

#include "provider/rule/rule.h"

enum rule_change_kind {
    /* The whole rule. One for everybody or for nobody has no parts to compare. */
    CHANGE_NOBODY_BEFORE,
    CHANGE_NOBODY_AFTER,
    CHANGE_FREE_BEFORE, /* no approval was needed, at any time */
    CHANGE_FREE_AFTER,
    /* An alternative; only `before` or only `after` for one without a counterpart. */
    CHANGE_ALTERNATIVE_ADDED,
    CHANGE_ALTERNATIVE_REMOVED,
    CHANGE_TIMELOCK,
    CHANGE_TIMEOUT,
    /* A group of an alternative that both have. */
    CHANGE_GROUP_ADDED,
    CHANGE_GROUP_REMOVED,
    CHANGE_QUORUM,
    /* An approver of a group that both have. */
    CHANGE_MEMBER_ADDED,
    CHANGE_MEMBER_REMOVED,
    CHANGE_MEMBER_RENAMED,
    CHANGE_MEMBER_CERTIFICATE, /* the same key by another certificate, by the first or by none */
    /* Approvers of the whole rule, once each, unless the new one needs nobody. */
    CHANGE_APPROVER_NEW,
    CHANGE_APPROVER_GONE,
    CHANGE_APPROVER_KEY,     /* new, by the name of one that is gone */
    CHANGE_APPROVER_REPLACED /* gone, and one of the same name is new */
};

/* Where a change is: what is NULL has no part in it. Borrowed from the rules. */
struct rule_place {
    const struct ska_alternative *alternative;
    const struct ska_group *group;
    size_t group_place; /* of the group in the alternative */
    const struct ska_approver *approver;
};
struct rule_change {
    enum rule_change_kind kind;
    struct rule_place before;
    struct rule_place after;
};
struct rule_changes {
    struct rule_change *list;
    size_t count;
};

/* False when memory runs out (no error raised); then no changes are known. rule_changes_clear() */
bool rule_compare(const struct ska_rule *before, const struct ska_rule *after,
                  struct rule_changes *changes) SKA_MUST_CHECK;
void rule_changes_clear(struct rule_changes *changes);

/*
 * A line for each change, for technicians, indented as a value: "quorum LOWERED from 2 to 1",
 * "added: dave, ...". Nothing for rules that ask for the same.
 */
void rule_changes_text(OSSL_LIB_CTX *libctx, const struct rule_changes *changes,
                       struct ska_buffer *text);

#endif
