/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/error_place.h"

#include <stdio.h>
#include <stdlib.h>

static void raise_with_place(void *arg, enum ska_reason reason, const char *file, int line,
                             const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static void raise_with_place(void *arg, enum ska_reason reason, const char *file, int line,
                             const char *function, const char *format, va_list args)
{
    struct ska_error_place *place = arg;
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    ska_fail_at(place->outer, reason, file, line, function, "%s: %s", place->where,
                text == NULL ? "out of memory" : text);
    free(text);
}

void ska_error_place_init(struct ska_error_place *place, const struct ska_errors *outer,
                          const char *where)
{
    place->errors.raise = raise_with_place;
    place->errors.arg = place;
    place->outer = outer;
    place->where = where;
}
