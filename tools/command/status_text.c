/* SPDX-License-Identifier: Apache-2.0 */
/* How far a request is, for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "provider/sign/ballot_text.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "tools/command/status.h"
#include "tools/show/request_text.h"
#include "tools/show/table.h"
#include "tools/show/text.h"

/* ---- Groups ---------------------------------------------------------------------------------- */

static const char *name_or_dash(const struct ska_bytes *name)
{
    return name->length > 0 ? (const char *)name->data : "-";
}

static bool is_complete(const struct ska_buffer *text, const struct ska_errors *errors)
{
    return !text->failed || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "names of approvers");
}

static bool status_add_group(const struct status *status, const struct ska_alternative *alternative,
                             const struct ska_group *group, struct table *table,
                             const struct ska_errors *errors)
{
    const struct ska_ballot *ballot = &status->ballot;
    struct ska_responses responses;
    struct ska_span *keys = ska_ballot_responses(ballot, ska_span(NULL, 0), &responses);
    struct ska_buffer approved = {0};
    struct ska_buffer open = {0};
    char need[16];
    char have[24];
    bool done = false;

    snprintf(need, sizeof(need), "%" PRIu32, group->quorum);
    snprintf(have, sizeof(have), "%zu", ska_group_count(group, ballot->keys, ballot->key_count));
    open.failed = keys == NULL;
    ska_group_approvers_text(status->ballot.rule, group, &responses, true, &approved);
    ska_group_approvers_text(status->ballot.rule, group, &responses, false, &open);
    done = is_complete(&approved, errors) && is_complete(&open, errors) &&
           table_add(table,
                     (const char *[]){name_or_dash(&alternative->name), name_or_dash(&group->name),
                                      need, have, ska_buffer_string(&approved),
                                      ska_buffer_string(&open)},
                     errors);
    ska_buffer_free(&approved);
    ska_buffer_free(&open);
    free(keys);
    return done;
}

