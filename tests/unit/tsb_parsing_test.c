/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulator of the broker reads from others: paths, times, lists, approvals, bodies. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "simulator/tsb/access.h"
#include "simulator/tsb/faults.h"
#include "simulator/tsb/policy_body.h"
#include "simulator/tsb/request_store.h"
#include "simulator/tsb/router.h"
#include "simulator/tsb/signed_approval.h"
#include "simulator/tsb/signing.h"
#include "simulator/tsb/text_list.h"
#include "simulator/tsb/time_text.h"

static void paths(void **state)
{
    char *argument = NULL;

    (void)state;
    assert_true(tsb_path_matches("/v1/key", "/v1/key", &argument));
    assert_null(argument);
    assert_false(tsb_path_matches("/v1/key", "/v1/key/", &argument));
    assert_true(tsb_path_matches("/v1/key/*", "/v1/key/a%2Fb%20c", &argument));
    assert_string_equal(argument, "a/b c");
    free(argument);
    assert_true(tsb_path_matches("/v1/key/*/attributes", "/v1/key/k/attributes", &argument));
    assert_string_equal(argument, "k");
    free(argument);
    assert_false(tsb_path_matches("/v1/key/*", "/v1/key/", &argument));
    assert_false(tsb_path_matches("/v1/key/*/attributes", "/v1/key/attributes", &argument));
    assert_false(tsb_path_matches("/v1/key/*", "/v1/key/a%00b", &argument));
    assert_false(tsb_path_matches("/v1/key/*", "/v1/key/a%2", &argument));
    assert_false(tsb_path_matches("/v1/key/*", "/v1/key/a%zz", &argument));
    assert_false(tsb_path_matches("/v1/key/*", "/v1/key/%FF", &argument));
}

static void targets(void **state)
{
    static const struct {
        const char *target;
        const char *path;
    } known[] = {
        {"/v1/version%49nfo", "/v1/versionInfo"},
        {"/v1/key/%61%2fb%20%7e%zz%", "/v1/key/a%2fb%20~%zz%"},
        {"https://broker:8443/v1/key", "/v1/key"},
        {"HTTP://broker/v1/key%00", "/v1/key%00"},
        {"https://broker", "/"},
        {"ftp://broker/v1/key", "ftp://broker/v1/key"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char *path = tsb_path_normalize(known[i].target);

        assert_non_null(path);
        assert_string_equal(path, known[i].path);
        free(path);
    }
}

/* What a body with this text in it says, where it says "told". */
static char *told(const char *text)
{
    struct tsb_exchange exchange = {.path = ""};
    struct ska_buffer body = {0};
    char *copy = NULL;

    ska_buffer_format(&body, "{\"list\":[{\"told\":\"%s\"}]}", text);
    assert_true(tsb_exchange_parse(&exchange, ska_span(body.data, body.length), NULL));
    copy = strdup(cJSON_GetObjectItem(cJSON_GetObjectItem(exchange.json, "list")->child, "told")
                      ->valuestring);
    assert_non_null(copy);
    ska_buffer_free(&body);
    tsb_exchange_clear(&exchange);
    return copy;
}

static void lines_of_pem(void **state)
{
    static const char *const stripped[] = {
        "-----BEGIN PUBLIC KEY-----\\nAAA=\\n-----END PUBLIC KEY-----",
        "-----BEGIN X-----\\r\\nAAA=\\r\\n-----END X-----\\r\\n",
        "-----BEGIN X-----AAA=-----END X-----",
    };
    static const char *const kept[] = {
        "AAA=",
        "-----BEGIN X-----AAA=",
        "-----BEGIN X",
        "-----BEGIN X-----AAA=-----END X",
        "-----BEGIN X-----AAA=-----END X-----AAA=",
        "-----BEGIN X-----AAA=-----BEGIN X-----",
        "AAA=-----BEGIN X-----AAA=-----END X-----",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(stripped) / sizeof(stripped[0]); i++) {
        char *text = told(stripped[i]);

        assert_string_equal(text, "AAA=");
        free(text);
    }
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        char *text = told(kept[i]);

        assert_string_equal(text, kept[i]);
        free(text);
    }
    /* More than one line stays as it is, for those who read PEM. */
    free(told("-----BEGIN X-----\\nAAA=\\nAAA=\\n-----END X-----"));
}

static bool is_password(const char *json, const char *password)
{
    struct tsb_exchange exchange = {.path = ""};
    struct ska_errors errors = tsb_answer_errors(&exchange.answer);
    struct ska_bytes read = {NULL, 0};
    struct ska_json_place top;
    bool fits = false;

    assert_true(tsb_exchange_parse(&exchange, ska_span_text(json), NULL));
    tsb_exchange_top(&exchange, &errors, &top);
    fits = tsb_read_password(&top, "password", &read) &&
           ska_span_equal(ska_span_of(&read), ska_span_text(password));
    ska_bytes_free(&read);
    tsb_exchange_clear(&exchange);
    return fits;
}

