/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature values in a file, whatever carries them: CMS and PKCS#7 (detached or not), a
 * certificate, a request for one, a CRL, a timestamp reply, each in DER, PEM or as S/MIME, or the
 * value alone. Nothing is verified: the values are compared with others.
 */
#ifndef SKA_TOOLS_SIGNATURE_VALUES_H
#define SKA_TOOLS_SIGNATURE_VALUES_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/* So many are looked at; a CMS of more signers names the others in vain. */
#define SIGNATURE_VALUES_MOST 32
/* A value of any key is shorter. */
#define SIGNATURE_VALUE_LIMIT ((size_t)16 * 1024)

struct signature_values {
    const char *kind; /* "a CMS"; NULL: none of them, so at best the value alone */
    struct ska_bytes values[SIGNATURE_VALUES_MOST];
    size_t count; /* 0: nothing that could be one */
};

/* False: out of memory. Free with signature_values_clear(). */
bool signature_values_read(OSSL_LIB_CTX *libctx, struct ska_span content,
                           struct signature_values *values,
                           const struct ska_errors *errors) SKA_MUST_CHECK;
void signature_values_clear(struct signature_values *values);

bool signature_values_hold(const struct signature_values *values, struct ska_span signature);

#endif
