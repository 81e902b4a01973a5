/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading rules from JSON: of strangers, to show them, or from a policy file, to give them to a
 * key.
 */
#ifndef SKA_RULE_POLICY_JSON_H
#define SKA_RULE_POLICY_JSON_H

#include "provider/rule/policy.h"

struct ska_rule_reader {
    bool policy_file;      /* unknown members are refused, "file" is allowed */
    const char *directory; /* that "file" is relative to, with its '/', or "" */
    enum ska_reason reason;
    const struct ska_errors *errors;
};

/* `json` is null or an object. On failure the rule is empty. `where` is harmless on a terminal. */
bool ska_rule_read(const struct ska_rule_reader *reader, const cJSON *json, const char *where,
                   struct ska_rule *rule) SKA_MUST_CHECK;

/*
 * Reads an approver's certificate (the first in the file) or public key, PEM or DER, as DER. A file
 * that holds a private key is refused. Whether it can approve is not looked at. `where` names the
 * member that names the file.
 */
bool ska_approver_file_read(const char *path, enum ska_approver_type type, const char *where,
                            struct ska_bytes *der, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether DER bytes are a private key (PKCS#8, encrypted or not, PKCS#1, SEC 1). */
bool ska_der_is_private_key(struct ska_span der);

#endif
