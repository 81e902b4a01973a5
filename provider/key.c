/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/key.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

static void key_raise(void *vkey, enum ska_reason reason, const char *file, int line,
                      const char *function, const char *format, va_list args)
{
    struct ska_key *key = vkey;

    ska_provider_raise(key->provider, ska_key_label(key), reason, file, line, function, format,
                       args);
}

struct ska_key *ska_key_new(const struct ska_provider *provider, enum ska_key_type type)
{
    struct ska_key *key = calloc(1, sizeof(*key));

    if (key == NULL)
        return NULL;
    atomic_init(&key->references, 1);
    atomic_init(&key->hsm, NULL);
    key->provider = provider;
    key->errors = (struct ska_errors){key_raise, key};
    key->type = type;
    return key;
}

struct ska_key *ska_key_up_ref(struct ska_key *key)
{
    atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
    return key;
}

void ska_key_free(struct ska_key *key)
{
    if (key == NULL || atomic_fetch_sub_explicit(&key->references, 1, memory_order_acq_rel) != 1)
        return;
    EVP_PKEY_free(key->software);
    backend_key_free(atomic_load_explicit(&key->hsm, memory_order_acquire));
    hsm_uri_free(key->uri);
    hsm_pin_wipe(key->pin);
    free(key->reference_uri);
    ska_bytes_free(&key->reference);
    free(key);
}

void ska_key_set_public(struct ska_key *key, EVP_PKEY *software)
{
    int size = EVP_PKEY_get_size(software);
    int bits = EVP_PKEY_get_bits(software);

    key->software = software;
    key->software_public = true;
    key->signature_size = size > 0 ? (size_t)size : 0;
    key->bits = bits > 0 ? (unsigned int)bits : 0;
}

void ska_key_set_hsm(struct ska_key *key, struct backend_key *hsm)
{
    key->on_token = true;
    atomic_store_explicit(&key->hsm, hsm, memory_order_release);
}

int ska_key_give(struct ska_key *key, OSSL_CALLBACK *callback, void *arg)
{
    int type = OSSL_OBJECT_PKEY;
    char *name = (char *)(uintptr_t)ska_key_type_name(key->type);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof(key)),
        OSSL_PARAM_construct_end(),
    };
    int done = callback(params, arg);

    ska_key_free(key);
    return done;
}

bool ska_key_is_ska(struct ska_key *key)
{
    const struct backend_key *hsm = atomic_load_explicit(&key->hsm, memory_order_acquire);

    return hsm != NULL && backend_key_is_ska(hsm);
}

const char *ska_key_label(struct ska_key *key)
{
    const struct backend_key *hsm = atomic_load_explicit(&key->hsm, memory_order_acquire);

    if (hsm != NULL)
        return backend_key_label(hsm);
    return key->uri != NULL && key->uri->object.data != NULL ? (const char *)key->uri->object.data
                                                             : "";
}

const char *ska_key_type_name(enum ska_key_type type)
{
    static const char *const names[] = {
        [SKA_KEY_RSA] = "RSA",         [SKA_KEY_RSA_PSS] = "RSA-PSS", [SKA_KEY_EC] = "EC",
        [SKA_KEY_ED25519] = "ED25519", [SKA_KEY_ED448] = "ED448",
    };

    return names[type];
}
