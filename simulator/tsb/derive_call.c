/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that are derived from others, and stay.
 */
#include <stdlib.h>
#include <string.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/key_answer.h"
#include "simulator/tsb/key_register.h"

struct derivation {
    struct tsb_new_key key;
    const char *master;
    const char *path;
    struct ska_bytes label; /* "MASTER/PATH" */
};

static bool make_label(struct derivation *wanted)
{
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "%s/%s", wanted->master, wanted->path);
    if (!ska_buffer_finish(&text, &wanted->label, NULL))
        return false;
    wanted->key.plan.label = (const char *)wanted->label.data;
    return true;
}

static bool read_derivation(struct tsb_exchange *exchange, struct derivation *wanted)
{
    static const char *const names[] = {"masterKeyLabel",
                                        "masterKeyPassword",
                                        "derivationPath",
                                        "attributes",
                                        "policy",
                                        "password",
                                        "addressFormat",
                                        "id",
                                        NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;

    tsb_exchange_top(exchange, &errors, &top);
    if (!ska_json_only(&top, names) || !tsb_need_text(&top, "masterKeyLabel", &wanted->master) ||
        !tsb_need_text(&top, "derivationPath", &wanted->path) ||
        !ska_json_text(&top, "id", SKA_JSON_OPTIONAL, &wanted->key.plan.id) ||
        !tsb_read_password(&top, "password", &wanted->key.password) ||
        !tsb_new_key_flags_read(&top, SKA_JSON_OPTIONAL, &wanted->key) ||
        !tsb_new_key_policy_read(exchange, &top, &wanted->key))
        return false;
    return tsb_new_key_drop_policy(&exchange->answer, "derived keys", &wanted->key) &&
           tsb_check_key_password(exchange, &top, "masterKeyPassword", wanted->master) &&
           (make_label(wanted) ||
            tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory"));
}

/* The way is tried before anything is kept. */
static bool derive_key(struct tsb_exchange *exchange, struct derivation *wanted)
{
    struct tsb_device *device = exchange->server->device;
    struct tsb_key there;
    CK_RV rv = tsb_key_open(device, wanted->key.plan.label, &there);

    tsb_key_close(device, &there);
    if (rv != CKR_OK)
        return tsb_fail_key(exchange, rv, wanted->key.plan.label);
    if (!tsb_new_key_register(exchange, &wanted->key))
        return false;
    rv = tsb_derived_make(device, &wanted->key.plan);
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

void tsb_derive_key(struct tsb_exchange *exchange)
{
    struct derivation wanted;

    memset(&wanted, 0, sizeof(wanted));
    if (read_derivation(exchange, &wanted) && derive_key(exchange, &wanted))
        tsb_answer_key(exchange, 201, wanted.key.plan.label);
    tsb_new_key_clear(&wanted.key);
    ska_bytes_free(&wanted.label);
}
