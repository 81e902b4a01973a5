/* SPDX-License-Identifier: Apache-2.0 */
/* Approval tokens and timestamps: what decodes encodes to the same bytes. */
#include "provider/request/approval_token.h"

#include "fuzz.h"

static void try_token(struct ska_span input)
{
    struct ska_bytes again = {NULL, 0};
    struct ska_approval_token token;

    if (!ska_approval_token_decode(input, &token, NULL))
        return;
    PROMISE(ska_approval_token_encode(&token, &again, NULL));
    PROMISE(ska_span_equal(ska_span_of(&again), input));
    ska_bytes_free(&again);
}

static void try_timestamp(struct ska_span input)
{
    struct ska_bytes again = {NULL, 0};
    struct ska_timestamp timestamp;

    if (!ska_timestamp_decode(input, &timestamp, NULL))
        return;
    PROMISE(ska_timestamp_encode(&timestamp, &again, NULL));
    PROMISE(ska_span_equal(ska_span_of(&again), input));
    ska_bytes_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_token(ska_span(data, size));
    try_timestamp(ska_span(data, size));
    return 0;
}
