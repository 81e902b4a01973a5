/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages in terminals of every width, with every character: no line is longer than a terminal that
 * counts as the C library does, or by bytes, and no words of others start a line without a bar.
 */
#include <locale.h>
#include <wchar.h>

#include "codec_support.h"

#include "provider/base/character.h"
#include "provider/base/printable.h"
#include "tools/show/fold.h"
#include "tools/show/page.h"

#define LEAST_WIDTH PAGE_LEAST_WIDTH
#define MOST_WIDTH 300
#define LAST_CHARACTER 0x10FFFF

static void encode(uint32_t character, struct ska_buffer *text)
{
    uint8_t bytes[4] = {(uint8_t)character};
    size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

    for (size_t i = length; length > 1 && i-- > 1; character >>= 6)
        bytes[i] = (uint8_t)(0x80 | (character & 0x3F));
    if (length > 1)
        bytes[0] = (uint8_t)((0xF00U >> length & 0xF0) | character);
    ska_buffer_add(text, bytes, length);
}

static bool is_assigned(uint32_t character)
{
    return (character < 0xD800 || character > 0xDFFF) && wcwidth((wchar_t)character) >= 0;
}

/* What a terminal makes of a line. */
static size_t columns_of(const char *line, size_t length)
{
    size_t columns = 0;
    size_t bytes = 0;

    for (size_t at = 0; at < length; at += bytes) {
        uint32_t character = 0;

        bytes = ska_utf8_decode(ska_span(line + at, length - at), &character);
        assert_true(bytes > 0);
        assert_true(character >= 0x20);
        columns += (size_t)(wcwidth((wchar_t)character) < 0 ? 2 : wcwidth((wchar_t)character));
    }
    return columns;
}

/* Each line fits, and behind spaces begins with this. */
static void assert_lines(struct ska_span text, size_t width, const char *start)
{
    const char *line = (const char *)text.data;
    const char *end = line + text.length;

    while (line < end) {
        size_t length = (size_t)((const char *)memchr(line, '\n', (size_t)(end - line)) - line);
        size_t indent = strspn(line, " ");

        assert_true(length <= width);
        assert_true(columns_of(line, length) <= width);
        assert_true(indent > 0);
        assert_memory_equal(line + indent, start, strlen(start));
        line += length + 1;
    }
}

static void assert_quoted(const struct ska_buffer *words, size_t width)
{
    struct page page = {.width = width};

    page_quote(&page, ska_span(words->data, words->length), SIZE_MAX);
    assert_false(page.text.failed);
    assert_lines(ska_span(page.text.data, page.text.length), width, FOLD_BAR);
    ska_buffer_free(&page.text);
}

/*
 * All characters at some widths, and at each width one of 97 of them, others at the next. Blanks
 * that fill a line are not shown.
 */
static void quotes_fit_whatever_they_hold(void **state)
{
    (void)state;
    for (size_t width = LEAST_WIDTH; width <= MOST_WIDTH; width++) {
        bool all = width == LEAST_WIDTH || width == 80;
        struct ska_buffer words = {0};
        size_t taken = 0;

        for (uint32_t character = 0x20; character <= LAST_CHARACTER; character++) {
            if (!is_assigned(character) || ska_is_blank(character) ||
                (!all && character % 97 != width % 97))
                continue;
            encode(character, &words);
            taken++;
        }
        assert_true(taken > 1000);
        assert_quoted(&words, width);
        ska_buffer_free(&words);
    }
}

/* Where a sanitizer watches, one character of so many. */
#ifdef __SANITIZE_ADDRESS__
#define ONE_OF 11
#else
#define ONE_OF 1
#endif

/* A line full of one character, since what is beside it cannot make up for it then. */
static void each_character_fits_alone(void **state)
{
    (void)state;
    for (uint32_t character = 0x20; character <= LAST_CHARACTER; character++) {
        struct ska_buffer words = {0};

        if (!is_assigned(character) || character % ONE_OF != 0)
            continue;
        for (int i = 0; i < 20; i++)
            encode(character, &words);
        assert_quoted(&words, LEAST_WIDTH + character % 21);
        ska_buffer_free(&words);
    }
}

