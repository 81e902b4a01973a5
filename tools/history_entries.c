/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/history_entries.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/history.h"

/* The name of the key that has answered, among those that the request has named. */
static bool take_approver(const struct ska_json_place *top, struct history_entry *entry)
{
    struct ska_json_place array = {.value = NULL};
    const cJSON *item = NULL;
    size_t index = 0;
    bool done = ska_json_array(top, "approvers", SKA_JSON_OPTIONAL, &array);

    if (!done || array.value == NULL || entry->approver_sha256 == NULL)
        return done;
    for (item = array.value->child; done && item != NULL; item = item->next) {
        struct ska_json_place place;
        const char *sha256 = NULL;
        const char *name = NULL;

        ska_json_element(&array, item, index++, &place);
        done = ska_json_text(&place, "name", SKA_JSON_REQUIRED, &name) &&
               ska_json_text(&place, "sha256", SKA_JSON_REQUIRED, &sha256);
        if (done && strcmp(sha256, entry->approver_sha256) == 0)
            entry->approver = name;
    }
    return done;
}

static bool read_members(const struct ska_json_place *top, struct history_entry *entry)
{
    const struct {
        const char *name;
        enum ska_json_need need;
        const char **text;
    } members[] = {{"answer", SKA_JSON_REQUIRED, &entry->answer},
                   {"key", SKA_JSON_REQUIRED, &entry->key},
                   {"operation", SKA_JSON_OPTIONAL, &entry->operation},
                   {"requestId", SKA_JSON_OPTIONAL, &entry->request_id},
                   {"statedId", SKA_JSON_OPTIONAL, &entry->stated_id},
                   {"brokerId", SKA_JSON_OPTIONAL, &entry->broker_id},
                   {"keySha256", SKA_JSON_OPTIONAL, &entry->key_sha256},
                   {"approverSha256", SKA_JSON_OPTIONAL, &entry->approver_sha256},
                   {"digest", SKA_JSON_OPTIONAL, &entry->digest},
                   {"payloadSha256", SKA_JSON_OPTIONAL, &entry->payload_sha256},
                   {"description", SKA_JSON_OPTIONAL, &entry->description},
                   {"reason", SKA_JSON_OPTIONAL, &entry->reason}};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (!ska_json_text(top, members[i].name, members[i].need, members[i].text))
            return false;
    return take_approver(top, entry) && history_take_time(top, &entry->time, &entry->seconds);
}

bool history_entry_parse(struct ska_span line, const char *shown, cJSON **json,
                         struct history_entry *entry, const struct ska_errors *errors)
{
    struct ska_json_place top;

    *entry = (struct history_entry){.seconds = 0};
    if (!ska_json_parse(line, shown, json, errors))
        return false;
    ska_json_top(&top, *json, shown, SKA_R_BAD_JSON, errors);
    if (cJSON_IsObject(*json) ? read_members(&top, entry)
                              : ska_fail(errors, SKA_R_BAD_JSON, "%s: not an object", shown))
        return true;
    cJSON_Delete(*json);
    *json = NULL;
    return false;
}

/* What is wrong with a line hides no other. */
static bool visit_line(struct ska_span line, const char *shown, history_visit *visit, void *arg,
                       const struct ska_errors *broken)
{
    struct history_entry entry;
    cJSON *json = NULL;
    bool done = true;

    if (history_entry_parse(line, shown, &json, &entry, broken))
        done = visit(arg, &entry);
    cJSON_Delete(json);
    return done;
}

static bool visit_lines(FILE *file, const char *path, history_visit *visit, void *arg,
                        const struct ska_errors *broken)
{
    char shown[PATH_MAX + 32];
    char *line = NULL;
    size_t size = 0;
    ssize_t length = 0;
    bool done = true;

    for (size_t number = 1; done && (length = getline(&line, &size, file)) > 0; number++) {
        snprintf(shown, sizeof(shown), "%s: line %zu", path, number);
        done = visit_line(ska_span(line, (size_t)length - (line[length - 1] == '\n')), shown, visit,
                          arg, broken);
    }
    free(line);
    return done;
}

bool history_visit_entries(history_visit *visit, void *arg, const struct ska_errors *broken,
                           const struct ska_errors *errors)
{
    char *path = NULL;
    FILE *file = NULL;
    int fd = -1;
    bool done = history_open_to_read(&fd, &path, errors);

    if (done && fd >= 0) {
        file = fdopen(fd, "r");
        done = file != NULL ? visit_lines(file, path, visit, arg, broken)
                            : ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    }
    if (file != NULL)
        fclose(file);
    else if (fd >= 0)
        close(fd);
    free(path);
    return done;
}
