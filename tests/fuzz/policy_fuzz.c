/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as JSON: what is read can be written and read again, and what may be given to a key can be
 * put on the wire and means the same there.
 */
#include "provider/rule/policy_json.h"
#include "provider/rule/rule_check.h"

#include "fuzz.h"
#include "provider/base/json.h"
#include "provider/rule/rule_codec.h"

static void print(const struct ska_rule *rule, struct ska_bytes *text)
{
    cJSON *json = ska_rule_to_json(rule);

    PROMISE(json != NULL);
    if (!ska_json_print(json, text, NULL))
        text->length = 0;
    cJSON_Delete(json);
}

/* The same text comes out of what went through JSON or over the wire. */
static void compare(const struct ska_rule *rule, const struct ska_rule *again)
{
    struct ska_bytes before = {NULL, 0};
    struct ska_bytes after = {NULL, 0};

    print(rule, &before);
    print(again, &after);
    PROMISE(ska_span_equal(ska_span_of(&before), ska_span_of(&after)));
    ska_bytes_free(&before);
    ska_bytes_free(&after);
}

static bool read_rule(const cJSON *json, struct ska_rule *rule)
{
    struct ska_json_place place;

    ska_json_top(&place, json, "rule", SKA_R_BAD_REQUEST, NULL);
    return ska_rule_read(&place, NULL, rule);
}

static void try_json(const struct ska_rule *rule)
{
    cJSON *json = ska_rule_to_json(rule);
    struct ska_rule again;

    PROMISE(json != NULL);
    PROMISE(read_rule(json, &again));
    compare(rule, &again);
    ska_rule_clear(&again);
    cJSON_Delete(json);
}

static void try_wire(const struct ska_rule *rule)
{
    struct ska_bytes encoded = {NULL, 0};
    struct ska_rule again;

    if (!ska_rule_check(rule, "rule", NULL))
        return;
    PROMISE(ska_rule_encode(rule, &encoded, NULL));
    PROMISE(ska_rule_decode(ska_span_of(&encoded), &again, NULL));
    compare(rule, &again);
    ska_rule_clear(&again);
    ska_bytes_free(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_rule rule;
    cJSON *json = NULL;

    if (!ska_json_parse(ska_span(data, size), "fuzz", &json, NULL))
        return 0;
    if (read_rule(json, &rule)) {
        try_json(&rule);
        try_wire(&rule);
        ska_rule_clear(&rule);
    }
    cJSON_Delete(json);
    return 0;
}
