/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool status: how far a request is, by the rule that the key has now.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../provider/approval/explain.h"
#include "../provider/approval/hsm_time.h"
#include "../provider/approval/json.h"
#include "../provider/approval/progress.h"
#include "../provider/approval/quorum.h"
#include "../provider/approval/rule.h"
#include "../provider/approval/signing.h"
#include "../provider/base/file.h"
#include "options.h"
#include "table.h"
#include "text.h"
#include "windows.h"

struct status {
    struct ska_request *request;
    struct hsm_key *key;
    struct hsm_key_state state;
    struct ska_rule rule;
    struct ska_progress progress;
    struct ska_token token; /* of the request, decoded */
    uint64_t now;
    bool now_by_hsm; /* else by this machine */
};

static const char *const states[] = {[SKA_APPROVAL_COUNTS] = "counts",
                                     [SKA_APPROVAL_INVALID] = "invalid",
                                     [SKA_APPROVAL_NOT_LISTED] = "not listed",
                                     [SKA_APPROVAL_DOUBLED] = "doubled"};

static bool has_approved(const struct status *status, const struct ska_approver *approver)
{
    for (size_t i = 0; i < status->progress.key_count; i++)
        if (ska_span_equal(status->progress.keys[i], ska_span_of(&approver->public_key)))
            return true;
    return false;
}

/* Those of a group who have (or have not) approved, separated by commas. */
static bool approvers_text(const struct status *status, const struct ska_group *group,
                           bool approved, struct ska_bytes *text, const struct ska_errors *errors)
{
    struct ska_buffer buffer = {0};

    for (size_t i = 0; i < group->approver_count; i++) {
        char *shown = NULL;

        if (has_approved(status, &group->approvers[i]) != approved)
            continue;
        shown = ska_listed_approver_shown(&group->approvers[i]);
        ska_buffer_format(&buffer, "%s%s", buffer.length == 0 ? "" : ", ",
                          shown == NULL ? "?" : shown);
        free(shown);
    }
    return ska_buffer_finish(&buffer, text, errors);
}

static bool add_group(const struct status *status, const struct ska_policy_token *token,
                      const struct ska_group *group, struct table *table,
                      const struct ska_errors *errors)
{
    char need[16];
    char have[24];
    struct ska_bytes approved = {NULL, 0};
    struct ska_bytes open = {NULL, 0};
    const char *cells[] = {
        (const char *)token->name.data, (const char *)group->name.data, need, have, NULL, NULL};
    bool done = approvers_text(status, group, true, &approved, errors) &&
                approvers_text(status, group, false, &open, errors);

    snprintf(need, sizeof(need), "%" PRIu32, group->quorum);
    snprintf(have, sizeof(have), "%zu",
             ska_group_count(group, status->progress.keys, status->progress.key_count));
    for (int i = 0; i < 2; i++)
        if (cells[i] == NULL || cells[i][0] == 0)
            cells[i] = "-";
    if (done) {
        cells[4] = (const char *)approved.data;
        cells[5] = (const char *)open.data;
        done = table_add(table, cells, errors);
    }
    ska_bytes_free(&approved);
    ska_bytes_free(&open);
    return done;
}

static bool add_groups(const struct status *status, struct ska_buffer *text,
                       const struct ska_errors *errors)
{
    static const char *const heading[] = {"TOKEN", "GROUP",    "NEEDED",
                                          "HAS",   "APPROVED", "CAN STILL APPROVE"};
    struct table table = {.columns = 6};
    bool done = table_add(&table, heading, errors);

    for (size_t i = 0; done && i < status->rule.token_count; i++)
        for (size_t j = 0; done && j < status->rule.tokens[i].group_count; j++)
            done = add_group(status, &status->rule.tokens[i], &status->rule.tokens[i].groups[j],
                             &table, errors);
    if (done && table.rows > 1)
        table_text(&table, text);
    table_clear(&table);
    return done;
}

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
    if (!ska_rule_has_time_limit(&status->rule) || !status->token.has_timestamp)
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

/* A limited policy token that is asked without a time is as good as closed. */
static enum ska_window_state window_state(const struct status *status,
                                          const struct ska_policy_token *token)
{
    struct ska_window window = {0, UINT64_MAX};

    if (!window_is_limited(token))
        return SKA_WINDOW_OPEN;
    if (!status->token.has_timestamp)
        return SKA_WINDOW_CLOSED;
    window = ska_window_of(token, status->token.timestamp.seconds);
    return ska_window_state(&window, status->now);
}

