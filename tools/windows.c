/* SPDX-License-Identifier: Apache-2.0 */
#include "windows.h"

#include "text.h"

bool window_is_limited(const struct ska_policy_token *token)
{
    return token->timelock > 0 || token->timeout > 0;
}

void window_text(const struct ska_policy_token *policy_token, const struct ska_token *token,
                 struct ska_buffer *text)
{
    struct ska_window window = {0, UINT64_MAX};
    char opens[32];
    char closes[32];

    if (!window_is_limited(policy_token)) {
        ska_buffer_text(text, "at any time");
        return;
    }
    if (!token->has_timestamp) {
        ska_buffer_text(text, "never: it has a time limit, and the request holds no HSM time");
        return;
    }
    window = ska_window_of(policy_token, token->timestamp.seconds);
    ska_buffer_format(text, "from %s", ska_time_text(window.opens, opens));
    if (window.closes == UINT64_MAX)
        ska_buffer_text(text, " on");
    else
        ska_buffer_format(text, " until %s", ska_time_text(window.closes, closes));
}

void windows_text(const struct ska_rule *rule, const struct ska_token *token,
                  struct ska_buffer *text)
{
    if (!ska_rule_has_time_limit(rule))
        return;
    text_name(text, "usable");
    for (size_t i = 0; i < rule->token_count; i++) {
        const struct ska_policy_token *policy_token = &rule->tokens[i];

        if (i > 0)
            text_next_line(text);
        if (policy_token->name.length > 0) {
            text_quoted(text, ska_span_of(&policy_token->name));
            ska_buffer_text(text, ": ");
        } else if (rule->token_count > 1) {
            ska_buffer_format(text, "alternative %zu: ", i + 1);
        }
        window_text(policy_token, token, text);
    }
    ska_buffer_text(text, "\n");
}
