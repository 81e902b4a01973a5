/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool requests: the requests in an approvals directory, how far each is, and which of them wait
 * for an approver; and clearing away those of one's own from which nothing can come.
 */
#include "tools/command/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/json.h"
#include "provider/base/printable.h"
#include "tools/key_label.h"
#include "tools/options.h"
#include "tools/place_options.h"
#include "tools/show/request_text.h"
#include "tools/show/page.h"
#include "tools/show/terminal.h"
#include "tools/show/text.h"

struct requests {
    struct tool *tool;
    struct place_options where;
    const char *approver;
    const char *certificate;
    const char *older;
    const char *newer;
    const char *documents;
    bool json;
    bool clean;
    bool yes;
    struct request_filter filter;
    char *label;         /* of a URI that was given for its key */
    struct approver key; /* of --approver */
    struct request_place *place;
    struct document_folder *folder; /* of --documents */
};

/* ---- Listing --------------------------------------------------------------------------------- */

/* A visit, of either form. */
struct showing {
    const struct ska_errors *errors;
    struct document_folder *folder; /* NULL: none */
    size_t count;
    size_t with_file;
    struct requests_text text;
    cJSON *array; /* NULL: text */
};

static bool show_listed(void *arg, struct listed_request *listed)
{
    struct showing *showing = arg;
    struct document document;
    const struct document *mine = NULL;
    bool found = false;

    if (showing->folder != NULL &&
        !document_folder_find(showing->folder, listed->request, &found, &document, showing->errors))
        return false;
    mine = found ? &document : NULL;
    showing->count++;
    showing->with_file += found;
    if (showing->array == NULL)
        return requests_text_add(&showing->text, listed, mine, showing->errors);
    return ska_json_add_item(showing->array, NULL, requests_object(listed, mine)) ||
           ska_fail(showing->errors, SKA_R_OUT_OF_MEMORY, "requests as JSON");
}

static bool print_shown(struct showing *showing, const struct request_place *place,
                        bool for_approver)
{
    cJSON *array = showing->array;

    showing->array = NULL;
    if (array != NULL)
        return text_print_json(array, showing->errors);
    if (showing->count > 0)
        return requests_text_print(&showing->text, showing->errors);
    request_place_say_none(place, for_approver);
    return true;
}

/* What is kept from this user may be what waits for them: nobody is to think that it is all. */
static bool check_unreadable(const struct request_place *place)
{
    return place->unreadable == 0 ||
           ska_fail(&place->tool->errors, SKA_R_BAD_REQUEST,
                    "%zu request%s in %s cannot be read by this user, so this may not be all: the "
                    "directory should have mode 3770 and the group of the approvers",
                    place->unreadable, place->unreadable == 1 ? "" : "s", place->name);
}

bool requests_list(struct request_place *place, const struct request_filter *filter,
                   struct document_folder *folder, bool json)
{
    const struct ska_errors *errors = &place->tool->errors;
    struct showing showing = {
        .errors = errors, .folder = folder, .text = {.documents = folder != NULL}};
    bool done = false;

    if (json)
        showing.array = cJSON_CreateArray();
    done =
        !json || showing.array != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "requests as JSON");
    done = done && request_place_visit(place, filter, show_listed, &showing) &&
           print_shown(&showing, place, filter->approver != NULL);
    if (done && folder != NULL && showing.count > 0)
        document_folder_say(showing.with_file, showing.count - showing.with_file);
    done = done && check_unreadable(place);
    requests_text_clear(&showing.text);
    cJSON_Delete(showing.array);
    return done;
}

/* ---- Clearing away --------------------------------------------------------------------------- */

/* The ids of those that go, and what is said of them before. */
struct cleaning {
    struct requests *requests;
    char (*ids)[SKA_REQUEST_ID_LENGTH + 1];
    size_t count;
    struct ska_buffer text;
};

