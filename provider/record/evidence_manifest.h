/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest of a folder of evidence: SHA-256 of its files, as sha256sum(1) reads them. Its own
 * SHA-256 stands in the audit log, for whoever changes the manifest too.
 */
#ifndef SKA_RECORD_EVIDENCE_MANIFEST_H
#define SKA_RECORD_EVIDENCE_MANIFEST_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/*
 * The files in a folder of evidence; the manifest lists those before it. There is the approval
 * token, or, where a broker keeps that, what the broker has said.
 */
enum ska_evidence_file {
    SKA_EVIDENCE_REQUEST,
    SKA_EVIDENCE_TOKEN,
    SKA_EVIDENCE_BROKER,
    SKA_EVIDENCE_SIGNATURE,
    SKA_EVIDENCE_MANIFEST,
    SKA_EVIDENCE_FILES
};
#define SKA_MANIFEST_FILES SKA_EVIDENCE_MANIFEST

/* "request.json" and so on, by enum ska_evidence_file. */
extern const char *const ska_evidence_names[SKA_EVIDENCE_FILES];

/* The manifest of at most this many bytes is read. */
#define SKA_MANIFEST_LIMIT ((size_t)64 * 1024)

/* The manifest of files with these contents; of token and broker one is there, the other is NULL.
 */
bool ska_manifest_make(OSSL_LIB_CTX *libctx, const struct ska_span contents[SKA_MANIFEST_FILES],
                       struct ska_bytes *manifest, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Whether a manifest is one (*well_formed), and which files are as it has them (all false where it
 * is none, and for what it does not list). Those of former versions, which list the members of the
 * request in comments, are read too. False: failed.
 */
bool ska_manifest_compare(OSSL_LIB_CTX *libctx, struct ska_span manifest,
                          const struct ska_span contents[SKA_MANIFEST_FILES], bool *well_formed,
                          bool same[SKA_MANIFEST_FILES],
                          const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
