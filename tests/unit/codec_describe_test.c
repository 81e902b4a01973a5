/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people are shown: known tokens word for word, broken ones where they break, and nothing that
 * could harm a terminal or fill a disk, whatever the bytes.
 */
#include <stdlib.h>

#include "codec_support.h"

#include "tools/show/wire_dump.h"

static struct writer scratch, nested;

static char *describe(struct ska_span encoded)
{
    struct ska_span input = exact(encoded);
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    wire_dump(input, &buffer);
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    assert_int_equal(strlen((const char *)text.data), text.length);
    exact_free(input);
    return (char *)text.data;
}

static void check_text(struct ska_span encoded, const char *expected)
{
    char *text = describe(encoded);

    assert_string_equal(text, expected);
    free(text);
}

static void check_hex(const char *hex, const char *expected)
{
    struct ska_bytes bytes = from_hex(hex);

    check_text(ska_span_of(&bytes), expected);
    ska_bytes_free(&bytes);
}

/* ---- Word for word -------------------------------------------------------------------------- */

static void published_token_is_shown(void **state)
{
    cJSON *vectors = read_vectors();
    const cJSON *tokens = cJSON_GetObjectItemCaseSensitive(vectors, "tokens");
    struct ska_bytes bytes = base64_in(cJSON_GetArrayItem(tokens, 2), "approvalToBeSigned");

    (void)state;
    check_text(ska_span_of(&bytes),
               "operation: sign (1)\n"
               "key name: Broker-Transaction-Key-01\n"
               "timestamp: 52 bytes\n"
               "  payload: 9 bytes: 73656375726f737973, as text: securosys\n"
               "  time: 2024-02-08 11:16:05 UTC (1707390965)\n"
               "  timestamp key name: timestamp-key\n"
               "timestamp signature: SHA-256, 90 bytes: "
               "3058300c06082a8648ce3d0403020500034800304502203d4ddd12f57488a40074d689"
               "0596b702d47452111d2d99a80871e3a66c254f32022100e8bce0512c3e7556c5514bce"
               "23f5e4819bbbdfdcaf7a35d265c314bce8cf5bb6\n"
               "payload: 9 bytes: 73656375726f737973, as text: securosys\n");
    ska_bytes_free(&bytes);
    cJSON_Delete(vectors);
}

static void rules_are_shown(void **state)
{
    (void)state;
    scratch.length = 0;
    put_u32(&scratch, 0x0059, 2);
    put_element(&scratch, 0x1002, "T1", 2);
    put_u32(&scratch, 0x0055, 10);
    put_u32(&scratch, 0x0055, 3);
    put_u32(&scratch, 0x005A, 1);
    put_element(&scratch, 0x1002, "G1", 2);
    put_u32(&scratch, 0x005B, 2);
    put_u32(&scratch, 0x0003, 1);
    put_element(&scratch, 0x1002, "A1", 2);
    put_element(&scratch, 0x1052, "\x30\x00", 2);
    put_u32(&scratch, 0x0056, 5);
    put_u32(&scratch, 0x0056, 7);
    put_element(&scratch, 0x10F2, "", 0);
    wrap(&scratch);
    check_text(written(&scratch),
               "alternatives: 2\n"
               "name of alternative: T1\n"
               "timelock: 600 s (10 minutes)\n"
               "timeout: 180 s (3 minutes)\n"
               "groups: 1\n"
               "name of group: G1\n"
               "quorum: 2\n"
               "approvers: 1\n"
               "name of approver: A1\n"
               "public key: not a key that can approve, 2 bytes: 3000\n"
               "timelock: 5 s\n"
               "timeout: 7 s\n"
               "certificate (simulator's element): not a certificate, 0 bytes\n");
}

static void nesting_is_shown(void **state)
{
    (void)state;
    check_hex("28000000 3B000400 04000000 02100000"
              " 58101800 14000000 4E101000 0C000000 59000400 00000000 50100000",
              "operation: modify (4)\n"
              "key name: (empty)\n"
              "modify payload: 24 bytes\n"
              "  use rule: 16 bytes\n"
              "    alternatives: 0\n"
              "    unblock rule: broken, its header does not fit, 0 bytes\n");
}

static void unknown_and_odd_values_are_shown(void **state)
{
    (void)state;
    check_hex("08000000 34120300 01020300", "unknown element 0x1234, 3 bytes: 010203\n");
    check_hex("08000000 34120200 68690000", "unknown element 0x1234, 2 bytes: 6869, as text: hi\n");
    check_hex("08000000 3B000400 07000000", "operation: unknown (7)\n");
    check_hex("08000000 3B000100 01000000", "operation: broken, not 4 but 1 byte: 01\n");
    check_hex("08000000 07010400 01000000", "time: broken, not 8 but 4 bytes: 01000000\n");
    check_hex("0C000000 07010800 0000000000000000", "time: 1970-01-01 00:00:00 UTC (0)\n");
    check_hex("0C000000 07010800 7F41F4FF3A000000",
              "time: 9999-12-31 23:59:59 UTC (253402300799)\n");
    check_hex("0C000000 07010800 8041F4FF3A000000", "time: beyond the year 9999 (253402300800)\n");
    check_hex("0C000000 07010800 FFFFFFFFFFFFFFFF",
              "time: beyond the year 9999 (18446744073709551615)\n");
}

static void names_are_harmless(void **state)
{
    (void)state;
    check_hex("0C000000 02100600 1B5B324A0A410000", "name: \\x1B[2J\\x0AA\n");
    check_hex("0C000000 57100600 1B5B324A0A410000", "payload: 6 bytes: 1b5b324a0a41\n");
    check_hex("0C000000 57100500 5AC3B6E980000000", "payload: 5 bytes: 5ac3b6e980\n");
    check_hex("08000000 57100400 41C3B642", "payload: 4 bytes: 41c3b642, as text: A\u00f6B\n");
}

