/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and bundles: what fits, what is refused and why, what survives being written and read.
 */
#include "sign_support.h"

#include <openssl/err.h>

#include "provider/request/algorithm.h"
#include "provider/request/signed_content.h"
#include "provider/base/json.h"
#include "provider/rule/rule.h"

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* A request for a P-256 key over the digest of a document, as text, and who may approve it. */
static struct {
    EVP_PKEY *seal;
    EVP_PKEY *alice; /* RSA */
    EVP_PKEY *bob;   /* Ed25519 */
    EVP_PKEY *carol; /* P-384 */
    uint8_t digest[32];
    struct ska_bytes token;
    char *text;
} fixture;

/* Exchanges a part of a text that belongs to the caller. */
static void exchange(char **text, const char *from, const char *to)
{
    char *next = exchanged(*text, from, to);

    free(*text);
    *text = next;
}

static void exchange_bytes(char **text, const char *from, struct ska_span bytes)
{
    char *base64 = base64_of(bytes);

    exchange(text, from, base64);
    free(base64);
}

static void exchange_key(char **text, const char *from, EVP_PKEY *key)
{
    struct ska_bytes spki = spki_of(key);

    exchange_bytes(text, from, ska_span_of(&spki));
    ska_bytes_free(&spki);
}

static int set_up(void **state)
{
    static const char text[] =
        "{\"version\":1,\"requestId\":\"" ID "\",\"operation\":\"SIGN\","
        "\"key\":{\"label\":\"seal\",\"publicKey\":\"@KEY\"},"
        "\"signatureAlgorithm\":\"NONE_WITH_ECDSA\",\"payloadForm\":\"DIGEST\","
        "\"payload\":\"@PAYLOAD\",\"approvalToBeSigned\":\"@TOKEN\",\"approvals\":[]}";
    struct dice dice = {99};

    (void)state;
    fixture.seal = new_key("EC", "P-256");
    fixture.alice = new_key("RSA", (size_t)2048);
    fixture.bob = new_key("ED25519");
    fixture.carol = new_key("EC", "P-384");
    roll_bytes(&dice, fixture.digest, sizeof(fixture.digest));
    fixture.token = token_for(SKA_OPERATION_SIGN, "seal", ska_span(fixture.digest, 32));
    fixture.text = strdup(text);
    exchange_key(&fixture.text, "@KEY", fixture.seal);
    exchange_bytes(&fixture.text, "@PAYLOAD", ska_span(fixture.digest, 32));
    exchange_bytes(&fixture.text, "@TOKEN", ska_span_of(&fixture.token));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    EVP_PKEY_free(fixture.seal);
    EVP_PKEY_free(fixture.alice);
    EVP_PKEY_free(fixture.bob);
    EVP_PKEY_free(fixture.carol);
    ska_bytes_free(&fixture.token);
    free(fixture.text);
    return 0;
}

static bool parses(struct ska_span text, struct ska_request **request, struct recorder *recorder)
{
    struct ska_errors errors = errors_into(recorder);
    struct ska_span copy = exact(text);
    bool done = false;

    *request = NULL;
    done = ska_request_parse(copy, "bundle.json", request, &errors);
    assert_int_equal(done, *request != NULL);
    assert_int_equal(done, recorder->count == 0);
    exact_free(copy);
    assert_int_equal(ERR_peek_error(), 0); /* nothing is left for others to find */
    return done;
}

static struct ska_request *parsed(const char *text)
{
    struct recorder recorder;
    struct ska_request *request = NULL;

    if (!parses(ska_span_text(text), &request, &recorder))
        fail_msg("%s", recorder.text);
    return request;
}

static void assert_refused(const char *text, enum ska_reason reason, const char *message)
{
    struct recorder recorder;
    struct ska_request *request = NULL;

    if (parses(ska_span_text(text), &request, &recorder))
        fail_msg("parsed: %s", text);
    assert_raised_with(&recorder, reason, message);
}

/* The request with one part exchanged. */
static void assert_refused_with(const char *from, const char *to, enum ska_reason reason,
                                const char *message)
{
    char *text = exchanged(fixture.text, from, to);

    assert_refused(text, reason, message);
    free(text);
}

static void assert_parses_with(const char *from, const char *to)
{
    char *text = exchanged(fixture.text, from, to);

    ska_request_free(parsed(text));
    free(text);
}

/* An approval as somebody would write it by hand. */
static char *approval_text(EVP_PKEY *key, const char *digest, const char *openssl_digest,
                           struct ska_span token)
{
    char *text = strdup("{\"approverPublicKey\":\"@KEY\",\"approvalDigestAlgorithm\":\"@DIGEST\","
                        "\"signature\":\"@SIGNATURE\"}");
    struct ska_bytes signature = signature_of(key, openssl_digest, token);

    exchange_key(&text, "@KEY", key);
    exchange(&text, "@DIGEST", digest);
    exchange_bytes(&text, "@SIGNATURE", ska_span_of(&signature));
    ska_bytes_free(&signature);
    return text;
}

/* ---- What fits ------------------------------------------------------------------------------ */

/* Rules and requester are for people: what goes to the HSM as it is says the same without. */
static void what_is_sent_needs_no_words_for_people(void **state)
{
    char *text = exchanged(fixture.text, "\"approvals\":[]",
                           "\"approvals\":[],\"requester\":{\"uid\":\"root\"}");
    struct ska_request *request = NULL;

    (void)state;
    assert_refused(text, SKA_R_BAD_REQUEST, "uid");
    assert_true(ska_request_parse_to_send(ska_span_text(text), "bundle.json", &request, NULL));
    assert_false(request->has_requester);
    assert_false(request->has_rule[SKA_RULE_USE]);
    assert_true(request->approval_token.length > 0);
    ska_request_free(request);
    free(text);
}

static void the_least_request_is_enough(void **state)
{
    char *text = exchanged(fixture.text, ",\"approvals\":[]", "");
    struct ska_request *request = parsed(text);

    (void)state;
    assert_string_equal(request->id, ID);
    assert_int_equal(request->operation, SKA_OPERATION_SIGN);
    assert_string_equal(request->key_label, "seal");
    assert_null(request->token_label);
    assert_int_equal(request->mechanism.scheme, SKA_SCHEME_ECDSA);
    assert_int_equal(request->mechanism.form, SKA_PAYLOAD_DIGEST);
    assert_span_equal(ska_span_of(&request->payload), ska_span(fixture.digest, 32));
    assert_span_equal(ska_span_of(&request->approval_token), ska_span_of(&fixture.token));
    assert_int_equal(request->digest, SKA_DIGEST_NONE);
    assert_int_equal(request->approval_count, 0);
    assert_false(request->has_rule[SKA_RULE_USE]);
    assert_false(request->has_requester);
    ska_request_free(request);
    free(text);
}

