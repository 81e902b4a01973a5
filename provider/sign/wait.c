/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/wait.h"

#include <poll.h>

#include "provider/base/clock.h"
#include "provider/base/error_capture.h"
#include "provider/sign/explain.h"
#include "provider/sign/make_request.h"
#include "provider/sign/watch.h"

/* Where something may come that nobody tells of, all of the directory is looked at so often, */
#define LOOK_MS 1000
/* as long as its time, of a local one, says that something may have come, */
#define LOOK_UNCHANGED_MS 30000
/* and so often where the kernel tells of all that comes. */
#define LOOK_WATCHED_MS 300000

/* Limits of time, and what a terminal shows. */
#define TICK_MS 1000
/* Who is told of nothing wakes up so often, and after some minutes without news more seldom. */
#define POLL_MS 1000
#define POLL_MOST_MS 5000

/* Whether the key was blocked meanwhile is asked of the HSM, when there is news, but so often at
 * most */
#define ASK_LEAST_MS 1000
/* and without news after so long, and then after twice as long each time, up to this. Somebody
 * could make news all the time, and a thousand processes may wait for days. */
#define ASK_FIRST_MS 25000
#define ASK_MOST_MS 60000

static int64_t next_look(const struct ska_gathering *gathering)
{
    if (!ska_answers_are_complete(gathering->answers))
        return gathering->looked + LOOK_MS;
    if (ska_gathering_is_watched(gathering))
        return gathering->looked + LOOK_WATCHED_MS;
    return ska_gathering_is_unchanged(gathering) && !ska_answers_have_faults(gathering->answers)
               ? gathering->looked + LOOK_UNCHANGED_MS
               : gathering->looked + LOOK_MS;
}

static int64_t next_question(const struct ska_gathering *gathering)
{
    return gathering->asked + (gathering->news ? ASK_LEAST_MS : gathering->asks_after);
}

static bool needs_ticks(const struct ska_gathering *gathering)
{
    const struct ska_rule *rule = gathering->ballot.rule;

    return gathering->line.wanted || rule == NULL || ska_rule_has_time_limit(rule);
}

