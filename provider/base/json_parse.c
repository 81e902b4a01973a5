/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/json.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Longer ones have no use, and cJSON reads 63 characters of a number. */
#define NUMBER_LIMIT 32

/* ---- The grammar ---------------------------------------------------------------------------- */

/*
 * Everything is decided here; cJSON, which takes much that is no JSON, only holds the tree and
 * converts single numbers and strings that are known to be well-formed. This recurses
 * SKA_JSON_DEPTH times at most, since it may run on the small stack of a libcrypto ASYNC job.
 *
 * A rule of a hundred people has a thousand strings. They stay where they are, in the tree's own
 * copy of the text, each ended by a zero byte over its closing quotation mark.
 */
struct json_parser {
    struct ska_span text; /* the copy */
    char *copy;
    size_t at;
    const char *fault; /* NULL: none, or memory ran out */
    char *doubled;     /* the name, printable, if that is the fault */
};

static bool json_fault(struct json_parser *parser, const char *what)
{
    parser->fault = what;
    return false;
}

static bool json_at_end(const struct json_parser *parser)
{
    return parser->at == parser->text.length;
}

/* The byte at the current place; 0, which is allowed nowhere, at the end. */
static uint8_t json_peek(const struct json_parser *parser)
{
    return json_at_end(parser) ? 0 : parser->text.data[parser->at];
}

static bool json_skip(struct json_parser *parser, char c)
{
    if (json_peek(parser) != (uint8_t)c)
        return false;
    parser->at++;
    return true;
}

static void json_skip_blanks(struct json_parser *parser)
{
    uint8_t c = json_peek(parser);

    while (c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
        parser->at++;
        c = json_peek(parser);
    }
}

static bool json_expected(struct json_parser *parser, const char *what)
{
    return json_fault(parser, json_at_end(parser) ? "the text ends too early" : what);
}

/* After "\u". */
static bool json_unit(struct json_parser *parser, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = json_peek(parser);
        bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        if (!letter && !(c >= '0' && c <= '9'))
            return json_fault(parser, "\\u without four hexadecimal digits");
        *unit = *unit << 4 | (letter ? (c & 0x0FU) + 9 : c & 0x0FU);
        parser->at++;
    }
    return true;
}

/* After a backslash. */
static bool json_escape(struct json_parser *parser)
{
    static const char escapes[] = "\"\\/bfnrt";
    uint32_t unit = 0;

    if (!json_skip(parser, 'u')) {
        if (memchr(escapes, json_peek(parser), strlen(escapes)) == NULL)
            return json_fault(parser, "unknown escape");
        parser->at++;
        return true;
    }
    if (!json_unit(parser, &unit))
        return false;
    if (unit == 0)
        return json_fault(parser, "\\u0000 is not allowed");
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    if (unit > 0xDBFF || !json_skip(parser, '\\') || !json_skip(parser, 'u'))
        return json_fault(parser, "half of a surrogate pair");
    return json_unit(parser, &unit) &&
           ((unit >= 0xDC00 && unit <= 0xDFFF) || json_fault(parser, "half of a surrogate pair"));
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
static void json_skip_plain(struct json_parser *parser)
{
    const uint8_t *end = parser->text.data + parser->text.length;
    const uint8_t *next = parser->text.data + parser->at;
    uint64_t eight = 0;

    for (; (size_t)(end - next) >= sizeof(eight); next += sizeof(eight)) {
        memcpy(&eight, next, sizeof(eight));
        if (may_be_special(eight))
            break;
    }
    while (next < end && *next >= 0x20 && *next < 0x80 && *next != '"' && *next != '\\')
        next++;
    parser->at = (size_t)(next - parser->text.data);
}

/* What a well-formed string between quotation marks says; NULL: out of memory. */
static char *json_unescape(struct ska_span inside)
{
    cJSON *item = cJSON_ParseWithLength((const char *)inside.data - 1, inside.length + 2);
    char *text = item == NULL ? NULL : item->valuestring;

    if (item != NULL)
        item->valuestring = NULL;
    cJSON_Delete(item);
    return text;
}

/* After the quotation mark. *own: the text is to be freed with cJSON_free(), not in the copy. */
static bool json_string(struct json_parser *parser, char **text, bool *own)
{
    size_t begin = parser->at;
    bool ascii = true;
    struct ska_span inside;

    *own = false;

    for (;;) {
        uint8_t c = 0;

        json_skip_plain(parser);
        c = json_peek(parser);
        if (c == '"')
            break;
        if (json_at_end(parser))
            return json_fault(parser, "the text ends inside a string");
        if (c < 0x20)
            return json_fault(parser, "control character in a string");
        parser->at++;
        ascii = ascii && c < 0x80;
        *own = *own || c == '\\';
        if (c == '\\' && !json_escape(parser))
            return false;
    }
    inside = ska_span(parser->text.data + begin, parser->at - begin);
    if (!ascii && !ska_utf8_valid(inside)) {
        parser->at = begin;
        return json_fault(parser, "this string is not UTF-8");
    }
    *text = *own ? json_unescape(inside) : parser->copy + begin;
    parser->copy[parser->at++] = 0;
    return *text != NULL;
}

static bool json_digits(struct json_parser *parser)
{
    size_t begin = parser->at;

    while (json_peek(parser) >= '0' && json_peek(parser) <= '9')
        parser->at++;
    return parser->at > begin || json_fault(parser, "digit expected");
}

static bool json_number(struct json_parser *parser)
{
    size_t begin = parser->at;

    json_skip(parser, '-');
    if (!json_skip(parser, '0') && !json_digits(parser))
        return false;
    if (json_skip(parser, '.') && !json_digits(parser))
        return false;
    if (json_skip(parser, 'e') || json_skip(parser, 'E')) {
        if (!json_skip(parser, '+'))
            json_skip(parser, '-');
        if (!json_digits(parser))
            return false;
    }
    return parser->at - begin <= NUMBER_LIMIT || json_fault(parser, "number with too many digits");
}

static bool json_word(struct json_parser *parser)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);

        if (parser->text.length - parser->at >= length &&
            memcmp(parser->text.data + parser->at, words[i], length) == 0) {
            parser->at += length;
            return true;
        }
    }
    return json_expected(parser, "value expected");
}

