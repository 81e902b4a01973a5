/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/windows.h"

bool window_is_limited(const struct ska_alternative *alternative)
{
    return alternative->timelock > 0 || alternative->timeout > 0;
}

/* ---- For an approver ------------------------------------------------------------------------- */

static bool lists(const struct ska_alternative *alternative, struct ska_span public_key)
{
    if (public_key.length == 0)
        return true;
    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];

        for (size_t j = 0; j < group->approver_count; j++)
            if (ska_span_equal(ska_span_of(&group->approvers[j].public_key), public_key))
                return true;
    }
    return false;
}

static struct usable usable_of(const struct ska_alternative *alternative,
                               const struct ska_approval_token *token, uint64_t now)
{
    static const enum usable_state states[] = {[SKA_WINDOW_OPEN] = USABLE_NOW,
                                               [SKA_WINDOW_NOT_YET] = USABLE_LATER,
                                               [SKA_WINDOW_CLOSED] = USABLE_OVER};
    struct usable usable = {USABLE_ALWAYS, {0, UINT64_MAX}};

    if (!window_is_limited(alternative))
        return usable;
    if (!token->has_timestamp) {
        usable.state = USABLE_NEVER;
        return usable;
    }
    usable.window = ska_window_of(alternative, token->timestamp.seconds);
    usable.state = states[ska_window_state(&usable.window, now)];
    return usable;
}

struct usable usable_find(const struct ska_rule *rule, const struct ska_approval_token *token,
                          struct ska_span public_key, uint64_t now)
{
    struct usable best = {USABLE_NEVER, {0, UINT64_MAX}};
    bool found = false;

    for (size_t i = 0; i < rule->alternative_count; i++) {
        struct usable usable;

        if (!lists(&rule->alternatives[i], public_key))
            continue;
        usable = usable_of(&rule->alternatives[i], token, now);
        /* Of two that are alike the one that lasts longer. */
        if (!found || usable.state < best.state ||
            (usable.state == best.state && usable.window.closes > best.window.closes))
            best = usable;
        found = true;
    }
    return best;
}
