/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of a time-stamp authority: no bytes that anybody makes up are a time-stamp. */
#include "provider/base/der.h"
#include "tools/seal/timestamp.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ska_bytes query;
    struct ska_span reply = ska_span(data, size);
    struct ska_span token = {NULL, 0};
    struct ska_span content = {NULL, 0};

    if (query.data == NULL)
        PROMISE(seal_timestamp_query(NULL, ska_span("a signature", 11), &query, NULL));
    if (seal_timestamp_find(reply, &token)) {
        PROMISE(token.data > data && token.data + token.length == data + size);
        PROMISE(ska_der_take(&token, SKA_DER_SEQUENCE, &content) && token.length == 0);
    }
    PROMISE(!seal_timestamp_verify(reply, ska_span("a signature", 11), SEAL_TIMESTAMP_OF_ANYBODY,
                                   NULL, NULL));
    PROMISE(
        !seal_timestamp_take(reply, ska_span_of(&query), NULL, SKA_R_BAD_SIGNATURE, &token, NULL));
    return 0;
}
