/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and bundles (interfaces, section 6): what approvers are shown and what comes back. The
 * approval token in it decides; everything else is for people and is checked against the token
 * where the token says the same.
 */
#ifndef SKA_REQUEST_REQUEST_H
#define SKA_REQUEST_REQUEST_H

#include <openssl/types.h>

#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"
#include "provider/request/approval_token.h"

/* What an approval or a refusal is worth; a ballot finds out. */
enum ska_answer_state {
    SKA_ANSWER_UNSEEN,
    SKA_ANSWER_COUNTS,
    SKA_ANSWER_INVALID,    /* the signature does not verify over this token */
    SKA_ANSWER_NOT_LISTED, /* not an approver of the rule; then not verified */
    SKA_ANSWER_DOUBLED,    /* another of the same approver counts already */
    SKA_ANSWER_TOO_MANY    /* more than a request can hold */
};

/* An approver's signature over a token, as it stands in a bundle. */
struct ska_approval {
    bool certificate;            /* what signer is: a certificate or a SubjectPublicKeyInfo */
    struct ska_bytes signer;     /* DER */
    struct ska_bytes public_key; /* SubjectPublicKeyInfo of the signer, DER */
    char digest[16];             /* "SHA-256" */
    struct ska_bytes signature;  /* plain form, see approver_signature.h */
    enum ska_answer_state state; /* not part of the text */
};

#define SKA_REQUEST_ID_LENGTH 64
/* The most approvals that a bundle may hold. */
#define SKA_APPROVALS_LIMIT 1000

/* Text members are NUL-terminated, owned, NULL when absent. */
struct ska_request {
    char id[SKA_REQUEST_ID_LENGTH + 1]; /* lower-case hex */
    enum ska_operation operation;
    char *token_label;
    char *key_label;
    struct ska_bytes key_id;
    struct ska_bytes public_key;    /* SubjectPublicKeyInfo DER */
    struct ska_mechanism mechanism; /* SKA_OPERATION_SIGN only */
    struct ska_bytes payload;
    enum ska_digest digest; /* SKA_DIGEST_NONE: no "digest" member; only with digest payloads */
    struct ska_bytes digest_value;
    bool has_rule[SKA_RULE_COUNT]; /* the rule of the operation; MODIFY: all four */
    struct ska_rule rules[SKA_RULE_COUNT];
    struct ska_bytes timestamp_key;
    bool has_requester;
    uint64_t requester_uid;
    char *requester_host;
    char *requester_program;
    char *description;
    char *created;    /* ISO-8601, UTC */
    char *not_before; /* of the earliest window */
    char *not_after;
    struct ska_bytes approval_token; /* encoded */
    struct ska_approval *approvals;
    size_t approval_count;
    struct ska_bytes signature; /* evidence only */
    char *executed;
    /* SHA-256 of the manifest of its evidence, in hex; "": none. Not part of the text. */
    char evidence[65];
};

/* "SIGN", "BLOCK", "UNBLOCK", "MODIFY". */
extern const char *const ska_operation_names[SKA_OPERATION_MODIFY + 1];

/*
 * Parses a request or bundle, checks every member's shape, that the token decodes strictly, and
 * that operation, key label and payload outside say the same as the token inside. `shown` names the
 * text in messages. Unknown members are ignored. Free with ska_request_free().
 */
bool ska_request_parse(struct ska_span text, const char *shown, struct ska_request **request,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* As JSON text, indented, ended by a newline; at most SKA_JSON_LIMIT. */
bool ska_request_print(const struct ska_request *request, struct ska_bytes *text,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
/* The same on one line. */
bool ska_request_print_line(const struct ska_request *request, struct ska_bytes *text,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

void ska_request_free(struct ska_request *request); /* NULL is fine */

/*
 * The approvals in a file of an approvals directory: one approval object, or a bundle for the same
 * token. Appends to *approvals; the caller frees with ska_approvals_free(), also after a failure.
 */
bool ska_approvals_parse(struct ska_span text, const char *shown, struct ska_span token,
                         struct ska_approval **approvals, size_t *count,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_approvals_free(struct ska_approval *approvals, size_t count);
/* One approval object as JSON text. */
bool ska_approval_print(const struct ska_approval *approval, struct ska_bytes *text,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/* Moves an approval into the request (which owns it then); the source is emptied. */
bool ska_request_add_approval(struct ska_request *request, struct ska_approval *approval,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

/* True when the approval is a signature of its signer over the token. */
bool ska_approval_verify(OSSL_LIB_CTX *libctx, const struct ska_approval *approval,
                         struct ska_span token) SKA_MUST_CHECK;

/* The same with approvers' keys that are kept; NULL: none are. */
struct ska_approver_keys;
bool ska_approval_verify_with(OSSL_LIB_CTX *libctx, struct ska_approver_keys *keys,
                              const struct ska_approval *approval,
                              struct ska_span token) SKA_MUST_CHECK;

/*
 * The id of a request: SHA-256 over operation, public key, key label, algorithm (salt length and
 * mgf1 digest included) and payload, each with its length before it. Not over the time, so asking
 * again for the same thing gives the same id. Reads request->operation, public_key, key_label,
 * mechanism, payload; writes request->id.
 */
bool ska_request_identify(struct ska_request *request, OSSL_LIB_CTX *libctx,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * What the approver is called in messages: as in the rule (NULL: none), else as in the approval.
 * Harmless on a terminal. NULL: out of memory; free with free().
 */
char *ska_approver_shown(const struct ska_rule *rule, const struct ska_approval *approval);

#endif
