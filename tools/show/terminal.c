/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ui.h>

#include "provider/base/file.h"

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

bool terminal_ask(struct ska_span text, const char *question, bool *yes)
{
    int fd = open_terminal();
    char answer[16] = "";

    if (fd < 0)
        return false;
    if (!ska_write_all(fd, text) || !ska_write_all(fd, ska_span_text(question)) ||
        tcdrain(fd) != 0) {
        close(fd);
        return false;
    }
    /* What was typed before the question stood there is no answer to it. */
    tcflush(fd, TCIFLUSH);
    read_terminal_line(fd, answer, sizeof(answer));
    close(fd);
    answer[strcspn(answer, "\r")] = 0;
    *yes = strcasecmp(answer, "yes") == 0;
    return true;
}
