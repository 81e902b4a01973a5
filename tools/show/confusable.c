/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/confusable.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/printable.h"

/* Scripts with letters that look like those of another one of them. */
enum script { SCRIPT_NONE, LATIN = 1, GREEK = 2, CYRILLIC = 4, ARMENIAN = 8, CHEROKEE = 16 };

static enum script script_of(uint32_t character)
{
    static const struct {
        struct ska_range range;
        enum script script;
    } scripts[] = {
        {{'A', 'Z'}, LATIN},          {{'a', 'z'}, LATIN},          {{0x00C0, 0x00D6}, LATIN},
        {{0x00D8, 0x00F6}, LATIN},    {{0x00F8, 0x02AF}, LATIN},    {{0x1E00, 0x1EFF}, LATIN},
        {{0x2C60, 0x2C7F}, LATIN},    {{0xA720, 0xA7FF}, LATIN},    {{0x0370, 0x03FF}, GREEK},
        {{0x1F00, 0x1FFF}, GREEK},    {{0x2C80, 0x2CFF}, GREEK},    {{0x0400, 0x052F}, CYRILLIC},
        {{0x1C80, 0x1C8F}, CYRILLIC}, {{0xA640, 0xA69F}, CYRILLIC}, {{0x0530, 0x058F}, ARMENIAN},
        {{0x13A0, 0x13FF}, CHEROKEE}, {{0xAB70, 0xABBF}, CHEROKEE}};

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
        if (ska_is_in_ranges(&scripts[i].range, 1, character))
            return scripts[i].script;
    return SCRIPT_NONE;
}

/* Variants of Latin letters and digits: enclosed, letterlike, full width, of mathematics. */
static bool is_variant(uint32_t character)
{
    static const struct ska_range variants[] = {
        {0x2100, 0x218F}, {0x2460, 0x24FF}, {0xA4D0, 0xA4FF},   {0xFF10, 0xFF19},
        {0xFF21, 0xFF3A}, {0xFF41, 0xFF5A}, {0x1D400, 0x1D7FF}, {0x1F100, 0x1F1FF}};

    return SKA_IS_IN(variants, character);
}

/* Greek and Cyrillic letters that nobody can tell from Latin ones. */
static bool looks_latin(uint32_t character)
{
    static const uint16_t twins[] = {
        0x0391, 0x0392, 0x0395, 0x0396, 0x0397, 0x0399, 0x039A, 0x039C, 0x039D, 0x039F,
        0x03A1, 0x03A4, 0x03A5, 0x03A7, 0x03BF, 0x03BD, 0x03C1, 0x03F2, 0x03F3, 0x0405,
        0x0406, 0x0408, 0x0410, 0x0412, 0x0415, 0x041A, 0x041C, 0x041D, 0x041E, 0x0420,
        0x0421, 0x0422, 0x0425, 0x0430, 0x0435, 0x043E, 0x0440, 0x0441, 0x0443, 0x0445,
        0x0455, 0x0456, 0x0458, 0x04AE, 0x04BB, 0x04CF, 0x0501, 0x051B, 0x051D};

    for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
        if (twins[i] == character)
            return true;
    return false;
}

static unsigned int find_in_word(const char *word, size_t length)
{
    unsigned int scripts = 0;
    unsigned int found = 0;
    size_t letters = 0;
    size_t twins = 0;
    size_t bytes = 0;

    for (const char *at = word; at < word + length; at += bytes) {
        uint32_t character = ska_utf8_next(at, &bytes);
        enum script script = script_of(character);

        scripts |= (unsigned int)script;
        letters += script != SCRIPT_NONE;
        twins += looks_latin(character);
        if (is_variant(character))
            found |= CONFUSABLE_LOOKALIKE;
    }
    if ((scripts & (scripts - 1)) != 0)
        found |= CONFUSABLE_MIXED_SCRIPT;
    else if (twins > 0 && twins == letters)
        found |= CONFUSABLE_LOOKALIKE;
    return found;
}

static bool is_space(const char *at, size_t *bytes)
{
    static const struct ska_range spaces[] = {{' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                                              {0x2000, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                              {0x2800, 0x2800}, {0x3000, 0x3000}};

    return SKA_IS_IN(spaces, ska_utf8_next(at, bytes));
}

static unsigned int find_in_shown(const char *shown)
{
    unsigned int found = 0;
    const char *word = shown;
    size_t bytes = 1;
    bool after_space = true; /* also at the start */

    for (const char *at = shown;; at += bytes) {
        bool space = *at != 0 && is_space(at, &bytes);

        if (*at != 0 && !space) {
            after_space = false;
            continue;
        }
        found |= find_in_word(word, (size_t)(at - word));
        /* At the start, doubled, at the end, or none of the usual ones. */
        if ((after_space && at > shown) || (space && (at == shown || *at != ' ')))
            found |= CONFUSABLE_SPACES;
        if (*at == 0)
            return found;
        after_space = true;
        word = at + bytes;
    }
}

bool confusable_find(struct ska_span untrusted, unsigned int *found)
{
    char *printable = ska_printable(untrusted, untrusted.length);

    if (printable == NULL)
        return false;
    *found = find_in_shown(printable);
    if (strlen(printable) != untrusted.length)
        *found |= CONFUSABLE_INVISIBLE;
    free(printable);
    return true;
}

void confusable_text(unsigned int found, struct ska_buffer *text)
{
    static const struct {
        enum confusable kind;
        const char *words;
    } all[] = {
        {CONFUSABLE_INVISIBLE, "It contains characters that cannot be seen; they are written \\xNN "
                               "here. "},
        {CONFUSABLE_MIXED_SCRIPT, "It mixes letters of different alphabets that look alike. "},
        {CONFUSABLE_LOOKALIKE, "It contains letters that look like common ones but are not. "},
        {CONFUSABLE_SPACES, "It has spaces at its start or end, doubled or unusual ones. "}};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if ((found & all[i].kind) != 0)
            ska_buffer_text(text, all[i].words);
    if (found != 0)
        ska_buffer_text(text, "Somebody may want it to pass for another.");
}
