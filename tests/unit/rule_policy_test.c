/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy files: what they mean, and each mistake refused with its place.
 */
#include "sign_support.h"

#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "provider/base/json.h"
#include "provider/rule/policy_json.h"
#include "provider/rule/rule_check.h"
#include "provider/rule/rule_equal.h"
#include "tools/policy_file.h"
#include "provider/rule/rule_codec.h"

/* Keys of approvers, their certificates, and a directory with files of both. */
static struct {
    char directory[64];
    EVP_PKEY *alice;
    EVP_PKEY *bob;
    EVP_PKEY *rsa;
    char *alice_spki; /* base64 */
    char *bob_spki;
    char *bob_certificate;
    char *rsa_spki;
} fixture;

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", fixture.directory, name);
    return path;
}

static FILE *create(const char *name)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    return file;
}

static void write_bytes(const char *name, const struct ska_bytes *bytes)
{
    struct ska_file_place place;

    assert_true(ska_file_place_open(&place, path_of(name), NULL));
    assert_true(ska_file_place_replace(&place, ska_span_of(bytes), 0600, NULL));
    ska_file_place_close(&place);
}

static char *base64_and_free(struct ska_bytes bytes)
{
    char *text = base64_of(ska_span_of(&bytes));

    ska_bytes_free(&bytes);
    return text;
}

static void write_key_files(void)
{
    X509 *certificate = new_certificate(fixture.bob, "Bob");
    struct ska_bytes der = spki_of(fixture.alice);
    FILE *file = create("alice.pub");

    assert_true(PEM_write_PUBKEY(file, fixture.alice));
    fclose(file);
    file = create("two.pub");
    assert_true(PEM_write_PUBKEY(file, fixture.alice) && PEM_write_PUBKEY(file, fixture.alice));
    fclose(file);
    write_bytes("alice.pub.der", &der);
    ska_bytes_free(&der);

    file = create("alice.key");
    assert_true(PEM_write_PrivateKey(file, fixture.alice, NULL, NULL, 0, NULL, NULL));
    fclose(file);
    file = create("alice-encrypted.key");
    assert_true(
        PEM_write_PKCS8PrivateKey(file, fixture.alice, EVP_aes_128_cbc(), "secret", 6, NULL, NULL));
    fclose(file);
    file = create("alice-encrypted.key.der");
    assert_true(
        i2d_PKCS8PrivateKey_fp(file, fixture.alice, EVP_aes_128_cbc(), "secret", 6, NULL, NULL));
    fclose(file);

    file = create("bob.pem"); /* a certificate, another one, with words around them */
    fputs("Certificate of Bob\n", file);
    assert_true(PEM_write_X509(file, certificate));
    X509_free(certificate);
    certificate = new_certificate(fixture.rsa, "CA");
    assert_true(PEM_write_X509(file, certificate));
    X509_free(certificate);
    fclose(file);
    der = certificate_of(fixture.bob, "Bob");
    write_bytes("bob.der", &der);
    ska_bytes_free(&der);

    file = create("bob-with-key.pem");
    certificate = new_certificate(fixture.bob, "Bob");
    assert_true(PEM_write_X509(file, certificate));
    X509_free(certificate);
    assert_true(PEM_write_PrivateKey(file, fixture.bob, NULL, NULL, 0, NULL, NULL));
    fclose(file);
}

/* Private keys in DER, in each of the forms that there are. */
static void write_private_der(const char *name, EVP_PKEY *key, bool pkcs8)
{
    unsigned char *buffer = NULL;
    int length = 0;
    struct ska_bytes der;

    if (pkcs8) {
        PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);

        length = i2d_PKCS8_PRIV_KEY_INFO(info, &buffer);
        PKCS8_PRIV_KEY_INFO_free(info);
    } else {
        length = i2d_PrivateKey(key, &buffer);
    }
    der = taken(buffer, length);
    write_bytes(name, &der);
    ska_bytes_free(&der);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(fixture.directory, "/tmp/ska-policy-XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    fixture.alice = new_key("EC", "P-256");
    fixture.bob = new_key("ED25519");
    fixture.rsa = new_key("RSA", (size_t)2048);
    fixture.alice_spki = base64_and_free(spki_of(fixture.alice));
    fixture.bob_spki = base64_and_free(spki_of(fixture.bob));
    fixture.bob_certificate = base64_and_free(certificate_of(fixture.bob, "Bob"));
    fixture.rsa_spki = base64_and_free(spki_of(fixture.rsa));
    write_key_files();
    write_private_der("pkcs8.der", fixture.alice, true);
    write_private_der("sec1.der", fixture.alice, false);
    write_private_der("pkcs1.der", fixture.rsa, false);
    return 0;
}

static int tear_down(void **state)
{
    char *command = NULL;

    (void)state;
    EVP_PKEY_free(fixture.alice);
    EVP_PKEY_free(fixture.bob);
    EVP_PKEY_free(fixture.rsa);
    free(fixture.alice_spki);
    free(fixture.bob_spki);
    free(fixture.bob_certificate);
    free(fixture.rsa_spki);
    assert_true(asprintf(&command, "rm -r %s", fixture.directory) > 0);
    assert_int_equal(system(command), 0);
    free(command);
    return 0;
}

