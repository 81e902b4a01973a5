/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, hexadecimal, UTF-8 and text that is safe to show. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

static void base64_round_trip(void **state)
{
    uint8_t data[70];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 37 + 11);
    for (size_t length = 0; length <= sizeof(data); length++) {
        struct ska_bytes back = {NULL, 0};
        char *text = NULL;

        assert_true(ska_base64_encode(ska_span(data, length), &text, NULL));
        assert_int_equal(strlen(text), (length + 2) / 3 * 4);
        assert_true(ska_base64_decode(text, &back));
        assert_int_equal(back.length, length);
        assert_memory_equal(back.data, data, length);
        ska_bytes_free(&back);
        free(text);
    }
}

static void base64_known(void **state)
{
    char *text = NULL;

    (void)state;
    /* RFC 4648, section 10 */
    assert_true(ska_base64_encode(ska_span_text("foobar"), &text, NULL));
    assert_string_equal(text, "Zm9vYmFy");
    free(text);
    assert_true(ska_base64_encode(ska_span_text("fooba"), &text, NULL));
    assert_string_equal(text, "Zm9vYmE=");
    free(text);
}

static void base64_is_strict(void **state)
{
    /* Whole groups only, no white space, no stray bits, no padding inside, no URL alphabet. */
    static const char *const wrong[] = {"Zg=",
                                        "Zg",
                                        "Zm9v\n",
                                        " Zm9v",
                                        "Zh==",
                                        "Zm9=",
                                        "Zg==Zg==",
                                        "Zm9v====",
                                        "====",
                                        "Z===",
                                        "Zm_v",
                                        "Zm9v Zm9v",
                                        "Zm9v    ",
                                        "    Zm9v",
                                        "Zm9v----",
                                        "Zm9v\r\n\r\n",
                                        "\n\n\n\n",
                                        "----",
                                        "Zm=v",
                                        "Z=m9vA==",
                                        ("\xC3\xA4"
                                         "aa")};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct ska_bytes data = {NULL, 0};

        if (ska_base64_decode(wrong[i], &data))
            fail_msg("accepted: '%s'", wrong[i]);
    }
}

