/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modify payloads: the new rules of a key, those that change.
 */
#include "provider/rule/rule_codec.h"

#include <string.h>

#include "provider/base/wire.h"

/* In the order of the wire. */
static const struct {
    enum ska_rule_kind kind;
    uint16_t type;
} parts[SKA_RULE_COUNT] = {
    {SKA_RULE_USE, SKA_WIRE_RULE_USE},
    {SKA_RULE_BLOCK, SKA_WIRE_RULE_BLOCK},
    {SKA_RULE_UNBLOCK, SKA_WIRE_RULE_UNBLOCK},
    {SKA_RULE_MODIFY, SKA_WIRE_RULE_MODIFY},
};

static const char *read_modify(struct ska_wire_reader *reader, struct ska_modify *modify)
{
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_span rule;

        if (ska_wire_peek(reader) != parts[i].type)
            continue;
        if (!ska_wire_take(reader, parts[i].type, &rule) || !ska_wire_well_formed(rule))
            return "a rule is malformed";
        modify->rules[parts[i].kind] = rule;
    }
    return ska_wire_at_end(reader) ? NULL : "a rule is unknown, doubled or out of order";
}

bool ska_modify_decode(struct ska_span encoded, struct ska_modify *modify,
                       const struct ska_errors *errors)
{
    struct ska_wire_reader reader;
    const char *fault = NULL;

    memset(modify, 0, sizeof(*modify));
    if (!ska_wire_open(&reader, encoded))
        fault = "its length does not fit its header";
    else
        fault = read_modify(&reader, modify);
    if (fault != NULL && ska_wire_is_long(&reader))
        fault = SKA_WIRE_LONG_FAULT;
    if (fault == NULL)
        return true;
    memset(modify, 0, sizeof(*modify));
    return ska_fail(errors, SKA_R_BAD_RULE, "modify payload: %s", fault);
}

bool ska_modify_encode(const struct ska_modify *modify, struct ska_bytes *encoded,
                       const struct ska_errors *errors)
{
    struct ska_buffer buffer = {0};
    size_t begin = ska_wire_begin(&buffer);

    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_span rule = modify->rules[parts[i].kind];

        if (rule.data == NULL)
            continue;
        if (rule.length > SKA_WIRE_VALUE_LIMIT || !ska_wire_well_formed(rule)) {
            ska_buffer_free(&buffer);
            return ska_fail(errors, SKA_R_BAD_RULE,
                            "modify payload: a rule is malformed or longer than %zu bytes",
                            SKA_WIRE_VALUE_LIMIT);
        }
        ska_wire_add(&buffer, parts[i].type, rule);
    }
    ska_wire_end(&buffer, begin);
    return ska_buffer_finish(&buffer, encoded, errors);
}
