/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/execute_directory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/clock.h"
#include "provider/base/error_capture.h"
#include "provider/base/printable.h"
#include "provider/record/state_dir.h"
#include "provider/sign/answers.h"
#include "provider/sign/current_rule.h"
#include "provider/sign/hsm_time.h"
#include "tools/command/execute_close.h"
#include "tools/command/execute_orders.h"
#include "tools/execution.h"
#include "tools/options.h"
#include "tools/directory_place.h"
#include "tools/request_fate.h"
#include "tools/show/modification.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* ---- What stands there ----------------------------------------------------------------------- */

static bool collect_change(struct execute_run *run, struct ska_standing_request *standing,
                           const void *arg)
{
    const struct ska_request *request = standing->request;
    char word[SKA_SHELL_WORD_SIZE];

    (void)arg;
    if (request->operation == SKA_OPERATION_SIGN)
        return true;
    /* Its words and who asks in it were written by nobody here knows whom. */
    if (request->is_imported) {
        if (run->what == EXECUTE_BY_HAND && run->goes == 0) /* it is said once */
            report_note("request %.16s to %s key '%s' was imported, and is executed only by its "
                        "id: skatool execute --dir %s %.16s",
                        request->id, text_operation(request->operation), request->key_label,
                        ska_shell_word(run->path, word), request->id);
        return true;
    }
    return execute_add_change(run, request->id, request->operation, (uid_t)request->requester_uid);
}

/* ---- Afterwards ------------------------------------------------------------------------------ */

static bool clear_away(struct execute_run *run, struct ska_standing_request *standing)
{
    struct ska_leftovers left = {0, 0};

    ska_directory_finish(run->directory, standing->request, standing->hold, &left);
    standing->hold = -1;
    if (left.count > 0)
        report_warning("%zu files for request %.16s stay in %s: they belong to uid %lu", left.count,
                       standing->request->id, run->path, (unsigned long)left.owner);
    return execute_close_settled(run, standing->request);
}

/* ---- One request ----------------------------------------------------------------------------- */

static bool look_at_answers(struct execute_run *run, struct ska_ballot *ballot,
                            const struct ska_errors *wrong)
{
    struct ska_budget budget = {.share = SKA_SHARE_TO_SIGN};
    struct ska_look look = {
        .directory = run->directory, .budget = &budget, .wrong = wrong, .until = INT64_MAX};
    bool done = request_answers_take(&look, ballot, &run->tool->errors);

    if (done && budget.exhausted) {
        int64_t start = ska_clock_ms();

        look.budget = NULL;
        look.until = start + execute_rest_of_one(run);
        done = request_answers_take(&look, ballot, &run->tool->errors);
        run->rest_used_ms += ska_clock_ms() - start;
    }
    ska_budget_clear(&budget);
    return done;
}

/* With the answers that lie there; they are in the request afterwards. */
static bool count_answers(struct execute_run *run, struct ska_ballot *ballot, bool quiet)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    bool done = ska_ballot_open(ballot, &run->tool->errors) &&
                look_at_answers(run, ballot, quiet ? NULL : &to_warnings);

    report_warnings_end(&warnings);
    return done;
}

/*
 * Without a login: by the rule in the request, which this user has written. What is found complete
 * so is looked at again by what holds now.
 */
static bool seems_complete(struct execute_run *run, struct ska_request *request, bool *complete)
{
    struct ska_ballot ballot = {
        .libctx = run->tool->libctx, .request = request, .rule = request_stated_rule(request)};
    bool done = count_answers(run, &ballot, true);

    *complete =
        done && (ballot.rule == NULL ? ballot.key_count > 0 : ska_ballot_judge(&ballot).satisfied);
    ska_ballot_close(&ballot);
    ska_approvals_free(request->approvals, request->approval_count);
    request->approvals = NULL;
    request->approval_count = 0;
    return done;
}

/* The approvals were made for this request, and not for one of long ago. */
static bool is_within_time(struct execute_run *run, struct backend_key *key,
                           const struct ska_ballot *ballot, const struct ska_verdict *verdict)
{
    const struct ska_settings *settings = &run->tool->configuration.settings;
    struct ska_bytes timestamp_key = {NULL, 0};
    bool within = verdict->best.alternative != NULL && verdict->best.alternative->timeout > 0 &&
                  ballot->token.has_timestamp &&
                  ska_hsm_timestamp_genuine(run->tool->libctx, key, settings->timestamp_key,
                                            &ballot->token, &timestamp_key);

    ska_bytes_free(&timestamp_key);
    return within;
}

