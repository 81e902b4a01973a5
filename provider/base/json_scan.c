/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state machine over the text with a stack of fixed height, since texts come from strangers and
 * this may run on the small stack of a libcrypto ASYNC job. Names of members are collected, without
 * their escapes, and compared at the end; many are sorted for that, so that they cost no more than
 * they must.
 */
#include "provider/base/json_scan.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/json.h"

/* Longer ones have no use, and cJSON reads 63 characters of a number. */
#define NUMBER_LIMIT 32

struct level {
    bool object;
    uint32_t number; /* of the object, counted through the text */
};

struct member {
    uint32_t object;
    uint32_t at; /* where in the text */
    struct ska_span name;
};

struct scan {
    struct ska_span text;
    size_t at;
    const char *fault;
    bool out_of_memory;
    size_t depth;
    struct level levels[SKA_JSON_DEPTH];
    uint32_t objects;
    uint8_t *unescaped; /* as long as the text, where one has escapes: never longer without them */
    size_t unescaped_length;
    struct member *members;
    size_t member_count;
    size_t member_capacity;
    const char *const *unwanted;    /* names, SKA_JSON_UNWANTED of them; NULL: no more */
    struct ska_json_values *values; /* of these */
    const uint8_t *unwanted_value;  /* where one begins that has not ended yet; or NULL */
};

/* What may come next. */
enum expect { VALUE, VALUE_OR_END, NAME, NAME_OR_END, COMMA_OR_END };

static bool fault(struct scan *scan, const char *what)
{
    scan->fault = what;
    return false;
}

static bool at_end(const struct scan *scan)
{
    return scan->at == scan->text.length;
}

/* The byte at the current place; 0, which is allowed nowhere, at the end. */
static uint8_t peek(const struct scan *scan)
{
    return at_end(scan) ? 0 : scan->text.data[scan->at];
}

static void skip_blanks(struct scan *scan)
{
    for (;;) {
        uint8_t c = peek(scan);

        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return;
        scan->at++;
    }
}

/* ---- Strings -------------------------------------------------------------------------------- */

static bool take_hex4(struct scan *scan, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = peek(scan);
        uint32_t digit = 0;

        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (c >= 'a' && c <= 'f')
            digit = c - 'a' + 10U;
        else if (c >= 'A' && c <= 'F')
            digit = c - 'A' + 10U;
        else
            return fault(scan, "\\u without four hexadecimal digits");
        *unit = *unit << 4 | digit;
        scan->at++;
    }
    return true;
}

