/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/briefing_keys.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/printable.h"
#include "tools/show/text.h"

/* So many names are in one warning; the keys themselves are all above it. */
#define NAMED_MOST 20

/* ---- All that is known of one name ----------------------------------------------------------- */

/* Names in a warning: "alice, bob and 3 more". */
struct name_list {
    struct ska_buffer text;
    size_t count;
};

static void list_name(struct name_list *list, const char *name)
{
    if (list->count++ >= NAMED_MOST)
        return;
    ska_buffer_text(&list->text, list->count > 1 ? ", " : "");
    ska_buffer_quoted(&list->text, ska_span_text(name), SKA_NAME_SHOWN);
}

/* NULL for an empty list. */
static const char *name_list_words(struct page *page, struct name_list *list)
{
    if (list->count == 0)
        return NULL;
    if (list->count > NAMED_MOST)
        ska_buffer_format(&list->text, " and %zu more", list->count - NAMED_MOST);
    return page_words(page, &list->text);
}

/* The entries of one name in a sorted list. */
struct group {
    const struct named_key *list;
    size_t count;
};

/* What this user has approved has been looked at; what was seen before that counts no more. */
static uint64_t accepted_at(const struct group *group)
{
    uint64_t latest = 0;

    for (size_t i = 0; i < group->count; i++)
        if (group->list[i].origin == NAMED_KEY_ACCEPTED && group->list[i].seconds > latest)
            latest = group->list[i].seconds;
    return latest;
}

/* Of entries since then that came from one of two origins. */
struct keys_found {
    const char *one;   /* SHA-256; NULL: there is none */
    const char *other; /* another one; NULL: all are the same */
    uint64_t seconds;  /* of the latest entry */
};

static struct keys_found find_keys(const struct group *group, enum named_key_origin first,
                                   enum named_key_origin last, uint64_t since)
{
    struct keys_found found = {NULL, NULL, 0};

    for (size_t i = 0; i < group->count; i++) {
        const struct named_key *entry = &group->list[i];

        /* What else that request said, of the rules before it, is over as well. */
        if (entry->origin < first || entry->origin > last || entry->seconds < since ||
            (entry->origin == NAMED_KEY_SEEN && entry->seconds == since))
            continue;
        if (found.one == NULL)
            found.one = entry->sha256;
        else if (strcmp(found.one, entry->sha256) != 0)
            found.other = entry->sha256;
        if (entry->seconds > found.seconds)
            found.seconds = entry->seconds;
    }
    return found;
}

static bool has_another(const struct keys_found *found, const char *sha256)
{
    return found->one != NULL && (found->other != NULL || strcmp(found->one, sha256) != 0);
}

/* ---- One key --------------------------------------------------------------------------------- */

static void say_digits(struct page *page, const char *sha256)
{
    struct ska_bytes digest = {NULL, 0};

    if (ska_hex_decode(sha256, &digest))
        page_digits(page, ska_span_of(&digest));
    else
        page_fail(page);
    ska_bytes_free(&digest);
}

/* When the key was seen first under this name; UINT64_MAX: never. */
static uint64_t first_seen(const struct group *group, const char *sha256)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < group->count; i++)
        if (group->list[i].origin >= NAMED_KEY_SEEN && group->list[i].seconds < first &&
            strcmp(group->list[i].sha256, sha256) == 0)
            first = group->list[i].seconds;
    return first;
}

/* What can be said of the key besides its name; harmless. */
static const char *note_on(const struct briefing_keys *keys, const struct group *group,
                           const char *sha256, const char *own_sha256, struct page *page)
{
    struct ska_buffer note = {0};
    char time[TEXT_TIME_SIZE];
    uint64_t first = first_seen(group, sha256);

    if (strcmp(sha256, own_sha256) == 0)
        return ", which is your own key";
    if (keys->history == NULL || keys->history->requests == 0)
        return "";
    if (first == UINT64_MAX)
        return ", which you have not seen before";
    ska_buffer_format(&note, ", which you saw first at %s", text_time(first, time));
    return page_words(page, &note);
}

/* ---- All of them ----------------------------------------------------------------------------- */

struct findings {
    struct name_list another; /* than in the rules of now */
    struct name_list doubled; /* in the new ones */
    struct name_list before;  /* another than in earlier requests */
    uint64_t before_at;       /* the latest of those */
};

static void list_findings(struct findings *findings, const char *name, bool another, bool doubled,
                          bool before)
{
    if (another)
        list_name(&findings->another, name);
    if (doubled)
        list_name(&findings->doubled, name);
    if (before)
        list_name(&findings->before, name);
}

