/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/rules.h"

#include <stdlib.h>
#include <string.h>

#include "provider/request/algorithm.h"
#include "tools/agent/tls13.h"

/* ---- The conditions -------------------------------------------------------------------------- */

static bool fail_condition(const struct ska_errors *errors, const char *condition, const char *what)
{
    char *shown = ska_printable(ska_span_text(condition), 200);

    ska_fail(errors, SKA_R_WRONG_USE, "--allow '%s': %s", shown == NULL ? "" : shown, what);
    free(shown);
    return false;
}

static bool add_key_condition(struct agent_rules *rules, const char *condition, const char *label,
                              const struct ska_errors *errors)
{
    char **longer = NULL;

    if (label[0] == 0)
        return fail_condition(errors, condition, "the label of a key is missing");
    if (rules->key_count == AGENT_CONDITIONS_MOST)
        return fail_condition(errors, condition, "one key too many");
    longer = realloc(rules->keys, (rules->key_count + 1) * sizeof(*longer));
    if (longer == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "--allow");
    rules->keys = longer;
    longer[rules->key_count] = strdup(label);
    if (longer[rules->key_count] == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "--allow");
    rules->key_count++;
    return true;
}

static bool add_payload_condition(struct agent_rules *rules, const char *condition,
                                  const char *name, const struct ska_errors *errors)
{
    if (strcmp(name, "any") == 0)
        rules->any_payload = true;
    else if (strcmp(name, "tls13-server") == 0)
        rules->tls13_server = true;
    else
        return fail_condition(errors, condition, "a payload is tls13-server or any");
    return true;
}

static bool append_uid(struct agent_rules *rules, uid_t uid, const struct ska_errors *errors)
{
    uid_t *longer = realloc(rules->uids, (rules->uid_count + 1) * sizeof(*longer));

    if (longer == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "--allow");
    rules->uids = longer;
    longer[rules->uid_count++] = uid;
    return true;
}

static bool add_uid_condition(struct agent_rules *rules, const char *condition, const char *text,
                              const struct ska_errors *errors)
{
    uint64_t uid = 0;

    /* The highest number means "none" to the kernel. */
    if (!ska_decimal_decode(text, UINT32_MAX - 1, &uid))
        return fail_condition(errors, condition,
                              "the number of a user is expected, as `id -u NAME` says");
    if (rules->uid_count == AGENT_CONDITIONS_MOST)
        return fail_condition(errors, condition, "one uid too many");
    return append_uid(rules, (uid_t)uid, errors);
}

/* Alternatives as all others: of several rates the highest is one that holds. */
static bool add_rate_condition(struct agent_rules *rules, const char *condition, const char *text,
                               const struct ska_errors *errors)
{
    const char *slash = strchr(text, '/');
    char *number = slash == NULL ? NULL : strndup(text, (size_t)(slash - text));
    uint64_t rate = 0;

    if (number == NULL || strcmp(slash, "/s") != 0 ||
        !ska_decimal_decode(number, AGENT_RATE_MOST, &rate))
        rate = 0;
    free(number);
    if (rate > rules->rate)
        rules->rate = (uint32_t)rate;
    return rate > 0 || fail_condition(errors, condition, "a rate is 1/s to 1000000/s");
}

static bool add_condition(struct agent_rules *rules, const char *condition,
                          const struct ska_errors *errors)
{
    static const struct {
        const char *prefix;
        bool (*add)(struct agent_rules *rules, const char *condition, const char *value,
                    const struct ska_errors *errors);
    } kinds[] = {{"key=", add_key_condition},
                 {"payload=", add_payload_condition},
                 {"uid=", add_uid_condition},
                 {"rate=", add_rate_condition}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t length = strlen(kinds[i].prefix);

        if (strncmp(condition, kinds[i].prefix, length) == 0)
            return kinds[i].add(rules, condition, condition + length, errors);
    }
    return fail_condition(
        errors, condition,
        "a condition is key=LABEL, payload=tls13-server, payload=any, uid=N or rate=N/s "
        "(a comma in a label is written \\,)");
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

bool agent_rules_add(struct agent_rules *rules, const char *text, const struct ska_errors *errors)
{
    char condition[AGENT_CONDITION_LIMIT + 1];
    const char *next = text;

    if (strlen(text) > AGENT_CONDITION_LIMIT)
        return ska_fail(errors, SKA_R_WRONG_USE, "--allow: longer than %zu bytes",
                        AGENT_CONDITION_LIMIT);
    for (;;) {
        next = copy_condition(next, condition);
        if (next == NULL)
            return fail_condition(errors, text, "behind a backslash comes a comma or another one");
        if (!add_condition(rules, condition, errors))
            return false;
        if (*next == 0)
            return true;
        next++;
    }
}

bool agent_rules_complete(struct agent_rules *rules, uid_t own, const struct ska_errors *errors)
{
    if (rules->key_count == 0)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "no --allow names a key: add key=LABEL for each key that the agent "
                        "approves for");
    if (!rules->any_payload && !rules->tls13_server)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "no --allow names a payload: add payload=tls13-server, or payload=any for "
                        "an agent that approves whatever it is asked");
    return rules->uid_count > 0 || append_uid(rules, own, errors);
}

