/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest of a folder of evidence: SHA-256 of its files, as sha256sum(1) reads them, and in
 * comments that of each member of the request, so that it can be told what was changed in it. Its
 * own SHA-256 stands in the audit log, for whoever changes the manifest too.
 */
#ifndef SKA_RECORD_EVIDENCE_MANIFEST_H
#define SKA_RECORD_EVIDENCE_MANIFEST_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/* Names in a folder of evidence. */
#define SKA_EVIDENCE_REQUEST "request.json"
#define SKA_EVIDENCE_TOKEN "token"
#define SKA_EVIDENCE_SIGNATURE "signature"
#define SKA_EVIDENCE_MANIFEST "SHA256SUMS"

/* The manifest of at most this many bytes is read. */
#define SKA_MANIFEST_LIMIT ((size_t)64 * 1024)

/* What the files hold. */
struct ska_evidence_files {
    struct ska_span request;
    struct ska_span token;
    struct ska_span signature;
};

/* The request is as ska_request_print() writes it. */
bool ska_manifest_make(OSSL_LIB_CTX *libctx, const struct ska_evidence_files *files,
                       struct ska_bytes *manifest, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Compares: calls `differs` for each file that is not as the manifest has it, then for each member
 * of the request (member != NULL), and for the manifest itself when it is none. Of a request whose
 * length has changed only the first member can be told.
 */
struct ska_manifest_check {
    void (*differs)(void *arg, const char *file, const char *member);
    void *arg;
};
bool ska_manifest_compare(OSSL_LIB_CTX *libctx, struct ska_span manifest,
                          const struct ska_evidence_files *files,
                          const struct ska_manifest_check *check,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
