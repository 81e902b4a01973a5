/* SPDX-License-Identifier: Apache-2.0 */
/* Files of an approvals directory: what is read can be written and read again; no name does harm.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/request/request.h"

#include "fuzz.h"

/* The token that the seeds carry: "any payload" for the key "seal". */
static const uint8_t token[] = {0x20, 0,    0,   0,   0x3B, 0,   4,   0,   1,    0,    0,   0,
                                2,    0x10, 4,   0,   's',  'e', 'a', 'l', 0x57, 0x10, 11,  0,
                                'a',  'n',  'y', ' ', 'p',  'a', 'y', 'l', 'o',  'a',  'd', 0};

static void try_approval(const struct ska_approval *approval)
{
    struct ska_approval *again = NULL;
    struct ska_bytes text = {NULL, 0};
    size_t count = 0;
    char *shown = ska_approver_shown(NULL, approval);

    PROMISE(shown != NULL);
    PROMISE(ska_utf8_valid(ska_span_text(shown)));
    for (const char *c = shown; *c != 0; c++)
        PROMISE((unsigned char)*c >= 0x20 && *c != 0x7F);
    free(shown);
    PROMISE(strlen(approval->digest) < sizeof(approval->digest));
    PROMISE(approval->reason == NULL || ska_reason_is_allowed(approval->reason));
    if (!ska_approval_print(approval, &text, NULL))
        return;
    PROMISE(ska_approvals_parse(ska_span_of(&text), "again", ska_span(token, sizeof(token)), &again,
                                &count, NULL));
    PROMISE(count == 1);
    PROMISE(ska_span_equal(ska_span_of(&again->signer), ska_span_of(&approval->signer)));
    PROMISE(ska_span_equal(ska_span_of(&again->public_key), ska_span_of(&approval->public_key)));
    PROMISE(ska_span_equal(ska_span_of(&again->signature), ska_span_of(&approval->signature)));
    PROMISE((again->reason == NULL) == (approval->reason == NULL));
    PROMISE(again->reason == NULL || strcmp(again->reason, approval->reason) == 0);
    ska_approvals_free(again, count);
    ska_bytes_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_approval *approvals = NULL;
    size_t count = 0;

    /* What was read before a fault is the caller's too. */
    if (!ska_approvals_parse(ska_span(data, size), "fuzz", ska_span(token, sizeof(token)),
                             &approvals, &count, NULL))
        PROMISE(count <= SKA_APPROVALS_LIMIT);
    for (size_t i = 0; i < count; i++)
        try_approval(&approvals[i]);
    ska_approvals_free(approvals, count);
    return 0;
}
