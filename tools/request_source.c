/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/request_source.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/input.h"
#include "tools/report.h"

static bool source_read_directory(struct tool *tool, struct request_source *source,
                                  struct ska_request **request)
{
    if (source->place == NULL &&
        (!ska_directory_open(source->directory, SKA_DIRECTORY_TO_APPROVE, &source->place,
                             &tool->errors) ||
         !ska_directory_find_id(source->place, source->what, source->id, &tool->errors)))
        return false;
    return ska_directory_read(source->place, source->id, request, &source->owner, &tool->errors);
}

/* Refusals lie beside a file. That they cannot be seen is no failure. */
static void source_open_folder(struct request_source *source)
{
    char *path = strdup(source->what);

    if (path != NULL &&
        !ska_directory_open(dirname(path), SKA_DIRECTORY_OF_FILE, &source->place, NULL))
        source->place = NULL;
    free(path);
}

/* Who forgets --dir is told so, and not only that there is no such file. */
static bool check_no_id(struct tool *tool, const char *what)
{
    size_t length = strlen(what);

    if (length < SKA_REQUEST_ID_LEAST || length > SKA_REQUEST_ID_LENGTH ||
        strspn(what, "0123456789abcdef") != length || access(what, F_OK) == 0)
        return true;
    return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s: there is no such file; it looks like the id of a request: add --dir DIR",
                    what);
}

static bool source_read_file(struct tool *tool, struct request_source *source,
                             struct ska_request **request)
{
    if (!check_no_id(tool, source->what))
        return false;
    if (!source->in_place)
        return input_read_request(source->what, request, &tool->errors);
    if (source->file.path == NULL &&
        !ska_file_place_open(&source->file, source->what, &tool->errors))
        return false;
    return input_read_request_at(&source->file, request, &tool->errors);
}

bool request_source_read(struct tool *tool, struct request_source *source,
                         struct ska_request **request)
{
    if (source->directory != NULL)
        return source_read_directory(tool, source, request);
    if (!source_read_file(tool, source, request))
        return false;
    memcpy(source->id, (*request)->id, sizeof(source->id));
    if (source->place == NULL)
        source_open_folder(source);
    return true;
}

bool request_answers_take(const struct ska_look *look, struct ska_ballot *ballot,
                          const struct ska_errors *errors)
{
    struct ska_answers *answers = NULL;
    bool done =
        ska_answers_new(&answers, errors) && ska_answers_look(answers, look, ballot, errors);

    ska_answers_free(answers);
    return done;
}

bool request_source_count(struct tool *tool, struct request_source *source,
                          struct ska_ballot *ballot)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    struct ska_budget budget = {.share = SKA_SHARE_TO_LIST};
    const struct ska_look look = {.directory = source->place,
                                  .budget = &budget,
                                  .wrong = source->told ? NULL : &to_warnings,
                                  .until = INT64_MAX};
    bool done = ska_ballot_open(ballot, &tool->errors);

    if (done && source->place != NULL)
        done =
            request_answers_take(&look, ballot, source->directory != NULL ? &tool->errors : NULL) ||
            source->directory == NULL;
    report_warnings_end(&warnings);
    if (budget.exhausted && !source->told)
        report_warning("%s: there are too many files for this request, or too many wrong ones: not "
                       "all were looked at",
                       source->what);
    source->told = true;
    ska_budget_clear(&budget);
    return done;
}

void request_source_close(struct request_source *source)
{
    ska_directory_close(source->place);
    source->place = NULL;
    if (source->file.path != NULL)
        ska_file_place_close(&source->file);
}
