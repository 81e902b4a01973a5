/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/import_arrival.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/base/printable.h"
#include "provider/request/request_errors.h"
#include "tools/command/import_kind.h"
#include "tools/report.h"

/* So many files are named once more at the end. */
#define LISTED_MOST 5

void import_target_clear(struct import_target *target)
{
    ska_ballot_close(&target->ballot);
    ska_request_free(target->request);
    *target = (struct import_target){0};
}

void import_arrival_clear(struct import_arrival *arrival)
{
    ska_bytes_free(&arrival->text);
    ska_approvals_free(arrival->answers, arrival->answer_count);
    ska_request_free(arrival->request);
    *arrival = (struct import_arrival){0};
}

/* ---- What is said of a file ------------------------------------------------------------------ */

/* Whoever sent it has chosen its name. */
void import_note(const char *path, const char *format, ...)
{
    struct ska_buffer text = {0};
    char *shown = ska_file_name_shown(path);
    va_list args;

    va_start(args, format);
    ska_buffer_format_args(&text, format, args);
    va_end(args);
    report_note("%s: %s", shown == NULL ? "?" : shown, ska_buffer_string(&text));
    free(shown);
    ska_buffer_free(&text);
}

/* ---- What is not taken ----------------------------------------------------------------------- */

bool import_not_taken(struct import *import, const char *path, const char *format, ...)
{
    struct ska_buffer text = {0};
    char *shown = ska_file_name_shown(path);
    va_list args;

    va_start(args, format);
    ska_buffer_format_args(&text, format, args);
    va_end(args);
    report_warning("%s: not taken: %s", shown == NULL ? "?" : shown, ska_buffer_string(&text));
    if (++import->not_taken <= LISTED_MOST)
        ska_buffer_format(&import->list, "%s%s", import->not_taken == 1 ? "" : ", ",
                          shown == NULL ? "?" : shown);
    else if (import->not_taken == LISTED_MOST + 1)
        ska_buffer_text(&import->list, ", ...");
    free(shown);
    ska_buffer_free(&text);
    return true;
}

/* Of a failure, which is cleared. Most have the path in them. */
static bool not_taken_by(struct import *import, const char *path, struct ska_error_capture *failure,
                         const char *advice)
{
    const char *text = ska_error_capture_text(failure);
    size_t length = strlen(path);
    bool done = true;

    if (failure->reason == SKA_R_OUT_OF_MEMORY)
        done = ska_error_capture_raise(failure, &import->tool->errors);
    else
        import_not_taken(import, path, "%s%s",
                         strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0
                             ? text + length + 2
                             : text,
                         advice);
    ska_error_capture_clear(failure);
    return done;
}

bool import_conclude(struct import *import)
{
    return import->not_taken == 0 || ska_fail(&import->tool->errors, SKA_R_BAD_REQUEST,
                                              "not all was taken, for the reasons above: %s",
                                              ska_buffer_string(&import->list));
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* A request is what it says, and all of it. */
static bool check_arrived_request(struct import *import, const struct import_arrival *arrival,
                                  const struct ska_errors *errors)
{
    const struct ska_request *request = arrival->request;
    bool same = false;

    if (!ska_request_check_id(request, import->tool->libctx, &same, errors) ||
        !ska_request_check_content(request, import->tool->libctx, errors))
        return false;
    return same || ska_fail(errors, SKA_R_BAD_REQUEST,
                            "its id does not match its content: somebody has changed it");
}

/* An answer alone does not say for which request it is, so any token will do. */
static bool parse_text(struct import *import, struct import_arrival *arrival,
                       const struct ska_errors *errors)
{
    struct ska_span text = ska_span_of(&arrival->text);
    struct ska_request_errors advised;
    cJSON *json = NULL;
    bool alone = false;

    ska_request_errors_init(&advised, errors, text);
    if (!ska_json_parse(text, arrival->path, &json, &advised.errors))
        return false;
    alone = ska_json_is_approval(json);
    cJSON_Delete(json);
    return alone ? ska_approvals_parse(text, arrival->path, ska_span(NULL, 0), &arrival->answers,
                                       &arrival->answer_count, errors)
                 : ska_request_parse(text, arrival->path, &arrival->request, errors) &&
                       check_arrived_request(import, arrival, errors);
}

/* Says what it is, or what is wrong with it, which is cleared. */
static bool tell_unread(struct import *import, const struct import_arrival *arrival,
                        struct ska_error_capture *failure)
{
    const char *what = failure->reason == SKA_R_OUT_OF_MEMORY
                           ? NULL
                           : import_what_it_is(arrival->path, ska_span_of(&arrival->text));

    if (what == NULL)
        return not_taken_by(import, arrival->path, failure,
                            failure->reason == SKA_R_BAD_REQUEST && arrival->request == NULL
                                ? "; it was changed on the way, or another program has written it: "
                                  "ask for it again"
                                : "");
    ska_error_capture_clear(failure);
    return import_not_taken(import, arrival->path, "it is %s; " IMPORT_WANTED, what);
}

bool import_read(struct import *import, const char *path, bool tell, struct import_arrival *arrival,
                 bool *arrived)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool done = true;

    *arrival = (struct import_arrival){.path = path};
    *arrived = ska_file_read(path, SKA_JSON_LIMIT, &arrival->text, &quiet) &&
               parse_text(import, arrival, &quiet);
    if (!*arrived && tell)
        done = tell_unread(import, arrival, &failure);
    ska_error_capture_clear(&failure);
    return done;
}
