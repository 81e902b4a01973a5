/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool inspect: how what was verified is told at the end, and what becomes the exit status.
 */
#include <stdio.h>
#include <string.h>

#include "tools/command/inspect.h"
#include "tools/show/text.h"

/* "seal.json: the request id is not that of ...; 2 of the above are WRONG" */
static void fail_wrong(struct tool *tool, const struct verification *verification,
                       enum ska_reason reason, const char *shown)
{
    const char *first = verification->first == NULL ? "?" : verification->first;
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
    struct ska_bytes lines = {NULL, 0};
    bool done = ska_buffer_finish(&verification->text, &lines, &tool->errors);

    if (done && lines.length > 0) {
        ska_buffer_text(&text, "\nVerified without an HSM:\n");
        ska_buffer_add(&text, lines.data, lines.length);
        done = text_print(&text, &tool->errors);
    }
    if (done && verification->wrong > 0) {
        fail_wrong(tool, verification, reason, shown);
        done = false;
    }
    ska_bytes_free(&lines);
    verify_clear(verification);
    return done;
}
