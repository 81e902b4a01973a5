/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modification changes: for each rule how it is now, which is the HSM's word if it could be
 * asked and else only a broker's or the requester's, how it would be, which the HSM would enforce,
 * and what becomes easier by it. What is warned of by comparing with such a word a liar can switch
 * off; so the new rules are also looked at alone, and beside what whoever reads this knows himself.
 */
#include "tools/show/briefing_change.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/printable.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "tools/approver.h"
#include "tools/show/briefing_keys.h"
#include "tools/show/briefing_names.h"
#include "tools/show/modification.h"
#include "tools/show/rule_compare.h"

static const char *const actions[] = {
    [SKA_RULE_USE] = "to sign with the key",
    [SKA_RULE_BLOCK] = "to block the key",
    [SKA_RULE_UNBLOCK] = "to unblock the key",
    [SKA_RULE_MODIFY] = "to change these rules",
};

/* Who says how a rule is now. Only the device, which is the HSM, is to be believed. */
enum speaker { SPEAKER_REQUESTER, SPEAKER_BROKER, SPEAKER_DEVICE };
static const struct {
    const char *name;
    const char *says;
    const char *silent;
    const char *word; /* behind "nobody has confirmed what" */
} speakers[] = {[SPEAKER_REQUESTER] = {"the requester", "now, the requester says",
                                       "the requester does not say", "they say"},
                [SPEAKER_BROKER] = {"the broker", "now, the broker says, unconfirmed",
                                    "the broker does not say", "it says"},
                [SPEAKER_DEVICE] = {"the device", "now, the device says", "the device does not say",
                                    "it says"}};

struct change {
    OSSL_LIB_CTX *libctx;
    const struct ska_request *request;
    const struct change_witness *witness;
    struct modification modification;
    const struct ska_rule *now[SKA_RULE_COUNT]; /* NULL: not known */
    enum speaker speaker[SKA_RULE_COUNT];       /* of it */
    bool approving;
};

/* The device's silence is its word, too; anybody else's hides nothing that another one says. */
static void find_now(struct change *change, int kind)
{
    const struct key_rules *rules = change->witness->rules;
    const struct ska_request *request = change->request;

    change->speaker[kind] = key_rules_are_certain(rules)                ? SPEAKER_DEVICE
                            : rules->told && rules->known[kind] != NULL ? SPEAKER_BROKER
                                                                        : SPEAKER_REQUESTER;
    if (change->speaker[kind] != SPEAKER_REQUESTER)
        change->now[kind] = rules->known[kind];
    else
        change->now[kind] = request->has_rule[kind] ? &request->rules[kind] : NULL;
}

static void say_rule(struct page *page, const char *when, const struct ska_rule *rule)
{
    struct ska_buffer words = {0};

    ska_rule_text(rule, 0, &words);
    page_item(page, "%s: %s.", when, page_words(page, &words));
}

/* ---- Compared with the rule of now ----------------------------------------------------------- */

static void say_differences(enum speaker speaker, const struct rule_changes *changes,
                            struct page *page)
{
    bool silent = changes->gone.length == 0 && changes->joining.length == 0;

    for (size_t i = 0; i < changes->count; i++)
        silent = silent && changes->list[i].warning.length == 0;
    if (speaker != SPEAKER_DEVICE && silent)
        page_item(page,
                  "Compared with what %s says of now, nothing gets easier. But nobody has "
                  "confirmed what %s.",
                  speakers[speaker].name, speakers[speaker].word);
    else if (speaker != SPEAKER_DEVICE)
        page_item(page, "Compared with what %s says of now, which nobody has confirmed:",
                  speakers[speaker].name);
    for (size_t i = 0; i < changes->count; i++)
        if (changes->list[i].warning.length > 0)
            page_warning(page, "%s", page_words(page, &changes->list[i].warning));
}

static void say_comparison(const struct change *change, int kind, const struct ska_rule *after,
                           struct page *page)
{
    struct rule_changes changes;

    if (!rule_compare(change->libctx, change->now[kind], after, &changes)) {
        page_fail(page);
        return;
    }
    say_differences(change->speaker[kind], &changes, page);
    if (changes.gone.length > 0)
        page_warning(page, "can no longer approve: %s.", page_words(page, &changes.gone));
    if (changes.joining.length > 0)
        page_item(page, "NEW, can approve from then on: %s.", page_words(page, &changes.joining));
    rule_changes_clear(&changes);
}

