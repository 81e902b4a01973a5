/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/record/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/clock.h"
#include "provider/base/safe_path.h"

#define WHAT "audit-log"

static bool fail_log(const char *path, const char *what, const struct ska_errors *errors)
{
    char text[SKA_SYSTEM_ERROR_SIZE];

    return ska_fail(errors, SKA_R_FILE_FAILURE, WHAT " %s: %s%s", path, what,
                    ska_system_error(errno, text));
}

/* ---- The lock ------------------------------------------------------------------------------- */

#define LOCK_MS 2000
#define LONGEST_NAP_MS 8

/* Polling, as a blocking flock() could only be ended by a signal. Lines are short, so are waits. */
static bool wait_for_lock(int fd, const char *path, const struct ska_errors *errors)
{
    int64_t until = ska_clock_ms() + LOCK_MS;

    for (long nap = 1; flock(fd, LOCK_EX | LOCK_NB) != 0; nap *= nap < LONGEST_NAP_MS ? 2 : 1) {
        const struct timespec pause = {0, nap * 1000 * 1000};

        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail_log(path, "cannot be locked: ", errors);
        if (ska_clock_ms() >= until)
            return ska_fail(errors, SKA_R_FILE_FAILURE,
                            WHAT " %s: another process has locked it for two seconds", path);
        if (nanosleep(&pause, NULL) != 0 && ska_is_interruption())
            return ska_fail(errors, SKA_R_INTERRUPTED, WHAT " %s", path);
    }
    return true;
}

/* It may have been moved away, to begin a new one, while the lock was waited for. */
static bool is_still_there(int fd, const char *path)
{
    struct stat opened;
    struct stat named;

    return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

/*
 * Not on the log: a lock needs no more than the right to read (flock(), and read locks of fcntl(),
 * which writers would wait for), and auditors may have that. `lock` is the path of its file.
 */
static bool lock_log(struct ska_audit_file *file, const char *lock, const struct ska_errors *errors)
{
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

    file->lock = open(lock, flags, S_IRUSR | S_IWUSR);
    if (file->lock < 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE,
                        WHAT " %s: its lock %s cannot be opened: %s (as uid %lu, who must own it "
                             "or be able to make it)",
                        file->log.path, lock, strerror(errno), (unsigned long)geteuid());
    return ska_file_is_private(file->lock, WHAT ": its lock", lock, errors) &&
           wait_for_lock(file->lock, file->log.path, errors);
}

static void unlock_log(struct ska_audit_file *file)
{
    if (file->lock < 0)
        return;
    /* A child that was forked meanwhile has the descriptor too, and with it the lock. */
    flock(file->lock, LOCK_UN);
    close(file->lock);
    file->lock = -1;
}

/* ---- Opening -------------------------------------------------------------------------------- */

/* The lock comes second, so that nobody makes one for a log that is not his. */
static bool open_and_lock(struct ska_audit_file *file, const char *lock,
                          const struct ska_errors *errors)
{
    const int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

    file->fd = open(file->log.path, flags, S_IRUSR | S_IWUSR);
    if (file->fd < 0)
        return errno == ELOOP ? ska_fail(errors, SKA_R_FILE_FAILURE, WHAT " %s is a symbolic link",
                                         file->log.path)
                              : fail_log(file->log.path, "", errors);
    return ska_file_is_safe(file->fd, WHAT, file->log.path, errors) && lock_log(file, lock, errors);
}

/* `resolved`: the path without links. */
static bool open_locked(struct ska_audit_file *file, const char *resolved,
                        const struct ska_errors *errors)
{
    char *lock = NULL;
    bool done = false;
    bool again = true;

    if (asprintf(&lock, "%s.lock", resolved) < 0)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, WHAT " %s", file->log.path);
    for (int attempt = 0; attempt < 10 && again; attempt++) {
        ska_audit_file_close(file);
        done = open_and_lock(file, lock, errors);
        again =
            done && !(is_still_there(file->fd, file->log.path) && is_still_there(file->lock, lock));
    }
    free(lock);
    if (again)
        return ska_fail(errors, SKA_R_FILE_FAILURE, WHAT " %s: keeps being replaced",
                        file->log.path);
    return done;
}

bool ska_audit_file_open(struct ska_audit_file *file, const struct ska_audit_log *log,
                         OSSL_LIB_CTX *libctx, const struct ska_errors *errors)
{
    char *resolved = NULL;
    bool done = false;

    *file = (struct ska_audit_file){.log = *log, .fd = -1, .lock = -1, .head.fd = -1};
    done = ska_path_is_safe(WHAT, log->path, &resolved, errors) &&
           open_locked(file, resolved, errors) &&
           (log->state_dir == NULL ||
            ska_audit_head_open(&file->head, log->state_dir, resolved, libctx, errors));
    free(resolved);
    if (!done)
        ska_audit_file_close(file);
    return done;
}

