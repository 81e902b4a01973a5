/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mechanisms by the names of the vendor's REST API ("NONESHA256_WITH_RSA"), and what payload a
 * mechanism has approvers approve.
 */
#ifndef SKA_REQUEST_ALGORITHM_H
#define SKA_REQUEST_ALGORITHM_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/*
 * The name: digest form NONESHAn_WITH_RSA, NONESHAn_WITH_RSA_PSS (not for SHA-1), NONE_WITH_ECDSA;
 * message form SHAn_WITH_RSA, SHAn_WITH_RSA_PSS, SHAn_WITH_ECDSA; EDDSA. NULL: there is none.
 */
const char *ska_algorithm_name(const struct ska_mechanism *mechanism);

/*
 * The reverse; sets scheme, digest and form (for NONE_WITH_ECDSA the digest is SKA_DIGEST_NONE),
 * for PSS also mgf1_digest and salt_length to the digest's, as the caller may then override. False,
 * without an error, for unknown names.
 */
bool ska_algorithm_from_name(const char *name, struct ska_mechanism *mechanism) SKA_MUST_CHECK;

/* Whether both make the same kind of signature: the same name, for PSS also salt and MGF1. */
bool ska_algorithm_same(const struct ska_mechanism *a, const struct ska_mechanism *b);

/* Whether a key of this type can do it; the message says what it can. */
bool ska_algorithm_fits(const struct ska_mechanism *mechanism, enum ska_key_type type,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The payload for a digest: the DigestInfo for PKCS#1, else the digest. The length must be that of
 * mechanism->digest (SKA_DIGEST_NONE: of some digest that we know).
 */
bool ska_payload_from_digest(const struct ska_mechanism *mechanism, struct ska_span digest,
                             struct ska_bytes *payload,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/* The digest inside a digest payload, for showing and comparing; digest SKA_DIGEST_NONE: not told.
 */
bool ska_payload_digest(const struct ska_mechanism *mechanism, struct ska_span payload,
                        enum ska_digest *digest, struct ska_span *value) SKA_MUST_CHECK;

/* Which digest a DigestInfo is of, in strict DER; SKA_DIGEST_NONE: none that we know, or it is
 * none.
 */
enum ska_digest ska_payload_digest_info(struct ska_span payload) SKA_MUST_CHECK;

/*
 * True for what must be taken for a digest whatever a request says, since the token does not tell:
 * RSA and EC keys, 20, 28, 32, 48 or 64 bytes, RSA also 36 (MD5 and SHA-1, as old TLS signs them),
 * or a DigestInfo (strict DER, any algorithm).
 */
bool ska_payload_looks_like_digest(enum ska_key_type type, struct ska_span payload);

/*
 * Everything that can be refused before a person is asked: a message that looks like a digest, a
 * digest payload of the wrong shape, too long a payload (65535 bytes less what a token with a
 * timestamp needs), a PSS salt that does not fit the key (`key_bits`).
 */
bool ska_payload_check(const struct ska_mechanism *mechanism, enum ska_key_type type,
                       unsigned int key_bits, struct ska_span payload,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* The longest payload that any token can carry, timestamp included. */
#define SKA_PAYLOAD_LIMIT ((size_t)65000)

#endif
