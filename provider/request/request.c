/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/request.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

const char *const ska_operation_names[SKA_OPERATION_MODIFY + 1] = {
    [SKA_OPERATION_SIGN] = "SIGN",
    [SKA_OPERATION_BLOCK] = "BLOCK",
    [SKA_OPERATION_UNBLOCK] = "UNBLOCK",
    [SKA_OPERATION_MODIFY] = "MODIFY",
};

const char *const ska_no_content_names[SKA_NO_CONTENT_DIGEST_GIVEN + 1] = {
    [SKA_NO_CONTENT_UNSAID] = "",
    [SKA_NO_CONTENT_NO_STRUCTURE] = "NO_STRUCTURE",
    [SKA_NO_CONTENT_TOO_LONG] = "TOO_LONG",
    [SKA_NO_CONTENT_DIGEST_GIVEN] = "DIGEST_GIVEN",
};

void ska_request_free(struct ska_request *request)
{
    if (request == NULL)
        return;
    free(request->token_label);
    free(request->key_label);
    free(request->unshown);
    ska_bytes_free(&request->key_id);
    ska_bytes_free(&request->public_key);
    ska_bytes_free(&request->payload);
    ska_bytes_free(&request->digest_value);
    ska_bytes_free(&request->signed_content);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&request->rules[i]);
    ska_bytes_free(&request->timestamp_key);
    free(request->requester_host);
    free(request->requester_program);
    free(request->description);
    free(request->words_fault);
    free(request->created);
    free(request->not_before);
    free(request->not_after);
    ska_bytes_free(&request->approval_token);
    ska_approvals_free(request->approvals, request->approval_count);
    ska_bytes_free(&request->signature);
    free(request->executed);
    free(request);
}

bool ska_request_add_approval(struct ska_request *request, struct ska_approval *approval,
                              const struct ska_errors *errors)
{
    return ska_approvals_append(&request->approvals, &request->approval_count, approval, errors);
}

static struct ska_approval *find_approval_of(const struct ska_request *request,
                                             struct ska_span public_key)
{
    for (size_t i = 0; i < request->approval_count; i++)
        if (ska_span_equal(ska_span_of(&request->approvals[i].public_key), public_key))
            return &request->approvals[i];
    return NULL;
}

static bool merge_approval(struct ska_request *request, struct ska_approval *approval,
                           OSSL_LIB_CTX *libctx, const struct ska_errors *errors)
{
    struct ska_approval *there = find_approval_of(request, ska_span_of(&approval->public_key));

    if (there == NULL)
        return ska_request_add_approval(request, approval, errors);
    if (ska_span_equal(ska_span_of(&there->signature), ska_span_of(&approval->signature)) ||
        ska_approval_verify(libctx, there, ska_span_of(&request->approval_token)))
        return true;
    ska_approval_clear(there);
    *there = *approval;
    memset(approval, 0, sizeof(*approval));
    return true;
}

bool ska_request_merge(struct ska_request *request, struct ska_request *copy, OSSL_LIB_CTX *libctx,
                       const struct ska_errors *errors)
{
    for (size_t i = 0; i < copy->approval_count; i++)
        if (!merge_approval(request, &copy->approvals[i], libctx, errors))
            return false;
    return true;
}

bool ska_request_has_same_token(const struct ska_request *a, const struct ska_request *b)
{
    return ska_span_equal(ska_span_of(&a->approval_token), ska_span_of(&b->approval_token));
}

bool ska_request_check_content(const struct ska_request *request, OSSL_LIB_CTX *libctx,
                               const struct ska_errors *errors)
{
    const struct ska_bytes *content = &request->signed_content;
    const char *name = ska_digest_name(request->digest);
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = 0;

    if (content->length == 0)
        return true;
    if (name == NULL)
        return ska_fail(errors, SKA_R_BAD_REQUEST,
                        "it does not say which digest its \"signedContent\" has");
    if (EVP_Q_digest(libctx, name, NULL, content->data, content->length, digest, &length) != 1)
        return ska_fail(errors, SKA_R_INTERNAL, "%s of \"signedContent\"", name);
    return ska_span_equal(ska_span(digest, length), ska_span_of(&request->digest_value)) ||
           ska_fail(errors, SKA_R_PAYLOAD_MISMATCH,
                    "its \"signedContent\" is not what would be signed; somebody has changed it");
}
