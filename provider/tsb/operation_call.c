/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/operation_call.h"

#include "provider/tsb/change_body.h"
#include "provider/tsb/sign_body.h"

static const struct {
    enum tsb_api api;
    const char *paths[2]; /* by enum tsb_when */
    const char *root;
    const char *id;
} calls[] = {
    [SKA_OPERATION_SIGN] = {TSB_KEY_OPERATION,
                            {"/v1/sign", "/v1/synchronousSign"},
                            "signRequest",
                            "signRequestId"},
    [SKA_OPERATION_BLOCK] = {TSB_KEY_OPERATION,
                             {"/v1/block", "/v1/synchronousBlock"},
                             "blockRequest",
                             "blockKeyRequestId"},
    [SKA_OPERATION_UNBLOCK] = {TSB_KEY_OPERATION,
                               {"/v1/unblock", "/v1/synchronousUnblock"},
                               "unblockRequest",
                               "unblockKeyRequestId"},
    [SKA_OPERATION_MODIFY] = {TSB_KEY_MANAGEMENT,
                              {"/v1/modify", "/v1/synchronousModify"},
                              "modifyRequest",
                              "modifyKeyRequestId"},
};

cJSON *tsb_operation_members(const struct tsb_key *key, enum ska_operation operation,
                             const struct ska_mechanism *mechanism, struct ska_span payload,
                             const struct ska_errors *errors)
{
    return operation == SKA_OPERATION_SIGN ? tsb_sign_members(key, mechanism, payload, errors)
                                           : tsb_change_members(key, operation, payload, errors);
}

enum tsb_outcome tsb_operation_call(const struct tsb_key *key, enum ska_operation operation,
                                    enum tsb_when when, cJSON *members, const char *unclear,
                                    cJSON **json, struct tsb_refusal *refusal,
                                    const struct ska_errors *errors)
{
    struct ska_bytes body = {NULL, 0};
    enum tsb_outcome outcome = TSB_FAILED;

    *json = NULL;
    if (tsb_body_make(key->connection, calls[operation].root, members, &body, errors)) {
        const struct tsb_call call = {.api = calls[operation].api,
                                      .method = SKA_HTTP_POST,
                                      .path = calls[operation].paths[when],
                                      .body = ska_span_of(&body),
                                      .unclear = unclear};

        outcome = tsb_call(key->connection, &call, json, refusal, errors);
    }
    ska_bytes_clear_free(&body);
    return outcome;
}

const char *tsb_operation_id(enum ska_operation operation)
{
    return calls[operation].id;
}
