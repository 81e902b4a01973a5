/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/gathering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/clock.h"
#include "provider/base/error_capture.h"
#include "provider/base/printable.h"
#include "provider/record/audit.h"
#include "provider/sign/explain.h"
#include "provider/sign/hsm_time.h"
#include "provider/sign/make_request.h"
#include "provider/sign/same_document.h"
#include "ska/provider.h"

/* What a first look, at what is there already, may take at most; then the time limit holds. */
#define FIRST_LOOK_MS 10000
/* What came in the last moment of a wait is looked at after it. */
#define LEAST_LOOK_MS 1000

bool ska_gathering_new(const struct ska_job *job, struct ska_current_rule *current,
                       struct ska_request *bundle, struct ska_gathering **gathering)
{
    struct ska_gathering *made = calloc(1, sizeof(*made));

    if (made == NULL || !ska_answers_new(&made->answers, NULL)) {
        free(made);
        ska_request_free(bundle);
        return ska_fail(job->errors, SKA_R_OUT_OF_MEMORY, "for approvals");
    }
    made->job = job;
    made->current = *current;
    memset(current, 0, sizeof(*current));
    made->open.request = bundle;
    made->handed_in = bundle == NULL ? 0 : bundle->approval_count;
    made->open.hold = -1;
    made->watch = -1;
    *gathering = made;
    return true;
}

void ska_gathering_free(void *vgathering)
{
    struct ska_gathering *gathering = vgathering;

    if (gathering == NULL)
        return;
    ska_progress_line_end(&gathering->line);
    ska_ballot_close(&gathering->ballot);
    ska_answers_free(gathering->answers);
    ska_budget_clear(&gathering->budget);
    ska_buffer_free(&gathering->notes);
    ska_agent_free(gathering->agent);
    free(gathering->agent_path);
    ska_approvals_free(gathering->agent_answers, gathering->agent_answer_count);
    if (gathering->watch >= 0)
        close(gathering->watch);
    ska_events_clear(&gathering->events);
    ska_open_request_clear(&gathering->open);
    ska_current_rule_clear(&gathering->current);
    free(gathering);
}

struct ska_waiter ska_gathering_waiter(struct ska_gathering *gathering)
{
    struct ska_waiter waiter = {ska_gathering_free, gathering, gathering->job->interrupted};

    return waiter;
}