/* NULL: it stays. What has enough approvals can still be used. */
static const char *why_dead(const struct listed_request *listed)
{
    switch (listed->outlook) {
    case REQUEST_HOPELESS:
        return "too many have rejected it";
    case REQUEST_OVER:
        return "the time for approvals is over";
    case REQUEST_OPEN:
        return listed->awaited == SKA_AWAITED_NO ? "nobody waits for it" : NULL;
    case REQUEST_COMPLETE:
        break;
    }
    return NULL;
}

static bool is_own(const struct listed_request *listed)
{
    return listed->origin.known && listed->origin.owner == geteuid();
}

static bool note_dead(void *arg, struct listed_request *listed)
{
    struct cleaning *cleaning = arg;
    const char *why = is_own(listed) ? why_dead(listed) : NULL;
    void *grown = NULL;

    if (why == NULL)
        return true;
    grown = reallocarray(cleaning->ids, cleaning->count + 1, sizeof(*cleaning->ids));
    if (grown == NULL)
        return ska_fail(&cleaning->requests->tool->errors, SKA_R_OUT_OF_MEMORY, "%zu requests",
                        cleaning->count);
    cleaning->ids = grown;
    memcpy(cleaning->ids[cleaning->count++], listed->request->id, SKA_REQUEST_ID_LENGTH + 1);
    ska_buffer_format(&cleaning->text, "%.*s  %s ", (int)listed->digits,
                      request_shown_id(listed->request),
                      text_operation(listed->request->operation));
    ska_buffer_name(&cleaning->text, ska_span_text(listed->request->key_label));
    ska_buffer_format(&cleaning->text, ": %s; %zu approved\n", why, listed->ballot.key_count);
    requests_add_words(listed->request->description, &cleaning->text);
    return true;
}

/* A request_visit: only those that were shown, and only as long as it is so. */
static bool withdraw_dead(void *arg, struct listed_request *listed)
{
    struct cleaning *cleaning = arg;

    for (size_t i = 0; i < cleaning->count; i++)
        if (strcmp(cleaning->ids[i], listed->request->id) == 0)
            return !is_own(listed) || why_dead(listed) == NULL ||
                   request_place_withdraw(cleaning->requests->place, &listed->ballot);
    return true;
}

/* A terminal_make. */
static bool make_cleaning_page(void *arg, size_t columns, struct ska_bytes *text)
{
    struct cleaning *cleaning = arg;

    (void)columns;
    return ska_bytes_copy(text, ska_span(cleaning->text.data, cleaning->text.length),
                          &cleaning->requests->tool->errors) &&
           terminal_fold(STDERR_FILENO, text, &cleaning->requests->tool->errors);
}

static bool ask_to_clean(struct cleaning *cleaning)
{
    struct tool *tool = cleaning->requests->tool;

    if (cleaning->text.failed)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "requests");
    if (cleaning->requests->yes)
        return true;
    switch (terminal_ask(make_cleaning_page, cleaning, PAGE_LEAST_WIDTH,
                         "Remove these requests? Type yes or no: ")) {
    case TERMINAL_YES:
        return true;
    case TERMINAL_NO:
        return ska_fail(&tool->errors, SKA_R_DECLINED,
                        "nothing was removed: the answer was not \"yes\"");
    case TERMINAL_TOO_NARROW:
    case TERMINAL_NOT_MADE:
    case TERMINAL_NOT_ASKED:
        break;
    }
    return ska_fail(&tool->errors, SKA_R_DECLINED,
                    "no terminal for the question; use --yes to remove %zu request%s without it",
                    cleaning->count, cleaning->count == 1 ? "" : "s");
}

