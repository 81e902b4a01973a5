/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the approvals for an operation satisfy the key's rule.
 */
#include "simulator/enforce.h"

#include <stdbool.h>
#include <stdlib.h>

#include "provider/base/der.h"
#include "provider/request/approver_signature.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_codec.h"
#include "simulator/context.h"
#include "simulator/hsm_timestamp.h"
#include "simulator/policy_structure.h"
#include "ska/simulator.h"

/* ---- Approvals -------------------------------------------------------------------------- */

/* Who has approved: public keys, one for each approval. */
struct approvers {
    struct ska_bytes *keys;
    struct ska_span *spans;
    size_t count;
};

static void approvers_clear(struct approvers *approvers)
{
    for (size_t i = 0; i < approvers->count; i++)
        ska_bytes_free(&approvers->keys[i]);
    free(approvers->keys);
    free(approvers->spans);
}

/* Whether the signature is of the kind that the key makes: an EC key makes no RSA signature. */
static bool algorithm_fits(struct ska_span der, struct ska_span key, const char *digest,
                           struct ska_span plain)
{
    struct ska_algorithm_bits given = {0};
    struct ska_algorithm_bits fitting = {0};
    struct ska_bytes expected = {NULL, 0};
    bool fits = ska_signature_to_der(key, digest, plain, &expected, NULL) &&
                ska_algorithm_bits_read(der, &given) &&
                ska_algorithm_bits_read(ska_span_of(&expected), &fitting) &&
                ska_span_equal(given.algorithm, fitting.algorithm);

    ska_bytes_free(&expected);
    return fits;
}

/* The key of the approver, when the approval is a valid signature of it over the token. */
static bool verify_approval(const CK_SKA_APPROVAL *approval, struct ska_span token,
                            struct ska_bytes *key)
{
    const CK_SKA_APPROVER signer = {NULL, 0, approval->type, approval->pSignerInfo,
                                    approval->signerInfoLen};
    struct ska_approver approver = {.type = SKA_APPROVER_PUBLIC_KEY};
    struct ska_bytes plain = {NULL, 0};
    const char *digest = NULL;
    bool valid = false;

    if (approval->signatureLen == 0 || approval->signerInfoLen == 0)
        return false;
    valid = sim_approver_read(&signer, &approver) == CKR_OK &&
            ska_approver_identify(&approver, NULL) &&
            ska_signature_from_der(ska_span(approval->pSignature, approval->signatureLen), &digest,
                                   &plain, NULL) &&
            algorithm_fits(ska_span(approval->pSignature, approval->signatureLen),
                           ska_span_of(&approver.public_key), digest, ska_span_of(&plain)) &&
            ska_signature_verify(sim_libctx(), ska_span_of(&approver.public_key), digest,
                                 ska_span_of(&plain), token);
    ska_bytes_free(&plain);
    ska_bytes_free(&approver.data);
    if (valid)
        *key = approver.public_key;
    else
        ska_bytes_free(&approver.public_key);
    return valid;
}

/* All approvals must be valid: one that is not says that something is wrong with the request. */
static CK_RV verify_approvals(const struct sim_request *request, struct approvers *approvers)
{
    size_t count = request->approval_count;

    if (count == 0)
        return CKR_OK;
    approvers->keys = calloc(count, sizeof(*approvers->keys));
    approvers->spans = calloc(count, sizeof(*approvers->spans));
    if (approvers->keys == NULL || approvers->spans == NULL)
        return CKR_HOST_MEMORY;
    while (approvers->count < count) {
        struct ska_bytes *key = &approvers->keys[approvers->count];

        if (!verify_approval(&request->approvals[approvers->count], request->token, key))
            return CKR_SKASIM_PARAMETERS_INVALID;
        approvers->spans[approvers->count++] = ska_span_of(key);
    }
    return CKR_OK;
}

/* ---- Time ------------------------------------------------------------------------------- */

/*
 * Whether an alternative's window is open. Timelock and timeout count in whole seconds from the
 * timestamp; the end of the window lies outside of it.
 */
static bool window_open(const struct ska_alternative *alternative,
                        const struct ska_approval_token *token)
{
    int64_t now = sim_now();
    uint64_t elapsed = 0;

    if (token->has_timestamp && (now < 0 || (uint64_t)now < token->timestamp.seconds))
        return false; /* one from the future, though none was needed */
    if (alternative->timelock == 0 && alternative->timeout == 0)
        return true;
    if (!token->has_timestamp)
        return false;
    elapsed = (uint64_t)now - token->timestamp.seconds;
    if (elapsed < alternative->timelock)
        return false;
    if (alternative->timeout == 0)
        return true;
    if (sim_config()->window_from_timestamp)
        return elapsed <= alternative->timeout;
    return elapsed - alternative->timelock < alternative->timeout;
}

/* ---- The decision ----------------------------------------------------------------------- */

static enum ska_rule_kind rule_for(enum ska_operation operation)
{
    switch (operation) {
    case SKA_OPERATION_BLOCK:
        return SKA_RULE_BLOCK;
    case SKA_OPERATION_UNBLOCK:
        return SKA_RULE_UNBLOCK;
    case SKA_OPERATION_MODIFY:
        return SKA_RULE_MODIFY;
    case SKA_OPERATION_SIGN:
    default:
        return SKA_RULE_USE;
    }
}

static bool rule_satisfied(const struct ska_rule *rule, const struct approvers *approvers,
                           const struct ska_approval_token *token)
{
    for (size_t i = 0; i < rule->alternative_count; i++) {
        if (window_open(&rule->alternatives[i], token) &&
            ska_alternative_satisfied(&rule->alternatives[i], approvers->spans, approvers->count))
            return true;
    }
    return false;
}

static bool names_key(const struct sim_request *request, const struct ska_approval_token *token)
{
    const struct sim_config *config = sim_config();

    if (token->key_name.length == 0)
        return config->allow_unbound && !config->sam;
    return ska_span_equal(token->key_name, ska_span_of(&request->key->label));
}

/* What can be said of a request without its approvals. */
static CK_RV check_token(const struct sim_request *request, struct ska_approval_token *token)
{
    if (request->token.length > SKA_TOKEN_LIMIT ||
        !ska_approval_token_decode(request->token, token, NULL) ||
        token->operation != request->operation || !names_key(request, token))
        return CKR_SKASIM_PARAMETERS_INVALID;
    if (request->key->record.blocked && request->operation == SKA_OPERATION_SIGN)
        return CKR_SKASIM_OBJECT_BLOCKED;
    return token->has_timestamp ? sim_timestamp_verify(request->session, token) : CKR_OK;
}

CK_RV sim_enforce(const struct sim_request *request, struct ska_approval_token *token)
{
    struct approvers approvers = {NULL, NULL, 0};
    struct ska_rule rule = {NULL, 0};
    CK_RV rv = check_token(request, token);

    if (rv == CKR_OK)
        rv = verify_approvals(request, &approvers);
    if (rv == CKR_OK &&
        !ska_rule_decode(ska_span_of(&request->key->record.rules[rule_for(request->operation)]),
                         &rule, NULL))
        rv = CKR_GENERAL_ERROR;
    if (rv == CKR_OK && !rule_satisfied(&rule, &approvers, token))
        rv = CKR_SKASIM_TOKEN_NOT_FOUND;
    ska_rule_clear(&rule);
    approvers_clear(&approvers);
    return rv;
}
