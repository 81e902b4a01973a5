/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: what is read can be written and read again; failures have the reasons that are promised.
 */
#include "provider/base/json.h"

#include "fuzz.h"

/* The only reason there is; another one would mean that grammar and cJSON do not agree. */
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
    cJSON_Delete(json);
    return 0;
}
