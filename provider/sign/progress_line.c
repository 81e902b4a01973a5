/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/progress_line.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "provider/sign/ballot_text.h"

#define DEFAULT_WIDTH 80
/* Where there is no terminal: written at once, however many bytes a character has. */
#define LONGEST 1000

void ska_progress_line_begin(struct ska_progress_line *line, enum ska_progress_when when)
{
    memset(line, 0, sizeof(*line));
    line->terminal = isatty(STDERR_FILENO) == 1;
    line->wanted = when == SKA_PROGRESS_YES || (when == SKA_PROGRESS_AUTO && line->terminal);
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

static void line_add_time(struct ska_buffer *text, unsigned int seconds)
{
    if (seconds >= 3600)
        ska_buffer_format(text, "%u:%02u:%02u", seconds / 3600, seconds / 60 % 60, seconds % 60);
    else
        ska_buffer_format(text, "%u:%02u", seconds / 60, seconds % 60);
}

static void line_add_approved(struct ska_buffer *text, const struct ska_ballot *ballot)
{
    const struct ska_request *request = ballot->request;
    bool first = true;

    for (size_t i = 0; i < request->approval_count; i++) {
        if (request->approvals[i].state != SKA_ANSWER_COUNTS)
            continue;
        ska_buffer_text(text, first ? "approved by " : ", ");
        ska_signer_text(ballot->rule, &request->approvals[i], text);
        first = false;
    }
    if (!first)
        ska_buffer_text(text, "; ");
}

static uint64_t hash_of(struct ska_span text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ text.data[i]) * 1099511628211u;
    return hash;
}

void ska_progress_line_show(struct ska_progress_line *line, const struct ska_ballot *ballot,
                            unsigned int seconds_left)
{
    struct ska_buffer state = {0};
    struct ska_buffer text = {0};
    uint64_t hash = 0;

    if (!line->wanted)
        return;
    line_add_approved(&state, ballot);
    if (ballot->rule != NULL && !ska_ballot_judge(ballot).satisfied)
        ska_ballot_progress_text(ballot, &state);
    else
        ska_buffer_format(&state, "%zu valid approvals", ballot->key_count);
    hash = hash_of(ska_span(state.data, state.length));
    if (!state.failed && (line->terminal || !line->shown || hash != line->before)) {
        ska_buffer_format(&text, "%sska: request %.16s waits ", line->terminal ? "\r" : "",
                          ballot->request->id);
        line_add_time(&text, seconds_left);
        ska_buffer_format(&text, ": %.*s", (int)state.length, (const char *)state.data);
        text.length = line_cut((const char *)text.data, text.length,
                               line->terminal ? width_of_terminal() : LONGEST);
        ska_buffer_text(&text, line->terminal ? "\x1B[K" : "\n");
        if (!text.failed)
            line_write((const char *)text.data, text.length);
        line->shown = true;
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

    if (line->shown && line->terminal)
        line_write(erase, sizeof(erase) - 1);
    line->shown = false;
}
