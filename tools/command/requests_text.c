/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for people: a table, or, where the terminal is too narrow for it, a paragraph for each.
 */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/printable.h"
#include "provider/sign/ballot_text.h"
#include "tools/command/requests.h"
#include "tools/show/request_text.h"
#include "tools/show/terminal.h"
#include "tools/show/text.h"
#include "tools/show/unshown.h"

/* What is said of one, in either form. */
struct said {
    char id[SKA_REQUEST_ID_LENGTH + 1];
    char until[TEXT_TIME_SIZE];
    struct ska_buffer count;
    struct ska_buffer approved;
    struct ska_buffer refused;
    struct ska_buffer requester;
    const char *description; /* the request's, or: */
    char *unshown;
};

static void said_clear(struct said *said)
{
    ska_buffer_free(&said->count);
    ska_buffer_free(&said->approved);
    ska_buffer_free(&said->refused);
    ska_buffer_free(&said->requester);
    free(said->unshown);
}

static void say_until(const struct listed_request *listed, char until[TEXT_TIME_SIZE])
{
    const struct ska_standing *chance = &listed->chance;

    if (listed->outlook == REQUEST_HOPELESS)
        snprintf(until, TEXT_TIME_SIZE, "hopeless");
    else if (listed->ballot.rule == NULL)
        snprintf(until, TEXT_TIME_SIZE, "?");
    else if (chance->usable == SKA_USABLE_NOW || chance->usable == SKA_USABLE_LATER)
        text_time(chance->window.closes, until);
    else
        snprintf(until, TEXT_TIME_SIZE, "%s",
                 chance->usable == SKA_USABLE_ALWAYS ? "no end"
                 : chance->usable == SKA_USABLE_OVER ? "too late"
                                                     : "never usable");
}

void requests_add_user(uid_t uid, struct ska_buffer *text)
{
    const struct passwd *user = getpwuid(uid);

    if (user != NULL)
        ska_buffer_name(text, ska_span_text(user->pw_name));
    else
        ska_buffer_format(text, "uid %lu", (unsigned long)uid);
}

/* Of an order the signer's side has made the request, and says in it who ordered. */
static bool asks_for_another(const struct listed_request *listed)
{
    const struct ska_request *request = listed->request;

    return listed->origin.known && !listed->origin.remote && !request->is_imported &&
           request->has_requester && request->requester_uid != listed->origin.owner;
}

/* The owner of the file is certain; for somebody else only the owner says so. */
static void say_requester(const struct listed_request *listed, struct ska_buffer *text)
{
    if (!listed->origin.known) {
        ska_buffer_text(text, "?");
    } else if (asks_for_another(listed)) {
        requests_add_user((uid_t)listed->request->requester_uid, text);
        ska_buffer_text(text, " (according to ");
        requests_add_user(listed->origin.owner, text);
        ska_buffer_text(text, ")");
    } else {
        requests_add_user(listed->origin.owner, text);
    }
    if (listed->request->is_imported)
        ska_buffer_text(text, ", by a file");
}

static bool say_description(const struct ska_request *request, struct said *said)
{
    said->description = request->description;
    if (request->unshown == NULL)
        return true;
    said->description = said->unshown = unshown_description(request);
    return said->unshown != NULL;
}

static bool said_make(const struct listed_request *listed, struct said *said,
                      const struct ska_errors *errors)
{
    snprintf(said->id, sizeof(said->id), "%.*s", (int)listed->digits,
             request_shown_id(listed->request));
    say_until(listed, said->until);
    if (listed->word != NULL)
        snprintf(said->until, sizeof(said->until), "%s", listed->word);
    if (listed->answers_hidden) {
        ska_buffer_text(&said->count, "?");
        ska_buffer_text(&said->approved, "?");
        ska_buffer_text(&said->refused, "?");
    } else {
        ska_ballot_count_text(&listed->ballot, &said->count);
        ska_ballot_approved_text(&listed->ballot, &said->approved);
        ska_ballot_refused_text(&listed->ballot, &said->refused);
    }
    say_requester(listed, &said->requester);
    return (say_description(listed->request, said) &&
            !(said->count.failed || said->approved.failed || said->refused.failed ||
              said->requester.failed)) ||
           ska_fail(errors, SKA_R_OUT_OF_MEMORY, "the state of a request");
}

static const char *say_awaited(enum ska_awaited awaited)
{
    static const char *const words[] = {
        [SKA_AWAITED_UNKNOWN] = "?", [SKA_AWAITED_NO] = "no", [SKA_AWAITED_YES] = "yes"};

    return words[awaited];
}

static const char *or_dash(const char *text)
{
    return text == NULL || text[0] == 0 ? "-" : text;
}

/* ---- The table ------------------------------------------------------------------------------- */

enum column {
    COLUMN_ID,
    COLUMN_WHAT,
    COLUMN_KEY,
    COLUMN_APPROVALS,
    COLUMN_APPROVED_BY,
    COLUMN_REJECTED_BY,
    COLUMN_ASKED_BY,
    COLUMN_WAITS,
    COLUMN_UNTIL,
    COLUMN_DESCRIPTION,
    COLUMN_FILE, /* the last: not always there */
    COLUMN_COUNT
};

/*
 * All of a place are alike, so the first one shows what there is to say: a broker tells its
 * approvers nothing but what is asked, and the owner what state it is in.
 */
