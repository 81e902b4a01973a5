/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder with the documents that an approver has: which request is about which file. Files are
 * hashed when a request first needs it, each once for each digest.
 */
#ifndef SKA_TOOLS_DOCUMENT_FOLDER_H
#define SKA_TOOLS_DOCUMENT_FOLDER_H

#include "tools/document.h"

struct document_folder;

/*
 * Lists its regular files. Links are not followed, nor are folders in it looked into. Free with
 * document_folder_close().
 */
bool document_folder_open(const char *path, OSSL_LIB_CTX *libctx, struct document_folder **folder,
                          const struct ska_errors *errors) SKA_MUST_CHECK;
void document_folder_close(struct document_folder *folder); /* NULL is fine */

/*
 * The file that the request is about; *found is false where there is none. document->path is a name
 * in the folder, and the folder's. Files that cannot be read are warned of. False: out of memory.
 */
bool document_folder_find(struct document_folder *folder, const struct ska_request *request,
                          bool *found, struct document *document,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Whether the file that was found has this digest in any of its forms, by whatever algorithm.
 * False: out of memory.
 */
bool document_folder_compare(struct document_folder *folder, const struct document *document,
                             struct ska_span digest, bool *same,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/* "3 match a file, 1 does not.": of requests, for whoever has asked. */
void document_folder_say(size_t matching, size_t others);

#endif
