/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a certificate, or a request for one, is to say, as bodies have it.
 */
#ifndef SKATSB_CERTIFICATE_BODY_H
#define SKATSB_CERTIFICATE_BODY_H

#include <openssl/x509.h>

#include "provider/base/json.h"
#include "simulator/tsb/answer.h"

#define TSB_EXTENDED_USAGES 7

/* Starts as {0}. */
struct tsb_certificate_body {
    X509_NAME *subject;
    uint64_t days;
    bool authority;
    unsigned int key_usage; /* bits as in the extension, the first is 1; 0: none */
    int extended_usages[TSB_EXTENDED_USAGES]; /* numbers of libcrypto */
    size_t extended_count;
    X509_REQ *request; /* to be issued; its signature is valid */
    X509 *approved;    /* whose serial number and times are taken; NULL: new ones */
};

/* Members standardCertificateAttributes, or commonName; either is required. */
bool tsb_certificate_subject_read(const struct ska_json_place *place, bool attributes,
                                  struct tsb_certificate_body *body) SKA_MUST_CHECK;
/* validity, certificateAuthority, keyUsage, extendedKeyUsage, all optional but `validity`. */
bool tsb_certificate_use_read(const struct ska_json_place *place, enum ska_json_need validity,
                              struct tsb_certificate_body *body) SKA_MUST_CHECK;
/* certificateSigningRequest, as PEM or base64. */
bool tsb_certificate_request_read(struct tsb_answer *answer, OSSL_LIB_CTX *libctx,
                                  const struct ska_json_place *place,
                                  struct tsb_certificate_body *body) SKA_MUST_CHECK;
void tsb_certificate_body_clear(struct tsb_certificate_body *body);

#endif