/* After "\u": one character, of two units where it must be. */
static bool take_unicode(struct scan *scan, uint32_t *character)
{
    uint32_t low = 0;

    if (!take_hex4(scan, character))
        return false;
    if (*character == 0)
        return fault(scan, "\\u0000 is not allowed");
    if (*character < 0xD800 || *character > 0xDFFF)
        return true;
    if (*character > 0xDBFF || peek(scan) != '\\')
        return fault(scan, "half of a surrogate pair");
    scan->at++;
    if (peek(scan) != 'u')
        return fault(scan, "half of a surrogate pair");
    scan->at++;
    if (!take_hex4(scan, &low))
        return false;
    if (low < 0xDC00 || low > 0xDFFF)
        return fault(scan, "half of a surrogate pair");
    *character = 0x10000 + ((*character - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static uint8_t *write_utf8(uint8_t *out, uint32_t character)
{
    if (character < 0x80) {
        *out++ = (uint8_t)character;
        return out;
    }
    if (character < 0x800) {
        *out++ = (uint8_t)(0xC0 | character >> 6);
    } else if (character < 0x10000) {
        *out++ = (uint8_t)(0xE0 | character >> 12);
        *out++ = (uint8_t)(0x80 | (character >> 6 & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | character >> 18);
        *out++ = (uint8_t)(0x80 | (character >> 12 & 0x3F));
        *out++ = (uint8_t)(0x80 | (character >> 6 & 0x3F));
    }
    *out++ = (uint8_t)(0x80 | (character & 0x3F));
    return out;
}

/* After a backslash. */
static bool take_escape(struct scan *scan, uint8_t **out)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    uint8_t c = peek(scan);
    uint32_t character = 0;

    if (c == 'u') {
        scan->at++;
        if (!take_unicode(scan, &character))
            return false;
        *out = write_utf8(*out, character);
        return true;
    }
    for (size_t i = 0; escapes[i] != 0; i += 2)
        if (c == (uint8_t)escapes[i]) {
            *(*out)++ = (uint8_t)escapes[i + 1];
            scan->at++;
            return true;
        }
    return fault(scan, "unknown escape");
}

/* Neither the end of a string nor an escape, and ASCII. */
static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether one of eight bytes may be something else: a zero byte borrows from the one above it. */
static bool may_be_special(uint64_t eight)
{
    uint64_t quote = eight ^ EACH_BYTE('"');
    uint64_t backslash = eight ^ EACH_BYTE('\\');

    return ((eight | (eight - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) |
             (backslash - EACH_BYTE(1))) &
            EACH_BYTE(0x80)) != 0;
}

/* Most of what a string has; most of a request is in long strings. */
static void skip_plain(struct scan *scan)
{
    const uint8_t *end = scan->text.data + scan->text.length;
    const uint8_t *next = scan->text.data + scan->at;
    uint64_t eight = 0;

    for (; (size_t)(end - next) >= sizeof(eight); next += sizeof(eight)) {
        memcpy(&eight, next, sizeof(eight));
        if (may_be_special(eight))
            break;
    }
    while (next < end && is_plain(*next))
        next++;
    scan->at = (size_t)(next - scan->text.data);
}

static uint8_t *take_plain(struct scan *scan, uint8_t *out)
{
    size_t begin = scan->at;

    skip_plain(scan);
    memcpy(out, scan->text.data + begin, scan->at - begin);
    return out + (scan->at - begin);
}

/*
 * A string from its first character on. Without escapes it is written behind those that are kept;
 * the next string overwrites it unless it is kept too.
 */
static bool unescape_string(struct scan *scan, struct ska_span *value)
{
    size_t begin = scan->at;
    uint8_t *out = NULL;
    bool ascii = true;

    if (scan->unescaped == NULL)
        scan->unescaped = malloc(scan->text.length);
    scan->out_of_memory = scan->unescaped == NULL;
    if (scan->out_of_memory)
        return false;
    out = scan->unescaped + scan->unescaped_length;
    value->data = out;
    for (;;) {
        uint8_t c = 0;

        out = take_plain(scan, out);
        c = peek(scan);
        if (c == '"')
            break;
        if (at_end(scan))
            return fault(scan, "the text ends inside a string");
        if (c < 0x20)
            return fault(scan, "control character in a string");
        scan->at++;
        ascii = ascii && c < 0x80;
        if (c != '\\')
            *out++ = c;
        else if (!take_escape(scan, &out))
            return false;
    }
    value->length = (size_t)(out - value->data);
    if (!ascii && !ska_utf8_valid(ska_span(scan->text.data + begin, scan->at - begin))) {
        scan->at = begin;
        return fault(scan, "this string is not UTF-8");
    }
    scan->at++;
    return true;
}

/* At a quotation mark. */
static bool take_string(struct scan *scan, struct ska_span *value)
{
    size_t begin = ++scan->at;

    skip_plain(scan);
    if (peek(scan) != '"') {
        scan->at = begin;
        return unescape_string(scan, value);
    }
    *value = ska_span(scan->text.data + begin, scan->at - begin);
    scan->at++;
    return true;
}

/* ---- Numbers and words ---------------------------------------------------------------------- */

static size_t skip_digits(struct scan *scan)
{
    size_t begin = scan->at;

    while (peek(scan) >= '0' && peek(scan) <= '9')
        scan->at++;
    return scan->at - begin;
}

static bool take_number(struct scan *scan)
{
    size_t begin = scan->at;

    if (peek(scan) == '-')
        scan->at++;
    if (peek(scan) == '0')
        scan->at++;
    else if (skip_digits(scan) == 0)
        return fault(scan, "digit expected");
    if (peek(scan) == '.') {
        scan->at++;
        if (skip_digits(scan) == 0)
            return fault(scan, "digit expected");
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        if (skip_digits(scan) == 0)
            return fault(scan, "digit expected");
    }
    if (scan->at - begin > NUMBER_LIMIT)
        return fault(scan, "number with too many digits");
    return true;
}

static bool take_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);

        if (scan->text.length - scan->at >= length &&
            memcmp(scan->text.data + scan->at, words[i], length) == 0) {
            scan->at += length;
            return true;
        }
    }
    return fault(scan, "value expected");
}

