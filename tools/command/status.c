/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool status: how far a request is, by the rule that the key has now.
 */
#include "tools/command/status.h"

#include "provider/request/token_check.h"
#include "provider/sign/hsm_time.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_codec.h"
#include "provider/sign/ballot_text.h"
#include "tools/options.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* ---- What stands in the way ------------------------------------------------------------------ */

/* Approvals, and what time does to them: too early or too late is said whatever else is missing. */
static bool conclude_ballot(struct tool *tool, const struct ska_ballot *ballot)
{
    struct ska_verdict verdict = ska_ballot_judge(ballot);
    enum ska_reason reason = 0;
    enum ska_reason of_time = 0;
    struct ska_buffer text = {0};

    if (verdict.satisfied) {
        ska_buffer_text(&text, "there are enough approvals");
    } else {
        reason = verdict.hopeless ? SKA_R_REJECTED : SKA_R_APPROVALS_MISSING;
        ska_ballot_progress_text(ballot, &text);
        if (verdict.hopeless)
            ska_buffer_text(&text, "; talk to those who rejected it, or withdraw it and ask again");
    }
    ska_buffer_text(&text, "; ");
    of_time = ska_ballot_time_text(ballot, &text);
    if (of_time == 0 && text.length > 2)
        text.length -= 2;
    if (reason == 0 || of_time == SKA_R_EXPIRED)
        reason = of_time;
    if (reason != 0)
        ska_fail(&tool->errors, reason, "%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
    return reason == 0;
}

/* What still stands in the way, as a refusal. */
static bool status_conclude(struct tool *tool, const struct status *status)
{
    const struct ska_ballot *ballot = &status->ballot;

    const struct request_place *place = status->source.place;

    if (place != NULL && place->ended != 0 && place->ended != SKA_R_APPROVALS_PENDING)
        return ska_fail(&tool->errors, place->ended, "at the broker it is %s", place->word);
    if (place != NULL && place->is_executed)
        return true;
    if (ballot->rule->alternative_count == 0)
        return ska_fail(&tool->errors, SKA_R_RULE_IMPOSSIBLE, "nobody can %s with '%s'",
                        text_operation(status->request->operation), status->request->key_label);
    if (!conclude_ballot(tool, ballot))
        return false;
    if (status->state.blocked == BACKEND_YES && status->request->operation == SKA_OPERATION_SIGN)
        return ska_fail(
            &tool->errors, SKA_R_KEY_BLOCKED, "%s'%s' cannot sign until it is unblocked",
            backend_word_lead(backend_key_word(status->key)), status->request->key_label);
    return true;
}

/* ---- Finding --------------------------------------------------------------------------------- */

static bool fail_no_rule(struct tool *tool, const struct status *status)
{
    const struct request_place *place = status->source.place;

    return ska_fail(&tool->errors, SKA_R_UNSUPPORTED, "the request does not say who may approve%s",
                    place != NULL && place->kind->keeps_results
                        ? ": the broker did not disclose the rule when it was submitted"
                        : "; with --key URI the HSM is asked");
}

/* The rule of the key as it is now, else the one that the requester states. */
static bool find_rule(struct tool *tool, struct status *status)
{
    struct ska_request *request = status->request;
    struct ska_bytes *encoded = &status->state.rules[ska_rule_kind_of(request->operation)];

    if (status->key != NULL && status->source.place != NULL &&
        status->source.place->kind->keeps_results)
        return options_wrong(tool, "leave --key out: for a request at a broker the rule is shown "
                                   "as it was when it was submitted");
    if (status->key == NULL) {
        status->ballot.rule = request_stated_rule(request);
        return status->ballot.rule != NULL || fail_no_rule(tool, status);
    }
    if (!ska_request_check_key(request, status->key, &tool->errors) ||
        !backend_key_state(status->key, &status->state, &tool->errors))
        return false;
    if (encoded->data == NULL)
        return ska_fail(&tool->errors, SKA_R_UNSUPPORTED,
                        "%s does not disclose the rule of '%s'; skatool inspect shows whose "
                        "approvals are there",
                        backend_word_text(backend_key_word(status->key)), request->key_label);
    status->ballot.rule = &status->rule_now;
    return ska_rule_decode(ska_span_of(encoded), &status->rule_now, &tool->errors);
}

static bool status_find(struct tool *tool, struct status *status)
{
    status->ballot.libctx = tool->libctx;
    status->ballot.request = status->request;
    if (!find_rule(tool, status) || !request_source_count(tool, &status->source, &status->ballot))
        return false;
    if (status->key != NULL)
        ska_ballot_ask_time(&status->ballot, status->key);
    return true;
}

static void status_clear(struct status *status)
{
    ska_ballot_close(&status->ballot);
    ska_rule_clear(&status->rule_now);
    backend_key_state_clear(&status->state);
    ska_request_free(status->request);
    backend_key_free(status->key);
    request_source_close(&status->source);
}

bool status_command(struct tool *tool, int argc, char **argv)
{
    const char *uri = NULL;
    bool json = false;
    struct status status = {0};
    struct request_source *source = &status.source;
    const char *operands[REQUEST_COPIES_MOST + 1] = {NULL};
    const struct option_entry options[] = {
        OPTION_TEXT("key", "URI", "the key of the request: use its present rule", &uri),
        OPTION_TEXT("dir", "DIR", "the request ID in an approvals directory",
                    &source->where.directory),
        OPTION_FLAG("json", "as JSON, for machines", &json),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--key URI] [--json] REQUEST...\n"
                 "       skatool status [--key URI] [--json] [--dir DIR] ID",
        .help = "Shows how many approvals each group of the rule has and who is missing, who\n"
                "has rejected the request, and when the approvals can be used. The request is\n"
                "in a file, in several copies, in an approvals directory, or (ID) at the\n"
                "configured broker. With --key it goes by the rule that the HSM has now; without\n"
                "--key or an HSM, by the rule that the requester states. Exit status 0: there\n"
                "are enough approvals, and they can be used now; 2: not enough, too early or too\n"
                "late.",
        .options = options,
        .operands = operands,
        .operand_needed = "REQUEST",
        .operands_allowed = REQUEST_COPIES_MOST,
    };
    bool done = options_parse(tool, &line, argc, argv) &&
                request_source_take(tool, source, operands) &&
                request_source_read(tool, source, NULL, &status.request) &&
                (uri == NULL || tool_open_ska_key(tool, uri, NULL, &status.key)) &&
                status_find(tool, &status);

    if (done)
        done = (json ? status_print_json(&status, &tool->errors)
                     : status_print_text(&status, &tool->errors)) &&
               status_conclude(tool, &status);
    status_clear(&status);
    return done;
}
