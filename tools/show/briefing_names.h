/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings of names and words that may pass for others, on a page for approvers: "look closely at
 * ..."; nothing where nothing was found.
 */
#ifndef SKA_TOOLS_SHOW_BRIEFING_NAMES_H
#define SKA_TOOLS_SHOW_BRIEFING_NAMES_H

#include "provider/rule/rule.h"
#include "tools/show/page.h"

void briefing_warn_of_name(const char *of, struct ska_span untrusted, struct page *page);

/* Of words in which spaces and line ends mean nothing. */
void briefing_warn_of_words(const char *of, struct ska_span untrusted, struct page *page);

/* Of the names of groups and alternatives, and of those of approvers. */
void briefing_warn_of_titles(const struct ska_rule *rule, struct page *page);
void briefing_warn_of_approvers(const struct ska_rule *rule, struct page *page);

#endif
