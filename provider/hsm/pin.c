/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/pin.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

#include "provider/base/error_place.h"
#include "provider/base/file.h"
#include "provider/hsm/cryptoki.h"

/* ---- In memory ------------------------------------------------------------------------------- */

static size_t pin_size(const struct hsm_pin *pin)
{
    return sizeof(*pin) + pin->capacity + 1;
}

/* Of zeros, for up to `capacity` bytes. */
static struct hsm_pin *pin_map(size_t capacity)
{
    const struct hsm_pin wanted = {.capacity = capacity};
    struct hsm_pin *pin = NULL;
    void *pages =
        mmap(NULL, pin_size(&wanted), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED)
        return NULL;
    pin = pages;
    pin->capacity = capacity;
    hsm_pin_lock(pin);
    return pin;
}

struct hsm_pin *hsm_pin_new(struct ska_span value)
{
    struct hsm_pin *pin = pin_map(value.length);

    if (pin == NULL)
        return NULL;
    pin->length = value.length;
    if (value.length > 0)
        memcpy(pin->value, value.data, value.length);
    return pin;
}

void hsm_pin_lock(const struct hsm_pin *pin)
{
    /* Neither is vital: a process may have no right to lock memory. */
    (void)mlock(pin, pin_size(pin));
    (void)madvise((void *)(uintptr_t)pin, pin_size(pin), MADV_DONTDUMP);
}

void hsm_pin_wipe(struct hsm_pin *pin)
{
    size_t size = 0;

    if (pin == NULL)
        return;
    size = pin_size(pin);
    OPENSSL_cleanse(pin, size);
    munmap(pin, size);
}

/* ---- From a file ----------------------------------------------------------------------------- */

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

static struct hsm_pin *pin_of_line(struct ska_span line, const char *path,
                                   const struct ska_errors *errors)
{
    struct hsm_pin *pin = NULL;

    if (line.length == 0)
        ska_fail(errors, SKA_R_PIN_MISSING, "%s: its first line, the PIN, is empty", path);
    else if (line.length > HSM_PIN_LIMIT)
        ska_fail(errors, SKA_R_PIN_INCORRECT,
                 "%s: its first line, the PIN, is longer than %d bytes and was not tried", path,
                 HSM_PIN_LIMIT);
    else if ((pin = hsm_pin_new(line)) == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN");
    return pin;
}

static struct hsm_pin *pin_from_file(const struct hsm_pin_source *source,
                                     const struct ska_errors *outer)
{
    const struct ska_errors *errors = outer;
    const char *path = hsm_pin_path(source->file);
    const char *shown = hsm_pin_path_shown(path);
    struct ska_bytes content = {NULL, 0};
    struct ska_error_place place;
    struct hsm_pin *pin = NULL;

    if (source->named_in != NULL) {
        ska_error_place_init(&place, outer, source->named_in);
        errors = &place.errors;
    }
    /* Who could exchange it could have the token locked by wrong PINs, or shown other files. */
    if (!ska_file_read_safe("PIN file", path, shown, PIN_FILE_LIMIT, &content, errors))
        return NULL;
    pin = pin_of_line(first_line(&content), shown, errors);
    ska_bytes_clear_free(&content);
    return pin;
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
    struct hsm_pin *pin = pin_map(HSM_PIN_LIMIT);

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
    if (source == NULL || source->kept != NULL)
        return "the PIN that it took before";
    if (source->value != NULL)
        return "the PIN in pin-value";
    if (source->file == NULL)
        return "the PIN that was entered";
    snprintf(text, HSM_PIN_SOURCE_SIZE, "the PIN in %.300s%s%s%s",
             hsm_pin_path_shown(hsm_pin_path(source->file)), source->named_in == NULL ? "" : " (",
             source->named_in == NULL ? "" : source->named_in, source->named_in == NULL ? "" : ")");
    return text;
}

bool hsm_pin_is_asked(const struct hsm_pin_source *source)
{
    return source->value == NULL && source->kept == NULL && source->file == NULL &&
           source->prompt != NULL;
}

struct hsm_pin *hsm_pin_read(const struct hsm_pin_source *source, const char *token_label,
                             const struct ska_errors *errors)
{
    if (source->value != NULL)
        return pin_from_value(ska_span_text(source->value), token_label, errors);
    if (source->kept != NULL)
        return pin_from_value(ska_span(source->kept->value, source->kept->length), token_label,
                              errors);
    if (source->file != NULL)
        return pin_from_file(source, errors);
    if (source->prompt != NULL)
        return pin_from_prompt(source, token_label, errors);
    ska_fail(errors, SKA_R_PIN_MISSING,
             "token \"%s\" wants a PIN: give pin-source in the configuration or in the URI",
             hsm_show(token_label).text);
    return NULL;
}