/* The requester's word, where another's is known. */
static void check_requester(const struct change *change, int kind, struct page *page)
{
    struct rule_changes changes;

    if (change->speaker[kind] == SPEAKER_REQUESTER || !change->request->has_rule[kind] ||
        change->now[kind] == NULL)
        return;
    if (!rule_compare(change->libctx, &change->request->rules[kind], change->now[kind], &changes)) {
        page_fail(page);
        return;
    }
    if (changes.count > 0)
        page_warning(page, "the requester says something else of this rule than %s.",
                     speakers[change->speaker[kind]].name);
    rule_changes_clear(&changes);
}

/* ---- Beside one's own key -------------------------------------------------------------------- */

static bool is_own_name(const struct change_witness *witness, const char *listed, const char *name,
                        const char *own_sha256)
{
    const struct history *history = witness->history;

    if (listed != NULL && strcmp(listed, name) == 0)
        return true;
    for (size_t i = 0; history != NULL && i < history->approvers.count; i++)
        if (strcmp(history->approvers.list[i].sha256, own_sha256) == 0 &&
            strcmp(history->approvers.list[i].name, name) == 0)
            return true;
    return false;
}

/* Somebody else's key under one's own name, which is appended. False: out of memory. */
static bool find_namesake(const struct change *change, const struct ska_rule *rule,
                          struct ska_buffer *name)
{
    const struct change_witness *witness = change->witness;
    char *listed = witness->listed == NULL ? NULL : ska_listed_approver_shown(witness->listed);
    const struct ska_approver *other = NULL;
    char own_sha256[NAMED_KEY_HASH_SIZE];
    bool done = (witness->listed == NULL || listed != NULL) &&
                named_key_hash(change->libctx, witness->own_key, own_sha256);

    for (size_t i = 0; done && name->length == 0 && (other = ska_rule_approver_at(rule, i)) != NULL;
         i++) {
        char *shown = ska_listed_approver_shown(other);

        done = shown != NULL;
        if (done && !ska_span_equal(ska_span_of(&other->public_key), witness->own_key) &&
            is_own_name(witness, listed, shown, own_sha256))
            ska_listed_approver_name_text(other, name);
        free(shown);
    }
    free(listed);
    return done && !name->failed;
}

static void say_not_in_it(const struct change *change, int kind, const char *namesake,
                          struct page *page)
{
    /* Only of the HSM's word is it certain that nothing is taken away. */
    bool never_was =
        change->speaker[kind] == SPEAKER_DEVICE && change->now[kind] != NULL &&
        approver_find_listed(change->libctx, change->now[kind], change->witness->own_key) == NULL;

    if (namesake[0] != 0)
        page_warning(page, "your key is NOT in it; ANOTHER KEY has your name, %s.", namesake);
    else if (never_was)
        page_item(page, "Your key is not in it, and was not before.");
    else
        page_warning(page, "your key is NOT in it: your approval would not count here any more.");
}

static void say_own_key(const struct change *change, int kind, const struct ska_rule *rule,
                        struct page *page)
{
    const struct ska_approver *own =
        approver_find_listed(change->libctx, rule, change->witness->own_key);
    struct ska_buffer name = {0};
    struct ska_buffer namesake = {0};

    if (rule->alternative_count == 0 || ska_rule_is_empty(rule))
        return; /* it lists nobody, or nobody is needed */
    if (!find_namesake(change, rule, &namesake))
        page_fail(page);
    if (own == NULL) {
        say_not_in_it(change, kind, page_words(page, &namesake), page);
        return;
    }
    ska_approver_text(rule, own, &name);
    page_item(page, "Your key is in it as %s.", page_words(page, &name));
    if (namesake.length > 0)
        page_warning(page, "ANOTHER KEY has your name, too: %s.", page_words(page, &namesake));
    ska_buffer_free(&namesake);
}

/* ---- By itself ------------------------------------------------------------------------------- */

/* Whether it lists enough people in each group. */
static bool can_be_satisfied(const struct ska_alternative *alternative)
{
    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];
        size_t people = 0;

        for (size_t j = 0; j < group->approver_count && people < group->quorum; j++)
            people += ska_group_is_first(group, j);
        if (people < group->quorum)
            return false;
    }
    return true;
}

/* The fewest people who can satisfy the rule, as far as that is certain: of one group, its quorum;
 * of several at least the greatest. 0 for a rule that needs nobody, SIZE_MAX for one that nobody
 * can satisfy. */
static size_t fewest(const struct ska_rule *rule)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < rule->alternative_count; i++) {
        size_t most = 0;

        if (!can_be_satisfied(&rule->alternatives[i]))
            continue;
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++)
            if (rule->alternatives[i].groups[j].quorum > most)
                most = rule->alternatives[i].groups[j].quorum;
        if (most < least)
            least = most;
    }
    return least;
}

