/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing: collects the message or its digest, then goes the way of one signature. A size query is
 * answered from the public key and starts nothing; a duplicated context shares nothing but the key.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/algorithms.h"
#include "provider/binding.h"
#include "provider/legacy_import.h"
#include "provider/request/algorithm.h"
#include "provider/request/signed_content.h"
#include "provider/signature.h"

static OSSL_FUNC_signature_newctx_fn signature_new;
static OSSL_FUNC_signature_freectx_fn signature_free;
static OSSL_FUNC_signature_dupctx_fn signature_dup;
static OSSL_FUNC_signature_sign_init_fn signature_sign_init;
static OSSL_FUNC_signature_sign_fn signature_sign;
static OSSL_FUNC_signature_digest_sign_init_fn signature_digest_sign_init;
static OSSL_FUNC_signature_digest_sign_update_fn signature_digest_sign_update;
static OSSL_FUNC_signature_digest_sign_final_fn signature_digest_sign_final;
static OSSL_FUNC_signature_digest_sign_fn signature_digest_sign;

static void *signature_new(void *provider, const char *properties)
{
    struct ska_signature *signature = calloc(1, sizeof(*signature));

    (void)properties; /* digests come from our own context */
    if (signature != NULL)
        signature->provider = provider;
    return signature;
}

static void forget_message(struct ska_signature *signature)
{
    EVP_MD_CTX_free(signature->hash);
    signature->hash = NULL;
    ska_buffer_free(&signature->message);
    ska_buffer_free(&signature->hashed);
    signature->no_content = SKA_NO_CONTENT_UNSAID;
    signature->keeps_message = false;
    ska_prepared_free(signature->prepared);
    signature->prepared = NULL;
    signature->started = false;
}

static void signature_free(void *vsignature)
{
    struct ska_signature *signature = vsignature;

    if (signature == NULL)
        return;
    forget_message(signature);
    ska_software_ctx_reset(signature);
    ska_key_free(signature->key);
    free(signature->approvals.bundle);
    ska_signature_forget_files(signature);
    free(signature->approvals.directory);
    free(signature->approvals.agent);
    free(signature->approvals.description);
    free(signature);
}

static bool dup_text(char **to, const char *from)
{
    *to = from == NULL ? NULL : strdup(from);
    return from == NULL || *to != NULL;
}

static bool dup_message(struct ska_signature *to, const struct ska_signature *from)
{
    to->hash = NULL;
    memset(&to->message, 0, sizeof(to->message));
    memset(&to->hashed, 0, sizeof(to->hashed));
    to->prepared = ska_prepared_up_ref(from->prepared);
    if (from->hash != NULL) {
        to->hash = EVP_MD_CTX_new();
        if (to->hash == NULL || !EVP_MD_CTX_copy_ex(to->hash, from->hash))
            return false;
    }
    if (from->message.length > 0)
        ska_buffer_add(&to->message, from->message.data, from->message.length);
    if (from->hashed.length > 0)
        ska_buffer_add(&to->hashed, from->hashed.data, from->hashed.length);
    return !to->message.failed && !to->hashed.failed;
}

static void *signature_dup(void *vfrom)
{
    const struct ska_signature *from = vfrom;
    struct ska_signature *to = malloc(sizeof(*to));

    if (to == NULL)
        return NULL;
    *to = *from;
    if (to->key != NULL)
        ska_key_up_ref(to->key);
    /* All copies are tried, so that nothing of `from` is left in `to` when one fails. */
    bool copied = dup_text(&to->approvals.bundle, from->approvals.bundle);
    memset(to->approvals.bundle_files, 0, sizeof(to->approvals.bundle_files));
    for (size_t i = 0; copied && from->approvals.bundle_files[i] != NULL; i++)
        copied = dup_text(&to->approvals.bundle_files[i], from->approvals.bundle_files[i]);
    copied = dup_text(&to->approvals.directory, from->approvals.directory) && copied;
    copied = dup_text(&to->approvals.agent, from->approvals.agent) && copied;
    copied = dup_text(&to->approvals.description, from->approvals.description) && copied;
    copied = dup_message(to, from) && copied;
    copied = ska_software_ctx_dup(to, from) && copied;
    if (!copied) {
        signature_free(to);
        return NULL;
    }
    return to;
}

