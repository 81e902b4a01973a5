/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker asks an approver to approve: the approval token decides, whatever stands beside it.
 */
#include "sign_support.h"

#include "provider/request/algorithm.h"
#include "provider/tsb/task_answer.h"

#define ID "5b0e1c1e-2d3f-4a5b-9c6d-7e8f90a1b2c3"
#define DIGEST "0123456789abcdef0123456789abcdef"

static char *token_of(enum ska_operation operation, const char *key, const char *payload)
{
    const struct ska_approval_token token = {.operation = operation,
                                             .key_name = ska_span_text(key),
                                             .has_payload = payload != NULL,
                                             .payload = ska_span_text(payload)};
    struct ska_bytes encoded = {NULL, 0};
    char *text = NULL;

    assert_true(ska_approval_token_encode(&token, &encoded, NULL));
    assert_true(ska_base64_encode(ska_span_of(&encoded), &text, NULL));
    ska_bytes_free(&encoded);
    return text;
}

/* NULL: refused. Takes the token over. */
static struct ska_request *task(char *token, const char *members, struct recorder *recorder)
{
    struct ska_errors errors = errors_into(recorder);
    struct ska_request *request = NULL;
    struct ska_json_place place;
    struct ska_buffer text = {0};
    cJSON *json = NULL;

    ska_buffer_format(&text, "{\"id\":\"" ID "\",\"approvalToBeSigned\":\"%s\",\"new\":1%s}", token,
                      members);
    free(token);
    assert_true(ska_json_parse(ska_span(text.data, text.length), "test", &json, NULL));
    ska_buffer_free(&text);
    ska_json_top(&place, json, "broker", SKA_R_SERVER_FAILURE, &errors);
    if (!tsb_task_read(&place, &request))
        request = NULL;
    assert_int_equal(request != NULL, recorder->count == 0);
    cJSON_Delete(json);
    return request;
}

static char *sign_token(void)
{
    return token_of(SKA_OPERATION_SIGN, "seal", DIGEST);
}

#define SIGNED_BY(name)                                                                            \
    ",\"signedSignRequest\":{\"signRequest\":{\"signatureAlgorithm\":\"" name "\"}}"

/* It can be rejected, and there is nothing that could be approved. Takes the request over. */
static void assert_unshown(struct ska_request *request, const char *key, const char *kind,
                           const char *words)
{
    assert_non_null(request);
    assert_non_null(request->unshown);
    assert_non_null(strstr(request->unshown, words));
    assert_string_equal(request->id, ID);
    assert_true(ska_span_equal(ska_span_text(request->key_label), ska_span_text(key)));
    assert_true(ska_span_equal(ska_span_text(request->unshown_kind), ska_span_text(kind)));
    assert_int_equal(request->approval_token.length, 0);
    assert_int_equal(request->signed_content.length, 0);
    ska_request_free(request);
}

static void refused(char *token, const char *members, const char *key, const char *words)
{
    struct recorder recorder;

    assert_unshown(task(token, members, &recorder), key, NULL, words);
}

static void the_token_decides(void **state)
{
    struct recorder recorder;
    struct ska_request *request = task(
        sign_token(),
        ",\"payload\":\"AAAA\",\"signedSignRequest\":{\"signRequest\":{\"signKeyName\":\"other\","
        "\"signatureAlgorithm\":\"NONE_WITH_ECDSA\",\"payload\":\"AAAA\"}}",
        &recorder);

    (void)state;
    assert_non_null(request);
    assert_string_equal(request->id, ID);
    assert_string_equal(request->key_label, "seal");
    assert_int_equal(request->operation, SKA_OPERATION_SIGN);
    assert_true(ska_span_equal(ska_span_of(&request->payload), ska_span_text(DIGEST)));
    assert_int_equal(request->mechanism.form, SKA_PAYLOAD_DIGEST);
    ska_request_free(request);
    request = task(token_of(SKA_OPERATION_BLOCK, "seal", NULL), SIGNED_BY("EDDSA"), &recorder);
    assert_int_equal(request->operation, SKA_OPERATION_BLOCK);
    ska_request_free(request);
    refused(token_of(SKA_OPERATION_SIGN, "", DIGEST), SIGNED_BY("NONE_WITH_ECDSA"), NULL,
            "not bound to a key");
    refused(strdup("AAAA"), SIGNED_BY("NONE_WITH_ECDSA"), NULL, "approvalToBeSigned");
}

