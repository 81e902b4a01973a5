/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER, read in place: elements, and SEQUENCE { AlgorithmIdentifier, BIT STRING }, the shape of a
 * public key (SubjectPublicKeyInfo) and of a signature as the HSM takes it. Reading raises nothing
 * and leaves libcrypto's error queue as it was.
 *
 * libcrypto's templates read BER too, in which one key or signature has many forms, and what they
 * decode would have to be encoded again to see whether it was DER.
 */
#ifndef SKA_BASE_DER_H
#define SKA_BASE_DER_H

#include <openssl/asn1.h>

#include "provider/base/bytes.h"

/* Identifier octets. */
enum {
    SKA_DER_ABSENT = 0x00,
    SKA_DER_BOOLEAN = 0x01,
    SKA_DER_INTEGER = 0x02,
    SKA_DER_BIT_STRING = 0x03,
    SKA_DER_OCTET_STRING = 0x04,
    SKA_DER_NULL = 0x05,
    SKA_DER_OBJECT = 0x06,
    SKA_DER_ENUMERATED = 0x0A,
    SKA_DER_UTF8_STRING = 0x0C,
    SKA_DER_UTC_TIME = 0x17,
    SKA_DER_GENERALIZED_TIME = 0x18,
    SKA_DER_SEQUENCE = 0x30,
    SKA_DER_SET = 0x31
};

/* Identifier octet of a tag [number] that is constructed. */
#define SKA_DER_TAGGED(number) (0xA0 | (number))

/*
 * Takes the element at the front, which must be of this kind, whole, and with its length as short
 * as DER wants it. False: *from and *content are as they were.
 */
bool ska_der_take(struct ska_span *from, uint8_t identifier,
                  struct ska_span *content) SKA_MUST_CHECK;

/* The same for whatever stands there; tags above 30 are not read. */
bool ska_der_next(struct ska_span *from, uint8_t *identifier,
                  struct ska_span *content) SKA_MUST_CHECK;

/* Whether these are elements, at most SKA_DER_DEPTH deep, in every respect as DER wants them. */
#define SKA_DER_DEPTH 16
bool ska_der_valid(struct ska_span der) SKA_MUST_CHECK;

/* Whether the content of an OBJECT IDENTIFIER is the one with libcrypto's number `nid`. */
bool ska_der_object_is(struct ska_span content, int nid) SKA_MUST_CHECK;

struct ska_algorithm_bits {
    struct ska_span algorithm; /* content of the OBJECT IDENTIFIER */
    uint8_t parameters;        /* identifier octet; SKA_DER_ABSENT: there are none */
    struct ska_span value;     /* content of the parameters */
    struct ska_span value_der; /* the same with its header */
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

/*
 * Writes one; parameters are NULL or absent. False, with entries in libcrypto's error queue, when
 * memory runs out.
 */
bool ska_algorithm_bits_write(const ASN1_OBJECT *algorithm, bool null_parameters,
                              struct ska_span bits, struct ska_bytes *der) SKA_MUST_CHECK;

#endif
