/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers: what is read, what is refused, what is written, against bytes written by hand.
 */
#include "codec_support.h"

#include "provider/base/wire.h"

static struct writer scratch;

/* ---- Reading -------------------------------------------------------------------------------- */

static const struct {
    const char *name, *hex;
    bool well_formed;
} containers[] = {
    {"empty container", "00000000", true},
    {"element without value", "04000000 02100000", true},
    {"element of 1 byte", "08000000 02100100 41000000", true},
    {"element of 2 bytes", "08000000 02100200 41420000", true},
    {"element of 3 bytes", "08000000 02100300 41424300", true},
    {"element of 4 bytes", "08000000 02100400 41424344", true},
    {"element of 5 bytes", "0C000000 02100500 4142434445000000", true},
    {"two elements", "0C000000 02100100 41000000 02100000", true},
    {"type 0", "04000000 00000000", true},

    {"nothing", "", false},
    {"half a header", "0000", false},
    {"header too small", "04000000 02100100 41000000", false},
    {"header too large", "0C000000 02100100 41000000", false},
    {"header counts itself", "0C000000 02100400 41424344", false},
    {"header huge", "FFFFFFFF 02100400 41424344", false},
    {"header without padding", "05000000 02100100 41", false},
    {"big-endian header", "00000008 02100400 41424344", false},
    {"length 1 too large", "08000000 02100500 41424344", false},
    {"length huge", "08000000 0210FFFF 41424344", false},
    {"length one short of the padding", "0C000000 02100900 4142434445464748", false},
    {"padding 1 not zero", "08000000 02100300 41424301", false},
    {"padding 2 not zero", "08000000 02100200 41420100", false},
    {"padding 3 not zero", "08000000 02100100 41000001", false},
    {"rest of 4 bytes after an element", "0C000000 02100400 41424344 02100400", false},
};

static void containers_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
        struct ska_bytes bytes = from_hex(containers[i].hex);
        struct ska_span input = exact(ska_span_of(&bytes));

        if (ska_wire_well_formed(input) != containers[i].well_formed)
            fail_msg("%s", containers[i].name);
        exact_free(input);
        ska_bytes_free(&bytes);
    }
}

/* u32 7, u64 2^40+3, name "key", empty element. */
static const char *const mixed =
    "20000000 3B000400 07000000 07010800 0300000000010000 02100300 6B657900 57100000";

static void elements_are_taken_by_type(void **state)
{
    struct ska_bytes bytes = from_hex(mixed);
    struct ska_wire_reader reader;
    struct ska_span value;
    uint32_t small = 0;
    uint64_t large = 0;

    (void)state;
    assert_true(ska_wire_open(&reader, ska_span_of(&bytes)));
    assert_int_equal(ska_wire_peek(&reader), 0x3B);
    assert_false(ska_wire_take(&reader, 0x1002, &value));
    assert_false(ska_wire_take_u64(&reader, 0x3B, &large));
    assert_int_equal(ska_wire_peek(&reader), 0x3B);
    assert_true(ska_wire_take_u32(&reader, 0x3B, &small));
    assert_int_equal(small, 7);
    assert_false(ska_wire_take_u32(&reader, 0x0107, &small));
    assert_true(ska_wire_take_u64(&reader, 0x0107, &large));
    assert_true(large == (UINT64_C(1) << 40) + 3);
    assert_false(ska_wire_take_u32(&reader, 0x1002, &small));
    assert_true(ska_wire_take(&reader, 0x1002, &value));
    assert_span_equal(value, ska_span("key", 3));
    assert_false(ska_wire_at_end(&reader));
    assert_true(ska_wire_take(&reader, 0x1057, &value));
    assert_int_equal(value.length, 0);
    assert_non_null(value.data);
    assert_true(ska_wire_at_end(&reader));
    assert_int_equal(ska_wire_peek(&reader), 0);
    assert_false(ska_wire_take(&reader, 0x1057, &value));
    ska_bytes_free(&bytes);
}

static void broken_elements_are_not_passed(void **state)
{
    struct ska_bytes bytes = from_hex("08000000 02100500 41424344");
    struct ska_wire_reader reader;
    struct ska_wire_element element;
    struct ska_span value;

    (void)state;
    assert_true(ska_wire_open(&reader, ska_span_of(&bytes)));
    for (int i = 0; i < 2; i++) {
        assert_false(ska_wire_next(&reader, &element));
        assert_false(ska_wire_take(&reader, 0x1002, &value));
        assert_false(ska_wire_at_end(&reader));
    }
    assert_false(ska_wire_open(&reader, ska_span(bytes.data, 3)));
    assert_true(ska_wire_at_end(&reader));
    assert_false(ska_wire_next(&reader, &element));
    ska_bytes_free(&bytes);
}

