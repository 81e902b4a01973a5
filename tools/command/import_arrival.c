/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/import_arrival.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/base/printable.h"
#include "provider/sign/ballot_text.h"
#include "tools/report.h"
#include "tools/show/text.h"

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
        ska_buffer_format(&import->list, "%s%s: %s", import->not_taken == 1 ? "" : "; ",
                          shown == NULL ? "?" : shown, ska_buffer_string(&text));
    else if (import->not_taken == LISTED_MOST + 1)
        ska_buffer_text(&import->list, "; ...");
    free(shown);
    ska_buffer_free(&text);
    return true;
}

/* Most failures have the path in them. */
bool import_not_taken_by(struct import *import, const char *path, struct ska_error_capture *failure)
{
    const char *text = ska_error_capture_text(failure);
    size_t length = strlen(path);
    bool done = true;

    if (failure->reason == SKA_R_OUT_OF_MEMORY)
        done = ska_error_capture_raise(failure, &import->tool->errors);
    else
        import_not_taken(import, path, "%s",
                         strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0
                             ? text + length + 2
                             : text);
    ska_error_capture_clear(failure);
    return done;
}

bool import_conclude(struct import *import)
{
    return import->not_taken == 0 ||
           ska_fail(&import->tool->errors, SKA_R_BAD_REQUEST, "%zu of what came %s not taken: %s",
                    import->not_taken, import->not_taken == 1 ? "was" : "were",
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
                            "its id is not that of what it asks for; somebody has changed it");
}

bool import_parse(struct import *import, struct import_arrival *arrival,
                  const struct ska_errors *errors)
{
    struct ska_span text = ska_span_of(&arrival->text);
    cJSON *json = NULL;
    bool alone = false;

    if (!ska_json_parse(text, arrival->path, &json, errors))
        return false;
    alone = ska_json_is_approval(json);
    cJSON_Delete(json);
    return alone || (ska_request_parse(text, arrival->path, &arrival->request, errors) &&
                     check_arrived_request(import, arrival, errors));
}

bool import_read(struct import *import, const char *path, struct import_arrival *arrival,
                 bool *arrived)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);

    *arrival = (struct import_arrival){.path = path};
    *arrived = ska_file_read(path, SKA_JSON_LIMIT, &arrival->text, &quiet) &&
               import_parse(import, arrival, &quiet);
    return *arrived || import_not_taken_by(import, path, &failure);
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* What an answer is worth for a request, and whether it is a refusal. */
static bool import_judge(struct import_target *target, struct ska_approval *answer, bool *refusal,
                         enum ska_answer_state *state, const struct ska_errors *errors)
{
    *refusal = false;
    if (!ska_ballot_take_approval(&target->ballot, answer, errors))
        return false;
    if (answer->state == SKA_ANSWER_INVALID || answer->state == SKA_ANSWER_DOUBLED) {
        enum ska_answer_state as_approval = answer->state;

        if (!ska_ballot_take_refusal(&target->ballot, answer, errors))
            return false;
        *refusal = answer->state == SKA_ANSWER_UNSEEN || answer->state == SKA_ANSWER_DOUBLED;
        if (!*refusal)
            answer->state = as_approval;
    }
    /* What counts has moved into the ballot. */
    *state = answer->state == SKA_ANSWER_UNSEEN ? SKA_ANSWER_COUNTS : answer->state;
    return true;
}

/* Of the answer that was taken last. */
static const struct ska_approval *last_answer(const struct import_target *target, bool refusal)
{
    return refusal ? &target->ballot.refusals[target->ballot.refusal_count - 1]
                   : &target->request->approvals[target->request->approval_count - 1];
}

