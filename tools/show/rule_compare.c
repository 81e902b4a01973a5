/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/rule_compare.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "tools/show/certificates.h"
#include "tools/show/text.h"

struct comparison {
    OSSL_LIB_CTX *libctx;
    struct rule_changes *changes;
    struct rule_change lost; /* what is written to when memory has run out */
    /* Where both rules have a part that is changed inside; NULL: not there. */
    const struct ska_alternative *alternative;
    const struct ska_group *group;
};

/* A further change, with where it is. */
static struct rule_change *add_change(struct comparison *comparison, const char *start)
{
    struct rule_changes *changes = comparison->changes;
    struct rule_change *grown =
        reallocarray(changes->list, changes->count + 1, sizeof(*changes->list));
    struct rule_change *change = &comparison->lost;

    if (grown == NULL) {
        change->line.failed = true;
        return change;
    }
    changes->list = grown;
    change = &grown[changes->count++];
    memset(change, 0, sizeof(*change));
    if (comparison->alternative != NULL && comparison->alternative->name.length > 0) {
        text_quoted(&change->line, ska_span_of(&comparison->alternative->name));
        ska_buffer_text(&change->line, ": ");
    }
    if (comparison->group != NULL && comparison->group->name.length > 0) {
        text_quoted(&change->line, ska_span_of(&comparison->group->name));
        ska_buffer_text(&change->line, ": ");
    }
    ska_buffer_text(&change->line, start);
    return change;
}

static bool is_equal(const struct ska_bytes *a, const struct ska_bytes *b)
{
    return ska_span_equal(ska_span_of(a), ska_span_of(b));
}

/* ---- Approvers of a group -------------------------------------------------------------------- */

static const struct ska_approver *find_member(const struct ska_group *group,
                                              const struct ska_approver *wanted)
{
    for (size_t i = 0; i < group->approver_count; i++)
        if (is_equal(&group->approvers[i].public_key, &wanted->public_key))
            return &group->approvers[i];
    return NULL;
}

/* With the key: the name is only what somebody wrote. */
static void add_member_change(struct comparison *comparison, const char *what,
                              const struct ska_approver *approver)
{
    approver_text(comparison->libctx, approver, &add_change(comparison, what)->line);
}

static void add_renamed(struct ska_buffer *text, const struct ska_approver *before,
                        const struct ska_approver *after)
{
    ska_approver_text(NULL, before, text);
    ska_buffer_text(text, " is called ");
    ska_approver_text(NULL, after, text);
    ska_buffer_text(text, ", with the same key");
}

/* The same key, said in another way. */
static void compare_group_members(struct comparison *comparison, const struct ska_approver *before,
                                  const struct ska_approver *after)
{
    if (before->type != after->type || !is_equal(&before->data, &after->data))
        add_member_change(comparison,
                          after->type == SKA_APPROVER_CERTIFICATE ? "another certificate: "
                                                                  : "no certificate any more: ",
                          after);
    if (!is_equal(&before->name, &after->name)) {
        struct rule_change *change = add_change(comparison, "renamed: ");

        add_renamed(&change->line, before, after);
        ska_buffer_text(&change->warning, "gets ANOTHER NAME: ");
        add_renamed(&change->warning, before, after);
        ska_buffer_text(&change->warning, ".");
    }
}

/* ---- Groups ---------------------------------------------------------------------------------- */

static void add_quorum(struct comparison *comparison, const struct ska_alternative *alternative,
                       const struct ska_group *before, const struct ska_group *after)
{
    struct rule_change *change = add_change(comparison, "quorum ");

    ska_buffer_format(&change->line, "%s from %" PRIu32 " to %" PRIu32,
                      after->quorum < before->quorum ? "LOWERED" : "raised", before->quorum,
                      after->quorum);
    if (after->quorum > before->quorum)
        return;
    ska_buffer_format(&change->warning,
                      "fewer approvals are enough: %" PRIu32 " instead of %" PRIu32 " (",
                      after->quorum, before->quorum);
    ska_group_name_text(alternative, before, &change->warning);
    ska_buffer_text(&change->warning, ").");
}

static void compare_groups(struct comparison *comparison, const struct ska_alternative *alternative,
                           const struct ska_group *before, const struct ska_group *after)
{
    comparison->group = after;
    if (before->quorum != after->quorum)
        add_quorum(comparison, alternative, before, after);
    for (size_t i = 0; i < after->approver_count; i++) {
        const struct ska_approver *old = find_member(before, &after->approvers[i]);

        if (old == NULL)
            add_member_change(comparison, "added: ", &after->approvers[i]);
        else
            compare_group_members(comparison, old, &after->approvers[i]);
    }
    for (size_t i = 0; i < before->approver_count; i++)
        if (find_member(after, &before->approvers[i]) == NULL)
            add_member_change(comparison, "removed: ", &before->approvers[i]);
    comparison->group = NULL;
}

