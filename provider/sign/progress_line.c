/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/progress_line.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "provider/sign/ballot_text.h"

#define DEFAULT_WIDTH 80
/* Where there is no terminal: written at once, however many bytes a character has. */
#define LONGEST 1000

void ska_progress_line_begin(struct ska_progress_line *line, enum ska_progress_when when)
{
    memset(line, 0, sizeof(*line));
    line->wanted =
        when == SKA_PROGRESS_YES || (when == SKA_PROGRESS_AUTO && isatty(STDERR_FILENO) == 1);
}

enum place {
    PLACE_NONE,       /* nothing is wanted there */
    PLACE_FILE,       /* whole lines: a file, a pipe, or a terminal where somebody else types */
    PLACE_FOREGROUND, /* a terminal that this process has for itself */
};

/* Asked each time: a person moves a process to the background and back. */
static enum place place_of_standard_error(void)
{
    struct termios mode;

    if (isatty(STDERR_FILENO) != 1)
        return PLACE_FILE;
    if (tcgetpgrp(STDERR_FILENO) == getpgrp())
        return PLACE_FOREGROUND;
    /* With stty tostop, who writes from the background is stopped: nobody would sign then. */
    return tcgetattr(STDERR_FILENO, &mode) != 0 || (mode.c_lflag & TOSTOP) != 0 ? PLACE_NONE
                                                                                : PLACE_FILE;
}

/* Only what is taken at once: nothing hangs on it, and nobody is to wait for who does not read. */
static void line_write_now(const char *text, size_t length)
{
    struct pollfd polled = {STDERR_FILENO, POLLOUT, 0};

    if (length <= PIPE_BUF && poll(&polled, 1, 0) > 0 && polled.revents == POLLOUT)
        (void)!write(STDERR_FILENO, text, length);
}

/* Who reads may be gone: the signal for that would end the application. */
static void line_write(const char *text, size_t length)
{
    const struct timespec at_once = {0, 0};
    sigset_t broken;
    sigset_t pending;
    sigset_t before;

    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    if (sigpending(&pending) != 0 || pthread_sigmask(SIG_BLOCK, &broken, &before) != 0)
        return;
    line_write_now(text, length);
    if (sigismember(&pending, SIGPIPE) == 0)
        sigtimedwait(&broken, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static size_t width_of_terminal(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col
                                                                            : DEFAULT_WIDTH;
}

/*
 * Names may hold anything that is printable: no character is cut in two, and those of which some
 * take two columns are counted as two, as a line that is too long could not be rewritten in place.
 */
static size_t line_cut(const char *text, size_t length, size_t width)
{
    size_t columns = 0;

    for (size_t i = 0; i < length; i++) {
        if (((unsigned char)text[i] & 0xC0) == 0x80)
            continue;
        columns += (unsigned char)text[i] < 0x80 ? 1 : 2;
        if (columns > width)
            return i;
    }
    return length;
}

/* Seconds only where they matter: a line that counts them for hours is looked at for hours. */
static void line_add_time(struct ska_buffer *text, unsigned int seconds)
{
    if (seconds >= 3600)
        ska_buffer_format(text, "%u h %02u min left", seconds / 3600, seconds / 60 % 60);
    else if (seconds > 300)
        ska_buffer_format(text, "%u min left", seconds / 60);
    else
        ska_buffer_format(text, "%u:%02u left", seconds / 60, seconds % 60);
}

static void line_add_approved(struct ska_buffer *text, const struct ska_ballot *ballot)
{
    struct ska_buffer names = {0};

    ska_ballot_approved_text(ballot, &names);
    if (names.length > 0)
        ska_buffer_format(text, "; approved by %s", ska_buffer_string(&names));
    text->failed = text->failed || names.failed;
    ska_buffer_free(&names);
}

static uint64_t hash_of(struct ska_span text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ text.data[i]) * 1099511628211u;
    return hash;
}

/* Who is missing comes first, since a narrow terminal shows no more. */
static void line_compose(const struct ska_progress_line *line, const struct ska_buffer *state,
                         const struct ska_ballot *ballot, unsigned int seconds_left,
                         struct ska_buffer *text)
{
    ska_buffer_format(text, "%sska: %.*s; ", line->drawn ? "\r" : "", (int)state->length,
                      (const char *)state->data);
    line_add_time(text, seconds_left);
    ska_buffer_format(text, "; request %.16s", ballot->request->id);
    text->length = line_cut((const char *)text->data, text->length,
                            line->drawn ? width_of_terminal() : LONGEST);
    ska_buffer_text(text, line->drawn ? "\x1B[K" : "\n");
}

void ska_progress_line_show(struct ska_progress_line *line, const struct ska_ballot *ballot,
                            unsigned int seconds_left)
{
    enum place place = line->wanted ? place_of_standard_error() : PLACE_NONE;
    struct ska_buffer state = {0};
    struct ska_buffer text = {0};
    uint64_t hash = 0;

    line->drawn = place == PLACE_FOREGROUND;
    if (place == PLACE_NONE)
        return;
    ska_ballot_waiting_text(ballot, &state);
    line_add_approved(&state, ballot);
    hash = hash_of(ska_span(state.data, state.length));
    if (!state.failed && (line->drawn || !line->told || hash != line->before)) {
        line_compose(line, &state, ballot, seconds_left, &text);
        if (!text.failed)
            line_write((const char *)text.data, text.length);
        line->told = true;
        line->before = hash;
    }
    ska_buffer_free(&state);
    ska_buffer_free(&text);
}

void ska_progress_line_say(struct ska_progress_line *line, const char *text)
{
    struct ska_buffer said = {0};

    if (!line->wanted)
        return;
    ska_progress_line_end(line);
    ska_buffer_format(&said, "ska: %s\n", text);
    if (!said.failed)
        line_write((const char *)said.data, said.length);
    ska_buffer_free(&said);
}

void ska_progress_line_end(struct ska_progress_line *line)
{
    static const char erase[] = "\r\x1B[K";

    if (line->drawn && place_of_standard_error() == PLACE_FOREGROUND)
        line_write(erase, sizeof(erase) - 1);
    line->drawn = false;
    line->told = false;
}
