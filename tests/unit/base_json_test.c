/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of strangers: what is refused and where, what is not, and how members are read.
 */
#include "sign_support.h"

#include <time.h>

#include "provider/base/json.h"

#define MIB ((size_t)1024 * 1024)

static bool parses(struct ska_span text, struct recorder *recorder)
{
    struct ska_errors errors = errors_into(recorder);
    struct ska_span copy = exact(text);
    cJSON *json = NULL;
    bool done = ska_json_parse(copy, "file", &json, &errors);

    assert_int_equal(done, json != NULL);
    cJSON_Delete(json);
    exact_free(copy);
    return done;
}

static void assert_refused(struct ska_span text, const char *message)
{
    struct recorder recorder;

    assert_false(parses(text, &recorder));
    assert_raised_with(&recorder, SKA_R_BAD_JSON, message);
}

/* ---- The text ------------------------------------------------------------------------------- */

static void good_texts_parse(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        " \t\r\n{ \"a\" : [ 1 , -0 , 0.5 , 1e9 , 2E-3 , 1.25e+2 , true , false , null ] } \n",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\"",
        "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"",
        "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}", /* one name in several objects */
        "{\"a\":1,\"A\":2,\"\":3,\"aa\":4,\"a \":5,\"\\u0041b\":6}",
        "7",
    };
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!parses(ska_span_text(texts[i]), &recorder))
            fail_msg("%s: %s", texts[i], recorder.text);
}

static void bad_texts_are_refused_with_the_place(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "file: empty"},
        {"   ", "line 1, column 4: the text ends too early"},
        {"{", "line 1, column 2: the text ends too early"},
        {"{\"a\"", "':' expected"},
        {"{\"a\":", "the text ends too early"},
        {"{\"a\":1", "the text ends too early"},
        {"[1,", "the text ends too early"},
        {"\"abc", "the text ends inside a string"},
        {"\"abc\\", "unknown escape"},
        {"no JSON at all", "line 1, column 1: value expected"},
        {"-----BEGIN CERTIFICATE-----", "digit expected"},
        {"{\"a\":1}\n{\"b\":2}", "line 2, column 1: there is something after the JSON value"},
        {"[1]]", "there is something after the JSON value"},
        {"{\"a\":1,}", "name of a member expected"},
        {"{a:1}", "name of a member expected"},
        {"{1:1}", "name of a member expected"},
        {"{[}", "line 1, column 2: name of a member expected"},
        {"[1,]", "value expected"},
        {"[,1]", "value expected"},
        {"[1 2]", "',' or ']' expected"},
        {"{\"a\":1 \"b\":2}", "',' or '}' expected"},
        {"{\"a\":1]", "',' or '}' expected"},
        {"[1}", "',' or ']' expected"},
        {"[01]", "',' or ']' expected"},
        {"[+1]", "value expected"},
        {"[.5]", "value expected"},
        {"[1.]", "digit expected"},
        {"[1e]", "digit expected"},
        {"[-]", "digit expected"},
        {"[NaN]", "value expected"},
        {"[Infinity]", "value expected"},
        {"[True]", "value expected"},
        {"[nul]", "value expected"},
        {"['a']", "value expected"},
        {"[1] // comment", "there is something after the JSON value"},
        {"[111111111111111111111111111111111]", "number with too many digits"},
        {"\"\\x41\"", "unknown escape"},
        {"\"\\u12g4\"", "\\u without four hexadecimal digits"},
        {"\"\\u123\"", "\\u without four hexadecimal digits"},
        {"\"\\u0000\"", "\\u0000 is not allowed"},
        {"{\"a\\u0000b\":1}", "\\u0000 is not allowed"},
        {"\"\\ud83d\"", "half of a surrogate pair"},
        {"\"\\ud83dx\"", "half of a surrogate pair"},
        {"\"\\ud83d\\n\"", "half of a surrogate pair"},
        {"\"\\ud83d\\ud83d\"", "half of a surrogate pair"},
        {"\"\\ude00\"", "half of a surrogate pair"},
        {"\"a\nb\"", "control character in a string"},
        {"\"a\x01\"", "control character in a string"},
        {"\"\xFF\"", "this string is not UTF-8"},
        {"\"\xC0\x80\"", "this string is not UTF-8"},
        {"\"\xED\xA0\x80\"", "this string is not UTF-8"},
        {"\"\xC3\"", "this string is not UTF-8"},
        {"{\"\xFF\":1}", "this string is not UTF-8"},
        {"\xEF\xBB\xBF{}", "value expected"},
        {"[1]\xFF", "there is something after the JSON value"},
        {"{\"a\":1,\n \"b\":2,\n \"a\":3}", "line 3, column 2: duplicate member 'a'"},
        {"{\"a\":1,\"\\u0061\":2}", "duplicate member 'a'"},
        {"{\"\\u00e4\":1,\"\xC3\xA4\":2}", "duplicate member '\xC3\xA4'"},
        {"{\"\\uD83D\\uDE00\":1,\"\xF0\x9F\x98\x80\":2}", "duplicate member"},
        {"{\"\":1,\"\":2}", "duplicate member ''"},
        {"{\"x\":[{\"a\":1,\"b\":{\"a\":0},\"a\":3}]}", "column 26: duplicate member 'a'"},
        {"{\"rule\":{\"a\":1,\"a\":2}}", "column 16: duplicate member 'a'"},
        {"{\"a\":{\"b\":1,\"b\":2},\"a\":3}", "duplicate member"},
        {"{\"z\":1,\"b\":1,\"z\":2,\"b\":2}", "column 14: duplicate member 'z'"},
        {"{\"b\":1,\"z\":1,\"b\":2,\"z\":2}", "column 14: duplicate member 'b'"},
        {"{\"\\u001b[31m\":1,\"\\u001b[31m\":2}", "duplicate member '\\x1B[31m'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(ska_span_text(cases[i].text), cases[i].message);
}

