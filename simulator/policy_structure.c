/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's structures for rules: C_SerializePolicy and C_CreateModifyPayload. Each structure is
 * copied before it is read: a count that changes meanwhile would be another one.
 */
#include "simulator/policy_structure.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provider/base/wire.h"
#include "provider/rule/rule_codec.h"
#include "simulator/call.h"
#include "simulator/caller_memory.h"
#include "simulator/context.h"
#include "simulator/vendor_call.h"

/*
 * How much more may be read. A serialized rule has 65535 bytes at most, which is what an attribute
 * or a modify payload can hold, so many counts and lengths can be refused before anything is read:
 * the smallest part takes 4 bytes, and a certificate in PEM is not twice as long as in DER.
 */
struct allowance {
    size_t parts;
    size_t bytes;
};

static const struct allowance size_limit = {SKA_WIRE_VALUE_LIMIT / 4, SKA_WIRE_VALUE_LIMIT * 2};

static CK_RV copy_bytes(struct allowance *allowance, struct ska_bytes *to, const CK_BYTE *data,
                        CK_ULONG length)
{
    if (length == 0)
        return CKR_OK;
    if (data == NULL || length > allowance->bytes)
        return CKR_ARGUMENTS_BAD;
    allowance->bytes -= length;
    return ska_bytes_copy(to, ska_span(data, length), NULL) ? CKR_OK : CKR_HOST_MEMORY;
}

/*
 * A copy of that many parts, each of this size, in place of the caller's, and zeroed memory for
 * what is read of them, of another size; NULL for none.
 */
static CK_RV take_parts(struct allowance *allowance, const void **given, size_t given_size,
                        CK_ULONG count, void **parts, size_t size)
{
    *parts = NULL;
    if (count == 0)
        return CKR_OK;
    if (*given == NULL || count > allowance->parts)
        return CKR_ARGUMENTS_BAD;
    allowance->parts -= count;
    *given = sim_copy(*given, count * given_size);
    *parts = calloc(count, size);
    return *given == NULL || *parts == NULL ? CKR_HOST_MEMORY : CKR_OK;
}

/* A certificate in PEM becomes one in DER. */
static CK_RV certificate_to_der(struct ska_bytes *data)
{
    static const char begin[] = "-----BEGIN";
    struct ska_bytes der = {NULL, 0};
    unsigned char *encoded = NULL;
    BIO *bio = NULL;
    X509 *certificate = NULL;
    int length = 0;
    bool done = false;

    if (data->length < strlen(begin) || memcmp(data->data, begin, strlen(begin)) != 0)
        return CKR_OK;
    bio = BIO_new_mem_buf(data->data, (int)data->length);
    certificate = X509_new_ex(sim_libctx(), NULL);
    if (bio != NULL && certificate != NULL &&
        PEM_read_bio_X509(bio, &certificate, NULL, NULL) != NULL)
        length = i2d_X509(certificate, &encoded);
    done = length > 0 && ska_bytes_copy(&der, ska_span(encoded, (size_t)length), NULL);
    OPENSSL_free(encoded);
    X509_free(certificate);
    BIO_free(bio);
    if (!done)
        return CKR_ARGUMENTS_BAD;
    ska_bytes_free(data);
    *data = der;
    return CKR_OK;
}

static CK_RV read_approver(struct allowance *allowance, const CK_SKA_APPROVER *given,
                           struct ska_approver *approver)
{
    uint32_t type = (uint32_t)given->type; /* the vendor's may be narrower than ours */
    CK_RV rv = copy_bytes(allowance, &approver->name, given->pName, given->nameLen);

    if (rv == CKR_OK)
        rv = copy_bytes(allowance, &approver->data, given->pData, given->dataLen);
    if (rv != CKR_OK)
        return rv;
    if (approver->data.length == 0)
        return CKR_ARGUMENTS_BAD;
    if (type == (uint32_t)CKAP_SIGNATURE)
        return CKR_OK;
    if (type != (uint32_t)CKAP_CERTIFICATE)
        return CKR_ARGUMENTS_BAD;
    approver->type = SKA_APPROVER_CERTIFICATE;
    return certificate_to_der(&approver->data);
}

static CK_RV read_group(struct allowance *allowance, const CK_SKA_GROUP *given,
                        struct ska_group *group)
{
    const void *list = given->pApprovers;
    const CK_SKA_APPROVER *listed = NULL;
    void *approvers = NULL;
    CK_RV rv = copy_bytes(allowance, &group->name, given->pName, given->nameLen);

    if (rv == CKR_OK && given->quorum > UINT32_MAX)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = take_parts(allowance, &list, sizeof(*listed), given->approverCount, &approvers,
                        sizeof(*group->approvers));
    if (rv != CKR_OK) {
        free(approvers);
        return rv;
    }
    listed = list;
    group->quorum = (uint32_t)given->quorum;
    group->approvers = approvers;
    group->approver_count = given->approverCount;
    for (CK_ULONG i = 0; rv == CKR_OK && i < given->approverCount; i++)
        rv = read_approver(allowance, &listed[i], &group->approvers[i]);
    return rv;
}

static CK_RV read_alternative(struct allowance *allowance, const CK_SKA_TOKEN *given,
                              struct ska_alternative *alternative)
{
    const void *list = given->pGroups;
    const CK_SKA_GROUP *listed = NULL;
    void *groups = NULL;
    CK_RV rv = copy_bytes(allowance, &alternative->name, given->pName, given->nameLen);

