/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver is called in messages, harmless on a terminal. NULL: out of memory; free with
 * free().
 */
#ifndef SKA_RULE_APPROVER_NAME_H
#define SKA_RULE_APPROVER_NAME_H

#include <openssl/types.h>

#include "provider/rule/rule.h"

/* Its name in the rule, else its certificate's common name, else ska_key_shown(). */
char *ska_listed_approver_shown(const struct ska_approver *approver);

/* The same for one that no rule names: `data` is a certificate or else a public key, in DER. */
char *ska_signer_shown(bool certificate, struct ska_span data, struct ska_span public_key);

/* "key 0123456789abcdef": the start of the SHA-256 of a SubjectPublicKeyInfo. */
char *ska_key_shown(struct ska_span public_key);

/* "O=Example,CN=Alice": all of a name; NULL for an empty one too. */
char *ska_x509_name_shown(const X509_NAME *name, size_t limit);

#endif
