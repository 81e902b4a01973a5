/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approvals directory (interfaces, section 7): open requests, the approvals for them, and the
 * evidence of what was signed. Everything goes through one directory descriptor, without following
 * links.
 */
#ifndef SKA_SIGN_DIRECTORY_H
#define SKA_SIGN_DIRECTORY_H

#include <dirent.h>

#include "provider/request/request.h"

struct ska_directory;

/*
 * Refused (SKA_R_DIRECTORY_UNSAFE, with what to do): owned by neither this user nor root,
 * world-writable, or group-writable without the sticky bit.
 */
bool ska_directory_open(const char *path, struct ska_directory **directory,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_directory_close(struct ska_directory *directory); /* NULL is fine */
const char *ska_directory_path(const struct ska_directory *directory);

/*
 * The open request with the draft's id, if it is about the same matter (operation, key, payload,
 * algorithm): *found, without approvals, to be freed by the caller, else NULL. A file that is wrong
 * counts as none.
 */
bool ska_directory_find(const struct ska_directory *directory, const struct ska_request *draft,
                        struct ska_request **found, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Writes a complete request, so that it appears as a whole. When another process was faster,
 * *standing is its request for the same matter, to be freed by the caller; else NULL. A request
 * with the token of `expired` (may be NULL) is replaced, and the approvals for it are removed.
 */
bool ska_directory_publish(const struct ska_directory *directory, const struct ska_request *request,
                           const struct ska_request *expired, struct ska_request **standing,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Says that this process works on the open request, so that no other closes it: a descriptor for
 * ska_directory_finish(), -1 when there is none (that is no failure).
 */
int ska_directory_hold(const struct ska_directory *directory, const char *id);

void ska_directory_let_go(int hold); /* -1 is fine */

/* Whether a file stands there for the request; with a hold, whether it is the one that is held. */
bool ska_directory_stands(const struct ska_directory *directory, const struct ska_request *request,
                          int hold);

/* What a file of the directory is for the request with this id, by its name. */
enum ska_answer { SKA_ANSWER_NONE, SKA_ANSWER_APPROVAL, SKA_ANSWER_REFUSAL };
enum ska_answer ska_directory_answer(const char *name, const char *id);

/* The names in it, by a descriptor of its own; NULL: errno says why. Close with closedir(). */
DIR *ska_directory_list(const struct ska_directory *directory);

/*
 * Evidence, in done/ID.<UTC>-<random>/: begun before the HSM is asked, so that nothing is signed
 * that could not be recorded, and finished with the signature. Abandoned, it leaves nothing.
 */
struct ska_evidence;
bool ska_evidence_begin(const struct ska_directory *directory, const struct ska_request *request,
                        struct ska_evidence **evidence,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
/*
 * Frees in any case. Signature and manifest (evidence_manifest.h) are written, then the folder gets
 * its final name. request->evidence receives the hash for the audit log.
 */
bool ska_evidence_finish(struct ska_evidence *evidence, OSSL_LIB_CTX *libctx,
                         struct ska_request *request, struct ska_span signature,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_evidence_abandon(struct ska_evidence *evidence); /* NULL is fine */

/*
 * Removes the request and the answers to it, as far as this user may and unless another process
 * holds it or has put another one in its place; evidence stays. Closes `hold`.
 */
void ska_directory_finish(const struct ska_directory *directory, const struct ska_request *request,
                          int hold);

/* Used by the files of this folder. */
/* Of an errno: the process or the file system is to blame, and the file is to be read again. */
bool ska_directory_failure_passes(int error);
int ska_directory_fd(const struct ska_directory *directory);

#endif
