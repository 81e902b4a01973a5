/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/record/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/clock.h"

static bool fail_log(const char *path, const char *what, const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_FILE_FAILURE, "audit-log %s: %s%s (as uid %lu)", path, what,
                    strerror(errno), (unsigned long)geteuid());
}

/* ---- Opening -------------------------------------------------------------------------------- */

static bool is_safe_log(const struct ska_audit_file *file, const struct ska_errors *errors)
{
    struct stat status;

    if (fstat(file->fd, &status) != 0)
        return fail_log(file->path, "", errors);
    if (!S_ISREG(status.st_mode))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "audit-log %s is no regular file", file->path);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE,
                        "audit-log %s belongs to uid %lu: it must be owned by root or by uid %lu, "
                        "who signs",
                        file->path, (unsigned long)status.st_uid, (unsigned long)geteuid());
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE,
                        "audit-log %s can be written by others than its owner: chmod go-w",
                        file->path);
    return true;
}

#define LOCK_MS 2000
#define LONGEST_NAP_MS 8

/* Polling, as a blocking flock() could only be ended by a signal. Lines are short, so are waits. */
static bool lock_log(const struct ska_audit_file *file, const struct ska_errors *errors)
{
    int64_t until = ska_clock_ms() + LOCK_MS;

    for (long nap = 1; flock(file->fd, LOCK_EX | LOCK_NB) != 0;
         nap *= nap < LONGEST_NAP_MS ? 2 : 1) {
        const struct timespec pause = {0, nap * 1000 * 1000};

        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail_log(file->path, "cannot be locked: ", errors);
        if (ska_clock_ms() >= until)
            return ska_fail(errors, SKA_R_FILE_FAILURE,
                            "audit-log %s: another process has locked it for two seconds",
                            file->path);
        if (nanosleep(&pause, NULL) != 0 && ska_is_interruption())
            return ska_fail(errors, SKA_R_INTERRUPTED, "audit-log %s", file->path);
    }
    return true;
}

