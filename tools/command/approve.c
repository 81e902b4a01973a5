/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool approve: shows a request, asks, and signs its token: the very bytes that were shown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/printable.h"
#include "provider/request/approval.h"
#include "provider/request/algorithm.h"
#include "provider/base/file.h"
#include "provider/sign/ballot_text.h"
#include "tools/input.h"
#include "tools/key_label.h"
#include "tools/review.h"
#include "tools/options.h"
#include "tools/document.h"
#include "tools/output.h"
#include "tools/command/inbox.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

#define REQUEST_MODE 0640

struct approve {
    const char *document;
    struct document compared;
    struct output output;
    bool yes;
    struct inbox inbox; /* without REQUEST; its key with one, too */
    struct request_filter wanted;
    char *label; /* of a URI that was given for it */
    struct approver key;
    struct review review;
};

/* ---- Refusals before anybody is asked -------------------------------------------------------- */

static bool check_request(struct tool *tool, const struct approve *approve)
{
    const struct review *review = &approve->review;

    return (review->request->operation == SKA_OPERATION_SIGN || approve->document == NULL ||
            options_wrong(tool, "--document: a request to %s a key has no document",
                          text_operation(review->request->operation))) &&
           review_check(tool, review);
}

/* The document in the approver's hand against the one in the token. */
static bool check_document(struct tool *tool, struct approve *approve)
{
    struct document *document = &approve->compared;
    struct input input = {0};
    bool done = false;

    document->path = approve->document;
    if (approve->document == NULL)
        return true;
    if (!input_open(&input, approve->document, &tool->errors))
        return false;
    done = document_compare(&input, tool->libctx, approve->review.request, document, &tool->errors);
    input_close(&input);
    if (done && document->answer == DOCUMENT_OTHER)
        ska_fail(&tool->errors, SKA_R_DOCUMENT_NOT_CONFIRMED,
                 "%s is NOT the document that the request is about: do not approve it",
                 approve->document);
    if (done && document->answer == DOCUMENT_NOT_COMPARED)
        ska_fail(&tool->errors, SKA_R_DOCUMENT_NOT_CONFIRMED, "%s cannot be compared: %s",
                 approve->document, document->reason);
    return done && document->answer == DOCUMENT_SAME;
}

/* ---- Where nobody looks ---------------------------------------------------------------------- */

static bool is_operation(const char *name, enum ska_operation operation)
{
    return name != NULL && strcmp(name, text_operation(operation)) == 0;
}

/*
 * A broker puts under an id what it likes. Where nobody looks, what is approved has to be fixed by
 * what the approver says himself: the key, and the document or what is done to the key.
 */
static bool check_unattended(struct tool *tool, const struct approve *approve)
{
    const struct request_filter *wanted = &approve->wanted;

    if (!approve->yes || !review_is_of_broker(&approve->review))
        return true;
    if (is_operation(wanted->operation, SKA_OPERATION_MODIFY))
        return options_wrong(tool, "--yes: new rules at a broker must be read by a person; without "
                                   "--yes they are shown, and you are asked");
    if (wanted->key != NULL &&
        (approve->document != NULL || is_operation(wanted->operation, SKA_OPERATION_BLOCK) ||
         is_operation(wanted->operation, SKA_OPERATION_UNBLOCK)))
        return true;
    return options_wrong(
        tool, "--yes: a broker can put anything under an id, and nobody would look at it, so say "
              "what you approve: --key LABEL, and --document FILE for a signature, or --operation "
              "block or unblock; without --yes it is shown, and you are asked");
}

/*
 * Key and document do not say all: a page may warn of the digest, of what kind of file it is, of an
 * earlier rejection, and attributes of CMS may say anything beside. That the file could be more
 * than a document counts for requests in files and directories, too.
 */