static bool clean_requests(struct requests *requests)
{
    struct cleaning cleaning = {.requests = requests};
    bool done = request_place_visit(requests->place, &requests->filter, note_dead, &cleaning);

    if (done && cleaning.count == 0)
        report_message("There is nothing of yours in %s to remove.", requests->place->name);
    else
        done = done && ask_to_clean(&cleaning) &&
               request_place_visit(requests->place, &requests->filter, withdraw_dead, &cleaning);
    ska_buffer_free(&cleaning.text);
    free(cleaning.ids);
    return done;
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool requests_check_options(struct requests *requests)
{
    struct tool *tool = requests->tool;

    if (requests->clean &&
        (requests->json || requests->approver != NULL || requests->documents != NULL))
        return options_wrong(tool, "--clean cannot be used with --json, --approver or --documents");
    if (requests->yes && !requests->clean)
        return options_wrong(tool, "--yes needs --clean");
    return key_label_take(tool, &requests->filter.key, &requests->label) &&
           request_age(tool, "older", requests->older, &requests->filter.least_age) &&
           request_age(tool, "newer", requests->newer, &requests->filter.most_age);
}

static bool requests_run(struct requests *requests)
{
    struct tool *tool = requests->tool;

    const struct place_key key = {&requests->key, requests->approver, requests->certificate};

    if (!place_open(tool, &requests->where, requests->approver == NULL ? NULL : &key,
                    &requests->place))
        return false;
    if (requests->approver != NULL) {
        requests->filter.approver = &requests->key;
        if (!requests->place->kind->is_broker &&
            !approver_open_public(tool, &requests->key, requests->approver))
            return false;
    }
    if (requests->documents != NULL &&
        !document_folder_open(requests->documents, tool->libctx, &requests->folder, &tool->errors))
        return false;
    if (requests->clean)
        return tool_configure(tool) && clean_requests(requests);
    /* They ask no approver yet, and machines go by requests. */
    return requests_list(requests->place, &requests->filter, requests->folder, requests->json) &&
           (requests->json || requests->approver != NULL ||
            requests_show_orders(requests->place, &requests->filter));
}

bool requests_command(struct tool *tool, int argc, char **argv)
{
    struct requests requests = {
        .tool = tool, .where = {.may_answer = true}, .filter = REQUEST_FILTER_ALL};
    const struct option_entry options[] = {
        OPTION_TEXT("dir", "DIR", "the approvals directory; default: as configured",
                    &requests.where.directory),
        OPTIONS_BROKER(requests.where),
        OPTION_TEXT("approver", "KEY", "only what waits for this approver", &requests.approver),
        OPTION_TEXT("cert", "FILE", "at a broker: its certificate, if rules name that",
                    &requests.certificate),
        OPTION_TEXT("key", "LABEL", "only for the key with this label, or URI",
                    &requests.filter.key),
        OPTION_TEXT("requester", "WHO", "only of this user, host or program",
                    &requests.filter.requester),
        OPTION_TEXT("older", "AGE", "only what is older: 30m, 12h, 7d", &requests.older),
        OPTION_TEXT("newer", "AGE", "only what is not older", &requests.newer),
        OPTION_TEXT("documents", "FOLDER", "show which request is about which file in it",
                    &requests.documents),
        OPTION_FLAG("json", "as JSON, for machines", &requests.json),
        OPTION_FLAG("clean", "remove your own that cannot succeed", &requests.clean),
        OPTION_FLAG("yes", "with --clean: do not ask first", &requests.yes),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--dir DIR | --tsb URL] [--approver KEY] [OPTION...]\n"
                 "                        [--json]\n"
                 "       skatool requests --clean [--dir DIR] [OPTION...] [--yes]",
        .help = "Lists the requests in an approvals directory, newest last: who has approved\n"
                "and rejected each, who put it there, whether a process waits for it, and until\n"
                "when approvals can be used. KEY may be a private key, a public key or a\n"
                "certificate. At a broker, KEY is your private key, and what waits for you is\n"
                "listed; without it, what was submitted from here, if state-dir is configured.\n"
                "With --clean it removes your own requests whose time is over or that can no\n"
                "longer succeed, and those that lack approvals and that nobody waits for.",
        .options = options,
    };
    bool done = options_parse(tool, &line, argc, argv) && requests_check_options(&requests) &&
                requests_run(&requests);

    document_folder_close(requests.folder);
    request_place_close(requests.place);
    approver_close(&requests.key);
    free(requests.label);
    return done;
}
