/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects on a token: finding, listing, signing, generating.
 */
#ifndef SKA_HSM_KEY_H
#define SKA_HSM_KEY_H

#include <openssl/types.h>

#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"
#include "provider/hsm/token.h"
#include "provider/hsm/uri.h"

/*
 * A private key on a token: immutable, reference counted, usable from any thread and after a fork.
 */
struct hsm_key;

struct hsm_key_match {
    const char *label;  /* CKA_LABEL; NULL: any */
    struct ska_span id; /* CKA_ID; data == NULL: any */
};

/*
 * The one private key that matches (by filtered search, never by listing all), with its public key
 * from the public object of the same id or label, the private object's own attributes, or the
 * certificate. libctx is where the public key is made; it must outlive the key.
 * None: SKA_R_KEY_NOT_FOUND (and whether that may be for want of a login); several:
 * SKA_R_KEY_AMBIGUOUS with their ids.
 */
bool hsm_key_find(struct hsm_token *token, const struct hsm_key_match *match, OSSL_LIB_CTX *libctx,
                  struct hsm_key **key, const struct ska_errors *errors) SKA_MUST_CHECK;
struct hsm_key *hsm_key_up_ref(struct hsm_key *key);
void hsm_key_free(struct hsm_key *key); /* NULL is fine */

/* All of this was read when the key was found. */
struct hsm_token *hsm_key_token(const struct hsm_key *key);
const char *hsm_key_label(const struct hsm_key *key); /* "" when it has none */
struct ska_span hsm_key_id(const struct hsm_key *key);
enum ska_key_type hsm_key_type(const struct hsm_key *key);
EVP_PKEY *hsm_key_public(const struct hsm_key *key); /* borrowed; a software key */
/* The same as a SubjectPublicKeyInfo in DER; encoded once, when it is first asked for. */
bool hsm_key_spki(struct hsm_key *key, struct ska_span *spki,
                  const struct ska_errors *errors) SKA_MUST_CHECK;
bool hsm_key_is_ska(const struct hsm_key *key);
/*
 * The serialized use rule as it was when the key was found; empty when the HSM does not tell. It
 * may be out of date, so it may spare a question but never decide anything.
 */
struct ska_span hsm_key_use_rule(const struct hsm_key *key);
/* When it has turned out to be out of date; spans that were handed out stay as they are. */
void hsm_key_forget_use_rule(struct hsm_key *key);

/* Reads from the HSM now. */
struct hsm_key_state {
    bool blocked;
    bool sam_approved;                      /* false where the HSM does not tell */
    struct ska_bytes rules[SKA_RULE_COUNT]; /* serialized; data == NULL: cannot be read */
};
bool hsm_key_state(struct hsm_key *key, struct hsm_key_state *state,
                   const struct ska_errors *errors) SKA_MUST_CHECK;
void hsm_key_state_clear(struct hsm_key_state *state);

/*
 * Signs with an ordinary key (C_SignInit, C_Sign). Input by mechanism->form: DigestInfo, digest or
 * message. The signature is in OpenSSL's form (ECDSA: DER). *signature_length: size of the buffer
 * in, length out. SKA keys are refused (SKA_R_INTERNAL): they have no way around the rules;
 * timestamp keys too (SKA_R_UNSUPPORTED).
 */