/* Reads a policy with this text, where @ALICE, @BOB, @BOBCERT and @RSA stand for base64. */
static bool reads(const char *format, struct ska_policy *policy, struct recorder *recorder)
{
    static const char *const names[] = {"@ALICE", "@BOBCERT", "@BOB", "@RSA"};
    const char *values[] = {fixture.alice_spki, fixture.bob_certificate, fixture.bob_spki,
                            fixture.rsa_spki};
    struct ska_errors errors = errors_into(recorder);
    char *text = strdup(format);
    FILE *file = create("policy.json");
    bool done = false;

    for (size_t i = 0; i < 4; i++)
        while (strstr(text, names[i]) != NULL) {
            char *next = exchanged(text, names[i], values[i]);

            free(text);
            text = next;
        }
    fputs(text, file);
    fclose(file);
    free(text);
    done = ska_policy_read(path_of("policy.json"), policy, &errors);
    assert_int_equal(recorder->count, !done);
    assert_int_equal(ERR_peek_error(), 0); /* nothing is left for others to find */
    return done;
}

static void assert_reads(const char *text, struct ska_policy *policy)
{
    struct recorder recorder;

    if (!reads(text, policy, &recorder))
        fail_msg("%s: %s", text, recorder.text);
}

static void assert_refused(const char *text, enum ska_reason reason, const char *message)
{
    struct ska_policy policy;
    struct recorder recorder;

    if (reads(text, &policy, &recorder))
        fail_msg("read: %s", text);
    assert_raised_with(&recorder, reason, message);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        assert_false(policy.named[i]);
        assert_null(policy.rules[i].alternatives);
    }
}

#define ALICE "{\"type\":\"public_key\",\"name\":\"alice\",\"value\":\"@ALICE\"}"
#define BOB "{\"type\":\"public_key\",\"name\":\"bob\",\"value\":\"@BOB\"}"
#define BOBCERT "{\"type\":\"certificate\",\"value\":\"@BOBCERT\"}"
#define RSA "{\"type\":\"public_key\",\"name\":\"carol\",\"value\":\"@RSA\"}"

/* A policy whose use rule has one group. */
#define GROUP(quorum, approvals)                                                                   \
    "{\"ruleUse\":{\"tokens\":[{\"groups\":[{\"quorum\":" quorum ",\"approvals\":[" approvals      \
    "]}]}]}}"

/* ---- What they mean ------------------------------------------------------------------------- */

static void a_whole_policy_is_read(void **state)
{
    struct ska_policy policy;
    const struct ska_alternative *alternative = NULL;
    const struct ska_approver *approver = NULL;
    struct ska_bytes key = spki_of(fixture.bob);

    (void)state;
    assert_reads("{\"ruleUse\":{\"tokens\":[{\"name\":\"seal\",\"timelock\":60,\"timeout\":3601,"
                 "\"groups\":[{\"name\":\"directors\",\"quorum\":2,\"approvals\":[" ALICE
                 "," BOBCERT "," RSA "]},{\"quorum\":1,\"approvals\":[" BOB "]}]},"
                 "{\"groups\":[{\"quorum\":1,\"approvals\":[" RSA "]}]}]},"
                 "\"ruleBlock\":null,\"ruleUnblock\":{\"tokens\":[]},"
                 "\"ruleModify\":{\"tokens\":null},\"keyStatus\":{\"blocked\":true}}",
                 &policy);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        assert_true(policy.named[i]);
    assert_true(policy.blocked);

    assert_int_equal(policy.rules[SKA_RULE_USE].alternative_count, 2);
    alternative = &policy.rules[SKA_RULE_USE].alternatives[0];
    assert_string_equal((const char *)alternative->name.data, "seal");
    assert_int_equal(alternative->timelock, 60);
    assert_int_equal(alternative->timeout, 3601);
    assert_int_equal(alternative->group_count, 2);
    assert_string_equal((const char *)alternative->groups[0].name.data, "directors");
    assert_int_equal(alternative->groups[0].quorum, 2);
    assert_int_equal(alternative->groups[0].approver_count, 3);
    approver = &alternative->groups[0].approvers[1];
    assert_int_equal(approver->type, SKA_APPROVER_CERTIFICATE);
    assert_null(approver->name.data);
    assert_span_equal(ska_span_of(&approver->public_key), ska_span_of(&key));
    assert_null(alternative->groups[1].name.data);
    alternative = &policy.rules[SKA_RULE_USE].alternatives[1];
    assert_null(alternative->name.data);
    assert_int_equal(alternative->timelock + alternative->timeout, 0);

    /* null: always; no tokens: never. */
    assert_true(ska_rule_is_empty(&policy.rules[SKA_RULE_BLOCK]));
    assert_int_equal(policy.rules[SKA_RULE_BLOCK].alternative_count, 1);
    assert_int_equal(policy.rules[SKA_RULE_UNBLOCK].alternative_count, 0);
    assert_int_equal(policy.rules[SKA_RULE_MODIFY].alternative_count, 0);
    ska_policy_clear(&policy);
    ska_bytes_free(&key);
}

