/* SPDX-License-Identifier: Apache-2.0 */
#include "signing.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "approval.h"
#include "approver_process.h"
#include "ska/provider.h"

const char message[] = "The quick brown fox signs one small message after the other.";
#define MESSAGE_LENGTH (sizeof(message) - 1)

#define SIGNATURE_LIMIT 1024

/* ---- Through libcrypto ----------------------------------------------------------------------- */

struct evp_state {
    const struct evp_signing *signing;
    const char *digest; /* NULL: EdDSA */
    OSSL_PARAM params[2];
    EVP_MD_CTX *context; /* reused */
};

static char *writable(const char *text)
{
    return (char *)(uintptr_t)text;
}

const char *evp_digest(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256";
}

static void evp_init(const struct evp_state *state, EVP_MD_CTX *context)
{
    must(EVP_DigestSignInit_ex(context, NULL, state->digest, state->signing->libctx, NULL,
                               state->signing->key, state->params) == 1);
}

static void *evp_start(const void *what)
{
    const struct evp_signing *signing = what;
    struct evp_state *state = calloc(1, sizeof(*state));

    must(state != NULL);
    state->signing = signing;
    state->digest = evp_digest(signing->key);
    state->params[0] = OSSL_PARAM_construct_end();
    if (signing->approvals != NULL)
        state->params[0] =
            OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS, writable(signing->approvals), 0);
    else if (signing->agent != NULL)
        state->params[0] =
            OSSL_PARAM_construct_utf8_string(SKA_PARAM_AGENT, writable(signing->agent), 0);
    state->params[1] = OSSL_PARAM_construct_end();
    state->context = EVP_MD_CTX_new();
    must(state->context != NULL);
    evp_init(state, state->context);
    return state;
}

static bool evp_begin_again(EVP_MD_CTX *context)
{
    return EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, NULL, NULL) == 1;
}

static void evp_once(void *with)
{
    struct evp_state *state = with;
    EVP_MD_CTX *context = state->context;
    unsigned char signature[SIGNATURE_LIMIT];
    size_t length = sizeof(signature);

    if (state->signing->reused) {
        must(evp_begin_again(context));
    } else {
        context = EVP_MD_CTX_new();
        must(context != NULL);
        evp_init(state, context);
    }
    must(EVP_DigestSign(context, signature, &length, (const unsigned char *)message,
                        MESSAGE_LENGTH) == 1);
    if (!state->signing->reused)
        EVP_MD_CTX_free(context);
}

static void evp_stop(void *with)
{
    struct evp_state *state = with;

    EVP_MD_CTX_free(state->context);
    free(state);
}

struct loop evp_loop(const struct evp_signing *signing)
{
    struct loop loop = {evp_start, evp_once, evp_stop, signing, signing->agent != NULL, NULL};

    return loop;
}

bool evp_reuses(const struct evp_signing *signing)
{
    struct evp_state *state = evp_start(signing);
    bool reuses = evp_begin_again(state->context);

    ERR_clear_error();
    evp_stop(state);
    return reuses;
}

void evp_try(const struct evp_signing *signing, const struct evp_signing *verifier)
{
    struct evp_state *state = evp_start(signing);
    EVP_MD_CTX *verifying = EVP_MD_CTX_new();
    unsigned char signature[SIGNATURE_LIMIT];
    size_t length = sizeof(signature);

    must(verifying != NULL);
    must(EVP_DigestSign(state->context, signature, &length, (const unsigned char *)message,
                        MESSAGE_LENGTH) == 1);
    must(EVP_DigestVerifyInit_ex(verifying, NULL, state->digest, verifier->libctx, NULL,
                                 verifier->key, NULL) == 1);
    must(EVP_DigestVerify(verifying, signature, length, (const unsigned char *)message,
                          MESSAGE_LENGTH) == 1);
    EVP_MD_CTX_free(verifying);
    evp_stop(state);
}

/* ---- Raw calls ------------------------------------------------------------------------------- */

struct raw_state {
    const struct raw_signing *signing;
    CK_SESSION_HANDLE session;
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
    struct ska_bytes approver; /* its public key */
};

enum raw_kind raw_kind_of(const char *algorithm)
{
    return strncmp(algorithm, "RSA", 3) == 0   ? RAW_RSA
           : strncmp(algorithm, "EC:", 3) == 0 ? RAW_EC
                                               : RAW_EDWARDS;
}

const char *raw_name(const char *algorithm)
{
    static const char *const names[] = {
        [RAW_RSA] = "RSA", [RAW_EC] = "EC", [RAW_EDWARDS] = "ED25519"};

    return names[raw_kind_of(algorithm)];
}

