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

/* Both for the middle of a sentence, as ska_buffer_name() does it: appended. */
void ska_listed_approver_name_text(const struct ska_approver *approver, struct ska_buffer *text);
void ska_signer_name_text(bool certificate, struct ska_span data, struct ska_span public_key,
                          struct ska_buffer *text);

/* "key 0123456789abcdef": the start of the SHA-256 of a SubjectPublicKeyInfo. */
char *ska_key_shown(struct ska_span public_key);

/* Whose it is: the common name of its subject, else all of that. False: an empty or malformed one.
 */
bool ska_certificate_name(struct ska_span certificate, struct ska_bytes *name);

/* Whether it was issued to this name: the common name, or an e-mail address, of its subject. */
bool ska_certificate_goes_by(struct ska_span certificate, struct ska_span name);

/* "O=Example,CN=Alice": all of a name, as others wrote it. False: an empty or malformed one. */
bool ska_x509_name_text(const X509_NAME *name, struct ska_bytes *text) SKA_MUST_CHECK;
/* The same, safe to show (ska_printable()); NULL for an empty one too. */
char *ska_x509_name_shown(const X509_NAME *name, size_t limit);

#endif
