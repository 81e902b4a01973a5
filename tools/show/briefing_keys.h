/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose keys could approve after a modification, on a page for approvers: each name with its key,
 * and where else that name has another one.
 */
#ifndef SKA_TOOLS_SHOW_BRIEFING_KEYS_H
#define SKA_TOOLS_SHOW_BRIEFING_KEYS_H

#include "tools/history.h"
#include "tools/show/page.h"

struct briefing_keys {
    OSSL_LIB_CTX *libctx;
    const struct ska_request *request;
    const struct ska_rule *const *fresh; /* the new rules; NULL: stays as it is */
    const struct ska_rule *const *now;   /* the rules of now, whoever says so; NULL: not known */
    struct ska_span own_key;             /* of who reads it */
    const struct history *history;       /* NULL: it cannot be read */
};

void briefing_keys(const struct briefing_keys *keys, struct page *page);

#endif
