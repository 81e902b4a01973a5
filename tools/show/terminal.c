/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ui.h>

#include "provider/base/clock.h"
#include "provider/base/file.h"
#include "tools/show/fold.h"

/* Below this lines are broken by the terminal all the same. */
#define LEAST_COLUMNS 16

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC);
}

bool terminal_available(void)
{
    int fd = open_terminal();

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

size_t terminal_columns(int fd)
{
    struct winsize size;

    if (isatty(fd) != 1)
        return 0;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                : TERMINAL_UNKNOWN_COLUMNS;
}

bool terminal_fits(int fd, struct ska_span text)
{
    size_t columns = terminal_columns(fd);
    size_t length = 0;

    for (size_t i = 0; columns > 0 && i < text.length; i++) {
        length = text.data[i] == '\n' ? 0 : length + 1;
        if (length > columns)
            return false;
    }
    return true;
}

bool terminal_fold(int fd, struct ska_bytes *harmless, const struct ska_errors *errors)
{
    size_t columns = terminal_columns(fd);
    struct ska_buffer folded = {0};

    if (columns == 0)
        return true;
    fold_lines(&folded, columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns, ska_span_of(harmless));
    ska_bytes_free(harmless);
    return ska_buffer_finish(&folded, harmless, errors);
}

bool terminal_pin(void *arg, const char *token_label, char *pin, size_t size)
{
    char *label = NULL;
    char *prompt = NULL;
    bool done = false;

    (void)arg;
    /* libcrypto's prompt would read standard input when there is no terminal. */
    if (!terminal_available() || size < 2 || size > 8192)
        return false;
    label = ska_printable(ska_span_text(token_label), 64);
    if (label != NULL && asprintf(&prompt, "PIN of token '%s': ", label) >= 0) {
        done = UI_UTIL_read_pw_string(pin, (int)size, prompt, 0) == 0 && pin[0] != 0;
        free(prompt);
    }
    free(label);
    ERR_clear_error();
    return done;
}

/* ---- A question ------------------------------------------------------------------------------ */

/* How often the width is looked at while a person reads. */
#define LOOK_MS 200

/* How a wait for an answer ends. */
enum wait_end { WAIT_TYPED, WAIT_NARROWER, WAIT_NOBODY, WAIT_INTERRUPTED };

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* Where the question wants it, and nobody has set that Ctrl-C does nothing. */
static void catch_interrupt(const struct terminal_question *question, struct sigaction *before)
{
    struct sigaction noting = {.sa_handler = note_interrupt};

    interrupted = 0;
    sigaction(SIGINT, NULL, before);
    if (question->interrupt_ends && before->sa_handler == SIG_DFL)
        sigaction(SIGINT, &noting, NULL);
}

/*
 * Waits for the answer, which is one line. WAIT_NARROWER: the terminal has fewer than `columns`
 * now; what was typed until then is dropped.
 */
static enum wait_end wait_for_line(int fd, size_t columns, int64_t until)
{
    struct pollfd typed = {.fd = fd, .events = POLLIN};
    int ready = 0;

    do {
        ready = poll(&typed, 1, LOOK_MS);
        if (interrupted)
            return WAIT_INTERRUPTED;
        if (terminal_columns(fd) < columns)
            return WAIT_NARROWER;
        if (ready == 0 && ska_clock_ms() >= until)
            return WAIT_NOBODY;
    } while (ready == 0 || (ready < 0 && errno == EINTR));
    return WAIT_TYPED;
}

/* While the person is still pulling at the window nothing is shown. */
static void wait_for_width(int fd)
{
    size_t before = 0;

    while (terminal_columns(fd) != before) {
        before = terminal_columns(fd);
        poll(NULL, 0, LOOK_MS);
    }
}

/*
 * Reads up to the end of the line; one that does not fit is read to its end, and is none. False:
 * the terminal has come to its end.
 */
static bool read_terminal_line(int fd, char *line, size_t size)
{
    size_t length = 0;
    char next = 0;
    ssize_t got = 0;

    while ((got = read(fd, &next, 1)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || next == '\n')
            break;
        if (length < size - 1)
            line[length] = next;
        length++;
    }
    line[length < size ? length : 0] = 0;
    line[strcspn(line, "\r")] = 0;
    return got > 0 || length > 0;
}

/* Not broken within its words. False: the terminal is gone. */
static bool write_question(int fd, const char *question)
{
    size_t columns = terminal_columns(fd);
    struct ska_buffer folded = {0};
    bool done = false;

    for (const char *line = question; *line != 0;) {
        struct fold fold = {columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns, 0, 0, ""};
        size_t length = strcspn(line, "\n");

        fold_add(&folded, &fold, ska_span(line, length));
        line += length;
        if (*line == '\n')
            ska_buffer_add(&folded, line++, 1);
    }
    done = !folded.failed && ska_write_all(fd, ska_span(folded.data, folded.length));
    ska_buffer_free(&folded);
    return done;
}

static bool show_question(int fd, struct ska_span text, const char *question)
{
    if (!ska_write_all(fd, text) || !write_question(fd, question) || tcdrain(fd) != 0)
        return false;
    /* What was typed before the question stood there is no answer to it. */
    tcflush(fd, TCIFLUSH);
    return true;
}

/* *shown: the line is an answer to what was shown. */
static enum terminal_end read_once(int fd, size_t columns, struct ska_span text,
                                   const struct terminal_question *question, char *line,
                                   size_t size, bool *shown)
{
    int64_t until = question->patience_ms == 0 ? INT64_MAX : ska_clock_ms() + question->patience_ms;
    const char *words = question->question;

    *shown = true;
    for (size_t times = 0;; times++) {
        if (!show_question(fd, text, words))
            return TERMINAL_GONE;
        switch (wait_for_line(fd, columns, until)) {
        case WAIT_NOBODY:
            return TERMINAL_NOBODY;
        case WAIT_INTERRUPTED:
            return ska_write_all(fd, ska_span_text("\n")) ? TERMINAL_ENDED : TERMINAL_GONE;
        case WAIT_NARROWER:
            *shown = false;
            return TERMINAL_LINE;
        case WAIT_TYPED:
            break;
        }
        if (!read_terminal_line(fd, line, size))
            return TERMINAL_ENDED;
        *shown = terminal_columns(fd) >= columns;
        words = *shown && question->object != NULL ? question->object(question->arg, line, times)
                                                   : NULL;
        if (words == NULL)
            return TERMINAL_LINE;
        text = ska_span(NULL, 0);
    }
}

static enum terminal_end show_and_read(int fd, const struct terminal_question *question, char *line,
                                       size_t size, bool *shown)
{
    size_t columns = terminal_columns(fd);
    struct ska_bytes text = {NULL, 0};
    enum terminal_end end = TERMINAL_LINE;
    struct sigaction before;

    *shown = true;
    line[0] = 0;
    if (columns < question->least)
        return TERMINAL_NARROW;
    if (question->make != NULL && !question->make(question->arg, columns, &text))
        return TERMINAL_UNMADE;
    catch_interrupt(question, &before);
    end = read_once(fd, columns, ska_span_of(&text), question, line, size, shown);
    sigaction(SIGINT, &before, NULL);
    ska_bytes_free(&text);
    return end;
}

enum terminal_end terminal_read(const struct terminal_question *question, char *line, size_t size)
{
    static const char again[] = "\n\nThe terminal has become narrower, so here it is once more.\n";
    enum terminal_end end = TERMINAL_GONE;
    int fd = open_terminal();
    bool shown = fd < 0;

    while (!shown) {
        end = show_and_read(fd, question, line, size, &shown);
        if (!shown)
            wait_for_width(fd);
        if (!shown && !ska_write_all(fd, ska_span_text(again))) {
            end = TERMINAL_GONE;
            break;
        }
    }
    if (fd >= 0)
        close(fd);
    return end;
}

/* A terminal_object: who types y means yes, but it has to be the whole word. */
static const char *want_whole_word(void *arg, const char *line, size_t times)
{
    (void)arg;
    return times == 0 && strcasecmp(line, "y") == 0 ? "Please type the whole word, yes or no: "
                                                    : NULL;
}

enum terminal_answer terminal_ask(terminal_make *make, void *arg, size_t least,
                                  const char *question)
{
    const struct terminal_question asked = {
        .make = make, .arg = arg, .least = least, .question = question, .object = want_whole_word};
    char answer[16] = "";

    switch (terminal_read(&asked, answer, sizeof(answer))) {
    case TERMINAL_LINE:
        return strcasecmp(answer, "yes") == 0 ? TERMINAL_YES : TERMINAL_NO;
    case TERMINAL_ENDED:
    case TERMINAL_NOBODY:
        return TERMINAL_NO;
    case TERMINAL_NARROW:
        return TERMINAL_TOO_NARROW;
    case TERMINAL_UNMADE:
        return TERMINAL_NOT_MADE;
    case TERMINAL_GONE:
        break;
    }
    return TERMINAL_NOT_ASKED;
}
