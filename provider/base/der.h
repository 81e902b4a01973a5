/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEQUENCE { AlgorithmIdentifier, BIT STRING } in DER: the shape of a public key
 * (SubjectPublicKeyInfo) and of a signature as the HSM takes it. For the inside of this library:
 * raises nothing, but may leave entries in libcrypto's error queue, which is the caller's care.
 *
 * Read in place: libcrypto's templates read BER too, in which one key or signature has many forms,
 * and what they decode would have to be encoded again to see whether it was DER.
 */
#ifndef SKA_BASE_DER_H
#define SKA_BASE_DER_H

#include <openssl/asn1.h>

#include "provider/base/bytes.h"

struct ska_algorithm_bits {
    struct ska_span algorithm; /* content of the OBJECT IDENTIFIER */
    int parameters;            /* V_ASN1_...; V_ASN1_UNDEF: there are none */
    struct ska_span value;     /* content of the parameters */
    struct ska_span bits;      /* whole bytes, at least one */
};

/*
 * Exactly one such structure; what is read points into the input. Parameters are NULL, an OBJECT
 * IDENTIFIER, a SEQUENCE (not looked into) or absent.
 */
bool ska_algorithm_bits_read(struct ska_span der, struct ska_algorithm_bits *read) SKA_MUST_CHECK;

/* Whether it is the algorithm with libcrypto's number `nid`. */
bool ska_algorithm_bits_are(const struct ska_algorithm_bits *read, int nid) SKA_MUST_CHECK;

/* Which of these numbers its algorithm has; false: none of them. */
bool ska_algorithm_bits_find(const struct ska_algorithm_bits *read, const int *nids, size_t count,
                             size_t *index) SKA_MUST_CHECK;

/* Writes one; parameters are NULL or absent. */
bool ska_algorithm_bits_write(const ASN1_OBJECT *algorithm, bool null_parameters,
                              struct ska_span bits, struct ska_bytes *der) SKA_MUST_CHECK;

/* The key of exactly one X.509 certificate, encoded again; false for anything else. */
bool ska_der_certificate_key(struct ska_span certificate, struct ska_bytes *der) SKA_MUST_CHECK;

#endif
