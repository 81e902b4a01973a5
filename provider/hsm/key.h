/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys on a token, and signatures with ordinary ones.
 */
#ifndef SKA_HSM_KEY_H
#define SKA_HSM_KEY_H

#include <openssl/types.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

struct hsm_token;

/* What keys are looked for by. */
struct hsm_key_match {
    struct ska_span label; /* CKA_LABEL; data == NULL: any */
    struct ska_span id;    /* CKA_ID; data == NULL: any */
};

/* A private key on a token: immutable, usable from any thread and after a fork. */
struct hsm_key;

/*
 * The one private key that matches (by filtered search, never by listing all), with its public key
 * from the public object of the same id or label, the private object's own attributes, or the
 * certificate. libctx is where the public key is made; it must outlive the key.
 * None: SKA_R_KEY_NOT_FOUND (and whether that may be for want of a login); several:
 * SKA_R_KEY_AMBIGUOUS with their ids.
 */
bool hsm_key_find(struct hsm_token *token, const struct hsm_key_match *match, OSSL_LIB_CTX *libctx,
                  struct hsm_key **key, const struct ska_errors *errors) SKA_MUST_CHECK;
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
/* Whether it is a private object (CKA_PRIVATE), which is used after a login only. */
bool hsm_key_is_private(const struct hsm_key *key);
/* Whether the key makes HSM timestamps (and nothing else), as far as the HSM shows that. */
bool hsm_key_is_timestamp(const struct hsm_key *key);
/*
 * The serialized use rule as it was when the key was found; empty when the HSM does not tell. It
 * may be out of date, so it may spare a question but never decide anything.
 */
struct ska_span hsm_key_use_rule(const struct hsm_key *key);
/* When it has turned out to be out of date; spans that were handed out stay as they are. */
void hsm_key_forget_use_rule(struct hsm_key *key);

/* Whether a certificate (DER) is one for this public key. */
bool hsm_certificate_is_of(OSSL_LIB_CTX *libctx, struct ska_span certificate, const EVP_PKEY *key);

/* The public key object that matches, as a software key. Same errors as hsm_key_find(). */
bool hsm_public_key_find(struct hsm_token *token, const struct hsm_key_match *match,
                         OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* What an ordinary key is to be given. */
enum hsm_input {
    HSM_INPUT_DIGEST,
    HSM_INPUT_DIGEST_FIRST, /* if the token refuses that: the message, so that has to be kept */
    HSM_INPUT_MESSAGE /* the token hashes itself, by its mechanisms or by what the key allows */
};
enum hsm_input hsm_key_input(struct hsm_key *key, enum ska_scheme scheme, enum ska_digest digest);

/*
 * Signs with an ordinary key (C_SignInit, C_Sign). Input by mechanism->form: DigestInfo, digest or
 * message. Where the token refuses a digest the message is tried, if it is there (data != NULL).
 * The signature is in OpenSSL's form (ECDSA: DER). *signature_length: size of the buffer
 * in, length out. SKA keys are refused (SKA_R_INTERNAL): they have no way around the rules;
 * timestamp keys too (SKA_R_UNSUPPORTED).
 */
bool hsm_key_sign(struct hsm_key *key, const struct ska_mechanism *mechanism, struct ska_span input,
                  struct ska_span message, uint8_t *signature, size_t *signature_length,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