enum readiness {
    READY_LATER, /* more may approve, or its time comes */
    READY_NOW,
    READY_NEVER /* its time is over, or it is not for a unit: what was said once is enough */
};

/*
 * An approval can be used again: whoever has kept those of the last unblocking must not undo a
 * block with them, nor bring back old rules. Of what is named by its id a person has decided; else
 * only time limits tell that approvals are new.
 */
static bool must_be_new(const struct execute_run *run, const struct ska_request *request)
{
    return request->operation != SKA_OPERATION_BLOCK && !run->by_id;
}

/* A unit says it once; to a person it is said each time, but not each time that something is done.
 */
static enum readiness leave_to_person(const struct execute_run *run,
                                      const struct ska_request *request)
{
    char word[SKA_SHELL_WORD_SIZE];

    if (run->what != EXECUTE_BY_HAND || run->goes == 0)
        report_note("request %.16s to %s key '%s' has its approvals, but they have no time limit "
                    "and may be old%s: skatool execute --dir %s %.16s executes it by hand",
                    request->id, text_operation(request->operation), request->key_label,
                    request->operation == SKA_OPERATION_UNBLOCK
                        ? ", from before the key was blocked"
                        : ", from when these were its rules",
                    ska_shell_word(run->path, word), request->id);
    return run->what == EXECUTE_BY_HAND ? READY_LATER : READY_NEVER;
}

/* Where the HSM does not disclose its rule. */
static enum readiness judge_without_rule(const struct execute_run *run,
                                         const struct ska_ballot *ballot)
{
    const struct ska_request *request = ballot->request;

    if (ballot->key_count == 0 ||
        (run->what != EXECUTE_BY_HAND && request->operation != SKA_OPERATION_BLOCK))
        return READY_LATER;
    return must_be_new(run, request) ? leave_to_person(run, request) : READY_NOW;
}

static enum readiness judge_readiness(struct execute_run *run, struct backend_key *key,
                                      const struct ska_ballot *ballot)
{
    const struct ska_request *request = ballot->request;
    struct ska_verdict verdict;

    if (ballot->rule == NULL)
        return judge_without_rule(run, ballot);
    verdict = ska_ballot_judge(ballot);
    if (verdict.over)
        return READY_NEVER;
    if (!verdict.satisfied || !verdict.usable)
        return READY_LATER;
    if (!must_be_new(run, request) || is_within_time(run, key, ballot, &verdict))
        return READY_NOW;
    return leave_to_person(run, request);
}

/* By the rule that the HSM has now. Its rejections are the execution's afterwards. */
static bool find_readiness(struct execute_run *run, struct execution *execution,
                           enum readiness *readiness, bool *rule_known)
{
    struct ska_current_rule current;
    struct ska_ballot ballot = {.libctx = run->tool->libctx, .request = execution->request};
    struct backend_key *key = execution->key;
    bool done = ska_current_rule_read(key, ska_rule_kind_of(execution->request->operation),
                                      &current, &run->tool->errors);

    *rule_known = done && current.known;
    ballot.rule = ska_current_rule_of(&current);
    done = done && count_answers(run, &ballot, false);
    if (done) {
        ska_ballot_ask_time(&ballot, key);
        *readiness = judge_readiness(run, key, &ballot);
    }
    execution_take_refusals(execution, &ballot);
    ska_ballot_close(&ballot);
    ska_current_rule_clear(&current);
    return done;
}

static bool is_refusal(enum ska_reason reason)
{
    return reason / 100 == SKA_R_APPROVALS_PENDING / 100;
}

/* So often what has failed is tried again, since nobody knows what has become of it. */
#define FAILURES_MOST 5

/* Whether it is done with: what the HSM has refused for good is not tried again by itself. */
static bool is_settled(struct execute_run *run, const struct ska_request *request,
                       enum ska_reason reason, bool for_good, bool *settled)
{
    size_t failures = 0;

    *settled = is_refusal(reason) && for_good;
    if (*settled || is_refusal(reason))
        return true;
    if (!executed_count_failure(&run->executed, request, &failures, &run->tool->errors))
        return false;
    *settled = failures >= FAILURES_MOST;
    return true;
}

