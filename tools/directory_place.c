/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/directory_place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "tools/request_fate.h"
#include "tools/show/request_text.h"
#include "tools/withdrawal.h"

/* Of one owner. */
#define REQUESTS_MOST 1000

struct directory_place {
    struct request_place place;
    struct ska_directory *directory;
    /* The request that was read last, so that its end can be told; -1: none. */
    int read_file;
    char read_id[SKA_REQUEST_ID_LENGTH + 1];
};

static struct directory_place *directory_of(struct request_place *place)
{
    return (struct directory_place *)place;
}

/* One walk through all of it. */
struct walk {
    struct directory_place *place;
    const struct request_filter *filter;
    struct ska_directory_names names;
    struct ska_budget budget;
    struct report_warnings warnings;
    struct ska_errors to_warnings;
    time_t now;
};

/* ---- Reading one ----------------------------------------------------------------------------- */

bool request_answers_take(const struct ska_look *look, struct ska_ballot *ballot,
                          const struct ska_errors *errors)
{
    struct ska_answers *answers = NULL;
    bool done =
        ska_answers_new(&answers, errors) && ska_answers_look(answers, look, ballot, errors);

    ska_answers_free(answers);
    return done;
}

static bool read_request(struct directory_place *place, const char *id,
                         struct ska_request **request, struct request_origin *origin,
                         const struct ska_errors *errors)
{
    origin->known = ska_directory_read(place->directory, id, request, &origin->owner, errors);
    origin->remote = !ska_directory_knows_owners(place->directory);
    return origin->known;
}

static bool take_listed_answers(struct walk *walk, struct ska_ballot *ballot)
{
    const struct ska_look look = {.directory = walk->place->directory,
                                  .names = &walk->names,
                                  .budget = &walk->budget,
                                  .wrong = &walk->to_warnings,
                                  .until = INT64_MAX};

    return request_answers_take(&look, ballot, &walk->to_warnings);
}

/* A copy under another id would be one more request for the same thing, and nobody's. */
static bool check_listed_id(struct walk *walk, const struct ska_request *request, const char *name)
{
    bool same = false;

    return ska_request_check_id(request, walk->place->place.tool->libctx, &same,
                                &walk->to_warnings) &&
           (same || ska_fail(&walk->to_warnings, SKA_R_BAD_REQUEST,
                             "%s: its id does not match its content: it is a copy, or was changed, "
                             "and is ignored",
                             name));
}

/* Others are wrong; this one may be a good one that is kept from this user. */
static void note_unreadable(struct directory_place *place, const char *name)
{
    if (faccessat(ska_directory_fd(place->directory), name, R_OK,
                  AT_EACCESS | AT_SYMLINK_NOFOLLOW) != 0 &&
        errno == EACCES)
        place->place.unreadable++;
}

static bool read_listed(struct walk *walk, const char *name, struct listed_request *listed)
{
    struct directory_place *place = walk->place;
    char id[SKA_REQUEST_ID_LENGTH + 1];

    snprintf(id, sizeof(id), "%.*s", SKA_REQUEST_ID_LENGTH, name);
    if (!read_request(place, id, &listed->request, &listed->origin, &walk->to_warnings)) {
        note_unreadable(place, name);
        return false;
    }
    listed->digits = ska_directory_names_unique(&walk->names, id);
    listed->ballot = (struct ska_ballot){.libctx = place->place.tool->libctx,
                                         .request = listed->request,
                                         .rule = request_stated_rule(listed->request)};
    return check_listed_id(walk, listed->request, name) &&
           ska_ballot_open(&listed->ballot, &walk->to_warnings);
}

static bool count_listed(struct walk *walk, struct listed_request *listed)
{
    if (!take_listed_answers(walk, &listed->ballot))
        return false;
    listed_request_judge(listed);
    listed->awaited = ska_directory_awaited(walk->place->directory, listed->request->id);
    return true;
}

/* ---- Filters --------------------------------------------------------------------------------- */

/* Whether this approver could still bring it forward. */
static bool waits_for_approver(const struct walk *walk, const struct listed_request *listed)
{
    const struct approver *approver = walk->filter->approver;
    const struct ska_approver *place = NULL;

    if (approver == NULL)
        return true;
    if (listed->ballot.rule == NULL)
        return false;
    place = approver_find_listed(walk->place->place.tool->libctx, listed->ballot.rule,
                                 ska_span_of(&approver->public_key));
    return place != NULL && ska_ballot_waits_for(&listed->ballot, ska_span_of(&place->public_key));
}

