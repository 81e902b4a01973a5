/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/error_place.h"

#include <stdio.h>
#include <stdlib.h>

#include "provider/base/printable.h"

static void add_place(struct ska_buffer *buffer, const struct ska_error_place *place)
{
    if (place->outer == NULL) {
        ska_buffer_printable(buffer, ska_span_text(place->name), 4096);
        ska_buffer_text(buffer, place->name[0] == 0 ? "" : ": ");
        return;
    }
    add_place(buffer, place->outer);
    if (place->name == NULL)
        ska_buffer_format(buffer, "[%zu]", place->index);
    else
        ska_buffer_format(buffer, "%s%s", place->outer->outer == NULL ? "" : ".", place->name);
    if (place->called.length > 0) {
        ska_buffer_text(buffer, " ('");
        ska_buffer_printable(buffer, place->called, 64);
        ska_buffer_text(buffer, "')");
    }
}

static void raise_with_place(void *arg, enum ska_reason reason, const char *file, int line,
                             const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static void raise_with_place(void *arg, enum ska_reason reason, const char *file, int line,
                             const char *function, const char *format, va_list args)
{
    const struct ska_error_place *place = arg;
    struct ska_buffer buffer = {0};
    struct ska_bytes where = {NULL, 0};
    char *text = NULL;

    add_place(&buffer, place);
    ska_buffer_text(&buffer, place->outer == NULL ? "" : ": ");
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    ska_fail_at(place->sink, reason, file, line, function, "%s%s",
                ska_buffer_finish(&buffer, &where, NULL) ? (const char *)where.data : "",
                text == NULL ? "out of memory" : text);
    ska_bytes_free(&where);
    free(text);
}

void ska_error_place_init(struct ska_error_place *place, const struct ska_errors *sink,
                          const char *name)
{
    *place =
        (struct ska_error_place){.errors = {raise_with_place, place}, .sink = sink, .name = name};
}

void ska_error_place_inside(struct ska_error_place *place, const struct ska_error_place *outer,
                            const char *name, size_t index)
{
    *place = (struct ska_error_place){.errors = {raise_with_place, place},
                                      .sink = outer->sink,
                                      .outer = outer,
                                      .name = name,
                                      .index = index};
}
