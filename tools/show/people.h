/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvers and rules in sentences: "2 of these 3 must approve: alice, bob, carol". All of it is
 * harmless on a terminal.
 */
#ifndef SKA_TOOLS_SHOW_PEOPLE_H
#define SKA_TOOLS_SHOW_PEOPLE_H

#include "provider/rule/rule.h"

/*
 * What an approver is called, appended; with the start of the key's SHA-256 behind it where
 * another approver of the rule (NULL: none) has the same name and another key.
 */
void people_name(const struct ska_rule *rule, const struct ska_approver *approver,
                 struct ska_buffer *text);

/* Some approvers of a group, by their places in it, appended: "alice", "alice, bob and carol". */
struct people_choice {
    const struct ska_rule *rule;
    const struct ska_group *group;
    const size_t *places;
    size_t count;
    size_t most; /* so many are named, "and 7 more" of the others; 0: all */
};
void people_list(const struct people_choice *choice, const char *conjunction,
                 struct ska_buffer *text);

/* What the group asks for, appended: "2 of these 3 must approve: alice, bob, carol". */
void people_group(const struct ska_rule *rule, const struct ska_group *group, size_t most,
                  struct ska_buffer *text);
/* All groups of an alternative; "no approval is needed" where it asks for nobody. */
void people_token(const struct ska_rule *rule, const struct ska_alternative *alternative,
                  size_t most, struct ska_buffer *text);

/* Who is listed anywhere in the rule, appended: "alice, bob"; "and others" behind the first few. */
void people_everyone(const struct ska_rule *rule, struct ska_buffer *text);

/* "group 'directors'", "group 2": what a group is called. */
void people_group_name(const struct ska_group *group, size_t place, struct ska_buffer *text);

/* True for the first entry of a group with this key: a key that is listed twice counts once. */
bool people_is_first(const struct ska_group *group, size_t place);

#endif