bool ska_gathering_fail_interrupted(const struct ska_gathering *gathering)
{
    const struct ska_open_request *open = &gathering->open;

    return ska_fail(gathering->job->errors, SKA_R_INTERRUPTED, "request %s%s%s", open->request->id,
                    open->published ? " stays open in " : "",
                    open->published ? ska_directory_path(open->directory) : "");
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* So many answers of one owner's files that do not count have lines of their own. */
#define REFUSED_LINES 5

/* Where there are too many owners, their answers are counted with those of the last one. */
static struct ska_flood *flood_of(struct ska_gathering *gathering, uid_t owner)
{
    size_t i = 0;

    while (i < gathering->flood_count && gathering->floods[i].owner != owner)
        i++;
    if (i == SKA_BUDGET_OWNERS)
        i--;
    else if (i == gathering->flood_count)
        gathering->floods[gathering->flood_count++] = (struct ska_flood){owner, 0};
    return &gathering->floods[i];
}

/* Where it came from, and why somebody refuses. */
static const char *answer_detail(const struct ska_heard *heard, struct ska_buffer *detail)
{
    if (heard->fault != NULL || heard->answer->reason == NULL)
        return heard->fault != NULL ? heard->fault : heard->shown;
    ska_buffer_format(detail, "%s; reason: ", heard->shown);
    ska_buffer_quoted(detail, ska_span_text(heard->answer->reason), SKA_REFUSAL_REASON_LIMIT);
    return ska_buffer_string(detail);
}

/* Each answer has its line in the audit log, but nobody can fill it with wrong ones. */
static bool audit_answer(void *arg, const struct ska_heard *heard, const struct ska_errors *errors)
{
    struct ska_gathering *gathering = arg;
    struct ska_audit_entry entry = {.request = heard->ballot->request, .approval = heard->answer};
    struct ska_buffer detail = {0};
    bool done = false;

    if (heard->refusal && heard->fault != NULL)
        return true;
    if (heard->fault != NULL && heard->owner != NULL &&
        ++flood_of(gathering, *heard->owner)->count > REFUSED_LINES)
        return true;
    entry.event = heard->refusal         ? SKA_AUDIT_REJECTION
                  : heard->fault != NULL ? SKA_AUDIT_APPROVAL_REFUSED
                                         : SKA_AUDIT_APPROVAL;
    entry.detail = answer_detail(heard, &detail);
    done = ska_audit_append(&gathering->job->audit_log, gathering->job->libctx, &entry, errors);
    ska_buffer_free(&detail);
    return done;
}

static bool gathering_audit(const struct ska_gathering *gathering, enum ska_audit_event event,
                            const char *detail)
{
    const struct ska_job *job = gathering->job;
    const struct ska_audit_entry entry = {event, gathering->open.request, NULL, detail};

    return ska_audit_append(&job->audit_log, job->libctx, &entry, job->errors);
}

bool ska_gathering_audit_floods(struct ska_gathering *gathering)
{
    char detail[128];
    bool done = true;

    for (size_t i = 0; done && i < gathering->flood_count; i++) {
        struct ska_flood *flood = &gathering->floods[i];

        if (flood->count <= REFUSED_LINES)
            continue;
        snprintf(detail, sizeof(detail), "%zu more in files of uid %lu do not count",
                 flood->count - REFUSED_LINES, (unsigned long)flood->owner);
        done = gathering_audit(gathering, SKA_AUDIT_APPROVAL_REFUSED, detail);
        flood->count = REFUSED_LINES;
    }
    return done;
}

/* Of names that were passed by, "" if there are none. */
static const char *passed_by(struct ska_gathering *gathering)
{
    struct ska_buffer *text = &gathering->open.passed_by;

    return text->length == 0 ? "" : ska_buffer_string(text);
}

bool ska_gathering_audit_left(struct ska_gathering *gathering, const struct ska_leftovers *left)
{
    struct ska_buffer detail = {0};
    bool done = true;

    if (left->count == 0 && gathering->open.passed_by_count == 0)
        return true;
    ska_buffer_format(&detail, "closed; files of others stay in %s:",
                      ska_directory_path(gathering->open.directory));
    if (left->count > 0)
        ska_buffer_format(&detail, " %zu for this request, of uid %lu", left->count,
                          (unsigned long)left->owner);
    if (gathering->open.passed_by_count > 0)
        ska_buffer_format(&detail, "%s %zu under names of requests, %s", left->count > 0 ? ";" : "",
                          gathering->open.passed_by_count, passed_by(gathering));
    done = gathering_audit(gathering, SKA_AUDIT_REQUEST, ska_buffer_string(&detail));
    ska_buffer_free(&detail);
    return done;
}

bool ska_gathering_refuse(struct ska_gathering *gathering, const char *why)
{
    const bool asked = gathering->open.published;
    char detail[128];

    if (asked)
        ska_gathering_remove(gathering, NULL);
    gathering->open.published = false;
    snprintf(detail, sizeof(detail), "%s; %s", why,
             asked ? "the request was closed" : "nobody was asked");
    return gathering_audit(gathering, SKA_AUDIT_REFUSED, detail);
}

static bool gathering_hand_in(struct ska_gathering *gathering, const char *shown,
                              struct ska_approval *approvals, size_t count)
{
    const struct ska_listener listener = {audit_answer, gathering};

    return ska_answers_hand_in(&gathering->ballot, shown, approvals, count, &gathering->notes,
                               &listener, gathering->job->errors);
}

static bool look_within(struct ska_gathering *gathering, const struct ska_directory_names *names,
                        struct ska_budget *budget, int64_t until)
{
    const struct ska_listener listener = {audit_answer, gathering};
    const struct ska_look look = {.directory = gathering->open.directory,
                                  .names = names,
                                  .budget = budget,
                                  .listener = &listener,
                                  .until = until};

    return ska_answers_look(gathering->answers, &look, &gathering->ballot, gathering->job->errors);
}

/*
 * First so much of each owner's files; who plants more is heard only where that was not enough, and
 * then all that is left is looked at.
 */
static bool look_at(struct ska_gathering *gathering, const struct ska_directory_names *names,
                    int64_t until)
{
    struct ska_budget *budget = &gathering->budget;
    int64_t least = ska_clock_ms() + LEAST_LOOK_MS;
    int64_t rest = 0;
    bool exhausted = false;
    bool done = false;

    until = until > least ? until : least;
    budget->share = SKA_SHARE_TO_SIGN;
    done = look_within(gathering, names, budget, until);
    exhausted = budget->exhausted;
    ska_budget_clear(budget);
    if (!done || !exhausted || ska_gathering_is_enough(gathering))
        return done;
    rest = ska_clock_ms() + FIRST_LOOK_MS;
    return look_within(gathering, NULL, NULL, rest < until ? rest : until);
}

/* Of what happens at one tick of the kernel's clock a directory's time tells the first only. */
#define TICK_MS 20

/* The directory's time before a look at it: what comes after that moves it. */
static void note_time(struct ska_gathering *gathering)
{
    struct timespec now;
    int64_t age = 0;

    gathering->looked = ska_clock_ms();
    gathering->settled = false;
    if (!gathering->is_local ||
        !ska_directory_changed(gathering->open.directory, &gathering->changed) ||
        clock_gettime(CLOCK_REALTIME, &now) != 0)
        return;
    age = (int64_t)(now.tv_sec - gathering->changed.tv_sec) * 1000 +
          (now.tv_nsec - gathering->changed.tv_nsec) / 1000000;
    /* One from the future says nothing: the clock was set. */
    gathering->settled = age > TICK_MS;
}

static bool was_unchanged(const struct ska_gathering *gathering, const struct timespec *changed)
{
    return gathering->settled && changed->tv_sec == gathering->changed.tv_sec &&
           changed->tv_nsec == gathering->changed.tv_nsec;
}

bool ska_gathering_is_unchanged(const struct ska_gathering *gathering)
{
    struct timespec changed;

    return ska_directory_changed(gathering->open.directory, &changed) &&
           was_unchanged(gathering, &changed);
}

bool ska_gathering_look(struct ska_gathering *gathering, int64_t until)
{
    if (gathering->open.directory == NULL)
        return true;
    ska_events_clear(&gathering->events);
    note_time(gathering);
    return look_at(gathering, NULL, until);
}

bool ska_gathering_is_watched(const struct ska_gathering *gathering)
{
    return gathering->watch >= 0 && gathering->is_local;
}

bool ska_gathering_hear(struct ska_gathering *gathering)
{
    return gathering->watch >= 0 &&
           ska_watch_read(gathering->watch, gathering->open.request->id, &gathering->events);
}

bool ska_gathering_look_at_events(struct ska_gathering *gathering, int64_t until)
{
    struct ska_events *events = &gathering->events;
    bool done = true;

    if (events->lost || !ska_gathering_is_watched(gathering) ||
        !ska_answers_are_complete(gathering->answers))
        return ska_gathering_look(gathering, until);
    ska_directory_names_sort(&events->names);
    done = look_at(gathering, &events->names, until);
    ska_events_clear(events);
    return done;
}

/*
 * The names of all that belongs to the request, which has gone: what comes later is removed by who
 * puts it there. False: the directory has to be listed for that. `changed` was its time before.
 */
static bool find_names(struct ska_gathering *gathering, const struct timespec *changed,
                       struct ska_directory_names *names)
{
    const struct ska_events *events = &gathering->events;

    if (ska_gathering_is_watched(gathering))
        (void)ska_gathering_hear(gathering);
    else if (!was_unchanged(gathering, changed))
        return false;
    if (events->lost || !ska_answers_names(gathering->answers, names))
        return false;
    for (size_t i = 0; i < events->names.count; i++)
        if (!ska_directory_names_add(names, events->names.names[i], NULL))
            return false;
    return true;
}

void ska_gathering_remove(struct ska_gathering *gathering, struct ska_leftovers *left)
{
    struct ska_open_request *open = &gathering->open;
    struct ska_directory_names names = {0};
    struct timespec changed;

    if (ska_open_request_close(open, &changed, left))
        ska_directory_remove_answers(open->directory, open->request->id,
                                     find_names(gathering, &changed, &names) ? &names : NULL, left);
    ska_directory_names_free(&names);
}

static bool gathering_look_first(struct ska_gathering *gathering)
{
    int64_t patience = ska_clock_ms() + FIRST_LOOK_MS;

    return ska_gathering_look(gathering, gathering->until > patience ? gathering->until : patience);
}

/* ---- Agents ---------------------------------------------------------------------------------- */

static void note_agent(struct ska_gathering *gathering, const struct ska_error_capture *failure)
{
    if (failure->reason == 0)
        return;
    /* The first failure is told, but an interruption ends all. */
    if (gathering->agent_reason == 0 || failure->reason == SKA_R_INTERRUPTED)
        gathering->agent_reason = failure->reason;
    ska_answers_note(&gathering->notes, ska_error_capture_text(failure));
}

/* One that fails is noted: another may be enough. */
static bool ask_agent(struct ska_gathering *gathering)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    const struct ska_waiter waiter = ska_gathering_waiter(gathering);
    bool done = true;

    if (ska_agent_new(gathering->agent_path, &gathering->agent, &to_failure) &&
        ska_agent_ask(gathering->agent, gathering->open.request, &waiter, &gathering->agent_answers,
                      &gathering->agent_answer_count, &to_failure))
        done = gathering_hand_in(gathering, gathering->agent_path, gathering->agent_answers,
                                 gathering->agent_answer_count);
    note_agent(gathering, &failure);
    ska_error_capture_clear(&failure);
    ska_approvals_free(gathering->agent_answers, gathering->agent_answer_count);
    gathering->agent_answers = NULL;
    gathering->agent_answer_count = 0;
    ska_agent_free(gathering->agent);
    gathering->agent = NULL;
    return done && (gathering->agent_reason != SKA_R_INTERRUPTED ||
                    ska_gathering_fail_interrupted(gathering));
}