static void everything_is_read(void **state)
{
    char *text = exchanged(
        fixture.text, "\"approvals\":[]",
        "\"digest\":{\"algorithm\":\"SHA256\",\"value\":\"@DIGEST\"},"
        "\"rule\":{\"tokens\":[{\"name\":\"two\",\"groups\":[{\"quorum\":1,\"approvals\":[{"
        "\"type\":\"public_key\",\"name\":\"bob\",\"value\":\"@BOB\"}]}]}]},"
        "\"timestampKey\":\"AAEC\",\"requester\":{\"uid\":4294967295,\"host\":\"h\","
        "\"program\":\"p\"},\"importer\":{\"uid\":7,\"new\":1},\"description\":\"a "
        "line\",\"created\":\"2025-01-31T12:00:00Z\","
        "\"notBefore\":\"2025-01-31T12:00:00.5+01:00\",\"notAfter\":null,\"new\":[{}],"
        "\"signature\":\"AAEC\",\"executed\":\"2025-02-01T00:00:00Z\",\"approvals\":[@APPROVAL]");
    char *approval = approval_text(fixture.bob, "EdDSA", NULL, ska_span_of(&fixture.token));
    struct ska_request *request = NULL;

    (void)state;
    exchange(&text, "\"label\":", "\"token\":\"T\",\"id\":\"0aFF\",\"label\":");
    exchange_bytes(&text, "@DIGEST", ska_span(fixture.digest, 32));
    exchange_key(&text, "@BOB", fixture.bob);
    exchange(&text, "@APPROVAL", approval);
    request = parsed(text);
    assert_string_equal(request->token_label, "T");
    assert_span_equal(ska_span_of(&request->key_id), ska_span("\x0A\xFF", 2));
    assert_int_equal(request->digest, SKA_DIGEST_SHA256);
    assert_span_equal(ska_span_of(&request->digest_value), ska_span(fixture.digest, 32));
    assert_true(request->has_rule[SKA_RULE_USE]);
    assert_string_equal((const char *)request->rules[SKA_RULE_USE].alternatives[0].name.data,
                        "two");
    assert_span_equal(ska_span_of(&request->timestamp_key), ska_span("\x00\x01\x02", 3));
    assert_true(request->has_requester);
    assert_int_equal(request->requester_uid, 4294967295);
    assert_string_equal(request->requester_host, "h");
    assert_string_equal(request->requester_program, "p");
    assert_true(request->is_imported);
    assert_int_equal(request->importer_uid, 7);
    assert_string_equal(request->description, "a line");
    assert_string_equal(request->created, "2025-01-31T12:00:00Z");
    assert_string_equal(request->not_before, "2025-01-31T12:00:00.5+01:00");
    assert_null(request->not_after);
    assert_int_equal(request->approval_count, 1);
    assert_false(request->approvals[0].certificate);
    assert_string_equal(request->approvals[0].digest, "EdDSA");
    assert_span_equal(ska_span_of(&request->signature), ska_span("\x00\x01\x02", 3));
    assert_string_equal(request->executed, "2025-02-01T00:00:00Z");
    ska_request_free(request);
    free(approval);
    free(text);
}

static void ids_are_folded_to_lower_case(void **state)
{
    char *text = exchanged(fixture.text, "aabbccddeeff", "AABBCCDDEEFF");
    struct ska_request *request = parsed(text);

    (void)state;
    assert_string_equal(request->id, ID);
    ska_request_free(request);
    free(text);
}

/* Made by libcrypto as `openssl dgst -sign` does, put into the text by hand. */
static void approvals_made_elsewhere_verify(void **state)
{
    char *approvals[] = {
        approval_text(fixture.alice, "SHA-256", "SHA256", ska_span_of(&fixture.token)),
        approval_text(fixture.bob, "EdDSA", NULL, ska_span_of(&fixture.token)),
        approval_text(fixture.carol, "SHA-384", "SHA384", ska_span_of(&fixture.token)),
        approval_text(fixture.carol, "SHA3-256", "SHA3-256", ska_span_of(&fixture.token)),
        approval_text(fixture.alice, "SHA-512", "SHA256", ska_span_of(&fixture.token)),
    };
    char *text = exchanged(fixture.text, "\"approvals\":[]", "\"approvals\":[@0,@1,@2,@3,@4]");
    struct ska_request *request = NULL;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        char mark[3] = {'@', (char)('0' + i), 0};

        exchange(&text, mark, approvals[i]);
        free(approvals[i]);
    }
    request = parsed(text);
    assert_int_equal(request->approval_count, 5);
    for (size_t i = 0; i < 5; i++) {
        struct ska_approval *approval = &request->approvals[i];
        struct ska_span token = ska_span_of(&request->approval_token);

        /* The last one says another digest than it was made with. */
        assert_int_equal(ska_approval_verify(NULL, approval, token), i != 4);
        assert_false(ska_approval_verify(NULL, approval, ska_span(token.data, token.length - 1)));
        approval->signature.data[approval->signature.length / 2] ^= 1;
        assert_false(ska_approval_verify(NULL, approval, token));
    }
    ska_request_free(request);
    free(text);
}

static void the_published_approval_verifies(void **state)
{
    cJSON *vectors = read_vectors();
    const cJSON *vector = NULL;
    size_t checked = 0;

    (void)state;
    cJSON_ArrayForEach(vector, cJSON_GetObjectItemCaseSensitive(vectors, "tokens"))
    {
        const cJSON *published = cJSON_GetObjectItemCaseSensitive(vector, "approval");
        struct ska_bytes token = base64_in(vector, "approvalToBeSigned");
        struct ska_approval *approvals = NULL;
        size_t count = 0;
        char *text = NULL;

        if (published != NULL) {
            text = cJSON_PrintUnformatted(published);
            assert_true(ska_approvals_parse(ska_span_text(text), "published", ska_span_of(&token),
                                            &approvals, &count, NULL));
            assert_int_equal(count, 1);
            assert_true(approvals[0].certificate);
            assert_true(ska_approval_verify(NULL, &approvals[0], ska_span_of(&token)));
            token.data[token.length - 1] ^= 1;
            assert_false(ska_approval_verify(NULL, &approvals[0], ska_span_of(&token)));
            checked++;
        }
        cJSON_free(text);
        ska_approvals_free(approvals, count);
        ska_bytes_free(&token);
    }
    assert_int_equal(checked, 1);
    cJSON_Delete(vectors);
}

/* ---- What is refused ------------------------------------------------------------------------ */

static void other_texts_are_refused(void **state)
{
    size_t length = strlen(fixture.text);
    char *twice = malloc(2 * 1024 * 1024 + 1);
    struct ska_buffer buffer = {0};
    struct ska_bytes deep = {NULL, 0};
    struct recorder recorder;
    struct ska_request *request = NULL;

    (void)state;
    assert_refused("", SKA_R_BAD_JSON, "bundle.json: empty");
    for (size_t cut = 1; cut < length; cut++) {
        assert_false(parses(ska_span(fixture.text, cut), &request, &recorder));
        assert_raised(&recorder, SKA_R_BAD_JSON);
    }
    memset(twice, ' ', 2 * 1024 * 1024);
    memcpy(twice, fixture.text, length);
    twice[2 * 1024 * 1024] = 0;
    assert_refused(twice, SKA_R_BAD_JSON, "longer than");
    free(twice);
    assert_refused("approved!", SKA_R_BAD_JSON, "value expected");
    assert_refused("[]", SKA_R_BAD_REQUEST, "bundle.json: a request or bundle expected");
    assert_refused("{}", SKA_R_BAD_REQUEST, "bundle.json: version: missing");
    assert_refused("{\"approvals\":[]}", SKA_R_BAD_REQUEST, "version: missing");
    assert_refused_with("\"payload\":", "\"payload\":\"AAEC\",\"payload\":", SKA_R_BAD_JSON,
                        "duplicate member 'payload'");
    assert_refused_with("\"seal\"", "\"seal\\u0000x\"", SKA_R_BAD_JSON, "\\u0000");

    ska_buffer_add(&buffer, fixture.text, length - 1);
    ska_buffer_text(&buffer, ",\"x\":");
    for (int i = 0; i < 900; i++)
        ska_buffer_text(&buffer, "[");
    for (int i = 0; i < 900; i++)
        ska_buffer_text(&buffer, "]");
    ska_buffer_text(&buffer, "}");
    assert_true(ska_buffer_finish(&buffer, &deep, NULL));
    assert_refused((const char *)deep.data, SKA_R_BAD_JSON, "nested too deeply");
    ska_bytes_free(&deep);
}