/* ---- The tree ------------------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right)
{
    return strcmp(left, right);
}

static void forget_name(void *name)
{
    (void)name; /* its member has it */
}

/* So many members are compared one by one; the names of more are kept in a tree. */
#define FEW_MEMBERS 32

/* The members of an object so far. */
struct json_members {
    const cJSON *object;
    size_t count;
    void *names; /* tsearch() */
};

static bool json_is_doubled(struct json_parser *parser, const char *name)
{
    parser->doubled = ska_printable(ska_span_text(name), 64);
    return json_fault(parser, "duplicate member");
}

/* False, and no fault: out of memory. */
static bool json_remember_name(struct json_parser *parser, struct json_members *members,
                               const char *name)
{
    const char **node = tsearch(name, &members->names, compare_names);

    return node != NULL && (*node == name || json_is_doubled(parser, name));
}

/* Of two members with one name cJSON gives the first, other readers the second. */
static bool json_name_is_new(struct json_parser *parser, struct json_members *members,
                             const char *name)
{
    const cJSON *one = members->object->child;

    if (members->count++ < FEW_MEMBERS) {
        while (one != NULL && (one->string[0] != name[0] || strcmp(one->string, name) != 0))
            one = one->next;
        return one == NULL || json_is_doubled(parser, name);
    }
    /* The first one too many brings those before it along. */
    for (; members->count == FEW_MEMBERS + 1 && one != NULL; one = one->next)
        if (!json_remember_name(parser, members, one->string))
            return false;
    return json_remember_name(parser, members, name);
}

/* The name of a member, which is added to those of the object, and the colon behind it. */
static bool json_name(struct json_parser *parser, struct json_members *members, char **name,
                      bool *own)
{
    size_t begin = 0;

    json_skip_blanks(parser);
    begin = parser->at;
    if (!json_skip(parser, '"'))
        return json_expected(parser, "name of a member expected");
    if (!json_string(parser, name, own))
        return false;
    if (!json_name_is_new(parser, members, *name)) {
        parser->at = begin;
        return false;
    }
    json_skip_blanks(parser);
    return json_skip(parser, ':') || json_fault(parser, "':' expected");
}

static bool json_value(struct json_parser *parser, size_t depth, cJSON **item);

static bool json_element(struct json_parser *parser, cJSON *container, size_t depth,
                         struct json_members *members)
{
    char *name = NULL;
    bool own_name = false;
    cJSON *item = NULL;

    if ((cJSON_IsObject(container) && !json_name(parser, members, &name, &own_name)) ||
        !json_value(parser, depth, &item)) {
        if (own_name)
            cJSON_free(name);
        cJSON_Delete(item);
        return false;
    }
    item->string = name;
    if (!own_name)
        item->type |= cJSON_StringIsConst;
    return cJSON_AddItemToArray(container, item);
}

/* Behind the opening bracket. */
static bool json_elements(struct json_parser *parser, cJSON *container, size_t depth,
                          struct json_members *members)
{
    bool object = cJSON_IsObject(container);
    char end = object ? '}' : ']';