static bool ask_agents(struct ska_gathering *gathering)
{
    const char *paths = gathering->job->sources.agent;
    bool done = true;

    while (done && paths != NULL && *paths != 0 && !ska_gathering_is_enough(gathering)) {
        size_t length = strcspn(paths, ",");

        free(gathering->agent_path);
        gathering->agent_path = strndup(paths, length);
        if (gathering->agent_path == NULL)
            return ska_fail(gathering->job->errors, SKA_R_OUT_OF_MEMORY, "for an agent");
        if (length > 0)
            done = ask_agent(gathering);
        paths += length + (paths[length] == ',');
    }
    return done;
}

/* ---- Beginning ------------------------------------------------------------------------------- */

/*
 * The ballot on the open request, by the HSM's clock, which is asked once; then the monotonic one
 * goes on from there. Approvals that the request has are looked at as those are that come, as from
 * `shown`: of a bundle, or of agents; what is found in the directory comes without.
 */
static bool open_ballot(struct ska_gathering *gathering, const char *shown)
{
    const struct ska_job *job = gathering->job;
    struct ska_request *request = gathering->open.request;
    struct ska_approval *approvals = request->approvals;
    size_t count = request->approval_count;
    bool done = false;

    request->approvals = NULL;
    request->approval_count = 0;
    ska_ballot_close(&gathering->ballot);
    gathering->ballot = (struct ska_ballot){.libctx = job->libctx,
                                            .cache = job->approver_keys,
                                            .request = request,
                                            .rule = ska_current_rule_of(&gathering->current),
                                            .unverified = gathering->unverified};
    done = ska_ballot_open(&gathering->ballot, job->errors) &&
           gathering_hand_in(gathering, shown, approvals, count);
    ska_approvals_free(approvals, count);
    if (done)
        ska_ballot_ask_time(&gathering->ballot, job->key);
    return done;
}

