/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modification changes, on a page for approvers.
 */
#ifndef SKA_TOOLS_SHOW_BRIEFING_CHANGE_H
#define SKA_TOOLS_SHOW_BRIEFING_CHANGE_H

#include "provider/request/request.h"
#include "tools/show/page.h"

void briefing_change(OSSL_LIB_CTX *libctx, const struct ska_request *request, struct page *page);

#endif
