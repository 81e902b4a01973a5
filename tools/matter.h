/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request that an approver has before him, from a file or from an approvals directory, with his
 * key, and with what others have said already. What approve and reject have in common.
 */
#ifndef SKA_TOOLS_MATTER_H
#define SKA_TOOLS_MATTER_H

#include "tools/approver.h"
#include "tools/show/briefing.h"
#include "tools/mailbox.h"
#include "tools/tally.h"
#include "tools/tool.h"

/* Starts with the command line filled in, mailbox.fd == -1 and the rest zero. */
struct matter {
    const char *approver;    /* KEY */
    const char *certificate; /* --cert; NULL: none */
    const char *directory;   /* --dir; NULL: `what` is a file */
    const char *what;        /* REQUEST or ID */

    char id[SKA_REQUEST_ID_LENGTH + 1];
    struct mailbox mailbox; /* the directory; for a file the folder that it lies in (may be -1) */
    char *folder;           /* the path of that folder */
    struct ska_request *request;
    struct ska_approval_token token; /* of the request, decoded; points into it */
    uid_t owner;                     /* who has put it into the directory */
    struct approver key;
    const struct ska_approver *listed; /* this approver in the request's rule; NULL: no rule */
    struct tally tally;
    bool counted;         /* once: wrong files have been named */
    struct usable usable; /* only with a rule */
};

/* Reads the request. */
bool matter_read(struct tool *tool, struct matter *matter) SKA_MUST_CHECK;
/* An id stands for what is in the request; another one would be taken for another request. */
bool matter_check_id(struct tool *tool, struct ska_request *request,
                     const char *shown) SKA_MUST_CHECK;
/* Opens the key (a passphrase may be asked for), finds its place in the rule, counts. */
bool matter_open_key(struct tool *tool, struct matter *matter) SKA_MUST_CHECK;
void matter_close(struct matter *matter);

/* The approver's key in the very encoding of the rule, which is what approvals are told by. */
struct ska_span matter_key(const struct matter *matter);

/* Counts again what is there now. */
bool matter_count(struct tool *tool, struct matter *matter) SKA_MUST_CHECK;

/*
 * People take their time: reads the request again. Refused when another stands in its place;
 * otherwise it takes the place of the one before (with --dir: that one stays).
 */
bool matter_read_again(struct tool *tool, struct matter *matter) SKA_MUST_CHECK;

/*
 * Shows the briefing and asks; with `yes` it is printed to standard output (with `to_stderr`: to
 * standard error) and nobody is asked. False, with SKA_R_DECLINED raised, for any answer but yes.
 */
struct matter_question {
    const char *question;
    const char *declined; /* "nothing was signed" */
    const char *document; /* see struct briefing */
    bool refusing;
    bool yes;
    bool to_stderr;
};
bool matter_ask(struct tool *tool, const struct matter *matter,
                const struct matter_question *question) SKA_MUST_CHECK;

/* "alice": what this approver is called, and "(1 of 2; still needed: bob or carol)". */
void matter_name(const struct matter *matter, struct ska_buffer *text);
void matter_progress(const struct matter *matter, struct ska_buffer *text);

/* An approver of the rule with this key, however the rule encodes it; NULL: none. */
const struct ska_approver *matter_find_listed(OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                                              struct ska_span public_key);

#endif
