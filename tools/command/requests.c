/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool requests: the requests in an approvals directory, how far each is, and which of them wait
 * for an approver.
 */
#include "tools/command/requests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/json.h"
#include "tools/command/status.h"
#include "tools/approver.h"
#include "tools/review.h"
#include "tools/options.h"
#include "tools/show/request_text.h"
#include "tools/show/table.h"
#include "provider/sign/answers.h"
#include "provider/sign/ballot_text.h"
#include "tools/show/text.h"

/* Of one owner. */
#define REQUESTS_MOST 1000

struct listing {
    struct tool *tool;
    struct ska_directory *directory;
    struct ska_directory_names names;
    struct ska_budget budget;
    struct report_warnings warnings;
    struct ska_errors to_warnings;
    struct approver key; /* key == NULL: not asked for */
    bool for_approver;
    size_t shown;
    size_t unread; /* of files with names of requests: those that could not be read */
    size_t wrong;  /* and those that are no requests */
    struct table table;
    cJSON *array; /* NULL: a table */
};

/* One request, and what is known of it. */
struct entry {
    struct ska_request *request;
    uid_t owner;
    struct ska_ballot ballot; /* by the requester's rule */
    struct ska_standing chance;
};

/* ---- Cells ----------------------------------------------------------------------------------- */

static void until_text(const struct entry *entry, char until[TEXT_TIME_SIZE])
{
    static const char *const words[] = {[SKA_USABLE_ALWAYS] = "no end",
                                        [SKA_USABLE_OVER] = "too late",
                                        [SKA_USABLE_NEVER] = "never usable"};

    if (entry->ballot.rule == NULL)
        snprintf(until, TEXT_TIME_SIZE, "?");
    else if (entry->chance.usable == SKA_USABLE_NOW || entry->chance.usable == SKA_USABLE_LATER)
        text_time(entry->chance.window.closes, until);
    else
        snprintf(until, TEXT_TIME_SIZE, "%s", words[entry->chance.usable]);
}

static const char *or_dash(const char *text)
{
    return text == NULL || text[0] == 0 ? "-" : text;
}

