/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/rule/rule_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/json.h"
#include "provider/base/printable.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/quorum.h"
#include "provider/rule/window.h"

/* How many people are named who could still approve. */
#define NAMED_MOST 10
/* Among more approvers nobody looks for namesakes: each is told by the key. */
#define FEW_APPROVERS 64
/* How much is shown of the name of a group or alternative in a list. */
#define TITLE_LIMIT 1000

/* ---- Names ----------------------------------------------------------------------------------- */

static bool is_same_approver(const struct ska_approver *a, const struct ska_approver *b)
{
    return ska_span_equal(ska_span_of(&a->public_key), ska_span_of(&b->public_key));
}

/* Whether somebody else in the rule has this name too. */
static bool is_ambiguous(const struct ska_rule *rule, const struct ska_approver *approver,
                         const char *name)
{
    const struct ska_approver *other = NULL;
    bool found = false;

    for (size_t i = 0; !found && (other = ska_rule_approver_at(rule, i)) != NULL; i++) {
        char *shown = NULL;

        if (i == FEW_APPROVERS)
            return true;
        if (is_same_approver(other, approver))
            continue;
        shown = ska_listed_approver_shown(other);
        found = shown != NULL && strcmp(shown, name) == 0;
        free(shown);
    }
    return found;
}

void ska_approver_text(const struct ska_rule *rule, const struct ska_approver *approver,
                       struct ska_buffer *text)
{
    char *name = ska_listed_approver_shown(approver);
    char *key = NULL;

    if (name == NULL) {
        text->failed = true;
        return;
    }
    ska_listed_approver_name_text(approver, text);
    if (rule != NULL && is_ambiguous(rule, approver, name)) {
        key = ska_key_shown(ska_span_of(&approver->public_key));
        if (key == NULL)
            text->failed = true;
        else
            ska_buffer_format(text, " (%s)", key);
        free(key);
    }
    free(name);
}

static void add_named(const char *what, const struct ska_bytes *name, size_t place,
                      struct ska_buffer *text)
{
    ska_buffer_format(text, "%s ", what);
    if (name->length == 0)
        ska_buffer_format(text, "%zu", place + 1);
    else
        ska_buffer_name(text, ska_span_of(name));
}

void ska_group_name_text(const struct ska_alternative *alternative, const struct ska_group *group,
                         struct ska_buffer *text)
{
    add_named("group", &group->name, (size_t)(group - alternative->groups), text);
}

void ska_alternative_name_text(const struct ska_rule *rule,
                               const struct ska_alternative *alternative, struct ska_buffer *text)
{
    add_named("alternative", &alternative->name, (size_t)(alternative - rule->alternatives), text);
}

/* ---- Approvers of a group -------------------------------------------------------------------- */

static bool holds_key(const struct ska_span *keys, size_t count, struct ska_span key)
{
    for (size_t i = 0; i < count; i++)
        if (ska_span_equal(keys[i], key))
            return true;
    return false;
}

static bool has_answered(const struct ska_responses *responses, struct ska_span key)
{
    return holds_key(responses->approved, responses->approved_count, key) ||
           holds_key(responses->refused, responses->refused_count, key);
}

enum choice { CHOOSE_ALL, CHOOSE_APPROVED, CHOOSE_SILENT };

static bool is_chosen(const struct ska_group *group, size_t place,
                      const struct ska_responses *responses, enum choice choice)
{
    struct ska_span key = ska_span_of(&group->approvers[place].public_key);

    if (!ska_group_is_first(group, place))
        return false;
    if (choice == CHOOSE_ALL)
        return true;
    if (choice == CHOOSE_APPROVED)
        return holds_key(responses->approved, responses->approved_count, key);
    return !has_answered(responses, key);
}

static size_t count_chosen(const struct ska_group *group, const struct ska_responses *responses,
                           enum choice choice)
{
    size_t count = 0;

    for (size_t i = 0; i < group->approver_count; i++)
        count += is_chosen(group, i, responses, choice);
    return count;
}

