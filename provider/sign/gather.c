/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering approvals: from agents, which answer at once, and from an approvals directory, into
 * which people put them. The signature waits for people as long as it may, with no lock held.
 */
#include "provider/sign/gather.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/clock.h"
#include "provider/sign/agent_client.h"
#include "provider/record/audit.h"
#include "provider/sign/collect.h"
#include "provider/sign/explain.h"
#include "provider/sign/hsm_time.h"
#include "provider/sign/progress.h"
#include "provider/sign/progress_line.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_codec.h"
#include "ska/provider.h"
#include "provider/request/approval_token.h"
#include "provider/sign/wait.h"
#include "provider/sign/watch.h"

/* Without the kernel's notification files are found this often. */
#define LOOK_MS 1000
/* What a first look, at what is there already, may take at most; then the time limit holds. */
#define FIRST_LOOK_MS 10000

/* All that is held while waiting: a paused job may never be resumed, and then this is freed. */
struct gathering {
    const struct ska_signing *signing; /* on the stack of ska_sign()'s caller: not for freeing */
    struct ska_open_request open;
    struct ska_rule rule;
    bool known; /* the rule */
    struct ska_collection *collection;
    struct ska_progress progress;
    struct ska_progress_line line;
    int watch;
    char *agent_path;
    struct ska_agent *agent; /* the exchange under way */
    struct ska_approval *answers;
    size_t answer_count;
    enum ska_reason agent_reason; /* why an agent did not approve; 0: none was asked or failed */
    size_t handed_in;             /* approvals, in bundles */
    size_t tried;                 /* approvals in the last attempt, when the rule is not known */
    int64_t until;                /* ska_clock_ms() */
    bool locked;                  /* enough have approved, and it was too early for the HSM */
    bool timed;                   /* the token has a timestamp: */
    uint64_t timestamp;
    uint64_t hsm_now; /* at: */
    int64_t hsm_now_at;
};

static void free_gathering(void *vgathering)
{
    struct gathering *gathering = vgathering;

    if (gathering == NULL)
        return;
    ska_progress_line_end(&gathering->line);
    ska_progress_clear(&gathering->progress);
    ska_collection_free(gathering->collection);
    ska_agent_free(gathering->agent);
    free(gathering->agent_path);
    ska_approvals_free(gathering->answers, gathering->answer_count);
    if (gathering->watch >= 0)
        close(gathering->watch);
    ska_open_request_clear(&gathering->open);
    ska_rule_clear(&gathering->rule);
    free(gathering);
}

static const struct ska_rule *rule_of(const struct gathering *gathering)
{
    return gathering->known ? &gathering->rule : NULL;
}

static struct ska_waiter waiter_of(struct gathering *gathering)
{
    struct ska_waiter waiter = {free_gathering, gathering};

    return waiter;
}

/* ---- How far it is --------------------------------------------------------------------------- */

static bool assess(struct gathering *gathering, const struct ska_errors *errors)
{
    struct ska_request *request = gathering->open.request;

    ska_progress_clear(&gathering->progress);
    return ska_progress_find(gathering->signing->libctx, rule_of(gathering),
                             ska_span_of(&request->approval_token), request->approvals,
                             request->approval_count, &gathering->progress, errors);
}

static bool look(struct gathering *gathering, int64_t until, const struct ska_errors *errors)
{
    if (gathering->open.directory != NULL &&
        !ska_collection_look(gathering->collection, gathering->open.directory,
                             gathering->open.request, until, errors))
        return false;
    return assess(gathering, errors);
}

static bool look_first(struct gathering *gathering, const struct ska_errors *errors)
{
    int64_t patience = ska_clock_ms() + FIRST_LOOK_MS;

    return look(gathering, gathering->until > patience ? gathering->until : patience, errors);
}

/* The HSM's clock is asked once; then the monotonic one goes on from there. */
static void read_clock(struct gathering *gathering)
{
    const struct ska_signing *signing = gathering->signing;
    struct ska_approval_token token;

    gathering->timed = gathering->known && ska_rule_has_time_limit(&gathering->rule) &&
                       ska_approval_token_decode(
                           ska_span_of(&gathering->open.request->approval_token), &token, NULL) &&
                       token.has_timestamp;
    if (!gathering->timed)
        return;
    gathering->timestamp = token.timestamp.seconds;
    gathering->hsm_now = ska_hsm_now(signing->libctx, signing->key, signing->timestamp_key);
    gathering->hsm_now_at = ska_clock_ms();
}

