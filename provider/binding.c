/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/binding.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "provider/base/evp_key.h"
#include "provider/hsm/reference.h"
#include "provider/hsm/token.h"
#include "provider/keys/find_key.h"

/* ---- What a URI says ------------------------------------------------------------------------- */

bool ska_uri_check(const struct hsm_uri *uri, const struct ska_errors *errors)
{
    enum ska_payload_form form = SKA_PAYLOAD_DIGEST;
    unsigned int timeout = 0;

    if (uri->payload != NULL && !ska_payload_form_from_text(uri->payload, &form))
        return ska_fail(errors, SKA_R_BAD_URI, "payload: digest or message");
    if (uri->approvals_timeout != NULL && !ska_timeout_from_text(uri->approvals_timeout, &timeout))
        return ska_fail(errors, SKA_R_BAD_URI,
                        "approvals-timeout: seconds, at most a year (31536000)");
    return true;
}

bool ska_reference_check(const struct ska_provider *provider, const struct hsm_uri *uri,
                         const struct ska_errors *errors)
{
    return hsm_reference_check_pin_source(uri, &provider->settings, errors) &&
           ska_uri_check(uri, errors);
}

struct ska_key *ska_key_for_uri(const struct ska_provider *provider, enum ska_key_type type,
                                EVP_PKEY *public_key, struct hsm_uri *uri,
                                const struct ska_errors *errors)
{
    struct ska_key *key = ska_key_new(provider, type);

    if (key == NULL) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a key");
        return NULL;
    }
    ska_key_set_public(key, public_key);
    key->uri = uri;
    key->approvals_files[0] = uri->approvals_file;
    key->approvals_dir = uri->approvals_dir;
    key->agent = uri->agent;
    if (uri->approvals_timeout != NULL)
        key->timeout_set = ska_timeout_from_text(uri->approvals_timeout, &key->approvals_timeout);
    if (uri->payload != NULL)
        key->payload_set = ska_payload_form_from_text(uri->payload, &key->payload);
    return key;
}

/* ---- Logging in ------------------------------------------------------------------------------ */

struct hsm_defaults ska_defaults(const struct ska_provider *provider)
{
    const struct ska_settings *settings = &provider->settings;
    struct hsm_defaults defaults = {settings->pkcs11_module, settings->token, settings->pin_source,
                                    settings->pkcs11_init_args};

    return defaults;
}

struct hsm_pin_source ska_pin_source(const struct ska_provider *provider, const struct hsm_uri *uri)
{
    const struct hsm_defaults defaults = ska_defaults(provider);
    struct hsm_pin_source source = hsm_locate_pin(uri, &defaults);

    if (source.configured && source.value == NULL && provider->early_pin != NULL) {
        /* A child process does not inherit that memory is locked. */
        hsm_pin_lock(provider->early_pin);
        source.kept = provider->early_pin;
    }
    return source;
}

static bool ask_pin(void *vprompt, const char *token_label, char *pin, size_t size)
{
    const struct ska_prompt *prompt = vprompt;
    struct ska_buffer text = {0};
    struct ska_bytes info = {NULL, 0};
    size_t length = 0;
    bool answered = false;

    ska_buffer_format(&text, "PIN of token %s", token_label);
    if (ska_buffer_finish(&text, &info, NULL)) {
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, (char *)info.data, 0),
            OSSL_PARAM_END,
        };

        answered = prompt->callback(pin, size - 1, &length, params, prompt->arg) && length < size;
    }
    if (answered)
        pin[length] = 0;
    ska_bytes_free(&info);
    return answered;
}

void ska_look_up_init(struct ska_look_up *look_up, const struct ska_provider *provider,
                      const struct hsm_uri *uri, const struct hsm_pin *kept,
                      struct ska_prompt *prompt)
{
    look_up->defaults = ska_defaults(provider);
    look_up->wanted = (struct hsm_look_up){.uri = uri,
                                           .defaults = &look_up->defaults,
                                           .source = ska_pin_source(provider, uri),
                                           .private_key = true};
    if (kept != NULL)
        look_up->wanted.source.kept = kept;
    look_up->wanted.source.prompt = prompt->callback == NULL ? NULL : ask_pin;
    look_up->wanted.source.prompt_arg = prompt;
}

/* ---- Finding --------------------------------------------------------------------------------- */

struct backend_key *ska_find(const struct ska_provider *provider, const struct hsm_uri *uri,
                             const struct hsm_pin *kept, struct ska_prompt *prompt,
                             const struct ska_errors *errors)
{
    struct ska_look_up look_up;
    struct backend_key *hsm = NULL;

    ska_look_up_init(&look_up, provider, uri, kept, prompt);
    return keys_find(&provider->settings, &look_up.wanted, ska_private_libctx(), &hsm, errors)
               ? hsm
               : NULL;
}

/* ---- Binding --------------------------------------------------------------------------------- */

/* The first half of a hash: people compare them, nothing depends on it. */
#define SHOWN_BYTES 8

struct shown_hash {
    char text[2 * SHOWN_BYTES + 1];
};

static struct shown_hash shown_hash_of(EVP_PKEY *key)
{
    struct shown_hash shown = {"?"};
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct ska_bytes spki = {NULL, 0};

    if (ska_evp_encode(key, &spki, NULL) &&
        EVP_Q_digest(ska_private_libctx(), "SHA256", NULL, spki.data, spki.length, hash, NULL))
        for (size_t i = 0; i < SHOWN_BYTES; i++)
            snprintf(shown.text + 2 * i, 3, "%02x", hash[i]);
    ska_bytes_free(&spki);
    return shown;
}

static bool is_same_key(const struct ska_key *key, const struct backend_key *hsm)
{
    bool same = false;

    ERR_set_mark();
    same = backend_key_type(hsm) == key->type &&
           EVP_PKEY_eq(key->software, backend_key_public(hsm)) == 1;
    ERR_pop_to_mark();
    return same ||
           ska_fail(
               &key->errors, SKA_R_KEY_NOT_FOUND,
               "this key reference is for a different key than the one that token '%s' has under "
               "label '%s': the SHA-256 of its public key begins with %s in the file, with %s on "
               "the token. If the key was replaced, write the reference again (openssl pkey -in "
               "URI -out FILE) and renew its certificate; if not, the URI in the file is wrong",
               backend_key_token_label(hsm), backend_key_label(hsm),
               shown_hash_of(key->software).text, shown_hash_of(backend_key_public(hsm)).text);
}

/* The key was loaded without the HSM: it is looked for, and compared. */
static struct backend_key *bind_key(struct ska_key *key)
{
    struct ska_prompt nobody = {NULL, NULL};
    struct backend_key *first = NULL;
    struct backend_key *hsm = ska_find(key->provider, key->uri, key->pin, &nobody, &key->errors);

    if (hsm == NULL)
        return NULL;
    if (!is_same_key(key, hsm)) {
        backend_key_free(hsm);
        return NULL;
    }
    if (atomic_compare_exchange_strong_explicit(&key->hsm, &first, hsm, memory_order_acq_rel,
                                                memory_order_acquire))
        return hsm;
    backend_key_free(hsm);
    return first;
}

struct backend_key *ska_key_hsm(struct ska_key *key)
{
    struct backend_key *hsm = atomic_load_explicit(&key->hsm, memory_order_acquire);

    return hsm != NULL ? hsm : bind_key(key);
}
