/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/json.h"

#include <stdlib.h>
#include <string.h>

/* Whole numbers up to here are exact in a double. */
#define UINT_LIMIT 9007199254740991.0

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

/* ---- Members -------------------------------------------------------------------------------- */

/* What stands between the name of a place and that of a member. */
static const char *separator(const char *where)
{
    size_t length = strlen(where);

    return length == 0 ? "" : where[length - 1] == ':' ? " " : ".";
}

bool ska_json_fail(const struct ska_json_place *place, const char *name, const char *what)
{
    return ska_fail(place->errors, place->reason, "%s%s%s: %s", place->where,
                    separator(place->where), name, what);
}

bool ska_json_fail_value(const struct ska_json_place *place, const char *name, const char *value,
                         const char *wanted)
{
    char *shown = ska_printable(ska_span_text(value), 64);

    ska_fail(place->errors, place->reason, "%s%s%s: '%s' is not %s", place->where,
             separator(place->where), name, shown == NULL ? "" : shown, wanted);
    free(shown);
    return false;
}

char *ska_json_where_top(const char *shown, const struct ska_errors *errors)
{
    char *name = ska_printable(ska_span_text(shown), 4096);
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    if (name == NULL) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "JSON text");
        return NULL;
    }
    ska_buffer_format(&buffer, "%s:", name);
    free(name);
    if (!ska_buffer_finish(&buffer, &text, errors))
        return NULL;
    return (char *)text.data;
}

char *ska_json_where(const struct ska_json_place *place, const char *name)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    ska_buffer_text(&buffer, place->where);
    ska_buffer_text(&buffer, separator(place->where));
    ska_buffer_text(&buffer, name);
    if (!ska_buffer_finish(&buffer, &text, place->errors))
        return NULL;
    return (char *)text.data;
}

char *ska_json_where_index(const char *where, size_t index, const struct ska_errors *errors)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    ska_buffer_format(&buffer, "%s[%zu]", where, index);
    if (!ska_buffer_finish(&buffer, &text, errors))
        return NULL;
    return (char *)text.data;
}

typedef cJSON_bool is_kind(const cJSON *item);

/* *item is NULL for one that is absent or null. */
static bool find_member(const struct ska_json_place *place, const char *name,
                        enum ska_json_need need, is_kind *is_wanted, const char *expected,
                        const cJSON **item)
{
    *item = cJSON_GetObjectItemCaseSensitive(place->object, name);
    if (cJSON_IsNull(*item))
        *item = NULL;
    if (*item == NULL)
        return need != SKA_JSON_REQUIRED || ska_json_fail(place, name, "missing");
    return is_wanted(*item) || ska_json_fail(place, name, expected);
}

bool ska_json_text(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                   const char **value)
{
    const cJSON *item = NULL;

    if (!find_member(place, name, need, cJSON_IsString, "text expected", &item))
        return false;
    if (item != NULL)
        *value = item->valuestring;
    return true;
}

bool ska_json_uint(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                   uint64_t *value)
{
    const cJSON *item = NULL;

    if (!find_member(place, name, need, cJSON_IsNumber, "number expected", &item))
        return false;
    if (item == NULL)
        return true;
    if (!(item->valuedouble >= 0 && item->valuedouble <= UINT_LIMIT) ||
        (double)(uint64_t)item->valuedouble != item->valuedouble)
        return ska_json_fail(place, name, "whole number from 0 to 9007199254740991 expected");
    *value = (uint64_t)item->valuedouble;
    return true;
}

bool ska_json_bool(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                   bool *value)
{
    const cJSON *item = NULL;

    if (!find_member(place, name, need, cJSON_IsBool, "true or false expected", &item))
        return false;
    if (item != NULL)
        *value = cJSON_IsTrue(item);
    return true;
}

bool ska_json_base64(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                     struct ska_bytes *value)
{
    const char *text = NULL;
    struct ska_bytes bytes = {NULL, 0};

    if (!ska_json_text(place, name, need, &text))
        return false;
    if (text == NULL)
        return true;
    if (!ska_base64_decode(text, &bytes))
        return ska_json_fail(place, name, "base64 on one line expected");
    ska_bytes_free(value);
    *value = bytes;
    return true;
}

