/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line on standard error that tells people for what a signature waits: rewritten in place on a
 * terminal, else a new line whenever it changes (without the time, which changes always).
 */
#ifndef SKA_SIGN_PROGRESS_LINE_H
#define SKA_SIGN_PROGRESS_LINE_H

#include "provider/base/settings.h"
#include "provider/sign/ballot.h"

struct ska_progress_line {
    bool wanted;
    bool terminal;
    bool shown;      /* a line stands there and is to be rewritten or removed */
    uint64_t before; /* what was told last, to see changes */
};

void ska_progress_line_begin(struct ska_progress_line *line, enum ska_progress_when when);

void ska_progress_line_show(struct ska_progress_line *line, const struct ska_ballot *ballot,
                            unsigned int seconds_left);

/* A line of its own, which stays. */
void ska_progress_line_say(struct ska_progress_line *line, const char *text);

/* Leaves a terminal as it was. */
void ska_progress_line_end(struct ska_progress_line *line);

#endif
