/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's log, with a socket in its place: what a line looks like, and that nobody waits for a
 * log that does not read, is gone, or comes back.
 */
#include "cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/system_log.h"

static char directory[] = "/tmp/ska-system-log-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int receiver = -1;
static char taken[2 * SKA_SYSTEM_LOG_LIMIT];

static void start_log(void)
{
    receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(receiver >= 0);
    assert_int_equal(bind(receiver, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void stop_log(void)
{
    close(receiver);
    unlink(address.sun_path);
    receiver = -1;
}

/* The next line, from the program's name on; NULL: there is none. */
static const char *take(void)
{
    ssize_t length = recv(receiver, taken, sizeof(taken) - 1, 0);

    if (length < 0)
        return NULL;
    taken[length] = 0;
    assert_int_equal(strlen(taken), length);
    return taken;
}

static const char *text_of(const char *line)
{
    const char *text = line == NULL ? NULL : strstr(line, "]: ");

    assert_non_null(text);
    return text + strlen("]: ");
}

static void line_is_as_the_log_expects_it(void **state)
{
    struct ska_system_log *log = ska_system_log_open(LOG_AUTHPRIV, "ska-audit");
    char expected[64];

    (void)state;
    assert_non_null(log);
    assert_true(ska_system_log_write(log, LOG_NOTICE, "{\"a\":1}"));
    snprintf(expected, sizeof(expected), "<85>ska-audit[%ld]: {\"a\":1}", (long)getpid());
    assert_string_equal(take(), expected);
    assert_null(take());
    ska_system_log_close(log);
    log = ska_system_log_open(LOG_USER, NULL);
    assert_non_null(log);
    assert_true(ska_system_log_write(log, LOG_ERR, "x"));
    snprintf(expected, sizeof(expected), "<11>base_system_log_test[%ld]: x", (long)getpid());
    assert_string_equal(take(), expected);
    ska_system_log_close(log);
}

/* The longest one arrives whole; of a longer one it is said that it was cut, behind a character. */
static void long_line_is_not_cut_in_silence(void **state)
{
    struct ska_system_log *log = ska_system_log_open(LOG_AUTHPRIV, "t");
    char *text = calloc(1, 3 * SKA_SYSTEM_LOG_LIMIT);
    size_t before = 0;
    const char *line = NULL;

    (void)state;
    assert_true(ska_system_log_write(log, LOG_INFO, ""));
    before = strlen(take());
    memset(text, 'x', SKA_SYSTEM_LOG_LIMIT - before);
    assert_true(ska_system_log_write(log, LOG_INFO, text));
    line = take();
    assert_int_equal(strlen(line), SKA_SYSTEM_LOG_LIMIT);
    assert_string_equal(text_of(line), text);
    for (size_t more = 1; more < 5; more++) {
        size_t kept = 0;

        memset(text, 'x', more);
        for (size_t i = more; i < SKA_SYSTEM_LOG_LIMIT + 10; i += 2)
            memcpy(text + i, "\xC3\xA4", 2);
        assert_true(ska_system_log_write(log, LOG_INFO, text));
        line = text_of(take());
        assert_true(strlen(taken) <= SKA_SYSTEM_LOG_LIMIT);
        kept = strcspn(line, ".");
        assert_memory_equal(line, text, kept);
        assert_int_equal((kept - more) % 2, 0);
        assert_int_equal(strtoul(line + kept + strlen("... ("), NULL, 10), strlen(text) - kept);
    }
    free(text);
    ska_system_log_close(log);
}

/* One that takes nothing more; then it goes on, and how many were lost is said first. */
static void full_log_is_not_waited_for(void **state)
{
    struct ska_system_log *log = ska_system_log_open(LOG_AUTHPRIV, "t");
    unsigned int sent = 0;
    const char *line = NULL;

    (void)state;
    alarm(20); /* whoever waits is ended */
    while (ska_system_log_write(log, LOG_INFO, "one of many"))
        sent++;
    assert_true(sent > 0);
    assert_int_equal(errno, EAGAIN);
    assert_false(ska_system_log_write(log, LOG_INFO, "another one"));
    alarm(0);
    assert_int_equal(ska_system_log_lost(log), 2);
    while ((line = take()) != NULL)
        assert_string_equal(text_of(line), "one of many");
    assert_true(ska_system_log_write(log, LOG_INFO, "again"));
    assert_int_equal(ska_system_log_lost(log), 0);
    line = take();
    assert_memory_equal(line, "<84>", 4); /* a warning */
    assert_string_equal(text_of(line),
                        "2 lines before this one were lost: the log did not accept them");
    assert_string_equal(text_of(take()), "again");
    assert_null(take());
    ska_system_log_close(log);
}

static void log_that_comes_back_is_found(void **state)
{
    struct ska_system_log *log = NULL;

    (void)state;
    stop_log();
    assert_false(ska_system_log_is_there());
    log = ska_system_log_open(LOG_AUTHPRIV, "t");
    assert_non_null(log);
    assert_false(ska_system_log_write(log, LOG_INFO, "nobody there"));
    assert_int_equal(errno, ENOENT);
    start_log();
    assert_true(ska_system_log_is_there());
    assert_true(ska_system_log_write(log, LOG_INFO, "first"));
    assert_string_equal(text_of(take()),
                        "1 lines before this one were lost: the log did not accept them");
    assert_string_equal(text_of(take()), "first");
    ska_system_log_close(log);
    log = ska_system_log_open(LOG_AUTHPRIV, "t");
    stop_log();
    start_log();
    assert_true(ska_system_log_write(log, LOG_INFO, "second"));
    assert_string_equal(text_of(take()), "second");
    ska_system_log_close(log);
}

/* What a child loses the parent tells. */
static void child_has_the_same_log(void **state)
{
    struct ska_system_log *log = ska_system_log_open(LOG_AUTHPRIV, "t");
    int status = 0;
    pid_t child = 0;

    (void)state;
    child = fork();
    if (child == 0)
        _exit(ska_system_log_write(log, LOG_INFO, "of the child") ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(text_of(take()), "of the child");
    stop_log();
    child = fork();
    if (child == 0)
        _exit(ska_system_log_write(log, LOG_INFO, "lost") ? 1 : 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    start_log();
    assert_int_equal(ska_system_log_lost(log), 1);
    ska_system_log_close(log);
}

/* A daemon closes what it does not know, and opens something of its own under the number. */
static void descriptor_of_others_is_left_alone(void **state)
{
    int before = dup(receiver);
    struct ska_system_log *log = ska_system_log_open(LOG_AUTHPRIV, "t");
    int pair[2];
    char byte = 0;

    (void)state;
    assert_true(before >= 0);
    assert_int_equal(close(before + 1), 0); /* the connection */
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(pair[0], before + 1);
    assert_true(ska_system_log_write(log, LOG_INFO, "to the log"));
    assert_string_equal(text_of(take()), "to the log");
    ska_system_log_close(log);
    assert_int_equal(recv(pair[1], &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(fcntl(pair[0], F_GETFD), 0); /* still open */
    close(pair[0]);
    close(pair[1]);
    close(before);
}

/* What another one has lost is said under that one's name. */
static void lines_are_counted_by_tag(void **state)
{
    struct ska_system_log *audit = ska_system_log_open(LOG_AUTHPRIV, "audit");
    struct ska_system_log *failures = ska_system_log_open(LOG_USER, "failures");

    (void)state;
    stop_log();
    assert_false(ska_system_log_write(audit, LOG_INFO, "lost"));
    start_log();
    assert_true(ska_system_log_write(failures, LOG_ERR, "a failure"));
    assert_non_null(strstr(take(), "<11>failures["));
    assert_null(take());
    assert_true(ska_system_log_write(audit, LOG_INFO, "a line"));
    assert_non_null(strstr(take(), "<84>audit["));
    assert_non_null(strstr(taken, "1 lines before this one were lost"));
    assert_string_equal(text_of(take()), "a line");
    ska_system_log_close(audit);
    ska_system_log_close(failures);
}

/* A program that was started without them prints all the same. */
static void standard_descriptors_are_not_taken(void **state)
{
    struct ska_system_log *log = NULL;
    pid_t child = fork();
    int status = 0;

    (void)state;
    if (child == 0) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            close(fd);
        log = ska_system_log_open(LOG_AUTHPRIV, "t");
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            if (fcntl(fd, F_GETFD) >= 0)
                _exit(1);
        _exit(ska_system_log_write(log, LOG_INFO, "above") ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(text_of(take()), "above");
    assert_null(take());
}

static atomic_bool enough;

static void *ask_the_time(void *unused)
{
    (void)unused;
    while (!atomic_load(&enough)) {
        const time_t now = time(NULL);
        struct tm parts;

        (void)localtime_r(&now, &parts);
    }
    return NULL;
}

/* A child of a server with threads has the locks of the C library that one of them had. */
static void child_waits_for_no_lock(void **state)
{
    struct ska_system_log *log = ska_system_log_open(LOG_AUTHPRIV, "t");
    pthread_t thread;
    int status = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, ask_the_time, NULL), 0);
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();

        if (child == 0) {
            alarm(10);
            _exit(ska_system_log_write(log, LOG_INFO, "of the child") ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_string_equal(text_of(take()), "of the child");
    }
    atomic_store(&enough, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ska_system_log_close(log);
}

static int make_place(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/log", directory);
    return setenv("SYSTEM_LOG", address.sun_path, 1);
}

static int remove_place(void **state)
{
    (void)state;
    return rmdir(directory);
}

static int before_each(void **state)
{
    (void)state;
    start_log();
    return 0;
}

static int after_each(void **state)
{
    (void)state;
    stop_log();
    return 0;
}

int main(void)
{
#define SYSTEM_LOG_TEST(function) cmocka_unit_test_setup_teardown(function, before_each, after_each)
    const struct CMUnitTest tests[] = {
        SYSTEM_LOG_TEST(line_is_as_the_log_expects_it),
        SYSTEM_LOG_TEST(long_line_is_not_cut_in_silence),
        SYSTEM_LOG_TEST(full_log_is_not_waited_for),
        SYSTEM_LOG_TEST(log_that_comes_back_is_found),
        SYSTEM_LOG_TEST(child_has_the_same_log),
        SYSTEM_LOG_TEST(descriptor_of_others_is_left_alone),
        SYSTEM_LOG_TEST(child_waits_for_no_lock),
        SYSTEM_LOG_TEST(lines_are_counted_by_tag),
        SYSTEM_LOG_TEST(standard_descriptors_are_not_taken),
    };

    return cmocka_run_group_tests(tests, make_place, remove_place);
}
