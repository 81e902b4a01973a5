/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool status: how far a request is, by the rule that the key has now.
 */
#include "tools/command/status.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/sign/explain.h"
#include "provider/sign/hsm_time.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_codec.h"
#include "provider/sign/sign.h"
#include "tools/input.h"
#include "tools/options.h"
#include "tools/show/review.h"
#include "tools/show/text.h"
#include "tools/show/windows.h"

/* ---- Time ------------------------------------------------------------------------------------ */

/* The HSM's clock, by the key that made the timestamp; this machine's where the HSM does not tell.
 */
static void find_now(struct tool *tool, struct status *status)
{
    struct ska_made_timestamp made;
    struct ska_bytes label = {NULL, 0};
    static const uint8_t payload[] = "time";

    memset(&made, 0, sizeof(made));
    status->now = (uint64_t)time(NULL);
    if (status->key == NULL || !ska_rule_has_time_limit(status->rule) ||
        !status->token.has_timestamp)
        return;
    status->now_by_hsm =
        ska_bytes_copy(&label, status->token.timestamp.key_name, NULL) &&
        ska_hsm_timestamp(tool->libctx, status->key, (const char *)label.data, SKA_OPERATION_SIGN,
                          ska_span(payload, sizeof(payload) - 1), &made, NULL);
    if (status->now_by_hsm)
        status->now = made.seconds;
    ska_made_timestamp_clear(&made);
    ska_bytes_free(&label);
}

enum ska_window_state status_window_state(const struct status *status,
                                          const struct ska_alternative *alternative)
{
    struct ska_window window = {0, UINT64_MAX};

    if (!window_is_limited(alternative))
        return SKA_WINDOW_OPEN;
    if (!status->token.has_timestamp)
        return SKA_WINDOW_CLOSED;
    window = ska_window_of(alternative, status->token.timestamp.seconds);
    return ska_window_state(&window, status->now);
}

bool status_is_usable(const struct status *status, const struct ska_alternative **satisfied)
{
    for (size_t i = 0; i < status->rule->alternative_count; i++) {
        const struct ska_alternative *alternative = &status->rule->alternatives[i];
        enum ska_window_state state = status_window_state(status, alternative);

        if (!ska_alternative_satisfied(alternative, status->tally.progress.keys,
                                       status->tally.progress.key_count))
            continue;
        if (state == SKA_WINDOW_OPEN)
            return true;
        if (satisfied != NULL &&
            (*satisfied == NULL || (state == SKA_WINDOW_NOT_YET &&
                                    (status_window_state(status, *satisfied) == SKA_WINDOW_CLOSED ||
                                     alternative->timelock < (*satisfied)->timelock))))
            *satisfied = alternative;
    }
    return false;
}

void status_window_times(const struct status *status, const struct ska_alternative *alternative,
                         char opens[32], char closes[32])
{
    struct ska_window window = {0, UINT64_MAX};

    snprintf(opens, 32, "at once");
    snprintf(closes, 32, "never");
    if (!window_is_limited(alternative) || !status->token.has_timestamp)
        return;
    window = ska_window_of(alternative, status->token.timestamp.seconds);
    ska_time_text(window.opens, opens);
    ska_time_text(window.closes, closes);
}

/* ---- What stands in the way ------------------------------------------------------------------ */

/* Enough have approved: is it the time? */
static bool conclude_time(struct tool *tool, const struct status *status)
{
    const struct ska_alternative *alternative = NULL;
    char opens[32];
    char closes[32];

    if (status_is_usable(status, &alternative))
        return true;
    if (alternative == NULL || !status->token.has_timestamp)
        return ska_fail(&tool->errors, SKA_R_EXPIRED,
                        "the rule has time limits, and the request holds no HSM time: make a new "
                        "request");
    status_window_times(status, alternative, opens, closes);
    if (status_window_state(status, alternative) == SKA_WINDOW_NOT_YET)
        return ska_fail(&tool->errors, SKA_R_TOO_EARLY,
                        "there are enough approvals, but they cannot be used before %s", opens);
    return ska_fail(&tool->errors, SKA_R_EXPIRED,
                    "there are enough approvals, but they could be used until %s only: make a new "
                    "request",
                    closes);
}

static bool fail_refused(struct tool *tool, const struct status *status)
{
    struct ska_buffer names = {0};
    struct ska_bytes text = {NULL, 0};

    tally_refused_text(&status->tally, &names);
    if (ska_buffer_finish(&names, &text, &tool->errors))
        ska_fail(&tool->errors, SKA_R_REJECTED, "%s refused, and too few are left",
                 (const char *)text.data);
    ska_bytes_free(&text);
    return false;
}

/* What still stands in the way, as a refusal. */
static bool conclude(struct tool *tool, const struct status *status)
{
    struct ska_buffer missing = {0};
    struct ska_bytes text = {NULL, 0};

    if (status->rule->alternative_count == 0)
        return ska_fail(&tool->errors, SKA_R_RULE_IMPOSSIBLE, "nobody can %s with '%s'",
                        text_operation(status->request->operation), status->request->key_label);
    if (!status->tally.progress.satisfied && tally_is_hopeless(&status->tally))
        return fail_refused(tool, status);
    if (!status->tally.progress.satisfied) {
        ska_progress_missing(status->rule, &status->tally.progress, &missing);
        if (ska_buffer_finish(&missing, &text, &tool->errors))
            ska_fail(&tool->errors, SKA_R_APPROVALS_MISSING, "%s", (const char *)text.data);
        ska_bytes_free(&text);
        return false;
    }
    if (status->state.blocked && status->request->operation == SKA_OPERATION_SIGN)
        return ska_fail(&tool->errors, SKA_R_KEY_BLOCKED, "'%s' cannot sign before it is unblocked",
                        status->request->key_label);
    return conclude_time(tool, status);
}

