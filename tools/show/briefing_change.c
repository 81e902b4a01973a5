/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modification changes: for each rule how it is now, which only the requester says, how it
 * would be, which the HSM would enforce, and what becomes easier by it.
 */
#include <inttypes.h>

#include "provider/rule/rule_codec.h"
#include "provider/rule/rule_text.h"
#include "tools/show/briefing.h"
#include "tools/show/rule_compare.h"

static const char *const actions[] = {
    [SKA_RULE_USE] = "to sign with the key",
    [SKA_RULE_BLOCK] = "to block the key",
    [SKA_RULE_UNBLOCK] = "to unblock the key",
    [SKA_RULE_MODIFY] = "to change these rules",
};

static void say_rule(struct page *page, const char *when, const struct ska_rule *rule)
{
    struct ska_buffer words = {0};

    ska_buffer_format(&words, "%s: ", when);
    ska_rule_text(rule, 0, &words);
    ska_buffer_text(&words, ".");
    page_buffer(page, PAGE_ITEM, &words);
}

/* ---- What becomes easier, or impossible ------------------------------------------------------ */

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

static void say_times(struct page *page, const struct rule_change *change)
{
    const struct ska_alternative *before = change->before.alternative;
    const struct ska_alternative *after = change->after.alternative;

    if (change->kind == CHANGE_TIMELOCK && after->timelock < before->timelock)
        page_warning(page, "the time that must pass before approvals can be used gets shorter.");
    if (change->kind == CHANGE_TIMEOUT && after->timeout == 0)
        page_warning(page, "approvals never expire any more.");
    else if (change->kind == CHANGE_TIMEOUT && before->timeout > 0 &&
             after->timeout > before->timeout)
        page_warning(page, "approvals can be used longer before they expire.");
}

static void say_group(struct page *page, const struct rule_change *change)
{
    const struct ska_group *before = change->before.group;
    const struct ska_group *after = change->after.group;
    struct ska_buffer words = {0};

    if (after == NULL && before->quorum > 0) {
        ska_buffer_text(&words, "nobody of ");
        ska_group_name_text(before, change->before.group_place, &words);
        ska_buffer_text(&words, " is asked any more.");
    } else if (after != NULL && after->quorum < before->quorum) {
        ska_buffer_format(&words,
                          "fewer approvals are enough: %" PRIu32 " instead of %" PRIu32 " (",
                          after->quorum, before->quorum);
        ska_group_name_text(before, change->before.group_place, &words);
        ska_buffer_text(&words, ").");
    }
    page_buffer(page, PAGE_WARNING, &words);
}

static void say_renamed(struct page *page, const struct rule_change *change)
{
    struct ska_buffer words = {0};

    ska_buffer_text(&words, "gets ANOTHER NAME: ");
    ska_approver_text(NULL, change->before.approver, &words);
    ska_buffer_text(&words, " is called ");
    ska_approver_text(NULL, change->after.approver, &words);
    ska_buffer_text(&words, " from then on, with the same key.");
    page_buffer(page, PAGE_WARNING, &words);
}

static void say_part(struct page *page, const struct rule_change *change)
{
    switch (change->kind) {
    case CHANGE_ALTERNATIVE_ADDED:
        page_warning(page, "there is another way to get it approved, beside or instead of the one "
                           "before.");
        break;
    case CHANGE_NOBODY_BEFORE:
        page_warning(page, "so far nobody could do this.");
        break;
    case CHANGE_TIMELOCK:
    case CHANGE_TIMEOUT:
        say_times(page, change);
        break;
    case CHANGE_QUORUM:
    case CHANGE_GROUP_REMOVED:
        say_group(page, change);
        break;
    case CHANGE_MEMBER_RENAMED:
        say_renamed(page, change);
        break;
    default: /* it makes nothing easier, or warn_of_rule() or say_people() tell it */
        break;
    }
}

/* All changes of a kind that are about an approver: "can no longer approve: bob, carol." */
static void say_people(struct page *page, const struct rule_changes *changes,
                       enum rule_change_kind kind, const struct ska_rule *rule,
                       enum page_paragraph_kind paragraph, const char *start, const char *end)
{
    struct ska_buffer words = {0};

    for (size_t i = 0; i < changes->count; i++) {
        const struct rule_change *change = &changes->list[i];

        if (change->kind != kind)
            continue;
        ska_buffer_text(&words, words.length == 0 ? start : ", ");
        ska_approver_text(
            rule, kind == CHANGE_APPROVER_GONE ? change->before.approver : change->after.approver,
            &words);
    }
    if (words.length > 0)
        ska_buffer_text(&words, end);
    page_buffer(page, paragraph, &words);
}

static void say_changes(struct page *page, const struct ska_rule *before,
                        const struct ska_rule *after)
{
    struct rule_changes changes;

    if (!rule_compare(before, after, &changes)) {
        page->text.failed = true;
        return;
    }
    for (size_t i = 0; i < changes.count; i++)
        say_part(page, &changes.list[i]);
    say_people(page, &changes, CHANGE_APPROVER_GONE, before, PAGE_WARNING,
               "can no longer approve: ", ".");
    say_people(page, &changes, CHANGE_APPROVER_NEW, after, PAGE_ITEM,
               "NEW, can approve from then on: ", ".");
    say_people(page, &changes, CHANGE_APPROVER_KEY, after, PAGE_WARNING, "gets ANOTHER KEY: ",
               ". Whoever has that key approves in this name. Ask the person.");
    rule_changes_clear(&changes);
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
        say_changes(page, &request->rules[kind], &rule);
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