/* A name in the middle of our words, at each width, from each column. */
static void names_cannot_start_a_line(void **state)
{
    static const char *const names[] = {"EVIL EVIL EVIL EVIL EVIL EVIL EVIL EVIL EVIL EVIL EVIL",
                                        "EVIL", "EVILEVILEVILEVILEVILEVILEVILEVILEVILEVILEVIL",
                                        "EVIL' EVIL \\' EVIL", "x    EVIL    EVIL (EVIL 'EVIL"};
    static const char before[] = "aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa";

    (void)state;
    for (size_t width = LEAST_WIDTH; width <= MOST_WIDTH; width++)
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            for (int column = 0; column < 40; column++) {
                struct page page = {.width = width};
                struct ska_bytes text = {NULL, 0};
                bool quoted = strchr(names[i], ' ') != NULL;

                page_paragraph(&page, "%.*s %s HSM's end.", column, before,
                               page_name(&page, ska_span_text(names[i])));
                page_warning(&page, "%.*s %s.", column, before,
                             page_name(&page, ska_span_text(names[i])));
                assert_true(page_finish(&page, &text, NULL));
                for (char *line = strtok((char *)text.data, "\n"); line != NULL;
                     line = strtok(NULL, "\n")) {
                    char *first = line + strspn(line, " ");

                    assert_true(strlen(line) <= width);
                    /* One plain word may, where the line before has no room for all of it. */
                    assert_true(!quoted || strncmp(first, "EVIL", 4) != 0);
                }
                ska_bytes_free(&text);
            }
}

/* A plain word that does not fit into a line goes on behind a bar. */
static void long_words_go_on_behind_a_bar(void **state)
{
    struct page page = {.width = 24};
    struct ska_bytes text = {NULL, 0};

    (void)state;
    page_paragraph(&page, "by %s.", page_name(&page, ska_span_text("aaaaaaaaaaaaaaaaaaaaaaaWARN")));
    assert_true(page_finish(&page, &text, NULL));
    assert_string_equal((char *)text.data, " by\n   aaaaaaaaaaaaaaaaaaaaa\n   | aaWARN.\n");
    ska_bytes_free(&text);
}

/* Lines that have a layout of their own, on a terminal that is narrower. */
static void whole_texts_are_folded(void **state)
{
    static const char text[] = "    ok      by alice, and a long word follows\n\nshort\n"
                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
    struct ska_buffer folded = {0};

    (void)state;
    fold_lines(&folded, 30, ska_span_text(text));
    assert_string_equal(ska_buffer_string(&folded),
                        "    ok      by alice, and a \n    | long word follows\n\nshort\n"
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n    | aaaaaaaaaaaaaa\n");
    ska_buffer_free(&folded);
    for (size_t width = LEAST_WIDTH; width <= MOST_WIDTH; width++) {
        struct ska_buffer words = {0};

        ska_buffer_text(&words, "    name            ");
        for (uint32_t character = 0x20; character <= 0x3000; character++)
            if (is_assigned(character) && character % 7 == width % 7)
                encode(character, &words);
        ska_buffer_text(&words, "\n");
        fold_lines(&folded, width, ska_span(words.data, words.length));
        for (char *line = strtok((char *)(uintptr_t)ska_buffer_string(&folded), "\n"); line != NULL;
             line = strtok(NULL, "\n")) {
            assert_true(strlen(line) <= width && columns_of(line, strlen(line)) <= width);
            assert_true(strncmp(line, "    name", 8) == 0 || strncmp(line, "    | ", 6) == 0);
        }
        ska_buffer_free(&folded);
        ska_buffer_free(&words);
    }
}

static void values_fit(void **state)
{
    uint8_t digest[32] = {0};
    char hex[65];

    (void)state;
    memset(hex, 'a', 64);
    hex[64] = 0;
    for (size_t width = LEAST_WIDTH; width <= MOST_WIDTH; width++) {
        struct page page = {.width = width};

        page_row(&page, "key SHA-256", hex);
        page_row(&page, "digest", "SHA256");
        page_digits(&page, ska_span(digest, sizeof(digest)));
        assert_false(page.text.failed);
        assert_lines(ska_span(page.text.data, page.text.length), width, "");
        ska_buffer_free(&page.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_fit_whatever_they_hold),
        cmocka_unit_test(each_character_fits_alone),
        cmocka_unit_test(names_cannot_start_a_line),
        cmocka_unit_test(long_words_go_on_behind_a_bar),
        cmocka_unit_test(whole_texts_are_folded),
        cmocka_unit_test(values_fit),
    };

    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
