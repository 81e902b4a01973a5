/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/confusable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/character.h"
#include "provider/base/printable.h"

/* A word has letters of one script, and neutral characters. */
enum script {
    NEUTRAL = 0,
    LATIN = 1,
    GREEK = 2,
    CYRILLIC = 4,
    ARMENIAN = 8,
    CHEROKEE = 16,
    OTHER = 32,     /* all that are not listed */
    SIGN = 64,      /* signs, and letters that are twice as wide */
    LOOKALIKE = 128 /* what looks like Latin letters or digits, and is only made to */
};

/*
 * ASCII, Latin-1, all that Unicode decomposes into an ASCII letter and its marks, and those of
 * European languages that have a stroke or are joined from two.
 */
static bool is_latin(uint32_t character)
{
    static const struct ska_range latin[] = {
        {'A', 'Z'},       {'a', 'z'},       {0x00C0, 0x00D6}, {0x00D8, 0x00F6}, {0x00F8, 0x0130},
        {0x0134, 0x0137}, {0x0139, 0x013E}, {0x0141, 0x0148}, {0x014A, 0x017E}, {0x01A0, 0x01A1},
        {0x01AF, 0x01B0}, {0x01CD, 0x01DC}, {0x01DE, 0x01E3}, {0x01E6, 0x01ED}, {0x01F0, 0x01F0},
        {0x01F4, 0x01F5}, {0x01F8, 0x021B}, {0x021E, 0x021F}, {0x0226, 0x0233}, {0x1E00, 0x1E99},
        {0x1E9E, 0x1E9E}, {0x1EA0, 0x1EF9}};

    return SKA_IS_IN(latin, character);
}

/* Letterlike and enclosed ones that are no letters: degrees, fractions, digits in circles. */
static bool is_sign(uint32_t character)
{
    static const struct ska_range signs[] = {
        {0x2103, 0x2103}, {0x2105, 0x2105}, {0x2109, 0x2109}, {0x2117, 0x2117}, {0x211E, 0x211E},
        {0x2120, 0x2121}, {0x2150, 0x215F}, {0x2189, 0x2189}, {0x2460, 0x2473}, {0x24EA, 0x24FF}};

    return SKA_IS_IN(signs, character);
}

