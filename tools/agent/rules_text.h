/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of an agent in words, and as they are written.
 */
#ifndef SKA_TOOLS_AGENT_RULES_TEXT_H
#define SKA_TOOLS_AGENT_RULES_TEXT_H

#include "tools/agent/rules.h"

/* AGENT_PAYLOAD_NONE: there is none of this name. */
enum agent_payload agent_payload_from_name(const char *name);

/* Appends " --allow key=www,payload=tls13-server", quoted for a shell where that is needed. */
void agent_rule_option(const struct agent_rule *rule, struct ska_buffer *text);

/*
 * What is approved, without the end of a line: "for key 'www', what a TLS 1.3 server signs in a
 * handshake and nothing else, when uid 33 asks, at most 50 times in a second".
 */
void agent_rule_words(const struct agent_rule *rule, struct ska_buffer *text);

#endif