static void pem_lines_may_be_around_it(void **state)
{
    static const char *const right[] = {
        "Zm9v", "-----BEGIN PUBLIC KEY-----\nZm9v\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----\r\nZm\r\n9v\r\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----Zm9v-----END PUBLIC KEY-----"};
    static const char *const wrong[] = {"Zm9v\n",
                                        "-----BEGIN PUBLIC KEY-----\nZm9v\n",
                                        "-----BEGIN PUBLIC KEY-----",
                                        "-----BEGIN ",
                                        "-----BEGIN A-----\n-----END A-----",
                                        "-----BEGIN A-----\nZm9v?\n-----END A-----",
                                        "-----BEGIN A-----\nZm9v\n-----END B-----",
                                        "-----BEGIN A-----\nZm9v\n-----END AA-----",
                                        "-----BEGIN AA-----\nZm9v\n-----END A-----",
                                        "-----BEGIN A-----\nZm9v\n-----END A",
                                        "-----BEGIN A-----\nZm9v\n-----END A-----\nZm9v",
                                        "-----BEGIN A-----\nZm9v\n-----END A-----\n"
                                        "-----BEGIN A-----\nZm9v\n-----END A-----\n",
                                        "-----BEGIN EC PRIVATE KEY-----\nZm9v\n"
                                        "-----END EC PRIVATE KEY-----\n"};
    struct ska_bytes data = {NULL, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        if (!ska_base64_decode_pem(right[i], &data))
            fail_msg("refused: '%s'", right[i]);
        assert_true(ska_span_equal(ska_span_of(&data), ska_span_text("foo")));
        ska_bytes_free(&data);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (ska_base64_decode_pem(wrong[i], &data))
            fail_msg("accepted: '%s'", wrong[i]);
}

static void hex_both_ways(void **state)
{
    struct ska_bytes data = {NULL, 0};
    struct ska_buffer buffer = {0};
    char *text = NULL;

    (void)state;
    assert_true(ska_hex_decode("00fFa5", &data));
    assert_int_equal(data.length, 3);
    assert_memory_equal(data.data, "\x00\xFF\xA5", 3);
    assert_true(ska_hex_encode(ska_span_of(&data), &text, NULL));
    assert_string_equal(text, "00ffa5");
    free(text);
    ska_buffer_text(&buffer, "id ");
    ska_buffer_hex(&buffer, ska_span_of(&data));
    assert_int_equal(buffer.length, 9);
    assert_memory_equal(buffer.data, "id 00ffa5", 9);
    ska_buffer_free(&buffer);
    ska_bytes_free(&data);
    assert_false(ska_hex_decode("0", &data));
    assert_false(ska_hex_decode("0g", &data));
    assert_false(ska_hex_decode("0 ", &data));
}

/* Wherever it stands: most of a text is looked at in words. */
static bool utf8_is_valid_everywhere(const char *text, bool valid)
{
    static const char ascii[] = "seventeen letters";

    for (size_t before = 0; before < sizeof(ascii); before++)
        for (size_t behind = 0; behind < sizeof(ascii); behind++) {
            char whole[64];

            snprintf(whole, sizeof(whole), "%.*s%s%.*s", (int)before, ascii, text, (int)behind,
                     ascii);
            if (ska_utf8_valid(ska_span_text(whole)) != valid)
                return false;
        }
    return true;
}

static void utf8(void **state)
{
    static const char *const good[] = {
        "", "abc", "z\xC3\xBCrich", "\xE2\x82\xAC", "\xF0\x9F\x94\x91", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC3",
                                      "\xED\xA0\x80",
                                      "\xE0\x80\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xFF",
                                      "\xF0\x80\x80\x80",
                                      ("a\xC3"
                                       "b")};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(utf8_is_valid_everywhere(good[i], true));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (!utf8_is_valid_everywhere(bad[i], false))
            fail_msg("bad text %zu accepted", i);
}

static void shows(const char *text, size_t length, size_t limit, const char *expected)
{
    char *shown = ska_printable(ska_span(text, length), limit);

    assert_non_null(shown);
    assert_string_equal(shown, expected);
    free(shown);
}

static void harmful_text_is_shown_harmless(void **state)
{
    (void)state;
    shows("plain", 5, 80, "plain");
    shows("z\xC3\xBCrich", 7, 80, "z\xC3\xBCrich");
    shows("\x1B[2J", 4, 80, "\\x1B[2J"); /* escape sequence */
    shows("a\nb", 3, 80, "a\\x0Ab");     /* new line */
    shows("a\0b", 3, 80, "a\\x00b");     /* NUL */
    shows("\xE2\x80\xAE"
          "abc",
          6, 80,
          "\\xE2\\x80\\xAE"
          "abc");                                    /* right-to-left override */
    shows("\xE2\x80\x8B", 3, 80, "\\xE2\\x80\\x8B"); /* zero width space */
    shows("\xC2\x9B", 2, 80, "\\xC2\\x9B");          /* C1 control */
    shows("\xFFz", 2, 80, "\\xFFz");                 /* not UTF-8 */
    shows("abcdef", 6, 3, "abc...");
    shows("ab\xC3\xBC", 4, 3, "ab..."); /* no half character */
}

static void only_ascii_letters_become_small(void **state)
{
    char text[] = "AZ@[az`{09-\xc4\xfd";

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = ska_lower(text[i]);
    assert_memory_equal(text, "az@[az`{09-\xc4\xfd", sizeof(text));
}

static void digests_by_any_name(void **state)
{
    enum ska_digest digest = SKA_DIGEST_NONE;

    (void)state;
    assert_true(ska_digest_from_name("SHA2-256", &digest));
    assert_int_equal(digest, SKA_DIGEST_SHA256);
    assert_true(ska_digest_from_name("sha-512", &digest));
    assert_int_equal(digest, SKA_DIGEST_SHA512);
    assert_true(ska_digest_from_name("sha1", &digest));
    assert_int_equal(digest, SKA_DIGEST_SHA1);
    assert_false(ska_digest_from_name("MD5", &digest));
    assert_false(ska_digest_from_name("SHA3-256", &digest));
    assert_false(ska_digest_from_name("SHA512-256", &digest));
    assert_false(ska_digest_from_name("", &digest));
    assert_false(ska_digest_from_name("SHA2-256-and-a-long-tail", &digest));
    assert_int_equal(ska_digest_length(SKA_DIGEST_SHA384), 48);
}

static void buffer_grows_and_finishes(void **state)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        ska_buffer_format(&buffer, "%04d", i);
    assert_false(buffer.failed);
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    assert_int_equal(text.length, 4000);
    assert_int_equal(text.data[4000], 0);
    assert_memory_equal(text.data + 3996, "0999", 4);
    assert_null(buffer.data);
    ska_bytes_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_round_trip),
        cmocka_unit_test(base64_known),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(pem_lines_may_be_around_it),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(utf8),
        cmocka_unit_test(harmful_text_is_shown_harmless),
        cmocka_unit_test(only_ascii_letters_become_small),
        cmocka_unit_test(digests_by_any_name),
        cmocka_unit_test(buffer_grows_and_finishes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