static void each_member_has_its_shape(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *message;
    } cases[] = {
        {"\"version\":1", "\"version\":2", "bundle.json: version: only version 1 is known"},
        {"\"version\":1,", "", "version: missing"},
        {"\"version\":1", "\"version\":\"1\"", "version: number expected"},
        {"\"requestId\":\"" ID "\",", "", "requestId: missing"},
        {"aabbccddeeff00", "aabbccddeef00", "is not 64 hexadecimal digits"},
        {"aabbccddeeff00", "aabbccddee00", "is not 64 hexadecimal digits"},
        {"aabbccddeeff00", "aabbccddeeff0000", "is not 64 hexadecimal digits"},
        {"aabbccddeeff00", "aabbccddeegg00", "is not 64 hexadecimal digits"},
        {"aabbccddeeff00", "../etc/passwd0", "is not 64 hexadecimal digits"},
        {"\"operation\":\"SIGN\",", "", "operation: missing"},
        {"\"SIGN\"", "\"DECRYPT\"", "operation: 'DECRYPT' is not SIGN, BLOCK"},
        {"\"SIGN\"", "\"sign\"", "operation: 'sign' is not"},
        {"\"key\":{", "\"key\":[],\"clef\":{", "key: object expected"},
        {"\"key\":{", "\"clef\":{", "bundle.json: key: missing"},
        {"\"label\":\"seal\",", "", "bundle.json: key.label: missing"},
        {"\"label\":\"seal\"", "\"label\":7", "key.label: text expected"},
        {"\"label\":", "\"id\":\"abc\",\"label\":", "key.id: hexadecimal"},
        {"\"label\":", "\"token\":7,\"label\":", "key.token: text expected"},
        {"\"publicKey\":\"", "\"publicKey\":\"AAEC\",\"x\":\"", "key.publicKey: not a public key"},
        {"\"publicKey\":\"", "\"publicKey\":\"\",\"x\":\"", "key.publicKey: empty"},
        {"\"publicKey\":", "\"publicKez\":", "key.publicKey: missing"},
        {"\"signatureAlgorithm\":\"NONE_WITH_ECDSA\",", "", "signatureAlgorithm: missing"},
        {"NONE_WITH_ECDSA", "BLS", "signatureAlgorithm: 'BLS' is not an algorithm"},
        {"\"payloadForm\":\"DIGEST\",", "", "payloadForm: missing"},
        {"\"DIGEST\"", "\"MESSAGE\"", "payloadForm: does not fit"},
        {"\"DIGEST\"", "\"digest\"", "payloadForm: 'digest' is not DIGEST or MESSAGE"},
        {"\"payload\":", "\"playload\":", "payload: missing"},
        {"\"payload\":\"", "\"payload\":\" ", "payload: base64"},
        {"\"approvalToBeSigned\":", "\"token\":", "approvalToBeSigned: missing"},
        {"\"approvalToBeSigned\":\"", "\"approvalToBeSigned\":\"\",\"x\":\"", "Signed: empty"},
        {"\"approvals\":[]", "\"approvals\":{}", "approvals: array expected"},
        {"\"approvals\":[]", "\"approvals\":[[]]", "approvals[0]: object expected"},
        {"\"approvals\":[]", "\"rule\":7", "rule: object expected"},
        {"\"approvals\":[]", "\"rule\":{\"tokens\":[7]}", "bundle.json: rule.tokens[0]: object"},
        {"\"approvals\":[]", "\"timestampKey\":\"A\"", "timestampKey: base64"},
        {"\"approvals\":[]", "\"requester\":{\"host\":\"h\"}", "requester.uid: missing"},
        {"\"approvals\":[]", "\"requester\":{\"uid\":-1}", "requester.uid: whole"},
        {"\"approvals\":[]", "\"requester\":\"root\"", "requester: object expected"},
        {"\"approvals\":[]", "\"importer\":{}", "importer.uid: missing"},
        {"\"approvals\":[]", "\"importer\":7", "importer: object expected"},
        {"\"approvals\":[]", "\"description\":{}", "description: text expected"},
        {"\"approvals\":[]", "\"created\":\"yesterday\"", "created: 'yesterday' is not a time"},
        {"\"approvals\":[]", "\"created\":1738324800", "created: text expected"},
        {"\"approvals\":[]", "\"notBefore\":\"2025-01-01T00:00:00Z\\u001b\"", "notBefore: '2025"},
        {"\"approvals\":[]", "\"executed\":\"\"", "executed: ''"},
        {"\"approvals\":[]", "\"signature\":\"*\"", "bundle.json: signature: base64"},
        {"\"approvals\":[]", "\"digest\":{\"value\":\"AA==\"}", "digest.algorithm: missing"},
        {"\"approvals\":[]", "\"digest\":{\"algorithm\":\"MD5\",\"value\":\"AA==\"}",
         "digest.algorithm: 'MD5' is not"},
        {"\"approvals\":[]", "\"digest\":{\"algorithm\":\"SHA256\"}", "digest.value: missing"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused_with(cases[i].from, cases[i].to, SKA_R_BAD_REQUEST, cases[i].message);
}

static void each_approval_has_its_shape(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        enum ska_reason reason;
        const char *message;
    } cases[] = {
        {"\"approverPublicKey\":", "\"x\":", SKA_R_BAD_REQUEST,
         "approvals[0].approverPublicKey: either this or"},
        {"\"approverPublicKey\":", "\"approverCertificate\":\"AA==\",\"approverPublicKey\":",
         SKA_R_BAD_REQUEST, "either this or"},
        {"\"approverPublicKey\":\"", "\"approverPublicKey\":\"\",\"x\":\"", SKA_R_BAD_KEY,
         "bundle.json: approvals[0].approverPublicKey: approver: not a public key"},
        {"\"approverPublicKey\":", "\"approverCertificate\":", SKA_R_BAD_KEY,
         "approvals[0].approverCertificate: approver: not an X.509 certificate"},
        {"\"approverPublicKey\":\"", "\"approverPublicKey\":\"*", SKA_R_BAD_REQUEST, "base64"},
        {"\"approvalDigestAlgorithm\":\"EdDSA\",", "", SKA_R_BAD_REQUEST,
         "approvals[0].approvalDigestAlgorithm: missing"},
        {"EdDSA", "SHA-1", SKA_R_BAD_REQUEST, "approvalDigestAlgorithm: 'SHA-1' is not SHA-224"},
        {"EdDSA", "MD5", SKA_R_BAD_REQUEST, "'MD5' is not"},
        {"EdDSA", "a digest whose name is far longer than fits", SKA_R_BAD_REQUEST, "is not"},
        {"\"signature\":\"", "\"signature\":\"\",\"x\":\"", SKA_R_BAD_REQUEST,
         "approvals[0].signature: empty"},
        {"\"signature\":", "\"sig\":", SKA_R_BAD_REQUEST, "approvals[0].signature: missing"},
        {"\"signature\":\"", "\"signature\":\"\\n", SKA_R_BAD_REQUEST, "signature: base64"},
    };
    char *approval = approval_text(fixture.bob, "EdDSA", NULL, ska_span_of(&fixture.token));
    char *text = exchanged(fixture.text, "\"approvals\":[]", "\"approvals\":[@APPROVAL]");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *changed = exchanged(approval, cases[i].from, cases[i].to);
        char *whole = exchanged(text, "@APPROVAL", changed);

        assert_refused(whole, cases[i].reason, cases[i].message);
        free(whole);
        free(changed);
    }
    free(text);
    free(approval);
}

