/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people read: words of others that mean harm, pages that they cannot break out of, sentences
 * about who has approved and who is needed, and until when.
 */
#include <limits.h>
#include <locale.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "codec_support.h"

#include "provider/base/printable.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "tools/show/confusable.h"
#include "tools/show/page.h"
#include "provider/sign/ballot_text.h"
#include "tools/show/rule_compare.h"

static char *text_of(struct ska_buffer *buffer)
{
    struct ska_bytes text = {NULL, 0};

    assert_true(ska_buffer_finish(buffer, &text, NULL));
    return (char *)text.data;
}

/* ---- Words of others ------------------------------------------------------------------------- */

static char *name_of(const char *given)
{
    struct ska_buffer buffer = {0};

    ska_buffer_name(&buffer, ska_span_text(given));
    return text_of(&buffer);
}

static void assert_name(const char *given, const char *shown)
{
    char *name = name_of(given);

    assert_string_equal(name, shown);
    free(name);
}

static void names_are_words_or_stand_in_quotes(void **state)
{
    (void)state;
    assert_name("alice", "alice");
    assert_name("alice@example.org", "alice@example.org");
    assert_name("contract-2.pdf", "contract-2.pdf");
    assert_name("J\xc3\xbcrgen", "J\xc3\xbcrgen");
    assert_name("Alice Miller", "'Alice Miller'");
    assert_name("", "''");
    assert_name("a', b", "'a\\', b'");
    assert_name("a\\", "'a\\\\'");
    assert_name("alice,", "'alice,'");
    /* What we escape is told from what is spelt as if we had. */
    assert_name("al\x1b[2Jice", "'al\\x1B[2Jice'");
    assert_name("al\\x1B[2Jice", "'al\\\\x1B[2Jice'");
    assert_name("a\nb'c", "'a\\x0Ab\\'c'");
    /* A space that is none, and a quote that is none. */
    assert_name("a\xe2\x80\x83"
                "b",
                "'a\xe2\x80\x83"
                "b'");
    assert_name("a\xca\xbc", "'a\xca\xbc'");
    /* A vowel of Hangul that has no column of its own. */
    assert_name("bob\xe1\x85\xa1", "'bob\xe1\x85\xa1'");
    /* What means something where names stand, and what could be digits of a key. */
    assert_name("nobody", "'nobody'");
    assert_name("And", "'And'");
    assert_name("51c822da", "'51c822da'");
    assert_name("Ada", "Ada");
    assert_name("nobody2", "nobody2");
    assert_name("nobody.", "'nobody.'");
    assert_name("nobody-else", "'nobody-else'");
    assert_name("alice.and.bob", "'alice.and.bob'");
    assert_name("no@example.org", "'no@example.org'");
    assert_name("-alice-", "-alice-");
}

static void names_are_cut(void **state)
{
    char longer[200];
    char *name = NULL;

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    name = name_of(longer);
    assert_int_equal(strlen(name), 64 + 3);
    assert_string_equal(name + 64, "...");
    free(name);
}

static void assert_shown(const char *given, const char *expected)
{
    char *shown = ska_printable(ska_span_text(given), 100);

    assert_string_equal(shown, expected);
    free(shown);
}

static void marks_do_not_pile_up(void **state)
{
    (void)state;
    assert_shown("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84 e\xcc\x81",
                 "e\xcc\x81\xcc\x82\\xCC\\x83\\xCC\\x84 e\xcc\x81");
    /* Thai; vowels of Hangul. */
    assert_shown("b\xe0\xb8\xb1\xe0\xb8\xb1\xe0\xb8\xb1",
                 "b\xe0\xb8\xb1\xe0\xb8\xb1\\xE0\\xB8\\xB1");
    assert_shown("b\xe1\x85\xa1\xe1\x85\xa1\xe1\x85\xa1",
                 "b\xe1\x85\xa1\xe1\x85\xa1\\xE1\\x85\\xA1");
    /* On no letter: at the start, on a blank, on what is escaped. */
    assert_shown("\xcc\x81z", "\\xCC\\x81z");
    assert_shown("a \xcc\x81", "a \\xCC\\x81");
    assert_shown("a\xc2\xa0\xcc\x81", "a\xc2\xa0\\xCC\\x81");
    assert_shown("\x1b\xcc\x81", "\\x1B\\xCC\\x81");
    /* A Syriac sign of width 0, and a character of private use. */
    assert_shown("bob\xdc\x8f", "bob\\xDC\\x8F");
    assert_shown("bob\xee\x80\x80", "bob\\xEE\\x80\\x80");
}

static void encode(uint32_t character, struct ska_buffer *text)
{
    char bytes[MB_LEN_MAX];
    mbstate_t start = {0};

    ska_buffer_add(text, bytes, wcrtomb(bytes, (wchar_t)character, &start));
}

/* "bob", with so many of a character in it. */
static struct ska_bytes bob_with(uint32_t character, size_t count)
{
    struct ska_buffer text = {0};
    struct ska_bytes name = {NULL, 0};

    ska_buffer_text(&text, "b");
    for (size_t i = 0; i < count; i++)
        encode(character, &text);
    ska_buffer_text(&text, "ob");
    assert_true(ska_buffer_finish(&text, &name, NULL));
    return name;
}

/* Whatever the C library gives no column. */
static void nothing_without_width_piles_up(void **state)
{
    (void)state;
    for (uint32_t character = 0x80; character <= 0x10FFFF; character++) {
        struct ska_bytes name = {NULL, 0};
        char *shown = NULL;
        size_t bytes = 0;
        size_t kept = 0;

        if (wcwidth((wchar_t)character) != 0)
            continue;
        name = bob_with(character, 8);
        shown = ska_printable(ska_span_of(&name), name.length);
        for (const char *at = shown; *at != 0; at += bytes)
            kept += ska_utf8_next(at, &bytes) == character;
        if (kept > 2)
            fail_msg("U+%04X: %zu are shown", (unsigned int)character, kept);
        free(shown);
        ska_bytes_free(&name);
    }
}

static struct confusable found_in(const char *name)
{
    struct confusable found = {0};

    assert_true(confusable_find_in_name(ska_span_text(name), &found));
    return found;
}

static unsigned int tricks(const char *name)
{
    return found_in(name).kinds;
}

static unsigned int tricks_in_text(const char *text)
{
    struct confusable found = {0};

    assert_true(confusable_find_in_text(ska_span_text(text), &found));
    return found.kinds;
}