/* A sixtieth of the time since something happened last. */
static int64_t poll_pause(const struct ska_gathering *gathering)
{
    int64_t pause = (ska_clock_ms() - gathering->quiet_since) / 60;

    return pause < POLL_MS ? POLL_MS : pause > POLL_MOST_MS ? POLL_MOST_MS : pause;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When there is something to do even if nothing comes. */
static int64_t next_moment(const struct ska_gathering *gathering)
{
    int64_t next = next_look(gathering);

    if (!ska_gathering_is_enough(gathering))
        next = earlier(next, next_question(gathering));
    if (needs_ticks(gathering))
        next = earlier(next, ska_clock_ms() + TICK_MS);
    if (!ska_gathering_is_watched(gathering))
        next = earlier(next, ska_clock_ms() + poll_pause(gathering));
    return earlier(next, gathering->until);
}

/* Waits for something to look at; false: interrupted, raised. */
static bool wait_for_news(struct ska_gathering *gathering)
{
    const struct ska_waiter waiter = ska_gathering_waiter(gathering);
    int64_t until = next_moment(gathering);

    for (;;) {
        switch (ska_pause(&waiter, gathering->watch, POLLIN, until)) {
        case SKA_PAUSE_READY:
            if (!ska_gathering_hear(gathering))
                break;
            gathering->news = true;
            gathering->quiet_since = ska_clock_ms();
            return true;
        case SKA_PAUSE_OVER:
            return true;
        case SKA_PAUSE_INTERRUPTED:
            return ska_gathering_fail_interrupted(gathering);
        }
    }
}

static bool look_at_news(struct ska_gathering *gathering)
{
    const struct ska_events *events = &gathering->events;
    int64_t now = ska_clock_ms();

    if (now >= gathering->until || now >= next_look(gathering)) {
        if (!ska_gathering_is_unchanged(gathering))
            gathering->quiet_since = now;
        return ska_gathering_look(gathering, gathering->until);
    }
    return !(events->lost || events->names.count > 0) ||
           ska_gathering_look_at_events(gathering, gathering->until);
}

static unsigned int seconds_left(const struct ska_gathering *gathering)
{
    int64_t left = gathering->until - ska_clock_ms();

    return left <= 0 ? 0 : (unsigned int)((left + 999) / 1000);
}

static bool is_time_over(const struct ska_gathering *gathering)
{
    return gathering->open.directory == NULL || ska_clock_ms() >= gathering->until;
}

static bool is_in_vain(const struct ska_gathering *gathering)
{
    struct ska_verdict verdict = ska_ballot_judge(&gathering->ballot);

    return verdict.hopeless || verdict.over;
}

/* What is told of the request, as a line of its own. */
static void say(struct ska_gathering *gathering,
                void (*tell)(const struct ska_gathering *gathering, struct ska_buffer *text))
{
    struct ska_buffer text = {0};

    if (!gathering->line.wanted)
        return;
    tell(gathering, &text);
    if (text.length > 2 && !text.failed)
        ska_progress_line_say(&gathering->line, ska_buffer_string(&text) + 2);
    ska_buffer_free(&text);
}

/* What comes before there is a watch is found by a look. */
static void begin_to_watch(struct ska_gathering *gathering)
{
    if (gathering->watch >= 0)
        return;
    gathering->watch = ska_watch_open(gathering->open.directory);
    if (gathering->watch >= 0 && !ska_gathering_is_unchanged(gathering))
        gathering->looked = -LOOK_WATCHED_MS; /* at once, however long the machine is up */
}

static bool wait_once(struct ska_gathering *gathering)
{
    if (!gathering->told) {
        begin_to_watch(gathering);
        /* Once: nobody should wait for people who see nothing, or for another request. */
        say(gathering, ska_gathering_tell_unshared);
        say(gathering, ska_gathering_tell_same_document);
        gathering->told = true;
    }
    ska_progress_line_show(&gathering->line, &gathering->ballot, seconds_left(gathering));
    return wait_for_news(gathering) && look_at_news(gathering);
}

/*
 * False: it is, which is raised. People would approve in vain, so the request is closed; whoever
 * waits for the same finds that out, too.
 */
static bool is_worth_waiting(struct ska_gathering *gathering)
{
    const struct ska_job *job = gathering->job;
    int64_t now = ska_clock_ms();
    bool first = gathering->asked == 0 || gathering->news;

    if (gathering->open.directory == NULL || ska_gathering_is_enough(gathering) ||
        (gathering->asked != 0 && now < next_question(gathering)))
        return true;
    gathering->asked = now;
    gathering->asks_after = first ? ASK_FIRST_MS : earlier(gathering->asks_after * 2, ASK_MOST_MS);
    gathering->news = false;
    if (ska_check_not_blocked(job->key, job->errors))
        return true;
    (void)!ska_gathering_refuse(gathering, "the key is blocked");
    return false;
}

enum ska_wait_end ska_wait_for_people(struct ska_gathering *gathering)
{
    const struct ska_job *job = gathering->job;
    struct ska_open_request *open = &gathering->open;

    while (!ska_gathering_is_enough(gathering) || !ska_gathering_is_time(gathering)) {
        if (!is_worth_waiting(gathering))
            return SKA_WAIT_FAILED;
        if (is_time_over(gathering) && ska_gathering_is_enough(gathering))
            return SKA_WAIT_ENOUGH;
        if (open->directory != NULL &&
            !ska_open_request_publish(job, ska_current_rule_of(&gathering->current), open))
            return SKA_WAIT_FAILED;
        if (open->exchanged) {
            if (!ska_gathering_start_over(gathering))
                return SKA_WAIT_FAILED;
            continue;
        }
        if (is_time_over(gathering) || is_in_vain(gathering))
            return SKA_WAIT_OVER;
        if (!wait_once(gathering))
            return SKA_WAIT_FAILED;
    }
    return SKA_WAIT_ENOUGH;
}

/* ---- For the HSM ----------------------------------------------------------------------------- */

/* It is tried again after a second, then after twice as long each time, up to this. */
#define HSM_PAUSE_MS 1000
#define HSM_PAUSE_MOST_MS 8000

/* A wrong PIN, or a key that is gone, is no absence: then asking it says what is wrong. */
static bool is_absence(enum ska_reason reason)
{
    return reason == SKA_R_MODULE_UNAVAILABLE || reason == SKA_R_TOKEN_NOT_FOUND ||
           reason == SKA_R_HSM_FAILURE;
}

static bool is_hsm_away(const struct ska_job *job)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    struct backend_key_state state = {0};
    bool away = !backend_key_state(job->key, &state, &to_failure) && is_absence(failure.reason);

    backend_key_state_clear(&state);
    ska_error_capture_clear(&failure);
    return away;
}