void ska_audit_file_close(struct ska_audit_file *file)
{
    ska_audit_head_close(&file->head);
    unlock_log(file);
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

/* ---- The last line -------------------------------------------------------------------------- */

/* Holds the last line and half a line behind it. */
#define WINDOW (2 * SKA_AUDIT_LINE_LIMIT)

static bool read_at(const struct ska_audit_file *file, off_t start, uint8_t *window, size_t length,
                    const struct ska_errors *errors)
{
    size_t have = 0;

    while (have < length) {
        ssize_t got = pread(file->fd, window + have, length - have, start + (off_t)have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_log(file->log.path, "", errors);
        if (got == 0)
            return ska_fail(errors, SKA_R_FILE_FAILURE, WHAT " %s: was cut while it was read",
                            file->log.path);
        have += (size_t)got;
    }
    return true;
}

static bool fail_no_line(const struct ska_audit_file *file, const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_EVIDENCE_WRONG,
                    WHAT " %s: it does not end with a line of an audit log, so nothing is "
                         "added to it; see skatool audit, and move it away",
                    file->log.path);
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
        !ska_audit_line_parse(line, file->log.path, &json, &parsed, NULL))
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

/* What the file itself says. */
static bool read_own_tail(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx,
                          struct ska_audit_tail *tail, const struct ska_errors *errors)
{
    struct stat status;
    uint8_t *window = NULL;
    size_t length = 0;
    bool done = false;

    memset(tail, 0, sizeof(*tail));
    memcpy(tail->hash, SKA_AUDIT_NO_HASH, sizeof(tail->hash));
    if (fstat(file->fd, &status) != 0)
        return fail_log(file->log.path, "", errors);
    tail->end = status.st_size;
    length = (uintmax_t)status.st_size < WINDOW ? (size_t)status.st_size : WINDOW;
    if (length == 0)
        return true;
    window = malloc(length);
    if (window == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, WHAT " %s", file->log.path);
    done = read_at(file, status.st_size - (off_t)length, window, length, errors) &&
           read_end(file, libctx, ska_span(window, length), tail, errors);
    free(window);
    return done;
}

/* ---- The head that is remembered ------------------------------------------------------------- */

/* The line at this place; longer than any line, or beyond the end: *hash is empty. */
static bool hash_of_line_at(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx, uint64_t start,
                            uint64_t end, uint64_t size, char hash[SKA_AUDIT_HASH_SIZE],
                            const struct ska_errors *errors)
{
    size_t length = (size_t)(end - start);
    uint8_t *line = NULL;
    bool done = false;

    hash[0] = 0;
    if (end > size)
        return true;
    line = malloc(length);
    if (line == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, WHAT " %s", file->log.path);
    done = read_at(file, (off_t)start, line, length, errors) &&
           ska_audit_hash(libctx, ska_span(line, length), hash, errors);
    free(line);
    return done;
}

/*
 * Whether the log begins with the line that ties it to the head: it was begun anew, and then there
 * was no time to remember more.
 */
static bool begins_after_head(const struct ska_audit_file *file, uint64_t size, bool *begins,
                              const struct ska_errors *errors)
{
    size_t length = size < SKA_AUDIT_LINE_LIMIT ? (size_t)size : SKA_AUDIT_LINE_LIMIT;
    uint8_t *text = malloc(length + 1);
    const uint8_t *end = NULL;
    struct ska_audit_line line;
    cJSON *json = NULL;

    *begins = false;
    if (text == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, WHAT " %s", file->log.path);
    if (!read_at(file, 0, text, length, errors)) {
        free(text);
        return false;
    }
    end = memchr(text, '\n', length);
    if (end != NULL && ska_audit_line_parse(ska_span(text, (size_t)(end - text)), file->log.path,
                                            &json, &line, NULL))
        *begins =
            ska_audit_line_continues(&line) && strcmp(line.previous, file->head.head.hash) == 0;
    cJSON_Delete(json);
    free(text);
    return true;
}

/*
 * Of what was written last a power cut may have left nothing, but for the head. What it should have
 * recorded had not happened yet: nothing goes on before a line is on the disk.
 */
static bool has_lost_last_lines(const struct ska_audit_file *file,
                                const struct ska_audit_tail *tail)
{
    struct timespec written;
    bool older_than_boot = false;

    return strcmp(tail->hash, file->head.head.before) == 0 &&
           ska_audit_head_time(&file->head, &written, &older_than_boot) && older_than_boot;
}

/*
 * Whether a log without a line is the very file that had the remembered one: it was not moved away,
 * its lines are gone. Of a new file that has got the same number the time of birth is later. Where
 * the file system does not tell that, only the continuation in the log says that there was another.
 */
static bool was_emptied(const struct ska_audit_file *file)
{
    struct statx log;
    struct timespec written;
    bool older_than_boot = false;

    return statx(file->fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &log) == 0 &&
           (log.stx_mask & STATX_BTIME) != 0 && log.stx_ino == file->head.head.inode &&
           ska_audit_head_time(&file->head, &written, &older_than_boot) && !older_than_boot &&
           (log.stx_btime.tv_sec < written.tv_sec ||
            (log.stx_btime.tv_sec == written.tv_sec && log.stx_btime.tv_nsec < written.tv_nsec));
}

static bool fail_missing_head(const struct ska_audit_file *file, const struct ska_errors *errors)
{
    return ska_fail(
        errors, SKA_R_EVIDENCE_WRONG,
        WHAT " %s: line %llu, the last one that was written here (state-dir %s), is not "
             "in it: it was cut, changed or replaced, so nothing is added to it. Find out "
             "why, and move it away: the next log begins with the hash of that line",
        file->log.path, (unsigned long long)file->head.head.sequence, file->log.state_dir);
}

/* It has the remembered line where that was written, or else begins behind it. */
static bool goes_on_from_head(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx,
                              struct ska_audit_tail *tail, const struct ska_errors *errors)
{
    const struct ska_audit_head *head = &file->head.head;
    char hash[SKA_AUDIT_HASH_SIZE];
    bool begins = false;

    /* As it is nearly always. */
    if (strcmp(tail->hash, head->hash) == 0)
        return true;
    if (!hash_of_line_at(file, libctx, head->start, head->end, (uint64_t)tail->end, hash, errors))
        return false;
    if (strcmp(hash, head->hash) == 0)
        return true;
    if (!begins_after_head(file, (uint64_t)tail->end, &begins, errors))
        return false;
    if (begins)
        return true;
    if (has_lost_last_lines(file, tail)) {
        tail->lost = head->sequence;
        return true;
    }
    return fail_missing_head(file, errors);
}

static void continue_from_head(const struct ska_audit_file *file, struct ska_audit_tail *tail)
{
    tail->continues = true;
    tail->sequence = file->head.head.sequence;
    memcpy(tail->hash, file->head.head.hash, sizeof(tail->hash));
}

bool ska_audit_file_tail(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx,
                         struct ska_audit_tail *tail, const struct ska_errors *errors)
{
    bool done = read_own_tail(file, libctx, tail, errors);

    if (done && file->head.head.sequence > 0) {
        if (tail->sequence > 0)
            done = goes_on_from_head(file, libctx, tail, errors);
        else if (was_emptied(file))
            done = fail_missing_head(file, errors);
        else
            continue_from_head(file, tail);
    }
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
    fail_log(file->log.path, "cannot be written: ", errors);
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

static bool remember_head(struct ska_audit_file *file, const struct ska_audit_tail *tail,
                          struct ska_span lines, const struct ska_audit_head *last,
                          const struct ska_errors *errors)
{
    struct ska_audit_head head = *last;
    struct stat status;

    if (file->log.state_dir == NULL)
        return true;
    if (fstat(file->fd, &status) != 0)
        return fail_log(file->log.path, "", errors);
    head.inode = status.st_ino;
    head.start = (uint64_t)tail->end + line_start(lines.data, lines.length - 1);
    head.end = (uint64_t)tail->end + lines.length;
    return ska_audit_head_write(&file->head, &head, errors);
}

bool ska_audit_file_append(struct ska_audit_file *file, const struct ska_audit_tail *tail,
                           struct ska_span lines, const struct ska_audit_head *last,
                           const struct ska_errors *errors)
{
    if (tail->half.length > 0 && ftruncate(file->fd, tail->end) != 0)
        return fail_log(file->log.path, "half a line at its end cannot be cut off: ", errors);
    if (!write_lines(file, tail->end, lines, errors) ||
        !remember_head(file, tail, lines, last, errors))
        return false;
    /* Others may write meanwhile: who syncs a line syncs those before it. */
    unlock_log(file);
    if (!sync_file(file->fd))
        return fail_log(file->log.path, "cannot be flushed to the disk: ", errors);
    if (tail->end == 0)
        sync_directory(file->log.path);
    return true;
}