bool hsm_key_sign(struct hsm_key *key, const struct ska_mechanism *mechanism, struct ska_span input,
                  uint8_t *signature, size_t *signature_length,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- SKA keys -------------------------------------------------------------------------------- */

/* A timestamp that the HSM made: the block and its signature as DER. Both empty: none. */
struct hsm_timestamp {
    struct ska_span block;
    struct ska_span signature;
};

/* The approval token for an operation with this key (C_CreateApprovalToken). */
bool hsm_ska_create_token(struct hsm_key *key, enum ska_operation operation,
                          struct ska_span payload, const struct hsm_timestamp *timestamp,
                          struct ska_bytes *token, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Whether the key makes HSM timestamps (and nothing else), as far as the HSM shows that. Read when
 * the key was found.
 */
bool hsm_key_is_timestamp(const struct hsm_key *key);

/*
 * A timestamp over an operation's payload (C_GetTimestamp with SHA-256), by a timestamp key. The
 * signature, over the whole block, is in OpenSSL's form (PKCS#1 v1.5, ECDSA as DER, raw EdDSA).
 * SKA_R_WRONG_USE: the key is none that makes timestamps.
 */
bool hsm_timestamp_make(struct hsm_key *timestamp_key, enum ska_operation operation,
                        struct ska_span payload, struct ska_bytes *block,
                        struct ska_bytes *signature,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The payload of a modification (C_CreateModifyPayload); a rule that is NULL stays as it is, but
 * not all are. The key only says which module encodes it.
 */
bool hsm_modify_payload(struct hsm_key *key, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        struct ska_bytes *payload, const struct ska_errors *errors) SKA_MUST_CHECK;

struct hsm_approval {
    bool certificate;          /* what signer is: a certificate or a SubjectPublicKeyInfo */
    struct ska_span signer;    /* DER */
    struct ska_span signature; /* DER: SEQUENCE { AlgorithmIdentifier, BIT STRING } */
};

enum hsm_answer {
    HSM_DONE,
    HSM_REFUSED, /* the HSM said no; nothing raised: the caller knows the rule and explains */
    HSM_FAILED   /* it could not answer; raised */
};

/* What is known of a refusal. */
struct hsm_refusal {
    bool blocked;     /* the HSM says that the key is blocked */
    bool unsatisfied; /* the HSM says that no alternative of the rule is satisfied */
    char code[64];    /* how the HSM put it, for messages: a name or a number */
};

/*
 * One call of C_SKASign with the complete request. Repeated only after an answer that proves that
 * nothing was signed and that the session was lost.
 */
enum hsm_answer hsm_ska_sign(struct hsm_key *key, const struct ska_mechanism *mechanism,
                             struct ska_span token, const struct hsm_approval *approvals,
                             size_t approval_count, uint8_t *signature, size_t *signature_length,
                             struct hsm_refusal *refusal, const struct ska_errors *errors);

/*
 * One call of C_SKABlock, C_SKAUnblock or C_SKAModify with the complete request; otherwise like
 * hsm_ska_sign(). The key keeps working, with a new handle if the HSM gives it one.
 */
enum hsm_answer hsm_ska_change(struct hsm_key *key, enum ska_operation operation,
                               struct ska_span token, const struct hsm_approval *approvals,
                               size_t approval_count, struct hsm_refusal *refusal,
                               const struct ska_errors *errors);

/* ---- Generating ------------------------------------------------------------------------------ */

struct hsm_key_template {
    enum ska_key_type type;
    unsigned int bits;  /* RSA */
    const char *curve;  /* EC: libcrypto's name, "P-256" or "prime256v1" */
    const char *label;  /* required; must not be in use by a private key: SKA_R_LABEL_IN_USE */
    struct ska_span id; /* empty: a random one is made */
    const struct ska_rule *rules[SKA_RULE_COUNT]; /* all four for an SKA key, all NULL for none */
    bool blocked;
    bool timestamp; /* a timestamp key (any type but RSA-PSS): no rules, signs timestamps only */
};

/* SKA_R_BAD_POLICY: the HSM does not take these rules, as in SAM mode. */
bool hsm_key_generate(struct hsm_token *token, const struct hsm_key_template *template_,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- Listing --------------------------------------------------------------------------------- */

struct hsm_object {
    enum hsm_object_type type;
    const char *label;
    struct ska_span id;
    bool ska;                    /* private keys */
    bool timestamp;              /* private keys: makes HSM timestamps */
    bool known_key_type;         /* keys: whether key_type is set */
    enum ska_key_type key_type;  /* keys */
    struct ska_span certificate; /* certificates: DER */
};

struct hsm_object_match {
    enum hsm_object_type type; /* HSM_OBJECT_ANY: private and public keys and certificates */
    const char *label;
    struct ska_span id;
};

/* Called for each object, private keys first; false ends the listing without an error. */
typedef bool hsm_object_visit(void *arg, const struct hsm_object *object);

bool hsm_object_list(struct hsm_token *token, const struct hsm_object_match *match,
                     hsm_object_visit *visit, void *arg,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/* The public key object that matches, as a software key. Same errors as hsm_key_find(). */
bool hsm_public_key_find(struct hsm_token *token, const struct hsm_key_match *match,
                         OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