static uint64_t hsm_time(const struct gathering *gathering)
{
    return gathering->hsm_now + (uint64_t)(ska_clock_ms() - gathering->hsm_now_at) / 1000;
}

/*
 * Seconds until an alternative of the rule that is satisfied opens; 0: one is open, or none will be
 * (then the HSM says why).
 */
static uint64_t seconds_to_opening(const struct gathering *gathering)
{
    const struct ska_progress *progress = &gathering->progress;
    uint64_t now = gathering->timed ? hsm_time(gathering) : 0;
    uint64_t soonest = UINT64_MAX;

    if (!gathering->timed)
        return 0;
    for (size_t i = 0; i < gathering->rule.alternative_count; i++) {
        const struct ska_alternative *alternative = &gathering->rule.alternatives[i];
        struct ska_window window = ska_window_of(alternative, gathering->timestamp);

        if (!ska_alternative_satisfied(alternative, progress->keys, progress->key_count))
            continue;
        switch (ska_window_state(&window, now)) {
        case SKA_WINDOW_OPEN:
            return 0;
        case SKA_WINDOW_NOT_YET:
            if (window.opens - now < soonest)
                soonest = window.opens - now;
            break;
        case SKA_WINDOW_CLOSED:
            break;
        }
    }
    return soonest == UINT64_MAX ? 0 : soonest;
}

static bool is_expired(const struct gathering *gathering)
{
    struct ska_window window = {0, 0};

    if (!gathering->timed)
        return false;
    window = ska_window_of_rule(&gathering->rule, gathering->timestamp);
    return ska_window_state(&window, hsm_time(gathering)) == SKA_WINDOW_CLOSED;
}

/*
 * Worth asking the HSM, now or later; where the rule is not known each new valid approval is. That
 * an alternative has closed leaves the others, for which more may approve.
 */
static bool is_enough(const struct gathering *gathering)
{
    const struct ska_progress *progress = &gathering->progress;

    if (!gathering->known)
        return progress->key_count > gathering->tried;
    for (size_t i = 0; i < gathering->rule.alternative_count; i++) {
        const struct ska_alternative *alternative = &gathering->rule.alternatives[i];
        struct ska_window window = ska_window_of(alternative, gathering->timestamp);

        if (ska_alternative_satisfied(alternative, progress->keys, progress->key_count) &&
            !(gathering->timed &&
              ska_window_state(&window, hsm_time(gathering)) == SKA_WINDOW_CLOSED))
            return true;
    }
    return false;
}

/*
 * Clocks that run at different speeds are some seconds apart after days: before the HSM is asked it
 * is made sure that its clock says so too, since its no would end the wait.
 */
static bool is_time(struct gathering *gathering)
{
    uint64_t seconds = seconds_to_opening(gathering);

    if (seconds == 0 && gathering->locked) {
        read_clock(gathering);
        seconds = seconds_to_opening(gathering);
    }
    gathering->locked = seconds > 0;
    return seconds == 0;
}

/* ---- Agents ---------------------------------------------------------------------------------- */

static void note_agent(void *arg, enum ska_reason reason, const char *file, int line,
                       const char *function, const char *format, va_list args)
{
    struct gathering *gathering = arg;
    char text[512];

    (void)file;
    (void)line;
    (void)function;
    /* The first failure is told, but an interruption ends all. */
    if (gathering->agent_reason == 0 || reason == SKA_R_INTERRUPTED)
        gathering->agent_reason = reason;
    vsnprintf(text, sizeof(text), format, args);
    ska_collection_note(gathering->collection, text);
}

static bool fail_interrupted(const struct gathering *gathering, const struct ska_errors *errors)
{
    const struct ska_open_request *open = &gathering->open;

    return ska_fail(errors, SKA_R_INTERRUPTED, "request %s%s%s", open->request->id,
                    open->published ? " stays open in " : "",
                    open->published ? ska_directory_path(open->directory) : "");
}

