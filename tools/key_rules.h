/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that a key has now. Where skatool can ask the HSM nobody has to believe the requester;
 * where only a broker can be asked, what it says is no more than that.
 */
#ifndef SKA_TOOLS_KEY_RULES_H
#define SKA_TOOLS_KEY_RULES_H

#include "provider/backend/backend_key.h"
#include "provider/request/request.h"
#include "tools/tool.h"

/* Starts as {0}; free with key_rules_clear(). */
struct key_rules {
    bool told;                                    /* somebody was asked, and has answered */
    enum backend_word word;                       /* whose word the rest is */
    bool blocked;                                 /* the key is, now */
    bool other_key;                               /* than the request's has this name there */
    const struct ska_rule *known[SKA_RULE_COUNT]; /* NULL: not told, or not understood */
    struct ska_rule rules[SKA_RULE_COUNT];
    char *why_not; /* harmless; NULL where it was told, or nobody is configured */
};

/* Whether it is certain: the HSM has said so itself. */
bool key_rules_are_certain(const struct key_rules *rules);

/*
 * Asks for the key that a request names, as the HSM would find it: by its name. That needs a module
 * and a source of the PIN, or a broker, in the configuration; nobody is asked for a PIN. That
 * nobody can be asked is no failure. False, with errors raised: out of memory.
 */
bool key_rules_ask(struct tool *tool, const struct ska_request *request,
                   struct key_rules *rules) SKA_MUST_CHECK;
void key_rules_clear(struct key_rules *rules);

#endif
