/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/wire_dump.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "provider/request/approver_signature.h"
#include "provider/base/certificate.h"
#include "provider/base/printable.h"
#include "provider/base/spki.h"
#include "provider/base/wire.h"
#include "provider/rule/window.h"

enum {
    DEEPEST = 4,             /* an approval: its token, timestamp, modify payload, rule */
    SHOWN_LIMIT = 4096,      /* bytes of one value */
    TEXT_LIMIT = 256 * 1024, /* bytes of the whole description, give or take one line */
    ELEMENT_HEADER = 4
};

struct view {
    struct ska_buffer *text;
    size_t text_start;
    const uint8_t *start; /* of the outermost container */
    bool full;
};

/* Where in its container an element stands; enough to give names and times their meaning. */
struct place {
    int depth;
    uint16_t container; /* type of the container's element; 0: the outermost */
    uint16_t previous, next;
    bool timeout; /* of two times the second */
};

static void show_elements(struct view *view, struct ska_wire_reader reader, uint16_t container,
                          int depth);

/* ---- Lines ---------------------------------------------------------------------------------- */

/* Whether the description is long enough, which is said once. */
static bool is_full(struct view *view)
{
    if (!view->full && view->text->length - view->text_start > TEXT_LIMIT) {
        view->full = true;
        ska_buffer_text(view->text, "... the rest is not shown\n");
    }
    return view->full;
}

static void begin_line(struct view *view, int depth)
{
    ska_buffer_format(view->text, "%*s", 2 * depth, "");
}

static void end_line(struct view *view)
{
    ska_buffer_text(view->text, "\n");
}

/* "3 bytes: 616263" */
static void add_hex(struct view *view, struct ska_span value)
{
    struct ska_span head =
        ska_span(value.data, value.length < SHOWN_LIMIT ? value.length : SHOWN_LIMIT);

    ska_buffer_format(view->text, "%zu byte%s", value.length, value.length == 1 ? "" : "s");
    if (value.length == 0)
        return;
    ska_buffer_text(view->text, ": ");
    ska_buffer_hex(view->text, head);
    if (value.length > SHOWN_LIMIT)
        ska_buffer_text(view->text, "...");
}

/* Nothing but harmless characters. */
static bool looks_like_text(struct ska_span value)
{
    char *shown = NULL;
    bool same = false;

    if (value.length == 0 || value.length > SHOWN_LIMIT)
        return false;
    shown = ska_printable(value, SHOWN_LIMIT);
    same = shown != NULL && ska_span_equal(ska_span_text(shown), value);
    free(shown);
    return same;
}

/* ---- Values --------------------------------------------------------------------------------- */

static uint64_t load_number(struct ska_span value)
{
    uint64_t number = 0;

    for (size_t i = value.length; i > 0; i--)
        number = number << 8 | value.data[i - 1];
    return number;
}

/* Whether a number has its length; else shows what is there instead. */
static bool is_of_length(struct view *view, struct ska_span value, size_t length)
{
    if (value.length == length)
        return true;
    ska_buffer_format(view->text, "broken, not %zu but ", length);
    add_hex(view, value);
    return false;
}

static void show_number(struct view *view, struct ska_span value)
{
    if (is_of_length(view, value, 4))
        ska_buffer_format(view->text, "%" PRIu64, load_number(value));
}

static void show_operation(struct view *view, struct ska_span value)
{
    static const char *const names[] = {"unknown", "sign", "block", "unblock", "modify"};
    uint64_t number = 0;

    if (!is_of_length(view, value, 4))
        return;
    number = load_number(value);
    ska_buffer_format(view->text, "%s (%" PRIu64 ")",
                      names[number < sizeof(names) / sizeof(names[0]) ? number : 0], number);
}

static void show_minutes(struct view *view, struct ska_span value)
{
    if (is_of_length(view, value, 4))
        ska_buffer_format(view->text, "%" PRIu64 " s (%" PRIu64 " minutes)",
                          load_number(value) * 60, load_number(value));
}

static void show_seconds(struct view *view, struct ska_span value)
{
    if (is_of_length(view, value, 4))
        ska_buffer_format(view->text, "%" PRIu64 " s", load_number(value));
}

static void show_time(struct view *view, struct ska_span value)
{
    static const uint64_t end_of_9999 = 253402300799;
    char date[SKA_TIME_SHOWN_SIZE] = "beyond the year 9999";

    if (!is_of_length(view, value, 8))
        return;
    if (load_number(value) <= end_of_9999)
        ska_time_shown(load_number(value), date);
    ska_buffer_format(view->text, "%s (%" PRIu64 ")", date, load_number(value));
}

