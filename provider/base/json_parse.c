/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/json.h"

#include <stdlib.h>
#include <string.h>

/* Longer ones have no use, and cJSON reads 63 characters of a number. */
#define NUMBER_LIMIT 32

/* ---- The guard ------------------------------------------------------------------------------ */

/*
 * Whether a text is JSON as json.h promises it. It goes before cJSON, since that recurses as deep
 * as a text wants, while this may run on the small stack of a libcrypto ASYNC job, and since it
 * takes much that is no JSON. The guard recurses too, but SKA_JSON_DEPTH times at most.
 */
struct json_guard {
    struct ska_span text;
    size_t at;
    const char *fault;
    size_t names;   /* of members, seen so far */
    size_t doubled; /* the one of them that must not be there; SIZE_MAX: not known, or none */
};

static bool guard_fault(struct json_guard *guard, const char *what)
{
    guard->fault = what;
    return false;
}

static bool guard_at_end(const struct json_guard *guard)
{
    return guard->at == guard->text.length;
}

/* The byte at the current place; 0, which is allowed nowhere, at the end. */
static uint8_t guard_peek(const struct json_guard *guard)
{
    return guard_at_end(guard) ? 0 : guard->text.data[guard->at];
}

static bool guard_skip(struct json_guard *guard, char c)
{
    if (guard_peek(guard) != (uint8_t)c)
        return false;
    guard->at++;
    return true;
}

static void guard_skip_blanks(struct json_guard *guard)
{
    uint8_t c = guard_peek(guard);

    while (c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
        guard->at++;
        c = guard_peek(guard);
    }
}

static bool guard_expected(struct json_guard *guard, const char *what)
{
    return guard_fault(guard, guard_at_end(guard) ? "the text ends too early" : what);
}

/* After "\u". */
static bool guard_unit(struct json_guard *guard, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = guard_peek(guard);
        bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        if (!letter && !(c >= '0' && c <= '9'))
            return guard_fault(guard, "\\u without four hexadecimal digits");
        *unit = *unit << 4 | (letter ? (c & 0x0FU) + 9 : c & 0x0FU);
        guard->at++;
    }
    return true;
}

/* After a backslash. */
static bool guard_escape(struct json_guard *guard)
{
    static const char escapes[] = "\"\\/bfnrt";
    uint32_t unit = 0;

    if (!guard_skip(guard, 'u')) {
        if (memchr(escapes, guard_peek(guard), strlen(escapes)) == NULL)
            return guard_fault(guard, "unknown escape");
        guard->at++;
        return true;
    }
    if (!guard_unit(guard, &unit))
        return false;
    if (unit == 0)
        return guard_fault(guard, "\\u0000 is not allowed");
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    if (unit > 0xDBFF || !guard_skip(guard, '\\') || !guard_skip(guard, 'u'))
        return guard_fault(guard, "half of a surrogate pair");
    return guard_unit(guard, &unit) &&
           ((unit >= 0xDC00 && unit <= 0xDFFF) || guard_fault(guard, "half of a surrogate pair"));
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether one of eight bytes may end plain text: a zero byte borrows from the one above it. */
static bool may_be_special(uint64_t eight)
{
    uint64_t quote = eight ^ EACH_BYTE('"');
    uint64_t backslash = eight ^ EACH_BYTE('\\');

    return ((eight | (eight - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) |
             (backslash - EACH_BYTE(1))) &
            EACH_BYTE(0x80)) != 0;
}

/* ASCII that neither ends a string nor begins an escape: most of any text, so eight at a time. */
static void guard_skip_plain(struct json_guard *guard)
{
    const uint8_t *end = guard->text.data + guard->text.length;
    const uint8_t *next = guard->text.data + guard->at;
    uint64_t eight = 0;

    for (; (size_t)(end - next) >= sizeof(eight); next += sizeof(eight)) {
        memcpy(&eight, next, sizeof(eight));
        if (may_be_special(eight))
            break;
    }
    while (next < end && *next >= 0x20 && *next < 0x80 && *next != '"' && *next != '\\')
        next++;
    guard->at = (size_t)(next - guard->text.data);
}

/* After the quotation mark. */
static bool guard_string(struct json_guard *guard)
{
    size_t begin = guard->at;
    bool ascii = true;

    for (;;) {
        uint8_t c = 0;

        guard_skip_plain(guard);
        c = guard_peek(guard);
        if (c == '"')
            break;
        if (guard_at_end(guard))
            return guard_fault(guard, "the text ends inside a string");
        if (c < 0x20)
            return guard_fault(guard, "control character in a string");
        guard->at++;
        ascii = ascii && c < 0x80;
        if (c == '\\' && !guard_escape(guard))
            return false;
    }
    if (!ascii && !ska_utf8_valid(ska_span(guard->text.data + begin, guard->at - begin))) {
        guard->at = begin;
        return guard_fault(guard, "this string is not UTF-8");
    }
    guard->at++;
    return true;
}

static bool guard_digits(struct json_guard *guard)
{
    size_t begin = guard->at;

    while (guard_peek(guard) >= '0' && guard_peek(guard) <= '9')
        guard->at++;
    return guard->at > begin || guard_fault(guard, "digit expected");
}

static bool guard_number(struct json_guard *guard)
{
    size_t begin = guard->at;

    guard_skip(guard, '-');
    if (!guard_skip(guard, '0') && !guard_digits(guard))
        return false;
    if (guard_skip(guard, '.') && !guard_digits(guard))
        return false;
    if (guard_skip(guard, 'e') || guard_skip(guard, 'E')) {
        if (!guard_skip(guard, '+'))
            guard_skip(guard, '-');
        if (!guard_digits(guard))
            return false;
    }
    return guard->at - begin <= NUMBER_LIMIT || guard_fault(guard, "number with too many digits");
}

static bool guard_word(struct json_guard *guard)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);

        if (guard->text.length - guard->at >= length &&
            memcmp(guard->text.data + guard->at, words[i], length) == 0) {
            guard->at += length;
            return true;
        }
    }
    return guard_expected(guard, "value expected");
}

