/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of others among ours: it must not do harm on a terminal, be taken for our words, or hide
 * what follows it. ska_printable() is in bytes.h.
 */
#ifndef SKA_BASE_PRINTABLE_H
#define SKA_BASE_PRINTABLE_H

#include "provider/base/bytes.h"

/* How many bytes of a name are shown. */
#define SKA_NAME_SHOWN 64

/* One character from the front; 0 when it is not well-formed, else its length in bytes. */
size_t ska_utf8_decode(struct ska_span text, uint32_t *character);

/* The same of a text that is not empty and well-formed, as what ska_printable() gives. */
uint32_t ska_utf8_next(const char *text, size_t *bytes);

/* Appends what ska_printable() gives. */
void ska_buffer_printable(struct ska_buffer *buffer, struct ska_span untrusted, size_t limit);

/* The same in single quotes, from which it cannot break out. */
void ska_buffer_quoted(struct ska_buffer *buffer, struct ska_span untrusted, size_t limit);

/*
 * For the middle of a sentence: as it is when it is one plain word that means nothing there, else
 * in quotes; cut.
 */
void ska_buffer_name(struct ska_buffer *buffer, struct ska_span untrusted);

/*
 * The same of a file, whose name or path is shown whole: whoever may write in a directory has
 * chosen the names in it. NULL: out of memory; free with free().
 */
char *ska_file_name_shown(const char *name);

/* A word of a command that a message suggests: in quotes where a shell would take it for something
 * else. */
void ska_buffer_shell_word(struct ska_buffer *buffer, const char *word);

/* The same in `quoted`, which is returned; "..." where it is too long for a message. */
#define SKA_SHELL_WORD_SIZE 1024
const char *ska_shell_word(const char *word, char quoted[SKA_SHELL_WORD_SIZE]);

#endif
