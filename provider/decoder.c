/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoders for key references, in the two steps in which libcrypto walks: from PEM to DER, and from
 * DER to a key of one type. For references in PKCS#8 only the second one is ours.
 *
 * The first step reads the block and no more: OSSL_STORE, by which the openssl command reads all
 * its files, makes it without saying what is wanted, so it may be a certificate of anybody. Only
 * the second one is told, and is not made at all where no key is wanted. There a key without a
 * public key inside, or without a source of the PIN, is looked for in the HSM, and a PIN is read,
 * if a private key was asked for; else a file would decide that somebody logs in.
 *
 * OSSL_STORE drops the messages of the second step. So what it works on waits in this thread's
 * hand, and what it says is raised by the first one, from within which libcrypto makes it.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "provider/algorithms.h"
#include "provider/base/error_capture.h"
#include "provider/binding.h"
#include "provider/core_bio.h"
#include "provider/hsm/reference.h"
#include "provider/keys/key_place.h"

static OSSL_FUNC_decoder_freectx_fn decoder_free;
static OSSL_FUNC_decoder_does_selection_fn decoder_does_selection;
static OSSL_FUNC_decoder_decode_fn decode_pem, decode_der;
static OSSL_FUNC_decoder_export_object_fn decoder_export_object;

/*
 * How libcrypto calls a private key in DER: what goes from one step to the other is taken by the
 * same decoders as a reference in PKCS#8.
 */
#define STRUCTURE "PrivateKeyInfo"

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

static bool asks_for_private_key(int selection)
{
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

/* Private keys; 0: nobody has said what is wanted. */
static int decoder_does_selection(void *provider, int selection)
{
    (void)provider;
    return selection == 0 || asks_for_private_key(selection);
}

/* ---- In hand --------------------------------------------------------------------------------- */

/* A reference from the first step to the second. */
struct in_hand {
    const struct ska_provider *provider;
    struct ska_bytes der;
    struct hsm_reference reference; /* {0} where there was a failure */
    bool asked;                     /* a key is wanted */
    struct ska_key *key;            /* that was made of it; NULL: none yet */
    struct ska_error_capture failure;
};

static _Thread_local struct in_hand *in_hand;

/*
 * What libcrypto carries instead, SEQUENCE { UTF8String }: the reference itself is no business of
 * other decoders, and where its DER is damaged nobody would come to the second step.
 */
#define TICKET_TEXT "SKA key reference"
static const uint8_t ticket[] = "\x30\x13\x0c\x11" TICKET_TEXT;
#define TICKET_LENGTH (sizeof(ticket) - 1)
_Static_assert(sizeof(TICKET_TEXT) - 1 == 0x11, "length in the ticket");

/* ---- From a reference to a key --------------------------------------------------------------- */

/* Without a public key inside, all is asked of the HSM at once. */
static struct backend_key *decoder_find_now(const struct ska_provider *provider,
                                            struct hsm_reference *reference,
                                            struct ska_prompt *prompt,
                                            const struct ska_errors *errors)
{
    struct backend_key *hsm = ska_find(provider, reference->uri, NULL, prompt, errors);

    if (hsm != NULL) {
        reference->type = backend_key_type(hsm);
        reference->public_key = backend_key_public(hsm);
        EVP_PKEY_up_ref(reference->public_key);
    }
    return hsm;
}

/*
 * The PIN is read while it can be: who signs later may not be allowed to read the file any more. If
 * it cannot be read now, the first signature tries again and says why.
 */
static void read_pin(struct ska_key *key, const struct hsm_pin_source *source)
{
    key->pin = hsm_pin_read(source, NULL, NULL);
}

/*
 * Where no source of a PIN is named it is the program's passphrase, and there is nobody to ask but
 * now. So the HSM is asked now whether it needs one. False: it has refused it.
 */
static bool log_in_now(struct ska_key *key, struct ska_prompt *prompt,
                       const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct backend_key *hsm = ska_find(key->provider, key->uri, NULL, prompt, &quiet);
    const bool refused =
        failure.reason == SKA_R_PIN_INCORRECT || failure.reason == SKA_R_PIN_LOCKED;

    /* The key itself is looked for, and compared, when it is used. */
    backend_key_free(hsm);
    if (refused)
        ska_error_capture_raise(&failure, errors);
    ska_error_capture_clear(&failure);
    return !refused;
}

/* What can be done now for signatures later. */
static bool prepare_login(struct ska_key *key, struct ska_prompt *prompt,
                          const struct ska_errors *errors)
{
    const struct hsm_pin_source source = ska_pin_source(key->provider, key->uri);

    if (!key_place_of(&key->provider->settings, key->uri)->has_pins)
        return true;
    if (!hsm_pin_is_named(&source))
        return prompt->callback == NULL || log_in_now(key, prompt, errors);
    read_pin(key, &source);
    return true;
}

/* Takes over what it uses of the reference. */
static struct ska_key *key_for(const struct in_hand *hand, struct hsm_reference *reference,
                               struct backend_key *hsm, const struct ska_errors *errors)
{
    struct ska_key *key = ska_key_for_uri(hand->provider, reference->type, reference->public_key,
                                          reference->uri, errors);

    if (key == NULL)
        return NULL;
    reference->public_key = NULL;
    reference->uri = NULL;
    key->reference_uri = reference->text;
    reference->text = NULL;
    if (!ska_bytes_copy(&key->reference, ska_span_of(&hand->der), errors)) {
        ska_key_free(key);
        return NULL;
    }
    ska_key_set_hsm(key, hsm);
    return key;
}

/* With a public key inside, nothing is asked of anybody. */
static bool decoder_make_key(struct in_hand *hand, int selection, struct ska_prompt *prompt,
                             const struct ska_errors *errors)
{
    struct hsm_reference *reference = &hand->reference;
    struct backend_key *hsm = NULL;

    if (!ska_provider_configured(hand->provider, errors) ||
        !ska_reference_check(hand->provider, reference->uri, errors))
        return false;
    if (reference->public_key == NULL && !asks_for_private_key(selection))
        return ska_fail(errors, SKA_R_BAD_REFERENCE,
                        "it contains no public key, and the HSM is asked for one only when a "
                        "private key is loaded: write the reference again (skatool pem)");
    if (reference->public_key == NULL) {
        hsm = decoder_find_now(hand->provider, reference, prompt, errors);
        if (hsm == NULL)
            return false;
    }
    hand->key = key_for(hand, reference, hsm, errors);
    if (hand->key == NULL) {
        backend_key_free(hsm);
        return false;
    }
    if (hsm != NULL || !asks_for_private_key(selection) || prepare_login(hand->key, prompt, errors))
        return true;
    ska_key_free(hand->key);
    hand->key = NULL;
    return false;
}

/* ---- The first step -------------------------------------------------------------------------- */

static int hand_over(struct in_hand *hand, OSSL_CALLBACK *callback, void *arg)
{
    struct in_hand *before = in_hand;
    int type = OSSL_OBJECT_PKEY;
    const bool type_known = hand->reference.public_key != NULL;
    char *name = type_known ? (char *)(uintptr_t)ska_key_type_name(hand->reference.type) : NULL;
    char structure[] = STRUCTURE;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, (void *)(uintptr_t)ticket,
                                          TICKET_LENGTH),
        OSSL_PARAM_construct_end(), /* the type, where it is known */
        OSSL_PARAM_construct_end(),
    };
    int done = 0;

    if (type_known)
        params[3] = OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, name, 0);
    in_hand = hand;
    done = callback(params, arg);
    in_hand = before;
    return done;
}