/* The name of a member and the colon behind it. */
static bool guard_name(struct json_guard *guard)
{
    guard_skip_blanks(guard);
    if (guard->names++ == guard->doubled)
        return guard_fault(guard, "doubled member");
    if (!guard_skip(guard, '"'))
        return guard_expected(guard, "name of a member expected");
    if (!guard_string(guard))
        return false;
    guard_skip_blanks(guard);
    return guard_skip(guard, ':') || guard_fault(guard, "':' expected");
}

static bool guard_value(struct json_guard *guard, size_t depth);

/* At the opening bracket. */
static bool guard_container(struct json_guard *guard, bool object, size_t depth)
{
    char end = object ? '}' : ']';

    if (depth > SKA_JSON_DEPTH)
        return guard_fault(guard, "nested too deeply");
    guard->at++;
    guard_skip_blanks(guard);
    if (guard_skip(guard, end))
        return true;
    do {
        if ((object && !guard_name(guard)) || !guard_value(guard, depth))
            return false;
        guard_skip_blanks(guard);
    } while (guard_skip(guard, ','));
    return guard_skip(guard, end) ||
           guard_expected(guard, object ? "',' or '}' expected" : "',' or ']' expected");
}

static bool guard_value(struct json_guard *guard, size_t depth)
{
    uint8_t c = 0;

    guard_skip_blanks(guard);
    c = guard_peek(guard);
    if (c == '{' || c == '[')
        return guard_container(guard, c == '{', depth + 1);
    if (guard_skip(guard, '"'))
        return guard_string(guard);
    return c == '-' || (c >= '0' && c <= '9') ? guard_number(guard) : guard_word(guard);
}

static bool guard_text(struct json_guard *guard)
{
    if (!guard_value(guard, 0))
        return false;
    guard_skip_blanks(guard);
    return guard_at_end(guard) || guard_fault(guard, "something follows the JSON value");
}

/* ---- Doubled members ------------------------------------------------------------------------ */

/* Of two members with one name cJSON gives the first, other readers the second. */
struct json_doubled {
    const cJSON *object;
    const char *name; /* NULL: memory ran out while looking */
};

static int compare_member_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool has_doubled_of_few(const cJSON *object, struct json_doubled *doubled)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, object)
    {
        for (const cJSON *earlier = object->child; earlier != item; earlier = earlier->next)
            if (earlier->string[0] == item->string[0] &&
                strcmp(earlier->string, item->string) == 0) {
                *doubled = (struct json_doubled){object, item->string};
                return true;
            }
    }
    return false;
}

