/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: what a line says, that no line is lost whoever writes at the same time or is
 * killed, and that whatever was changed is found, at its line.
 */
#include "sign_support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "provider/record/audit.h"
#include "tools/audit_read.h"
#include "provider/base/clock.h"

static char directory[] = "/tmp/ska-audit-XXXXXX";
static char path[64];  /* of the log */
static char lock[72];  /* of its lock */
static char other[64]; /* of another file */
static struct ska_audit_log audit_log = {path, NULL, NULL};

/* ---- A request, and writing ----------------------------------------------------------------- */

static struct ska_request request;
static struct ska_approver alice;
static struct ska_group group;
static struct ska_alternative alternative;

static void set_bytes(struct ska_bytes *to, const char *text)
{
    assert_true(ska_bytes_copy(to, ska_span_text(text), NULL));
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/log", directory);
    snprintf(lock, sizeof(lock), "%s.lock", path);
    snprintf(other, sizeof(other), "%s/other", directory);
    memset(request.id, 'a', SKA_REQUEST_ID_LENGTH);
    request.operation = SKA_OPERATION_SIGN;
    request.token_label = strdup("tok");
    request.key_label = strdup("seal");
    set_bytes(&request.approval_token, "token");
    set_bytes(&alice.name, "alice");
    set_bytes(&alice.public_key, "key of alice");
    group.approvers = &alice;
    group.approver_count = 1;
    alternative.groups = &group;
    alternative.group_count = 1;
    request.rules[SKA_RULE_USE].alternatives = &alternative;
    request.rules[SKA_RULE_USE].alternative_count = 1;
    request.has_rule[SKA_RULE_USE] = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(request.token_label);
    free(request.key_label);
    ska_bytes_free(&request.approval_token);
    ska_bytes_free(&alice.name);
    ska_bytes_free(&alice.public_key);
    return rmdir(directory);
}

/* After each test. */
static int clean(void **state)
{
    (void)state;
    unlink(path);
    unlink(lock);
    unlink(other);
    return 0;
}

static bool append_errors(const char *detail, const struct ska_errors *errors)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, &request, NULL, detail};

    return ska_audit_append(&audit_log, NULL, &entry, errors);
}

static void append(const char *detail)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    if (!append_errors(detail, &errors))
        fail_msg("not appended: %s", recorder.text);
}

static void refused(enum ska_reason reason, const char *part)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    assert_false(append_errors("refused", &errors));
    assert_raised_with(&recorder, reason, part);
}

static struct ska_bytes content_of(const char *file)
{
    struct ska_bytes content = {NULL, 0};

    assert_true(ska_file_read(file, 1 << 30, &content, NULL));
    return content;
}

static void write_file(const char *file, const void *data, size_t length)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_true(ska_write_all(fd, ska_span(data, length)));
    close(fd);
}

/* ---- Reading -------------------------------------------------------------------------------- */

struct summary {
    uint64_t lines;
    size_t faults;
    char first[400]; /* fault */
    char all[4000];
    char head[SKA_AUDIT_HASH_SIZE];
    size_t repairs;
};

static struct summary read_log(const char *file)
{
    struct ska_audit_reader *reader = NULL;
    struct ska_audit_found found;
    struct summary summary = {0};

    assert_true(ska_audit_read_open(file, NULL, &reader, NULL));
    for (;;) {
        assert_true(ska_audit_read_next(reader, &found, NULL));
        if (found.number == 0)
            break;
        assert_int_equal(found.number, ++summary.lines);
        summary.repairs += found.readable && strcmp(found.line.event, "repair") == 0;
        memcpy(summary.head, found.hash, sizeof(found.hash));
        if (found.fault[0] == 0)
            continue;
        if (summary.faults++ == 0)
            memcpy(summary.first, found.fault, sizeof(found.fault));
        snprintf(summary.all + strlen(summary.all), sizeof(summary.all) - strlen(summary.all),
                 "%s\n", found.fault);
    }
    ska_audit_read_close(reader);
    return summary;
}

static void assert_intact(const char *file, uint64_t lines)
{
    struct summary summary = read_log(file);

    if (summary.faults > 0)
        fail_msg("%s", summary.all);
    assert_int_equal(summary.lines, lines);
}

