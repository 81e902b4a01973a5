/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read with a limit and without surprises, replaced as a whole. */
#include "cmocka_all.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/file.h"

static char directory[] = "/tmp/ska-file-XXXXXX";
static int failures;

static void count(void *arg, enum ska_reason reason, const char *file, int line,
                  const char *function, const char *format, va_list args)
{
    (void)arg, (void)file, (void)line, (void)function, (void)format, (void)args;
    if (reason == SKA_R_FILE_FAILURE)
        failures++;
}

static const struct ska_errors errors = {count, NULL};

static const char *path(const char *name)
{
    static char text[2][256];
    static int turn;

    turn = !turn;
    snprintf(text[turn], sizeof(text[turn]), "%s/%s", directory, name);
    return text[turn];
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL;
}

static int teardown(void **state)
{
    static const char *const names[] = {"plain", "fifo", "link", "target"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(path(names[i]));
    return rmdir(directory);
}

static void refuses(const char *name, size_t limit)
{
    struct ska_bytes content = {NULL, 0};

    failures = 0;
    assert_false(ska_file_read(path(name), limit, &content, &errors));
    assert_int_equal(failures, 1);
}

static void reads_what_was_written(void **state)
{
    struct ska_bytes content = {NULL, 0};
    struct stat status;

    (void)state;
    assert_true(ska_file_write(path("plain"), ska_span_text("hello"), 0640, &errors));
    assert_true(ska_file_read(path("plain"), 5, &content, &errors));
    assert_int_equal(content.length, 5);
    assert_memory_equal(content.data, "hello", 6); /* with the NUL behind it */
    ska_bytes_free(&content);
    assert_int_equal(stat(path("plain"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    refuses("plain", 4);
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path("fifo"), 0600), 0);
    alarm(5); /* a FIFO must not block */
    refuses("fifo", 100);
    alarm(0);
    refuses("", 100);
    refuses("absent", 100);
}

static void follows_no_link_in_a_directory(void **state)
{
    struct ska_bytes content = {NULL, 0};
    int fd = open(directory, O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_true(ska_file_write(path("target"), ska_span_text("secret"), 0600, &errors));
    assert_int_equal(symlink("target", path("link")), 0);
    failures = 0;
    assert_false(ska_file_read_at(fd, "link", "link", 100, &content, &errors));
    assert_int_equal(failures, 1);
    assert_true(ska_file_read_at(fd, "target", "target", 100, &content, &errors));
    ska_bytes_free(&content);
    close(fd);
}

static void leaves_devices_alone(void **state)
{
    struct stat before;
    struct stat after;

    (void)state;
    assert_int_equal(stat("/dev/null", &before), 0);
    assert_true(ska_file_write("/dev/null", ska_span_text("gone"), 0600, &errors));
    assert_int_equal(stat("/dev/null", &after), 0);
    assert_true(S_ISCHR(after.st_mode));
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mode, after.st_mode);
}

/* The link is another name of the file that was meant; `link` leads to `target`. */
static void writes_through_links(void **state)
{
    struct ska_bytes content = {NULL, 0};
    struct stat status;

    (void)state;
    assert_true(ska_file_write(path("link"), ska_span_text("new"), 0600, &errors));
    assert_int_equal(lstat(path("link"), &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_true(ska_file_read(path("target"), 100, &content, &errors));
    assert_int_equal(content.length, 3);
    ska_bytes_free(&content);
    unlink(path("target"));
    failures = 0;
    assert_false(ska_file_write(path("link"), ska_span_text("x"), 0600, &errors));
    assert_int_equal(failures, 1);
    if (geteuid() != 0)
        return;
    /* Who plants a link does not choose what is written. */
    assert_int_equal(lchown(path("link"), 1, 1), 0);
    assert_true(ska_file_write(path("target"), ska_span_text("mine"), 0600, &errors));
    failures = 0;
    assert_false(ska_file_write(path("link"), ska_span_text("x"), 0600, &errors));
    assert_int_equal(failures, 1);
}

static void writes_nothing_half(void **state)
{
    (void)state;
    failures = 0;
    assert_false(ska_file_write(path("absent/file"), ska_span_text("x"), 0600, &errors));
    assert_int_equal(failures, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),         cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(follows_no_link_in_a_directory), cmocka_unit_test(leaves_devices_alone),
        cmocka_unit_test(writes_through_links),           cmocka_unit_test(writes_nothing_half),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