static void tricks_are_found(void **state)
{
    (void)state;
    assert_int_equal(tricks("seal"), 0);
    assert_int_equal(tricks(""), 0);
    assert_int_equal(tricks("the annual accounts of 2026"), 0);
    assert_int_equal(tricks("\xd0\xbf\xd0\xb5\xd1\x87\xd0\xb0\xd1\x82\xd1\x8c seal"), 0);
    assert_int_equal(tricks("\xe5\x8d\xb0\xe9\x91\x91"), 0);
    assert_int_equal(tricks("s\xd0\xb5"
                            "al"),
                     CONFUSABLE_MIXED_SCRIPT);
    /* Cyrillic a, c, c; full width; of mathematics. */
    assert_int_equal(tricks("\xd0\xb0\xd1\x81\xd1\x81"), CONFUSABLE_LOOKALIKE);
    assert_int_equal(tricks("\xef\xbd\x93"
                            "eal"),
                     CONFUSABLE_LOOKALIKE);
    assert_int_equal(tricks("\xf0\x9d\x90\xac"), CONFUSABLE_LOOKALIKE);
    assert_int_equal(tricks("seal\xe2\x80\x8b"), CONFUSABLE_INVISIBLE);
    assert_int_equal(tricks("seal\xff"), CONFUSABLE_INVISIBLE);
    assert_int_equal(tricks("\xe2\x80\xaeseal"), CONFUSABLE_INVISIBLE);
    assert_int_equal(tricks("seal "), CONFUSABLE_SPACES);
    assert_int_equal(tricks(" seal"), CONFUSABLE_SPACES);
    assert_int_equal(tricks("the  seal"), CONFUSABLE_SPACES);
    assert_int_equal(tricks("the\xc2\xa0seal"), CONFUSABLE_SPACES);
}

static void names_of_people_are_no_tricks(void **state)
{
    static const char *const names[] = {
        "Zo\xc3\xab",
        "Zoe\xcc\x88", /* decomposed */
        "J\xc3\xbcrgen M\xc3\xbcller-L\xc3\xbc"
        "denscheid",
        "\xc5\x81ukasz",
        "\xc3\x98ystein",
        "\xc3\x87"
        "a\xc4\x9flar",
        "\xc4\xb0"
        "brahim",
        "Dvo\xc5\x99\xc3\xa1k",
        "\xc8\x98tefan",
        "\xc3\x9e\xc3\xb3r",
        "\xc4\x90or\xc4\x91"
        "e",
        "Stra\xc3\x9f"
        "e",
        "O\xe2\x80\x99"
        "Brien",
        "Nguy\xe1\xbb\x85n",
        "\xce\x93\xce\xb9\xcf\x8e\xcf\x81\xce\xb3\xce\xbf\xcf\x82",                 /* Greek */
        "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd",                                         /* Cyrillic */
        "\xd7\x93\xd7\x95\xd7\x93",                                                 /* Hebrew */
        "\xe1\x83\x92\xe1\x83\x98\xe1\x83\x9d\xe1\x83\xa0\xe1\x83\x92\xe1\x83\x98", /* Georgian */
        "\xed\x99\x8d\xea\xb8\xb8\xeb\x8f\x99",                                     /* Korean */
        "\xe1\x84\x92\xe1\x85\xa9\xe1\x86\xbc"};                                    /* decomposed */

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (tricks(names[i]) != 0)
            fail_msg("%s: %u", names[i], tricks(names[i]));
}

static void the_odd_letter_is_named(void **state)
{
    static const struct {
        const char *name;
        unsigned int kind;
        uint32_t letter;
    } cases[] = {{"car\xe1\xb4\x8fl", CONFUSABLE_LOOKALIKE, 0x1D0F},
                 {"al\xc4\xb1"
                  "ce",
                  CONFUSABLE_LOOKALIKE, 0x131},
                 {"\xc9\x91lice", CONFUSABLE_LOOKALIKE, 0x251},
                 {"\xef\xac\x81nance", CONFUSABLE_LOOKALIKE, 0xFB01},
                 {"b\xe1\x83\xa1"
                  "b",
                  CONFUSABLE_MIXED_SCRIPT, 0x10E1},
                 {"car\xd6\x85l", CONFUSABLE_MIXED_SCRIPT, 0x585},
                 {"bob\xe1\x85\xa1", CONFUSABLE_MIXED_SCRIPT, 0x1161},
                 {"b\xe0\xb8\xb1ob", CONFUSABLE_MIXED_SCRIPT, 0xE31},
                 {"b\xd9\xa5"
                  "b",
                  CONFUSABLE_MIXED_SCRIPT, 0x665}, /* an Arabic digit */
                 {"a\xe4\xb8\xa8ice", CONFUSABLE_MIXED_SCRIPT, 0x4E28},
                 {"a\xe2\x88\xa3ice", CONFUSABLE_MIXED_SCRIPT, 0x2223},
                 {"\xd0\xb0\xd1\x81\xd1\x81", CONFUSABLE_LOOKALIKE, 0x430}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct confusable found = found_in(cases[i].name);

        assert_int_equal(found.kinds, cases[i].kind);
        assert_int_equal(cases[i].kind == CONFUSABLE_LOOKALIKE ? found.lookalike : found.mixed,
                         cases[i].letter);
    }
    assert_int_equal(tricks("bob\xdc\x8f"), CONFUSABLE_INVISIBLE);
}

/* Those that the C library knows; but for marks, and Latin ones that have one. */
static void no_letter_passes_for_a_latin_one(void **state)
{
    (void)state;
    for (uint32_t character = 0x250; character <= 0x10FFFF; character++) {
        struct ska_bytes name = {NULL, 0};

        if (!iswalpha((wint_t)character) || (character >= 0x0300 && character <= 0x036F) ||
            (character >= 0x1E00 && character <= 0x1EFF))
            continue;
        name = bob_with(character, 1);
        if (tricks((const char *)name.data) == 0)
            fail_msg("U+%04X", (unsigned int)character);
        ska_bytes_free(&name);
    }
}

