/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A qualified electronic signature in one process, the way a signing service makes it:
 *
 *     one_process KEY-URI APPROVER-KEY.pem DOCUMENT SIGNATURE
 *
 *   1. hash the document with the SKA key's context       EVP_DigestSignUpdate
 *   2. take out the request for exactly this document      ska-approval-request
 *   3. have it approved: here with a key in a file; a service would send it to the signer's device
 *   4. hand the approvals in, and sign                     ska-approvals, EVP_DigestSignFinal
 *
 * The HSM, not this program, decides whether the approval is good. Only libcrypto and a JSON
 * library are needed; nothing here knows of PKCS#11.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include "ska/provider.h"

/* A real service reports to its caller; what libcrypto says names key, request and approvers. */
static void check(int done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "one_process: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* The SKA key, by its URI. The PIN comes from the provider's configuration. */
static EVP_PKEY *load_key(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = NULL;
    EVP_PKEY *key = NULL;

    check(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY), uri);
    info = OSSL_STORE_load(store);
    check(info != NULL, uri);
    key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    check(key != NULL, uri);
    return key;
}

static EVP_PKEY *load_approver(const char *path)
{
    BIO *file = BIO_new_file(path, "r");
    EVP_PKEY *key = NULL;

    check(file != NULL, path);
    key = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
    BIO_free(file);
    check(key != NULL, path);
    return key;
}

/* ---- Step 1 ---------------------------------------------------------------------------------- */

static EVP_MD_CTX *hash_document(EVP_PKEY *key, const char *path)
{
    EVP_MD_CTX *signing = EVP_MD_CTX_new();
    unsigned char part[16384];
    BIO *document = BIO_new_file(path, "rb");
    int length = 0;

    check(document != NULL, path);
    check(signing != NULL && EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, key) == 1,
          "EVP_DigestSignInit");
    while ((length = BIO_read(document, part, sizeof(part))) > 0)
        check(EVP_DigestSignUpdate(signing, part, (size_t)length) == 1, "EVP_DigestSignUpdate");
    check(length == 0, path);
    BIO_free(document);
    return signing;
}

/* ---- Step 2 ---------------------------------------------------------------------------------- */

/* The request as JSON. Asked twice, for its length and for its text: it is made once. */
static char *take_request(EVP_MD_CTX *signing)
{
    EVP_PKEY_CTX *ctx = EVP_MD_CTX_get_pkey_ctx(signing);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVAL_REQUEST, NULL, 0),
        OSSL_PARAM_construct_end(),
    };
    char *request = NULL;
    size_t size = 0;

    check(EVP_PKEY_CTX_get_params(ctx, params) == 1, SKA_PARAM_APPROVAL_REQUEST);
    size = params[0].return_size + 1;
    request = malloc(size);
    check(request != NULL, "memory");
    params[0] = OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVAL_REQUEST, request, size);
    check(EVP_PKEY_CTX_get_params(ctx, params) == 1, SKA_PARAM_APPROVAL_REQUEST);
    return request;
}

/* ---- Step 3: on the signer's device ---------------------------------------------------------- */

static char *base64(const unsigned char *data, size_t length)
{
    char *text = malloc(4 * ((length + 2) / 3) + 1);

    check(text != NULL, "memory");
    EVP_EncodeBlock((unsigned char *)text, data, (int)length);
    return text;
}

/* The approval token: what is signed is the document's digest, this key, and nothing else. */
static unsigned char *token_of(const cJSON *request, size_t *length)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(request, "approvalToBeSigned");
    size_t encoded = 0;
    unsigned char *token = NULL;
    int decoded = 0;

    check(cJSON_IsString(member), "no approvalToBeSigned");
    encoded = strlen(member->valuestring);
    token = malloc(encoded + 1);
    check(token != NULL && encoded % 4 == 0 && encoded > 0, "approvalToBeSigned");
    decoded = EVP_DecodeBlock(token, (const unsigned char *)member->valuestring, (int)encoded);
    check(decoded > 0, "approvalToBeSigned");
    *length = (size_t)decoded - (member->valuestring[encoded - 1] == '=') -
              (member->valuestring[encoded - 2] == '=');
    return token;
}

