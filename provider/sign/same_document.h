/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether people are asked twice for a signature on one document: what is signed differs, by the
 * time in the attributes of a CMS or by the padding, so that these are two requests.
 */
#ifndef SKA_SIGN_SAME_DOCUMENT_H
#define SKA_SIGN_SAME_DOCUMENT_H

#include "provider/sign/directory.h"

/* Whether `other` is another request than `request`, not expired, to sign its document with its
 * key.
 */
bool ska_is_of_same_document(const struct ska_request *other, const struct ska_request *request);

/*
 * Calls `visit` with the id of each such request that is in the directory in a file of this user's,
 * in no order. Of those files it looks at 1000 at most; what could not be read is passed over.
 */
typedef void ska_same_document_visit(void *arg, const char *id);
void ska_same_documents_visit(const struct ska_directory *directory,
                              const struct ska_request *request, ska_same_document_visit *visit,
                              void *arg);

/*
 * Adds "; request 0123456789abcdef is open for the same document and key, too; skatool withdraw
 * --dir DIR 0123456789abcdef ends it if it is not wanted" for each, and of more than a few how
 * many.
 */
void ska_same_document_text(const struct ska_directory *directory,
                            const struct ska_request *request, struct ska_buffer *text);

#endif
