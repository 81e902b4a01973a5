/* SPDX-License-Identifier: Apache-2.0 */
/* The line that tells for what a signature waits, on a standard error that is not what it should
 * be.
 */
#include "cmocka_all.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/sign/progress_line.h"

static int standard_error = -1;

static int keep_standard_error(void **state)
{
    (void)state;
    standard_error = dup(STDERR_FILENO);
    return standard_error < 0;
}

static int restore_standard_error(void **state)
{
    (void)state;
    return dup2(standard_error, STDERR_FILENO) != STDERR_FILENO || close(standard_error) != 0;
}

/* Standard error becomes the end of a pipe; the other one is returned. */
static int take_standard_error(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

static void show(struct ska_progress_line *line, unsigned int seconds_left)
{
    struct ska_request request = {.id = "0123456789abcdef"};
    struct ska_span keys[100] = {{NULL, 0}};
    const struct ska_ballot ballot = {.request = &request, .keys = keys, .key_count = seconds_left};

    ska_progress_line_show(line, &ballot, seconds_left);
}

static void a_reader_that_has_gone_does_no_harm(void **state)
{
    struct ska_progress_line line;
    sigset_t pending;

    (void)state;
    assert_ptr_not_equal(signal(SIGPIPE, SIG_DFL), SIG_ERR);
    close(take_standard_error());
    ska_progress_line_begin(&line, SKA_PROGRESS_YES);
    show(&line, 3);
    show(&line, 2);
    ska_progress_line_end(&line);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
}

static void a_reader_that_does_not_read_stops_nobody(void **state)
{
    static const char zeros[4096];
    struct ska_progress_line line;
    int reader = take_standard_error();

    (void)state;
    assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK), 0);
    while (write(STDERR_FILENO, zeros, sizeof(zeros)) > 0)
        continue;
    assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, 0), 0);
    alarm(10);
    ska_progress_line_begin(&line, SKA_PROGRESS_YES);
    show(&line, 3);
    ska_progress_line_end(&line);
    alarm(0);
    close(reader);
}

static void it_is_told_when_it_changes(void **state)
{
    struct ska_progress_line line;
    char text[512] = "";
    int reader = take_standard_error();

    (void)state;
    ska_progress_line_begin(&line, SKA_PROGRESS_YES);
    show(&line, 61);
    show(&line, 61);
    show(&line, 2);
    assert_true(read(reader, text, sizeof(text) - 1) > 0);
    assert_string_equal(
        text, "ska: waiting for approvals; 61 so far; 1:01 left; request 0123456789abcdef\n"
              "ska: waiting for approvals; 2 so far; 0:02 left; request 0123456789abcdef\n");
    ska_progress_line_end(&line);
    close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reader_that_has_gone_does_no_harm, keep_standard_error,
                                        restore_standard_error),
        cmocka_unit_test_setup_teardown(a_reader_that_does_not_read_stops_nobody,
                                        keep_standard_error, restore_standard_error),
        cmocka_unit_test_setup_teardown(it_is_told_when_it_changes, keep_standard_error,
                                        restore_standard_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
