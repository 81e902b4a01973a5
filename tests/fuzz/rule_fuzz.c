/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serialized rules: what decodes encodes to the same bytes; a rule that asks for nobody is the one
 * that nobody satisfies; who is found in a rule is listed there.
 */
#include "provider/rule/quorum.h"
#include "provider/base/wire.h"
#include "provider/rule/rule_codec.h"

#include "fuzz.h"

static void try_group(const struct ska_rule *rule, const struct ska_group *group)
{
    for (size_t i = 0; i < group->approver_count; i++) {
        struct ska_span key = ska_span_of(&group->approvers[i].public_key);
        const struct ska_approver *found = ska_rule_find_approver(rule, key);

        PROMISE(found != NULL && ska_span_equal(ska_span_of(&found->public_key), key));
        PROMISE(ska_group_count(group, &key, 1) == (key.length > 0));
    }
}

/* Two elements are read by a number that is not written: nothing else may differ. */
static void try_other_numbers(struct ska_span read, struct ska_span written)
{
    struct ska_wire_reader readers[2];
    struct ska_wire_element old, new;

    PROMISE(ska_wire_open(&readers[0], read) && ska_wire_open(&readers[1], written));
    while (!ska_wire_at_end(&readers[0])) {
        PROMISE(ska_wire_next(&readers[0], &old) && ska_wire_next(&readers[1], &new));
        PROMISE(ska_span_equal(old.value, new.value));
        PROMISE(old.type == new.type ||
                (old.type == SKA_WIRE_SIM_SECONDS && new.type == SKA_WIRE_SECONDS) ||
                (old.type == SKA_WIRE_CERTIFICATE && new.type == SKA_WIRE_SIM_CERTIFICATE));
    }
    PROMISE(ska_wire_at_end(&readers[1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_bytes again = {NULL, 0};
    struct ska_rule rule;

    if (!ska_rule_decode(ska_span(data, size), &rule, NULL))
        return 0;
    PROMISE(ska_rule_encode(&rule, &again, NULL));
    if (!ska_span_equal(ska_span_of(&again), ska_span(data, size)))
        try_other_numbers(ska_span(data, size), ska_span_of(&again));
    PROMISE(ska_rule_satisfied(&rule, NULL, 0) == ska_rule_is_empty(&rule));
    for (size_t i = 0; i < rule.alternative_count; i++)
        for (size_t j = 0; j < rule.alternatives[i].group_count; j++)
            try_group(&rule, &rule.alternatives[i].groups[j]);
    ska_bytes_free(&again);
    ska_rule_clear(&rule);
    return 0;
}
