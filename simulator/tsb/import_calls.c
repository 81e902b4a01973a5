/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that come from elsewhere in the clear, and go.
 */
#include <string.h>

#include <openssl/evp.h>

#include "provider/base/evp_key.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/certificate_store.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/device_crypt.h"
#include "simulator/tsb/key_answer.h"
#include "simulator/tsb/key_parts.h"
#include "simulator/tsb/key_register.h"

/* ---- Importing ------------------------------------------------------------------------------- */

/* What a body brings; of each at most one form. */
struct import {
    struct tsb_new_key key;
    struct ska_bytes private_key; /* PrivateKeyInfo */
    struct ska_bytes public_key;  /* SubjectPublicKeyInfo */
    struct ska_bytes secret_key;
    struct ska_bytes seed;
    struct ska_bytes certificate;
};

static void clear_import(struct import *wanted)
{
    tsb_new_key_clear(&wanted->key);
    ska_bytes_clear_free(&wanted->private_key);
    ska_bytes_free(&wanted->public_key);
    ska_bytes_clear_free(&wanted->secret_key);
    ska_bytes_clear_free(&wanted->seed);
    ska_bytes_free(&wanted->certificate);
}

static bool read_material(const struct ska_json_place *top, struct import *wanted)
{
    return ska_json_base64(top, "privateKey", SKA_JSON_OPTIONAL, &wanted->private_key) &&
           ska_json_base64(top, "publicKey", SKA_JSON_OPTIONAL, &wanted->public_key) &&
           ska_json_base64(top, "secretKey", SKA_JSON_OPTIONAL, &wanted->secret_key) &&
           ska_json_base64(top, "seed", SKA_JSON_OPTIONAL, &wanted->seed) &&
           ska_json_base64(top, "certificate", SKA_JSON_OPTIONAL, &wanted->certificate);
}

static bool read_import(struct tsb_exchange *exchange, struct import *wanted)
{
    static const char *const names[] = {
        "label",   "password",   "id",          "algorithm", "algorithmOid",  "curveOid",
        "keySize", "publicKey",  "secretKey",   "seed",      "addressFormat", "attributes",
        "policy",  "privateKey", "certificate", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct tsb_answer *answer = &exchange->answer;
    struct tsb_new_key *key = &wanted->key;
    struct ska_json_place top;

    tsb_exchange_top(exchange, &errors, &top);
    if (!ska_json_only(&top, names) || !tsb_new_key_label_read(answer, &top, key) ||
        !tsb_read_password(&top, "password", &key->password) || !read_material(&top, wanted) ||
        !tsb_new_key_algorithm_read(answer, &top, key) ||
        !tsb_new_key_size_read(answer, &top, SKA_JSON_OPTIONAL, key) ||
        !tsb_new_key_flags_read(&top, SKA_JSON_REQUIRED, key) ||
        !tsb_new_key_policy_read(exchange, &top, key) || !tsb_new_key_check(answer, key))
        return false;
    return tsb_new_key_drop_policy(answer, "imported keys", key);
}

static bool is_pair(const struct import *wanted)
{
    return wanted->private_key.data != NULL || wanted->public_key.data != NULL;
}

/* NULL: it cannot be read. */
static EVP_PKEY *decode_pair(OSSL_LIB_CTX *libctx, const struct import *wanted)
{
    return wanted->private_key.data == NULL
               ? ska_evp_decode(libctx, ska_span_of(&wanted->public_key))
               : tsb_private_key_decode(libctx, ska_span_of(&wanted->private_key));
}

/* A key that cannot be read is refused as such. */
static bool check_certificate(struct tsb_exchange *exchange, const struct import *wanted)
{
    OSSL_LIB_CTX *libctx = exchange->server->libctx;
    struct ska_bytes spki = {NULL, 0};
    EVP_PKEY *key = NULL;
    bool fits = true;

    if (wanted->certificate.data == NULL)
        return true;
    key = is_pair(wanted) ? decode_pair(libctx, wanted) : NULL;
    fits = key == NULL ? is_pair(wanted)
                       : ska_evp_encode(key, &spki, NULL) &&
                             tsb_certificate_fits(libctx, ska_span_of(&wanted->certificate),
                                                  ska_span_of(&spki));
    EVP_PKEY_free(key);
    ska_bytes_free(&spki);
    return fits || tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION,
                              "'certificate': not a certificate of the key that is imported");
}