/*
 * Whether some policy token has its approvals and is open. `satisfied` (may be NULL): one that has
 * its approvals, the one that opens first if none is open yet.
 */
static bool is_usable(const struct status *status, const struct ska_policy_token **satisfied)
{
    for (size_t i = 0; i < status->rule.token_count; i++) {
        const struct ska_policy_token *token = &status->rule.tokens[i];
        enum ska_window_state state = window_state(status, token);

        if (!ska_policy_token_satisfied(token, status->progress.keys, status->progress.key_count))
            continue;
        if (state == SKA_WINDOW_OPEN)
            return true;
        if (satisfied != NULL &&
            (*satisfied == NULL || (state == SKA_WINDOW_NOT_YET &&
                                    (window_state(status, *satisfied) == SKA_WINDOW_CLOSED ||
                                     token->timelock < (*satisfied)->timelock))))
            *satisfied = token;
    }
    return false;
}

static const char *const window_states[] = {[SKA_WINDOW_OPEN] = "open",
                                            [SKA_WINDOW_NOT_YET] = "not yet open",
                                            [SKA_WINDOW_CLOSED] = "closed"};

static void window_times(const struct status *status, const struct ska_policy_token *token,
                         char opens[32], char closes[32])
{
    struct ska_window window = {0, UINT64_MAX};

    snprintf(opens, 32, "at once");
    snprintf(closes, 32, "never");
    if (!window_is_limited(token) || !status->token.has_timestamp)
        return;
    window = ska_window_of(token, status->token.timestamp.seconds);
    ska_time_text(window.opens, opens);
    ska_time_text(window.closes, closes);
}

static bool add_windows(const struct status *status, struct ska_buffer *text,
                        const struct ska_errors *errors)
{
    static const char *const heading[] = {"TOKEN", "OPENS", "CLOSES", "NOW"};
    struct table table = {.columns = 4};
    char now[32];
    bool done = true;

    if (!ska_rule_has_time_limit(&status->rule))
        return true;
    if (!status->token.has_timestamp) {
        ska_buffer_text(text, "The rule has time limits, and the request holds no HSM time.\n");
        return true;
    }
    done = table_add(&table, heading, errors);
    for (size_t i = 0; done && i < status->rule.token_count; i++) {
        const struct ska_policy_token *token = &status->rule.tokens[i];
        char opens[32];
        char closes[32];
        const char *cells[] = {token->name.length > 0 ? (const char *)token->name.data : "-", opens,
                               closes, window_states[window_state(status, token)]};

        window_times(status, token, opens, closes);
        done = table_add(&table, cells, errors);
    }
    if (done)
        table_text(&table, text);
    table_clear(&table);
    ska_buffer_format(text, "It is %s by %s clock.\n", ska_time_text(status->now, now),
                      status->now_by_hsm ? "the HSM's" : "this machine's");
    return done;
}

/* ---- Output ---------------------------------------------------------------------------------- */

/* Approvals that are there and do not help. */
static void add_uncounted(const struct status *status, struct ska_buffer *text)
{
    static const char *const why[] = {
        [SKA_APPROVAL_INVALID] = "is not a signature over this request; as long as it is in the "
                                 "bundle the HSM may refuse all of it",
        [SKA_APPROVAL_NOT_LISTED] = "is not an approver of this key",
        [SKA_APPROVAL_DOUBLED] = "counts once only"};

    for (size_t i = 0; i < status->request->approval_count; i++) {
        enum ska_approval_state state = status->progress.states[i];
        char *shown = NULL;

        if (state == SKA_APPROVAL_COUNTS)
            continue;
        shown = ska_approver_shown(&status->rule, &status->request->approvals[i]);
        ska_buffer_format(text, "Approval %zu, %s: %s\n", i + 1, shown == NULL ? "?" : shown,
                          why[state]);
        free(shown);
    }
}

static bool print_text(const struct status *status, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "Request %s, to %s\n", status->request->id,
                      text_operation(status->request->operation));
    if (!add_groups(status, &text, errors) || !add_windows(status, &text, errors)) {
        ska_buffer_free(&text);
        return false;
    }
    add_uncounted(status, &text);
    if (status->state.blocked)
        ska_buffer_text(&text, "The key is blocked.\n");
    if (ska_rule_is_empty(&status->rule))
        ska_buffer_text(&text, "No approvals are needed.\n");
    else if (status->progress.satisfied)
        ska_buffer_text(&text, "There are enough approvals.\n");
    return text_print(&text, errors);
}

