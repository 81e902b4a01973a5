/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/people.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/request/request.h"
#include "tools/show/foreign.h"

#define HASH_SHOWN 8
/* Among more approvers nobody looks for namesakes: each is told by the key. */
#define FEW_APPROVERS 64

static void add_name(const char *name, struct ska_buffer *text)
{
    char *shown = name == NULL ? NULL : foreign_name(ska_span_text(name));

    if (shown == NULL)
        text->failed = true;
    else
        ska_buffer_text(text, shown);
    free(shown);
}

/* Whether the group has somebody else of this name. */
static bool has_namesake(const struct ska_group *group, const struct ska_approver *approver,
                         const char *name)
{
    bool found = false;

    for (size_t i = 0; i < group->approver_count && !found; i++) {
        const struct ska_approver *other = &group->approvers[i];
        char *shown = NULL;

        if (ska_span_equal(ska_span_of(&other->public_key), ska_span_of(&approver->public_key)))
            continue;
        shown = ska_listed_approver_shown(other);
        found = shown != NULL && strcmp(shown, name) == 0;
        free(shown);
    }
    return found;
}

/* Nothing of ours is configured in libcrypto's default context, see main(). */
static void add_key(struct ska_span key, struct ska_buffer *text)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t length = 0;

    if (EVP_Q_digest(NULL, "SHA256", NULL, key.data, key.length, hash, &length) != 1) {
        text->failed = true;
        return;
    }
    ska_buffer_text(text, " (key ");
    ska_buffer_hex(text, ska_span(hash, HASH_SHOWN));
    ska_buffer_text(text, ")");
}

static size_t count_approvers(const struct ska_rule *rule)
{
    size_t count = 0;

    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++)
            count += rule->alternatives[i].groups[j].approver_count;
    return count;
}

void people_name(const struct ska_rule *rule, const struct ska_approver *approver,
                 struct ska_buffer *text)
{
    char *name = ska_listed_approver_shown(approver);
    bool namesake = rule != NULL && count_approvers(rule) > FEW_APPROVERS;

    for (size_t i = 0; name != NULL && rule != NULL && i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count && !namesake; j++)
            namesake = has_namesake(&rule->alternatives[i].groups[j], approver, name);
    add_name(name, text);
    if (namesake)
        add_key(ska_span_of(&approver->public_key), text);
    free(name);
}

void people_list(const struct people_choice *choice, const char *conjunction,
                 struct ska_buffer *text)
{
    size_t shown = choice->most > 0 && choice->count > choice->most ? choice->most : choice->count;

    for (size_t i = 0; i < shown; i++) {
        if (i > 0 && i + 1 == choice->count)
            ska_buffer_format(text, " %s ", conjunction);
        else if (i > 0)
            ska_buffer_text(text, ", ");
        people_name(choice->rule, &choice->group->approvers[choice->places[i]], text);
    }
    if (shown < choice->count)
        ska_buffer_format(text, " %s %zu more", conjunction, choice->count - shown);
}

bool people_is_first(const struct ska_group *group, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (ska_span_equal(ska_span_of(&group->approvers[i].public_key),
                           ska_span_of(&group->approvers[place].public_key)))
            return false;
    return true;
}

void people_group_name(const struct ska_group *group, size_t place, struct ska_buffer *text)
{
    char *name = NULL;

    if (group->name.length == 0) {
        ska_buffer_format(text, "group %zu", place + 1);
        return;
    }
    name = foreign_name(ska_span_of(&group->name));
    ska_buffer_format(text, "group %s", name == NULL ? "?" : name);
    free(name);
}

#define EVERYONE_MOST 5
struct everyone {
    const struct ska_approver *named[EVERYONE_MOST];
    size_t count;
    bool others;
};

static void add_to_everyone(struct everyone *everyone, const struct ska_approver *approver)
{
    for (size_t i = 0; i < everyone->count; i++)
        if (ska_span_equal(ska_span_of(&everyone->named[i]->public_key),
                           ska_span_of(&approver->public_key)))
            return;
    if (everyone->count == EVERYONE_MOST)
        everyone->others = true;
    else
        everyone->named[everyone->count++] = approver;
}

void people_everyone(const struct ska_rule *rule, struct ska_buffer *text)
{
    struct everyone everyone = {.count = 0};

    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++)
            for (size_t k = 0; k < rule->alternatives[i].groups[j].approver_count; k++)
                add_to_everyone(&everyone, &rule->alternatives[i].groups[j].approvers[k]);
    for (size_t i = 0; i < everyone.count; i++) {
        ska_buffer_text(text, i == 0 ? "" : ", ");
        people_name(rule, everyone.named[i], text);
    }
    if (everyone.count == 0)
        ska_buffer_text(text, "nobody");
    else if (everyone.others)
        ska_buffer_text(text, " and others");
}

/* Everybody, each once. NULL: out of memory. */
static size_t *everybody(const struct ska_group *group, size_t *count)
{
    size_t *places = calloc(group->approver_count + 1, sizeof(*places));

    *count = 0;
    for (size_t i = 0; places != NULL && i < group->approver_count; i++)
        if (people_is_first(group, i))
            places[(*count)++] = i;
    return places;
}

void people_group(const struct ska_rule *rule, const struct ska_group *group, size_t most,
                  struct ska_buffer *text)
{
    struct people_choice choice = {.rule = rule, .group = group, .most = most};
    size_t *places = everybody(group, &choice.count);

    choice.places = places;
    if (places == NULL)
        text->failed = true;
    else if (group->quorum > choice.count)
        ska_buffer_format(text,
                          "%" PRIu32 " must approve, but only %zu are listed: ", group->quorum,
                          choice.count);
    else if (choice.count == 1)
        ska_buffer_text(text, "one person must approve: ");
    else if (group->quorum == choice.count)
        ska_buffer_format(text, "all of these %zu must approve: ", choice.count);
    else if (group->quorum == 1)
        ska_buffer_format(text, "any one of these %zu is enough: ", choice.count);
    else
        ska_buffer_format(text, "%" PRIu32 " of these %zu must approve: ", group->quorum,
                          choice.count);
    if (places != NULL)
        people_list(&choice, group->quorum == 1 ? "or" : "and", text);
    free(places);
}

void people_token(const struct ska_rule *rule, const struct ska_alternative *alternative,
                  size_t most, struct ska_buffer *text)
{
    bool any = false;

    for (size_t i = 0; i < alternative->group_count; i++) {
        if (alternative->groups[i].quorum == 0)
            continue;
        if (any)
            ska_buffer_text(text, "; and also ");
        if (alternative->group_count > 1) {
            people_group_name(&alternative->groups[i], i, text);
            ska_buffer_text(text, ": ");
        }
        people_group(rule, &alternative->groups[i], most, text);
        any = true;
    }
    if (!any)
        ska_buffer_text(text, "no approval is needed");
}
