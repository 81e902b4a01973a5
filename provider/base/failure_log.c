/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/failure_log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <time.h>

#include "provider/base/log_file.h"
#include "provider/base/printable.h"
#include "provider/base/system_log.h"

/* Whoever can make handshakes fail must not be able to fill a disk. */
#define LINES_A_MINUTE 60

/* In memory that children share, as servers may make one for each connection. */
struct line_counts {
    atomic_llong minute; /* of a clock that only goes forward */
    atomic_uint written; /* in this minute */
    atomic_uint left_out;
};

struct ska_failure_log {
    struct ska_system_log *system_log; /* NULL: to the file */
    struct ska_kept_descriptor file;
    struct line_counts *counts;
};

/* ---- Lines ----------------------------------------------------------------------------------- */

static void put_line(const struct ska_failure_log *log, int severity, const char *line)
{
    struct ska_buffer text = {0};

    if (log->system_log == NULL) {
        ska_log_file_write(&log->file, line);
        return;
    }
    ska_buffer_format(&text, "ska: %s", line);
    if (!text.failed)
        (void)ska_system_log_write(log->system_log, severity, ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static void put_left_out(struct ska_failure_log *log)
{
    const unsigned int left_out = atomic_exchange(&log->counts->left_out, 0);
    char line[128];

    if (left_out == 0)
        return;
    snprintf(line, sizeof(line),
             "%u more failures were left out here: at most %d per minute are written", left_out,
             LINES_A_MINUTE);
    put_line(log, LOG_ERR, line);
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

/* Who waits for people, or for a time, waits every day: nobody is to be alarmed by that. */
static int failure_severity(enum ska_reason reason)
{
    switch (reason) {
    case SKA_R_APPROVALS_PENDING:
    case SKA_R_TOO_EARLY:
    case SKA_R_INTERRUPTED:
        return LOG_NOTICE;
    default:
        return LOG_ERR;
    }
}

void ska_failure_log_write(struct ska_failure_log *log, enum ska_reason reason, const char *key,
                           const char *text)
{
    const char *words = ska_reason_text(reason);
    struct ska_buffer line = {0};
    const int kept = errno;

    if (may_write(log)) {
        /* By what it calls itself: whoever starts a program chooses that, and could write lines. */
        if (log->system_log == NULL) {
            ska_buffer_name(&line, ska_span_text(program_invocation_short_name));
            ska_buffer_text(&line, ": ");
        }
        ska_buffer_format(&line, "%s: ", words == NULL ? "failure" : words);
        add_key(&line, key, text);
        ska_buffer_text(&line, text);
        put_line(log, failure_severity(reason), ska_buffer_string(&line));
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

static bool open_place(struct ska_failure_log *log, const char *path)
{
    if (path != NULL)
        return ska_log_file_open(&log->file, path) == NULL;
    log->system_log = ska_system_log_open(LOG_USER, NULL);
    return log->system_log != NULL;
}

struct ska_failure_log *ska_failure_log_open(const char *path)
{
    struct ska_failure_log *log = calloc(1, sizeof(*log));

    if (log == NULL)
        return NULL;
    log->file.fd = -1;
    log->counts = share_counts();
    if (log->counts != NULL && open_place(log, path))
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
    ska_descriptor_close(&log->file);
    ska_system_log_close(log->system_log);
    free(log);
}