static void control_characters_are_refused_in_strings(void **state)
{
    (void)state;
    for (char c = 1; c < 0x20; c++) {
        const char text[] = {'"', 'a', c, '"', 0};

        assert_refused(ska_span_text(text), "column 3: control character in a string");
    }
}

/* Strings are looked over eight bytes at a time. */
static void every_byte_of_a_string_is_looked_at(void **state)
{
    enum { LENGTH = 40 };
    struct recorder recorder;

    (void)state;
    for (size_t at = 0; at < LENGTH; at++)
        for (unsigned int byte = 0; byte < 256; byte++) {
            uint8_t text[LENGTH + 4] = "[\"";
            bool good = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';

            memset(text + 2, 'a', LENGTH);
            text[2 + at] = (uint8_t)byte;
            memcpy(text + 2 + LENGTH, "\"]", 2);
            if (parses(ska_span(text, sizeof(text)), &recorder) != good)
                fail_msg("byte 0x%02x at %zu: %s", byte, at, good ? recorder.text : "no error");
        }
}

static void nul_bytes_are_refused_everywhere(void **state)
{
    static const char text[] = "{\"ab\":[1,null]}";

    (void)state;
    for (size_t i = 0; i <= sizeof(text) - 1; i++) {
        char with_nul[sizeof(text) + 1];
        struct recorder recorder;

        memcpy(with_nul, text, i);
        with_nul[i] = 0;
        memcpy(with_nul + i + 1, text + i, sizeof(text) - 1 - i);
        assert_false(parses(ska_span(with_nul, sizeof(text)), &recorder));
        assert_raised(&recorder, SKA_R_BAD_JSON);
    }
}

/* `depth` containers in each other, objects and arrays in turn. */
static struct ska_bytes nested(size_t depth)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    for (size_t i = 0; i < depth; i++)
        ska_buffer_text(&buffer, i % 2 == 0 ? "{\"a\":" : "[");
    ska_buffer_text(&buffer, "1");
    for (size_t i = depth; i > 0; i--)
        ska_buffer_text(&buffer, (i - 1) % 2 == 0 ? "}" : "]");
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    return text;
}

static void nesting_has_a_limit(void **state)
{
    static const size_t refused[] = {SKA_JSON_DEPTH + 1, 900, 200000};
    struct recorder recorder;

    (void)state;
    for (size_t depth = 0; depth <= SKA_JSON_DEPTH; depth++) {
        struct ska_bytes text = nested(depth);

        assert_true(parses(ska_span_of(&text), &recorder));
        ska_bytes_free(&text);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct ska_bytes text = nested(refused[i]);

        assert_refused(ska_span_of(&text), "nested too deeply");
        ska_bytes_free(&text);
    }
}

