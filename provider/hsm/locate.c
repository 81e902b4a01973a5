/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/locate.h"

#include <string.h>

#include "provider/hsm/module.h"
#include "provider/hsm/token.h"

static bool locate_module(const struct hsm_uri *uri, const struct hsm_defaults *defaults,
                          struct hsm_module **module, struct hsm_token_match *match,
                          const struct ska_errors *errors)
{
    const char *path = uri->module_path != NULL ? uri->module_path : defaults->module;

    *match = (struct hsm_token_match){uri->token,
                                      uri->serial,
                                      uri->manufacturer,
                                      uri->model,
                                      uri->slot_id,
                                      uri->slot_description,
                                      uri->slot_manufacturer,
                                      uri->library_description,
                                      uri->library_manufacturer,
                                      uri->library_version};
    if (path == NULL)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "no PKCS#11 module: set pkcs11-module in the configuration or module-path "
                        "in the URI");
    if (match->label == NULL && match->serial == NULL && match->manufacturer == NULL &&
        match->model == NULL && match->slot_id == NULL && match->slot_description == NULL &&
        match->slot_manufacturer == NULL)
        match->label = defaults->token;
    return hsm_module_open(path,
                           defaults->module != NULL && strcmp(path, defaults->module) == 0
                               ? defaults->init_args
                               : NULL,
                           module, errors);
}

bool hsm_locate(const struct hsm_uri *uri, const struct hsm_defaults *defaults,
                struct hsm_token **token, const struct ska_errors *errors)
{
    struct hsm_module *module = NULL;
    struct hsm_token_match match;

    return locate_module(uri, defaults, &module, &match, errors) &&
           hsm_token_find(module, &match, token, errors);
}

bool hsm_locate_all(const struct hsm_uri *uri, const struct hsm_defaults *defaults,
                    struct hsm_tokens *tokens, const struct ska_errors *errors)
{
    struct hsm_module *module = NULL;
    struct hsm_token_match match;

    return locate_module(uri, defaults, &module, &match, errors) &&
           hsm_token_find_all(module, &match, tokens, errors);
}

bool hsm_locate_alike(const struct hsm_uri *uri, const struct hsm_defaults *defaults,
                      struct hsm_tokens *tokens, const struct ska_errors *errors)
{
    struct hsm_module *module = NULL;
    struct hsm_token_match match;

    return locate_module(uri, defaults, &module, &match, errors) &&
           hsm_token_find_alike(module, &match, tokens, errors);
}

/* Who writes a reference chooses the token, perhaps one that the configured PIN would lock. */
static bool is_for_configured_token(const struct hsm_uri *uri, const struct hsm_defaults *defaults)
{
    return uri->in_reference &&
           (uri->pin_source == NULL ||
            (defaults->pin_source != NULL && strcmp(uri->pin_source, defaults->pin_source) == 0));
}

struct hsm_pin_source hsm_locate_pin(const struct hsm_uri *uri, const struct hsm_defaults *defaults)
{
    const bool by_uri = uri->pin_source != NULL;
    struct hsm_pin_source source = {
        .value = uri->pin == NULL ? NULL : uri->pin->value,
        .file = by_uri ? uri->pin_source : defaults->pin_source,
        .configured = !by_uri,
        .named_in = by_uri ? HSM_NAMED_IN_URI : HSM_NAMED_IN_CONFIGURATION,
        .meant_for = is_for_configured_token(uri, defaults) ? defaults->token : NULL,
    };

    return source;
}
