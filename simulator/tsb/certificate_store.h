/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that belong to keys: objects of the HSM with the key's label.
 */
#ifndef SKATSB_CERTIFICATE_STORE_H
#define SKATSB_CERTIFICATE_STORE_H

#include <openssl/types.h>

#include "simulator/tsb/device_key.h"

/* Whether a certificate can be read, and is one of this key. */
bool tsb_certificate_fits(OSSL_LIB_CTX *libctx, struct ska_span certificate,
                          struct ska_span spki) SKA_MUST_CHECK;

/* In the place of the one that is there. CKR_ATTRIBUTE_VALUE_INVALID: no certificate. */
CK_RV tsb_certificate_put(struct tsb_device *device, const char *label, struct ska_span der);
/* CKR_OBJECT_HANDLE_INVALID: there is none. */
CK_RV tsb_certificate_get(struct tsb_device *device, const char *label, struct ska_bytes *der);
CK_RV tsb_certificate_delete(struct tsb_device *device, const char *label);

#endif
