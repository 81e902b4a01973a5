/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_RULE_APPROVER_FILE_H
#define SKA_RULE_APPROVER_FILE_H

#include "provider/rule/rule.h"

/*
 * Reads an approver's certificate (the first in the file) or public key, PEM or DER, as DER. A file
 * that holds a private key is refused. Whether it can approve is not looked at.
 */
bool ska_approver_file_read(const char *path, enum ska_approver_type type, struct ska_bytes *der,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether DER bytes are a private key (PKCS#8, encrypted or not, PKCS#1, SEC 1). */
bool ska_der_is_private_key(struct ska_span der);

#endif
