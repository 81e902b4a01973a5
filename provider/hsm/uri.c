/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key URIs. Read here and not by p11-kit, whose parser takes unknown attributes anywhere, takes a
 * doubled one twice, drops white space, cuts text at `%00` and leaves copies of the PIN in memory.
 */
#include "provider/hsm/uri.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provider/base/printable.h"

/* What is written as it is. */
#define UNRESERVED                                                                                 \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                                                   \
    "abcdefghijklmnopqrstuvwxyz"                                                                   \
    "0123456789_-."

/* The longest label that is suggested in place of what is no URI. */
#define SUGGESTED_MOST 64

/* ---- The attributes -------------------------------------------------------------------------- */

enum attribute_kind {
    ATTRIBUTE_TEXT,   /* char *; UTF-8 */
    ATTRIBUTE_PADDED, /* char *; a field that Cryptoki pads with blanks, and others with zeros */
    ATTRIBUTE_NUMBER, /* char *; decimal digits */
    ATTRIBUTE_BYTES,  /* struct ska_bytes; any bytes */
    ATTRIBUTE_TYPE,   /* enum hsm_object_type */
    ATTRIBUTE_PIN     /* struct hsm_pin *; never written nor copied */
};

struct attribute {
    const char *name;
    bool query; /* it stands behind the "?" */
    enum attribute_kind kind;
    size_t member;       /* where its value is in struct hsm_uri */
    size_t limit;        /* of a padded field, in bytes */
    bool code_or_secret; /* see hsm_uri_code_or_secret() */
};

#define IN_URI(member) offsetof(struct hsm_uri, member)

/* In the order in which they are written. */
static const struct attribute attributes[] = {
    {"token", false, ATTRIBUTE_PADDED, IN_URI(token), 32, false},
    {"serial", false, ATTRIBUTE_PADDED, IN_URI(serial), 16, false},
    {"manufacturer", false, ATTRIBUTE_PADDED, IN_URI(manufacturer), 32, false},
    {"model", false, ATTRIBUTE_PADDED, IN_URI(model), 16, false},
    {"slot-id", false, ATTRIBUTE_NUMBER, IN_URI(slot_id), 20, false},
    {"slot-description", false, ATTRIBUTE_PADDED, IN_URI(slot_description), 64, false},
    {"slot-manufacturer", false, ATTRIBUTE_PADDED, IN_URI(slot_manufacturer), 32, false},
    {"library-description", false, ATTRIBUTE_PADDED, IN_URI(library_description), 32, false},
    {"library-manufacturer", false, ATTRIBUTE_PADDED, IN_URI(library_manufacturer), 32, false},
    {"library-version", false, ATTRIBUTE_PADDED, IN_URI(library_version), 7, false},
    {"id", false, ATTRIBUTE_BYTES, IN_URI(id), 0, false},
    {"object", false, ATTRIBUTE_BYTES, IN_URI(object), 0, false},
    {"type", false, ATTRIBUTE_TYPE, IN_URI(type), 0, false},
    {"pin-source", true, ATTRIBUTE_TEXT, IN_URI(pin_source), 0, false},
    {"pin-value", true, ATTRIBUTE_PIN, IN_URI(pin), 0, true},
    {"module-path", true, ATTRIBUTE_TEXT, IN_URI(module_path), 0, true},
    {"tsb-url", true, ATTRIBUTE_TEXT, IN_URI(tsb_url), 0, true},
    {"approvals-file", true, ATTRIBUTE_TEXT, IN_URI(approvals_file), 0, false},
    {"approvals-dir", true, ATTRIBUTE_TEXT, IN_URI(approvals_dir), 0, false},
    {"approvals-timeout", true, ATTRIBUTE_TEXT, IN_URI(approvals_timeout), 0, false},
    {"agent", true, ATTRIBUTE_TEXT, IN_URI(agent), 0, false},
    {"payload", true, ATTRIBUTE_TEXT, IN_URI(payload), 0, false},
};

#define ATTRIBUTE_COUNT (sizeof(attributes) / sizeof(attributes[0]))

static const char *const type_names[] = {
    [HSM_OBJECT_ANY] = NULL,
    [HSM_OBJECT_PRIVATE] = "private",
    [HSM_OBJECT_PUBLIC] = "public",
    [HSM_OBJECT_CERTIFICATE] = "cert",
};

#define TYPE_COUNT (sizeof(type_names) / sizeof(type_names[0]))

