/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history of an approver (history.h) line by line: what was answered when.
 */
#ifndef SKA_TOOLS_HISTORY_ENTRIES_H
#define SKA_TOOLS_HISTORY_ENTRIES_H

#include <stdio.h>

#include "provider/base/json.h"

/*
 * One line; it is gone when the visitor returns. Optional texts are NULL where the line has none:
 * the others say what was answered, and by whom, and a line without them says nothing.
 */
struct history_entry {
    uint64_t seconds;
    const char *time;
    const char *answer;
    const char *operation;
    const char *request_id;
    const char *key;
    const char *approver_sha256;
    const char *payload_sha256;
    /* Optional: */
    const char *stated_id; /* of a broker's task: by the requester */
    const char *broker_id; /* of the request, where it was known */
    const char *key_sha256;
    const char *approver; /* what the rules of the request call that key */
    const char *digest;   /* of the document */
    const char *description;
    const char *reason;
};

/*
 * Goes through all lines, the oldest first; what is none is raised into `broken` and passed over.
 * That there is no file is no failure; that it cannot be read to its end is one. False also when
 * the visitor says so, who has raised why.
 */
typedef bool history_visit(void *arg, const struct history_entry *entry);
bool history_visit_entries(history_visit *visit, void *arg, const struct ska_errors *broken,
                           const struct ska_errors *errors) SKA_MUST_CHECK;
/* The same of an open file, which stays open; `path` is for messages. */
bool history_visit_lines(FILE *file, const char *path, history_visit *visit, void *arg,
                         const struct ska_errors *broken,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* Reads one line, without its end: false, with errors raised, for what is none. Free *json. */
bool history_entry_parse(struct ska_span line, const char *shown, cJSON **json,
                         struct history_entry *entry,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