static void passwords(void **state)
{
    (void)state;
    assert_true(is_password("{\"password\":\"s3cret\"}", "s3cret"));
    assert_true(is_password("{\"password\":[\"p\",\"\xC3\xBC\",\"w\"]}", "p\xC3\xBCw"));
    assert_false(is_password("{\"password\":[\"s3\",\"cret\"]}", "s3cret"));
    assert_false(is_password("{\"password\":[\"s\",\"\"]}", "s"));
    assert_false(is_password("{\"password\":[\"s\",3]}", "s"));
}

static void times(void **state)
{
    static const char *const wrong[] = {"",
                                        "2026-01-05",
                                        "2026-01-05T09:31:00",
                                        "2026-01-05 09:31:00Z",
                                        "2026-13-05T09:31:00Z",
                                        "2026-02-30T09:31:00Z",
                                        "2026-01-05T24:00:00Z",
                                        "2026-01-05T09Z",
                                        "2026-01-05T09:31",
                                        "2026-01-05T09:31:Z",
                                        "2026-01-05T09:31.5Z",
                                        "2026-01-05T09:31:60Z",
                                        "2026-01-05T09:31:00.Z",
                                        "2026-01-05T09:31:00Zx",
                                        "2026-01-05T09:31:00+0100",
                                        "+026-01-05T09:31:00Z",
                                        "1969-12-31T23:59:59Z"};
    char text[32];
    int64_t time = 0;

    (void)state;
    assert_true(tsb_time_read("2026-01-05T09:31:00Z", &time));
    assert_true(time == INT64_C(1767605460000));
    assert_string_equal(tsb_time_text(time, text), "2026-01-05T09:31:00Z");
    assert_true(tsb_time_read("2026-01-05T10:31:00.123456789+01:00", &time));
    assert_true(time == INT64_C(1767605460123));
    assert_true(tsb_time_read("2024-02-29T00:00:00Z", &time));
    assert_true(tsb_time_read("2026-01-05T09:31Z", &time));
    assert_true(time == INT64_C(1767605460000));
    assert_true(tsb_time_read("2026-01-05T10:31+01:00", &time));
    assert_true(time == INT64_C(1767605460000));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (tsb_time_read(wrong[i], &time))
            fail_msg("taken for a time: %s", wrong[i]);
}

static void lists(void **state)
{
    const char *list = " one ,two,, three";

    (void)state;
    assert_true(tsb_list_has(list, "one"));
    assert_true(tsb_list_has(list, "three"));
    assert_false(tsb_list_has(list, "thre"));
    assert_false(tsb_list_has(list, ""));
    assert_false(tsb_list_has(list, "one,two"));
    assert_true(ska_span_equal(tsb_list_next(&list), ska_span_text("one")));
}

static void faults(void **state)
{
    struct tsb_faults faults;

    (void)state;
    assert_true(tsb_faults_valid("html-502"));
    assert_true(tsb_faults_valid("html-502@/v1/sign*3, slow"));
    assert_false(tsb_faults_valid("html-503"));
    assert_false(tsb_faults_valid("html-502@sign"));
    assert_false(tsb_faults_valid("html-502*0"));
    assert_false(tsb_faults_valid("html-502*x"));
    assert_false(tsb_faults_valid("html-502,"));
    assert_true(tsb_faults_init(&faults, "html-502@/v1/sign*2, slow"));
    assert_false(tsb_fault_happens(&faults, TSB_FAULT_HTML_502, "/v1/key"));
    assert_true(tsb_fault_happens(&faults, TSB_FAULT_HTML_502, "/v1/sign"));
    assert_true(tsb_fault_happens(&faults, TSB_FAULT_HTML_502, "/v1/sign"));
    assert_false(tsb_fault_happens(&faults, TSB_FAULT_HTML_502, "/v1/sign"));
    assert_true(tsb_fault_happens(&faults, TSB_FAULT_SLOW, "/v1/key"));
    tsb_faults_clear(&faults);
}

static void identifiers(void **state)
{
    char id[TSB_ID_SIZE];

    (void)state;
    assert_true(tsb_uuid_make(NULL, id));
    assert_true(tsb_uuid_valid(id));
    assert_false(tsb_uuid_valid(""));
    assert_false(tsb_uuid_valid("9F03DA93-2f07-4ca1-a0d1-f41f50f76c25"));
    assert_false(tsb_uuid_valid("9f03da93-2f07-4ca1-a0d1-f41f50f76c2"));
    assert_false(tsb_uuid_valid("9f03da93-2f07-4ca1-a0d1-f41f50f76c255"));
    assert_false(tsb_uuid_valid("9f03da9302f07-4ca1-a0d1-f41f50f76c25"));
}

