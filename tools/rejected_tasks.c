/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rejected_tasks.h"

#include <stdlib.h>
#include <string.h>

#include "tools/history.h"
#include "tools/history_entries.h"
#include "tools/show/named_keys.h"

struct reading {
    struct rejected_tasks *rejected;
    char approver_sha256[NAMED_KEY_HASH_SIZE];
    const struct ska_errors *errors;
};

static size_t find_task(const struct rejected_tasks *rejected, const char *id)
{
    size_t i = 0;

    while (i < rejected->count && strcmp(rejected->ids[i], id) != 0)
        i++;
    return i;
}

static bool add_task(struct reading *reading, const char *id)
{
    struct rejected_tasks *rejected = reading->rejected;
    char **grown = reallocarray(rejected->ids, rejected->count + 1, sizeof(*grown));

    if (grown != NULL) {
        rejected->ids = grown;
        grown[rejected->count] = strdup(id);
        if (grown[rejected->count] != NULL) {
            rejected->count++;
            return true;
        }
    }
    return ska_fail(reading->errors, SKA_R_OUT_OF_MEMORY, "answers to a broker");
}

/* Who has approved later has thought better of it. */
static void drop_task(struct rejected_tasks *rejected, size_t at)
{
    free(rejected->ids[at]);
    rejected->ids[at] = rejected->ids[--rejected->count];
}

/* A history_visit. */
static bool take_answer(void *arg, const struct history_entry *entry)
{
    struct reading *reading = arg;
    bool refused = history_is_refusal(entry->answer);
    size_t at = 0;

    if (entry->request_id == NULL || entry->approver_sha256 == NULL ||
        strcmp(entry->approver_sha256, reading->approver_sha256) != 0)
        return true;
    at = find_task(reading->rejected, entry->request_id);
    if (!refused && at < reading->rejected->count)
        drop_task(reading->rejected, at);
    return !refused || at < reading->rejected->count || add_task(reading, entry->request_id);
}

bool rejected_tasks_read(OSSL_LIB_CTX *libctx, struct ska_span public_key,
                         struct rejected_tasks *rejected, const struct ska_errors *broken,
                         const struct ska_errors *errors)
{
    struct reading reading = {.rejected = rejected, .errors = errors};

    rejected_tasks_clear(rejected);
    return (named_key_hash(libctx, public_key, reading.approver_sha256) ||
            ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a public key")) &&
           history_visit_entries(take_answer, &reading, broken, errors);
}

bool rejected_tasks_have(const struct rejected_tasks *rejected, const char *id)
{
    return find_task(rejected, id) < rejected->count;
}

void rejected_tasks_clear(struct rejected_tasks *rejected)
{
    for (size_t i = 0; i < rejected->count; i++)
        free(rejected->ids[i]);
    free(rejected->ids);
    memset(rejected, 0, sizeof(*rejected));
}