/* ---- Where it breaks ------------------------------------------------------------------------ */

static void breaks_are_named(void **state)
{
    (void)state;
    check_hex("", "broken: too short for a container, 0 bytes\n");
    check_hex("040000", "broken: too short for a container, 3 bytes: 040000\n");
    check_hex("00000000", "");
    check_hex("10000000 02100100 41000000 5710",
              "broken: the header says 16 bytes where 10 follow\n"
              "name: A\n"
              "broken at byte 12: too short for an element, 2 bytes: 5710\n");
    check_hex("08000000 02100100 41000000 5710",
              "broken: the header says 8 bytes where 10 follow\n"
              "name: A\n"
              "broken: after the end of the container 2 bytes: 5710\n");
    check_hex("0C000000 02100000 57100500 41424344",
              "name: (empty)\n"
              "broken at byte 8: element 0x1057 says 5 bytes where 4 are left, 8 bytes: "
              "5710050041424344\n");
    check_hex("0C000000 02100000 57100300 41424301",
              "name: (empty)\n"
              "broken at byte 8: element 0x1057 is not padded with zeros, 8 bytes: "
              "5710030041424301\n");
    check_hex("08000000 02100100 4100",
              "broken: the header says 8 bytes where 6 follow\n"
              "broken at byte 4: element 0x1002 is not padded with zeros, 6 bytes: "
              "021001004100\n");
    check_hex("0C000000 02100000 5710FFFF 41424344",
              "name: (empty)\n"
              "broken at byte 8: element 0x1057 is longer than 65534 bytes, in a form that is not "
              "supported, 8 bytes: 5710ffff41424344\n");
    check_hex("14000000 54100C00 08000000 07010900 00000000 02100000",
              "timestamp: 12 bytes\n"
              "  broken at byte 12: element 0x0107 says 9 bytes where 4 are left, 8 bytes: "
              "0701090000000000\n"
              "name: (empty)\n");
}

/* ---- Bounds --------------------------------------------------------------------------------- */

static void nesting_has_a_limit(void **state)
{
    char *text = NULL;

    (void)state;
    scratch.length = 0;
    wrap(&scratch);
    for (int i = 0; i < 2000; i++) {
        nested = scratch;
        scratch.length = 0;
        put_element(&scratch, 0x104E, nested.data, nested.length);
        wrap(&scratch);
    }
    text = describe(written(&scratch));
    assert_non_null(strstr(text, "\n        use rule: nested too deep, 15964 bytes: "));
    assert_null(strstr(text, "\n          "));
    free(text);
}

static void output_has_a_limit(void **state)
{
    static uint8_t zeros[0xFFFE];
    char *text = NULL;

    (void)state;
    scratch.length = 0;
    put_element(&scratch, 0x1057, zeros, sizeof(zeros));
    wrap(&scratch);
    text = describe(written(&scratch));
    assert_true(strlen(text) < 2 * 4096 + 100);
    assert_non_null(strstr(text, "payload: 65534 bytes: 0000"));
    assert_string_equal(text + strlen(text) - 4, "...\n");
    free(text);

    scratch.length = 0;
    for (int i = 0; i < 60000; i++)
        put_element(&scratch, 0x1002, "", 0);
    wrap(&scratch);
    text = describe(written(&scratch));
    assert_true(strlen(text) < 256 * 1024 + 100);
    assert_non_null(strstr(text, "\n... the rest is not shown\n"));
    free(text);
}

/* UTF-8 of whole lines, no control characters but the ends of lines. */
static void check_harmless(const char *text)
{
    assert_true(ska_utf8_valid(ska_span_text(text)));
    for (const char *at = text; *at != 0; at++)
        assert_true(*at == '\n' || (unsigned char)*at >= ' ');
    assert_true(text[0] == 0 || text[strlen(text) - 1] == '\n');
}

static void any_bytes_are_shown(void **state)
{
    static const uint16_t types[] = {0x0003, 0x003B, 0x0055, 0x0059, 0x005A, 0x005B, 0x0056,
                                     0x00F5, 0x0107, 0x1002, 0x1009, 0x104E, 0x1051, 0x1052,
                                     0x1054, 0x1055, 0x1056, 0x1057, 0x1058, 0x10F2, 0x7777};
    struct dice dice = new_dice(0x5EED0401);
    uint8_t bytes[64];

    (void)state;
    for (size_t round = 0; round < rounds(5000); round++) {
        char *text = NULL;

        scratch.length = 0;
        for (size_t count = roll_below(&dice, 8); count > 0; count--) {
            size_t length = roll_below(&dice, sizeof(bytes));

            roll_bytes(&dice, bytes, length);
            put_element(&scratch, types[roll_below(&dice, sizeof(types) / sizeof(types[0]))], bytes,
                        length);
        }
        if (roll_below(&dice, 4) != 0)
            wrap(&scratch);
        for (size_t changes = roll_below(&dice, 3); changes > 0 && scratch.length > 0; changes--)
            scratch.data[roll_below(&dice, scratch.length)] = (uint8_t)roll(&dice);
        text = describe(written(&scratch));
        check_harmless(text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_token_is_shown),
        cmocka_unit_test(rules_are_shown),
        cmocka_unit_test(nesting_is_shown),
        cmocka_unit_test(unknown_and_odd_values_are_shown),
        cmocka_unit_test(names_are_harmless),
        cmocka_unit_test(breaks_are_named),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(output_has_a_limit),
        cmocka_unit_test(any_bytes_are_shown),
    };

    setenv("TZ", "UTC", 1); /* times are shown as people read them */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