/* One that fails is noted: another may be enough. */
static bool ask_agent(struct gathering *gathering, const struct ska_errors *errors)
{
    const struct ska_errors to_notes = {note_agent, gathering};
    const struct ska_waiter waiter = waiter_of(gathering);
    bool done = true;

    if (ska_agent_new(gathering->agent_path, &gathering->agent, &to_notes) &&
        ska_agent_ask(gathering->agent, gathering->open.request, &waiter, &gathering->answers,
                      &gathering->answer_count, &to_notes))
        done = ska_collection_take(gathering->collection, gathering->open.request,
                                   gathering->agent_path, gathering->answers,
                                   gathering->answer_count, errors);
    ska_approvals_free(gathering->answers, gathering->answer_count);
    gathering->answers = NULL;
    gathering->answer_count = 0;
    ska_agent_free(gathering->agent);
    gathering->agent = NULL;
    if (gathering->agent_reason == SKA_R_INTERRUPTED)
        return fail_interrupted(gathering, errors);
    return done && assess(gathering, errors);
}

static bool ask_agents(struct gathering *gathering, const struct ska_errors *errors)
{
    const char *paths = gathering->signing->sources.agent;
    bool done = true;

    while (done && paths != NULL && *paths != 0 && !is_enough(gathering)) {
        size_t length = strcspn(paths, ",");

        free(gathering->agent_path);
        gathering->agent_path = strndup(paths, length);
        if (gathering->agent_path == NULL)
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for an agent");
        if (length > 0)
            done = ask_agent(gathering, errors);
        paths += length + (paths[length] == ',');
    }
    return done;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static bool fail_pending(struct gathering *gathering, const struct ska_errors *errors)
{
    struct ska_pending pending = {
        .request = gathering->open.request,
        .directory = gathering->open.directory == NULL
                         ? NULL
                         : ska_directory_path(gathering->open.directory),
        .rule = rule_of(gathering),
        .progress = &gathering->progress,
        .reason = SKA_R_APPROVALS_PENDING,
    };
    struct ska_buffer notes = {0};

    ska_collection_tell(gathering->collection, gathering->open.request, &notes);
    pending.notes = &notes;
    if (ska_collection_hopeless(gathering->collection, gathering->open.request))
        pending.reason = SKA_R_REJECTED;
    else if (is_expired(gathering))
        pending.reason = SKA_R_EXPIRED;
    else if (gathering->open.directory == NULL)
        pending.reason =
            gathering->agent_reason != 0 ? gathering->agent_reason : SKA_R_APPROVALS_MISSING;
    ska_explain_pending(&pending, errors);
    ska_buffer_free(&notes);
    return false;
}

static int64_t soonest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Waits for something to look at; false: interrupted, raised. */
static bool wait_for_news(struct gathering *gathering, const struct ska_errors *errors)
{
    const struct ska_waiter waiter = waiter_of(gathering);
    int64_t until = soonest(gathering->until, ska_clock_ms() + LOOK_MS);
    const char *id = gathering->open.request->id;

    for (;;) {
        switch (ska_wait(&waiter, gathering->watch, POLLIN, until)) {
        case SKA_WAIT_READY:
            if (ska_watch_read(gathering->watch, id))
                return true;
            break;
        case SKA_WAIT_OVER:
            return true;
        case SKA_WAIT_INTERRUPTED:
            return fail_interrupted(gathering, errors);
        }
    }
}

static unsigned int seconds_left(const struct gathering *gathering)
{
    int64_t left = gathering->until - ska_clock_ms();

    return left <= 0 ? 0 : (unsigned int)((left + 999) / 1000);
}

static bool is_over(const struct gathering *gathering)
{
    return gathering->open.directory == NULL || ska_clock_ms() >= gathering->until;
}

/*
 * Another process was faster, and all work on its request: what has come, was told and timed was
 * about another one.
 */
static bool start_over(struct gathering *gathering, const struct ska_errors *errors)
{
    gathering->open.exchanged = false;
    gathering->locked = false;
    gathering->tried = 0;
    if (gathering->handed_in > 0)
        ska_collection_note(gathering->collection,
                            "the approvals that were handed in are for another request than the "
                            "one that stands in the directory");
    gathering->handed_in = 0;
    ska_collection_restart(gathering->collection);
    read_clock(gathering);
    return look_first(gathering, errors) && ask_agents(gathering, errors);
}

/* Until there is enough for the HSM to decide; false: it did not come to that, raised. */
static bool wait_for_people(struct gathering *gathering, const struct ska_errors *errors)
{
    const struct ska_signing *signing = gathering->signing;
    struct ska_open_request *open = &gathering->open;

    if (open->directory != NULL && !is_enough(gathering) &&
        !ska_check_not_blocked(signing->key, errors))
        return false;
    while (!is_enough(gathering) || !is_time(gathering)) {
        if (is_over(gathering) && is_enough(gathering))
            return true;
        if (open->directory != NULL &&
            !ska_open_request_publish(signing, rule_of(gathering), open, errors))
            return false;
        if (open->exchanged) {
            if (!start_over(gathering, errors))
                return false;
            continue;
        }
        if (is_over(gathering) || is_expired(gathering) ||
            ska_collection_hopeless(gathering->collection, open->request))
            return fail_pending(gathering, errors);
        if (gathering->watch < 0)
            gathering->watch = ska_watch_open(open->directory);
        ska_progress_line_show(&gathering->line, open->request, rule_of(gathering),
                               &gathering->progress, seconds_left(gathering));
        if (!wait_for_news(gathering, errors) || !look(gathering, gathering->until, errors))
            return false;
    }
    return true;
}

/* ---- Signing --------------------------------------------------------------------------------- */

/* Leaves only the approvals that count: the others would make the HSM refuse all of them. */
static void drop_uncounted(struct ska_request *request, const struct ska_progress *progress)
{
    size_t kept = 0;

    for (size_t i = 0; i < request->approval_count; i++) {
        struct ska_approval approval = request->approvals[i];

        memset(&request->approvals[i], 0, sizeof(approval));
        if (progress->states[i] == SKA_APPROVAL_COUNTS) {
            request->approvals[kept++] = approval;
        } else {
            ska_bytes_free(&approval.signer);
            ska_bytes_free(&approval.public_key);
            ska_bytes_free(&approval.signature);
        }
    }
    request->approval_count = kept;
}

/* Who changes evidence and its manifest would have to change the audit log too. */
static bool note_evidence(const struct ska_sender *sender, const struct ska_request *request,
                          const struct ska_errors *errors)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_EVIDENCE, request, NULL, NULL};

    return ska_audit_append(sender->audit_log, sender->libctx, &entry, errors);
}