/* An approval is a plain signature over the token, SHA-256, by a key that the rule lists. */
static cJSON *approve(const cJSON *request, EVP_PKEY *approver)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char *public_key = NULL;
    unsigned char *token = NULL;
    unsigned char *signature = NULL;
    char *text = NULL;
    size_t token_length = 0;
    size_t length = 0;
    int public_length = i2d_PUBKEY(approver, &public_key);
    cJSON *approval = cJSON_CreateObject();

    token = token_of(request, &token_length);
    check(md != NULL && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, approver) == 1 &&
              EVP_DigestSign(md, NULL, &length, token, token_length) == 1,
          "approving");
    signature = malloc(length);
    check(signature != NULL && EVP_DigestSign(md, signature, &length, token, token_length) == 1,
          "approving");
    check(public_length > 0 && approval != NULL, "approving");
    text = base64(public_key, (size_t)public_length);
    cJSON_AddStringToObject(approval, "approverPublicKey", text);
    free(text);
    cJSON_AddStringToObject(approval, "approvalDigestAlgorithm", "SHA-256");
    text = base64(signature, length);
    cJSON_AddStringToObject(approval, "signature", text);
    free(text);
    OPENSSL_free(public_key);
    free(token);
    free(signature);
    EVP_MD_CTX_free(md);
    return approval;
}

/* The request with the approval added: a bundle. */
static char *have_approved(const char *text, EVP_PKEY *approver)
{
    cJSON *request = cJSON_Parse(text);
    cJSON *approvals = NULL;
    char *bundle = NULL;

    check(request != NULL, "the request");
    cJSON_DeleteItemFromObjectCaseSensitive(request, "approvals");
    approvals = cJSON_AddArrayToObject(request, "approvals");
    check(approvals != NULL && cJSON_AddItemToArray(approvals, approve(request, approver)),
          "the approvals");
    bundle = cJSON_PrintUnformatted(request);
    check(bundle != NULL, "the bundle");
    cJSON_Delete(request);
    return bundle;
}

/* ---- Step 4 ---------------------------------------------------------------------------------- */

static void sign(EVP_MD_CTX *signing, char *bundle, const char *path)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS, bundle, 0),
        OSSL_PARAM_construct_end(),
    };
    unsigned char *signature = NULL;
    size_t length = 0;
    BIO *file = NULL;

    check(EVP_PKEY_CTX_set_params(EVP_MD_CTX_get_pkey_ctx(signing), params) == 1,
          SKA_PARAM_APPROVALS);
    check(EVP_DigestSignFinal(signing, NULL, &length) == 1, "the signature's size");
    signature = malloc(length);
    check(signature != NULL && EVP_DigestSignFinal(signing, signature, &length) == 1, "signing");
    file = BIO_new_file(path, "wb");
    check(file != NULL && BIO_write(file, signature, (int)length) == (int)length, path);
    BIO_free(file);
    free(signature);
}

int main(int argc, char **argv)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY *approver = NULL;
    EVP_MD_CTX *signing = NULL;
    char *request = NULL;
    char *bundle = NULL;

    if (argc != 5) {
        fprintf(stderr, "Usage: %s KEY-URI APPROVER-KEY.pem DOCUMENT SIGNATURE\n", argv[0]);
        return 1;
    }
    key = load_key(argv[1]);
    approver = load_approver(argv[2]);
    signing = hash_document(key, argv[3]);
    request = take_request(signing);
    bundle = have_approved(request, approver);
    sign(signing, bundle, argv[4]);
    cJSON_free(bundle);
    free(request);
    EVP_MD_CTX_free(signing);
    EVP_PKEY_free(approver);
    EVP_PKEY_free(key);
    return 0;
}
