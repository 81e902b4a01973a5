/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of strangers in which skatool inspect --of looks for a signature: whatever is in them,
 * the values that are found are bounded, and stand in what was read or are decoded from it.
 */
#include <openssl/err.h>

#include "tools/signature_values.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signature_values values;

    if (!signature_values_read(NULL, ska_span(data, size), &values, NULL))
        return 0;
    PROMISE(values.count <= SIGNATURE_VALUES_MOST);
    /* What is of no known kind is at best the value alone: as it is, and out of base64. */
    PROMISE(values.kind != NULL || values.count <= 2);
    for (size_t i = 0; i < values.count; i++) {
        PROMISE(values.values[i].length > 0 && values.values[i].length <= SIGNATURE_VALUE_LIMIT);
        PROMISE(signature_values_hold(&values, ska_span_of(&values.values[i])));
    }
    PROMISE(ERR_peek_error() == 0);
    signature_values_clear(&values);
    return 0;
}
