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

/* Of a draft nothing is anybody's approval, and it is what it was when it was written. */
static void try_draft(struct ska_span text)
{
    struct ska_request *draft = NULL;
    struct ska_request *again = NULL;
    struct ska_bytes line = {NULL, 0};

    if (!ska_request_parse_draft(text, "fuzz", &draft, NULL))
        return;
    PROMISE(draft->approval_token.length == 0 && draft->approval_count == 0);
    PROMISE(ska_request_identify(draft, NULL, NULL));
    if (ska_request_print_line(draft, &line, NULL)) {
        PROMISE(ska_request_parse_draft(ska_span_of(&line), "again", &again, NULL));
        PROMISE(ska_span_equal(ska_span_of(&draft->payload), ska_span_of(&again->payload)));
        ska_request_free(again);
    }
    ska_bytes_free(&line);
    ska_request_free(draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_request *request = NULL;
    struct ska_bytes once = {NULL, 0};
    struct ska_bytes twice = {NULL, 0};
    struct ska_approval_token token;

    try_draft(ska_span(data, size));
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