/* What is usual in texts, and what is a trick there, too. */
static void texts_are_no_names(void **state)
{
    (void)state;
    assert_int_equal(tricks_in_text("  two\n\nlines\tand 10\xc2\xa0"
                                    "000\r\n"),
                     0);
    assert_int_equal(tricks_in_text("A\xe2\x86\x92"
                                    "B, SSL\xe8\xa8\xbc\xe6\x98\x8e"),
                     0);
    assert_int_equal(tricks("A\xe2\x86\x92"
                            "B"),
                     CONFUSABLE_MIXED_SCRIPT);
    assert_int_equal(tricks_in_text("car\xd6\x85l\n"), CONFUSABLE_MIXED_SCRIPT);
    assert_int_equal(tricks_in_text("\xc9\x91lice\n"), CONFUSABLE_LOOKALIKE);
    assert_int_equal(tricks_in_text("a\x1b\n"), CONFUSABLE_INVISIBLE);
}

/* What is written in one alphabet, with the signs that stand in it. */
static void usual_words_are_no_tricks(void **state)
{
    static const char *const names[] = {
        /* Olga S. Orekhova, A. S. Pushkin; in Japanese with an ideographic space. */
        "\u041e\u043b\u044c\u0433\u0430 \u0421. \u041e\u0440\u0435\u0445\u043e\u0432\u0430",
        "\u0410. \u0421. \u041f\u0443\u0448\u043a\u0438\u043d", "Firma\u2122 GmbH", "Werk \u2116 5",
        "\u7530\u4e2d\u3000\u592a\u90ce"};
    static const char *const texts[] = {
        "\u0414\u043e\u0433\u043e\u0432\u043e\u0440 \u043e "
        "\u043f\u043e\u043a\u0443\u043f\u043a\u0435 "
        "\u0432\u0435\u043b\u043e\u0441\u0438\u043f\u0435\u0434\u0430",   /* Russian */
        "\u0426\u0456\u043d\u0430 \u0456 \u0441\u0442\u0440\u043e\u043a", /* Ukrainian */
        "\u0397 \u03c3\u03cd\u03bc\u03b2\u03b1\u03c3\u03b7",              /* Greek */
        "Vertrag M\u00fcller\u2122",
        "S\u00f6zle\u015fme Y\u0131ld\u0131z",
        "M\u00fcqavil\u0259 \u018fli",
        "\u2116 5",
        "20 \u2103, \u2153, \u2460 a, \u2473 b, \u24ea c",
        "\u5951\u7d04\u3000\u66f8"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (tricks(names[i]) != 0 || tricks_in_text(names[i]) != 0)
            fail_msg("%s: %u", names[i], tricks(names[i]));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (tricks_in_text(texts[i]) != 0)
            fail_msg("%s: %u", texts[i], tricks_in_text(texts[i]));
}

/* Words of Cyrillic and Greek letters that look Latin, where they may be read as Latin ones. */
static void words_of_twins_are_tricks(void **state)
{
    static const char *const tried[] = {
        "\u0421\u0430\u0440\u0430", /* alone */
        "\u0421\u0430\u0440\u0430 \u0420\u0410\u041e",
        "Pay to \u0420\u0410\u041e", /* among Latin words */
        "\u0420\u0410\u041e, M\u00fcller",
        "\u0429\u0443\u043a\u0430 \u0420\u0410\u041e Ltd",
        "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u0420\u0410\u041e", /* the others are Greek */
        "\u0420\u0410\u041e \u0433 \u0417 \u042c", /* what may be read as r, 3 and b */
        "\u03a1\u0391\u039f \u0387 \u037e",        /* Greek punctuation */
    };
    /* Letterlike symbols that are letters: bold A, script l and e, Kelvin. */
    static const char *const letters[] = {"\U0001d400", "\u2113", "\u212f", "\u212a"};

    (void)state;
    for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
        if (tricks(tried[i]) != CONFUSABLE_LOOKALIKE ||
            tricks_in_text(tried[i]) != CONFUSABLE_LOOKALIKE)
            fail_msg("%s: %u", tried[i], tricks(tried[i]));
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        assert_int_equal(tricks_in_text(letters[i]), CONFUSABLE_LOOKALIKE);
    assert_int_equal(found_in("Pay to \u0420\u0410\u041e").lookalike, 0x420);
    assert_int_equal(tricks("b\u2460b"), CONFUSABLE_MIXED_SCRIPT);
    assert_int_equal(tricks("al ice\u3000"), CONFUSABLE_SPACES);
    assert_int_equal(tricks("al\u3000ice"), CONFUSABLE_SPACES);
    assert_int_equal(tricks("\u7530\u3000"), CONFUSABLE_SPACES);
    assert_int_equal(tricks("\u7530\u3000\u3000\u7530"), CONFUSABLE_SPACES);
}

static void each_trick_has_its_words(void **state)
{
    const struct confusable nothing = {0, 0, 0};
    const struct confusable everything = {CONFUSABLE_INVISIBLE | CONFUSABLE_MIXED_SCRIPT |
                                              CONFUSABLE_LOOKALIKE | CONFUSABLE_SPACES,
                                          0x435, 0x1D0F};
    struct ska_buffer none = {0};
    struct ska_buffer all = {0};
    char *text = NULL;

    (void)state;
    confusable_text(&nothing, &none);
    assert_int_equal(none.length, 0);
    confusable_text(&everything, &all);
    text = text_of(&all);
    assert_non_null(strstr(text, "cannot be seen; they are written \\xNN here. "));
    assert_non_null(strstr(text, "different alphabets that may look alike, such as U+0435. "));
    assert_non_null(strstr(text, "but are not, such as U+1D0F. "));
    assert_non_null(strstr(text, "spaces"));
    free(text);
}

/* ---- Pages ----------------------------------------------------------------------------------- */

/* Each line at most 80 characters, and none but those that start with a bar hold the word. */
static void assert_behind_bars(char *text, const char *word)
{
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 80);
        if (strstr(line, word) != NULL)
            assert_memory_equal(line, "        | ", 10);
    }
}

static void quotes_cannot_be_left(void **state)
{
    static const char *const attempts[] = {"x\nIn short\nEVIL",
                                           "x\r\nEVIL",
                                           "x\rEVIL",
                                           "EVIL\x85",
                                           "x\xe2\x80\xa8"
                                           "EVIL",
                                           "\x1b[1;1HEVIL",
                                           "\n\n\n\n\n\n\n\nEVIL\n\n\n\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        struct page page = {0};
        char *text = NULL;

        page_quote(&page, ska_span_text(attempts[i]), 1000);
        text = text_of(&page.text);
        assert_non_null(strstr(text, "EVIL"));
        assert_behind_bars(text, "EVIL");
        free(text);
    }
}

