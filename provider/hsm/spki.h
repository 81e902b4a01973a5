/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SubjectPublicKeyInfo, read strictly and without libcrypto's decoders: these are fetched from a
 * library context, and take longer than everything else of a reference together.
 */
#ifndef SKA_HSM_SPKI_H
#define SKA_HSM_SPKI_H

#include <openssl/asn1t.h>
#include <openssl/x509.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

typedef struct {
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *bits;
} HSM_SPKI;
DECLARE_ASN1_ITEM(HSM_SPKI)

/*
 * A software key. False, in silence, for what is no valid key, and for what this project never
 * writes: a curve that is spelled out, a point that is not uncompressed, RSA-PSS with restrictions.
 */
bool hsm_spki_key(const HSM_SPKI *spki, OSSL_LIB_CTX *libctx, enum ska_key_type *type,
                  EVP_PKEY **key) SKA_MUST_CHECK;

/* The same from DER with nothing behind it. */
bool hsm_spki_open(struct ska_span der, OSSL_LIB_CTX *libctx, EVP_PKEY **key) SKA_MUST_CHECK;

#endif