/* Records, signs, records again. */
static enum hsm_answer send_with_evidence(struct gathering *gathering,
                                          const struct ska_output *output,
                                          struct hsm_refusal *refusal,
                                          const struct ska_errors *errors)
{
    const struct ska_sender sender = ska_signing_sender(gathering->signing);
    struct ska_open_request *open = &gathering->open;
    struct ska_evidence *evidence = NULL;
    enum hsm_answer answer = HSM_FAILED;
    bool kept = true;

    if (open->directory != NULL &&
        !ska_evidence_begin(open->directory, open->request, &evidence, errors))
        return HSM_FAILED;
    answer = ska_send_quietly(&sender, open->request, output, refusal, errors);
    /* First what was signed: it stays, whatever becomes of the log. */
    if (answer != HSM_DONE)
        ska_evidence_abandon(evidence);
    else if (evidence != NULL)
        kept = ska_evidence_finish(evidence, sender.libctx, open->request,
                                   ska_span(output->signature, *output->length), errors);
    answer = ska_send_record(&sender, open->request, answer, refusal, errors);
    if (answer != HSM_DONE || evidence == NULL)
        return answer;
    return kept && note_evidence(&sender, open->request, errors) ? HSM_DONE : HSM_FAILED;
}

/* Where the rule is not known the HSM may say that it is not enough yet, and the wait goes on. */
static bool sign_when_enough(struct gathering *gathering, const struct ska_output *output,
                             const struct ska_errors *errors)
{
    const struct ska_signing *signing = gathering->signing;
    struct ska_request *request = gathering->open.request;

    while (wait_for_people(gathering, errors)) {
        struct hsm_refusal refusal = {0};
        int64_t begun = ska_clock_ms();
        enum hsm_answer answer = HSM_FAILED;

        ska_progress_line_end(&gathering->line);
        request = gathering->open.request;
        drop_uncounted(request, &gathering->progress);
        gathering->tried = request->approval_count;
        answer = send_with_evidence(gathering, output, &refusal, errors);
        /* The HSM's time is not the people's. */
        gathering->until += ska_clock_ms() - begun;
        if (answer == HSM_DONE && gathering->open.directory != NULL)
            ska_open_request_finish(&gathering->open);
        if (answer == HSM_DONE || answer == HSM_FAILED)
            return answer == HSM_DONE;
        if (gathering->known || refusal.blocked || is_over(gathering))
            return ska_explain_refusal(signing->libctx, signing->key, request, &refusal, errors);
        if (!assess(gathering, errors))
            return false;
    }
    return false;
}

