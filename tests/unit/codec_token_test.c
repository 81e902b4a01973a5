/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approval tokens and HSM timestamps: published ones, random ones, and each single fault.
 */
#include "codec_support.h"

#include "provider/request/approver_signature.h"
#include "provider/request/approval_token.h"
#include "provider/base/wire.h"

/* ---- Published tokens ----------------------------------------------------------------------- */

static void check_published(const cJSON *vector)
{
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(vector, "fields");
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes bytes = base64_in(vector, "approvalToBeSigned");
    struct ska_bytes payload = base64_in(fields, "payload");
    struct ska_bytes signature = base64_in(fields, "timestampSignature");
    struct ska_bytes again = {NULL, 0}, plain = {NULL, 0}, block = {NULL, 0};
    const char *digest = NULL;
    struct ska_approval_token token;

    assert_int_equal(bytes.length, number_in(fields, "length"));
    assert_true(ska_approval_token_decode(ska_span_of(&bytes), &token, &errors));
    assert_int_equal(number_in(fields, "operation"), 1);
    assert_int_equal(token.operation, SKA_OPERATION_SIGN);
    assert_span_equal(token.key_name, ska_span_text(text_in(fields, "keyName")));
    assert_true(token.has_timestamp);
    assert_false(token.timestamp.modify);
    assert_true((double)token.timestamp.seconds == number_in(fields, "timestampSeconds"));
    assert_span_equal(token.timestamp.key_name, ska_span_text(text_in(fields, "timestampKeyName")));
    assert_span_equal(token.timestamp_signature, ska_span_of(&signature));
    assert_true(token.has_payload);
    assert_span_equal(token.payload, ska_span_of(&payload));
    assert_span_equal(token.timestamp.payload, ska_span_of(&payload));

    assert_true(ska_approval_token_encode(&token, &again, &errors));
    assert_span_equal(ska_span_of(&again), ska_span_of(&bytes));
    assert_true(ska_timestamp_encode(&token.timestamp, &block, &errors));
    assert_span_equal(ska_span_of(&block), token.timestamp.block);

    assert_true(ska_signature_from_der(token.timestamp_signature, &digest, &plain, &errors));
    assert_string_equal(digest, "SHA-256");
    assert_int_equal(plain.data[0], 0x30);
    assert_int_equal(recorder.count, 0);

    ska_bytes_free(&bytes);
    ska_bytes_free(&payload);
    ska_bytes_free(&signature);
    ska_bytes_free(&again);
    ska_bytes_free(&plain);
    ska_bytes_free(&block);
}

static void published_tokens_decode_and_encode(void **state)
{
    cJSON *vectors = read_vectors();
    const cJSON *tokens = cJSON_GetObjectItemCaseSensitive(vectors, "tokens");
    const cJSON *vector = NULL;
    int count = 0;

    (void)state;
    cJSON_ArrayForEach(vector, tokens)
    {
        check_published(vector);
        count++;
    }
    assert_int_equal(count, 3);
    cJSON_Delete(vectors);
}

/* A cut or lengthened token is none, wherever it is cut. */
static void cut_tokens_are_refused(void **state)
{
    cJSON *vectors = read_vectors();
    const cJSON *tokens = cJSON_GetObjectItemCaseSensitive(vectors, "tokens");
    struct ska_bytes bytes = base64_in(cJSON_GetArrayItem(tokens, 0), "approvalToBeSigned");
    struct ska_approval_token token;

    (void)state;
    for (size_t length = 0; length <= bytes.length + 1; length++) {
        /* The NUL behind the bytes makes the longer one. */
        struct ska_span cut = exact(ska_span(bytes.data, length));
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        bool whole = length == bytes.length;

        assert_int_equal(ska_approval_token_decode(cut, &token, &errors), whole);
        if (!whole)
            assert_raised(&recorder, SKA_R_BAD_TOKEN);
        exact_free(cut);
    }
    ska_bytes_free(&bytes);
    cJSON_Delete(vectors);
}

/* ---- Tokens of chance ----------------------------------------------------------------------- */

struct sample {
    uint32_t operation;
    bool timestamp, payload;
    uint8_t name[80], signature[120], timestamp_name[40], bytes[300];
    size_t name_length, signature_length, timestamp_name_length, length;
    uint64_t seconds;
};

static struct writer scratch, nested, modify;

