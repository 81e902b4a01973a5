/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/difference.h"

#include <inttypes.h>
#include <stdlib.h>

#include "provider/rule/policy.h"
#include "provider/rule/rule_codec.h"
#include "tools/show/certificates.h"
#include "tools/show/text.h"

struct difference {
    OSSL_LIB_CTX *libctx;
    struct ska_buffer *text;
    size_t count;
    /* Where the change is, said before each. */
    const struct ska_alternative *alternative;
    const struct ska_group *group;
};

static void start(struct difference *difference)
{
    if (difference->count++ > 0)
        text_next_line(difference->text);
    if (difference->alternative != NULL && difference->alternative->name.length > 0) {
        text_quoted(difference->text, ska_span_of(&difference->alternative->name));
        ska_buffer_text(difference->text, ": ");
    }
    if (difference->group != NULL && difference->group->name.length > 0) {
        text_quoted(difference->text, ska_span_of(&difference->group->name));
        ska_buffer_text(difference->text, ": ");
    }
}

static bool same_name(const struct ska_bytes *a, const struct ska_bytes *b)
{
    return ska_span_equal(ska_span_of(a), ska_span_of(b));
}

/* ---- Approvers ------------------------------------------------------------------------------- */

static const struct ska_approver *find(const struct ska_group *group,
                                       const struct ska_approver *approver)
{
    for (size_t i = 0; i < group->approver_count; i++)
        if (ska_span_equal(ska_span_of(&group->approvers[i].public_key),
                           ska_span_of(&approver->public_key)))
            return &group->approvers[i];
    return NULL;
}

/* With the key: the name is only what somebody wrote. */
static void add_approver(struct difference *difference, const char *what,
                         const struct ska_approver *approver)
{
    start(difference);
    ska_buffer_format(difference->text, "%s: ", what);
    approver_text(difference->libctx, approver, difference->text);
}

/* The same key, said in another way. */
static void compare_approver(struct difference *difference, const struct ska_approver *before,
                             const struct ska_approver *after)
{
    char *old_name = NULL;
    char *new_name = NULL;

    if (before->type != after->type || !same_name(&before->data, &after->data))
        add_approver(difference,
                     after->type == SKA_APPROVER_CERTIFICATE ? "another certificate"
                                                             : "no certificate any more",
                     after);
    if (same_name(&before->name, &after->name))
        return;
    old_name = ska_listed_approver_shown(before);
    new_name = ska_listed_approver_shown(after);
    start(difference);
    ska_buffer_format(difference->text, "renamed: %s is called %s, with the same key",
                      old_name == NULL ? "?" : old_name, new_name == NULL ? "?" : new_name);
    free(old_name);
    free(new_name);
}

/* ---- Groups ---------------------------------------------------------------------------------- */

static void compare_groups(struct difference *difference, const struct ska_group *before,
                           const struct ska_group *after)
{
    difference->group = after;
    if (before->quorum != after->quorum) {
        start(difference);
        ska_buffer_format(difference->text, "quorum %s from %" PRIu32 " to %" PRIu32,
                          after->quorum < before->quorum ? "LOWERED" : "raised", before->quorum,
                          after->quorum);
    }
    for (size_t i = 0; i < after->approver_count; i++) {
        const struct ska_approver *old = find(before, &after->approvers[i]);

        if (old == NULL)
            add_approver(difference, "added", &after->approvers[i]);
        else
            compare_approver(difference, old, &after->approvers[i]);
    }
    for (size_t i = 0; i < before->approver_count; i++)
        if (find(after, &before->approvers[i]) == NULL)
            add_approver(difference, "removed", &before->approvers[i]);
    difference->group = NULL;
}

static void add_whole_group(struct difference *difference, const char *what,
                            const struct ska_group *group)
{
    const struct ska_alternative alone = {.groups = (struct ska_group *)(uintptr_t)group,
                                          .group_count = 1};

    start(difference);
    ska_buffer_format(difference->text, "%s: ", what);
    text_policy_token(difference->text, &alone);
}

/* ---- Policy tokens --------------------------------------------------------------------------- */

static void add_duration(struct difference *difference, uint64_t seconds)
{
    if (seconds == 0)
        ska_buffer_text(difference->text, "none");
    else
        text_duration(difference->text, seconds);
}

static void compare_times(struct difference *difference, const struct ska_alternative *before,
                          const struct ska_alternative *after)
{
    if (before->timelock != after->timelock) {
        start(difference);
        ska_buffer_format(difference->text, "timelock %s from ",
                          after->timelock < before->timelock ? "SHORTENED" : "lengthened");
        add_duration(difference, before->timelock);
        ska_buffer_text(difference->text, " to ");
        add_duration(difference, after->timelock);
    }
    if (before->timeout == after->timeout)
        return;
    start(difference);
    if (after->timeout == 0) {
        ska_buffer_text(difference->text, "approvals NEVER EXPIRE any more; before, after ");
        text_duration(difference->text, before->timeout);
        return;
    }
    ska_buffer_format(difference->text, "timeout %s from ",
                      before->timeout != 0 && after->timeout > before->timeout ? "LENGTHENED"
                                                                               : "shortened");
    add_duration(difference, before->timeout);
    ska_buffer_text(difference->text, " to ");
    add_duration(difference, after->timeout);
}

