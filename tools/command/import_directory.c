/* SPDX-License-Identifier: Apache-2.0 */
/* What came by mail goes into an approvals directory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/printable.h"
#include "tools/command/import_arrival.h"
#include "tools/command/import_consent.h"
#include "tools/command/import_kind.h"
#include "tools/report.h"
#include "tools/request_difference.h"
#include "tools/request_fate.h"
#include "tools/directory_place.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* An answer alone does not say for which request it is: so many are tried. */
#define TRIED_MOST 2000

/* The open request with this id and what is there for it; *there is false: it stays unread. */
static bool open_target(struct import *import, const char *id, struct import_target *target,
                        bool *there)
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

static bool fail_other_token(struct import *import, const struct import_arrival *arrival)
{
    return import_not_taken(
        import, arrival->path,
        "another request for the same thing, %.16s, is open in the directory now, and approvals "
        "of this one do not count for it",
        arrival->request->id);
}

static bool say_published(const struct import *import, const struct ska_request *request)
{
    struct ska_buffer text = {0};
    char word[SKA_SHELL_WORD_SIZE];
    gid_t group = 0;

    ska_buffer_text(&text, "Put ");
    request_text_name(request, &text);
    ska_buffer_text(&text, " into ");
    text_output_path(import->path, &text);
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
    if (!ska_directory_group_reads(import->directory, request->id, &group))
        report_warning("the directory's group (%lu) cannot read the request: its owner can fix "
                       "that with chmod g+s %s",
                       (unsigned long)group, ska_shell_word(import->path, word));
    return true;
}

/* Where nothing of its name stands; its answers go into files of their own afterwards. */
static bool publish_arrival(struct import *import, const struct import_arrival *arrival)
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

/* Nobody is asked any more for what is done with: answers that come late do not open it again. */
static bool say_closed(struct import *import, const struct import_arrival *arrival,
                       enum request_fate fate, const char *words)
{
    const char *id = arrival->request->id;

    if (fate == REQUEST_SIGNED) {
        import_note(arrival->path, "request %.16s was %s; nothing to do", id, words);
        return true;
    }
    return import_not_taken(import, arrival->path,
                            "request %.16s is not open here: it was %s, and answers no longer help "
                            "(--requests asks for it again)",
                            id, words);
}

static bool offer_arrival(struct import *import, const struct import_arrival *arrival,
                          const char *fate, bool *taken)
{
    const struct import_offer offer = {arrival->path, import->path, arrival->request, fate,
                                       import->requests};
    const char *why_not = NULL;

    *taken = false;
    if (arrival->request->signature.length > 0)
        return import_not_taken(
            import, arrival->path,
            "it is the evidence of a signature: request %.16s is done, and nobody is asked for it",
            arrival->request->id);
    if (!import_ask_consent(import->tool, &offer, &why_not))
        return false;
    if (why_not != NULL)
        return import_not_taken(import, arrival->path, "%s", why_not);
    *taken = true;
    return publish_arrival(import, arrival);
}

/* *taken: it stands there now. */
static bool offer_unless_closed(struct import *import, const struct import_arrival *arrival,
                                bool *taken)
{
    struct ska_buffer words = {0};
    enum request_fate fate =
        request_fate_find(import->tool, import->directory, arrival->request, &words);
    bool closed = fate == REQUEST_SIGNED || (fate != REQUEST_FATE_UNKNOWN && !import->requests);
    bool done = false;

    *taken = false;
    done = closed ? say_closed(import, arrival, fate, ska_buffer_string(&words))
                  : offer_arrival(import, arrival,
                                  words.length > 0 ? ska_buffer_string(&words) : NULL, taken);
    ska_buffer_free(&words);
    return done;
}

/* Its approver may have been shown something else; the approval is good all the same. */
static bool warn_of_other_words(struct import *import, const struct import_arrival *arrival,
                                const struct ska_request *standing)
{
    const char *difference = NULL;
    char *shown = NULL;

    if (!request_find_difference(standing, arrival->request, &difference, &import->tool->errors))
        return false;
    if (difference == NULL)
        return true;
    shown = ska_file_name_shown(arrival->path);
    report_warning("%s: its \"%s\" differs from that of request %.16s in %s: its approver may "
                   "have been shown something else",
                   shown, difference, standing->id, import->path);
    free(shown);
    return true;
}

static bool import_into_standing(struct import *import, const struct import_arrival *arrival,
                                 struct import_target *target)
{
    const struct ska_request *request = arrival->request;

    if (!ska_request_has_same_token(target->request, request))
        return fail_other_token(import, arrival);
    return warn_of_other_words(import, arrival, target->request) &&
           import_answers(import, arrival->path, target, request->approvals,
                          request->approval_count);
}

static bool import_request(struct import *import, const struct import_arrival *arrival)
{
    const char *id = arrival->request->id;
    struct import_target target = {0};
    bool stood = ska_directory_stands(import->directory, id, -1);
    bool stands = stood;
    bool there = false;
    bool done = true;

    if (!stood)
        done = offer_unless_closed(import, arrival, &stands);
    if (!done || !stands)
        return done;
    done = open_target(import, id, &target, &there);
    if (done && there && stood && arrival->request->approval_count == 0)
        import_note(arrival->path,
                    "nothing new: request %.16s is already there, and this copy of it contains "
                    "no answer; " IMPORT_WANTED,
                    id);
    if (done && there)
        done = import_into_standing(import, arrival, &target);
    else if (done)
        done = import_not_taken(import, arrival->path, "request %.16s in %s cannot be read", id,
                                import->path);
    import_target_clear(&target);
    return done;
}