static void make_sample(struct dice *dice, struct sample *sample)
{
    sample->operation = 1 + (uint32_t)roll_below(dice, 4);
    sample->timestamp = roll_below(dice, 2);
    sample->payload = sample->operation == 1 || sample->operation == 4 || roll_below(dice, 2);
    sample->name_length = roll_below(dice, sizeof(sample->name));
    sample->signature_length = roll_below(dice, sizeof(sample->signature));
    sample->timestamp_name_length = roll_below(dice, sizeof(sample->timestamp_name));
    sample->seconds = roll(dice) >> roll_below(dice, 64);
    roll_bytes(dice, sample->name, sample->name_length);
    roll_bytes(dice, sample->signature, sample->signature_length);
    roll_bytes(dice, sample->timestamp_name, sample->timestamp_name_length);
    sample->length = sample->payload ? roll_below(dice, sizeof(sample->bytes)) : 0;
    roll_bytes(dice, sample->bytes, sample->length);
    if (sample->operation == 4) {
        modify.length = 0;
        put_element(&modify, 0x104E, sample->bytes, sample->length > 200 ? 200 : sample->length);
        wrap(&modify);
        memcpy(sample->bytes, modify.data, modify.length);
        sample->length = modify.length;
    }
}

static void write_sample(const struct sample *sample)
{
    unsigned int type = sample->operation == 4 ? 0x1058 : 0x1057;

    scratch.length = nested.length = 0;
    put_u32(&scratch, 0x003B, sample->operation);
    put_element(&scratch, 0x1002, sample->name, sample->name_length);
    if (sample->timestamp) {
        put_element(&nested, type, sample->bytes, sample->length);
        put_u64(&nested, 0x0107, sample->seconds);
        put_element(&nested, 0x1002, sample->timestamp_name, sample->timestamp_name_length);
        wrap(&nested);
        put_element(&scratch, 0x1054, nested.data, nested.length);
        put_element(&scratch, 0x1056, sample->signature, sample->signature_length);
    }
    if (sample->payload)
        put_element(&scratch, type, sample->bytes, sample->length);
    wrap(&scratch);
}

static void check_sample(const struct sample *sample)
{
    static const enum ska_operation operations[] = {0, SKA_OPERATION_SIGN, SKA_OPERATION_BLOCK,
                                                    SKA_OPERATION_UNBLOCK, SKA_OPERATION_MODIFY};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_span input = exact(written(&scratch));
    struct ska_bytes again = {NULL, 0};
    struct ska_approval_token token;

    if (!ska_approval_token_decode(input, &token, &errors))
        fail_msg("%s", recorder.text);
    assert_int_equal(token.operation, operations[sample->operation]);
    assert_span_equal(token.key_name, ska_span(sample->name, sample->name_length));
    assert_int_equal(token.has_timestamp, sample->timestamp);
    assert_int_equal(token.has_payload, sample->payload);
    assert_span_equal(token.payload, ska_span(sample->bytes, sample->length));
    if (sample->timestamp) {
        struct ska_bytes block = {NULL, 0};

        assert_span_equal(token.timestamp.block, written(&nested));
        assert_true(ska_timestamp_encode(&token.timestamp, &block, &errors));
        assert_span_equal(ska_span_of(&block), written(&nested));
        ska_bytes_free(&block);
        assert_int_equal(token.timestamp.modify, sample->operation == 4);
        assert_true(token.timestamp.seconds == sample->seconds);
        assert_span_equal(token.timestamp.key_name,
                          ska_span(sample->timestamp_name, sample->timestamp_name_length));
        assert_span_equal(token.timestamp_signature,
                          ska_span(sample->signature, sample->signature_length));
    }
    assert_true(ska_approval_token_encode(&token, &again, &errors));
    assert_span_equal(ska_span_of(&again), input);
    ska_bytes_free(&again);
    exact_free(input);
}

static void random_tokens_decode_and_encode(void **state)
{
    struct dice dice = new_dice(0x5EED0001);
    struct sample sample;

    (void)state;
    for (size_t i = 0; i < rounds(5000); i++) {
        make_sample(&dice, &sample);
        write_sample(&sample);
        check_sample(&sample);
    }
}

