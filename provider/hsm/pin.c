/* SPDX-License-Identifier: Apache-2.0 */
/* Where a PIN is read from. */
#include <string.h>
#include <unistd.h>

#include "provider/base/error_place.h"
#include "provider/base/file.h"
#include "provider/hsm/secret.h"
#include "provider/hsm/token.h"

/* The longest PIN file that is read; only its first line counts. */
#define PIN_FILE_LIMIT 4096

/* "file:PATH", "file:///PATH" or a path. */
static const char *source_path(const char *source)
{
    if (strncmp(source, "file:", 5) != 0)
        return source;
    source += 5;
    if (strncmp(source, "//localhost/", 12) == 0)
        return source + 11;
    return strncmp(source, "///", 3) == 0 ? source + 2 : source;
}

static struct ska_span first_line(const struct ska_bytes *content)
{
    size_t length = 0;

    while (length < content->length && content->data[length] != '\n')
        length++;
    if (length > 0 && content->data[length - 1] == '\r')
        length--;
    return ska_span(content->data, length);
}

struct hsm_secret *hsm_pin_read(const char *source, const char *named_in,
                                const struct ska_errors *outer)
{
    struct ska_error_place place;
    const struct ska_errors *errors = outer;
    const char *path = source_path(source);
    struct ska_bytes content = {NULL, 0};
    struct hsm_secret *pin = NULL;
    struct ska_span line;

    if (named_in != NULL) {
        ska_error_place_init(&place, outer, named_in);
        errors = &place.errors;
    }
    if (strchr(path, '/') == NULL && access(path, F_OK) != 0) {
        ska_fail(errors, SKA_R_FILE_FAILURE,
                 "the file is not there (its name is not shown, since it may be the PIN itself: "
                 "file:/PATH is expected)");
        return NULL;
    }
    if (!ska_file_read(path, PIN_FILE_LIMIT, &content, errors))
        return NULL;
    line = first_line(&content);
    if (line.length == 0)
        ska_fail(errors, SKA_R_PIN_MISSING, "%s: its first line, the PIN, is empty", path);
    else if (line.length > HSM_SECRET_LIMIT)
        ska_fail(errors, SKA_R_PIN_INCORRECT,
                 "%s: its first line, the PIN, is longer than %d bytes and was not tried", path,
                 HSM_SECRET_LIMIT);
    else if ((pin = hsm_secret_new(line)) == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN");
    ska_bytes_clear_free(&content);
    return pin;
}
