/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key in the HSM, whatever lies between: a PKCS#11 module, or the vendor's broker. What
 * was read of it when it was found, and what it can be asked to do.
 */
#ifndef SKA_BACKEND_BACKEND_KEY_H
#define SKA_BACKEND_BACKEND_KEY_H

#include <openssl/types.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"

/* The longest signature, in bytes: of RSA with 16,384 bits; so are ciphertexts. */
#define BACKEND_SIGNATURE_LIMIT 2048

/* The longest coordinate of a point, and so the longest secret that two keys agree on, in bytes. */
#define BACKEND_SECRET_LIMIT 128

/* Immutable, usable from any thread and after a fork. */
struct backend_key;

void backend_key_free(struct backend_key *key); /* NULL is fine */

/* ---- What was read when the key was found ---------------------------------------------------- */

const char *backend_key_label(const struct backend_key *key); /* "" when it has none */
/* Of the token that it is on, or how else its place is called; borrowed from what is never freed.
 */
const char *backend_key_token_label(const struct backend_key *key);
struct ska_span backend_key_id(const struct backend_key *key);
enum ska_key_type backend_key_type(const struct backend_key *key);
EVP_PKEY *backend_key_public(const struct backend_key *key); /* borrowed; a software key */
/* The same as a SubjectPublicKeyInfo in DER; encoded once, when it is first asked for. */
bool backend_key_spki(struct backend_key *key, struct ska_span *spki,
                      const struct ska_errors *errors) SKA_MUST_CHECK;
bool backend_key_is_ska(const struct backend_key *key);
/* Whether the key makes HSM timestamps (and nothing else), as far as the HSM shows that. */
bool backend_key_is_timestamp(const struct backend_key *key);
/* One that was looked up to be shown, and has other uses only, such as decrypting. */
bool backend_key_never_signs(const struct backend_key *key);
/*
 * The serialized use rule as it was when the key was found; empty when the HSM does not tell. It
 * may be out of date, so it may spare a question but never decide anything.
 */
struct ska_span backend_key_use_rule(const struct backend_key *key);
/* When it has turned out to be out of date; spans that were handed out stay as they are. */
void backend_key_forget_use_rule(struct backend_key *key);
bool backend_key_use_rule_is_forgotten(const struct backend_key *key);

/* ---- What is said of it now ------------------------------------------------------------------ */

/*
 * Whose word it is what is said of a key. A broker carries what the HSM has said, and may say
 * something else: to whoever decides by it that is worth no more than what a requester says.
 */
enum backend_word { BACKEND_WORD_OF_BROKER, BACKEND_WORD_OF_HSM };
enum backend_word backend_key_word(const struct backend_key *key);
/* "the HSM", "the broker" */
const char *backend_word_text(enum backend_word word);
/* Before a sentence about a key: "" of the HSM, else "the broker says, unconfirmed, that " */
const char *backend_word_lead(enum backend_word word);

/* What is not told is no no. */
enum backend_told { BACKEND_NOT_TOLD, BACKEND_NO, BACKEND_YES };

/* Starts as {0}: nothing is told. */
struct backend_key_state {
    enum backend_told blocked;
    enum backend_told sam_approved;
    struct ska_bytes rules[SKA_RULE_COUNT]; /* serialized; data == NULL: cannot be read */
};
bool backend_key_state(struct backend_key *key, struct backend_key_state *state,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
void backend_key_state_clear(struct backend_key_state *state);
/*
 * Whether it was blocked when that was told last, by the way. It may have changed since, so this
 * only says whether it is worth asking.
 */
bool backend_key_was_blocked(const struct backend_key *key);

/* ---- Ordinary keys --------------------------------------------------------------------------- */

/* What an ordinary key is to be given. */
enum backend_input {
    BACKEND_INPUT_DIGEST,
    BACKEND_INPUT_DIGEST_FIRST, /* if that is refused: the message, so it has to be kept */
    BACKEND_INPUT_MESSAGE /* the HSM hashes itself, by its mechanisms or what the key allows */
};
enum backend_input backend_key_input(struct backend_key *key, enum ska_scheme scheme,
                                     enum ska_digest digest);

/*
 * Signs with an ordinary key. Input by mechanism->form: DigestInfo, digest or message. Where the
 * HSM refuses a digest the message is tried, if it is there (data != NULL). The signature is in
 * OpenSSL's form (ECDSA: DER). *signature_length: size of the buffer in, length out. SKA keys are
 * refused (SKA_R_INTERNAL): they have no way around the rules; timestamp keys too
 * (SKA_R_UNSUPPORTED).
 */
bool backend_key_sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                      struct ska_span input, struct ska_span message, uint8_t *signature,
                      size_t *signature_length, const struct ska_errors *errors) SKA_MUST_CHECK;

