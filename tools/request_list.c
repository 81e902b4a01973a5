/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/request_list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/options.h"
#include "tools/request_source.h"
#include "tools/show/request_text.h"

/* Of one owner. */
#define REQUESTS_MOST 1000

/* One walk through the list. */
struct walk {
    struct request_list *list;
    const struct request_filter *filter;
    struct ska_budget budget;
    struct report_warnings warnings;
    struct ska_errors to_warnings;
    time_t now;
    uid_t wanted_uid; /* of the filter's requester; -1: no user has this name or number */
};

/* ---- Reading one ----------------------------------------------------------------------------- */

static enum request_outlook find_outlook(const struct listed_request *listed)
{
    struct ska_verdict verdict;

    if (listed->ballot.rule == NULL)
        return REQUEST_OPEN;
    verdict = ska_ballot_judge(&listed->ballot);
    if (verdict.satisfied && verdict.best.usable < SKA_USABLE_OVER)
        return REQUEST_COMPLETE;
    if (verdict.nearest.alternative == NULL)
        return REQUEST_HOPELESS;
    if (verdict.nearest.possible && verdict.nearest.usable < SKA_USABLE_OVER)
        return REQUEST_OPEN;
    return listed->chance.usable >= SKA_USABLE_OVER ? REQUEST_OVER : REQUEST_HOPELESS;
}

static bool take_listed_answers(struct walk *walk, struct ska_ballot *ballot)
{
    const struct ska_look look = {.directory = walk->list->directory,
                                  .names = &walk->list->names,
                                  .budget = &walk->budget,
                                  .wrong = &walk->to_warnings,
                                  .until = INT64_MAX};

    return request_answers_take(&look, ballot, &walk->to_warnings);
}

/* A copy under another id would be one more request for the same thing, and nobody's. */
static bool check_listed_id(struct walk *walk, const struct ska_request *request, const char *name)
{
    bool same = false;

    return ska_request_check_id(request, walk->list->tool->libctx, &same, &walk->to_warnings) &&
           (same || ska_fail(&walk->to_warnings, SKA_R_BAD_REQUEST,
                             "%s: its id is not that of what it asks for: it is a copy, or was "
                             "changed, and is passed over",
                             name));
}

/* Others are wrong; this one may be a good one that is kept from this user. */
static void note_unreadable(struct request_list *list, const char *name)
{
    if (faccessat(ska_directory_fd(list->directory), name, R_OK,
                  AT_EACCESS | AT_SYMLINK_NOFOLLOW) != 0 &&
        errno == EACCES)
        list->unreadable++;
}

static bool read_listed(struct walk *walk, const char *name, struct listed_request *listed)
{
    struct request_list *list = walk->list;
    char id[SKA_REQUEST_ID_LENGTH + 1];

    snprintf(id, sizeof(id), "%.*s", SKA_REQUEST_ID_LENGTH, name);
    if (!ska_directory_read(list->directory, id, &listed->request, &listed->owner,
                            &walk->to_warnings)) {
        note_unreadable(list, name);
        return false;
    }
    listed->digits = ska_directory_names_unique(&list->names, id);
    listed->ballot = (struct ska_ballot){.libctx = list->tool->libctx,
                                         .request = listed->request,
                                         .rule = request_stated_rule(listed->request)};
    return check_listed_id(walk, listed->request, name) &&
           ska_ballot_open(&listed->ballot, &walk->to_warnings);
}

static bool count_listed(struct walk *walk, struct listed_request *listed)
{
    if (!take_listed_answers(walk, &listed->ballot))
        return false;
    listed->chance = ska_ballot_chance(&listed->ballot, ska_span(NULL, 0));
    listed->outlook = find_outlook(listed);
    listed->awaited = ska_directory_awaited(walk->list->directory, listed->request->id);
    return true;
}

/* ---- Filters --------------------------------------------------------------------------------- */

static bool is_text(const char *text, const char *wanted)
{
    return text != NULL && strcmp(text, wanted) == 0;
}

static bool is_by_requester(const struct walk *walk, const struct listed_request *listed)
{
    const struct ska_request *request = listed->request;
    const char *wanted = walk->filter->requester;

    if (wanted != NULL && walk->filter->certain_requester)
        return walk->wanted_uid != (uid_t)-1 && listed->owner == walk->wanted_uid &&
               !request->is_imported;
    return wanted == NULL ||
           (walk->wanted_uid != (uid_t)-1 &&
            (listed->owner == walk->wanted_uid ||
             (request->has_requester && request->requester_uid == walk->wanted_uid))) ||
           is_text(request->requester_host, wanted) || is_text(request->requester_program, wanted);
}

static bool is_wanted_at_all(const struct walk *walk, const struct listed_request *listed)
{
    return (walk->filter->key == NULL || is_text(listed->request->key_label, walk->filter->key)) &&
           is_by_requester(walk, listed);
}

/* Whether this approver could still bring it forward. */
static bool waits_for_approver(const struct walk *walk, const struct listed_request *listed)
{
    const struct approver *approver = walk->filter->approver;
    const struct ska_approver *place = NULL;

    if (approver == NULL)
        return true;
    if (listed->ballot.rule == NULL)
        return false;
    place = approver_find_listed(walk->list->tool->libctx, listed->ballot.rule,
                                 ska_span_of(&approver->public_key));
    return place != NULL && ska_ballot_waits_for(&listed->ballot, ska_span_of(&place->public_key));
}