bool ska_json_object(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                     const cJSON **value)
{
    const cJSON *item = NULL;

    if (!find_member(place, name, need, cJSON_IsObject, "object expected", &item))
        return false;
    if (item != NULL)
        *value = item;
    return true;
}

bool ska_json_array(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                    const cJSON **value)
{
    const cJSON *item = NULL;

    if (!find_member(place, name, need, cJSON_IsArray, "array expected", &item))
        return false;
    if (item != NULL)
        *value = item;
    return true;
}

bool ska_json_enter(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                    struct ska_json_place *inside, char **where)
{
    *inside = *place;
    inside->object = NULL;
    *where = NULL;
    if (!ska_json_object(place, name, need, &inside->object))
        return false;
    if (inside->object == NULL)
        return true;
    *where = ska_json_where(place, name);
    inside->where = *where;
    return *where != NULL;
}

static bool fail_unknown(const struct ska_json_place *place, const char *name,
                         const char *const *names)
{
    char *shown = ska_printable(ska_span_text(name), 64);
    struct ska_buffer text = {0};
    struct ska_bytes fault = {NULL, 0};
    const char *separator = "unknown member; there are ";

    for (; *names != NULL; names++) {
        ska_buffer_format(&text, "%s%s", separator, *names);
        separator = ", ";
    }
    ska_json_fail(place, shown == NULL ? "" : shown,
                  ska_buffer_finish(&text, &fault, NULL) ? (const char *)fault.data
                                                         : "unknown member");
    free(shown);
    ska_bytes_free(&fault);
    return false;
}

bool ska_json_only(const struct ska_json_place *place, const char *const *names)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, place->object)
    {
        const char *const *name = names;

        while (*name != NULL && strcmp(*name, member->string) != 0)
            name++;
        if (*name == NULL)
            return fail_unknown(place, member->string, names);
    }
    return true;
}

/* ---- Adding --------------------------------------------------------------------------------- */

bool ska_json_add_text(cJSON *object, const char *name, const char *value)
{
    return value == NULL || cJSON_AddStringToObject(object, name, value) != NULL;
}

bool ska_json_add_base64(cJSON *object, const char *name, struct ska_span value)
{
    char *text = NULL;
    bool done =
        ska_base64_encode(value, &text, NULL) && cJSON_AddStringToObject(object, name, text);

    free(text);
    return done;
}

bool ska_json_add_hex(cJSON *object, const char *name, struct ska_span value)
{
    char *text = NULL;
    bool done = ska_hex_encode(value, &text, NULL) && cJSON_AddStringToObject(object, name, text);

    free(text);
    return done;
}

/* Takes over what cJSON has printed. */
static bool finish_print(char *printed, struct ska_bytes *text, const struct ska_errors *errors)
{
    size_t length = printed == NULL ? 0 : strlen(printed);
    struct ska_buffer buffer = {0};
    bool done = false;

    if (printed == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "writing JSON");
    if (length >= SKA_JSON_LIMIT)
        ska_fail(errors, SKA_R_BAD_INPUT_LENGTH, "JSON of %zu bytes, more than %zu", length,
                 SKA_JSON_LIMIT - 1);
    else if (!ska_utf8_valid(ska_span(printed, length)))
        ska_fail(errors, SKA_R_UNSUPPORTED, "a name that is not UTF-8 cannot be written as JSON");
    else {
        ska_buffer_add(&buffer, printed, length);
        ska_buffer_text(&buffer, "\n");
        done = ska_buffer_finish(&buffer, text, errors);
    }
    cJSON_free(printed);
    return done;
}

bool ska_json_print(const cJSON *json, struct ska_bytes *text, const struct ska_errors *errors)
{
    return finish_print(cJSON_Print(json), text, errors);
}

bool ska_json_print_line(const cJSON *json, struct ska_bytes *text, const struct ska_errors *errors)
{
    return finish_print(cJSON_PrintUnformatted(json), text, errors);
}