/* The member that an attribute's value is in; the caller knows its type by the kind. */
static void *member_of(struct hsm_uri *uri, const struct attribute *attribute)
{
    return (char *)uri + attribute->member;
}

static const void *const_member_of(const struct hsm_uri *uri, const struct attribute *attribute)
{
    return (const char *)uri + attribute->member;
}

/* Of those that are text; NULL: not given. */
static const char *text_member(const struct hsm_uri *uri, const struct attribute *attribute)
{
    return *(char *const *)const_member_of(uri, attribute);
}

/* Of ATTRIBUTE_BYTES; data == NULL: not given. */
static struct ska_span bytes_member(const struct hsm_uri *uri, const struct attribute *attribute)
{
    return ska_span_of(const_member_of(uri, attribute));
}

/* ---- Decoding one value ---------------------------------------------------------------------- */

/* Length of "ska:" or "pkcs11:" at the start of the text, else 0. */
static size_t scheme_length(const char *text)
{
    if (strncasecmp(text, "ska:", 4) == 0)
        return 4;
    return strncasecmp(text, "pkcs11:", 7) == 0 ? 7 : 0;
}

bool hsm_uri_is_ours(const char *text)
{
    return scheme_length(text) > 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL, or what is wrong with the encoding. */
static const char *encoding_fault(struct ska_span value)
{
    const char *from = (const char *)value.data;

    if (value.length == 0)
        return "is empty";
    for (size_t i = 0; i < value.length; i++) {
        if (from[i] != '%') {
            if ((unsigned char)from[i] <= 0x20 || from[i] == 0x7F || from[i] == '#')
                return "has a blank, a control character or a # that is not percent-encoded";
            continue;
        }
        if (value.length - i < 3 || hex_digit(from[i + 1]) < 0 || hex_digit(from[i + 2]) < 0)
            return "has a % without two hexadecimal digits";
        i += 2;
    }
    return NULL;
}

/* In place, and a NUL behind it; the encoding is a good one. Returns the new length. */
static size_t percent_decode(char *text, size_t encoded)
{
    size_t length = 0;

    for (size_t i = 0; i < encoded; i++) {
        if (text[i] == '%') {
            text[length++] = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
            i += 2;
        } else {
            text[length++] = text[i];
        }
    }
    text[length] = 0;
    return length;
}

/* Each of these sets the member, or says what is wrong with the value. */

static const char out_of_memory[] = "out of memory";
static const char too_long[] = "too long";

static const char *take_bytes(struct ska_bytes *bytes, struct ska_span value)
{
    if (!ska_bytes_copy(bytes, value, NULL))
        return out_of_memory;
    bytes->length = percent_decode((char *)bytes->data, bytes->length);
    return NULL;
}

/* What is wrong with text, or NULL. */
static const char *text_fault(struct ska_span text)
{
    if (memchr(text.data, 0, text.length) != NULL)
        return "contains %00";
    return ska_utf8_valid(text) ? NULL : "is not valid UTF-8";
}

static const char *take_type(enum hsm_object_type *type, struct ska_span value)
{
    for (size_t i = HSM_OBJECT_PRIVATE; i < TYPE_COUNT; i++)
        if (ska_span_equal(value, ska_span_text(type_names[i])))
            *type = (enum hsm_object_type)i;
    return *type == HSM_OBJECT_ANY ? "is not private, public or cert" : NULL;
}

static const char *take_pin(struct hsm_pin **pin, struct ska_span value)
{
    *pin = hsm_pin_new(value);
    if (*pin == NULL)
        return out_of_memory;
    (*pin)->length = percent_decode((*pin)->value, (*pin)->length);
    return text_fault(ska_span((*pin)->value, (*pin)->length));
}

static const char *uri_take_text(char **text, struct ska_span value)
{
    struct ska_bytes copy = {NULL, 0};
    const char *fault = take_bytes(&copy, value);

    if (fault != NULL)
        return fault;
    *text = (char *)copy.data;
    return text_fault(ska_span_of(&copy));
}

/* A field that is blank says nothing, so it cannot be what is meant. */
static const char *take_padded(char **text, struct ska_span value, size_t limit)
{
    struct ska_bytes copy = {NULL, 0};
    const char *fault = take_bytes(&copy, value);
    size_t length = copy.length;

    if (fault != NULL)
        return fault;
    *text = (char *)copy.data;
    if (length > limit)
        return too_long;
    while (length > 0 && ((*text)[length - 1] == ' ' || (*text)[length - 1] == 0))
        (*text)[--length] = 0;
    if (length == 0)
        return "is blank";
    return strlen(*text) == length ? NULL : "contains %00 before its end";
}

static const char *uri_take_number(char **text, struct ska_span value, size_t limit)
{
    const char *fault = take_padded(text, value, limit);

    return fault != NULL || (*text)[strspn(*text, "0123456789")] == 0 ? fault : "is not a number";
}

static bool uri_take_value(struct hsm_uri *uri, const struct attribute *attribute,
                           struct ska_span value, const struct ska_errors *errors)
{
    void *member = member_of(uri, attribute);
    const char *fault = encoding_fault(value);

    if (fault == NULL) {
        switch (attribute->kind) {
        case ATTRIBUTE_TEXT:
            fault = uri_take_text(member, value);
            break;
        case ATTRIBUTE_PADDED:
            fault = take_padded(member, value, attribute->limit);
            break;
        case ATTRIBUTE_NUMBER:
            fault = uri_take_number(member, value, attribute->limit);
            break;
        case ATTRIBUTE_BYTES:
            fault = take_bytes(member, value);
            break;
        case ATTRIBUTE_TYPE:
            fault = take_type(member, value);
            break;
        case ATTRIBUTE_PIN:
            fault = take_pin(member, value);
            break;
        }
    }
    if (fault == out_of_memory)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a URI");
    if (fault == too_long)
        return ska_fail(errors, SKA_R_BAD_URI, "%s is longer than %zu bytes", attribute->name,
                        attribute->limit);
    return fault == NULL || ska_fail(errors, SKA_R_BAD_URI, "%s %s", attribute->name, fault);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* How much of an unknown name a message repeats. */
#define SHOWN_NAME 40

struct uri_parser {
    struct hsm_uri *uri;
    bool seen[ATTRIBUTE_COUNT];
    bool pin_seen; /* in the query: what follows may be the rest of a PIN with a "&" in it */
    const struct ska_errors *errors;
};

/* "token, serial, ... before the "?", pin-source, ... after it" */
static void raise_list(const char *shown, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    struct ska_bytes list = {NULL, 0};

    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        ska_buffer_format(&text, "%s%s",
                          i == 0                                            ? ""
                          : attributes[i].query && !attributes[i - 1].query ? " before the \"?\", "
                                                                            : ", ",
                          attributes[i].name);
    if (ska_buffer_finish(&text, &list, errors))
        ska_fail(errors, SKA_R_BAD_URI, "unknown attribute %s: there are %s after it", shown,
                 (const char *)list.data);
    ska_bytes_free(&list);
}

static bool is_known(struct ska_span name)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        if (ska_span_equal(name, ska_span_text(attributes[i].name)))
            return true;
    return false;
}

static bool raise_misplaced(struct ska_span name, bool query, const struct ska_errors *errors)
{
    char *shown = ska_printable(name, SHOWN_NAME);

    if (is_known(name))
        ska_fail(errors, SKA_R_BAD_URI, "attribute %s belongs %s the \"?\"",
                 shown == NULL ? "" : shown, query ? "before" : "after");
    else
        raise_list(shown == NULL ? "" : shown, errors);
    free(shown);
    return false;
}

/* A name that nobody has as the rest of a PIN: RFC 7512's own, and those of other programs. */
static bool is_foreign_name(struct ska_span name)
{
    return ska_span_equal(name, ska_span_text("module-name")) ||
           (name.length > 2 && memcmp(name.data, "x-", 2) == 0);
}

/* A name that somebody takes for the place of a PIN is told at once. */
static bool is_like_pin(struct ska_span name)
{
    return name.length >= 3 && memcmp(name.data, "pin", 3) == 0;
}

static bool ignore_attribute(struct uri_parser *parser, struct ska_span name)
{
    const char *before = parser->uri->ignored;
    struct ska_buffer text = {0};
    struct ska_bytes names = {NULL, 0};

    if (parser->pin_seen && !is_foreign_name(name))
        return ska_fail(parser->errors, SKA_R_BAD_URI,
                        "unknown attribute after a PIN (its name is not shown, since it may be the "
                        "rest of the PIN, in which \"&\" is written %%26)");
    if (before != NULL)
        ska_buffer_format(&text, "%s, ", before);
    ska_buffer_printable(&text, name, SHOWN_NAME);
    if (!ska_buffer_finish(&text, &names, parser->errors))
        return false;
    free(parser->uri->ignored);
    parser->uri->ignored = (char *)names.data;
    return true;
}

/* Whether the value is a PIN, or what somebody may have taken for the place of one. */
static bool names_pin(const struct attribute *attribute)
{
    return attribute->kind == ATTRIBUTE_PIN || attribute->member == IN_URI(pin_source);
}

/* One "name=value". What stands there without a "=" is not repeated: it might be a secret. */
static bool parse_attribute(struct uri_parser *parser, struct ska_span part, bool query)
{
    const struct ska_errors *errors = parser->errors;
    const uint8_t *equals = memchr(part.data, '=', part.length);
    struct ska_span name = {NULL, 0};
    struct ska_span value = {NULL, 0};

    if (part.length == 0)
        return ska_fail(errors, SKA_R_BAD_URI, "an attribute is empty");
    if (equals == NULL || equals == part.data)
        return ska_fail(errors, SKA_R_BAD_URI, "an attribute is not of the form name=value%s",
                        query ? ""
                              : ": the label of a key is written object=LABEL, as in "
                                "ska:object=seal");
    name = ska_span(part.data, (size_t)(equals - part.data));
    value = ska_span(equals + 1, part.length - name.length - 1);
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (attributes[i].query != query ||
            !ska_span_equal(name, ska_span_text(attributes[i].name)))
            continue;
        if (parser->seen[i])
            return ska_fail(errors, SKA_R_BAD_URI, "attribute %s is given twice",
                            attributes[i].name);
        parser->seen[i] = true;
        parser->pin_seen = parser->pin_seen || names_pin(&attributes[i]);
        return uri_take_value(parser->uri, &attributes[i], value, errors);
    }
    return query && !is_known(name) && !is_like_pin(name) ? ignore_attribute(parser, name)
                                                          : raise_misplaced(name, query, errors);
}