static bool say_put(struct import *import, const struct import_target *target,
                    const struct ska_approval *answer, bool refusal)
{
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "Put the %s of ", refusal ? "rejection" : "approval");
    ska_signer_text(target->ballot.rule, answer, &text);
    ska_buffer_text(&text, " into ");
    text_output_path(import->path, &text);
    ska_buffer_format(&text, " for request %.16s (", target->request->id);
    ska_ballot_progress_text(&target->ballot, &text);
    ska_buffer_text(&text, ")");
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
    return true;
}

/* Copies of one request have answers in common; in a directory the same came twice. */
static void say_there_already(const struct import *import, const char *path,
                              const struct import_target *target, const struct ska_approval *answer,
                              bool refusal)
{
    struct ska_buffer name = {0};

    if (import->directory == NULL)
        return;
    ska_signer_text(target->ballot.rule, answer, &name);
    import_note(path, "nothing new: the %s of %s for request %.16s is there already",
                refusal ? "rejection" : "approval", ska_buffer_string(&name), target->request->id);
    ska_buffer_free(&name);
}

/* An answer that counts goes into a file of its own, or stays in the request that is written. */
static bool keep_answer(struct import *import, const char *path, struct import_target *target,
                        bool refusal)
{
    const struct ska_approval *answer = last_answer(target, refusal);

    if (import->directory != NULL)
        return ska_directory_put(import->directory, target->request->id,
                                 refusal ? SKA_FILE_REFUSAL : SKA_FILE_APPROVAL, answer, NULL,
                                 &import->tool->errors) &&
               say_put(import, target, answer, refusal);
    return !refusal ||
           import_not_taken(import, path,
                            "it is a rejection, which has no place in a bundle: give it to who "
                            "signs as it is");
}

static bool import_answer(struct import *import, const char *path, struct import_target *target,
                          struct ska_approval *answer)
{
    enum ska_answer_state state = SKA_ANSWER_UNSEEN;
    struct ska_buffer name = {0};
    bool refusal = false;

    if (!import_judge(target, answer, &refusal, &state, &import->tool->errors))
        return false;
    if (state == SKA_ANSWER_COUNTS)
        return keep_answer(import, path, target, refusal);
    if (state == SKA_ANSWER_DOUBLED) {
        say_there_already(import, path, target, answer, refusal);
        return true;
    }
    ska_signer_text(target->ballot.rule, answer, &name);
    import_not_taken(import, path, "%s %s", ska_buffer_string(&name),
                     ska_answer_fault(state, false));
    ska_buffer_free(&name);
    return true;
}

bool import_answers(struct import *import, const char *path, struct import_target *target,
                    struct ska_approval *answers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!import_answer(import, path, target, &answers[i]))
            return false;
    return true;
}

bool import_alone(struct import *import, const struct import_arrival *arrival,
                  struct import_target *target, bool *matches)
{
    struct ska_approval *answers = NULL;
    size_t count = 0;
    bool done = true;

    *matches = ska_approvals_parse(ska_span_of(&arrival->text), arrival->path,
                                   ska_span_of(&target->request->approval_token), &answers, &count,
                                   NULL) &&
               count == 1;
    if (*matches) {
        struct ska_span key = ska_span_of(&answers[0].public_key);
        enum ska_answer_state state = SKA_ANSWER_UNSEEN;
        bool refusal = false;
        /* An answer of the same approver stands in the way of finding out whether it is valid. */
        bool there = ska_ballot_has_approved(&target->ballot, key) &&
                     ska_approval_verify(import->tool->libctx, &answers[0],
                                         ska_span_of(&target->request->approval_token));

        done = import_judge(target, &answers[0], &refusal, &state, &import->tool->errors);
        there = there || (refusal && state == SKA_ANSWER_DOUBLED);
        *matches = there || state == SKA_ANSWER_COUNTS;
        if (done && there)
            say_there_already(import, arrival->path, target, &answers[0], refusal);
        if (done && state == SKA_ANSWER_COUNTS)
            done = keep_answer(import, arrival->path, target, refusal);
    }
    ska_approvals_free(answers, count);
    return done;
}
