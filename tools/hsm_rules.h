/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that a key has now, by the HSM's own word: where skatool can ask it, nobody has to
 * believe the requester.
 */
#ifndef SKA_TOOLS_HSM_RULES_H
#define SKA_TOOLS_HSM_RULES_H

#include "provider/request/request.h"
#include "tools/tool.h"

/* Starts as {0}; free with hsm_rules_clear(). */
struct hsm_rules {
    bool asked;                                   /* and it has answered */
    bool blocked;                                 /* the key is, now */
    bool other_key;                               /* than the request's has this name there */
    const struct ska_rule *known[SKA_RULE_COUNT]; /* NULL: it does not tell, or not understood */
    struct ska_rule rules[SKA_RULE_COUNT];
    char *why_not; /* harmless; NULL where it has answered, or is not configured */
};

/*
 * Asks for the key that a request names, as the HSM would find it: by its name. That needs a module
 * and a source of the PIN in the configuration; nobody is asked for a PIN. That it cannot be asked
 * is no failure. False, with errors raised: out of memory.
 */
bool hsm_rules_ask(struct tool *tool, const struct ska_request *request,
                   struct hsm_rules *rules) SKA_MUST_CHECK;
void hsm_rules_clear(struct hsm_rules *rules);

#endif
