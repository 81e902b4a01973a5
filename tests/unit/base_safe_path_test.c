/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a file: who could put something else in its place. */
#include "cmocka_all.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/safe_path.h"
#include "recorder.h"

#define STRANGER 12345

static char base[] = "/tmp/ska-path-XXXXXX";

static const char *in_base(const char *name)
{
    static char text[4][256];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(text[turn], sizeof(text[turn]), "%s/%s", base, name);
    return text[turn];
}

static int setup(void **state)
{
    char command[64];

    (void)state;
    strcpy(base, "/tmp/ska-path-XXXXXX");
    if (mkdtemp(base) == NULL)
        return -1;
    snprintf(command, sizeof(command), "mkdir -p %s/a/b", base);
    return system(command);
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf -- %s", base);
    return system(command);
}

static void assert_safe(const char *path, const char *expected)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    char *resolved = NULL;

    if (!ska_path_is_safe("log", path, &resolved, &errors))
        fail_msg("%s: %s", path, recorder.text);
    if (expected != NULL)
        assert_string_equal(resolved, expected);
    free(resolved);
    assert_true(ska_path_is_safe("log", path, NULL, NULL));
}

static void assert_unsafe(const char *path, enum ska_reason reason, const char *part)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    char *resolved = NULL;

    assert_false(ska_path_is_safe("log", path, &resolved, &errors));
    assert_null(resolved);
    assert_int_equal(recorder.count, 1);
    assert_int_equal(recorder.reason, reason);
    if (strstr(recorder.text, part) == NULL)
        fail_msg("'%s' without '%s'", recorder.text, part);
}

static void way_is_found(void **state)
{
    char here[256];

    (void)state;
    assert_safe("/", "");
    assert_safe("/etc", "/etc");
    assert_safe("//etc//passwd", "/etc/passwd");
    assert_safe("/etc/../etc/./passwd", "/etc/passwd");
    assert_safe("/../etc", "/etc");
    assert_safe(in_base("a/b/none"), in_base("a/b/none"));
    assert_safe(in_base("a/b/"), in_base("a/b"));
    assert_safe(in_base("a/b/../b/c"), in_base("a/b/c"));
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(in_base("a")), 0);
    assert_safe("b/none", in_base("a/b/none"));
    assert_safe("none", in_base("a/none"));
    assert_safe("./../a/none", in_base("a/none"));
    assert_int_equal(chdir(here), 0);
}

static void links_are_followed(void **state)
{
    (void)state;
    assert_int_equal(symlink("a/b", in_base("relative")), 0);
    assert_int_equal(symlink(in_base("relative"), in_base("a/absolute")), 0);
    assert_int_equal(symlink("../a/./b/", in_base("a/slash")), 0);
    assert_int_equal(symlink("none", in_base("a/dangling")), 0);
    assert_safe(in_base("relative/log"), in_base("a/b/log"));
    assert_safe(in_base("relative"), in_base("a/b"));
    assert_safe(in_base("a/absolute/log"), in_base("a/b/log"));
    assert_safe(in_base("a/slash/log"), in_base("a/b/log"));
    assert_safe(in_base("a/absolute/../log"), in_base("a/log"));
    assert_safe(in_base("a/dangling"), in_base("a/none"));
    assert_int_equal(symlink("loop", in_base("loop")), 0);
    assert_unsafe(in_base("loop/log"), SKA_R_FILE_FAILURE, "symbolic link");
    assert_unsafe(in_base("loop"), SKA_R_FILE_FAILURE, "symbolic link");
}

