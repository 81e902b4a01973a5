/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/clock.h"

static int open_for_lines(const char *path)
{
    return ska_above_standard(
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
             S_IRUSR | S_IWUSR));
}

static const char *why_not_this_file(int fd)
{
    struct stat status;

    if (fd < 0)
        return errno == ELOOP ? "is a symbolic link, which is not followed" : strerror(errno);
    if (fstat(fd, &status) != 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return "not a regular file";
    return status.st_uid == geteuid() ? NULL : "belongs to somebody else";
}

const char *ska_log_file_open(struct ska_kept_descriptor *file, const char *path)
{
    int fd = open_for_lines(path);
    const char *why = why_not_this_file(fd);

    if (why != NULL && fd >= 0)
        close(fd);
    ska_descriptor_keep(file, why == NULL ? fd : -1);
    return why;
}

void ska_log_file_write(const struct ska_kept_descriptor *file, const char *text)
{
    char line[SKA_LOG_LINE_SIZE];
    struct timespec now = {0, 0};
    char utc[32] = "";
    size_t length = 0;
    int written = 0;

    if (!ska_descriptor_is_kept(file))
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ska_utc_text((uint64_t)now.tv_sec, utc))
        utc[strlen(utc) - 1] = 0; /* the Z comes after the microseconds */
    length = (size_t)snprintf(line, sizeof(line), "%s", utc);
    written = snprintf(line + length, sizeof(line) - length, ".%06ldZ %ld/%ld %s",
                       now.tv_nsec / 1000, (long)getpid(), (long)gettid(), text);
    if (written < 0)
        return;
    length += (size_t)written < sizeof(line) - length ? (size_t)written : sizeof(line) - length - 1;
    if (length == sizeof(line) - 1)
        length--;
    line[length++] = '\n';
    (void)!ska_write_all(file->fd, ska_span((const uint8_t *)line, length));
}