/* A text whose middle is so many of some words. */
static char *quoted_with(const char *before, const char *words, size_t count, const char *behind)
{
    struct ska_buffer given = {0};
    struct page page = {0};

    ska_buffer_text(&given, before);
    for (size_t i = 0; i < count; i++)
        ska_buffer_text(&given, words);
    ska_buffer_text(&given, behind);
    page_quote(&page, ska_span(given.data, given.length), SIZE_MAX);
    ska_buffer_free(&given);
    return text_of(&page.text);
}

static void nothing_pushes_words_off_the_screen(void **state)
{
    static const char *const lines[] = {"\n",   "\r\n",           " \n",
                                        "\t\n", "\xe2\xa0\x80\n", " \xc2\xa0\n"};
    static const char *const blanks[] = {" ", "\t", "\xc2\xa0", "\xe2\xa0\x80", "\xe3\x80\x80"};
    char *text = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        text = quoted_with("To Mallory.\n", lines[i], 1500, "At twelve.");
        assert_string_equal(text, "        | To Mallory.\n        | \n        | \n"
                                  "    (and 1498 more empty lines)\n        | At twelve.\n");
        free(text);
    }
    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
        text = quoted_with("To Bob.", blanks[i], 400, "And Mallory.");
        assert_string_equal(text, "        | To Bob.\n    (400 blanks; the line goes on)\n"
                                  "        | And Mallory.\n");
        free(text);
        text = quoted_with("To Bob.", blanks[i], 400, "\nAnd Mallory.");
        assert_string_equal(text, "        | To Bob.\n    (400 blanks)\n        | And Mallory.\n");
        free(text);
    }
    text = quoted_with("", " ", 400, "x");
    assert_string_equal(text, "    (400 blanks; the line goes on)\n        | x\n");
    free(text);
    /* What an address or a table needs. */
    text = quoted_with("", " ", 60, "Bern");
    assert_string_equal(text + 10 + 60, "Bern\n");
    free(text);
}

static void long_quotes_are_broken_and_cut(void **state)
{
    char *given = malloc(10001);
    struct page page = {0};
    char *text = NULL;

    (void)state;
    memset(given, 'x', 10000);
    memcpy(given + 68, "EVIL", 4);
    given[10000] = 0;
    page_quote(&page, ska_span_text(given), 1000);
    text = text_of(&page.text);
    assert_non_null(strstr(text, "There is more of it, 9000 bytes"));
    assert_behind_bars(text, "EVIL");
    free(text);
    free(given);
}

static void characters_are_not_cut_in_two(void **state)
{
    struct page page = {0};
    char *text = NULL;

    (void)state;
    page_quote(&page, ska_span_text("ab\xe2\x82\xac"), 4);
    text = text_of(&page.text);
    assert_non_null(strstr(text, "        | ab\n"));
    assert_non_null(strstr(text, "3 bytes"));
    free(text);
}

static void paragraphs_are_broken(void **state)
{
    struct page page = {0};
    char *text = NULL;

    (void)state;
    page_heading(&page, "A heading");
    page_paragraph(&page, "%s",
                   "word word word word word word word word word word word word word "
                   "word word word");
    page_warning(&page, "mind");
    page_item(&page, "item");
    text = text_of(&page.text);
    assert_string_equal(text, "\nA heading\n"
                              "    word word word word word word word word word word word word word"
                              " word word\n      word\n"
                              "    WARNING: mind\n    - item\n");
    assert_int_equal(page.warnings, 1);
    assert_string_equal(page.first_warning, "mind");
    free(page.first_warning);
    free(text);
}

/* ---- Who is needed --------------------------------------------------------------------------- */

static struct ska_bytes bytes_of(const char *text)
{
    struct ska_bytes bytes = {NULL, 0};

    if (text != NULL)
        assert_true(ska_bytes_copy(&bytes, ska_span_text(text), NULL));
    return bytes;
}

static void add_token(struct ska_rule *rule)
{
    rule->alternatives =
        realloc(rule->alternatives, (rule->alternative_count + 1) * sizeof(*rule->alternatives));
    memset(&rule->alternatives[rule->alternative_count++], 0, sizeof(*rule->alternatives));
}

/* To the last alternative. The approvers are letters, the names of their keys too. */
static void add_group(struct ska_rule *rule, const char *name, uint32_t quorum, const char *people)
{
    struct ska_alternative *alternative = &rule->alternatives[rule->alternative_count - 1];
    struct ska_group *group = NULL;

    alternative->groups =
        realloc(alternative->groups, (alternative->group_count + 1) * sizeof(*alternative->groups));
    group = &alternative->groups[alternative->group_count++];
    memset(group, 0, sizeof(*group));
    group->name = bytes_of(name);
    group->quorum = quorum;
    group->approvers = calloc(strlen(people) + 1, sizeof(*group->approvers));
    for (; *people != 0; people++) {
        struct ska_approver *approver = &group->approvers[group->approver_count++];
        const char letter[] = {*people, 0};

        approver->name = bytes_of(letter);
        approver->data = bytes_of(letter);
        approver->public_key = bytes_of(letter);
    }
}

/* A ballot in which these have approved and those have refused. */
struct counted {
    struct ska_request request;
    struct ska_span keys[16];
    struct ska_approval refusals[16];
    struct ska_ballot ballot;
};

static struct ska_ballot *count(struct counted *counted, const struct ska_rule *rule,
                                const char *approved, const char *refused)
{
    struct ska_ballot *ballot = &counted->ballot;

    memset(counted, 0, sizeof(*counted));
    ballot->rule = rule;
    ballot->request = &counted->request;
    ballot->keys = counted->keys;
    for (; *approved != 0; approved++)
        counted->keys[ballot->key_count++] = ska_span(approved, 1);
    for (; *refused != 0; refused++)
        counted->refusals[ballot->refusal_count++].public_key =
            (struct ska_bytes){(uint8_t *)(uintptr_t)refused, 1};
    ballot->refusals = counted->refusals;
    return ballot;
}

static void assert_ballot(const struct ska_rule *rule, const char *approved, const char *refused,
                          const char *expected)
{
    struct counted counted;
    struct ska_buffer buffer = {0};
    char *text = NULL;

    ska_ballot_progress_text(count(&counted, rule, approved, refused), &buffer);
    text = text_of(&buffer);
    assert_string_equal(text, expected);
    free(text);
}

