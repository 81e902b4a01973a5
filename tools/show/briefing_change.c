/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modification changes: for each rule how it is now, which only the requester says, how it
 * would be, which the HSM would enforce, and what becomes easier by it.
 */
#include "tools/show/briefing_change.h"

#include "provider/rule/rule_text.h"
#include "tools/show/modification.h"
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

    ska_rule_text(rule, 0, &words);
    page_item(page, "%s: %s.", when, page_words(page, &words));
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

static void say_changes(OSSL_LIB_CTX *libctx, struct page *page, const struct ska_rule *before,
                        const struct ska_rule *after)
{
    struct rule_changes changes;

    if (!rule_compare(libctx, before, after, &changes)) {
        page->text.failed = true;
        return;
    }
    for (size_t i = 0; i < changes.count; i++)
        if (changes.list[i].warning.length > 0)
            page_warning(page, "%s", page_words(page, &changes.list[i].warning));
    if (changes.gone.length > 0)
        page_warning(page, "can no longer approve: %s.", page_words(page, &changes.gone));
    if (changes.joining.length > 0)
        page_item(page, "NEW, can approve from then on: %s.", page_words(page, &changes.joining));
    if (changes.other_key.length > 0)
        page_warning(page,
                     "gets ANOTHER KEY: %s. Whoever has that key approves in this name. Ask the "
                     "person.",
                     page_words(page, &changes.other_key));
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

static void say_changed(OSSL_LIB_CTX *libctx, const struct ska_request *request, struct page *page,
                        enum ska_rule_kind kind, const struct ska_rule *rule)
{
    page_paragraph(page, "Who must agree %s:", actions[kind]);
    if (rule == NULL) {
        page_warning(page, "the new rule is not understood by this version of skatool: nobody can "
                           "see what would be approved.");
        return;
    }
    if (request->has_rule[kind])
        say_rule(page, "now, the requester says", &request->rules[kind]);
    else
        page_item(page, "now: the requester does not say.");
    say_rule(page, "then", rule);
    if (request->has_rule[kind])
        say_changes(libctx, page, &request->rules[kind], rule);
    warn_of_rule(page, kind, rule);
}

void briefing_change(OSSL_LIB_CTX *libctx, const struct ska_request *request, struct page *page)
{
    struct modification modification;

    page_heading(page, "What will change");
    if (!modification_read(request, &modification)) {
        page_warning(page, "the change is not understood by this version of skatool.");
        return;
    }
    page_paragraph(page, "The rules that say who must agree to what is done with the key.");
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (modification.named.rules[i].data != NULL)
            say_changed(libctx, request, page, (enum ska_rule_kind)i, modification.known[i]);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (modification.named.rules[i].data == NULL)
            page_paragraph(page, "Who must agree %s: stays as it is.", actions[i]);
    modification_clear(&modification);
}