static bool find_open_request(struct ska_gathering *gathering)
{
    const struct ska_job *job = gathering->job;
    const struct ska_rule *rule = ska_current_rule_of(&gathering->current);
    struct ska_open_request *open = &gathering->open;

    if ((job->sources.directory != NULL &&
         !ska_directory_open(job->sources.directory, SKA_DIRECTORY_TO_SIGN, &open->directory,
                             job->errors)) ||
        !ska_open_request_find(job, rule, open))
        return false;
    /* What has expired, or was never ours, goes first, and its approvals with it. */
    return open->superseded == NULL || ska_open_request_publish(job, rule, open);
}

/*
 * What an agent answers while nobody waits goes to the HSM as it is: the HSM verifies it too, and
 * decides. But an approval that has a line in the audit log, or is shared with others who wait, is
 * verified first, and so is what may be counted by no rule.
 */
static bool is_left_to_the_hsm(const struct ska_gathering *gathering)
{
    const struct ska_job *job = gathering->job;

    return job->sources.directory == NULL && !ska_audit_log_is_kept(&job->audit_log) &&
           gathering->handed_in == 0 && gathering->current.known;
}

/*
 * Before the first look, so that nothing comes in between, if people are asked just now. Else there
 * may be enough already, and ending a watch takes the kernel milliseconds.
 */
