/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to the person at the terminal, wherever standard input and output go.
 */
#ifndef SKA_TOOLS_SHOW_TERMINAL_H
#define SKA_TOOLS_SHOW_TERMINAL_H

#include <stddef.h>

#include "provider/base/bytes.h"

/* Whether there is a terminal to ask on. */
bool terminal_available(void);

/* What is taken for the width of a terminal that does not tell its own. */
#define TERMINAL_UNKNOWN_COLUMNS 40
/* How many columns the terminal at a descriptor has; 0: there is no terminal. */
size_t terminal_columns(int fd);

/* Whether the terminal at a descriptor would break none of these lines; true where there is none.
 */
bool terminal_fits(int fd, struct ska_span text);

/* Breaks harmless lines (see fold.h) that go to a terminal; for other descriptors nothing changes.
 */
bool terminal_fold(int fd, struct ska_bytes *harmless,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* Asks for a PIN without echo: an hsm_pin_prompt. False when there is no terminal or no answer. */
bool terminal_pin(void *arg, const char *token_label, char *pin, size_t size);

/* Makes the text that is shown, which must be harmless, for so many columns. */
typedef bool terminal_make(void *arg, size_t columns, struct ska_bytes *text);

/*
 * What is asked instead of taking the line for an answer, the text before it still being there;
 * NULL: it is one. `times`: how often that was done already.
 */
typedef const char *terminal_object(void *arg, const char *line, size_t times);

struct terminal_question {
    terminal_make *make; /* what is shown before it; NULL: nothing */
    void *arg;           /* of both functions */
    size_t least;        /* columns that are needed */
    const char *question;
    terminal_object *object; /* NULL: every line is an answer */
    int64_t patience_ms;     /* how long somebody may think; 0: for ever */
    bool interrupt_ends;     /* Ctrl-C ends the input, and not the program */
};
enum terminal_end {
    TERMINAL_LINE,   /* a line was typed; "" too, and for one that is longer than there is room */
    TERMINAL_ENDED,  /* the person has ended the input, or the terminal is gone */
    TERMINAL_GONE,   /* there is no terminal */
    TERMINAL_NARROW, /* less than `least` columns */
    TERMINAL_UNMADE, /* there is no text */
    TERMINAL_NOBODY  /* nobody has answered in time */
};
/*
 * Shows the text and the question, both on the terminal, and reads one line, which was typed after
 * them. When the terminal becomes narrower, so that it breaks the lines itself, the answer does not
 * count, and all is shown again.
 */
enum terminal_end terminal_read(const struct terminal_question *question, char *line, size_t size);

/* The same where it is about yes or no. */
enum terminal_answer {
    TERMINAL_YES,        /* the whole word yes */
    TERMINAL_NO,         /* anything else */
    TERMINAL_NOT_ASKED,  /* there is no terminal, or it went away */
    TERMINAL_TOO_NARROW, /* less than `least` columns */
    TERMINAL_NOT_MADE    /* there is no text */
};
enum terminal_answer terminal_ask(terminal_make *make, void *arg, size_t least,
                                  const char *question);

#endif
