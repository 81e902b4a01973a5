/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/audit_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/clock.h"
#include "provider/base/error_capture.h"

/* What is longer than this is not gone through to its end. */
#define LINE_MOST_MIB 16

/* A line that the next one may be tied to. */
struct reference {
    char hash[SKA_AUDIT_HASH_SIZE]; /* empty: none */
    uint64_t sequence;
    bool faulty; /* something was said of it already */
};

/* So much is read at once. */
#define BLOCK 65536

struct ska_audit_reader {
    FILE *file;
    const char *path;
    const char *path_before; /* of the log that this one goes on from; NULL: it is the first */
    OSSL_LIB_CTX *libctx;
    uint64_t left; /* bytes of the file that have not been taken */
    uint8_t block[BLOCK];
    size_t block_at; /* what was not taken of it */
    size_t block_end;
    uint8_t text[SKA_AUDIT_LINE_LIMIT];
    uint64_t number;
    struct reference last;
    struct reference before; /* the line before the last */
    cJSON *json;
};

static bool fail_reading(const char *path, const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

/* Whether the last byte ends a line; what cannot be read is found later. */
static bool ends_with_newline(int fd, off_t size)
{
    char last = 0;

    return size == 0 || pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

static bool fail_no_log(const char *path, mode_t mode, const struct ska_errors *errors)
{
    if (S_ISDIR(mode))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s is a directory, not an audit log", path);
    return ska_fail(errors, SKA_R_FILE_FAILURE,
                    "%s is not a regular file: write the log to one first", path);
}

/* By its first bytes: gzip, xz, bzip2 or zstd. No line of a log begins so. */
static bool is_compressed(int fd)
{
    static const struct ska_span starts[] = {{(const uint8_t *)"\x1f\x8b", 2},
                                             {(const uint8_t *)"\xfd\x37zXZ", 5},
                                             {(const uint8_t *)"BZh", 3},
                                             {(const uint8_t *)"\x28\xb5\x2f\xfd", 4}};
    uint8_t start[5];
    ssize_t length = pread(fd, start, sizeof(start), 0);

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (length >= (ssize_t)starts[i].length &&
            memcmp(start, starts[i].data, starts[i].length) == 0)
            return true;
    return false;
}

/*
 * How much there is to read: of a file no more than now, and of lines that are being written none
 * half. Who reads must not be able to lock out who writes, so this looks whether half a line stays.
 */
static bool find_size(struct ska_audit_reader *reader, const struct ska_errors *errors)
{
    const struct timespec pause = {0, 5000000};
    int64_t until = ska_clock_ms() + 200;
    int fd = fileno(reader->file);
    struct stat status;

    for (;;) {
        if (fstat(fd, &status) != 0)
            return fail_reading(reader->path, errors);
        if (!S_ISREG(status.st_mode))
            return fail_no_log(reader->path, status.st_mode, errors);
        if (ends_with_newline(fd, status.st_size) || ska_clock_ms() >= until)
            break;
        nanosleep(&pause, NULL);
    }
    if (is_compressed(fd))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s is compressed: decompress it first",
                        reader->path);
    reader->left = (uint64_t)status.st_size;
    return true;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
static FILE *open_log(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

    if (fd >= 0 && file == NULL)
        close(fd);
    return file;
}

static bool read_from(struct ska_audit_reader *reader, const char *path,
                      const struct ska_errors *errors)
{
    if (reader->file != NULL)
        fclose(reader->file);
    reader->path = path;
    reader->number = 0;
    reader->block_at = reader->block_end = 0;
    reader->file = open_log(path);
    return reader->file != NULL ? find_size(reader, errors) : fail_reading(path, errors);
}

bool ska_audit_read_open(const char *path, OSSL_LIB_CTX *libctx, struct ska_audit_reader **reader,
                         const struct ska_errors *errors)
{
    struct ska_audit_reader *opened = calloc(1, sizeof(*opened));

    if (opened == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    opened->libctx = libctx;
    memcpy(opened->last.hash, SKA_AUDIT_NO_HASH, sizeof(opened->last.hash));
    if (!read_from(opened, path, errors)) {
        ska_audit_read_close(opened);
        return false;
    }
    *reader = opened;
    return true;
}

bool ska_audit_read_continue(struct ska_audit_reader *reader, const char *path,
                             const struct ska_errors *errors)
{
    reader->path_before = reader->path;
    return read_from(reader, path, errors);
}

void ska_audit_read_close(struct ska_audit_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->file != NULL)
        fclose(reader->file);
    cJSON_Delete(reader->json);
    free(reader);
}

/* A line as it stands in the file. */
struct raw_line {
    size_t length;        /* its newline included, if it has one; 0: the file has ended */
    struct ska_span text; /* empty when the line is too long to be kept */
    bool whole;           /* it has its newline */
};

/* False: there is no more. */
static bool read_block(struct ska_audit_reader *reader)
{
    size_t most = reader->left < BLOCK ? (size_t)reader->left : BLOCK;

    reader->block_at = 0;
    reader->block_end = most == 0 ? 0 : fread(reader->block, 1, most, reader->file);
    return reader->block_end > 0;
}

/* Up to the end of the line, or of the block. */
static void take_from_block(struct ska_audit_reader *reader, struct raw_line *raw)
{
    const uint8_t *begin = reader->block + reader->block_at;
    size_t length = reader->block_end - reader->block_at;
    const uint8_t *newline = memchr(begin, '\n', length);
    size_t room = raw->length < sizeof(reader->text) ? sizeof(reader->text) - raw->length : 0;

    raw->whole = newline != NULL;
    if (raw->whole)
        length = (size_t)(newline - begin) + 1;
    if (room > 0)
        memcpy(reader->text + raw->length, begin, length < room ? length : room);
    raw->length += length;
    reader->block_at += length;
    reader->left -= length;
}

static bool read_raw(struct ska_audit_reader *reader, struct raw_line *raw,
                     const struct ska_errors *errors)
{
    memset(raw, 0, sizeof(*raw));
    while (!raw->whole && (reader->block_at < reader->block_end || read_block(reader))) {
        take_from_block(reader, raw);
        if (raw->length > (size_t)LINE_MOST_MIB * 1024 * 1024)
            return ska_fail(
                errors, SKA_R_EVIDENCE_WRONG,
                "%s: line %" PRIu64
                " is longer than %d MiB: this is not an audit log, or it was overwritten",
                reader->path, reader->number + 1, LINE_MOST_MIB);
    }
    if (ferror(reader->file))
        return fail_reading(reader->path, errors);
    if (raw->length <= sizeof(reader->text))
        raw->text = ska_span(reader->text, raw->length);
    return true;
}

/* ---- Lines ---------------------------------------------------------------------------------- */

static void set_fault(struct ska_audit_found *found, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void set_fault(struct ska_audit_found *found, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(found->fault, sizeof(found->fault), format, args);
    va_end(args);
}

struct missing {
    char count[48];
    char numbers[64];
};

/* The lines between the sequence numbers `last` and `next`. */
static struct missing missing_between(uint64_t last, uint64_t next)
{
    struct missing missing = {.count = ""};

    if (next == last + 2) {
        snprintf(missing.count, sizeof(missing.count), "1 line is missing");
        snprintf(missing.numbers, sizeof(missing.numbers), "sequence number %" PRIu64, last + 1);
    } else if (next > last + 2) {
        snprintf(missing.count, sizeof(missing.count), "%" PRIu64 " lines are missing",
                 next - last - 1);
        snprintf(missing.numbers, sizeof(missing.numbers),
                 "sequence numbers %" PRIu64 " to %" PRIu64, last + 1, next - 1);
    }
    return missing;
}

static bool same_hash(const char *a, const char *b)
{
    return a[0] != 0 && strcmp(a, b) == 0;
}

/* The line names the hash of the last one; only its number may be wrong. */
static void judge_number(const struct reference *last, struct ska_audit_found *found)
{
    if (found->line.sequence == last->sequence + 1)
        return;
    set_fault(found,
              "line %" PRIu64 " was changed: its sequence number is %" PRIu64
              " and should be %" PRIu64,
              found->number, found->line.sequence, last->sequence + 1);
    found->line.sequence = last->sequence + 1;
}

/* The first line of a log that others were given before. */
static void judge_succession(const struct ska_audit_reader *reader, struct ska_audit_found *found)
{
    const struct reference *last = &reader->last;
    uint64_t sequence = found->line.sequence;
    const struct missing missing = missing_between(last->sequence, sequence);

    /* Of half a line, left by a crash, something was said; who goes on goes on before it. */
    if (last->faulty && same_hash(reader->before.hash, found->line.previous))
        return;
    if (sequence > last->sequence + 1)
        set_fault(found, "%s between %s and %s (%s)", missing.count, reader->path_before,
                  reader->path, missing.numbers);
    else
        set_fault(found,
                  "%s does not continue %s: its first line has sequence number %" PRIu64
                  " after %" PRIu64 ", and not the hash of the last line there",
                  reader->path, reader->path_before, sequence, last->sequence);
}

/* Likewise, of the first log that was given. */
static void judge_beginning(struct ska_audit_found *found)
{
    uint64_t sequence = found->line.sequence;
    const struct missing missing = missing_between(0, sequence);

    found->continues = ska_audit_line_continues(&found->line);
    if (found->continues)
        return;
    if (sequence == 0)
        set_fault(found, "line 1 does not belong there: sequence number 0");
    else if (sequence == 1)
        set_fault(found, "line 1 was changed: it names a line before it");
    else
        set_fault(found, "%s before line 1 (%s)", missing.count, missing.numbers);
}

/* Returns whether it is this line that is wrong, and not what is before it. */
static bool judge_first_line(const struct ska_audit_reader *reader, struct ska_audit_found *found)
{
    if (same_hash(reader->last.hash, found->line.previous)) {
        judge_number(&reader->last, found);
        return found->fault[0] != 0;
    }
    if (reader->path_before != NULL)
        judge_succession(reader, found);
    else
        judge_beginning(found);
    return false;
}

/*
 * What stands at one place tells what happened there: a line that is tied to the one before the
 * last says that the last came later; one whose number goes on but whose hash does not fit says
 * that one of both was changed. What follows a line of which something was said needs no word.
 * Returns whether it is this line that is wrong, and not the one before or what is missing.
 */
static bool judge_line(const struct ska_audit_reader *reader, struct ska_audit_found *found)
{
    const struct reference *last = &reader->last;
    uint64_t sequence = found->line.sequence;
    const struct missing missing = missing_between(last->sequence, sequence);
    uint64_t n = found->number;

    if (n == 1)
        return judge_first_line(reader, found);
    if (same_hash(last->hash, found->line.previous)) {
        judge_number(last, found);
        return found->fault[0] != 0;
    }
    if (same_hash(reader->before.hash, found->line.previous)) {
        if (!last->faulty)
            set_fault(found,
                      "line %" PRIu64 " does not belong there: line %" PRIu64
                      " follows the one before it",
                      n - 1, n);
        return false;
    }
    if (sequence <= last->sequence) {
        set_fault(found,
                  "line %" PRIu64 " does not belong there: sequence number %" PRIu64
                  " after %" PRIu64,
                  n, sequence, last->sequence);
        return true;
    }
    if (sequence > last->sequence + 1)
        set_fault(found, "%s before line %" PRIu64 " (%s)", missing.count, n, missing.numbers);
    else if (!last->faulty)
        set_fault(found, "line %" PRIu64 " was changed, or the hash of it in line %" PRIu64, n - 1,
                  n);
    return false;
}

static bool examine(struct ska_audit_reader *reader, const struct raw_line *raw,
                    struct ska_audit_found *found, bool *faulty, const struct ska_errors *errors)
{
    struct ska_error_capture reason = {0};
    const struct ska_errors quiet = ska_error_capture(&reason);
    char shown[40];

    if (raw->length > raw->text.length) {
        set_fault(found, "line %" PRIu64 " is longer than any line of an audit log", found->number);
        return true;
    }
    if (!raw->whole) {
        set_fault(found, "line %" PRIu64 " is cut: half a line, left by a crash or by somebody",
                  found->number);
        return true;
    }
    if (!ska_audit_hash(reader->libctx, raw->text, found->hash, errors))
        return false;
    snprintf(shown, sizeof(shown), "line %" PRIu64, found->number);
    if (ska_audit_line_parse(found->text, shown, &reader->json, &found->line, &quiet)) {
        found->readable = true;
        found->json = reader->json;
        *faulty = judge_line(reader, found);
    } else {
        set_fault(found, "%s", ska_error_capture_text(&reason));
    }
    ska_error_capture_clear(&reason);
    return true;
}

/* A line that cannot be read stands for the one that should be there. */
static void move_on(struct ska_audit_reader *reader, const struct ska_audit_found *found,
                    bool faulty)
{
    uint64_t expected = reader->last.sequence + 1;

    reader->before = reader->last;
    memcpy(reader->last.hash, found->hash, sizeof(found->hash));
    reader->last.sequence = found->readable ? found->line.sequence : expected;
    reader->last.faulty = faulty;
}

bool ska_audit_read_next(struct ska_audit_reader *reader, struct ska_audit_found *found,
                         const struct ska_errors *errors)
{
    struct raw_line raw;
    bool faulty = true;

    memset(found, 0, sizeof(*found));
    cJSON_Delete(reader->json);
    reader->json = NULL;
    if (!read_raw(reader, &raw, errors))
        return false;
    if (raw.length == 0)
        return true;
    found->number = ++reader->number;
    found->text = ska_span(raw.text.data, raw.text.length);
    if (raw.whole && raw.text.length > 0)
        found->text.length--;
    if (!examine(reader, &raw, found, &faulty, errors))
        return false;
    move_on(reader, found, faulty);
    return true;
}

/* ---- Order ---------------------------------------------------------------------------------- */

/* What a log that is empty, or that does not begin as one, has instead of a number. */
#define SEQUENCE_EMPTY UINT64_MAX
#define SEQUENCE_NONE 0

static bool read_first_sequence(const char *path, OSSL_LIB_CTX *libctx, uint64_t *sequence,
                                const struct ska_errors *errors)
{
    struct ska_audit_reader *reader = NULL;
    struct ska_audit_found found;
    bool done = ska_audit_read_open(path, libctx, &reader, errors) &&
                ska_audit_read_next(reader, &found, errors);

    if (done)
        *sequence = found.number == 0 ? SEQUENCE_EMPTY
                    : found.readable  ? found.line.sequence
                                      : SEQUENCE_NONE;
    ska_audit_read_close(reader);
    return done;
}

/* Those with one number stay as they are: such logs do not belong together. */
static void sort_paths(const char **paths, uint64_t *sequences, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && sequences[j] < sequences[j - 1]; j--) {
            const char *path = paths[j];
            uint64_t sequence = sequences[j];

            paths[j] = paths[j - 1];
            sequences[j] = sequences[j - 1];
            paths[j - 1] = path;
            sequences[j - 1] = sequence;
        }
}

bool ska_audit_read_order(const char **paths, size_t count, OSSL_LIB_CTX *libctx,
                          const struct ska_errors *errors)
{
    uint64_t *sequences = count < 2 ? NULL : calloc(count, sizeof(*sequences));
    bool can_sort = true;
    bool done = true;

    if (count < 2)
        return true;
    if (sequences == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", paths[0]);
    for (size_t i = 0; done && i < count; i++) {
        done = read_first_sequence(paths[i], libctx, &sequences[i], errors);
        can_sort = can_sort && sequences[i] != SEQUENCE_NONE;
    }
    if (done && can_sort)
        sort_paths(paths, sequences, count);
    free(sequences);
    return done;
}
