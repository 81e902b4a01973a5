/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of a signature: what was signed and who approved it, in files that plain openssl can
 * check, in ID.<UTC>-<random>/ of a directory of the signer's own (evidence-dir), or of done/ in an
 * approvals directory, or, where something else has the name done, of done.<random>/. It is begun
 * before the HSM is asked, so that nothing is signed that could not be recorded, and finished with
 * the signature.
 */
#ifndef SKA_RECORD_EVIDENCE_H
#define SKA_RECORD_EVIDENCE_H

#include "provider/request/request.h"

struct ska_evidence;

/*
 * The folder for evidence in this directory, which is made when there is none: a descriptor, and
 * its path, to be freed. It is this user's; what others have put under the name is passed by.
 * SKA_R_DIRECTORY_UNSAFE where others could write in it.
 */
bool ska_evidence_place(int directory, const char *path, int *place, char **shown,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * A directory that is this user's, that nobody else may write in, and to which nobody else decides
 * the way: a descriptor. SKA_R_DIRECTORY_UNSAFE, SKA_R_FILE_FAILURE.
 */
bool ska_evidence_dir_open(const char *evidence_dir, int *place,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * In an approvals directory: `directory` is a descriptor of it, which may be closed afterwards;
 * `path` names it in messages.
 */
bool ska_evidence_begin(int directory, const char *path, const struct ska_request *request,
                        struct ska_evidence **evidence,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
/* In a directory of the signer's own. */
bool ska_evidence_begin_in(const char *evidence_dir, const struct ska_request *request,
                           struct ska_evidence **evidence,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Likewise of what a broker has had signed: of approvals it hands out nothing but who has given
 * them, so that what it has said, JSON text, stands in the place of the token.
 */
bool ska_evidence_begin_told(const char *evidence_dir, const struct ska_request *request,
                             struct ska_span told, struct ska_evidence **evidence,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Frees in any case. Signature and manifest (evidence_manifest.h) are written, then the folder gets
 * its final name. request->evidence receives the hash for the audit log.
 */
bool ska_evidence_finish(struct ska_evidence *evidence, OSSL_LIB_CTX *libctx,
                         struct ska_request *request, struct ska_span signature,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* Leaves nothing. NULL is fine. */
void ska_evidence_abandon(struct ska_evidence *evidence);

#endif
