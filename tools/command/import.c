/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool import: what came back by mail. Copies of one request become one file, or the answers in
 * them go into an approvals directory, each into a file of its own. Nothing is believed: each
 * answer is verified as all others are, and what is wrong is named and not taken.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/base/file.h"
#include "provider/base/printable.h"
#include "provider/record/evidence_manifest.h"
#include "provider/sign/ballot_text.h"
#include "tools/command/import_consent.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/report.h"
#include "tools/directory_place.h"
#include "tools/request_difference.h"
#include "tools/request_source.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

#define REQUEST_MODE 0640
/* An answer alone does not say for which request it is: so many are tried. */
#define TRIED_MOST 2000

struct import {
    struct tool *tool;
    const char *path; /* of the directory */
    struct ska_directory *directory;
    struct output output;
    bool requests; /* whole requests are wanted */
    size_t not_taken;
    struct ska_buffer list; /* of what was not taken, and why */
};

/* A file as it came: a request with answers in it, or answers alone. */
struct arrival {
    const char *path;
    struct ska_bytes text;
    struct ska_request *request; /* NULL: answers alone */
};

/* So many files are named once more at the end. */
#define LISTED_MOST 5

/* A request that answers are for. */
struct target {
    const char *path; /* of the file that it is from; NULL: the directory */
    struct ska_request *request;
    uid_t owner;
    struct ska_ballot ballot;
};

static void target_clear(struct target *target)
{
    ska_ballot_close(&target->ballot);
    ska_request_free(target->request);
    *target = (struct target){0};
}

static void arrival_clear(struct arrival *arrival)
{
    ska_bytes_free(&arrival->text);
    ska_request_free(arrival->request);
    *arrival = (struct arrival){0};
}

/* ---- What is said of a file ------------------------------------------------------------------ */