static bool check_rest_unattended(struct tool *tool, const struct approve *approve)
{
    const struct review *review = &approve->review;
    const char *document = approve->document;
    struct ska_buffer why = {0};
    bool may = true;

    if (!approve->yes ||
        (!review_is_of_broker(review) && approve->compared.meaning == SKA_MEANS_DOCUMENT))
        return true;
    if (!review_may_be_unread(tool, review, document == NULL ? NULL : &approve->compared, &may,
                              &why))
        return false;
    if (!may)
        ska_fail(&tool->errors, SKA_R_DECLINED,
                 "%s%sa person has to read what else is on the page (%s): without --yes it is "
                 "shown, and you are asked",
                 document == NULL ? "" : document, document == NULL ? "" : " is the document, but ",
                 ska_buffer_string(&why));
    ska_buffer_free(&why);
    return may;
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* An approval that can never be used is not asked for; the clock of this computer may be wrong. */
static bool check_time(struct tool *tool, const struct approve *approve)
{
    const struct review *review = &approve->review;
    char closes[TEXT_TIME_SIZE];

    if (review->listed == NULL || review->chance.usable < SKA_USABLE_OVER)
        return true;
    text_time(review->chance.window.closes, closes);
    if (approve->yes) {
        if (review->chance.usable == SKA_USABLE_OVER)
            report_warning("by this computer's clock the request expired at %s", closes);
        else
            report_warning("this request can never be used: it contains no HSM time");
        return true;
    }
    if (review->chance.usable == SKA_USABLE_OVER)
        return ska_fail(
            &tool->errors, SKA_R_EXPIRED,
            "an approval would be useless: it could be used only until %s. Ask for a new request "
            "(if this computer's clock is wrong, --yes approves anyway)",
            closes);
    return ska_fail(&tool->errors, SKA_R_EXPIRED,
                    "an approval could never be used: the rule has a time limit, and the request "
                    "contains no HSM time. Ask for a new request");
}

/* ---- Writing --------------------------------------------------------------------------------- */

/*
 * Whether the bundle holds an approval of this approver that verifies. One that does not is
 * dropped: it would spoil the whole bundle.
 */
static bool is_in_bundle(struct tool *tool, struct review *review)
{
    struct ska_request *request = review->request;
    struct ska_span key = review_key(review);

    for (size_t i = 0; i < request->approval_count;) {
        struct ska_approval *approval = &request->approvals[i];

        if (!ska_span_equal(ska_span_of(&approval->public_key), key)) {
            i++;
            continue;
        }
        if (ska_approval_verify(tool->libctx, approval, ska_span_of(&request->approval_token)))
            return true;
        report_note("an approval under this name that does not verify is replaced");
        ska_approval_clear(approval);
        memmove(approval, approval + 1, (request->approval_count - i - 1) * sizeof(*approval));
        request->approval_count--;
    }
    return false;
}

/*
 * Those who approve in the same file at the same moment take turns by a lock on its folder. Who
 * cannot have it goes on all the same: after two seconds where somebody keeps it, at once where the
 * file system has no locks.
 */
static void take_turn(const struct review *review)
{
    const struct timespec pause = {0, 10000000};

    for (int tries = 0; tries < 200; tries++) {
        if (flock(ska_directory_fd(review->source.folder), LOCK_EX | LOCK_NB) == 0 ||
            errno != EWOULDBLOCK)
            return;
        nanosleep(&pause, NULL);
    }
}

/* The history has it, since its line comes before the answer. */
static void say_not_written(const struct approve *approve)
{
    report_note("your approval was signed, but could not be written; your history has it as "
                "approved. Approve again%s",
                approve->output.path == NULL ? ", with -o FILE if that fails again" : "");
}

/* As it was, for the same people. */
static bool write_in_place(struct tool *tool, const struct ska_file_place *file,
                           struct ska_span text)
{
    struct stat status;

    return ska_file_place_look(file, &status, &tool->errors) &&
           ska_file_place_replace(file, text,
                                  S_ISREG(status.st_mode) ? status.st_mode & 0777 : REQUEST_MODE,
                                  &tool->errors);
}

/* The approval may be NULL when the bundle holds one of this approver: it is written as it is. */
static bool write_bundle(struct tool *tool, struct approve *approve, struct ska_approval *approval)
{
    struct review *review = &approve->review;
    struct ska_bytes text = {NULL, 0};
    bool there = false;
    bool done = false;

    /*
     * Others may have approved in the same file meanwhile: no approval is lost. What further copies
     * hold stays in those.
     */
    if (approve->output.path == NULL)
        review->source.copies = NULL;
    if (approve->output.path == NULL &&
        (!review_read_again(tool, review) || !review_count(tool, review)))
        return false;
    there = is_in_bundle(tool, review);
    if (there && approve->output.path == NULL)
        return true;
    done = (there || ska_request_add_approval(review->request, approval, &tool->errors)) &&
           ska_request_print(review->request, &text, &tool->errors) &&
           (approve->output.path == NULL
                ? write_in_place(tool, &review->source.file, ska_span_of(&text))
                : output_write(tool, &approve->output, ska_span_of(&text), REQUEST_MODE));
    ska_bytes_free(&text);
    return done;
}

static bool add_to_bundle(struct tool *tool, struct approve *approve, struct ska_approval *approval)
{
    const struct review *review = &approve->review;
    bool in_place = approve->output.path == NULL && review->source.folder != NULL;
    bool done = false;

    if (in_place)
        take_turn(review);
    done = write_bundle(tool, approve, approval);
    if (in_place)
        flock(ska_directory_fd(review->source.folder), LOCK_UN);
    return done;
}

static void say_how_far(const struct review *review, bool closed, struct ska_buffer *text)
{
    if (review_is_of_broker(review)) {
        ska_buffer_text(text, ", which continues when enough have approved");
        return;
    }
    ska_buffer_text(text, " (");
    if (closed)
        ska_buffer_text(
            text,
            "the request has been closed meanwhile: signed, withdrawn, or its key is blocked");
    else
        ska_ballot_progress_text(&review->ballot, text);
    ska_buffer_text(text, ")");
}

/* Who gave --yes may have missed the warning that stands far above. */
static void say_expired(const struct review *review, struct ska_buffer *text)
{
    char closes[TEXT_TIME_SIZE];

    if (review->listed == NULL)
        return;
    if (review->chance.usable == SKA_USABLE_OVER)
        ska_buffer_format(text, "; by this computer's clock the request expired at %s",
                          text_time(review->chance.window.closes, closes));
    else if (review->chance.usable == SKA_USABLE_NEVER)
        ska_buffer_text(text, "; this request can never be used");
}

/* "Added alice's approval of request ... to request.json (1 of 2; still needed: bob or carol)" */
static bool approve_say_done(struct tool *tool, struct approve *approve)
{
    struct review *review = &approve->review;
    struct request_place *place = review->source.place;
    const char *to = place != NULL                  ? place->name
                     : approve->output.path != NULL ? approve->output.path
                                                    : review->source.what;
    struct ska_buffer text = {0};
    bool closed = place != NULL && !request_place_is_open(place, review->source.id);

    if (!closed && !review_count(tool, review))
        return false;
    ska_buffer_text(&text, place == NULL ? "Added " : review_sent_word(review));
    review_name_answer(review, "approval", &text);
    ska_buffer_text(&text, place == NULL || review_is_of_broker(review) ? " to " : " into ");
    text_output_path(to, &text);
    say_how_far(review, closed, &text);
    say_expired(review, &text);
    if (approve->output.path != NULL && !output_is_stdout(&approve->output))
        review_add_addressee(review, &text);
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
    return true;
}

static bool approve_sign_and_write(struct tool *tool, struct approve *approve)
{
    struct review *review = &approve->review;
    struct ska_approval approval = {0};
    bool done = false;

    if (review->source.by_id)
        return review_approve(tool, review) && approve_say_done(tool, approve);
    done = approver_unlock(review->key, tool->libctx, &tool->errors) &&
           approver_sign_checked(review->key, tool->libctx, review->listed,
                                 ska_span_of(&review->request->approval_token), &approval,
                                 &tool->errors);
    if (done) {
        review_remember(tool, review, HISTORY_APPROVED, NULL);
        done = add_to_bundle(tool, approve, &approval);
        if (!done)
            say_not_written(approve);
    }
    ska_approval_clear(&approval);
    return done && approve_say_done(tool, approve);
}

/* Where somebody can be asked. It is no reason not to answer: the key may be unblocked. */
static bool warn_of_blocked_key(struct tool *tool, const struct ska_request *request)
{
    struct key_rules rules = {0};
    bool done = request->operation != SKA_OPERATION_SIGN || key_rules_ask(tool, request, &rules);

    if (done && rules.told && rules.blocked && !rules.other_key)
        report_warning("%skey '%s' is blocked: approvals are useless until it is unblocked",
                       backend_word_lead(rules.word), request->key_label);
    key_rules_clear(&rules);
    return done;
}

/* ---- The command ----------------------------------------------------------------------------- */

/* Also drops an approval of this approver in the bundle that is none, and then counts again. */
static bool is_done_already(struct tool *tool, struct approve *approve, bool *already)
{
    struct review *review = &approve->review;

    if (review->source.by_id) {
        *already = ska_ballot_has_approved(&review->ballot, review_key(review));
    } else {
        ska_ballot_close(&review->ballot);
        *already = is_in_bundle(tool, review);
        if (!review_count(tool, review))
            return false;
    }
    if (*already)
        report_note(approve->output.path == NULL
                        ? "this key has already approved request %.16s; nothing to do"
                        : "this key has already approved request %.16s; it is written unchanged",
                    request_shown_id(review->request));
    return true;
}

/*
 * A request that stands in the approvals directory: inside its file the approval would be seen by
 * nobody, since the signer takes only those in files of their own.
 */
static bool check_place(struct tool *tool, const struct approve *approve)
{
    const struct review *review = &approve->review;
    const char *path = approve->output.path != NULL ? approve->output.path : review->source.what;
    char word[SKA_SHELL_WORD_SIZE];
    char *directory = NULL;
    bool done = false;

    if (review->source.by_id || access(path, F_OK) != 0) /* a new file */
        return true;
    done = request_find_directory(tool, path, &directory) &&
           (directory == NULL ||
            ska_fail(&tool->errors, SKA_R_WRONG_USE,
                     "%s is in an approvals directory, where an approval counts only in a file of "
                     "its own: use --dir %s %.16s, or -o FILE for a bundle that you send back",
                     path, ska_shell_word(directory, word), review->request->id));
    free(directory);
    return done;
}

/* So that nobody reads and answers for nothing. */
static bool check_in_place(struct tool *tool, const struct approve *approve)
{
    const struct request_source *source = &approve->review.source;

    return approve->output.path != NULL || source->by_id || source->file.path == NULL ||
           output_check_in_place(tool, &source->file);
}

/* Too many have said no: that is no reason not to approve, since one of them may think again. */
static void warn_of_rejections(const struct review *review)
{
    if (ska_ballot_has_refused(&review->ballot, review_key(review)))
        report_warning(
            "you have rejected this request yourself: your approval replaces the rejection");
    if (review->listed != NULL && !review->chance.possible)
        report_warning("too many have rejected this request: your approval helps only if one of "
                       "them approves later");
}

static bool approve_run(struct tool *tool, struct approve *approve)
{
    struct review *review = &approve->review;
    const struct review_question question = {
        .question = "Do you approve this? Type yes or no: ",
        .declined = "nothing was signed",
        .document = approve->document == NULL ? NULL : &approve->compared,
        .yes = approve->yes,
        .to_stderr = output_is_stdout(&approve->output)};
    bool already = false;

    review->source.in_place = approve->output.path == NULL;
    if (!output_check(tool, &approve->output, review->source.what) ||
        !review_open_place(tool, review) || !check_unattended(tool, approve))
        return false;
    if (!review_read(tool, review))
        return review_answer_again(tool, review, false);
    if (!check_place(tool, approve) || !check_request(tool, approve) ||
        !check_document(tool, approve) || !review_open_key(tool, review) ||
        !is_done_already(tool, approve, &already))
        return false;
    if (already)
        return approve->output.path == NULL || write_bundle(tool, approve, NULL);
    if (!check_in_place(tool, approve))
        return false;
    warn_of_rejections(review);
    return check_rest_unattended(tool, approve) && check_time(tool, approve) &&
           warn_of_blocked_key(tool, review->request) && review_ask(tool, review, &question) &&
           approve_sign_and_write(tool, approve);
}

/* Without REQUEST: all that waits for this approver. */
static bool approve_inbox(struct tool *tool, struct approve *approve)
{
    struct inbox *inbox = &approve->inbox;

    inbox->key = approve->wanted.key;
    inbox->operation = approve->wanted.operation;
    if (approve->document != NULL || approve->output.path != NULL)
        return options_wrong(tool, "--document and --output need a single request: add its ID");
    if (approve->yes && inbox->documents == NULL)
        return options_wrong(tool, "--yes without an ID would approve whatever somebody has put "
                                   "there: add an ID, or --documents");
    inbox->where = approve->review.source.where;
    inbox->approver = approve->review.approver;
    inbox->certificate = approve->review.certificate;
    inbox->yes = approve->yes;
    return inbox_run(tool, inbox);
}

static bool approve_check_options(struct tool *tool, struct approve *approve,
                                  const char *const *operands)
{
    enum ska_operation operation = SKA_OPERATION_SIGN;

    if (!request_source_take(tool, &approve->review.source, operands) ||
        !key_label_take(tool, &approve->wanted.key, &approve->label))
        return false;
    if (approve->review.source.by_id && approve->output.path != NULL)
        return options_wrong(tool, "--output is for a request in a file");
    if (approve->review.source.what != NULL && approve->inbox.requester != NULL)
        return options_wrong(tool, "--requester cannot be used with an ID");
    if (approve->review.source.what != NULL && approve->inbox.documents != NULL)
        return options_wrong(
            tool, "--documents cannot be used with an ID; for one request use --document FILE");
    return approve->wanted.operation == NULL ||
           text_read_operation(approve->wanted.operation, &operation) ||
           options_wrong(tool, "--operation '%s' is unknown: sign, block, unblock or modify",
                         approve->wanted.operation);
}

bool approve_command(struct tool *tool, int argc, char **argv)
{
    struct approve approve = {.wanted = REQUEST_FILTER_ALL,
                              .review = {.key = &approve.key, .wanted = &approve.wanted}};
    struct review *review = &approve.review;
    const char *operands[REQUEST_COPIES_MOST + 1] = {NULL};
    const struct option_entry options[] = {
        OPTION_NEEDED("approver", "KEY", "your private key: a file or any OSSL_STORE URI",
                      &review->approver),
        OPTION_TEXT("cert", "FILE", "your certificate, to include in the approval",
                    &review->certificate),
        OPTION_TEXT("document", "FILE", "refuse if it is not about this file", &approve.document),
        OPTION_TEXT("documents", "FOLDER", "show which request is about which file in it",
                    &approve.inbox.documents),
        OPTION_TEXT("key", "LABEL", "only for the key with this label, or URI",
                    &approve.wanted.key),
        OPTION_TEXT("operation", "NAME", "only requests to sign, block, unblock or modify",
                    &approve.wanted.operation),
        OPTION_TEXT("requester", "USER", "in the inbox: only what this user has put there",
                    &approve.inbox.requester),
        OPTION_TEXT("dir", "DIR", "take the request ID from an approvals directory",
                    &review->source.where.directory),
        OPTIONS_BROKER(review->source.where),
        OPTION_OUTPUT(&approve.output, "write there and leave REQUEST unchanged"),
        OPTION_FLAG("yes", "do not ask", &approve.yes),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--approver KEY [OPTION...] REQUEST...\n"
                 "       skatool approve --approver KEY [OPTION...] [--dir DIR | --tsb URL] ID\n"
                 "       skatool approve --approver KEY [OPTION...] [--dir DIR | --tsb URL]",
        .help = "Shows a request, asks, and adds your approval: to the file REQUEST, to the\n"
                "approvals directory DIR, or at the broker URL (default: as configured). If you\n"
                "give several copies of a request, it is added to the first. Without REQUEST or\n"
                "ID all requests that wait for you are shown, one after the other.",
        .options = options,
        .operands = operands,
        .operands_allowed = REQUEST_COPIES_MOST,
    };
    bool done =
        options_parse(tool, &line, argc, argv) && approve_check_options(tool, &approve, operands) &&
        (review->source.what == NULL ? approve_inbox(tool, &approve) : approve_run(tool, &approve));

    review_close(review);
    approver_close(&approve.key);
    free(approve.label);
    return done;
}
