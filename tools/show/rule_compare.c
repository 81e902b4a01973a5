/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/rule_compare.h"

#include <inttypes.h>
#include <stdlib.h>

#include "provider/base/printable.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "tools/show/certificates.h"
#include "tools/show/text.h"

/* ---- Comparing ------------------------------------------------------------------------------- */

static bool add_change(struct rule_changes *changes, enum rule_change_kind kind,
                       struct rule_place before, struct rule_place after)
{
    struct rule_change *grown =
        reallocarray(changes->list, changes->count + 1, sizeof(*changes->list));

    if (grown == NULL)
        return false;
    changes->list = grown;
    grown[changes->count++] = (struct rule_change){kind, before, after};
    return true;
}

static bool is_equal(const struct ska_bytes *a, const struct ska_bytes *b)
{
    return ska_span_equal(ska_span_of(a), ska_span_of(b));
}

static const struct ska_approver *find_member(const struct ska_group *group,
                                              const struct ska_approver *wanted)
{
    for (size_t i = 0; i < group->approver_count; i++)
        if (is_equal(&group->approvers[i].public_key, &wanted->public_key))
            return &group->approvers[i];
    return NULL;
}

/* The same key, said in another way. */
static bool compare_member(struct rule_changes *changes, struct rule_place before,
                           struct rule_place after)
{
    bool certificate = before.approver->type != after.approver->type ||
                       !is_equal(&before.approver->data, &after.approver->data);
    bool renamed = !is_equal(&before.approver->name, &after.approver->name);

    return (!certificate || add_change(changes, CHANGE_MEMBER_CERTIFICATE, before, after)) &&
           (!renamed || add_change(changes, CHANGE_MEMBER_RENAMED, before, after));
}

static bool compare_groups(struct rule_changes *changes, struct rule_place before,
                           struct rule_place after)
{
    const struct ska_group *old = before.group;
    const struct ska_group *new_one = after.group;
    bool done = old->quorum == new_one->quorum || add_change(changes, CHANGE_QUORUM, before, after);

    for (size_t i = 0; done && i < new_one->approver_count; i++) {
        after.approver = &new_one->approvers[i];
        before.approver = find_member(old, after.approver);
        done = before.approver == NULL ? add_change(changes, CHANGE_MEMBER_ADDED, before, after)
                                       : compare_member(changes, before, after);
    }
    after.approver = NULL;
    for (size_t i = 0; done && i < old->approver_count; i++) {
        before.approver = &old->approvers[i];
        if (find_member(new_one, before.approver) == NULL)
            done = add_change(changes, CHANGE_MEMBER_REMOVED, before, after);
    }
    return done;
}

/*
 * The place of the counterpart in a list, which is taken by it; `count` for none. Counterparts have
 * the same name; without names, the same place.
 */
static size_t take_counterpart(const struct ska_bytes *name, size_t place, bool *taken,
                               size_t count,
                               const struct ska_bytes *(*name_at)(const void *, size_t),
                               const void *list)
{
    for (size_t i = 0; i < count; i++)
        if (!taken[i] && is_equal(name_at(list, i), name) && (name->length > 0 || i == place)) {
            taken[i] = true;
            return i;
        }
    return count;
}

static const struct ska_bytes *group_name_at(const void *alternative, size_t place)
{
    return &((const struct ska_alternative *)alternative)->groups[place].name;
}

static const struct ska_bytes *alternative_name_at(const void *rule, size_t place)
{
    return &((const struct ska_rule *)rule)->alternatives[place].name;
}

static struct rule_place group_at(const struct ska_alternative *alternative, size_t place)
{
    return (struct rule_place){alternative, &alternative->groups[place], place, NULL};
}

static bool compare_alternatives(struct rule_changes *changes, const struct ska_alternative *before,
                                 const struct ska_alternative *after)
{
    const struct rule_place old_place = {.alternative = before};
    const struct rule_place new_place = {.alternative = after};
    bool *taken = calloc(before->group_count + 1, sizeof(*taken));
    bool done = taken != NULL;

    for (size_t i = 0; done && i < after->group_count; i++) {
        size_t old = take_counterpart(&after->groups[i].name, i, taken, before->group_count,
                                      group_name_at, before);

        done = old == before->group_count
                   ? add_change(changes, CHANGE_GROUP_ADDED, old_place, group_at(after, i))
                   : compare_groups(changes, group_at(before, old), group_at(after, i));
    }
    for (size_t i = 0; done && i < before->group_count; i++)
        if (!taken[i])
            done = add_change(changes, CHANGE_GROUP_REMOVED, group_at(before, i), new_place);
    if (done && before->timelock != after->timelock)
        done = add_change(changes, CHANGE_TIMELOCK, old_place, new_place);
    if (done && before->timeout != after->timeout)
        done = add_change(changes, CHANGE_TIMEOUT, old_place, new_place);
    free(taken);
    return done;
}

