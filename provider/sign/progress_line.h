/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line on standard error that says for whom a signature waits. In the foreground of a terminal
 * it is rewritten in place; in the background, where somebody else types, and where there is no
 * terminal, it is a whole line, at the start and for each change (of the time there is none).
 */
#ifndef SKA_SIGN_PROGRESS_LINE_H
#define SKA_SIGN_PROGRESS_LINE_H

#include "provider/base/settings.h"
#include "provider/sign/ballot.h"

struct ska_progress_line {
    bool wanted;
    bool drawn;      /* a line stands on the terminal and is to be rewritten or removed */
    bool told;       /* something has been said */
    uint64_t before; /* what was said last, to see changes */
};

void ska_progress_line_begin(struct ska_progress_line *line, enum ska_progress_when when);

void ska_progress_line_show(struct ska_progress_line *line, const struct ska_ballot *ballot,
                            unsigned int seconds_left);

/* A line of its own, which stays. */
void ska_progress_line_say(struct ska_progress_line *line, const char *text);

/* Leaves a terminal as it was. */
void ska_progress_line_end(struct ska_progress_line *line);

#endif
