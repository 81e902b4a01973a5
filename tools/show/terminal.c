/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ui.h>

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

/*
 * Waits for the answer, which is one line. False: the terminal has become narrower than `columns`;
 * what was typed until then is dropped.
 */
static bool wait_for_line(int fd, size_t columns)
{
    struct pollfd typed = {.fd = fd, .events = POLLIN};
    int ready = 0;

    do {
        ready = poll(&typed, 1, LOOK_MS);
        if (terminal_columns(fd) < columns)
            return false;
    } while (ready == 0 || (ready < 0 && errno == EINTR));
    return true;
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

/* Reads up to the end of the line; what does not fit is read and dropped. */
static void read_terminal_line(int fd, char *line, size_t size)
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
}

static bool show_question(int fd, struct ska_span text, const char *question)
{
    if (!ska_write_all(fd, text) || !ska_write_all(fd, ska_span_text(question)) || tcdrain(fd) != 0)
        return false;
    /* What was typed before the question stood there is no answer to it. */
    tcflush(fd, TCIFLUSH);
    return true;
}

/* False: the terminal has become narrower meanwhile. */
static bool read_answer(int fd, size_t columns, char *answer, size_t size)
{
    if (!wait_for_line(fd, columns))
        return false;
    read_terminal_line(fd, answer, size);
    answer[strcspn(answer, "\r")] = 0;
    return terminal_columns(fd) >= columns;
}

/*
 * Only the word yes means yes. Whoever answers something else than yes or no is asked once more.
 * *shown: the answer is one to what was shown.
 */
static enum terminal_answer ask_once(int fd, size_t columns, struct ska_span text,
                                     const char *question, bool *shown)
{
    char answer[16] = "";

    *shown = true;
    if (!show_question(fd, text, question))
        return TERMINAL_NOT_ASKED;
    *shown = read_answer(fd, columns, answer, sizeof(answer));
    if (*shown && strcasecmp(answer, "yes") != 0 && strcasecmp(answer, "no") != 0) {
        if (!show_question(fd, ska_span(NULL, 0), "Please type yes or no: "))
            return TERMINAL_NOT_ASKED;
        *shown = read_answer(fd, columns, answer, sizeof(answer));
    }
    return *shown && strcasecmp(answer, "yes") == 0 ? TERMINAL_YES : TERMINAL_NO;
}

enum terminal_answer terminal_ask(terminal_make *make, void *arg, size_t least,
                                  const char *question)
{
    static const char again[] = "\n\nThe terminal has become narrower, so here it is once more.\n";
    enum terminal_answer answer = TERMINAL_NOT_ASKED;
    int fd = open_terminal();
    bool shown = fd < 0;

    while (!shown) {
        size_t columns = terminal_columns(fd);
        struct ska_bytes text = {NULL, 0};

        answer = TERMINAL_TOO_NARROW;
        if (columns < least)
            break;
        answer = TERMINAL_NOT_MADE;
        if (!make(arg, columns, &text))
            break;
        answer = ask_once(fd, columns, ska_span_of(&text), question, &shown);
        ska_bytes_free(&text);
        if (!shown)
            wait_for_width(fd);
        if (!shown && !ska_write_all(fd, ska_span_text(again))) {
            answer = TERMINAL_NOT_ASKED;
            break;
        }
    }
    if (fd >= 0)
        close(fd);
    return answer;
}