static void note_of_file(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whoever sent it has chosen its name. */
static void note_of_file(const char *path, const char *format, ...)
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

static bool not_taken(struct import *import, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Named as it is met; the exit status tells of it at the end. True: it goes on. */
static bool not_taken(struct import *import, const char *path, const char *format, ...)
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
static bool not_taken_by_failure(struct import *import, const char *path,
                                 struct ska_error_capture *failure)
{
    const char *text = ska_error_capture_text(failure);
    size_t length = strlen(path);
    bool done = true;

    if (failure->reason == SKA_R_OUT_OF_MEMORY)
        done = ska_error_capture_raise(failure, &import->tool->errors);
    else
        not_taken(import, path, "%s",
                  strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0
                      ? text + length + 2
                      : text);
    ska_error_capture_clear(failure);
    return done;
}

static bool import_conclude(struct import *import)
{
    return import->not_taken == 0 ||
           ska_fail(&import->tool->errors, SKA_R_BAD_REQUEST, "%zu of what came %s not taken: %s",
                    import->not_taken, import->not_taken == 1 ? "was" : "were",
                    ska_buffer_string(&import->list));
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* A request is what it says, and all of it. */
static bool check_arrived_request(struct import *import, const struct arrival *arrival,
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

static bool parse_arrival(struct import *import, struct arrival *arrival,
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

/* *arrived is false for what is named and not taken. */
static bool read_arrival(struct import *import, const char *path, struct arrival *arrival,
                         bool *arrived)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);

    *arrival = (struct arrival){.path = path};
    *arrived = ska_file_read(path, SKA_JSON_LIMIT, &arrival->text, &quiet) &&
               parse_arrival(import, arrival, &quiet);
    return *arrived || not_taken_by_failure(import, path, &failure);
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* What an answer is worth for a request, and whether it is a refusal. */
static bool import_judge(struct target *target, struct ska_approval *answer, bool *refusal,
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
static const struct ska_approval *last_answer(const struct target *target, bool refusal)
{
    return refusal ? &target->ballot.refusals[target->ballot.refusal_count - 1]
                   : &target->request->approvals[target->request->approval_count - 1];
}

static bool say_put(struct import *import, const struct target *target,
                    const struct ska_approval *answer, bool refusal)
{
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "Put the %s of ", refusal ? "refusal" : "approval");
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
                              const struct target *target, const struct ska_approval *answer,
                              bool refusal)
{
    struct ska_buffer name = {0};

    if (import->directory == NULL)
        return;
    ska_signer_text(target->ballot.rule, answer, &name);
    note_of_file(path, "nothing new: the %s of %s for request %.16s is there already",
                 refusal ? "refusal" : "approval", ska_buffer_string(&name), target->request->id);
    ska_buffer_free(&name);
}

/* An answer that counts goes into a file of its own, or stays in the request that is written. */
static bool keep_answer(struct import *import, const char *path, struct target *target,
                        bool refusal)
{
    const struct ska_approval *answer = last_answer(target, refusal);

    if (import->directory != NULL)
        return ska_directory_put(import->directory, target->request->id,
                                 refusal ? SKA_FILE_REFUSAL : SKA_FILE_APPROVAL, answer, NULL,
                                 &import->tool->errors) &&
               say_put(import, target, answer, refusal);
    return !refusal || not_taken(import, path,
                                 "it is a refusal, which has no place in a bundle: give it to who "
                                 "signs as it is");
}

static bool import_answer(struct import *import, const char *path, struct target *target,
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
    not_taken(import, path, "%s %s", ska_buffer_string(&name), ska_answer_fault(state, false));
    ska_buffer_free(&name);
    return true;
}

static bool import_answers(struct import *import, const char *path, struct target *target,
                           struct ska_approval *answers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!import_answer(import, path, target, &answers[i]))
            return false;
    return true;
}

/* Answers alone, if they are for this request: *matches. */
static bool import_alone(struct import *import, const struct arrival *arrival,
                         struct target *target, bool *matches)
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

/* ---- Into a directory ------------------------------------------------------------------------ */

/* The open request with this id and what is there for it; *there is false: it stays unread. */
static bool open_target(struct import *import, const char *id, struct target *target, bool *there)
{
    struct tool *tool = import->tool;
    struct ska_budget budget = {.share = SKA_SHARE_TO_LIST};
    const struct ska_look look = {
        .directory = import->directory, .budget = &budget, .until = INT64_MAX};
    bool done = true;

    *there = ska_directory_read(import->directory, id, &target->request, &target->owner, NULL);
    if (!*there)
        return true;
    target->ballot = (struct ska_ballot){.libctx = tool->libctx,
                                         .request = target->request,
                                         .rule = request_stated_rule(target->request)};
    done = ska_ballot_open(&target->ballot, &tool->errors) &&
           request_answers_take(&look, &target->ballot, &tool->errors);
    ska_budget_clear(&budget);
    return done;
}

static bool fail_other_token(struct import *import, const struct arrival *arrival)
{
    return not_taken(import, arrival->path,
                     "another request for the same thing, %.16s, stands in the directory by now: "
                     "approvals of this one are not for it",
                     arrival->request->id);
}

static bool say_published(const struct import *import, const struct ska_request *request)
{
    struct ska_buffer text = {0};
    gid_t group = 0;

    ska_buffer_format(&text, "Put request %.16s into ", request->id);
    text_output_path(import->path, &text);
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
    if (!ska_directory_group_reads(import->directory, request->id, &group))
        report_warning("the directory's group (%lu) cannot read the request: its owner can fix "
                       "that with chmod g+s %s",
                       (unsigned long)group, import->path);
    return true;
}

/* Whether this folder of evidence, if it may be read, is of this token. */
static bool is_evidence_of(int done, const char *name, const struct ska_request *request)
{
    int folder = openat(done, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct ska_bytes token = {NULL, 0};
    struct stat status;
    /* A colleague's folder is nobody's evidence. */
    bool same = folder >= 0 && fstat(folder, &status) == 0 && status.st_uid == geteuid() &&
                ska_file_read_at(folder, ska_evidence_names[SKA_EVIDENCE_TOKEN], name,
                                 SKA_TOKEN_LIMIT, &token, NULL) &&
                ska_span_equal(ska_span_of(&token), ska_span_of(&request->approval_token));

    ska_bytes_free(&token);
    if (folder >= 0)
        close(folder);
    return same;
}

/* Takes over the descriptor, also -1. */
static bool is_signed_in(int place, const struct ska_request *request)
{
    DIR *listing = place < 0 ? NULL : fdopendir(place);
    const struct dirent *entry = NULL;
    bool found = false;

    while (!found && listing != NULL && (entry = readdir(listing)) != NULL)
        found = strncmp(entry->d_name, request->id, SKA_REQUEST_ID_LENGTH) == 0 &&
                is_evidence_of(place, entry->d_name, request);
    if (listing != NULL)
        closedir(listing);
    else if (place >= 0)
        close(place);
    return found;
}

/* An answer that comes late must not open the request again, as far as this user can see that. */
static bool is_signed_already(const struct import *import, const struct ska_request *request)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    const char *evidence_dir = import->tool->configuration.settings.evidence_dir;

    return is_signed_in(openat(ska_directory_fd(import->directory), "done", flags | O_NOFOLLOW),
                        request) ||
           (evidence_dir != NULL && is_signed_in(open(evidence_dir, flags), request));
}

/* Where nothing of its name stands; its answers go into files of their own afterwards. */
static bool publish_arrival(struct import *import, const struct arrival *arrival)
{
    const struct ska_errors *errors = &import->tool->errors;
    struct ska_standing_request standing;
    struct ska_request *bare = NULL;
    bool done = false;

    if (!ska_request_parse(ska_span_of(&arrival->text), arrival->path, &bare, errors))
        return false;
    ska_approvals_free(bare->approvals, bare->approval_count);
    bare->approvals = NULL;
    bare->approval_count = 0;
    bare->is_imported = true;
    bare->importer_uid = geteuid();
    done = ska_directory_publish(import->directory, bare, NULL, &standing, errors);
    if (done && standing.state == SKA_NAME_FREE)
        say_published(import, bare);
    ska_standing_request_clear(&standing);
    ska_request_free(bare);
    return done;
}

/* *taken: it stands there now. */
static bool offer_arrival(struct import *import, const struct arrival *arrival, bool *taken)
{
    const struct import_offer offer = {arrival->path, import->path, arrival->request,
                                       import->requests};
    const char *why_not = NULL;

    *taken = false;
    if (arrival->request->signature.length > 0)
        return not_taken(import, arrival->path, "it is evidence of a signature, and not open");
    if (!import_ask_consent(import->tool, &offer, &why_not))
        return false;
    if (why_not != NULL)
        return not_taken(import, arrival->path, "%s", why_not);
    *taken = true;
    return publish_arrival(import, arrival);
}

/* Its approver may have been shown something else; the approval is good all the same. */
static bool warn_of_other_words(struct import *import, const struct arrival *arrival,
                                const struct ska_request *standing)
{
    const char *difference = NULL;
    char *shown = NULL;

    if (!request_find_difference(standing, arrival->request, &difference, &import->tool->errors))
        return false;
    if (difference == NULL)
        return true;
    shown = ska_file_name_shown(arrival->path);
    report_warning("%s: its \"%s\" is another than that of request %.16s in %s: whoever has "
                   "approved it may have been shown something else",
                   shown, difference, standing->id, import->path);
    free(shown);
    return true;
}

static bool import_into_standing(struct import *import, const struct arrival *arrival,
                                 struct target *target)
{
    const struct ska_request *request = arrival->request;

    if (!ska_request_has_same_token(target->request, request))
        return fail_other_token(import, arrival);
    return warn_of_other_words(import, arrival, target->request) &&
           import_answers(import, arrival->path, target, request->approvals,
                          request->approval_count);
}

static bool import_request(struct import *import, const struct arrival *arrival)
{
    const char *id = arrival->request->id;
    struct target target = {0};
    bool stood = ska_directory_stands(import->directory, id, -1);
    bool stands = stood;
    bool there = false;
    bool done = true;

    if (!stood && is_signed_already(import, arrival->request)) {
        note_of_file(arrival->path, "request %.16s is signed already; nothing to do", id);
        return true;
    }
    if (!stood)
        done = offer_arrival(import, arrival, &stands);
    if (!done || !stands)
        return done;
    done = open_target(import, id, &target, &there);
    if (done && there && stood && arrival->request->approval_count == 0)
        note_of_file(arrival->path, "nothing new: request %.16s is there already", id);
    if (done && there)
        done = import_into_standing(import, arrival, &target);
    else if (done)
        done = not_taken(import, arrival->path, "request %.16s in %s cannot be read", id,
                         import->path);
    target_clear(&target);
    return done;
}

static bool try_target(struct import *import, const struct arrival *arrival, const char *id,
                       bool *matches)
{
    struct target target = {0};
    bool there = false;
    bool done = open_target(import, id, &target, &there) &&
                (!there || import_alone(import, arrival, &target, matches));

    target_clear(&target);
    return done;
}

/* The request that its name begins with, as files of a directory are called, else every other. */
static bool find_target(struct import *import, const struct arrival *arrival,
                        const struct ska_directory_names *names, bool *matches)
{
    const char *slash = strrchr(arrival->path, '/');
    const char *name = slash == NULL ? arrival->path : slash + 1;
    char id[SKA_REQUEST_ID_LENGTH + 1] = "";
    size_t tried = 0;
    bool done = true;

    if (ska_file_kind_of(name) != SKA_FILE_OTHER) {
        snprintf(id, sizeof(id), "%s", name);
        done = try_target(import, arrival, id, matches);
    }
    for (size_t i = 0; done && !*matches && i < names->count && tried < TRIED_MOST; i++) {
        if (ska_file_kind_of(names->names[i]) != SKA_FILE_REQUEST ||
            strncmp(names->names[i], id, SKA_REQUEST_ID_LENGTH) == 0)
            continue;
        snprintf(id, sizeof(id), "%s", names->names[i]);
        tried++;
        done = try_target(import, arrival, id, matches);
    }
    return done;
}

static bool import_answer_file(struct import *import, const struct arrival *arrival)
{
    struct ska_directory_names names = {NULL, 0};
    bool matches = false;
    bool done = ska_directory_list(import->directory, &names, &import->tool->errors) &&
                find_target(import, arrival, &names, &matches);

    ska_directory_names_free(&names);
    if (!done || matches)
        return done;
    return not_taken(import, arrival->path,
                     "it is a valid answer of a listed approver to none of the open requests in "
                     "%s: it may have been changed on the way, or the request is done already",
                     import->path);
}

static bool import_into_directory(struct import *import, const char *const *paths)
{
    bool done = tool_configure(import->tool) &&
                ska_directory_open(import->path, SKA_DIRECTORY_TO_APPROVE, &import->directory,
                                   &import->tool->errors);

    for (; done && *paths != NULL; paths++) {
        struct arrival arrival;
        bool arrived = false;

        done = read_arrival(import, *paths, &arrival, &arrived);
        if (done && arrived)
            done = arrival.request != NULL ? import_request(import, &arrival)
                                           : import_answer_file(import, &arrival);
        arrival_clear(&arrival);
    }
    ska_directory_close(import->directory);
    return done && import_conclude(import);
}

/* ---- Into one file --------------------------------------------------------------------------- */

/* The first copy is the one that is written, with the approvals of all of them. */
static bool begin_bundle(struct import *import, struct arrival *arrival, struct target *target)
{
    struct ska_approval *answers = arrival->request->approvals;
    size_t count = arrival->request->approval_count;
    bool done = false;

    target->path = arrival->path;
    target->request = arrival->request;
    target->request->approvals = NULL;
    target->request->approval_count = 0;
    arrival->request = NULL;
    target->ballot = (struct ska_ballot){.libctx = import->tool->libctx,
                                         .request = target->request,
                                         .rule = request_stated_rule(target->request)};
    done = ska_ballot_open(&target->ballot, &import->tool->errors) &&
           import_answers(import, arrival->path, target, answers, count);
    ska_approvals_free(answers, count);
    return done;
}

static bool add_to_bundle(struct import *import, struct arrival *arrival, struct target *target)
{
    const char *difference = NULL;
    bool matches = false;

    if (arrival->request == NULL)
        return import_alone(import, arrival, target, &matches) &&
               (matches || not_taken(import, arrival->path,
                                     "it is no valid answer of a listed approver to request %.16s",
                                     target->request->id));
    if (!ska_request_has_same_token(target->request, arrival->request))
        return not_taken(import, arrival->path,
                         "it is not a copy of request %.16s: what its approvers have approved is "
                         "another request",
                         target->request->id);
    if (!request_find_difference(target->request, arrival->request, &difference,
                                 &import->tool->errors))
        return false;
    if (difference != NULL)
        return not_taken(
            import, arrival->path,
            "its \"%s\" is another than in %s, and approvals do not protect that: find "
            "out which was changed (skatool inspect), and leave it out",
            difference, target->path);
    return import_answers(import, arrival->path, target, arrival->request->approvals,
                          arrival->request->approval_count);
}

/* Requests first, whatever their order: they say what the answers are for. */
static bool go_through_copies(struct import *import, const char *const *paths, bool requests,
                              struct target *target)
{
    bool done = true;

    for (; done && *paths != NULL; paths++) {
        struct ska_error_capture failure = {0};
        const struct ska_errors quiet = ska_error_capture(&failure);
        struct arrival arrival = {.path = *paths};
        bool arrived = ska_file_read(*paths, SKA_JSON_LIMIT, &arrival.text, &quiet) &&
                       parse_arrival(import, &arrival, &quiet);

        if (!arrived && requests)
            done = not_taken_by_failure(import, *paths, &failure);
        else if (arrived && (arrival.request != NULL) == requests)
            done = target->request == NULL ? !requests || begin_bundle(import, &arrival, target)
                                           : add_to_bundle(import, &arrival, target);
        ska_error_capture_clear(&failure);
        arrival_clear(&arrival);
    }
    return done;
}

static bool write_imported(struct import *import, const struct target *target)
{
    struct ska_bytes text = {NULL, 0};
    struct ska_buffer said = {0};
    bool done = ska_request_print(target->request, &text, &import->tool->errors) &&
                output_write(import->tool, &import->output, ska_span_of(&text), REQUEST_MODE);

    ska_bytes_free(&text);
    if (!done)
        return false;
    ska_buffer_format(&said, "Wrote request %.16s to ", target->request->id);
    text_output_path(import->output.path, &said);
    ska_buffer_text(&said, " (");
    ska_ballot_progress_text(&target->ballot, &said);
    ska_buffer_text(&said, ")");
    report_message("%s", ska_buffer_string(&said));
    ska_buffer_free(&said);
    return true;
}

static bool import_into_file(struct import *import, const char *const *paths)
{
    struct target target = {0};
    bool done = true;

    for (const char *const *path = paths; done && *path != NULL; path++)
        done = output_check(import->tool, &import->output, *path);
    done = done && go_through_copies(import, paths, true, &target);
    if (done && target.request == NULL)
        done = ska_fail(&import->tool->errors, SKA_R_BAD_REQUEST,
                        "none of these files is a request or a bundle: nothing was written");
    done = done && go_through_copies(import, paths, false, &target) &&
           write_imported(import, &target) && import_conclude(import);
    target_clear(&target);
    return done;
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool find_place(struct import *import)
{
    if (import->path != NULL && import->output.path != NULL)
        return options_wrong(import->tool, "--dir and --output cannot be used together");
    if (import->requests && import->output.path != NULL)
        return options_wrong(import->tool, "--requests is for a directory, not for -o");
    if (import->path != NULL || import->output.path != NULL)
        return true;
    if (import->output.force)
        return options_wrong(import->tool, "--force is for the FILE of -o");
    if (!tool_configure(import->tool))
        return false;
    import->path = import->tool->configuration.settings.approvals_dir;
    return import->path != NULL ||
           options_wrong(import->tool,
                         "--dir DIR or -o OUT is missing, and the configuration has no "
                         "approvals-dir");
}

bool import_command(struct tool *tool, int argc, char **argv)
{
    const char *paths[REQUEST_COPIES_MOST + 1] = {NULL};
    struct import import = {.tool = tool};
    const struct option_entry options[] = {
        OPTION_TEXT("dir", "DIR", "the approvals directory, if not the configuration's",
                    &import.path),
        OPTION_FLAG("requests", "take whole requests too, in your name", &import.requests),
        OPTION_OUTPUT(&import.output, "make one bundle of all copies of one request"),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--dir DIR] [--requests] FILE...\n"
                 "       skatool import FILE... -o OUT [--force]",
        .help = "Takes approvals and refusals as they came back by mail: into an approvals\n"
                "directory, each into a file of its own; or copies of one request, with all\n"
                "their approvals, into one file. A whole request of which none of its id stands\n"
                "in the directory is shown, and taken with --requests or a yes at the terminal:\n"
                "it then asks in your name. What is invalid, of somebody who is not listed, or\n"
                "for another request is named and not taken (exit status 4). The files are not\n"
                "changed.",
        .options = options,
        .operands = paths,
        .operand_needed = "FILE",
        .operands_allowed = REQUEST_COPIES_MOST,
    };

    bool done = options_parse(tool, &line, argc, argv) && find_place(&import) &&
                (import.output.path != NULL ? import_into_file(&import, paths)
                                            : import_into_directory(&import, paths));

    ska_buffer_free(&import.list);
    return done;
}