/* "alice", "alice, bob and carol", with the conjunction " and "; of many "alice, bob and 7 more".
 */
static void add_chosen(const struct ska_rule *rule, const struct ska_group *group,
                       const struct ska_responses *responses, enum choice choice, size_t most,
                       const char *conjunction, struct ska_buffer *text)
{
    size_t count = count_chosen(group, responses, choice);
    size_t shown = most > 0 && count > most ? most : count;
    size_t at = 0;

    for (size_t i = 0; i < group->approver_count && at < shown; i++) {
        if (!is_chosen(group, i, responses, choice))
            continue;
        if (at > 0)
            ska_buffer_text(text, at + 1 == count ? conjunction : ", ");
        ska_approver_text(rule, &group->approvers[i], text);
        at++;
    }
    if (shown < count)
        ska_buffer_format(text, "%s%zu more", conjunction, count - shown);
}

void ska_group_approvers_text(const struct ska_rule *rule, const struct ska_group *group,
                              const struct ska_responses *responses, bool approved,
                              struct ska_buffer *text)
{
    add_chosen(rule, group, responses, approved ? CHOOSE_APPROVED : CHOOSE_SILENT, 0, ", ", text);
}

/* ---- What a rule asks for -------------------------------------------------------------------- */

void ska_duration_text(uint64_t seconds, struct ska_buffer *text)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    const char *separator = "";

    if (seconds == 0)
        ska_buffer_text(text, "0 seconds");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        uint64_t count = seconds / units[i].seconds;

        seconds %= units[i].seconds;
        if (count == 0)
            continue;
        ska_buffer_format(text, "%s%" PRIu64 " %s%s", separator, count, units[i].name,
                          count == 1 ? "" : "s");
        separator = " ";
    }
}

/* How many groups ask for somebody. */
static size_t count_groups(const struct ska_alternative *alternative)
{
    size_t count = 0;

    for (size_t i = 0; i < alternative->group_count; i++)
        count += alternative->groups[i].quorum > 0;
    return count;
}

/* What stands before each time limit. */
static void add_time_limits(const struct ska_alternative *alternative, const char *timelock,
                            const char *timeout, struct ska_buffer *text)
{
    if (alternative->timelock > 0) {
        ska_buffer_text(text, timelock);
        ska_duration_text(alternative->timelock, text);
    }
    if (alternative->timeout > 0) {
        ska_buffer_text(text, timeout);
        ska_duration_text(alternative->timeout, text);
    }
}

static void add_group_sentence(const struct ska_rule *rule, const struct ska_group *group,
                               size_t most, struct ska_buffer *text)
{
    size_t count = count_chosen(group, NULL, CHOOSE_ALL);

    if (group->quorum > count)
        ska_buffer_format(
            text, "%" PRIu32 " must approve, but only %zu are listed: ", group->quorum, count);
    else if (count == 1)
        ska_buffer_text(text, "one person must approve: ");
    else if (group->quorum == count)
        ska_buffer_format(text, "all of these %zu must approve: ", count);
    else if (group->quorum == 1)
        ska_buffer_format(text, "any one of these %zu is enough: ", count);
    else
        ska_buffer_format(text, "%" PRIu32 " of these %zu must approve: ", group->quorum, count);
    add_chosen(rule, group, NULL, CHOOSE_ALL, most, group->quorum == 1 ? " or " : " and ", text);
}

static void add_alternative_sentence(const struct ska_rule *rule,
                                     const struct ska_alternative *alternative, size_t most,
                                     struct ska_buffer *text)
{
    const char *separator = "";

    if (count_groups(alternative) == 0)
        ska_buffer_text(text, "no approval is needed");
    for (size_t i = 0; i < alternative->group_count; i++) {
        if (alternative->groups[i].quorum == 0)
            continue;
        ska_buffer_text(text, separator);
        if (alternative->group_count > 1) {
            ska_group_name_text(alternative, &alternative->groups[i], text);
            ska_buffer_text(text, ": ");
        }
        add_group_sentence(rule, &alternative->groups[i], most, text);
        separator = "; and also ";
    }
    add_time_limits(alternative, "; only after ", "; approvals expire after ", text);
}