/* The text with another token in it. */
static char *with_token(enum ska_operation operation, const char *key_name, struct ska_span payload)
{
    struct ska_bytes token = token_for(operation, key_name, payload);
    char *before = base64_of(ska_span_of(&fixture.token));
    char *after = base64_of(ska_span_of(&token));
    char *text = exchanged(fixture.text, before, after);

    ska_bytes_free(&token);
    free(before);
    free(after);
    return text;
}

static void what_the_token_says_must_be_said_outside(void **state)
{
    struct ska_span digest = ska_span(fixture.digest, 32);
    uint8_t other[32];
    char *text = NULL;

    (void)state;
    memcpy(other, fixture.digest, 32);
    other[31] ^= 1;
    text = with_token(SKA_OPERATION_SIGN, "seal", digest);
    ska_request_free(parsed(text));
    free(text);
    text = with_token(SKA_OPERATION_SIGN, "seal2", digest);
    assert_refused(text, SKA_R_KEY_MISMATCH,
                   "says key 'seal', but its approval token is for key "
                   "'seal2'");
    free(text);
    text = with_token(SKA_OPERATION_SIGN, "sea", digest);
    assert_refused(text, SKA_R_KEY_MISMATCH, "'sea'");
    free(text);
    text = with_token(SKA_OPERATION_SIGN, "seal\x1B[2J", digest);
    assert_refused(text, SKA_R_KEY_MISMATCH, "'seal\\x1B[2J'");
    free(text);
    text = with_token(SKA_OPERATION_SIGN, "", digest);
    assert_refused(text, SKA_R_KEY_MISMATCH, "not bound to a key");
    free(text);
    text = with_token(SKA_OPERATION_SIGN, "seal", ska_span(other, 32));
    assert_refused(text, SKA_R_PAYLOAD_MISMATCH, "payload is not the one in its approval token");
    free(text);
    text = with_token(SKA_OPERATION_SIGN, "seal", ska_span(fixture.digest, 31));
    assert_refused(text, SKA_R_PAYLOAD_MISMATCH, "payload");
    free(text);
    text = with_token(SKA_OPERATION_BLOCK, "seal", digest);
    assert_refused(text, SKA_R_OPERATION_MISMATCH,
                   "says SIGN, but its approval token is for BLOCK");
    free(text);
    /* Also when both have no name. */
    text = with_token(SKA_OPERATION_SIGN, "", digest);
    exchange(&text, "\"label\":\"seal\"", "\"label\":\"\"");
    assert_refused(text, SKA_R_KEY_MISMATCH, "not bound to a key");
    free(text);
}

/* Every single bit of the token. */
static void changed_tokens_are_refused(void **state)
{
    char *before = base64_of(ska_span_of(&fixture.token));

    (void)state;
    for (size_t bit = 0; bit < fixture.token.length * 8; bit++) {
        struct recorder recorder;
        struct ska_request *request = NULL;
        char *after = NULL;
        char *text = NULL;

        fixture.token.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        after = base64_of(ska_span_of(&fixture.token));
        fixture.token.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        text = exchanged(fixture.text, before, after);
        assert_false(parses(ska_span_text(text), &request, &recorder));
        if (recorder.reason == SKA_R_BAD_TOKEN)
            assert_text_contains(recorder.text, "bundle.json: approvalToBeSigned: ");
        else
            assert_true(recorder.reason == SKA_R_KEY_MISMATCH ||
                        recorder.reason == SKA_R_PAYLOAD_MISMATCH ||
                        recorder.reason == SKA_R_OPERATION_MISMATCH);
        free(after);
        free(text);
    }
    free(before);
}

