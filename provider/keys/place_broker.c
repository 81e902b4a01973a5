/* SPDX-License-Identifier: Apache-2.0 */
/* Keys behind a broker, which knows them by their labels. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/base/error_place.h"
#include "provider/base/http.h"
#include "provider/keys/key_place.h"
#include "provider/tsb/broker_key.h"
#include "provider/tsb/key_create.h"

static bool load_http(const struct ska_settings *settings, const struct ska_errors *errors)
{
    (void)settings;
    return ska_http_prepare(errors);
}

/* ---- Finding --------------------------------------------------------------------------------- */

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

static bool find_broker(const struct ska_settings *settings, const struct hsm_uri *uri,
                        struct tsb_connection **connection, const struct ska_errors *errors)
{
    const char *foreign = token_attribute(uri);
    char *url = uri->tsb_url == NULL ? NULL : strdup(uri->tsb_url);
    struct ska_error_place place;
    bool done = false;

    ska_error_place_init(&place, errors, "tsb-url");
    if (url != NULL)
        ska_broker_url_tidy(url);
    if (foreign != NULL)
        ska_fail(errors, SKA_R_BAD_URI,
                 "%s: a broker knows keys by their labels only (object=LABEL)", foreign);
    else if (uri->tsb_url != NULL && url == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a URL");
    else
        done = tsb_connection_find(settings, url, connection, &place.errors);
    free(url);
    return done;
}

static bool find_by_label(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                          OSSL_LIB_CTX *libctx, struct backend_key **key,
                          const struct ska_errors *errors)
{
    const struct hsm_uri *uri = wanted->uri;
    struct tsb_connection *connection = NULL;

    return find_broker(settings, uri, &connection, errors) &&
           (uri->object.data != NULL ||
            ska_fail(errors, SKA_R_BAD_URI,
                     "it names no key: add object=LABEL; in a shell URIs need quotes")) &&
           tsb_key_find(connection, ska_span_of(&uri->object), wanted->any_use, libctx, key,
                        errors);
}

/* That of the private key: there is none beside it. */
static bool find_public_by_label(const struct ska_settings *settings,
                                 const struct hsm_look_up *wanted, OSSL_LIB_CTX *libctx,
                                 EVP_PKEY **key, enum ska_key_type *type,
                                 const struct ska_errors *errors)
{
    struct backend_key *found = NULL;

    if (!find_by_label(settings, wanted, libctx, &found, errors))
        return false;
    *key = backend_key_public(found);
    *type = backend_key_type(found);
    EVP_PKEY_up_ref(*key);
    backend_key_free(found);
    return true;
}

/* ---- Listing --------------------------------------------------------------------------------- */

struct label_list {
    struct ska_span only; /* data == NULL: all */
    hsm_object_visit *visit;
    void *arg;
};

static bool visit_label(void *arg, struct ska_span label)
{
    const struct label_list *list = arg;
    const struct hsm_object object = {
        .type = HSM_OBJECT_PRIVATE, .label = label, .only_label = true};

    return (list->only.data != NULL && !ska_span_equal(list->only, label)) ||
           list->visit(list->arg, &object);
}

static bool list_labels(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                        hsm_object_visit *visit, void *arg, const struct ska_errors *errors)
{
    struct label_list list = {ska_span_of(&wanted->uri->object), visit, arg};
    struct tsb_connection *connection = NULL;

    return find_broker(settings, wanted->uri, &connection, errors) &&
           tsb_key_list(connection, visit_label, &list, errors);
}

/* ---- Making ---------------------------------------------------------------------------------- */

static bool can_make_by_broker(const struct ska_settings *settings, const struct hsm_uri *uri,
                               const struct backend_key_template *template_,
                               const struct ska_errors *errors)
{
    struct tsb_connection *connection = NULL;

    return find_broker(settings, uri, &connection, errors) && tsb_key_check(template_, errors);
}

static bool make_by_broker(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                           const struct backend_key_template *template_, OSSL_LIB_CTX *libctx,
                           struct backend_key **key, const struct ska_errors *errors)
{
    struct tsb_connection *connection = NULL;

    return find_broker(settings, wanted->uri, &connection, errors) &&
           tsb_key_create(connection, template_, libctx, key, errors);
}

const struct key_place key_place_broker = {
    .has_passwords = true,
    .prepare = load_http,
    .find = find_by_label,
    .find_public = find_public_by_label,
    .list = list_labels,
    .can_make = can_make_by_broker,
    .make = make_by_broker,
};