/* Whatever one changed byte does, the token is refused or comes out again as it is. */
static void changed_tokens_are_refused_or_canonical(void **state)
{
    struct dice dice = new_dice(0x5EED0002);
    struct sample sample;
    int refused = 0, accepted = 0;

    (void)state;
    for (size_t i = 0; i < rounds(20000); i++) {
        struct ska_approval_token token;
        struct ska_bytes again = {NULL, 0};
        struct ska_span input;

        make_sample(&dice, &sample);
        write_sample(&sample);
        scratch.data[roll_below(&dice, scratch.length)] ^= (uint8_t)(1 + roll_below(&dice, 255));
        input = exact(written(&scratch));
        if (ska_approval_token_decode(input, &token, NULL)) {
            assert_true(ska_approval_token_encode(&token, &again, NULL));
            assert_span_equal(ska_span_of(&again), input);
            ska_bytes_free(&again);
            accepted++;
        } else {
            refused++;
        }
        exact_free(input);
    }
    assert_true(refused > 1000 && accepted > 1000);
}

/* ---- Single faults -------------------------------------------------------------------------- */

/* What stands in a token that should be refused; {0} ends it. */
struct part {
    unsigned int type;
    const char *hex;
};

/* A timestamp over payload 41424344, at 1000 s, by the key "T"; the same with a modify payload. */
#define TIMESTAMP "1C000000 5710040041424344 07010800E803000000000000 0210010054000000"
#define MODIFY "00000000"
#define MODIFY_TIMESTAMP "1C000000 5810040000000000 07010800E803000000000000 0210010054000000"