/* Every key that the new rules have under this name. */
static void say_group(const struct briefing_keys *keys, const struct group *group,
                      const char *own_sha256, struct findings *findings, struct page *page)
{
    const struct keys_found fresh = find_keys(group, NAMED_KEY_NEW, NAMED_KEY_NEW, 0);
    const struct keys_found now = find_keys(group, NAMED_KEY_NOW, NAMED_KEY_NOW, 0);
    const struct keys_found seen =
        find_keys(group, NAMED_KEY_SEEN, NAMED_KEY_ACCEPTED, accepted_at(group));
    bool another = false;
    bool before = false;

    for (size_t i = 0; i < group->count; i++) {
        const struct named_key *entry = &group->list[i];

        if (entry->origin != NAMED_KEY_NEW)
            continue;
        page_item(page, "%s has this key%s:", page_quoted_name(page, ska_span_text(entry->name)),
                  note_on(keys, group, entry->sha256, own_sha256, page));
        say_digits(page, entry->sha256);
        another = another || has_another(&now, entry->sha256);
        before = before || has_another(&seen, entry->sha256);
    }
    if (before && seen.seconds > findings->before_at)
        findings->before_at = seen.seconds;
    list_findings(findings, group->list[0].name, another, fresh.other != NULL, before);
}

static void say_findings(struct findings *findings, struct page *page)
{
    const char *another = name_list_words(page, &findings->another);
    const char *doubled = name_list_words(page, &findings->doubled);
    const char *before = name_list_words(page, &findings->before);
    char time[TEXT_TIME_SIZE];

    if (another != NULL)
        page_warning(page,
                     "gets ANOTHER KEY: %s. The holder of that key can approve in this name. Ask "
                     "the person.",
                     another);
    if (doubled != NULL)
        page_warning(
            page,
            "one name, SEVERAL KEYS: %s. The holder of each of them can approve in this name.",
            doubled);
    if (before != NULL)
        page_warning(page, "had ANOTHER KEY in an earlier request, last at %s: %s. Ask the person.",
                     text_time(findings->before_at, time), before);
}

static void say_history(const struct briefing_keys *keys, struct page *page)
{
    char sha256[NAMED_KEY_HASH_SIZE];
    char time[TEXT_TIME_SIZE];

    if (keys->history == NULL) {
        page_warning(page, "what you have seen earlier cannot be read, so these keys could not be "
                           "compared with it.");
        return;
    }
    if (keys->history->broken > 0)
        page_warning(page,
                     "lines of what you have seen earlier cannot be read (%zu): these keys "
                     "could not be compared with them.",
                     keys->history->broken);
    if (keys->history->requests == 0) {
        page_paragraph(page, "You have answered no earlier request for this key on this computer: "
                             "nothing is known of these people's keys.");
        return;
    }
    /* A broker does not tell approvers which key it is, then or now. */
    if (keys->history->key_sha256[0] == 0 || keys->request->public_key.length == 0)
        page_paragraph(page, "Whether this is the key that you answered for before cannot be said: "
                             "the requests do not all show which key it is.");
    else if (!named_key_hash(keys->libctx, ska_span_of(&keys->request->public_key), sha256))
        page_fail(page);
    else if (strcmp(sha256, keys->history->key_sha256) != 0)
        page_warning(page,
                     "the request shows another key of this name, not the one that you answered "
                     "for at %s.",
                     text_time(keys->history->key_seconds, time));
}

static bool collect_keys(const struct briefing_keys *keys, struct named_keys *all)
{
    bool done = true;

    for (int i = 0; done && i < SKA_RULE_COUNT; i++)
        done = named_keys_add_rule(all, keys->libctx, keys->fresh[i], NAMED_KEY_NEW) &&
               named_keys_add_rule(all, keys->libctx, keys->now[i], NAMED_KEY_NOW);
    for (size_t i = 0; done && keys->history != NULL && i < keys->history->approvers.count; i++) {
        const struct named_key *seen = &keys->history->approvers.list[i];

        done = named_keys_add(all, seen->name, seen->sha256, seen->origin, seen->seconds);
    }
    named_keys_sort(all);
    return done;
}

static bool has_new(const struct group *group)
{
    return find_keys(group, NAMED_KEY_NEW, NAMED_KEY_NEW, 0).one != NULL;
}

void briefing_keys(const struct briefing_keys *keys, struct page *page)
{
    struct named_keys all = {NULL, 0};
    struct findings findings = {0};
    char own_sha256[NAMED_KEY_HASH_SIZE] = "";
    struct group group = {NULL, 0};

    page_heading(page, "Who could approve then, and with which key");
    page_paragraph(page, "The holder of each key below can approve in the name next to it. Ask "
                         "these people themselves whether the digits are those of their keys.");
    if (!collect_keys(keys, &all) ||
        (keys->own_key.length > 0 && !named_key_hash(keys->libctx, keys->own_key, own_sha256)))
        page_fail(page);
    for (size_t at = 0; !page->text.failed && at < all.count; at += group.count) {
        group = (struct group){all.list + at, named_keys_group(&all, at)};
        if (has_new(&group))
            say_group(keys, &group, own_sha256, &findings, page);
    }
    say_findings(&findings, page);
    say_history(keys, page);
    named_keys_clear(&all);
    ska_buffer_free(&findings.another.text);
    ska_buffer_free(&findings.doubled.text);
    ska_buffer_free(&findings.before.text);
}
