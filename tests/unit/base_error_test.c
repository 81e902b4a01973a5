/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that are kept instead of raised, or that tell which file it was. */
#include "cmocka_all.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/base/error_file.h"

static struct {
    int count;
    enum ska_reason reason;
    const char *file;
    int line;
    char text[100];
} raised;

static void record(void *arg, enum ska_reason reason, const char *file, int line,
                   const char *function, const char *format, va_list args)
{
    (void)arg;
    (void)function;
    raised.count++;
    raised.reason = reason;
    raised.file = file;
    raised.line = line;
    vsnprintf(raised.text, sizeof(raised.text), format, args);
}

static const struct ska_errors recorder = {record, NULL};

static void only_permissions_are_of_a_user(void **state)
{
    char text[SKA_SYSTEM_ERROR_SIZE];
    char user[32];

    (void)state;
    snprintf(user, sizeof(user), " (as uid %lu)", (unsigned long)geteuid());
    assert_non_null(strstr(ska_system_error(EACCES, text), user));
    assert_non_null(strstr(ska_system_error(EPERM, text), user));
    assert_string_equal(ska_system_error(ENOENT, text), strerror(ENOENT));
    assert_string_equal(ska_system_error(ENOSPC, text), strerror(ENOSPC));
}

static void the_first_failure_is_kept(void **state)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors errors = ska_error_capture(&capture);

    (void)state;
    assert_int_equal(capture.reason, 0);
    assert_false(ska_fail(&errors, SKA_R_BAD_URI, "%s", "the first"));
    assert_false(ska_fail(&errors, SKA_R_INTERNAL, "the second"));
    assert_int_equal(capture.reason, SKA_R_BAD_URI);
    assert_string_equal(ska_error_capture_text(&capture), "the first");
    ska_error_capture_clear(&capture);
    assert_int_equal(capture.reason, 0);
    assert_false(ska_fail(&errors, SKA_R_INTERNAL, "the third"));
    assert_string_equal(ska_error_capture_text(&capture), "the third");
    ska_error_capture_clear(&capture);
}

static void it_is_raised_again_as_from_its_place(void **state)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors errors = ska_error_capture(&capture);
    const int line = __LINE__ + 3;

    (void)state;
    assert_false(ska_fail(&errors, SKA_R_BAD_URI, "100%% of %d", 7));
    raised.count = 0;
    assert_false(ska_error_capture_raise(&capture, &recorder));
    assert_int_equal(raised.count, 1);
    assert_int_equal(raised.reason, SKA_R_BAD_URI);
    assert_string_equal(raised.file, __FILE__);
    assert_int_equal(raised.line, line);
    assert_string_equal(raised.text, "100% of 7");
    assert_false(ska_error_capture_raise(&capture, NULL));
    ska_error_capture_clear(&capture);
}

static void its_text_is_harmless_on_a_terminal(void **state)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors errors = ska_error_capture(&capture);

    (void)state;
    assert_false(ska_fail(&errors, SKA_R_BAD_URI, "%s", "a\033[2Jb"));
    assert_null(strchr(ska_error_capture_text(&capture), '\033'));
    ska_error_capture_clear(&capture);
    assert_string_equal(ska_error_capture_text(&capture), "out of memory");
}

static void a_file_of_its_own_has_a_reason_of_its_own(void **state)
{
    struct ska_error_file of_pin;

    (void)state;
    ska_error_file_init(&of_pin, &recorder, SKA_R_PIN_UNREADABLE);
    assert_false(ska_fail(&of_pin.errors, SKA_R_FILE_FAILURE, "%s: gone", "/etc/ska/pin"));
    assert_int_equal(raised.reason, SKA_R_PIN_UNREADABLE);
    assert_string_equal(raised.text, "/etc/ska/pin: gone");
    /* All else is what it was. */
    assert_false(ska_fail(&of_pin.errors, SKA_R_DIRECTORY_UNSAFE, "/etc/ska"));
    assert_int_equal(raised.reason, SKA_R_DIRECTORY_UNSAFE);
    ska_error_file_init(&of_pin, NULL, SKA_R_PIN_UNREADABLE);
    raised.count = 0;
    assert_false(ska_fail(&of_pin.errors, SKA_R_FILE_FAILURE, "to nobody"));
    assert_int_equal(raised.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_permissions_are_of_a_user),
        cmocka_unit_test(the_first_failure_is_kept),
        cmocka_unit_test(it_is_raised_again_as_from_its_place),
        cmocka_unit_test(its_text_is_harmless_on_a_terminal),
        cmocka_unit_test(a_file_of_its_own_has_a_reason_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