static bool has_doubled_of_many(const cJSON *object, size_t count, struct json_doubled *doubled)
{
    const char **names = malloc(count * sizeof(*names));
    const cJSON *item = NULL;
    size_t at = 0;

    *doubled = (struct json_doubled){object, NULL};
    if (names == NULL)
        return true;
    cJSON_ArrayForEach(item, object)
    {
        names[at++] = item->string;
    }
    qsort(names, count, sizeof(*names), compare_member_names);
    for (size_t i = 1; i < count && doubled->name == NULL; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            doubled->name = names[i];
    free(names);
    return doubled->name != NULL;
}

/* Comparing so many each with each costs less than sorting them. */
#define FEW 64

/* Whether any object of the tree has two members with one name, or memory runs out. */
static bool has_doubled(const cJSON *json, struct json_doubled *doubled)
{
    size_t count = cJSON_IsObject(json) ? (size_t)cJSON_GetArraySize(json) : 0;
    const cJSON *item = NULL;

    if (count > FEW ? has_doubled_of_many(json, count, doubled)
                    : count > 0 && has_doubled_of_few(json, doubled))
        return true;
    cJSON_ArrayForEach(item, json)
    {
        if (item->child != NULL && has_doubled(item, doubled))
            return true;
    }
    return false;
}

/* How many members stand before this one in the text, whose order the tree keeps. */
static bool count_before(const cJSON *json, const cJSON *member, size_t *count)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, json)
    {
        if (item == member)
            return true;
        *count += cJSON_IsObject(json) ? 1 : 0;
        if (count_before(item, member, count))
            return true;
    }
    return false;
}

/* ---- Parsing -------------------------------------------------------------------------------- */

/* Line and column are counted from 1, columns in bytes. */
static bool guard_fail(const struct json_guard *guard, const char *name, const char *shown,
                       const struct ska_errors *errors)
{
    char *member = ska_printable(ska_span_text(name), 64);
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < guard->at; i++) {
        column++;
        if (guard->text.data[i] == '\n') {
            line++;
            column = 1;
        }
    }
    ska_fail(errors, SKA_R_BAD_JSON, "%s: line %zu, column %zu: %s%s%s%s", shown, line, column,
             guard->fault, name == NULL ? "" : " '", name == NULL || member == NULL ? "" : member,
             name == NULL ? "" : "'");
    free(member);
    return false;
}

/* Only the text tells where the member stands: it is gone through again, as far as that. */
static bool guard_fail_doubled(struct ska_span text, const cJSON *json,
                               const struct json_doubled *doubled, const char *shown,
                               const struct ska_errors *errors)
{
    struct json_guard guard = {.text = text};
    const cJSON *second = NULL;

    if (doubled->name == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s: %zu bytes of JSON", shown, text.length);
    second = cJSON_GetObjectItemCaseSensitive(doubled->object, doubled->name)->next;
    while (strcmp(second->string, doubled->name) != 0)
        second = second->next;
    return !count_before(json, second, &guard.doubled) || guard_text(&guard) ||
           guard_fail(&guard, doubled->name, shown, errors);
}

static bool parse_guarded(struct ska_span text, const char *shown, cJSON **json,
                          const struct ska_errors *errors)
{
    struct json_guard guard = {.text = text, .doubled = SIZE_MAX};
    struct json_doubled doubled = {NULL, NULL};
    cJSON *parsed = NULL;

    if (text.length == 0)
        return ska_fail(errors, SKA_R_BAD_JSON, "%s: empty", shown);
    if (text.length > SKA_JSON_LIMIT)
        return ska_fail(errors, SKA_R_BAD_JSON, "%s: longer than %zu bytes", shown, SKA_JSON_LIMIT);
    if (!guard_text(&guard))
        return guard_fail(&guard, NULL, shown, errors);
    parsed = cJSON_ParseWithLength((const char *)text.data, text.length);
    if (parsed == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s: %zu bytes of JSON", shown, text.length);
    if (has_doubled(parsed, &doubled)) {
        guard_fail_doubled(text, parsed, &doubled, shown, errors);
        cJSON_Delete(parsed);
        return false;
    }
    *json = parsed;
    return true;
}

bool ska_json_parse(struct ska_span text, const char *shown, cJSON **json,
                    const struct ska_errors *errors)
{
    char *name = ska_printable(ska_span_text(shown), 4096);
    bool done = false;

    if (name == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "JSON text");
    done = parse_guarded(text, name, json, errors);
    free(name);
    return done;
}
