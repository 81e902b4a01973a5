/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/history_entries.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/request/request.h"
#include "tools/history.h"

/* The name of the key that has answered, among those that the request has named. */
static bool take_approver(const struct ska_json_place *top, struct history_entry *entry)
{
    struct ska_json_place array = {.value = NULL};
    const cJSON *item = NULL;
    size_t index = 0;
    bool done = ska_json_array(top, "approvers", SKA_JSON_OPTIONAL, &array);

    if (!done || array.value == NULL)
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

static bool take_operation(const struct ska_json_place *top, const char **operation)
{
    if (!ska_json_text(top, "operation", SKA_JSON_REQUIRED, operation))
        return false;
    for (size_t i = 0; i < sizeof(ska_operation_names) / sizeof(ska_operation_names[0]); i++)
        if (ska_operation_names[i] != NULL && strcmp(*operation, ska_operation_names[i]) == 0)
            return true;
    return ska_json_fail_value(top, "operation", *operation, "an operation");
}

static bool read_members(const struct ska_json_place *top, struct history_entry *entry)
{
    const struct {
        const char *name;
        enum ska_json_need need;
        const char **text;
    } members[] = {{"key", SKA_JSON_REQUIRED, &entry->key},
                   {"requestId", SKA_JSON_REQUIRED, &entry->request_id},
                   {"statedId", SKA_JSON_OPTIONAL, &entry->stated_id},
                   {"brokerId", SKA_JSON_OPTIONAL, &entry->broker_id},
                   {"keySha256", SKA_JSON_OPTIONAL, &entry->key_sha256},
                   {"digest", SKA_JSON_OPTIONAL, &entry->digest},
                   {"description", SKA_JSON_OPTIONAL, &entry->description},
                   {"reason", SKA_JSON_OPTIONAL, &entry->reason}};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (!ska_json_text(top, members[i].name, members[i].need, members[i].text))
            return false;
    return history_take_answer(top, &entry->answer) && take_operation(top, &entry->operation) &&
           history_take_sha256(top, "approverSha256", &entry->approver_sha256) &&
           history_take_sha256(top, "payloadSha256", &entry->payload_sha256) &&
           take_approver(top, entry) && history_take_time(top, &entry->time, &entry->seconds);
}

bool history_entry_parse(struct ska_span line, const char *shown, cJSON **json,
                         struct history_entry *entry, const struct ska_errors *errors)
{
    struct ska_json_place top;

    *entry = (struct history_entry){.seconds = 0};
    if (!history_parse_line(line, shown, json, &top, errors))
        return false;
    if (read_members(&top, entry))
        return true;
    cJSON_Delete(*json);
    *json = NULL;
    return false;
}

/* What is wrong with a line hides no other; that memory is out says nothing of a line. */
static bool visit_line(struct ska_span line, const char *shown, history_visit *visit, void *arg,
                       const struct ska_errors *broken, const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct history_entry entry;
    cJSON *json = NULL;
    bool done = true;

    if (history_entry_parse(line, shown, &json, &entry, &quiet))
        done = visit(arg, &entry);
    else if (failure.reason == SKA_R_OUT_OF_MEMORY)
        done = ska_error_capture_raise(&failure, errors);
    else
        ska_error_capture_raise(&failure, broken);
    ska_error_capture_clear(&failure);
    cJSON_Delete(json);
    return done;
}

/*
 * The next line; *length is -1 at the end of the file. getline() says the same of a failure, sets
 * no error of the stream where memory is out, and takes what it had read before a failure for a
 * line.
 */
static bool next_line(FILE *file, const char *shown, char **line, size_t *size, ssize_t *length,
                      const struct ska_errors *errors)
{
    errno = 0;
    *length = getline(line, size, file);
    return (!ferror(file) && (*length >= 0 || feof(file))) ||
           ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", shown, strerror(errno));
}

bool history_visit_lines(FILE *file, const char *path, history_visit *visit, void *arg,
                         const struct ska_errors *broken, const struct ska_errors *errors)
{
    char shown[PATH_MAX + 32];
    char *line = NULL;
    size_t size = 0;
    ssize_t length = 0;
    bool done = true;

    for (size_t number = 1; done && length >= 0; number++) {
        snprintf(shown, sizeof(shown), "%s: line %zu", path, number);
        done = next_line(file, shown, &line, &size, &length, errors);
        if (done && length > 0)
            done = visit_line(ska_span(line, (size_t)length - (line[length - 1] == '\n')), shown,
                              visit, arg, broken, errors);
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
        done = file != NULL ? history_visit_lines(file, path, visit, arg, broken, errors)
                            : ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    }
    if (file != NULL)
        fclose(file);
    else if (fd >= 0)
        close(fd);
    free(path);
    return done;
}