static void the_kind_of_signature_must_fit(void **state)
{
    struct recorder recorder;
    struct ska_request *request = NULL;

    (void)state;
    refused(sign_token(), "", "seal", "requestBase64");
    refused(sign_token(), SIGNED_BY("SHA3256_WITH_ECDSA"), "seal", "SHA3256_WITH_ECDSA");
    refused(sign_token(), SIGNED_BY("NONESHA512_WITH_RSA"), "seal", "is not a digest");
    refused(sign_token(), ",\"requestBase64\":\"W10=\"", "seal", "no request");
    /* {"signRequest":{"signatureAlgorithm":"NONE_WITH_ECDSA"}} */
    request =
        task(sign_token(),
             ",\"requestBase64\":\"eyJzaWduUmVxdWVzdCI6eyJzaWduYXR1cmVBbGdvcml0aG0iOiJOT05FX1dJ"
             "VEhfRUNEU0EifX0=\"",
             &recorder);
    assert_int_equal(request->mechanism.scheme, SKA_SCHEME_ECDSA);
    ska_request_free(request);
    /* A bare digest, where ours has a DigestInfo. */
    request = task(sign_token(), SIGNED_BY("NONESHA256_WITH_RSA"), &recorder);
    assert_int_equal(request->payload.length, 19 + 32);
    assert_memory_equal(request->payload.data + 19, DIGEST, 32);
    ska_request_free(request);
}

static struct ska_request *with_words(const char *words, struct recorder *recorder)
{
    struct ska_buffer members = {0};
    struct ska_request *request = NULL;
    char *coded = NULL;

    assert_true(ska_base64_encode(ska_span_text(words), &coded, NULL));
    ska_buffer_format(&members, SIGNED_BY("NONE_WITH_ECDSA") ",\"metaData\":\"%s\"", coded);
    request = task(sign_token(), ska_buffer_string(&members), recorder);
    ska_buffer_free(&members);
    free(coded);
    return request;
}

#define APP "{\"app\":\"ska-provider\","

#define STATED "3f7b7d69c09a13a78660d30239d86564de721a705777aeaf2b61aebff4ace9b7"

static void words_are_words(void **state)
{
    static const char *const no_ids[] = {APP "\"requestId\":\"" STATED "0\"}",
                                         APP "\"requestId\":\"3f7b\"}", APP "\"requestId\":\"\"}",
                                         APP
                                         "\"requestId\":\"../../../../../../../../../../../../../"
                                         "../../../../../../../..//\"}"};
    struct recorder recorder;
    struct ska_request *request = with_words(
        APP "\"time\":\"2026-01-05T09:31:00Z\",\"description\":\"the deal\",\"new\":[],"
            "\"requester\":{\"uid\":7,\"host\":\"h\",\"program\":\"p\"},"
            "\"digest\":{\"algorithm\":\"SHA256\",\"value\":\"30313233343536373839616263646566"
            "30313233343536373839616263646566\"},\"noSignedContent\":\"NO_STRUCTURE\"}",
        &recorder);

    (void)state;
    assert_string_equal(request->description, "the deal");
    assert_string_equal(request->created, "2026-01-05T09:31:00Z");
    assert_int_equal(request->requester_uid, 7);
    assert_int_equal(request->digest, SKA_DIGEST_SHA256);
    assert_int_equal(request->no_content, SKA_NO_CONTENT_NO_STRUCTURE);
    assert_int_equal(request->public_key.length, 0);
    assert_false(request->has_rule[SKA_RULE_USE]);
    ska_request_free(request);
    /* Others' are shown as they are. */
    request = with_words("{\"app\":\"other\",\"description\":1}", &recorder);
    assert_string_equal(request->description, "{\"app\":\"other\",\"description\":1}");
    ska_request_free(request);
    request = with_words("no JSON \033[2J", &recorder);
    assert_string_equal(request->description, "no JSON \\x1B[2J");
    ska_request_free(request);
    /* An id is one, or left out. */
    for (size_t i = 0; i < sizeof(no_ids) / sizeof(no_ids[0]); i++) {
        request = with_words(no_ids[i], &recorder);
        assert_string_equal(request->stated_id, "");
        ska_request_free(request);
    }
    /* A time is one, or left out. */
    request = with_words(APP "\"time\":\"now; and more\"}", &recorder);
    assert_null(request->created);
    ska_request_free(request);
}

