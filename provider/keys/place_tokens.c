/* SPDX-License-Identifier: Apache-2.0 */
/* Keys on tokens of a PKCS#11 module. */
#include <stdlib.h>

#include "provider/base/printable.h"
#include "provider/hsm/key_generate.h"
#include "provider/hsm/module.h"
#include "provider/keys/key_place.h"

static bool load_module(const struct ska_settings *settings, const struct ska_errors *errors)
{
    struct hsm_module *module = NULL;

    return settings->pkcs11_module == NULL ||
           hsm_module_open(settings->pkcs11_module, settings->pkcs11_init_args, &module, errors);
}

static bool find_on_token(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                          OSSL_LIB_CTX *libctx, struct backend_key **key,
                          const struct ska_errors *errors)
{
    (void)settings; /* they are in the defaults */
    return hsm_look_up_key(wanted, libctx, key, errors);
}

static bool find_public_on_token(const struct ska_settings *settings,
                                 const struct hsm_look_up *wanted, OSSL_LIB_CTX *libctx,
                                 EVP_PKEY **key, enum ska_key_type *type,
                                 const struct ska_errors *errors)
{
    (void)settings;
    return hsm_look_up_public(wanted, libctx, key, type, errors);
}

static bool list_token(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                       hsm_object_visit *visit, void *arg, const struct ska_errors *errors)
{
    const struct hsm_object_match match = {HSM_OBJECT_PRIVATE, ska_span_of(&wanted->uri->object),
                                           ska_span_of(&wanted->uri->id)};
    struct hsm_token *token = NULL;

    (void)settings;
    return hsm_locate(wanted->uri, wanted->defaults, &token, errors) &&
           hsm_token_login(token, &wanted->source, errors) &&
           hsm_object_list(token, &match, visit, arg, errors);
}

static bool fail_onboarded(const struct ska_approver *approver, const struct ska_errors *errors)
{
    char *name = ska_printable(ska_span_of(&approver->name), SKA_NAME_SHOWN);

    ska_fail(errors, SKA_R_BAD_POLICY,
             "approver '%s' is given only by name (onboarded_approver_certificate), which a broker "
             "knows and a token does not: name the certificate (\"certificate\", with \"file\")",
             name == NULL ? "" : name);
    free(name);
    return false;
}

/* What else a token can make it tells when it is asked. */
static bool can_make_on_token(const struct ska_settings *settings, const struct hsm_uri *uri,
                              const struct backend_key_template *template_,
                              const struct ska_errors *errors)
{
    (void)settings;
    (void)uri;
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        const struct ska_rule *rule = template_->rules[i];
        const struct ska_approver *onboarded = rule == NULL ? NULL : ska_rule_find_onboarded(rule);

        if (onboarded != NULL)
            return fail_onboarded(onboarded, errors);
    }
    return true;
}

static bool make_on_token(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                          const struct backend_key_template *template_, OSSL_LIB_CTX *libctx,
                          struct backend_key **key, const struct ska_errors *errors)
{
    const struct hsm_key_match match = {ska_span_text(template_->label), template_->id};
    struct hsm_token *token = NULL;

    (void)settings;
    return hsm_locate(wanted->uri, wanted->defaults, &token, errors) &&
           hsm_token_login(token, &wanted->source, errors) &&
           hsm_key_generate(token, template_, errors) &&
           hsm_key_find(token, &match, libctx, key, errors);
}

const struct key_place key_place_tokens = {
    .has_objects = true,
    .has_pins = true,
    .needs_timestamp_keys = true,
    .prepare = load_module,
    .find = find_on_token,
    .find_public = find_public_on_token,
    .list = list_token,
    .can_make = can_make_on_token,
    .make = make_on_token,
};
