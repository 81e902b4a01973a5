/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and bundles: what is read can be written, and what was written reads the same; read for
 * the HSM alone, it is the same to the HSM.
 */
#include "provider/request/request.h"

#include "fuzz.h"

static void compare_with_bare(struct ska_span text, const struct ska_request *request)
{
    struct ska_request *bare = NULL;

    PROMISE(ska_request_parse_bare(text, "fuzz", &bare, NULL));
    PROMISE(
        ska_span_equal(ska_span_of(&bare->approval_token), ska_span_of(&request->approval_token)));
    PROMISE(bare->approval_count == request->approval_count);
    for (size_t i = 0; i < bare->approval_count; i++)
        PROMISE(ska_span_equal(ska_span_of(&bare->approvals[i].signature),
                               ska_span_of(&request->approvals[i].signature)));
    ska_request_free(bare);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_request *request = NULL;
    struct ska_bytes once = {NULL, 0};
    struct ska_bytes twice = {NULL, 0};
    struct ska_approval_token token;

    if (!ska_request_parse(ska_span(data, size), "fuzz", &request, NULL))
        return 0;
    /* The promise of the header: outside it says what the token says. */
    PROMISE(ska_approval_token_decode(ska_span_of(&request->approval_token), &token, NULL));
    PROMISE(token.operation == request->operation);
    PROMISE(token.key_name.length > 0);
    PROMISE(ska_span_equal(token.key_name, ska_span_text(request->key_label)));
    PROMISE(ska_span_equal(token.payload, ska_span_of(&request->payload)));
    compare_with_bare(ska_span(data, size), request);
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
