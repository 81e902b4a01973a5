/* SPDX-License-Identifier: Apache-2.0 */
/* When approvals can be used, at the edges and where numbers end. */
#include "cmocka_all.h"

#include <time.h>

#include "provider/rule/window.h"

static struct ska_window window(uint64_t timelock, uint64_t timeout, uint64_t timestamp)
{
    struct ska_alternative alternative = {.timelock = timelock, .timeout = timeout};

    return ska_window_of(&alternative, timestamp);
}

static void edges(void **state)
{
    struct ska_window w = window(60, 600, 1000);

    (void)state;
    assert_int_equal(ska_window_state(&w, 1059), SKA_WINDOW_NOT_YET);
    assert_int_equal(ska_window_state(&w, 1060), SKA_WINDOW_OPEN);
    assert_int_equal(ska_window_state(&w, 1659), SKA_WINDOW_OPEN);
    assert_int_equal(ska_window_state(&w, 1660), SKA_WINDOW_CLOSED);
}

static void without_limits_it_is_always_open(void **state)
{
    struct ska_window w = window(0, 0, 1000);

    (void)state;
    assert_int_equal(ska_window_state(&w, 0), SKA_WINDOW_OPEN);
    assert_int_equal(ska_window_state(&w, UINT64_MAX - 1), SKA_WINDOW_OPEN);
}

static void a_timelock_alone_never_closes(void **state)
{
    struct ska_window w = window(60, 0, 1000);

    (void)state;
    assert_int_equal(ska_window_state(&w, 1059), SKA_WINDOW_NOT_YET);
    assert_int_equal(ska_window_state(&w, UINT64_MAX - 1), SKA_WINDOW_OPEN);
}

static void sums_do_not_overflow(void **state)
{
    struct ska_window w = window(UINT64_MAX, UINT64_MAX, UINT64_MAX);

    (void)state;
    assert_true(w.opens == UINT64_MAX && w.closes == UINT64_MAX);
    assert_int_equal(ska_window_state(&w, UINT64_MAX - 1), SKA_WINDOW_NOT_YET);
}

static void a_rule_spans_its_tokens(void **state)
{
    struct ska_alternative tokens[] = {{.timelock = 60, .timeout = 60},
                                       {.timelock = 3600, .timeout = 60}};
    struct ska_rule rule = {tokens, 2};
    struct ska_window w = ska_window_of_rule(&rule, 1000);

    (void)state;
    assert_true(w.opens == 1060 && w.closes == 4660);
    tokens[1].timeout = 0;
    w = ska_window_of_rule(&rule, 1000);
    assert_true(w.opens == 1060 && w.closes == UINT64_MAX);
}

static void times_as_text(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(ska_time_text(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(ska_time_text(1584351668, text), "2020-03-16T09:41:08Z");
    assert_string_equal(ska_time_text(253402300799, text), "9999-12-31T23:59:59Z");
    assert_string_equal(ska_time_text(253402300800, text), "never");
    assert_string_equal(ska_time_text((uint64_t)1 << 48, text), "never");
    assert_string_equal(ska_time_text(UINT64_MAX, text), "never");
}

/* Each day from 1970 to 2400, each at another time of day. */
static void times_are_those_of_the_c_library(void **state)
{
    char text[32];
    char expected[32];

    (void)state;
    for (time_t time = 0; time < (time_t)13569465600; time += 86400 - 7) {
        struct tm parts;

        assert_non_null(gmtime_r(&time, &parts));
        assert_true(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &parts) > 0);
        assert_string_equal(ska_time_text((uint64_t)time, text), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges),
        cmocka_unit_test(without_limits_it_is_always_open),
        cmocka_unit_test(a_timelock_alone_never_closes),
        cmocka_unit_test(sums_do_not_overflow),
        cmocka_unit_test(a_rule_spans_its_tokens),
        cmocka_unit_test(times_as_text),
        cmocka_unit_test(times_are_those_of_the_c_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
