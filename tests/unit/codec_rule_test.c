/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serialized rules: the published empty rule, random ones, certificates, and
 * each single fault.
 */
#include "codec_support.h"
#include "certificate_name.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "provider/rule/quorum.h"
#include "provider/rule/rule_codec.h"

static struct writer scratch;

static void published_empty_rule(void **state)
{
    cJSON *vectors = read_vectors();
    struct ska_bytes bytes = from_hex(text_in(vectors, "emptyRule")), again = {NULL, 0};
    struct ska_rule rule;

    (void)state;
    assert_true(ska_rule_decode(ska_span_of(&bytes), &rule, NULL));
    assert_int_equal(rule.alternative_count, 1);
    assert_null(rule.alternatives[0].name.data);
    assert_true(rule.alternatives[0].timelock == 0 && rule.alternatives[0].timeout == 0);
    assert_int_equal(rule.alternatives[0].group_count, 1);
    assert_int_equal(rule.alternatives[0].groups[0].quorum, 0);
    assert_int_equal(rule.alternatives[0].groups[0].approver_count, 0);
    assert_true(ska_rule_is_empty(&rule));
    assert_true(ska_rule_satisfied(&rule, NULL, 0));
    assert_true(ska_rule_encode(&rule, &again, NULL));
    assert_span_equal(ska_span_of(&again), ska_span_of(&bytes));
    ska_rule_clear(&rule);
    ska_bytes_free(&again);
    ska_bytes_free(&bytes);
    cJSON_Delete(vectors);
}

/* ---- Rules of chance ------------------------------------------------------------------------ */

/*
 * Writes a random rule and, beside it, reads what was decoded: the same rolls of the dice happen in
 * both passes, so the decoded rule is compared with what was written without a model in between.
 */
struct pass {
    struct dice dice;
    bool check;
};

/* A name or nothing: absent, empty, or of any bytes. */
static void pass_name(struct pass *pass, const struct ska_bytes *name)
{
    uint8_t bytes[40];
    size_t length = roll_below(&pass->dice, sizeof(bytes));
    size_t form = roll_below(&pass->dice, 3);

    roll_bytes(&pass->dice, bytes, length);
    if (form == 1)
        length = 0;
    if (!pass->check && form != 0)
        put_element(&scratch, 0x1002, bytes, length);
    if (pass->check && form == 0)
        assert_null(name->data);
    if (pass->check && form != 0) {
        assert_non_null(name->data);
        assert_span_equal(ska_span_of(name), ska_span(bytes, length));
    }
}

static void pass_approver(struct pass *pass, const struct ska_approver *approver)
{
    uint8_t key[300];
    size_t length = roll_below(&pass->dice, sizeof(key));

    roll_bytes(&pass->dice, key, length);
    pass_name(pass, &approver->name);
    if (!pass->check) {
        put_element(&scratch, 0x1052, key, length);
        return;
    }
    assert_int_equal(approver->type, SKA_APPROVER_PUBLIC_KEY);
    assert_span_equal(ska_span_of(&approver->data), ska_span(key, length));
    assert_span_equal(ska_span_of(&approver->public_key), ska_span(key, length));
}

static void pass_group(struct pass *pass, const struct ska_group *group)
{
    uint32_t quorum = (uint32_t)(roll(&pass->dice) >> roll_below(&pass->dice, 32));
    size_t count = roll_below(&pass->dice, 4);

    pass_name(pass, &group->name);
    if (pass->check) {
        assert_int_equal(group->quorum, quorum);
        assert_int_equal(group->approver_count, count);
    } else {
        put_u32(&scratch, 0x005B, quorum);
        put_u32(&scratch, 0x0003, (uint32_t)count);
    }
    for (size_t i = 0; i < count; i++)
        pass_approver(pass, pass->check ? &group->approvers[i] : &(struct ska_approver){0});
}