static void words_that_lie_are_refused(void **state)
{
    struct recorder recorder;

    (void)state;
    assert_unshown(
        with_words(APP "\"digest\":{\"algorithm\":\"SHA256\",\"value\":\"00\"}}", &recorder),
        "seal", NULL, "a different digest");
}

/* They do not keep anybody from deciding on the token. */
static void words_that_cannot_be_read_are_shown_as_they_are(void **state)
{
    static const char *const unreadable[][2] = {
        {APP
         "\"time\":\"2026-01-05T09:31:00Z\",\"digest\":{\"algorithm\":\"MD5\",\"value\":\"00\"}}",
         "MD5"},
        {APP "\"digest\":{\"algorithm\":\"SHA256\",\"value\":\"0\"}}", "digest.value"},
        {APP "\"digest\":[]}", "digest"},
        {APP "\"description\":1}", "description"},
        {APP "\"requester\":{\"uid\":\"x\"}}", "requester.uid"},
        {APP "\"signedContent\":\"?\"}", "signedContent"}};
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
        struct ska_request *request = with_words(unreadable[i][0], &recorder);

        assert_null(request->unshown);
        assert_string_equal(request->description, unreadable[i][0]);
        assert_non_null(strstr(request->words_fault, unreadable[i][1]));
        assert_null(request->created);
        assert_int_equal(request->digest, SKA_DIGEST_NONE);
        assert_false(request->has_requester);
        ska_request_free(request);
    }
}

/* As in a request's file. */
static void a_digest_may_be_in_base64(void **state)
{
    struct recorder recorder;
    struct ska_request *request =
        with_words(APP "\"digest\":{\"algorithm\":\"SHA256\",\"value\":"
                       "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"}}",
                   &recorder);

    (void)state;
    assert_null(request->words_fault);
    assert_true(ska_span_equal(ska_span_of(&request->digest_value), ska_span_text(DIGEST)));
    ska_request_free(request);
}

/* It names one request: that of this key, token and kind of signature. */
static void an_id_is_the_requests_own(void **state)
{
    struct recorder recorder;
    struct ska_request *request = with_words("", &recorder);
    struct ska_buffer words = {0};
    struct ska_bytes key = {NULL, 0};
    char id[SKA_REQUEST_ID_LENGTH + 1];

    (void)state;
    assert_true(ska_bytes_copy(&key, ska_span_text("key"), NULL));
    request->public_key = key;
    assert_true(ska_request_identify(request, NULL, NULL));
    memcpy(id, request->id, sizeof(id));
    ska_request_free(request);
    ska_buffer_format(&words, APP "\"requestId\":\"%s\",\"publicKey\":\"a2V5\"}", id);
    request = with_words(ska_buffer_string(&words), &recorder);
    assert_string_equal(request->stated_id, id);
    assert_string_equal(request->id, ID);
    assert_null(request->words_fault);
    ska_request_free(request);
    ska_buffer_free(&words);
    for (size_t i = 0; i < 3; i++) {
        static const char *const others[] = {"", ",\"publicKey\":\"a2V6\"",
                                             ",\"publicKey\":\"a2V5\""};

        words = (struct ska_buffer){0};
        ska_buffer_format(&words, APP "\"description\":\"d\",\"requestId\":\"%s\"%s}",
                          i == 2 ? STATED : id, others[i]);
        request = with_words(ska_buffer_string(&words), &recorder);
        assert_string_equal(request->stated_id, "");
        assert_string_equal(request->description, "d");
        assert_non_null(strstr(request->words_fault, "not the id of this request"));
        ska_request_free(request);
        ska_buffer_free(&words);
    }
}

/* What is signed as it is: a DigestInfo is what it says, anything else is shown to nobody as one.
 */
