/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the signer's side says of an order that it has refused and removed, for who ordered: a small
 * file in the approvals directory (doc/formats.md).
 */
#ifndef SKA_TOOLS_ORDER_REFUSAL_H
#define SKA_TOOLS_ORDER_REFUSAL_H

#include "tools/order.h"

/* Longer reasons are cut. */
#define ORDER_REASON_LIMIT 1000
/* So many of one who orders are kept, the latest; older than this they are of no interest. */
#define ORDER_REFUSALS_KEPT 10
#define ORDER_REFUSAL_SECONDS ((int64_t)7 * 24 * 3600)

/* Starts as {0}; texts are owned, and words of others. */
struct order_refusal {
    char *order; /* name of its file */
    uint64_t uid;
    char *operation; /* "BLOCK"; NULL: the order could not be read, and its key neither */
    char *key_label;
    char *refused; /* when, ISO-8601 */
    char *reason;
};

bool order_refusal_parse(struct ska_span text, const char *shown, struct order_refusal *refusal,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
bool order_refusal_print(const struct order_refusal *refusal, struct ska_bytes *text,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void order_refusal_clear(struct order_refusal *refusal);

/*
 * Leaves one in the directory, in the place of the oldest of this user's for the same owner.
 * `order` is empty where it could not be read.
 */
bool order_refusal_put(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
                       const struct order_file *file, const struct order *order, const char *reason,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* Removes those of this user's that are too old. */
void order_refusals_clean(const struct ska_directory *directory);

/* Files of this form by users who do not sign: anybody in the group can say so. */
struct order_hearsay {
    size_t count;
    uid_t owner; /* of one of them */
};

/*
 * Calls `visit` for those that are there and are the word of the signer's side, whose directory it
 * is; in one of root's nobody can tell who that is, so all are shown, of each owner so many at
 * most. What is none is passed over. False when the visitor says so, who has raised why.
 */
typedef bool order_refusal_visit(void *arg, const struct order_refusal *refusal, uid_t owner);
bool order_refusals_visit(const struct ska_directory *directory, order_refusal_visit *visit,
                          void *arg, struct order_hearsay *hearsay,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
