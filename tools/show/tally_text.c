/* SPDX-License-Identifier: Apache-2.0 */
/* What a tally says in words. */
#include <inttypes.h>
#include <stdlib.h>

#include "provider/rule/quorum.h"
#include "tools/show/foreign.h"
#include "tools/show/people.h"
#include "tools/tally.h"

/* How many people are named who could still approve, or who have. */
#define NAMED_MOST 10

static bool needs_people(const struct ska_alternative *alternative)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if (alternative->groups[i].quorum > 0)
            return true;
    return false;
}

/* How many groups of the rule ask for somebody; with one there is nothing to tell apart. */
static size_t count_groups(const struct ska_rule *rule)
{
    size_t count = 0;

    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++)
            count += rule->alternatives[i].groups[j].quorum > 0;
    return count;
}

void tally_count_text(const struct tally *tally, struct ska_buffer *text)
{
    const struct ska_progress *progress = &tally->progress;
    bool several = false;
    bool first = true;

    if (tally->rule == NULL) {
        ska_buffer_format(text, "%zu so far", progress->key_count);
        return;
    }
    several = count_groups(tally->rule) > 1;
    for (size_t i = 0; i < tally->rule->alternative_count; i++)
        for (size_t j = 0; j < tally->rule->alternatives[i].group_count; j++) {
            const struct ska_group *group = &tally->rule->alternatives[i].groups[j];

            if (group->quorum == 0)
                continue;
            ska_buffer_format(text, "%s%zu of %" PRIu32, first ? "" : ", ",
                              ska_group_count(group, progress->keys, progress->key_count),
                              group->quorum);
            if (several) {
                ska_buffer_text(text, " (");
                people_group_name(group, j, text);
                ska_buffer_text(text, ")");
            }
            first = false;
        }
    if (first)
        ska_buffer_text(text, tally->rule->alternative_count == 0 ? "impossible" : "none needed");
}

/* ---- Who is needed --------------------------------------------------------------------------- */

/* Those of a group who have said nothing yet. NULL: out of memory. */
static size_t *open_places(const struct tally *tally, const struct ska_group *group, size_t *count)
{
    size_t *places = calloc(group->approver_count + 1, sizeof(*places));

    *count = 0;
    for (size_t i = 0; places != NULL && i < group->approver_count; i++) {
        struct ska_span key = ska_span_of(&group->approvers[i].public_key);

        if (people_is_first(group, i) && !tally_has_approved(tally, key) &&
            !tally_has_refused(tally, key))
            places[(*count)++] = i;
    }
    return places;
}

static void add_needed_of_group(const struct tally *tally, const struct ska_group *group,
                                size_t have, struct ska_buffer *text)
{
    struct people_choice choice = {.rule = tally->rule, .group = group, .most = NAMED_MOST};
    size_t *places = open_places(tally, group, &choice.count);
    size_t needed = group->quorum - have;

    choice.places = places;
    if (places == NULL) {
        text->failed = true;
        return;
    }
    if (needed > choice.count)
        ska_buffer_format(text, "%zu more, but only %zu are left who have not refused", needed,
                          choice.count);
    else if (needed > 1 && needed < choice.count)
        ska_buffer_format(text, "%zu of ", needed);
    if (needed <= choice.count)
        people_list(&choice, needed == 1 ? "or" : "and", text);
    free(places);
}

static void add_needed_of_token(const struct tally *tally,
                                const struct ska_alternative *alternative, bool several,
                                struct ska_buffer *text)
{
    const struct ska_progress *progress = &tally->progress;
    bool first = true;

    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];
        size_t have = ska_group_count(group, progress->keys, progress->key_count);

        if (have >= group->quorum)
            continue;
        if (!first)
            ska_buffer_text(text, ", and ");
        add_needed_of_group(tally, group, have, text);
        if (several) {
            ska_buffer_text(text, " (");
            people_group_name(group, i, text);
            ska_buffer_text(text, ")");
        }
        first = false;
    }
}

void tally_needed_text(const struct tally *tally, struct ska_buffer *text)
{
    bool several = false;

    if (tally->rule == NULL || tally->progress.satisfied)
        return;
    several = count_groups(tally->rule) > 1;
    for (size_t i = 0; i < tally->rule->alternative_count; i++) {
        if (i > 0)
            ska_buffer_text(text, "; or else ");
        add_needed_of_token(tally, &tally->rule->alternatives[i], several, text);
    }
}

void tally_text(const struct tally *tally, struct ska_buffer *text)
{
    if (tally->rule != NULL && tally->rule->alternative_count == 0) {
        ska_buffer_text(text, "the rule can never be satisfied");
        return;
    }
    if (tally->rule != NULL && tally->rule->alternative_count == 1 &&
        !needs_people(&tally->rule->alternatives[0])) {
        ska_buffer_text(text, "no approvals are needed");
        return;
    }
    tally_count_text(tally, text);
    if (tally->rule == NULL) {
        ska_buffer_text(text, "; how many are needed is not known here");
    } else if (tally->progress.satisfied) {
        ska_buffer_text(text, "; no more approvals are needed");
    } else {
        ska_buffer_text(text, "; still needed: ");
        tally_needed_text(tally, text);
    }
}

/* ---- Who has said what ----------------------------------------------------------------------- */

/* By the rule, else by what stands in the approval. */
static void add_signer(const struct tally *tally, const struct ska_approval *approval,
                       struct ska_buffer *text)
{
    const struct ska_approver *listed =
        tally->rule == NULL
            ? NULL
            : ska_rule_find_approver(tally->rule, ska_span_of(&approval->public_key));
    char *shown = NULL;
    char *name = NULL;

    if (listed != NULL) {
        people_name(tally->rule, listed, text);
        return;
    }
    shown = ska_approver_shown(tally->rule, approval);
    name = shown == NULL ? NULL : foreign_name(ska_span_text(shown));
    ska_buffer_text(text, name == NULL ? "?" : name);
    free(shown);
    free(name);
}

static void add_one(const struct tally *tally, const struct ska_approval *approval, size_t *count,
                    struct ska_buffer *text)
{
    if ((*count)++ >= NAMED_MOST)
        return;
    if (*count > 1)
        ska_buffer_text(text, ", ");
    add_signer(tally, approval, text);
}

static void add_rest(size_t count, struct ska_buffer *text)
{
    if (count > NAMED_MOST)
        ska_buffer_format(text, " and %zu more", count - NAMED_MOST);
}

void tally_approved_text(const struct tally *tally, struct ska_buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < tally->request->approval_count; i++)
        if (tally->progress.states[i] == SKA_APPROVAL_COUNTS)
            add_one(tally, &tally->request->approvals[i], &count, text);
    add_rest(count, text);
}

void tally_refused_text(const struct tally *tally, struct ska_buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < tally->refusal_count; i++)
        add_one(tally, &tally->refusals[i], &count, text);
    add_rest(count, text);
}
