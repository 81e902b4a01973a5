/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generating key pairs, ordinary and SKA.
 */
#ifndef SKA_HSM_KEY_GENERATE_H
#define SKA_HSM_KEY_GENERATE_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"

struct hsm_token;
struct hsm_uri;

/* What an ordinary key is made for; others only sign. */
enum hsm_key_use { HSM_USE_SIGN = 1, HSM_USE_DECRYPT = 2, HSM_USE_DERIVE = 4 };

struct hsm_key_template {
    enum ska_key_type type;
    unsigned int bits;  /* RSA */
    const char *curve;  /* EC: libcrypto's name, "P-256" or "prime256v1" */
    const char *label;  /* required; must not be in use by a private key: SKA_R_LABEL_IN_USE */
    struct ska_span id; /* empty: a random one is made */
    const struct ska_rule *rules[SKA_RULE_COUNT]; /* all four for an SKA key, all NULL for none */
    bool blocked;
    unsigned int use; /* enum hsm_key_use, of an ordinary key; 0: HSM_USE_SIGN */
    bool timestamp;   /* a timestamp key (any type but RSA-PSS): no rules, signs timestamps only */
};

/*
 * Label and id from a URI that names a key that is to be made; both are borrowed. SKA_R_BAD_URI: it
 * has no label, or one that is not UTF-8, or names something else than a private key.
 */
bool hsm_key_template_name(struct hsm_key_template *template_, const struct hsm_uri *uri,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/* SKA_R_BAD_POLICY: the HSM does not take these rules, as in SAM mode. */
bool hsm_key_generate(struct hsm_token *token, const struct hsm_key_template *template_,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