/*
 * Approvals in a bundle are looked at as those are that come. Only a bundle has some: what is found
 * in the directory comes without, see ska_directory_find().
 */
static bool take_handed_in(struct gathering *gathering, const struct ska_errors *errors)
{
    struct ska_request *request = gathering->open.request;
    struct ska_approval *approvals = request->approvals;
    size_t count = request->approval_count;
    bool done = false;

    request->approvals = NULL;
    request->approval_count = 0;
    done = ska_collection_take(gathering->collection, request, SKA_PARAM_APPROVALS, approvals,
                               count, errors);
    ska_approvals_free(approvals, count);
    return done;
}

/* Directory, request, and what is there already. */
static bool begin(struct gathering *gathering, const struct ska_errors *errors)
{
    const struct ska_signing *signing = gathering->signing;
    const struct ska_rule *rule = rule_of(gathering);
    const struct ska_collecting collecting = {
        .libctx = signing->libctx,
        .approver_keys = signing->approver_keys,
        .rule = rule,
        .audit_log = signing->audit_log,
    };
    struct ska_open_request *open = &gathering->open;

    if (!ska_collection_new(&collecting, &gathering->collection, errors) ||
        (signing->sources.directory != NULL &&
         !ska_directory_open(signing->sources.directory, &open->directory, errors)) ||
        !ska_open_request_find(signing, rule, open, errors) || !take_handed_in(gathering, errors))
        return false;
    /* What has expired, or was never ours, goes first, and its approvals with it. */
    if (open->superseded != NULL && !ska_open_request_publish(signing, rule, open, errors))
        return false;
    open->exchanged = false;
    read_clock(gathering);
    gathering->until = ska_clock_ms() + (int64_t)signing->timeout * 1000;
    ska_progress_line_begin(&gathering->line, signing->progress);
    return look_first(gathering, errors) && ask_agents(gathering, errors);
}

/* As it was read with the key, or as it is now. */
static bool take_rule(struct gathering *gathering, struct ska_rule *remembered,
                      const struct ska_errors *errors)
{
    if (remembered == NULL)
        return ska_current_rule(gathering->signing->key, SKA_RULE_USE, &gathering->rule,
                                &gathering->known, errors);
    gathering->rule = *remembered;
    gathering->known = true;
    memset(remembered, 0, sizeof(*remembered));
    return true;
}

bool ska_gather_and_sign(const struct ska_signing *signing, struct ska_request *bundle,
                         struct ska_rule *remembered, const struct ska_output *output,
                         const struct ska_errors *errors)
{
    struct gathering *gathering = calloc(1, sizeof(*gathering));
    bool done = false;

    if (gathering == NULL) {
        ska_request_free(bundle);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for approvals");
    }
    gathering->signing = signing;
    gathering->open.request = bundle;
    gathering->handed_in = bundle == NULL ? 0 : bundle->approval_count;
    gathering->open.hold = -1;
    gathering->watch = -1;
    if (!take_rule(gathering, remembered, errors))
        done = false;
    else if (bundle == NULL && gathering->known && ska_rule_is_empty(&gathering->rule))
        done = ska_sign_alone(signing, output, errors);
    else if (gathering->known && gathering->rule.alternative_count == 0)
        ska_explain_no_sources(signing->key, &gathering->rule, errors);
    else
        done = begin(gathering, errors) && sign_when_enough(gathering, output, errors);
    free_gathering(gathering);
    return done;
}
