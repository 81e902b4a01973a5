/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/rules_read.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/printable.h"
#include "tools/agent/rules_text.h"

static bool fail_condition(const struct ska_errors *errors, const char *condition, const char *what)
{
    char *shown = ska_printable(ska_span_text(condition), 200);

    ska_fail(errors, SKA_R_WRONG_USE, "--allow '%s': %s", shown == NULL ? "" : shown, what);
    free(shown);
    return false;
}

/* ---- The conditions -------------------------------------------------------------------------- */

/* Each fails for one that stands there already, as it would not be clear which of them holds. */

static bool fail_doubled(const struct ska_errors *errors, const char *condition)
{
    return fail_condition(errors, condition,
                          "the second of its kind in one rule; several --allow are alternatives: "
                          "write one for each");
}

static bool read_key(struct agent_rule *rule, const char *condition, const char *label,
                     const struct ska_errors *errors)
{
    if (rule->key != NULL)
        return fail_doubled(errors, condition);
    if (label[0] == 0)
        return fail_condition(errors, condition, "the label of a key is missing");
    rule->key = strdup(label);
    return rule->key != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "--allow");
}

static bool read_payload(struct agent_rule *rule, const char *condition, const char *name,
                         const struct ska_errors *errors)
{
    if (rule->payload != AGENT_PAYLOAD_NONE)
        return fail_doubled(errors, condition);
    rule->payload = agent_payload_from_name(name);
    return rule->payload != AGENT_PAYLOAD_NONE ||
           fail_condition(errors, condition, "a payload is tls13-server, tls13-client or any");
}

static bool read_uid(struct agent_rule *rule, const char *condition, const char *text,
                     const struct ska_errors *errors)
{
    uint64_t uid = 0;

    if (rule->has_uid)
        return fail_doubled(errors, condition);
    /* The highest number means "none" to the kernel. */
    if (!ska_decimal_decode(text, UINT32_MAX - 1, &uid))
        return fail_condition(errors, condition,
                              "a user's number is expected, as `id -u NAME` prints it");
    rule->has_uid = true;
    rule->uid = (uid_t)uid;
    return true;
}

static bool read_rate(struct agent_rule *rule, const char *condition, const char *text,
                      const struct ska_errors *errors)
{
    const char *slash = strchr(text, '/');
    char *number = slash == NULL ? NULL : strndup(text, (size_t)(slash - text));
    uint64_t rate = 0;

    if (number == NULL || strcmp(slash, "/s") != 0 ||
        !ska_decimal_decode(number, AGENT_RATE_MOST, &rate))
        rate = 0;
    free(number);
    if (rule->rate != 0)
        return fail_doubled(errors, condition);
    rule->rate = (uint32_t)rate;
    return rate > 0 || fail_condition(errors, condition, "a rate is 1/s to 1000000/s");
}

static bool read_condition(struct agent_rule *rule, const char *condition,
                           const struct ska_errors *errors)
{
    static const struct {
        const char *prefix;
        bool (*read)(struct agent_rule *rule, const char *condition, const char *value,
                     const struct ska_errors *errors);
    } kinds[] = {
        {"key=", read_key}, {"payload=", read_payload}, {"uid=", read_uid}, {"rate=", read_rate}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t length = strlen(kinds[i].prefix);

        if (strncmp(condition, kinds[i].prefix, length) == 0)
            return kinds[i].read(rule, condition, condition + length, errors);
    }
    return fail_condition(errors, condition,
                          "a condition is key=LABEL, payload=tls13-server, payload=tls13-client, "
                          "payload=any, uid=N or rate=N/s (a comma in a label is written \\,)");
}

/* Copies up to a comma that separates, and takes the backslashes away. NULL: one is wrong. */
static const char *copy_condition(const char *text, char *condition)
{
    for (; *text != 0 && *text != ','; text++) {
        if (*text == '\\' && *++text != ',' && *text != '\\')
            return NULL;
        *condition++ = *text;
    }
    *condition = 0;
    return text;
}