/* key == NULL: once more with the key and the scheme of before. */
static bool signature_begin(struct ska_signature *signature, struct ska_key *key)
{
    ska_legacy_operation_begun();
    if (key != NULL) {
        ska_key_up_ref(key);
        ska_key_free(signature->key);
        signature->key = key;
        memset(&signature->scheme, 0, sizeof(signature->scheme));
        signature->scheme.pss = key->type == SKA_KEY_RSA_PSS;
        signature->scheme.salt = SKA_SALT_AUTO_DIGEST_MAX;
    }
    if (signature->key == NULL)
        return ska_fail(ska_signature_errors(signature), SKA_R_INTERNAL, "no key");
    if (!signature->key->on_token)
        return ska_fail(ska_signature_errors(signature), SKA_R_WRONG_USE,
                        "a public key cannot sign");
    forget_message(signature);
    ska_software_ctx_reset(signature);
    return true;
}

static bool is_software(const struct ska_signature *signature, const struct ska_key *key)
{
    const struct ska_key *used = key != NULL ? key : signature->key;

    return used != NULL && used->software_private;
}

static int signature_sign_init(void *vsignature, void *key, const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    if (is_software(signature, key))
        return ska_software_sign_init(signature, key, params);
    return signature_begin(signature, key) && ska_key_hsm(signature->key) != NULL &&
           ska_signature_set_params(signature, params);
}

static int signature_digest_sign_init(void *vsignature, const char *digest, void *key,
                                      const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    if (is_software(signature, key))
        return ska_software_digest_sign_init(signature, key, digest, params);
    /*
     * A missing PIN or HSM is not said here: libssl tries whether a key takes a digest, drops what
     * was raised, and would then know of no signature algorithm at all.
     */
    if (!signature_begin(signature, key))
        return 0;
    if (digest != NULL && digest[0] != 0 && !ska_signature_set_digest(signature, digest))
        return 0;
    if (!ska_key_is_edwards(signature->key) && signature->scheme.digest == SKA_DIGEST_NONE)
        signature->scheme.digest = SKA_DIGEST_SHA256;
    return ska_signature_set_params(signature, params);
}

static int signature_sign(void *vsignature, unsigned char *out, size_t *length, size_t size,
                          const unsigned char *input, size_t input_length)
{
    struct ska_signature *signature = vsignature;
    const struct ska_errors *errors = ska_signature_errors(signature);

    if (signature->software != NULL) {
        *length = size;
        return EVP_PKEY_sign(signature->software, out, length, input, input_length);
    }
    if (out == NULL) {
        *length = signature->key->signature_size;
        return 1;
    }
    if (ska_key_is_rsa(signature->key) && signature->scheme.digest == SKA_DIGEST_NONE)
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "raw RSA: say which digest the input is (digest:SHA256), or give the "
                        "document itself (-rawin)");
    if (ska_key_hsm(signature->key) == NULL)
        return 0;
    if (ska_signature_form(signature) == SKA_PAYLOAD_MESSAGE)
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "%s, this is a digest: give the document itself (-rawin)",
                        ska_key_is_ska(signature->key)
                            ? "approvers of this key approve whole messages"
                            : "with this key the token signs only what it hashes itself");
    signature->no_content = SKA_NO_CONTENT_DIGEST_GIVEN;
    return ska_signature_finish(signature, ska_span(input, input_length), out, length, size);
}

bool ska_signature_of_digest(struct ska_key *key, const char *digest_name, struct ska_span digest,
                             uint8_t *out, size_t *length)
{
    struct ska_signature *signature = signature_new((void *)(uintptr_t)key->provider, NULL);
    bool done = signature != NULL && signature_sign_init(signature, key, NULL) &&
                (digest_name == NULL || ska_signature_set_digest(signature, digest_name)) &&
                signature_sign(signature, out, length, *length, digest.data, digest.length);

    signature_free(signature);
    return done;
}

static bool start_message(struct ska_signature *signature)
{
    const struct ska_errors *errors = ska_signature_errors(signature);

    if (signature->started)
        return true;
    if (ska_key_hsm(signature->key) == NULL)
        return false;
    if (ska_signature_form(signature) == SKA_PAYLOAD_DIGEST) {
        const EVP_MD *digest = ska_private_digest(signature->scheme.digest);

        signature->hash = EVP_MD_CTX_new();
        if (signature->hash == NULL || digest == NULL ||
            !EVP_DigestInit_ex2(signature->hash, digest, NULL))
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for the digest");
        signature->keeps_message = ska_signature_input(signature) == BACKEND_INPUT_DIGEST_FIRST;
    }
    signature->started = true;
    return true;
}

