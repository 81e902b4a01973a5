/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/find_key.h"

#include <openssl/evp.h>

#include "provider/base/error_place.h"
#include "provider/tsb/broker_key.h"

bool keys_are_on_tokens(const struct ska_settings *settings, const struct hsm_uri *uri)
{
    return uri->module_path != NULL || (uri->tsb_url == NULL && settings->tsb_url == NULL);
}

bool keys_can_be_asked(const struct ska_settings *settings)
{
    return settings->tsb_url != NULL ||
           (settings->pkcs11_module != NULL && settings->pin_source != NULL);
}

/* ---- Behind a broker ------------------------------------------------------------------------- */

/* What narrows the search on a token, and means nothing to a broker; NULL: nothing. */
static const char *token_attribute(const struct hsm_uri *uri)
{
    const struct {
        const char *name;
        bool given;
    } attributes[] = {
        {"token", uri->token != NULL},
        {"serial", uri->serial != NULL},
        {"manufacturer", uri->manufacturer != NULL},
        {"model", uri->model != NULL},
        {"slot-id", uri->slot_id != NULL},
        {"slot-description", uri->slot_description != NULL},
        {"slot-manufacturer", uri->slot_manufacturer != NULL},
        {"library-description", uri->library_description != NULL},
        {"library-manufacturer", uri->library_manufacturer != NULL},
        {"library-version", uri->library_version != NULL},
        {"id", uri->id.data != NULL},
    };

    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
        if (attributes[i].given)
            return attributes[i].name;
    return NULL;
}

bool keys_find_broker(const struct ska_settings *settings, const struct hsm_uri *uri,
                      struct tsb_connection **connection, const struct ska_errors *errors)
{
    const char *foreign = token_attribute(uri);
    struct ska_error_place place;

    if (foreign != NULL)
        return ska_fail(errors, SKA_R_BAD_URI,
                        "%s: a broker knows keys by their labels only (object=LABEL)", foreign);
    ska_error_place_init(&place, errors, "tsb-url");
    return tsb_connection_find(settings, uri->tsb_url, connection, &place.errors);
}

static bool find_by_label(const struct ska_settings *settings, const struct hsm_uri *uri,
                          OSSL_LIB_CTX *libctx, struct backend_key **key,
                          const struct ska_errors *errors)
{
    struct tsb_connection *connection = NULL;

    return keys_find_broker(settings, uri, &connection, errors) &&
           (uri->object.data != NULL ||
            ska_fail(errors, SKA_R_BAD_URI,
                     "it names no key: add object=LABEL; in a shell URIs need quotes")) &&
           tsb_key_find(connection, ska_span_of(&uri->object), libctx, key, errors);
}

static bool find_public_by_label(const struct ska_settings *settings, const struct hsm_uri *uri,
                                 OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                                 const struct ska_errors *errors)
{
    struct backend_key *found = NULL;

    if (!find_by_label(settings, uri, libctx, &found, errors))
        return false;
    *key = backend_key_public(found);
    *type = backend_key_type(found);
    EVP_PKEY_up_ref(*key);
    backend_key_free(found);
    return true;
}

/* ---- Either ---------------------------------------------------------------------------------- */

bool keys_find(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               OSSL_LIB_CTX *libctx, struct backend_key **key, const struct ska_errors *errors)
{
    return keys_are_on_tokens(settings, wanted->uri)
               ? hsm_look_up_key(wanted, libctx, key, errors)
               : find_by_label(settings, wanted->uri, libctx, key, errors);
}

bool keys_find_public(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                      OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                      const struct ska_errors *errors)
{
    return keys_are_on_tokens(settings, wanted->uri)
               ? hsm_look_up_public(wanted, libctx, key, type, errors)
               : find_public_by_label(settings, wanted->uri, libctx, key, type, errors);
}