/* Which parts of the old list have a counterpart in the new one. */
static bool *new_marks(struct difference *difference, size_t count)
{
    bool *marks = calloc(count + 1, sizeof(*marks));

    if (marks == NULL)
        difference->text->failed = true;
    return marks;
}

/* Counterparts have the same name; without names, the same place. */
static const struct ska_group *find_group(const struct ska_alternative *before, bool *taken,
                                          const struct ska_group *wanted, size_t place)
{
    for (size_t i = 0; i < before->group_count; i++)
        if (!taken[i] && same_name(&before->groups[i].name, &wanted->name) &&
            (wanted->name.length > 0 || i == place)) {
            taken[i] = true;
            return &before->groups[i];
        }
    return NULL;
}

static void compare_tokens(struct difference *difference, const struct ska_alternative *before,
                           const struct ska_alternative *after)
{
    bool *taken = new_marks(difference, before->group_count);

    difference->alternative = after;
    for (size_t i = 0; taken != NULL && i < after->group_count; i++) {
        const struct ska_group *old = find_group(before, taken, &after->groups[i], i);

        if (old == NULL)
            add_whole_group(difference, "group added", &after->groups[i]);
        else
            compare_groups(difference, old, &after->groups[i]);
    }
    for (size_t i = 0; taken != NULL && i < before->group_count; i++)
        if (!taken[i])
            add_whole_group(difference, "group REMOVED, nobody of it is needed any more",
                            &before->groups[i]);
    compare_times(difference, before, after);
    difference->alternative = NULL;
    free(taken);
}

static void add_whole_token(struct difference *difference, const char *what,
                            const struct ska_alternative *alternative)
{
    start(difference);
    ska_buffer_format(difference->text, "%s: ", what);
    text_policy_token(difference->text, alternative);
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static const struct ska_alternative *find_token(const struct ska_rule *before, bool *taken,
                                                const struct ska_alternative *wanted, size_t place)
{
    for (size_t i = 0; i < before->alternative_count; i++)
        if (!taken[i] && same_name(&before->alternatives[i].name, &wanted->name) &&
            (wanted->name.length > 0 || i == place)) {
            taken[i] = true;
            return &before->alternatives[i];
        }
    return NULL;
}

static void compare_rules(struct difference *difference, const struct ska_rule *before,
                          const struct ska_rule *after)
{
    bool *taken = new_marks(difference, before->alternative_count);

    for (size_t i = 0; taken != NULL && i < after->alternative_count; i++) {
        const struct ska_alternative *old = find_token(before, taken, &after->alternatives[i], i);

        if (old == NULL)
            add_whole_token(difference, "another way ADDED", &after->alternatives[i]);
        else
            compare_tokens(difference, old, &after->alternatives[i]);
    }
    for (size_t i = 0; taken != NULL && i < before->alternative_count; i++)
        if (!taken[i])
            add_whole_token(difference, "a way removed", &before->alternatives[i]);
    free(taken);
}

static void add_line(struct difference *difference, const char *line)
{
    start(difference);
    ska_buffer_text(difference->text, line);
}

static bool needs_nothing(const struct ska_rule *rule)
{
    return ska_rule_is_empty(rule) && !ska_rule_has_time_limit(rule);
}

size_t difference_text(OSSL_LIB_CTX *libctx, const struct ska_rule *before,
                       const struct ska_rule *after, struct ska_buffer *text)
{
    struct difference difference = {.libctx = libctx, .text = text};

    if (before->alternative_count == 0 && after->alternative_count > 0)
        add_line(&difference, "nobody could do this before");
    if (needs_nothing(before) && !needs_nothing(after))
        add_line(&difference, "no approval was needed before");
    if (after->alternative_count == 0 && before->alternative_count > 0)
        add_line(&difference, "NOBODY can do this any more");
    if (!needs_nothing(before) && needs_nothing(after))
        add_line(&difference, "NO APPROVAL is needed any more: anyone with the PIN can do this");
    /* A rule for everybody or for nobody has no parts to compare. */
    if (difference.count == 0)
        compare_rules(&difference, before, after);
    return difference.count;
}

bool difference_can_be_shown(const struct ska_request *request, const struct ska_errors *errors)
{
    struct ska_modify modify;
    bool any = false;

    if (request->operation != SKA_OPERATION_MODIFY)
        return true;
    if (!ska_modify_decode(ska_span_of(&request->payload), &modify, NULL))
        return ska_fail(errors, SKA_R_BAD_RULE,
                        "the change that is asked for cannot be read, so nobody can see what it "
                        "would do");
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_rule rule = {NULL, 0};

        if (modify.rules[i].data == NULL)
            continue;
        any = true;
        if (!ska_rule_decode(modify.rules[i], &rule, NULL))
            return ska_fail(errors, SKA_R_BAD_RULE,
                            "the new %s rule is not understood by this version of skatool, so "
                            "nobody can see what it would do",
                            ska_rule_names[i]);
        ska_rule_clear(&rule);
    }
    return any || ska_fail(errors, SKA_R_BAD_RULE, "the change that is asked for names no rule");
}
