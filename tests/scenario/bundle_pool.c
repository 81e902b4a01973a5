/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_pool.c: see bundle_pool.h.
 */
#include "bundle_pool.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "application.h"

/* ---- Base64 and JSON ------------------------------------------------------------------------- */

char *base64_encode(const void *data, size_t length)
{
    char *text = malloc((length + 2) / 3 * 4 + 1);

    must(text != NULL);
    EVP_EncodeBlock((unsigned char *)text, data, (int)length);
    return text;
}

struct bytes base64_decode(const char *text)
{
    size_t length = strlen(text);
    struct bytes bytes = {calloc(1, length + 4), 0};
    int decoded = 0;

    must(bytes.data != NULL);
    if (length == 0 || length % 4 != 0)
        return bytes;
    decoded = EVP_DecodeBlock(bytes.data, (const unsigned char *)text, (int)length);
    if (decoded > 0)
        bytes.length = (size_t)decoded - (text[length - 1] == '=') - (text[length - 2] == '=');
    return bytes;
}

const char *text_member(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(member) ? member->valuestring : "";
}

/* ---- Approvers ------------------------------------------------------------------------------- */

static const struct {
    const char *file, *digest_name, *digest;
} approvers[APPROVER_COUNT] = {
    [ALICE] = {"alice.pem", "SHA-256", "SHA256"},     [BOB] = {"bob.pem", "SHA-256", "SHA256"},
    [CAROL] = {"carol.pem", "EdDSA", NULL},           [DAVE] = {"dave.pem", "SHA-384", "SHA384"},
    [MALLORY] = {"mallory.pem", "SHA-256", "SHA256"},
};

const char *approver_digest_name(enum approver approver)
{
    return approvers[approver].digest_name;
}

const char *approver_digest(enum approver approver)
{
    return approvers[approver].digest;
}

static void read_approver(struct approver_key *approver, const char *path)
{
    BIO *file = BIO_new_file(path, "r");
    unsigned char *der = NULL;
    int length = 0;

    must(file != NULL);
    approver->key = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
    must(approver->key != NULL);
    BIO_free(file);
    length = i2d_PUBKEY(approver->key, &der);
    must(length > 0);
    approver->public_key = base64_encode(der, (size_t)length);
    OPENSSL_free(der);
}

static char *approve(const struct pool *pool, enum approver approver, const struct bytes *token)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);

    must(context != NULL);
    must(EVP_DigestSignInit_ex(context, NULL, approver_digest(approver), NULL, NULL,
                               pool->approvers[approver].key, NULL) == 1);
    must(EVP_DigestSign(context, signature, &length, token->data, token->length) == 1);
    EVP_MD_CTX_free(context);
    return base64_encode(signature, length);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static cJSON *read_json(const char *path)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "r");
    size_t length = 0;
    cJSON *json = NULL;

    must(file != NULL);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    fclose(file);
    json = cJSON_Parse(text);
    must(json != NULL);
    return json;
}

static void read_request(const struct pool *pool, struct pooled *request, const char *path)
{
    char time[32];

    must(sscanf(path, "pool/%*[^,],%m[^,],%m[^,],%31[^.]", &request->document, &request->way,
                time) == 3);
    request->in_time = strncmp(time, "stale", strlen("stale")) != 0;
    request->json = read_json(path);
    cJSON_DeleteItemFromObjectCaseSensitive(request->json, "approvals");
    request->label = text_member(cJSON_GetObjectItemCaseSensitive(request->json, "key"), "label");
    request->operation = text_member(request->json, "operation");
    request->token = text_member(request->json, "approvalToBeSigned");
    request->payload = text_member(request->json, "payload");
    request->token_bytes = base64_decode(request->token);
    must(request->label[0] != '\0' && request->token_bytes.length > 0);
    for (int i = 0; i < APPROVER_COUNT; i++)
        request->signatures[i] = approve(pool, (enum approver)i, &request->token_bytes);
}

void pool_read(struct pool *pool)
{
    glob_t found;

    for (int i = 0; i < APPROVER_COUNT; i++)
        read_approver(&pool->approvers[i], approvers[i].file);
    must(glob("pool/*.json", 0, NULL, &found) == 0);
    pool->count = found.gl_pathc;
    pool->requests = calloc(pool->count, sizeof(*pool->requests));
    must(pool->requests != NULL);
    for (size_t i = 0; i < pool->count; i++)
        read_request(pool, &pool->requests[i], found.gl_pathv[i]);
    globfree(&found);
}

void pool_free(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        cJSON_Delete(pool->requests[i].json);
        free(pool->requests[i].token_bytes.data);
        free(pool->requests[i].document);
        free(pool->requests[i].way);
        for (int j = 0; j < APPROVER_COUNT; j++)
            free(pool->requests[i].signatures[j]);
    }
    free(pool->requests);
    for (int i = 0; i < APPROVER_COUNT; i++) {
        EVP_PKEY_free(pool->approvers[i].key);
        free(pool->approvers[i].public_key);
    }
}
