/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/base/printable.h"
#include "provider/sign/ballot_text.h"
#include "tools/command/inbox_rejection.h"
#include "tools/command/requests.h"
#include "tools/options.h"
#include "tools/review.h"
#include "tools/show/page.h"
#include "tools/show/request_text.h"
#include "tools/show/terminal.h"

/* Who has gone away from an open inbox leaves no key in memory. */
#define PATIENCE_MS ((int64_t)10 * 60 * 1000)
/* So much of what comes in meanwhile is taken up: who always sends more does not keep it going. */
#define LATER_MOST 100

struct inbox_id {
    char id[SKA_REQUEST_ID_LENGTH + 1];
};

/* What waits, in the order in which it came, and what has been shown already. */
struct session {
    struct tool *tool;
    const struct inbox *inbox;
    struct request_filter filter;
    struct request_place *place;
    struct document_folder *folder; /* NULL: none */
    struct approver key;
    struct own_rejections rejections; /* of a directory */
    bool rejections_old;              /* there are more since they were read */
    struct inbox_id *ids;
    size_t count;
    size_t with_file; /* of the folder */
    size_t next;
    size_t later; /* of `count`: came in meanwhile */
    bool more;    /* has come in than is taken up */
    bool quit;
    size_t approved;
    size_t rejected;
    size_t closed; /* by others, meanwhile */
};

/* ---- What waits ------------------------------------------------------------------------------ */

static bool is_known(const struct session *session, const char *id)
{
    for (size_t i = 0; i < session->count; i++)
        if (strcmp(session->ids[i].id, id) == 0)
            return true;
    return false;
}

/* *found: in the folder, if there is one. */
static bool find_file(struct session *session, const struct ska_request *request, bool *found,
                      struct document *document)
{
    *found = false;
    return session->folder == NULL ||
           document_folder_find(session->folder, request, found, document, &session->tool->errors);
}

/* A request_visit. */
static bool note_waiting(void *arg, struct listed_request *listed)
{
    struct session *session = arg;
    struct inbox_id *grown = NULL;
    struct document document;
    bool found = false;

    /* What came in between is looked for among what is known; at first nothing is. */
    if (session->next > 0 && is_known(session, listed->request->id))
        return true;
    if (session->later == LATER_MOST) {
        session->more = true;
        return true;
    }
    if (!find_file(session, listed->request, &found, &document))
        return false;
    session->with_file += found;
    grown = reallocarray(session->ids, session->count + 1, sizeof(*grown));
    if (grown == NULL)
        return ska_fail(&session->tool->errors, SKA_R_OUT_OF_MEMORY, "%zu requests",
                        session->count);
    session->ids = grown;
    session->later += session->next > 0;
    memcpy(grown[session->count++].id, listed->request->id, sizeof(grown->id));
    return true;
}

/* Who has asked is certain by the file system only. */
static bool check_requester(const struct session *session)
{
    const struct ska_directory *directory = request_place_directory(session->place);

    return session->inbox->requester == NULL ||
           (directory != NULL && ska_directory_knows_owners(directory)) ||
           ska_fail(&session->tool->errors, SKA_R_WRONG_USE,
                    "--requester: %s is another computer's, so this computer cannot tell whose "
                    "request is whose",
                    session->place->name);
}

static bool find_waiting(struct session *session)
{
    struct request_place *place = session->place;
    bool done = request_place_visit(place, &session->filter, note_waiting, session);

    if (done && place->unreadable > 0)
        report_warning("%zu request%s in %s cannot be read by this user", place->unreadable,
                       place->unreadable == 1 ? "" : "s", place->name);
    if (done && session->count == 0)
        request_place_say_none(place, true);
    return done;
}

/* ---- The key --------------------------------------------------------------------------------- */

static bool open_inbox_key(struct session *session)
{
    return session->key.key != NULL ||
           approver_open(session->tool, &session->key, session->inbox->approver,
                         session->inbox->certificate);
}