static void pass_token(struct pass *pass, const struct ska_alternative *alternative)
{
    uint32_t timelock = (uint32_t)(roll(&pass->dice) >> roll_below(&pass->dice, 32));
    uint32_t timeout = (uint32_t)(roll(&pass->dice) >> roll_below(&pass->dice, 32));
    bool seconds = roll_below(&pass->dice, 2) && (timelock % 60 != 0 || timeout % 60 != 0);
    size_t count = roll_below(&pass->dice, 4);

    pass_name(pass, &alternative->name);
    if (pass->check) {
        assert_true(alternative->timelock == (uint64_t)timelock * (seconds ? 1 : 60));
        assert_true(alternative->timeout == (uint64_t)timeout * (seconds ? 1 : 60));
        assert_int_equal(alternative->group_count, count);
    } else {
        put_u32(&scratch, seconds ? 0x0056 : 0x0055, timelock);
        put_u32(&scratch, seconds ? 0x0056 : 0x0055, timeout);
        put_u32(&scratch, 0x005A, (uint32_t)count);
    }
    for (size_t i = 0; i < count; i++)
        pass_group(pass, pass->check ? &alternative->groups[i] : &(struct ska_group){0});
}

static void pass_rule(uint64_t seed, const struct ska_rule *rule)
{
    struct pass pass = {{seed}, rule != NULL};
    size_t count = roll_below(&pass.dice, 4);

    if (pass.check) {
        assert_int_equal(rule->alternative_count, count);
    } else {
        scratch.length = 0;
        put_u32(&scratch, 0x0059, (uint32_t)count);
    }
    for (size_t i = 0; i < count; i++)
        pass_token(&pass, pass.check ? &rule->alternatives[i] : &(struct ska_alternative){0});
    if (!pass.check)
        wrap(&scratch);
}

static void random_rules_decode_and_encode(void **state)
{
    struct dice dice = new_dice(0x5EED0201);

    (void)state;
    for (size_t round = 0; round < rounds(5000); round++) {
        uint64_t seed = roll(&dice);
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        struct ska_bytes again = {NULL, 0};
        struct ska_span input;
        struct ska_rule rule;

        pass_rule(seed, NULL);
        input = exact(written(&scratch));
        if (!ska_rule_decode(input, &rule, &errors))
            fail_msg("round %zu: %s", round, recorder.text);
        pass_rule(seed, &rule);
        assert_true(ska_rule_encode(&rule, &again, &errors));
        assert_span_equal(ska_span_of(&again), input);
        ska_bytes_free(&again);
        ska_rule_clear(&rule);
        exact_free(input);
    }
}

static void cut_rules_are_refused(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        pass_rule(seed * 0x9E3779B97F4A7C15, NULL);
        for (size_t length = 4; length < scratch.length; length++) {
            struct recorder recorder;
            struct ska_errors errors = errors_into(&recorder);
            struct ska_span cut = exact(ska_span(scratch.data, length));
            uint8_t *header = (uint8_t *)(uintptr_t)cut.data;
            struct ska_rule rule = {(struct ska_alternative *)&rule, 7};

            /* With a header that fits, so that the cut is met by what reads elements. */
            for (size_t i = 0; i < 4; i++)
                header[i] = (uint8_t)((length - 4) >> 8 * i);
            assert_false(ska_rule_decode(cut, &rule, &errors));
            assert_raised(&recorder, SKA_R_BAD_RULE);
            assert_null(rule.alternatives);
            assert_int_equal(rule.alternative_count, 0);
            exact_free(cut);
        }
    }
}

static void changed_rules_are_refused_or_canonical(void **state)
{
    struct dice dice = new_dice(0x5EED0202);
    int refused = 0, accepted = 0;

    (void)state;
    for (size_t i = 0; i < rounds(20000); i++) {
        struct ska_bytes again = {NULL, 0};
        struct ska_span input;
        struct ska_rule rule;

        pass_rule(roll(&dice) | 1, NULL);
        scratch.data[roll_below(&dice, scratch.length)] ^= (uint8_t)(1 + roll_below(&dice, 255));
        input = exact(written(&scratch));
        if (ska_rule_decode(input, &rule, NULL)) {
            assert_true(ska_rule_encode(&rule, &again, NULL));
            assert_span_equal(ska_span_of(&again), input);
            ska_bytes_free(&again);
            ska_rule_clear(&rule);
            accepted++;
        } else {
            refused++;
        }
        exact_free(input);
    }
    assert_true(refused > 1000 && accepted > 1000);
}

