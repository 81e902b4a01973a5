/* SPDX-License-Identifier: Apache-2.0 */
/* How far a request is, for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "tools/command/status.h"
#include "tools/show/table.h"
#include "tools/show/text.h"
#include "tools/show/windows.h"

/* ---- Groups ---------------------------------------------------------------------------------- */

static bool add_group(const struct status *status, const struct ska_alternative *alternative,
                      const struct ska_group *group, struct table *table,
                      const struct ska_errors *errors)
{
    const struct ska_progress *progress = &status->tally.progress;
    const struct ska_responses responses = {progress->keys, progress->key_count, NULL, 0};
    struct ska_buffer buffers[2] = {{0}, {0}};
    struct ska_bytes approved = {NULL, 0};
    struct ska_bytes open = {NULL, 0};
    char need[16];
    char have[24];
    bool done = false;

    snprintf(need, sizeof(need), "%" PRIu32, group->quorum);
    snprintf(have, sizeof(have), "%zu",
             ska_group_count(group, progress->keys, progress->key_count));
    ska_group_approvers_text(status->rule, group, &responses, true, &buffers[0]);
    ska_group_approvers_text(status->rule, group, &responses, false, &buffers[1]);
    done = ska_buffer_finish(&buffers[0], &approved, errors);
    done = ska_buffer_finish(&buffers[1], &open, errors) && done;
    if (done) {
        const char *cells[] = {alternative->name.length > 0 ? (const char *)alternative->name.data
                                                            : "-",
                               group->name.length > 0 ? (const char *)group->name.data : "-",
                               need,
                               have,
                               (const char *)approved.data,
                               (const char *)open.data};

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

    for (size_t i = 0; done && i < status->rule->alternative_count; i++)
        for (size_t j = 0; done && j < status->rule->alternatives[i].group_count; j++)
            done = add_group(status, &status->rule->alternatives[i],
                             &status->rule->alternatives[i].groups[j], &table, errors);
    if (done && table.rows > 1)
        table_text(&table, text);
    table_clear(&table);
    return done;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static const char *const window_states[] = {[SKA_WINDOW_OPEN] = "open",
                                            [SKA_WINDOW_NOT_YET] = "not yet open",
                                            [SKA_WINDOW_CLOSED] = "closed"};

static bool add_windows(const struct status *status, struct ska_buffer *text,
                        const struct ska_errors *errors)
{
    static const char *const heading[] = {"TOKEN", "OPENS", "CLOSES", "NOW"};
    struct table table = {.columns = 4};
    char now[32];
    bool done = true;

    if (!ska_rule_has_time_limit(status->rule))
        return true;
    if (!status->token.has_timestamp) {
        ska_buffer_text(text, "The rule has time limits, and the request holds no HSM time.\n");
        return true;
    }
    done = table_add(&table, heading, errors);
    for (size_t i = 0; done && i < status->rule->alternative_count; i++) {
        const struct ska_alternative *alternative = &status->rule->alternatives[i];
        char opens[32];
        char closes[32];
        const char *cells[] = {
            alternative->name.length > 0 ? (const char *)alternative->name.data : "-", opens,
            closes, window_states[status_window_state(status, alternative)]};

        status_window_times(status, alternative, opens, closes);
        done = table_add(&table, cells, errors);
    }
    if (done)
        table_text(&table, text);
    table_clear(&table);
    ska_buffer_format(text, "It is %s by %s clock.\n", ska_time_text(status->now, now),
                      status->now_by_hsm ? "the HSM's" : "this machine's");
    return done;
}

/* ---- All of it ------------------------------------------------------------------------------- */

/* Approvals that are there and do not help. */
static void add_uncounted(const struct status *status, struct ska_buffer *text)
{
    static const char *const why[] = {
        [SKA_APPROVAL_INVALID] = "is not a signature over this request; as long as it is in the "
                                 "bundle the HSM may refuse all of it",
        [SKA_APPROVAL_NOT_LISTED] = "is not an approver of this key",
        [SKA_APPROVAL_DOUBLED] = "counts once only"};

    for (size_t i = 0; i < status->request->approval_count; i++) {
        enum ska_approval_state state = status->tally.progress.states[i];
        char *shown = NULL;

        if (state == SKA_APPROVAL_COUNTS)
            continue;
        shown = ska_approver_shown(status->rule, &status->request->approvals[i]);
        ska_buffer_format(text, "Approval %zu, %s: %s\n", i + 1, shown == NULL ? "?" : shown,
                          why[state]);
        free(shown);
    }
}

static void add_refused(const struct status *status, struct ska_buffer *text)
{
    if (status->tally.refusal_count == 0)
        return;
    ska_buffer_text(text, "Refused by: ");
    tally_refused_text(&status->tally, text);
    ska_buffer_text(text, "\n");
}

bool status_print_text(const struct status *status, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "Request %s, to %s\n", status->request->id,
                      text_operation(status->request->operation));
    if (!add_groups(status, &text, errors) || !add_windows(status, &text, errors)) {
        ska_buffer_free(&text);
        return false;
    }
    add_uncounted(status, &text);
    add_refused(status, &text);
    if (status->key == NULL)
        ska_buffer_text(&text, "The rule is what the requester says; with --key URI the HSM is "
                               "asked.\n");
    if (status->state.blocked)
        ska_buffer_text(&text, "The key is blocked.\n");
    if (ska_rule_is_empty(status->rule))
        ska_buffer_text(&text, "No approvals are needed.\n");
    else if (status->tally.progress.satisfied)
        ska_buffer_text(&text, "There are enough approvals.\n");
    return text_print(&text, errors);
}