static bool read_rule(const char *text, struct agent_rule *rule, const struct ska_errors *errors)
{
    char condition[AGENT_RULE_LIMIT + 1];
    const char *next = text;

    if (strlen(text) > AGENT_RULE_LIMIT)
        return ska_fail(errors, SKA_R_WRONG_USE, "--allow: longer than %zu bytes",
                        AGENT_RULE_LIMIT);
    for (;;) {
        next = copy_condition(next, condition);
        if (next == NULL)
            return fail_condition(errors, text,
                                  "a backslash is followed by a comma or by another one");
        if (!read_condition(rule, condition, errors))
            return false;
        if (*next == 0)
            return true;
        next++;
    }
}

/* ---- Rules that lack something --------------------------------------------------------------- */

static bool is_whole(const struct agent_rule *rule)
{
    return rule->key != NULL && rule->payload != AGENT_PAYLOAD_NONE;
}

/* `rule` gets what it lacks from `other`. The key stays with its owner. */
static void fill_in(struct agent_rule *rule, const struct agent_rule *other)
{
    if (rule->key == NULL)
        rule->key = other->key;
    if (rule->payload == AGENT_PAYLOAD_NONE)
        rule->payload = other->payload;
    if (!rule->has_uid) {
        rule->has_uid = other->has_uid;
        rule->uid = other->uid;
    }
    if (rule->rate == 0)
        rule->rate = other->rate;
}

/*
 * What would be whole: parts that stand in several --allow, as agents of old pooled them, are one
 * rule for each key; what is nowhere is what allows least.
 */
static void add_suggestion(const struct agent_rules *rules, struct ska_buffer *text)
{
    char label[] = "LABEL";
    const struct agent_rule last = {.key = label, .payload = AGENT_PAYLOAD_TLS13_SERVER};
    struct agent_rule parts = {0}; /* of all that have no key */
    bool any = false;

    for (size_t i = 0; i < rules->count; i++)
        if (rules->rules[i].key == NULL)
            fill_in(&parts, &rules->rules[i]);
    for (size_t i = 0; i < rules->count; i++) {
        struct agent_rule whole = rules->rules[i];

        if (whole.key == NULL || is_whole(&whole))
            continue;
        fill_in(&whole, &parts);
        fill_in(&whole, &last);
        agent_rule_option(&whole, text);
        any = true;
    }
    if (!any) {
        fill_in(&parts, &last);
        agent_rule_option(&parts, text);
    }
}

static bool check_whole(const struct agent_rules *rules, const char *const *texts,
                        const struct ska_errors *errors)
{
    struct ska_buffer what = {0};
    struct ska_buffer instead = {0};
    size_t i = 0;

    while (i < rules->count && is_whole(&rules->rules[i]))
        i++;
    if (i == rules->count)
        return true;
    ska_buffer_format(&what,
                      "this names no %s, and each --allow is one rule, which names a key and a "
                      "payload; write",
                      rules->rules[i].key == NULL ? "key" : "payload");
    add_suggestion(rules, &instead);
    ska_buffer_printable(&what, ska_span_text(ska_buffer_string(&instead)), AGENT_RULE_LIMIT);
    fail_condition(errors, texts[i], ska_buffer_string(&what));
    ska_buffer_free(&instead);
    ska_buffer_free(&what);
    return false;
}

/* ---- All of them ----------------------------------------------------------------------------- */

bool agent_rules_read(const char *const *texts, size_t count, uid_t own, struct agent_rules *rules,
                      const struct ska_errors *errors)
{
    rules->rules = calloc(count > 0 ? count : 1, sizeof(*rules->rules));
    if (rules->rules == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "--allow");
    for (; rules->count < count; rules->count++) {
        /* Counted when it has failed, too, so that it is cleared. */
        struct agent_rule *rule = &rules->rules[rules->count];

        if (!read_rule(texts[rules->count], rule, errors)) {
            rules->count++;
            return false;
        }
    }
    if (!check_whole(rules, texts, errors))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!rules->rules[i].has_uid)
            rules->rules[i].uid = own;
    return true;
}