static void the_digest_is_that_of_the_payload(void **state)
{
    static const struct {
        const char *algorithm;
        size_t length;
        uint8_t change;
        bool fits;
    } cases[] = {{"SHA256", 32, 0, true},  {"sha-256", 32, 0, true}, {"SHA256", 32, 1, false},
                 {"SHA384", 32, 0, false}, {"SHA256", 31, 0, false}, {"SHA1", 20, 0, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = exchanged(fixture.text, "\"approvals\":[]",
                               "\"digest\":{\"algorithm\":\"@A\",\"value\":\"@V\"}");
        uint8_t value[32];

        memcpy(value, fixture.digest, 32);
        value[0] ^= cases[i].change;
        exchange(&text, "@A", cases[i].algorithm);
        exchange_bytes(&text, "@V", ska_span(value, cases[i].length));
        if (cases[i].fits)
            ska_request_free(parsed(text));
        else
            assert_refused(text, SKA_R_PAYLOAD_MISMATCH, "digest is not the one in its payload");
        free(text);
    }
}

/* A request for the RSA key over a payload. */
static char *rsa_request(const char *algorithm, const char *form, struct ska_span payload)
{
    struct ska_bytes token = token_for(SKA_OPERATION_SIGN, "seal", payload);
    char *text = strdup("{\"version\":1,\"requestId\":\"" ID "\",\"operation\":\"SIGN\","
                        "\"key\":{\"label\":\"seal\",\"publicKey\":\"@KEY\"},"
                        "\"signatureAlgorithm\":\"@ALGORITHM\",\"saltLength\":20,"
                        "\"mgf1Digest\":\"SHA1\",\"payloadForm\":\"@FORM\","
                        "\"payload\":\"@PAYLOAD\",\"approvalToBeSigned\":\"@TOKEN\"}");

    exchange_key(&text, "@KEY", fixture.alice);
    exchange(&text, "@ALGORITHM", algorithm);
    exchange(&text, "@FORM", form);
    exchange_bytes(&text, "@PAYLOAD", payload);
    exchange_bytes(&text, "@TOKEN", ska_span_of(&token));
    ska_bytes_free(&token);
    return text;
}

static void payloads_fit_the_algorithm(void **state)
{
    struct ska_mechanism pkcs1;
    struct ska_bytes info = {NULL, 0};
    struct ska_request *request = NULL;
    char *text = NULL;

    (void)state;
    assert_true(ska_algorithm_from_name("NONESHA256_WITH_RSA", &pkcs1));
    assert_true(ska_payload_from_digest(&pkcs1, ska_span(fixture.digest, 32), &info, NULL));

    text = rsa_request("NONESHA256_WITH_RSA", "DIGEST", ska_span_of(&info));
    ska_request_free(parsed(text));
    exchange(&text, "NONESHA256_WITH_RSA", "NONESHA384_WITH_RSA");
    assert_refused(text, SKA_R_BAD_REQUEST, "payload: not the digest");
    free(text);
    text = rsa_request("NONESHA256_WITH_RSA", "DIGEST", ska_span(fixture.digest, 32));
    assert_refused(text, SKA_R_BAD_REQUEST, "payload: not the digest");
    free(text);
    text = rsa_request("NONESHA384_WITH_RSA_PSS", "DIGEST", ska_span(fixture.digest, 32));
    assert_refused(text, SKA_R_BAD_REQUEST, "payload: not the digest");
    free(text);
    text = rsa_request("NONE_WITH_ECDSA", "DIGEST", ska_span(fixture.digest, 32));
    assert_refused(text, SKA_R_UNSUPPORTED, "signatureAlgorithm: an RSA key can do");
    free(text);

    text = rsa_request("NONESHA256_WITH_RSA_PSS", "DIGEST", ska_span(fixture.digest, 32));
    request = parsed(text);
    assert_int_equal(request->mechanism.salt_length, 20);
    assert_int_equal(request->mechanism.mgf1_digest, SKA_DIGEST_SHA1);
    ska_request_free(request);
    exchange(&text, "\"saltLength\":20", "\"saltLength\":3000");
    assert_refused(text, SKA_R_BAD_REQUEST, "saltLength: too long");
    exchange(&text, "\"saltLength\":3000,", "");
    assert_refused(text, SKA_R_BAD_REQUEST, "saltLength: missing");
    exchange(&text, "\"mgf1Digest\":\"SHA1\",", "\"saltLength\":20,");
    assert_refused(text, SKA_R_BAD_REQUEST, "mgf1Digest: missing");
    exchange(&text, "\"saltLength\":20,", "\"saltLength\":20,\"mgf1Digest\":\"MD5\",");
    assert_refused(text, SKA_R_BAD_REQUEST, "mgf1Digest: 'MD5'");
    free(text);

    text = rsa_request("SHA256_WITH_RSA", "MESSAGE", ska_span("a message", 9));
    ska_request_free(parsed(text));
    exchange(&text, "\"saltLength\":20,",
             "\"digest\":{\"algorithm\":\"SHA1\",\"value\":\"AA==\"},");
    assert_refused(text, SKA_R_BAD_REQUEST, "digest: not expected");
    free(text);
    ska_bytes_free(&info);
}

/* Of what was hashed; of a message there is nothing to hash. Its length is bounded. */
static void content_fits_the_form(void **state)
{
    static uint8_t content[SKA_CONTENT_LIMIT + 1];
    struct ska_request *request = NULL;
    char *text = NULL;

    (void)state;
    memset(content, 'x', sizeof(content));
    text = exchanged(fixture.text, "\"approvals\":[]", "\"signedContent\":\"@CONTENT\"");
    exchange_bytes(&text, "@CONTENT", ska_span(content, SKA_CONTENT_LIMIT));
    request = parsed(text);
    assert_span_equal(ska_span_of(&request->signed_content), ska_span(content, SKA_CONTENT_LIMIT));
    ska_request_free(request);
    free(text);
    text = exchanged(fixture.text, "\"approvals\":[]", "\"signedContent\":\"@CONTENT\"");
    exchange_bytes(&text, "@CONTENT", ska_span(content, sizeof(content)));
    assert_refused(text, SKA_R_BAD_REQUEST, "signedContent: longer than 65536 bytes");
    free(text);
    text = rsa_request("SHA256_WITH_RSA", "MESSAGE", ska_span("a message", 9));
    exchange(&text, "\"saltLength\":20,", "\"signedContent\":\"AA==\",");
    assert_refused(text, SKA_R_BAD_REQUEST, "signedContent: not expected");
    free(text);
    assert_parses_with("\"approvals\":[]", "\"noSignedContent\":\"DIGEST_GIVEN\"");
    assert_refused_with("\"approvals\":[]", "\"noSignedContent\":\"\"", SKA_R_BAD_REQUEST,
                        "noSignedContent: '' is not");
}

/* ---- Other operations ----------------------------------------------------------------------- */

static void blocking_needs_no_mechanism(void **state)
{
    char *text = strdup("{\"version\":1,\"requestId\":\"" ID "\",\"operation\":\"BLOCK\","
                        "\"key\":{\"label\":\"seal\",\"publicKey\":\"@KEY\"},\"rule\":null,"
                        "\"approvalToBeSigned\":\"@TOKEN\"}");
    struct ska_bytes token = token_for(SKA_OPERATION_BLOCK, "seal", ska_span("any", 3));
    struct ska_request *request = NULL;

    (void)state;
    exchange_key(&text, "@KEY", fixture.bob);
    exchange_bytes(&text, "@TOKEN", ska_span_of(&token));
    request = parsed(text);
    assert_true(request->has_rule[SKA_RULE_BLOCK]);
    assert_false(request->has_rule[SKA_RULE_USE]);
    assert_true(ska_rule_is_empty(&request->rules[SKA_RULE_BLOCK]));
    /* Left out outside, it is taken from the token. */
    assert_span_equal(ska_span_of(&request->payload), ska_span("any", 3));
    ska_request_free(request);
    exchange(&text, "\"rule\":null", "\"payload\":\"AAEC\"");
    assert_refused(text, SKA_R_PAYLOAD_MISMATCH, "payload");
    free(text);
    ska_bytes_free(&token);
}

static void modifying_has_four_rules(void **state)
{
    struct ska_bytes payload = from_hex("00000000");
    struct ska_bytes token = token_for(SKA_OPERATION_MODIFY, "seal", ska_span_of(&payload));
    char *text = strdup("{\"version\":1,\"requestId\":\"" ID "\",\"operation\":\"MODIFY\","
                        "\"key\":{\"label\":\"seal\",\"publicKey\":\"@KEY\"},"
                        "\"rule\":{\"ruleUse\":null,\"ruleModify\":{\"tokens\":[]}},"
                        "\"approvalToBeSigned\":\"@TOKEN\"}");
    struct ska_request *request = NULL;
    struct ska_bytes printed = {NULL, 0};

    (void)state;
    exchange_key(&text, "@KEY", fixture.carol);
    exchange_bytes(&text, "@TOKEN", ska_span_of(&token));
    request = parsed(text);
    assert_true(request->has_rule[SKA_RULE_USE]);
    assert_false(request->has_rule[SKA_RULE_BLOCK]);
    assert_false(request->has_rule[SKA_RULE_UNBLOCK]);
    assert_true(request->has_rule[SKA_RULE_MODIFY]);
    assert_true(ska_request_print(request, &printed, NULL));
    ska_request_free(request);
    request = parsed((const char *)printed.data);
    assert_true(request->has_rule[SKA_RULE_USE]);
    assert_true(ska_rule_is_empty(&request->rules[SKA_RULE_USE]));
    assert_false(request->has_rule[SKA_RULE_BLOCK]);
    assert_int_equal(request->rules[SKA_RULE_MODIFY].alternative_count, 0);
    ska_request_free(request);
    ska_bytes_free(&printed);
    ska_bytes_free(&payload);
    ska_bytes_free(&token);
    free(text);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void requests_survive_being_written(void **state)
{
    char *approval = approval_text(fixture.carol, "SHA-256", "SHA256", ska_span_of(&fixture.token));
    char *text = exchanged(fixture.text, "\"approvals\":[]",
                           "\"rule\":{\"tokens\":[{\"timeout\":60,\"groups\":[{\"quorum\":1,"
                           "\"approvals\":[{\"type\":\"public_key\",\"value\":\"@BOB\"}]}]}]},"
                           "\"digest\":{\"algorithm\":\"SHA256\",\"value\":\"@DIGEST\"},"
                           "\"timestampKey\":\"AAEC\",\"requester\":{\"uid\":0,\"host\":\"\\\"\"},"
                           "\"importer\":{\"uid\":7},\"description\":\"\xC3\xA4\\n\",\"created\":"
                           "\"2025-01-31T12:00:00Z\","
                           "\"notBefore\":\"2025-01-31T12:00:00Z\","
                           "\"notAfter\":\"2025-01-31T13:00:00Z\",\"signature\":\"AAEC\","
                           "\"executed\":\"2025-02-01T00:00:00Z\",\"approvals\":[@1,@2]");
    struct ska_bytes once = {NULL, 0}, twice = {NULL, 0}, line = {NULL, 0};
    struct ska_request *request = NULL;
    cJSON *before = NULL, *after = NULL;
    const cJSON *member = NULL;

    (void)state;
    exchange(&text, "\"label\":", "\"token\":\"T\",\"id\":\"0a\",\"label\":");
    exchange_key(&text, "@BOB", fixture.bob);
    exchange_bytes(&text, "@DIGEST", ska_span(fixture.digest, 32));
    exchange(&text, "@1", approval);
    exchange(&text, "@2", approval); /* the same approver twice is no matter of parsing */
    request = parsed(text);
    assert_true(ska_request_print(request, &once, NULL));
    ska_request_free(request);
    request = parsed((const char *)once.data);
    assert_true(ska_request_print(request, &twice, NULL));
    assert_true(ska_request_print_line(request, &line, NULL));
    ska_request_free(request);
    assert_span_equal(ska_span_of(&once), ska_span_of(&twice));
    ska_bytes_free(&twice);

    /* The same on one line, whatever is in it. */
    assert_ptr_equal(memchr(line.data, '\n', line.length), line.data + line.length - 1);
    request = parsed((const char *)line.data);
    assert_true(ska_request_print(request, &twice, NULL));
    ska_request_free(request);
    assert_span_equal(ska_span_of(&once), ska_span_of(&twice));

    /* No member was lost, and but for the rule, where defaults are written out, none changed. */
    assert_true(ska_json_parse(ska_span_text(text), "before", &before, NULL));
    assert_true(ska_json_parse(ska_span_of(&once), "after", &after, NULL));
    assert_int_equal(cJSON_GetArraySize(before), cJSON_GetArraySize(after));
    cJSON_ArrayForEach(member, before)
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(after, member->string);

        assert_non_null(other);
        if (strcmp(member->string, "rule") != 0 && !cJSON_Compare(member, other, 1))
            fail_msg("%s changed", member->string);
    }
    cJSON_Delete(before);
    cJSON_Delete(after);
    ska_bytes_free(&once);
    ska_bytes_free(&twice);
    ska_bytes_free(&line);
    free(text);
    free(approval);
}

static void what_could_not_be_read_is_not_written(void **state)
{
    struct ska_request *request = parsed(fixture.text);
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes text = {NULL, 0};

    (void)state;
    request->description = strdup("\xFF");
    assert_false(ska_request_print(request, &text, &errors));
    assert_raised_with(&recorder, SKA_R_UNSUPPORTED, "UTF-8");

    free(request->description);
    request->description = malloc(SKA_JSON_LIMIT);
    memset(request->description, 'a', SKA_JSON_LIMIT - 1);
    request->description[SKA_JSON_LIMIT - 1] = 0;
    errors = errors_into(&recorder);
    assert_false(ska_request_print(request, &text, &errors));
    assert_raised(&recorder, SKA_R_BAD_INPUT_LENGTH);

    request->description[0] = 0;
    request->mechanism.scheme = SKA_SCHEME_PKCS1; /* raw RSA has no name */
    errors = errors_into(&recorder);
    assert_false(ska_request_print(request, &text, &errors));
    assert_raised(&recorder, SKA_R_UNSUPPORTED);
    assert_null(text.data);
    ska_request_free(request);
}

/* ---- Approvals alone ------------------------------------------------------------------------ */

static bool approvals_parse(const char *text, struct ska_approval **approvals, size_t *count,
                            struct recorder *recorder)
{
    struct ska_errors errors = errors_into(recorder);

    return ska_approvals_parse(ska_span_text(text), "a.json", ska_span_of(&fixture.token),
                               approvals, count, &errors);
}

static void approvals_are_read_from_files(void **state)
{
    char *alone = approval_text(fixture.bob, "EdDSA", NULL, ska_span_of(&fixture.token));
    char *client = exchanged(alone, "{", "{\"id\":\"7\",\"approvalToBeSigned\":\"@TOKEN\",");
    char *bundle = exchanged(fixture.text, "\"approvals\":[]", "\"approvals\":[@1,@2]");
    struct ska_approval *approvals = NULL;
    size_t count = 0;
    struct recorder recorder;

    (void)state;
    exchange_bytes(&client, "@TOKEN", ska_span_of(&fixture.token));
    exchange(&bundle, "@1", alone);
    exchange(&bundle, "@2", alone);
    assert_true(approvals_parse(alone, &approvals, &count, &recorder));
    assert_int_equal(count, 1);
    assert_true(approvals_parse(client, &approvals, &count, &recorder));
    assert_int_equal(count, 2);
    assert_true(approvals_parse(bundle, &approvals, &count, &recorder));
    assert_int_equal(count, 4);
    assert_true(approvals_parse(fixture.text, &approvals, &count, &recorder));
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_true(ska_approval_verify(NULL, &approvals[i], ska_span_of(&fixture.token)));
    ska_approvals_free(approvals, count);
    free(alone);
    free(client);
    free(bundle);
}

static void approvals_for_other_tokens_are_refused(void **state)
{
    struct ska_bytes other = token_for(SKA_OPERATION_SIGN, "seal", ska_span("other", 5));
    char *alone = approval_text(fixture.bob, "EdDSA", NULL, ska_span_of(&fixture.token));
    char *client = exchanged(alone, "{", "{\"approvalToBeSigned\":\"@TOKEN\",");
    char *bundle = exchanged("{\"approvalToBeSigned\":\"@TOKEN\",\"approvals\":[@1]}", "@1", alone);
    char *tokenless = exchanged("{\"approvals\":[@1]}", "@1", alone);
    struct ska_approval *approvals = NULL;
    size_t count = 0;
    struct recorder recorder;

    (void)state;
    exchange_bytes(&client, "@TOKEN", ska_span_of(&other));
    exchange_bytes(&bundle, "@TOKEN", ska_span_of(&other));
    assert_false(approvals_parse(client, &approvals, &count, &recorder));
    assert_raised_with(&recorder, SKA_R_APPROVAL_INVALID, "a.json: it is for another approval");
    assert_false(approvals_parse(bundle, &approvals, &count, &recorder));
    assert_raised(&recorder, SKA_R_APPROVAL_INVALID);
    assert_false(approvals_parse(tokenless, &approvals, &count, &recorder));
    assert_raised_with(&recorder, SKA_R_BAD_REQUEST, "a.json: approvalToBeSigned: missing");
    assert_false(approvals_parse("[]", &approvals, &count, &recorder));
    assert_raised_with(&recorder, SKA_R_BAD_REQUEST, "a.json: an approval or a bundle expected");
    assert_false(approvals_parse("{}", &approvals, &count, &recorder));
    assert_raised_with(&recorder, SKA_R_BAD_REQUEST, "a.json: approverPublicKey: either");
    assert_false(approvals_parse("{", &approvals, &count, &recorder));
    assert_raised(&recorder, SKA_R_BAD_JSON);
    assert_int_equal(count, 0);
    assert_null(approvals);
    ska_bytes_free(&other);
    free(alone);
    free(client);
    free(bundle);
    free(tokenless);
}

/* What was read before the fault stays with the caller. */
static void good_approvals_before_a_bad_one_are_kept(void **state)
{
    char *alone = approval_text(fixture.bob, "EdDSA", NULL, ska_span_of(&fixture.token));
    char *bundle = exchanged(fixture.text, "\"approvals\":[]", "\"approvals\":[@1,{}]");
    struct ska_approval *approvals = NULL;
    size_t count = 0;
    struct recorder recorder;

    (void)state;
    exchange(&bundle, "@1", alone);
    assert_false(approvals_parse(bundle, &approvals, &count, &recorder));
    assert_raised_with(&recorder, SKA_R_BAD_REQUEST, "a.json: approvals[1].approverPublicKey");
    assert_int_equal(count, 1);
    ska_approvals_free(approvals, count);
    free(alone);
    free(bundle);
}

static void approvals_survive_being_written(void **state)
{
    EVP_PKEY *keys[] = {fixture.bob, fixture.carol};
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char *text = approval_text(keys[i], i == 0 ? "EdDSA" : "SHA-224", i == 0 ? NULL : "SHA224",
                                   ska_span_of(&fixture.token));
        struct ska_approval *approvals = NULL;
        size_t count = 0;
        struct ska_bytes printed = {NULL, 0};

        if (i == 1) {
            struct ska_bytes der = certificate_of(keys[i], "Carol");
            struct ska_bytes spki = spki_of(keys[i]);
            char *before = base64_of(ska_span_of(&spki));

            exchange_bytes(&text, before, ska_span_of(&der));
            exchange(&text, "approverPublicKey", "approverCertificate");
            ska_bytes_free(&der);
            ska_bytes_free(&spki);
            free(before);
        }
        assert_true(approvals_parse(text, &approvals, &count, &recorder));
        assert_true(ska_approval_print(&approvals[0], &printed, NULL));
        assert_true(approvals_parse((const char *)printed.data, &approvals, &count, &recorder));
        assert_int_equal(count, 2);
        assert_int_equal(approvals[1].certificate, i == 1);
        assert_span_equal(ska_span_of(&approvals[0].signer), ska_span_of(&approvals[1].signer));
        assert_span_equal(ska_span_of(&approvals[0].public_key),
                          ska_span_of(&approvals[1].public_key));
        assert_true(ska_approval_verify(NULL, &approvals[1], ska_span_of(&fixture.token)));
        ska_approvals_free(approvals, count);
        ska_bytes_free(&printed);
        free(text);
    }
}

