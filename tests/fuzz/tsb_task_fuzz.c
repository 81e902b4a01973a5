/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker asks an approver to approve: whatever stands around the approval token, the request
 * is about what the token is about.
 */
#include <string.h>

#include <openssl/err.h>

#include "provider/request/algorithm.h"
#include "provider/request/meta_data.h"
#include "provider/tsb/task_answer.h"

#include "fuzz.h"

static void check_id(const char *id)
{
    PROMISE(strlen(id) < BROKER_ID_SIZE && strpbrk(id, "/?#%. \"") == NULL);
}

static void check_task(const struct ska_request *request)
{
    struct ska_approval_token token;
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    check_id(request->id);
    if (request->unshown != NULL) {
        PROMISE(request->approval_token.length == 0 && request->signed_content.length == 0);
        return;
    }
    PROMISE(ska_approval_token_decode(ska_span_of(&request->approval_token), &token, NULL));
    PROMISE(token.operation == request->operation);
    PROMISE(token.key_name.length > 0 &&
            ska_span_equal(token.key_name, ska_span_text(request->key_label)));
    if (request->operation != SKA_OPERATION_SIGN ||
        request->mechanism.form == SKA_PAYLOAD_MESSAGE ||
        !ska_payload_digest(&request->mechanism, ska_span_of(&request->payload), &digest, &value))
        PROMISE(ska_span_equal(token.payload, ska_span_of(&request->payload)));
    else
        PROMISE(ska_span_equal(token.payload, ska_span_of(&request->payload)) ||
                ska_span_equal(token.payload, value));
    if (request->digest != SKA_DIGEST_NONE)
        PROMISE(ska_span_equal(value, ska_span_of(&request->digest_value)));
    PROMISE(request->signed_content.length <= SKA_META_CONTENT_LIMIT);
    PROMISE(request->public_key.length == 0 && request->approval_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_request *request = NULL;
    struct ska_json_place place;
    char id[BROKER_ID_SIZE];
    cJSON *json = NULL;

    if (!ska_json_parse(ska_span(data, size), "broker", &json, NULL))
        return 0;
    ska_json_top(&place, json, "broker", SKA_R_SERVER_FAILURE, NULL);
    if (tsb_task_read(&place, &request)) {
        check_task(request);
        ska_request_free(request);
    }
    if (tsb_task_request_read(&place, "2a", id))
        check_id(id);
    cJSON_Delete(json);
    PROMISE(ERR_peek_error() == 0);
    return 0;
}
