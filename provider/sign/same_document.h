/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether people are asked twice for a signature on one document: what is signed differs, by the
 * time in the attributes of a CMS or by the padding, so that these are two requests.
 */
#ifndef SKA_SIGN_SAME_DOCUMENT_H
#define SKA_SIGN_SAME_DOCUMENT_H

#include "provider/sign/directory.h"

/*
 * The id of another request in the directory, in a file of this user's and not expired, to sign
 * the document of `request` with its key. False: there is none, or it could not be found out. Looks
 * at 100 requests at most, in no order: with more open it may not be found.
 */
bool ska_find_same_document(const struct ska_directory *directory,
                            const struct ska_request *request, char id[SKA_REQUEST_ID_LENGTH + 1]);

/*
 * Adds "; request 0123456789abcdef is open for the same document and key, too; skatool withdraw
 * --dir DIR 0123456789abcdef ends it if it is not wanted" where there is one, else nothing.
 */
void ska_same_document_text(const struct ska_directory *directory,
                            const struct ska_request *request, struct ska_buffer *text);

#endif
