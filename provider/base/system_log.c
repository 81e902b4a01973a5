/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/system_log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/printable.h"

#define SYSLOG_SOCKET "/dev/log"

struct ska_system_log {
    int facility;
    const char *tag;
    struct ska_kept_descriptor socket; /* connected */
    atomic_uint *lost; /* in memory that children share, as servers may make one for each line */
};

static int connect_to_log(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SYSLOG_SOCKET};
    int fd = ska_above_standard(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    int fault = 0;

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        fault = errno;
        close(fd);
        errno = fault;
        fd = -1;
    }
    return fd;
}

bool ska_system_log_is_there(void)
{
    int fd = connect_to_log();

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

/* ---- Opening and closing --------------------------------------------------------------------- */

struct ska_system_log *ska_system_log_open(int facility, const char *tag)
{
    struct ska_system_log *log = calloc(1, sizeof(*log));
    void *page =
        mmap(NULL, sizeof(*log->lost), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (log == NULL || page == MAP_FAILED) {
        if (page != MAP_FAILED)
            munmap(page, sizeof(*log->lost));
        free(log);
        return NULL;
    }
    log->facility = facility;
    log->tag = tag == NULL ? program_invocation_short_name : tag;
    log->lost = page;
    ska_descriptor_keep(&log->socket, connect_to_log());
    return log;
}

void ska_system_log_close(struct ska_system_log *log)
{
    if (log == NULL)
        return;
    ska_descriptor_close(&log->socket);
    munmap(log->lost, sizeof(*log->lost));
    free(log);
}

unsigned int ska_system_log_lost(const struct ska_system_log *log)
{
    return atomic_load(log->lost);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/*
 * "<PRIORITY>nginx[1234]: ". Without a time, since the log puts its own there, and localtime_r()
 * waits for a lock that in a child may never be given back. What a program calls itself who starts
 * it chooses, and could write lines with it.
 */
static void add_head(const struct ska_system_log *log, int severity, struct ska_buffer *line)
{
    ska_buffer_format(line, "<%d>", log->facility | severity);
    ska_buffer_name(line, ska_span_text(log->tag));
    ska_buffer_format(line, "[%ld]: ", (long)getpid());
}

/* Up to a whole character of UTF-8. */
static void add_text(struct ska_buffer *line, const char *text)
{
    static const size_t note = 40; /* room for the words */
    const size_t length = strlen(text);
    size_t kept = SKA_SYSTEM_LOG_LIMIT - line->length;

    if (length <= kept) {
        ska_buffer_text(line, text);
        return;
    }
    for (kept -= note; kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80;)
        kept--;
    ska_buffer_add(line, (const uint8_t *)text, kept);
    ska_buffer_format(line, "... (%zu bytes cut off)", length - kept);
}

/* By a connection for this line, where ours is gone or the log was started anew. */
static bool send_line(const struct ska_system_log *log, struct ska_span line)
{
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    bool sent = ska_descriptor_is_kept(&log->socket);
    int fd = -1;

    if (sent && send(log->socket.fd, line.data, line.length, flags) >= 0)
        return true;
    if (sent && (errno == EAGAIN || errno == ENOBUFS))
        return false; /* there it is, and has too much to do */
    fd = connect_to_log();
    sent = fd >= 0 && send(fd, line.data, line.length, flags) >= 0;
    if (fd >= 0) {
        const int fault = errno;

        close(fd);
        errno = fault;
    }
    return sent;
}

static bool make_and_send(const struct ska_system_log *log, int severity, const char *text)
{
    struct ska_buffer line = {0};
    bool sent = false;

    add_head(log, severity, &line);
    add_text(&line, text);
    if (line.failed)
        errno = ENOMEM;
    else
        sent = send_line(log, ska_span(line.data, line.length));
    ska_buffer_free(&line);
    return sent;
}

/* False: it is lost, too. */
static bool send_lost(const struct ska_system_log *log)
{
    const unsigned int lost = atomic_exchange(log->lost, 0);
    char text[100];

    if (lost == 0)
        return true;
    snprintf(text, sizeof(text), "%u lines before this one were lost: the log did not accept them",
             lost);
    if (make_and_send(log, LOG_WARNING, text))
        return true;
    atomic_fetch_add(log->lost, lost);
    return false;
}

bool ska_system_log_write(struct ska_system_log *log, int severity, const char *text)
{
    if (send_lost(log) && make_and_send(log, severity, text))
        return true;
    atomic_fetch_add(log->lost, 1);
    return false;
}
