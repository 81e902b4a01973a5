/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with certificates.
 */
#ifndef SKA_TOOLS_CERTIFICATE_FILE_H
#define SKA_TOOLS_CERTIFICATE_FILE_H

#include <openssl/x509.h>

#include "provider/base/bytes.h"

/*
 * All certificates of a file in PEM, which may hold other things besides; their keys are decoded in
 * libctx. NULL: raised, SKA_R_BAD_KEY when there are none. Free with certificates_free().
 */
STACK_OF(X509) *
    certificate_file_read(OSSL_LIB_CTX *libctx, const char *path, const struct ska_errors *errors);
void certificates_free(STACK_OF(X509) * certificates);

/* A certificate's DER, as long as the call; false ends it. */
typedef bool certificate_visit(void *arg, struct ska_span der);

/* Each certificate in PEM among whatever else is there. False: a visit was. */
bool certificates_each(BIO *pem, certificate_visit *visit, void *arg) SKA_MUST_CHECK;

#endif