static bool try_target(struct import *import, struct import_arrival *arrival, const char *id,
                       struct import_search *search)
{
    struct import_target target = {0};
    bool there = false;
    bool whole = false;
    bool done = open_target(import, id, &target, &there);

    /* A copy under another id is nobody's request. */
    if (done && there)
        done = ska_request_check_id(target.request, import->tool->libctx, &whole,
                                    &import->tool->errors);
    if (done && there && whole)
        done = import_alone(import, arrival, &target, search);
    import_target_clear(&target);
    return done;
}

/* The id that the file's name begins with, as those in a directory do; "": none. */
static void take_id_of_name(const char *path, char id[SKA_REQUEST_ID_LENGTH + 1])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;

    snprintf(id, SKA_REQUEST_ID_LENGTH + 1, "%s",
             ska_file_kind_of(name) == SKA_FILE_OTHER ? "" : name);
}

enum import_turn { IMPORT_OF_SIGNER, IMPORT_OF_OTHERS };

/* Whose requests an answer is for in the first place: this user's, or the signer's. */
static bool has_turn(const struct import *import, const char *name, enum import_turn turn)
{
    const int directory = ska_directory_fd(import->directory);
    struct stat signers;
    struct stat request;

    return fstat(directory, &signers) == 0 &&
           fstatat(directory, name, &request, AT_SYMLINK_NOFOLLOW) == 0 &&
           (request.st_uid == geteuid() || request.st_uid == signers.st_uid) ==
               (turn == IMPORT_OF_SIGNER);
}

static bool find_in_turn(struct import *import, struct import_arrival *arrival,
                         const struct ska_directory_names *names, const char *named,
                         enum import_turn turn, struct import_search *search)
{
    const size_t most = search->tried + TRIED_MOST;
    bool done = true;

    for (size_t i = 0; done && !search->found && i < names->count; i++) {
        char id[SKA_REQUEST_ID_LENGTH + 1];

        if (search->tried == most) {
            report_warning("%s: compared with the first %d requests %sonly", arrival->path,
                           TRIED_MOST, turn == IMPORT_OF_OTHERS ? "of other users " : "");
            break;
        }
        snprintf(id, sizeof(id), "%s", names->names[i]);
        if (ska_file_kind_of(names->names[i]) == SKA_FILE_REQUEST && strcmp(id, named) != 0 &&
            has_turn(import, names->names[i], turn))
            done = try_target(import, arrival, id, search);
    }
    return done;
}

/*
 * The request that it is named after, then the signer's, and then every other: nobody's request for
 * the same thing comes before the signer's.
 */
static bool find_target(struct import *import, struct import_arrival *arrival,
                        const struct ska_directory_names *names, const char *named,
                        struct import_search *search)
{
    bool done = named[0] == 0 || try_target(import, arrival, named, search);

    for (int turn = IMPORT_OF_SIGNER; done && !search->found && turn <= IMPORT_OF_OTHERS; turn++)
        done = find_in_turn(import, arrival, names, named, (enum import_turn)turn, search);
    return done;
}

static void say_named(const struct import *import, const char *named, struct ska_buffer *text)
{
    struct ska_buffer fate = {0};

    ska_buffer_format(text, ", for request %.16s by its name, which is not open in %s", named,
                      import->path);
    if (request_fate_find_digits(import->tool, import->directory, named, &fate) !=
        REQUEST_FATE_UNKNOWN)
        ska_buffer_format(text, " (it was %s)", ska_buffer_string(&fate));
    ska_buffer_free(&fate);
}

/* What it answers is closed, lies elsewhere, or it was changed: which of these, nobody can tell. */
static bool tell_unanswered(struct import *import, const struct import_arrival *arrival,
                            const char *named, const struct import_search *search)
{
    struct ska_buffer text = {0};
    char word[SKA_SHELL_WORD_SIZE];

    ska_buffer_text(&text, "it is by ");
    ska_signer_text(NULL, arrival->answers, &text);
    if (search->tried > 0 && search->listed == 0)
        ska_buffer_format(&text, ", who is not an approver of any open request in %s",
                          import->path);
    else if (named[0] != 0 && !ska_directory_stands(import->directory, named, -1))
        say_named(import, named, &text);
    else
        ska_buffer_format(&text, ", and does not answer any open request in %s", import->path);
    import_not_taken(
        import, arrival->path,
        "%s: the request may have been signed or withdrawn, or may be in another directory, or the "
        "answer was changed on the way. skatool requests --dir %s shows what is open",
        ska_buffer_string(&text), ska_shell_word(import->path, word));
    ska_buffer_free(&text);
    return true;
}

static bool import_answer_file(struct import *import, struct import_arrival *arrival)
{
    struct ska_directory_names names = {0};
    struct import_search search = {.found = false};
    char named[SKA_REQUEST_ID_LENGTH + 1];
    bool done = false;

    take_id_of_name(arrival->path, named);
    done = ska_directory_list(import->directory, &names, &import->tool->errors) &&
           find_target(import, arrival, &names, named, &search);
    ska_directory_names_free(&names);
    return done && (search.found || tell_unanswered(import, arrival, named, &search));
}

bool import_into_directory(struct import *import, const char *const *paths)
{
    bool done = tool_configure(import->tool) &&
                ska_directory_open(import->path, SKA_DIRECTORY_TO_APPROVE, &import->directory,
                                   &import->tool->errors);

    for (; done && *paths != NULL; paths++) {
        struct import_arrival arrival;
        bool arrived = false;

        done = import_read(import, *paths, true, &arrival, &arrived);
        if (done && arrived)
            done = arrival.request != NULL ? import_request(import, &arrival)
                                           : import_answer_file(import, &arrival);
        import_arrival_clear(&arrival);
    }
    ska_directory_close(import->directory);
    return done && import_conclude(import);
}