static void what_is_left_out_is_told(void **state)
{
    struct ska_policy policy;

    (void)state;
    assert_reads("{}", &policy);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        assert_false(policy.named[i]);
        assert_int_equal(policy.rules[i].alternative_count, 0); /* if used all the same: never */
    }
    assert_false(policy.blocked);
    ska_policy_clear(&policy);

    assert_reads("{\"ruleModify\":null,\"keyStatus\":{}}", &policy);
    assert_false(policy.named[SKA_RULE_USE]);
    assert_true(policy.named[SKA_RULE_MODIFY]);
    assert_false(policy.blocked);
    ska_policy_clear(&policy);
}

/* The published bytes of the rule that is always satisfied. */
static void null_is_the_empty_rule_of_the_vendor(void **state)
{
    cJSON *vectors = read_vectors();
    struct ska_bytes expected = from_hex(text_in(vectors, "emptyRule"));
    struct ska_bytes encoded = {NULL, 0};
    struct ska_policy policy;

    (void)state;
    assert_reads("{\"ruleUse\":null}", &policy);
    assert_true(ska_rule_encode(&policy.rules[SKA_RULE_USE], &encoded, NULL));
    assert_span_equal(ska_span_of(&encoded), ska_span_of(&expected));
    ska_bytes_free(&encoded);
    ska_policy_clear(&policy);

    /* Written out it is the same. */
    assert_reads(GROUP("0", ""), &policy);
    assert_true(ska_rule_encode(&policy.rules[SKA_RULE_USE], &encoded, NULL));
    assert_span_equal(ska_span_of(&encoded), ska_span_of(&expected));
    ska_bytes_free(&encoded);
    ska_policy_clear(&policy);
    ska_bytes_free(&expected);
    cJSON_Delete(vectors);
}

static void files_are_read_relative_to_the_policy(void **state)
{
    static const struct {
        const char *type;
        const char *file;
        EVP_PKEY **key;
    } cases[] = {{"public_key", "alice.pub", &fixture.alice},
                 {"public_key", "alice.pub.der", &fixture.alice},
                 {"certificate", "bob.pem", &fixture.bob},
                 {"certificate", "bob.der", &fixture.bob}};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        size_t which = i / 2;
        struct ska_bytes key = spki_of(*cases[which].key);
        struct ska_policy policy;
        char *text = NULL;

        /* As a name beside the policy, and as an absolute path. */
        assert_true(asprintf(&text, GROUP("1", "{\"type\":\"%s\",\"file\":\"%s\"}"),
                             cases[which].type,
                             i % 2 == 0 ? cases[which].file : path_of(cases[which].file)) > 0);
        assert_reads(text, &policy);
        assert_span_equal(
            ska_span_of(
                &policy.rules[SKA_RULE_USE].alternatives[0].groups[0].approvers[0].public_key),
            ska_span_of(&key));
        ska_policy_clear(&policy);
        ska_bytes_free(&key);
        free(text);
    }
}

static void a_policy_beside_us_needs_no_directory(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_policy policy;
    char *before = getcwd(NULL, 0);
    FILE *file = create("here.json");

    (void)state;
    fputs(GROUP("1", "{\"type\":\"certificate\",\"file\":\"bob.pem\"}"), file);
    fclose(file);
    assert_int_equal(chdir(fixture.directory), 0);
    assert_true(ska_policy_read("here.json", &policy, &errors));
    ska_policy_clear(&policy);
    assert_int_equal(chdir(before), 0);
    free(before);
}

/* ---- Mistakes ------------------------------------------------------------------------------- */

