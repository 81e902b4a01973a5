/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of an audit log: its members, and the hash by which the next line is tied to it.
 */
#ifndef SKA_RECORD_AUDIT_LINE_H
#define SKA_RECORD_AUDIT_LINE_H

#include <cjson/cJSON.h>
#include <openssl/types.h>

#include "provider/base/bytes.h"

/* The longest line, its newline included. */
#define SKA_AUDIT_LINE_LIMIT ((size_t)16 * 1024)

/* SHA-256 in hexadecimal, with its NUL. */
#define SKA_AUDIT_HASH_SIZE 65
/* What the first line has in place of the hash of the line before. */
#define SKA_AUDIT_NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

/*
 * Texts are borrowed; all but the first two and the last may be NULL. So is the last one in a line
 * that is printed for the system's log alone: it is in no chain, and has no sequence.
 */
struct ska_audit_line {
    uint64_t sequence; /* from 1, one more in each line */
    const char *time;  /* ISO-8601, UTC */
    const char *event;
    const char *request;        /* its id */
    const char *operation;      /* "SIGN", ... */
    const char *token;          /* label */
    const char *key;            /* label */
    const char *approval_token; /* SHA-256 */
    const char *approver;       /* the name in the request's rule */
    const char *approver_key;   /* SHA-256 of the SubjectPublicKeyInfo */
    const char *evidence;       /* SHA-256 of the manifest of the folder of evidence */
    const char *detail;
    const char *description; /* of the request: what it is said to be for */
    const char *digest;      /* of what is signed: "SHA256:0123..." */
    uint64_t uid;            /* of the process that wrote the line */
    uint64_t pid;
    const char *previous; /* hash of the line before */
};

/* Appends the line, ended by a newline, to the text. */
bool ska_audit_line_print(const struct ska_audit_line *line, struct ska_buffer *text,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Reads a line (its newline may be there). The texts belong to *json, to be deleted by the caller.
 * Members that are not known are left alone. `shown` names the line in messages. What is no line
 * leaves *line empty.
 */
bool ska_audit_line_parse(struct ska_span text, const char *shown, cJSON **json,
                          struct ska_audit_line *line,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Whether it is the first line of a log that goes on where another one ended, so that `previous` is
 * the hash of the last line there, and `sequence` goes on too.
 */
#define SKA_AUDIT_CONTINUATION "continuation"
bool ska_audit_line_continues(const struct ska_audit_line *line);

/* SHA-256 in hexadecimal; of a line with its newline. */
bool ska_audit_hash(OSSL_LIB_CTX *libctx, struct ska_span of, char hash[SKA_AUDIT_HASH_SIZE],
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether it is 64 lower-case hexadecimal digits. */
bool ska_audit_is_hash(const char *text);

#endif