/* clang-format off */
static const struct fault {
    const char *name;
    bool accepted;
    struct part parts[8];
} faults[] = {
    {"sign", true, {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"sign with timestamp", true,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1054, TIMESTAMP}, {0x1056, "00"},
      {0x1057, "41424344"}}},
    {"empty key name", true, {{0x3B, "01000000"}, {0x1002, ""}, {0x1057, "41424344"}}},
    {"empty payload", true, {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1057, ""}}},
    {"block", true, {{0x3B, "02000000"}, {0x1002, "4B"}}},
    {"block with an empty payload", true, {{0x3B, "02000000"}, {0x1002, "4B"}, {0x1057, ""}}},
    {"unblock with a timestamp over another payload", true,
     {{0x3B, "03000000"}, {0x1002, "4B"}, {0x1054, TIMESTAMP}, {0x1056, "00"}, {0x1057, "41"}}},
    {"unblock with a timestamp and no payload", true,
     {{0x3B, "03000000"}, {0x1002, "4B"}, {0x1054, TIMESTAMP}, {0x1056, "00"}}},
    {"modify", true, {{0x3B, "04000000"}, {0x1002, "4B"}, {0x1058, MODIFY}}},
    {"modify with timestamp", true,
     {{0x3B, "04000000"}, {0x1002, "4B"}, {0x1054, MODIFY_TIMESTAMP}, {0x1056, "00"},
      {0x1058, MODIFY}}},

    {"nothing", false, {{0}}},
    {"no operation", false, {{0x1002, "4B"}, {0x1057, "41424344"}}},
    {"operation 0", false, {{0x3B, "00000000"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"operation 5", false, {{0x3B, "05000000"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"operation 256", false, {{0x3B, "00010000"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"operation of 1 byte", false, {{0x3B, "01"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"operation of 8 bytes", false,
     {{0x3B, "0100000000000000"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"no key name", false, {{0x3B, "01000000"}, {0x1057, "41424344"}}},
    {"name before operation", false, {{0x1002, "4B"}, {0x3B, "01000000"}, {0x1057, "41424344"}}},
    {"payload before name", false, {{0x3B, "01000000"}, {0x1057, "41424344"}, {0x1002, "4B"}}},
    {"no payload", false, {{0x3B, "01000000"}, {0x1002, "4B"}}},
    {"doubled operation", false,
     {{0x3B, "01000000"}, {0x3B, "01000000"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"doubled name", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"doubled payload", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1057, "41424344"}, {0x1057, "41424344"}}},
    {"unknown element first", false,
     {{0x1099, ""}, {0x3B, "01000000"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"unknown element last", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1057, "41424344"}, {0x1099, ""}}},
    {"unknown element between", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1099, ""}, {0x1057, "41424344"}}},
    {"sign with a modify payload", false, {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1058, MODIFY}}},
    {"modify with a usage payload", false,
     {{0x3B, "04000000"}, {0x1002, "4B"}, {0x1057, "41424344"}}},
    {"modify without payload", false, {{0x3B, "04000000"}, {0x1002, "4B"}}},
    {"block with a modify payload", false, {{0x3B, "02000000"}, {0x1002, "4B"}, {0x1058, MODIFY}}},
    {"modify payload that is no container", false,
     {{0x3B, "04000000"}, {0x1002, "4B"}, {0x1058, "04000000"}}},
    {"modify payload with a cut element", false,
     {{0x3B, "04000000"}, {0x1002, "4B"}, {0x1058, "040000004E100400"}}},
    {"timestamp without signature", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1054, TIMESTAMP}, {0x1057, "41424344"}}},
    {"signature without timestamp", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1056, "00"}, {0x1057, "41424344"}}},
    {"doubled timestamp", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1054, TIMESTAMP}, {0x1054, TIMESTAMP},
      {0x1056, "00"}, {0x1057, "41424344"}}},
    {"timestamp over another payload", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1054, TIMESTAMP}, {0x1056, "00"},
      {0x1057, "41424345"}}},
    {"timestamp over a longer payload", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1054, TIMESTAMP}, {0x1056, "00"}, {0x1057, "414243"}}},
    {"sign with a timestamp for modify", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1054, MODIFY_TIMESTAMP}, {0x1056, "00"},
      {0x1057, MODIFY}}},
    {"modify with a timestamp for usage", false,
     {{0x3B, "04000000"}, {0x1002, "4B"},
      {0x1054, "1C000000 5710040000000000 07010800E803000000000000 0210010054000000"},
      {0x1056, "00"}, {0x1058, MODIFY}}},
    {"block with a timestamp for modify", false,
     {{0x3B, "02000000"}, {0x1002, "4B"}, {0x1054, MODIFY_TIMESTAMP}, {0x1056, "00"}}},
    {"timestamp that is no container", false,
     {{0x3B, "01000000"}, {0x1002, "4B"}, {0x1054, ""}, {0x1056, "00"}, {0x1057, "41424344"}}},
    {"timestamp with a wrong header", false,
     {{0x3B, "01000000"}, {0x1002, "4B"},
      {0x1054, "20000000 5710040041424344 07010800E803000000000000 0210010054000000"},
      {0x1056, "00"}, {0x1057, "41424344"}}},
    {"timestamp without payload", false,
     {{0x3B, "01000000"}, {0x1002, "4B"},
      {0x1054, "14000000 07010800E803000000000000 0210010054000000"}, {0x1056, "00"},
      {0x1057, "41424344"}}},
    {"timestamp without time", false,
     {{0x3B, "01000000"}, {0x1002, "4B"},
      {0x1054, "10000000 5710040041424344 0210010054000000"}, {0x1056, "00"},
      {0x1057, "41424344"}}},
    {"timestamp with 4 bytes of time", false,
     {{0x3B, "01000000"}, {0x1002, "4B"},
      {0x1054, "18000000 5710040041424344 07010400E8030000 0210010054000000"},
      {0x1056, "00"}, {0x1057, "41424344"}}},
    {"timestamp without key name", false,
     {{0x3B, "01000000"}, {0x1002, "4B"},
      {0x1054, "14000000 5710040041424344 07010800E803000000000000"}, {0x1056, "00"},
      {0x1057, "41424344"}}},
    {"timestamp in another order", false,
     {{0x3B, "01000000"}, {0x1002, "4B"},
      {0x1054, "1C000000 07010800E803000000000000 5710040041424344 0210010054000000"},
      {0x1056, "00"}, {0x1057, "41424344"}}},
    {"timestamp with a doubled name", false,
     {{0x3B, "01000000"}, {0x1002, "4B"},
      {0x1054, "24000000 5710040041424344 07010800E803000000000000 0210010054000000"
               "0210010054000000"},
      {0x1056, "00"}, {0x1057, "41424344"}}},
    {"timestamp with padding that is not zero", false,
     {{0x3B, "01000000"}, {0x1002, "4B"},
      {0x1054, "1C000000 5710040041424344 07010800E803000000000000 0210010054000001"},
      {0x1056, "00"}, {0x1057, "41424344"}}},
};
/* clang-format on */

static void write_parts(const struct part *parts)
{
    scratch.length = 0;
    for (; parts->hex != NULL; parts++) {
        struct ska_bytes value = from_hex(parts->hex);

        put_element(&scratch, parts->type, value.data, value.length);
        ska_bytes_free(&value);
    }
    wrap(&scratch);
}

static void single_faults_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        struct ska_span input;
        struct ska_approval_token token;
        bool accepted;

        write_parts(faults[i].parts);
        input = exact(written(&scratch));
        accepted = ska_approval_token_decode(input, &token, &errors);
        if (accepted != faults[i].accepted)
            fail_msg("%s: %s %s", faults[i].name, accepted ? "accepted" : "refused", recorder.text);
        if (!accepted)
            assert_raised(&recorder, SKA_R_BAD_TOKEN);
        exact_free(input);
    }
}

