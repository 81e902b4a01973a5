/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What applications do with signature contexts: signature_contexts WHAT URI [BUNDLE]. One signature
 * at most is made; the script counts the calls of the HSM.
 */
#include "application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "ska/provider.h"

static const char message[] = "Approved by two of three.\n";
#define MESSAGE_LENGTH (sizeof(message) - 1)

static EVP_PKEY *key;
static const char *bundle;

static const char *digest_of(const EVP_PKEY *pkey)
{
    return EVP_PKEY_is_a(pkey, "ED25519") || EVP_PKEY_is_a(pkey, "ED448") ? NULL : "SHA256";
}

static void set_text(EVP_PKEY_CTX *ctx, const char *name, const char *value)
{
    char copy[4096];
    OSSL_PARAM params[2];

    must(strlen(value) < sizeof(copy));
    strcpy(copy, value);
    params[0] = OSSL_PARAM_construct_utf8_string(name, copy, 0);
    params[1] = OSSL_PARAM_construct_end();
    must(EVP_PKEY_CTX_set_params(ctx, params) == 1);
}

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;

    must(md != NULL);
    must(EVP_DigestSignInit_ex(md, &ctx, digest_of(key), NULL, NULL, key, NULL) == 1);
    if (bundle != NULL)
        set_text(ctx, SKA_PARAM_APPROVALS_FILE, bundle);
    return md;
}

static EVP_PKEY *software_copy(void)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    const unsigned char *p = der;
    EVP_PKEY *copy = NULL;

    must(length > 0);
    copy = d2i_PUBKEY(NULL, &p, length);
    must(copy != NULL);
    OPENSSL_free(der);
    return copy;
}

static void verify_with(EVP_PKEY *pkey, const unsigned char *signature, size_t length)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    must(EVP_DigestVerifyInit_ex(md, NULL, digest_of(pkey), NULL, NULL, pkey, NULL) == 1);
    must(EVP_DigestVerify(md, signature, length, (const unsigned char *)message, MESSAGE_LENGTH) ==
         1);
    EVP_MD_CTX_free(md);
}

/* By a copy of the default provider's, and by the key object itself. */
static void verify(const unsigned char *signature, size_t length)
{
    EVP_PKEY *copy = software_copy();

    verify_with(copy, signature, length);
    verify_with(key, signature, length);
    EVP_PKEY_free(copy);
}

/* The message byte by byte, the size asked for twice, as X.509 code does. */
static void streaming(void)
{
    unsigned char signature[1024];
    size_t length = 0;
    EVP_MD_CTX *md = begin();

    for (size_t i = 0; i < MESSAGE_LENGTH; i++)
        must(EVP_DigestSignUpdate(md, message + i, 1) == 1);
    must(EVP_DigestSignFinal(md, NULL, &length) == 1);
    must(EVP_DigestSignFinal(md, NULL, &length) == 1);
    must(length > 0 && length <= sizeof(signature));
    must(EVP_DigestSignFinal(md, signature, &length) == 1);
    verify(signature, length);
    EVP_MD_CTX_free(md);
}

static void one_shot(void)
{
    unsigned char signature[1024];
    size_t length = 0;
    EVP_MD_CTX *md = begin();

    must(EVP_DigestSign(md, NULL, &length, (const unsigned char *)message, MESSAGE_LENGTH) == 1);
    must(EVP_DigestSign(md, signature, &length, (const unsigned char *)message, MESSAGE_LENGTH) ==
         1);
    verify(signature, length);
    EVP_MD_CTX_free(md);
}

/* The functions of OpenSSL 3.4 for whole messages; twice on one context. */
static void message_functions(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30400000L
    const unsigned char *data = (const unsigned char *)message;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    unsigned char signature[1024];
    size_t length = 0;

    must(ctx != NULL && EVP_PKEY_sign_message_init(ctx, NULL, NULL) == 1);
    if (bundle != NULL)
        set_text(ctx, SKA_PARAM_APPROVALS_FILE, bundle);
    for (int i = 0; i < 2; i++) {
        must(EVP_PKEY_sign(ctx, NULL, &length, data, MESSAGE_LENGTH) == 1);
        must(EVP_PKEY_sign(ctx, signature, &length, data, MESSAGE_LENGTH) == 1);
        verify(signature, length);
    }
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    must(ctx != NULL && EVP_PKEY_verify_message_init(ctx, NULL, NULL) == 1);
    must(EVP_PKEY_verify(ctx, signature, length, data, MESSAGE_LENGTH) == 1);
    signature[0] ^= 1;
    must(EVP_PKEY_verify(ctx, signature, length, data, MESSAGE_LENGTH) != 1);
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
#else
    must(!"in this OpenSSL");
#endif
}

