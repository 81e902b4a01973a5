/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that a request to modify a key would give it.
 */
#ifndef SKA_TOOLS_SHOW_MODIFICATION_H
#define SKA_TOOLS_SHOW_MODIFICATION_H

#include "provider/request/request.h"
#include "provider/rule/rule_codec.h"

struct modification {
    bool readable;                                /* as a payload; false for other operations too */
    struct ska_modify named;                      /* borrowed from the request */
    const struct ska_rule *known[SKA_RULE_COUNT]; /* NULL: not named, or not understood here */
    struct ska_rule rules[SKA_RULE_COUNT];
};

/* False, with errors raised: out of memory. Free with modification_clear() in any case. */
bool modification_read(const struct ska_request *request, struct modification *modification,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
void modification_clear(struct modification *modification);

/*
 * Nobody approves, or sends to the HSM, what cannot be shown: a modification that names no rule, or
 * one that cannot be decoded, is refused with SKA_R_BAD_RULE. True for other operations.
 */
bool modification_can_be_shown(const struct ska_request *request,
                               const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