static void random_containers_come_back(void **state)
{
    struct dice dice = new_dice(0x5EED0101);
    static struct {
        unsigned int type;
        uint8_t data[70];
        size_t length;
    } parts[20];

    (void)state;
    for (size_t round = 0; round < rounds(2000); round++) {
        size_t count = roll_below(&dice, 20);
        struct ska_wire_reader reader;
        struct ska_wire_element element;
        struct ska_span input;

        scratch.length = 0;
        for (size_t i = 0; i < count; i++) {
            parts[i].type = (unsigned int)roll_below(&dice, 0x10000);
            parts[i].length = roll_below(&dice, sizeof(parts[i].data));
            roll_bytes(&dice, parts[i].data, parts[i].length);
            put_element(&scratch, parts[i].type, parts[i].data, parts[i].length);
        }
        wrap(&scratch);
        input = exact(written(&scratch));
        assert_true(ska_wire_open(&reader, input));
        for (size_t i = 0; i < count; i++) {
            assert_true(ska_wire_next(&reader, &element));
            assert_int_equal(element.type, parts[i].type);
            assert_span_equal(element.value, ska_span(parts[i].data, parts[i].length));
        }
        assert_true(ska_wire_at_end(&reader));
        exact_free(input);
    }
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void nested_containers_are_written(void **state)
{
    struct ska_bytes expected =
        from_hex("34000000 3B000400 04000000 58101C00 18000000 4E100C00 08000000 02100100 41000000 "
                 "4F100400 00000000 07010800 0807060504030201");
    struct ska_bytes bytes = {NULL, 0};
    struct ska_buffer buffer = {0};
    struct ska_buffer middle = {0};
    struct ska_buffer inner = {0};
    size_t outer = 0;
    size_t begin = 0;

    (void)state;
    /* Not at the start of the buffer: what stands before must not matter. */
    ska_buffer_text(&buffer, "abc");
    outer = ska_wire_begin(&buffer);
    ska_wire_add_u32(&buffer, 0x3B, 4);
    begin = ska_wire_begin(&inner);
    ska_wire_add(&inner, 0x1002, ska_span("A", 1));
    ska_wire_end(&inner, begin);
    begin = ska_wire_begin(&middle);
    ska_wire_add(&middle, 0x104E, ska_span(inner.data, inner.length));
    ska_wire_add(&middle, 0x104F, ska_span("\0\0\0", 4));
    ska_wire_end(&middle, begin);
    ska_wire_add(&buffer, 0x1058, ska_span(middle.data, middle.length));
    ska_wire_add_u64(&buffer, 0x0107, UINT64_C(0x0102030405060708));
    ska_wire_end(&buffer, outer);
    assert_true(ska_buffer_finish(&buffer, &bytes, NULL));
    assert_span_equal(ska_span(bytes.data + 3, bytes.length - 3), ska_span_of(&expected));
    ska_bytes_free(&bytes);
    ska_bytes_free(&expected);
    ska_buffer_free(&middle);
    ska_buffer_free(&inner);
}

static void values_have_a_limit(void **state)
{
    static const uint8_t zeros[0x10000];
    struct ska_buffer buffer = {0};
    size_t begin = ska_wire_begin(&buffer);

    (void)state;
    ska_wire_add(&buffer, 0x1057, ska_span(zeros, 0xFFFE));
    ska_wire_end(&buffer, begin);
    assert_false(buffer.failed);
    assert_true(ska_wire_well_formed(ska_span(buffer.data, buffer.length)));
    ska_wire_add(&buffer, 0x1057, ska_span(zeros, 0xFFFF));
    assert_true(buffer.failed);
    ska_buffer_free(&buffer);
}

/* 0xFFFF is no length: it may announce one of 32 bits. */
static void the_long_form_is_not_read(void **state)
{
    static uint8_t zeros[0xFFFF];
    struct ska_wire_reader reader;
    struct ska_wire_element element;

    (void)state;
    scratch.length = 0;
    put_element(&scratch, 0x1002, "A", 1);
    put_element(&scratch, 0x1057, zeros, sizeof(zeros));
    wrap(&scratch);
    assert_false(ska_wire_well_formed(written(&scratch)));
    assert_true(ska_wire_open(&reader, written(&scratch)));
    assert_false(ska_wire_is_long(&reader));
    assert_true(ska_wire_next(&reader, &element));
    assert_true(ska_wire_is_long(&reader));
    assert_false(ska_wire_next(&reader, &element));
    assert_true(ska_wire_is_long(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_are_checked),
        cmocka_unit_test(elements_are_taken_by_type),
        cmocka_unit_test(broken_elements_are_not_passed),
        cmocka_unit_test(random_containers_come_back),
        cmocka_unit_test(nested_containers_are_written),
        cmocka_unit_test(values_have_a_limit),
        cmocka_unit_test(the_long_form_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