void ska_rule_text(const struct ska_rule *rule, size_t most, struct ska_buffer *text)
{
    if (rule->alternative_count == 0)
        ska_buffer_text(text, "nobody can do this");
    for (size_t i = 0; i < rule->alternative_count; i++) {
        ska_buffer_text(text, i > 0 ? "; OR " : "");
        add_alternative_sentence(rule, &rule->alternatives[i], most, text);
    }
}

/* ---- The same as a list ---------------------------------------------------------------------- */

static void add_title(const struct ska_bytes *name, const char *end, struct ska_buffer *text)
{
    if (name->length == 0)
        return;
    ska_buffer_quoted(text, ska_span_of(name), TITLE_LIMIT);
    ska_buffer_text(text, end);
}

void ska_group_list_text(const struct ska_rule *rule, const struct ska_group *group,
                         struct ska_buffer *text)
{
    add_title(&group->name, " ", text);
    ska_buffer_format(text, "%" PRIu32 " of %zu: ", group->quorum, group->approver_count);
    for (size_t i = 0; i < group->approver_count; i++) {
        ska_buffer_text(text, i == 0 ? "" : ", ");
        ska_approver_text(rule, &group->approvers[i], text);
    }
}

void ska_alternative_list_text(const struct ska_rule *rule,
                               const struct ska_alternative *alternative, const char *new_line,
                               struct ska_buffer *text)
{
    bool needed = count_groups(alternative) > 0;

    add_title(&alternative->name, ": ", text);
    if (!needed)
        ska_buffer_text(text, "no approval needed");
    for (size_t i = 0; needed && i < alternative->group_count; i++) {
        if (i > 0)
            ska_buffer_format(text, "%sand ", new_line);
        ska_group_list_text(rule, &alternative->groups[i], text);
    }
    if (ska_alternative_is_limited(alternative))
        ska_buffer_text(text, new_line);
    add_time_limits(alternative, "after ", alternative->timelock > 0 ? ", for " : "for ", text);
}

void ska_rule_list_text(const struct ska_rule *rule, const char *new_line, struct ska_buffer *text)
{
    if (rule->alternative_count == 0) {
        ska_buffer_text(text, "never satisfied: nobody can do this");
        return;
    }
    if (ska_rule_is_empty(rule) && !ska_rule_has_time_limit(rule)) {
        ska_buffer_text(text, "always satisfied: no approval needed");
        return;
    }
    for (size_t i = 0; i < rule->alternative_count; i++) {
        if (i > 0)
            ska_buffer_format(text, "%sor ", new_line);
        ska_alternative_list_text(rule, &rule->alternatives[i], new_line, text);
    }
}

/* ---- How far it is satisfied ----------------------------------------------------------------- */

/* " (alternative daily, group board)" behind what was said of a group, as far as there are others.
 */
static void add_where(const struct ska_rule *rule, size_t alternative, size_t group,
                      struct ska_buffer *text)
{
    const struct ska_alternative *within = &rule->alternatives[alternative];
    bool alternatives = rule->alternative_count > 1;
    bool groups = count_groups(within) > 1;

    if (!alternatives && !groups)
        return;
    ska_buffer_text(text, " (");
    if (alternatives)
        ska_alternative_name_text(rule, within, text);
    if (alternatives && groups)
        ska_buffer_text(text, ", ");
    if (groups)
        ska_group_name_text(within, &within->groups[group], text);
    ska_buffer_text(text, ")");
}

/* How many approvals a group lacks. */
static size_t count_needed(const struct ska_group *group, const struct ska_responses *responses)
{
    size_t have = ska_group_count(group, responses->approved, responses->approved_count);

    return have < group->quorum ? group->quorum - have : 0;
}