/* By its block. What is_latin() does not know of a Latin one looks like what it knows. */
static enum script script_of(uint32_t character)
{
    struct block {
        struct ska_range range;
        enum script script;
    };
    static const struct block blocks[] = {
        {{0x0000, 0x00FF}, NEUTRAL},
        {{0x0100, 0x02FF}, LOOKALIKE}, /* dotless i, phonetics */
        {{0x0300, 0x036F}, NEUTRAL},   /* marks */
        {{0x0370, 0x03FF}, GREEK},
        {{0x0400, 0x052F}, CYRILLIC},
        {{0x0530, 0x058F}, ARMENIAN},
        {{0x13A0, 0x13FF}, CHEROKEE},
        {{0x1C80, 0x1C8F}, CYRILLIC},
        {{0x1D00, 0x1DBF}, LOOKALIKE}, /* phonetics */
        {{0x1E00, 0x1EFF}, LOOKALIKE},
        {{0x1F00, 0x1FFF}, GREEK},
        {{0x2000, 0x2070}, NEUTRAL},   /* punctuation; superscript digits */
        {{0x2071, 0x2071}, LOOKALIKE}, /* superscript i */
        {{0x2072, 0x207E}, NEUTRAL},
        {{0x207F, 0x207F}, LOOKALIKE}, /* superscript n */
        {{0x2080, 0x208F}, NEUTRAL},   /* subscript digits */
        {{0x2090, 0x209F}, LOOKALIKE}, /* subscript letters */
        {{0x20A0, 0x20CF}, NEUTRAL},   /* currencies */
        {{0x2100, 0x2115}, LOOKALIKE}, /* letterlike */
        {{0x2116, 0x2116}, NEUTRAL},   /* numero */
        {{0x2117, 0x2121}, LOOKALIKE},
        {{0x2122, 0x2122}, NEUTRAL}, /* trade mark */
        {{0x2123, 0x218F}, LOOKALIKE},
        {{0x2190, 0x245F}, SIGN},
        {{0x2460, 0x24FF}, LOOKALIKE}, /* enclosed */
        {{0x2500, 0x2BFF}, SIGN},
        {{0x2C60, 0x2C7F}, LOOKALIKE},
        {{0x2C80, 0x2CFF}, GREEK},
        {{0x2DE0, 0x2DFF}, CYRILLIC},
        {{0x2E00, 0xA4CF}, SIGN},
        {{0xA4D0, 0xA4FF}, LOOKALIKE}, /* Lisu: capital letters, turned */
        {{0xA640, 0xA69F}, CYRILLIC},
        {{0xA720, 0xA7FF}, LOOKALIKE},
        {{0xAB30, 0xAB6F}, LOOKALIKE},
        {{0xAB70, 0xABBF}, CHEROKEE},
        {{0xAC00, 0xD7A3}, SIGN},
        {{0xF900, 0xFAFF}, SIGN},
        {{0xFB00, 0xFB06}, LOOKALIKE}, /* ligatures */
        {{0xFB13, 0xFB17}, ARMENIAN},
        {{0xFE10, 0xFE1F}, SIGN},
        {{0xFE30, 0xFE6F}, SIGN},
        {{0xFF01, 0xFF0F}, SIGN},
        {{0xFF10, 0xFF19}, LOOKALIKE}, /* full width */
        {{0xFF1A, 0xFF20}, SIGN},
        {{0xFF21, 0xFF3A}, LOOKALIKE},
        {{0xFF3B, 0xFF40}, SIGN},
        {{0xFF41, 0xFF5A}, LOOKALIKE},
        {{0xFF5B, 0xFF60}, SIGN},
        {{0xFFE0, 0xFFFF}, SIGN},
        {{0x10780, 0x107BF}, LOOKALIKE},
        {{0x16FE0, 0x18D8F}, SIGN},
        {{0x1AFF0, 0x1B2FF}, SIGN},
        {{0x1CCD0, 0x1CCFF}, LOOKALIKE}, /* outlined */
        {{0x1D000, 0x1D24F}, SIGN},
        {{0x1D400, 0x1D7FF}, LOOKALIKE}, /* of mathematics */
        {{0x1DF00, 0x1DFFF}, LOOKALIKE},
        {{0x1E030, 0x1E08F}, CYRILLIC},
        {{0x1F000, 0x1F0FF}, SIGN},
        {{0x1F100, 0x1F1FF}, LOOKALIKE}, /* enclosed */
        {{0x1F200, 0x1FBEF}, SIGN},
        {{0x1FBF0, 0x1FBF9}, LOOKALIKE}, /* digits of segments */
        {{0x20000, 0x3FFFF}, SIGN}};
    size_t count = sizeof(blocks) / sizeof(blocks[0]);
    const struct block *found = NULL;

    if (is_latin(character))
        return LATIN;
    if (is_sign(character))
        return SIGN;
    found = bsearch(&character, blocks, count, sizeof(blocks[0]), ska_compare_with_range);
    return found == NULL ? OTHER : found->script;
}

/* Greek and Cyrillic letters that nobody can tell from Latin ones. */
static bool looks_latin(uint32_t character)
{
    static const struct ska_range twins[] = {
        {0x0391, 0x0392}, {0x0395, 0x0397}, {0x0399, 0x039A}, {0x039C, 0x039D}, {0x039F, 0x039F},
        {0x03A1, 0x03A1}, {0x03A4, 0x03A5}, {0x03A7, 0x03A7}, {0x03BD, 0x03BD}, {0x03BF, 0x03BF},
        {0x03C1, 0x03C1}, {0x03F2, 0x03F3}, {0x0405, 0x0406}, {0x0408, 0x0408}, {0x0410, 0x0410},
        {0x0412, 0x0412}, {0x0415, 0x0415}, {0x041A, 0x041A}, {0x041C, 0x041E}, {0x0420, 0x0422},
        {0x0425, 0x0425}, {0x0430, 0x0430}, {0x0435, 0x0435}, {0x043E, 0x043E}, {0x0440, 0x0441},
        {0x0443, 0x0443}, {0x0445, 0x0445}, {0x0455, 0x0456}, {0x0458, 0x0458}, {0x04AE, 0x04AE},
        {0x04BB, 0x04BB}, {0x04CF, 0x04CF}, {0x0501, 0x0501}, {0x051B, 0x051B}, {0x051D, 0x051D}};

    return SKA_IS_IN(twins, character);
}

