/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and requests for them, in two halves: what is to be signed, and that with its
 * signature, which the HSM makes in between.
 */
#ifndef SKATSB_CERTIFICATE_BUILD_H
#define SKATSB_CERTIFICATE_BUILD_H

#include "simulator/tsb/certificate_body.h"
#include "simulator/tsb/signing.h"

/* Whether certificates can be signed so. */
bool tsb_certificate_algorithm_fits(const struct tsb_algorithm *algorithm);
/* Whether they can by the broker, and not here: RSA-PSS, and ECDSA with SHA-3. */
bool tsb_certificate_algorithm_absent(const struct tsb_algorithm *algorithm);

/* CertificationRequestInfo, DER, for the key `spki`. */
bool tsb_csr_build(OSSL_LIB_CTX *libctx, const struct tsb_certificate_body *body,
                   struct ska_span spki, struct ska_bytes *info) SKA_MUST_CHECK;

/*
 * TBSCertificate, DER, for the key `subject_key`, signed by `issuer_key`. `issuer` NULL: as the
 * subject.
 */
bool tsb_certificate_build(OSSL_LIB_CTX *libctx, const struct tsb_certificate_body *body,
                           struct ska_span subject_key, const X509_NAME *issuer,
                           struct ska_span issuer_key, const struct tsb_algorithm *algorithm,
                           struct ska_bytes *info) SKA_MUST_CHECK;

/* Either with its signature, as finished for clients in DER. */
bool tsb_signed_build(struct ska_span info, const struct tsb_algorithm *algorithm,
                      struct ska_span issuer_key, struct ska_span signature,
                      struct ska_bytes *der) SKA_MUST_CHECK;

/* "-----BEGIN NAME-----", ...; *pem is to be freed with free(). */
bool tsb_pem_write(const char *name, struct ska_span der, char **pem) SKA_MUST_CHECK;

#endif