/* It may have been moved away, to begin a new one, while its lock was waited for. */
static bool is_still_there(const struct ska_audit_file *file)
{
    struct stat opened;
    struct stat named;

    return fstat(file->fd, &opened) == 0 && lstat(file->path, &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

bool ska_audit_file_open(struct ska_audit_file *file, const char *path,
                         const struct ska_errors *errors)
{
    const int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

    file->path = path;
    for (int attempt = 0; attempt < 10; attempt++) {
        file->fd = open(path, flags, S_IRUSR | S_IWUSR);
        if (file->fd < 0)
            return errno == ELOOP ? ska_fail(errors, SKA_R_FILE_FAILURE,
                                             "audit-log %s is a symbolic link", path)
                                  : fail_log(path, "", errors);
        if (!is_safe_log(file, errors) || !lock_log(file, errors)) {
            ska_audit_file_close(file);
            return false;
        }
        if (is_still_there(file))
            return true;
        ska_audit_file_close(file);
    }
    return ska_fail(errors, SKA_R_FILE_FAILURE, "audit-log %s: is replaced again and again", path);
}

void ska_audit_file_close(struct ska_audit_file *file)
{
    if (file->fd < 0)
        return;
    /* A child that was forked meanwhile has the descriptor too, and with it the lock. */
    flock(file->fd, LOCK_UN);
    close(file->fd);
    file->fd = -1;
}

/* ---- The last line -------------------------------------------------------------------------- */

/* Holds the last line and half a line behind it. */
#define WINDOW (2 * SKA_AUDIT_LINE_LIMIT)

static bool read_tail(const struct ska_audit_file *file, off_t size, uint8_t *window, size_t length,
                      const struct ska_errors *errors)
{
    size_t have = 0;

    while (have < length) {
        ssize_t got =
            pread(file->fd, window + have, length - have, size - (off_t)length + (off_t)have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_log(file->path, "", errors);
        if (got == 0)
            return ska_fail(errors, SKA_R_FILE_FAILURE, "audit-log %s: was cut while it was read",
                            file->path);
        have += (size_t)got;
    }
    return true;
}

static bool fail_no_line(const struct ska_audit_file *file, const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_EVIDENCE_WRONG,
                    "audit-log %s: it does not end with a line of an audit log, so nothing is "
                    "added to it; see skatool audit, and move it away",
                    file->path);
}

/* Where the line that ends at `end` starts. */
static size_t line_start(const uint8_t *data, size_t end)
{
    while (end > 0 && data[end - 1] != '\n')
        end--;
    return end;
}

static bool read_last_line(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx,
                           struct ska_span line, struct ska_audit_tail *tail,
                           const struct ska_errors *errors)
{
    struct ska_audit_line parsed;
    cJSON *json = NULL;

    if (line.length > SKA_AUDIT_LINE_LIMIT ||
        !ska_audit_line_parse(line, file->path, &json, &parsed, NULL))
        return fail_no_line(file, errors);
    tail->sequence = parsed.sequence;
    cJSON_Delete(json);
    return ska_audit_hash(libctx, line, tail->hash, errors);
}

/* The end of the file: its last whole line, if there is one, and what stands behind it. */
static bool read_end(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx,
                     struct ska_span window, struct ska_audit_tail *tail,
                     const struct ska_errors *errors)
{
    size_t end = line_start(window.data, window.length);
    struct ska_span half = ska_span(window.data + end, window.length - end);
    size_t start = end == 0 ? 0 : line_start(window.data, end - 1);

    if (half.length >= SKA_AUDIT_LINE_LIMIT)
        return fail_no_line(file, errors);
    tail->end -= (off_t)half.length;
    if (!ska_bytes_copy(&tail->half, half, errors))
        return false;
    return end == 0 ||
           read_last_line(file, libctx, ska_span(window.data + start, end - start), tail, errors);
}

bool ska_audit_file_tail(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx,
                         struct ska_audit_tail *tail, const struct ska_errors *errors)
{
    struct stat status;
    uint8_t *window = NULL;
    size_t length = 0;
    bool done = false;

    memset(tail, 0, sizeof(*tail));
    memcpy(tail->hash, SKA_AUDIT_NO_HASH, sizeof(tail->hash));
    if (fstat(file->fd, &status) != 0)
        return fail_log(file->path, "", errors);
    tail->end = status.st_size;
    length = (uintmax_t)status.st_size < WINDOW ? (size_t)status.st_size : WINDOW;
    if (length == 0)
        return true;
    window = malloc(length);
    if (window == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "audit-log %s", file->path);
    done = read_tail(file, status.st_size, window, length, errors) &&
           read_end(file, libctx, ska_span(window, length), tail, errors);
    free(window);
    if (!done)
        ska_audit_tail_clear(tail);
    return done;
}

void ska_audit_tail_clear(struct ska_audit_tail *tail)
{
    ska_bytes_free(&tail->half);
}

/* ---- Appending ------------------------------------------------------------------------------ */

static ssize_t write_once(int fd, struct ska_span lines)
{
    ssize_t written = 0;

    do
        written = write(fd, lines.data, lines.length);
    while (written < 0 && errno == EINTR);
    return written;
}

/* All or nothing: what is left of a full disk is taken back. */
static bool write_lines(const struct ska_audit_file *file, off_t end, struct ska_span lines,
                        const struct ska_errors *errors)
{
    ssize_t written = write_once(file->fd, lines);

    if (written == (ssize_t)lines.length)
        return true;
    if (written >= 0)
        errno = ENOSPC;
    fail_log(file->path, "cannot be written: ", errors);
    if (written > 0 && ftruncate(file->fd, end) != 0)
        return false; /* then it is half a line, which the next writer cuts off */
    return false;
}

static bool sync_file(int fd)
{
    int result = 0;

    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

/* The name of a new file; a directory that may not be read cannot be synced, and need not be. */
static void sync_directory(const char *path)
{
    char *copy = strdup(path);
    int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        sync_file(fd);
        close(fd);
    }
    free(copy);
}

bool ska_audit_file_append(const struct ska_audit_file *file, const struct ska_audit_tail *tail,
                           struct ska_span lines, const struct ska_errors *errors)
{
    if (tail->half.length > 0 && ftruncate(file->fd, tail->end) != 0)
        return fail_log(file->path, "half a line at its end cannot be cut off: ", errors);
    if (!write_lines(file, tail->end, lines, errors))
        return false;
    /* Others may write meanwhile: who syncs a line syncs those before it. */
    flock(file->fd, LOCK_UN);
    if (!sync_file(file->fd))
        return fail_log(file->path, "cannot be brought to the disk: ", errors);
    if (tail->end == 0)
        sync_directory(file->path);
    return true;
}
