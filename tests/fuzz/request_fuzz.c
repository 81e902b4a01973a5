/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and bundles: what is read can be written, and what was written reads the same.
 */
#include "provider/request/request.h"

#include "fuzz.h"

/* What is not for people is read in the same way. */
static void compare_with_sent(struct ska_span text, const struct ska_request *request)
{
    struct ska_request *sent = NULL;

    PROMISE(ska_request_parse_to_send(text, "fuzz", &sent, NULL));
    PROMISE(
        ska_span_equal(ska_span_of(&sent->approval_token), ska_span_of(&request->approval_token)));
    PROMISE(sent->approval_count == request->approval_count);
    for (size_t i = 0; i < sent->approval_count; i++)
        PROMISE(ska_span_equal(ska_span_of(&sent->approvals[i].signature),
                               ska_span_of(&request->approvals[i].signature)));
    ska_request_free(sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_request *request = NULL;
    struct ska_bytes once = {NULL, 0};
    struct ska_bytes twice = {NULL, 0};
    struct ska_approval_token token;

    if (!ska_request_parse(ska_span(data, size), "fuzz", &request, NULL))
        return 0;
    compare_with_sent(ska_span(data, size), request);
    /* The promise of the header: outside it says what the token says. */
    PROMISE(ska_approval_token_decode(ska_span_of(&request->approval_token), &token, NULL));
    PROMISE(token.operation == request->operation);
    PROMISE(token.key_name.length > 0);
    PROMISE(ska_span_equal(token.key_name, ska_span_text(request->key_label)));
    PROMISE(ska_span_equal(token.payload, ska_span_of(&request->payload)));
    /* Longer than allowed, when it is indented. */
    if (ska_request_print(request, &once, NULL)) {
        ska_request_free(request);
        request = NULL;
        PROMISE(ska_request_parse(ska_span_of(&once), "again", &request, NULL));
        PROMISE(ska_request_print(request, &twice, NULL));
        PROMISE(ska_span_equal(ska_span_of(&once), ska_span_of(&twice)));
    }
    PROMISE(ska_request_identify(request, NULL, NULL));
    ska_bytes_free(&once);
    ska_bytes_free(&twice);
    ska_request_free(request);
    return 0;
}
