/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key pair that is to be made.
 */
#ifndef SKA_BACKEND_BACKEND_KEY_TEMPLATE_H
#define SKA_BACKEND_BACKEND_KEY_TEMPLATE_H

#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"

/* What an ordinary key is made for; others only sign. */
enum backend_key_use { BACKEND_USE_SIGN = 1, BACKEND_USE_DECRYPT = 2, BACKEND_USE_DERIVE = 4 };

struct backend_key_template {
    enum ska_key_type type;
    unsigned int bits;  /* RSA */
    const char *curve;  /* EC: libcrypto's name, "P-256" or "prime256v1" */
    const char *label;  /* required; must not be in use by a private key: SKA_R_LABEL_IN_USE */
    struct ska_span id; /* empty: a random one is made, where keys have any */
    const struct ska_rule *rules[SKA_RULE_COUNT]; /* all four for an SKA key, all NULL for none */
    bool blocked;
    unsigned int use; /* enum backend_key_use, of an ordinary key; 0: BACKEND_USE_SIGN */
    bool timestamp;   /* a timestamp key (any type but RSA-PSS): no rules, signs timestamps only */
};

#endif
