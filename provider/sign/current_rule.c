/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/current_rule.h"

#include <string.h>

#include "provider/backend/backend_key.h"
#include "provider/rule/rule_codec.h"

bool ska_current_rule_read(struct backend_key *key, enum ska_rule_kind kind,
                           struct ska_current_rule *current, const struct ska_errors *errors)
{
    struct backend_key_state state = {0};
    const struct ska_bytes *encoded = &state.rules[kind];

    memset(current, 0, sizeof(*current));
    if (!backend_key_state(key, &state, errors))
        return false;
    /* A rule that does not decode here may be fine for the HSM: it is not known, not wrong. */
    if (encoded->data != NULL)
        current->known = ska_rule_decode(ska_span_of(encoded), &current->rule, NULL);
    backend_key_state_clear(&state);
    return true;
}

void ska_current_rule_clear(struct ska_current_rule *current)
{
    ska_rule_clear(&current->rule);
    memset(current, 0, sizeof(*current));
}

const struct ska_rule *ska_current_rule_of(const struct ska_current_rule *current)
{
    return current->known ? &current->rule : NULL;
}

bool ska_use_rule_has_changed(struct backend_key *key)
{
    struct backend_key_state state = {0};
    bool changed =
        backend_key_state(key, &state, NULL) &&
        !ska_span_equal(ska_span_of(&state.rules[SKA_RULE_USE]), backend_key_use_rule(key));

    backend_key_state_clear(&state);
    return changed;
}

bool ska_key_is_blocked(struct backend_key *key)
{
    struct backend_key_state state = {0};
    bool blocked = backend_key_state(key, &state, NULL) && state.blocked == BACKEND_YES;

    backend_key_state_clear(&state);
    return blocked;
}
