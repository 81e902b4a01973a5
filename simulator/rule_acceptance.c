/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a rule may be given to a key.
 */
#include "simulator/rule_acceptance.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "provider/base/evp_key.h"
#include "provider/rule/rule_codec.h"
#include "simulator/context.h"

/* RSA with 2048 bits, curves of 224 bits. */
#define SECURITY_BITS 112

/* The approver's key, or NULL when it is of no use: then a line says why. */
static EVP_PKEY *read_approver_key(const struct ska_approver *approver)
{
    struct ska_approver own = {.type = approver->type, .data = approver->data};
    const char *reason =
        "its key is not one of RSA, DSA, EC (named curve, uncompressed point), Ed25519, Ed448";
    EVP_PKEY *key = NULL;

    if (ska_approver_identify(&own, NULL))
        key = ska_evp_decode(sim_libctx(), ska_span_of(&own.public_key));
    if (key != NULL)
        reason = EVP_PKEY_get_security_bits(key) >= SECURITY_BITS
                     ? NULL
                     : "its key is too weak: less than 112 bits (RSA 2048)";
    ska_bytes_free(&own.public_key);
    if (reason == NULL)
        return key;
    sim_report_approver("", approver, reason);
    EVP_PKEY_free(key);
    return NULL;
}

static bool is_new(EVP_PKEY *const *keys, size_t count, const EVP_PKEY *key,
                   const struct ska_approver *approver)
{
    for (size_t i = 0; i < count; i++) {
        if (EVP_PKEY_eq(keys[i], key) == 1) {
            sim_report_approver("", approver, "its key is already in the group");
            return false;
        }
    }
    return true;
}

static bool approvers_acceptable(const struct ska_group *group)
{
    EVP_PKEY **keys = calloc(group->approver_count, sizeof(*keys));
    size_t count = 0;
    bool good = keys != NULL;

    while (good && count < group->approver_count) {
        const struct ska_approver *approver = &group->approvers[count];
        EVP_PKEY *key = read_approver_key(approver);

        good = key != NULL && is_new(keys, count, key, approver);
        keys[count++] = key;
    }
    while (count > 0)
        EVP_PKEY_free(keys[--count]);
    free(keys);
    return good;
}

static bool group_acceptable(const struct ska_group *group)
{
    if (group->quorum > group->approver_count) {
        sim_report_rule("", "the quorum of a group is larger than the number of its approvers");
        return false;
    }
    return group->approver_count == 0 || approvers_acceptable(group);
}

/* Whoever needs the approval of no group needs nobody's: that is said with a quorum of 0. */
static bool alternative_acceptable(const struct ska_alternative *alternative)
{
    bool good = true;

    if (alternative->group_count == 0) {
        sim_report_rule("", "a policy token has no groups");
        return false;
    }
    for (size_t i = 0; good && i < alternative->group_count; i++)
        good = group_acceptable(&alternative->groups[i]);
    return good;
}

bool sim_rule_acceptable(enum ska_rule_kind kind, struct ska_span encoded)
{
    struct ska_rule rule = {NULL, 0};
    bool good = ska_rule_decode(encoded, &rule, NULL);

    if (!good)
        sim_report_rule("", "it is malformed");
    for (size_t i = 0; good && i < rule.alternative_count; i++)
        good = alternative_acceptable(&rule.alternatives[i]);
    if (good && sim_config()->sam)
        good = sim_sam_accepts(kind, &rule);
    ska_rule_clear(&rule);
    return good;
}
