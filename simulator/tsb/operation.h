/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operation of a key that somebody asks for, at once or as a request that waits for approvers:
 * what all of them share. Each kind is a row of operation_kind.c.
 */
#ifndef SKATSB_OPERATION_H
#define SKATSB_OPERATION_H

#include "simulator/tsb/certificate_body.h"
#include "simulator/tsb/cipher.h"
#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/exchange.h"
#include "simulator/tsb/new_key_body.h"
#include "simulator/tsb/signing.h"
#include "simulator/tsb/wrap_method.h"

struct tsb_operation_kind;

/* Texts are borrowed from the body and may be NULL. */
struct tsb_operation {
    const struct tsb_operation_kind *kind;
    bool synchronous; /* answered at once */
    bool again;       /* of a request that has been looked at before */
    const char *key_name;
    struct ska_bytes payload; /* decoded; of a modification the HSM's form of the new rules */
    const char *payload_type;
    const char *meta_data;
    const char *meta_data_signature;
    const cJSON *approvals; /* array of texts; NULL: none */

    /* What some kinds have besides. */
    const char *algorithm_name;
    const struct tsb_algorithm *algorithm; /* of a signature */
    const char *signature_type;
    struct ska_bytes random; /* auxiliary, of a Schnorr signature; empty: any */
    struct tsb_certificate_body certificate;
    struct tsb_cipher cipher;
    const struct tsb_wrap_method *method; /* of unwrapping */
    struct ska_bytes wrapped;
    struct tsb_new_key new_key;

    struct tsb_key key; /* open */
    struct tsb_mechanism mechanism;
    struct ska_bytes data; /* what the HSM is given of the payload */
};

/*
 * What a kind of operations is and does. Refusals go into the exchange's answer; CK_RV are the
 * HSM's answers.
 */
struct tsb_operation_kind {
    const char *root;     /* "signRequest" */
    const char *key_name; /* "signKeyName" */
    const char *password; /* "keyPassword" */
    const char *id_name;  /* "signRequestId", in the answer to a request */
    const char *parsed;   /* "signedSignRequest", in tasks */
    const char *answer;   /* "signature", in the answer to a call at once; NULL: an empty object */
    unsigned int status;  /* of that answer */
    bool bare;            /* such a call has no root */
    enum ska_operation operation; /* which rule decides */
    CK_ULONG token;               /* what the HSM's tokens are made for */
    bool has_payload;             /* that tasks show */
    bool needs_rules;             /* there is no such operation of an ordinary key */
    const char *const *members;   /* besides key, password, metaData and approvals */
    const char *const *at_once;   /* more of a call at once; NULL: none */

    /* Reads the members. */
    bool (*read)(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                 struct tsb_operation *wanted);
    /*
     * Sees that the open key can do it, and makes what the HSM needs. The payload may be there
     * already, of a request that was approved, and is kept then.
     */
    bool (*prepare)(struct tsb_exchange *exchange, struct tsb_operation *wanted);
    /* Has the HSM do it; `made` is what comes of it. */
    CK_RV(*run)
    (struct tsb_device *device, struct tsb_operation *wanted, const struct tsb_authority *by,
     struct ska_bytes *made);
    /* What of that clients get, as text; *text is to be freed, and may be NULL. */
    bool (*finish)(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                   struct ska_bytes *made, char **text);
    /* Whether it has been done already, as one can see; NULL: doing it again does no harm. */
    bool (*is_done)(struct tsb_device *device, struct tsb_operation *wanted);
};

#endif
