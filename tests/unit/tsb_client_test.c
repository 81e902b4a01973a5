/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker says of a key and of a request, read strictly where it decides something, and
 * leniently where it may grow.
 */
#include "sign_support.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "provider/rule/rule_codec.h"
#include "provider/tsb/key_description.h"
#include "provider/tsb/mask.h"
#include "provider/tsb/status_answer.h"

static OSSL_LIB_CTX *libctx;
static OSSL_PROVIDER *default_provider;
static char public_key[256]; /* base64 */
/* As some brokers have it. */
#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----\\n"
#define PEM_END "\\n-----END PUBLIC KEY-----"

static int make_key(void **state)
{
    struct ska_bytes spki = {NULL, 0};
    char *text = NULL;
    EVP_PKEY *key = NULL;
    unsigned char *der = NULL;
    int length = 0;

    (void)state;
    libctx = OSSL_LIB_CTX_new();
    default_provider = OSSL_PROVIDER_load(libctx, "default");
    assert_non_null(default_provider);
    key = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    length = i2d_PUBKEY(key, &der);
    assert_true(length > 0);
    spki = (struct ska_bytes){der, (size_t)length};
    assert_true(ska_base64_encode(ska_span_of(&spki), &text, NULL));
    snprintf(public_key, sizeof(public_key), "%s", text);
    free(text);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return 0;
}

static int drop_key(void **state)
{
    (void)state;
    OSSL_PROVIDER_unload(default_provider);
    OSSL_LIB_CTX_free(libctx);
    return 0;
}

static bool describes(const char *members, struct tsb_description *description,
                      struct recorder *recorder)
{
    struct ska_errors errors = errors_into(recorder);
    struct ska_json_place place;
    struct ska_buffer text = {0};
    cJSON *json = NULL;
    bool done = false;

    ska_buffer_format(&text, "{\"xml\":null,\"json\":{%s,\"new\":[1]}}", members);
    assert_true(ska_json_parse(ska_span(text.data, text.length), "test", &json, NULL));
    ska_json_top(&place, json, "broker", SKA_R_SERVER_FAILURE, &errors);
    done = tsb_description_read(&place, "seal", libctx, description);
    assert_int_equal(done, recorder->count == 0);
    cJSON_Delete(json);
    ska_buffer_free(&text);
    return done;
}

static void assert_described(const char *members, struct tsb_description *description)
{
    struct ska_buffer text = {0};
    struct recorder recorder;

    ska_buffer_format(&text, "%s,\"publicKey\":\"%s\",\"attributes\":{\"sign\":true}", members,
                      public_key);
    if (!describes(ska_buffer_string(&text), description, &recorder))
        fail_msg("%s", recorder.text);
    ska_buffer_free(&text);
}

static void a_public_key_may_be_pem(void **state)
{
    struct tsb_description description;
    struct ska_buffer text = {0};
    struct recorder recorder;

    (void)state;
    ska_buffer_format(&text,
                      "\"label\":\"seal\",\"publicKey\":\"" PEM_BEGIN "%s" PEM_END
                      "\",\"attributes\":{\"sign\":true}",
                      public_key);
    if (!describes(ska_buffer_string(&text), &description, &recorder))
        fail_msg("%s", recorder.text);
    assert_int_equal(description.type, SKA_KEY_EC);
    tsb_description_clear(&description);
    ska_buffer_free(&text);
}

static void assert_not_described(const char *members, enum ska_reason reason, const char *message)
{
    struct tsb_description description;
    struct recorder recorder;

    if (describes(members, &description, &recorder))
        fail_msg("taken: %s", members);
    assert_raised_with(&recorder, reason, message);
    assert_null(description.public_key);
}

static void a_key_without_policy_is_ordinary(void **state)
{
    struct tsb_description description;

    (void)state;
    assert_described("\"label\":\"seal\",\"policy\":null", &description);
    assert_false(description.ska);
    assert_true(description.signs);
    assert_int_equal(description.type, SKA_KEY_EC);
    assert_non_null(description.public_key);
    assert_null(description.rules[SKA_RULE_USE].data);
    tsb_description_clear(&description);
}

