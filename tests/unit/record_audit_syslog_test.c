/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the audit log in the system's log: the very bytes that stand in the file, and only when
 * they do; that it is full, or away, stops nobody.
 */
#include "sign_support.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "provider/record/audit.h"

static char directory[] = "/tmp/ska-audit-syslog-XXXXXX";
static char path[64];
static char lock[72];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int receiver = -1;
static struct ska_audit_log to_both;
static struct ska_request request;
static char received[2 * SKA_SYSTEM_LOG_LIMIT];

/* The next line behind "ska-audit[PID]: ", and its priority; NULL: there is none. */
static const char *take(int *priority)
{
    ssize_t length = recv(receiver, received, sizeof(received) - 1, 0);
    char tag[64];

    if (length < 0)
        return NULL;
    received[length] = 0;
    *priority = (int)strtol(received + 1, NULL, 10);
    snprintf(tag, sizeof(tag), ">ska-audit[%ld]: ", (long)getpid());
    assert_non_null(strstr(received, tag));
    return strstr(received, tag) + strlen(tag);
}

static void took(int severity, const char *expected)
{
    int priority = 0;
    const char *line = take(&priority);

    assert_non_null(line);
    assert_string_equal(line, expected);
    assert_int_equal(priority, LOG_AUTHPRIV | severity);
}

static char *content_of_log(void)
{
    struct ska_bytes content = {NULL, 0};

    assert_true(ska_file_read(path, 1 << 20, &content, NULL));
    return (char *)content.data;
}

/* The file's next line, without its newline. */
static char *next_line(char **rest)
{
    char *line = strsep(rest, "\n");

    assert_non_null(*rest);
    return line;
}

static void lines_are_those_of_the_file(void **state)
{
    const struct ska_approval approval = {0};
    const struct ska_audit_entry entries[] = {
        {SKA_AUDIT_REQUEST, &request, NULL, "made"},
        {SKA_AUDIT_APPROVAL, &request, &approval, NULL},
        {SKA_AUDIT_APPROVAL_REFUSED, &request, &approval, "invalid"},
        {SKA_AUDIT_REJECTION, &request, &approval, NULL},
        {SKA_AUDIT_INTENT, &request, NULL, NULL},
        {SKA_AUDIT_DECISION, &request, NULL, "refused: the key is blocked (1)"},
        {SKA_AUDIT_DECISION, &request, NULL, "failed"},
        {SKA_AUDIT_DECISION, &request, NULL, "done, by the broker's word, 7"},
        {SKA_AUDIT_DECISION, &request, NULL, "done"},
        {SKA_AUDIT_EVIDENCE, &request, NULL, NULL}};
    static const int severities[] = {LOG_INFO,    LOG_INFO,    LOG_WARNING, LOG_WARNING, LOG_INFO,
                                     LOG_WARNING, LOG_WARNING, LOG_NOTICE,  LOG_NOTICE,  LOG_INFO};
    const size_t count = sizeof(entries) / sizeof(entries[0]);
    char *content = NULL;
    char *rest = NULL;
    int priority = 0;

    (void)state;
    assert_true(ska_audit_append_all(&to_both, NULL, entries, count, NULL));
    content = rest = content_of_log();
    for (size_t i = 0; i < count; i++)
        took(severities[i], next_line(&rest));
    assert_int_equal(rest[0], 0);
    assert_null(take(&priority));
    free(content);
}

/* A signature that is refused before anybody is asked is to be seen, a withdrawal is daily work. */
static void what_ends_early_is_sent_too(void **state)
{
    const struct ska_audit_entry entries[] = {
        {SKA_AUDIT_REFUSED, &request, NULL, "the key is blocked; nobody was asked"},
        {SKA_AUDIT_WITHDRAWN, &request, NULL, "with skatool withdraw"}};
    char *content = NULL;
    char *rest = NULL;

    (void)state;
    assert_true(ska_audit_append_all(&to_both, NULL, entries, 2, NULL));
    content = rest = content_of_log();
    assert_non_null(strstr(content, "\"event\":\"refused\""));
    assert_non_null(strstr(content, "\"event\":\"withdrawn\""));
    took(LOG_WARNING, next_line(&rest));
    took(LOG_INFO, next_line(&rest));
    free(content);
}

/* What a crash has left is a line of its own, and one that is to be seen. */
static void repair_is_sent_too(void **state)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, &request, NULL, "made"};
    FILE *file = fopen(path, "w");
    char *content = NULL;
    char *rest = NULL;

    (void)state;
    assert_non_null(file);
    fputs("half a li", file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(ska_audit_append(&to_both, NULL, &entry, NULL));
    content = rest = content_of_log();
    assert_non_null(strstr(content, "repair"));
    took(LOG_WARNING, next_line(&rest));
    took(LOG_INFO, next_line(&rest));
    free(content);
}