static void length_has_a_limit(void **state)
{
    char *text = malloc(2 * MIB);
    struct recorder recorder;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', 2 * MIB);
    text[0] = '{';
    text[1] = '}';
    assert_true(parses(ska_span(text, MIB), &recorder));
    assert_refused(ska_span(text, MIB + 1), "longer than 1048576 bytes");
    assert_refused(ska_span(text, 2 * MIB), "longer than 1048576 bytes");
    free(text);
}

/* ---- Many members --------------------------------------------------------------------------- */

/* An object of numbered members, `repeat` of which come a second time at the end. */
static struct ska_bytes many_members(const char *name, size_t count, size_t repeat)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    for (size_t i = 0; i < count + repeat; i++)
        ska_buffer_format(&buffer, "%s\"%s%zx\":0", i == 0 ? "{" : ",", name,
                          i < count ? i : i - count);
    ska_buffer_text(&buffer, "}");
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    assert_true(text.length <= SKA_JSON_LIMIT);
    return text;
}

static double seconds_of(struct ska_span text, bool expected)
{
    struct recorder recorder;
    clock_t begin = clock();

    assert_int_equal(parses(text, &recorder), expected);
    if (!expected)
        assert_raised_with(&recorder, SKA_R_BAD_JSON, "duplicate member");
    return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

static void many_members_take_little_time(void **state)
{
    static const struct {
        const char *name;
        size_t count;
        size_t repeat;
    } cases[] = {
        {"", 100000, 0},
        {"", 90000, 1},
        {"", 60000, 40000},
        {"\\u0061", 60000, 1},
        /* Long names that differ at their end only. */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         5000, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ska_bytes text = many_members(cases[i].name, cases[i].count, cases[i].repeat);

        /* About 0.1; comparing each with each would take minutes. */
        assert_true(seconds_of(ska_span_of(&text), cases[i].repeat == 0) < 2.0);
        ska_bytes_free(&text);
    }
}

static void many_objects_take_little_time(void **state)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        ska_buffer_text(&buffer, i == 0 ? "[{\"a\":0}" : ",{\"a\":0}");
    ska_buffer_text(&buffer, "]");
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    assert_true(seconds_of(ska_span_of(&text), true) < 2.0);
    ska_bytes_free(&text);
}

/* An object of so many members with random names, each holding an object; whether two are equal. */
static bool random_object(struct dice *dice, size_t count, struct ska_buffer *buffer)
{
    unsigned int names[40];
    bool doubled = false;

    for (size_t i = 0; i < count; i++) {
        names[i] = (unsigned int)roll_below(dice, count * count);
        for (size_t j = 0; j < i; j++)
            doubled = doubled || names[i] == names[j];
        /* Written plainly or with an escape. */
        ska_buffer_format(buffer,
                          roll_below(dice, 2) == 0 ? "%s\"%c%u\":{\"k\":1}"
                                                   : "%s\"\\u00%02x%u\":{\"k\":1}",
                          i == 0 ? "{" : ",", 'a' + names[i] % 26, names[i] / 26);
    }
    ska_buffer_text(buffer, "}");
    return doubled;
}

/* Each pair of members is compared with a model that looks at all pairs. */
static void doubled_members_are_found_wherever_they_are(void **state)
{
    struct dice dice = {0x5DEECE66D};
    size_t found = 0;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct ska_buffer buffer = {0};
        struct ska_bytes text = {NULL, 0};
        struct recorder recorder;
        bool doubled = random_object(&dice, round % 2 == 0 ? 6 : 40, &buffer);

        assert_true(ska_buffer_finish(&buffer, &text, NULL));
        assert_int_equal(parses(ska_span_of(&text), &recorder), !doubled);
        found += doubled;
        ska_bytes_free(&text);
    }
    assert_in_range(found, 200, 1800);
}

static struct ska_bytes for_small_stack[2];
static bool parsed_on_small_stack;

static void parse_on_small_stack(void)
{
    cJSON *json = NULL;

    parsed_on_small_stack = ska_json_parse(ska_span_of(&for_small_stack[0]), "file", &json, NULL) &&
                            !ska_json_parse(ska_span_of(&for_small_stack[1]), "file", &json, NULL);
    cJSON_Delete(json);
}