    json_skip_blanks(parser);
    if (json_skip(parser, end))
        return true;
    do {
        if (!json_element(parser, container, depth, members))
            return false;
        json_skip_blanks(parser);
    } while (json_skip(parser, ','));
    return json_skip(parser, end) ||
           json_expected(parser, object ? "',' or '}' expected" : "',' or ']' expected");
}

static bool json_container(struct json_parser *parser, size_t depth, cJSON **item)
{
    struct json_members members = {NULL, 0, NULL};
    bool done = false;

    if (depth > SKA_JSON_DEPTH)
        return json_fault(parser, "nested too deeply");
    *item = json_peek(parser) == '{' ? cJSON_CreateObject() : cJSON_CreateArray();
    parser->at++;
    members.object = *item;
    done = *item != NULL && json_elements(parser, *item, depth, &members);
    tdestroy(members.names, forget_name);
    return done;
}

static bool json_text(struct json_parser *parser, cJSON **item)
{
    bool own = false;
    bool done = false;

    *item = cJSON_CreateNull();
    if (*item == NULL)
        return false;
    done = json_string(parser, &(*item)->valuestring, &own);
    (*item)->type = own ? cJSON_String : cJSON_String | cJSON_IsReference;
    return done;
}

/* What *item holds is to be deleted after a failure too. */
static bool json_value(struct json_parser *parser, size_t depth, cJSON **item)
{
    size_t begin = 0;
    uint8_t c = 0;

    json_skip_blanks(parser);
    c = json_peek(parser);
    if (c == '{' || c == '[')
        return json_container(parser, depth + 1, item);
    if (json_skip(parser, '"'))
        return json_text(parser, item);
    begin = parser->at;
    if (!(c == '-' || (c >= '0' && c <= '9') ? json_number(parser) : json_word(parser)))
        return false;
    *item = cJSON_ParseWithLength((const char *)parser->text.data + begin, parser->at - begin);
    return *item != NULL;
}

/* ---- Parsing -------------------------------------------------------------------------------- */

/* cJSON_Delete() frees the text of a value of any type, after what is inside it. */
static void json_keep_copy(cJSON *top, char *copy)
{
    if (top->valuestring != NULL && (top->type & cJSON_IsReference) == 0) {
        cJSON_free(copy);
        return;
    }
    if (top->valuestring != NULL)
        memmove(copy, top->valuestring, strlen(top->valuestring) + 1);
    top->type &= ~cJSON_IsReference;
    top->valuestring = copy;
}

/* Line and column are counted from 1, columns in bytes. */
static bool json_fail(const struct json_parser *parser, const struct ska_errors *errors)
{
    size_t line = 1;
    size_t column = 1;

    if (parser->fault == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu bytes of JSON", parser->text.length);
    for (size_t i = 0; i < parser->at; i++) {
        column++;
        if (parser->text.data[i] == '\n') {
            line++;
            column = 1;
        }
    }
    if (parser->doubled != NULL)
        return ska_fail(errors, SKA_R_BAD_JSON, "line %zu, column %zu: %s '%s'", line, column,
                        parser->fault, parser->doubled);
    return ska_fail(errors, SKA_R_BAD_JSON, "line %zu, column %zu: %s", line, column,
                    parser->fault);
}

static bool json_parse_copy(struct json_parser *parser, cJSON **json)
{
    if (!json_value(parser, 0, json))
        return false;
    json_skip_blanks(parser);
    return json_at_end(parser) || json_fault(parser, "there is something after the JSON value");
}

bool ska_json_parse(struct ska_span text, const char *shown, cJSON **json,
                    const struct ska_errors *errors)
{
    struct json_parser parser = {.text = text};
    struct ska_error_place place;
    cJSON *parsed = NULL;
    bool done = false;

    ska_error_place_init(&place, errors, shown);
    if (text.length == 0)
        return ska_fail(&place.errors, SKA_R_BAD_JSON, "empty");
    if (text.length > SKA_JSON_LIMIT)
        return ska_fail(&place.errors, SKA_R_BAD_JSON, "longer than %zu bytes", SKA_JSON_LIMIT);
    parser.copy = cJSON_malloc(text.length);
    if (parser.copy != NULL) {
        memcpy(parser.copy, text.data, text.length);
        parser.text.data = (const uint8_t *)parser.copy;
        done = json_parse_copy(&parser, &parsed);
    }
    if (done) {
        json_keep_copy(parsed, parser.copy);
        *json = parsed;
    } else {
        json_fail(&parser, &place.errors);
        cJSON_Delete(parsed);
        cJSON_free(parser.copy);
    }
    free(parser.doubled);
    return done;
}
