/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrapping a key.
 */
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/device_crypt.h"
#include "simulator/tsb/wrap_method.h"

struct wrapping {
    const char *key_name;
    const char *wrapped_name;
    const struct tsb_wrap_method *method;
};

static bool read_wrapping(struct tsb_exchange *exchange, struct wrapping *wanted)
{
    static const char *const names[] = {"wrapKeyName",    "wrapKeyPassword",
                                        "keyToBeWrapped", "keyToBeWrappedPassword",
                                        "wrapMethod",     NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct ska_json_place inner;

    tsb_exchange_top(exchange, &errors, &top);
    return tsb_read_root(&top, "wrapKeyRequest", names, &inner) &&
           tsb_need_text(&inner, "wrapKeyName", &wanted->key_name) &&
           tsb_need_text(&inner, "keyToBeWrapped", &wanted->wrapped_name) &&
           tsb_wrap_method_read(&exchange->answer, &inner, &wanted->method) &&
           tsb_check_key_password(exchange, &inner, "wrapKeyPassword", wanted->key_name) &&
           tsb_check_key_password(exchange, &inner, "keyToBeWrappedPassword", wanted->wrapped_name);
}

static bool check_wrapping(struct tsb_exchange *exchange, const struct wrapping *wanted,
                           const struct tsb_key *key, const struct tsb_key *wrapped)
{
    if (wanted->method->wrapping_type != key->type)
        return tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY,
                          "key %s cannot do %s", wanted->key_name, wanted->method->name);
    return (wrapped->private_key != CK_INVALID_HANDLE &&
            wrapped->secret == wanted->method->secret &&
            (wrapped->secret || wrapped->type == wanted->method->wrapped_type)) ||
           tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY,
                      "key %s cannot be wrapped by %s", wanted->wrapped_name, wanted->method->name);
}

static bool wrap_with_key(struct tsb_exchange *exchange, const struct wrapping *wanted,
                          struct tsb_key *key, struct tsb_key *wrapped, struct ska_bytes *bytes)
{
    struct tsb_device *device = exchange->server->device;
    CK_MECHANISM mechanism = tsb_wrap_mechanism(wanted->method);
    CK_RV rv = tsb_key_open(device, wanted->key_name, key);

    if (rv != CKR_OK)
        return tsb_fail_key(exchange, rv, wanted->key_name);
    rv = tsb_key_open(device, wanted->wrapped_name, wrapped);
    if (rv != CKR_OK)
        return tsb_fail_key(exchange, rv, wanted->wrapped_name);
    if (!check_wrapping(exchange, wanted, key, wrapped))
        return false;
    rv = tsb_key_wrap(device, key, &mechanism, wrapped, bytes);
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

void tsb_wrap(struct tsb_exchange *exchange)
{
    struct wrapping wanted = {NULL, NULL, NULL};
    struct tsb_key key = {.session = CK_INVALID_HANDLE};
    struct tsb_key wrapped = {.session = CK_INVALID_HANDLE};
    struct ska_bytes bytes = {NULL, 0};

    if (read_wrapping(exchange, &wanted) &&
        wrap_with_key(exchange, &wanted, &key, &wrapped, &bytes))
        tsb_answer_bytes(exchange, 200, "wrappedKey", ska_span_of(&bytes));
    tsb_key_close(exchange->server->device, &wrapped);
    tsb_key_close(exchange->server->device, &key);
    ska_bytes_free(&bytes);
}
