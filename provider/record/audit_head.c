/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/record/audit_head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/record/state_dir.h"

/* ---- As text --------------------------------------------------------------------------------- */

/* So many digits has UINT64_MAX. */
#define DIGITS 20
#define HASH_LENGTH (SKA_AUDIT_HASH_SIZE - 1)

void ska_audit_head_print(const struct ska_audit_head *head, char text[SKA_AUDIT_HEAD_LENGTH + 1])
{
    snprintf(text, SKA_AUDIT_HEAD_LENGTH + 1,
             "%020" PRIu64 " %.64s %020" PRIu64 " %020" PRIu64 " %020" PRIu64 " %.64s\n",
             head->sequence, head->hash, head->inode, head->start, head->end, head->before);
}

/* The text goes on at *next, and is long enough. */
static bool take_head_number(const char **next, uint64_t *number)
{
    char digits[DIGITS + 1] = "";

    memcpy(digits, *next, DIGITS);
    *next += DIGITS + 1;
    return strlen(digits) == DIGITS && ska_decimal_decode(digits, UINT64_MAX, number) &&
           (*next)[-1] == ' ';
}

static bool take_head_hash(const char **next, char behind, char hash[SKA_AUDIT_HASH_SIZE])
{
    memcpy(hash, *next, HASH_LENGTH);
    hash[HASH_LENGTH] = 0;
    *next += HASH_LENGTH + 1;
    return ska_audit_is_hash(hash) && (*next)[-1] == behind;
}

bool ska_audit_head_parse(struct ska_span text, struct ska_audit_head *head)
{
    struct ska_audit_head parsed = {0};
    const char *next = (const char *)text.data;

    if (text.length != SKA_AUDIT_HEAD_LENGTH || !take_head_number(&next, &parsed.sequence) ||
        !take_head_hash(&next, ' ', parsed.hash) || !take_head_number(&next, &parsed.inode) ||
        !take_head_number(&next, &parsed.start) || !take_head_number(&next, &parsed.end) ||
        !take_head_hash(&next, '\n', parsed.before) || parsed.sequence == 0 ||
        parsed.end <= parsed.start || parsed.end > INT64_MAX ||
        parsed.end - parsed.start > SKA_AUDIT_LINE_LIMIT)
        return false;
    *head = parsed;
    return true;
}

/* ---- In state-dir ---------------------------------------------------------------------------- */

static bool fail_head(const struct ska_audit_head_file *file, const char *what,
                      const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_FILE_FAILURE, "state-dir %s: the head of the audit log %s: %s",
                    file->state_dir, what, strerror(errno));
}

static bool read_head(struct ska_audit_head_file *file, const struct ska_errors *errors)
{
    /* One byte more than there should be. */
    char text[SKA_AUDIT_HEAD_LENGTH + 1];
    ssize_t got = 0;

    do
        got = pread(file->fd, text, sizeof(text), 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail_head(file, "cannot be read", errors);
    return got == 0 || ska_audit_head_parse(ska_span(text, (size_t)got), &file->head) ||
           ska_fail(errors, SKA_R_EVIDENCE_WRONG,
                    "state-dir %s: what is stored there is not the head of an audit log: find out "
                    "who changed it, and remove it",
                    file->state_dir);
}

bool ska_audit_head_open(struct ska_audit_head_file *file, const char *state_dir, const char *log,
                         OSSL_LIB_CTX *libctx, const struct ska_errors *errors)
{
    char hash[SKA_AUDIT_HASH_SIZE];
    char name[sizeof("audit-") + HASH_LENGTH];

    memset(file, 0, sizeof(*file));
    file->fd = -1;
    file->state_dir = state_dir;
    if (!ska_audit_hash(libctx, ska_span_text(log), hash, errors))
        return false;
    snprintf(name, sizeof(name), "audit-%s", hash);
    file->fd = ska_state_open(state_dir, name, errors);
    if (file->fd < 0)
        return false;
    if (read_head(file, errors))
        return true;
    ska_audit_head_close(file);
    return false;
}

void ska_audit_head_close(struct ska_audit_head_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

/*
 * In place: a power cut leaves it as it was or as it will be, within one sector. It is not synced
 * each time, as an older head of the same log is as good as the last one to find a cut; but the
 * first one is, as nobody would know otherwise that there had been one.
 */
bool ska_audit_head_write(struct ska_audit_head_file *file, const struct ska_audit_head *head,
                          const struct ska_errors *errors)
{
    char text[SKA_AUDIT_HEAD_LENGTH + 1];
    ssize_t written = 0;

    ska_audit_head_print(head, text);
    do
        written = pwrite(file->fd, text, SKA_AUDIT_HEAD_LENGTH, 0);
    while (written < 0 && errno == EINTR);
    if (written != SKA_AUDIT_HEAD_LENGTH) {
        if (written >= 0)
            errno = ENOSPC;
        fail_head(file, "cannot be written", errors);
        if (written > 0 && file->head.sequence == 0 && ftruncate(file->fd, 0) != 0)
            return false; /* then half a head is left, which is none: somebody has to remove it */
        return false;
    }
    if (file->head.sequence == 0 && fsync(file->fd) != 0)
        return fail_head(file, "cannot be flushed to the disk", errors);
    file->head = *head;
    return true;
}

bool ska_audit_head_time(const struct ska_audit_head_file *file, struct timespec *written,
                         bool *older_than_boot)
{
    struct timespec now;
    struct timespec running;
    struct stat status;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &running) != 0 ||
        fstat(file->fd, &status) != 0)
        return false;
    *written = status.st_mtim;
    *older_than_boot = status.st_mtim.tv_sec < now.tv_sec - running.tv_sec;
    return true;
}