/* ---- Objects and arrays --------------------------------------------------------------------- */

static bool open_level(struct scan *scan, bool object, enum expect *expect)
{
    if (scan->depth == SKA_JSON_DEPTH)
        return fault(scan, "nested too deeply");
    scan->levels[scan->depth].object = object;
    scan->levels[scan->depth].number = object ? scan->objects++ : 0;
    scan->depth++;
    scan->at++;
    *expect = object ? NAME_OR_END : VALUE_OR_END;
    return true;
}

static bool close_level(struct scan *scan, enum expect *expect)
{
    scan->depth--;
    scan->at++;
    *expect = COMMA_OR_END;
    return true;
}

static bool keep_member(struct scan *scan, size_t at, struct ska_span name)
{
    struct member *member = NULL;

    if (scan->member_count == scan->member_capacity) {
        size_t capacity = scan->member_capacity == 0 ? 32 : scan->member_capacity * 2;
        struct member *members = realloc(scan->members, capacity * sizeof(*members));

        if (members == NULL) {
            scan->out_of_memory = true;
            return false;
        }
        scan->members = members;
        scan->member_capacity = capacity;
    }
    member = &scan->members[scan->member_count++];
    member->object = scan->levels[scan->depth - 1].number;
    member->at = (uint32_t)at;
    member->name = name;
    if (scan->unescaped != NULL && name.data == scan->unescaped + scan->unescaped_length)
        scan->unescaped_length += name.length;
    return true;
}

static bool is_unwanted(const struct scan *scan, struct ska_span name)
{
    for (size_t i = 0; i < SKA_JSON_UNWANTED && scan->unwanted[i] != NULL; i++)
        if (ska_span_equal(name, ska_span_text(scan->unwanted[i])))
            return true;
    return false;
}

/* The name of a member and the colon behind it. */
static bool take_name(struct scan *scan, enum expect *expect)
{
    size_t begin = scan->at;
    struct ska_span name = {NULL, 0};

    if (peek(scan) != '"')
        return fault(scan, "name of a member expected");
    if (!take_string(scan, &name) || !keep_member(scan, begin, name))
        return false;
    skip_blanks(scan);
    if (peek(scan) != ':')
        return fault(scan, "':' expected");
    scan->at++;
    *expect = VALUE;
    if (scan->depth == 1 && is_unwanted(scan, name))
        scan->unwanted_value = scan->text.data + scan->at;
    return true;
}

/* After a value of the outermost object. */
static void note_unwanted(struct scan *scan)
{
    struct ska_json_values *values = scan->values;
    const uint8_t *begin = scan->unwanted_value;
    const uint8_t *end = scan->text.data + scan->at;

    scan->unwanted_value = NULL;
    /* More than there are names: one is doubled, which ends everything later. */
    if (begin != NULL && values->count < SKA_JSON_UNWANTED)
        values->list[values->count++] = ska_span(begin, (size_t)(end - begin));
}

static bool take_value(struct scan *scan, enum expect *expect)
{
    uint8_t c = peek(scan);
    struct ska_span ignored;

    if (c == '{' || c == '[')
        return open_level(scan, c == '{', expect);
    *expect = COMMA_OR_END;
    if (c == '"')
        return take_string(scan, &ignored);
    if (c == '-' || (c >= '0' && c <= '9'))
        return take_number(scan);
    return take_word(scan);
}

/* After a value inside an object or array. */
static bool take_comma(struct scan *scan, enum expect *expect)
{
    bool object = scan->levels[scan->depth - 1].object;

    if (peek(scan) == (object ? '}' : ']'))
        return close_level(scan, expect);
    if (peek(scan) != ',')
        return fault(scan, object ? "',' or '}' expected" : "',' or ']' expected");
    scan->at++;
    *expect = object ? NAME : VALUE;
    return true;
}

static bool scan_text(struct scan *scan)
{
    enum expect expect = VALUE;

    for (;;) {
        bool done = false;
        bool whole = scan->depth == 0 && expect == COMMA_OR_END;

        skip_blanks(scan);
        if (at_end(scan))
            return whole || fault(scan, "the text ends too early");
        if (whole)
            return fault(scan, "something follows the JSON value");
        if (expect == NAME_OR_END && peek(scan) == '}')
            done = close_level(scan, &expect);
        else if (expect == VALUE_OR_END && peek(scan) == ']')
            done = close_level(scan, &expect);
        else if (expect == NAME_OR_END || expect == NAME)
            done = take_name(scan, &expect);
        else if (expect == COMMA_OR_END)
            done = take_comma(scan, &expect);
        else
            done = take_value(scan, &expect);
        if (!done)
            return false;
        if (scan->depth == 1 && expect == COMMA_OR_END)
            note_unwanted(scan);
    }
}

