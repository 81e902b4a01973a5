/* SPDX-License-Identifier: Apache-2.0 */
#include "approval.h"

#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "provider/request/approver_signature.h"
#include "provider/base/file.h"
#include "signing.h"
#include "ska/provider.h"

/* A group has at most 64 approvers. */
#define GROUP 50

/* ---- Approvers ------------------------------------------------------------------------------- */

void approvers_make(struct approvers *approvers, size_t count)
{
    approvers->count = count;
    approvers->keys = calloc(count, sizeof(EVP_PKEY *));
    must(approvers->keys != NULL);
    for (size_t i = 0; i < count; i++) {
        approvers->keys[i] = EVP_EC_gen("P-256");
        must(approvers->keys[i] != NULL);
    }
}

void approvers_free(struct approvers *approvers)
{
    for (size_t i = 0; i < approvers->count; i++)
        EVP_PKEY_free(approvers->keys[i]);
    free(approvers->keys);
    memset(approvers, 0, sizeof(*approvers));
}

struct ska_bytes public_key(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    struct ska_bytes copy = {NULL, 0};

    must(length > 0 && ska_bytes_copy(&copy, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    return copy;
}

struct ska_bytes sign_token(EVP_PKEY *approver, struct ska_span token)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[256];
    size_t length = sizeof(signature);
    struct ska_bytes copy = {NULL, 0};

    must(context != NULL);
    must(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, approver, NULL) == 1);
    must(EVP_DigestSign(context, signature, &length, token.data, token.length) == 1);
    must(ska_bytes_copy(&copy, ska_span(signature, length), NULL));
    EVP_MD_CTX_free(context);
    return copy;
}

/* ---- Policies -------------------------------------------------------------------------------- */

static void add_text(cJSON *object, const char *name, const char *value)
{
    must(cJSON_AddStringToObject(object, name, value) != NULL);
}

static void add_base64(cJSON *object, const char *name, struct ska_span value)
{
    char *text = NULL;

    must(ska_base64_encode(value, &text, NULL));
    add_text(object, name, text);
    free(text);
}

static cJSON *add_one(cJSON *list)
{
    cJSON *member = cJSON_CreateObject();

    must(list != NULL && member != NULL && cJSON_AddItemToArray(list, member));
    return member;
}

/* One alternative with one group of some of them. */
static void add_policy_token(cJSON *tokens, const struct approvers *approvers, size_t first,
                             size_t last, size_t quorum)
{
    cJSON *token = add_one(tokens);
    cJSON *group = NULL;
    cJSON *list = NULL;

    add_text(token, "name", "token");
    must(cJSON_AddNumberToObject(token, "timelock", 0) != NULL &&
         cJSON_AddNumberToObject(token, "timeout", 0) != NULL);
    group = add_one(cJSON_AddArrayToObject(token, "groups"));
    add_text(group, "name", "group");
    must(cJSON_AddNumberToObject(group, "quorum", (double)quorum) != NULL);
    list = cJSON_AddArrayToObject(group, "approvals");
    for (size_t i = first; i < last; i++) {
        struct ska_bytes key = public_key(approvers->keys[i]);
        cJSON *approver = add_one(list);

        add_text(approver, "type", "public_key");
        add_text(approver, "name", "approver");
        add_base64(approver, "value", ska_span_of(&key));
        ska_bytes_free(&key);
    }
}

static void add_rule(cJSON *policy, const char *name, const struct approvers *approvers,
                     size_t quorum)
{
    cJSON *tokens = cJSON_AddArrayToObject(cJSON_AddObjectToObject(policy, name), "tokens");

    for (size_t first = 0; first < approvers->count; first += GROUP) {
        size_t rest = approvers->count - first;

        add_policy_token(tokens, approvers, first, first + (rest < GROUP ? rest : GROUP), quorum);
    }
}

void approvers_policy(const struct approvers *approvers, size_t quorum, const char *path)
{
    static const char *const rules[] = {"ruleUse", "ruleBlock", "ruleUnblock", "ruleModify"};
    cJSON *policy = cJSON_CreateObject();
    char *text = NULL;

    must(policy != NULL);
    for (size_t i = 0; i < COUNT(rules); i++)
        add_rule(policy, rules[i], approvers, quorum);
    text = cJSON_Print(policy);
    must(text != NULL);
    write_file(path, text);
    cJSON_free(text);
    cJSON_Delete(policy);
}

/* ---- Approvals ------------------------------------------------------------------------------- */

