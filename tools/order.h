/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders: what somebody without a login to the HSM asks for, to block, unblock or modify a key, in
 * a file NAME.order.json of an approvals directory (doc/formats.md). The signer's side makes a
 * request of it, with the HSM. Nothing in an order is believed but that its owner, by the file
 * system, asks.
 */
#ifndef SKA_TOOLS_ORDER_H
#define SKA_TOOLS_ORDER_H

#include "provider/sign/directory.h"
#include "tools/policy_file.h"

/* The longest file, and the longest words in it, in bytes. */
#define ORDER_LIMIT ((size_t)256 * 1024)
#define ORDER_WORDS_LIMIT 1000

/* Starts as {0}; free with order_clear(). Texts are owned. */
struct order {
    enum ska_operation operation; /* never SIGN */
    char *token_label;            /* NULL: not said, as for the id */
    char *key_label;
    struct ska_bytes key_id;
    struct ska_policy policy; /* MODIFY: the rules that are wanted, one at least; others stay */
    char *description;        /* NULL: none */
};

/*
 * Strict: members that are not known are refused, rules that could not be given to a key too.
 * `shown` names the text in messages. On failure the order is empty.
 */
bool order_parse(struct ska_span text, const char *shown, struct order *order,
                 const struct ska_errors *errors) SKA_MUST_CHECK;
bool order_print(const struct order *order, struct ska_bytes *text,
                 const struct ska_errors *errors) SKA_MUST_CHECK;
void order_clear(struct order *order);

/* ---- In a directory -------------------------------------------------------------------------- */

#define ORDER_NAME_SIZE 256

/* Puts an order there, so that it appears as a whole. `name` receives what it is called. */
bool order_put(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
               const struct order *order, char name[ORDER_NAME_SIZE],
               const struct ska_errors *errors) SKA_MUST_CHECK;

struct order_file {
    char name[ORDER_NAME_SIZE];
    char *shown; /* the name, for messages; owned by the list */
    uid_t owner;
    char identity[65]; /* SHA-256 over name, owner, inode and time, in hex */
};

/* Of one owner so many are looked at in one go. */
#define ORDERS_AT_ONCE 20

struct order_files {
    struct order_file *files;
    size_t count;
    size_t left; /* of owners who have more, or of too many owners */
};

/*
 * The orders that lie there; those for which `skip` (may be NULL) says so are none. What has the
 * name of an order and is no regular file is one too: reading it says what is wrong. Free with
 * order_files_free(), also after a failure.
 */
bool order_files_find(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
                      bool (*skip)(void *arg, const struct order_file *file), void *arg,
                      struct order_files *files, const struct ska_errors *errors) SKA_MUST_CHECK;
void order_files_free(struct order_files *files);

/* Reads one; refused where it is no longer the same file. */
bool order_file_read(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
                     const struct order_file *file, struct order *order,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
