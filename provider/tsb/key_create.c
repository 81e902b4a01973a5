/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/key_create.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/objects.h>

#include "provider/base/error_capture.h"
#include "provider/tsb/broker_call.h"
#include "provider/tsb/broker_key.h"
#include "provider/tsb/rule_body.h"
#include "provider/tsb/state_check.h"

/* The longest that any object identifier of a curve is, as text. */
#define OID_SIZE 80

#define UNCLEAR "; whether the broker has made the key is not known: look for it (skatool list)"

/* ---- Before anybody is asked ----------------------------------------------------------------- */

bool tsb_key_check(const struct backend_key_template *wanted, const struct ska_errors *errors)
{
    if (wanted->timestamp)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "a broker makes the timestamps of its requests itself: it needs no "
                        "timestamp key");
    if (wanted->type == SKA_KEY_RSA_PSS)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "a broker has no RSA keys for PSS only: use RSA, which signs with PSS too");
    if ((wanted->use & ~(unsigned int)BACKEND_USE_SIGN) != 0)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "a key behind a broker can be used for signatures only");
    return tsb_rules_check(wanted->rules, errors);
}

/* ---- The body -------------------------------------------------------------------------------- */

/* By libcrypto's name or by that of NIST. */
static bool curve_oid(const char *name, char oid[OID_SIZE], const struct ska_errors *errors)
{
    int nid = EC_curve_nist2nid(name);
    const ASN1_OBJECT *object = NULL;

    if (nid == NID_undef)
        nid = OBJ_sn2nid(name);
    object = nid == NID_undef ? NULL : OBJ_nid2obj(nid);
    return (object != NULL && OBJ_obj2txt(oid, OID_SIZE, object, 1) > 0) ||
           ska_fail(errors, SKA_R_UNSUPPORTED, "curve '%s' is unknown", name);
}

static bool add_kind(cJSON *members, const struct backend_key_template *wanted,
                     const struct ska_errors *errors)
{
    char oid[OID_SIZE] = "";
    bool rsa = wanted->type == SKA_KEY_RSA;
    const char *name = rsa ? "RSA" : wanted->type == SKA_KEY_EC ? "EC" : "ED";

    if (wanted->type == SKA_KEY_EC && !curve_oid(wanted->curve, oid, errors))
        return false;
    if (wanted->type == SKA_KEY_ED25519 || wanted->type == SKA_KEY_ED448)
        snprintf(oid, sizeof(oid), "1.3.101.%d", wanted->type == SKA_KEY_ED25519 ? 112 : 113);
    return (ska_json_add_text(members, "algorithm", name) &&
            (rsa ? cJSON_AddNumberToObject(members, "keySize", wanted->bits) != NULL
                 : ska_json_add_text(members, "curveOid", oid))) ||
           ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a key");
}

static bool add_attributes(cJSON *members)
{
    cJSON *attributes = cJSON_AddObjectToObject(members, "attributes");

    return attributes != NULL && cJSON_AddFalseToObject(attributes, "decrypt") != NULL &&
           cJSON_AddTrueToObject(attributes, "sign") != NULL &&
           cJSON_AddFalseToObject(attributes, "unwrap") != NULL &&
           cJSON_AddFalseToObject(attributes, "extractable") != NULL;
}

/* Null makes an ordinary key, for ever. */
static bool add_policy(cJSON *members, const struct backend_key_template *wanted)
{
    cJSON *policy = NULL;
    cJSON *status = NULL;

    if (wanted->rules[SKA_RULE_USE] == NULL)
        return cJSON_AddNullToObject(members, "policy") != NULL;
    policy = tsb_rules_body(wanted->rules);
    if (!ska_json_add_item(members, "policy", policy))
        return false;
    status = cJSON_AddObjectToObject(policy, "keyStatus");
    return status != NULL && cJSON_AddBoolToObject(status, "blocked", wanted->blocked) != NULL;
}

static bool create_body(const struct tsb_connection *connection,
                        const struct backend_key_template *wanted, struct ska_bytes *body,
                        const struct ska_errors *errors)
{
    cJSON *members = cJSON_CreateObject();

    if (members != NULL && ska_json_add_text(members, "label", wanted->label)) {
        if (!add_kind(members, wanted, errors)) {
            cJSON_Delete(members);
            return false;
        }
        if (add_attributes(members) && add_policy(members, wanted))
            return tsb_body_make(connection, NULL, members, body, errors);
    }
    cJSON_Delete(members);
    return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a key");
}

/* ---- The call -------------------------------------------------------------------------------- */

static bool check_created(const struct tsb_connection *connection,
                          const struct backend_key_template *wanted, const cJSON *json,
                          const struct backend_key *key, const struct ska_errors *errors)
{
    struct backend_key_state state = {0};
    bool done = tsb_state_read(connection, wanted->label, json, &state, errors) &&
                tsb_check_created(key, &state, wanted, errors);

    backend_key_state_clear(&state);
    return done;
}

static bool read_created(struct tsb_connection *connection,
                         const struct backend_key_template *wanted, const cJSON *json,
                         OSSL_LIB_CTX *libctx, struct backend_key **key,
                         const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    bool done = tsb_key_read(connection, wanted->label, json, libctx, key, &to_failure);

    if (!done)
        ska_fail(errors, failure.reason, "%s" UNCLEAR, ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
    if (!done || check_created(connection, wanted, json, *key, errors))
        return done;
    backend_key_free(*key);
    *key = NULL;
    return false;
}

bool tsb_key_create(struct tsb_connection *connection, const struct backend_key_template *wanted,
                    OSSL_LIB_CTX *libctx, struct backend_key **key, const struct ska_errors *errors)
{
    struct ska_bytes body = {NULL, 0};
    struct tsb_refusal refusal;
    enum tsb_outcome outcome = TSB_FAILED;
    cJSON *json = NULL;
    bool done = false;

    if (create_body(connection, wanted, &body, errors)) {
        const struct tsb_call call = {.api = TSB_KEY_MANAGEMENT,
                                      .method = SKA_HTTP_POST,
                                      .path = "/v1/key",
                                      .body = ska_span_of(&body),
                                      .unclear = UNCLEAR};

        outcome = tsb_call(connection, &call, &json, &refusal, errors);
    }
    ska_bytes_clear_free(&body);
    if (outcome == TSB_REFUSED)
        tsb_fail_refused_key(connection, wanted->label, &refusal, errors);
    done = outcome == TSB_DONE && read_created(connection, wanted, json, libctx, key, errors);
    cJSON_Delete(json);
    return done;
}
