/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modification changes: for each rule how it is now, which only the requester says, how it
 * would be, which the HSM would enforce, and what becomes easier by it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "provider/rule/rule_codec.h"
#include "tools/show/briefing.h"
#include "tools/show/people.h"
#include "tools/show/text.h"

static const char *const actions[] = {
    [SKA_RULE_USE] = "to sign with the key",
    [SKA_RULE_BLOCK] = "to block the key",
    [SKA_RULE_UNBLOCK] = "to unblock the key",
    [SKA_RULE_MODIFY] = "to change these rules",
};

/* ---- A rule in a sentence -------------------------------------------------------------------- */

static void add_times(const struct ska_alternative *alternative, struct ska_buffer *text)
{
    if (alternative->timelock > 0) {
        ska_buffer_text(text, "; not before ");
        text_duration(text, alternative->timelock);
        ska_buffer_text(text, " have passed");
    }
    if (alternative->timeout > 0) {
        ska_buffer_text(text, "; approvals expire after ");
        text_duration(text, alternative->timeout);
    }
}

static void say_rule(struct page *page, const char *when, const struct ska_rule *rule)
{
    struct ska_buffer text = {0};
    struct ska_bytes words = {NULL, 0};

    for (size_t i = 0; i < rule->alternative_count; i++) {
        if (i > 0)
            ska_buffer_text(&text, "; OR ");
        people_token(rule, &rule->alternatives[i], 0, &text);
        add_times(&rule->alternatives[i], &text);
    }
    if (rule->alternative_count == 0)
        ska_buffer_text(&text, "nobody can do this");
    if (ska_buffer_finish(&text, &words, NULL))
        page_item(page, "%s: %s.", when, (const char *)words.data);
    else
        page->text.failed = true;
    ska_bytes_free(&words);
}

/* ---- What becomes easier, or impossible ------------------------------------------------------ */

static const struct ska_approver *find_key(const struct ska_rule *rule, struct ska_span key)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++) {
            const struct ska_group *group = &rule->alternatives[i].groups[j];

            for (size_t k = 0; k < group->approver_count; k++)
                if (ska_span_equal(ska_span_of(&group->approvers[k].public_key), key))
                    return &group->approvers[k];
        }
    return NULL;
}

/* Approvers of one rule whose keys the other does not list, each once. */
struct strangers {
    const struct ska_rule *rule;
    const struct ska_approver **list;
    size_t count;
};

static void find_strangers(struct page *page, const struct ska_rule *rule,
                           const struct ska_rule *other, struct strangers *found)
{
    found->rule = rule;
    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++) {
            const struct ska_group *group = &rule->alternatives[i].groups[j];

            for (size_t k = 0; k < group->approver_count; k++) {
                struct ska_span key = ska_span_of(&group->approvers[k].public_key);
                const struct ska_approver **grown = NULL;

                if (find_key(other, key) != NULL || find_key(rule, key) != &group->approvers[k])
                    continue;
                grown = reallocarray(found->list, found->count + 1, sizeof(*grown));
                if (grown == NULL) {
                    page->text.failed = true;
                    return;
                }
                found->list = grown;
                grown[found->count++] = &group->approvers[k];
            }
        }
}

static bool has_namesake(const struct strangers *among, const struct ska_approver *approver)
{
    for (size_t i = 0; i < among->count; i++)
        if (approver->name.length > 0 &&
            ska_span_equal(ska_span_of(&among->list[i]->name), ska_span_of(&approver->name)))
            return true;
    return false;
}

/* Those who have a namesake among the others, or those who have none. NULL: nobody. */
static char *names_of(struct page *page, const struct strangers *strangers,
                      const struct strangers *others, bool with_namesake)
{
    struct ska_buffer names = {0};
    struct ska_bytes text = {NULL, 0};

    for (size_t i = 0; i < strangers->count; i++) {
        if (has_namesake(others, strangers->list[i]) != with_namesake)
            continue;
        if (names.length > 0)
            ska_buffer_text(&names, ", ");
        people_name(strangers->rule, strangers->list[i], &names);
    }
    if (names.length > 0 && !ska_buffer_finish(&names, &text, NULL))
        page->text.failed = true;
    return (char *)text.data;
}

/* The fewest people who can satisfy the rule, as far as that is certain: of one group, its quorum;
 * of several at least the greatest. 0 for a rule that needs nobody. */
static size_t fewest(const struct ska_rule *rule)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < rule->alternative_count; i++) {
        size_t most = 0;

        for (size_t j = 0; j < rule->alternatives[i].group_count; j++)
            if (rule->alternatives[i].groups[j].quorum > most)
                most = rule->alternatives[i].groups[j].quorum;
        if (most < least)
            least = most;
    }
    return least;
}

static bool same_name(const struct ska_bytes *a, const struct ska_bytes *b)
{
    return ska_span_equal(ska_span_of(a), ska_span_of(b));
}

/* The group that this one takes the place of: of the same name, and without one in its place. */
static const struct ska_group *find_group(const struct ska_alternative *alternative,
                                          const struct ska_group *wanted, size_t place)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if (same_name(&alternative->groups[i].name, &wanted->name) &&
            (wanted->name.length > 0 || i == place))
            return &alternative->groups[i];
    return NULL;
}