/* Waits before the next try, and then longer. */
static enum ska_pause_end pause_for_hsm(const struct ska_waiter *waiter, int64_t until,
                                        int64_t *length)
{
    int64_t next = ska_clock_ms() + *length;

    *length = *length * 2 < HSM_PAUSE_MOST_MS ? *length * 2 : HSM_PAUSE_MOST_MS;
    return ska_pause(waiter, -1, 0, next < until ? next : until);
}

bool ska_wait_for_hsm(struct ska_gathering *gathering)
{
    const struct ska_waiter waiter = ska_gathering_waiter(gathering);
    int64_t length = HSM_PAUSE_MS;

    if (gathering->open.directory == NULL || !gathering->open.published)
        return true;
    while (ska_clock_ms() < gathering->until && is_hsm_away(gathering->job))
        if (pause_for_hsm(&waiter, gathering->until, &length) == SKA_PAUSE_INTERRUPTED)
            return ska_gathering_fail_interrupted(gathering);
    return true;
}

/* ---- For the rule ---------------------------------------------------------------------------- */

/* So many names of requests that others may have taken are gone through. */
#define NAMES_MOST 100

static bool stands_in(const struct ska_directory *directory, const struct ska_job *job,
                      struct ska_request *draft)
{
    struct ska_standing_request standing;
    enum ska_name_state state = SKA_NAME_TAKEN;

    for (uint64_t i = 0; state == SKA_NAME_TAKEN && i < NAMES_MOST; i++) {
        if (!ska_draft_set_attempt(draft, i, job) ||
            !ska_directory_find(directory, draft->id, &standing, NULL))
            return false;
        state = standing.state;
        ska_standing_request_clear(&standing);
    }
    return state == SKA_NAME_OWN;
}

/* By its name, which no HSM is needed for. */
static bool is_open_already(const struct ska_job *job)
{
    struct ska_job quiet = *job;
    struct ska_directory *directory = NULL;
    struct ska_request *draft = NULL;
    bool open = false;

    quiet.errors = NULL;
    if (ska_directory_open(job->sources.directory, SKA_DIRECTORY_TO_SIGN, &directory, NULL) &&
        ska_draft_make(&quiet, &draft))
        open = stands_in(directory, &quiet, draft);
    ska_request_free(draft);
    ska_directory_close(directory);
    return open;
}

static void free_held(void *request)
{
    ska_request_free(request);
}

/* False and *over: it is not to be had, which is raised. */
static bool try_rule(const struct ska_job *job, int64_t until, struct ska_current_rule *current,
                     bool *over)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    bool done = ska_current_rule_read(job->key, SKA_RULE_USE, current, &to_failure);

    *over = !done && (!is_absence(failure.reason) || job->sources.directory == NULL ||
                      ska_clock_ms() >= until || !is_open_already(job));
    if (*over)
        ska_error_capture_raise(&failure, job->errors);
    ska_error_capture_clear(&failure);
    return done;
}

bool ska_wait_for_rule(struct ska_job *job, struct ska_request *held,
                       struct ska_current_rule *current)
{
    const struct ska_waiter waiter = {free_held, held, job->interrupted};
    int64_t until = ska_clock_ms() + (int64_t)job->timeout * 1000;
    int64_t length = HSM_PAUSE_MS;
    bool over = false;

    while (!try_rule(job, until, current, &over)) {
        int64_t left = 0;

        if (over)
            return false;
        if (pause_for_hsm(&waiter, until, &length) == SKA_PAUSE_INTERRUPTED)
            return ska_fail(job->errors, SKA_R_INTERRUPTED,
                            "the HSM is unavailable; the request stays open in %s",
                            job->sources.directory);
        left = until - ska_clock_ms();
        job->timeout = left <= 0 ? 0 : (unsigned int)((left + 999) / 1000);
    }
    return true;
}
