/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvers, the policies that list them, and requests that they have approved: as JSON for the
 * provider and as structures for the raw calls.
 */
#ifndef SKA_BENCH_APPROVAL_H
#define SKA_BENCH_APPROVAL_H

#include "provider/base/bytes.h"
#include "token.h"

/* P-256 keys. */
struct approvers {
    EVP_PKEY **keys;
    size_t count;
};
void approvers_make(struct approvers *approvers, size_t count);
void approvers_free(struct approvers *approvers);

/*
 * A policy file: for all four rules `quorum` of these must approve; of each fifty by themselves,
 * when there are more.
 */
void approvers_policy(const struct approvers *approvers, size_t quorum, const char *path);

/* SubjectPublicKeyInfo. */
struct ska_bytes public_key(EVP_PKEY *key);

/* An approver's plain signature of a token. */
struct ska_bytes sign_token(EVP_PKEY *approver, struct ska_span token);
/* The same in the vendor's form; the approver's public key comes along. */
CK_SKA_APPROVAL approval_make(struct ska_span key, struct ska_span signature);
void approval_free(CK_SKA_APPROVAL *approval);

/* Of the request in a file: what an approver puts into an approvals directory. Free with free(). */
char *approval_for(const char *request, EVP_PKEY *approver);

/* The provider's own request for a signature over the document, as JSON. Free with free(). */
char *request_for(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *document);

struct bundle {
    char *json;
    struct ska_bytes token;
    CK_SKA_APPROVAL *approvals;
    size_t count;
};
/* The request for a signature over the message, approved by the first `count`. */
void bundle_make(struct bundle *bundle, OSSL_LIB_CTX *libctx, EVP_PKEY *key,
                 const struct approvers *approvers, size_t count);
void bundle_free(struct bundle *bundle);

#endif
