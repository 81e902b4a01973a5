/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEQUENCE { AlgorithmIdentifier, BIT STRING } in DER: the shape of a public key
 * (SubjectPublicKeyInfo) and of a signature as the HSM takes it. For the inside of this library:
 * raises nothing, but may leave entries in libcrypto's error queue, which is the caller's care.
 */
#ifndef SKA_APPROVAL_DER_H
#define SKA_APPROVAL_DER_H

#include <openssl/x509.h>

#include "../base/bytes.h"

typedef struct {
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *bits;
} SKA_ALGORITHM_BITS;

/*
 * Exactly one such structure in DER, of a whole number of bytes, at least one; NULL for anything
 * else. Free with ska_der_free(), which accepts NULL.
 */
SKA_ALGORITHM_BITS *ska_der_decode(struct ska_span der);
SKA_ALGORITHM_BITS *ska_der_new(void);
void ska_der_free(SKA_ALGORITHM_BITS *value);

bool ska_der_encode(const SKA_ALGORITHM_BITS *value, struct ska_bytes *der) SKA_MUST_CHECK;

/*
 * A bit string of these bytes, zeros at the end too, which ASN1_BIT_STRING_set() would drop; NULL
 * when memory runs out.
 */
ASN1_BIT_STRING *ska_der_bits(struct ska_span bytes);

/* The key of exactly one X.509 certificate, encoded again; false for anything else. */
bool ska_der_certificate_key(struct ska_span certificate, struct ska_bytes *der) SKA_MUST_CHECK;

#endif
