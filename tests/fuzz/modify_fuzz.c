/* SPDX-License-Identifier: Apache-2.0 */
/* Modify payloads: what decodes encodes to the same bytes. */
#include "provider/rule/rule_codec.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_bytes again = {NULL, 0};
    struct ska_modify modify;

    if (!ska_modify_decode(ska_span(data, size), &modify, NULL))
        return 0;
    PROMISE(ska_modify_encode(&modify, &again, NULL));
    PROMISE(ska_span_equal(ska_span_of(&again), ska_span(data, size)));
    ska_bytes_free(&again);
    return 0;
}
