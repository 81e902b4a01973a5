/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When approvals can be used: what the HSM's time in a token and the time limits of a rule make of
 * it. Foretold, for people; the HSM decides.
 */
#ifndef SKA_TOOLS_SHOW_WINDOWS_H
#define SKA_TOOLS_SHOW_WINDOWS_H

#include "provider/request/approval_token.h"
#include "provider/rule/window.h"

/* Whether the alternative has a timelock or a timeout, so that it wants the HSM's time. */
bool window_is_limited(const struct ska_alternative *alternative);

/* From the most useful to the least. */
enum usable_state {
    USABLE_ALWAYS,
    USABLE_NOW,
    USABLE_LATER,
    USABLE_OVER,
    USABLE_NEVER /* there is a time limit, and no time of the HSM in the request */
};
struct usable {
    enum usable_state state;
    struct ska_window window;
};
/*
 * When an approval by this key (empty: by anybody) is of use at best: by the alternatives that
 * list it.
 */
struct usable usable_find(const struct ska_rule *rule, const struct ska_approval_token *token,
                          struct ska_span public_key, uint64_t now);

#endif
