/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/rules.h"

#include <stdlib.h>
#include <string.h>

#include "provider/request/algorithm.h"
#include "tools/agent/tls13.h"

/* ---- One rule -------------------------------------------------------------------------------- */

static bool rule_admits(const struct agent_rule *rule, const struct agent_peer *peer)
{
    return rule->uid == peer->uid;
}

static bool rule_names_key(const struct agent_rule *rule, const struct ska_request *request)
{
    return rule->key != NULL && strcmp(rule->key, request->key_label) == 0;
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

static bool rule_takes_payload(const struct agent_rule *rule, const struct ska_request *request)
{
    struct ska_span payload = ska_span_of(&request->payload);

    switch (rule->payload) {
    case AGENT_PAYLOAD_ANY:
        return true;
    case AGENT_PAYLOAD_TLS13_SERVER:
        return ska_is_tls13_mechanism(&request->mechanism) &&
               ska_is_tls13_message(SKA_TLS13_SERVER, payload);
    case AGENT_PAYLOAD_TLS13_CLIENT:
        return ska_is_tls13_mechanism(&request->mechanism) &&
               ska_is_tls13_message(SKA_TLS13_CLIENT, payload);
    case AGENT_PAYLOAD_NONE:
        break;
    }
    return false;
}

/* All conditions but the rate. */
static bool rule_allows(const struct agent_rule *rule, const struct agent_peer *peer,
                        const struct ska_request *request)
{
    return request->operation == SKA_OPERATION_SIGN && !is_digest_in_disguise(request) &&
           rule_admits(rule, peer) && rule_names_key(rule, request) &&
           rule_takes_payload(rule, request);
}

/* Takes one approval out of the bucket, if there is one. */
static bool rule_counts(struct agent_rule *rule, int64_t now)
{
    const uint64_t whole = 1000;
    uint64_t most = rule->rate * whole;
    /* A second fills it. */
    uint64_t passed = !rule->bucket_used || now - rule->bucket_time >= 1000 ? 1000
                      : now > rule->bucket_time ? (uint64_t)(now - rule->bucket_time)
                                                : 0;

    if (rule->rate == 0)
        return true;
    rule->bucket += passed * rule->rate;
    if (rule->bucket > most)
        rule->bucket = most;
    rule->bucket_time = now;
    rule->bucket_used = true;
    if (rule->bucket < whole)
        return false;
    rule->bucket -= whole;
    return true;
}

/* ---- Why not --------------------------------------------------------------------------------- */

static bool fail_key(const struct agent_rules *rules, const struct agent_peer *peer,
                     const struct ska_request *request, const struct ska_errors *errors)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rule_names_key(&rules->rules[i], request))
            return ska_fail(errors, SKA_R_DECLINED,
                            "this agent does not approve for this key when uid %lu asks",
                            (unsigned long)peer->uid);
    return ska_fail(errors, SKA_R_DECLINED, "this agent does not approve for this key");
}

/* What the rules for this user and key take; there is one, and it is not AGENT_PAYLOAD_ANY. */
static bool fail_payload(bool server, bool client, const struct ska_request *request,
                         const struct ska_errors *errors)
{
    const char *who = !client ? "server" : !server ? "client" : "server or client";
    const char *algorithm = ska_algorithm_name(&request->mechanism);
    struct ska_span payload = ska_span_of(&request->payload);

    if (request->mechanism.form == SKA_PAYLOAD_DIGEST)
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "this agent approves what a TLS 1.3 %s signs, as a message and not as a "
                        "digest (ska-payload=message)",
                        who);
    if ((server && ska_is_tls13_message(SKA_TLS13_SERVER, payload)) ||
        (client && ska_is_tls13_message(SKA_TLS13_CLIENT, payload)))
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "this agent approves what a TLS 1.3 %s signs, and TLS 1.3 does not sign "
                        "with %s as the request says it",
                        who, algorithm == NULL ? "the algorithm" : algorithm);
    return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                    "this agent approves what a TLS 1.3 %s signs and nothing else", who);
}

/* ---- All of them ----------------------------------------------------------------------------- */

bool agent_rules_admit(const struct agent_rules *rules, const struct agent_peer *peer,
                       const struct ska_errors *errors)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rule_admits(&rules->rules[i], peer))
            return true;
    return ska_fail(errors, SKA_R_DECLINED, "uid %lu may not ask this agent",
                    (unsigned long)peer->uid);
}

bool agent_rules_allow(const struct agent_rules *rules, const struct agent_peer *peer,
                       const struct ska_request *request, const struct ska_errors *errors)
{
    bool server = false;
    bool client = false;

    if (request->operation != SKA_OPERATION_SIGN)
        return ska_fail(errors, SKA_R_DECLINED,
                        "an agent approves signatures only, no change of a key");
    for (size_t i = 0; i < rules->count; i++) {
        const struct agent_rule *rule = &rules->rules[i];

        if (rule_allows(rule, peer, request))
            return true;
        if (rule_admits(rule, peer) && rule_names_key(rule, request)) {
            server = server || rule->payload != AGENT_PAYLOAD_TLS13_CLIENT;
            client = client || rule->payload != AGENT_PAYLOAD_TLS13_SERVER;
        }
    }
    if (!server && !client)
        return fail_key(rules, peer, request, errors);
    if (is_digest_in_disguise(request))
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "a message of %zu bytes that looks like a digest", request->payload.length);
    return fail_payload(server, client, request, errors);
}

bool agent_rules_count(struct agent_rules *rules, const struct agent_peer *peer,
                       const struct ska_request *request, int64_t now,
                       const struct ska_errors *errors)
{
    unsigned long rate = 0;

    for (size_t i = 0; i < rules->count; i++) {
        struct agent_rule *rule = &rules->rules[i];

        if (!rule_allows(rule, peer, request))
            continue;
        if (rule_counts(rule, now))
            return true;
        rate = rule->rate;
    }
    return rate == 0
               ? agent_rules_allow(rules, peer, request, errors)
               : ska_fail(errors, SKA_R_DECLINED, "more than %lu approvals in a second", rate);
}

void agent_rules_clear(struct agent_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        free(rules->rules[i].key);
    free(rules->rules);
    memset(rules, 0, sizeof(*rules));
}