static void watch_early(struct ska_gathering *gathering)
{
    const struct ska_open_request *open = &gathering->open;

    if (open->directory == NULL)
        return;
    gathering->is_local = ska_directory_is_local(open->directory);
    if (gathering->job->timeout > 0 && gathering->job->sources.agent == NULL && !open->taken_up &&
        gathering->handed_in == 0)
        gathering->watch = ska_watch_open(open->directory);
}

bool ska_gathering_begin(struct ska_gathering *gathering)
{
    gathering->unverified = is_left_to_the_hsm(gathering);
    if (!find_open_request(gathering) || !open_ballot(gathering, SKA_PARAM_APPROVALS))
        return false;
    gathering->open.exchanged = false;
    gathering->until = ska_clock_ms() + (int64_t)gathering->job->timeout * 1000;
    gathering->quiet_since = ska_clock_ms();
    watch_early(gathering);
    ska_progress_line_begin(&gathering->line, gathering->job->progress);
    return gathering_look_first(gathering) && ask_agents(gathering);
}

bool ska_gathering_start_over(struct ska_gathering *gathering)
{
    gathering->open.exchanged = false;
    gathering->locked = false;
    gathering->tried = 0;
    if (gathering->handed_in > 0)
        ska_answers_note(
            &gathering->notes,
            "the approvals given are for a different request than the one in the directory");
    gathering->handed_in = 0;
    ska_answers_restart(gathering->answers);
    return open_ballot(gathering, SKA_PARAM_APPROVALS) && gathering_look_first(gathering) &&
           ask_agents(gathering);
}

bool ska_gathering_verify(struct ska_gathering *gathering, bool *again)
{
    *again = gathering->unverified && ska_ballot_holds_invalid(&gathering->ballot);
    gathering->unverified = false;
    if (!*again)
        return true;
    gathering->tried = 0;
    return open_ballot(gathering, gathering->job->sources.agent) && ask_agents(gathering);
}

