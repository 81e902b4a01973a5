/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking and unblocking a key, and giving it other rules.
 */
#include "provider/rule/rule_codec.h"
#include "simulator/tsb/operation_steps.h"
#include "simulator/tsb/policy_body.h"
#include "simulator/tsb/policy_serialize.h"

const char *const tsb_no_members[] = {NULL};
const char *const tsb_modify_members[] = {"policy", NULL};

bool tsb_no_read(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                 struct tsb_operation *wanted)
{
    (void)exchange;
    (void)inner;
    (void)wanted;
    return true;
}

bool tsb_modify_read(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                     struct tsb_operation *wanted)
{
    struct ska_json_place place;
    struct tsb_policy policy;
    CK_RV rv = CKR_OK;

    if (!ska_json_object(inner, "policy", SKA_JSON_REQUIRED, &place) ||
        !tsb_policy_read(exchange, &place, false, &policy))
        return false;
    rv = tsb_modify_serialize(tsb_device_vendor_calls(exchange->server->device), policy.rules,
                              &wanted->payload);
    tsb_policy_clear(&policy);
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

bool tsb_change_prepare(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    return ska_bytes_copy(&wanted->data, ska_span_of(&wanted->payload), NULL) ||
           tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
}

CK_RV tsb_change_run(struct tsb_device *device, struct tsb_operation *wanted,
                     const struct tsb_authority *by, struct ska_bytes *made)
{
    return tsb_ska_execute(device, &wanted->key, wanted->kind->token, NULL, by, made);
}

bool tsb_change_finish(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                       struct ska_bytes *made, char **text)
{
    (void)exchange;
    (void)wanted;
    (void)made;
    *text = NULL;
    return true;
}

/* Whether the key is already what the request would make of it. */
bool tsb_change_is_done(struct tsb_device *device, struct tsb_operation *wanted)
{
    struct ska_modify modify;
    bool same = true;

    if (wanted->kind->operation != SKA_OPERATION_MODIFY)
        return tsb_key_flag(device, &wanted->key, CKA_SKA_BLOCKED) ==
               (wanted->kind->operation == SKA_OPERATION_BLOCK);
    if (!ska_modify_decode(ska_span_of(&wanted->payload), &modify, NULL))
        return false;
    for (int i = 0; same && i < SKA_RULE_COUNT; i++) {
        struct ska_bytes rule = {NULL, 0};

        same = tsb_key_rule(device, &wanted->key, (enum ska_rule_kind)i, &rule) == CKR_OK &&
               ska_span_equal(ska_span_of(&rule), modify.rules[i]);
        ska_bytes_free(&rule);
    }
    return same;
}
