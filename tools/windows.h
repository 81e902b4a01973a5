/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When approvals can be used: what the HSM's time in a token and the time limits of a rule make of
 * it. Foretold, for people; the HSM decides.
 */
#ifndef SKA_TOOLS_WINDOWS_H
#define SKA_TOOLS_WINDOWS_H

#include "../provider/approval/token.h"
#include "../provider/approval/window.h"

/* Whether the policy token has a timelock or a timeout, so that it wants the HSM's time. */
bool window_is_limited(const struct ska_policy_token *token);

/* "from ... until ...", "from ... on", "at any time", "never, ..." for a request without a time. */
void window_text(const struct ska_policy_token *policy_token, const struct ska_token *token,
                 struct ska_buffer *text);

/* Lines "usable" for all policy tokens of a rule that has time limits; nothing for others. */
void windows_text(const struct ska_rule *rule, const struct ska_token *token,
                  struct ska_buffer *text);

#endif