/*
 * EVP_DigestSign() twice on one context: what it signs is what a software key signs. From 3.4 on
 * libcrypto does not ask again where the signature is made in one go (EdDSA).
 */
static void again(void)
{
    static const unsigned char first[] = "first", second[] = "second";
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    EVP_MD_CTX *md = begin();
    EVP_MD_CTX *check = EVP_MD_CTX_new();

    must(EVP_DigestSign(md, signature, &length, first, sizeof(first)) == 1);
    length = sizeof(signature);
    if (EVP_DigestSign(md, signature, &length, second, sizeof(second)) != 1) {
        must(OPENSSL_version_minor() >= 4 || OPENSSL_version_major() > 3);
        must(ERR_GET_LIB(ERR_get_error()) == ERR_LIB_EVP && ERR_peek_error() == 0);
        goto out;
    }
    must(EVP_DigestVerifyInit_ex(check, NULL, digest_of(key), NULL, NULL, key, NULL) == 1);
    if (digest_of(key) == NULL) {
        must(EVP_DigestVerify(check, signature, length, second, sizeof(second)) == 1);
    } else {
        must(EVP_DigestVerifyUpdate(check, first, sizeof(first)) == 1);
        must(EVP_DigestVerify(check, signature, length, second, sizeof(second)) == 1);
    }
out:
    EVP_MD_CTX_free(check);
    EVP_MD_CTX_free(md);
}

/* A context is duplicated in the middle; the copies go different ways, one of them signs. */
static void duplicates(void)
{
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    EVP_MD_CTX *md = begin();
    EVP_MD_CTX *right = EVP_MD_CTX_new();
    EVP_MD_CTX *wrong = EVP_MD_CTX_new();

    must(EVP_DigestSignUpdate(md, message, 5) == 1);
    must(EVP_MD_CTX_copy_ex(right, md) == 1);
    must(EVP_MD_CTX_copy_ex(wrong, md) == 1);
    must(EVP_DigestSignUpdate(wrong, "something else", 14) == 1);
    EVP_MD_CTX_free(md);
    must(EVP_DigestSignUpdate(right, message + 5, MESSAGE_LENGTH - 5) == 1);
    EVP_MD_CTX_free(wrong);
    must(EVP_DigestSignFinal(right, signature, &length) == 1);
    verify(signature, length);
    EVP_MD_CTX_free(right);
}

/* Sizes, duplicates, abandoned contexts, a buffer that is too small: nothing is signed. */
static void nothing(void)
{
    unsigned char signature[1024];
    size_t length = 0;
    EVP_MD_CTX *md = begin();
    EVP_MD_CTX *copy = EVP_MD_CTX_new();

    must(EVP_DigestSignUpdate(md, message, MESSAGE_LENGTH) == 1);
    must(EVP_DigestSignFinal(md, NULL, &length) == 1);
    must(EVP_MD_CTX_copy_ex(copy, md) == 1);
    length = 16;
    must(EVP_DigestSignFinal(copy, signature, &length) != 1);
    ERR_clear_error();
    EVP_MD_CTX_free(copy);
    EVP_MD_CTX_free(md);
}

/* What is approved, digest or message, stays what it was when the message began. */
static void keep_form(const char *form, const char *other)
{
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    EVP_MD_CTX *md = begin();
    EVP_PKEY_CTX *ctx = EVP_MD_CTX_get_pkey_ctx(md);
    char copy[16];
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(SKA_PARAM_PAYLOAD, copy, 0), OSSL_PARAM_END};
    const char *data = NULL;
    int flags = 0;

    set_text(ctx, SKA_PARAM_PAYLOAD, form);
    must(EVP_DigestSignUpdate(md, message, MESSAGE_LENGTH) == 1);
    set_text(ctx, SKA_PARAM_PAYLOAD, form);
    strcpy(copy, other);
    params[0].data_size = strlen(copy);
    must(EVP_PKEY_CTX_set_params(ctx, params) != 1);
    must(ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags) != 0 && data != NULL);
    must(strstr(data, "cannot change within a message") != NULL);
    ERR_clear_error();
    must(EVP_DigestSignFinal(md, signature, &length) == 1);
    verify(signature, length);
    EVP_MD_CTX_free(md);
}

