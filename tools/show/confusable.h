/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Characters by which a text may pass for another one to somebody who reads it.
 */
#ifndef SKA_TOOLS_SHOW_CONFUSABLE_H
#define SKA_TOOLS_SHOW_CONFUSABLE_H

#include "provider/base/bytes.h"

enum confusable_kind {
    CONFUSABLE_INVISIBLE = 1,    /* characters that cannot be seen; they are shown as \xNN */
    CONFUSABLE_MIXED_SCRIPT = 2, /* letters of several alphabets in one word */
    CONFUSABLE_LOOKALIKE = 4,    /* letters that look like Latin ones and are none */
    CONFUSABLE_SPACES = 8        /* spaces where nobody sees them */
};

struct confusable {
    unsigned int kinds; /* their sum */
    uint32_t mixed;     /* the first letter of another alphabet, and */
    uint32_t lookalike; /* the first that looks like another one */
};

/*
 * What is in a name, or in a text of several words and lines. In a text spaces mean nothing, and
 * next to Latin letters there may stand signs (arrows, frames), and letters of East Asia that are
 * twice as wide and written without spaces, and dotless i and schwa are ordinary. Letters are
 * compared within one word; a word whose letters all look Latin is not reported if other words
 * show its script and none has Latin letters. False: out of memory (no error raised).
 */
bool confusable_find_in_name(struct ska_span untrusted, struct confusable *found) SKA_MUST_CHECK;
bool confusable_find_in_text(struct ska_span untrusted, struct confusable *found) SKA_MUST_CHECK;

/* "It contains ...", for people, one sentence for each kind; nothing for none. */
void confusable_text(const struct confusable *found, struct ska_buffer *text);

#endif