/* ---- What a line says ----------------------------------------------------------------------- */

static cJSON *line_of(const char *file, size_t number)
{
    struct ska_bytes content = content_of(file);
    char *line = (char *)content.data;
    cJSON *json = NULL;

    for (size_t i = 1; i < number; i++) {
        line = strchr(line, '\n');
        assert_non_null(line);
        line++;
    }
    assert_non_null(strchr(line, '\n'));
    *strchr(line, '\n') = 0;
    json = cJSON_Parse(line);
    assert_non_null(json);
    ska_bytes_free(&content);
    return json;
}

static const char *member(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return text == NULL ? "" : text;
}

static void assert_number(const cJSON *json, const char *name, double value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    assert_true(cJSON_IsNumber(item));
    assert_true(cJSON_GetNumberValue(item) == value);
}

static void assert_sha256(const char *hex, const void *data, size_t length)
{
    unsigned char digest[32];
    char expected[65];

    assert_true(EVP_Digest(data, length, digest, NULL, EVP_sha256(), NULL));
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(expected + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, expected);
}

static void line_says_it_all(void **state)
{
    struct ska_approval approval = {.certificate = false, .public_key = alice.public_key};
    const struct ska_audit_entry entry = {SKA_AUDIT_APPROVAL, &request, &approval, "by hand"};
    struct stat status;
    cJSON *json = NULL;
    time_t now = time(NULL);
    struct tm parts;
    char day[16];

    (void)state;
    umask(0);
    assert_true(ska_audit_append(&audit_log, NULL, &entry, NULL));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0600);
    json = line_of(path, 1);
    assert_number(json, "sequence", 1);
    strftime(day, sizeof(day), "%Y-%m-%dT", gmtime_r(&now, &parts));
    assert_text_contains(member(json, "time"), day);
    assert_int_equal(strlen(member(json, "time")), 20);
    assert_string_equal(member(json, "event"), "approval");
    assert_string_equal(member(json, "requestId"), request.id);
    assert_string_equal(member(json, "operation"), "SIGN");
    assert_string_equal(member(json, "token"), "tok");
    assert_string_equal(member(json, "key"), "seal");
    assert_sha256(member(json, "approvalToken"), "token", 5);
    assert_string_equal(member(json, "approver"), "alice");
    assert_sha256(member(json, "approverKey"), "key of alice", 12);
    assert_string_equal(member(json, "detail"), "by hand");
    assert_number(json, "uid", geteuid());
    assert_number(json, "pid", getpid());
    assert_string_equal(member(json, "previous"), SKA_AUDIT_NO_HASH);
    assert_null(cJSON_GetObjectItemCaseSensitive(json, "evidence"));
    cJSON_Delete(json);
}

static void line_holds_the_hash_of_the_one_before(void **state)
{
    struct ska_bytes content = {NULL, 0};
    cJSON *json = NULL;

    (void)state;
    append("one");
    content = content_of(path);
    append("two");
    json = line_of(path, 2);
    assert_number(json, "sequence", 2);
    assert_sha256(member(json, "previous"), content.data, content.length);
    cJSON_Delete(json);
    ska_bytes_free(&content);
    assert_intact(path, 2);
}

static void unlisted_approver_has_no_name(void **state)
{
    struct ska_approval approval = {.certificate = false};
    const struct ska_audit_entry entry = {SKA_AUDIT_APPROVAL_REFUSED, &request, &approval, "why"};
    cJSON *json = NULL;

    (void)state;
    set_bytes(&approval.public_key, "key of mallory");
    assert_true(ska_audit_append(&audit_log, NULL, &entry, NULL));
    json = line_of(path, 1);
    assert_string_equal(member(json, "event"), "approval-refused");
    assert_null(cJSON_GetObjectItemCaseSensitive(json, "approver"));
    assert_sha256(member(json, "approverKey"), "key of mallory", 14);
    cJSON_Delete(json);
    ska_bytes_free(&approval.public_key);
}