/* Greek and Cyrillic letters that nobody takes for Latin ones or digits. */
static bool is_unmistakable(uint32_t character)
{
    static const struct ska_range letters[] = {
        {0x0393, 0x0394}, {0x0398, 0x0398}, {0x039B, 0x039B}, {0x039E, 0x039E}, {0x03A0, 0x03A0},
        {0x03A3, 0x03A3}, {0x03A6, 0x03A6}, {0x03A8, 0x03A9}, {0x03B4, 0x03B6}, {0x03B8, 0x03B8},
        {0x03BB, 0x03BB}, {0x03BE, 0x03BE}, {0x03C0, 0x03C0}, {0x03C2, 0x03C4}, {0x03C6, 0x03C6},
        {0x03C8, 0x03C9}, {0x0411, 0x0411}, {0x0413, 0x0414}, {0x0416, 0x0416}, {0x0418, 0x0419},
        {0x041B, 0x041B}, {0x041F, 0x041F}, {0x0424, 0x0424}, {0x0426, 0x042B}, {0x042D, 0x042F},
        {0x0432, 0x0432}, {0x0434, 0x0434}, {0x0436, 0x0436}, {0x0438, 0x0439}, {0x043B, 0x043D},
        {0x043F, 0x043F}, {0x0442, 0x0442}, {0x0444, 0x0444}, {0x0446, 0x044B}, {0x044D, 0x044F}};

    return SKA_IS_IN(letters, character);
}

/* Dotless i and schwa: ordinary letters in Turkish and Azerbaijani texts. */
static bool is_turkic(uint32_t character)
{
    return character == 0x0131 || character == 0x018F || character == 0x0259;
}

static enum script script_in(uint32_t character, bool is_name)
{
    enum script script = script_of(character);

    if (script == SIGN)
        script = is_name ? OTHER : NEUTRAL;
    return !is_name && is_turkic(character) ? LATIN : script;
}

/* What is not shown as it is, is of no script. */
static uint32_t take_character(struct ska_span *text)
{
    uint32_t character = 0;
    size_t length = ska_utf8_decode(*text, &character);
    size_t taken = length == 0 ? 1 : length;

    *text = ska_span(text->data + taken, text->length - taken);
    return length == 0 || ska_is_harmful(character) ? 0 : character;
}

static void add(struct confusable *found, enum confusable_kind kind, uint32_t character)
{
    uint32_t *first = kind == CONFUSABLE_MIXED_SCRIPT ? &found->mixed : &found->lookalike;

    if ((found->kinds & kind) == 0)
        *first = character;
    found->kinds |= kind;
}

/* Scripts of the letters of all words, and of those that are unmistakable. */
struct letters {
    unsigned int scripts, unmistakable;
};

static struct letters letters_of(struct ska_span text, bool is_name)
{
    struct letters letters = {0};

    while (text.length > 0) {
        uint32_t character = take_character(&text);
        unsigned int script = script_in(character, is_name);

        letters.scripts |= script;
        letters.unmistakable |= is_unmistakable(character) ? script : 0;
    }
    return letters;
}

/* What is known of a word. */
struct word {
    unsigned int scripts;
    uint32_t foreign; /* its first letter that is not Latin; 0: none */
    bool twins;       /* it has no letters but those that look Latin */
};

static void word_add(struct word *word, uint32_t character, bool is_name, struct confusable *found)
{
    enum script script = script_in(character, is_name);

    if (script == LOOKALIKE)
        add(found, CONFUSABLE_LOOKALIKE, character);
    if (script == LOOKALIKE || script == NEUTRAL)
        return;
    if (word->foreign == 0 && script != LATIN)
        word->foreign = character;
    word->twins = looks_latin(character) && (word->scripts == 0 || word->twins);
    word->scripts |= (unsigned int)script;
}

