/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row's own token: the simulator over SoftHSMv2, configured in the row's directory; the raw
 * calls into it, and the library context in which the provider uses it.
 */
#ifndef SKA_BENCH_TOKEN_H
#define SKA_BENCH_TOKEN_H

#include <sys/types.h>

#include <openssl/evp.h>
#include <pkcs11.h>

#include "bench.h"

#define TOKEN_LABEL "bench"
#define TOKEN_PIN "4711"

struct token {
    const struct bench *bench;
    void *library;
    CK_FUNCTION_LIST *calls;
    __typeof__(&C_CreateApprovalToken) create_approval_token;
    __typeof__(&C_SKASign) ska_sign;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; /* for writing, logged in, kept open */
    OSSL_LIB_CTX *libctx;      /* the provider's; the default one knows nothing of it */
};

/* An initialized token, and a session on it. Everything here fails the row at once. */
void token_open(struct token *token, const struct bench *bench);
/*
 * The same with a simulator that reads keys and rules from the token at each call: an HSM takes as
 * long as that and longer.
 */
void token_open_slow(struct token *token, const struct bench *bench);
void token_close(struct token *token);

/* A path in the row's directory. */
struct path {
    char text[512];
};
struct path token_path(const struct bench *bench, const char *name);
void write_file(const char *path, const char *text);

/* An openssl.cnf with our provider and a module. */
void write_configuration(const struct bench *bench, const char *path, const char *module);

/* Runs skatool with these arguments, the last of which is NULL. */
void skatool(const struct bench *bench, const char *const *arguments);
/* The same without waiting for its end. */
pid_t skatool_start(const struct bench *bench, const char *const *arguments);

/* Makes a key of skatool's: algorithm as in "RSA:2048", "EC:P-256", "ED25519". policy: a file. */
void make_key(const struct bench *bench, const char *label, const char *algorithm,
              const char *policy);

/* A library context with this configuration. */
OSSL_LIB_CTX *new_context(const char *configuration);
/* The private key that a URI names. */
EVP_PKEY *load_key(OSSL_LIB_CTX *libctx, const char *uri);
/* `ska:` and so on, for a label. */
struct path key_uri(const char *label);

/* ---- Raw ------------------------------------------------------------------------------------- */

CK_SESSION_HANDLE open_session(const struct token *token, CK_FLAGS flags);
/* The private key with this label. */
CK_OBJECT_HANDLE find_private(const struct token *token, const char *label);

#endif
