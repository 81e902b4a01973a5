/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_pool.h: genuine requests for signatures and other operations, of several keys, and what
 * their approvers have signed of them. All that an attacker can have is put together of these.
 */
#ifndef SKA_SCENARIO_BUNDLE_POOL_H
#define SKA_SCENARIO_BUNDLE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>
#include <openssl/evp.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In this order everywhere; mallory is in no rule. */
enum approver { ALICE, BOB, CAROL, DAVE, MALLORY, APPROVER_COUNT };

struct bytes {
    unsigned char *data;
    size_t length;
};

struct approver_key {
    EVP_PKEY *key;
    char *public_key; /* SubjectPublicKeyInfo in base64 */
};

struct pooled {
    cJSON *json; /* the request, without approvals */
    const char *label, *operation, *token, *payload;
    char *document, *way; /* as in the file's name */
    bool in_time;         /* made neither too long ago nor in the future */
    struct bytes token_bytes;
    char *signatures[APPROVER_COUNT]; /* of each over the token, in base64 */
};

struct pool {
    struct approver_key approvers[APPROVER_COUNT];
    struct pooled *requests;
    size_t count;
};

/*
 * Reads NAME.pem of each approver, and the requests in pool/LABEL,DOCUMENT,WAY,TIME.json of this
 * directory; the TIME of those that are out of time begins with "stale". Ends the program when
 * something is missing.
 */
void pool_read(struct pool *pool);
void pool_free(struct pool *pool);

/* The digest that this approver signs with, as approvals name it and as libcrypto does (or NULL).
 */
const char *approver_digest_name(enum approver approver);
const char *approver_digest(enum approver approver);

/* Base64 without line breaks. What is no base64 of libcrypto's decodes to nothing at all. */
char *base64_encode(const void *data, size_t length);
struct bytes base64_decode(const char *text);

/* A member that is a text; "" when it is anything else or not there. */
const char *text_member(const cJSON *object, const char *name);

#endif