static bool add_json_group(const struct status *status, const struct ska_policy_token *token,
                           const struct ska_group *group, cJSON *groups)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *missing = NULL;
    bool done = object != NULL && cJSON_AddItemToArray(groups, object);

    if (!done) {
        cJSON_Delete(object);
        return false;
    }
    done = text_add_json(object, "token", ska_span_of(&token->name)) &&
           text_add_json(object, "group", ska_span_of(&group->name)) &&
           cJSON_AddNumberToObject(object, "quorum", group->quorum) != NULL &&
           cJSON_AddNumberToObject(object, "approved",
                                   (double)ska_group_count(group, status->progress.keys,
                                                           status->progress.key_count)) != NULL &&
           (missing = cJSON_AddArrayToObject(object, "missing")) != NULL;
    for (size_t i = 0; done && i < group->approver_count; i++) {
        char *shown = NULL;

        if (has_approved(status, &group->approvers[i]))
            continue;
        shown = ska_listed_approver_shown(&group->approvers[i]);
        done = shown != NULL && cJSON_AddItemToArray(missing, cJSON_CreateString(shown));
        free(shown);
    }
    return done;
}

static bool add_json_window(const struct status *status, const struct ska_policy_token *token,
                            cJSON *windows)
{
    cJSON *object = cJSON_CreateObject();
    bool known = window_is_limited(token) && status->token.has_timestamp;
    struct ska_window window = {0, UINT64_MAX};
    char text[32];
    bool done = object != NULL && cJSON_AddItemToArray(windows, object);

    if (!done) {
        cJSON_Delete(object);
        return false;
    }
    if (known)
        window = ska_window_of(token, status->token.timestamp.seconds);
    done = text_add_json(object, "token", ska_span_of(&token->name)) &&
           cJSON_AddBoolToObject(object, "open", window_state(status, token) == SKA_WINDOW_OPEN) !=
               NULL;
    if (done && window.opens > 0)
        done = cJSON_AddStringToObject(object, "opens", ska_time_text(window.opens, text)) != NULL;
    if (done && window.closes != UINT64_MAX)
        done =
            cJSON_AddStringToObject(object, "closes", ska_time_text(window.closes, text)) != NULL;
    return done;
}

static bool add_json_approvals(const struct status *status, cJSON *approvals)
{
    for (size_t i = 0; i < status->request->approval_count; i++) {
        cJSON *object = cJSON_CreateObject();
        char *shown = NULL;
        bool done = object != NULL && cJSON_AddItemToArray(approvals, object);

        if (!done) {
            cJSON_Delete(object);
            return false;
        }
        shown = ska_approver_shown(&status->rule, &status->request->approvals[i]);
        done = shown != NULL && cJSON_AddStringToObject(object, "approver", shown) != NULL &&
               cJSON_AddStringToObject(object, "state", states[status->progress.states[i]]) != NULL;
        free(shown);
        if (!done)
            return false;
    }
    return true;
}

static bool print_json(const struct status *status, const struct ska_errors *errors)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *groups = NULL;
    cJSON *windows = NULL;
    cJSON *approvals = NULL;
    char now[32];
    bool done = object != NULL &&
                cJSON_AddStringToObject(object, "requestId", status->request->id) != NULL &&
                cJSON_AddStringToObject(object, "operation",
                                        ska_operation_names[status->request->operation]) != NULL &&
                cJSON_AddBoolToObject(object, "satisfied", status->progress.satisfied) != NULL &&
                cJSON_AddBoolToObject(object, "blocked", status->state.blocked) != NULL &&
                cJSON_AddBoolToObject(object, "open", is_usable(status, NULL)) != NULL &&
                cJSON_AddStringToObject(object, "now", ska_time_text(status->now, now)) != NULL &&
                cJSON_AddBoolToObject(object, "nowByHsm", status->now_by_hsm) != NULL &&
                (groups = cJSON_AddArrayToObject(object, "groups")) != NULL &&
                (windows = cJSON_AddArrayToObject(object, "windows")) != NULL &&
                (approvals = cJSON_AddArrayToObject(object, "approvals")) != NULL;

    for (size_t i = 0; done && i < status->rule.token_count; i++)
        for (size_t j = 0; done && j < status->rule.tokens[i].group_count; j++)
            done = add_json_group(status, &status->rule.tokens[i],
                                  &status->rule.tokens[i].groups[j], groups);
    for (size_t i = 0; done && i < status->rule.token_count; i++)
        done = add_json_window(status, &status->rule.tokens[i], windows);
    done = done && add_json_approvals(status, approvals);
    if (!done) {
        cJSON_Delete(object);
        object = NULL;
    }
    return text_print_json(object, errors);
}

