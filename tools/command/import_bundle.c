/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of one request that came by mail become one file. */
#include <string.h>

#include "provider/sign/ballot_text.h"
#include "tools/command/import_arrival.h"
#include "tools/report.h"
#include "tools/request_difference.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

#define REQUEST_MODE 0640

/* The first copy is the one that is written, with the approvals of all of them. */
static bool begin_bundle(struct import *import, struct import_arrival *arrival,
                         struct import_target *target)
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

static bool add_to_bundle(struct import *import, struct import_arrival *arrival,
                          struct import_target *target)
{
    const char *difference = NULL;

    if (arrival->request == NULL)
        return import_answers(import, arrival->path, target, arrival->answers,
                              arrival->answer_count);
    if (!ska_request_has_same_token(target->request, arrival->request))
        return import_not_taken(
            import, arrival->path,
            "it is not a copy of request %.16s: what its approvers have approved is "
            "another request",
            target->request->id);
    if (!request_find_difference(target->request, arrival->request, &difference,
                                 &import->tool->errors))
        return false;
    if (difference != NULL)
        return import_not_taken(
            import, arrival->path,
            "its \"%s\" is different in %s, and approvals do not protect that: find "
            "out which was changed (skatool inspect), and leave it out",
            difference, target->path);
    return import_answers(import, arrival->path, target, arrival->request->approvals,
                          arrival->request->approval_count);
}

/* One file is read at a time, as there may be many. What is none is named the first time. */
static bool go_through_copies(struct import *import, const char *const *paths, bool requests,
                              struct import_target *target)
{
    bool done = true;

    for (; done && *paths != NULL; paths++) {
        struct import_arrival arrival;
        bool arrived = false;

        done = import_read(import, *paths, requests, &arrival, &arrived);
        if (done && arrived && (arrival.request != NULL) == requests)
            done = target->request == NULL ? !requests || begin_bundle(import, &arrival, target)
                                           : add_to_bundle(import, &arrival, target);
        import_arrival_clear(&arrival);
    }
    return done;
}

static bool write_imported(struct import *import, const struct import_target *target)
{
    struct ska_bytes text = {NULL, 0};
    struct ska_buffer said = {0};
    bool done = ska_request_print(target->request, &text, &import->tool->errors) &&
                output_write(import->tool, &import->output, ska_span_of(&text), REQUEST_MODE);

    ska_bytes_free(&text);
    if (!done)
        return false;
    ska_buffer_text(&said, "Wrote ");
    request_text_name(target->request, &said);
    ska_buffer_text(&said, " to ");
    text_output_path(import->output.path, &said);
    ska_buffer_text(&said, " (");
    ska_ballot_progress_text(&target->ballot, &said);
    ska_buffer_text(&said, ")");
    report_message("%s", ska_buffer_string(&said));
    ska_buffer_free(&said);
    return true;
}

bool import_into_file(struct import *import, const char *const *paths)
{
    struct import_target target = {0};
    bool done = true;

    for (const char *const *path = paths; done && *path != NULL; path++)
        done = output_check(import->tool, &import->output, *path);
    /* Requests first, whatever their order: they say what the answers are for. */
    done = done && go_through_copies(import, paths, true, &target);
    if (done && target.request == NULL)
        done = ska_fail(&import->tool->errors, SKA_R_BAD_REQUEST,
                        "none of these files is a request: nothing was written. An answer alone "
                        "needs its request as well");
    done = done && go_through_copies(import, paths, false, &target) &&
           write_imported(import, &target) && import_conclude(import);
    import_target_clear(&target);
    return done;
}