static void keep_digest(void)
{
    keep_form("digest", "message");
}

static void keep_message(void)
{
    keep_form("message", "digest");
}

/* EdDSA, whose messages are signed in one go: what was fed in before is not left out. */
static void begun(void)
{
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    EVP_MD_CTX *md = begin();

    must(EVP_DigestSignUpdate(md, message, 5) == 1);
    must(EVP_DigestSign(md, signature, &length, (const unsigned char *)message + 5,
                        MESSAGE_LENGTH - 5) != 1);
    ERR_clear_error();
    EVP_MD_CTX_free(md);
}

/* The same AlgorithmIdentifier that the default provider writes. */
static void algorithm_id_of(EVP_PKEY *pkey, int pss, unsigned char *der, size_t *length)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    OSSL_PARAM params[2];

    must(EVP_DigestSignInit_ex(md, &ctx, digest_of(pkey), NULL, NULL, pkey, NULL) == 1);
    if (pss) {
        must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1);
        must(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    params[0] = OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, der, *length);
    params[1] = OSSL_PARAM_construct_end();
    must(EVP_PKEY_CTX_get_params(ctx, params) == 1);
    *length = params[0].return_size;
    EVP_MD_CTX_free(md);
}

static EVP_PKEY *software_key(void)
{
    if (EVP_PKEY_is_a(key, "RSA"))
        return EVP_RSA_gen(2048);
    if (EVP_PKEY_is_a(key, "EC"))
        return EVP_EC_gen("P-256");
    return EVP_PKEY_Q_keygen(NULL, "provider=default", EVP_PKEY_get0_type_name(key));
}

static void algorithm_ids(void)
{
    EVP_PKEY *other = software_key();

    must(other != NULL);
    for (int pss = 0; pss <= EVP_PKEY_is_a(key, "RSA"); pss++) {
        unsigned char ours[128], theirs[128];
        size_t ours_length = sizeof(ours), theirs_length = sizeof(theirs);

        algorithm_id_of(key, pss, ours, &ours_length);
        algorithm_id_of(other, pss, theirs, &theirs_length);
        must(ours_length == theirs_length && memcmp(ours, theirs, ours_length) == 0);
    }
    EVP_PKEY_free(other);
}

/* Each parameter that is declared can be had. */
static void gettable(EVP_PKEY_CTX *ctx)
{
    const OSSL_PARAM *declared = EVP_PKEY_CTX_gettable_params(ctx);
    char value[256];

    must(declared != NULL && declared->key != NULL);
    for (; declared->key != NULL; declared++) {
        OSSL_PARAM params[] = {*declared, OSSL_PARAM_END};

        if (strncmp(declared->key, "ska-", 4) == 0)
            continue; /* not before there is something to be signed */
        params[0].data = value;
        params[0].data_size = sizeof(value);
        must(EVP_PKEY_CTX_get_params(ctx, params) == 1);
        must(OSSL_PARAM_modified(&params[0]));
    }
}

static void rsa_parameters(EVP_PKEY_CTX *ctx)
{
    const EVP_MD *md = NULL;
    int number = 0;

    must(EVP_PKEY_CTX_get_rsa_padding(ctx, &number) > 0 && number == RSA_PKCS1_PADDING);
    must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1);
    must(EVP_PKEY_CTX_get_rsa_padding(ctx, &number) > 0 && number == RSA_PKCS1_PSS_PADDING);
    must(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 20) == 1);
    must(EVP_PKEY_CTX_get_rsa_pss_saltlen(ctx, &number) > 0 && number == 20);
    must(EVP_PKEY_CTX_ctrl_str(ctx, "rsa_pss_saltlen", "max") == 1);
    must(EVP_PKEY_CTX_get_rsa_pss_saltlen(ctx, &number) > 0 && number == RSA_PSS_SALTLEN_MAX);
    must(EVP_PKEY_CTX_get_rsa_mgf1_md(ctx, &md) == 1 && EVP_MD_is_a(md, "SHA256"));
    must(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, "SHA384", NULL) == 1);
    must(EVP_PKEY_CTX_get_rsa_mgf1_md(ctx, &md) == 1 && EVP_MD_is_a(md, "SHA384"));
    set_text(ctx, OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_PKCSV15);
    must(EVP_PKEY_CTX_get_rsa_padding(ctx, &number) > 0 && number == RSA_PKCS1_PADDING);
}