static bool execute_and_remember(struct execute_run *run, const struct execution *execution,
                                 bool for_good)
{
    const struct ska_request *request = execution->request;
    struct tool *tool = run->tool;
    const struct ska_errors loud = tool->errors;
    struct ska_error_capture failure = {0};
    bool settled = true;
    bool done = false;

    tool->errors = ska_error_capture(&failure);
    done = modification_can_be_shown(request, &tool->errors) && execution_run(tool, execution);
    tool->errors = loud;
    if (!done) {
        ska_error_capture_raise(&failure, &tool->errors);
        if (!is_settled(run, request, failure.reason, for_good, &settled))
            settled = false;
    }
    if (settled)
        done = executed_add(&run->executed, request, done ? EXECUTED_DONE : EXECUTED_GIVEN_UP,
                            &tool->errors) &&
               done;
    ska_error_capture_clear(&failure);
    return done;
}

static bool execute_if_ready(struct execute_run *run, struct execution *execution,
                             struct ska_standing_request *standing, bool whatever)
{
    enum readiness readiness = READY_LATER;
    bool rule_known = true;

    if (!find_readiness(run, execution, &readiness, &rule_known))
        return false;
    if (readiness != READY_NOW && !whatever)
        return readiness == READY_LATER || executed_add(&run->executed, standing->request,
                                                        EXECUTED_GIVEN_UP, &run->tool->errors);
    /* Where only the HSM knows how many it takes, more may come. */
    if (!execute_and_remember(run, execution, readiness == READY_NOW && rule_known))
        return false;
    run->news++;
    return clear_away(run, standing);
}

static bool execute_with_key(struct execute_run *run, struct backend_key *key,
                             struct ska_standing_request *standing, bool whatever)
{
    struct execution execution = {.key = key, .request = standing->request};
    bool done = execute_if_ready(run, &execution, standing, whatever);

    execution_clear(&execution);
    return done;
}

/* A key that is gone is not looked for again, either. */
static bool open_named_key(struct execute_run *run, const struct ska_request *request,
                           struct backend_key **key)
{
    struct tool *tool = run->tool;
    const struct ska_errors loud = tool->errors;
    struct ska_error_capture failure = {0};
    bool done = false;

    tool->errors = ska_error_capture(&failure);
    done = execute_open_key(run, request->key_label, ska_span_of(&request->key_id), key);
    tool->errors = loud;
    if (!done)
        ska_error_capture_raise(&failure, &tool->errors);
    if (failure.reason == SKA_R_KEY_NOT_FOUND || failure.reason == SKA_R_WRONG_USE)
        done = executed_add(&run->executed, request, EXECUTED_GIVEN_UP, &tool->errors) && done;
    ska_error_capture_clear(&failure);
    return done;
}

static bool execute_standing(struct execute_run *run, struct ska_standing_request *standing,
                             bool whatever)
{
    const struct ska_request *request = standing->request;
    struct backend_key *key = NULL;
    bool done = open_named_key(run, request, &key);

    if (done && key != NULL)
        done = execute_with_key(run, key, standing, whatever);
    else if (done && whatever)
        done = ska_fail(&run->tool->errors, SKA_R_KEY_MISMATCH,
                        "the request is for key '%s', and --key names another one",
                        request->key_label);
    backend_key_free(key);
    return done;
}

/* ---- All of them ----------------------------------------------------------------------------- */

/* What is not complete, or was executed before, is passed over without a word. */
static bool execute_if_complete(struct execute_run *run, const struct change *change)
{
    struct ska_standing_request standing;
    bool known = false;
    bool complete = false;
    bool done = ska_directory_find(run->directory, change->id, &standing, &run->tool->errors) &&
                (standing.state != SKA_NAME_OWN ||
                 (executed_has(&run->executed, standing.request, &known, &run->tool->errors) &&
                  (known || seems_complete(run, standing.request, &complete)) &&
                  (!complete || execute_standing(run, &standing, false))));

    ska_standing_request_clear(&standing);
    return done;
}

static bool execute_those(struct execute_run *run, bool blocks)
{
    bool done = true;

    for (size_t i = 0; i < run->change_count; i++)
        if ((run->changes[i].operation == SKA_OPERATION_BLOCK) == blocks)
            done = execute_if_complete(run, &run->changes[i]) && done;
    return done;
}

