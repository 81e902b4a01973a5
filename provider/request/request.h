/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and bundles (doc/formats.md): what approvers are shown and what comes back. The
 * approval token in it decides; everything else is for people and is checked against the token
 * where the token says the same.
 */
#ifndef SKA_REQUEST_REQUEST_H
#define SKA_REQUEST_REQUEST_H

#include <openssl/types.h>

#include "provider/base/mechanism.h"
#include "provider/request/approval.h"
#include "provider/request/approval_token.h"
#include "provider/rule/rule.h"

#define SKA_REQUEST_ID_LENGTH 64

/* Why a request for a digest does not hold what was hashed. */
enum ska_no_content {
    SKA_NO_CONTENT_UNSAID,
    SKA_NO_CONTENT_NO_STRUCTURE, /* see signed_content.h: it is the document itself */
    SKA_NO_CONTENT_TOO_LONG,
    SKA_NO_CONTENT_DIGEST_GIVEN /* by the application, which hashed it itself */
};

/* Text members are NUL-terminated, owned, NULL when absent. */
struct ska_request {
    char id[SKA_REQUEST_ID_LENGTH + 1]; /* lower-case hex; at a broker, what that calls it */
    /* At a broker: the id of ska_request_identify(), stated by whoever asks; "": not, or another.
     */
    char stated_id[SKA_REQUEST_ID_LENGTH + 1];
    /*
     * Which of the requests for the same thing it is: another than 0 where the names of those
     * before are taken in an approvals directory.
     */
    uint64_t attempt;
    enum ska_operation operation;
    char *token_label;
    char *key_label;
    struct ska_bytes key_id;
    struct ska_bytes public_key;    /* SubjectPublicKeyInfo DER */
    struct ska_mechanism mechanism; /* SKA_OPERATION_SIGN only */
    struct ska_bytes payload;
    enum ska_digest digest; /* SKA_DIGEST_NONE: no "digest" member; only with digest payloads */
    struct ska_bytes digest_value;
    struct ska_bytes signed_content; /* what has that digest; at most SKA_CONTENT_LIMIT */
    enum ska_no_content no_content;
    bool has_rule[SKA_RULE_COUNT]; /* the rule of the operation; MODIFY: all four */
    struct ska_rule rules[SKA_RULE_COUNT];
    struct ska_bytes timestamp_key;
    bool has_requester;
    uint64_t requester_uid;
    char *requester_host;
    char *requester_program;
    /* Taken from a file (skatool import) by this user, who need not have made it. */
    bool is_imported;
    uint64_t importer_uid;
    char *description;
    char *words_fault; /* at a broker: what is wrong with what the requester says; NULL: nothing */
    char *created;     /* ISO-8601, UTC */
    char *not_before;  /* of the earliest window */
    char *not_after;
    struct ska_bytes approval_token; /* encoded */
    struct ska_approval *approvals;
    size_t approval_count;
    struct ska_bytes signature; /* evidence only */
    char *executed;
    /*
     * Of what state-dir remembers: a signature in CMS, of which only the command that makes the
     * rest has any use.
     */
    bool is_part;
    /*
     * At a broker: why it cannot be shown, and so never approved, only rejected; NULL: it can be.
     * Then it has no approval token, and no key_label where the broker's token could not be read.
     */
    char *unshown;
    const char *unshown_kind; /* what the broker calls it, "a decryption"; NULL: the operation */
    /* SHA-256 of the manifest of its evidence, in hex; "": none. Not part of the text. */
    char evidence[65];
};

/* "SIGN", "BLOCK", "UNBLOCK", "MODIFY". */
extern const char *const ska_operation_names[SKA_OPERATION_MODIFY + 1];
/* "", "NO_STRUCTURE", "TOO_LONG", "DIGEST_GIVEN". */
extern const char *const ska_no_content_names[SKA_NO_CONTENT_DIGEST_GIVEN + 1];

/*
 * Parses a request or bundle, checks every member's shape, that the token decodes strictly, and
 * that operation, key label and payload outside say the same as the token inside. `shown` names the
 * text in messages. Unknown members are ignored. Free with ska_request_free().
 */
bool ska_request_parse(struct ska_span text, const char *shown, struct ska_request **request,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same for a bundle that goes to the HSM as it is: rules and requester, which are for people
 * and can be long, are not read.
 */
bool ska_request_parse_to_send(struct ska_span text, const char *shown,
                               struct ska_request **request,
                               const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same for what was printed of a request that has no token: what a broker was asked for, by
 * the word of who keeps it.
 */
bool ska_request_parse_draft(struct ska_span text, const char *shown, struct ska_request **draft,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/* As JSON text, indented, ended by a newline; at most SKA_JSON_LIMIT. */
bool ska_request_print(const struct ska_request *request, struct ska_bytes *text,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
/* The same on one line. */
bool ska_request_print_line(const struct ska_request *request, struct ska_bytes *text,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

void ska_request_free(struct ska_request *request); /* NULL is fine */

/*
 * Whether what it says was hashed has the digest that would be signed. True where it says nothing.
 * Parsing, which hashes nothing, has compared the digest with the payload.
 */
bool ska_request_check_content(const struct ska_request *request, OSSL_LIB_CTX *libctx,
                               const struct ska_errors *errors) SKA_MUST_CHECK;

/* Moves an approval into the request (which owns it then); the source is emptied. */
bool ska_request_add_approval(struct ska_request *request, struct ska_approval *approval,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Moves the approvals of another copy of a request (the same token, else it is wrong to call this)
 * into this one. Of an approver whose approval is there already only one stays: the first, unless
 * that does not verify.
 */
bool ska_request_merge(struct ska_request *request, struct ska_request *copy, OSSL_LIB_CTX *libctx,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether what is approved for one is approved for the other. */
bool ska_request_has_same_token(const struct ska_request *a, const struct ska_request *b);

/*
 * The id of a request: SHA-256 over operation, public key, key label, algorithm (salt length and
 * mgf1 digest included), payload and, unless it is 0, attempt, each with its length before it. Not
 * over the time, so asking again for the same thing gives the same id. Reads request->operation,
 * public_key, key_label, mechanism, payload, attempt; writes request->id.
 */
bool ska_request_identify(struct ska_request *request, OSSL_LIB_CTX *libctx,
                          const struct ska_errors *errors) SKA_MUST_CHECK;
/* Whether the id that a request states, which is left as it is, is that one. */
bool ska_request_check_id(const struct ska_request *request, OSSL_LIB_CTX *libctx, bool *same,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