static void *raw_start(const void *what)
{
    const struct raw_signing *signing = what;
    struct raw_state *state = calloc(1, sizeof(*state));

    must(state != NULL);
    state->signing = signing;
    state->session = open_session(signing->token, 0);
    state->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    state->hash = EVP_MD_CTX_new();
    must(state->sha256 != NULL && state->hash != NULL);
    if (signing->approver != NULL)
        state->approver = public_key(signing->approver);
    return state;
}

/* What the mechanism signs: DigestInfo, digest or message. */
static size_t make_payload(const struct raw_state *state, CK_BYTE *payload)
{
    /* RFC 8017, 9.2, note 1: DigestInfo of SHA-256 up to the digest. */
    static const unsigned char prefix[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                           0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                           0x01, 0x05, 0x00, 0x04, 0x20};
    size_t start = state->signing->kind == RAW_RSA ? sizeof(prefix) : 0;
    unsigned int length = 0;

    if (state->signing->kind == RAW_EDWARDS) {
        memcpy(payload, message, MESSAGE_LENGTH);
        return MESSAGE_LENGTH;
    }
    memcpy(payload, prefix, start);
    must(EVP_DigestInit_ex2(state->hash, state->sha256, NULL) == 1 &&
         EVP_DigestUpdate(state->hash, message, MESSAGE_LENGTH) == 1 &&
         EVP_DigestFinal_ex(state->hash, payload + start, &length) == 1);
    return start + length;
}

static CK_MECHANISM mechanism_of(enum raw_kind kind)
{
    static const CK_MECHANISM_TYPE types[] = {
        [RAW_RSA] = CKM_RSA_PKCS, [RAW_EC] = CKM_ECDSA, [RAW_EDWARDS] = CKM_EDDSA};
    CK_MECHANISM mechanism = {types[kind], NULL, 0};

    return mechanism;
}

static void raw_once(void *with)
{
    struct raw_state *state = with;
    const CK_FUNCTION_LIST *calls = state->signing->token->calls;
    CK_MECHANISM mechanism = mechanism_of(state->signing->kind);
    CK_BYTE payload[128];
    CK_BYTE signature[SIGNATURE_LIMIT];
    CK_ULONG payload_length = make_payload(state, payload);
    CK_ULONG length = sizeof(signature);

    must(calls->C_SignInit(state->session, &mechanism, state->signing->key) == CKR_OK);
    must(calls->C_Sign(state->session, payload, payload_length, signature, &length) == CKR_OK);
}

static CK_SKA_APPROVAL approve(const struct raw_state *state, struct ska_span token)
{
    const struct raw_signing *signing = state->signing;
    struct ska_bytes signature = signing->process == NULL
                                     ? sign_token(signing->approver, token)
                                     : approver_process_sign(signing->process, token);
    CK_SKA_APPROVAL approval =
        approval_make(ska_span_of(&state->approver), ska_span_of(&signature));

    ska_bytes_free(&signature);
    return approval;
}

static void raw_ska_once(void *with)
{
    struct raw_state *state = with;
    const struct raw_signing *signing = state->signing;
    CK_SKA_APPROVAL *approvals = signing->approvals;
    CK_MECHANISM mechanism = mechanism_of(signing->kind);
    CK_SKA_APPROVAL made = {0, NULL, 0, NULL, 0};
    CK_BYTE payload[128];
    CK_BYTE token[4096];
    CK_BYTE signature[SIGNATURE_LIMIT];
    CK_ULONG payload_length = make_payload(state, payload);
    CK_BYTE *approved = (CK_BYTE *)(uintptr_t)signing->approved.data;
    CK_ULONG approved_length = signing->approved.length;
    CK_ULONG length = sizeof(signature);

    if (approved_length == 0) {
        approved = token;
        approved_length = sizeof(token);
        must(signing->token->create_approval_token(state->session, CK_SKA_SIGN, signing->key,
                                                   payload, payload_length, NULL, 0, NULL, 0, token,
                                                   &approved_length) == CKR_OK);
    }
    if (signing->approver != NULL) {
        made = approve(state, ska_span(approved, approved_length));
        approvals = &made;
    }
    must(signing->token->ska_sign(state->session, &mechanism, signing->key, approved,
                                  approved_length, approvals, signing->approval_count, signature,
                                  &length, NULL, NULL) == CKR_OK);
    approval_free(&made);
}

static void raw_stop(void *with)
{
    struct raw_state *state = with;

    ska_bytes_free(&state->approver);
    EVP_MD_CTX_free(state->hash);
    EVP_MD_free(state->sha256);
    must(state->signing->token->calls->C_CloseSession(state->session) == CKR_OK);
    free(state);
}

struct loop raw_loop(const struct raw_signing *signing)
{
    struct loop loop = {raw_start, signing->ska ? raw_ska_once : raw_once, raw_stop, signing, false,
                        NULL};

    return loop;
}
