/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/briefing_names.h"

#include <stdlib.h>

#include "provider/rule/approver_name.h"
#include "tools/show/confusable.h"

/* So many names of one rule are warned of. */
#define WARNED_MOST 5

static void warn(const char *of, const struct confusable *found, struct page *page)
{
    struct ska_buffer words = {0};

    if (found->kinds == 0)
        return;
    confusable_text(found, &words);
    page_warning(page, "look closely at %s. %s", of, page_words(page, &words));
}

void briefing_warn_of_name(const char *of, struct ska_span untrusted, struct page *page)
{
    struct confusable found = {0};

    if (!confusable_find_in_name(untrusted, &found))
        page_fail(page);
    warn(of, &found, page);
}

void briefing_warn_of_words(const char *of, struct ska_span untrusted, struct page *page)
{
    struct confusable found = {0};

    if (!confusable_find_in_text(untrusted, &found))
        page_fail(page);
    warn(of, &found, page);
}

/* "look closely at the name 'al ice'." */
static void warn_of_named(struct ska_span untrusted, size_t *warned, struct page *page)
{
    struct ska_buffer of = {0};
    struct confusable found = {0};

    if (!confusable_find_in_name(untrusted, &found))
        page_fail(page);
    if (found.kinds == 0 || (*warned)++ >= WARNED_MOST)
        return;
    ska_buffer_format(&of, "the name %s", page_quoted_name(page, untrusted));
    warn(page_words(page, &of), &found, page);
}

/* So that harmless oddities do not hide one that is meant to. */
static void warn_of_more(size_t warned, struct page *page)
{
    if (warned > WARNED_MOST)
        page_warning(page, "look closely at the names: %zu more are as odd as these.",
                     warned - WARNED_MOST);
}

void briefing_warn_of_titles(const struct ska_rule *rule, struct page *page)
{
    size_t warned = 0;

    for (size_t i = 0; i < rule->alternative_count; i++) {
        const struct ska_alternative *alternative = &rule->alternatives[i];

        warn_of_named(ska_span_of(&alternative->name), &warned, page);
        for (size_t j = 0; j < alternative->group_count; j++)
            warn_of_named(ska_span_of(&alternative->groups[j].name), &warned, page);
    }
    warn_of_more(warned, page);
}

/* What a rule names is looked at as it stands; what a certificate names, as it is shown. */
static void warn_of_approver(const struct ska_approver *approver, size_t *warned, struct page *page)
{
    char *name = NULL;

    if (approver->name.length > 0) {
        warn_of_named(ska_span_of(&approver->name), warned, page);
        return;
    }
    name = ska_listed_approver_shown(approver);
    if (name == NULL)
        page_fail(page);
    else
        warn_of_named(ska_span_text(name), warned, page);
    free(name);
}

void briefing_warn_of_approvers(const struct ska_rule *rule, struct page *page)
{
    const struct ska_approver *approver = NULL;
    size_t warned = 0;

    for (size_t i = 0; (approver = ska_rule_approver_at(rule, i)) != NULL; i++)
        warn_of_approver(approver, &warned, page);
    warn_of_more(warned, page);
}