/* ---- Single faults -------------------------------------------------------------------------- */

/* clang-format off */
#define N(count) count "000000"
#define TOKENS(count) "59000400" N(count)
#define MINUTES(n) "55000400" N(n)
#define SECONDS(n) "F5000400" N(n)
#define GROUPS(count) "5A000400" N(count)
#define QUORUM(n) "5B000400" N(n)
#define APPROVERS(count) "03000400" N(count)
#define NAME "02100100" "41000000"
#define KEY "52100200" "30000000"
#define TIMES MINUTES("00") MINUTES("01")
#define ONE_TOKEN TOKENS("01") TIMES
#define ONE_GROUP ONE_TOKEN GROUPS("01") QUORUM("01")

static const struct {
    const char *name, *hex;
    bool accepted;
} rules[] = {
    {"no token", TOKENS("00"), true},
    {"token without groups", ONE_TOKEN GROUPS("00"), true},
    {"group without approvers", ONE_GROUP APPROVERS("00"), true},
    {"one approver", ONE_GROUP APPROVERS("01") KEY, true},
    {"names", TOKENS("01") NAME TIMES GROUPS("01") NAME QUORUM("01") APPROVERS("01") NAME KEY,
     true},
    {"empty key", ONE_GROUP APPROVERS("01") "52100000", true},
    {"two tokens", TOKENS("02") TIMES GROUPS("00") NAME TIMES GROUPS("00"), true},
    {"seconds", TOKENS("01") SECONDS("3C") SECONDS("01") GROUPS("00"), true},

    {"nothing", "", false},
    {"no token count", TIMES GROUPS("00"), false},
    {"too few tokens", TOKENS("02") TIMES GROUPS("00"), false},
    {"too many tokens", TOKENS("00") TIMES GROUPS("00"), false},
    {"doubled token count", TOKENS("01") TOKENS("01") TIMES GROUPS("00"), false},
    {"all the tokens there are", "59000400FFFFFFFF" TIMES GROUPS("00"), false},
    {"all the groups there are", ONE_TOKEN "5A000400FFFFFFFF" QUORUM("01") APPROVERS("00"), false},
    {"all the approvers there are", ONE_GROUP "03000400FFFFFFFF" KEY, false},
    {"token count of 8 bytes", "590008000100000000000000" TIMES GROUPS("00"), false},
    {"one time", TOKENS("01") MINUTES("00") GROUPS("00"), false},
    {"three times", TOKENS("01") TIMES MINUTES("00") GROUPS("00"), false},
    {"no times", TOKENS("01") GROUPS("00"), false},
    {"minutes and seconds", TOKENS("01") MINUTES("00") SECONDS("01") GROUPS("00"), false},
    {"seconds and minutes", TOKENS("01") SECONDS("01") MINUTES("00") GROUPS("00"), false},
    {"whole minutes in seconds", TOKENS("01") SECONDS("3C") SECONDS("78") GROUPS("00"), false},
    {"no time in seconds", TOKENS("01") SECONDS("00") SECONDS("00") GROUPS("00"), false},
    {"no group count", ONE_TOKEN QUORUM("01") APPROVERS("00"), false},
    {"groups before times", TOKENS("01") GROUPS("00") TIMES, false},
    {"too few groups", ONE_TOKEN GROUPS("02") QUORUM("01") APPROVERS("00"), false},
    {"too many groups", ONE_TOKEN GROUPS("00") QUORUM("01") APPROVERS("00"), false},
    {"no quorum", ONE_TOKEN GROUPS("01") APPROVERS("01") KEY, false},
    {"no approver count", ONE_GROUP KEY, false},
    {"approvers before quorum", ONE_TOKEN GROUPS("01") APPROVERS("00") QUORUM("01"), false},
    {"too few approvers", ONE_GROUP APPROVERS("02") KEY, false},
    {"too many approvers", ONE_GROUP APPROVERS("01") KEY KEY, false},
    {"name without key", ONE_GROUP APPROVERS("01") NAME NAME, false},
    {"doubled name of a token", TOKENS("01") NAME NAME TIMES GROUPS("00"), false},
    {"doubled name of a group",
     ONE_TOKEN GROUPS("01") NAME NAME QUORUM("01") APPROVERS("00"), false},
    {"doubled name of an approver", ONE_GROUP APPROVERS("01") NAME NAME KEY, false},
    {"name before the count", NAME TOKENS("00"), false},
    {"name after times", ONE_TOKEN NAME GROUPS("00"), false},
    {"name at the end", TOKENS("00") NAME, false},
    {"unknown element", TOKENS("00") "99100000", false},
    {"unknown key", ONE_GROUP APPROVERS("01") "53100100" "41000000", false},
    {"certificate that is none", ONE_GROUP APPROVERS("01") "F2100200" "30000000", false},
    {"padding of a name not zero", TOKENS("01") "0210010041000100" TIMES GROUPS("00"), false},
};
/* clang-format on */