static void warn_of_rule(struct page *page, int kind, const struct ska_rule *rule)
{
    const char *for_ever = kind == SKA_RULE_MODIFY ? ", and that can never be changed again" : "";
    size_t impossible = 0;

    for (size_t i = 0; i < rule->alternative_count; i++)
        impossible += !can_be_satisfied(&rule->alternatives[i]);
    if (rule->alternative_count == 0)
        page_warning(page, "nobody can do this any more%s.", for_ever);
    else if (impossible == rule->alternative_count)
        page_warning(page,
                     "it asks for more approvals than there are approvers: nobody can do this any "
                     "more%s.",
                     for_ever);
    else if (impossible > 0)
        page_warning(
            page,
            "%zu of its %zu alternatives can never be satisfied: they ask for more approvals "
            "than there are approvers.",
            impossible, rule->alternative_count);
    if (fewest(rule) == 0)
        page_warning(page, "no approval is needed any more: anyone with the PIN can do it.");
    else if (fewest(rule) == 1)
        page_warning(page, "one person alone may be enough.");
}

/* ---- All rules ------------------------------------------------------------------------------- */

static void say_changed(const struct change *change, int kind, struct page *page)
{
    const struct ska_rule *rule = change->modification.known[kind];
    enum speaker speaker = change->speaker[kind];

    page_paragraph(page, "Who must agree %s:", actions[kind]);
    if (rule == NULL) {
        page_warning(page, "the new rule is not understood by this version of skatool: nobody can "
                           "see what would be approved.");
        if (change->approving)
            page_fail(page);
        return;
    }
    if (change->now[kind] == NULL)
        page_item(page, "now: %s.", speakers[speaker].silent);
    else
        say_rule(page, speakers[speaker].says, change->now[kind]);
    say_rule(page, "then", rule);
    if (change->now[kind] != NULL)
        say_comparison(change, kind, rule, page);
    check_requester(change, kind, page);
    say_own_key(change, kind, rule, page);
    warn_of_rule(page, kind, rule);
    briefing_warn_of_titles(rule, page);
    briefing_warn_of_approvers(rule, page);
}

/* It could be asked here, but it is not the device. */
static void say_broker_asked(const struct key_rules *rules, struct page *page)
{
    page_paragraph(page, "A broker was asked what holds now. It is not the device that holds the "
                         "keys, and nobody has confirmed what it says.");
    if (rules->other_key)
        page_warning(page, "the broker has a different key with this name than the request shows.");
}

/* Where nobody else was asked. Who asks a broker cannot say it. */
static const char *whose_alone(const struct change *change)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (change->request->has_rule[i])
            return "known only from the requester";
    return "not known";
}

static void say_whose_word(const struct change *change, struct page *page)
{
    const struct key_rules *rules = change->witness->rules;

    if (!rules->told && rules->why_not == NULL) {
        page_paragraph(page,
                       "What holds now is %s: this computer is not set up to ask the device that "
                       "holds the keys.",
                       whose_alone(change));
        return;
    }
    if (!rules->told) {
        page_paragraph(page,
                       "What holds now is %s: the device that holds the keys could not be asked, "
                       "because:",
                       whose_alone(change));
        page_quote(page, ska_span_text(rules->why_not), SIZE_MAX);
        return;
    }
    if (!key_rules_are_certain(rules)) {
        say_broker_asked(rules, page);
        return;
    }
    page_paragraph(page, "The device that holds the keys was asked what holds now.");
    if (rules->other_key)
        page_warning(page, "the device has a different key with this name than the request shows.");
}

static void say_all(const struct change *change, struct page *page)
{
    page_paragraph(page, "The rules that say who must agree to what is done with the key.");
    say_whose_word(change, page);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (change->modification.named.rules[i].data != NULL)
            say_changed(change, i, page);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (change->modification.named.rules[i].data == NULL)
            page_paragraph(page, "Who must agree %s: stays as it is.", actions[i]);
}

static void say_keys(const struct change *change, struct page *page)
{
    const struct briefing_keys keys = {.libctx = change->libctx,
                                       .request = change->request,
                                       .fresh = change->modification.known,
                                       .now = change->now,
                                       .own_key = change->witness->own_key,
                                       .history = change->witness->history};

    briefing_keys(&keys, page);
}

void briefing_change(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                     const struct change_witness *witness, bool approving, struct page *page)
{
    struct change change = {
        .libctx = libctx, .request = request, .witness = witness, .approving = approving};

    page_heading(page, "What will change");
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        find_now(&change, i);
    if (!modification_read(request, &change.modification, NULL)) {
        page_fail(page);
    } else if (!change.modification.readable) {
        page_warning(page, "the change is not understood by this version of skatool.");
        if (approving)
            page_fail(page);
    } else {
        say_all(&change, page);
        say_keys(&change, page);
    }
    modification_clear(&change.modification);
}