/* A longer message is not kept for a token that may want to hash it. */
#define KEPT_LIMIT ((size_t)1024 * 1024)

/* Approvers can be shown what is short; a token may want to hash it itself. */
static bool keep_hashed(struct ska_signature *signature, const unsigned char *data, size_t length)
{
    const bool ska = ska_key_is_ska(signature->key);

    if (ska ? signature->no_content != SKA_NO_CONTENT_UNSAID ||
                  signature->provider->settings.request_content == SKA_REQUEST_CONTENT_NONE
            : !signature->keeps_message)
        return true;
    if (length > (ska ? SKA_CONTENT_LIMIT : KEPT_LIMIT) - signature->hashed.length) {
        ska_buffer_free(&signature->hashed);
        signature->no_content = SKA_NO_CONTENT_TOO_LONG;
        signature->keeps_message = false;
        return true;
    }
    ska_buffer_add(&signature->hashed, data, length);
    return !signature->hashed.failed;
}

static bool add_message(struct ska_signature *signature, const unsigned char *data, size_t length)
{
    const struct ska_errors *errors = ska_signature_errors(signature);

    if (!start_message(signature))
        return false;
    ska_prepared_free(signature->prepared);
    signature->prepared = NULL;
    if (signature->hash != NULL && !keep_hashed(signature, data, length))
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for the message");
    if (signature->hash != NULL)
        return EVP_DigestUpdate(signature->hash, data, length) ||
               ska_fail(errors, SKA_R_INTERNAL, "hashing failed");
    if (ska_key_is_ska(signature->key) && length > SKA_PAYLOAD_LIMIT - signature->message.length)
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "a message of more than %zu bytes does not fit into an approval token%s",
                        SKA_PAYLOAD_LIMIT,
                        ska_key_is_edwards(signature->key) ? "" : ": use ska-payload:digest");
    ska_buffer_add(&signature->message, data, length);
    return !signature->message.failed || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for the message");
}

static bool signature_sign_message(struct ska_signature *signature, unsigned char *out,
                                   size_t *length, size_t size)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length = 0;

    if (!start_message(signature))
        return false;
    if (signature->hash == NULL)
        return ska_signature_finish(signature,
                                    ska_span(signature->message.data, signature->message.length),
                                    out, length, size);
    if (!EVP_DigestFinal_ex(signature->hash, digest, &digest_length))
        return ska_fail(ska_signature_errors(signature), SKA_R_INTERNAL, "hashing failed");
    return ska_signature_finish(signature, ska_span(digest, digest_length), out, length, size);
}

static int signature_digest_sign_update(void *vsignature, const unsigned char *data, size_t length)
{
    struct ska_signature *signature = vsignature;

    if (signature->software_md != NULL)
        return EVP_DigestSignUpdate(signature->software_md, data, length);
    return add_message(signature, data, length);
}

/*
 * A message is signed once. Whatever comes of it, the next update starts a new one: nothing is ever
 * added to a message, or to a digest, that was finished.
 */
static int signature_digest_sign_final(void *vsignature, unsigned char *out, size_t *length,
                                       size_t size)
{
    struct ska_signature *signature = vsignature;
    bool done = false;

    if (signature->software_md != NULL) {
        *length = size;
        return EVP_DigestSignFinal(signature->software_md, out, length);
    }
    if (out == NULL) {
        *length = signature->key->signature_size;
        return 1;
    }
    done = signature_sign_message(signature, out, length, size);
    forget_message(signature);
    return done;
}

/*
 * One whole message; EdDSA only. RSA and EC leave it to libcrypto to make it of update and final,
 * on a copy of the context, as it does with its own keys.
 */
static int signature_digest_sign(void *vsignature, unsigned char *out, size_t *length, size_t size,
                                 const unsigned char *data, size_t data_length)
{
    struct ska_signature *signature = vsignature;

    if (signature->software_md != NULL) {
        *length = size;
        return EVP_DigestSign(signature->software_md, out, length, data, data_length);
    }
    if (out == NULL)
        return signature_digest_sign_final(signature, NULL, length, 0);
    if (signature->started)
        return ska_fail(ska_signature_errors(signature), SKA_R_WRONG_USE,
                        "a message was begun with EVP_DigestSignUpdate(): finish it first");
    if (!add_message(signature, data, data_length)) {
        forget_message(signature);
        return 0;
    }
    return signature_digest_sign_final(signature, out, length, size);
}