static bool listing_add_row(struct listing *listing, const struct entry *entry)
{
    const struct ska_request *request = entry->request;
    char id[SKA_REQUEST_ID_LENGTH + 1];
    char until[TEXT_TIME_SIZE];
    struct ska_buffer count = {0};
    struct ska_buffer approved = {0};
    struct ska_buffer refused = {0};
    bool done = false;

    snprintf(id, sizeof(id), "%.*s", (int)ska_directory_names_unique(&listing->names, request->id),
             request->id);
    until_text(entry, until);
    ska_ballot_count_text(&entry->ballot, &count);
    ska_ballot_approved_text(&entry->ballot, &approved);
    ska_ballot_refused_text(&entry->ballot, &refused);
    if (count.failed || approved.failed || refused.failed)
        ska_fail(&listing->tool->errors, SKA_R_OUT_OF_MEMORY, "the state of a request");
    else
        done = table_add(&listing->table,
                         (const char *[]){id, text_operation(request->operation),
                                          request->key_label, or_dash(ska_buffer_string(&count)),
                                          or_dash(ska_buffer_string(&approved)),
                                          or_dash(ska_buffer_string(&refused)), until,
                                          or_dash(request->description)},
                         &listing->tool->errors);
    ska_buffer_free(&count);
    ska_buffer_free(&approved);
    ska_buffer_free(&refused);
    return done;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static bool requests_add_text(cJSON *object, const char *name, const char *text)
{
    return text == NULL || ska_json_add_untrusted(object, name, ska_span_text(text));
}

static bool requests_add_window(cJSON *object, const struct entry *entry)
{
    static const char *const states[] = {[SKA_USABLE_ALWAYS] = "always",
                                         [SKA_USABLE_NOW] = "now",
                                         [SKA_USABLE_LATER] = "later",
                                         [SKA_USABLE_OVER] = "over",
                                         [SKA_USABLE_NEVER] = "never"};
    const struct ska_window *window = &entry->chance.window;
    char time[32];

    if (entry->ballot.rule == NULL)
        return true;
    return cJSON_AddStringToObject(object, "usable", states[entry->chance.usable]) != NULL &&
           (window->opens == 0 ||
            cJSON_AddStringToObject(object, "opens", ska_time_text(window->opens, time)) != NULL) &&
           (window->closes == UINT64_MAX ||
            cJSON_AddStringToObject(object, "closes", ska_time_text(window->closes, time)) != NULL);
}

static bool listing_add_object(struct listing *listing, const struct entry *entry)
{
    const struct ska_request *request = entry->request;
    const struct ska_ballot *ballot = &entry->ballot;
    cJSON *object = cJSON_CreateObject();
    struct ska_buffer needed = {0};
    bool done = ska_json_add_item(listing->array, NULL, object);

    ska_ballot_needed_text(ballot, &needed);
    done = done && !needed.failed && requests_add_text(object, "requestId", request->id) &&
           requests_add_text(object, "operation", ska_operation_names[request->operation]) &&
           requests_add_text(object, "label", request->key_label) &&
           requests_add_text(object, "token", request->token_label) &&
           requests_add_text(object, "description", request->description) &&
           requests_add_text(object, "created", request->created) &&
           cJSON_AddNumberToObject(object, "owner", (double)entry->owner) != NULL &&
           status_add_names(object, "approved", ballot, false) &&
           status_add_names(object, "refused", ballot, true) &&
           cJSON_AddBoolToObject(object, "satisfied", ska_ballot_judge(ballot).satisfied) != NULL &&
           requests_add_text(object, "needed", ska_buffer_string(&needed)) &&
           requests_add_window(object, entry);
    ska_buffer_free(&needed);
    return done || ska_fail(&listing->tool->errors, SKA_R_OUT_OF_MEMORY, "requests as JSON");
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* Whether this approver could still bring it forward. */
static bool listing_waits(const struct listing *listing, const struct entry *entry)
{
    const struct ska_approver *listed =
        entry->ballot.rule == NULL ? NULL
                                   : approver_find_listed(listing->tool->libctx, entry->ballot.rule,
                                                          ska_span_of(&listing->key.public_key));

    return listed != NULL && entry->chance.usable < SKA_USABLE_OVER &&
           ska_ballot_waits_for(&entry->ballot, ska_span_of(&listed->public_key));
}

static bool listing_take_answers(struct listing *listing, struct ska_ballot *ballot)
{
    const struct ska_look look = {.directory = listing->directory,
                                  .names = &listing->names,
                                  .budget = &listing->budget,
                                  .wrong = &listing->to_warnings,
                                  .until = INT64_MAX};

    return request_answers_take(&look, ballot, &listing->to_warnings);
}

/* What was closed in between is no failure; what anybody has planted there hides nothing else. */
static bool fail_entry(struct listing *listing, const char *id)
{
    char name[SKA_FILE_NAME_SIZE];
    int fd = -1;

    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    fd = openat(ska_directory_fd(listing->directory), name,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 || errno == ELOOP || errno == ENXIO)
        listing->wrong++;
    else if (errno != ENOENT)
        listing->unread++;
    if (fd >= 0)
        close(fd);
    return false;
}

static bool read_entry(struct listing *listing, const char *id, struct entry *entry)
{
    if (!ska_directory_read(listing->directory, id, &entry->request, &entry->owner,
                            &listing->to_warnings))
        return fail_entry(listing, id);
    entry->ballot.libctx = listing->tool->libctx;
    entry->ballot.request = entry->request;
    entry->ballot.rule = request_stated_rule(entry->request);
    if (!ska_ballot_open(&entry->ballot, &listing->to_warnings) ||
        !listing_take_answers(listing, &entry->ballot))
        return fail_entry(listing, id);
    entry->chance = ska_ballot_chance(&entry->ballot, ska_span(NULL, 0));
    return true;
}

static bool add_request(struct listing *listing, const char *name)
{
    char id[SKA_REQUEST_ID_LENGTH + 1];
    struct entry entry;
    bool done = true;

    memset(&entry, 0, sizeof(entry));
    memcpy(id, name, SKA_REQUEST_ID_LENGTH);
    id[SKA_REQUEST_ID_LENGTH] = 0;
    if (read_entry(listing, id, &entry) &&
        (!listing->for_approver || listing_waits(listing, &entry))) {
        listing->shown++;
        done = listing->array == NULL ? listing_add_row(listing, &entry)
                                      : listing_add_object(listing, &entry);
    }
    ska_ballot_close(&entry.ballot);
    ska_request_free(entry.request);
    return done;
}

struct arrival {
    const char *name;
    struct timespec time;
};

/* Whoever has put more requests there than this hides only his own. */
static bool may_look(struct listing *listing, struct arrival *arrival)
{
    struct ska_allowance *allowance = NULL;
    struct stat status;

    if (fstatat(ska_directory_fd(listing->directory), arrival->name, &status,
                AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    allowance = ska_budget_of(&listing->budget, status.st_uid);
    if (allowance == NULL)
        return false;
    if (allowance->requests >= REQUESTS_MOST) {
        listing->budget.exhausted = true;
        return false;
    }
    allowance->requests++;
    arrival->time = status.st_mtim;
    return true;
}

static int compare_arrivals(const void *a, const void *b)
{
    const struct arrival *one = a;
    const struct arrival *other = b;

    if (one->time.tv_sec != other->time.tv_sec)
        return one->time.tv_sec < other->time.tv_sec ? -1 : 1;
    if (one->time.tv_nsec != other->time.tv_nsec)
        return one->time.tv_nsec < other->time.tv_nsec ? -1 : 1;
    return strcmp(one->name, other->name);
}

/* The newest stands last, where it is seen. */
static bool add_in_order(struct listing *listing, struct arrival *arrivals)
{
    size_t count = 0;
    bool done = true;

    for (size_t i = 0; i < listing->names.count; i++) {
        arrivals[count].name = listing->names.names[i];
        if (ska_file_kind_of(arrivals[count].name) == SKA_FILE_REQUEST &&
            may_look(listing, &arrivals[count]))
            count++;
    }
    qsort(arrivals, count, sizeof(*arrivals), compare_arrivals);
    for (size_t i = 0; done && i < count; i++)
        done = add_request(listing, arrivals[i].name);
    return done;
}

static bool add_requests(struct listing *listing)
{
    struct arrival *arrivals = calloc(listing->names.count + 1, sizeof(*arrivals));
    bool done = arrivals != NULL ? add_in_order(listing, arrivals)
                                 : ska_fail(&listing->tool->errors, SKA_R_OUT_OF_MEMORY,
                                            "%zu files", listing->names.count);

    free(arrivals);
    report_warnings_end(&listing->warnings);
    if (listing->budget.exhausted)
        report_warning("%s: there are too many files: not all requests and approvals were looked "
                       "at",
                       ska_directory_path(listing->directory));
    return done;
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool listing_print(struct listing *listing)
{
    const struct ska_errors *errors = &listing->tool->errors;
    struct ska_buffer text = {0};
    cJSON *array = listing->array;

    if (array != NULL) {
        listing->array = NULL;
        return text_print_json(array, errors);
    }
    /* Of what was not seen nobody says that it is not there. */
    if (listing->shown == 0 &&
        (listing->unread > 0 || listing->wrong > 0 || listing->budget.exhausted))
        return true;
    if (listing->shown == 0) {
        report_message(listing->for_approver ? "Nothing in %s waits for this approver."
                                             : "There are no open requests in %s.",
                       ska_directory_path(listing->directory));
        return true;
    }
    table_text(&listing->table, &text);
    return text_print(&text, errors);
}

static bool listing_start(struct listing *listing, bool json)
{
    static const char *const heading[] = {"ID",           "WHAT",        "KEY",
                                          "APPROVALS",    "APPROVED BY", "REFUSED BY",
                                          "USABLE UNTIL", "DESCRIPTION"};

    listing->to_warnings = report_warnings_errors(&listing->warnings);
    listing->table.columns = sizeof(heading) / sizeof(heading[0]);
    if (!json)
        return table_add(&listing->table, heading, &listing->tool->errors);
    listing->array = cJSON_CreateArray();
    return listing->array != NULL ||
           ska_fail(&listing->tool->errors, SKA_R_OUT_OF_MEMORY, "requests as JSON");
}

/* Whether what was listed is all that there is. */
static bool check_all_read(struct listing *listing)
{
    const struct ska_errors *errors = &listing->tool->errors;
    const char *path = ska_directory_path(listing->directory);

    if (listing->unread > 0)
        return ska_fail(errors, SKA_R_BAD_REQUEST,
                        "%zu of the requests in %s could not be read: what they ask is not known",
                        listing->unread, path);
    return listing->wrong == 0 || listing->shown > 0 ||
           ska_fail(errors, SKA_R_BAD_REQUEST,
                    "%s: files have names of requests there and are none (%zu)", path,
                    listing->wrong);
}

/* Without a directory in the configuration either: false, raised. */
static bool find_directory(struct tool *tool, const char **directory)
{
    if (*directory != NULL)
        return true;
    if (!tool_configure(tool))
        return false;
    *directory = tool->configuration.settings.approvals_dir;
    return *directory != NULL ||
           options_wrong(tool, "--dir is missing, and the configuration has no approvals-dir");
}

bool requests_list(struct tool *tool, const char *directory, const char *approver, bool json)
{
    struct listing listing = {.tool = tool,
                              .for_approver = approver != NULL,
                              .budget = {.share = SKA_SHARE_TO_LIST},
                              .table = {.names = 1U << 2}};
    bool done = find_directory(tool, &directory) &&
                ska_directory_open(directory, SKA_DIRECTORY_TO_APPROVE, &listing.directory,
                                   &tool->errors) &&
                (approver == NULL || approver_open_public(tool, &listing.key, approver)) &&
                listing_start(&listing, json) &&
                ska_directory_list(listing.directory, &listing.names, &tool->errors) &&
                add_requests(&listing) && listing_print(&listing) && check_all_read(&listing);

    ska_budget_clear(&listing.budget);
    ska_directory_names_free(&listing.names);
    ska_directory_close(listing.directory);
    approver_close(&listing.key);
    table_clear(&listing.table);
    cJSON_Delete(listing.array);
    return done;
}

bool requests_command(struct tool *tool, int argc, char **argv)
{
    const char *directory = NULL;
    const char *approver = NULL;
    bool json = false;
    const struct option_entry options[] = {
        OPTION_TEXT("dir", "DIR", "the approvals directory, if not the configuration's",
                    &directory),
        OPTION_TEXT("approver", "KEY", "only what waits for this approver", &approver),
        OPTION_FLAG("json", "as JSON, for machines", &json),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--dir DIR] [--approver KEY] [--json]",
        .help =
            "Lists the requests in an approvals directory, the newest last: how many approvals\n"
            "each has of how many, by whom, who has refused, and until when approvals can be\n"
            "used. KEY may be a private key, a public key or a certificate.",
        .options = options,
    };

    return options_parse(tool, &line, argc, argv) && requests_list(tool, directory, approver, json);
}
