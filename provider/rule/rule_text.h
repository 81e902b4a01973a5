/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules in words, and how far the answers to a request satisfy one: the one vocabulary of messages,
 * of what skatool shows, and of its JSON. Texts are appended. Names are harmless on a terminal and
 * stand in quotes unless they are one plain word, so none can be taken for several, or for our
 * words.
 */
#ifndef SKA_RULE_RULE_TEXT_H
#define SKA_RULE_RULE_TEXT_H

#include <cjson/cJSON.h>

#include "provider/rule/rule.h"

/*
 * Who has answered: public keys in the very encoding of the rule. `approved` are those whose
 * approvals count; nobody stands in both. Borrowed.
 */
struct ska_responses {
    const struct ska_span *approved;
    size_t approved_count;
    const struct ska_span *refused;
    size_t refused_count;
};

/* ---- Names ----------------------------------------------------------------------------------- */

/*
 * What an approver is called; with the start of the key's SHA-256 behind it where another approver
 * of the rule (NULL: none) has the same name and another key.
 */
void ska_approver_text(const struct ska_rule *rule, const struct ska_approver *approver,
                       struct ska_buffer *text);

/* "group directors", "group 2": what a group of the alternative is called. */
void ska_group_name_text(const struct ska_alternative *alternative, const struct ska_group *group,
                         struct ska_buffer *text);
/* "alternative daily", "alternative 2": the same of one of the rule's. */
void ska_alternative_name_text(const struct ska_rule *rule,
                               const struct ska_alternative *alternative, struct ska_buffer *text);

/* ---- What a rule asks for -------------------------------------------------------------------- */

/*
 * In a sentence: "2 of these 3 must approve: alice, bob and carol; only after 1 hour", alternatives
 * separated by "; OR ". `most` approvers of a group are named, 0: all.
 */
void ska_rule_text(const struct ska_rule *rule, size_t most, struct ska_buffer *text);

/*
 * As a list: "'board' 2 of 3: alice, bob, carol", each group, alternative and time limit behind a
 * `new_line`, which holds the indentation too. `rule` may be NULL, see ska_approver_text().
 */
void ska_rule_list_text(const struct ska_rule *rule, const char *new_line, struct ska_buffer *text);
void ska_alternative_list_text(const struct ska_rule *rule,
                               const struct ska_alternative *alternative, const char *new_line,
                               struct ska_buffer *text);
void ska_group_list_text(const struct ska_rule *rule, const struct ska_group *group,
                         struct ska_buffer *text);

/* "10 minutes", "1 hour 30 minutes", "5 seconds" */
void ska_duration_text(uint64_t seconds, struct ska_buffer *text);

/* ---- How far it is satisfied ----------------------------------------------------------------- */

/*
 * "1 of 2; still needed: bob or carol", "2 of 2; no more approvals are needed". Where the rule has
 * several groups who is needed stands with its group, and the count is of each alternative: "1 of 3
 * or 0 of 2; still needed: bob (alternative daily, group board); ...". `rule` may be NULL here and
 * below: not known; then "1 so far; ...".
 */
void ska_rule_progress_text(const struct ska_rule *rule, const struct ska_responses *responses,
                            struct ska_buffer *text);

/* Only the counts: "1 of 2", "1 of 3 or 0 of 2"; "none needed", "impossible". */
void ska_rule_count_text(const struct ska_rule *rule, const struct ska_responses *responses,
                         struct ska_buffer *text);

/*
 * Only who is needed: "bob or carol", "2 of bob, carol and dave"; "" when nobody is, "more than are
 * left" when too many have refused.
 */
void ska_rule_needed_text(const struct ska_rule *rule, const struct ska_responses *responses,
                          struct ska_buffer *text);

/* Who has not answered, each once: "alice, bob"; else "nobody". The rule is known. */
void ska_rule_left_text(const struct ska_rule *rule, const struct ska_responses *responses,
                        struct ska_buffer *text);

/* The approvers of a group, each once, who have approved, or have not answered: "alice, bob". */
void ska_group_approvers_text(const struct ska_rule *rule, const struct ska_group *group,
                              const struct ska_responses *responses, bool approved,
                              struct ska_buffer *text);

/*
 * {"token": name of the alternative, "group": name, "quorum": 2, "approved": 1, "missing":
 * [names]}; missing is who has neither approved nor refused. NULL: out of memory (no error raised).
 */
cJSON *ska_group_to_json(const struct ska_alternative *alternative, const struct ska_group *group,
                         const struct ska_responses *responses);

/* ---- When approvals can be used -------------------------------------------------------------- */

/*
 * "from ... until ...", "from ... on", "at any time"; by the HSM's time in the request (NULL: none,
 * then "never, ..." where there is a time limit).
 */
void ska_alternative_window_text(const struct ska_alternative *alternative,
                                 const uint64_t *timestamp, struct ska_buffer *text);

/*
 * {"token": name, "open": whether it is at this time, "opens": time, "closes": time}; times only
 * where there are limits. NULL: out of memory (no error raised).
 */
cJSON *ska_alternative_window_to_json(const struct ska_alternative *alternative,
                                      const uint64_t *timestamp, uint64_t now);

#endif