/* What others have put into a name is made harmless once, so that it can be told what it was. */
static void names_are_escaped_once(void **state)
{
    struct ska_rule rule = {0};
    struct ska_approver *approver = NULL;
    static const struct {
        const char *name;
        const char *text;
    } cases[] = {{"a\033", "'a\\x1B'"}, {"a\\x1B", "'a\\\\x1B'"}, {"a'b", "'a\\'b'"}};

    (void)state;
    add_token(&rule);
    add_group(&rule, "board", 1, "a");
    approver = &rule.alternatives[0].groups[0].approvers[0];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ska_approval by = {.public_key = approver->public_key};
        struct ska_buffer text = {0};

        ska_bytes_free(&approver->name);
        assert_true(ska_bytes_copy(&approver->name, ska_span_text(cases[i].name), NULL));
        ska_signer_text(&rule, &by, &text);
        assert_string_equal(ska_buffer_string(&text), cases[i].text);
        ska_buffer_free(&text);
    }
    ska_rule_clear(&rule);
}

static void it_is_said_who_is_needed(void **state)
{
    struct ska_rule rule = {0};

    (void)state;
    assert_ballot(NULL, "a", "", "1 so far; how many are needed is not known here");
    assert_ballot(&rule, "", "", "the rule can never be satisfied");
    add_token(&rule);
    assert_ballot(&rule, "", "", "no approvals are needed");
    add_group(&rule, "board", 2, "abcd");
    assert_ballot(&rule, "", "", "0 of 2; still needed: 2 of a, b, c and d");
    assert_ballot(&rule, "b", "", "1 of 2; still needed: a, c or d");
    assert_ballot(&rule, "bz", "", "1 of 2; still needed: a, c or d");
    assert_ballot(&rule, "bd", "", "2 of 2; no more approvals are needed");
    assert_ballot(&rule, "b", "c", "1 of 2; still needed: a or d; rejected by c");
    assert_ballot(&rule, "", "cd", "0 of 2; still needed: a and b; rejected by c, d");
    assert_ballot(&rule, "b", "acd", "1 of 2; rejected by a, c, d; left: nobody");
    assert_ballot(&rule, "", "acd", "0 of 2; rejected by a, c, d; left: b");
    ska_rule_clear(&rule);
}

static void it_is_said_of_several_groups(void **state)
{
    struct ska_rule rule = {0};

    (void)state;
    add_token(&rule);
    add_group(&rule, "board", 1, "ab");
    add_group(&rule, NULL, 1, "c");
    assert_ballot(&rule, "", "", "0 of 2; still needed: a or b (group board), and c (group 2)");
    assert_ballot(&rule, "a", "", "1 of 2; still needed: c (group 2)");
    /* Too many in one group do not make up for the other. */
    assert_ballot(&rule, "ab", "", "1 of 2; still needed: c (group 2)");
    add_token(&rule);
    rule.alternatives[1].name = bytes_of("go on");
    add_group(&rule, "chief", 1, "d");
    assert_ballot(&rule, "a", "",
                  "1 of 2 or 0 of 1; still needed: c (alternative 1, group 2); or else d "
                  "(alternative 'go on')");
    ska_rule_clear(&rule);
}

/* Two approvers of one name are told apart by their keys. */
static void namesakes_are_told_apart(void **state)
{
    struct ska_rule rule = {0};
    struct ska_buffer buffer = {0};
    char *text = NULL;

    (void)state;
    add_token(&rule);
    add_group(&rule, "board", 1, "ab");
    rule.alternatives[0].groups[0].approvers[1].name.data[0] = 'a';
    ska_rule_text(&rule, 0, &buffer);
    text = text_of(&buffer);
    /* SHA-256 of "a" and of "b". */
    assert_string_equal(text, "any one of these 2 is enough: a (key ca978112ca1bbdca) or a (key "
                              "3e23e8160039594a)");
    free(text);
    ska_rule_clear(&rule);
}

static void it_waits_for_those_who_can_help(void **state)
{
    struct ska_rule rule = {0};
    struct counted counted;
    const struct ska_ballot *ballot = NULL;

    (void)state;
    add_token(&rule);
    add_group(&rule, "board", 1, "ab");
    add_group(&rule, "risk", 1, "cd");
    ballot = count(&counted, &rule, "a", "d");
    assert_false(ska_ballot_waits_for(ballot, ska_span_text("a"))); /* has approved */
    assert_false(ska_ballot_waits_for(ballot, ska_span_text("b"))); /* that group has enough */
    assert_true(ska_ballot_waits_for(ballot, ska_span_text("c")));
    assert_false(ska_ballot_waits_for(ballot, ska_span_text("d"))); /* has refused */
    assert_false(ska_ballot_waits_for(ballot, ska_span_text("e"))); /* is not listed */
    assert_false(ska_ballot_judge(ballot).hopeless);
    assert_true(ska_ballot_judge(count(&counted, &rule, "a", "cd")).hopeless);
    assert_true(ska_ballot_judge(count(&counted, &rule, "", "cd")).hopeless);
    /* Nobody is asked for what nothing can come of; another alternative may still be. */
    assert_false(ska_ballot_waits_for(&counted.ballot, ska_span_text("a")));
    add_token(&rule);
    add_group(&rule, "directors", 1, "e");
    ballot = count(&counted, &rule, "", "cd");
    assert_false(ska_ballot_waits_for(ballot, ska_span_text("a")));
    assert_true(ska_ballot_waits_for(ballot, ska_span_text("e")));
    ska_rule_clear(&rule);
    add_token(&rule);
    add_group(&rule, "board", 1, "ab");
    add_group(&rule, "risk", 1, "cd");
    /* An approval outweighs a refusal. */
    assert_false(ska_ballot_judge(count(&counted, &rule, "ac", "cd")).hopeless);
    assert_true(ska_ballot_judge(&counted.ballot).satisfied);
    assert_false(ska_ballot_waits_for(count(&counted, &rule, "ac", ""), ska_span_text("b")));
    ska_rule_clear(&rule);
}

static void one_more_is_counted_on_trial(void **state)
{
    struct ska_rule rule = {0};
    struct counted counted;
    struct ska_buffer needed = {0};

    (void)state;
    add_token(&rule);
    add_group(&rule, "board", 2, "ab");
    count(&counted, &rule, "a", "b");
    ska_ballot_needed_after_text(&counted.ballot, ska_span_text("b"), &needed);
    assert_int_equal(needed.length, 0);
    assert_false(ska_ballot_judge(&counted.ballot).satisfied);
    assert_int_equal(counted.ballot.key_count, 1);
    ska_rule_clear(&rule);
}

