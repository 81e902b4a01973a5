/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What will be signed, on a page for approvers: a document by its digest, a message, or what is
 * signed of a certificate and the like.
 */
#ifndef SKA_TOOLS_SHOW_BRIEFING_SUBJECT_H
#define SKA_TOOLS_SHOW_BRIEFING_SUBJECT_H

#include "provider/request/approval_token.h"
#include "tools/document.h"
#include "tools/show/page.h"

/* How the command that shows the page has a file compared. */
enum briefing_comparison {
    BRIEFING_BY_FILE,
    BRIEFING_BY_FOLDER, /* one of many */
    BRIEFING_NEVER      /* who rejects needs none */
};

/*
 * `token` is the request's. `document` is the file that was compared, and is the one; NULL: none
 * was given.
 */
void briefing_subject(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                      const struct ska_approval_token *token, const struct document *document,
                      enum briefing_comparison how, struct page *page);

/* "the file you gave", "a certificate": the same within a sentence. */
const char *briefing_subject_in_short(const struct ska_request *request,
                                      const struct document *document);

#endif