static void approvals_are_moved_up_to_a_limit(void **state)
{
    struct ska_request *request = parsed(fixture.text);
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_approval approval = {.digest = "EdDSA"};

    (void)state;
    for (size_t i = 0; i < SKA_APPROVALS_LIMIT; i++) {
        assert_true(ska_bytes_copy(&approval.signature, ska_span(&i, sizeof(i)), NULL));
        strcpy(approval.digest, "EdDSA");
        assert_true(ska_request_add_approval(request, &approval, &errors));
        assert_null(approval.signature.data);
        assert_span_equal(ska_span_of(&request->approvals[i].signature), ska_span(&i, sizeof(i)));
        assert_string_equal(request->approvals[i].digest, "EdDSA");
    }
    assert_false(ska_request_add_approval(request, &approval, &errors));
    assert_raised_with(&recorder, SKA_R_BAD_REQUEST, "more than 1000 approvals");
    assert_int_equal(request->approval_count, SKA_APPROVALS_LIMIT);
    ska_request_free(request);
}

/* ---- Ids ------------------------------------------------------------------------------------ */

static void part(struct ska_buffer *buffer, struct ska_span bytes)
{
    uint8_t length[8] = {0, 0, 0, 0, 0, 0, (uint8_t)(bytes.length >> 8), (uint8_t)bytes.length};

    ska_buffer_add(buffer, length, sizeof(length));
    ska_buffer_add(buffer, bytes.data, bytes.length);
}

