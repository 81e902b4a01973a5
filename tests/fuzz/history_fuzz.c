/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a history: what is taken is what can be said of a key, and nothing of a broken line. */
#include <string.h>

#include "tools/history.h"
#include "tools/history_entries.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct history history = {0};
    struct history_entry entry;
    cJSON *json = NULL;
    bool taken =
        history_take_line(ska_span(data, size), "line", ska_span_text("seal"), &history, NULL);

    PROMISE(taken || (history.requests == 0 && history.approvers.count == 0));
    PROMISE(history.requests > 0 || history.approvers.count == 0);
    for (size_t i = 0; i < history.approvers.count; i++) {
        PROMISE(strlen(history.approvers.list[i].sha256) == NAMED_KEY_HASH_SIZE - 1);
        PROMISE(history.approvers.list[i].origin >= NAMED_KEY_SEEN);
    }
    history_clear(&history);
    if (history_entry_parse(ska_span(data, size), "line", &json, &entry, NULL))
        PROMISE(entry.time != NULL && entry.answer != NULL && entry.key != NULL);
    else
        PROMISE(json == NULL);
    cJSON_Delete(json);
    return 0;
}