/* Of all groups together: who gives more to one of them makes up for nothing in another. */
static void add_count(const struct ska_alternative *alternative,
                      const struct ska_responses *responses, struct ska_buffer *text)
{
    bool several = count_groups(alternative) > 1;
    uint64_t needed = 0;
    uint64_t have = 0;

    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];
        size_t count = ska_group_count(group, responses->approved, responses->approved_count);

        needed += group->quorum;
        have += group->quorum == 0 || (several && count > group->quorum) ? group->quorum : count;
    }
    ska_buffer_format(text, "%" PRIu64 " of %" PRIu64, have, needed);
}

void ska_rule_count_text(const struct ska_rule *rule, const struct ska_responses *responses,
                         struct ska_buffer *text)
{
    if (rule == NULL)
        ska_buffer_format(text, "%zu so far", responses->approved_count);
    else if (rule->alternative_count == 0)
        ska_buffer_text(text, "impossible");
    else if (ska_rule_is_empty(rule))
        ska_buffer_text(text, "none needed");
    if (rule == NULL || ska_rule_is_empty(rule))
        return;
    for (size_t i = 0; i < rule->alternative_count; i++) {
        ska_buffer_text(text, i > 0 ? " or " : "");
        add_count(&rule->alternatives[i], responses, text);
    }
}

/* Whether enough are left who have not refused. */
static bool can_be_satisfied(const struct ska_alternative *alternative,
                             const struct ska_responses *responses)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if (count_needed(&alternative->groups[i], responses) >
            count_chosen(&alternative->groups[i], responses, CHOOSE_SILENT))
            return false;
    return true;
}

static void add_needed_of_group(const struct ska_rule *rule, const struct ska_group *group,
                                const struct ska_responses *responses, struct ska_buffer *text)
{
    size_t left = count_chosen(group, responses, CHOOSE_SILENT);
    size_t needed = count_needed(group, responses);

    if (needed > 1 && needed < left)
        ska_buffer_format(text, "%zu of ", needed);
    add_chosen(rule, group, responses, CHOOSE_SILENT, NAMED_MOST, needed == 1 ? " or " : " and ",
               text);
}

void ska_rule_needed_text(const struct ska_rule *rule, const struct ska_responses *responses,
                          struct ska_buffer *text)
{
    bool found = false;

    if (rule == NULL || ska_rule_satisfied(rule, responses->approved, responses->approved_count))
        return;
    for (size_t i = 0; i < rule->alternative_count; i++) {
        const char *separator = found ? "; or else " : "";

        if (!can_be_satisfied(&rule->alternatives[i], responses))
            continue;
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++) {
            const struct ska_group *group = &rule->alternatives[i].groups[j];

            if (count_needed(group, responses) == 0)
                continue;
            ska_buffer_text(text, separator);
            add_needed_of_group(rule, group, responses, text);
            add_where(rule, i, j, text);
            separator = ", and ";
        }
        found = true;
    }
    if (!found)
        ska_buffer_text(text, "more than are left");
}

void ska_rule_left_text(const struct ska_rule *rule, const struct ska_responses *responses,
                        struct ska_buffer *text)
{
    const struct ska_approver *approver = NULL;
    struct ska_span named[NAMED_MOST];
    size_t count = 0;

    for (size_t i = 0; (approver = ska_rule_approver_at(rule, i)) != NULL; i++) {
        struct ska_span key = ska_span_of(&approver->public_key);

        if (has_answered(responses, key) || holds_key(named, count, key))
            continue;
        if (count == NAMED_MOST) {
            ska_buffer_text(text, " and others");
            return;
        }
        ska_buffer_text(text, count > 0 ? ", " : "");
        ska_approver_text(rule, approver, text);
        named[count++] = key;
    }
    if (count == 0)
        ska_buffer_text(text, "nobody");
}

void ska_rule_progress_text(const struct ska_rule *rule, const struct ska_responses *responses,
                            struct ska_buffer *text)
{
    if (rule != NULL && rule->alternative_count == 0) {
        ska_buffer_text(text, "the rule can never be satisfied");
        return;
    }
    if (rule != NULL && ska_rule_is_empty(rule)) {
        ska_buffer_text(text, "no approvals are needed");
        return;
    }
    ska_rule_count_text(rule, responses, text);
    if (rule == NULL) {
        ska_buffer_text(text, "; how many are needed is not known here");
    } else if (ska_rule_satisfied(rule, responses->approved, responses->approved_count)) {
        ska_buffer_text(text, "; no more approvals are needed");
    } else {
        ska_buffer_text(text, "; still needed: ");
        ska_rule_needed_text(rule, responses, text);
    }
}

