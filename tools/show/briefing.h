/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver is told before he decides, in sentences for people without technical training:
 * what an approval would do, to what, for how long, who asks for it, and what else it would allow.
 */
#ifndef SKA_TOOLS_SHOW_BRIEFING_H
#define SKA_TOOLS_SHOW_BRIEFING_H

#include <sys/types.h>

#include "provider/sign/ballot.h"
#include "tools/document.h"
#include "tools/show/briefing_change.h"
#include "tools/show/page.h"

struct briefing {
    OSSL_LIB_CTX *libctx;
    const struct ska_request *request;
    const struct ska_approver *listed; /* this approver in the request's rule; NULL: no rule */
    const struct ska_ballot *ballot;
    struct ska_standing chance;      /* of this approver's approval; only with a rule */
    const struct document *document; /* compared, and the one; NULL: none was given */
    const char *searched;            /* a folder in which no file is the one; NULL: none */
    const uid_t *owner; /* who has put the request into a directory; NULL: it is a file */
    bool owner_remote; /* the directory's file system is another computer's, and so its users are */
    /* Who has carried it here, and says nothing of the rule and of others; NULL: nobody. */
    const char *broker;
    const char *rejected;          /* when the reader has rejected the same; NULL: never */
    const char *unread;            /* why that is not known for certain; NULL: it is */
    bool refusing;                 /* this is about a refusal */
    struct change_witness witness; /* for a request to modify */
    const char *lead;              /* before it, see briefing_head(); NULL: it is the only one */
    size_t columns;                /* of the terminal that shows it; 0: none does */
};

/* "3 of 50: request 0123456789abcdef, key seal": above one of several, `lead` being "3 of 50". */
void briefing_head(const struct briefing *briefing, const char *lead, struct page *page);

/* What a page warns of. */
struct briefing_warnings {
    size_t count;
    char *first; /* to be freed; NULL: none */
};

/* Complete, or not at all. `warnings` may be NULL; what it held before is not freed. */
bool briefing_make(const struct briefing *briefing, struct ska_bytes *text,
                   struct briefing_warnings *warnings,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