static void parsing_needs_little_stack(void **state)
{
    (void)state;
    for_small_stack[0] = nested(SKA_JSON_DEPTH);
    for_small_stack[1] = many_members("", 60000, 40000);
    run_on_small_stack(parse_on_small_stack);
    assert_true(parsed_on_small_stack);
    ska_bytes_free(&for_small_stack[0]);
    ska_bytes_free(&for_small_stack[1]);
}

/* ---- Members -------------------------------------------------------------------------------- */

struct members {
    cJSON *json;
    struct recorder recorder;
    struct ska_errors errors;
    struct ska_json_place file;
    struct ska_json_place place; /* of the object, as a member "key" of the file */
};

static void set_up(struct members *members, const char *text)
{
    members->errors = errors_into(&members->recorder);
    assert_true(ska_json_parse(ska_span_text(text), "file", &members->json, &members->errors));
    ska_json_top(&members->file, NULL, "file", SKA_R_BAD_REQUEST, &members->errors);
    ska_json_member(&members->file, "key", &members->place);
    members->place.value = members->json;
}

static void assert_member_refused(struct members *members, const char *message)
{
    assert_raised_with(&members->recorder, SKA_R_BAD_REQUEST, message);
    members->recorder.count = 0;
}

static void absent_and_null_members_are_the_same(void **state)
{
    static const char *const names[] = {"none", "null"};
    struct members m;
    const char *text = "before";
    uint64_t number = 42;
    bool flag = true;
    struct ska_bytes bytes = {NULL, 0};
    struct ska_json_place inside;

    (void)state;
    set_up(&m, "{\"null\":null}");
    for (size_t i = 0; i < 2; i++) {
        assert_true(ska_json_text(&m.place, names[i], SKA_JSON_OPTIONAL, &text));
        assert_true(ska_json_uint(&m.place, names[i], SKA_JSON_OPTIONAL, &number));
        assert_true(ska_json_bool(&m.place, names[i], SKA_JSON_OPTIONAL, &flag));
        assert_true(ska_json_base64(&m.place, names[i], SKA_JSON_OPTIONAL, &bytes));
        assert_true(ska_json_object(&m.place, names[i], SKA_JSON_OPTIONAL, &inside));
        assert_null(inside.value);
        assert_true(ska_json_array(&m.place, names[i], SKA_JSON_OPTIONAL, &inside));
        assert_null(inside.value);
        assert_int_equal(m.recorder.count, 0);
        assert_false(ska_json_text(&m.place, names[i], SKA_JSON_REQUIRED, &text));
        assert_member_refused(&m, i == 0 ? "file: key.none: missing" : "file: key.null: missing");
        assert_false(ska_json_uint(&m.place, names[i], SKA_JSON_REQUIRED, &number));
        assert_member_refused(&m, "missing");
        assert_false(ska_json_base64(&m.place, names[i], SKA_JSON_REQUIRED, &bytes));
        assert_member_refused(&m, "missing");
    }
    assert_string_equal(text, "before");
    assert_int_equal(number, 42);
    assert_true(flag);
    assert_null(bytes.data);
    cJSON_Delete(m.json);
}

static void members_have_types(void **state)
{
    static const char *const names[] = {"t", "n", "b", "o", "a"};
    struct members m;
    const char *text = NULL;
    uint64_t number = 0;
    bool flag = false;
    struct ska_json_place inside;

    (void)state;
    set_up(&m, "{\"t\":\"x\",\"n\":1,\"b\":true,\"o\":{},\"a\":[]}");
    for (size_t i = 0; i < 5; i++) {
        bool fits[] = {ska_json_text(&m.place, names[i], SKA_JSON_REQUIRED, &text),
                       ska_json_uint(&m.place, names[i], SKA_JSON_REQUIRED, &number),
                       ska_json_bool(&m.place, names[i], SKA_JSON_REQUIRED, &flag),
                       ska_json_object(&m.place, names[i], SKA_JSON_REQUIRED, &inside),
                       ska_json_array(&m.place, names[i], SKA_JSON_REQUIRED, &inside)};

        for (size_t j = 0; j < 5; j++)
            assert_int_equal(fits[j], i == j);
        assert_int_equal(m.recorder.count, 4);
        m.recorder.count = 0;
    }
    assert_string_equal(text, "x");
    assert_int_equal(number, 1);
    assert_true(flag);
    /* Another case is another name. */
    assert_true(ska_json_text(&m.place, "T", SKA_JSON_OPTIONAL, &text));
    assert_string_equal(text, "x");
    assert_false(ska_json_text(&m.place, "T", SKA_JSON_REQUIRED, &text));
    assert_member_refused(&m, "file: key.T: missing");
    cJSON_Delete(m.json);
}