/* ---- A rule as a list and as JSON ------------------------------------------------------------ */

static void assert_list(const struct ska_rule *rule, const char *expected)
{
    struct ska_buffer buffer = {0};
    char *text = NULL;

    ska_rule_list_text(rule, "\n", &buffer);
    text = text_of(&buffer);
    assert_string_equal(text, expected);
    free(text);
}

static void rules_are_listed(void **state)
{
    struct ska_rule rule = {0};

    (void)state;
    assert_list(&rule, "never satisfied: nobody can do this");
    add_token(&rule);
    assert_list(&rule, "always satisfied: no approval needed");
    add_group(&rule, "board", 2, "abc");
    add_group(&rule, "a' 9 of 9: x", 1, "de");
    rule.alternatives[0].timelock = 3600;
    rule.alternatives[0].timeout = 90;
    add_token(&rule);
    rule.alternatives[1].name = bytes_of("fast");
    rule.alternatives[1].timeout = 60;
    /* One name is one name, whatever stands in it. */
    add_group(&rule, NULL, 1, "f");
    ska_bytes_free(&rule.alternatives[1].groups[0].approvers[0].name);
    rule.alternatives[1].groups[0].approvers[0].name = bytes_of("a, b");
    assert_list(&rule, "'board' 2 of 3: a, b, c\nand 'a\\' 9 of 9: x' 1 of 2: d, e\nafter 1 hour, "
                       "for 1 minute 30 seconds\nor 'fast': 1 of 1: 'a, b'\nfor 1 minute");
    ska_rule_clear(&rule);
}

static void assert_json(cJSON *json, const char *expected)
{
    char *text = cJSON_PrintUnformatted(json);

    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(json);
}

static void rules_are_json(void **state)
{
    struct ska_rule rule = {0};
    const struct ska_span approved[] = {ska_span_text("b")};
    const struct ska_responses responses = {approved, 1, NULL, 0};
    const uint64_t timestamp = 1000;
    struct ska_alternative *alternative = NULL;

    (void)state;
    add_token(&rule);
    alternative = &rule.alternatives[0];
    alternative->name = bytes_of("x\x1B");
    add_group(&rule, "b\xff", 2, "aab");
    assert_json(ska_group_to_json(alternative, &alternative->groups[0], &responses),
                "{\"token\":\"x\\u001b\",\"group\":\"b\\\\xFF\",\"quorum\":2,\"approved\":1,"
                "\"missing\":[\"a\"]}");
    assert_json(ska_alternative_window_to_json(alternative, NULL, 0),
                "{\"token\":\"x\\u001b\",\"open\":true}");
    alternative->timelock = 60;
    assert_json(ska_alternative_window_to_json(alternative, NULL, 5000),
                "{\"token\":\"x\\u001b\",\"open\":false}");
    alternative->timeout = 60;
    assert_json(ska_alternative_window_to_json(alternative, &timestamp, 1060),
                "{\"token\":\"x\\u001b\",\"open\":true,\"opens\":\"1970-01-01T00:17:40Z\","
                "\"closes\":\"1970-01-01T00:18:40Z\"}");
    ska_rule_clear(&rule);
}

/* ---- What changes ---------------------------------------------------------------------------- */

/* All lines, and behind them the warnings and names, each on a line. */
static void assert_changes(const struct ska_rule *before, const struct ska_rule *after,
                           const char *expected)
{
    struct rule_changes changes;
    struct ska_buffer buffer = {0};
    char *text = NULL;

    assert_true(rule_compare(NULL, before, after, &changes));
    for (size_t i = 0; i < changes.count; i++) {
        struct rule_change *change = &changes.list[i];

        /* Without the SHA-256 of keys. */
        if (change->line.length > 66 && memchr(change->line.data, ',', change->line.length) &&
            memcmp(change->line.data + change->line.length - 76, "key SHA-256 ", 12) == 0)
            change->line.length -= 64;
        ska_buffer_add(&buffer, change->line.data, change->line.length);
        ska_buffer_text(&buffer, "\n");
        if (change->warning.length > 0) {
            ska_buffer_text(&buffer, "! ");
            ska_buffer_add(&buffer, change->warning.data, change->warning.length);
            ska_buffer_text(&buffer, "\n");
        }
    }
    ska_buffer_text(&buffer, "-");
    ska_buffer_add(&buffer, changes.gone.data, changes.gone.length);
    ska_buffer_text(&buffer, " +");
    ska_buffer_add(&buffer, changes.joining.data, changes.joining.length);
    text = text_of(&buffer);
    assert_string_equal(text, expected);
    free(text);
    rule_changes_clear(&changes);
}

static struct ska_rule board(uint32_t quorum, const char *people)
{
    struct ska_rule rule = {0};

    add_token(&rule);
    add_group(&rule, "board", quorum, people);
    return rule;
}

static void approvers_are_told_by_their_keys(void **state)
{
    struct ska_rule before = board(2, "abc");
    struct ska_rule after = board(1, "abd");
    struct ska_approver *approvers = after.alternatives[0].groups[0].approvers;

    (void)state;
    assert_changes(&before, &before, "- +");
    assert_changes(&before, &after,
                   "'board': quorum LOWERED from 2 to 1\n"
                   "! fewer approvals are enough: 1 instead of 2 (group board).\n"
                   "'board': added: 'd', key SHA-256 \n'board': removed: 'c', key SHA-256 \n-c +d");
    /* By the name of one who is gone; and by another name with the same key. */
    approvers[2].name.data[0] = 'c';
    approvers[0].name.data[0] = 'A';
    assert_changes(&before, &after,
                   "'board': quorum LOWERED from 2 to 1\n"
                   "! fewer approvals are enough: 1 instead of 2 (group board).\n"
                   "'board': renamed: a is called A, with the same key\n"
                   "! gets ANOTHER NAME: a is called A, with the same key.\n"
                   "'board': added: 'c', key SHA-256 \n'board': removed: 'c', key SHA-256 \n- +");
    ska_rule_clear(&before);
    ska_rule_clear(&after);
}

