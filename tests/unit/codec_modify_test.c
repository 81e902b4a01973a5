/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modify payloads: each set of rules, each single fault.
 */
#include "codec_support.h"

#include "provider/rule/rule_codec.h"

static struct writer scratch;

/* What a rule is to a modify payload: a container of whatever elements. */
static void write_container(struct dice *dice)
{
    uint8_t bytes[60];

    scratch.length = 0;
    for (size_t count = roll_below(dice, 5); count > 0; count--) {
        size_t length = roll_below(dice, sizeof(bytes));

        roll_bytes(dice, bytes, length);
        put_element(&scratch, (unsigned int)roll_below(dice, 0x10000), bytes, length);
    }
    wrap(&scratch);
}

static const uint16_t modify_types[] = {0x104E, 0x104F, 0x1050, 0x1051};
static const enum ska_rule_kind modify_kinds[] = {SKA_RULE_USE, SKA_RULE_BLOCK, SKA_RULE_UNBLOCK,
                                                  SKA_RULE_MODIFY};

static void modify_payloads_decode_and_encode(void **state)
{
    static struct writer payload;
    struct dice dice = new_dice(0x5EED0301);
    struct ska_span present[4];

    (void)state;
    for (size_t round = 0; round < rounds(320); round++) {
        unsigned int mask = round % 16;
        struct ska_bytes again = {NULL, 0};
        struct ska_modify modify;

        payload.length = 0;
        for (size_t i = 0; i < 4; i++) {
            present[i] = ska_span(NULL, 0);
            if (!(mask >> i & 1))
                continue;
            write_container(&dice);
            present[i] = exact(written(&scratch));
            put_element(&payload, modify_types[i], present[i].data, present[i].length);
        }
        wrap(&payload);
        assert_true(ska_modify_decode(written(&payload), &modify, NULL));
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(modify.rules[modify_kinds[i]].data != NULL, mask >> i & 1);
            assert_span_equal(modify.rules[modify_kinds[i]], present[i]);
        }
        assert_true(ska_modify_encode(&modify, &again, NULL));
        assert_span_equal(ska_span_of(&again), written(&payload));
        ska_bytes_free(&again);
        for (size_t i = 0; i < 4; i++)
            if (present[i].data != NULL)
                exact_free(present[i]);
    }
}

#define RULE "0C000000 5900040000000000 02100000"
#define USE "4E101000" RULE
#define BLOCK "4F101000" RULE

static const struct {
    const char *name, *hex;
    bool accepted;
} modifies[] = {
    {"nothing named", "", true},
    {"one rule", USE, true},
    {"two rules", USE BLOCK, true},
    {"wrong order", BLOCK USE, false},
    {"doubled", USE USE, false},
    {"unknown first", "52100000" USE, false},
    {"unknown last", USE "52100000", false},
    {"no container", "4E100000", false},
    {"wrong header", "4E100400 04000000", false},
    {"cut element inside", "4E100800 04000000 02100100", false},
    {"padding not zero inside", "4E100C00 08000000 02100100 41000001", false},
};

static void modify_faults_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(modifies) / sizeof(modifies[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        struct ska_bytes bytes = from_hex(modifies[i].hex);
        struct ska_modify modify;
        bool accepted;

        scratch.length = 0;
        put(&scratch, bytes.data, bytes.length);
        wrap(&scratch);
        accepted = ska_modify_decode(written(&scratch), &modify, &errors);
        if (accepted != modifies[i].accepted)
            fail_msg("%s: %s", modifies[i].name, accepted ? "accepted" : "refused");
        if (!accepted) {
            assert_raised(&recorder, SKA_R_BAD_RULE);
            assert_null(modify.rules[SKA_RULE_USE].data);
        }
        ska_bytes_free(&bytes);
    }
}

static void modify_encoding_refuses_other_bytes(void **state)
{
    static const uint8_t large[0x10004] = {0};
    struct ska_modify modify = {0};
    struct ska_bytes encoded = {NULL, 0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    modify.rules[SKA_RULE_UNBLOCK] = ska_span(large, 8);
    assert_false(ska_modify_encode(&modify, &encoded, &errors));
    assert_raised(&recorder, SKA_R_BAD_RULE);
    /* A whole container, but one that no element can hold. */
    scratch.length = 0;
    put_element(&scratch, 0x1057, large, 0xFFFE);
    wrap(&scratch);
    modify.rules[SKA_RULE_UNBLOCK] = written(&scratch);
    errors = errors_into(&recorder);
    assert_false(ska_modify_encode(&modify, &encoded, &errors));
    assert_raised(&recorder, SKA_R_BAD_RULE);
    assert_null(encoded.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modify_payloads_decode_and_encode),
        cmocka_unit_test(modify_faults_are_refused),
        cmocka_unit_test(modify_encoding_refuses_other_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