static void numbers_are_whole_and_exact(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"1", 1},
                {"1.0", 1},
                {"12e2", 1200},
                {"4294967295", 4294967295},
                {"9007199254740991", 9007199254740991}};
    static const char *const bad[] = {"-1",   "0.5",   "1.000001", "9007199254740992",   "1e16",
                                      "1e99", "1e400", "1e-1",     "9223372036854775808"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct members m;
        char text[64];
        uint64_t value = 77;

        snprintf(text, sizeof(text), "{\"n\":%s}", good[i].text);
        set_up(&m, text);
        assert_true(ska_json_uint(&m.place, "n", SKA_JSON_REQUIRED, &value));
        assert_true(value == good[i].value);
        cJSON_Delete(m.json);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct members m;
        char text[64];
        uint64_t value = 77;

        snprintf(text, sizeof(text), "{\"n\":%s}", bad[i]);
        set_up(&m, text);
        assert_false(ska_json_uint(&m.place, "n", SKA_JSON_REQUIRED, &value));
        assert_member_refused(&m, "file: key.n: whole number");
        assert_int_equal(value, 77);
        cJSON_Delete(m.json);
    }
}

static void base64_is_strict(void **state)
{
    static const char *const bad[] = {
        "AAA", "AAAA\\n", "AA\\nAA", " AAAA", "AAB=", "AA==AA==", "AA-_", "A===", "?"};
    struct members m;
    struct ska_bytes bytes = {NULL, 0};

    (void)state;
    set_up(&m, "{\"v\":\"AAEC/w==\",\"e\":\"\"}");
    assert_true(ska_json_base64(&m.place, "v", SKA_JSON_REQUIRED, &bytes));
    assert_span_equal(ska_span_of(&bytes), ska_span("\x00\x01\x02\xFF", 4));
    assert_true(ska_json_base64(&m.place, "e", SKA_JSON_REQUIRED, &bytes));
    assert_int_equal(bytes.length, 0);
    ska_bytes_free(&bytes);
    cJSON_Delete(m.json);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "{\"v\":\"%s\"}", bad[i]);
        set_up(&m, text);
        assert_false(ska_json_base64(&m.place, "v", SKA_JSON_REQUIRED, &bytes));
        assert_member_refused(&m, "file: key.v: base64");
        assert_null(bytes.data);
        cJSON_Delete(m.json);
    }
}