static void unknown_members_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *place;
    } cases[] = {
        {"{\"ruleuse\":null}", "policy.json: ruleuse: unknown member"},
        {"{\"rule\":null}", "policy.json: rule: unknown member"},
        {"{\"keyStatus\":{\"Blocked\":true}}", "policy.json: keyStatus.Blocked: unknown member"},
        {"{\"ruleUse\":{\"token\":[]}}", "ruleUse.token: unknown member"},
        {"{\"ruleUse\":{\"tokens\":[{\"timeLock\":1,\"groups\":[]}]}}",
         "policy.json: ruleUse.tokens[0].timeLock: unknown member"},
        {"{\"ruleUse\":{\"tokens\":[{\"groups\":[{\"quorum\":0,\"approvers\":[]}]}]}}",
         "ruleUse.tokens[0].groups[0].approvers: unknown member"},
        {GROUP("1", ALICE "," RSA ",{\"typ\":\"public_key\",\"value\":\"@BOB\"}"),
         "ruleUse.tokens[0].groups[0].approvals[2].typ: unknown member"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(cases[i].text, SKA_R_BAD_POLICY, cases[i].place);
}

static void wrong_shapes_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"[]", "policy.json: not a policy: a JSON object is expected, with ruleUse"},
        {"null", "policy.json: not a policy: a JSON object is expected"},
        {" \n# no JSON\n", "policy.json: not a policy: a JSON object is expected"},
        {"{\"ruleUse\":[]}", "policy.json: ruleUse: object expected"},
        {"{\"ruleUse\":false}", "ruleUse: object expected"},
        {"{\"ruleUse\":{}}", "ruleUse.tokens: missing"},
        {"{\"ruleUse\":{\"tokens\":{}}}", "ruleUse.tokens: array expected"},
        {"{\"ruleUse\":{\"tokens\":[null]}}", "ruleUse.tokens[0]: object expected"},
        {"{\"ruleUse\":{\"tokens\":[{\"groups\":[1]}]}}", "groups[0]: object expected"},
        {"{\"ruleUse\":{\"tokens\":[{\"groups\":[{\"approvals\":[]}]}]}}", "quorum: missing"},
        {GROUP("\"1\"", ALICE), "groups[0].quorum: number expected"},
        {GROUP("-1", ALICE), "quorum: whole number"},
        {GROUP("4294967297", ALICE), "quorum: too large"},
        {GROUP("1", "\"alice\""), "approvals[0]: object expected"},
        {GROUP("1", "{\"value\":\"@ALICE\"}"), "approvals[0].type: missing"},
        {GROUP("1", "{\"type\":\"key\",\"value\":\"@ALICE\"}"),
         "type: 'key' is not \"public_key\", \"certificate\" or, at a broker, "
         "\"onboarded_approver_certificate\""},
        {GROUP("1", "{\"type\":\"public_key\"}"), "approvals[0].value: missing"},
        {GROUP("1", "{\"type\":\"public_key\",\"value\":\"@ALICE\",\"file\":\"alice.pub\"}"),
         "either \"value\" or \"file\""},
        {GROUP("1", "{\"type\":\"public_key\",\"value\":\"@ALICE\\n\"}"), "value: base64"},
        {GROUP("1", "{\"type\":\"public_key\",\"file\":\"\"}"), "file: empty"},
        {GROUP("1", "{\"type\":\"public_key\",\"file\":\"a\\u001b[2J\"}"),
         "file: 'PATH/a\\x1B[2J' is not a valid file name"},
        {"{\"ruleUse\":{\"tokens\":[{\"timelock\":0.5,\"groups\":[]}]}}",
         "tokens[0].timelock: whole number"},
        {"{\"ruleUse\":{\"tokens\":[{\"timeout\":-1,\"groups\":[]}]}}",
         "tokens[0].timeout: whole number"},
        {"{\"ruleUse\":{\"tokens\":[{\"name\":7,\"groups\":[]}]}}", "name: text expected"},
        {"{\"keyStatus\":true}", "keyStatus: object expected"},
        {"{\"keyStatus\":{\"blocked\":\"yes\"}}", "keyStatus.blocked: true or false expected"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *message = strstr(cases[i].message, "PATH") == NULL
                            ? strdup(cases[i].message)
                            : exchanged(cases[i].message, "PATH", fixture.directory);

        assert_refused(cases[i].text, SKA_R_BAD_POLICY, message);
        free(message);
    }
    assert_refused("{\"ruleUse\":null,\"ruleUse\":{\"tokens\":[]}}", SKA_R_BAD_JSON,
                   "duplicate member 'ruleUse'");
}

static void weak_and_useless_rules_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {GROUP("3", ALICE "," BOB), "ruleUse.tokens[0].groups[0]: the quorum is larger than the "
                                    "number of approvers (quorum 3, 2 approvers)"},
        {GROUP("1", ""), "the quorum is larger"},
        {GROUP("0", ALICE), "the quorum is 0"},
        {"{\"ruleBlock\":{\"tokens\":[{\"groups\":[{\"name\":\"g\",\"quorum\":1,\"approvals\":[" BOB
         "]},{\"name\":\"none\",\"quorum\":0,\"approvals\":[]}]}]}}",
         "ruleBlock.tokens[0].groups[1] ('none'): the quorum is 0"},
        {"{\"ruleUse\":{\"tokens\":[{\"name\":\"t\"}]}}", "ruleUse.tokens[0] ('t'): no groups"},
        {"{\"ruleUse\":{\"tokens\":[{\"groups\":null}]}}", "ruleUse.tokens[0]: no groups"},
        {"{\"ruleUse\":{\"tokens\":[{\"timelock\":4294967000,\"timeout\":296,\"groups\":[{"
         "\"quorum\":0}]}]}}",
         "136 years"},
        {GROUP("1", ALICE "," BOB "," ALICE),
         "groups[0]: approvals[2] (alice) has the same key as approvals[0] (alice)"},
        {GROUP("2", BOB "," BOBCERT), "approvals[1] (Bob) has the same key as approvals[0] (bob)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(cases[i].text, SKA_R_BAD_POLICY, cases[i].message);
}

/* What is allowed right beside what is refused. */
static void rules_at_the_edge_are_read(void **state)
{
    static const char *const texts[] = {
        GROUP("2", ALICE "," BOB),
        "{\"ruleUse\":{\"tokens\":[{\"timelock\":4294967000,\"timeout\":295,\"groups\":[{"
        "\"quorum\":0}]}]}}",
        /* One approver in two groups counts in each. */
        "{\"ruleUse\":{\"tokens\":[{\"groups\":[{\"quorum\":1,\"approvals\":[" ALICE
        "]},{\"quorum\":1,\"approvals\":[" ALICE "]}]}]}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct ska_policy policy;

        assert_reads(texts[i], &policy);
        ska_policy_clear(&policy);
    }
}

static void too_many_parts_are_refused(void **state)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    (void)state;
    ska_buffer_text(&buffer, "{\"ruleUse\":{\"tokens\":[");
    for (size_t i = 0; i < 65; i++)
        ska_buffer_text(&buffer, i == 0 ? "{\"groups\":[{\"quorum\":0}]}"
                                        : ",{\"groups\":[{\"quorum\":0}]}");
    ska_buffer_text(&buffer, "]}}");
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    assert_refused((const char *)text.data, SKA_R_BAD_POLICY, "ruleUse: more than 64 tokens");
    ska_bytes_free(&text);
}