CK_SKA_APPROVAL approval_make(struct ska_span key, struct ska_span signature)
{
    struct ska_bytes signer = {NULL, 0};
    struct ska_bytes der = {NULL, 0};
    CK_SKA_APPROVAL approval = {CKAP_SIGNATURE, NULL, 0, NULL, 0};

    must(ska_bytes_copy(&signer, key, NULL));
    must(ska_signature_to_der(key, "SHA-256", signature, &der, NULL));
    approval.pSignature = der.data;
    approval.signatureLen = der.length;
    approval.pSignerInfo = signer.data;
    approval.signerInfoLen = signer.length;
    return approval;
}

void approval_free(CK_SKA_APPROVAL *approval)
{
    free(approval->pSignature);
    free(approval->pSignerInfo);
    memset(approval, 0, sizeof(*approval));
}

/* ---- Bundles --------------------------------------------------------------------------------- */

char *request_for(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *document)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    size_t size = (size_t)1024 * 1024;
    char *text = malloc(size);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVAL_REQUEST, text, size),
                           OSSL_PARAM_construct_end()};

    must(context != NULL && text != NULL);
    must(EVP_DigestSignInit_ex(context, &parameters, "SHA256", libctx, NULL, key, NULL) == 1);
    must(EVP_DigestSignUpdate(context, document, strlen(document)) == 1);
    must(EVP_PKEY_CTX_get_params(parameters, params) == 1);
    EVP_MD_CTX_free(context);
    return text;
}

static cJSON *make_request(OSSL_LIB_CTX *libctx, EVP_PKEY *key)
{
    char *text = request_for(libctx, key, message);
    cJSON *request = cJSON_Parse(text);

    must(request != NULL);
    free(text);
    return request;
}

static void fill_approval(cJSON *approval, EVP_PKEY *approver, struct ska_span token)
{
    struct ska_bytes key = public_key(approver);
    struct ska_bytes signature = sign_token(approver, token);

    add_base64(approval, "approverPublicKey", ska_span_of(&key));
    add_text(approval, "approvalDigestAlgorithm", "SHA-256");
    add_base64(approval, "signature", ska_span_of(&signature));
    ska_bytes_free(&key);
    ska_bytes_free(&signature);
}

static struct ska_bytes token_of(const cJSON *request)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(request, "approvalToBeSigned");
    struct ska_bytes token = {NULL, 0};

    must(cJSON_IsString(text) && ska_base64_decode(text->valuestring, &token));
    return token;
}

char *approval_for(const char *path, EVP_PKEY *approver)
{
    struct ska_bytes text = {NULL, 0};
    struct ska_bytes token = {NULL, 0};
    cJSON *request = NULL;
    cJSON *approval = cJSON_CreateObject();
    char *json = NULL;

    must(approval != NULL && ska_file_read(path, (size_t)1024 * 1024, &text, NULL));
    request = cJSON_Parse((const char *)text.data);
    must(request != NULL);
    token = token_of(request);
    fill_approval(approval, approver, ska_span_of(&token));
    json = cJSON_Print(approval);
    must(json != NULL);
    cJSON_Delete(approval);
    cJSON_Delete(request);
    ska_bytes_free(&token);
    ska_bytes_free(&text);
    return json;
}

void bundle_make(struct bundle *bundle, OSSL_LIB_CTX *libctx, EVP_PKEY *key,
                 const struct approvers *approvers, size_t count)
{
    cJSON *request = make_request(libctx, key);
    cJSON *list = NULL;

    memset(bundle, 0, sizeof(*bundle));
    bundle->token = token_of(request);
    bundle->approvals = calloc(count + 1, sizeof(*bundle->approvals));
    must(bundle->approvals != NULL);
    cJSON_DeleteItemFromObjectCaseSensitive(request, "approvals");
    list = cJSON_AddArrayToObject(request, "approvals");
    for (size_t i = 0; i < count; i++) {
        struct ska_bytes approver = public_key(approvers->keys[i]);
        struct ska_bytes signature = sign_token(approvers->keys[i], ska_span_of(&bundle->token));

        bundle->approvals[bundle->count++] =
            approval_make(ska_span_of(&approver), ska_span_of(&signature));
        fill_approval(add_one(list), approvers->keys[i], ska_span_of(&bundle->token));
        ska_bytes_free(&signature);
        ska_bytes_free(&approver);
    }
    bundle->json = cJSON_Print(request);
    must(bundle->json != NULL);
    cJSON_Delete(request);
}

void bundle_free(struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->count; i++)
        approval_free(&bundle->approvals[i]);
    free(bundle->approvals);
    ska_bytes_free(&bundle->token);
    cJSON_free(bundle->json);
    memset(bundle, 0, sizeof(*bundle));
}
