/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of policies and requests share: keys and certificates of approvers, approval
 * tokens, texts with parts exchanged, a stack as small as that of a libcrypto ASYNC job.
 */
#ifndef SKA_TEST_SIGN_SUPPORT_H
#define SKA_TEST_SIGN_SUPPORT_H

#include "codec_support.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/request/request.h"
#include "provider/request/approval_token.h"

#define assert_text_contains(text, part)                                                           \
    do {                                                                                           \
        if (strstr((text), (part)) == NULL)                                                        \
            fail_msg("'%s' does not contain '%s'", (text), (part));                                \
    } while (0)

/* Raised once, with this reason, and the message says this. */
#define assert_raised_with(recorder, expected, part)                                               \
    do {                                                                                           \
        if ((recorder)->count != 1 || (recorder)->reason != (expected))                            \
            fail_msg("raised %d times, %d: %s", (recorder)->count, (recorder)->reason,             \
                     (recorder)->text);                                                            \
        assert_text_contains((recorder)->text, part);                                              \
    } while (0)

/* ---- Keys and certificates ------------------------------------------------------------------ */

/* The same arguments as EVP_PKEY_Q_keygen(), without the contexts. */
#define new_key(...) EVP_PKEY_Q_keygen(NULL, NULL, __VA_ARGS__)

static inline struct ska_bytes taken(unsigned char *der, int length)
{
    struct ska_bytes bytes = {NULL, 0};

    assert_true(length > 0);
    assert_true(ska_bytes_copy(&bytes, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    return bytes;
}

static inline struct ska_bytes spki_of(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);

    return taken(der, length);
}

static inline X509 *new_certificate(EVP_PKEY *key, const char *common_name)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    const EVP_MD *digest =
        EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : EVP_sha256();

    assert_non_null(certificate);
    assert_true(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                                           (const unsigned char *)"Example", -1, -1, 0));
    if (common_name != NULL)
        assert_true(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                               (const unsigned char *)common_name, -1, -1, 0));
    assert_true(X509_set_version(certificate, X509_VERSION_3));
    assert_true(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7));
    assert_true(X509_set_subject_name(certificate, name));
    assert_true(X509_set_issuer_name(certificate, name));
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_true(X509_set_pubkey(certificate, key));
    assert_true(X509_sign(certificate, key, digest) > 0);
    X509_NAME_free(name);
    return certificate;
}

static inline struct ska_bytes certificate_of(EVP_PKEY *key, const char *common_name)
{
    X509 *certificate = new_certificate(key, common_name);
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);

    X509_free(certificate);
    return taken(der, length);
}

/* What `openssl dgst -sign` writes; digest NULL for EdDSA (`pkeyutl -rawin`). */
static inline struct ska_bytes signature_of(EVP_PKEY *key, const char *digest,
                                            struct ska_span message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = 0;
    unsigned char *signature = NULL;
    struct ska_bytes bytes = {NULL, 0};

    assert_true(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL));
    assert_true(EVP_DigestSign(context, NULL, &length, message.data, message.length));
    signature = OPENSSL_malloc(length);
    assert_true(EVP_DigestSign(context, signature, &length, message.data, message.length));
    bytes = taken(signature, (int)length);
    EVP_MD_CTX_free(context);
    return bytes;
}

static inline char *base64_of(struct ska_span bytes)
{
    char *text = NULL;

    assert_true(ska_base64_encode(bytes, &text, NULL));
    return text;
}

/* ---- Tokens --------------------------------------------------------------------------------- */

static inline struct ska_bytes token_for(enum ska_operation operation, const char *key_name,
                                         struct ska_span payload)
{
    struct ska_approval_token token = {.operation = operation,
                                       .key_name = ska_span_text(key_name),
                                       .has_payload = true,
                                       .payload = payload};
    struct ska_bytes encoded = {NULL, 0};

    assert_true(ska_approval_token_encode(&token, &encoded, NULL));
    return encoded;
}

/* ---- Texts ---------------------------------------------------------------------------------- */

/* A copy of the text with the first `from`, which must be there, exchanged for `to`. */
static inline char *exchanged(const char *text, const char *from, const char *to)
{
    const char *found = strstr(text, from);
    struct ska_buffer buffer = {0};
    struct ska_bytes result = {NULL, 0};

    if (found == NULL)
        fail_msg("'%s' is not in the text", from);
    ska_buffer_add(&buffer, text, (size_t)(found - text));
    ska_buffer_text(&buffer, to);
    ska_buffer_text(&buffer, found + strlen(from));
    assert_true(ska_buffer_finish(&buffer, &result, NULL));
    return (char *)result.data;
}

/* ---- Small stacks --------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SMALL_STACK 0 /* sanitizers need far more than libcrypto gives */
#else
#define SMALL_STACK 32768 /* as in libcrypto's async_posix.c */
#endif

/* Runs it on a stack of that size with a page behind it that must not be touched. */
static inline void run_on_small_stack(void (*function)(void))
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    ucontext_t here, there;
    char *stack = NULL;

    if (SMALL_STACK == 0) {
        function();
        return;
    }
    stack =
        mmap(NULL, page + SMALL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(stack != MAP_FAILED);
    assert_int_equal(mprotect(stack, page, PROT_NONE), 0);
    assert_int_equal(getcontext(&there), 0);
    there.uc_stack.ss_sp = stack + page;
    there.uc_stack.ss_size = SMALL_STACK;
    there.uc_link = &here;
    makecontext(&there, function, 0);
    assert_int_equal(swapcontext(&here, &there), 0);
    munmap(stack, page + SMALL_STACK);
}

#endif