static void single_faults_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        struct ska_bytes bytes = from_hex(rules[i].hex);
        struct ska_span input;
        struct ska_rule rule;
        bool accepted;

        scratch.length = 0;
        put(&scratch, bytes.data, bytes.length);
        wrap(&scratch);
        input = exact(written(&scratch));
        accepted = ska_rule_decode(input, &rule, &errors);
        if (accepted != rules[i].accepted)
            fail_msg("%s: %s %s", rules[i].name, accepted ? "accepted" : "refused", recorder.text);
        if (!accepted)
            assert_raised(&recorder, SKA_R_BAD_RULE);
        ska_rule_clear(&rule);
        exact_free(input);
        ska_bytes_free(&bytes);
    }
}

/* ---- Times ---------------------------------------------------------------------------------- */

/* How the rule of one policy alternative with these times is written. */
static void check_times(uint64_t timelock, uint64_t timeout, unsigned int type, uint32_t first,
                        uint32_t second)
{
    struct ska_alternative alternative = {{NULL, 0}, timelock, timeout, NULL, 0};
    struct ska_rule rule = {&alternative, 1}, back;
    struct ska_bytes bytes = {NULL, 0};

    scratch.length = 0;
    put_u32(&scratch, 0x0059, 1);
    put_u32(&scratch, type, first);
    put_u32(&scratch, type, second);
    put_u32(&scratch, 0x005A, 0);
    wrap(&scratch);
    assert_true(ska_rule_encode(&rule, &bytes, NULL));
    assert_span_equal(ska_span_of(&bytes), written(&scratch));
    assert_true(ska_rule_decode(ska_span_of(&bytes), &back, NULL));
    assert_true(back.alternatives[0].timelock == timelock &&
                back.alternatives[0].timeout == timeout);
    ska_rule_clear(&back);
    ska_bytes_free(&bytes);
}