static void keys_that_cannot_approve_are_refused(void **state)
{
    EVP_PKEY *x25519 = new_key("X25519");
    char *spki = base64_and_free(spki_of(x25519));
    char *text = exchanged(
        GROUP("1", "{\"type\":\"public_key\",\"name\":\"eve\",\"value\":\"KEY\"}"), "KEY", spki);

    (void)state;
    assert_refused(text, SKA_R_BAD_KEY, "ruleUse.tokens[0].groups[0].approvals[0] ('eve'): ");
    free(text);
    free(spki);
    EVP_PKEY_free(x25519);
    assert_refused(GROUP("1", "{\"type\":\"public_key\",\"value\":\"@BOBCERT\"}"), SKA_R_BAD_KEY,
                   "approvals[0]: approver: not a public key");
    assert_refused(GROUP("1", "{\"type\":\"certificate\",\"value\":\"@BOB\"}"), SKA_R_BAD_KEY,
                   "approvals[0]: approver: not an X.509 certificate");
    assert_refused(GROUP("1", "{\"type\":\"public_key\",\"value\":\"\"}"), SKA_R_BAD_KEY,
                   "approvals[0]");
}

static void wrong_files_are_refused(void **state)
{
    static const struct {
        const char *type;
        const char *file;
        enum ska_reason reason;
        const char *message;
    } cases[] = {
        {"public_key", "none", SKA_R_FILE_FAILURE, "approvals[0].file: "},
        {"public_key", ".", SKA_R_FILE_FAILURE, "not a regular file"},
        {"public_key", "/dev/zero", SKA_R_FILE_FAILURE, "not a regular file"},
        {"public_key", "alice.key", SKA_R_BAD_KEY, "holds a private key"},
        {"certificate", "alice.key", SKA_R_BAD_KEY, "holds a private key"},
        {"public_key", "alice-encrypted.key", SKA_R_BAD_KEY, "holds a private key"},
        {"public_key", "alice-encrypted.key.der", SKA_R_BAD_KEY, "holds a private key"},
        {"certificate", "bob-with-key.pem", SKA_R_BAD_KEY, "holds a private key"},
        {"public_key", "pkcs8.der", SKA_R_BAD_KEY, "holds a private key"},
        {"public_key", "sec1.der", SKA_R_BAD_KEY, "holds a private key"},
        {"public_key", "pkcs1.der", SKA_R_BAD_KEY, "holds a private key"},
        {"public_key", "bob.pem", SKA_R_BAD_KEY, "holds a certificate; the type for that is"},
        {"certificate", "alice.pub", SKA_R_BAD_KEY, "holds a public key; the type for that is"},
        {"public_key", "two.pub", SKA_R_BAD_KEY, "holds more than one public key"},
        {"public_key", "bob.der", SKA_R_BAD_KEY, "not a public key"},
        {"certificate", "alice.pub.der", SKA_R_BAD_KEY, "not an X.509 certificate"},
        {"certificate", "policy.json", SKA_R_BAD_KEY, "not an X.509 certificate"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = NULL;

        assert_true(asprintf(&text, GROUP("1", "{\"type\":\"%s\",\"file\":\"%s\"}"), cases[i].type,
                             cases[i].file) > 0);
        assert_refused(text, cases[i].reason, cases[i].message);
        free(text);
    }
}

static void private_keys_in_the_policy_are_refused(void **state)
{
    static const char *const files[] = {"pkcs8.der", "sec1.der", "pkcs1.der",
                                        "alice-encrypted.key.der"};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct ska_bytes der = {NULL, 0};
        char *base64 = NULL;
        char *text = NULL;

        assert_true(ska_file_read(path_of(files[i]), 1 << 16, &der, NULL));
        base64 = base64_and_free(der);
        text = exchanged(GROUP("1", "{\"type\":\"public_key\",\"value\":\"KEY\"}"), "KEY", base64);
        assert_refused(text, SKA_R_BAD_POLICY, "approvals[0].value: a private key");
        free(base64);
        free(text);
    }
}

/* ---- Rules of requests ---------------------------------------------------------------------- */

static cJSON *json_of(const char *text)
{
    cJSON *json = NULL;

    assert_true(ska_json_parse(ska_span_text(text), "text", &json, NULL));
    return json;
}

/* Reads a rule as that of a request, where it is the member "rule". */
static bool reads_of_others(const cJSON *json, struct ska_rule *rule,
                            const struct ska_errors *errors)
{
    struct ska_json_place request, place;

    ska_json_top(&request, NULL, "", SKA_R_BAD_REQUEST, errors);
    ska_json_member(&request, "rule", &place);
    place.value = json;
    return ska_rule_read(&place, NULL, rule);
}