/* ---- Encoding ------------------------------------------------------------------------------- */

static struct ska_span zeros(size_t length)
{
    static const uint8_t bytes[0x10000];

    assert_true(length <= sizeof(bytes));
    return ska_span(bytes, length);
}

static void encoding_refuses_what_would_not_decode(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes bytes = {NULL, 0};
    struct ska_approval_token token = {0};

    (void)state;
    token.operation = SKA_OPERATION_SIGN;
    assert_false(ska_approval_token_encode(&token, &bytes, &errors));
    assert_raised(&recorder, SKA_R_BAD_TOKEN);

    token.has_payload = true;
    token.payload = zeros(0xFFFF);
    errors = errors_into(&recorder);
    assert_false(ska_approval_token_encode(&token, &bytes, &errors));
    assert_raised(&recorder, SKA_R_BAD_INPUT_LENGTH);

    token.payload = zeros(0xFFFE);
    assert_true(ska_approval_token_encode(&token, &bytes, &errors));
    ska_bytes_free(&bytes);

    token.has_timestamp = true;
    errors = errors_into(&recorder);
    assert_false(ska_approval_token_encode(&token, &bytes, &errors));
    assert_raised(&recorder, SKA_R_BAD_TOKEN);

    token.has_timestamp = false;
    token.operation = SKA_OPERATION_MODIFY;
    errors = errors_into(&recorder);
    assert_false(ska_approval_token_encode(&token, &bytes, &errors));
    assert_raised(&recorder, SKA_R_BAD_TOKEN);
    assert_null(bytes.data);
}

/* Each part fits into its element, all of them together do not. */
static void tokens_have_a_limit(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_approval_token token;

    (void)state;
    for (size_t length = 0x8000; length <= 0xFFFE; length += 0x7FFE) {
        scratch.length = nested.length = 0;
        put_element(&nested, 0x1057, zeros(length - 64).data, length - 64);
        put_u64(&nested, 0x0107, 0);
        put_element(&nested, 0x1002, "T", 1);
        wrap(&nested);
        put_u32(&scratch, 0x003B, 1);
        put_element(&scratch, 0x1002, zeros(length).data, length);
        put_element(&scratch, 0x1054, nested.data, nested.length);
        put_element(&scratch, 0x1056, zeros(length).data, length);
        put_element(&scratch, 0x1057, zeros(length - 64).data, length - 64);
        wrap(&scratch);
        assert_int_equal(ska_approval_token_decode(written(&scratch), &token, &errors),
                         scratch.length <= SKA_TOKEN_LIMIT);
    }
    assert_true(scratch.length > SKA_TOKEN_LIMIT);
    assert_raised(&recorder, SKA_R_BAD_TOKEN);
}

static void timestamps_have_limits(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes bytes = {NULL, 0};
    struct ska_timestamp timestamp = {0}, decoded;

    (void)state;
    timestamp.payload = zeros(65508); /* and 24 bytes around it */
    timestamp.seconds = UINT64_MAX;
    assert_true(ska_timestamp_encode(&timestamp, &bytes, &errors));
    assert_true(ska_timestamp_decode(ska_span_of(&bytes), &decoded, &errors));
    assert_true(decoded.seconds == UINT64_MAX);
    assert_int_equal(decoded.payload.length, 65508);
    ska_bytes_free(&bytes);

    timestamp.payload = zeros(65509);
    assert_false(ska_timestamp_encode(&timestamp, &bytes, &errors));
    assert_raised(&recorder, SKA_R_BAD_INPUT_LENGTH);

    timestamp.payload = zeros(6);
    timestamp.modify = true;
    errors = errors_into(&recorder);
    assert_false(ska_timestamp_encode(&timestamp, &bytes, &errors));
    assert_raised(&recorder, SKA_R_BAD_TOKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_tokens_decode_and_encode),
        cmocka_unit_test(cut_tokens_are_refused),
        cmocka_unit_test(random_tokens_decode_and_encode),
        cmocka_unit_test(changed_tokens_are_refused_or_canonical),
        cmocka_unit_test(single_faults_are_refused),
        cmocka_unit_test(encoding_refuses_what_would_not_decode),
        cmocka_unit_test(tokens_have_a_limit),
        cmocka_unit_test(timestamps_have_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
