/* SPDX-License-Identifier: Apache-2.0 */
/* Showing arbitrary bytes: bounded, valid UTF-8, whole lines, no control characters. */
#include "tools/show/wire_dump.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_buffer buffer = {0};

    wire_dump(ska_span(data, size), &buffer);
    PROMISE(!buffer.failed);
    PROMISE(buffer.length < 512 * 1024);
    PROMISE(ska_utf8_valid(ska_span(buffer.data, buffer.length)));
    PROMISE(buffer.length == 0 || buffer.data[buffer.length - 1] == '\n');
    for (size_t i = 0; i < buffer.length; i++)
        PROMISE(buffer.data[i] == '\n' || buffer.data[i] >= ' ');
    ska_buffer_free(&buffer);
    return 0;
}
