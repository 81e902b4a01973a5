/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/progress.h"

#include <stdlib.h>
#include <string.h>

#include "provider/rule/quorum.h"

/* How many missing approvers are named. */
#define NAMED_LIMIT 10

/* ---- Finding -------------------------------------------------------------------------------- */

static bool is_counted(const struct ska_progress *progress, struct ska_span key)
{
    for (size_t i = 0; i < progress->key_count; i++)
        if (ska_span_equal(progress->keys[i], key))
            return true;
    return false;
}

/*
 * Keys of strangers are not even verified with. A second approval of the same approver is, since
 * the HSM refuses a whole request for one invalid approval, and then that must be told.
 */
static enum ska_approval_state find_state(OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                                          struct ska_span token,
                                          const struct ska_approval *approval,
                                          const struct ska_progress *progress)
{
    struct ska_span key = ska_span_of(&approval->public_key);

    if (rule != NULL && ska_rule_find_approver(rule, key) == NULL)
        return SKA_APPROVAL_NOT_LISTED;
    if (!approval->verified && !ska_approval_verify(libctx, approval, token))
        return SKA_APPROVAL_INVALID;
    return is_counted(progress, key) ? SKA_APPROVAL_DOUBLED : SKA_APPROVAL_COUNTS;
}

bool ska_progress_find(OSSL_LIB_CTX *libctx, const struct ska_rule *rule, struct ska_span token,
                       const struct ska_approval *approvals, size_t count,
                       struct ska_progress *progress, const struct ska_errors *errors)
{
    memset(progress, 0, sizeof(*progress));
    progress->states = calloc(count + 1, sizeof(*progress->states));
    progress->keys = calloc(count + 1, sizeof(*progress->keys));
    if (progress->states == NULL || progress->keys == NULL) {
        ska_progress_clear(progress);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu approvals", count);
    }
    for (size_t i = 0; i < count; i++) {
        progress->states[i] = find_state(libctx, rule, token, &approvals[i], progress);
        if (progress->states[i] == SKA_APPROVAL_COUNTS)
            progress->keys[progress->key_count++] = ska_span_of(&approvals[i].public_key);
    }
    progress->satisfied =
        rule != NULL && ska_rule_satisfied(rule, progress->keys, progress->key_count);
    return true;
}

void ska_progress_clear(struct ska_progress *progress)
{
    free(progress->states);
    free(progress->keys);
    memset(progress, 0, sizeof(*progress));
}

/* ---- Telling -------------------------------------------------------------------------------- */

/* "group 'directors'", or "group 2" without a name. */
static void add_named(struct ska_buffer *text, const char *what, const struct ska_bytes *name,
                      size_t index)
{
    char *shown = NULL;

    if (name->length == 0) {
        ska_buffer_format(text, "%s %zu", what, index + 1);
        return;
    }
    shown = ska_printable(ska_span_of(name), 64);
    ska_buffer_format(text, "%s '%s'", what, shown == NULL ? "" : shown);
    free(shown);
}

/* True for the first of several entries with the same key. */
static bool is_first_entry(const struct ska_group *group, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (ska_span_equal(ska_span_of(&group->approvers[i].public_key),
                           ska_span_of(&group->approvers[index].public_key)))
            return false;
    return true;
}

static void add_missing_approvers(const struct ska_group *group,
                                  const struct ska_progress *progress, struct ska_buffer *text)
{
    size_t missing = 0;

    for (size_t i = 0; i < group->approver_count; i++) {
        const struct ska_approver *approver = &group->approvers[i];
        char *shown = NULL;

        if (is_counted(progress, ska_span_of(&approver->public_key)) || !is_first_entry(group, i))
            continue;
        missing++;
        if (missing > NAMED_LIMIT)
            continue;
        shown = ska_listed_approver_shown(approver);
        ska_buffer_format(text, "%s%s", missing == 1 ? " (missing: " : ", ",
                          shown == NULL ? "" : shown);
        free(shown);
    }
    if (missing > NAMED_LIMIT)
        ska_buffer_format(text, " and %zu more", missing - NAMED_LIMIT);
    if (missing > 0)
        ska_buffer_text(text, ")");
}

static void add_missing_groups(const struct ska_alternative *alternative, size_t index,
                               const struct ska_progress *progress, struct ska_buffer *text)
{
    bool first = true;

    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];
        size_t have = ska_group_count(group, progress->keys, progress->key_count);

        if (have >= group->quorum)
            continue;
        if (first)
            add_named(text, "token", &alternative->name, index);
        ska_buffer_text(text, first ? ", " : " and ");
        add_named(text, "group", &group->name, i);
        ska_buffer_format(text, ": %zu of %lu", have, (unsigned long)group->quorum);
        add_missing_approvers(group, progress, text);
        first = false;
    }
}

void ska_progress_missing(const struct ska_rule *rule, const struct ska_progress *progress,
                          struct ska_buffer *text)
{
    bool first = true;

    if (rule->alternative_count == 0)
        ska_buffer_text(text, "the rule has no tokens: nobody can ever satisfy it");
    for (size_t i = 0; i < rule->alternative_count; i++) {
        const struct ska_alternative *alternative = &rule->alternatives[i];

        if (ska_alternative_satisfied(alternative, progress->keys, progress->key_count))
            continue;
        if (!first)
            ska_buffer_text(text, " or ");
        add_missing_groups(alternative, i, progress, text);
        first = false;
    }
}
