/* SPDX-License-Identifier: Apache-2.0 */
/* The name in a certificate that a test makes. */
#ifndef SKA_TESTS_CERTIFICATE_NAME_H
#define SKA_TESTS_CERTIFICATE_NAME_H

#include "cmocka_all.h"

#include <openssl/x509.h>

/* Subject and issuer get this common name, in UTF-8; from OpenSSL 4.0 on they are not changed in
 * place. */
static inline void set_certificate_name(X509 *certificate, const char *common_name)
{
    X509_NAME *name = X509_NAME_new();

    assert_non_null(name);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)common_name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_subject_name(certificate, name), 1);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    X509_NAME_free(name);
}

#endif
