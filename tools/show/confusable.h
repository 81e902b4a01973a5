/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Characters by which a text may pass for another one to somebody who reads it.
 */
#ifndef SKA_TOOLS_SHOW_CONFUSABLE_H
#define SKA_TOOLS_SHOW_CONFUSABLE_H

#include "provider/base/bytes.h"

enum confusable {
    CONFUSABLE_INVISIBLE = 1,    /* characters that cannot be seen; they are shown as \xNN */
    CONFUSABLE_MIXED_SCRIPT = 2, /* letters of several alphabets in one word */
    CONFUSABLE_LOOKALIKE = 4,    /* letters that look like Latin ones and are none */
    CONFUSABLE_SPACES = 8        /* spaces where nobody sees them */
};

/*
 * What is in a name, as a sum; in a text of several words letters only within one word. False: out
 * of memory (no error raised).
 */
bool confusable_find(struct ska_span untrusted, unsigned int *found) SKA_MUST_CHECK;

/* "It contains ...", for people, one sentence for each of the sum; nothing for 0. */
void confusable_text(unsigned int found, struct ska_buffer *text);

#endif
