/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders for private keys. Where PEM is asked for a key of a token, they write a key reference;
 * for all other forms they say why there is nothing to write: without them libcrypto would only
 * know that it found no encoder. Keys that were never on a token (default_key.c) are written by the
 * default provider. What is public is the default provider's business anyway.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/params.h>

#include "provider/algorithms.h"
#include "provider/binding.h"
#include "provider/core_bio.h"
#include "provider/hsm/reference.h"

static OSSL_FUNC_encoder_freectx_fn encoder_free;
static OSSL_FUNC_encoder_settable_ctx_params_fn encoder_settable_params;
static OSSL_FUNC_encoder_set_ctx_params_fn encoder_set_params;
static OSSL_FUNC_encoder_does_selection_fn encoder_does_selection;
static OSSL_FUNC_encoder_encode_fn encoder_encode;

struct encoder {
    const struct ska_provider *provider;
    const char *output;    /* "PEM", "DER" or "TEXT" */
    const char *structure; /* as libcrypto names it; NULL for text */
    char cipher[64];       /* "": not encrypted */
};

static void *encoder_new(void *provider, const char *output, const char *structure)
{
    struct encoder *encoder = calloc(1, sizeof(*encoder));

    if (encoder == NULL)
        return NULL;
    encoder->provider = provider;
    encoder->output = output;
    encoder->structure = structure;
    return encoder;
}

static void encoder_free(void *encoder)
{
    free(encoder);
}

static const OSSL_PARAM settable_params[] = {
    OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_CIPHER, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_PROPERTIES, NULL, 0),
    OSSL_PARAM_END,
};
SKA_PARAMS(encoder_settable_params, settable_params)

static int encoder_set_params(void *vencoder, const OSSL_PARAM params[])
{
    struct encoder *encoder = vencoder;
    const OSSL_PARAM *cipher = OSSL_PARAM_locate_const(params, OSSL_ENCODER_PARAM_CIPHER);
    char *name = encoder->cipher;

    return cipher == NULL || OSSL_PARAM_get_utf8_string(cipher, &name, sizeof(encoder->cipher));
}

