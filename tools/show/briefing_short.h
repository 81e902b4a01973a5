/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as briefing.h in six lines, for who has many requests before him: only for a signature
 * of which six lines tell all that matters.
 */
#ifndef SKA_TOOLS_SHOW_BRIEFING_SHORT_H
#define SKA_TOOLS_SHOW_BRIEFING_SHORT_H

#include "tools/show/briefing.h"

/*
 * Whether six lines are enough; where they are not the whole page is shown. They are for a request
 * to sign whose page has no warning, of a document, of attributes of CMS without anything unusual,
 * or of a text that fits into its line.
 */
bool briefing_may_be_short(const struct briefing *briefing, size_t warnings);

/* Complete, or not at all. It is one of several, so briefing->lead is set. */
bool briefing_short_make(const struct briefing *briefing, struct ska_bytes *text,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