static void check_times_refused(uint64_t timelock, uint64_t timeout)
{
    struct ska_alternative alternative = {{NULL, 0}, timelock, timeout, NULL, 0};
    struct ska_rule rule = {&alternative, 1};
    struct ska_bytes bytes = {NULL, 0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    assert_false(ska_rule_encode(&rule, &bytes, &errors));
    assert_raised(&recorder, SKA_R_BAD_POLICY);
    assert_null(bytes.data);
}

static void times_are_minutes_where_they_can_be(void **state)
{
    const uint64_t most = UINT32_MAX;

    (void)state;
    check_times(0, 0, 0x0055, 0, 0);
    check_times(600, 180, 0x0055, 10, 3);
    check_times(60 * most, 0, 0x0055, UINT32_MAX, 0);
    check_times(0, 60 * most, 0x0055, 0, UINT32_MAX);
    check_times(5, 10, 0x0056, 5, 10);
    check_times(60, 61, 0x0056, 60, 61);
    check_times(59, 0, 0x0056, 59, 0);
    check_times(most, 1, 0x0056, UINT32_MAX, 1);
    check_times_refused(60 * (most + 1), 0);
    check_times_refused(0, 60 * (most + 1));
    check_times_refused(most + 1, 0);
    check_times_refused(60 * most, 1);
    check_times_refused(UINT64_MAX, UINT64_MAX);
}

/* Keys of older simulators have another number for seconds; what is written has the known one. */
static void the_old_number_for_seconds_is_read(void **state)
{
    struct ska_bytes again = {NULL, 0};
    struct ska_rule rule;

    (void)state;
    for (unsigned int type = 0x0056; type <= 0x00F5; type += 0x00F5 - 0x0056) {
        scratch.length = 0;
        put_u32(&scratch, 0x0059, 1);
        put_u32(&scratch, (uint16_t)type, 5);
        put_u32(&scratch, (uint16_t)type, 61);
        put_u32(&scratch, 0x005A, 0);
        wrap(&scratch);
        assert_true(ska_rule_decode(written(&scratch), &rule, NULL));
        assert_int_equal(rule.alternatives[0].timelock, 5);
        assert_int_equal(rule.alternatives[0].timeout, 61);
        assert_true(ska_rule_encode(&rule, &again, NULL));
        assert_int_equal(again.data[12], 0x56);
        assert_int_equal(ska_span_equal(ska_span_of(&again), written(&scratch)), type == 0x0056);
        ska_bytes_free(&again);
        ska_rule_clear(&rule);
    }
    scratch.length = 0;
    put_u32(&scratch, 0x0059, 1);
    put_u32(&scratch, 0x0056, 5); /* of one number both */
    put_u32(&scratch, 0x00F5, 61);
    put_u32(&scratch, 0x005A, 0);
    wrap(&scratch);
    assert_false(ska_rule_decode(written(&scratch), &rule, NULL));
}

static void the_long_form_is_refused_in_words(void **state)
{
    static uint8_t zeros[0xFFFF];
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_rule rule;

    (void)state;
    scratch.length = 0;
    put_u32(&scratch, 0x0059, 1);
    put_element(&scratch, 0x1002, zeros, sizeof(zeros));
    wrap(&scratch);
    assert_false(ska_rule_decode(written(&scratch), &rule, &errors));
    assert_raised(&recorder, SKA_R_BAD_RULE);
    assert_non_null(
        strstr(recorder.text, "longer than 65534 bytes, in a form that is not supported"));
}

/* ---- Certificates --------------------------------------------------------------------------- */

static struct ska_bytes make_certificate(EVP_PKEY *key, bool full)
{
    X509 *certificate = X509_new();
    struct ska_bytes bytes = {NULL, 0};
    unsigned char *der = NULL;
    int length = 0;

    set_certificate_name(certificate, "Zo\xC3\xAB");
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 77);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    if (full) {
        X509_EXTENSION *usage =
            X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,digitalSignature");

        X509_set_version(certificate, X509_VERSION_3);
        X509_add_ext(certificate, usage, -1);
        X509_EXTENSION_free(usage);
    }
    assert_true(X509_sign(certificate, key, NULL) > 0 ||
                X509_sign(certificate, key, EVP_sha256()) > 0);
    length = i2d_X509(certificate, &der);
    assert_true(length > 0);
    assert_true(ska_bytes_copy(&bytes, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    X509_free(certificate);
    return bytes;
}

static void check_certificate(EVP_PKEY *key, bool full)
{
    struct ska_bytes certificate = make_certificate(key, full), again = {NULL, 0};
    struct ska_approver *approver = NULL;
    struct ska_rule rule;
    unsigned char *spki = NULL;
    int length = i2d_PUBKEY(key, &spki);

    scratch.length = 0;
    put_u32(&scratch, 0x0059, 1);
    put_u32(&scratch, 0x0055, 0);
    put_u32(&scratch, 0x0055, 0);
    put_u32(&scratch, 0x005A, 1);
    put_u32(&scratch, 0x005B, 1);
    put_u32(&scratch, 0x0003, 1);
    put_element(&scratch, 0x10F2, certificate.data, certificate.length);
    wrap(&scratch);
    ERR_clear_error();
    assert_true(ska_rule_decode(written(&scratch), &rule, NULL));
    /* By its number in serialized approvals, which is not written. */
    scratch.data[4 + 6 * 8] = 0x09;
    ska_rule_clear(&rule);
    assert_true(ska_rule_decode(written(&scratch), &rule, NULL));
    scratch.data[4 + 6 * 8] = 0xF2;
    approver = &rule.alternatives[0].groups[0].approvers[0];
    assert_int_equal(approver->type, SKA_APPROVER_CERTIFICATE);
    assert_null(approver->name.data);
    assert_span_equal(ska_span_of(&approver->data), ska_span_of(&certificate));
    assert_span_equal(ska_span_of(&approver->public_key), ska_span(spki, (size_t)length));
    assert_true(ska_approver_identify(approver, NULL));
    assert_span_equal(ska_span_of(&approver->public_key), ska_span(spki, (size_t)length));
    assert_true(ska_rule_encode(&rule, &again, NULL));
    assert_span_equal(ska_span_of(&again), written(&scratch));
    assert_int_equal(ERR_peek_error(), 0);
    ska_rule_clear(&rule);
    ska_bytes_free(&again);
    ska_bytes_free(&certificate);
    OPENSSL_free(spki);
}

static void certificates_give_their_key(void **state)
{
    EVP_PKEY *keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048),
                        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED448")};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_non_null(keys[i]);
        check_certificate(keys[i], false);
        check_certificate(keys[i], true);
        EVP_PKEY_free(keys[i]);
    }
}

