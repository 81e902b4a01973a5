/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of an audit log as its writers see it: locked, its last line known, appended to.
 */
#ifndef SKA_RECORD_AUDIT_FILE_H
#define SKA_RECORD_AUDIT_FILE_H

#include <sys/types.h>

#include "provider/record/audit_line.h"

struct ska_audit_file {
    int fd;
    const char *path; /* borrowed */
};

/*
 * Opens the log, which is created (0600) when there is none, and locks it; a lock of others is
 * waited for at most two seconds. Refused (SKA_R_FILE_FAILURE): a link, anything but a regular
 * file, one of another owner than this user or root, one that others may write. Close with
 * ska_audit_file_close().
 */
bool ska_audit_file_open(struct ska_audit_file *file, const char *path,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_audit_file_close(struct ska_audit_file *file);

/* What the next line is tied to. */
struct ska_audit_tail {
    uint64_t sequence;              /* of the last line; 0: there is none */
    char hash[SKA_AUDIT_HASH_SIZE]; /* of the last line; SKA_AUDIT_NO_HASH: there is none */
    off_t end;                      /* of the last line */
    struct ska_bytes half;          /* what stands behind it: a line that a crash has cut */
};

/* Reads only the end of the file. SKA_R_EVIDENCE_WRONG when that is no line of an audit log. */
bool ska_audit_file_tail(const struct ska_audit_file *file, OSSL_LIB_CTX *libctx,
                         struct ska_audit_tail *tail,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_audit_tail_clear(struct ska_audit_tail *tail);

/*
 * Cuts the half line off, appends whole lines by one write, lets the lock go, and returns when they
 * are on the disk.
 */
bool ska_audit_file_append(const struct ska_audit_file *file, const struct ska_audit_tail *tail,
                           struct ska_span lines, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