static void show_name(struct view *view, struct ska_span value)
{
    if (value.length == 0)
        ska_buffer_text(view->text, "(empty)");
    else
        ska_buffer_printable(view->text, value, SHOWN_LIMIT);
}

static void show_bytes(struct view *view, struct ska_span value)
{
    add_hex(view, value);
    if (looks_like_text(value)) {
        ska_buffer_text(view->text, ", as text: ");
        ska_buffer_printable(view->text, value, SHOWN_LIMIT);
    }
}

static void add_key_algorithm(struct view *view, struct ska_span spki)
{
    static const char *const names[] = {
        [SKA_SPKI_RSA] = "RSA",         [SKA_SPKI_DSA] = "DSA",     [SKA_SPKI_EC] = "EC",
        [SKA_SPKI_ED25519] = "Ed25519", [SKA_SPKI_ED448] = "Ed448",
    };
    enum ska_spki_algorithm algorithm;

    ska_buffer_format(view->text, "%s, ",
                      ska_spki_algorithm(spki, &algorithm) ? names[algorithm]
                                                           : "not a key that can approve");
}

static void show_public_key(struct view *view, struct ska_span value)
{
    add_key_algorithm(view, value);
    add_hex(view, value);
}

static void show_certificate(struct view *view, struct ska_span value)
{
    struct ska_bytes spki = {NULL, 0};

    if (ska_certificate_key(value, &spki))
        add_key_algorithm(view, ska_span_of(&spki));
    else
        ska_buffer_text(view->text, "not a certificate, ");
    add_hex(view, value);
    ska_bytes_free(&spki);
}

static void show_signature(struct view *view, struct ska_span value)
{
    struct ska_bytes plain = {NULL, 0};
    const char *digest = NULL;

    if (ska_signature_from_der(value, &digest, &plain, NULL))
        ska_buffer_format(view->text, "%s, ", digest);
    else
        ska_buffer_text(view->text, "of no known form, ");
    add_hex(view, value);
    ska_bytes_free(&plain);
}

/* ---- Elements ------------------------------------------------------------------------------- */

/* No function to show: a container. */
static const struct known {
    uint16_t type;
    const char *name;
    void (*show)(struct view *view, struct ska_span value);
} known[] = {
    {SKA_WIRE_APPROVER_COUNT, "approvers", show_number},
    {SKA_WIRE_OPERATION, "operation", show_operation},
    {SKA_WIRE_MINUTES, "timelock", show_minutes},
    {SKA_WIRE_TOKEN_COUNT, "alternatives", show_number},
    {SKA_WIRE_GROUP_COUNT, "groups", show_number},
    {SKA_WIRE_QUORUM, "quorum", show_number},
    {SKA_WIRE_SECONDS, "timelock", show_seconds},
    {SKA_WIRE_SIM_SECONDS, "timelock", show_seconds},
    {SKA_WIRE_TIME, "time", show_time},
    {SKA_WIRE_NAME, "name", show_name},
    {SKA_WIRE_CERTIFICATE, "certificate", show_certificate},
    {SKA_WIRE_RULE_USE, "use rule", NULL},
    {SKA_WIRE_RULE_BLOCK, "block rule", NULL},
    {SKA_WIRE_RULE_UNBLOCK, "unblock rule", NULL},
    {SKA_WIRE_RULE_MODIFY, "modify rule", NULL},
    {SKA_WIRE_PUBLIC_KEY, "public key", show_public_key},
    {SKA_WIRE_TIMESTAMP, "timestamp", NULL},
    {SKA_WIRE_APPROVAL_TOKEN, "approval token", NULL},
    {SKA_WIRE_SIGNATURE, "signature", show_signature},
    {SKA_WIRE_USAGE_PAYLOAD, "payload", show_bytes},
    {SKA_WIRE_MODIFY_PAYLOAD, "modify payload", NULL},
    {SKA_WIRE_SIM_CERTIFICATE, "certificate (simulator's element)", show_certificate},
};

static const struct known *find_known_element(uint16_t type)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].type == type)
            return &known[i];
    return NULL;
}

/* Names stand before what they name, except those of keys. */
static const char *name_of_name(const struct place *place)
{
    switch (place->next) {
    case SKA_WIRE_MINUTES:
    case SKA_WIRE_SECONDS:
    case SKA_WIRE_SIM_SECONDS:
        return "name of alternative";
    case SKA_WIRE_QUORUM:
        return "name of group";
    case SKA_WIRE_PUBLIC_KEY:
    case SKA_WIRE_CERTIFICATE:
    case SKA_WIRE_SIM_CERTIFICATE:
        return "name of approver";
    default:
        break;
    }
    if (place->container == SKA_WIRE_TIMESTAMP || place->previous == SKA_WIRE_TIME)
        return "timestamp key name";
    return place->previous == SKA_WIRE_OPERATION ? "key name" : "name";
}