static bool compare_parts(struct rule_changes *changes, const struct ska_rule *before,
                          const struct ska_rule *after)
{
    const struct rule_place none = {.alternative = NULL};
    bool *taken = calloc(before->alternative_count + 1, sizeof(*taken));
    bool done = taken != NULL;

    for (size_t i = 0; done && i < after->alternative_count; i++) {
        const struct rule_place added = {.alternative = &after->alternatives[i]};
        size_t old = take_counterpart(&after->alternatives[i].name, i, taken,
                                      before->alternative_count, alternative_name_at, before);

        done = old == before->alternative_count
                   ? add_change(changes, CHANGE_ALTERNATIVE_ADDED, none, added)
                   : compare_alternatives(changes, &before->alternatives[old],
                                          &after->alternatives[i]);
    }
    for (size_t i = 0; done && i < before->alternative_count; i++) {
        const struct rule_place removed = {.alternative = &before->alternatives[i]};

        if (!taken[i])
            done = add_change(changes, CHANGE_ALTERNATIVE_REMOVED, removed, none);
    }
    free(taken);
    return done;
}

/* ---- Approvers of the whole rule ------------------------------------------------------------- */

/* Those of one rule whose keys the other does not list, each once. */
static bool add_strangers(struct rule_changes *changes, const struct ska_rule *rule,
                          const struct ska_rule *other, enum rule_change_kind kind)
{
    const struct rule_place none = {.alternative = NULL};
    bool done = true;

    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++)
            for (size_t k = 0; done && k < rule->alternatives[i].groups[j].approver_count; k++) {
                struct rule_place place = group_at(&rule->alternatives[i], j);
                struct ska_span key = {NULL, 0};

                place.approver = &place.group->approvers[k];
                key = ska_span_of(&place.approver->public_key);
                if (ska_rule_find_approver(rule, key) == place.approver &&
                    ska_rule_find_approver(other, key) == NULL)
                    done = kind == CHANGE_APPROVER_NEW ? add_change(changes, kind, none, place)
                                                       : add_change(changes, kind, place, none);
            }
    return done;
}

/* Whoever is new by the name of one who is gone is the same person, to those who read the names. */
static void pair_namesakes(struct rule_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        for (size_t j = 0; j < changes->count; j++) {
            struct rule_change *joins = &changes->list[i];
            struct rule_change *leaves = &changes->list[j];

            if ((joins->kind == CHANGE_APPROVER_NEW || joins->kind == CHANGE_APPROVER_KEY) &&
                (leaves->kind == CHANGE_APPROVER_GONE ||
                 leaves->kind == CHANGE_APPROVER_REPLACED) &&
                joins->after.approver->name.length > 0 &&
                is_equal(&joins->after.approver->name, &leaves->before.approver->name)) {
                joins->kind = CHANGE_APPROVER_KEY;
                joins->before = leaves->before;
                leaves->kind = CHANGE_APPROVER_REPLACED;
            }
        }
}

/* ---- The whole ------------------------------------------------------------------------------- */

static bool needs_nothing(const struct ska_rule *rule)
{
    return ska_rule_is_empty(rule) && !ska_rule_has_time_limit(rule);
}

static bool compare_wholes(struct rule_changes *changes, const struct ska_rule *before,
                           const struct ska_rule *after)
{
    const struct rule_place none = {.alternative = NULL};
    const struct {
        bool changed;
        enum rule_change_kind kind;
    } wholes[] = {
        {before->alternative_count == 0 && after->alternative_count > 0, CHANGE_NOBODY_BEFORE},
        {needs_nothing(before) && !needs_nothing(after), CHANGE_FREE_BEFORE},
        {after->alternative_count == 0 && before->alternative_count > 0, CHANGE_NOBODY_AFTER},
        {!needs_nothing(before) && needs_nothing(after), CHANGE_FREE_AFTER},
    };

    for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++)
        if (wholes[i].changed && !add_change(changes, wholes[i].kind, none, none))
            return false;
    return true;
}

bool rule_compare(const struct ska_rule *before, const struct ska_rule *after,
                  struct rule_changes *changes)
{
    bool done = false;

    *changes = (struct rule_changes){NULL, 0};
    done = compare_wholes(changes, before, after) &&
           (changes->count > 0 || compare_parts(changes, before, after));
    if (done && after->alternative_count > 0 && !ska_rule_is_empty(after))
        done = add_strangers(changes, after, before, CHANGE_APPROVER_NEW) &&
               add_strangers(changes, before, after, CHANGE_APPROVER_GONE);
    if (done)
        pair_namesakes(changes);
    else
        rule_changes_clear(changes);
    return done;
}

void rule_changes_clear(struct rule_changes *changes)
{
    free(changes->list);
    *changes = (struct rule_changes){NULL, 0};
}

/* ---- As a list ------------------------------------------------------------------------------- */

static void add_from_to(struct ska_buffer *text, const char *how, uint64_t before, uint64_t after)
{
    const uint64_t times[] = {before, after};

    ska_buffer_text(text, how);
    for (int i = 0; i < 2; i++) {
        ska_buffer_text(text, i == 0 ? " from " : " to ");
        if (times[i] == 0)
            ska_buffer_text(text, "none");
        else
            ska_duration_text(times[i], text);
    }
}