/* How something was encrypted with the public key of an RSA key. */
struct backend_encryption {
    bool oaep;                           /* otherwise PKCS#1 v1.5 */
    enum ska_digest digest, mgf1_digest; /* OAEP */
    struct ska_span label;               /* OAEP */
};

/*
 * Whether the key may be used for anything but signatures at all: SKA keys, timestamp keys and keys
 * of back ends that only sign are refused (SKA_R_UNSUPPORTED), with the reason.
 */
bool backend_key_may_decrypt(const struct backend_key *key,
                             const struct ska_errors *errors) SKA_MUST_CHECK;
bool backend_key_may_derive(const struct backend_key *key,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Decrypts with an ordinary RSA key. The input is as long as the modulus (SKA_R_BAD_INPUT_LENGTH),
 * the output has room for as much; *length: what came out. Whatever is wrong with what was
 * encrypted, padding, label or length, is one failure (SKA_R_HSM_REFUSED) with one text, so that
 * nobody can learn from it what the padding was.
 */
bool backend_key_decrypt(struct backend_key *key, const struct backend_encryption *how,
                         struct ska_span input, uint8_t *output, size_t *length,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The secret that an ordinary EC key and a peer's have in common (ECDH): the x coordinate, as long
 * as the curve's field. `peer`: an uncompressed point of the key's curve, which the caller has
 * verified. *length: size of the buffer in, length out.
 */
bool backend_key_derive(struct backend_key *key, struct ska_span peer, uint8_t *secret,
                        size_t *length, const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- Requests -------------------------------------------------------------------------------- */

/* A timestamp that the HSM made: the block and its signature as DER. Both empty: none. */
struct backend_timestamp {
    struct ska_span block;
    struct ska_span signature;
};

/*
 * The key with this label where `key` is, which makes timestamps for it; free with
 * backend_key_free(). Same errors as for any key that is looked for.
 */
bool backend_timestamp_key(struct backend_key *key, const char *label, struct backend_key **found,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * A timestamp over an operation's payload, by a timestamp key. The signature, over the whole block,
 * is in OpenSSL's form (PKCS#1 v1.5 with SHA-256, ECDSA as DER, raw EdDSA). SKA_R_WRONG_USE: the
 * key is none that makes timestamps.
 */
bool backend_timestamp_make(struct backend_key *timestamp_key, enum ska_operation operation,
                            struct ska_span payload, struct ska_bytes *block,
                            struct ska_bytes *signature,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

/* The approval token for an operation with this key; `timestamp` NULL: without one. */
bool backend_create_token(struct backend_key *key, enum ska_operation operation,
                          struct ska_span payload, const struct backend_timestamp *timestamp,
                          struct ska_bytes *token, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The payload of a modification; a rule that is NULL stays as it is, but not all are, and where a
 * back end replaces all rules none is: SKA_R_BAD_POLICY. The key only says who encodes it.
 */
bool backend_modify_payload(struct backend_key *key,
                            const struct ska_rule *const rules[SKA_RULE_COUNT],
                            struct ska_bytes *payload,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

struct backend_approval {
    bool certificate;           /* what signer is: a certificate or a SubjectPublicKeyInfo */
    struct ska_span signer;     /* DER */
    struct ska_bytes signature; /* DER: SEQUENCE { AlgorithmIdentifier, BIT STRING } */
};

enum backend_answer {
    BACKEND_DONE,
    BACKEND_REFUSED, /* the HSM said no; nothing raised: the caller knows the rule and explains */
    BACKEND_FAILED   /* it could not answer; raised */
};

/* What is known of a refusal. */
struct backend_refusal {
    bool blocked;     /* it is said that the key is blocked */
    bool unsatisfied; /* it is said that no alternative of the rule is satisfied */
    char code[64];    /* how that was put, for messages: a name or a number */
};

/*
 * The complete request in one call, for a signature. Repeated only after an answer that proves that
 * nothing was signed.
 */
enum backend_answer backend_ska_sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                                     struct ska_span token,
                                     const struct backend_approval *approvals,
                                     size_t approval_count, uint8_t *signature,
                                     size_t *signature_length, struct backend_refusal *refusal,
                                     const struct ska_errors *errors);

/* The same to block, unblock or modify the key, which keeps working. */
enum backend_answer backend_ska_change(struct backend_key *key, enum ska_operation operation,
                                       struct ska_span token,
                                       const struct backend_approval *approvals,
                                       size_t approval_count, struct backend_refusal *refusal,
                                       const struct ska_errors *errors);

#endif