/* ---- When approvals can be used -------------------------------------------------------------- */

void ska_alternative_window_text(const struct ska_alternative *alternative,
                                 const uint64_t *timestamp, struct ska_buffer *text)
{
    struct ska_window window = {0, UINT64_MAX};
    char opens[SKA_TIME_SHOWN_SIZE];
    char closes[SKA_TIME_SHOWN_SIZE];

    if (!ska_alternative_is_limited(alternative)) {
        ska_buffer_text(text, "at any time");
        return;
    }
    if (timestamp == NULL) {
        ska_buffer_text(text, "never: it has a time limit, and the request contains no HSM time");
        return;
    }
    window = ska_window_of(alternative, *timestamp);
    ska_buffer_format(text, "from %s", ska_time_shown(window.opens, opens));
    if (window.closes == UINT64_MAX)
        ska_buffer_text(text, " on");
    else
        ska_buffer_format(text, " until %s", ska_time_shown(window.closes, closes));
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Frees what could not be finished. */
static cJSON *finish_json(cJSON *object, bool done)
{
    if (done)
        return object;
    cJSON_Delete(object);
    return NULL;
}

static bool add_missing(const struct ska_group *group, const struct ska_responses *responses,
                        cJSON *missing)
{
    bool done = missing != NULL;

    for (size_t i = 0; done && i < group->approver_count; i++) {
        char *shown = NULL;

        if (!is_chosen(group, i, responses, CHOOSE_SILENT))
            continue;
        shown = ska_listed_approver_shown(&group->approvers[i]);
        done = shown != NULL && ska_json_add_item(missing, NULL, cJSON_CreateString(shown));
        free(shown);
    }
    return done;
}

cJSON *ska_group_to_json(const struct ska_alternative *alternative, const struct ska_group *group,
                         const struct ska_responses *responses)
{
    cJSON *object = cJSON_CreateObject();
    size_t approved = ska_group_count(group, responses->approved, responses->approved_count);

    return finish_json(
        object, object != NULL &&
                    ska_json_add_untrusted(object, "token", ska_span_of(&alternative->name)) &&
                    ska_json_add_untrusted(object, "group", ska_span_of(&group->name)) &&
                    cJSON_AddNumberToObject(object, "quorum", group->quorum) != NULL &&
                    cJSON_AddNumberToObject(object, "approved", (double)approved) != NULL &&
                    add_missing(group, responses, cJSON_AddArrayToObject(object, "missing")));
}

cJSON *ska_alternative_window_to_json(const struct ska_alternative *alternative,
                                      const uint64_t *timestamp, uint64_t now)
{
    cJSON *object = cJSON_CreateObject();
    struct ska_window window = {0, UINT64_MAX};
    bool open = true;
    char text[32];

    if (ska_alternative_is_limited(alternative) && timestamp != NULL)
        window = ska_window_of(alternative, *timestamp);
    /* A limit that has no time to start from never lets anything through. */
    open = (!ska_alternative_is_limited(alternative) || timestamp != NULL) &&
           ska_window_state(&window, now) == SKA_WINDOW_OPEN;
    return finish_json(
        object,
        object != NULL &&
            ska_json_add_untrusted(object, "token", ska_span_of(&alternative->name)) &&
            cJSON_AddBoolToObject(object, "open", open) != NULL &&
            (window.opens == 0 ||
             cJSON_AddStringToObject(object, "opens", ska_time_text(window.opens, text)) != NULL) &&
            (window.closes == UINT64_MAX ||
             cJSON_AddStringToObject(object, "closes", ska_time_text(window.closes, text)) !=
                 NULL));
}