static void parts_and_times_are_compared(void **state)
{
    struct ska_rule before = board(1, "a");
    struct ska_rule after = board(1, "a");
    struct ska_rule more = {0};

    (void)state;
    before.alternatives[0].timelock = 60;
    before.alternatives[0].timeout = 60;
    add_group(&before, "risk", 1, "r");
    assert_changes(&before, &after,
                   "group REMOVED, nobody in it is needed any more: 'risk' 1 of 1: r\n"
                   "! nobody of group risk is asked any more.\n"
                   "timelock SHORTENED from 1 minute to none\n"
                   "! the time that must pass before approvals can be used gets shorter.\n"
                   "approvals NEVER EXPIRE any more; before, after 1 minute\n"
                   "! approvals never expire any more.\n-r +");
    assert_changes(&after, &before,
                   "group added: 'risk' 1 of 1: r\ntimelock lengthened from none to 1 minute\n"
                   "timeout shortened from none to 1 minute\n- +r");
    /* Two of one name: the first is that of the first, the other is new. */
    add_group(&after, "board", 1, "b");
    more = board(1, "a");
    assert_changes(&more, &after, "group added: 'board' 1 of 1: b\n- +b");
    add_token(&more);
    add_group(&more, NULL, 1, "c");
    assert_changes(&after, &more,
                   "group REMOVED, nobody in it is needed any more: 'board' 1 of 1: b\n"
                   "! nobody of group board is asked any more.\n"
                   "alternative ADDED: 1 of 1: c\n"
                   "! there is a new alternative: approvals that were not enough before can be "
                   "enough from now on.\n-b +c");
    assert_changes(&more, &after,
                   "group added: 'board' 1 of 1: b\nalternative removed: 1 of 1: c\n-c +b");
    ska_rule_clear(&before);
    ska_rule_clear(&after);
    ska_rule_clear(&more);
}

static void rules_for_everybody_and_nobody_are_compared_whole(void **state)
{
    struct ska_rule nobody = {0};
    struct ska_rule everybody = {0};
    struct ska_rule rule = board(1, "a");

    (void)state;
    add_token(&everybody);
    assert_changes(&rule, &nobody, "NOBODY can do this any more\n- +");
    assert_changes(&nobody, &rule,
                   "nobody could do this before\n! so far nobody could do this.\n- +a");
    assert_changes(&rule, &everybody,
                   "NO APPROVAL is needed any more: anyone with the PIN can do this\n- +");
    assert_changes(&everybody, &rule, "no approval was needed before\n- +a");
    ska_rule_clear(&everybody);
    ska_rule_clear(&rule);
}

/* `count` keys from `first` on, all under one name, the whole list `times` over. */
static struct ska_rule crowd(unsigned int first, unsigned int count, unsigned int times)
{
    struct ska_rule rule = {0};
    struct ska_group *group = NULL;

    add_token(&rule);
    add_group(&rule, "board", 1, "");
    group = rule.alternatives[0].groups;
    group->approvers = realloc(group->approvers, (size_t)count * times * sizeof(*group->approvers));
    for (unsigned int i = 0; i < count * times; i++) {
        struct ska_approver *approver = &group->approvers[group->approver_count++];
        char key[16];

        snprintf(key, sizeof(key), "%08u", first + i % count);
        memset(approver, 0, sizeof(*approver));
        approver->name = bytes_of("a");
        approver->data = bytes_of(key);
        approver->public_key = bytes_of(key);
    }
    return rule;
}

/* Whoever asks for a modification chooses both rules, as far as a request and its token are long.
 */
static void rules_of_strangers_are_compared_at_once(void **state)
{
    struct ska_rule before = crowd(500, 500, 10);
    struct ska_rule after = crowd(0, 1000, 1);
    struct rule_changes changes;
    clock_t begun = clock();

    (void)state;
    assert_true(rule_compare(NULL, &before, &after, &changes));
    assert_true(clock() - begun < 3 * CLOCKS_PER_SEC);
    assert_int_equal(changes.gone.length, 0);
    /* All 500 that are new: nobody of this name has gone. */
    assert_int_equal(changes.count, 500);
    assert_true(changes.joining.length > 500);
    rule_changes_clear(&changes);
    ska_rule_clear(&before);
    ska_rule_clear(&after);
}

/* ---- Until when ------------------------------------------------------------------------------ */

/* What an approval by this key is good for when the HSM's clock says `now`; 0: no HSM time. */
static struct ska_standing chance_at(const struct ska_rule *rule, uint64_t timestamp, uint64_t now,
                                     struct ska_span public_key)
{
    struct ska_ballot ballot = {.rule = rule};

    ballot.token.has_timestamp = timestamp != 0;
    ballot.token.timestamp.seconds = timestamp;
    ska_ballot_set_time(&ballot, now, true);
    return ska_ballot_chance(&ballot, public_key);
}

static void usable_is_what_is_best_for_the_approver(void **state)
{
    struct ska_rule rule = {0};
    const struct ska_span a = ska_span_text("a");
    const struct ska_span b = ska_span_text("b");
    const struct ska_span anybody = ska_span(NULL, 0);

    (void)state;
    add_token(&rule);
    add_group(&rule, NULL, 1, "a");
    rule.alternatives[0].timelock = 100;
    rule.alternatives[0].timeout = 10;
    assert_int_equal(chance_at(&rule, 1000, 1099, a).usable, SKA_USABLE_LATER);
    assert_int_equal(chance_at(&rule, 1000, 1100, a).usable, SKA_USABLE_NOW);
    assert_int_equal(chance_at(&rule, 1000, 1109, a).usable, SKA_USABLE_NOW);
    assert_int_equal(chance_at(&rule, 1000, 1110, a).usable, SKA_USABLE_OVER);
    assert_int_equal(chance_at(&rule, 1000, 1110, a).window.closes, 1110);
    assert_int_equal(chance_at(&rule, 0, 1100, a).usable, SKA_USABLE_NEVER);
    add_token(&rule);
    add_group(&rule, NULL, 1, "b");
    assert_int_equal(chance_at(&rule, 1000, 1110, a).usable, SKA_USABLE_OVER);
    assert_int_equal(chance_at(&rule, 1000, 1110, b).usable, SKA_USABLE_ALWAYS);
    assert_int_equal(chance_at(&rule, 1000, 1110, anybody).usable, SKA_USABLE_ALWAYS);
    /* Of two open ones the one that lasts longer. */
    rule.alternatives[1].timeout = 5000;
    assert_int_equal(chance_at(&rule, 1000, 1105, anybody).window.closes, 6000);
    ska_rule_clear(&rule);
}

static struct ska_verdict judge_at(struct counted *counted, uint64_t now)
{
    counted->ballot.token.has_timestamp = true;
    counted->ballot.token.timestamp.seconds = 1000;
    ska_ballot_set_time(&counted->ballot, now, true);
    return ska_ballot_judge(&counted->ballot);
}