static void ids_are_the_hash_of_what_is_asked_for(void **state)
{
    struct ska_request *request = parsed(fixture.text);
    struct ska_buffer buffer = {0};
    unsigned char hash[32];
    char *hex = NULL;

    (void)state;
    part(&buffer, ska_span_text("SIGN"));
    part(&buffer, ska_span_of(&request->public_key));
    part(&buffer, ska_span_text("seal"));
    part(&buffer, ska_span_text("NONE_WITH_ECDSA"));
    part(&buffer, ska_span(fixture.digest, 32));
    assert_true(EVP_Digest(buffer.data, buffer.length, hash, NULL, EVP_sha256(), NULL));
    assert_true(ska_hex_encode(ska_span(hash, 32), &hex, NULL));
    assert_true(ska_request_identify(request, NULL, NULL));
    assert_string_equal(request->id, hex);
    free(hex);
    ska_buffer_free(&buffer);
    ska_request_free(request);
}

static void identify(struct ska_request *request, char *id)
{
    assert_true(ska_request_identify(request, NULL, NULL));
    strcpy(id, request->id);
}

static void ids_depend_on_what_is_asked_for_only(void **state)
{
    char *text = rsa_request("NONESHA256_WITH_RSA_PSS", "DIGEST", ska_span(fixture.digest, 32));
    struct ska_request *request = parsed(text);
    char ids[10][SKA_REQUEST_ID_LENGTH + 1];

    (void)state;
    identify(request, ids[0]);
    request->created = strdup("2025-01-31T12:00:00Z");
    request->description = strdup("another line");
    request->approval_token.data[0] ^= 1;
    identify(request, ids[1]);
    assert_string_equal(ids[0], ids[1]);

    request->mechanism.salt_length = 32;
    identify(request, ids[1]);
    request->mechanism.mgf1_digest = SKA_DIGEST_SHA256;
    identify(request, ids[2]);
    request->mechanism.digest = SKA_DIGEST_SHA512;
    identify(request, ids[3]);
    request->payload.data[0] ^= 1;
    identify(request, ids[4]);
    request->key_label[0] = 'S';
    identify(request, ids[5]);
    request->public_key.data[40] ^= 1;
    identify(request, ids[6]);
    request->operation = SKA_OPERATION_BLOCK;
    identify(request, ids[7]);
    request->attempt = 1;
    identify(request, ids[8]);
    request->attempt = 10;
    identify(request, ids[9]);
    for (size_t i = 0; i < 10; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    ska_request_free(request);
    free(text);
}

/* Which of several requests for the same thing it is stands in it, and in its id. */
static void attempts_are_kept_and_told_apart(void **state)
{
    struct ska_request *request = parsed(fixture.text);
    struct ska_request *again = NULL;
    struct ska_bytes text = {NULL, 0};
    char *other = NULL;
    bool same = false;

    (void)state;
    assert_int_equal(request->attempt, 0);
    assert_true(ska_request_print(request, &text, NULL));
    assert_null(strstr((const char *)text.data, "attempt"));
    ska_bytes_free(&text);
    request->attempt = 12345;
    assert_true(ska_request_identify(request, NULL, NULL));
    assert_true(ska_request_print(request, &text, NULL));
    again = parsed((const char *)text.data);
    assert_int_equal(again->attempt, 12345);
    assert_true(ska_request_check_id(again, NULL, &same, NULL));
    assert_true(same);
    again->attempt = 12346;
    assert_true(ska_request_check_id(again, NULL, &same, NULL));
    assert_false(same);
    ska_request_free(again);
    for (size_t i = 0; i < 2; i++) {
        static const char *const wrong[] = {"-1", "\"1\""};

        other = exchanged((const char *)text.data, "12345", wrong[i]);
        assert_false(ska_request_parse(ska_span_text(other), "it", &again, NULL));
        free(other);
    }
    ska_bytes_free(&text);
    ska_request_free(request);
}

/* Which digest ECDSA input is does not matter to HSM and approvers, so it is the same request. */
static void ids_of_ecdsa_do_not_name_the_digest(void **state)
{
    struct ska_request *request = parsed(fixture.text);
    char ids[2][SKA_REQUEST_ID_LENGTH + 1];

    (void)state;
    identify(request, ids[0]);
    request->mechanism.digest = SKA_DIGEST_SHA256;
    identify(request, ids[1]);
    assert_string_equal(ids[0], ids[1]);
    ska_request_free(request);
}

/* ---- Names of approvers --------------------------------------------------------------------- */

static void approvers_are_named_by_what_is_known(void **state)
{
    struct ska_approver approver = {.type = SKA_APPROVER_CERTIFICATE};
    struct ska_group group = {.approvers = &approver, .approver_count = 1};
    struct ska_alternative alternative = {.groups = &group, .group_count = 1};
    struct ska_rule rule = {.alternatives = &alternative, .alternative_count = 1};
    struct ska_approval approval = {.certificate = false};
    unsigned char hash[32];
    char expected[32];
    char *shown = NULL;

    (void)state;
    approver.public_key = spki_of(fixture.bob);
    approver.data = certificate_of(fixture.bob, "Bob\x1B[2J");
    approval.public_key = spki_of(fixture.bob);
    approval.signer = spki_of(fixture.bob);
    assert_true(EVP_Digest(approval.public_key.data, approval.public_key.length, hash, NULL,
                           EVP_sha256(), NULL));
    snprintf(expected, sizeof(expected), "key %02x%02x%02x%02x%02x%02x%02x%02x", hash[0], hash[1],
             hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]);

    shown = ska_approver_shown(NULL, &approval); /* no rule: the key */
    assert_string_equal(shown, expected);
    free(shown);
    shown = ska_approver_shown(&rule, &approval); /* listed by certificate */
    assert_string_equal(shown, "Bob\\x1B[2J");
    free(shown);
    assert_true(ska_bytes_copy(&approver.name, ska_span_text("the boss\n"), NULL));
    shown = ska_approver_shown(&rule, &approval); /* listed by name */
    assert_string_equal(shown, "the boss\\x0A");
    free(shown);
    approver.public_key.data[20] ^= 1;
    shown = ska_approver_shown(&rule, &approval); /* not listed */
    assert_string_equal(shown, expected);
    free(shown);

    ska_bytes_free(&approval.signer);
    approval.signer = certificate_of(fixture.bob, NULL);
    approval.certificate = true;
    shown = ska_approver_shown(NULL, &approval); /* a certificate without a common name */
    assert_string_equal(shown, "O=Example");
    free(shown);
    approval.signer.length = 20; /* broken, which nothing that was parsed can be */
    shown = ska_approver_shown(NULL, &approval);
    assert_string_equal(shown, expected);
    free(shown);

    ska_bytes_free(&approver.public_key);
    ska_bytes_free(&approver.data);
    ska_bytes_free(&approver.name);
    ska_bytes_free(&approval.public_key);
    ska_bytes_free(&approval.signer);
}

