/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sets of --allow and random requests: what the agent decides agrees with a model that knows
 * neither its code nor its data. SKA_TEST_SEED and SKA_TEST_ROUNDS give others and more.
 */
#include "sign_support.h"

#include "provider/request/algorithm.h"
#include "tools/agent/decision.h"
#include "tools/agent/rules_read.h"

#define OWN_UID 1000

/* ---- The model ------------------------------------------------------------------------------- */

/* What a payload is, and what a condition takes. */
enum kind { SERVER, CLIENT, OTHER, DISGUISED };
enum taken { TAKES_SERVER, TAKES_CLIENT, TAKES_ANY };

struct model_rule {
    size_t label;
    enum taken taken;
    uid_t uid;
    unsigned int rate; /* 0: none */
    unsigned int left; /* thousandths of approvals */
};

struct asked {
    size_t label;
    enum kind kind;
    bool tls_algorithm;
    bool change; /* block, unblock or modify */
    uid_t uid;
    unsigned int passed; /* milliseconds since the one before */
};

static unsigned int filled(const struct model_rule *rule, unsigned int passed)
{
    unsigned int most = rule->rate * 1000;
    unsigned int left = rule->left + passed * rule->rate;

    return left < most ? left : most;
}

static bool model_takes(const struct model_rule *rule, const struct asked *asked)
{
    return !asked->change && rule->label == asked->label && rule->uid == asked->uid &&
           (rule->taken == TAKES_ANY
                ? asked->kind != DISGUISED
                : asked->tls_algorithm && (int)rule->taken == (int)asked->kind);
}

static bool model_decides(struct model_rule *rules, size_t count, const struct asked *asked)
{
    for (size_t i = 0; i < count; i++)
        rules[i].left = filled(&rules[i], asked->passed);
    for (size_t i = 0; i < count; i++) {
        if (!model_takes(&rules[i], asked) || (rules[i].rate > 0 && rules[i].left < 1000))
            continue;
        rules[i].left -= rules[i].rate > 0 ? 1000 : 0;
        return true;
    }
    return false;
}

/* ---- Rules ----------------------------------------------------------------------------------- */

#define RULES_MOST 4
#define LABELS 4

static const char *const labels[LABELS] = {"web", "reports", "a,b", "c\\,payload=any"};
static const char *const written_labels[LABELS] = {"web", "reports", "a\\,b",
                                                   "c\\\\\\,payload=any"};
static const char *const written_payloads[] = {"tls13-server", "tls13-client", "any"};
static const uid_t uids[] = {OWN_UID, 0, 33};

struct rule_texts {
    char texts[RULES_MOST][200];
    const char *list[RULES_MOST];
};

/* In an order of their own. */
static void write_rule(struct dice *dice, const struct model_rule *rule, bool has_uid, char *text)
{
    char parts[4][60] = {"", "", "", ""};
    size_t first = roll_below(dice, 4);
    size_t step = roll_below(dice, 2) == 0 ? 1 : 3;

    snprintf(parts[0], sizeof(parts[0]), "key=%s,", written_labels[rule->label]);
    snprintf(parts[1], sizeof(parts[1]), "payload=%s,", written_payloads[rule->taken]);
    if (has_uid)
        snprintf(parts[2], sizeof(parts[2]), "uid=%u,", (unsigned int)rule->uid);
    if (rule->rate > 0)
        snprintf(parts[3], sizeof(parts[3]), "rate=%u/s,", rule->rate);
    text[0] = 0;
    for (size_t i = 0; i < 4; i++)
        strcat(text, parts[(first + i * step) % 4]);
    text[strlen(text) - 1] = 0;
}

