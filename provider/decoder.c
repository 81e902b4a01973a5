/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoders for key references, in the two steps in which libcrypto walks: from PEM to DER, and from
 * DER to a key of one type. All work is done in the first step, because OSSL_STORE, by which the
 * openssl command reads its keys, drops the messages of the second. So the key waits in this
 * thread's hand until the second step, which libcrypto makes from within the first, takes it.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include "provider/algorithms.h"
#include "provider/binding.h"
#include "provider/hsm/reference.h"

static OSSL_FUNC_decoder_freectx_fn decoder_free;
static OSSL_FUNC_decoder_does_selection_fn decoder_does_selection;
static OSSL_FUNC_decoder_decode_fn decoder_decode, decode_der;
static OSSL_FUNC_decoder_export_object_fn decoder_export_object;

/* How the two steps call what goes from one to the other. */
#define STRUCTURE "SKAKeyReference"

struct decoder {
    const struct ska_provider *provider;
    enum ska_key_type type; /* of the second step */
};

static struct decoder *decoder_new(void *provider, enum ska_key_type type)
{
    struct decoder *decoder = calloc(1, sizeof(*decoder));

    if (decoder == NULL)
        return NULL;
    decoder->provider = provider;
    decoder->type = type;
    return decoder;
}

static void decoder_free(void *decoder)
{
    free(decoder);
}

/* Private keys; 0: libcrypto does not know yet what it wants. */
static int decoder_does_selection(void *provider, int selection)
{
    (void)provider;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

/* ---- From a reference to a key --------------------------------------------------------------- */

/* Without a public key inside, all is asked of the HSM at once. */
static struct hsm_key *decoder_find_now(const struct ska_provider *provider,
                                        struct hsm_reference *reference, struct ska_prompt *prompt)
{
    struct hsm_key *hsm = ska_find(provider, reference->uri, NULL, prompt);

    if (hsm != NULL) {
        reference->type = hsm_key_type(hsm);
        reference->public_key = hsm_key_public(hsm);
        EVP_PKEY_up_ref(reference->public_key);
    }
    return hsm;
}

/*
 * The PIN is read while it can be: who signs later may not be allowed to read the file any more. If
 * it cannot be read now, the first signature tries again and says why.
 */
static void read_pin(struct ska_key *key)
{
    const struct hsm_pin_source source = ska_pin_source(key->provider, key->uri);

    key->pin = hsm_pin_read(&source, NULL, NULL);
}

/* Takes over what it uses of the reference. */
static struct ska_key *key_for(const struct ska_provider *provider, struct ska_span der,
                               struct hsm_reference *reference, struct hsm_key *hsm)
{
    struct ska_key *key =
        ska_key_for_uri(provider, reference->type, reference->public_key, reference->uri);

    if (key == NULL)
        return NULL;
    reference->public_key = NULL;
    reference->uri = NULL;
    key->reference_uri = reference->text;
    reference->text = NULL;
    if (!ska_bytes_copy(&key->reference, der, &provider->errors)) {
        ska_key_free(key);
        return NULL;
    }
    if (hsm == NULL)
        read_pin(key);
    ska_key_set_hsm(key, hsm);
    return key;
}

static struct ska_key *decoder_make_key(const struct ska_provider *provider, struct ska_span der,
                                        struct ska_prompt *prompt)
{
    struct hsm_reference reference = {0};
    struct hsm_key *hsm = NULL;
    struct ska_key *key = NULL;

    if (!hsm_reference_decode(der, provider->libctx, &reference, &provider->errors))
        return NULL;
    if (ska_uri_check(reference.uri, &provider->errors) &&
        (reference.public_key != NULL ||
         (hsm = decoder_find_now(provider, &reference, prompt)) != NULL))
        key = key_for(provider, der, &reference, hsm);
    if (key == NULL)
        hsm_key_free(hsm);
    hsm_reference_clear(&reference);
    return key;
}

/* ---- The first step -------------------------------------------------------------------------- */

static _Thread_local struct ska_key *in_hand;

static int hand_over(struct ska_key *key, OSSL_CALLBACK *callback, void *arg)
{
    struct ska_key *before = in_hand;
    int type = OSSL_OBJECT_PKEY;
    char *name = (char *)(uintptr_t)ska_key_type_name(key->type);
    char structure[] = STRUCTURE;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, name, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, key->reference.data,
                                          key->reference.length),
        OSSL_PARAM_construct_end(),
    };
    int done = 0;

    in_hand = key;
    done = callback(params, arg);
    in_hand = before;
    return done;
}