/* Enough have approved: is it the time? */
static bool conclude_time(struct tool *tool, const struct status *status)
{
    const struct ska_policy_token *token = NULL;
    char opens[32];
    char closes[32];

    if (is_usable(status, &token))
        return true;
    if (token == NULL || !status->token.has_timestamp)
        return ska_fail(&tool->errors, SKA_R_EXPIRED,
                        "the rule has time limits, and the request holds no HSM time: make a new "
                        "request");
    window_times(status, token, opens, closes);
    if (window_state(status, token) == SKA_WINDOW_NOT_YET)
        return ska_fail(&tool->errors, SKA_R_TOO_EARLY,
                        "there are enough approvals, but they cannot be used before %s", opens);
    return ska_fail(&tool->errors, SKA_R_EXPIRED,
                    "there are enough approvals, but they could be used until %s only: make a new "
                    "request",
                    closes);
}

/* What still stands in the way, as a refusal. */
static bool conclude(struct tool *tool, const struct status *status)
{
    struct ska_buffer missing = {0};
    struct ska_bytes text = {NULL, 0};

    if (status->rule.token_count == 0)
        return ska_fail(&tool->errors, SKA_R_RULE_IMPOSSIBLE, "nobody can %s with '%s'",
                        text_operation(status->request->operation), hsm_key_label(status->key));
    if (!status->progress.satisfied) {
        ska_progress_missing(&status->rule, &status->progress, &missing);
        if (ska_buffer_finish(&missing, &text, &tool->errors))
            ska_fail(&tool->errors, SKA_R_APPROVALS_MISSING, "%s", (const char *)text.data);
        ska_bytes_free(&text);
        return false;
    }
    if (status->state.blocked && status->request->operation == SKA_OPERATION_SIGN)
        return ska_fail(&tool->errors, SKA_R_KEY_BLOCKED, "'%s' cannot sign before it is unblocked",
                        hsm_key_label(status->key));
    return conclude_time(tool, status);
}

static bool find(struct tool *tool, struct status *status)
{
    struct ska_request *request = status->request;
    struct ska_bytes *encoded = &status->state.rules[ska_rule_kind_of(request->operation)];

    if (!ska_token_decode(ska_span_of(&request->token), &status->token, &tool->errors) ||
        !ska_request_check_key(request, status->key, &tool->errors) ||
        !hsm_key_state(status->key, &status->state, &tool->errors))
        return false;
    if (encoded->data == NULL)
        return ska_fail(&tool->errors, SKA_R_UNSUPPORTED,
                        "the HSM does not tell the rule of '%s'; skatool inspect shows whose "
                        "approvals are there",
                        hsm_key_label(status->key));
    if (!ska_rule_decode(ska_span_of(encoded), &status->rule, &tool->errors))
        return false;
    find_now(tool, status);
    return ska_progress_find(tool->libctx, &status->rule, ska_span_of(&request->token),
                             request->approvals, request->approval_count, &status->progress,
                             &tool->errors);
}

bool status_command(struct tool *tool, int argc, char **argv)
{
    const char *uri = NULL;
    const char *path = NULL;
    bool json = false;
    const struct option_entry options[] = {
        {"key", 0, "URI", "the key that the request is for", &uri, NULL, true},
        {"json", 0, NULL, "as JSON, for machines", NULL, &json, false},
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI [--json] REQUEST",
        .help = "Shows which group of the key's rule has how many approvals, who is missing, and\n"
                "when the approvals can be used. Exit status 0: the request can be executed now;\n"
                "2: it cannot.",
        .options = options,
        .operands = &path,
        .operands_needed = 1,
        .operands_allowed = 1,
    };
    struct status status = {0};
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    if (options_parse(tool, &line, argc, argv) &&
        ska_file_read(path, SKA_JSON_LIMIT, &text, &tool->errors) &&
        ska_request_parse(ska_span_of(&text), path, &status.request, &tool->errors) &&
        tool_open_ska_key(tool, uri, NULL, &status.key) && find(tool, &status))
        done = (json ? print_json(&status, &tool->errors) : print_text(&status, &tool->errors)) &&
               conclude(tool, &status);
    ska_bytes_free(&text);
    ska_progress_clear(&status.progress);
    ska_rule_clear(&status.rule);
    hsm_key_state_clear(&status.state);
    ska_request_free(status.request);
    hsm_key_free(status.key);
    return done;
}
