/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals: alone in a file of an approvals directory, or inside a bundle.
 */
#ifndef SKA_REQUEST_APPROVAL_H
#define SKA_REQUEST_APPROVAL_H

#include <openssl/types.h>

#include "provider/base/json.h"
#include "provider/rule/rule.h"

/* What an approval or a refusal is worth; a ballot finds out. */
enum ska_answer_state {
    SKA_ANSWER_UNSEEN,
    SKA_ANSWER_COUNTS,
    SKA_ANSWER_INVALID,    /* the signature does not verify over this token */
    SKA_ANSWER_NOT_LISTED, /* not an approver of the rule */
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
    char *reason; /* of a refusal, see refusal.h; NULL: none. Of an approval it means nothing */
    enum ska_answer_state state; /* not part of the text */
};

/* The longest reason of a refusal, in bytes of UTF-8. */
#define SKA_REFUSAL_REASON_LIMIT 500
/* Whether it can be one: not empty, not too long, valid UTF-8. */
bool ska_reason_is_allowed(const char *reason);

/* The most approvals that a bundle may hold. */
#define SKA_APPROVALS_LIMIT 1000

/* Frees what the approval holds, not the struct itself, and empties it. */
void ska_approval_clear(struct ska_approval *approval);

/* Moves one to the end; the source is emptied. */
bool ska_approvals_append(struct ska_approval **approvals, size_t *count,
                          struct ska_approval *approval,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The approvals in a file of an approvals directory: one approval object, or a bundle for the same
 * token (data NULL: for whatever token). Appends to *approvals; the caller frees with
 * ska_approvals_free(), also after a failure.
 */
bool ska_approvals_parse(struct ska_span text, const char *shown, struct ska_span token,
                         struct ska_approval **approvals, size_t *count,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_approvals_free(struct ska_approval *approvals, size_t count);
/* Whether it looks like one approval, or one refusal, and not like a bundle. */
bool ska_json_is_approval(const cJSON *json);
/* One approval object as JSON text. */
bool ska_approval_print(const struct ska_approval *approval, struct ska_bytes *text,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Reads the elements of the member "approvals", which may be absent, and appends them. What was
 * read before a failure is the caller's too.
 */
bool ska_approvals_read(const struct ska_json_place *place, struct ska_approval **approvals,
                        size_t *count) SKA_MUST_CHECK;

/* NULL: out of memory (no error raised). */
cJSON *ska_approval_to_json(const struct ska_approval *approval);

/* True when the approval is a signature of its signer over the token. */
bool ska_approval_verify(OSSL_LIB_CTX *libctx, const struct ska_approval *approval,
                         struct ska_span token) SKA_MUST_CHECK;

/* The same with approvers' keys that are kept; NULL: none are. */
struct ska_approver_keys;
bool ska_approval_verify_with(OSSL_LIB_CTX *libctx, struct ska_approver_keys *keys,
                              const struct ska_approval *approval,
                              struct ska_span token) SKA_MUST_CHECK;

/*
 * What the approver is called in messages: as in the rule (NULL: none), else as in the approval.
 * Harmless on a terminal. NULL: out of memory; free with free().
 */
char *ska_approver_shown(const struct ska_rule *rule, const struct ska_approval *approval);

/* The same for the middle of a sentence, as ska_approver_text() does; appended. */
void ska_signer_text(const struct ska_rule *rule, const struct ska_approval *approval,
                     struct ska_buffer *text);

#endif