static void access_tokens_expire(void **state)
{
    (void)state;
    /* {"alg":"none"}.{"exp":1000} */
    assert_false(tsb_jwt_expired("eyJhbGciOiJub25lIn0.eyJleHAiOjEwMDB9.", 999));
    assert_true(tsb_jwt_expired("eyJhbGciOiJub25lIn0.eyJleHAiOjEwMDB9.", 1000));
    assert_false(tsb_jwt_expired("any text", 1000));
    assert_false(tsb_jwt_expired("a.%%.b", 1000));
}

static void codes_have_their_status(void **state)
{
    struct tsb_answer answer = {0};

    (void)state;
    assert_int_equal(tsb_status_of(TSB_INVALID_API_KEY), 401);
    assert_int_equal(tsb_status_of(TSB_CLIENT_SUBSCRIPTION), 403);
    assert_int_equal(tsb_status_of(TSB_KEY_NOT_EXISTENT), 404);
    assert_int_equal(tsb_status_of(TSB_INPUT_VALIDATION), 400);
    assert_int_equal(tsb_status_of(TSB_TIMESTAMP_DIFFERENCE), 400);
    assert_int_equal(tsb_status_of(TSB_IN_HSM), 500);
    assert_int_equal(tsb_status_of(TSB_NOT_IMPLEMENTED), 501);
    tsb_refuse(&answer, TSB_KEY_NOT_EXISTENT, "Key with name %s not found", "a\"\n");
    tsb_refuse(&answer, TSB_IN_HSM, "what is refused is not refused again");
    assert_int_equal(answer.status, 404);
    answer.body.data[answer.body.length] = 0;
    assert_string_equal((const char *)answer.body.data,
                        "{\"errorCode\":650,\"reason\":\"res.error.key.not.existent\","
                        "\"message\":\"Key with name a\\\"\\\\x0A not found\"}");
    tsb_answer_clear(&answer);
}

static void approvals_come_back(void **state)
{
    const struct tsb_approval given = {true, ska_span_text("signature"), ska_span_text("signer")};
    struct tsb_signed_approval read;
    char *text = NULL;

    (void)state;
    assert_true(tsb_signed_approval_write(ska_span_text("token"), &given, &text));
    assert_true(tsb_signed_approval_read(text, &read));
    assert_true(ska_span_equal(read.token, ska_span_text("token")));
    assert_true(read.approval.certificate);
    assert_true(ska_span_equal(read.approval.signature, given.signature));
    assert_true(ska_span_equal(read.approval.signer, given.signer));
    tsb_signed_approval_clear(&read);
    assert_false(tsb_signed_approval_read("", &read));
    assert_false(tsb_signed_approval_read("AAAA", &read));
    text[strlen(text) - 4] = '\0';
    assert_false(tsb_signed_approval_read(text, &read));
    free(text);
}

/* r||s and DER, also where a number is short or looks negative. */
static void ecdsa_both_ways(void **state)
{
    uint8_t halves[64] = {0};
    struct ska_bytes der = {NULL, 0};
    struct ska_bytes raw = {NULL, 0};

    (void)state;
    halves[0] = 0xFF;
    halves[63] = 1;
    assert_true(tsb_ecdsa_to_der(ska_span(halves, sizeof(halves)), &der));
    assert_true(tsb_ecdsa_from_der(ska_span_of(&der), 32, &raw));
    assert_memory_equal(raw.data, halves, sizeof(halves));
    ska_bytes_free(&raw);
    assert_false(tsb_ecdsa_from_der(ska_span_of(&der), 31, &raw));
    assert_false(tsb_ecdsa_from_der(ska_span(der.data, der.length - 1), 32, &raw));
    ska_bytes_free(&der);
}

static void answers_of_any_length(void **state)
{
    const size_t length = 3 * SKA_JSON_LIMIT;
    char *text = malloc(length + 1);
    struct tsb_answer answer = {0};

    (void)state;
    assert_non_null(text);
    memset(text, 'x', length);
    text[length] = '\0';
    tsb_answer_json(&answer, 201, cJSON_CreateString(text));
    assert_int_equal(answer.status, 201);
    assert_int_equal(answer.body.length, length + 2);
    tsb_answer_json(&answer, 200, NULL);
    assert_int_equal(answer.status, 500);
    assert_non_null(strstr((const char *)answer.body.data, "\"errorCode\":100"));
    tsb_answer_clear(&answer);
    free(text);
}

