/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --allow says, what it allows, and how often.
 */
#include "sign_support.h"

#include "tools/agent/rules_read.h"
#include "tools/agent/rules_text.h"

#define CONTEXT "TLS 1.3, server CertificateVerify"

static uint8_t handshake[64 + sizeof(CONTEXT) + 32];
static uint8_t digest[32];

static int set_up(void **state)
{
    (void)state;
    memset(handshake, ' ', 64);
    memcpy(handshake + 64, CONTEXT, sizeof(CONTEXT));
    memset(handshake + 64 + sizeof(CONTEXT), 0xA5, 32);
    memset(digest, 0xD1, sizeof(digest));
    return 0;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static size_t count_of(const char *const *texts)
{
    size_t count = 0;

    while (texts[count] != NULL)
        count++;
    return count;
}

/* The rules of the texts, which end with NULL; own uid 1000. */
static struct agent_rules rules_of(const char *const *texts)
{
    struct agent_rules rules = {0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    if (!agent_rules_read(texts, count_of(texts), 1000, &rules, &errors))
        fail_msg("%s", recorder.text);
    return rules;
}
#define rules(...) rules_of((const char *const[]){__VA_ARGS__, NULL})

/* Their words, one rule on a line. */
static void assert_words_of(struct agent_rules rules, const char *expected)
{
    struct ska_buffer text = {0};

    for (size_t i = 0; i < rules.count; i++) {
        agent_rule_words(&rules.rules[i], &text);
        ska_buffer_text(&text, "\n");
    }
    assert_string_equal(ska_buffer_string(&text), expected);
    ska_buffer_free(&text);
    agent_rules_clear(&rules);
}

/* How they are written, and that this is read as the same. */
static void assert_options_of(struct agent_rules rules, const char *expected)
{
    struct ska_buffer text = {0};

    for (size_t i = 0; i < rules.count; i++)
        agent_rule_option(&rules.rules[i], &text);
    assert_string_equal(ska_buffer_string(&text), expected);
    ska_buffer_free(&text);
    agent_rules_clear(&rules);
}

#define SERVER_WORDS "what a TLS 1.3 server signs in a handshake and nothing else"
#define CLIENT_WORDS "what a TLS 1.3 client signs in a handshake and nothing else"
#define ANY_WORDS "whatever is to be signed, documents too"
#define OWN_WORDS ", when uid 1000 asks (the agent's own user)"

static void each_text_is_one_rule(void **state)
{
    (void)state;
    assert_words_of(rules("key=web,payload=tls13-server"),
                    "for key 'web', " SERVER_WORDS OWN_WORDS "\n");
    assert_words_of(rules("uid=33,rate=50/s,payload=tls13-client,key=a", "payload=any,key=c"),
                    "for key 'a', " CLIENT_WORDS
                    ", when uid 33 asks, at most 50 times in a second\n"
                    "for key 'c', " ANY_WORDS OWN_WORDS "\n");
    assert_words_of(rules("key=web,payload=any,uid=4294967294,rate=1/s"),
                    "for key 'web', " ANY_WORDS
                    ", when uid 4294967294 asks, at most once in a second\n");
    assert_words_of(rules("key=web,payload=any,rate=1000000/s,uid=1000"),
                    "for key 'web', " ANY_WORDS
                    ", when uid 1000 asks, at most 1000000 times in a second\n");
}

static void labels_may_hold_anything(void **state)
{
    static const struct {
        const char *text;
        const char *label;
        const char *option;
    } labels[] = {
        {"key=a\\,b,payload=any", "a,b", "'key=a\\,b,payload=any'"},
        {"key=a\\\\,payload=any", "a\\", "'key=a\\\\,payload=any'"},
        {"key=a\\,payload=any,payload=any", "a,payload=any", "'key=a\\,payload=any,payload=any'"},
        {"key=uid=0,payload=any", "uid=0", "key=uid=0,payload=any"},
        {"key= web server ,payload=any", " web server ", "'key= web server ,payload=any'"},
        {"key=it's,payload=any", "it's", "'key=it'\\''s,payload=any'"},
        {"key=\x1b[2J,payload=any", "\x1b[2J", "'key=\x1b[2J,payload=any'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        struct agent_rules one = rules(labels[i].text);
        char option[200];

        assert_string_equal(one.rules[0].key, labels[i].label);
        snprintf(option, sizeof(option), " --allow %s", labels[i].option);
        assert_options_of(one, option);
    }
    assert_words_of(rules("key=\x1b[2J,payload=any"),
                    "for key '\\x1B[2J', " ANY_WORDS OWN_WORDS "\n");
    assert_options_of(rules("key=a,payload=tls13-client,rate=3/s,uid=7", "key=b,payload=any"),
                      " --allow key=a,payload=tls13-client,uid=7,rate=3/s"
                      " --allow key=b,payload=any");
}

static void assert_all_refused(const char *const *texts, const char *message)
{
    struct agent_rules rules = {0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    if (agent_rules_read(texts, count_of(texts), 1000, &rules, &errors))
        fail_msg("'%s' was taken", texts[0]);
    assert_raised_with(&recorder, SKA_R_WRONG_USE, message);
    agent_rules_clear(&rules);
}
#define assert_refused(text, message)                                                              \
    assert_all_refused((const char *const[]){(text), NULL}, message)

static void other_conditions_are_refused(void **state)
{
    static const char *const no_conditions[] = {
        "",         ",",         "key",           "key=web,",           ",key=web",
        "key=a,,b", "key=a,b",   "KEY=web",       " key=web",           "keys=web",
        "payload",  "allow=key", "key=a, uid=0",  "tls13-server",       "key = web",
        "uid:0",    "group=0",   "payload:any=1", "key=a payload=any,x"};
    static const char *const no_uids[] = {
        "uid=",   "uid=-1", "uid=root",       "uid=0x10", "uid= 0",
        "uid=0 ", "uid=+1", "uid=4294967295", "uid=1.0",  "uid=99999999999999999999"};
    static const char *const no_rates[] = {"rate=",    "rate=5",         "rate=/s",   "rate=0/s",
                                           "rate=5/m", "rate=5/",        "rate=-5/s", "rate=5/s ",
                                           "rate=5/S", "rate=1000001/s", "rate=5/ss"};
    char *longest = calloc(1, AGENT_RULE_LIMIT + 2);

    (void)state;
    for (size_t i = 0; i < sizeof(no_conditions) / sizeof(no_conditions[0]); i++)
        assert_refused(no_conditions[i], "a condition is");
    for (size_t i = 0; i < sizeof(no_uids) / sizeof(no_uids[0]); i++)
        assert_refused(no_uids[i], "a user's number");
    for (size_t i = 0; i < sizeof(no_rates) / sizeof(no_rates[0]); i++)
        assert_refused(no_rates[i], "a rate is");
    assert_refused("key=", "label of a key is missing");
    assert_refused("payload=", "a payload is");
    assert_refused("payload=tls", "a payload is");
    assert_refused("payload=any ", "a payload is");
    assert_refused("payload=ANY", "a payload is");
    assert_refused("key=a\\", "backslash");
    assert_refused("key=a\\b", "backslash");
    assert_refused("key=a\\\\\\", "backslash");
    memset(longest, 'a', AGENT_RULE_LIMIT + 1);
    memcpy(longest, "key=", 4);
    assert_refused(longest, "longer than");
    free(longest);
}

static void the_longest_rule_fits(void **state)
{
    static const char begin[] = "payload=any,key=";
    char *longest = calloc(1, AGENT_RULE_LIMIT + 1);
    struct agent_rules one;

    (void)state;
    memset(longest, 'a', AGENT_RULE_LIMIT);
    memcpy(longest, begin, strlen(begin));
    one = rules(longest);
    assert_string_equal(one.rules[0].key, longest + strlen(begin));
    agent_rules_clear(&one);
    free(longest);
}

static void a_kind_stands_once_in_a_rule(void **state)
{
    (void)state;
    assert_refused("key=a,key=b,payload=any", "--allow 'key=b': the second of its kind");
    assert_refused("key=a,key=a,payload=any", "the second of its kind");
    assert_refused("key=a,payload=any,payload=any", "the second of its kind");
    assert_refused("key=a,payload=tls13-server,payload=tls13-client", "the second of its kind");
    assert_refused("key=a,payload=any,uid=0,uid=0", "the second of its kind");
    assert_refused("key=a,payload=any,rate=1/s,rate=2/s", "the second of its kind");
}

/* As agents of old took them: what is to be written now. */
static void a_rule_without_key_or_payload_is_refused(void **state)
{
    static const struct {
        const char *texts[5];
        const char *missing;
        const char *instead;
    } incomplete[] = {
        {{"key=web", "payload=tls13-server"},
         "--allow 'key=web': this names no payload",
         "write --allow key=web,payload=tls13-server"},
        {{"payload=any", "key=web", "rate=5/s", "uid=33"},
         "--allow 'payload=any': this names no key",
         "write --allow key=web,payload=any,uid=33,rate=5/s"},
        {{"key=a,payload=tls13-server", "key=b", "key=c"},
         "--allow 'key=b': this names no payload",
         "write --allow key=b,payload=tls13-server --allow key=c,payload=tls13-server"},
        /* What a whole rule allows is no help for another one. */
        {{"key=a,payload=any", "key=b,uid=33"},
         "names no payload",
         "write --allow key=b,payload=tls13-server,uid=33"},
        {{"key=a,payload=any", "payload=tls13-client"},
         "names no key",
         "write --allow key=LABEL,payload=tls13-client"},
        {{"uid=0,rate=1/s"},
         "names no key",
         "write --allow key=LABEL,payload=tls13-server,uid=0,rate=1/s"},
        {{"key=the web server", "payload=any"},
         "names no payload",
         "write --allow 'key=the web server,payload=any'"},
        {{"key=\x1b[2J", "payload=any"}, "names no payload", "'key=\\x1B[2J,payload=any'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(incomplete) / sizeof(incomplete[0]); i++) {
        assert_all_refused(incomplete[i].texts, incomplete[i].missing);
        assert_all_refused(incomplete[i].texts, incomplete[i].instead);
    }
}

/* ---- Who ------------------------------------------------------------------------------------- */

static bool admits(const struct agent_rules *rules, uid_t uid)
{
    struct agent_peer peer = {uid, 4711};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    bool admitted = agent_rules_admit(rules, &peer, &errors);

    assert_int_equal(recorder.count, !admitted);
    return admitted;
}

static void only_named_users_may_ask(void **state)
{
    struct agent_rules own = rules("key=web,payload=any");
    struct agent_rules named = rules("key=web,payload=any,uid=33", "key=web,payload=any,uid=34");

    (void)state;
    assert_true(admits(&own, 1000));
    assert_false(admits(&own, 0)); /* not even root, unless it is named */
    assert_false(admits(&own, 1001));
    assert_true(admits(&named, 33));
    assert_true(admits(&named, 34));
    assert_false(admits(&named, 1000)); /* the agent's own user is one of many now */
    assert_false(admits(&named, 0));
    assert_false(admits(&named, (uid_t)-1));
    agent_rules_clear(&own);
    agent_rules_clear(&named);
}

/* ---- What ------------------------------------------------------------------------------------ */

static struct ska_request request_for(const char *label, enum ska_payload_form form,
                                      struct ska_span payload)
{
    struct ska_request request = {.operation = SKA_OPERATION_SIGN};

    request.key_label = strdup(label);
    request.mechanism.scheme = SKA_SCHEME_ECDSA;
    request.mechanism.digest = SKA_DIGEST_SHA256;
    request.mechanism.form = form;
    assert_true(ska_bytes_copy(&request.payload, payload, NULL));
    return request;
}

static void clear(struct ska_request *request)
{
    free(request->key_label);
    ska_bytes_free(&request->payload);
}

static const struct agent_peer own = {1000, 4711};

/* NULL: it is allowed. */
static void assert_allows_to(const struct agent_rules *rules, uid_t uid, struct ska_request request,
                             const char *refusal)
{
    struct agent_peer peer = {uid, 4711};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    if (agent_rules_allow(rules, &peer, &request, &errors) != (refusal == NULL))
        fail_msg("%s", refusal == NULL ? recorder.text : refusal);
    if (refusal != NULL) {
        assert_int_equal(recorder.count, 1);
        assert_text_contains(recorder.text, refusal);
    }
    clear(&request);
}

static void assert_allows(const struct agent_rules *rules, struct ska_request request,
                          const char *refusal)
{
    assert_allows_to(rules, own.uid, request, refusal);
}

static struct ska_request message(const void *data, size_t length)
{
    return request_for("web", SKA_PAYLOAD_MESSAGE, ska_span(data, length));
}

static void keys_are_compared_whole(void **state)
{
    static const char *const others[] = {"", "we", "webb", "Web", "WEB", "web ", "other, web"};
    struct agent_rules one = rules("key=web,payload=any");
    struct ska_span payload = ska_span("text", 4);

    (void)state;
    assert_allows(&one, request_for("web", SKA_PAYLOAD_MESSAGE, payload), NULL);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_allows(&one, request_for(others[i], SKA_PAYLOAD_MESSAGE, payload),
                      "not approve for this key");
    agent_rules_clear(&one);
}

static void tls_servers_sign_handshakes_only(void **state)
{
    struct agent_rules tls = rules("key=web,payload=tls13-server");
    struct ska_span whole = ska_span(handshake, sizeof(handshake));

    (void)state;
    assert_allows(&tls, message(handshake, sizeof(handshake)), NULL);
    assert_allows(&tls, message(handshake, sizeof(handshake) - 1), "nothing else");
    assert_allows(&tls, message("a document", 10), "nothing else");
    assert_allows(&tls, message("", 0), "nothing else");
    assert_allows(&tls, request_for("web", SKA_PAYLOAD_DIGEST, ska_span(digest, 32)), "digest");
    assert_allows(&tls, request_for("web", SKA_PAYLOAD_DIGEST, whole), "digest");
    assert_allows(&tls, request_for("other", SKA_PAYLOAD_MESSAGE, whole), "for this key");
    agent_rules_clear(&tls);
}

static void tls_clients_sign_handshakes_only(void **state)
{
    struct agent_rules client = rules("key=web,payload=tls13-client");
    struct agent_rules both = rules("key=web,payload=tls13-client", "key=web,payload=tls13-server");
    uint8_t of_client[sizeof(handshake)];

    (void)state;
    memcpy(of_client, handshake, sizeof(of_client));
    memcpy(of_client + 64 + strlen("TLS 1.3, "), "client", 6);
    assert_allows(&client, message(of_client, sizeof(of_client)), NULL);
    assert_allows(&client, message(handshake, sizeof(handshake)),
                  "a TLS 1.3 client signs and noth");
    assert_allows(&client, request_for("web", SKA_PAYLOAD_DIGEST, ska_span(digest, 32)),
                  "a TLS 1.3 client signs, as a message");
    assert_allows(&both, message(of_client, sizeof(of_client)), NULL);
    assert_allows(&both, message(handshake, sizeof(handshake)), NULL);
    assert_allows(&both, message("a document", 10), "a TLS 1.3 server or client signs and nothing");
    agent_rules_clear(&client);
    agent_rules_clear(&both);
}

/* An agent for TLS 1.3 has no part in signatures with SHA-1, nor in PKCS#1 v1.5. */
static void tls_servers_sign_as_tls_13_does(void **state)
{
    struct agent_rules tls = rules("key=web,payload=tls13-server");
    struct agent_rules any = rules("key=web,payload=any");
    struct ska_request sha1 = message(handshake, sizeof(handshake));
    struct ska_request pkcs1 = message(handshake, sizeof(handshake));

    (void)state;
    sha1.mechanism.digest = SKA_DIGEST_SHA1;
    assert_allows(&tls, sha1, "does not sign with SHA1_WITH_ECDSA");
    sha1 = message(handshake, sizeof(handshake));
    sha1.mechanism.digest = SKA_DIGEST_SHA1;
    assert_allows(&any, sha1, NULL);
    pkcs1.mechanism.scheme = SKA_SCHEME_PKCS1;
    assert_allows(&tls, pkcs1, "does not sign with SHA256_WITH_RSA");
    agent_rules_clear(&tls);
    agent_rules_clear(&any);
}

/* The web server's rule is not widened by the one for reports, in nothing. */
static void no_condition_of_one_rule_helps_another(void **state)
{
    struct agent_rules two =
        rules("key=web,payload=tls13-server,uid=33,rate=1/s", "key=reports,payload=any,uid=44");
    struct ska_span document = ska_span("a document", 10);
    struct agent_peer web = {33, 4711};
    struct ska_request once = message(handshake, sizeof(handshake));

    (void)state;
    assert_allows_to(&two, 33, message(handshake, sizeof(handshake)), NULL);
    assert_allows_to(&two, 33, request_for("web", SKA_PAYLOAD_MESSAGE, document), "nothing else");
    assert_allows_to(&two, 33, request_for("reports", SKA_PAYLOAD_MESSAGE, document),
                     "for this key when uid 33 asks");
    assert_allows_to(&two, 44, request_for("reports", SKA_PAYLOAD_MESSAGE, document), NULL);
    assert_allows_to(&two, 44, message(handshake, sizeof(handshake)),
                     "for this key when uid 44 asks");
    assert_allows_to(&two, 44, request_for("other", SKA_PAYLOAD_MESSAGE, document), "for this key");
    assert_true(agent_rules_count(&two, &web, &once, 0, NULL));
    assert_false(agent_rules_count(&two, &web, &once, 0, NULL));
    clear(&once);
    agent_rules_clear(&two);
}

static void any_payload_is_any_that_is_what_it_says(void **state)
{
    static const size_t lengths[] = {20, 28, 32, 36, 48, 64};
    static const uint8_t zeros[100];
    struct agent_rules any = rules("key=web,payload=tls13-server", "key=web,payload=any");
    struct ska_bytes info =
        from_hex("3031300d060960864801650304020105000420"
                 "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1");

    (void)state;
    assert_allows(&any, message(handshake, sizeof(handshake)), NULL);
    assert_allows(&any, message("a document", 10), NULL);
    assert_allows(&any, request_for("web", SKA_PAYLOAD_DIGEST, ska_span(digest, 32)), NULL);
    assert_allows(&any, request_for("web", SKA_PAYLOAD_DIGEST, ska_span_of(&info)), NULL);
    for (size_t length = 0; length < sizeof(zeros); length++) {
        bool looks = false;

        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
            looks = looks || length == lengths[i];
        assert_allows(&any, message(zeros, length), looks ? "looks like a digest" : NULL);
    }
    assert_allows(&any, message(info.data, info.length), "looks like a digest");
    ska_bytes_free(&info);
    agent_rules_clear(&any);
}

/* Whatever the requester says the algorithm is: Ed25519 signs messages of 32 bytes, others do not.
 */
static void disguises_are_seen_through_for_every_algorithm(void **state)
{
    struct agent_rules any = rules("key=web,payload=any");

    (void)state;
    for (int scheme = SKA_SCHEME_PKCS1; scheme <= SKA_SCHEME_EDDSA; scheme++) {
        struct ska_request request = message(digest, sizeof(digest));

        request.mechanism.scheme = (enum ska_scheme)scheme;
        assert_allows(&any, request, "looks like a digest");
    }
    agent_rules_clear(&any);
}

static void changes_of_keys_are_never_allowed(void **state)
{
    static const enum ska_operation operations[] = {SKA_OPERATION_BLOCK, SKA_OPERATION_UNBLOCK,
                                                    SKA_OPERATION_MODIFY};
    struct agent_rules any = rules("key=web,payload=any", "key=web,payload=tls13-server");

    (void)state;
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        struct ska_request request = message(handshake, sizeof(handshake));

        request.operation = operations[i];
        assert_allows(&any, request, "no change of a key");
    }
    agent_rules_clear(&any);
}

/* ---- How often ------------------------------------------------------------------------------- */

static bool count_one(struct agent_rules *rules, int64_t now, const struct ska_errors *errors)
{
    struct ska_request request = message("a document", 10);
    bool counted = agent_rules_count(rules, &own, &request, now, errors);

    clear(&request);
    return counted;
}

/* How many of these at this time are allowed. */
static unsigned int allowed(struct agent_rules *rules, unsigned int tries, int64_t now)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < tries; i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        if (count_one(rules, now, &errors))
            count++;
        else
            assert_raised(&recorder, SKA_R_DECLINED);
    }
    return count;
}

static void without_a_rate_there_is_no_limit(void **state)
{
    struct agent_rules unlimited = rules("key=web,payload=any");

    (void)state;
    assert_int_equal(allowed(&unlimited, 10000, 0), 10000);
    agent_rules_clear(&unlimited);
}

static void a_second_fills_what_was_used(void **state)
{
    struct agent_rules five = rules("key=web,payload=any,rate=5/s");

    (void)state;
    assert_int_equal(allowed(&five, 100, 1000000), 5); /* at once, as much as in a second */
    assert_int_equal(allowed(&five, 100, 1000000), 0);
    assert_int_equal(allowed(&five, 100, 1000199), 0);
    assert_int_equal(allowed(&five, 100, 1000200), 1);
    assert_int_equal(allowed(&five, 100, 1000599), 1);
    assert_int_equal(allowed(&five, 100, 1000600), 1);
    assert_int_equal(allowed(&five, 100, 1001600), 5);
    assert_int_equal(allowed(&five, 100, INT64_MAX / 2), 5); /* no more after a long pause */
    agent_rules_clear(&five);
}

static void the_rate_holds_over_time(void **state)
{
    static const char *const texts[] = {"rate=1/s", "rate=7/s", "rate=999/s", "rate=1000/s",
                                        "rate=30000/s"};
    static const unsigned int rates[] = {1, 7, 999, 1000, 30000};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        char text[64];
        struct agent_rules one;
        unsigned int count = 0;

        snprintf(text, sizeof(text), "key=web,payload=any,%s", texts[i]);
        one = rules(text);
        for (int64_t now = 0; now < 10000; now++) /* of milliseconds, as fast as it allows */
            while (count_one(&one, now, NULL))
                count++;
        assert_in_range(count, rates[i] * 10, rates[i] * 11);
        agent_rules_clear(&one);
    }
}

static void what_was_not_used_is_not_saved_up(void **state)
{
    struct agent_rules five = rules("key=web,payload=any,rate=5/s");

    (void)state;
    for (int64_t second = 0; second < 60; second++)
        assert_int_equal(allowed(&five, 1, second * 1000), 1);
    assert_int_equal(allowed(&five, 100, 59001), 4);
    agent_rules_clear(&five);
}

static void a_clock_that_goes_back_gives_nothing(void **state)
{
    struct agent_rules five = rules("key=web,payload=any,rate=5/s");

    (void)state;
    assert_int_equal(allowed(&five, 100, 5000), 5);
    assert_int_equal(allowed(&five, 100, 4000), 0);
    assert_int_equal(allowed(&five, 100, 4100), 0);
    assert_int_equal(allowed(&five, 100, 4200), 1);
    agent_rules_clear(&five);
}

/* Each has its own; one that is used up does not stop an alternative, and is not filled by it. */
static void rates_are_those_of_their_rules(void **state)
{
    struct agent_rules two = rules("key=web,payload=any,rate=2/s", "key=web,payload=any,rate=3/s",
                                   "key=other,payload=any");

    (void)state;
    assert_int_equal(allowed(&two, 100, 0), 5);
    assert_int_equal(allowed(&two, 100, 500), 2);
    agent_rules_clear(&two);
}

static void what_is_not_allowed_is_not_counted(void **state)
{
    struct agent_rules one = rules("key=web,payload=tls13-server,rate=1/s");
    struct ska_request allowed_one = message(handshake, sizeof(handshake));
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(count_one(&one, 0, &errors));
    assert_raised_with(&recorder, SKA_R_PAYLOAD_REFUSED, "nothing else");
    assert_true(agent_rules_count(&one, &own, &allowed_one, 0, NULL));
    clear(&allowed_one);
    agent_rules_clear(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_is_one_rule),
        cmocka_unit_test(labels_may_hold_anything),
        cmocka_unit_test(other_conditions_are_refused),
        cmocka_unit_test(the_longest_rule_fits),
        cmocka_unit_test(a_kind_stands_once_in_a_rule),
        cmocka_unit_test(a_rule_without_key_or_payload_is_refused),
        cmocka_unit_test(only_named_users_may_ask),
        cmocka_unit_test(keys_are_compared_whole),
        cmocka_unit_test(tls_servers_sign_handshakes_only),
        cmocka_unit_test(tls_clients_sign_handshakes_only),
        cmocka_unit_test(tls_servers_sign_as_tls_13_does),
        cmocka_unit_test(no_condition_of_one_rule_helps_another),
        cmocka_unit_test(any_payload_is_any_that_is_what_it_says),
        cmocka_unit_test(disguises_are_seen_through_for_every_algorithm),
        cmocka_unit_test(changes_of_keys_are_never_allowed),
        cmocka_unit_test(without_a_rate_there_is_no_limit),
        cmocka_unit_test(a_second_fills_what_was_used),
        cmocka_unit_test(the_rate_holds_over_time),
        cmocka_unit_test(what_was_not_used_is_not_saved_up),
        cmocka_unit_test(a_clock_that_goes_back_gives_nothing),
        cmocka_unit_test(rates_are_those_of_their_rules),
        cmocka_unit_test(what_is_not_allowed_is_not_counted),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
