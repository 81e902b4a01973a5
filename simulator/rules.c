/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a rule may be given to a key.
 */
#include "rules.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "../provider/approval/rule.h"
#include "module.h"

/* RSA with 2048 bits, curves of 224 bits. */
#define SECURITY_BITS 112

/* The approver's key, or NULL when it is of no use. */
static EVP_PKEY *read_key(const struct ska_approver *approver)
{
    struct ska_approver own = {.type = approver->type, .data = approver->data};
    const unsigned char *next = NULL;
    EVP_PKEY *key = NULL;

    if (!ska_approver_identify(&own, NULL))
        return NULL;
    next = own.public_key.data;
    key = d2i_PUBKEY_ex(NULL, &next, (long)own.public_key.length, sim_libctx(), NULL);
    if (key != NULL && (next != own.public_key.data + own.public_key.length ||
                        EVP_PKEY_get_security_bits(key) < SECURITY_BITS)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    ska_bytes_free(&own.public_key);
    return key;
}

static bool contains(EVP_PKEY *const *keys, size_t count, const EVP_PKEY *key)
{
    for (size_t i = 0; i < count; i++) {
        if (EVP_PKEY_eq(keys[i], key) == 1)
            return true;
    }
    return false;
}

static bool group_acceptable(const struct ska_group *group)
{
    EVP_PKEY **keys = NULL;
    size_t count = 0;
    bool good = group->quorum <= group->approver_count;

    if (!good || group->approver_count == 0)
        return good;
    keys = calloc(group->approver_count, sizeof(*keys));
    good = keys != NULL;
    while (good && count < group->approver_count) {
        EVP_PKEY *key = read_key(&group->approvers[count]);

        good = key != NULL && !contains(keys, count, key);
        keys[count++] = key;
    }
    while (count > 0)
        EVP_PKEY_free(keys[--count]);
    free(keys);
    return good;
}

bool sim_rule_acceptable(struct ska_span encoded)
{
    struct ska_rule rule = {NULL, 0};
    bool good = ska_rule_decode(encoded, &rule, NULL);

    for (size_t i = 0; good && i < rule.token_count; i++) {
        for (size_t j = 0; good && j < rule.tokens[i].group_count; j++)
            good = group_acceptable(&rule.tokens[i].groups[j]);
    }
    ska_rule_clear(&rule);
    return good;
}