/* Whoever asks for another kind of EdDSA is not given a signature of the plain kind. */
static int takes(const char *name, const char *value, int as_text)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    char copy[16];
    OSSL_PARAM params[2] = {OSSL_PARAM_END, OSSL_PARAM_END};
    int taken = 0;

    must(strlen(value) < sizeof(copy));
    strcpy(copy, value);
    params[0] = as_text ? OSSL_PARAM_construct_utf8_string(name, copy, 0)
                        : OSSL_PARAM_construct_octet_string(name, copy, strlen(value));
    taken = EVP_DigestSignInit_ex(md, NULL, NULL, NULL, NULL, key, params) == 1;
    ERR_clear_error();
    EVP_MD_CTX_free(md);
    return taken;
}

static void eddsa_parameters(void)
{
    must(takes("instance", EVP_PKEY_get0_type_name(key), 1));
    must(!takes("instance", "Ed25519ph", 1) && !takes("instance", "Ed25519ctx", 1));
    must(!takes("instance", "Ed448ph", 1));
    must(takes("context-string", "", 0));
    must(!takes("context-string", "a context", 0));
}

static void parameters(void)
{
    EVP_MD_CTX *md = begin();
    EVP_PKEY_CTX *ctx = EVP_MD_CTX_get_pkey_ctx(md);
    const EVP_MD *digest = NULL;

    gettable(ctx);
    if (digest_of(key) == NULL)
        eddsa_parameters();
    else
        must(EVP_PKEY_CTX_get_signature_md(ctx, &digest) == 1 && EVP_MD_is_a(digest, "SHA256"));
    if (EVP_PKEY_is_a(key, "RSA"))
        rsa_parameters(ctx);
    EVP_MD_CTX_free(md);
}

/* No private part comes out by any call of libcrypto. */
static void private_parts(void)
{
    static const char *const names[] = {OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_PRIV_KEY};
    OSSL_PARAM *params = NULL;
    unsigned char raw[256];
    size_t length = sizeof(raw);
    unsigned char *der = NULL;
    BIGNUM *number = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        must(EVP_PKEY_get_bn_param(key, names[i], &number) != 1);
        must(EVP_PKEY_get_octet_string_param(key, names[i], raw, sizeof(raw), &length) != 1);
    }
    length = sizeof(raw);
    must(EVP_PKEY_get_raw_private_key(key, raw, &length) != 1);
    must(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params) != 1);
    must(i2d_PrivateKey(key, &der) <= 0);
    must(EVP_PKEY2PKCS8(key) == NULL);
    ERR_clear_error();
    must(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params) == 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        must(OSSL_PARAM_locate(params, names[i]) == NULL);
    OSSL_PARAM_free(params);
}

/* Each parameter of the key that is declared can be had. */
static void gettable_of_key(void)
{
    const OSSL_PARAM *declared = EVP_PKEY_gettable_params(key);
    unsigned char value[1024];

    must(declared != NULL && declared->key != NULL);
    for (; declared->key != NULL; declared++) {
        OSSL_PARAM params[] = {*declared, OSSL_PARAM_END};

        params[0].data = value;
        params[0].data_size = sizeof(value);
        if (params[0].data_type == OSSL_PARAM_INTEGER)
            params[0].data_size = sizeof(int);
        must(EVP_PKEY_get_params(key, params) == 1);
        must(OSSL_PARAM_modified(&params[0]));
    }
}