/* Null needs nobody, no tokens is impossible, and what is not understood is not known. */
static void rules_are_told_apart(void **state)
{
    struct tsb_description description;
    struct ska_rule rule;

    (void)state;
    assert_described(
        "\"label\":\"seal\",\"policy\":{\"ruleUse\":null,\"ruleBlock\":{\"tokens\":[]},"
        "\"ruleUnblock\":{\"tokens\":[{\"groups\":[{\"quorum\":1,\"approvals\":[{"
        "\"type\":\"onboarded_approver_certificate\",\"name\":\"carol\"}]}]}]},"
        "\"keyStatus\":{\"blocked\":true}}",
        &description);
    assert_true(description.ska);
    assert_int_equal(description.blocked, BACKEND_YES);
    assert_true(ska_rule_decode(ska_span_of(&description.rules[SKA_RULE_USE]), &rule, NULL));
    assert_true(ska_rule_is_empty(&rule));
    ska_rule_clear(&rule);
    assert_true(ska_rule_decode(ska_span_of(&description.rules[SKA_RULE_BLOCK]), &rule, NULL));
    assert_int_equal(rule.alternative_count, 0);
    ska_rule_clear(&rule);
    assert_null(description.rules[SKA_RULE_UNBLOCK].data);
    assert_null(description.rules[SKA_RULE_MODIFY].data);
    tsb_description_clear(&description);
}

static void no_tokens_are_nobody(void **state)
{
    static const char *const rules[] = {"{}", "{\"tokens\":null}", "{\"tokens\":[]}"};
    struct tsb_description description;
    struct ska_rule rule;

    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        char members[128];

        snprintf(members, sizeof(members), "\"label\":\"seal\",\"policy\":{\"ruleUse\":%s}",
                 rules[i]);
        assert_described(members, &description);
        assert_non_null(description.rules[SKA_RULE_USE].data);
        assert_true(ska_rule_decode(ska_span_of(&description.rules[SKA_RULE_USE]), &rule, NULL));
        assert_int_equal(rule.alternative_count, 0);
        ska_rule_clear(&rule);
        tsb_description_clear(&description);
    }
    assert_described("\"label\":\"seal\",\"policy\":{\"ruleUse\":{\"new\":1}}", &description);
    assert_null(description.rules[SKA_RULE_USE].data);
    tsb_description_clear(&description);
}

static void what_is_not_told_is_no_no(void **state)
{
    static const struct {
        const char *status;
        enum backend_told told;
    } cases[] = {{"", BACKEND_NOT_TOLD},
                 {",\"keyStatus\":null", BACKEND_NOT_TOLD},
                 {",\"keyStatus\":{}", BACKEND_NOT_TOLD},
                 {",\"keyStatus\":{\"blocked\":null}", BACKEND_NOT_TOLD},
                 {",\"keyStatus\":{\"blocked\":false}", BACKEND_NO},
                 {",\"keyStatus\":{\"blocked\":true}", BACKEND_YES}};
    struct tsb_description description;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char members[128];

        snprintf(members, sizeof(members), "\"label\":\"seal\",\"policy\":{\"ruleUse\":null%s}",
                 cases[i].status);
        assert_described(members, &description);
        assert_int_equal(description.blocked, cases[i].told);
        tsb_description_clear(&description);
    }
}