static void add_removed_group(struct comparison *comparison,
                              const struct ska_alternative *alternative,
                              const struct ska_group *group)
{
    struct rule_change *change =
        add_change(comparison, "group REMOVED, nobody in it is needed any more: ");

    ska_group_list_text(NULL, group, &change->line);
    if (group->quorum == 0)
        return;
    ska_buffer_text(&change->warning, "nobody of ");
    ska_group_name_text(alternative, group, &change->warning);
    ska_buffer_text(&change->warning, " is asked any more.");
}

/* ---- Counterparts ---------------------------------------------------------------------------- */

/* Groups or alternatives: structs that begin with their name. */
struct named_list {
    const void *first;
    size_t size;
    size_t count;
};
_Static_assert(offsetof(struct ska_group, name) == 0, "a group begins with its name");
_Static_assert(offsetof(struct ska_alternative, name) == 0, "an alternative begins with its name");

static const struct ska_bytes *name_at(const struct named_list *list, size_t place)
{
    return (const void *)((const char *)list->first + place * list->size);
}

/*
 * Where the counterpart stands in the other list, its count for none. Counterparts have the same
 * name, the first of that name here and the first there, and so on; without names, the same place.
 */
static size_t find_counterpart(const struct named_list *list, size_t place,
                               const struct named_list *other)
{
    const struct ska_bytes *name = name_at(list, place);
    size_t before = 0;

    if (name->length == 0)
        return place < other->count && name_at(other, place)->length == 0 ? place : other->count;
    for (size_t i = 0; i < place; i++)
        before += is_equal(name_at(list, i), name);
    for (size_t i = 0; i < other->count; i++)
        if (is_equal(name_at(other, i), name) && before-- == 0)
            return i;
    return other->count;
}

/* ---- Alternatives ---------------------------------------------------------------------------- */

static void add_old_and_new_time(struct ska_buffer *text, uint64_t before, uint64_t after)
{
    const uint64_t times[] = {before, after};

    for (int i = 0; i < 2; i++) {
        ska_buffer_text(text, i == 0 ? " from " : " to ");
        if (times[i] == 0)
            ska_buffer_text(text, "none");
        else
            ska_duration_text(times[i], text);
    }
}

static void compare_timelocks(struct comparison *comparison, uint64_t before, uint64_t after)
{
    struct rule_change *change = NULL;

    if (before == after)
        return;
    change = add_change(comparison, after < before ? "timelock SHORTENED" : "timelock lengthened");
    add_old_and_new_time(&change->line, before, after);
    if (after < before)
        ska_buffer_text(&change->warning,
                        "the time that must pass before approvals can be used gets shorter.");
}

static void compare_timeouts(struct comparison *comparison, uint64_t before, uint64_t after)
{
    bool longer = before != 0 && after > before;
    struct rule_change *change = NULL;

    if (before == after)
        return;
    if (after == 0) {
        change = add_change(comparison, "approvals NEVER EXPIRE any more; before, after ");
        ska_duration_text(before, &change->line);
        ska_buffer_text(&change->warning, "approvals never expire any more.");
        return;
    }
    change = add_change(comparison, longer ? "timeout LENGTHENED" : "timeout shortened");
    add_old_and_new_time(&change->line, before, after);
    if (longer)
        ska_buffer_text(&change->warning, "approvals can be used longer before they expire.");
}

static void compare_alternatives(struct comparison *comparison,
                                 const struct ska_alternative *before,
                                 const struct ska_alternative *after)
{
    const struct named_list old = {before->groups, sizeof(*before->groups), before->group_count};
    const struct named_list all = {after->groups, sizeof(*after->groups), after->group_count};

    comparison->alternative = after;
    for (size_t i = 0; i < all.count; i++) {
        size_t place = find_counterpart(&all, i, &old);

        if (place < old.count)
            compare_groups(comparison, before, &before->groups[place], &after->groups[i]);
        else
            ska_group_list_text(NULL, &after->groups[i],
                                &add_change(comparison, "group added: ")->line);
    }
    for (size_t i = 0; i < old.count; i++)
        if (find_counterpart(&old, i, &all) == all.count)
            add_removed_group(comparison, before, &before->groups[i]);
    compare_timelocks(comparison, before->timelock, after->timelock);
    compare_timeouts(comparison, before->timeout, after->timeout);
    comparison->alternative = NULL;
}

static void compare_parts(struct comparison *comparison, const struct ska_rule *before,
                          const struct ska_rule *after)
{
    const struct named_list old = {before->alternatives, sizeof(*before->alternatives),
                                   before->alternative_count};
    const struct named_list all = {after->alternatives, sizeof(*after->alternatives),
                                   after->alternative_count};

    for (size_t i = 0; i < all.count; i++) {
        size_t place = find_counterpart(&all, i, &old);
        struct rule_change *change = NULL;

        if (place < old.count) {
            compare_alternatives(comparison, &before->alternatives[place], &after->alternatives[i]);
            continue;
        }
        change = add_change(comparison, "alternative ADDED: ");
        ska_alternative_list_text(NULL, &after->alternatives[i], TEXT_NEXT_LINE, &change->line);
        ska_buffer_text(&change->warning,
                        "there is a new alternative: approvals that were not enough "
                        "before can be enough from now on.");
    }
    for (size_t i = 0; i < old.count; i++)
        if (find_counterpart(&old, i, &all) == all.count)
            ska_alternative_list_text(NULL, &before->alternatives[i], TEXT_NEXT_LINE,
                                      &add_change(comparison, "alternative removed: ")->line);
}