/* ---- Finding --------------------------------------------------------------------------------- */

/* In a directory approvals come as files of their own: only those reach the signer. */
static bool read_from_directory(struct tool *tool, const char *directory, const char *what,
                                struct status *status)
{
    char id[SKA_REQUEST_ID_LENGTH + 1];
    uid_t owner = 0;

    status->in_directory = true;
    if (!mailbox_open(&status->mailbox, directory, &tool->errors) ||
        !mailbox_find_id(&status->mailbox, what, id, &tool->errors) ||
        !mailbox_read_request(&status->mailbox, id, &status->request, &owner, &tool->errors))
        return false;
    ska_approvals_free(status->request->approvals, status->request->approval_count);
    status->request->approvals = NULL;
    status->request->approval_count = 0;
    return true;
}

/* Refusals lie beside a file. That they cannot be seen is no failure. */
static void open_folder(const char *path, struct status *status)
{
    char *copy = strdup(path);

    status->folder = copy == NULL ? NULL : strdup(dirname(copy));
    free(copy);
    if (status->folder != NULL)
        mailbox_open_folder(&status->mailbox, status->folder);
}

static bool read_file(struct tool *tool, const char *path, struct status *status)
{
    if (!input_read_request(path, &status->request, &tool->errors))
        return false;
    open_folder(path, status);
    return true;
}

/* The rule of the key as it is now, else the one that the requester states. */
static bool find_rule(struct tool *tool, struct status *status)
{
    struct ska_request *request = status->request;
    struct ska_bytes *encoded = &status->state.rules[ska_rule_kind_of(request->operation)];

    if (status->key == NULL) {
        status->rule = review_rule(request);
        return status->rule != NULL ||
               ska_fail(&tool->errors, SKA_R_UNSUPPORTED,
                        "the request does not say who may approve; with --key URI the HSM is "
                        "asked");
    }
    if (!ska_request_check_key(request, status->key, &tool->errors) ||
        !hsm_key_state(status->key, &status->state, &tool->errors))
        return false;
    if (encoded->data == NULL)
        return ska_fail(&tool->errors, SKA_R_UNSUPPORTED,
                        "the HSM does not tell the rule of '%s'; skatool inspect shows whose "
                        "approvals are there",
                        request->key_label);
    status->rule = &status->hsm_rule;
    return ska_rule_decode(ska_span_of(encoded), &status->hsm_rule, &tool->errors);
}

static bool count(struct tool *tool, struct status *status)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    struct mailbox_names names = {NULL, 0};
    struct tally_budget budget = {.count = 0};
    const struct tally_source source = {&status->mailbox, &names, status->in_directory, &budget,
                                        &to_warnings};
    bool listed =
        status->mailbox.fd >= 0 &&
        mailbox_list(&status->mailbox, &names, status->in_directory ? &tool->errors : NULL);
    bool done = (listed || !status->in_directory) &&
                tally_find(tool->libctx, status->request, status->rule, listed ? &source : NULL,
                           &status->tally, &tool->errors);

    report_warnings_end(&warnings);
    if (budget.exhausted)
        report_warning("too many files for this request, or too many wrong ones: not all were "
                       "looked at");
    mailbox_names_free(&names);
    return done;
}

static bool find(struct tool *tool, struct status *status)
{
    if (!ska_approval_token_decode(ska_span_of(&status->request->approval_token), &status->token,
                                   &tool->errors) ||
        !find_rule(tool, status))
        return false;
    find_now(tool, status);
    return count(tool, status);
}

static void clear(struct status *status)
{
    tally_clear(&status->tally);
    ska_rule_clear(&status->hsm_rule);
    hsm_key_state_clear(&status->state);
    ska_request_free(status->request);
    hsm_key_free(status->key);
    mailbox_close(&status->mailbox);
    free(status->folder);
}

bool status_command(struct tool *tool, int argc, char **argv)
{
    const char *uri = NULL;
    const char *directory = NULL;
    const char *what = NULL;
    bool json = false;
    const struct option_entry options[] = {
        {"key", 0, "URI", "the key that the request is for: its rule as it is now", &uri, NULL,
         false},
        {"dir", 0, "DIR", "the request ID in an approvals directory", &directory, NULL, false},
        {"json", 0, NULL, "as JSON, for machines", NULL, &json, false},
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI [--json] REQUEST\n"
                 "       skatool status [--key URI] [--json] --dir DIR ID",
        .help = "Shows which group of the key's rule has how many approvals, who is missing, who\n"
                "refuses, and when the approvals can be used; with --dir also of the approvals\n"
                "that lie in the directory, and without --key by the rule that the requester\n"
                "states. Exit status 0: the request can be executed now; 2: it cannot.",
        .options = options,
        .operands = &what,
        .operand_needed = "REQUEST",
        .operands_allowed = 1,
    };
    struct status status = {.mailbox = {.fd = -1}};
    bool done = options_parse(tool, &line, argc, argv) &&
                (uri != NULL || directory != NULL || options_wrong(tool, "--key is missing")) &&
                (directory != NULL ? read_from_directory(tool, directory, what, &status)
                                   : read_file(tool, what, &status)) &&
                (uri == NULL || tool_open_ska_key(tool, uri, NULL, &status.key)) &&
                find(tool, &status);

    if (done)
        done = (json ? status_print_json(&status, &tool->errors)
                     : status_print_text(&status, &tool->errors)) &&
               conclude(tool, &status);
    clear(&status);
    return done;
}