static bool add_heading(struct requests_text *text, const struct listed_request *first,
                        const struct ska_errors *errors)
{
    const unsigned int untold = 1U << COLUMN_APPROVALS | 1U << COLUMN_APPROVED_BY |
                                1U << COLUMN_REJECTED_BY | 1U << COLUMN_ASKED_BY |
                                1U << COLUMN_WAITS | 1U << COLUMN_UNTIL;
    const char *const heading[COLUMN_COUNT] = {[COLUMN_ID] = "ID",
                                               [COLUMN_WHAT] = "WHAT",
                                               [COLUMN_KEY] = "KEY",
                                               [COLUMN_APPROVALS] = "APPROVALS",
                                               [COLUMN_APPROVED_BY] = "APPROVED BY",
                                               [COLUMN_REJECTED_BY] = "REJECTED BY",
                                               [COLUMN_ASKED_BY] = "ASKED BY",
                                               [COLUMN_WAITS] = "WAITS",
                                               [COLUMN_UNTIL] =
                                                   first->word == NULL ? "USABLE UNTIL" : "STATE",
                                               [COLUMN_DESCRIPTION] = "DESCRIPTION",
                                               [COLUMN_FILE] = "YOUR FILE"};

    text->table.columns = COLUMN_COUNT - (text->documents ? 0 : 1);
    text->table.names = 1U << COLUMN_KEY;
    if (first->answers_hidden)
        text->table.hidden = untold;
    else if (first->word != NULL)
        text->table.hidden = 1U << COLUMN_WAITS;
    return table_add(&text->table, heading, errors);
}

/* NULL only of what cannot be shown. */
static const char *key_shown(const struct ska_request *request)
{
    return request->key_label == NULL ? "?" : request->key_label;
}

static bool add_row(struct requests_text *text, const struct listed_request *listed,
                    const struct document *document, struct said *said,
                    const struct ska_errors *errors)
{
    const struct ska_request *request = listed->request;

    return table_add(
        &text->table,
        (const char *[COLUMN_COUNT]){
            said->id, request_what(request), key_shown(request),
            or_dash(ska_buffer_string(&said->count)), or_dash(ska_buffer_string(&said->approved)),
            or_dash(ska_buffer_string(&said->refused)), ska_buffer_string(&said->requester),
            say_awaited(listed->awaited), said->until, or_dash(said->description),
            document == NULL ? "-" : document->path},
        errors);
}

/* ---- A paragraph ----------------------------------------------------------------------------- */

/* So much of a description is shown here. */
#define DESCRIPTION_SHOWN 200

void requests_add_words(const char *words, struct ska_buffer *text)
{
    if (words == NULL)
        return;
    ska_buffer_text(text, "    | ");
    ska_buffer_printable(text, ska_span_text(words), DESCRIPTION_SHOWN);
    ska_buffer_text(text, "\n");
}

static void add_answers(const char *lead, struct ska_buffer *names, struct ska_buffer *text)
{
    if (names->length > 0)
        ska_buffer_format(text, "    %s %s\n", lead, ska_buffer_string(names));
}

/* What a broker tells no approver. */
static void add_known(struct ska_buffer *text, const struct listed_request *listed,
                      struct said *said)
{
    ska_buffer_format(text, ", %s\n", ska_buffer_string(&said->count));
    add_answers("approved by", &said->approved, text);
    add_answers("rejected by", &said->refused, text);
    ska_buffer_format(text, "    asked by %s", ska_buffer_string(&said->requester));
    if (listed->word == NULL)
        ska_buffer_format(text, "; somebody waits: %s\n    usable until: %s\n",
                          say_awaited(listed->awaited), said->until);
    else
        ska_buffer_format(text, "\n    state: %s\n", said->until);
}

static void add_paragraph(struct ska_buffer *text, const struct listed_request *listed,
                          const struct document *document, struct said *said)
{
    const struct ska_request *request = listed->request;

    ska_buffer_format(text, "%s  %s ", said->id, request_what(request));
    ska_buffer_name(text, ska_span_text(key_shown(request)));
    if (listed->answers_hidden)
        ska_buffer_text(text, "\n");
    else
        add_known(text, listed, said);
    if (document != NULL) {
        ska_buffer_text(text, "    your file ");
        ska_buffer_name(text, ska_span_text(document->path));
        ska_buffer_text(text, "\n");
    }
    requests_add_words(said->description, text);
}

/* ---- Both ------------------------------------------------------------------------------------ */

bool requests_text_add(struct requests_text *text, const struct listed_request *listed,
                       const struct document *document, const struct ska_errors *errors)
{
    struct said said = {.until = ""};
    bool done = (text->table.rows > 0 || add_heading(text, listed, errors)) &&
                said_make(listed, &said, errors) && add_row(text, listed, document, &said, errors);

    if (done)
        add_paragraph(&text->paragraphs, listed, document, &said);
    said_clear(&said);
    return done;
}

bool requests_text_print(struct requests_text *text, const struct ska_errors *errors)
{
    struct ska_buffer rows = {0};

    table_text(&text->table, &rows);
    if (terminal_fits(STDOUT_FILENO, ska_span(rows.data, rows.length)))
        return text_print(&rows, errors);
    ska_buffer_free(&rows);
    return text_print(&text->paragraphs, errors);
}

void requests_text_clear(struct requests_text *text)
{
    table_clear(&text->table);
    ska_buffer_free(&text->paragraphs);
}