    if (rv == CKR_OK)
        rv = take_parts(allowance, &list, sizeof(*listed), given->groupCount, &groups,
                        sizeof(*alternative->groups));
    if (rv != CKR_OK) {
        free(groups);
        return rv;
    }
    listed = list;
    alternative->timelock = given->delay;
    alternative->timeout = given->timeout;
    alternative->groups = groups;
    alternative->group_count = given->groupCount;
    for (CK_ULONG i = 0; rv == CKR_OK && i < given->groupCount; i++)
        rv = read_group(allowance, &listed[i], &alternative->groups[i]);
    return rv;
}

static CK_RV read_policy(const CK_SKA_POLICY *given, struct ska_rule *rule)
{
    struct allowance allowance = size_limit;
    const CK_SKA_POLICY *policy = sim_copy(given, sizeof(*given));
    const void *list = policy == NULL ? NULL : policy->pTokens;
    const CK_SKA_TOKEN *listed = NULL;
    void *tokens = NULL;
    CK_RV rv = policy == NULL ? CKR_HOST_MEMORY
                              : take_parts(&allowance, &list, sizeof(*listed), policy->tokenCount,
                                           &tokens, sizeof(*rule->alternatives));

    if (rv != CKR_OK) {
        free(tokens);
        return rv;
    }
    listed = list;
    rule->alternatives = tokens;
    rule->alternative_count = policy->tokenCount;
    for (CK_ULONG i = 0; rv == CKR_OK && i < policy->tokenCount; i++)
        rv = read_alternative(&allowance, &listed[i], &rule->alternatives[i]);
    return rv;
}

CK_RV sim_approver_read(const CK_SKA_APPROVER *approver, struct ska_approver *to)
{
    struct allowance allowance = size_limit;
    const CK_SKA_APPROVER *copy = sim_copy(approver, sizeof(*approver));

    return copy == NULL ? CKR_HOST_MEMORY : read_approver(&allowance, copy, to);
}

/* Whether the rule makes sense is found out when a key gets it. */
static CK_RV serialize_policy(const CK_SKA_POLICY *policy, struct ska_bytes *encoded)
{
    struct ska_rule rule = {NULL, 0};
    CK_RV rv = policy == NULL ? CKR_ARGUMENTS_BAD : read_policy(policy, &rule);

    if (rv == CKR_OK && !ska_rule_encode(&rule, encoded, NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK && encoded->length > SKA_WIRE_VALUE_LIMIT) {
        ska_bytes_free(encoded);
        rv = CKR_ARGUMENTS_BAD;
    }
    ska_rule_clear(&rule);
    return rv;
}

CK_RV C_SerializePolicy(CK_SKA_POLICY *policy, CK_BYTE_PTR buffer, CK_ULONG_PTR bufferLen)
{
    struct sim_call call;
    struct ska_bytes encoded = {NULL, 0};
    CK_RV rv = sim_enter_pure(&call, __func__);

    if (rv == CKR_OK && (policy == NULL || bufferLen == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = serialize_policy(policy, &encoded);
    if (rv == CKR_OK)
        rv = sim_output(ska_span_of(&encoded), buffer, bufferLen);
    ska_bytes_free(&encoded);
    sim_log_call(__func__, buffer == NULL, ska_span(NULL, 0), rv);
    return sim_leave(&call, rv);
}

/* ---- C_CreateModifyPayload -------------------------------------------------------------- */

static CK_RV make_payload(CK_SKA_POLICY *const policies[SKA_RULE_COUNT], struct ska_bytes *payload)
{
    struct ska_bytes rules[SKA_RULE_COUNT] = {{NULL, 0}};
    struct ska_modify modify = {{{NULL, 0}}};
    bool any = false;
    CK_RV rv = CKR_OK;

    for (int i = 0; rv == CKR_OK && i < SKA_RULE_COUNT; i++) {
        if (policies[i] == NULL)
            continue;
        any = true;
        rv = serialize_policy(policies[i], &rules[i]);
        modify.rules[i] = ska_span_of(&rules[i]);
    }
    if (rv == CKR_OK && (!any || !ska_modify_encode(&modify, payload, NULL) ||
                         payload->length > SKA_WIRE_VALUE_LIMIT))
        rv = CKR_ARGUMENTS_BAD;
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&rules[i]);
    return rv;
}

CK_RV C_CreateModifyPayload(CK_SKA_POLICY *usage, CK_SKA_POLICY *block, CK_SKA_POLICY *unblock,
                            CK_SKA_POLICY *modify, CK_BYTE_PTR buffer, CK_ULONG_PTR bufferLen)
{
    CK_SKA_POLICY *const policies[SKA_RULE_COUNT] = {
        [SKA_RULE_USE] = usage,
        [SKA_RULE_BLOCK] = block,
        [SKA_RULE_UNBLOCK] = unblock,
        [SKA_RULE_MODIFY] = modify,
    };
    struct sim_call call;
    struct ska_bytes payload = {NULL, 0};
    CK_RV rv = sim_enter_pure(&call, __func__);

    if (rv == CKR_OK && bufferLen == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = make_payload(policies, &payload);
    if (rv == CKR_OK)
        rv = sim_output(ska_span_of(&payload), buffer, bufferLen);
    ska_bytes_free(&payload);
    sim_log_call(__func__, buffer == NULL, ska_span(NULL, 0), rv);
    return sim_leave(&call, rv);
}
