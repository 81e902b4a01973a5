/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/json.h"

#include <stdlib.h>
#include <string.h>

/* Whole numbers up to here are exact in a double. */
#define UINT_LIMIT 9007199254740991.0

/* Most names differ in their first letter already, which spares the call of strcmp(). */
static const cJSON *get_member(const cJSON *object, const char *name)
{
    const cJSON *member = object == NULL ? NULL : object->child;

    /* The elements of an array have no names. */
    while (member != NULL && member->string != NULL &&
           (member->string[0] != name[0] || strcmp(member->string, name) != 0))
        member = member->next;
    return member == NULL || member->string == NULL ? NULL : member;
}

/* ---- Places --------------------------------------------------------------------------------- */

void ska_json_top(struct ska_json_place *place, const cJSON *value, const char *shown,
                  enum ska_reason reason, const struct ska_errors *errors)
{
    ska_error_place_init(&place->at, errors, shown);
    place->value = value;
    place->reason = reason;
}

void ska_json_member(const struct ska_json_place *place, const char *name,
                     struct ska_json_place *inside)
{
    ska_error_place_inside(&inside->at, &place->at, name, 0);
    inside->value = get_member(place->value, name);
    inside->reason = place->reason;
}

void ska_json_element(const struct ska_json_place *place, const cJSON *value, size_t index,
                      struct ska_json_place *inside)
{
    ska_error_place_inside(&inside->at, &place->at, NULL, index);
    inside->value = value;
    inside->reason = place->reason;
}

bool ska_json_fail(const struct ska_json_place *place, const char *name, const char *what)
{
    struct ska_error_place member;

    ska_error_place_inside(&member, &place->at, name, 0);
    return ska_fail(&member.errors, place->reason, "%s", what);
}

bool ska_json_fail_value(const struct ska_json_place *place, const char *name, const char *value,
                         const char *wanted)
{
    struct ska_error_place member;
    char *shown = ska_printable(ska_span_text(value), 64);

    ska_error_place_inside(&member, &place->at, name, 0);
    ska_fail(&member.errors, place->reason, "'%s' is not %s", shown == NULL ? "" : shown, wanted);
    free(shown);
    return false;
}

/* ---- Members -------------------------------------------------------------------------------- */

typedef cJSON_bool is_kind(const cJSON *item);

/* *item is NULL for one that is absent or null. */
static bool find_member(const struct ska_json_place *place, const char *name,
                        enum ska_json_need need, is_kind *is_wanted, const char *expected,
                        const cJSON **item)
{
    *item = get_member(place->value, name);
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

static bool decode_base64(const struct ska_json_place *place, const char *name,
                          enum ska_json_need need,
                          bool (*decode)(const char *text, struct ska_bytes *to),
                          struct ska_bytes *value)
{
    const char *text = NULL;
    struct ska_bytes bytes = {NULL, 0};

    if (!ska_json_text(place, name, need, &text))
        return false;
    if (text == NULL)
        return true;
    if (!decode(text, &bytes))
        return ska_json_fail(place, name, "base64 on one line expected");
    ska_bytes_free(value);
    *value = bytes;
    return true;
}

bool ska_json_base64(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                     struct ska_bytes *value)
{
    return decode_base64(place, name, need, ska_base64_decode, value);
}

bool ska_json_base64_pem(const struct ska_json_place *place, const char *name,
                         enum ska_json_need need, struct ska_bytes *value)
{
    return decode_base64(place, name, need, ska_base64_decode_pem, value);
}

bool ska_json_object(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                     struct ska_json_place *inside)
{
    ska_error_place_inside(&inside->at, &place->at, name, 0);
    inside->reason = place->reason;
    return find_member(place, name, need, cJSON_IsObject, "object expected", &inside->value);
}

bool ska_json_array(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                    struct ska_json_place *inside)
{
    ska_error_place_inside(&inside->at, &place->at, name, 0);
    inside->reason = place->reason;
    return find_member(place, name, need, cJSON_IsArray, "array expected", &inside->value);
}

static bool fail_unknown(const struct ska_json_place *place, const char *name,
                         const char *const *names)
{
    char *shown = ska_printable(ska_span_text(name), 64);
    struct ska_buffer text = {0};
    const char *separator = "unknown member; there are ";

    for (; *names != NULL; names++) {
        ska_buffer_format(&text, "%s%s", separator, *names);
        separator = ", ";
    }
    ska_json_fail(place, shown == NULL ? "" : shown, ska_buffer_string(&text));
    free(shown);
    ska_buffer_free(&text);
    return false;
}

bool ska_json_only(const struct ska_json_place *place, const char *const *names)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, place->value)
    {
        if (!ska_text_is_among(names, member->string))
            return fail_unknown(place, member->string, names);
    }
    return true;
}

/* ---- Adding --------------------------------------------------------------------------------- */

bool ska_json_add_item(cJSON *parent, const char *name, cJSON *item)
{
    if (item != NULL && (name == NULL ? cJSON_AddItemToArray(parent, item)
                                      : cJSON_AddItemToObject(parent, name, item)))
        return true;
    cJSON_Delete(item);
    return false;
}

bool ska_json_add_text(cJSON *object, const char *name, const char *value)
{
    return value == NULL || cJSON_AddStringToObject(object, name, value) != NULL;
}

bool ska_json_add_untrusted(cJSON *object, const char *name, struct ska_span untrusted)
{
    bool plain = ska_utf8_valid(untrusted) &&
                 (untrusted.length == 0 || memchr(untrusted.data, 0, untrusted.length) == NULL);
    struct ska_bytes copy = {NULL, 0};
    char *escaped = plain ? NULL : ska_printable(untrusted, SIZE_MAX);
    bool done = plain ? ska_bytes_copy(&copy, untrusted, NULL) &&
                            ska_json_add_text(object, name, (const char *)copy.data)
                      : escaped != NULL && ska_json_add_text(object, name, escaped);

    ska_bytes_free(&copy);
    free(escaped);
    return done;
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