static bool status_add_groups(const struct status *status, struct ska_buffer *text,
                              const struct ska_errors *errors)
{
    static const char *const heading[] = {"ALTERNATIVE", "GROUP",    "NEEDED",
                                          "HAS",         "APPROVED", "CAN STILL APPROVE"};
    struct table table = {.columns = 6, .names = 1U << 0 | 1U << 1};
    bool done = table_add(&table, heading, errors);

    for (size_t i = 0; done && i < status->ballot.rule->alternative_count; i++)
        for (size_t j = 0; done && j < status->ballot.rule->alternatives[i].group_count; j++)
            done =
                status_add_group(status, &status->ballot.rule->alternatives[i],
                                 &status->ballot.rule->alternatives[i].groups[j], &table, errors);
    if (done && table.rows > 1)
        table_text(&table, text);
    table_clear(&table);
    return done;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static bool status_add_window(const struct status *status,
                              const struct ska_alternative *alternative, struct table *table,
                              const struct ska_errors *errors)
{
    static const char *const states[] = {[SKA_USABLE_ALWAYS] = "open",
                                         [SKA_USABLE_NOW] = "open",
                                         [SKA_USABLE_LATER] = "not yet open",
                                         [SKA_USABLE_OVER] = "closed",
                                         [SKA_USABLE_NEVER] = "closed"};
    struct ska_standing standing = ska_ballot_standing(&status->ballot, alternative);
    bool limited = standing.usable != SKA_USABLE_ALWAYS;
    char opens[SKA_TIME_SHOWN_SIZE];
    char closes[SKA_TIME_SHOWN_SIZE];
    const char *cells[] = {
        name_or_dash(&alternative->name),
        limited ? ska_time_shown(standing.window.opens, opens) : "at once",
        standing.window.closes == UINT64_MAX ? "never"
                                             : ska_time_shown(standing.window.closes, closes),
        standing.possible || standing.usable >= SKA_USABLE_OVER ? states[standing.usable]
                                                                : "rejected"};

    return table_add(table, cells, errors);
}

static bool status_add_windows(const struct status *status, struct ska_buffer *text,
                               const struct ska_errors *errors)
{
    static const char *const heading[] = {"ALTERNATIVE", "OPENS", "CLOSES", "NOW"};
    const struct ska_ballot *ballot = &status->ballot;
    struct table table = {.columns = 4, .names = 1U << 0};
    char now[SKA_TIME_SHOWN_SIZE];
    bool done = true;

    if (!ska_rule_has_time_limit(ballot->rule))
        return true;
    if (!ballot->token.has_timestamp) {
        ska_buffer_text(text, "The rule has time limits, and the request contains no HSM time.\n");
        return true;
    }
    done = table_add(&table, heading, errors);
    for (size_t i = 0; done && i < ballot->rule->alternative_count; i++)
        done = status_add_window(status, &ballot->rule->alternatives[i], &table, errors);
    if (done)
        table_text(&table, text);
    table_clear(&table);
    ska_buffer_format(text, "It is %s by %s clock.\n", ska_time_shown(ska_ballot_now(ballot), now),
                      ballot->now_of_hsm ? "the HSM's" : "this computer's");
    return done;
}

/* ---- All of it ------------------------------------------------------------------------------- */

/* Approvals that are there and do not help. */
static void add_uncounted(const struct status *status, struct ska_buffer *text)
{
    static const char *const why[] = {[SKA_ANSWER_INVALID] = "is not a signature over this request",
                                      [SKA_ANSWER_NOT_LISTED] = "is not an approver of this key",
                                      [SKA_ANSWER_DOUBLED] = "counts once only"};

    for (size_t i = 0; i < status->request->approval_count; i++) {
        enum ska_answer_state state = status->request->approvals[i].state;
        if (state == SKA_ANSWER_COUNTS)
            continue;
        ska_buffer_format(text, "Approval %zu, ", i + 1);
        ska_signer_text(status->ballot.rule, &status->request->approvals[i], text);
        ska_buffer_format(text, ": %s; it is left out\n", why[state]);
    }
}

static void add_refused(const struct status *status, struct ska_buffer *text)
{
    struct ska_buffer names = {0};

    ska_ballot_refused_text(&status->ballot, &names);
    if (names.length > 0)
        ska_buffer_format(text, "Rejected by: %s\n", ska_buffer_string(&names));
    text->failed = text->failed || names.failed;
    ska_buffer_free(&names);
}

static void add_whose_rule(const struct status *status, struct ska_buffer *text)
{
    if (status->source.place != NULL && status->source.place->word != NULL)
        ska_buffer_text(text,
                        "According to the broker, these people have approved. The rule is from "
                        "when the request was submitted. Nothing here confirms either.\n");
    else if (status->key == NULL)
        ska_buffer_text(
            text, "The rule is what the requester says; with --key URI the HSM is asked for it.\n");
    else if (backend_key_word(status->key) != BACKEND_WORD_OF_HSM)
        ska_buffer_text(text, "The rule is what the broker says; nothing here confirms it.\n");
}

bool status_print_text(const struct status *status, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "Request %s, to %s%s key ", request_shown_id(status->request),
                      text_operation(status->request->operation),
                      status->request->operation == SKA_OPERATION_SIGN ? " with" : "");
    text_quoted(&text, ska_span_text(status->request->key_label));
    ska_buffer_text(&text, "\n");
    if (status->request->stated_id[0] != 0)
        ska_buffer_format(&text, "The broker calls it %s.\n", status->request->id);
    if (!status_add_groups(status, &text, errors) || !status_add_windows(status, &text, errors)) {
        ska_buffer_free(&text);
        return false;
    }
    if (status->source.place != NULL && status->source.place->word != NULL)
        ska_buffer_format(&text, "At the broker it is %s.\n", status->source.place->word);
    add_uncounted(status, &text);
    add_refused(status, &text);
    add_whose_rule(status, &text);
    if (status->state.blocked == BACKEND_YES)
        ska_buffer_text(&text, backend_key_word(status->key) == BACKEND_WORD_OF_HSM
                                   ? "The key is blocked.\n"
                                   : "The broker says, unconfirmed, that the key is blocked.\n");
    if (ska_rule_is_empty(status->ballot.rule))
        ska_buffer_text(&text, "No approvals are needed.\n");
    else if (ska_ballot_judge(&status->ballot).satisfied)
        ska_buffer_text(&text, "There are enough approvals.\n");
    return text_print(&text, errors);
}
