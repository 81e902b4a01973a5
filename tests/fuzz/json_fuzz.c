/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: what the scan lets pass cJSON understands, and it can be written and read again; without
 * some members it is what remains when they are removed.
 */
#include <string.h>

#include "provider/base/json.h"

#include "fuzz.h"

/* The only reason there is; another one would mean that scan and cJSON do not agree. */
static void expect_bad_json(void *arg, enum ska_reason reason, const char *file, int line,
                            const char *function, const char *format, va_list args)
{
    (void)arg;
    (void)file;
    (void)line;
    (void)function;
    (void)format;
    (void)args;
    PROMISE(reason == SKA_R_BAD_JSON);
}

static void leave_out(struct ska_span text, cJSON *json, const struct ska_errors *errors)
{
    static const char *const names[SKA_JSON_UNWANTED] = {"a", "b"};
    cJSON *without = NULL;
    char *printed = NULL;
    char *expected = NULL;

    PROMISE(ska_json_parse_without(text, "fuzz", names, &without, errors));
    for (size_t i = 0; i < SKA_JSON_UNWANTED; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(json, names[i]);
    /* Not cJSON_Compare(), to which one infinite number is not another one. */
    printed = cJSON_PrintUnformatted(without);
    expected = cJSON_PrintUnformatted(json);
    PROMISE(printed != NULL && expected != NULL && strcmp(printed, expected) == 0);
    cJSON_free(printed);
    cJSON_free(expected);
    cJSON_Delete(without);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_errors errors = {expect_bad_json, NULL};
    struct ska_bytes text = {NULL, 0};
    cJSON *json = NULL;
    cJSON *again = NULL;

    if (!ska_json_parse(ska_span(data, size), "fuzz", &json, &errors))
        return 0;
    if (ska_json_print(json, &text, NULL)) {
        PROMISE(ska_json_parse(ska_span_of(&text), "again", &again, &errors));
        cJSON_Delete(again);
    }
    ska_bytes_free(&text);
    leave_out(ska_span(data, size), json, &errors);
    cJSON_Delete(json);
    return 0;
}