static void places_are_named(void **state)
{
    static const char *const names[] = {"a", "b", NULL};
    const char *text = NULL;
    struct members m;
    struct ska_json_place inside, element;

    (void)state;
    set_up(&m, "{\"a\":{\"\\u001b\":1},\"b\":2,\"c\":[0,{}]}");
    assert_false(ska_json_only(&m.place, names));
    assert_member_refused(&m, "file: key.c: unknown member");
    assert_true(ska_json_array(&m.place, "c", SKA_JSON_REQUIRED, &inside));
    ska_json_element(&inside, cJSON_GetArrayItem(inside.value, 1), 1, &element);
    assert_false(ska_json_text(&element, "d", SKA_JSON_REQUIRED, &text));
    assert_member_refused(&m, "file: key.c[1].d: missing");
    element.at.called = ska_span_text("x\x1B");
    assert_false(ska_fail(&element.at.errors, SKA_R_BAD_REQUEST, "%s", "wrong"));
    assert_member_refused(&m, "file: key.c[1] ('x\\x1B'): wrong");
    ska_json_top(&m.file, m.json, "fi\nle", SKA_R_BAD_REQUEST, &m.errors);
    assert_false(ska_json_fail(&m.file, "b", "wrong"));
    assert_member_refused(&m, "fi\\x0Ale: b: wrong");
    assert_false(ska_fail(&m.file.at.errors, SKA_R_BAD_REQUEST, "wrong"));
    assert_member_refused(&m, "fi\\x0Ale: wrong");
    ska_json_top(&m.file, m.json, "", SKA_R_BAD_REQUEST, &m.errors);
    assert_false(ska_json_fail_value(&m.file, "b", "x\x1B\n", "right"));
    assert_member_refused(&m, "b: 'x\\x1B\\x0A' is not right");
    assert_true(ska_json_object(&m.file, "a", SKA_JSON_REQUIRED, &inside));
    assert_false(ska_json_only(&inside, names));
    assert_member_refused(&m, "a.\\x1B: unknown member");
    assert_true(ska_json_object(&m.file, "none", SKA_JSON_OPTIONAL, &inside));
    assert_null(inside.value);
    assert_true(ska_json_only(&inside, names));
    cJSON_Delete(m.json);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void what_is_written_can_be_read(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_json_place place;
    cJSON *json = cJSON_CreateObject();
    struct ska_bytes text = {NULL, 0}, bytes = {NULL, 0};
    const char *value = NULL;

    (void)state;
    assert_true(ska_json_add_text(json, "text", "\"\\\n\xC3\xA4\x1B"));
    assert_true(ska_json_add_text(json, "none", NULL));
    assert_true(ska_json_add_base64(json, "base64", ska_span("\x00\xFF", 2)));
    assert_true(ska_json_add_base64(json, "empty", ska_span(NULL, 0)));
    assert_true(ska_json_add_hex(json, "hex", ska_span("\x00\xFF", 2)));
    assert_true(ska_json_print(json, &text, &errors));
    cJSON_Delete(json);
    assert_int_equal(text.data[text.length - 1], '\n');

    assert_true(ska_json_parse(ska_span_of(&text), "file", &json, &errors));
    ska_json_top(&place, json, "", SKA_R_BAD_REQUEST, &errors);
    assert_int_equal(cJSON_GetArraySize(json), 4);
    assert_true(ska_json_text(&place, "text", SKA_JSON_REQUIRED, &value));
    assert_string_equal(value, "\"\\\n\xC3\xA4\x1B");
    assert_true(ska_json_base64(&place, "base64", SKA_JSON_REQUIRED, &bytes));
    assert_span_equal(ska_span_of(&bytes), ska_span("\x00\xFF", 2));
    assert_true(ska_json_text(&place, "empty", SKA_JSON_REQUIRED, &value));
    assert_string_equal(value, "");
    assert_true(ska_json_text(&place, "hex", SKA_JSON_REQUIRED, &value));
    assert_string_equal(value, "00ff");
    ska_bytes_free(&bytes);
    ska_bytes_free(&text);
    cJSON_Delete(json);
}

static void what_could_not_be_read_is_not_written(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes text = {NULL, 0};
    cJSON *json = cJSON_CreateObject();
    char *longer = NULL;

    (void)state;
    assert_true(ska_json_add_text(json, "text", "\xFF"));
    assert_false(ska_json_print(json, &text, &errors));
    assert_raised_with(&recorder, SKA_R_UNSUPPORTED, "UTF-8");
    cJSON_Delete(json);

    errors = errors_into(&recorder);
    longer = malloc(MIB);
    memset(longer, 'a', MIB - 1);
    longer[MIB - 1] = 0;
    json = cJSON_CreateString(longer);
    assert_false(ska_json_print(json, &text, &errors));
    assert_raised_with(&recorder, SKA_R_BAD_INPUT_LENGTH, "JSON of");
    assert_null(text.data);
    cJSON_Delete(json);
    free(longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts_parse),
        cmocka_unit_test(bad_texts_are_refused_with_the_place),
        cmocka_unit_test(control_characters_are_refused_in_strings),
        cmocka_unit_test(every_byte_of_a_string_is_looked_at),
        cmocka_unit_test(nul_bytes_are_refused_everywhere),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(length_has_a_limit),
        cmocka_unit_test(many_members_take_little_time),
        cmocka_unit_test(many_objects_take_little_time),
        cmocka_unit_test(doubled_members_are_found_wherever_they_are),
        cmocka_unit_test(parsing_needs_little_stack),
        cmocka_unit_test(absent_and_null_members_are_the_same),
        cmocka_unit_test(members_have_types),
        cmocka_unit_test(numbers_are_whole_and_exact),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(places_are_named),
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(what_could_not_be_read_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
