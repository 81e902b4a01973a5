/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of an audit log as its writers see it: locked, its last line known, appended to.
 */
#ifndef SKA_RECORD_AUDIT_FILE_H
#define SKA_RECORD_AUDIT_FILE_H

#include <sys/types.h>

#include "provider/base/system_log.h"
#include "provider/record/audit_head.h"

/* Where the log is, and what its signer remembers of it. Borrowed. */
struct ska_audit_log {
    const char *path;                  /* NULL: there is no file */
    const char *state_dir;             /* NULL: its head is not remembered */
    struct ska_system_log *system_log; /* gets the lines, too; NULL: it does not */
};

/* Whether there is any. */
static inline bool ska_audit_log_is_kept(const struct ska_audit_log *log)
{
    return log->path != NULL || log->system_log != NULL;
}

struct ska_audit_file {
    struct ska_audit_log log;
    int fd;
    int lock;
    struct ska_audit_head_file head; /* nothing known (sequence 0) without state-dir */
};

/*
 * Opens the log, which is created (0600) when there is none, and locks it; a lock of others is
 * waited for at most two seconds. The lock is on a file of its own beside it, LOG.lock, which
 * nobody else may open: whoever may read the log could lock it. Refused (SKA_R_FILE_FAILURE,
 * SKA_R_DIRECTORY_UNSAFE): a link, anything but a regular file, one of another owner than this user
 * or root, one that others may write, or to which they may change the way. Close with
 * ska_audit_file_close().
 */
bool ska_audit_file_open(struct ska_audit_file *file, const struct ska_audit_log *log,
                         OSSL_LIB_CTX *libctx, const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_audit_file_close(struct ska_audit_file *file);

/* What the next line is tied to. */
struct ska_audit_tail {
    uint64_t sequence;              /* of the last line; 0: there is none */
    char hash[SKA_AUDIT_HASH_SIZE]; /* of the last line; SKA_AUDIT_NO_HASH: there is none */
    bool continues;                 /* that line is the remembered one: in this log there is none */
    uint64_t lost;                  /* the last line that a crash took; 0: none */
    off_t end;                      /* of the last line */
    struct ska_bytes half;          /* what stands behind it: a line that a crash has cut */
};

/*
 * Reads only the end of the file, and compares it with the head that is remembered. A log without a
 * line continues another one whose head is remembered. What was written last may be lost after a
 * start of the machine. SKA_R_EVIDENCE_WRONG when the end is no line of an audit log, or when the
 * log neither has the remembered line nor begins after it.
 */
bool ska_audit_file_tail(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx,
                         struct ska_audit_tail *tail,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_audit_tail_clear(struct ska_audit_tail *tail);

/*
 * Cuts the half line off, appends whole lines by one write, lets the lock go, and returns when they
 * are on the disk. `last` is the last of the lines, whose place is filled in here: with state-dir
 * it is remembered.
 */
bool ska_audit_file_append(struct ska_audit_file *file, const struct ska_audit_tail *tail,
                           struct ska_span lines, const struct ska_audit_head *last,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