/* Until somebody is there again. False: they want no more. */
static bool wait_for_somebody(struct session *session)
{
    const struct terminal_question question = {
        .question = "\n\nNobody has answered for ten minutes, so your key was wiped from memory.\n"
                    "Press Enter to go on, or q to quit: ",
        .interrupt_ends = true};
    char line[16] = "";

    approver_close(&session->key);
    if (terminal_read(&question, line, sizeof(line)) != TERMINAL_LINE || line[0] == 'q' ||
        line[0] == 'Q') {
        session->quit = true;
        return true;
    }
    return open_inbox_key(session);
}

/* ---- One request ----------------------------------------------------------------------------- */

/* `what`: "Approved". At a broker nobody knows how far it is. */
static void say_answered(const struct review *review, const char *what, bool progress)
{
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "%s ", what);
    request_text_name(review->request, &text);
    if (progress) {
        ska_buffer_text(&text, " (");
        ska_ballot_progress_text(&review->ballot, &text);
        ska_buffer_text(&text, ")");
    }
    report_message("%s.", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static void say_rejected(const struct review *review, const char *reason)
{
    struct ska_buffer text = {0};

    ska_buffer_text(&text, "Rejected ");
    request_text_name(review->request, &text);
    report_message("%s%s.", ska_buffer_string(&text), reason[0] == 0 ? "" : ", with your reason");
    ska_buffer_free(&text);
}

/* Nobody has seen the page: what it was about, and with which key. */
static void say_approved(const struct review *review, const struct document *document)
{
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "%.16s is approved: document ", request_shown_id(review->request));
    ska_buffer_name(&text, ska_span_text(document->path));
    ska_buffer_text(&text, ", key ");
    ska_buffer_name(&text, review->ballot.token.key_name);
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

/*
 * What fails, as of a request that was closed meanwhile, is told, and the next one comes. With a
 * document nobody was asked.
 */
static void approve_one(struct session *session, struct review *review,
                        const struct document *document)
{
    if (!review_approve(session->tool, review))
        return;
    session->approved++;
    if (document != NULL)
        say_approved(review, document);
    else if (review_is_of_broker(review))
        say_answered(review, "Approved", false);
    else if (review_count(session->tool, review))
        say_answered(review, "Approved", true);
}

static enum rejection_answer reject_one(struct session *session, struct review *review,
                                        const struct document *document)
{
    char reason[REJECTION_REASON_SIZE];
    enum rejection_answer answer =
        inbox_ask_rejection(session->tool, review, document, PATIENCE_MS, reason);

    if (answer == REJECTION_MEANT &&
        review_refuse(session->tool, review, reason[0] == 0 ? NULL : reason)) {
        session->rejected++;
        session->rejections_old = true;
        say_rejected(review, reason);
    }
    return answer;
}

static bool ask_about(struct session *session, struct review *review, const char *lead)
{
    struct document document;
    struct review_offer offer = {.lead = lead, .patience_ms = PATIENCE_MS};
    enum review_choice choice = REVIEW_QUIT;
    enum rejection_answer rejection = REJECTION_NOT_MEANT;
    bool decided = false;
    bool found = false;

    if (!find_file(session, review->request, &found, &document))
        return false;
    offer.document = found ? &document : NULL;
    if (!found && session->folder != NULL)
        offer.searched = session->inbox->documents;
    while (!decided && !session->quit) {
        if (!review_choose(session->tool, review, &offer, &choice))
            return false;
        decided = true;
        switch (choice) {
        case REVIEW_YES:
            approve_one(session, review, NULL);
            break;
        case REVIEW_REJECT:
            rejection = reject_one(session, review, offer.document);
            decided = rejection == REJECTION_MEANT;
            if (rejection == REJECTION_NOBODY && !wait_for_somebody(session))
                return false;
            break;
        case REVIEW_NEXT:
            report_message("Left request %.16s unanswered.", request_shown_id(review->request));
            break;
        case REVIEW_QUIT:
            session->quit = true;
            break;
        case REVIEW_NOBODY:
            decided = false;
            if (!wait_for_somebody(session))
                return false;
            break;
        }
    }
    return true;
}

/* One that is wrong is named, and hides no other: *passed is what was raised. */
static bool open_one(struct session *session, const char *id, struct review *review)
{
    struct tool *tool = session->tool;

    *review = (struct review){
        .approver = session->inbox->approver,
        .certificate = session->inbox->certificate,
        .key = &session->key,
        .wanted = &session->filter,
        .rejections = &session->rejections,
        .folder = session->folder,
        .source = {.what = id, .by_id = true, .place = session->place, .place_is_lent = true}};
    snprintf(review->source.id, sizeof(review->source.id), "%s", id);
    if (session->rejections_old && !session->place->kind->is_broker &&
        !own_rejections_read(tool, ska_span_of(&session->key.public_key), &session->rejections))
        return false;
    session->rejections_old = false;
    return review_read(tool, review) &&
           (review->request->unshown != NULL || review_check(tool, review)) &&
           review_open_key(tool, review);
}

/* By its id it can be rejected. */
static void leave_unshown(const struct session *session, const struct ska_request *request)
{
    struct ska_buffer name = {0};
    char word[SKA_SHELL_WORD_SIZE];

    request_text_name(request, &name);
    report_message("Left unanswered: %s. It cannot be shown by this version: use the vendor's app, "
                   "or skatool reject --approver KEY --tsb %s %.36s",
                   ska_buffer_string(&name), ska_shell_word(session->place->name, word),
                   request->id);
    ska_buffer_free(&name);
}

/* Nobody is asked, so it is only what a file tells: `why` is why it is left, empty where it is not.
 */
static bool decide_by_file(struct session *session, struct review *review,
                           struct document *document, struct ska_buffer *why)
{
    struct ska_buffer more = {0};
    struct rejected_before rejected = {.when = NULL};
    bool found = false;
    bool may = false;
    bool done = find_file(session, review->request, &found, document) &&
                review_rejected_before(session->tool, review, found ? document : NULL, &rejected);

    if (done && rejected.unread != NULL)
        ska_buffer_format(why, "%s, or answer at a terminal, without --yes", rejected.unread);
    else if (done && rejected.when != NULL)
        ska_buffer_text(why, "you have rejected the same before (skatool history shows when)");
    else if (done && review->request->operation != SKA_OPERATION_SIGN)
        ska_buffer_text(why, "it is not a signature");
    else if (done && !found)
        ska_buffer_text(why, "there is no file for it");
    else if (done)
        done = review_may_be_unread(session->tool, review, document, &may, &more);
    if (done && why->length == 0 && !may)
        ska_buffer_format(why, "a person has to read it: %s", ska_buffer_string(&more));
    ska_buffer_free(&more);
    return done;
}

static bool answer_by_file(struct session *session, struct review *review)
{
    struct document document;
    struct ska_buffer why = {0};
    bool done = decide_by_file(session, review, &document, &why);

    if (done && why.length == 0)
        approve_one(session, review, &document);
    else if (done)
        report_message("%.16s is left: %s", request_shown_id(review->request),
                       ska_buffer_string(&why));
    ska_buffer_free(&why);
    return done;
}

static bool show_opened(struct session *session, const char *id)
{
    char lead[64];
    struct review review;
    bool done = open_one(session, id, &review);

    snprintf(lead, sizeof(lead), "%zu of %zu", session->next, session->count);
    /* What cannot be opened was told, and is passed by. */
    if (done && review.request->unshown != NULL)
        leave_unshown(session, review.request);
    else if (done && review_waits(&review))
        done = session->inbox->yes ? answer_by_file(session, &review)
                                   : ask_about(session, &review, lead);
    else if (!done)
        done = session->key.key != NULL;
    review_close(&review);
    return done;
}

/* What others have closed meanwhile is no failure of who answers. */
static bool show_one(struct session *session, const char *id)
{
    struct tool *tool = session->tool;
    const struct ska_errors loud = tool->errors;
    const size_t answered = session->approved + session->rejected;
    struct ska_error_capture failure = {0};
    bool done = false;

    tool->errors = ska_error_capture(&failure);
    done = show_opened(session, id);
    tool->errors = loud;
    if (failure.reason == SKA_R_REQUEST_NOT_OPEN || failure.reason == SKA_R_WITHDRAWN) {
        session->closed += session->approved + session->rejected == answered;
        report_message("Request %s.", ska_error_capture_text(&failure));
    } else if (failure.reason != 0) {
        ska_error_capture_raise(&failure, &tool->errors);
    }
    ska_error_capture_clear(&failure);
    return done;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static bool show_all(struct session *session)
{
    size_t before = 0;

    do {
        before = session->count;
        while (session->next < session->count && !session->quit)
            if (!show_one(session, session->ids[session->next++].id))
                return false;
        /* What came meanwhile. */
        if (!session->quit && before > 0 && !find_waiting(session))
            return false;
    } while (!session->quit && session->count > before);
    return true;
}

static void say_end(const struct session *session)
{
    size_t left = session->count - session->approved - session->rejected - session->closed;
    char word[SKA_SHELL_WORD_SIZE];

    if (session->count > 0 && session->closed > 0)
        report_message("%zu approved, %zu rejected, %zu closed meanwhile, %zu left.",
                       session->approved, session->rejected, session->closed, left);
    else if (session->count > 0)
        report_message("%zu approved, %zu rejected, %zu left.", session->approved,
                       session->rejected, left);
    if (session->inbox->yes && left > 0)
        report_message("To read and answer one that is left: skatool approve --approver KEY %s %s "
                       "ID",
                       session->place->kind->is_broker ? "--tsb" : "--dir",
                       ska_shell_word(session->place->name, word));
    if (session->more)
        report_message("More requests have arrived meanwhile than one run handles (%d): run the "
                       "command again for the rest.",
                       LATER_MOST);
}

static void say_begin(const struct session *session)
{
    report_message("%zu request%s in %s wait%s for you.", session->count,
                   session->count == 1 ? "" : "s", session->place->name,
                   session->count == 1 ? "s" : "");
    if (!session->inbox->yes)
        report_message("y approves it, n leaves it unanswered, r rejects it, m shows all of it, q "
                       "ends.");
}

static bool run_session(struct session *session)
{
    bool done = false;

    session->rejections_old = true;
    done = open_inbox_key(session) && find_waiting(session);

    if (done && session->count > 0)
        say_begin(session);
    if (done && session->count > 0 && session->folder != NULL)
        document_folder_say(session->with_file, session->count - session->with_file);
    done = done && show_all(session);
    if (done)
        say_end(session);
    return done;
}

/* A file does not tell with which key it is signed, and that a broker chooses. */
static bool check_unattended_inbox(const struct session *session)
{
    return !session->inbox->yes || !session->place->kind->is_broker ||
           session->inbox->key != NULL ||
           options_wrong(
               session->tool,
               "--yes: a broker can ask for a signature of your documents with any key that you "
               "guard, and nobody would look at it: say with which key, by --key LABEL");
}

/* Where nobody can be asked. */
static bool list_waiting(struct session *session)
{
    return (session->place->kind->is_broker ||
            approver_open_public(session->tool, &session->key, session->inbox->approver)) &&
           requests_list(session->place, &session->filter, session->folder, false);
}

bool inbox_run(struct tool *tool, const struct inbox *inbox)
{
    struct session session = {.tool = tool, .inbox = inbox, .filter = REQUEST_FILTER_ALL};
    const struct place_key key = {&session.key, inbox->approver, inbox->certificate};
    bool done = false;

    session.filter.approver = &session.key;
    session.filter.key = inbox->key;
    session.filter.operation = inbox->operation;
    session.filter.requester = inbox->requester;
    session.filter.certain_requester = true;
    done = place_open(tool, &inbox->where, &key, &session.place) && check_requester(&session) &&
           check_unattended_inbox(&session) &&
           (inbox->documents == NULL ||
            document_folder_open(inbox->documents, tool->libctx, &session.folder, &tool->errors)) &&
           (inbox->yes || terminal_available() ? run_session(&session) : list_waiting(&session));
    document_folder_close(session.folder);
    request_place_close(session.place);
    approver_close(&session.key);
    own_rejections_clear(&session.rejections);
    free(session.ids);
    return done;
}