static void evidence_is_named(void **state)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_DECISION, &request, NULL, "done"};
    cJSON *json = NULL;

    (void)state;
    memset(request.evidence, 'e', sizeof(request.evidence) - 1);
    assert_true(ska_audit_append(&audit_log, NULL, &entry, NULL));
    json = line_of(path, 1);
    assert_string_equal(member(json, "event"), "decision");
    assert_string_equal(member(json, "evidence"), request.evidence);
    cJSON_Delete(json);
    memset(request.evidence, 0, sizeof(request.evidence));
    assert_intact(path, 1);
}

static void foreign_text_does_no_harm(void **state)
{
    static const char harmful[] = "a\n\x1b[31m\"}\xe2\x80\xae\xff\x7f\xc2\x9b";
    char *label = request.key_label;
    char *token_label = request.token_label;
    char *longest = malloc(10001);
    struct ska_bytes content = {NULL, 0};
    cJSON *json = NULL;

    (void)state;
    memset(longest, '\x1b', 10000);
    longest[10000] = 0;
    request.key_label = longest;
    request.token_label = longest;
    append(longest);
    request.key_label = label;
    request.token_label = token_label;
    append(harmful);
    content = content_of(path);
    assert_true(content.length < 2 * SKA_AUDIT_LINE_LIMIT);
    for (size_t i = 0; i < content.length; i++)
        assert_true(content.data[i] == '\n' || (content.data[i] >= ' ' && content.data[i] < 0x7f));
    json = line_of(path, 2);
    assert_string_equal(member(json, "detail"),
                        "a\\x0A\\x1B[31m\"}\\xE2\\x80\\xAE\\xFF\\x7F\\xC2\\x9B");
    cJSON_Delete(json);
    assert_intact(path, 2);
    ska_bytes_free(&content);
    free(longest);
}

static void nothing_is_written_without_a_path(void **state)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, &request, NULL, NULL};
    const struct ska_audit_log nowhere = {NULL, NULL, NULL};

    (void)state;
    assert_true(ska_audit_append(&nowhere, NULL, &entry, NULL));
}

static void append_once(void)
{
    append("on a small stack");
}

/* Within a libcrypto ASYNC job. */
static void line_is_written_on_a_small_stack(void **state)
{
    (void)state;
    append("one");
    run_on_small_stack(append_once);
    assert_intact(path, 2);
}

/* ---- What is no log ------------------------------------------------------------------------- */

static void unsafe_files_are_refused(void **state)
{
    static const mode_t modes[] = {0620, 0602, 0666};
    struct stat status;

    (void)state;
    write_file(other, "", 0);
    assert_int_equal(symlink(other, path), 0);
    refused(SKA_R_AUDIT_LOG, "symbolic link");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(SKA_R_AUDIT_LOG, "not a regular file");
    unlink(path);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        write_file(path, "", 0);
        assert_int_equal(chmod(path, modes[i]), 0);
        refused(SKA_R_AUDIT_LOG, "chmod go-w");
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_size, 0);
        unlink(path);
    }
    if (geteuid() == 0) {
        write_file(path, "", 0);
        assert_int_equal(chown(path, 12345, 0), 0);
        refused(SKA_R_AUDIT_LOG, "belongs to uid 12345");
    }
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refused(SKA_R_AUDIT_LOG, "directory");
    rmdir(path);
    assert_int_equal(lstat(other, &status), 0);
    assert_int_equal(status.st_size, 0);
}

/* Nothing is added to a file that somebody named by mistake, and nothing behind a broken line. */
static void other_files_are_left_alone(void **state)
{
    static const char text[] = "root:x:0:0:root:/root:/bin/bash\n";
    static const char json[] = "{\"sequence\":1}\n";
    char *longest = malloc(3 * SKA_AUDIT_LINE_LIMIT);
    struct ska_bytes content = {NULL, 0};

    (void)state;
    write_file(path, text, strlen(text));
    refused(SKA_R_EVIDENCE_WRONG, "does not end with a line of an audit log");
    write_file(path, json, strlen(json));
    refused(SKA_R_EVIDENCE_WRONG, "");
    write_file(path, "\n", 1);
    refused(SKA_R_EVIDENCE_WRONG, "");
    content = content_of(path);
    assert_int_equal(content.length, 1);
    ska_bytes_free(&content);
    /* Without a newline, longer than a line, and longer than what is read of the end. */
    memset(longest, 'x', 3 * SKA_AUDIT_LINE_LIMIT);
    for (size_t length = SKA_AUDIT_LINE_LIMIT; length <= 3 * SKA_AUDIT_LINE_LIMIT; length *= 3) {
        write_file(path, longest, length);
        refused(SKA_R_EVIDENCE_WRONG, "");
        longest[length - 1] = '\n';
        write_file(path, longest, length);
        refused(SKA_R_EVIDENCE_WRONG, "");
        longest[length - 1] = 'x';
        content = content_of(path);
        assert_int_equal(content.length, length);
        ska_bytes_free(&content);
    }
    free(longest);
}