/* Whether twins are read as what they are: in a text of their script, without Latin letters. */
static bool is_at_home(const struct word *word, const struct letters *all)
{
    return (all->scripts & LATIN) == 0 && (all->unmistakable & word->scripts) != 0;
}

static void word_end(struct word *word, const struct letters *all, struct confusable *found)
{
    if ((word->scripts & (word->scripts - 1)) != 0)
        add(found, CONFUSABLE_MIXED_SCRIPT, word->foreign);
    else if (word->twins && !is_at_home(word, all))
        add(found, CONFUSABLE_LOOKALIKE, word->foreign);
    *word = (struct word){0};
}

static bool is_east_asian(uint32_t character)
{
    static const struct ska_range letters[] = {
        {0x3005, 0x3007}, {0x3041, 0x9FFF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFF}};

    return SKA_IS_IN(letters, character);
}

/* A space of ASCII, or a wide one between wide letters. */
static bool is_usual_space(uint32_t space, uint32_t before, struct ska_span after)
{
    if (space != 0x3000)
        return space == ' ';
    return is_east_asian(before) && after.length > 0 && is_east_asian(take_character(&after));
}

static void find(struct ska_span text, bool is_name, struct confusable *found)
{
    const struct letters all = letters_of(text, is_name);
    struct word word = {0};
    uint32_t before = ' ';  /* also at the start */
    bool odd_space = false; /* at the start, doubled, or none of the usual ones */

    while (text.length > 0) {
        uint32_t character = take_character(&text);
        bool space = ska_is_blank(character);

        if (space)
            word_end(&word, &all, found);
        else
            word_add(&word, character, is_name, found);
        odd_space = odd_space ||
                    (space && (ska_is_blank(before) || !is_usual_space(character, before, text)));
        before = character;
    }
    word_end(&word, &all, found);
    if (is_name && (odd_space || ska_is_blank(before)))
        found->kinds |= CONFUSABLE_SPACES;
}

static bool find_in(struct ska_span untrusted, bool is_name, struct confusable *found)
{
    char *printable = ska_printable(untrusted, untrusted.length);

    *found = (struct confusable){0};
    if (printable == NULL)
        return false;
    if (untrusted.length > 0)
        find(untrusted, is_name, found);
    if (strlen(printable) != untrusted.length)
        found->kinds |= CONFUSABLE_INVISIBLE;
    free(printable);
    return true;
}

bool confusable_find_in_name(struct ska_span untrusted, struct confusable *found)
{
    return find_in(untrusted, true, found);
}

bool confusable_find_in_text(struct ska_span untrusted, struct confusable *found)
{
    struct ska_bytes copy = {NULL, 0};
    bool done = ska_bytes_copy(&copy, untrusted, NULL);

    for (size_t i = 0; i < copy.length; i++)
        if (copy.data[i] == '\n' || copy.data[i] == '\r' || copy.data[i] == '\t')
            copy.data[i] = ' ';
    done = done && find_in(ska_span_of(&copy), false, found);
    ska_bytes_free(&copy);
    return done;
}

static void add_words(const struct confusable *found, enum confusable_kind kind, const char *words,
                      uint32_t character, struct ska_buffer *text)
{
    if ((found->kinds & kind) == 0)
        return;
    ska_buffer_text(text, words);
    if (character != 0)
        ska_buffer_format(text, ", such as U+%04" PRIX32, character);
    ska_buffer_text(text, ". ");
}

void confusable_text(const struct confusable *found, struct ska_buffer *text)
{
    add_words(found, CONFUSABLE_INVISIBLE,
              "It contains characters that cannot be seen; they are written \\xNN here", 0, text);
    add_words(found, CONFUSABLE_MIXED_SCRIPT,
              "It mixes letters of different alphabets that may look alike", found->mixed, text);
    add_words(found, CONFUSABLE_LOOKALIKE,
              "It contains letters that look like common ones but are not", found->lookalike, text);
    add_words(found, CONFUSABLE_SPACES,
              "It has spaces at its start or end, doubled or unusual ones", 0, text);
    if (found->kinds != 0)
        ska_buffer_text(text, "Somebody may want it to pass for another.");
}