static void missing_directories_are_told(void **state)
{
    int fd = open(in_base("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    (void)state;
    close(fd);
    assert_unsafe(in_base("none/log"), SKA_R_FILE_FAILURE, "none: No such file");
    assert_unsafe(in_base("file/log"), SKA_R_FILE_FAILURE, "file: Not a directory");
}

/* Wherever on the way it is. */
static void directories_of_others_are_refused(void **state)
{
    static const mode_t modes[] = {0775, 0757, 0777, 0722};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(in_base("a"), modes[i]), 0);
        assert_unsafe(in_base("a/log"), SKA_R_DIRECTORY_UNSAFE, "chmod go-w /tmp/ska-path-");
        assert_unsafe(in_base("a/b/log"), SKA_R_DIRECTORY_UNSAFE, "chmod go-w /tmp/ska-path-");
        /* It is not on the way to itself. */
        assert_safe(in_base("a"), NULL);
    }
    assert_int_equal(chmod(in_base("a"), 0755), 0);
    assert_safe(in_base("a/b/log"), NULL);
    /* By a link into it too. */
    assert_int_equal(symlink("a/b", in_base("link")), 0);
    assert_int_equal(chmod(in_base("a"), 0775), 0);
    assert_unsafe(in_base("link/log"), SKA_R_DIRECTORY_UNSAFE, "chmod go-w");
    if (geteuid() != 0)
        return;
    assert_int_equal(chmod(in_base("a"), 0755), 0);
    assert_int_equal(chown(in_base("a"), STRANGER, 0), 0);
    assert_unsafe(in_base("a/b/log"), SKA_R_DIRECTORY_UNSAFE, "belongs to uid 12345");
    /* Root, who tries the signer's configuration, is not told to make it root's. */
    assert_unsafe(in_base("a/b/log"), SKA_R_DIRECTORY_UNSAFE, "sudo -u '#12345'");
}

/* As /tmp: others may add names to it, and exchange none that is not theirs. */
static void sticky_directories_keep_what_is_ours(void **state)
{
    (void)state;
    assert_int_equal(chmod(in_base("a"), 01777), 0);
    assert_safe(in_base("a/b/log"), NULL);
    assert_safe(in_base("a/b"), NULL);
    assert_safe(in_base("a/none"), NULL);
    if (geteuid() != 0)
        return;
    assert_int_equal(mkdir(in_base("a/theirs"), 0755), 0);
    assert_int_equal(chown(in_base("a/theirs"), STRANGER, 0), 0);
    assert_unsafe(in_base("a/theirs/log"), SKA_R_DIRECTORY_UNSAFE, "theirs belongs to uid 12345");
    assert_unsafe(in_base("a/theirs"), SKA_R_DIRECTORY_UNSAFE, "theirs belongs to uid 12345");
    assert_int_equal(symlink("b", in_base("a/link")), 0);
    assert_safe(in_base("a/link/log"), in_base("a/b/log"));
    assert_int_equal(lchown(in_base("a/link"), STRANGER, 0), 0);
    assert_unsafe(in_base("a/link/log"), SKA_R_DIRECTORY_UNSAFE, "link belongs to uid 12345");
    assert_unsafe(in_base("a/link"), SKA_R_DIRECTORY_UNSAFE, "link belongs to uid 12345");
    /* By a way back into it. */
    assert_unsafe(in_base("a/b/../theirs/log"), SKA_R_DIRECTORY_UNSAFE, "theirs belongs");
    assert_unsafe(in_base("a/b/../theirs"), SKA_R_DIRECTORY_UNSAFE, "theirs belongs");
}

static bool judge_file(bool private, mode_t mode, struct recorder *recorder)
{
    struct ska_errors errors = errors_into(recorder);
    int fd = open(in_base("file"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    bool safe = false;

    assert_int_equal(fchmod(fd, mode), 0);
    safe = private ? ska_file_is_private(fd, "log", "F", &errors)
                   : ska_file_is_safe(fd, "log", "F", &errors);
    close(fd);
    return safe;
}

static void files_of_others_are_refused(void **state)
{
    struct recorder recorder;

    (void)state;
    assert_true(judge_file(false, 0644, &recorder));
    assert_true(judge_file(true, 0600, &recorder));
    assert_false(judge_file(false, 0620, &recorder));
    assert_non_null(strstr(recorder.text, "log F can be written by users other than"));
    assert_false(judge_file(false, 0602, &recorder));
    for (mode_t bit = 1; bit <= 040; bit <<= 1)
        assert_false(judge_file(true, 0600 | bit, &recorder));
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(in_base("file"), STRANGER, 0), 0);
    assert_false(judge_file(false, 0600, &recorder));
    assert_non_null(strstr(recorder.text, "belongs to uid 12345"));
}

int main(void)
{
#define PATH_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        PATH_TEST(way_is_found),
        PATH_TEST(links_are_followed),
        PATH_TEST(missing_directories_are_told),
        PATH_TEST(directories_of_others_are_refused),
        PATH_TEST(sticky_directories_keep_what_is_ours),
        PATH_TEST(files_of_others_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