/* ---- Crashes -------------------------------------------------------------------------------- */

static void half_a_line_is_cut_off_and_told(void **state)
{
    struct ska_bytes content = {NULL, 0};
    cJSON *json = NULL;

    (void)state;
    append("one");
    append("two");
    content = content_of(path);
    /* Half of the first line that was ever written, and of a later one. */
    for (size_t lines = 0; lines < 3; lines += 2) {
        size_t length = lines == 0 ? 20 : content.length;

        write_file(path, content.data, length);
        if (lines > 0) {
            int fd = open(path, O_WRONLY | O_APPEND);

            assert_int_equal(write(fd, "{\"sequence\":3,\x1b", 15), 15);
            close(fd);
        }
        assert_text_contains(read_log(path).first, "is cut");
        append("three");
        assert_intact(path, lines + 2);
        assert_int_equal(read_log(path).repairs, 1);
        json = line_of(path, lines + 1);
        assert_text_contains(member(json, "detail"), lines == 0 ? "20 bytes" : "15 bytes");
        assert_text_contains(member(json, "detail"), "sequence");
        cJSON_Delete(json);
        json = line_of(path, lines + 2);
        assert_string_equal(member(json, "detail"), "three");
        cJSON_Delete(json);
    }
    ska_bytes_free(&content);
}

static void full_disk_leaves_the_log_as_it_was(void **state)
{
    struct rlimit before;
    struct rlimit limit;
    struct ska_bytes content = {NULL, 0};
    struct ska_bytes after = {NULL, 0};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

    (void)state;
    append("one");
    content = content_of(path);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = content.length + 50;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    refused(SKA_R_AUDIT_LOG, "cannot be written");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    after = content_of(path);
    assert_span_equal(ska_span_of(&content), ska_span_of(&after));
    append("two");
    assert_intact(path, 2);
    ska_bytes_free(&content);
    ska_bytes_free(&after);
}

static pid_t child(void (*work)(size_t number), size_t number)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        work(number);
        _exit(0);
    }
    return pid;
}

static void append_for_ever(size_t number)
{
    (void)number;
    for (;;)
        if (!append_errors("again", NULL))
            _exit(1);
}

static void killed_writers_leave_a_log_that_verifies(void **state)
{
    size_t rounds = getenv("SKA_TEST_EXHAUSTIVE") != NULL ? 500 : 20;
    struct summary summary;

    (void)state;
    srand(1);
    for (size_t i = 0; i < rounds; i++) {
        pid_t pids[3];
        int status = 0;

        for (size_t j = 0; j < 3; j++)
            pids[j] = child(append_for_ever, j);
        usleep(3000 + (useconds_t)(rand() % 20000));
        for (size_t j = 0; j < 3; j++)
            kill(pids[j], SIGKILL);
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(waitpid(pids[j], &status, 0), pids[j]);
            assert_true(WIFSIGNALED(status));
        }
        append("after");
        summary = read_log(path);
        if (summary.faults > 0)
            fail_msg("round %zu: %s", i, summary.all);
        assert_true(summary.lines > i);
    }
}

/* ---- At the same time ----------------------------------------------------------------------- */

#define WRITERS 20
#define LINES 50

static void append_fifty(size_t number)
{
    char detail[32];

    for (size_t i = 0; i < LINES; i++) {
        snprintf(detail, sizeof(detail), "%zu %zu", number, i);
        if (!append_errors(detail, NULL))
            _exit(1);
    }
}