/* Bytes that are offered as a certificate approver's and should not pass. */
static void check_no_certificate(struct ska_span bytes)
{
    struct ska_approver approver = {SKA_APPROVER_CERTIFICATE, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct ska_group group = {{NULL, 0}, 1, &approver, 1};
    struct ska_alternative alternative = {{NULL, 0}, 0, 0, &group, 1};
    struct ska_rule rule = {&alternative, 1};
    struct ska_bytes encoded = {NULL, 0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_span input = exact(bytes);

    approver.data = (struct ska_bytes){(uint8_t *)(uintptr_t)input.data, input.length};
    assert_false(ska_approver_identify(&approver, &errors));
    assert_raised(&recorder, SKA_R_BAD_KEY);
    assert_null(approver.public_key.data);
    errors = errors_into(&recorder);
    assert_false(ska_rule_encode(&rule, &encoded, &errors));
    assert_raised(&recorder, SKA_R_BAD_KEY);
    assert_null(encoded.data);
    assert_int_equal(ERR_peek_error(), 0);
    exact_free(input);
}

static void other_bytes_are_no_certificate(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    struct ska_bytes certificate = make_certificate(key, true);
    unsigned char *spki = NULL;
    int length = i2d_PUBKEY(key, &spki);

    (void)state;
    ERR_clear_error();
    check_no_certificate(ska_span(NULL, 0));
    check_no_certificate(ska_span(spki, (size_t)length));
    check_no_certificate(ska_span(certificate.data, certificate.length + 1));
    for (size_t cut = 1; cut < certificate.length; cut += 7)
        check_no_certificate(ska_span(certificate.data, certificate.length - cut));
    OPENSSL_free(spki);
    ska_bytes_free(&certificate);
    EVP_PKEY_free(key);
}

/* The same key with its point compressed would be a second approver. */
static void compressed_points_cannot_approve(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct ska_approver approver = {SKA_APPROVER_PUBLIC_KEY, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);

    (void)state;
    assert_true(length > 0);
    assert_true(ska_bytes_copy(&approver.data, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    assert_true(ska_approver_identify(&approver, NULL));
    ska_bytes_free(&approver.public_key);
    ska_bytes_free(&approver.data);
    der = NULL;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed"), 1);
    length = i2d_PUBKEY(key, &der);
    assert_true(length > 0);
    assert_true(ska_bytes_copy(&approver.data, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    assert_false(ska_approver_identify(&approver, NULL));
    ska_bytes_free(&approver.data);
    EVP_PKEY_free(key);
}

/* Somebody's key that cannot approve is still a rule that can be read. */
static void certificates_of_other_keys_decode_but_cannot_approve(void **state)
{
    EVP_PKEY *key = NULL;
    struct ska_approver approver = {SKA_APPROVER_CERTIFICATE, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct ska_group group = {{NULL, 0}, 1, &approver, 1};
    struct ska_alternative alternative = {{NULL, 0}, 0, 0, &group, 1};
    struct ska_rule rule = {&alternative, 1}, back;
    struct ska_bytes encoded = {NULL, 0};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);

    (void)state;
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
    assert_int_equal(EVP_PKEY_generate(context, &key), 1);
    approver.data = make_certificate(key, true);
    assert_false(ska_approver_identify(&approver, NULL));
    assert_true(ska_rule_encode(&rule, &encoded, NULL));
    assert_true(ska_rule_decode(ska_span_of(&encoded), &back, NULL));
    assert_true(back.alternatives[0].groups[0].approvers[0].public_key.length > 0);
    ska_rule_clear(&back);
    ska_bytes_free(&encoded);
    ska_bytes_free(&approver.data);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
}

/* ---- Encoding ------------------------------------------------------------------------------- */

static void encoding_has_limits(void **state)
{
    static uint8_t zeros[0x10000];
    struct ska_approver approver = {SKA_APPROVER_PUBLIC_KEY, {NULL, 0}, {zeros, 0xFFFE}, {NULL, 0}};
    struct ska_group group = {{zeros, 0xFFFE}, 1, &approver, 1};
    struct ska_alternative alternative = {{zeros, 0xFFFE}, 0, 0, &group, 1};
    struct ska_rule rule = {&alternative, 1}, back;
    struct ska_bytes *values[] = {&approver.data, &approver.name, &group.name, &alternative.name};
    struct ska_bytes encoded = {NULL, 0};

    (void)state;
    assert_true(ska_rule_encode(&rule, &encoded, NULL));
    assert_true(ska_rule_decode(ska_span_of(&encoded), &back, NULL));
    assert_int_equal(back.alternatives[0].name.length, 0xFFFE);
    ska_rule_clear(&back);
    ska_bytes_free(&encoded);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct ska_bytes before = *values[i];
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        *values[i] = (struct ska_bytes){zeros, 0xFFFF};
        assert_false(ska_rule_encode(&rule, &encoded, &errors));
        assert_raised(&recorder, SKA_R_BAD_INPUT_LENGTH);
        *values[i] = before;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_empty_rule),
        cmocka_unit_test(random_rules_decode_and_encode),
        cmocka_unit_test(cut_rules_are_refused),
        cmocka_unit_test(changed_rules_are_refused_or_canonical),
        cmocka_unit_test(single_faults_are_refused),
        cmocka_unit_test(times_are_minutes_where_they_can_be),
        cmocka_unit_test(the_old_number_for_seconds_is_read),
        cmocka_unit_test(the_long_form_is_refused_in_words),
        cmocka_unit_test(certificates_give_their_key),
        cmocka_unit_test(other_bytes_are_no_certificate),
        cmocka_unit_test(compressed_points_cannot_approve),
        cmocka_unit_test(certificates_of_other_keys_decode_but_cannot_approve),
        cmocka_unit_test(encoding_has_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
