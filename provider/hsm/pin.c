/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/error_file.h"
#include "provider/base/error_place.h"
#include "provider/base/file.h"
#include "provider/hsm/cryptoki.h"
#include "provider/hsm/pin_command.h"
#include "provider/hsm/pin_line.h"

/* ---- From a file ----------------------------------------------------------------------------- */

#define PIN_ENVIRONMENT "env:"

/* The longest PIN file that is read; only its first line counts. */
#define PIN_FILE_LIMIT 4096

const char *hsm_pin_path(const char *file)
{
    if (strncmp(file, "file:", 5) != 0)
        return file;
    file += 5;
    if (strncmp(file, "//localhost/", 12) == 0)
        return file + 11;
    return strncmp(file, "///", 3) == 0 ? file + 2 : file;
}

const char *hsm_pin_path_shown(const char *path)
{
    if (path[0] == '/' && strchr(path + 1, '/') != NULL)
        return path;
    return "the file (its name is not shown, since it may be the PIN itself: file:/DIRECTORY/FILE "
           "is expected)";
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

static struct hsm_pin *pin_from_regular(const char *path, const char *shown,
                                        const struct ska_errors *errors)
{
    struct ska_bytes content = {NULL, 0};
    struct hsm_pin *pin = NULL;

    /* Who could exchange it could have the token locked by wrong PINs, or shown other files. */
    if (!ska_file_read_safe("PIN file", path, shown, PIN_FILE_LIMIT, &content, errors))
        return NULL;
    pin = hsm_pin_of_line(first_line(&content), shown, errors);
    ska_bytes_clear_free(&content);
    return pin;
}

static bool is_pipe(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
}

static struct hsm_pin *pin_from_environment(const char *name, const struct ska_errors *errors)
{
    const char *value = secure_getenv(name);

    if (value != NULL)
        return hsm_pin_of_line(ska_span_text(value), name, errors);
    ska_fail(errors, SKA_R_PIN_MISSING,
             "%s: the environment variable does not exist, or this process must not trust its "
             "environment",
             name);
    return NULL;
}

/* What only the configuration may name; *pin: what it gives. */
static bool is_configured_kind(const struct hsm_pin_source *source, struct hsm_pin **pin,
                               const struct ska_errors *errors)
{
    const bool command = source->file[0] == '|';

    if (!command && strncmp(source->file, PIN_ENVIRONMENT, strlen(PIN_ENVIRONMENT)) != 0)
        return false;
    if (!source->configured)
        ska_fail(errors, SKA_R_BAD_URI,
                 "a command (|...) or a variable (env:...) that gives the PIN may be named only in "
                 "the configuration");
    else if (command)
        *pin = hsm_pin_from_command(source->file + 1, errors);
    else
        *pin = pin_from_environment(source->file + strlen(PIN_ENVIRONMENT), errors);
    return true;
}

static struct hsm_pin *pin_from_file(const struct hsm_pin_source *source,
                                     const struct ska_errors *outer)
{
    struct ska_error_file of_pin;
    const struct ska_errors *errors = &of_pin.errors;
    const char *path = hsm_pin_path(source->file);
    const char *shown = hsm_pin_path_shown(path);
    struct ska_error_place place;
    struct hsm_pin *pin = NULL;
    int fd = hsm_pin_descriptor(path);

    ska_error_file_init(&of_pin, outer, SKA_R_PIN_UNREADABLE);
    if (source->named_in != NULL) {
        ska_error_place_init(&place, errors, source->named_in);
        errors = &place.errors;
    }
    if (is_configured_kind(source, &pin, errors))
        return pin;
    if (fd >= 0)
        return hsm_pin_from_descriptor(fd, hsm_pin_line_end(), path, errors);
    return is_pipe(path) ? hsm_pin_from_pipe(path, shown, errors)
                         : pin_from_regular(path, shown, errors);
}

/* What stands in a pipe is gone once it was read. */
static bool can_be_read_again(const char *file)
{
    const char *path = hsm_pin_path(file);

    return hsm_pin_descriptor(path) < 0 && !is_pipe(path);
}

/* ---- From a value, from a person ------------------------------------------------------------- */

static struct hsm_pin *pin_from_value(struct ska_span value, const char *token_label,
                                      const struct ska_errors *errors)
{
    struct hsm_pin *pin = NULL;

    if (value.length == 0)
        ska_fail(errors, SKA_R_PIN_MISSING, "the PIN given for token \"%s\" is empty",
                 hsm_show(token_label).text);
    else if (value.length > HSM_PIN_LIMIT)
        ska_fail(errors, SKA_R_PIN_INCORRECT,
                 "the PIN given for token \"%s\" is longer than %d bytes and was not tried",
                 hsm_show(token_label).text, HSM_PIN_LIMIT);
    else if ((pin = hsm_pin_new(value)) == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN");
    return pin;
}

static struct hsm_pin *pin_from_prompt(const struct hsm_pin_source *source, const char *token_label,
                                       const struct ska_errors *errors)
{
    struct hsm_pin *pin = hsm_pin_room(HSM_PIN_LIMIT);

    if (pin == NULL) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN");
        return NULL;
    }
    if (source->prompt(source->prompt_arg, token_label, pin->value, pin->capacity + 1))
        pin->length = strnlen(pin->value, pin->capacity);
    if (pin->length > 0)
        return pin;
    hsm_pin_wipe(pin);
    ska_fail(errors, SKA_R_PIN_MISSING, "no PIN was entered for token \"%s\"",
             hsm_show(token_label).text);
    return NULL;
}

const char *hsm_pin_source_text(const struct hsm_pin_source *source, char text[HSM_PIN_SOURCE_SIZE])
{
    if (source->value != NULL)
        return "the PIN in pin-value";
    if (source->file == NULL)
        return source->kept != NULL ? "the PIN that it took before" : "the PIN that was entered";
    snprintf(text, HSM_PIN_SOURCE_SIZE, "the PIN in %.300s%s%s%s",
             hsm_pin_path_shown(hsm_pin_path(source->file)), source->named_in == NULL ? "" : " (",
             source->named_in == NULL ? "" : source->named_in, source->named_in == NULL ? "" : ")");
    return text;
}

bool hsm_pin_is_asked(const struct hsm_pin_source *source)
{
    return !hsm_pin_is_named(source) && source->prompt != NULL;
}

bool hsm_pin_is_named(const struct hsm_pin_source *source)
{
    return source->value != NULL || source->kept != NULL || source->file != NULL;
}

struct hsm_pin_source hsm_pin_withhold(const struct hsm_pin_source *source)
{
    struct hsm_pin_source rest = *source;

    rest.file = NULL;
    rest.kept = NULL;
    rest.withheld = true;
    return rest;
}

static struct hsm_pin *pin_from_kept(const struct hsm_pin *kept, const char *token_label,
                                     const struct ska_errors *errors)
{
    return pin_from_value(ska_span(kept->value, kept->length), token_label, errors);
}

/* Anew, since it may have changed; who may not read it any more has what was read before. */
static struct hsm_pin *pin_from_file_or_kept(const struct hsm_pin_source *source,
                                             const char *token_label,
                                             const struct ska_errors *errors)
{
    struct hsm_pin *pin = NULL;

    if (source->kept == NULL)
        return pin_from_file(source, errors);
    if (can_be_read_again(source->file))
        pin = pin_from_file(source, NULL);
    return pin != NULL ? pin : pin_from_kept(source->kept, token_label, errors);
}

static struct hsm_pin *pin_is_missing(const struct hsm_pin_source *source, const char *token_label,
                                      const struct ska_errors *errors)
{
    if (source->withheld)
        ska_fail(errors, SKA_R_PIN_MISSING,
                 "token \"%s\" has been given a wrong PIN, and another one may lock it. The PIN in "
                 "the configuration is for the token \"%s\", so it is not tried here for a key "
                 "reference, which anybody may have written. List a PIN file for this token in "
                 "pin-sources and name it as pin-source in the reference, or log in to it once",
                 hsm_show(token_label).text, hsm_show(source->meant_for).text);
    else
        ska_fail(errors, SKA_R_PIN_MISSING,
                 "token \"%s\" requires a PIN: set pin-source in the configuration or in the URI",
                 hsm_show(token_label).text);
    return NULL;
}

struct hsm_pin *hsm_pin_read(const struct hsm_pin_source *source, const char *token_label,
                             const struct ska_errors *errors)
{
    if (source->value != NULL)
        return pin_from_value(ska_span_text(source->value), token_label, errors);
    if (source->file != NULL)
        return pin_from_file_or_kept(source, token_label, errors);
    if (source->kept != NULL)
        return pin_from_kept(source->kept, token_label, errors);
    if (source->prompt != NULL)
        return pin_from_prompt(source, token_label, errors);
    return pin_is_missing(source, token_label, errors);
}