void agent_rules_clear(struct agent_rules *rules)
{
    for (size_t i = 0; i < rules->key_count; i++)
        free(rules->keys[i]);
    free(rules->keys);
    free(rules->uids);
    memset(rules, 0, sizeof(*rules));
}

/* ---- Deciding -------------------------------------------------------------------------------- */

bool agent_rules_admit(const struct agent_rules *rules, const struct agent_peer *peer,
                       const struct ska_errors *errors)
{
    for (size_t i = 0; i < rules->uid_count; i++)
        if (rules->uids[i] == peer->uid)
            return true;
    return ska_fail(errors, SKA_R_DECLINED, "uid %lu may not ask this agent",
                    (unsigned long)peer->uid);
}

/*
 * The public key and the algorithm in a request are the requester's word, and a token does not tell
 * a message from a digest: what is a digest to a key of any kind is none that a message may be.
 */
static bool is_digest_in_disguise(const struct ska_request *request)
{
    static const enum ska_key_type types[] = {SKA_KEY_RSA, SKA_KEY_RSA_PSS, SKA_KEY_EC,
                                              SKA_KEY_ED25519, SKA_KEY_ED448};
    bool looks = false;

    if (request->mechanism.form == SKA_PAYLOAD_DIGEST)
        return false;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !looks; i++)
        looks = ska_payload_looks_like_digest(types[i], ska_span_of(&request->payload));
    return looks;
}

static bool allows_key(const struct agent_rules *rules, const struct ska_request *request,
                       const struct ska_errors *errors)
{
    for (size_t i = 0; i < rules->key_count; i++)
        if (strcmp(rules->keys[i], request->key_label) == 0)
            return true;
    return ska_fail(errors, SKA_R_DECLINED, "this agent does not approve for this key");
}

static bool allows_payload(const struct agent_rules *rules, const struct ska_request *request,
                           const struct ska_errors *errors)
{
    if (is_digest_in_disguise(request))
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "a message of %zu bytes that looks like a digest", request->payload.length);
    if (rules->any_payload)
        return true;
    if (request->mechanism.form == SKA_PAYLOAD_DIGEST)
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "this agent approves what a TLS 1.3 server signs, as a message and not as "
                        "a digest (ska-payload=message)");
    return (rules->tls13_server && ska_is_tls13_server_message(ska_span_of(&request->payload))) ||
           ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                    "this agent approves what a TLS 1.3 server signs and nothing else");
}

bool agent_rules_allow(const struct agent_rules *rules, const struct ska_request *request,
                       const struct ska_errors *errors)
{
    if (request->operation != SKA_OPERATION_SIGN)
        return ska_fail(errors, SKA_R_DECLINED,
                        "an agent approves signatures only, no change of a key");
    return allows_key(rules, request, errors) && allows_payload(rules, request, errors);
}

bool agent_rules_count(struct agent_rules *rules, int64_t now, const struct ska_errors *errors)
{
    const uint64_t whole = 1000;
    uint64_t most = rules->rate * whole;
    /* A second fills it. */
    uint64_t passed = !rules->bucket_used || now - rules->bucket_time >= 1000 ? 1000
                      : now > rules->bucket_time ? (uint64_t)(now - rules->bucket_time)
                                                 : 0;

    if (rules->rate == 0)
        return true;
    rules->bucket += passed * rules->rate;
    if (rules->bucket > most)
        rules->bucket = most;
    rules->bucket_time = now;
    rules->bucket_used = true;
    if (rules->bucket < whole)
        return ska_fail(errors, SKA_R_DECLINED, "more than %lu approvals in a second",
                        (unsigned long)rules->rate);
    rules->bucket -= whole;
    return true;
}

/* ---- Telling --------------------------------------------------------------------------------- */

void agent_rules_text(const struct agent_rules *rules, struct ska_buffer *text)
{
    for (size_t i = 0; i < rules->key_count; i++) {
        char *shown = ska_printable(ska_span_text(rules->keys[i]), 200);

        ska_buffer_format(text, "%s'%s'", i == 0 ? "key " : ", ", shown == NULL ? "" : shown);
        free(shown);
    }
    ska_buffer_format(text, "; payload %s;", rules->any_payload ? "any" : "tls13-server");
    for (size_t i = 0; i < rules->uid_count; i++)
        ska_buffer_format(text, "%s%lu", i == 0 ? " uid " : ", ", (unsigned long)rules->uids[i]);
    if (rules->rate > 0)
        ska_buffer_format(text, "; at most %lu/s", (unsigned long)rules->rate);
}
