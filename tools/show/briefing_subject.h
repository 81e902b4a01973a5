/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What will be signed, on a page for approvers: a document by its digest, or a message.
 */
#ifndef SKA_TOOLS_SHOW_BRIEFING_SUBJECT_H
#define SKA_TOOLS_SHOW_BRIEFING_SUBJECT_H

#include "provider/request/request.h"
#include "tools/show/page.h"

/* `document` is the file that was compared, and is the one; NULL: none was given. */
void briefing_subject(OSSL_LIB_CTX *libctx, const struct ska_request *request, const char *document,
                      struct page *page);

#endif