static void what_decides_must_be_right(void **state)
{
    (void)state;
    assert_not_described("\"label\":\"seal2\"", SKA_R_SERVER_FAILURE,
                         "broker: json.label: 'seal2' is not the key that was asked for");
    assert_not_described("\"id\":null", SKA_R_SERVER_FAILURE, "json.label");
    assert_not_described("\"label\":\"seal\"", SKA_R_SERVER_FAILURE, "json.attributes");
    assert_not_described("\"label\":\"seal\",\"attributes\":{\"sign\":\"yes\"}",
                         SKA_R_SERVER_FAILURE, "json.attributes.sign");
    assert_not_described("\"label\":\"seal\",\"attributes\":{},\"policy\":[]", SKA_R_SERVER_FAILURE,
                         "json.policy");
    assert_not_described("\"label\":\"seal\",\"attributes\":{},\"policy\":{\"keyStatus\":{"
                         "\"blocked\":0}}",
                         SKA_R_SERVER_FAILURE, "json.policy.keyStatus.blocked");
    assert_not_described("\"label\":\"seal\",\"attributes\":{}", SKA_R_BAD_KEY, "no public key");
    assert_not_described("\"label\":\"seal\",\"attributes\":{},\"publicKey\":\"AAAA\"",
                         SKA_R_BAD_KEY, "its public key is not one of");
    assert_not_described("\"label\":\"seal\",\"attributes\":{},\"publicKey\":\"A\"",
                         SKA_R_SERVER_FAILURE, "json.publicKey: base64");
}

/* ---- Secrets --------------------------------------------------------------------------------- */

static const struct tsb_secrets secrets = {
    .list = {{(const uint8_t *)"0123456789abcdef", 16}, {(const uint8_t *)"s3c", 3}}, .count = 2};

static void words_do_not_repeat_secrets(void **state)
{
    static const struct {
        const char *text;
        const char *masked;
    } cases[] = {{"", ""},
                 {"nothing of it: 0123 4567", "nothing of it: 0123 4567"},
                 {"0123456789abcdef", "****************"},
                 {"is 0123456789abcdef0123456789abcdef!", "is ********************************!"},
                 {"the end: 89abcdef.", "the end: ********."},
                 {"too short: 9abcdef.", "too short: 9abcdef."},
                 {"01234567 and 89abcdef", "******** and ********"},
                 {"s3c s3 s3cs3c", "*** s3 ******"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "%s", cases[i].text);
        tsb_mask_text(&secrets, text);
        assert_string_equal(text, cases[i].masked);
    }
    tsb_mask_text(&secrets, NULL);
}

static void answers_do_not_repeat_secrets(void **state)
{
    static const char text[] = "{\"0123456789abcdef\":[{\"a\":\"x0123456789abcdefx\"},1,null],"
                               "\"s3c\":\"89abcdef s3c\"}";
    cJSON *json = NULL;
    char *masked = NULL;

    (void)state;
    assert_true(ska_json_parse(ska_span_text(text), "test", &json, NULL));
    tsb_mask_json(&secrets, json);
    masked = cJSON_PrintUnformatted(json);
    assert_string_equal(masked, "{\"****************\":[{\"a\":\"x****************x\"},1,null],"
                                "\"s3c\":\"89abcdef s3c\"}");
    cJSON_free(masked);
    cJSON_Delete(json);
    tsb_mask_json(&secrets, NULL);
}

/* ---- Requests -------------------------------------------------------------------------------- */

#define ID "5b0e1c1e-2d3f-4a5b-9c6d-7e8f90a1b2c3"

/* The result is copied; "": none. */
static bool tells(const char *text, struct broker_status *status, char result[64],
                  struct recorder *recorder)
{
    struct ska_errors errors = errors_into(recorder);
    struct ska_json_place place;
    const char *said = NULL;
    cJSON *json = NULL;
    bool done = false;

    assert_true(ska_json_parse(ska_span_text(text), "test", &json, NULL));
    ska_json_top(&place, json, "broker", SKA_R_SERVER_FAILURE, &errors);
    done = tsb_status_read(&place, ID, status, &said);
    snprintf(result, 64, "%s", said == NULL ? "" : said);
    cJSON_Delete(json);
    assert_int_equal(done, recorder->count == 0);
    return done;
}

static void assert_state(const char *text, enum broker_state state, size_t approved,
                         const char *result)
{
    struct broker_status status;
    struct recorder recorder;
    char said[64];

    if (!tells(text, &status, said, &recorder))
        fail_msg("%s", recorder.text);
    assert_int_equal(status.state, state);
    assert_int_equal(status.approved.count, approved);
    assert_string_equal(said, result);
    broker_status_clear(&status);
}

