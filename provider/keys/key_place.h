/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places where keys can be, tokens of a PKCS#11 module and a broker, and what differs by that.
 */
#ifndef SKA_KEYS_KEY_PLACE_H
#define SKA_KEYS_KEY_PLACE_H

#include "provider/backend/backend_key_template.h"
#include "provider/base/settings.h"
#include "provider/hsm/list.h"
#include "provider/hsm/look_up.h"

/* See the functions of find_key.h, list_keys.h and make_key.h, which call these. None is NULL. */
struct key_place {
    bool has_objects;          /* public keys and certificates are there beside private keys */
    bool has_pins;             /* who looks for a key has to log in */
    bool has_passwords;        /* single keys do */
    bool needs_timestamp_keys; /* beside keys whose rules have time limits */
    /* Loads what will be needed; calls nobody. */
    bool (*prepare)(const struct ska_settings *settings, const struct ska_errors *errors);
    bool (*find)(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                 OSSL_LIB_CTX *libctx, struct backend_key **key, const struct ska_errors *errors);
    bool (*find_public)(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                        OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                        const struct ska_errors *errors);
    bool (*list)(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                 hsm_object_visit *visit, void *arg, const struct ska_errors *errors);
    bool (*can_make)(const struct ska_settings *settings, const struct hsm_uri *uri,
                     const struct backend_key_template *template_, const struct ska_errors *errors);
    bool (*make)(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                 const struct backend_key_template *template_, OSSL_LIB_CTX *libctx,
                 struct backend_key **key, const struct ska_errors *errors);
};

/* By the URI (module-path, tsb-url), and else by the settings. */
const struct key_place *key_place_of(const struct ska_settings *settings,
                                     const struct hsm_uri *uri);

extern const struct key_place key_place_tokens;
extern const struct key_place key_place_broker;

#endif