/* Each writer's lines are all there, in the order in which it wrote them. */
static void check_details(void)
{
    struct ska_audit_reader *reader = NULL;
    struct ska_audit_found found;
    size_t next[WRITERS] = {0};
    size_t writer = 0;
    size_t number = 0;

    assert_true(ska_audit_read_open(path, NULL, &reader, NULL));
    for (;;) {
        assert_true(ska_audit_read_next(reader, &found, NULL));
        if (found.number == 0)
            break;
        assert_int_equal(sscanf(found.line.detail, "%zu %zu", &writer, &number), 2);
        assert_true(writer < WRITERS);
        assert_int_equal(number, next[writer]);
        next[writer]++;
    }
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(next[i], LINES);
    ska_audit_read_close(reader);
}

static void many_writers_lose_no_line(void **state)
{
    pid_t pids[WRITERS];
    int status = 0;

    (void)state;
    for (size_t i = 0; i < WRITERS; i++)
        pids[i] = child(append_fifty, i);
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_intact(path, WRITERS * LINES);
    check_details();
}

static void lock_of_others_is_waited_for_two_seconds(void **state)
{
    int fd = -1;
    int64_t start = 0;

    (void)state;
    append("one");
    fd = open(lock, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    start = ska_clock_ms();
    refused(SKA_R_AUDIT_LOG, "two seconds");
    assert_in_range(ska_clock_ms() - start, 1900, 3000);
    /* Who reads does not wait. */
    assert_intact(path, 1);
    close(fd);
    append("two");
    assert_intact(path, 2);
}

/* Whoever may read the log holds all locks on it that he can have. */
static void readers_lock_nobody_out(void **state)
{
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    int status = 0;
    pid_t pid = 0;
    int ready[2];
    char byte = 0;

    (void)state;
    append("one");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        int fd = open(path, O_RDONLY);

        if (fd < 0 || flock(fd, LOCK_EX) != 0 || fcntl(fd, F_SETLK, &whole) != 0)
            _exit(1);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    append("two");
    assert_intact(path, 2);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(ready[0]);
    close(ready[1]);
}

/* The lock itself nobody else may open; else it would be as if it were on the log. */
static void unsafe_locks_are_refused(void **state)
{
    (void)state;
    write_file(lock, "", 0);
    assert_int_equal(chmod(lock, 0640), 0);
    refused(SKA_R_AUDIT_LOG, "chmod go=");
    unlink(lock);
    assert_int_equal(symlink(other, lock), 0);
    refused(SKA_R_AUDIT_LOG, "its lock");
    assert_int_equal(access(other, F_OK), -1);
    unlink(lock);
    /* Who has no right to write the log leaves no lock that its owner could not open. */
    if (geteuid() == 0) {
        unlink(path);
        write_file(path, "", 0);
        assert_int_equal(chown(path, 12345, 0), 0);
        refused(SKA_R_AUDIT_LOG, "belongs to uid 12345");
        assert_int_equal(access(lock, F_OK), -1);
    }
}

static void unsafe_directories_are_refused(void **state)
{
    static const mode_t modes[] = {0770, 0707, 0777};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(directory, modes[i]), 0);
        refused(SKA_R_DIRECTORY_UNSAFE, directory);
        assert_int_equal(access(path, F_OK), -1);
    }
    assert_int_equal(chmod(directory, 0700), 0);
    append("one");
}

static void caught(int number)
{
    (void)number;
}

static void waiting_for_the_lock_can_be_interrupted(void **state)
{
    const struct sigaction action = {.sa_handler = caught};
    struct sigaction before;
    pid_t parent = getpid();
    pid_t pid = 0;
    int fd = -1;
    int64_t start = 0;

    (void)state;
    append("one");
    fd = open(lock, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(sigaction(SIGINT, &action, &before), 0);
    pid = fork();
    if (pid == 0) {
        /* More than one, as none is waited for between two looks at the lock. */
        for (int i = 0; i < 20; i++) {
            usleep(50000);
            kill(parent, SIGINT);
        }
        _exit(0);
    }
    start = ska_clock_ms();
    refused(SKA_R_INTERRUPTED, path);
    assert_in_range(ska_clock_ms() - start, 0, 1500);
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &before, NULL);
    close(fd);
}