static bool visit_request(struct walk *walk, const char *name, time_t arrived, request_visit *visit,
                          void *arg)
{
    struct listed_request listed = {.arrived = arrived};
    bool is_read = read_listed(walk, name, &listed);
    bool done = true;

    if (is_read && is_wanted_at_all(walk, &listed) && count_listed(walk, &listed) &&
        waits_for_approver(walk, &listed))
        done = visit(arg, &listed);
    else
        walk->list->passed_by += is_read;
    ska_ballot_close(&listed.ballot);
    ska_request_free(listed.request);
    return done;
}

/* ---- All of them ----------------------------------------------------------------------------- */

struct arrival {
    const char *name;
    struct timespec time;
};

/* Whoever has put more requests there than this hides only his own. */
static bool may_look(struct walk *walk, struct arrival *arrival)
{
    struct ska_allowance *allowance = NULL;
    struct stat status;

    if (fstatat(ska_directory_fd(walk->list->directory), arrival->name, &status,
                AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (walk->now - status.st_mtime < walk->filter->least_age ||
        walk->now - status.st_mtime > walk->filter->most_age) {
        walk->list->passed_by++;
        return false;
    }
    allowance = ska_budget_of(&walk->budget, status.st_uid);
    if (allowance == NULL)
        return false;
    if (allowance->requests >= REQUESTS_MOST) {
        walk->budget.exhausted = true;
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
static bool visit_in_order(struct walk *walk, struct arrival *arrivals, request_visit *visit,
                           void *arg)
{
    const struct ska_directory_names *names = &walk->list->names;
    size_t count = 0;
    bool done = true;

    for (size_t i = 0; i < names->count; i++) {
        arrivals[count].name = names->names[i];
        if (ska_file_kind_of(arrivals[count].name) == SKA_FILE_REQUEST &&
            may_look(walk, &arrivals[count]))
            count++;
    }
    qsort(arrivals, count, sizeof(*arrivals), compare_arrivals);
    for (size_t i = 0; done && i < count; i++)
        done = visit_request(walk, arrivals[i].name, arrivals[i].time.tv_sec, visit, arg);
    return done;
}

uid_t request_user(const char *who)
{
    uint64_t number = 0;
    const struct passwd *user = NULL;

    if (who == NULL)
        return (uid_t)-1;
    if (ska_decimal_decode(who, UINT32_MAX - 1, &number))
        return (uid_t)number;
    user = getpwnam(who);
    return user == NULL ? (uid_t)-1 : user->pw_uid;
}

void request_list_say_none(const struct request_list *list, bool for_approver)
{
    const char *path = ska_directory_path(list->directory);

    if (list->unreadable > 0)
        return;
    if (list->passed_by > 0 && for_approver)
        report_message("None of the open requests in %s waits for this approver: they do not list "
                       "this key, or it has answered them.",
                       path);
    else if (list->passed_by > 0)
        report_message("None of the open requests in %s is of those that are asked for.", path);
    else if (for_approver)
        report_message("Nothing in %s waits for this approver.", path);
    else
        report_message("There are no open requests in %s.", path);
}

bool request_list_visit(struct request_list *list, const struct request_filter *filter,
                        request_visit *visit, void *arg)
{
    struct walk walk = {.list = list,
                        .filter = filter,
                        .budget = {.share = SKA_SHARE_TO_LIST},
                        .now = time(NULL),
                        .wanted_uid = request_user(filter->requester)};
    struct arrival *arrivals = calloc(list->names.count + 1, sizeof(*arrivals));
    bool done = false;

    list->unreadable = 0;
    list->passed_by = 0;
    walk.to_warnings = report_warnings_errors(&walk.warnings);
    done = arrivals != NULL
               ? visit_in_order(&walk, arrivals, visit, arg)
               : ska_fail(&list->tool->errors, SKA_R_OUT_OF_MEMORY, "%zu files", list->names.count);
    free(arrivals);
    report_warnings_end(&walk.warnings);
    if (walk.budget.exhausted)
        report_warning("%s: there are too many files: not all requests and approvals were looked "
                       "at",
                       ska_directory_path(list->directory));
    ska_budget_clear(&walk.budget);
    return done;
}

/* ---- Opening --------------------------------------------------------------------------------- */

bool request_list_find_directory(struct tool *tool, const char **path)
{
    if (*path != NULL)
        return true;
    if (!tool_configure(tool))
        return false;
    *path = tool->configuration.settings.approvals_dir;
    return *path != NULL ||
           options_wrong(tool, "--dir is missing, and the configuration has no approvals-dir");
}

bool request_list_open(struct tool *tool, const char *path, struct request_list *list)
{
    *list = (struct request_list){.tool = tool};
    return request_list_find_directory(tool, &path) &&
           ska_directory_open(path, SKA_DIRECTORY_TO_APPROVE, &list->directory, &tool->errors) &&
           ska_directory_list(list->directory, &list->names, &tool->errors);
}

void request_list_close(struct request_list *list)
{
    ska_directory_names_free(&list->names);
    ska_directory_close(list->directory);
    *list = (struct request_list){.tool = NULL};
}

bool request_age(struct tool *tool, const char *option, const char *text, int64_t *seconds)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char number[16] = "";
    uint64_t count = 0;
    size_t length = text == NULL ? 0 : strlen(text);

    if (text == NULL)
        return true;
    if (length > 1 && length < sizeof(number)) {
        memcpy(number, text, length - 1);
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
            if (text[length - 1] == units[i].letter &&
                ska_decimal_decode(number, 1000000, &count)) {
                *seconds = (int64_t)count * units[i].seconds;
                return true;
            }
    }
    return options_wrong(tool, "--%s %s: an age is a number with s, m, h or d behind it: 12h",
                         option, text);
}
