/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request that an approver has before him, from a file or from an approvals directory, with his
 * key, and with what others have said already. What approve and reject have in common.
 */
#ifndef SKA_TOOLS_MATTER_H
#define SKA_TOOLS_MATTER_H

#include "tools/approver.h"
#include "tools/show/briefing.h"
#include "tools/request_source.h"
#include "tools/tool.h"

/* Starts with the command line filled in and the rest zero. */
struct matter {
    const char *approver;    /* KEY */
    const char *certificate; /* --cert; NULL: none */

    struct request_source source;
    struct ska_request *request;
    struct ska_ballot ballot; /* by the requester's rule */
    struct approver key;
    const struct ska_approver *listed; /* this approver in the request's rule; NULL: no rule */
    struct ska_standing chance;        /* of this approver's approval; only with a rule */
};

/* An id stands for what is in the request; another one would be taken for another request. */
bool matter_check_id(struct tool *tool, const struct ska_request *request,
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

/* "alice": what this approver is called. */
void matter_name(const struct matter *matter, struct ska_buffer *text);

/* An approver of the rule with this key, however the rule encodes it; NULL: none. */
const struct ska_approver *matter_find_listed(OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                                              struct ska_span public_key);

#endif
