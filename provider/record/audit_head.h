/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an audit log, that is its last line, as the signer remembers it in state-dir: so that
 * a log that begins anew names its predecessor, and one that was cut or exchanged is found.
 */
#ifndef SKA_RECORD_AUDIT_HEAD_H
#define SKA_RECORD_AUDIT_HEAD_H

#include <time.h>

#include "provider/record/audit_line.h"

struct ska_audit_head {
    uint64_t sequence;                /* of the line; 0: none is known */
    char hash[SKA_AUDIT_HASH_SIZE];   /* of the line */
    uint64_t inode;                   /* of the file that it stands in, */
    uint64_t start;                   /* where in it: its first byte, */
    uint64_t end;                     /* and the one behind its newline */
    char before[SKA_AUDIT_HASH_SIZE]; /* hash of the line before those that were written with it */
};

/* As text of this many bytes, its newline included, whatever its numbers are. */
#define SKA_AUDIT_HEAD_LENGTH 214
void ska_audit_head_print(const struct ska_audit_head *head, char text[SKA_AUDIT_HEAD_LENGTH + 1]);

/* Exactly what is printed, and numbers that a line of a log can have; else false, and unchanged. */
bool ska_audit_head_parse(struct ska_span text, struct ska_audit_head *head) SKA_MUST_CHECK;

/*
 * The file of a log's head. `log` is its path without links, so that the log has one head, however
 * it is named. Close with ska_audit_head_close(). SKA_R_EVIDENCE_WRONG: it holds no head.
 */
struct ska_audit_head_file {
    int fd;
    const char *state_dir; /* borrowed */
    struct ska_audit_head head;
};
bool ska_audit_head_open(struct ska_audit_head_file *file, const char *state_dir, const char *log,
                         OSSL_LIB_CTX *libctx, const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_audit_head_close(struct ska_audit_head_file *file);

/*
 * To be called when the line is in the file and the log still locked. That is before the line is on
 * the disk: after a power cut the head may be ahead of its log, by what was written last.
 */
bool ska_audit_head_write(struct ska_audit_head_file *file, const struct ska_audit_head *head,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/* When the head was written, and whether that was before this computer was started. */
bool ska_audit_head_time(const struct ska_audit_head_file *file, struct timespec *written,
                         bool *older_than_boot) SKA_MUST_CHECK;

#endif