/* Of a block that has begun. What is wrong with it is said only where a key is wanted. */
static int decode_reference(struct in_hand *hand, BIO *in, OSSL_CALLBACK *callback, void *arg)
{
    const struct ska_provider *provider = hand->provider;
    const struct ska_errors errors = ska_error_capture(&hand->failure);
    int done = 0;

    (void)(hsm_reference_pem_read(in, &hand->der, &errors) &&
           hsm_reference_decode(ska_span_of(&hand->der), ska_private_libctx(), &hand->reference,
                                &errors));
    ERR_set_mark();
    done = hand_over(hand, callback, arg);
    if (done || !hand->asked || hand->failure.reason == 0) {
        ERR_clear_last_mark();
        return done;
    }
    /* libcrypto only saw that nobody knows the file, and many show the first message. */
    ERR_pop_to_mark();
    return ska_error_capture_raise(&hand->failure, &provider->errors);
}

/* What is not a reference is somebody else's, and that is no failure. */
static int decode_pem(void *vdecoder, OSSL_CORE_BIO *core_in, int selection,
                      OSSL_CALLBACK *callback, void *arg, OSSL_PASSPHRASE_CALLBACK *pin_callback,
                      void *pin_arg)
{
    const struct ska_provider *provider = ((const struct decoder *)vdecoder)->provider;
    BIO *in = ska_core_bio(provider, core_in);
    struct in_hand hand = {.provider = provider};
    int done = 1;

    (void)pin_callback;
    (void)pin_arg;
    if (in != NULL && decoder_does_selection(NULL, selection) && hsm_reference_pem_begins(in))
        done = decode_reference(&hand, in, callback, arg);
    ska_key_free(hand.key);
    hsm_reference_clear(&hand.reference);
    ska_bytes_free(&hand.der);
    ska_error_capture_clear(&hand.failure);
    BIO_free(in);
    return done;
}

/* ---- The second step ------------------------------------------------------------------------- */

/*
 * Who asks for a PIN may do anything meanwhile, pause an ASYNC job for ever or read other files:
 * the hand is empty until there is an answer.
 */
static bool make_with_empty_hand(struct in_hand *hand, int selection, struct ska_prompt *prompt)
{
    const struct ska_errors errors = ska_error_capture(&hand->failure);
    bool made = false;

    in_hand = NULL;
    made = decoder_make_key(hand, selection, prompt, &errors);
    in_hand = hand;
    return made;
}