static size_t make_rules(struct dice *dice, struct model_rule *rules, struct agent_rules *read)
{
    size_t count = 1 + roll_below(dice, RULES_MOST);
    struct rule_texts texts;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    for (size_t i = 0; i < count; i++) {
        bool has_uid = roll_below(dice, 2) == 0;

        rules[i].label = roll_below(dice, LABELS);
        rules[i].taken = (enum taken)roll_below(dice, 3);
        rules[i].uid = has_uid ? uids[roll_below(dice, 3)] : OWN_UID;
        rules[i].rate = roll_below(dice, 2) == 0 ? 0 : 1 + (unsigned int)roll_below(dice, 3);
        rules[i].left = rules[i].rate * 1000;
        write_rule(dice, &rules[i], has_uid, texts.texts[i]);
        texts.list[i] = texts.texts[i];
    }
    memset(read, 0, sizeof(*read));
    if (!agent_rules_read(texts.list, count, OWN_UID, read, &errors))
        fail_msg("%s", recorder.text);
    return count;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static EVP_PKEY *ed25519, *p256, *rsa;

static const struct {
    EVP_PKEY **key;
    const char *name;
    bool tls;
} algorithms[] = {
    {&ed25519, "EDDSA", true},          {&p256, "SHA256_WITH_ECDSA", true},
    {&p256, "SHA512_WITH_ECDSA", true}, {&rsa, "SHA384_WITH_RSA_PSS", true},
    {&p256, "SHA1_WITH_ECDSA", false},  {&rsa, "SHA256_WITH_RSA", false},
    {&p256, "NONE_WITH_ECDSA", false}, /* a digest, and called one */
};
#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))
#define DIGEST_FORM (ALGORITHMS - 1)

static void put_payload(struct dice *dice, enum kind kind, struct ska_buffer *payload)
{
    static const size_t others[] = {1, 31, 33, 47, 49, 63, 65, 130, 146, 200};
    static const size_t digests[] = {20, 28, 32, 48, 64};
    uint8_t bytes[200];
    size_t length = kind == OTHER       ? others[roll_below(dice, 10)]
                    : kind == DISGUISED ? digests[roll_below(dice, 5)]
                                        : 32 + 16 * roll_below(dice, 2);

    roll_bytes(dice, bytes, length);
    if (kind == SERVER || kind == CLIENT) {
        ska_buffer_format(payload, "%64s", "");
        ska_buffer_format(payload, "TLS 1.3, %s CertificateVerify",
                          kind == SERVER ? "server" : "client");
        ska_buffer_add(payload, "", 1);
    }
    ska_buffer_add(payload, bytes, length);
}

/* Of the kind that the rules take more often than not. */
static struct asked make_question(struct dice *dice, const struct model_rule *rules, size_t count)
{
    const struct model_rule *near = &rules[roll_below(dice, count)];
    struct asked asked = {near->label, (enum kind)roll_below(dice, 4),
                          false,       roll_below(dice, 10) == 0,
                          near->uid,   (unsigned int)roll_below(dice, 400)};

    if (roll_below(dice, 3) == 0)
        asked.label = roll_below(dice, LABELS);
    if (roll_below(dice, 3) == 0)
        asked.uid = uids[roll_below(dice, 3)];
    if (near->taken != TAKES_ANY && roll_below(dice, 2) == 0)
        asked.kind = (enum kind)near->taken;
    return asked;
}

static struct ska_bytes request_line(struct dice *dice, struct asked *asked)
{
    size_t algorithm = roll_below(dice, DIGEST_FORM + (asked->kind == DISGUISED));
    struct ska_request request = {.operation = SKA_OPERATION_SIGN};
    struct ska_buffer payload = {0};
    struct ska_bytes line = {NULL, 0};

    if (asked->change) /* but for the payload of a modification, which is another kind of thing */
        request.operation = (enum ska_operation)(SKA_OPERATION_BLOCK + roll_below(dice, 2));
    memset(request.id, 'a', SKA_REQUEST_ID_LENGTH);
    request.key_label = strdup(labels[asked->label]);
    request.public_key = spki_of(*algorithms[algorithm].key);
    assert_true(ska_algorithm_from_name(algorithms[algorithm].name, &request.mechanism));
    put_payload(dice, asked->kind, &payload);
    assert_true(ska_buffer_finish(&payload, &request.payload, NULL));
    request.approval_token =
        token_for(request.operation, request.key_label, ska_span_of(&request.payload));
    assert_true(ska_request_print_line(&request, &line, NULL));
    line.length--; /* without its end */
    asked->tls_algorithm = algorithms[algorithm].tls;
    if (algorithm == DIGEST_FORM) /* then it is no disguise, and none of a handshake either */
        asked->kind = OTHER;
    free(request.key_label);
    ska_bytes_free(&request.public_key);
    ska_bytes_free(&request.payload);
    ska_bytes_free(&request.approval_token);
    return line;
}

/* ---- Both ------------------------------------------------------------------------------------ */

static bool agent_decides(struct agent *agent, struct ska_span line, uid_t uid, int64_t now)
{
    struct agent_peer peer = {uid, 4711};
    struct agent_decision decision;
    bool approved = false;

    assert_true(agent_decide(agent, &peer, now, line, &decision));
    approved = decision.approved;
    assert_int_equal(strncmp((const char *)decision.answer.data, "{\"approvals\":[", 14) == 0,
                     approved);
    agent_decision_clear(&decision);
    return approved;
}

static void the_agent_agrees_with_a_model(void **state)
{
    struct dice dice = new_dice(0xA6E47);
    struct agent agent = {0};
    size_t approved = 0, all = 0;

    (void)state;
    agent.approver.key = ed25519;
    agent.approver.public_key = spki_of(ed25519);
    for (size_t set = 0; set < rounds(500); set++) {
        struct model_rule rules[RULES_MOST];
        size_t count = make_rules(&dice, rules, &agent.rules);
        int64_t now = 1000000;

        for (size_t i = 0; i < 12; i++, all++) {
            struct asked asked = make_question(&dice, rules, count);
            struct ska_bytes line = request_line(&dice, &asked);
            bool expected = model_decides(rules, count, &asked);

            now += asked.passed;
            if (agent_decides(&agent, ska_span_of(&line), asked.uid, now) != expected)
                fail_msg("set %zu, request %zu: the model %s: uid %u, %s", set, i,
                         expected ? "approves" : "refuses", (unsigned int)asked.uid,
                         (const char *)line.data);
            approved += expected;
            ska_bytes_free(&line);
        }
        agent_rules_clear(&agent.rules);
    }
    printf("%zu of %zu approved\n", approved, all);
    assert_in_range(approved, all / 10, all - all / 10); /* or the dice say nothing */
    ska_bytes_free(&agent.approver.public_key);
}

static int set_up(void **state)
{
    (void)state;
    ed25519 = new_key("ED25519");
    p256 = new_key("EC", "P-256");
    rsa = new_key("RSA", (size_t)2048);
    return ed25519 == NULL || p256 == NULL || rsa == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    EVP_PKEY_free(ed25519);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(rsa);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_agent_agrees_with_a_model)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