/*
 * EVP_PKEY_sign_message_init() of OpenSSL 3.4. By it `cms -sign -noattr` of 4.0 signs with EdDSA,
 * where the configuration prefers this provider (default_properties = ?provider=ska). For RSA and
 * EC it needs an algorithm for each digest, which nothing else would use.
 */
#ifdef OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT
static int sign_message_init(void *vsignature, void *key, const OSSL_PARAM params[])
{
    return signature_digest_sign_init(vsignature, NULL, key, params);
}

static int verify_message_init(void *vsignature, void *key, const OSSL_PARAM params[])
{
    return ska_digest_verify_init(vsignature, NULL, key, params);
}
#endif

#define SKA_COMMON_FUNCTIONS                                                                       \
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))signature_new},                                   \
        {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))signature_free},                             \
        {OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))signature_dup},                               \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))signature_digest_sign_init},        \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))signature_digest_sign_update},    \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))signature_digest_sign_final},      \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, (void (*)(void))ska_digest_verify_init},          \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, (void (*)(void))ska_digest_verify},                    \
        {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))ska_signature_set_params},            \
    {                                                                                              \
        OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))ska_signature_get_params               \
    }

#define SKA_PREHASHED_FUNCTIONS                                                                    \
    {OSSL_FUNC_SIGNATURE_SIGN_INIT, (void (*)(void))signature_sign_init},                          \
        {OSSL_FUNC_SIGNATURE_SIGN, (void (*)(void))signature_sign},                                \
        {OSSL_FUNC_SIGNATURE_VERIFY_INIT, (void (*)(void))ska_verify_init},                        \
        {OSSL_FUNC_SIGNATURE_VERIFY, (void (*)(void))ska_verify},                                  \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, (void (*)(void))ska_digest_verify_update},      \
    {                                                                                              \
        OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, (void (*)(void))ska_digest_verify_final           \
    }

static const OSSL_DISPATCH rsa_functions[] = {
    SKA_COMMON_FUNCTIONS,
    SKA_PREHASHED_FUNCTIONS,
    {OSSL_FUNC_SIGNATURE_VERIFY_RECOVER_INIT, (void (*)(void))ska_verify_recover_init},
    {OSSL_FUNC_SIGNATURE_VERIFY_RECOVER, (void (*)(void))ska_verify_recover},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))ska_signature_settable_rsa},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))ska_signature_gettable_rsa},
    {0, NULL},
};

static const OSSL_DISPATCH ecdsa_functions[] = {
    SKA_COMMON_FUNCTIONS,
    SKA_PREHASHED_FUNCTIONS,
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))ska_signature_settable_ec},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))ska_signature_gettable_other},
    {0, NULL},
};

static const OSSL_DISPATCH eddsa_functions[] = {
    SKA_COMMON_FUNCTIONS,
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))signature_digest_sign},
#ifdef OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT
    {OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT, (void (*)(void))sign_message_init},
    {OSSL_FUNC_SIGNATURE_SIGN, (void (*)(void))signature_digest_sign},
    {OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_INIT, (void (*)(void))verify_message_init},
    {OSSL_FUNC_SIGNATURE_VERIFY, (void (*)(void))ska_digest_verify},
#endif
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))ska_signature_settable_edwards},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))ska_signature_gettable_other},
    {0, NULL},
};

const OSSL_ALGORITHM ska_signature_algorithms[] = {
    {SKA_NAMES_RSA, SKA_PROPERTIES, rsa_functions, "RSA signatures by a PKCS#11 token"},
    {"ECDSA", SKA_PROPERTIES, ecdsa_functions, "ECDSA signatures by a PKCS#11 token"},
    {SKA_NAMES_ED25519, SKA_PROPERTIES, eddsa_functions, "Ed25519 signatures by a PKCS#11 token"},
    {SKA_NAMES_ED448, SKA_PROPERTIES, eddsa_functions, "Ed448 signatures by a PKCS#11 token"},
    {NULL, NULL, NULL, NULL},
};