static void what_is_not_in_the_file_is_not_sent(void **state)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_DECISION, &request, NULL, "done"};
    struct rlimit full = {.rlim_cur = 10};
    struct rlimit before;
    int priority = 0;
    bool written = true;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(ska_audit_append(&to_both, NULL, &entry, NULL));
    assert_null(take(&priority));
    rmdir(path);
    /* The disk is full. */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    written = ska_audit_append(&to_both, NULL, &entry, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(written);
    assert_null(take(&priority));
}

static void nothing_waits_for_it(void **state)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_DECISION, &request, NULL, "done"};
    int priority = 0;

    (void)state;
    alarm(60);
    while (ska_system_log_lost(to_both.system_log) == 0)
        assert_true(ska_audit_append(&to_both, NULL, &entry, NULL));
    assert_true(ska_audit_append(&to_both, NULL, &entry, NULL));
    alarm(0);
    while (take(&priority) != NULL)
        ;
    close(receiver);
    unlink(address.sun_path);
    assert_true(ska_audit_append(&to_both, NULL, &entry, NULL));
}

/* Without a file: tied to no other line, and each by itself. */
static void alone_it_has_no_chain(void **state)
{
    const struct ska_audit_log alone = {NULL, NULL, to_both.system_log};
    const struct ska_audit_entry entries[] = {{SKA_AUDIT_INTENT, &request, NULL, NULL},
                                              {SKA_AUDIT_DECISION, &request, NULL, "done"}};
    int priority = 0;
    const char *line = NULL;

    (void)state;
    assert_true(ska_audit_log_is_kept(&alone));
    assert_true(ska_audit_append_all(&alone, NULL, entries, 2, NULL));
    line = take(&priority);
    assert_non_null(line);
    assert_memory_equal(line, "{\"time\":\"", 9);
    assert_non_null(strstr(line, "\"event\":\"intent\""));
    assert_null(strstr(line, "sequence"));
    assert_null(strstr(line, "previous"));
    line = take(&priority);
    assert_non_null(strstr(line, "\"event\":\"decision\""));
    assert_int_equal(priority, LOG_AUTHPRIV | LOG_NOTICE);
    assert_null(take(&priority));
    assert_int_equal(access(path, F_OK), -1);
}

/* Whatever others write into all texts at once. */
static void longest_line_fits(void **state)
{
    static const char *const worst[] = {"\"", "\\", "\n", "\xff", "\xe2\x80\xae", "\xc3\xa4"};
    const struct ska_audit_log alone = {NULL, NULL, to_both.system_log};
    char text[4000];
    struct ska_request all = request;
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, &all, NULL, text};
    int priority = 0;

    (void)state;
    memset(all.evidence, 'e', sizeof(all.evidence) - 1);
    all.key_label = all.token_label = all.description = text;
    for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++) {
        const char *line = NULL;

        text[0] = 0;
        while (strlen(text) + strlen(worst[i]) < sizeof(text) - 1)
            strcat(text, worst[i]);
        assert_true(ska_audit_append(&alone, NULL, &entry, NULL));
        line = take(&priority);
        assert_non_null(line);
        assert_int_equal(line[strlen(line) - 1], '}');
        for (size_t k = 0; line[k] != 0; k++)
            assert_true((unsigned char)line[k] >= ' ');
    }
}

static int make_place(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/log", directory);
    snprintf(lock, sizeof(lock), "%s.lock", path);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
    memset(request.id, 'a', SKA_REQUEST_ID_LENGTH);
    request.operation = SKA_OPERATION_SIGN;
    request.token_label = strdup("tok");
    request.key_label = strdup("seal");
    assert_true(ska_bytes_copy(&request.approval_token, ska_span_text("token"), NULL));
    return setenv("SYSTEM_LOG", address.sun_path, 1);
}

static int remove_place(void **state)
{
    (void)state;
    free(request.token_label);
    free(request.key_label);
    ska_bytes_free(&request.approval_token);
    return rmdir(directory);
}

static int start(void **state)
{
    (void)state;
    receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (receiver < 0 || bind(receiver, (struct sockaddr *)&address, sizeof(address)) != 0)
        return -1;
    to_both = (struct ska_audit_log){path, NULL, ska_audit_system_log_open()};
    return to_both.system_log == NULL;
}

static int clean(void **state)
{
    (void)state;
    ska_system_log_close(to_both.system_log);
    close(receiver);
    unlink(address.sun_path);
    unlink(path);
    unlink(lock);
    return 0;
}

int main(void)
{
#define SYSLOG_TEST(function) cmocka_unit_test_setup_teardown(function, start, clean)
    const struct CMUnitTest tests[] = {
        SYSLOG_TEST(lines_are_those_of_the_file), SYSLOG_TEST(what_ends_early_is_sent_too),
        SYSLOG_TEST(repair_is_sent_too),          SYSLOG_TEST(what_is_not_in_the_file_is_not_sent),
        SYSLOG_TEST(nothing_waits_for_it),        SYSLOG_TEST(alone_it_has_no_chain),
        SYSLOG_TEST(longest_line_fits),
    };

    return cmocka_run_group_tests(tests, make_place, remove_place);
}