/* Another type's decoder may have made the key already, where the type was not known. */
static int decode_ticket(const struct decoder *decoder, int selection, OSSL_CALLBACK *callback,
                         void *arg, struct ska_prompt *prompt)
{
    struct in_hand *hand = in_hand;

    if (hand == NULL || hand->provider != decoder->provider)
        return 1;
    hand->asked = true;
    if (hand->failure.reason != 0)
        return 0;
    if (hand->key == NULL && hand->reference.public_key != NULL &&
        hand->reference.type != decoder->type)
        return 1;
    if (hand->key == NULL && !make_with_empty_hand(hand, selection, prompt))
        return 0;
    return hand->key->type != decoder->type ||
           ska_key_give(ska_key_up_ref(hand->key), callback, arg);
}

/* ---- In PKCS#8 ------------------------------------------------------------------------------- */

/*
 * The step from PEM is the default provider's, for which it is a private key, and some programs
 * make it themselves. Here come all private keys, ours and others.
 */
static struct ska_key *make_key_of_pkcs8(const struct decoder *decoder,
                                         const struct hsm_reference_pkcs8 *read, int selection,
                                         struct ska_prompt *prompt)
{
    const struct ska_provider *provider = decoder->provider;
    struct in_hand hand = {.provider = provider};

    (void)(ska_bytes_copy(&hand.der, read->reference, &provider->errors) &&
           hsm_reference_pkcs8_decode(read, ska_private_libctx(), &hand.reference,
                                      &provider->errors) &&
           decoder_make_key(&hand, selection, prompt, &provider->errors));
    hsm_reference_clear(&hand.reference);
    ska_bytes_free(&hand.der);
    return hand.key;
}

static int decode_pkcs8(const struct decoder *decoder, struct ska_span content, int selection,
                        OSSL_CALLBACK *callback, void *arg, struct ska_prompt *prompt)
{
    struct hsm_reference_pkcs8 read = {.type = decoder->type};
    struct ska_key *key = NULL;

    if (!asks_for_private_key(selection) || !hsm_reference_pkcs8_begins(content, &read) ||
        read.type != decoder->type)
        return 1;
    key = make_key_of_pkcs8(decoder, &read, selection, prompt);
    return key != NULL && ska_key_give(key, callback, arg);
}

/* ---- Either ---------------------------------------------------------------------------------- */

/* What is longer is none of ours. */
static bool read_content(const struct ska_provider *provider, OSSL_CORE_BIO *core_in,
                         struct ska_bytes *content)
{
    size_t got = 0;

    content->data = malloc(HSM_REFERENCE_PKCS8_LIMIT + 1);
    while (content->data != NULL && content->length <= HSM_REFERENCE_PKCS8_LIMIT &&
           provider->core_bio_read_ex(core_in, content->data + content->length,
                                      HSM_REFERENCE_PKCS8_LIMIT + 1 - content->length, &got))
        content->length += got;
    return content->data != NULL && content->length <= HSM_REFERENCE_PKCS8_LIMIT;
}

/*
 * One decoder of a type for both: whoever reads any PEM file has libcrypto compare each decoder
 * with each name of each type, which takes longer than all that follows.
 */
static int decode_der(void *vdecoder, OSSL_CORE_BIO *core_in, int selection,
                      OSSL_CALLBACK *callback, void *arg, OSSL_PASSPHRASE_CALLBACK *pin_callback,
                      void *pin_arg)
{
    const struct decoder *decoder = vdecoder;
    struct ska_prompt prompt = {pin_callback, pin_arg};
    struct ska_bytes content = {NULL, 0};
    int done = 1;

    if (!decoder_does_selection(NULL, selection) ||
        !read_content(decoder->provider, core_in, &content)) {
        ska_bytes_clear_free(&content);
        return 1;
    }
    if (content.length == TICKET_LENGTH && memcmp(content.data, ticket, TICKET_LENGTH) == 0)
        done = decode_ticket(decoder, selection, callback, arg, &prompt);
    else
        done = decode_pkcs8(decoder, ska_span_of(&content), selection, callback, arg, &prompt);
    ska_bytes_clear_free(&content);
    return done;
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

SKA_DECODER_FUNCTIONS(pem, SKA_KEY_RSA, decode_pem) /* of any type */
SKA_DECODER_FUNCTIONS(rsa, SKA_KEY_RSA, decode_der)
SKA_DECODER_FUNCTIONS(rsa_pss, SKA_KEY_RSA_PSS, decode_der)
SKA_DECODER_FUNCTIONS(ec, SKA_KEY_EC, decode_der)
SKA_DECODER_FUNCTIONS(ed25519, SKA_KEY_ED25519, decode_der)
SKA_DECODER_FUNCTIONS(ed448, SKA_KEY_ED448, decode_der)

#define SKA_DECODER(names, functions)                                                              \
    {                                                                                              \
        names, SKA_PROPERTIES ",input=der,structure=" STRUCTURE, functions,                        \
            "key references, in PKCS#8 too"                                                        \
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
