/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a signature is made: what the HSM and the approval domain must agree on, in the words of
 * neither.
 */
#ifndef SKA_BASE_MECHANISM_H
#define SKA_BASE_MECHANISM_H

#include <stdbool.h>
#include <stddef.h>

enum ska_key_type {
    SKA_KEY_RSA,
    SKA_KEY_RSA_PSS, /* an RSA key whose allowed mechanisms are PSS ones only */
    SKA_KEY_EC,
    SKA_KEY_ED25519,
    SKA_KEY_ED448
};

enum ska_scheme {
    SKA_SCHEME_PKCS1, /* RSASSA-PKCS1-v1_5 */
    SKA_SCHEME_PSS,   /* RSASSA-PSS */
    SKA_SCHEME_ECDSA,
    SKA_SCHEME_EDDSA /* pure Ed25519 or Ed448 */
};

enum ska_digest {
    SKA_DIGEST_NONE, /* EdDSA; ECDSA over an input whose digest the caller did not name */
    SKA_DIGEST_SHA1,
    SKA_DIGEST_SHA224,
    SKA_DIGEST_SHA256,
    SKA_DIGEST_SHA384,
    SKA_DIGEST_SHA512,
    /* For ordinary keys only: nothing of the approval domain knows them. */
    SKA_DIGEST_SHA512_224,
    SKA_DIGEST_SHA512_256,
    SKA_DIGEST_SHA3_224,
    SKA_DIGEST_SHA3_256,
    SKA_DIGEST_SHA3_384,
    SKA_DIGEST_SHA3_512,
    SKA_DIGEST_COUNT
};

enum ska_payload_form {
    SKA_PAYLOAD_DIGEST, /* PKCS#1: a DigestInfo; PSS and ECDSA: the digest */
    SKA_PAYLOAD_MESSAGE /* the HSM hashes; EdDSA always */
};

struct ska_mechanism {
    enum ska_scheme scheme;
    enum ska_digest digest;
    enum ska_payload_form form;
    enum ska_digest mgf1_digest; /* PSS only */
    size_t salt_length;          /* PSS only, in bytes */
    bool any_salt; /* nobody has asked for that length: a broker, which cannot be told, chooses */
};

/* What an approval token may allow. The numbers are ours; the wire and the vendor have their own.
 */
enum ska_operation {
    SKA_OPERATION_SIGN,
    SKA_OPERATION_BLOCK,
    SKA_OPERATION_UNBLOCK,
    SKA_OPERATION_MODIFY
};

/* The four rules of an SKA key, as indices. */
enum ska_rule_kind {
    SKA_RULE_USE,
    SKA_RULE_BLOCK,
    SKA_RULE_UNBLOCK,
    SKA_RULE_MODIFY,
    SKA_RULE_COUNT
};

/* Length in bytes; 0 for SKA_DIGEST_NONE. */
size_t ska_digest_length(enum ska_digest digest);

/* libcrypto's name ("SHA256"); NULL for SKA_DIGEST_NONE. */
const char *ska_digest_name(enum ska_digest digest);

/* From any of the usual spellings ("SHA256", "sha-256", "SHA2-256"); false for anything else. */
bool ska_digest_from_name(const char *name, enum ska_digest *digest);

/* The same for all that ordinary keys sign with, SHA-3 and the short ones of SHA-512 too. */
bool ska_any_digest_from_name(const char *name, enum ska_digest *digest);

#endif
