/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of others among ours: they must not do harm on a terminal, be taken for our words, hide
 * what follows them, or pass for other words than they are.
 */
#ifndef SKA_TOOLS_SHOW_FOREIGN_H
#define SKA_TOOLS_SHOW_FOREIGN_H

#include "provider/base/bytes.h"

/*
 * ska_buffer_name() as a text of its own. NULL: out of memory; free with free().
 */
char *foreign_name(struct ska_span untrusted);

/* The same of a path that is written to. */
char *foreign_place(const char *path);

/* How many columns of a terminal a character of valid UTF-8 takes, and its bytes. */
size_t foreign_width(const char *character, size_t *bytes);

/* What may deceive somebody who reads a name. */
enum foreign_trick {
    FOREIGN_UNSEEN = 1,    /* characters that cannot be seen; they are shown as \xNN */
    FOREIGN_MIXED = 2,     /* letters of several alphabets in one word */
    FOREIGN_DISGUISED = 4, /* letters that look like Latin ones and are none */
    FOREIGN_SPACES = 8     /* spaces where nobody sees them */
};
/* The tricks in a name, as a sum; in a text of several words only those within one word. */
unsigned int foreign_tricks(struct ska_span untrusted);

/* "It contains ...", for people, one sentence for each trick; nothing for 0. */
void foreign_tricks_text(unsigned int tricks, struct ska_buffer *text);

#endif
