/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an audit log from its beginning to its end, line by line, with a look at whether each is
 * tied to the one before; and the logs that went on from it. However long they are, a few lines are
 * in memory.
 */
#ifndef SKA_TOOLS_AUDIT_READ_H
#define SKA_TOOLS_AUDIT_READ_H

#include "provider/record/audit_line.h"

struct ska_audit_reader;

/*
 * Of a log that is being written to, what is there now is read. Free with ska_audit_read_close();
 * `path` is borrowed until then.
 */
bool ska_audit_read_open(const char *path, OSSL_LIB_CTX *libctx, struct ska_audit_reader **reader,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Puts logs in the order in which they were written, by the number of their first lines; empty ones
 * are last. Whether each goes on from the one before is seen when they are read, so that no order
 * hides anything. When one of them has no such number they stay as they are.
 */
bool ska_audit_read_order(const char **paths, size_t count, OSSL_LIB_CTX *libctx,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/* Goes on with another log, which should go on from the one that was read to its end. */
bool ska_audit_read_continue(struct ska_audit_reader *reader, const char *path,
                             const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_audit_read_close(struct ska_audit_reader *reader); /* NULL is fine */

struct ska_audit_found {
    uint64_t number;                /* of the line in its file, from 1; 0: the log has ended */
    bool continues;                 /* it goes on from a log that was not read */
    struct ska_span text;           /* without its newline; cut where it is too long */
    bool readable;                  /* it is a line of an audit log: the next two are set */
    const cJSON *json;              /* owned by the reader, until the next line */
    struct ska_audit_line line;     /* likewise */
    char hash[SKA_AUDIT_HASH_SIZE]; /* of the line; empty when it is none that can be hashed */
    char fault[400];                /* what is wrong at this place, with its lines; "": nothing */
};

/* The next line. False: the file cannot be read; what is wrong with a line is its fault. */
bool ska_audit_read_next(struct ska_audit_reader *reader, struct ska_audit_found *found,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