/* Attributes between separators; nothing at all is fine, and one separator at the end. */
static bool parse_part(struct uri_parser *parser, struct ska_span part, char separator, bool query)
{
    const uint8_t *end = NULL;

    if (part.length == 0)
        return true;
    while ((end = memchr(part.data, separator, part.length)) != NULL) {
        size_t length = (size_t)(end - part.data);

        if (!parse_attribute(parser, ska_span(part.data, length), query))
            return false;
        part = ska_span(end + 1, part.length - length - 1);
    }
    return part.length == 0 || parse_attribute(parser, part, query);
}

/* Of any length. */
static bool parse_text(struct uri_parser *parser, const char *text)
{
    const char *path = text + scheme_length(text);
    const char *question = strchr(path, '?');

    if (question == NULL)
        return parse_part(parser, ska_span_text(path), ';', false);
    return parse_part(parser, ska_span(path, (size_t)(question - path)), ';', false) &&
           parse_part(parser, ska_span_text(question + 1), '&', true);
}

/* A bare label is a frequent mistake; anything else might hold a PIN, which is not repeated. */
static bool fail_scheme(const char *text, const struct ska_errors *errors)
{
    size_t length = strnlen(text, SUGGESTED_MOST + 1);
    bool is_label = length > 0 && length <= SUGGESTED_MOST && strspn(text, UNRESERVED) == length;

    return ska_fail(errors, SKA_R_BAD_URI, "a key URI starts with ska: or pkcs11:%s%s%s",
                    is_label ? " (did you mean ska:object=" : "", is_label ? text : "",
                    is_label ? "?)" : "");
}