static const char *name_of_element(const struct known *element, const struct place *place)
{
    if (element->type == SKA_WIRE_NAME)
        return name_of_name(place);
    if (element->type == SKA_WIRE_SIGNATURE && place->previous == SKA_WIRE_TIMESTAMP)
        return "timestamp signature";
    if (place->timeout)
        return "timeout";
    return element->name;
}

static void show_container(struct view *view, struct ska_span value, uint16_t type, int depth)
{
    struct ska_wire_reader reader;

    if (depth > DEEPEST) {
        ska_buffer_text(view->text, "nested too deep, ");
        add_hex(view, value);
    } else if (!ska_wire_open(&reader, value)) {
        ska_buffer_text(view->text, "broken, its header does not fit, ");
        add_hex(view, value);
    } else {
        ska_buffer_format(view->text, "%zu bytes", value.length);
        end_line(view);
        show_elements(view, reader, type, depth);
        return;
    }
    end_line(view);
}

static void show_element(struct view *view, const struct ska_wire_element *element,
                         const struct place *place)
{
    const struct known *type = find_known_element(element->type);

    begin_line(view, place->depth);
    if (type == NULL) {
        ska_buffer_format(view->text, "unknown element 0x%04X, ", element->type);
        show_bytes(view, element->value);
        end_line(view);
        return;
    }
    ska_buffer_format(view->text, "%s: ", name_of_element(type, place));
    if (type->show == NULL) {
        show_container(view, element->value, element->type, place->depth + 1);
        return;
    }
    type->show(view, element->value);
    end_line(view);
}

/* What stands where no whole element does. */
static void show_broken_element(struct view *view, const struct ska_wire_reader *reader, int depth)
{
    struct ska_span rest = ska_span(reader->next, (size_t)(reader->end - reader->next));
    size_t length = 0;

    begin_line(view, depth);
    ska_buffer_format(view->text, "broken at byte %zu: ", (size_t)(rest.data - view->start));
    if (rest.length < ELEMENT_HEADER) {
        ska_buffer_text(view->text, "too short for an element, ");
    } else {
        length = (size_t)load_number(ska_span(rest.data + 2, 2));
        ska_buffer_format(view->text, "element 0x%04X ", ska_wire_peek(reader));
        if (ska_wire_is_long(reader))
            ska_buffer_text(view->text,
                            "is longer than 65534 bytes, in a form that is not supported, ");
        else if (length > rest.length - ELEMENT_HEADER)
            ska_buffer_format(view->text, "says %zu bytes where %zu are left, ", length,
                              rest.length - ELEMENT_HEADER);
        else
            ska_buffer_text(view->text, "is not padded with zeros, ");
    }
    add_hex(view, rest);
    end_line(view);
}

static bool is_time_element(uint16_t type)
{
    return type == SKA_WIRE_MINUTES || type == SKA_WIRE_SECONDS || type == SKA_WIRE_SIM_SECONDS;
}

/* The depth is at most DEEPEST, so is the recursion. */
static void show_elements(struct view *view, struct ska_wire_reader reader, uint16_t container,
                          int depth)
{
    struct place place = {depth, container, 0, 0, false};
    struct ska_wire_element element;

    while (!ska_wire_at_end(&reader) && !is_full(view)) {
        if (!ska_wire_next(&reader, &element)) {
            show_broken_element(view, &reader, depth);
            return;
        }
        place.next = ska_wire_peek(&reader);
        place.timeout =
            is_time_element(element.type) && is_time_element(place.previous) && !place.timeout;
        show_element(view, &element, &place);
        place.previous = element.type;
    }
}

/* ---- The whole ------------------------------------------------------------------------------ */

static void show_rest(struct view *view, const char *what, struct ska_span rest)
{
    ska_buffer_text(view->text, what);
    add_hex(view, rest);
    end_line(view);
}

void wire_dump(struct ska_span encoded, struct ska_buffer *text)
{
    struct view view = {text, text->length, encoded.data, false};
    struct ska_wire_reader reader;
    size_t says = 0, follow = 0;

    if (encoded.length < ELEMENT_HEADER) {
        show_rest(&view, "broken: too short for a container, ", encoded);
        return;
    }
    says = (size_t)load_number(ska_span(encoded.data, 4));
    follow = encoded.length - 4;
    if (says != follow) {
        ska_buffer_format(text, "broken: the header says %zu bytes where %zu follow\n", says,
                          follow);
    }
    reader.next = encoded.data + 4;
    reader.end = reader.next + (says < follow ? says : follow);
    show_elements(&view, reader, 0, 0);
    if (says < follow && !view.full)
        show_rest(&view, "broken: after the end of the container ",
                  ska_span(reader.end, follow - says));
}