/* ---- How far it is --------------------------------------------------------------------------- */

bool ska_gathering_is_enough(const struct ska_gathering *gathering)
{
    const struct ska_ballot *ballot = &gathering->ballot;
    struct ska_verdict verdict;

    if (ballot->rule == NULL)
        return ballot->key_count > gathering->tried;
    verdict = ska_ballot_judge(ballot);
    /* That an alternative has closed leaves the others, for which more may approve. */
    return verdict.satisfied && verdict.best.usable != SKA_USABLE_OVER;
}

/*
 * Clocks that run at different speeds are some seconds apart after days: before the HSM is asked it
 * is made sure that its clock says so too, since its no would end the wait.
 */
bool ska_gathering_is_time(struct ska_gathering *gathering)
{
    struct ska_verdict verdict = ska_ballot_judge(&gathering->ballot);

    if (gathering->locked && verdict.best.usable != SKA_USABLE_LATER) {
        ska_ballot_ask_time(&gathering->ballot, gathering->job->key);
        verdict = ska_ballot_judge(&gathering->ballot);
    }
    gathering->locked = verdict.satisfied && verdict.best.usable == SKA_USABLE_LATER;
    return !gathering->locked;
}

void ska_gathering_tell_unshared(const struct ska_gathering *gathering, struct ska_buffer *text)
{
    const struct ska_open_request *open = &gathering->open;
    char word[SKA_SHELL_WORD_SIZE];
    gid_t group = 0;

    if (!open->published || ska_directory_group_reads(open->directory, open->request->id, &group))
        return;
    ska_buffer_format(text,
                      "; the directory's group (%lu) cannot read the request, which belongs to a "
                      "group of uid %lu: the directory's owner can fix that with chmod g+s %s",
                      (unsigned long)group, (unsigned long)geteuid(),
                      ska_shell_word(ska_directory_path(open->directory), word));
}

void ska_gathering_tell_same_document(const struct ska_gathering *gathering,
                                      struct ska_buffer *text)
{
    const struct ska_open_request *open = &gathering->open;

    if (open->published && !open->taken_up && !gathering->job->same_document_told)
        ska_same_document_text(open->directory, open->request, text);
}

bool ska_gathering_fail_pending(struct ska_gathering *gathering)
{
    const struct ska_directory *directory = gathering->open.directory;
    struct ska_verdict verdict = ska_ballot_judge(&gathering->ballot);
    struct ska_buffer notes = {0};
    struct ska_pending pending = {
        .ballot = &gathering->ballot,
        .directory = directory == NULL ? NULL : ska_directory_path(directory),
        .reason = SKA_R_APPROVALS_PENDING,
        .repeats = ska_job_repeats(gathering->job),
        .notes = &notes,
    };

    if (!ska_gathering_audit_floods(gathering))
        return false;
    ska_gathering_tell_unshared(gathering, &notes);
    ska_gathering_tell_same_document(gathering, &notes);
    if (gathering->open.passed_by_count > 0)
        ska_buffer_format(
            &notes, "; ignored %zu file%s that other users put under a name of this request: %s",
            gathering->open.passed_by_count, gathering->open.passed_by_count == 1 ? "" : "s",
            passed_by(gathering));
    if (gathering->notes.length > 0)
        ska_buffer_add(&notes, gathering->notes.data, gathering->notes.length);
    ska_answers_tell(gathering->answers, &notes);
    if (verdict.hopeless)
        pending.reason = SKA_R_REJECTED;
    else if (verdict.over)
        pending.reason = SKA_R_EXPIRED;
    else if (directory == NULL)
        pending.reason =
            gathering->agent_reason != 0 ? gathering->agent_reason : SKA_R_APPROVALS_MISSING;
    ska_explain_pending(&pending, gathering->job->errors);
    ska_buffer_free(&notes);
    return false;
}
