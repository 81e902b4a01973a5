/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells two rules apart. Approvers are told by their keys, not by names; alternatives and
 * groups go by their names, without one by their places.
 */
#ifndef SKA_TOOLS_SHOW_RULE_COMPARE_H
#define SKA_TOOLS_SHOW_RULE_COMPARE_H

#include <openssl/types.h>

#include "provider/rule/rule.h"

/* One change in two ways; all texts are harmless on a terminal. */
struct rule_change {
    struct ska_buffer line; /* for technicians: "quorum LOWERED from 2 to 1" */
    struct ska_buffer
        warning; /* a sentence for approvers; empty unless it makes something easier */
};

struct rule_changes {
    struct rule_change *list;
    size_t count;
    /* Approvers of the whole rule: "alice, bob". Empty: nobody, or the new rule needs nobody. */
    struct ska_buffer gone;    /* without those by whose name another key joins */
    struct ska_buffer joining; /* likewise, and the other way round */
};

/* False when memory runs out (no error raised); then no changes are known. rule_changes_clear() */
bool rule_compare(OSSL_LIB_CTX *libctx, const struct ska_rule *before, const struct ska_rule *after,
                  struct rule_changes *changes) SKA_MUST_CHECK;
void rule_changes_clear(struct rule_changes *changes);

#endif