static void compare_groups(struct page *page, const struct ska_alternative *before,
                           const struct ska_alternative *after)
{
    for (size_t i = 0; i < before->group_count; i++) {
        const struct ska_group *old = &before->groups[i];
        const struct ska_group *new = find_group(after, old, i);
        struct ska_buffer name = {0};
        struct ska_bytes text = {NULL, 0};

        people_group_name(old, i, &name);
        if (!ska_buffer_finish(&name, &text, NULL))
            page->text.failed = true;
        else if (new == NULL && old->quorum > 0)
            page_warning(page, "nobody of %s is asked any more.", (const char *)text.data);
        else if (new != NULL &&new->quorum < old->quorum)
            page_warning(page,
                         "fewer approvals are enough: %" PRIu32 " instead of %" PRIu32 " (%s).",
                         new->quorum, old->quorum, (const char *)text.data);
        ska_bytes_free(&text);
    }
}

static void compare_times(struct page *page, const struct ska_alternative *before,
                          const struct ska_alternative *after)
{
    if (after->timelock < before->timelock)
        page_warning(page, "the time that must pass before approvals can be used gets shorter.");
    if (after->timeout == 0 && before->timeout > 0)
        page_warning(page, "approvals never expire any more.");
    else if (before->timeout > 0 && after->timeout > before->timeout)
        page_warning(page, "approvals can be used longer before they expire.");
}

/* Alternatives go by their names too. */
static const struct ska_alternative *find_token(const struct ska_rule *rule,
                                                const struct ska_alternative *wanted, size_t place)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (same_name(&rule->alternatives[i].name, &wanted->name) &&
            (wanted->name.length > 0 || i == place))
            return &rule->alternatives[i];
    return NULL;
}

static void compare_tokens(struct page *page, const struct ska_rule *before,
                           const struct ska_rule *after)
{
    for (size_t i = 0; i < after->alternative_count; i++) {
        const struct ska_alternative *new = &after->alternatives[i];
        const struct ska_alternative *old = find_token(before, new, i);

        if (old == NULL) {
            page_warning(page, "there is another way to get it approved, beside or instead of the "
                               "one before.");
            continue;
        }
        compare_groups(page, old, new);
        compare_times(page, old, new);
    }
}

static void compare_people(struct page *page, const struct ska_rule *before,
                           const struct ska_rule *after)
{
    struct strangers leaving = {NULL, NULL, 0};
    struct strangers joining = {NULL, NULL, 0};
    char *gone = NULL;
    char *come = NULL;
    char *changed = NULL;

    find_strangers(page, before, after, &leaving);
    find_strangers(page, after, before, &joining);
    gone = names_of(page, &leaving, &joining, false);
    come = names_of(page, &joining, &leaving, false);
    changed = names_of(page, &joining, &leaving, true);
    if (gone != NULL)
        page_warning(page, "can no longer approve: %s.", gone);
    if (come != NULL)
        page_item(page, "NEW, can approve from then on: %s.", come);
    if (changed != NULL)
        page_warning(page,
                     "gets ANOTHER KEY: %s. Whoever has that key approves in this name. Ask "
                     "the person.",
                     changed);
    free(gone);
    free(come);
    free(changed);
    free(leaving.list);
    free(joining.list);
}

static void compare(struct page *page, const struct ska_rule *before, const struct ska_rule *after)
{
    if (before->alternative_count > 0 && after->alternative_count > 0 && fewest(after) > 0)
        compare_tokens(page, before, after);
    if (before->alternative_count == 0 && after->alternative_count > 0)
        page_warning(page, "so far nobody could do this.");
    if (after->alternative_count > 0 && fewest(after) > 0)
        compare_people(page, before, after);
}

/* What holds whatever was before: that is only what the requester says. */
static void warn_of_rule(struct page *page, enum ska_rule_kind kind, const struct ska_rule *rule)
{
    if (rule->alternative_count == 0)
        page_warning(page, "nobody can do this any more%s.",
                     kind == SKA_RULE_MODIFY ? ", and that can never be changed again" : "");
    else if (fewest(rule) == 0)
        page_warning(page, "no approval is needed any more: whoever has the PIN can do it.");
    else if (fewest(rule) == 1)
        page_warning(page, "one person alone may be enough.");
}

/* ---- All rules ------------------------------------------------------------------------------- */

static void say_changed(const struct briefing *briefing, struct page *page, enum ska_rule_kind kind,
                        struct ska_span encoded)
{
    const struct ska_request *request = briefing->request;
    struct ska_rule rule = {NULL, 0};

    page_paragraph(page, "Who must agree %s:", actions[kind]);
    if (!ska_rule_decode(encoded, &rule, NULL)) {
        page_warning(page, "the new rule is not understood by this version of skatool: nobody can "
                           "see what would be approved.");
        return;
    }
    if (request->has_rule[kind])
        say_rule(page, "now, the requester says", &request->rules[kind]);
    else
        page_item(page, "now: the requester does not say.");
    say_rule(page, "then", &rule);
    if (request->has_rule[kind])
        compare(page, &request->rules[kind], &rule);
    warn_of_rule(page, kind, &rule);
    ska_rule_clear(&rule);
}

void briefing_change(const struct briefing *briefing, struct page *page)
{
    struct ska_modify modify;

    page_heading(page, "What will change");
    if (!ska_modify_decode(ska_span_of(&briefing->request->payload), &modify, NULL)) {
        page_warning(page, "the change is not understood by this version of skatool.");
        return;
    }
    page_paragraph(page, "The rules that say who must agree to what is done with the key.");
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (modify.rules[i].data != NULL)
            say_changed(briefing, page, (enum ska_rule_kind)i, modify.rules[i]);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (modify.rules[i].data == NULL)
            page_paragraph(page, "Who must agree %s: stays as it is.", actions[i]);
}
