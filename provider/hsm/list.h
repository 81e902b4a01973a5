/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listing a token: this, and only this, looks at all objects.
 */
#ifndef SKA_HSM_LIST_H
#define SKA_HSM_LIST_H

#include "provider/base/mechanism.h"
#include "provider/hsm/uri.h"

struct hsm_token;

struct hsm_object {
    enum hsm_object_type type;
    struct ska_span label; /* with a NUL behind it */
    struct ska_span id;
    bool ska;                    /* private keys */
    bool timestamp;              /* private keys: makes HSM timestamps */
    bool known_key_type;         /* keys: whether key_type is set */
    enum ska_key_type key_type;  /* keys */
    struct ska_span certificate; /* certificates: DER */
    bool only_label;             /* what else it is the listing does not tell */
};

struct hsm_object_match {
    enum hsm_object_type type; /* HSM_OBJECT_ANY: private and public keys and certificates */
    struct ska_span label;     /* data == NULL: any; the same for id */
    struct ska_span id;
};

/* Called for each object, private keys first; false ends the listing without an error. */
typedef bool hsm_object_visit(void *arg, const struct hsm_object *object);

bool hsm_object_list(struct hsm_token *token, const struct hsm_object_match *match,
                     hsm_object_visit *visit, void *arg,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
