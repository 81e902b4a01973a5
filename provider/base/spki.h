/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SubjectPublicKeyInfo as a structure: whose algorithm it is, and where it stands in a certificate.
 * Nothing here looks inside a key. libcrypto's own readers of keys and certificates (d2i_PUBKEY,
 * d2i_X509) decode the key at once, by decoders fetched from a library context (for certificates
 * the default one, whose configuration may name this very provider), and that takes far longer than
 * comparing bytes. Whether a key is a good one is found out when a signature is verified.
 */
#ifndef SKA_BASE_SPKI_H
#define SKA_BASE_SPKI_H

#include "provider/base/bytes.h"

/* Algorithms whose signatures can be approvals. */
enum ska_spki_algorithm {
    SKA_SPKI_RSA,
    SKA_SPKI_DSA,
    SKA_SPKI_EC,
    SKA_SPKI_ED25519,
    SKA_SPKI_ED448
};

/*
 * The algorithm of one SubjectPublicKeyInfo in DER. False, without an error raised, for other
 * bytes, for other algorithms, and for parameters other than the algorithm's (a named curve for
 * EC).
 */
bool ska_spki_algorithm(struct ska_span spki, enum ska_spki_algorithm *algorithm) SKA_MUST_CHECK;

/*
 * The SubjectPublicKeyInfo of one X.509 certificate without trailing bytes, of any algorithm. False
 * without an error raised when the bytes are no certificate (or memory runs out).
 */
bool ska_spki_of_certificate(struct ska_span certificate, struct ska_bytes *spki) SKA_MUST_CHECK;

#endif