/* To JSON and back again, the same bytes come out on the wire. */
static void rules_survive_json(void **state)
{
    static const char *const texts[] = {
        GROUP("1", ALICE "," BOBCERT "," RSA),
        "{\"ruleUse\":{\"tokens\":[]}}",
        "{\"ruleUse\":{\"tokens\":[{\"name\":\"\xC3\xA4\",\"timelock\":1,\"timeout\":2,\"groups\":"
        "[{\"name\":\"g\",\"quorum\":1,\"approvals\":[" RSA "]},{\"quorum\":1,\"approvals\":[" ALICE
        "]}]},{\"timeout\":600,\"groups\":[{\"quorum\":0}]}]}}",
        "{\"ruleUse\":{\"tokens\":[{\"timelock\":600,\"groups\":[{\"quorum\":0}]}]}}",
        "{\"ruleUse\":null}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct ska_policy policy;
        struct ska_rule again;
        struct ska_bytes before = {NULL, 0}, after = {NULL, 0};
        cJSON *json = NULL;

        assert_reads(texts[i], &policy);
        json = ska_rule_to_json(&policy.rules[SKA_RULE_USE]);
        assert_non_null(json);
        assert_int_equal(cJSON_IsNull(json), i == 4);
        assert_true(reads_of_others(json, &again, NULL));
        assert_true(ska_rule_encode(&policy.rules[SKA_RULE_USE], &before, NULL));
        assert_true(ska_rule_encode(&again, &after, NULL));
        assert_span_equal(ska_span_of(&before), ska_span_of(&after));
        cJSON_Delete(json);
        ska_rule_clear(&again);
        ska_policy_clear(&policy);
        ska_bytes_free(&before);
        ska_bytes_free(&after);
    }
}

/* Names on a device are any bytes; JSON is UTF-8. */
static void names_that_are_not_utf8_are_written_harmlessly(void **state)
{
    struct ska_rule rule = {0};
    cJSON *json = NULL;
    const cJSON *token = NULL;
    struct ska_bytes text = {NULL, 0};

    (void)state;
    assert_true(ska_rule_make_empty(&rule, NULL));
    rule.alternatives[0].timeout = 60;
    assert_true(ska_bytes_copy(&rule.alternatives[0].name, ska_span("a\xFF\x00z", 4), NULL));
    json = ska_rule_to_json(&rule);
    token = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "tokens"), 0);
    assert_string_equal(text_in(token, "name"), "a\\xFF\\x00z");
    assert_true(ska_json_print(json, &text, NULL));
    ska_bytes_free(&text);
    cJSON_Delete(json);
    ska_rule_clear(&rule);
}

/* Rules in requests are shown, not given to keys: odd ones and new members are no errors. */
static void rules_of_requests_may_be_odd(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_rule rule;
    char *text = exchanged("{\"new\":1,\"tokens\":[{\"groups\":[{\"quorum\":9,\"approvals\":[{"
                           "\"type\":\"public_key\",\"value\":\"KEY\",\"new\":true}]}]}]}",
                           "KEY", fixture.alice_spki);
    cJSON *json = json_of(text);

    (void)state;
    assert_true(reads_of_others(json, &rule, &errors));
    assert_int_equal(rule.alternatives[0].groups[0].quorum, 9);
    assert_false(ska_rule_check(&rule, "rule", &errors));
    assert_raised_with(&recorder, SKA_R_BAD_POLICY, "rule.tokens[0].groups[0]");
    ska_rule_clear(&rule);
    cJSON_Delete(json);
    free(text);
}