bool hsm_uri_parse(const char *text, struct hsm_uri **uri, const struct ska_errors *errors)
{
    struct uri_parser parser = {.errors = errors};

    if (!hsm_uri_is_ours(text))
        return fail_scheme(text, errors);
    if (strnlen(text, HSM_URI_LIMIT + 1) > HSM_URI_LIMIT)
        return ska_fail(errors, SKA_R_BAD_URI, "longer than %d bytes", HSM_URI_LIMIT);
    parser.uri = calloc(1, sizeof(**uri));
    if (parser.uri == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a URI");
    if (!parse_text(&parser, text)) {
        hsm_uri_free(parser.uri);
        return false;
    }
    *uri = parser.uri;
    return true;
}

static bool is_given(const struct hsm_uri *uri, const struct attribute *attribute)
{
    switch (attribute->kind) {
    case ATTRIBUTE_TEXT:
    case ATTRIBUTE_PADDED:
    case ATTRIBUTE_NUMBER:
        return text_member(uri, attribute) != NULL;
    case ATTRIBUTE_BYTES:
        return bytes_member(uri, attribute).data != NULL;
    case ATTRIBUTE_TYPE:
        return uri->type != HSM_OBJECT_ANY;
    case ATTRIBUTE_PIN:
        return uri->pin != NULL;
    }
    return false;
}

const char *hsm_uri_code_or_secret(const struct hsm_uri *uri)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        if (attributes[i].code_or_secret && is_given(uri, &attributes[i]))
            return attributes[i].name;
    return NULL;
}

