/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read with a limit and without surprises, replaced as a whole. */
#include "cmocka_all.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static void write_file(const char *name, const char *content, unsigned int mode)
{
    struct ska_file_place place;

    assert_true(ska_file_place_open(&place, path(name), &errors));
    assert_true(ska_file_place_replace(&place, ska_span_text(content), mode, &errors));
    ska_file_place_close(&place);
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
    write_file("plain", "hello", 0640);
    assert_true(ska_file_read(path("plain"), 5, &content, &errors));
    assert_int_equal(content.length, 5);
    assert_memory_equal(content.data, "hello", 6); /* with the NUL behind it */
    ska_bytes_free(&content);
    assert_int_equal(stat(path("plain"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    refuses("plain", 4);
}

static size_t wiped;

void __real_OPENSSL_cleanse(void *data, size_t length);
void __wrap_OPENSSL_cleanse(void *data, size_t length);
void __wrap_OPENSSL_cleanse(void *data, size_t length)
{
    wiped += length;
    __real_OPENSSL_cleanse(data, length);
}

/* It may be a PIN's. A file of /proc is longer than it says, as one that grows. */
static void wipes_what_it_has_read_when_it_fails(void **state)
{
    struct ska_bytes content = {NULL, 0};

    (void)state;
    failures = 0;
    wiped = 0;
    assert_false(ska_file_read("/proc/self/status", 100, &content, &errors));
    assert_int_equal(failures, 1);
    assert_null(content.data);
    assert_int_equal(wiped, 1);
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
    write_file("target", "secret", 0600);
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
    struct ska_file_place place;
    struct stat before;
    struct stat after;

    (void)state;
    assert_true(ska_file_place_open(&place, "/dev/null", &errors));
    assert_true(ska_file_place_look(&place, &before, &errors));
    assert_true(ska_file_place_write_to(&place, &before, ska_span_text("gone"), &errors));
    assert_true(ska_file_place_look(&place, &after, &errors));
    assert_true(S_ISCHR(after.st_mode));
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mode, after.st_mode);
    /* What came in its place is not written to. */
    before.st_ino++;
    failures = 0;
    assert_false(ska_file_place_write_to(&place, &before, ska_span_text("gone"), &errors));
    assert_int_equal(failures, 1);
    ska_file_place_close(&place);
}

static void assert_content(const char *name, const char *expected)
{
    struct ska_bytes content = {NULL, 0};

    assert_true(ska_file_read(path(name), 100, &content, &errors));
    assert_string_equal((const char *)content.data, expected);
    ska_bytes_free(&content);
}

/* `link` leads to `target`, which stays as it is. */
static void writes_through_no_link(void **state)
{
    struct ska_file_place place;
    struct stat status;
    bool taken = false;

    (void)state;
    assert_true(ska_file_place_open(&place, path("link"), &errors));
    assert_true(ska_file_place_look(&place, &status, &errors));
    assert_true(S_ISLNK(status.st_mode));
    failures = 0;
    assert_false(ska_file_place_create(&place, ska_span_text("new"), 0600, &taken, &errors));
    assert_true(taken);
    assert_int_equal(failures, 0);
    assert_false(ska_file_place_write_to(&place, &status, ska_span_text("new"), &errors));
    assert_int_equal(failures, 1);
    assert_content("target", "secret");
    /* Replacing it is what rename() does: the link goes. */
    assert_true(ska_file_place_replace(&place, ska_span_text("new"), 0640, &errors));
    assert_true(ska_file_place_look(&place, &status, &errors));
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(status.st_mode & 0777, 0640);
    ska_file_place_close(&place);
    assert_content("link", "new");
    assert_content("target", "secret");
}

/* Somebody reads the file whenever it is there, and ends with 1 when less than all of it is. */
static pid_t start_reading(const char *name, size_t length)
{
    pid_t child = fork();
    struct stat status;

    assert_true(child >= 0);
    if (child == 0)
        alarm(60); /* where the test fails */
    while (child == 0) {
        int fd = open(name, O_RDONLY | O_CLOEXEC);

        if (fd >= 0 && fstat(fd, &status) == 0 && (size_t)status.st_size != length)
            _exit(1);
        if (fd >= 0)
            close(fd);
    }
    return child;
}

static void is_there_as_a_whole(void **state)
{
    static const char text[] = "all of it";
    char name[256];
    struct ska_file_place place;
    pid_t reader = 0;
    bool taken = false;
    int status = 0;

    (void)state;
    snprintf(name, sizeof(name), "%s", path("whole"));
    reader = start_reading(name, strlen(text));
    assert_true(ska_file_place_open(&place, name, &errors));
    for (int times = 0; times < 200; times++) {
        assert_true(ska_file_place_create(&place, ska_span_text(text), 0600, &taken, &errors));
        assert_false(ska_file_place_create(&place, ska_span_text("x"), 0600, &taken, &errors));
        assert_true(taken);
        assert_content("whole", text);
        unlink(name);
    }
    ska_file_place_close(&place);
    kill(reader, SIGKILL);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_true(WIFSIGNALED(status));
}

/* Somebody exchanges the file for the link, again and again, until it is killed. */
static pid_t start_exchanging(const char *one, const char *other)
{
    pid_t child = fork();

    assert_true(child >= 0);
    while (child == 0)
        renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
    return child;
}

/* Looking at a name and then writing there: what a link of that name leads to is never written. */
static void is_not_raced_to_a_link(void **state)
{
    char one[256], other[256];
    int links = 0, files = 0, written = 0;
    pid_t child = 0;

    (void)state;
    write_file("target", "secret", 0600);
    write_file("plain", "mine", 0600);
    unlink(path("link"));
    assert_int_equal(symlink("target", path("link")), 0);
    snprintf(one, sizeof(one), "%s", path("plain"));
    snprintf(other, sizeof(other), "%s", path("link"));
    child = start_exchanging(one, other);
    for (int i = 0; i < 100000 && (links < 50 || files < 50); i++) {
        struct ska_file_place place;
        struct stat status;

        assert_true(ska_file_place_open(&place, one, &errors));
        assert_true(ska_file_place_look(&place, &status, &errors));
        links += S_ISLNK(status.st_mode);
        files += S_ISREG(status.st_mode);
        if (S_ISREG(status.st_mode))
            written += ska_file_place_write_to(&place, &status, ska_span_text("x"), NULL);
        ska_file_place_close(&place);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(links > 0 && files > 0 && written > 0);
    assert_content("target", "secret");
}

/* The directory is looked for once. */
static void stays_in_its_directory(void **state)
{
    struct ska_file_place place;
    struct stat status;
    char file[256];

    (void)state;
    snprintf(file, sizeof(file), "%s", path("folder/file"));
    assert_int_equal(mkdir(path("folder"), 0700), 0);
    assert_true(ska_file_place_open(&place, file, &errors));
    assert_true(ska_file_place_look(&place, &status, &errors));
    assert_int_equal(status.st_mode, 0);
    assert_int_equal(rename(path("folder"), path("moved")), 0);
    assert_int_equal(symlink(".", path("folder")), 0);
    assert_true(ska_file_place_replace(&place, ska_span_text("here"), 0600, &errors));
    ska_file_place_close(&place);
    assert_content("moved/file", "here");
    assert_int_equal(access(path("file"), F_OK), -1);
    assert_int_equal(unlink(path("folder")) | unlink(path("moved/file")) | rmdir(path("moved")), 0);
}

static void writes_nothing_half(void **state)
{
    struct ska_file_place place;

    (void)state;
    failures = 0;
    assert_false(ska_file_place_open(&place, path("absent/file"), &errors));
    assert_int_equal(failures, 1);
    failures = 0;
    assert_true(ska_file_place_open(&place, directory, &errors));
    assert_false(ska_file_place_replace(&place, ska_span_text("x"), 0600, &errors));
    assert_int_equal(failures, 1);
    ska_file_place_close(&place);
}

/* Who could read it before still can. */
static void keeps_owner_and_group(void **state)
{
    struct stat status;

    (void)state;
    if (geteuid() != 0)
        skip();
    write_file("shared", "one", 0640);
    assert_int_equal(chown(path("shared"), 12345, 23456), 0);
    write_file("shared", "two", 0640);
    assert_int_equal(stat(path("shared"), &status), 0);
    assert_int_equal(status.st_uid, 12345);
    assert_int_equal(status.st_gid, 23456);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(unlink(path("shared")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wipes_what_it_has_read_when_it_fails),
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(follows_no_link_in_a_directory),
        cmocka_unit_test(leaves_devices_alone),
        cmocka_unit_test(writes_through_no_link),
        cmocka_unit_test(writes_nothing_half),
        cmocka_unit_test(is_there_as_a_whole),
        cmocka_unit_test(keeps_owner_and_group),
        cmocka_unit_test(stays_in_its_directory),
        cmocka_unit_test(is_not_raced_to_a_link),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
