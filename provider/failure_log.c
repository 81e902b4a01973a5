/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/failure_log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/log_file.h"
#include "provider/base/printable.h"
#include "provider/base/settings.h"

/* Whoever can make handshakes fail must not be able to fill a disk. */
#define LINES_A_MINUTE 60

#define SYSLOG_SOCKET "/dev/log"

/* In memory that children share, as servers may make one for each connection. */
struct line_counts {
    atomic_llong minute; /* of a clock that only goes forward */
    atomic_uint written; /* in this minute */
    atomic_uint left_out;
};

struct ska_failure_log {
    bool to_syslog;
    struct ska_log_file file;
    int socket; /* connected to the system's log */
    dev_t socket_device;
    ino_t socket_inode;
    struct line_counts *counts;
};

/* ---- The system's log ------------------------------------------------------------------------ */

/* Not by syslog(3): that belongs to the program, and finds no socket from within a chroot. */
static int connect_to_syslog(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SYSLOG_SOCKET};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool open_syslog(struct ska_failure_log *log)
{
    struct stat status;

    log->to_syslog = true;
    log->socket = connect_to_syslog();
    if (log->socket < 0 || fstat(log->socket, &status) != 0)
        return false;
    log->socket_device = status.st_dev;
    log->socket_inode = status.st_ino;
    return true;
}

/* A program may have closed it, and have something else there. */
static bool is_our_socket(const struct ska_failure_log *log)
{
    struct stat now;

    return log->socket >= 0 && fstat(log->socket, &now) == 0 && now.st_dev == log->socket_device &&
           now.st_ino == log->socket_inode;
}

/* By what it calls itself: whoever starts a program chooses that, and could write lines with it. */
static void add_program(struct ska_buffer *text)
{
    ska_buffer_name(text, ska_span_text(program_invocation_short_name));
}

/* "<PRIORITY>Nov 29 03:12:01 nginx[1234]: ", as the system's log expects it from programs here. */
static void add_syslog_head(struct ska_buffer *text)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const time_t now = time(NULL);
    struct tm broken;

    if (localtime_r(&now, &broken) == NULL)
        memset(&broken, 0, sizeof(broken));
    ska_buffer_format(text, "<%d>%s %2d %02d:%02d:%02d ", LOG_USER | LOG_ERR, months[broken.tm_mon],
                      broken.tm_mday, broken.tm_hour, broken.tm_min, broken.tm_sec);
    add_program(text);
    ska_buffer_format(text, "[%ld]: ska: ", (long)getpid());
}

/* The system's log may have been started anew: then by a connection for this line. */
static void write_to_syslog(const struct ska_failure_log *log, const char *line)
{
    struct ska_buffer text = {0};
    struct ska_bytes made = {NULL, 0};
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    int fd = -1;

    add_syslog_head(&text);
    ska_buffer_text(&text, line);
    if (!ska_buffer_finish(&text, &made, NULL))
        return;
    if (!is_our_socket(log) || send(log->socket, made.data, made.length, flags) < 0) {
        fd = connect_to_syslog();
        if (fd >= 0)
            (void)!send(fd, made.data, made.length, flags);
        if (fd >= 0)
            close(fd);
    }
    ska_bytes_free(&made);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void put_line(const struct ska_failure_log *log, const char *line)
{
    if (log->to_syslog)
        write_to_syslog(log, line);
    else
        ska_log_file_write(&log->file, line);
}

static void put_left_out(struct ska_failure_log *log)
{
    const unsigned int left_out = atomic_exchange(&log->counts->left_out, 0);
    char line[128];

    if (left_out == 0)
        return;
    snprintf(line, sizeof(line), "%u more failures were left out here, as more than %d in a minute",
             left_out, LINES_A_MINUTE);
    put_line(log, line);
}

static long long this_minute(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec / 60;
}

/* Another thread may come between: then a line more or less is written. */
static bool may_write(struct ska_failure_log *log)
{
    struct line_counts *counts = log->counts;
    const long long minute = this_minute();

    if (atomic_exchange(&counts->minute, minute) != minute) {
        atomic_store(&counts->written, 0);
        put_left_out(log);
    }
    if (atomic_fetch_add(&counts->written, 1) < LINES_A_MINUTE)
        return true;
    atomic_fetch_add(&counts->left_out, 1);
    return false;
}

/* Messages of a signature mostly name the key themselves. */
static void add_key(struct ska_buffer *line, const char *key, const char *text)
{
    if (key[0] == 0 || strstr(text, key) != NULL)
        return;
    ska_buffer_text(line, "key ");
    ska_buffer_quoted(line, ska_span_text(key), SKA_NAME_SHOWN);
    ska_buffer_text(line, ": ");
}

void ska_failure_log_write(struct ska_failure_log *log, enum ska_reason reason, const char *key,
                           const char *text)
{
    const char *words = ska_reason_text(reason);
    struct ska_buffer line = {0};
    const int kept = errno;

    if (may_write(log)) {
        if (!log->to_syslog) {
            add_program(&line);
            ska_buffer_text(&line, ": ");
        }
        ska_buffer_format(&line, "%s: ", words == NULL ? "failure" : words);
        add_key(&line, key, text);
        ska_buffer_text(&line, text);
        put_line(log, ska_buffer_string(&line));
        ska_buffer_free(&line);
    }
    errno = kept;
}

/* ---- Opening and closing --------------------------------------------------------------------- */

static struct line_counts *share_counts(void)
{
    void *pages = mmap(NULL, sizeof(struct line_counts), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return pages == MAP_FAILED ? NULL : pages;
}

struct ska_failure_log *ska_failure_log_open(const char *where)
{
    struct ska_failure_log *log = calloc(1, sizeof(*log));

    if (log == NULL)
        return NULL;
    log->file.fd = -1;
    log->socket = -1;
    log->counts = share_counts();
    if (log->counts != NULL &&
        (strcmp(where, SKA_LOG_SYSLOG) == 0 ? open_syslog(log)
                                            : ska_log_file_open(&log->file, where) == NULL))
        return log;
    ska_failure_log_close(log);
    return NULL;
}

void ska_failure_log_close(struct ska_failure_log *log)
{
    if (log == NULL)
        return;
    if (log->counts != NULL) {
        put_left_out(log);
        munmap(log->counts, sizeof(*log->counts));
    }
    ska_log_file_close(&log->file);
    if (is_our_socket(log))
        close(log->socket);
    free(log);
}