static void ready_payloads_are_taken(void **state)
{
    const struct ska_mechanism sha256 = {
        .scheme = SKA_SCHEME_PKCS1, .digest = SKA_DIGEST_SHA256, .form = SKA_PAYLOAD_DIGEST};
    struct ska_approval_token token = {
        .operation = SKA_OPERATION_SIGN, .key_name = ska_span_text("seal"), .has_payload = true};
    struct ska_bytes info = {NULL, 0};
    struct ska_bytes encoded = {NULL, 0};
    struct recorder recorder;
    struct ska_request *request = NULL;
    char *text = NULL;

    (void)state;
    assert_true(ska_payload_from_digest(&sha256, ska_span_text(DIGEST), &info, NULL));
    token.payload = ska_span_of(&info);
    assert_true(ska_approval_token_encode(&token, &encoded, NULL));
    assert_true(ska_base64_encode(ska_span_of(&encoded), &text, NULL));
    request = task(text, SIGNED_BY("NONE_WITH_RSA"), &recorder);
    assert_null(request->unshown);
    assert_int_equal(request->mechanism.scheme, SKA_SCHEME_PKCS1);
    assert_int_equal(request->mechanism.digest, SKA_DIGEST_SHA256);
    assert_true(ska_span_equal(ska_span_of(&request->payload), ska_span_of(&info)));
    ska_request_free(request);
    ska_bytes_free(&encoded);
    ska_bytes_free(&info);
    request = task(sign_token(), SIGNED_BY("NONE_WITH_RSA"), &recorder);
    assert_null(request->unshown);
    assert_int_equal(request->mechanism.digest, SKA_DIGEST_NONE);
    assert_true(ska_span_equal(ska_span_of(&request->payload), ska_span_text(DIGEST)));
    ska_request_free(request);
    request =
        task(token_of(SKA_OPERATION_SIGN, "seal", "abc"), SIGNED_BY("NONE_WITH_ECDSA"), &recorder);
    assert_null(request->unshown);
    assert_true(ska_span_equal(ska_span_of(&request->payload), ska_span_text("abc")));
    ska_request_free(request);
}

static void others_are_named(void **state)
{
    struct recorder recorder;

    (void)state;
    assert_unshown(task(sign_token(), ",\"signedDecryptRequest\":{}", &recorder), "seal",
                   "a decryption", "only signatures");
    /* {"selfSignCertificateRequest":{}} */
    assert_unshown(task(sign_token(),
                        ",\"requestBase64\":\"eyJzZWxmU2lnbkNlcnRpZmljYXRlUmVxdWVzdCI6e319\"",
                        &recorder),
                   "seal", "a self-signed certificate", "only signatures");
}

static bool request_id_in(const char *text, char id[BROKER_ID_SIZE])
{
    struct ska_json_place task;
    cJSON *json = NULL;
    bool done = false;

    assert_true(ska_json_parse(ska_span_text(text), "broker", &json, NULL));
    ska_json_top(&task, json, "broker", SKA_R_SERVER_FAILURE, NULL);
    done = tsb_task_request_read(&task, "2a", id);
    cJSON_Delete(json);
    return done;
}

static void the_request_of_a_task_is_told_or_not(void **state)
{
    static const char *const untold[] = {
        "[]",
        "{\"requestStatus\":{\"id\":\"1f\"}}",
        "{\"id\":\"2b\",\"requestStatus\":{\"id\":\"1f\"}}",
        "{\"id\":\"2a\"}",
        "{\"id\":\"2a\",\"requestStatus\":null}",
        "{\"id\":\"2a\",\"requestStatus\":\"1f\"}",
        "{\"id\":\"2a\",\"requestStatus\":{}}",
        "{\"id\":\"2a\",\"requestStatus\":{\"id\":7}}",
        "{\"id\":\"2a\",\"requestStatus\":{\"id\":\"\"}}",
        "{\"id\":\"2a\",\"requestStatus\":{\"id\":\"../1f\"}}",
    };
    char id[BROKER_ID_SIZE];

    (void)state;
    assert_true(request_id_in("{\"id\":\"2a\",\"requestStatus\":{\"id\":\"1f\"}}", id));
    assert_string_equal(id, "1f");
    for (size_t i = 0; i < sizeof(untold) / sizeof(untold[0]); i++)
        assert_false(request_id_in(untold[i], id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_decides),
        cmocka_unit_test(the_kind_of_signature_must_fit),
        cmocka_unit_test(words_are_words),
        cmocka_unit_test(the_request_of_a_task_is_told_or_not),
        cmocka_unit_test(words_that_lie_are_refused),
        cmocka_unit_test(words_that_cannot_be_read_are_shown_as_they_are),
        cmocka_unit_test(a_digest_may_be_in_base64),
        cmocka_unit_test(an_id_is_the_requests_own),
        cmocka_unit_test(ready_payloads_are_taken),
        cmocka_unit_test(others_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
