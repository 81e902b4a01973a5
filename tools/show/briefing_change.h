/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modification changes, on a page for approvers.
 */
#ifndef SKA_TOOLS_SHOW_BRIEFING_CHANGE_H
#define SKA_TOOLS_SHOW_BRIEFING_CHANGE_H

#include "provider/request/request.h"
#include "tools/history.h"
#include "tools/key_rules.h"
#include "tools/show/page.h"

/* What can be held against a requester who says how the rules are now. */
struct change_witness {
    struct ska_span own_key;           /* of who reads the page */
    const struct ska_approver *listed; /* who that is in the request's rule; NULL: not known */
    const struct key_rules *rules;
    const struct history *history; /* NULL: it cannot be read */
};

/* `approving`: a change that cannot be shown whole makes the page fail. */
void briefing_change(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                     const struct change_witness *witness, bool approving, struct page *page);

#endif
