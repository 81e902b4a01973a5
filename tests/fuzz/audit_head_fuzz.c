/* SPDX-License-Identifier: Apache-2.0 */
/* Remembered heads of audit logs: what is read prints to the same bytes. */
#include "provider/record/audit_head.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[SKA_AUDIT_HEAD_LENGTH + 1];
    struct ska_audit_head head;

    if (!ska_audit_head_parse(ska_span(data, size), &head))
        return 0;
    ska_audit_head_print(&head, text);
    PROMISE(ska_span_equal(ska_span(data, size), ska_span_text(text)));
    return 0;
}