static int encoder_does_selection(void *provider, int selection)
{
    (void)provider;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

/* A cipher that is asked for must be used: nothing is written in the clear for want of it. */
static bool set_encryption(OSSL_ENCODER_CTX *ctx, const struct encoder *encoder,
                           OSSL_PASSPHRASE_CALLBACK *callback, void *arg)
{
    char passphrase[1024];
    size_t length = 0;
    bool done = false;

    if (encoder->cipher[0] == 0)
        return true;
    done = callback(passphrase, sizeof(passphrase), &length, NULL, arg) &&
           OSSL_ENCODER_CTX_set_cipher(ctx, encoder->cipher, NULL) &&
           OSSL_ENCODER_CTX_set_passphrase(ctx, (const unsigned char *)passphrase, length);
    OPENSSL_cleanse(passphrase, sizeof(passphrase));
    return done;
}

static int write_software(const struct encoder *encoder, OSSL_CORE_BIO *out,
                          const struct ska_key *key, int selection,
                          OSSL_PASSPHRASE_CALLBACK *callback, void *arg)
{
    OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(key->software, selection, encoder->output,
                                                          encoder->structure, NULL);
    BIO *bio = ska_core_bio(encoder->provider, out);
    int done = ctx != NULL && bio != NULL && OSSL_ENCODER_CTX_get_num_encoders(ctx) > 0 &&
               set_encryption(ctx, encoder, callback, arg) && OSSL_ENCODER_to_bio(ctx, bio);

    BIO_free(bio);
    OSSL_ENCODER_CTX_free(ctx);
    return done;
}

/* ---- Keys of a token ------------------------------------------------------------------------- */

static bool write_bytes(const struct encoder *encoder, OSSL_CORE_BIO *out, struct ska_span bytes)
{
    size_t written = 0;

    return encoder->provider->core_bio_write_ex(out, bytes.data, bytes.length, &written) &&
           written == bytes.length;
}

/* A key that came from a reference is written with the very bytes it came from. */
static bool reference_of(struct ska_key *key, struct ska_bytes *der,
                         const struct ska_errors *errors)
{
    const struct backend_key *hsm = NULL;

    if (key->reference.length > 0)
        return ska_bytes_copy(der, ska_span_of(&key->reference), errors);
    if (key->uri != NULL && !ska_reference_check(key->provider, key->uri, errors))
        return false;
    hsm = ska_key_hsm(key);
    return hsm != NULL && hsm_reference_for(hsm, key->uri, der, errors);
}

static bool write_reference(const struct encoder *encoder, OSSL_CORE_BIO *out, struct ska_key *key)
{
    const struct ska_errors *errors = &encoder->provider->errors;
    struct ska_bytes der = {NULL, 0};
    struct ska_bytes pem = {NULL, 0};
    bool done = reference_of(key, &der, errors) &&
                hsm_reference_pem_write(HSM_REFERENCE_LABEL, ska_span_of(&der), &pem, errors) &&
                write_bytes(encoder, out, ska_span_of(&pem));

    ska_bytes_free(&der);
    ska_bytes_free(&pem);
    return done;
}

/* The URI is not ours alone: a reference file may come from anywhere. */
static char *encoder_shown_uri(struct ska_key *key)
{
    const struct backend_key *hsm = key->reference_uri == NULL ? ska_key_hsm(key) : NULL;
    char *made = hsm == NULL ? NULL : hsm_reference_uri(hsm, key->uri);
    const char *uri = made == NULL ? key->reference_uri : made;
    char *shown = uri == NULL ? NULL : ska_printable(ska_span_text(uri), HSM_URI_LIMIT);

    free(made);
    return shown;
}

/*
 * As OpenSSL shows those of a private key, since scripts look for these words: "modulus:" and
 * "publicExponent:" in the place of "Modulus:" and "Exponent:".
 */
static const char *private_words(const char *line, const char **rest)
{
    static const char *const words[][2] = {{"Modulus:", "modulus:"},
                                           {"Exponent:", "publicExponent:"}};

    for (size_t i = 0; i < 2; i++)
        if (strncmp(line, words[i][0], strlen(words[i][0])) == 0) {
            *rest = line + strlen(words[i][0]);
            return words[i][1];
        }
    *rest = line;
    return "";
}

/* The lines of libcrypto are shorter than this. */
#define TEXT_LINE_SIZE 512

static bool write_public_text(const struct encoder *encoder, OSSL_CORE_BIO *out,
                              const struct ska_key *key)
{
    BIO *lines = BIO_new(BIO_s_mem());
    BIO *bio = ska_core_bio(encoder->provider, out);
    char line[TEXT_LINE_SIZE];
    bool done =
        lines != NULL && bio != NULL && EVP_PKEY_print_public(lines, key->software, 0, NULL) > 0;

    while (done && BIO_gets(lines, line, sizeof(line)) > 0) {
        const char *rest = NULL;
        const char *words = private_words(line, &rest);

        done = BIO_printf(bio, "%s%s", words, rest) > 0;
    }
    BIO_free(lines);
    BIO_free(bio);
    return done;
}

/* What there is to be shown of a private key: where it is, and its public key. */
static bool encoder_write_text(const struct encoder *encoder, OSSL_CORE_BIO *out,
                               struct ska_key *key)
{
    struct ska_buffer text = {0};
    struct ska_bytes bytes = {NULL, 0};
    char *uri = encoder_shown_uri(key);
    bool done = false;

    if (uri != NULL) {
        ska_buffer_format(&text, "Private-Key: on a token, which it does not leave\n%s\n", uri);
        done = ska_buffer_finish(&text, &bytes, &encoder->provider->errors) &&
               write_bytes(encoder, out, ska_span_of(&bytes)) &&
               write_public_text(encoder, out, key);
    }
    ska_bytes_free(&bytes);
    free(uri);
    return done;
}

static bool write_token_key(const struct encoder *encoder, OSSL_CORE_BIO *out, struct ska_key *key)
{
    if (encoder->structure == NULL)
        return encoder_write_text(encoder, out, key);
    if (strcmp(encoder->output, "PEM") == 0 && strcmp(encoder->structure, "PrivateKeyInfo") == 0 &&
        encoder->cipher[0] == 0)
        return write_reference(encoder, out, key);
    return ska_fail(&encoder->provider->errors, SKA_R_NOT_EXPORTABLE,
                    "key '%s': only its public key can be written (-pubout), or a reference to it: "
                    "openssl pkey -in KEY -out FILE, in PEM and not encrypted",
                    ska_key_label(key));
}

static int encoder_encode(void *vencoder, OSSL_CORE_BIO *out, const void *vkey,
                          const OSSL_PARAM abstract[], int selection,
                          OSSL_PASSPHRASE_CALLBACK *callback, void *arg)
{
    const struct encoder *encoder = vencoder;
    struct ska_key *key = (struct ska_key *)(uintptr_t)vkey;

    if (key == NULL || abstract != NULL)
        return 0;
    if (key->on_token)
        return write_token_key(encoder, out, key);
    return key->software != NULL && write_software(encoder, out, key, selection, callback, arg);
}

/* The functions for one form of output. */
#define SKA_ENCODER_FUNCTIONS(name, output, structure)                                             \
    static void *encoder_new_##name(void *provider)                                                \
    {                                                                                              \
        return encoder_new(provider, output, structure);                                           \
    }                                                                                              \
    static const OSSL_DISPATCH name[] = {                                                          \
        {OSSL_FUNC_ENCODER_NEWCTX, (void (*)(void))encoder_new_##name},                            \
        {OSSL_FUNC_ENCODER_FREECTX, (void (*)(void))encoder_free},                                 \
        {OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS, (void (*)(void))encoder_settable_params},          \
        {OSSL_FUNC_ENCODER_SET_CTX_PARAMS, (void (*)(void))encoder_set_params},                    \
        {OSSL_FUNC_ENCODER_DOES_SELECTION, (void (*)(void))encoder_does_selection},                \
        {OSSL_FUNC_ENCODER_ENCODE, (void (*)(void))encoder_encode},                                \
        {0, NULL},                                                                                 \
    };

SKA_ENCODER_FUNCTIONS(pem_pkcs8, "PEM", "PrivateKeyInfo")
SKA_ENCODER_FUNCTIONS(der_pkcs8, "DER", "PrivateKeyInfo")
SKA_ENCODER_FUNCTIONS(pem_encrypted, "PEM", "EncryptedPrivateKeyInfo")
SKA_ENCODER_FUNCTIONS(der_encrypted, "DER", "EncryptedPrivateKeyInfo")
SKA_ENCODER_FUNCTIONS(pem_specific, "PEM", "type-specific")
SKA_ENCODER_FUNCTIONS(der_specific, "DER", "type-specific")
SKA_ENCODER_FUNCTIONS(text, "TEXT", NULL)

#define SKA_ENCODER(names, output, structure, functions)                                           \
    {                                                                                              \
        names, SKA_PROPERTIES ",output=" output ",structure=" structure, functions,                \
            "references to private keys of a token"                                                \
    }
#define SKA_ENCODERS(names)                                                                        \
    SKA_ENCODER(names, "pem", "PrivateKeyInfo", pem_pkcs8),                                        \
        SKA_ENCODER(names, "der", "PrivateKeyInfo", der_pkcs8),                                    \
        SKA_ENCODER(names, "pem", "EncryptedPrivateKeyInfo", pem_encrypted),                       \
        SKA_ENCODER(names, "der", "EncryptedPrivateKeyInfo", der_encrypted),                       \
        SKA_ENCODER(names, "pem", "type-specific", pem_specific),                                  \
        SKA_ENCODER(names, "der", "type-specific", der_specific),                                  \
    {                                                                                              \
        names, SKA_PROPERTIES ",output=text", text, "private keys of a token as text"              \
    }

const OSSL_ALGORITHM ska_encoder_algorithms[] = {
    SKA_ENCODERS(SKA_NAMES_RSA),     SKA_ENCODERS(SKA_NAMES_RSA_PSS), SKA_ENCODERS(SKA_NAMES_EC),
    SKA_ENCODERS(SKA_NAMES_ED25519), SKA_ENCODERS(SKA_NAMES_ED448),   {NULL, NULL, NULL, NULL},
};