static bool visit_request(struct walk *walk, const char *name, time_t arrived, request_visit *visit,
                          void *arg)
{
    struct listed_request listed = {.arrived = arrived};
    bool is_read = read_listed(walk, name, &listed);
    bool done = true;

    if (is_read && request_filter_takes(walk->filter, listed.request, &listed.origin) &&
        count_listed(walk, &listed) && waits_for_approver(walk, &listed))
        done = visit(arg, &listed);
    else
        walk->place->place.passed_by += is_read;
    listed_request_clear(&listed);
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

    if (fstatat(ska_directory_fd(walk->place->directory), arrival->name, &status,
                AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (!request_filter_takes_age(walk->filter, status.st_mtime, walk->now)) {
        walk->place->place.passed_by++;
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
    const struct ska_directory_names *names = &walk->names;
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

static bool directory_visit(struct request_place *place, const struct request_filter *filter,
                            request_visit *visit, void *arg)
{
    struct directory_place *directory = directory_of(place);
    struct walk walk = {.place = directory,
                        .filter = filter,
                        .budget = {.share = SKA_SHARE_TO_LIST},
                        .now = time(NULL)};
    struct arrival *arrivals = NULL;
    bool done = ska_directory_list(directory->directory, &walk.names, &place->tool->errors);

    walk.to_warnings = report_warnings_errors(&walk.warnings);
    if (done) {
        arrivals = calloc(walk.names.count + 1, sizeof(*arrivals));
        done = arrivals != NULL ? visit_in_order(&walk, arrivals, visit, arg)
                                : ska_fail(&place->tool->errors, SKA_R_OUT_OF_MEMORY, "%zu files",
                                           walk.names.count);
    }
    free(arrivals);
    report_warnings_end(&walk.warnings);
    if (walk.budget.exhausted)
        report_warning("%s: there are too many files: not all requests and approvals were looked "
                       "at",
                       place->name);
    ska_budget_clear(&walk.budget);
    ska_directory_names_free(&walk.names);
    return done;
}

/* ---- One of them ----------------------------------------------------------------------------- */

static bool directory_find(struct request_place *place, const char *given,
                           char id[SKA_REQUEST_ID_LENGTH + 1])
{
    return request_fate_find_id(place->tool, directory_of(place)->directory, given, id);
}

/* Of what was read before: whether it is the file that was there then, and is empty by now. */
static bool was_withdrawn_since(const struct directory_place *place, const char *id)
{
    return strcmp(place->read_id, id) == 0 && ska_directory_was_withdrawn(place->read_file);
}

static void remember_read(struct directory_place *place, const char *id)
{
    char name[SKA_FILE_NAME_SIZE];

    if (place->read_file >= 0)
        close(place->read_file);
    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    place->read_file = ska_directory_open_request(place->directory, name);
    snprintf(place->read_id, sizeof(place->read_id), "%s", id);
}

static bool directory_read(struct request_place *place, const char *id,
                           struct ska_request **request, struct request_origin *origin)
{
    struct directory_place *own = directory_of(place);
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool done = read_request(own, id, request, origin, &quiet);

    if (done)
        remember_read(own, id);
    else if (failure.reason != SKA_R_REQUEST_NOT_OPEN)
        ska_error_capture_raise(&failure, &place->tool->errors);
    else if (was_withdrawn_since(own, id))
        ska_directory_fail_not_open(own->directory, id, "it was withdrawn meanwhile",
                                    &place->tool->errors);
    else
        request_fate_fail(place->tool, own->directory, id);
    ska_error_capture_clear(&failure);
    return done;
}

bool directory_answers_count(struct ska_directory *directory, const char *what,
                             struct ska_ballot *ballot, bool quiet, const struct ska_errors *errors)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    struct ska_budget budget = {.share = SKA_SHARE_TO_LIST};
    const struct ska_look look = {.directory = directory,
                                  .budget = &budget,
                                  .wrong = quiet ? NULL : &to_warnings,
                                  .until = INT64_MAX};
    bool done = request_answers_take(&look, ballot, errors);

    report_warnings_end(&warnings);
    if (budget.exhausted && !quiet)
        report_warning("%s: there are too many files for this request, or too many wrong ones: not "
                       "all were looked at",
                       what);
    ska_budget_clear(&budget);
    return done;
}

void directory_replace_refusals(const struct ska_directory *directory, const char *id,
                                struct ska_span public_key, const char *kept)
{
    if (!ska_directory_remove_refusals(directory, id, public_key, kept))
        report_warning("an earlier rejection by this key is in a file of another user's, which "
                       "stays: its reason may be shown and not this one");
}

static bool directory_count(struct request_place *place, struct ska_ballot *ballot, bool quiet)
{
    return ska_ballot_open(ballot, &place->tool->errors) &&
           directory_answers_count(directory_of(place)->directory, ballot->request->id, ballot,
                                   quiet, &place->tool->errors);
}

static bool directory_waits(struct request_place *place, const struct ska_ballot *ballot,
                            struct ska_span public_key)
{
    (void)place;
    return ska_ballot_waits_for(ballot, public_key);
}

static bool directory_put(struct request_place *place, const struct ska_request *request,
                          enum ska_file_kind kind, struct ska_approval *answer, char *name)
{
    return ska_directory_put(directory_of(place)->directory, request->id, kind, answer, name,
                             &place->tool->errors);
}

static bool directory_is_open(struct request_place *place, const char *id)
{
    return ska_directory_stands(directory_of(place)->directory, id, -1);
}

static bool directory_withdraw(struct request_place *place, const struct ska_ballot *ballot)
{
    return withdraw_request(place->tool, directory_of(place)->directory, ballot);
}

static struct ska_directory *directory_itself(struct request_place *place)
{
    return directory_of(place)->directory;
}

/* ---- The place ------------------------------------------------------------------------------- */

static void directory_close(struct request_place *place)
{
    struct directory_place *own = directory_of(place);

    ska_directory_close(own->directory);
    if (own->read_file >= 0)
        close(own->read_file);
    free(own);
}

bool directory_place_open(struct tool *tool, const char *path, struct request_place **place)
{
    static const struct request_place_kind kind = {.close = directory_close,
                                                   .directory = directory_itself,
                                                   .visit = directory_visit,
                                                   .find = directory_find,
                                                   .read = directory_read,
                                                   .count = directory_count,
                                                   .waits = directory_waits,
                                                   .put = directory_put,
                                                   .is_open = directory_is_open,
                                                   .withdraw = directory_withdraw};
    struct directory_place *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for a directory");
    made->read_file = -1;
    made->place = (struct request_place){.kind = &kind, .tool = tool, .name = path};
    if (!ska_directory_open(path, SKA_DIRECTORY_TO_APPROVE, &made->directory, &tool->errors)) {
        free(made);
        return false;
    }
    *place = &made->place;
    return true;
}