static CK_RV import_pair(struct tsb_device *device, struct import *wanted)
{
    EVP_PKEY *key = decode_pair(tsb_device_libctx(device), wanted);
    bool public_only = wanted->private_key.data == NULL;
    CK_RV rv = CKR_KEY_TYPE_INCONSISTENT;

    ska_bytes_free(&wanted->key.parameters);
    if (key != NULL && tsb_key_curve(key, &wanted->key.parameters)) {
        wanted->key.plan.parameters = ska_span_of(&wanted->key.parameters);
        rv = tsb_key_import(device, &wanted->key.plan, key, public_only);
    }
    EVP_PKEY_free(key);
    return rv;
}

static bool import_material(struct tsb_exchange *exchange, struct import *wanted)
{
    struct tsb_device *device = exchange->server->device;
    const struct tsb_key_plan *plan = &wanted->key.plan;
    bool pair = is_pair(wanted);
    bool secret = tsb_plan_is_secret(plan);
    CK_RV rv = CKR_OK;

    if (secret ? wanted->secret_key.data == NULL : !pair && wanted->seed.data == NULL)
        return tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION,
                          "'%s': what is to be imported is missing",
                          secret ? "secretKey" : "privateKey");
    if (!check_certificate(exchange, wanted) || !tsb_new_key_register(exchange, &wanted->key))
        return false;
    if (secret)
        rv = tsb_key_import_secret(device, plan, ska_span_of(&wanted->secret_key));
    else
        rv = pair ? import_pair(device, wanted)
                  : tsb_master_make(device, plan, ska_span_of(&wanted->seed));
    if (rv == CKR_OK && wanted->certificate.data != NULL)
        rv = tsb_certificate_put(device, plan->label, ska_span_of(&wanted->certificate));
    if (rv == CKR_DATA_LEN_RANGE && wanted->seed.data != NULL)
        return tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION,
                          "'seed': from 16 to 64 bytes, for a key on secp256k1, P-256 or Ed25519");
    if (rv == CKR_KEY_TYPE_INCONSISTENT)
        return tsb_refuse(&exchange->answer, TSB_INVALID_KEY_FORMAT,
                          "the key cannot be read, or has another algorithm");
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

void tsb_import_key(struct tsb_exchange *exchange)
{
    struct import wanted;

    memset(&wanted, 0, sizeof(wanted));
    if (read_import(exchange, &wanted) && import_material(exchange, &wanted))
        tsb_answer_key(exchange, 201, wanted.key.plan.label);
    clear_import(&wanted);
}

/* ---- Exporting ------------------------------------------------------------------------------- */

static bool add_or_null(cJSON *json, const char *name, const struct ska_bytes *value, bool shown)
{
    return shown ? ska_json_add_base64(json, name, ska_span_of(value))
                 : cJSON_AddNullToObject(json, name) != NULL;
}

static void answer_export(struct tsb_exchange *exchange, bool secret, const struct ska_bytes *value,
                          const struct ska_bytes *spki)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL && !(add_or_null(json, "privateKey", value, !secret) &&
                          add_or_null(json, "publicKey", spki, !secret) &&
                          add_or_null(json, "secretKey", value, secret))) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, 200, json);
}

void tsb_export_key(struct tsb_exchange *exchange)
{
    struct tsb_device *device = exchange->server->device;
    struct ska_bytes value = {NULL, 0};
    struct ska_bytes spki = {NULL, 0};
    struct tsb_key key;
    const char *label = NULL;
    CK_RV rv = CKR_OK;

    if (!tsb_read_key_label(exchange, &label))
        return;
    rv = tsb_key_open_stored(device, label, &key);
    if (rv == CKR_OK)
        rv = tsb_key_extract(device, &key, &value);
    if (rv == CKR_OK && !key.secret)
        rv = tsb_key_spki(device, &key, &spki);
    if (rv == CKR_OK)
        answer_export(exchange, key.secret, &value, &spki);
    else
        tsb_fail_key(exchange, rv, label);
    tsb_key_close(device, &key);
    ska_bytes_clear_free(&value);
    ska_bytes_free(&spki);
}