/* ---- Stack ---------------------------------------------------------------------------------- */

static struct ska_request *parsed_on_small_stack;
static bool printed_on_small_stack;

static void work_on_small_stack(void)
{
    struct ska_bytes text = {NULL, 0};

    if (ska_request_parse(ska_span_text(fixture.text), "text", &parsed_on_small_stack, NULL))
        printed_on_small_stack = ska_request_print(parsed_on_small_stack, &text, NULL);
    ska_bytes_free(&text);
}

static void requests_need_little_stack(void **state)
{
    (void)state;
    run_on_small_stack(work_on_small_stack);
    assert_non_null(parsed_on_small_stack);
    assert_true(printed_on_small_stack);
    ska_request_free(parsed_on_small_stack);
}

static void optional_members_are_optional(void **state)
{
    (void)state;
    assert_parses_with("\"approvals\":[]", "\"approvals\":null");
    assert_parses_with("\"approvals\":[]", "\"digest\":null,\"rule\":null,\"requester\":null");
    assert_parses_with("\"approvals\":[]", "\"saltLength\":\"of no matter for ECDSA\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_request_is_enough),
        cmocka_unit_test(what_is_sent_needs_no_words_for_people),
        cmocka_unit_test(optional_members_are_optional),
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(ids_are_folded_to_lower_case),
        cmocka_unit_test(approvals_made_elsewhere_verify),
        cmocka_unit_test(the_published_approval_verifies),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(each_member_has_its_shape),
        cmocka_unit_test(each_approval_has_its_shape),
        cmocka_unit_test(what_the_token_says_must_be_said_outside),
        cmocka_unit_test(changed_tokens_are_refused),
        cmocka_unit_test(the_digest_is_that_of_the_payload),
        cmocka_unit_test(payloads_fit_the_algorithm),
        cmocka_unit_test(content_fits_the_form),
        cmocka_unit_test(blocking_needs_no_mechanism),
        cmocka_unit_test(modifying_has_four_rules),
        cmocka_unit_test(requests_survive_being_written),
        cmocka_unit_test(what_could_not_be_read_is_not_written),
        cmocka_unit_test(approvals_are_read_from_files),
        cmocka_unit_test(approvals_for_other_tokens_are_refused),
        cmocka_unit_test(good_approvals_before_a_bad_one_are_kept),
        cmocka_unit_test(approvals_survive_being_written),
        cmocka_unit_test(approvals_are_moved_up_to_a_limit),
        cmocka_unit_test(ids_are_the_hash_of_what_is_asked_for),
        cmocka_unit_test(ids_depend_on_what_is_asked_for_only),
        cmocka_unit_test(ids_of_ecdsa_do_not_name_the_digest),
        cmocka_unit_test(attempts_are_kept_and_told_apart),
        cmocka_unit_test(approvers_are_named_by_what_is_known),
        cmocka_unit_test(requests_need_little_stack),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