/* What is not a reference is somebody else's, and that is no failure. */
static int decoder_decode(void *vdecoder, OSSL_CORE_BIO *core_in, int selection,
                          OSSL_CALLBACK *callback, void *arg,
                          OSSL_PASSPHRASE_CALLBACK *pin_callback, void *pin_arg)
{
    const struct ska_provider *provider = ((const struct decoder *)vdecoder)->provider;
    struct ska_prompt prompt = {pin_callback, pin_arg};
    BIO *in = BIO_new_from_core_bio(provider->libctx, core_in);
    struct ska_bytes der = {NULL, 0};
    struct ska_key *key = NULL;
    int done = 1;

    if (in != NULL && decoder_does_selection(NULL, selection) && hsm_reference_pem_begins(in)) {
        if (ska_provider_configured(provider) &&
            hsm_reference_pem_read(in, &der, &provider->errors))
            key = decoder_make_key(provider, ska_span_of(&der), &prompt);
        done = key != NULL && hand_over(key, callback, arg);
    }
    ska_key_free(key);
    ska_bytes_free(&der);
    BIO_free(in);
    return done;
}

/* ---- The second step ------------------------------------------------------------------------- */

/* That the first step and this one speak of the same. */
static bool decoder_holds(const struct decoder *decoder, OSSL_CORE_BIO *core_in,
                          struct ska_span expected)
{
    uint8_t data[256];
    BIO *in = BIO_new_from_core_bio(decoder->provider->libctx, core_in);
    size_t got = 0;
    bool same = in != NULL;

    while (same && BIO_read_ex(in, data, sizeof(data), &got)) {
        same = got <= expected.length && memcmp(data, expected.data, got) == 0;
        if (same)
            expected = ska_span(expected.data + got, expected.length - got);
    }
    BIO_free(in);
    return same && expected.length == 0;
}

static int decode_der(void *vdecoder, OSSL_CORE_BIO *core_in, int selection,
                      OSSL_CALLBACK *callback, void *arg, OSSL_PASSPHRASE_CALLBACK *pin_callback,
                      void *pin_arg)
{
    const struct decoder *decoder = vdecoder;
    struct ska_key *key = in_hand;

    (void)selection;
    (void)pin_callback;
    (void)pin_arg;
    if (key == NULL || key->provider != decoder->provider || key->type != decoder->type ||
        !decoder_holds(decoder, core_in, ska_span_of(&key->reference)))
        return 1;
    return ska_key_give(ska_key_up_ref(key), callback, arg);
}

/* For another provider's key management: a token's key does not go there. */
static int decoder_export_object(void *decoder, const void *reference, size_t size,
                                 OSSL_CALLBACK *callback, void *arg)
{
    (void)decoder;
    (void)reference;
    (void)size;
    (void)callback;
    (void)arg;
    return 0;
}

/* The functions of one step for one type of key. */
#define SKA_DECODER_FUNCTIONS(name, type, decode)                                                  \
    static void *decoder_new_##name(void *provider)                                                \
    {                                                                                              \
        return decoder_new(provider, type);                                                        \
    }                                                                                              \
    static const OSSL_DISPATCH name##_functions[] = {                                              \
        {OSSL_FUNC_DECODER_NEWCTX, (void (*)(void))decoder_new_##name},                            \
        {OSSL_FUNC_DECODER_FREECTX, (void (*)(void))decoder_free},                                 \
        {OSSL_FUNC_DECODER_DOES_SELECTION, (void (*)(void))decoder_does_selection},                \
        {OSSL_FUNC_DECODER_DECODE, (void (*)(void))decode},                                        \
        {OSSL_FUNC_DECODER_EXPORT_OBJECT, (void (*)(void))decoder_export_object},                  \
        {0, NULL},                                                                                 \
    };

SKA_DECODER_FUNCTIONS(pem, SKA_KEY_RSA, decoder_decode) /* of any type */
SKA_DECODER_FUNCTIONS(rsa, SKA_KEY_RSA, decode_der)
SKA_DECODER_FUNCTIONS(rsa_pss, SKA_KEY_RSA_PSS, decode_der)
SKA_DECODER_FUNCTIONS(ec, SKA_KEY_EC, decode_der)
SKA_DECODER_FUNCTIONS(ed25519, SKA_KEY_ED25519, decode_der)
SKA_DECODER_FUNCTIONS(ed448, SKA_KEY_ED448, decode_der)

#define SKA_DECODER(names, functions)                                                              \
    {                                                                                              \
        names, SKA_PROPERTIES ",input=der,structure=" STRUCTURE, functions, "key references"       \
    }

const OSSL_ALGORITHM ska_decoder_algorithms[] = {
    {"DER", SKA_PROPERTIES ",input=pem", pem_functions, "key references"},
    SKA_DECODER(SKA_NAMES_RSA, rsa_functions),
    SKA_DECODER(SKA_NAMES_RSA_PSS, rsa_pss_functions),
    SKA_DECODER(SKA_NAMES_EC, ec_functions),
    SKA_DECODER(SKA_NAMES_ED25519, ed25519_functions),
    SKA_DECODER(SKA_NAMES_ED448, ed448_functions),
    {NULL, NULL, NULL, NULL},
};
