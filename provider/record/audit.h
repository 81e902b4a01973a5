/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: one JSON object on a line for each event, each with the SHA-256 of the line before
 * it, so that a line changed, removed or inserted is found (audit_read.h).
 */
#ifndef SKA_RECORD_AUDIT_H
#define SKA_RECORD_AUDIT_H

#include "provider/record/audit_file.h"
#include "provider/request/request.h"

enum ska_audit_event {
    SKA_AUDIT_REQUEST,          /* made, or taken up again */
    SKA_AUDIT_APPROVAL,         /* accepted */
    SKA_AUDIT_APPROVAL_REFUSED, /* does not count; detail says why */
    SKA_AUDIT_REJECTION,        /* an approver has said no */
    SKA_AUDIT_INTENT,           /* the HSM is about to be asked */
    SKA_AUDIT_DECISION,         /* what it said: detail is "done" or the reason */
    SKA_AUDIT_EVIDENCE,         /* written: request->evidence */
    SKA_AUDIT_REFUSED,          /* here, and the HSM was not asked; detail says why */
    SKA_AUDIT_WITHDRAWN         /* nobody is asked any more; detail says by what */
};

struct ska_audit_entry {
    enum ska_audit_event event;
    const struct ska_request *request;   /* id, operation, key, SHA-256 of token, evidence */
    const struct ska_approval *approval; /* whose key is named by its SHA-256; NULL: none */
    const char *detail;                  /* foreign text is shown harmless; NULL: none */
};

/*
 * Appends a line, under an exclusive lock that is waited for at most two seconds: the last line is
 * read for its hash (half a line, left by a crash, is cut off, which a line of its own tells), one
 * write, synced. Creates the file with mode 0600; where the head of a log before it is remembered,
 * a line at its beginning names that. Then it goes to the system's log, which may lose it: nobody
 * is told, and nothing fails. Without a file it goes there alone, tied to no other line.
 */
bool ska_audit_append(const struct ska_audit_log *log, OSSL_LIB_CTX *libctx,
                      const struct ska_audit_entry *entry,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same for several, all of them or none, with one lock and one write. */
bool ska_audit_append_all(const struct ska_audit_log *log, OSSL_LIB_CTX *libctx,
                          const struct ska_audit_entry *entries, size_t count,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/* For ska_audit_log: opened early, see ska_system_log_open(). NULL: out of memory. */
struct ska_system_log *ska_audit_system_log_open(void);

#endif
