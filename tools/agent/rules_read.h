/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of an agent: the texts of --allow become its rules.
 */
#ifndef SKA_TOOLS_AGENT_RULES_READ_H
#define SKA_TOOLS_AGENT_RULES_READ_H

#include "tools/agent/rules.h"

/* The longest text of one --allow. */
#define AGENT_RULE_LIMIT ((size_t)4096)
#define AGENT_RATE_MOST 1000000u

/*
 * Reads all rules; `own` is the uid of those that name none. A rule is a list of conditions
 * separated by commas, one of a kind (in a label a comma is written "\,", a backslash "\\"):
 * "key=LABEL" and "payload=tls13-server", "payload=tls13-client" or "payload=any", which are
 * needed, "uid=N", "rate=N/s". A rule that lacks one is refused with what to write instead.
 */
bool agent_rules_read(const char *const *texts, size_t count, uid_t own, struct agent_rules *rules,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
