/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool inspect: how what was verified is told at the end, and what becomes the exit status.
 */
#include <stdio.h>
#include <string.h>

#include "tools/command/inspect.h"
#include "tools/show/text.h"

/* "seal.json: the request id is not that of ...; 2 of the above are WRONG" */
static void fail_wrong(struct tool *tool, struct verification *verification, enum ska_reason reason,
                       const char *shown)
{
    const char *first = ska_buffer_string(&verification->first);
    bool named = strncmp(first, shown, strlen(shown)) == 0;
    char more[64] = "";

    if (verification->wrong > 1)
        snprintf(more, sizeof(more), "; %zu of the above are WRONG", verification->wrong);
    ska_fail(&tool->errors, verification->reason != 0 ? verification->reason : reason, "%s%s%s%s",
             named ? "" : shown, named ? "" : ": ", first, more);
}

bool inspect_conclude(struct tool *tool, struct verification *verification, enum ska_reason reason,
                      const char *shown)
{
    struct ska_buffer text = {0};
    bool done = true;

    if (verification->text.length > 0)
        ska_buffer_text(&text, "\nVerified without an HSM:\n");
    ska_buffer_append(&text, &verification->text);
    done = text_print(&text, &tool->errors);
    if (done && verification->wrong > 0) {
        fail_wrong(tool, verification, reason, shown);
        done = false;
    }
    verify_clear(verification);
    return done;
}