/* A result is one only when it is executed; what is missing or new does no harm. */
static void statuses_are_told_apart(void **state)
{
    struct broker_status status;
    struct recorder recorder;
    char said[64];

    (void)state;
    assert_state("{\"id\":\"" ID "\",\"status\":\"PENDING\",\"approvedBy\":[\"AAAA\",1,\"?\"],"
                 "\"result\":\"Execution shall be made with offline HSM\"}",
                 BROKER_PENDING, 1, "");
    assert_state("{\"status\":\"PENDING\",\"approvedBy\":[\"" PEM_BEGIN "AAAA" PEM_END "\"]}",
                 BROKER_PENDING, 1, "");
    assert_state("{\"status\":\"APPROVED\",\"result\":null}", BROKER_APPROVED, 0, "");
    assert_state("{\"status\":\"EXECUTED\",\"result\":\"AAAA\",\"new\":{}}", BROKER_EXECUTED, 0,
                 "AAAA");
    assert_state("{\"status\":\"EXECUTED\",\"result\":\"\"}", BROKER_EXECUTED, 0, "");
    assert_state("{\"status\":\"REJECTED\",\"rejectedBy\":null}", BROKER_REJECTED, 0, "");
    assert_state("{\"status\":\"EXPIRED\"}", BROKER_EXPIRED, 0, "");
    assert_state("{\"status\":\"CANCELLED\"}", BROKER_CANCELLED, 0, "");
    assert_state("{\"status\":\"FAILED\"}", BROKER_FAILED, 0, "");
    assert_state("{\"status\":\"executed\"}", BROKER_PENDING, 0, "");
    assert_false(tells("{\"id\":\"" ID "4\",\"status\":\"EXECUTED\"}", &status, said, &recorder));
    assert_text_contains(recorder.text, "is not the request that was asked for");
    assert_false(tells("{\"status\":1}", &status, said, &recorder));
    assert_false(tells("[]", &status, said, &recorder));
    assert_false(tells("{\"status\":\"PENDING\",\"approvedBy\":{}}", &status, said, &recorder));
}

static bool is_id_called(const char *text, const char *expected)
{
    struct ska_json_place place;
    cJSON *json = cJSON_CreateObject();
    char id[BROKER_ID_SIZE];
    bool done = false;

    assert_true(ska_json_add_text(json, "signRequestId", text));
    ska_json_top(&place, json, "broker", SKA_R_SERVER_FAILURE, NULL);
    done = tsb_request_id_read(&place, "signRequestId", id);
    assert_true(!done || strcmp(id, expected) == 0);
    cJSON_Delete(json);
    return done;
}

static bool is_id(const char *text)
{
    return is_id_called(text, text);
}

/* It becomes a part of a URL, of a file and of commands; in either case it is the same. */
static void ids_are_plain(void **state)
{
    (void)state;
    assert_true(is_id(ID));
    assert_true(is_id("1"));
    assert_true(is_id_called("ABCDEFIZ-0a", "abcdefiz-0a"));
    assert_false(is_id(""));
    assert_false(is_id("../key"));
    assert_false(is_id("1?x"));
    assert_false(is_id("1 2"));
    assert_false(is_id("--yes"));
    assert_true(is_id("123456789-123456789-123456789-123456789-123456789-123456789-123"));
    assert_false(is_id("123456789-123456789-123456789-123456789-123456789-123456789-1234"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_key_may_be_pem),
        cmocka_unit_test(a_key_without_policy_is_ordinary),
        cmocka_unit_test(rules_are_told_apart),
        cmocka_unit_test(no_tokens_are_nobody),
        cmocka_unit_test(what_is_not_told_is_no_no),
        cmocka_unit_test(words_do_not_repeat_secrets),
        cmocka_unit_test(answers_do_not_repeat_secrets),
        cmocka_unit_test(what_decides_must_be_right),
        cmocka_unit_test(statuses_are_told_apart),
        cmocka_unit_test(ids_are_plain),
    };

    return cmocka_run_group_tests(tests, make_key, drop_key);
}
