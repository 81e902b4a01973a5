/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordinary keys that libcrypto has generated on a token: only where a parameter names the URI of
 * the new key, since libcrypto asks for keys of every kind here, those of handshakes among them.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/binding.h"
#include "provider/hsm/key_generate.h"
#include "provider/keys/make_key.h"
#include "provider/key.h"
#include "ska/provider.h"

/* libcrypto's own, where nothing is said. */
#define DEFAULT_BITS 2048

void ska_token_generation_clear(struct ska_token_generation *wanted)
{
    hsm_uri_free(wanted->uri);
    wanted->uri = NULL;
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static bool set_uri(struct ska_token_generation *wanted, const struct ska_provider *provider,
                    const char *text)
{
    struct hsm_uri *uri = NULL;
    struct backend_key_template name = {0};

    if (!ska_provider_configured(provider, &provider->errors) ||
        !hsm_uri_parse(text, &uri, &provider->errors))
        return false;
    if (!ska_uri_check(uri, &provider->errors) ||
        !hsm_key_template_name(&name, uri, &provider->errors)) {
        hsm_uri_free(uri);
        return false;
    }
    hsm_uri_free(wanted->uri);
    wanted->uri = uri;
    return true;
}

static const struct {
    const char *name;
    enum backend_key_use use;
} uses[] = {
    {"sign", BACKEND_USE_SIGN}, {"decrypt", BACKEND_USE_DECRYPT}, {"derive", BACKEND_USE_DERIVE}};

/* One word of the list; 0: it is none of ours. */
static unsigned int use_named(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
        if (strlen(uses[i].name) == length && strncmp(uses[i].name, word, length) == 0)
            return uses[i].use;
    return 0;
}

static bool set_use(struct ska_token_generation *wanted, const struct ska_provider *provider,
                    const char *text)
{
    unsigned int all = 0;

    for (;;) {
        const size_t length = strcspn(text, ",");
        const unsigned int use = use_named(text, length);

        if (use == 0)
            return ska_fail(&provider->errors, SKA_R_BAD_PARAMETER,
                            SKA_PARAM_KEY_USAGE ": sign, decrypt or derive, separated by commas");
        all |= use;
        text += length;
        if (*text == 0)
            break;
        text++;
    }
    wanted->use = all;
    return true;
}

static bool text_of(const OSSL_PARAM params[], const char *name, const char **text)
{
    const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, name);

    return param != NULL && OSSL_PARAM_get_utf8_string_ptr(param, text) && *text != NULL;
}

static bool is_usual_exponent(const OSSL_PARAM *param)
{
    BIGNUM *exponent = NULL;
    bool usual = OSSL_PARAM_get_BN(param, &exponent) && BN_is_word(exponent, 65537);

    BN_free(exponent);
    return usual;
}

/* What a token is not told is only refused where it matters: software keys may have all of it. */
static void note_unsupported(struct ska_token_generation *wanted, const OSSL_PARAM params[])
{
    static const char *const names[] = {OSSL_PKEY_PARAM_RSA_DIGEST, OSSL_PKEY_PARAM_RSA_MGF1_DIGEST,
                                        OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, OSSL_PKEY_PARAM_RSA_PRIMES,
                                        OSSL_PKEY_PARAM_EC_P};
    const OSSL_PARAM *exponent = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_E);
    const char *encoding = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (OSSL_PARAM_locate_const(params, names[i]) != NULL)
            wanted->unsupported = names[i];
    if (exponent != NULL && !is_usual_exponent(exponent))
        wanted->unsupported = "an exponent other than 65537";
    if (text_of(params, OSSL_PKEY_PARAM_EC_ENCODING, &encoding) &&
        strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) != 0)
        wanted->unsupported = OSSL_PKEY_PARAM_EC_ENCODING;
}

bool ska_token_generation_set(struct ska_token_generation *wanted,
                              const struct ska_provider *provider, const OSSL_PARAM params[])
{
    const OSSL_PARAM *bits = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_BITS);
    const char *text = NULL;

    if (bits != NULL && !OSSL_PARAM_get_uint(bits, &wanted->bits))
        return ska_fail(&provider->errors, SKA_R_BAD_PARAMETER, OSSL_PKEY_PARAM_RSA_BITS);
    if (text_of(params, OSSL_PKEY_PARAM_GROUP_NAME, &text))
        snprintf(wanted->curve, sizeof(wanted->curve), "%s", text);
    note_unsupported(wanted, params);
    if (text_of(params, SKA_PARAM_URI, &text) && !set_uri(wanted, provider, text))
        return false;
    return !text_of(params, SKA_PARAM_KEY_USAGE, &text) || set_use(wanted, provider, text);
}

/* ---- Generating ------------------------------------------------------------------------------ */

static bool make_key(const struct ska_token_generation *wanted, const struct ska_provider *provider,
                     const struct backend_key_template *template_, struct backend_key **key)
{
    struct ska_prompt nobody = {NULL, NULL};
    struct ska_look_up look_up;

    ska_look_up_init(&look_up, provider, wanted->uri, NULL, &nobody);
    return keys_can_make(&provider->settings, wanted->uri, template_, &provider->errors) &&
           keys_make(&provider->settings, &look_up.wanted, template_, ska_private_libctx(), key,
                     &provider->errors);
}

/* Takes the HSM's key over, come what may. */
static struct ska_key *key_for(const struct ska_token_generation *wanted,
                               const struct ska_provider *provider, struct backend_key *hsm)
{
    struct hsm_uri *uri = hsm_uri_copy(wanted->uri);
    struct ska_key *key = NULL;

    EVP_PKEY_up_ref(backend_key_public(hsm));
    if (uri != NULL)
        key = ska_key_for_uri(provider, backend_key_type(hsm), backend_key_public(hsm), uri,
                              &provider->errors);
    else
        ska_fail(&provider->errors, SKA_R_OUT_OF_MEMORY, "for a key");
    if (key == NULL) {
        EVP_PKEY_free(backend_key_public(hsm));
        hsm_uri_free(uri);
        backend_key_free(hsm);
        return NULL;
    }
    ska_key_set_hsm(key, hsm);
    return key;
}

struct ska_key *ska_token_generation_run(const struct ska_token_generation *wanted,
                                         const struct ska_provider *provider,
                                         enum ska_key_type type)
{
    const struct ska_errors *errors = &provider->errors;
    struct backend_key_template template_ = {.type = type,
                                             .bits =
                                                 wanted->bits == 0 ? DEFAULT_BITS : wanted->bits,
                                             .curve = wanted->curve,
                                             .use = wanted->use};
    struct backend_key *hsm = NULL;

    if (wanted->uri == NULL)
        ska_fail(errors, SKA_R_BAD_PARAMETER,
                 SKA_PARAM_KEY_USAGE " is for a key on a token: give its URI with " SKA_PARAM_URI);
    else if (wanted->unsupported != NULL)
        ska_fail(errors, SKA_R_UNSUPPORTED, "%s, for a key on a token", wanted->unsupported);
    else if (type == SKA_KEY_EC && wanted->curve[0] == 0)
        ska_fail(errors, SKA_R_BAD_PARAMETER, "no curve is named");
    else if (hsm_key_template_name(&template_, wanted->uri, errors) &&
             make_key(wanted, provider, &template_, &hsm))
        return key_for(wanted, provider, hsm);
    return NULL;
}
