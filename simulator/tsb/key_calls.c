/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls about keys.
 */
#include <string.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/certificate_store.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/key_answer.h"
#include "simulator/tsb/key_register.h"
#include "simulator/tsb/key_store.h"

/* ---- Creating -------------------------------------------------------------------------------- */

static bool read_new_key(struct tsb_exchange *exchange, const struct ska_json_place *top,
                         struct tsb_new_key *key)
{
    static const char *const names[] = {"label",        "password", "id",      "algorithm",
                                        "algorithmOid", "curveOid", "keySize", "addressFormat",
                                        "attributes",   "policy",   NULL};
    struct tsb_answer *answer = &exchange->answer;

    if (!ska_json_only(top, names) || !tsb_new_key_label_read(answer, top, key) ||
        !tsb_read_password(top, "password", &key->password) ||
        !tsb_new_key_algorithm_read(answer, top, key) ||
        !tsb_new_key_size_read(answer, top, SKA_JSON_REQUIRED, key) ||
        !tsb_new_key_flags_read(top, SKA_JSON_REQUIRED, key) ||
        !tsb_new_key_policy_read(exchange, top, key))
        return false;
    return tsb_new_key_check(answer, key);
}

static bool generate_key(struct tsb_exchange *exchange, struct tsb_new_key *key)
{
    CK_RV rv = CKR_OK;

    if (!tsb_new_key_register(exchange, key))
        return false;
    rv = key->master ? tsb_master_make(exchange->server->device, &key->plan, ska_span(NULL, 0))
                     : tsb_key_generate(exchange->server->device, &key->plan);
    if (rv == CKR_DATA_LEN_RANGE && key->master)
        return tsb_refuse(&exchange->answer, TSB_KEY_ATTRIBUTES,
                          "keys are derived only on secp256k1, P-256 and Ed25519");
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

void tsb_create_key(struct tsb_exchange *exchange)
{
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct tsb_new_key key;

    memset(&key, 0, sizeof(key));
    tsb_exchange_top(exchange, &errors, &top);
    if (read_new_key(exchange, &top, &key) && generate_key(exchange, &key))
        tsb_answer_key(exchange, 201, key.plan.label);
    tsb_new_key_clear(&key);
}

/* ---- Reading and deleting -------------------------------------------------------------------- */

/* Of a key that the broker has not made nobody keeps a password. */
static bool set_password(struct tsb_exchange *exchange, const char *label, struct ska_span password)
{
    struct tsb_server *server = exchange->server;
    struct tsb_key key;
    CK_RV rv = tsb_key_open_stored(server->device, label, &key);

    tsb_key_close(server->device, &key);
    if (rv != CKR_OK)
        return tsb_fail_key(exchange, rv, label);
    return tsb_key_record_protect(server->database, server->libctx, label, password) ||
           tsb_exchange_fail_storage(exchange);
}

void tsb_change_password(struct tsb_exchange *exchange)
{
    static const char *const names[] = {"label", "password", "newPassword", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_bytes password = {NULL, 0};
    const char *label = NULL;
    struct ska_json_place top;

    tsb_exchange_top(exchange, &errors, &top);
    if (ska_json_only(&top, names) && tsb_need_text(&top, "label", &label) &&
        tsb_read_password(&top, "newPassword", &password) &&
        tsb_check_key_password(exchange, &top, "password", label) &&
        set_password(exchange, label, ska_span_of(&password)))
        tsb_answer_empty(&exchange->answer, 200);
    ska_bytes_clear_free(&password);
}

/* Who names a key in a path has no password to give. */
static bool has_no_password(struct tsb_exchange *exchange)
{
    static const struct ska_json_place nothing = {.value = NULL};

    return tsb_check_key_password(exchange, &nothing, "password", exchange->argument);
}

void tsb_read_key(struct tsb_exchange *exchange)
{
    const char *label = NULL;

    if (tsb_read_key_label(exchange, &label))
        tsb_answer_key(exchange, 200, label);
}

void tsb_read_key_by_path(struct tsb_exchange *exchange)
{
    if (has_no_password(exchange))
        tsb_answer_key(exchange, 200, exchange->argument);
}

static void delete_key(struct tsb_exchange *exchange, const char *label)
{
    struct tsb_device *device = exchange->server->device;
    struct tsb_key key;
    CK_RV rv = tsb_key_open_stored(device, label, &key);

    if (rv == CKR_OK)
        rv = tsb_ska_is_own_key(label) ? CKR_KEY_FUNCTION_NOT_PERMITTED
                                       : tsb_key_destroy(device, &key);
    tsb_key_close(device, &key);
    if (rv == CKR_OK) {
        (void)tsb_certificate_delete(device, label);
        tsb_node_forget(device, label);
    }
    if (rv != CKR_OK)
        tsb_fail_key(exchange, rv, label);
    else if (!tsb_key_record_delete(exchange->server->database, label))
        tsb_exchange_fail_storage(exchange);
    else
        tsb_answer_empty(&exchange->answer, 200);
}

void tsb_delete_key(struct tsb_exchange *exchange)
{
    const char *label = NULL;

    if (tsb_read_key_label(exchange, &label))
        delete_key(exchange, label);
}

void tsb_delete_key_by_path(struct tsb_exchange *exchange)
{
    if (has_no_password(exchange))
        delete_key(exchange, exchange->argument);
}

void tsb_list_keys(struct tsb_exchange *exchange)
{
    cJSON *array = cJSON_CreateArray();
    char **labels = NULL;
    size_t count = 0;
    CK_RV rv = tsb_key_labels(exchange->server->device, &labels, &count);
    bool done = array != NULL;

    /* Others may have made keys whose labels JSON cannot hold; nor can a call name them. */
    for (size_t i = 0; done && i < count; i++)
        if (ska_utf8_valid(ska_span_text(labels[i])))
            done = ska_json_add_item(array, NULL, cJSON_CreateString(labels[i]));
    tsb_labels_free(labels, count);
    if (rv != CKR_OK || !done) {
        cJSON_Delete(array);
        array = NULL;
    }
    if (rv != CKR_OK)
        tsb_exchange_fail_device(exchange, rv);
    else
        tsb_answer_json(&exchange->answer, 200, array);
}