/* ---- Freeing --------------------------------------------------------------------------------- */

static void free_value(struct hsm_uri *uri, const struct attribute *attribute)
{
    void *member = member_of(uri, attribute);

    switch (attribute->kind) {
    case ATTRIBUTE_TEXT:
    case ATTRIBUTE_PADDED:
    case ATTRIBUTE_NUMBER:
        free(*(char **)member);
        break;
    case ATTRIBUTE_BYTES:
        ska_bytes_free(member);
        break;
    case ATTRIBUTE_TYPE:
        break;
    case ATTRIBUTE_PIN:
        hsm_pin_wipe(*(struct hsm_pin **)member);
        break;
    }
}

void hsm_uri_free(struct hsm_uri *uri)
{
    if (uri == NULL)
        return;
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        free_value(uri, &attributes[i]);
    free(uri->ignored);
    free(uri);
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Behind the "?" more is written as it is: the text after "?" is mostly paths, for people to read.
 */
#define UNRESERVED_IN_QUERY UNRESERVED "/:,"

/* What an attribute says in writing; empty: it is left out. */
static struct ska_span written_value(const struct hsm_uri *uri, const struct attribute *attribute)
{
    switch (attribute->kind) {
    case ATTRIBUTE_TEXT:
    case ATTRIBUTE_PADDED:
    case ATTRIBUTE_NUMBER:
        return ska_span_text(text_member(uri, attribute));
    case ATTRIBUTE_BYTES:
        return bytes_member(uri, attribute);
    case ATTRIBUTE_TYPE:
        return ska_span_text(type_names[uri->type]);
    case ATTRIBUTE_PIN:
        break;
    }
    return ska_span(NULL, 0);
}

static void write_attribute(struct ska_buffer *text, const char *name, struct ska_span value,
                            const char *verbatim)
{
    ska_buffer_format(text, "%s=", name);
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] != 0 && strchr(verbatim, value.data[i]) != NULL)
            ska_buffer_add(text, &value.data[i], 1);
        else
            ska_buffer_format(text, "%%%02x", value.data[i]);
    }
}

char *hsm_uri_write(const struct hsm_uri *uri)
{
    struct ska_buffer text = {0};
    struct ska_bytes written = {NULL, 0};
    const struct attribute *before = NULL; /* the last that was written */

    ska_buffer_text(&text, "ska:");
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const struct attribute *attribute = &attributes[i];
        struct ska_span value = written_value(uri, attribute);

        if (value.length == 0)
            continue;
        if (attribute->query)
            ska_buffer_text(&text, before != NULL && before->query ? "&" : "?");
        else if (before != NULL)
            ska_buffer_text(&text, ";");
        write_attribute(&text, attribute->name, value,
                        attribute->member == IN_URI(id) ? ""
                        : attribute->query              ? UNRESERVED_IN_QUERY
                                                        : UNRESERVED);
        before = attribute;
    }
    return ska_buffer_finish(&text, &written, NULL) ? (char *)written.data : NULL;
}

struct hsm_uri *hsm_uri_copy(const struct hsm_uri *from)
{
    struct uri_parser parser = {.uri = calloc(1, sizeof(*from))};
    char *text = hsm_uri_write(from);

    if (text == NULL || parser.uri == NULL || !parse_text(&parser, text)) {
        hsm_uri_free(parser.uri);
        parser.uri = NULL;
    }
    free(text);
    return parser.uri;
}

char *hsm_uri_format(const char *token, struct ska_span object, struct ska_span id,
                     enum hsm_object_type type)
{
    const struct hsm_uri nothing = {0};

    return hsm_uri_format_like(&nothing, token, object, id, type);
}

char *hsm_uri_format_like(const struct hsm_uri *found_by, const char *token, struct ska_span object,
                          struct ska_span id, enum hsm_object_type type)
{
    struct hsm_uri uri = *found_by;

    /* Borrowed, and only read. */
    uri.token = (char *)(uintptr_t)token;
    uri.object = (struct ska_bytes){(uint8_t *)(uintptr_t)object.data, object.length};
    uri.id = (struct ska_bytes){(uint8_t *)(uintptr_t)id.data, id.length};
    uri.type = type;
    return hsm_uri_write(&uri);
}