/*
 * To block comes first, since nothing else may delay it, and last: if an unblocking is there as
 * well, the key is blocked in the end.
 */
static bool execute_complete(struct execute_run *run)
{
    bool done = execute_those(run, true);

    if (run->what != EXECUTE_BLOCK_ONLY) {
        done = execute_those(run, false) && done;
        done = execute_those(run, true) && done;
    }
    return done;
}

/* One that fails leaves the others. */
static bool execute_once(struct execute_run *run)
{
    bool done = false;

    free(run->changes);
    run->changes = NULL;
    run->change_count = 0;
    done = execute_visit_requests(run, collect_change, NULL);
    done = execute_take_orders(run) && done;
    return execute_complete(run) && done;
}

/* What came meanwhile may have come unnoticed; somebody could go on for ever. */
#define GOES_MOST 10

static bool execute_all(struct execute_run *run)
{
    size_t before = 0;
    bool done = true;

    do {
        before = run->news;
        done = execute_once(run) && done;
    } while (run->news > before && ++run->goes < GOES_MOST);
    if (done && run->news == 0 && run->what == EXECUTE_BY_HAND)
        report_note("nothing in %s can be executed now; skatool requests shows what is open",
                    run->path);
    return done;
}

/* ---- By its id ------------------------------------------------------------------------------- */

static bool execute_one(struct execute_run *run, const char *given)
{
    const struct ska_errors *errors = &run->tool->errors;
    struct ska_standing_request standing = {.hold = -1};
    char id[SKA_REQUEST_ID_LENGTH + 1];
    bool done = false;

    run->by_id = true;
    if (!request_fate_find_id(run->tool, run->directory, given, id))
        return false;
    if (!ska_directory_find(run->directory, id, &standing, errors))
        done = false;
    else if (standing.state == SKA_NAME_FREE)
        done = request_fate_fail(run->tool, run->directory, id);
    else if (standing.state == SKA_NAME_TAKEN)
        done = ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "request %s is a file of uid %lu and not this user's request: the signer "
                        "has not confirmed what it says",
                        given, (unsigned long)standing.owner);
    else if (standing.request->operation == SKA_OPERATION_SIGN)
        done = options_wrong(run->tool,
                             "request %s is for a signature: the program that signs takes the "
                             "approvals itself, when you run its command again",
                             given);
    else
        done = execute_standing(run, &standing, true);
    ska_standing_request_clear(&standing);
    return done;
}

/* ---- The directory --------------------------------------------------------------------------- */

/* A unit has nobody who looks. */
static bool check_unit(const struct execute_run *run)
{
    const char *state_dir = run->executed.state_dir;
    const struct ska_errors *errors = &run->tool->errors;

    if (run->what == EXECUTE_BY_HAND)
        return true;
    if (geteuid() == 0)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "--block-only and --all run unattended, as the signer's user and not as "
                        "root: set User= in ska-execute.service");
    if (state_dir == NULL)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "state-dir is not set: it is needed to remember what was executed, so that "
                        "it is not tried again");
    return ska_state_dir_check(state_dir, errors);
}

static bool open_run(struct execute_run *run)
{
    const struct ska_errors *errors = &run->tool->errors;
    struct stat status;

    if (!tool_configure(run->tool))
        return false;
    if (run->path == NULL)
        run->path = run->tool->configuration.settings.approvals_dir;
    if (run->path == NULL)
        return options_wrong(run->tool,
                             "--dir is missing, and the configuration has no approvals-dir");
    run->executed.state_dir = run->tool->configuration.settings.state_dir;
    run->executed.libctx = run->tool->libctx;
    if (!check_unit(run) ||
        !ska_directory_open(run->path, SKA_DIRECTORY_TO_SIGN, &run->directory, errors))
        return false;
    run->own_directory = fstat(ska_directory_fd(run->directory), &status) == 0 &&
                         (status.st_uid == geteuid() || geteuid() == 0);
    return true;
}

bool execute_directory(struct execute_run *run, const char *id)
{
    bool done = open_run(run) && (id != NULL ? execute_one(run, id) : execute_all(run));

    ska_directory_close(run->directory);
    free(run->changes);
    return done;
}