/* ---- Doubled members ------------------------------------------------------------------------ */

static int compare_names(const struct member *a, const struct member *b)
{
    size_t shorter = a->name.length < b->name.length ? a->name.length : b->name.length;
    int order = 0;

    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    if (shorter > 0)
        order = memcmp(a->name.data, b->name.data, shorter);
    if (order == 0 && a->name.length != b->name.length)
        order = a->name.length < b->name.length ? -1 : 1;
    return order;
}

/* Equal names in the order of the text, so that the second of them is the one to report. */
static int compare_members(const void *left, const void *right)
{
    const struct member *a = left;
    const struct member *b = right;
    int order = compare_names(a, b);

    if (order == 0 && a->at != b->at)
        order = a->at < b->at ? -1 : 1;
    return order;
}

/* Comparing so many each with each costs less than sorting them. */
#define FEW 64

/* In the order of the text: the first member whose name its object has already; or NULL. */
static const struct member *find_doubled_of_few(const struct scan *scan)
{
    const struct member *members = scan->members;

    for (size_t i = 1; i < scan->member_count; i++)
        for (size_t j = 0; j < i; j++)
            if (members[i].object == members[j].object &&
                ska_span_equal(members[i].name, members[j].name))
                return &members[i];
    return NULL;
}

/* The same for any number; the members are in another order then. */
static const struct member *find_doubled(struct scan *scan)
{
    const struct member *first = NULL;

    if (scan->member_count <= FEW)
        return find_doubled_of_few(scan);
    qsort(scan->members, scan->member_count, sizeof(*scan->members), compare_members);
    for (size_t i = 1; i < scan->member_count; i++)
        if (compare_names(&scan->members[i - 1], &scan->members[i]) == 0 &&
            (first == NULL || scan->members[i].at < first->at))
            first = &scan->members[i];
    return first;
}

/* ---- All of it ------------------------------------------------------------------------------ */

static bool report(const struct scan *scan, size_t at, const char *what, struct ska_span name,
                   const char *shown, const struct ska_errors *errors)
{
    char *member = ska_printable(name, 64);
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < at; i++) {
        column++;
        if (scan->text.data[i] == '\n') {
            line++;
            column = 1;
        }
    }
    ska_fail(errors, SKA_R_BAD_JSON, "%s: line %zu, column %zu: %s%s%s%s", shown, line, column,
             what, name.data == NULL ? "" : " '", name.data == NULL || member == NULL ? "" : member,
             name.data == NULL ? "" : "'");
    free(member);
    return false;
}

bool ska_json_scan(struct ska_span text, const char *shown, const struct ska_errors *errors)
{
    static const char *const none[SKA_JSON_UNWANTED] = {NULL};
    struct ska_json_values values = {0};

    return ska_json_scan_for(text, shown, none, &values, errors);
}

bool ska_json_scan_for(struct ska_span text, const char *shown,
                       const char *const names[SKA_JSON_UNWANTED], struct ska_json_values *values,
                       const struct ska_errors *errors)
{
    struct scan scan = {.text = text, .unwanted = names, .values = values};
    const struct member *doubled = NULL;
    bool done = false;

    if (text.length == 0)
        return ska_fail(errors, SKA_R_BAD_JSON, "%s: empty", shown);
    if (text.length > SKA_JSON_LIMIT)
        return ska_fail(errors, SKA_R_BAD_JSON, "%s: longer than %zu bytes", shown, SKA_JSON_LIMIT);
    if (!scan_text(&scan)) {
        if (scan.out_of_memory)
            ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s: %zu bytes", shown, text.length);
        else
            report(&scan, scan.at, scan.fault, ska_span(NULL, 0), shown, errors);
        goto out;
    }
    doubled = find_doubled(&scan);
    if (doubled != NULL)
        report(&scan, doubled->at, "doubled member", doubled->name, shown, errors);
    else
        done = true;
out:
    free(scan.members);
    free(scan.unescaped);
    return done;
}