/* Nobody is told the time of an alternative that too many have refused. */
static void what_is_refused_gives_no_time(void **state)
{
    const struct ska_span anybody = ska_span(NULL, 0);
    struct ska_rule rule = {0};
    struct counted counted;

    (void)state;
    add_token(&rule); /* 0: until 6000 */
    add_group(&rule, NULL, 2, "ab");
    rule.alternatives[0].timeout = 5000;
    add_token(&rule); /* 1: until 2000 */
    add_group(&rule, NULL, 2, "ac");
    rule.alternatives[1].timeout = 1000;
    count(&counted, &rule, "", "");
    judge_at(&counted, 1005);
    assert_int_equal(ska_ballot_chance(&counted.ballot, anybody).window.closes, 6000);
    count(&counted, &rule, "", "b");
    judge_at(&counted, 1005);
    assert_int_equal(ska_ballot_chance(&counted.ballot, anybody).window.closes, 2000);
    assert_int_equal(ska_ballot_chance(&counted.ballot, ska_span_text("a")).window.closes, 2000);
    /* Who has refused may approve all the same: then it is another matter. */
    assert_int_equal(ska_ballot_chance(&counted.ballot, ska_span_text("b")).window.closes, 6000);
    assert_true(ska_ballot_chance(&counted.ballot, ska_span_text("b")).possible);
    /* Copies of approvals can be used as long as the HSM says, which knows no refusals. */
    assert_int_equal(ska_ballot_usable_until(&counted.ballot), 6000);
    judge_at(&counted, 2000);
    assert_int_equal(ska_ballot_chance(&counted.ballot, anybody).usable, SKA_USABLE_NOW);
    assert_false(ska_ballot_chance(&counted.ballot, anybody).possible);
    assert_true(judge_at(&counted, 2000).hopeless);
    assert_false(judge_at(&counted, 2000).over);
    judge_at(&counted, 6000);
    assert_int_equal(ska_ballot_usable_until(&counted.ballot), 0);
    assert_true(judge_at(&counted, 6000).over);
    assert_false(judge_at(&counted, 6000).hopeless);
    ska_rule_clear(&rule);
}

/* Of several alternatives: which is usable, which will be, which may still come about. */
static void the_nearest_alternative_is_found(void **state)
{
    struct ska_rule rule = {0};
    struct counted counted;
    struct ska_verdict verdict;

    (void)state;
    add_token(&rule); /* 0: from 1000 to 1010 */
    add_group(&rule, NULL, 1, "ab");
    rule.alternatives[0].timeout = 10;
    add_token(&rule); /* 1: from 1100 to 1200 */
    add_group(&rule, NULL, 2, "abc");
    rule.alternatives[1].timelock = 100;
    rule.alternatives[1].timeout = 100;

    count(&counted, &rule, "", "");
    verdict = judge_at(&counted, 1005);
    assert_false(verdict.satisfied);
    assert_null(verdict.best.alternative);
    assert_ptr_equal(verdict.nearest.alternative, &rule.alternatives[0]);
    assert_int_equal(verdict.nearest.missing, 1);
    count(&counted, &rule, "a", "");
    assert_true(judge_at(&counted, 1009).usable);
    verdict = judge_at(&counted, 1010);
    assert_true(verdict.satisfied);
    assert_false(verdict.usable);
    assert_false(verdict.over);
    assert_int_equal(verdict.best.usable, SKA_USABLE_OVER);
    assert_ptr_equal(verdict.nearest.alternative, &rule.alternatives[1]);
    assert_int_equal(verdict.nearest.missing, 1);
    count(&counted, &rule, "ac", "");
    verdict = judge_at(&counted, 1010);
    assert_int_equal(verdict.best.usable, SKA_USABLE_LATER);
    assert_int_equal(verdict.best.window.opens, 1100);
    assert_true(judge_at(&counted, 1100).usable);
    assert_true(judge_at(&counted, 1200).over);
    /* Two of three have refused: only the first alternative can be satisfied, until it is over. */
    count(&counted, &rule, "", "bc");
    assert_false(judge_at(&counted, 1009).hopeless);
    verdict = judge_at(&counted, 1010);
    assert_true(verdict.hopeless);
    assert_false(verdict.over);
    assert_false(verdict.nearest.possible && verdict.nearest.usable < SKA_USABLE_OVER);
    count(&counted, &rule, "", "abc");
    assert_true(judge_at(&counted, 1005).hopeless);
    ska_rule_clear(&rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_words_or_stand_in_quotes),
        cmocka_unit_test(names_are_cut),
        cmocka_unit_test(marks_do_not_pile_up),
        cmocka_unit_test(nothing_without_width_piles_up),
        cmocka_unit_test(tricks_are_found),
        cmocka_unit_test(names_of_people_are_no_tricks),
        cmocka_unit_test(the_odd_letter_is_named),
        cmocka_unit_test(no_letter_passes_for_a_latin_one),
        cmocka_unit_test(texts_are_no_names),
        cmocka_unit_test(usual_words_are_no_tricks),
        cmocka_unit_test(words_of_twins_are_tricks),
        cmocka_unit_test(each_trick_has_its_words),
        cmocka_unit_test(quotes_cannot_be_left),
        cmocka_unit_test(nothing_pushes_words_off_the_screen),
        cmocka_unit_test(long_quotes_are_broken_and_cut),
        cmocka_unit_test(characters_are_not_cut_in_two),
        cmocka_unit_test(paragraphs_are_broken),
        cmocka_unit_test(names_are_escaped_once),
        cmocka_unit_test(it_is_said_who_is_needed),
        cmocka_unit_test(it_is_said_of_several_groups),
        cmocka_unit_test(namesakes_are_told_apart),
        cmocka_unit_test(it_waits_for_those_who_can_help),
        cmocka_unit_test(one_more_is_counted_on_trial),
        cmocka_unit_test(rules_are_listed),
        cmocka_unit_test(rules_are_json),
        cmocka_unit_test(approvers_are_told_by_their_keys),
        cmocka_unit_test(parts_and_times_are_compared),
        cmocka_unit_test(rules_for_everybody_and_nobody_are_compared_whole),
        cmocka_unit_test(rules_of_strangers_are_compared_at_once),
        cmocka_unit_test(usable_is_what_is_best_for_the_approver),
        cmocka_unit_test(what_is_refused_gives_no_time),
        cmocka_unit_test(the_nearest_alternative_is_found),
    };

    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