/* What libcrypto keeps of a key from the beginning. */
static void same_properties(EVP_PKEY *copy)
{
    char ours[80] = "", theirs[80] = "";
    unsigned char *point = NULL, *other = NULL;
    size_t length = 0;

    must(EVP_PKEY_get_bits(key) == EVP_PKEY_get_bits(copy));
    must(EVP_PKEY_get_size(key) == EVP_PKEY_get_size(copy));
    must(EVP_PKEY_get_security_bits(key) == EVP_PKEY_get_security_bits(copy));
    must(EVP_PKEY_get_default_digest_name(key, ours, sizeof(ours)) ==
         EVP_PKEY_get_default_digest_name(copy, theirs, sizeof(theirs)));
    must(strcmp(ours, theirs) == 0);
    if (!EVP_PKEY_is_a(key, "EC"))
        return;
    length = EVP_PKEY_get1_encoded_public_key(key, &point);
    must(length > 0 && length == EVP_PKEY_get1_encoded_public_key(copy, &other));
    must(memcmp(point, other, length) == 0);
    OPENSSL_free(point);
    OPENSSL_free(other);
    must(EVP_PKEY_get_group_name(key, ours, sizeof(ours), &length) == 1);
    must(EVP_PKEY_get_group_name(copy, theirs, sizeof(theirs), &length) == 1);
    must(strcmp(ours, theirs) == 0);
}

/* Compared with a copy, with another key, and copied itself. */
static void comparisons(void)
{
    EVP_PKEY *copy = software_copy();
    EVP_PKEY *other = software_key();
    EVP_PKEY *twin = EVP_PKEY_dup(key);
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    must(EVP_PKEY_eq(key, copy) == 1 && EVP_PKEY_eq(copy, key) == 1);
    must(EVP_PKEY_eq(key, other) == 0 && EVP_PKEY_eq(other, key) == 0);
    must(twin != NULL && EVP_PKEY_eq(key, twin) == 1);
    must(EVP_PKEY_check(check) == 1 && EVP_PKEY_public_check(check) == 1);
    must(EVP_PKEY_public_check_quick(check) == 1);
    EVP_PKEY_CTX_free(check);
    gettable_of_key();
    same_properties(copy);
    EVP_PKEY_free(twin);
    EVP_PKEY_free(other);
    EVP_PKEY_free(copy);
}

/*
 * Copies of one request, the bundle and the same with ".2" behind, each with one approval: named in
 * one call, then duplicated; then forgotten by an empty text and named one after the other.
 */
static void several_files(void)
{
    char first[4096];
    char second[4096];
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    OSSL_PARAM params[3];
    EVP_PKEY_CTX *ctx = NULL;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_MD_CTX *copy = EVP_MD_CTX_new();

    must(md != NULL && copy != NULL);
    snprintf(first, sizeof(first), "%s", bundle);
    snprintf(second, sizeof(second), "%s.2", bundle);
    must(EVP_DigestSignInit_ex(md, &ctx, digest_of(key), NULL, NULL, key, NULL) == 1);
    params[0] = OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS_FILE, first, 0);
    params[1] = OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS_FILE, second, 0);
    params[2] = OSSL_PARAM_construct_end();
    must(EVP_PKEY_CTX_set_params(ctx, params) == 1);
    must(EVP_DigestSignUpdate(md, message, MESSAGE_LENGTH) == 1);
    must(EVP_MD_CTX_copy_ex(copy, md) == 1);
    must(EVP_DigestSignFinal(copy, signature, &length) == 1);
    verify(signature, length);
    EVP_MD_CTX_free(copy);

    set_text(ctx, SKA_PARAM_APPROVALS_FILE, "");
    set_text(ctx, SKA_PARAM_APPROVALS_FILE, first);
    set_text(ctx, SKA_PARAM_APPROVALS_FILE, second);
    length = sizeof(signature);
    must(EVP_DigestSignFinal(md, signature, &length) == 1);
    verify(signature, length);
    EVP_MD_CTX_free(md);
}

static const struct {
    const char *name;
    void (*run)(void);
} actions[] = {
    {"streaming", streaming},
    {"one-shot", one_shot},
    {"duplicates", duplicates},
    {"nothing", nothing},
    {"algorithm-ids", algorithm_ids},
    {"private-parts", private_parts},
    {"comparisons", comparisons},
    {"again", again},
    {"parameters", parameters},
    {"message-functions", message_functions},
    {"keep-digest", keep_digest},
    {"keep-message", keep_message},
    {"begun", begun},
    {"several-files", several_files},
};

int main(int argc, char **argv)
{
    must(argc >= 3);
    key = load_key(NULL, argv[2]);
    bundle = argc > 3 ? argv[3] : NULL;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(argv[1], actions[i].name) != 0)
            continue;
        actions[i].run();
        must(ERR_peek_error() == 0);
        EVP_PKEY_free(key);
        return 0;
    }
    return 1;
}
