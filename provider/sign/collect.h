/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers as they arrive: each is verified once, and only what counts is added to the request. What
 * does not count is kept in mind, to be told, and is never fatal to the rest.
 */
#ifndef SKA_SIGN_COLLECT_H
#define SKA_SIGN_COLLECT_H

#include "provider/sign/directory.h"

struct ska_collection;

/* `rule` (NULL: unknown, anybody counts) and the texts are borrowed for the collection's life. */
struct ska_collecting {
    OSSL_LIB_CTX *libctx;
    struct ska_approver_keys *approver_keys; /* NULL: none are kept */
    const struct ska_rule *rule;
    const char *audit_log; /* NULL: none */
};
bool ska_collection_new(const struct ska_collecting *options, struct ska_collection **collection,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_collection_free(struct ska_collection *collection); /* NULL is fine */

/* For another request: what was looked at and who has refused was about the one before. */
void ska_collection_restart(struct ska_collection *collection);

/*
 * Looks through the directory for files that are new or have changed since the last look, until
 * ska_clock_ms() is `until`: approvals go into the request, one of each approver; refusals are
 * remembered.
 */
bool ska_collection_look(struct ska_collection *collection, const struct ska_directory *directory,
                         struct ska_request *request, int64_t until,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Takes approvals that came from elsewhere; `shown` names where. The array's approvals are emptied.
 */
bool ska_collection_take(struct ska_collection *collection, struct ska_request *request,
                         const char *shown, struct ska_approval *approvals, size_t count,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* Something else that goes with what does not count, as a line of text. */
void ska_collection_note(struct ska_collection *collection, const char *text);

/* Names what does not count, "; ignored: ..." each, and who has refused. */
void ska_collection_tell(const struct ska_collection *collection, const struct ska_request *request,
                         struct ska_buffer *text);

/*
 * Whether so many have refused that those who remain cannot satisfy the rule. An approval outweighs
 * a refusal of the same approver.
 */
bool ska_collection_hopeless(const struct ska_collection *collection,
                             const struct ska_request *request);

#endif