/* Each part may be long, all together not too long for an element; two rules for a token. */
static void rules_that_are_too_long_are_refused(void **state)
{
    static const struct {
        size_t name;
        bool one;
        bool two;
    } lengths[] = {{1000, true, true},
                   {32000, true, true},
                   {40000, true, false},
                   {65000, true, false},
                   {65534, false, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        char *text = exchanged("{\"tokens\":[{\"groups\":[{\"quorum\":1,\"approvals\":[{"
                               "\"type\":\"public_key\",\"value\":\"KEY\"}]}]}]}",
                               "KEY", fixture.alice_spki);
        cJSON *json = json_of(text);
        struct ska_rule rule;
        const struct ska_rule *both[SKA_RULE_COUNT] = {&rule, NULL, &rule, NULL};
        struct ska_group *group = NULL;

        assert_true(reads_of_others(json, &rule, &errors));
        group = &rule.alternatives[0].groups[0];
        group->name.data = calloc(1, lengths[i].name + 1);
        group->name.length = lengths[i].name;
        assert_int_equal(ska_rule_check(&rule, "ruleUse", &errors), lengths[i].one);
        if (!lengths[i].one)
            assert_raised_with(&recorder, SKA_R_BAD_POLICY, "bytes when serialized");
        errors = errors_into(&recorder);
        assert_int_equal(ska_modification_check(both, &errors), lengths[i].two);
        if (!lengths[i].two)
            assert_raised_with(&recorder, SKA_R_BAD_POLICY, "when serialized");
        ska_rule_clear(&rule);
        cJSON_Delete(json);
        free(text);
    }
}

/* A request must not make us read files. */
static void rules_of_requests_name_no_files(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_rule rule;
    char *text = exchanged("{\"tokens\":[{\"groups\":[{\"quorum\":1,\"approvals\":[{\"type\":"
                           "\"public_key\",\"file\":\"PATH/alice.pub\"}]}]}]}",
                           "PATH", fixture.directory);
    cJSON *json = json_of(text);

    (void)state;
    assert_false(reads_of_others(json, &rule, &errors));
    assert_raised_with(&recorder, SKA_R_BAD_REQUEST,
                       "rule.tokens[0].groups[0].approvals[0].value: missing");
    assert_null(rule.alternatives);
    cJSON_Delete(json);
    free(text);
}

/* ---- Approvers whom only a broker knows ------------------------------------------------------ */

#define CAROL "{\"type\":\"onboarded_approver_certificate\",\"name\":\"carol\"}"

static void names_go_to_a_broker_only(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_policy policy;
    struct ska_rule again;
    const struct ska_rule *rules[SKA_RULE_COUNT] = {&policy.rules[SKA_RULE_USE]};
    struct ska_bytes encoded = {NULL, 0};
    cJSON *json = NULL;
    char *text = NULL;

    (void)state;
    assert_reads(GROUP("2", ALICE "," CAROL), &policy);
    assert_ptr_equal(ska_rule_find_onboarded(rules[0]),
                     &rules[0]->alternatives[0].groups[0].approvers[1]);
    json = ska_rule_to_json(rules[0]);
    text = cJSON_PrintUnformatted(json);
    assert_text_contains(text, "}," CAROL "]");
    cJSON_free(text);
    /* Elsewhere nobody would know whose approval counts. */
    assert_false(reads_of_others(json, &again, &errors));
    assert_raised_with(&recorder, SKA_R_BAD_REQUEST, "is not \"public_key\" or \"certificate\"");
    errors = errors_into(&recorder);
    assert_false(ska_rule_encode(rules[0], &encoded, &errors));
    assert_raised_with(&recorder, SKA_R_BAD_POLICY, "approver 'carol' is given only by name");
    errors = errors_into(&recorder);
    assert_false(ska_modification_check(rules, &errors));
    assert_raised_with(&recorder, SKA_R_BAD_POLICY, "approver 'carol' is given only by name");
    cJSON_Delete(json);
    ska_policy_clear(&policy);
    assert_reads(GROUP("2", ALICE "," BOBCERT), &policy);
    assert_null(ska_rule_find_onboarded(rules[0]));
    ska_policy_clear(&policy);
}

static void names_without_more_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {GROUP("1", "{\"type\":\"onboarded_approver_certificate\"}"),
         "approvals[0].name: missing; the broker knows the certificate by it"},
        {GROUP("1", "{\"type\":\"onboarded_approver_certificate\",\"name\":\"\"}"),
         "approvals[0].name: missing"},
        {GROUP("1", "{\"type\":\"onboarded_approver_certificate\",\"name\":\"bob\","
                    "\"value\":\"@BOBCERT\"}"),
         "approvals[0].value: unknown member"},
        {GROUP("1", "{\"type\":\"onboarded_approver_certificate\",\"name\":\"bob\","
                    "\"file\":\"bob.pem\"}"),
         "approvals[0].file: unknown member"},
        {GROUP("1", CAROL "," ALICE "," CAROL),
         "approvals[2] (carol) has the same name as approvals[0] (carol)"},
        {GROUP("3", CAROL "," ALICE), "the quorum is larger"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(cases[i].text, SKA_R_BAD_POLICY, cases[i].message);
}

/* ---- Two rules ------------------------------------------------------------------------------- */

static struct ska_bytes lent(const char *text)
{
    return (struct ska_bytes){(uint8_t *)(uintptr_t)text, text == NULL ? 0 : strlen(text)};
}

/* All of it on the stack; nothing is freed. */
struct flat_rule {
    struct ska_approver approvers[2];
    struct ska_group groups[1];
    struct ska_alternative alternatives[1];
    struct ska_rule rule;
};

static void make_flat(struct flat_rule *flat)
{
    memset(flat, 0, sizeof(*flat));
    flat->approvers[0] = (struct ska_approver){.name = lent("alice"), .data = lent("key a")};
    flat->approvers[1] = (struct ska_approver){
        .type = SKA_APPROVER_CERTIFICATE, .name = lent("bob"), .data = lent("key b")};
    flat->groups[0] = (struct ska_group){lent("board"), 2, flat->approvers, 2};
    flat->alternatives[0] = (struct ska_alternative){lent("first"), 60, 600, flat->groups, 1};
    flat->rule = (struct ska_rule){flat->alternatives, 1};
}

static void rules_are_equal_or_not(void **state)
{
    struct flat_rule one;
    struct flat_rule other;

    (void)state;
    make_flat(&one);
#define ASSERT_EQUAL_WITH(change, expected)                                                        \
    do {                                                                                           \
        make_flat(&other);                                                                         \
        change;                                                                                    \
        assert_int_equal(ska_rule_equal(&one.rule, &other.rule), (expected));                      \
        assert_int_equal(ska_rule_equal(&other.rule, &one.rule), (expected));                      \
    } while (0)
    ASSERT_EQUAL_WITH((void)0, true);
    ASSERT_EQUAL_WITH(other.approvers[1].name = lent(NULL), true);
    ASSERT_EQUAL_WITH(other.groups[0].name = lent(NULL), true);
    ASSERT_EQUAL_WITH(other.approvers[1].name = lent("carol"), false);
    ASSERT_EQUAL_WITH(other.approvers[1].data = lent("key c"), false);
    ASSERT_EQUAL_WITH(other.approvers[1].type = SKA_APPROVER_PUBLIC_KEY, false);
    ASSERT_EQUAL_WITH(other.groups[0].approver_count = 1, false);
    ASSERT_EQUAL_WITH(other.groups[0].quorum = 1, false);
    ASSERT_EQUAL_WITH(other.groups[0].quorum = 0, false);
    ASSERT_EQUAL_WITH(other.groups[0].name = lent("staff"), false);
    ASSERT_EQUAL_WITH(other.alternatives[0].group_count = 0, false);
    ASSERT_EQUAL_WITH(other.alternatives[0].timelock = 0, false);
    ASSERT_EQUAL_WITH(other.alternatives[0].timeout = 0, false);
    ASSERT_EQUAL_WITH(other.alternatives[0].name = lent("second"), false);
    ASSERT_EQUAL_WITH(other.rule.alternative_count = 0, false);
    /* In whatever way it says that it needs nobody. */
    one.groups[0].quorum = 0;
    one.alternatives[0].timelock = one.alternatives[0].timeout = 0;
    ASSERT_EQUAL_WITH((other.alternatives[0].group_count = 0, other.alternatives[0].timelock = 0,
                       other.alternatives[0].timeout = 0),
                      true);
    ASSERT_EQUAL_WITH((other.alternatives[0].group_count = 0, other.alternatives[0].timelock = 0),
                      false);
#undef ASSERT_EQUAL_WITH
}

/* A broker lists certificates under what names it likes: to whom they were issued counts. */
static void names_are_those_of_certificates(void **state)
{
    struct ska_bytes certificate = certificate_of(fixture.bob, "bob");
    struct ska_bytes mallory = certificate_of(fixture.bob, "mallory");
    struct flat_rule named;
    struct flat_rule other;

    (void)state;
    make_flat(&named);
    named.approvers[1] = (struct ska_approver){.type = SKA_APPROVER_ONBOARDED, .name = lent("bob")};
#define ASSERT_EQUAL_TO_NAMED(change, expected)                                                    \
    do {                                                                                           \
        make_flat(&other);                                                                         \
        change;                                                                                    \
        assert_int_equal(ska_rule_equal(&named.rule, &other.rule), (expected));                    \
        assert_int_equal(ska_rule_equal(&other.rule, &named.rule), (expected));                    \
    } while (0)
    ASSERT_EQUAL_TO_NAMED((void)0, false);
    ASSERT_EQUAL_TO_NAMED(other = named, true);
    ASSERT_EQUAL_TO_NAMED(other.approvers[1].name = lent(NULL), false);
    ASSERT_EQUAL_TO_NAMED(other.approvers[1].data = mallory, false);
    ASSERT_EQUAL_TO_NAMED(other.approvers[1].data = certificate, true);
    ASSERT_EQUAL_TO_NAMED(other.approvers[1].type = SKA_APPROVER_PUBLIC_KEY, false);
    ASSERT_EQUAL_TO_NAMED(
        (other.approvers[1].name = lent(NULL), other.approvers[1].data = certificate), true);
    ASSERT_EQUAL_TO_NAMED(
        (other.approvers[1].name = lent("CN=bob"), other.approvers[1].data = certificate), true);
    ASSERT_EQUAL_TO_NAMED((other.approvers[1].name = lent(NULL),
                           other.approvers[1].data = certificate,
                           other.approvers[1].type = SKA_APPROVER_PUBLIC_KEY),
                          false);
    ASSERT_EQUAL_TO_NAMED((other.approvers[0].data = lent("key c")), false);
    named.approvers[1].name = lent("carol");
    ASSERT_EQUAL_TO_NAMED(
        (other.approvers[1].name = lent(NULL), other.approvers[1].data = certificate), false);
#undef ASSERT_EQUAL_TO_NAMED
    ska_bytes_free(&certificate);
    ska_bytes_free(&mallory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_policy_is_read),
        cmocka_unit_test(what_is_left_out_is_told),
        cmocka_unit_test(null_is_the_empty_rule_of_the_vendor),
        cmocka_unit_test(files_are_read_relative_to_the_policy),
        cmocka_unit_test(a_policy_beside_us_needs_no_directory),
        cmocka_unit_test(unknown_members_are_refused),
        cmocka_unit_test(wrong_shapes_are_refused),
        cmocka_unit_test(weak_and_useless_rules_are_refused),
        cmocka_unit_test(rules_at_the_edge_are_read),
        cmocka_unit_test(too_many_parts_are_refused),
        cmocka_unit_test(keys_that_cannot_approve_are_refused),
        cmocka_unit_test(wrong_files_are_refused),
        cmocka_unit_test(private_keys_in_the_policy_are_refused),
        cmocka_unit_test(rules_survive_json),
        cmocka_unit_test(names_that_are_not_utf8_are_written_harmlessly),
        cmocka_unit_test(rules_of_requests_may_be_odd),
        cmocka_unit_test(rules_that_are_too_long_are_refused),
        cmocka_unit_test(rules_of_requests_name_no_files),
        cmocka_unit_test(names_go_to_a_broker_only),
        cmocka_unit_test(names_without_more_are_refused),
        cmocka_unit_test(rules_are_equal_or_not),
        cmocka_unit_test(names_are_those_of_certificates),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