static void add_timeout(struct ska_buffer *text, uint64_t before, uint64_t after)
{
    if (after == 0) {
        ska_buffer_text(text, "approvals NEVER EXPIRE any more; before, after ");
        ska_duration_text(before, text);
        return;
    }
    add_from_to(text, before != 0 && after > before ? "timeout LENGTHENED" : "timeout shortened",
                before, after);
}

/* Where the change is: in an alternative or a group that both have. */
static void add_where(struct ska_buffer *text, const struct rule_change *change)
{
    const struct ska_alternative *alternative = change->after.alternative;
    const struct ska_group *group = change->after.group;

    if (alternative != NULL && change->before.alternative != NULL && alternative->name.length > 0) {
        text_quoted(text, ska_span_of(&alternative->name));
        ska_buffer_text(text, ": ");
    }
    if (group != NULL && change->before.group != NULL && group->name.length > 0) {
        text_quoted(text, ska_span_of(&group->name));
        ska_buffer_text(text, ": ");
    }
}

static void add_line(OSSL_LIB_CTX *libctx, struct ska_buffer *text,
                     const struct rule_change *change)
{
    const struct rule_place *before = &change->before;
    const struct rule_place *after = &change->after;

    switch (change->kind) {
    case CHANGE_NOBODY_BEFORE:
        ska_buffer_text(text, "nobody could do this before");
        break;
    case CHANGE_NOBODY_AFTER:
        ska_buffer_text(text, "NOBODY can do this any more");
        break;
    case CHANGE_FREE_BEFORE:
        ska_buffer_text(text, "no approval was needed before");
        break;
    case CHANGE_FREE_AFTER:
        ska_buffer_text(text, "NO APPROVAL is needed any more: anyone with the PIN can do this");
        break;
    case CHANGE_ALTERNATIVE_ADDED:
        ska_buffer_text(text, "another way ADDED: ");
        ska_alternative_list_text(after->alternative, TEXT_NEXT_LINE, text);
        break;
    case CHANGE_ALTERNATIVE_REMOVED:
        ska_buffer_text(text, "a way removed: ");
        ska_alternative_list_text(before->alternative, TEXT_NEXT_LINE, text);
        break;
    case CHANGE_TIMELOCK:
        add_from_to(text,
                    after->alternative->timelock < before->alternative->timelock
                        ? "timelock SHORTENED"
                        : "timelock lengthened",
                    before->alternative->timelock, after->alternative->timelock);
        break;
    case CHANGE_TIMEOUT:
        add_timeout(text, before->alternative->timeout, after->alternative->timeout);
        break;
    case CHANGE_GROUP_ADDED:
        ska_buffer_text(text, "group added: ");
        ska_group_list_text(after->group, text);
        break;
    case CHANGE_GROUP_REMOVED:
        ska_buffer_text(text, "group REMOVED, nobody of it is needed any more: ");
        ska_group_list_text(before->group, text);
        break;
    case CHANGE_QUORUM:
        ska_buffer_format(text, "quorum %s from %" PRIu32 " to %" PRIu32,
                          after->group->quorum < before->group->quorum ? "LOWERED" : "raised",
                          before->group->quorum, after->group->quorum);
        break;
    case CHANGE_MEMBER_ADDED:
        /* With the key: the name is only what somebody wrote. */
        ska_buffer_text(text, "added: ");
        approver_text(libctx, after->approver, text);
        break;
    case CHANGE_MEMBER_REMOVED:
        ska_buffer_text(text, "removed: ");
        approver_text(libctx, before->approver, text);
        break;
    case CHANGE_MEMBER_RENAMED:
        ska_buffer_text(text, "renamed: ");
        ska_approver_text(NULL, before->approver, text);
        ska_buffer_text(text, " is called ");
        ska_approver_text(NULL, after->approver, text);
        ska_buffer_text(text, ", with the same key");
        break;
    case CHANGE_MEMBER_CERTIFICATE:
        ska_buffer_text(text, after->approver->type == SKA_APPROVER_CERTIFICATE
                                  ? "another certificate: "
                                  : "no certificate any more: ");
        approver_text(libctx, after->approver, text);
        break;
    case CHANGE_APPROVER_NEW:
    case CHANGE_APPROVER_GONE:
    case CHANGE_APPROVER_KEY:
    case CHANGE_APPROVER_REPLACED:
        break;
    }
}

void rule_changes_text(OSSL_LIB_CTX *libctx, const struct rule_changes *changes,
                       struct ska_buffer *text)
{
    const char *separator = "";

    for (size_t i = 0; i < changes->count; i++) {
        const struct rule_change *change = &changes->list[i];

        /* Of approvers of the whole rule each group has told its own. */
        if (change->kind >= CHANGE_APPROVER_NEW)
            continue;
        ska_buffer_text(text, separator);
        add_where(text, change);
        add_line(libctx, text, change);
        separator = TEXT_NEXT_LINE;
    }
}