/* Whether a policy is taken; else the code of the refusal. */
static int policy_code(const char *text)
{
    struct tsb_server server = {.database = NULL};
    struct tsb_exchange exchange = {.server = &server, .path = ""};
    struct ska_errors errors = tsb_answer_errors(&exchange.answer);
    struct ska_json_place place;
    struct tsb_policy policy;
    cJSON *json = cJSON_Parse(text);
    cJSON *refusal = NULL;
    int code = 0;

    assert_non_null(json);
    ska_json_top(&place, json, "policy", SKA_R_BAD_REQUEST, &errors);
    if (tsb_policy_read(&exchange, &place, true, &policy)) {
        tsb_policy_clear(&policy);
    } else {
        refusal = cJSON_Parse((const char *)exchange.answer.body.data);
        code = cJSON_GetObjectItem(refusal, "errorCode")->valueint;
    }
    cJSON_Delete(refusal);
    cJSON_Delete(json);
    tsb_answer_clear(&exchange.answer);
    return code;
}

#define TOKEN(content) "{\"ruleUse\":{\"tokens\":[{\"name\":\"t\"," content "}]}}"
#define GROUP(approvals)                                                                           \
    TOKEN("\"timelock\":0,\"timeout\":0,\"groups\":[{\"quorum\":1,\"approvals\":" approvals "}]")

/* Of a key that nobody has, with more members behind it. */
#define ALICE(more)                                                                                \
    "[{\"type\":\"public_key\",\"name\":\"a\",\"value\":"                                          \
    "\"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAAECAwQFBgcICQoLDA0ODxAR"                               \
    "EhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==\"" more "}]"
#define TIMES(timelock, timeout)                                                                   \
    TOKEN("\"timelock\":" timelock ",\"timeout\":" timeout                                         \
          ",\"groups\":[{\"quorum\":1,\"approvals\":" ALICE("") "}]")

static void policies(void **state)
{
    (void)state;
    assert_int_equal(policy_code("{\"ruleUse\":null,\"keyStatus\":{\"blocked\":true}}"), 0);
    assert_int_equal(policy_code("{\"ruleUse\":{\"tokens\":[]}}"), 0);
    assert_int_equal(policy_code("{\"ruleUse\":{\"tokens\":null}}"), 0);
    assert_int_equal(policy_code("{\"rule\":null}"), TSB_INPUT_VALIDATION);
    assert_int_equal(policy_code("{\"ruleUse\":{}}"), 0);
    assert_int_equal(policy_code(TOKEN("\"timelock\":0,\"timeout\":0,\"groups\":null")), 0);
    assert_int_equal(policy_code(TOKEN("\"timelock\":0,\"timeout\":0")), 0);
    assert_int_equal(policy_code(TOKEN("\"timelock\":0,\"timeout\":0,\"groups\":[]")),
                     TSB_MISSING_APPROVAL);
    assert_int_equal(policy_code(TOKEN("\"timelock\":30,\"timeout\":0,\"groups\":[]")),
                     TSB_INPUT_VALIDATION);
    assert_int_equal(policy_code(TOKEN("\"timelock\":null,\"timeout\":0,\"groups\":[]")),
                     TSB_INPUT_VALIDATION);
    assert_int_equal(policy_code(GROUP("[]")), TSB_MISSING_APPROVAL);
    assert_int_equal(policy_code(GROUP("null")), TSB_MISSING_APPROVAL);
    assert_int_equal(policy_code(GROUP(ALICE(""))), 0);
    assert_int_equal(policy_code(TIMES("60", "600")), 0);
    assert_int_equal(policy_code(TIMES("30", "600")), TSB_INPUT_VALIDATION);
    assert_int_equal(policy_code(TIMES("60", "601")), TSB_INPUT_VALIDATION);
    assert_int_equal(policy_code(GROUP(ALICE(",\"file\":\"a.pem\""))), TSB_INPUT_VALIDATION);
    /* A file of the broker's computer is none of a client's business. */
    assert_int_equal(
        policy_code(GROUP("[{\"type\":\"public_key\",\"name\":\"a\",\"file\":\"/etc/passwd\"}]")),
        TSB_INPUT_VALIDATION);
    /* Who is named is looked up in the database: scenario skatsb_operations. */
    assert_int_equal(policy_code(GROUP("[{\"type\":\"onboarded_approver_certificate\"}]")),
                     TSB_APPROVER_NOT_EXISTENT);
    assert_int_equal(policy_code(GROUP("[{\"type\":\"public_key\",\"value\":\"AAAA\"}]")),
                     TSB_INPUT_VALIDATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(targets),
        cmocka_unit_test(lines_of_pem),
        cmocka_unit_test(passwords),
        cmocka_unit_test(times),
        cmocka_unit_test(lists),
        cmocka_unit_test(faults),
        cmocka_unit_test(identifiers),
        cmocka_unit_test(access_tokens_expire),
        cmocka_unit_test(codes_have_their_status),
        cmocka_unit_test(approvals_come_back),
        cmocka_unit_test(ecdsa_both_ways),
        cmocka_unit_test(answers_of_any_length),
        cmocka_unit_test(policies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