/* ---- Approvers of the whole rule ------------------------------------------------------------- */

/* Approvers of one rule whose keys the other does not list; who is listed twice stands here twice.
 */
struct strangers {
    const struct ska_approver **list;
    size_t count;
};

/* Found once, since others choose how many approvers there are. False: out of memory. */
static bool find_strangers(const struct ska_rule *rule, const struct ska_rule *other,
                           struct strangers *found)
{
    const struct ska_approver *approver = NULL;

    for (size_t i = 0; (approver = ska_rule_approver_at(rule, i)) != NULL; i++) {
        const struct ska_approver **grown = NULL;

        if (ska_rule_find_approver(other, ska_span_of(&approver->public_key)) != NULL)
            continue;
        grown = reallocarray(found->list, found->count + 1, sizeof(*grown));
        if (grown == NULL)
            return false;
        found->list = grown;
        grown[found->count++] = approver;
    }
    return true;
}

static bool has_namesake(const struct strangers *among, const struct ska_approver *approver)
{
    for (size_t i = 0; approver->name.length > 0 && i < among->count; i++)
        if (is_equal(&among->list[i]->name, &approver->name))
            return true;
    return false;
}

/* Each once, but for those who have a namesake among the others. */
static void add_strangers(const struct ska_rule *rule, const struct strangers *strangers,
                          const struct strangers *others, struct ska_buffer *text)
{
    for (size_t i = 0; i < strangers->count; i++) {
        const struct ska_approver *approver = strangers->list[i];

        if (has_namesake(others, approver) ||
            ska_rule_find_approver(rule, ska_span_of(&approver->public_key)) != approver)
            continue;
        ska_buffer_text(text, text->length > 0 ? ", " : "");
        ska_approver_text(rule, approver, text);
    }
}

/* False: out of memory. */
static bool compare_people(const struct ska_rule *before, const struct ska_rule *after,
                           struct rule_changes *changes)
{
    struct strangers leaving = {NULL, 0};
    struct strangers joining = {NULL, 0};
    bool found = find_strangers(before, after, &leaving) && find_strangers(after, before, &joining);

    if (found) {
        add_strangers(before, &leaving, &joining, &changes->gone);
        add_strangers(after, &joining, &leaving, &changes->joining);
    }
    free(leaving.list);
    free(joining.list);
    return found;
}

/* ---- The whole ------------------------------------------------------------------------------- */

static bool needs_nothing(const struct ska_rule *rule)
{
    return ska_rule_is_empty(rule) && !ska_rule_has_time_limit(rule);
}

static void compare_wholes(struct comparison *comparison, const struct ska_rule *before,
                           const struct ska_rule *after)
{
    if (before->alternative_count == 0 && after->alternative_count > 0)
        ska_buffer_text(&add_change(comparison, "nobody could do this before")->warning,
                        "so far nobody could do this.");
    if (needs_nothing(before) && !needs_nothing(after))
        add_change(comparison, "no approval was needed before");
    if (after->alternative_count == 0 && before->alternative_count > 0)
        add_change(comparison, "NOBODY can do this any more");
    if (!needs_nothing(before) && needs_nothing(after))
        add_change(comparison, "NO APPROVAL is needed any more: anyone with the PIN can do this");
}

static bool has_failed(const struct comparison *comparison)
{
    const struct rule_changes *changes = comparison->changes;
    bool failed = comparison->lost.line.failed || changes->gone.failed || changes->joining.failed;

    for (size_t i = 0; i < changes->count; i++)
        failed = failed || changes->list[i].line.failed || changes->list[i].warning.failed;
    return failed;
}

bool rule_compare(OSSL_LIB_CTX *libctx, const struct ska_rule *before, const struct ska_rule *after,
                  struct rule_changes *changes)
{
    struct comparison comparison = {.libctx = libctx, .changes = changes};
    bool failed = false;

    memset(changes, 0, sizeof(*changes));
    compare_wholes(&comparison, before, after);
    /* A rule for everybody or for nobody has no parts to compare. */
    if (changes->count == 0)
        compare_parts(&comparison, before, after);
    if (after->alternative_count > 0 && !ska_rule_is_empty(after))
        failed = !compare_people(before, after, changes);
    failed = failed || has_failed(&comparison);
    ska_buffer_free(&comparison.lost.line);
    ska_buffer_free(&comparison.lost.warning);
    if (failed)
        rule_changes_clear(changes);
    return !failed;
}

void rule_changes_clear(struct rule_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        ska_buffer_free(&changes->list[i].line);
        ska_buffer_free(&changes->list[i].warning);
    }
    free(changes->list);
    ska_buffer_free(&changes->gone);
    ska_buffer_free(&changes->joining);
    memset(changes, 0, sizeof(*changes));
}
