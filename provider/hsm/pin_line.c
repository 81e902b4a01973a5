/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/pin_line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/safe_path.h"

int hsm_pin_descriptor(const char *path)
{
    int fd = -1;

    if (strcmp(path, "/dev/stdin") == 0)
        return STDIN_FILENO;
    fd = ska_file_descriptor(path);
    return strncmp(path, "/dev/std", 8) == 0 || strcmp(path, "-") == 0 ? -1 : fd;
}

int64_t hsm_pin_now(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t hsm_pin_line_end(void)
{
    return hsm_pin_now() + (int64_t)HSM_PIN_LINE_SECONDS * 1000;
}

/* False: errno says why. */
static bool wait_for_input(int fd, int64_t end)
{
    for (;;) {
        struct pollfd wanted = {fd, POLLIN, 0};
        int64_t left = end - hsm_pin_now();
        int ready = poll(&wanted, 1, left < 0 ? 0 : (int)left);

        if (ready > 0)
            return true;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

/* One byte more than a PIN may have, so that a longer one is seen. False: errno says why. */
static bool read_line(int fd, int64_t end, struct hsm_pin *line)
{
    while (line->length < line->capacity) {
        char *next = &line->value[line->length];
        ssize_t got = 0;

        if (!wait_for_input(fd, end))
            return false;
        got = read(fd, next, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return false;
        if (got == 0 || *next == '\n')
            break;
        line->length++;
    }
    if (line->length > 0 && line->value[line->length - 1] == '\r')
        line->length--;
    return true;
}

struct hsm_pin *hsm_pin_from_descriptor(int fd, int64_t end, const char *from,
                                        const struct ska_errors *errors)
{
    struct hsm_pin *line = hsm_pin_room(HSM_PIN_LIMIT + 1);
    struct hsm_pin *pin = NULL;

    if (line == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN");
    else if (!read_line(fd, end, line))
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: no PIN within %d seconds: %s", from,
                 HSM_PIN_LINE_SECONDS, strerror(errno));
    else
        pin = hsm_pin_of_line(ska_span(line->value, line->length), from, errors);
    hsm_pin_wipe(line);
    return pin;
}

static bool is_own_pipe(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) &&
           (status.st_uid == 0 || status.st_uid == geteuid()) &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

struct hsm_pin *hsm_pin_from_pipe(const char *path, const char *shown,
                                  const struct ska_errors *errors)
{
    struct hsm_pin *pin = NULL;
    int fd = -1;

    if (!ska_path_is_safe("PIN file", path, NULL, errors))
        return NULL;
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", shown, strerror(errno));
    else if (!is_own_pipe(fd))
        ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                 "PIN file %s: a pipe must belong to root or to this user, and others may not "
                 "write to it",
                 shown);
    else
        pin = hsm_pin_from_descriptor(fd, hsm_pin_line_end(), shown, errors);
    if (fd >= 0)
        close(fd);
    return pin;
}