/* Who has waited for the lock of a log that was moved away writes to the new one. */
static void moved_log_gets_no_more_lines(void **state)
{
    pid_t pid = 0;
    int fd = -1;
    int status = 0;

    (void)state;
    append("one");
    fd = open(lock, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    pid = fork();
    if (pid == 0) {
        close(fd);
        _exit(append_errors("two", NULL) ? 0 : 1);
    }
    usleep(200000);
    assert_int_equal(rename(path, other), 0);
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_intact(other, 1);
    assert_intact(path, 1);
}

/* ---- Changes are found ---------------------------------------------------------------------- */

#define LOG_LINES 9

static char *lines[LOG_LINES];

static void make_lines(void)
{
    struct ska_bytes content = {NULL, 0};
    char *line = NULL;

    for (size_t i = 0; i < LOG_LINES; i++)
        append("as it was");
    assert_intact(path, LOG_LINES);
    content = content_of(path);
    line = (char *)content.data;
    for (size_t i = 0; i < LOG_LINES; i++) {
        char *end = strchr(line, '\n');

        lines[i] = strndup(line, (size_t)(end + 1 - line));
        line = end + 1;
    }
    ska_bytes_free(&content);
}

static void free_lines(void)
{
    for (size_t i = 0; i < LOG_LINES; i++)
        free(lines[i]);
}

/* A log of these lines, from 1, up to 0. */
static void write_lines(const int *order)
{
    struct ska_buffer text = {0};

    for (; *order != 0; order++)
        ska_buffer_text(&text, lines[*order - 1]);
    write_file(other, text.data, text.length);
    ska_buffer_free(&text);
}

static void found_in_order(const char *fault, const int *order)
{
    struct summary summary;

    write_lines(order);
    summary = read_log(other);
    if (summary.faults == 0 || strstr(summary.first, fault) == NULL)
        fail_msg("'%s' instead of '%s'", summary.all, fault);
}
#define found_in(fault, ...) found_in_order(fault, (const int[]){__VA_ARGS__, 0})

static void lines_out_of_order_are_found(void **state)
{
    (void)state;
    make_lines();
    write_lines((const int[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 0});
    assert_intact(other, LOG_LINES);
    found_in("1 line is missing before line 7 (sequence number 7)", 1, 2, 3, 4, 5, 6, 8, 9);
    found_in("3 lines are missing before line 4 (sequence numbers 4 to 6)", 1, 2, 3, 7, 8, 9);
    found_in("1 line is missing before line 1 (sequence number 1)", 2, 3, 4);
    found_in("line 7 does not belong there", 1, 2, 3, 4, 5, 6, 3, 7, 8, 9);
    found_in("line 3 does not belong there: line 4 follows", 1, 2, 3, 3, 4, 5, 6);
    found_in("1 line is missing before line 3 (sequence number 3)", 1, 2, 4, 3, 5, 6);
    found_in("line 10 does not belong there", 1, 2, 3, 4, 5, 6, 7, 8, 9, 1);
    /* One line too many, one fault. */
    write_lines((const int[]){1, 2, 3, 4, 2, 5, 6, 7, 0});
    assert_int_equal(read_log(other).faults, 1);
    /* A cut end is nobody's guess, unless its hash was noted. */
    write_lines((const int[]){1, 2, 3, 0});
    assert_intact(other, 3);
    free_lines();
}

/* Each byte of each line but the last, and a line that somebody made to fit its place. */
static void changed_bytes_are_found(void **state)
{
    size_t step = getenv("SKA_TEST_EXHAUSTIVE") != NULL ? 1 : 7;
    struct ska_bytes content = {NULL, 0};
    char place[32];
    size_t line = 1;

    (void)state;
    make_lines();
    content = content_of(path);
    for (size_t i = 0; i < content.length - strlen(lines[LOG_LINES - 1]); i++) {
        if (content.data[i] == '\n')
            line++;
        if (i % step != 0 && content.data[i] != '\n')
            continue;
        content.data[i] ^= 1;
        write_file(other, content.data, content.length);
        content.data[i] ^= 1;
        snprintf(place, sizeof(place), "line %zu",
                 content.data[i] == '\n' && line > 1 ? line - 1 : line);
        if (strstr(read_log(other).all, place) == NULL)
            fail_msg("byte %zu of %s: '%s'", i, place, read_log(other).all);
    }
    ska_bytes_free(&content);
    free_lines();
}

static void forged_lines_are_found(void **state)
{
    char *forged = NULL;
    char *kept = NULL;

    (void)state;
    make_lines();
    forged = exchanged(lines[4], "as it was", "as it is now");
    kept = lines[4];
    lines[4] = forged;
    found_in("line 5 was changed, or the hash of it in line 6", 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assert_int_equal(read_log(other).faults, 1);
    /* The next one too, as something else: both are named. */
    free(lines[5]);
    lines[5] = strdup("{\"sequence\":6}\n");
    found_in("line 6: time: missing", 1, 2, 3, 4, 5, 6, 7, 8, 9);
    free(kept);
    free_lines();
}

/* Of a line that is none nothing remains that could be shown. */
static void half_read_line_is_empty(void **state)
{
    static const char text[] = "{\"sequence\":1,\"time\":\"now\",\"event\":\"request\",\"uid\":-1}";
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_audit_line line;
    cJSON *json = NULL;

    (void)state;
    assert_false(ska_audit_line_parse(ska_span_text(text), "line 1", &json, &line, &errors));
    assert_raised_with(&recorder, SKA_R_EVIDENCE_WRONG, "line 1: uid");
    assert_null(json);
    assert_null(line.time);
    assert_null(line.event);
    assert_int_equal(line.sequence, 0);
}

/* Each is refused by name, also the link to the line before. */
static void hashes_that_are_none_are_refused(void **state)
{
    static const char hex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char *const bad[] = {
        "",
        "0",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
        "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
    static const char *const names[] = {"requestId", "approvalToken", "approverKey", "evidence",
                                        "previous"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (size_t j = 0; j <= sizeof(bad) / sizeof(bad[0]); j++) {
            bool good = j == sizeof(bad) / sizeof(bad[0]);
            bool link = strcmp(names[i], "previous") == 0;
            struct recorder recorder;
            struct ska_errors errors = errors_into(&recorder);
            struct ska_audit_line line;
            cJSON *json = NULL;
            char text[400];
            char part[60];

            snprintf(text, sizeof(text),
                     "{\"sequence\":1,\"time\":\"now\",\"event\":\"request\",\"uid\":0,\"pid\":1,"
                     "\"%s\":\"%s\"%s%s%s}",
                     names[i], good ? hex : bad[j], link ? "" : ",\"previous\":\"", link ? "" : hex,
                     link ? "" : "\"");
            assert_int_equal(
                ska_audit_line_parse(ska_span_text(text), "line 1", &json, &line, &errors), good);
            cJSON_Delete(json);
            snprintf(part, sizeof(part), "line 1: %s: 64 hexadecimal digits expected", names[i]);
            if (!good)
                assert_raised_with(&recorder, SKA_R_EVIDENCE_WRONG, part);
        }
}

/* Put in between, with the right number and the right hash. */
static void inserted_line_that_fits_is_found(void **state)
{
    struct ska_bytes content = {NULL, 0};
    struct ska_buffer text = {0};

    (void)state;
    make_lines();
    write_lines((const int[]){1, 2, 3, 4, 0});
    assert_int_equal(rename(other, path), 0);
    append("inserted");
    content = content_of(path);
    ska_buffer_add(&text, content.data, content.length);
    for (size_t i = 4; i < LOG_LINES; i++)
        ska_buffer_text(&text, lines[i]);
    write_file(other, text.data, text.length);
    assert_int_equal(read_log(other).faults, 1);
    assert_string_equal(read_log(other).first,
                        "line 5 does not belong there: line 6 follows the one before it");
    ska_buffer_free(&text);
    ska_bytes_free(&content);
    free_lines();
}

static void odd_files_are_read(void **state)
{
    static const char nothing[40000];
    char *longest = malloc(200001);

    (void)state;
    write_file(other, "", 0);
    assert_intact(other, 0);
    write_file(other, nothing, sizeof(nothing));
    assert_int_equal(read_log(other).faults, 1);
    /* Longer than what is read at once; the line behind it is looked at again. */
    memset(longest, 'x', 200000);
    longest[200000] = '\n';
    make_lines();
    for (size_t length = 16384; length <= 200001; length += 61205) {
        struct ska_buffer text = {0};

        ska_buffer_text(&text, lines[0]);
        ska_buffer_add(&text, longest + 200001 - length, length);
        ska_buffer_text(&text, lines[1]);
        ska_buffer_text(&text, lines[2]);
        write_file(other, text.data, text.length);
        assert_int_equal(read_log(other).lines, 4);
        assert_text_contains(read_log(other).all, "line 2");
        ska_buffer_free(&text);
    }
    free_lines();
    free(longest);
}

/* ---- Long logs ------------------------------------------------------------------------------ */

static void write_long_log(size_t size)
{
    struct ska_audit_line line = {.sequence = 0,
                                  .time = "2026-11-22T10:00:00Z",
                                  .event = "request",
                                  .detail = "one of many",
                                  .previous = SKA_AUDIT_NO_HASH};
    char hash[SKA_AUDIT_HASH_SIZE];
    FILE *file = fopen(other, "w");

    assert_non_null(file);
    for (size_t written = 0; written < size;) {
        struct ska_buffer text = {0};

        line.sequence++;
        assert_true(ska_audit_line_print(&line, &text, NULL));
        assert_true(ska_audit_hash(NULL, ska_span(text.data, text.length), hash, NULL));
        line.previous = hash;
        assert_int_equal(fwrite(text.data, 1, text.length, file), text.length);
        written += text.length;
        ska_buffer_free(&text);
    }
    assert_int_equal(fclose(file), 0);
}

static void long_log_needs_no_memory(void **state)
{
    size_t size = getenv("SKA_TEST_EXHAUSTIVE") != NULL ? (size_t)1 << 30 : (size_t)8 << 20;
    struct rusage before;
    struct rusage after;

    (void)state;
    write_long_log(size);
    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(read_log(other).faults, 0);
    getrusage(RUSAGE_SELF, &after);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(after.ru_maxrss - before.ru_maxrss < 2048);
#endif
}

int main(void)
{
#define LOG_TEST(function) cmocka_unit_test_teardown(function, clean)
    const struct CMUnitTest tests[] = {
        LOG_TEST(line_says_it_all),
        LOG_TEST(line_holds_the_hash_of_the_one_before),
        LOG_TEST(unlisted_approver_has_no_name),
        LOG_TEST(evidence_is_named),
        LOG_TEST(foreign_text_does_no_harm),
        LOG_TEST(nothing_is_written_without_a_path),
        LOG_TEST(line_is_written_on_a_small_stack),
        LOG_TEST(unsafe_files_are_refused),
        LOG_TEST(other_files_are_left_alone),
        LOG_TEST(half_a_line_is_cut_off_and_told),
        LOG_TEST(full_disk_leaves_the_log_as_it_was),
        LOG_TEST(killed_writers_leave_a_log_that_verifies),
        LOG_TEST(many_writers_lose_no_line),
        LOG_TEST(lock_of_others_is_waited_for_two_seconds),
        LOG_TEST(readers_lock_nobody_out),
        LOG_TEST(unsafe_locks_are_refused),
        LOG_TEST(unsafe_directories_are_refused),
        LOG_TEST(waiting_for_the_lock_can_be_interrupted),
        LOG_TEST(moved_log_gets_no_more_lines),
        LOG_TEST(lines_out_of_order_are_found),
        LOG_TEST(changed_bytes_are_found),
        LOG_TEST(forged_lines_are_found),
        LOG_TEST(half_read_line_is_empty),
        LOG_TEST(hashes_that_are_none_are_refused),
        LOG_TEST(inserted_line_that_fits_is_found),
        LOG_TEST(odd_files_are_read),
        LOG_TEST(long_log_needs_no_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
