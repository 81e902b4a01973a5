/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed content: whatever is shown of it is harmless, and what is not of a known kind is not read.
 */
#include "tools/show/content.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_span content = ska_span(data, size);
    enum ska_content_kind kind = ska_content_kind(content);
    struct ska_buffer text = {0};
    struct ska_span digest = {NULL, 0};

    PROMISE(kind == SKA_CONTENT_OTHER || content_kind_text(kind) != NULL);
    PROMISE(kind != SKA_CONTENT_ATTRIBUTES || ska_content_document_digest(content, &digest));
    PROMISE(ska_content_is_kept(SKA_REQUEST_CONTENT_STRUCTURES, content) ==
            (kind != SKA_CONTENT_OTHER));
    PROMISE(!ska_content_is_kept(SKA_REQUEST_CONTENT_NONE, content));
    PROMISE(kind == SKA_CONTENT_OTHER || ska_content_meaning(content, size) != SKA_MEANS_DOCUMENT);
    content_text(NULL, content, &text);
    PROMISE(!text.failed);
    for (size_t i = 0; i < text.length; i++)
        PROMISE((text.data[i] >= 0x20 && text.data[i] != 0x7F) || text.data[i] == '\n');
    ska_buffer_free(&text);
    return 0;
}
