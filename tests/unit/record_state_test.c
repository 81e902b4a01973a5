/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state-dir, and the head of an audit log in it: a log that is rotated goes on, one that was cut or
 * exchanged is found, wherever a writer was killed or the disk gave up.
 */
#include "sign_support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/record/audit.h"
#include "provider/record/state_dir.h"
#include "tools/audit_read.h"
#include "tools/executed.h"

static char directory[] = "/tmp/ska-state-XXXXXX";
static char state_dir[64];
static char path[64];    /* of the log */
static char rotated[64]; /* the log that was moved away */
static char oldest[64];
static struct ska_audit_log audit_log = {path, state_dir, NULL};
static struct ska_request request;

/* ---- The disk -------------------------------------------------------------------------------- */

static int synced_files;
static int synced_directories;
static int failing_sync; /* errno; 0: none */

int fsync(int fd)
{
    struct stat status;

    if (fstat(fd, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            synced_directories++;
        else
            synced_files++;
    }
    if (failing_sync != 0) {
        errno = failing_sync;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

/* ---- A place --------------------------------------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/ska-state-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(state_dir, sizeof(state_dir), "%s/state", directory);
    snprintf(path, sizeof(path), "%s/log", directory);
    snprintf(rotated, sizeof(rotated), "%s/log.1", directory);
    snprintf(oldest, sizeof(oldest), "%s/log.2", directory);
    audit_log.path = path;
    audit_log.state_dir = state_dir;
    memset(request.id, 'a', SKA_REQUEST_ID_LENGTH);
    request.operation = SKA_OPERATION_SIGN;
    failing_sync = 0;
    return mkdir(state_dir, 0700);
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf -- %s", directory);
    return system(command);
}

static bool append_errors(const struct ska_errors *errors)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, &request, NULL, "a detail"};

    return ska_audit_append(&audit_log, NULL, &entry, errors);
}

static void append(void)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    if (!append_errors(&errors))
        fail_msg("not appended: %s", recorder.text);
}

static void refused(enum ska_reason reason, const char *part)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    assert_false(append_errors(&errors));
    assert_raised_with(&recorder, reason, part);
}

static off_t size_of(const char *file)
{
    struct stat status;

    assert_int_equal(stat(file, &status), 0);
    return status.st_size;
}

/* In the place of what is there, as a whole. */
static void put_file(const char *file, struct ska_span content)
{
    struct ska_file_place place;

    assert_true(ska_file_place_open(&place, file, NULL));
    assert_true(ska_file_place_replace(&place, content, 0600, NULL));
    ska_file_place_close(&place);
}

static void copy(const char *from, const char *to)
{
    struct ska_bytes content = {NULL, 0};

    assert_true(ska_file_read(from, 1 << 20, &content, NULL));
    put_file(to, ska_span_of(&content));
    ska_bytes_free(&content);
}

/* The file of the head: there is one log. */
static const char *head_file(void)
{
    static char name[400];
    DIR *listing = opendir(state_dir);
    const struct dirent *entry = NULL;
    size_t found = 0;

    assert_non_null(listing);
    while ((entry = readdir(listing)) != NULL)
        if (strncmp(entry->d_name, "audit-", 6) == 0) {
            snprintf(name, sizeof(name), "%s/%s", state_dir, entry->d_name);
            found++;
        }
    closedir(listing);
    assert_int_equal(found, 1);
    return name;
}

/* ---- Reading --------------------------------------------------------------------------------- */

struct summary {
    uint64_t lines;
    uint64_t sequence; /* of the last one */
    size_t faults;
    char first[400];
    bool continues;
};

static void read_one(struct ska_audit_reader *reader, struct summary *summary)
{
    struct ska_audit_found found;

    for (;;) {
        assert_true(ska_audit_read_next(reader, &found, NULL));
        if (found.number == 0)
            return;
        summary->lines++;
        summary->sequence = found.line.sequence;
        summary->continues = summary->continues || found.continues;
        if (found.fault[0] != 0 && summary->faults++ == 0)
            memcpy(summary->first, found.fault, sizeof(found.fault));
    }
}

/* Files in order, ended by NULL. */
static struct summary read_files(const char *const *files)
{
    struct ska_audit_reader *reader = NULL;
    struct summary summary = {0};

    assert_true(ska_audit_read_open(*files, NULL, &reader, NULL));
    read_one(reader, &summary);
    while (*++files != NULL) {
        assert_true(ska_audit_read_continue(reader, *files, NULL));
        read_one(reader, &summary);
    }
    ska_audit_read_close(reader);
    return summary;
}
#define READ(...) read_files((const char *const[]){__VA_ARGS__, NULL})

static void assert_chain(struct summary summary, uint64_t lines)
{
    if (summary.faults > 0)
        fail_msg("%s", summary.first);
    assert_int_equal(summary.lines, lines);
    assert_int_equal(summary.sequence, lines);
    assert_false(summary.continues);
}

/* ---- The directory --------------------------------------------------------------------------- */

static void state_dir_is_the_signers(void **state)
{
    static const mode_t modes[] = {0750, 0701, 0770, 0777, 01777, 0740};
    char name[200];

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(state_dir, modes[i]), 0);
        refused(SKA_R_DIRECTORY_UNSAFE, "0700");
        assert_false(ska_state_dir_check(state_dir, NULL));
    }
    assert_int_equal(chmod(state_dir, 0700), 0);
    assert_true(ska_state_dir_check(state_dir, NULL));
    assert_int_equal(chmod(directory, 0770), 0);
    assert_false(ska_state_dir_check(state_dir, NULL));
    assert_int_equal(chmod(directory, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(state_dir, 12345, 0), 0);
        refused(SKA_R_DIRECTORY_UNSAFE, "belongs to uid 12345");
        assert_int_equal(chown(state_dir, 0, 0), 0);
    }
    append();
    assert_int_equal(chmod(head_file(), 0640), 0);
    refused(SKA_R_AUDIT_LOG, "chmod go=");
    assert_int_equal(chmod(head_file(), 0600), 0);
    snprintf(name, sizeof(name), "%s", head_file());
    assert_int_equal(rename(name, rotated), 0);
    assert_int_equal(symlink(rotated, name), 0);
    refused(SKA_R_AUDIT_LOG, "symbolic links");
    assert_int_equal(unlink(name), 0);
    assert_int_equal(rmdir(state_dir), 0);
    refused(SKA_R_AUDIT_LOG, "No such file");
}

/* What cannot be remembered is not logged as if it were. */
/* By the token, and by nothing else. */
static void what_was_executed_is_known_until_it_is_forgotten(void **state)
{
    const struct executed executed = {state_dir, NULL};
    const struct executed nowhere = {NULL, NULL};
    uint8_t tokens[] = {1, 2};
    struct ska_request one = {.approval_token = {&tokens[0], 1}};
    struct ska_request other = {.approval_token = {&tokens[1], 1}};
    bool has = true;

    (void)state;
    assert_true(executed_has(&executed, &one, &has, NULL) && !has);
    assert_true(executed_add(&executed, &one, EXECUTED_GIVEN_UP, NULL));
    assert_true(executed_add(&executed, &one, EXECUTED_GIVEN_UP, NULL));
    assert_true(executed_has(&executed, &one, &has, NULL) && has);
    assert_true(executed_has(&executed, &other, &has, NULL) && !has);
    assert_true(executed_forget(&executed, &other, NULL));
    assert_true(executed_forget(&executed, &one, NULL));
    assert_true(executed_has(&executed, &one, &has, NULL) && !has);
    assert_false(executed_has_order(&executed, SKA_AUDIT_NO_HASH));
    assert_true(executed_add_order(&executed, SKA_AUDIT_NO_HASH, NULL));
    assert_true(executed_has_order(&executed, SKA_AUDIT_NO_HASH));
    /* Without state-dir nothing is known, and an order that has to be is not forgotten silently. */
    assert_true(executed_add(&nowhere, &one, EXECUTED_DONE, NULL) &&
                executed_forget(&nowhere, &one, NULL));
    assert_true(executed_has(&nowhere, &one, &has, NULL) && !has);
    assert_false(executed_add_order(&nowhere, SKA_AUDIT_NO_HASH, NULL));
    /* Where others may enter nothing is believed. */
    assert_int_equal(chmod(state_dir, 0770), 0);
    assert_false(executed_has(&executed, &one, &has, NULL));
    assert_false(executed_add(&executed, &one, EXECUTED_GIVEN_UP, NULL));
    assert_false(executed_forget(&executed, &one, NULL));
}

/* By whole token, and by the digits that a person types. */
static void end_of_a_request_is_remembered(void **state)
{
    const struct executed executed = {state_dir, NULL};
    const struct executed nowhere = {NULL, NULL};
    uint8_t tokens[] = {1, 2};
    struct ska_request one = {.approval_token = {&tokens[0], 1}};
    struct ska_request other = {.approval_token = {&tokens[1], 1}};
    struct executed_end end;

    (void)state;
    memset(one.id, 'a', SKA_REQUEST_ID_LENGTH);
    memset(other.id, 'b', SKA_REQUEST_ID_LENGTH);
    assert_true(executed_add(&executed, &one, EXECUTED_GIVEN_UP, NULL));
    assert_true(executed_look(&executed, &one, &end, NULL));
    assert_int_equal(end.what, EXECUTED_GIVEN_UP);
    assert_true(executed_find(&executed, "aaaa", &end, NULL));
    assert_int_equal(end.what, EXECUTED_NOTHING);
    assert_true(executed_add(&executed, &one, EXECUTED_DONE, NULL));
    assert_true(executed_add(&executed, &other, EXECUTED_WITHDRAWN, NULL));
    assert_true(executed_look(&executed, &one, &end, NULL));
    assert_int_equal(end.what, EXECUTED_DONE);
    assert_true(end.seconds > 0);
    assert_true(executed_find(&executed, "aaaa", &end, NULL));
    assert_int_equal(end.what, EXECUTED_DONE);
    assert_string_equal(end.id, one.id);
    assert_true(executed_find(&executed, other.id, &end, NULL));
    assert_int_equal(end.what, EXECUTED_WITHDRAWN);
    assert_true(executed_look(&executed, &other, &end, NULL));
    assert_int_equal(end.what, EXECUTED_WITHDRAWN);
    assert_true(executed_find(&executed, "cccc", &end, NULL));
    assert_int_equal(end.what, EXECUTED_NOTHING);
    assert_true(executed_look(&nowhere, &one, &end, NULL) &&
                executed_find(&nowhere, "aaaa", &end, NULL));
    assert_int_equal(end.what, EXECUTED_NOTHING);
    assert_int_equal(chmod(state_dir, 0770), 0);
    assert_false(executed_look(&executed, &one, &end, NULL));
    assert_false(executed_find(&executed, "aaaa", &end, NULL));
    assert_int_equal(chmod(state_dir, 0700), 0);
}

static void head_that_is_none_is_refused(void **state)
{
    struct ska_bytes good = {NULL, 0};
    char text[SKA_AUDIT_HEAD_LENGTH];
    char longer[SKA_AUDIT_HEAD_LENGTH + 1] = "";

    (void)state;
    append();
    assert_true(ska_file_read(head_file(), 1000, &good, NULL));
    assert_int_equal(good.length, SKA_AUDIT_HEAD_LENGTH);
    for (size_t i = 0; i < good.length; i++) {
        memcpy(text, good.data, sizeof(text));
        text[i] = i % 2 == 0 ? '~' : 0;
        put_file(head_file(), ska_span(text, sizeof(text)));
        refused(SKA_R_EVIDENCE_WRONG, "is not the head of an audit log");
    }
    for (size_t length = 1; length < sizeof(text); length += 9) {
        put_file(head_file(), ska_span(good.data, length));
        refused(SKA_R_EVIDENCE_WRONG, "is not the head of an audit log");
    }
    memcpy(longer, good.data, good.length);
    put_file(head_file(), ska_span((uint8_t *)longer, sizeof(longer)));
    refused(SKA_R_EVIDENCE_WRONG, "is not the head of an audit log");
    put_file(head_file(), ska_span_of(&good));
    append();
    ska_bytes_free(&good);
}

/* ---- Rotation -------------------------------------------------------------------------------- */

static void rotated_log_goes_on(void **state)
{
    (void)state;
    append();
    append();
    assert_int_equal(rename(path, oldest), 0);
    append(); /* with the line that names the last one before it */
    append();
    assert_int_equal(rename(path, rotated), 0);
    /* As logrotate's create leaves it. */
    put_file(path, ska_span_text(""));
    append();
    assert_chain(READ(oldest, rotated, path), 7);
    /* Each alone is what it is. */
    assert_chain(READ(oldest), 2);
    assert_int_equal(READ(rotated).faults, 0);
    assert_true(READ(rotated).continues);
    assert_int_equal(READ(path).faults, 0);
    assert_true(READ(path).continues);
    /* In another order, or without one of them, it is found. */
    assert_int_equal(READ(oldest, path).faults, 1);
    assert_text_contains(READ(oldest, path).first, "3 lines are missing between");
    assert_text_contains(READ(rotated, oldest).first, "does not continue");
    assert_text_contains(READ(oldest, oldest).first, "does not continue");
    /* Beginnings are not cut without a trace. */
    append();
    copy(path, rotated);
    assert_int_equal(truncate(rotated, 0), 0);
}

/* Nobody remembers: then it begins anew, and whoever has both sees it. */
static void without_state_dir_a_rotated_log_begins_anew(void **state)
{
    (void)state;
    audit_log.state_dir = NULL;
    append();
    assert_int_equal(rename(path, rotated), 0);
    append();
    assert_chain(READ(path), 1);
    assert_text_contains(READ(rotated, path).first, "does not continue");
}

/* The head of each log is its own, whatever the log is called. */
static void logs_have_heads_of_their_own(void **state)
{
    char link[96];
    char by_link[128];
    char second[96];

    (void)state;
    append();
    snprintf(link, sizeof(link), "%s/link", directory);
    assert_int_equal(symlink(directory, link), 0);
    snprintf(by_link, sizeof(by_link), "%s/../%s/log", link, strrchr(directory, '/') + 1);
    audit_log.path = by_link;
    append();
    head_file();
    snprintf(second, sizeof(second), "%s/second", directory);
    audit_log.path = second;
    append();
    audit_log.path = path;
    append();
    assert_chain(READ(path), 3);
    assert_chain(READ(second), 1);
}

/* ---- What was cut or exchanged --------------------------------------------------------------- */

static void cut_log_is_found(void **state)
{
    off_t size = 0;

    (void)state;
    append();
    append();
    size = size_of(path);
    append();
    /* Of the last line nothing, all but its newline, and all but a part. */
    for (off_t cut = 1; cut <= size_of(path) - size; cut += 50) {
        copy(path, rotated);
        assert_int_equal(truncate(path, size_of(path) - cut), 0);
        refused(SKA_R_EVIDENCE_WRONG, "line 3, the last one that was written here");
        copy(rotated, path);
    }
    copy(path, rotated);
    assert_int_equal(truncate(path, size), 0);
    refused(SKA_R_EVIDENCE_WRONG, "move it away");
    /* What is said there helps, and what is missing is found then. */
    assert_int_equal(rename(path, oldest), 0);
    append();
    assert_text_contains(READ(oldest, path).first, "(sequence number 3)");
    assert_chain(READ(rotated, path), 5);
}

/* Emptied where it is, as by copytruncate: another file that is empty is a rotated log. */
static void emptied_log_is_found(void **state)
{
    struct statx log;

    (void)state;
    append();
    usleep(30000); /* more than file systems count as one moment */
    append();
    assert_int_equal(statx(AT_FDCWD, path, 0, STATX_BTIME, &log), 0);
    if ((log.stx_mask & STATX_BTIME) == 0)
        skip();
    copy(path, rotated);
    for (off_t left = 0; left <= 10; left += 10) {
        assert_int_equal(truncate(path, left), 0);
        refused(SKA_R_EVIDENCE_WRONG, "line 2, the last one that was written here");
    }
    /* Moved away, removed, and made anew, perhaps as the same file number. */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(unlink(path), 0);
        append();
        assert_true(READ(path).continues);
        usleep(10000);
    }
    assert_int_equal(READ(path).sequence, 12);
}

static void exchanged_log_is_found(void **state)
{
    struct ska_bytes content = {NULL, 0};

    (void)state;
    append();
    copy(path, oldest);
    append();
    append();
    copy(path, rotated);
    /* An older copy; that of nobody; the same with a line that was changed. */
    copy(oldest, path);
    refused(SKA_R_EVIDENCE_WRONG, "line 3");
    audit_log.state_dir = NULL;
    assert_int_equal(unlink(path), 0);
    memset(request.id, 'b', SKA_REQUEST_ID_LENGTH);
    for (int i = 0; i < 5; i++)
        append();
    audit_log.state_dir = state_dir;
    refused(SKA_R_EVIDENCE_WRONG, "line 3");
    assert_true(ska_file_read(rotated, 1 << 20, &content, NULL));
    strstr(strstr((char *)content.data, "\"sequence\":3"), "a detail")[0] = 'A';
    put_file(path, ska_span_of(&content));
    refused(SKA_R_EVIDENCE_WRONG, "line 3");
    ska_bytes_free(&content);
    copy(rotated, path);
    append();
    assert_chain(READ(path), 4);
}

/* A log that was begun before there was a state-dir. */
static void old_log_is_taken_up(void **state)
{
    (void)state;
    audit_log.state_dir = NULL;
    append();
    append();
    audit_log.state_dir = state_dir;
    append();
    assert_chain(READ(path), 3);
    /* Whoever has none may go on with it meanwhile. */
    audit_log.state_dir = NULL;
    append();
    audit_log.state_dir = state_dir;
    append();
    assert_chain(READ(path), 5);
}

/* ---- Crashes --------------------------------------------------------------------------------- */

static void set_time_of(const char *file, time_t seconds)
{
    const struct timespec times[] = {{seconds, 0}, {seconds, 0}};

    assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
}

/* The head had come to the disk before the power was cut, and the line had not. */
static void power_cut_may_take_the_last_line(void **state)
{
    off_t size = 0;

    (void)state;
    append();
    append();
    size = size_of(path);
    append();
    assert_int_equal(truncate(path, size), 0);
    refused(SKA_R_EVIDENCE_WRONG, "line 3, the last one that was written here");
    set_time_of(head_file(), 1000000000);
    append();
    assert_chain(READ(path), 4); /* with a line that says so */
    append();
    /* Half of it; no more than what was written at once. */
    size = size_of(path);
    append();
    assert_int_equal(truncate(path, size + 20), 0);
    set_time_of(head_file(), 1000000000);
    append();
    assert_chain(READ(path), 8);
    copy(path, rotated);
    append();
    append();
    copy(rotated, path);
    set_time_of(head_file(), 1000000000);
    refused(SKA_R_EVIDENCE_WRONG, "line 10");
}

/* Killed between the line and the head: the head is that of an earlier line. */
static void older_head_is_good_enough(void **state)
{
    char head[400];

    (void)state;
    append();
    snprintf(head, sizeof(head), "%s", head_file());
    copy(head, oldest);
    append();
    append();
    copy(oldest, head);
    append();
    assert_chain(READ(path), 4);
    /* Likewise in a log that was just begun. */
    copy(head, oldest);
    assert_int_equal(rename(path, rotated), 0);
    append();
    copy(oldest, head);
    append();
    assert_chain(READ(rotated, path), 7);
    /* Half a line in a new log. */
    assert_int_equal(rename(path, oldest), 0);
    put_file(path, ska_span_text("{\"seq"));
    append();
    assert_chain(READ(rotated, oldest, path), 10);
}

static void append_for_ever(void)
{
    for (;;)
        if (!append_errors(NULL))
            _exit(1);
}

/* Then nobody writes to the old log any more. */
static void wait_for_line(const char *file)
{
    struct stat status = {0};

    for (int i = 0; i < 20000 && (stat(file, &status) != 0 || status.st_size == 0); i++)
        usleep(500);
    assert_true(status.st_size > 0);
}

/* Whenever writers are killed, and whenever the log is moved away: nothing stops, no line is lost.
 */
static void killed_writers_and_rotation_leave_one_chain(void **state)
{
    size_t rounds = getenv("SKA_TEST_EXHAUSTIVE") != NULL ? 300 : 12;
    char name[96];
    uint64_t before = 0;

    (void)state;
    for (size_t i = 0; i < rounds; i++) {
        struct ska_audit_reader *reader = NULL;
        struct summary summary = {0};
        pid_t pids[3];
        int status = 0;

        for (size_t j = 0; j < 3; j++) {
            pids[j] = fork();
            if (pids[j] == 0)
                append_for_ever();
        }
        usleep(5000 + (useconds_t)(rand() % 20000));
        snprintf(name, sizeof(name), "%s/rotated-%zu", directory, i);
        if (i % 2 == 0 && rename(path, name) == 0)
            wait_for_line(path);
        usleep((useconds_t)(rand() % 5000));
        for (size_t j = 0; j < 3; j++)
            kill(pids[j], SIGKILL);
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(waitpid(pids[j], &status, 0), pids[j]);
            assert_true(WIFSIGNALED(status));
        }
        append();
        for (size_t j = 0; j <= i; j++) {
            snprintf(name, sizeof(name), "%s/rotated-%zu", directory, j);
            if (access(name, F_OK) != 0)
                continue;
            assert_true(reader == NULL ? ska_audit_read_open(name, NULL, &reader, NULL)
                                       : ska_audit_read_continue(reader, name, NULL));
            read_one(reader, &summary);
        }
        assert_true(reader == NULL ? ska_audit_read_open(path, NULL, &reader, NULL)
                                   : ska_audit_read_continue(reader, path, NULL));
        read_one(reader, &summary);
        ska_audit_read_close(reader);
        if (summary.faults > 0)
            fail_msg("round %zu: %s", i, summary.first);
        assert_true(summary.lines > before);
        before = summary.lines;
    }
}

/* ---- The disk -------------------------------------------------------------------------------- */

/* Line by line one sync, and none for a head but the first: what a signature costs. */
static void each_line_is_brought_to_the_disk_once(void **state)
{
    (void)state;
    for (int with = 0; with < 2; with++) {
        audit_log.state_dir = with ? state_dir : NULL;
        synced_files = synced_directories = 0;
        append();
        /* A new log, and a new head: their names too. */
        assert_int_equal(synced_files, with ? 2 : 1);
        assert_int_equal(synced_directories, with ? 2 : 1);
        for (int i = 0; i < 3; i++)
            append();
        assert_int_equal(synced_files, with ? 5 : 4);
        assert_int_equal(synced_directories, with ? 2 : 1);
        unlink(path);
    }
}

static void line_that_is_not_on_the_disk_is_none(void **state)
{
    (void)state;
    for (int with = 0; with < 2; with++) {
        audit_log.state_dir = with ? state_dir : NULL;
        append();
        failing_sync = EIO;
        refused(SKA_R_AUDIT_LOG, "cannot be flushed to the disk");
        failing_sync = 0;
    }
    /* It stands in the file, and who goes on goes on from there. */
    append();
    assert_chain(READ(path), 5);
}

/* Text and back, and nothing else. */
static void head_is_read_as_it_was_printed(void **state)
{
    struct ska_audit_head head = {41, SKA_AUDIT_NO_HASH, 4711, 12000, 12400, SKA_AUDIT_NO_HASH};
    struct ska_audit_head again = {0};
    char text[SKA_AUDIT_HEAD_LENGTH + 1];

    (void)state;
    ska_audit_head_print(&head, text);
    assert_int_equal(strlen(text), SKA_AUDIT_HEAD_LENGTH);
    assert_true(ska_audit_head_parse(ska_span_text(text), &again));
    assert_int_equal(again.sequence, head.sequence);
    assert_string_equal(again.hash, head.hash);
    assert_int_equal(again.inode, head.inode);
    assert_int_equal(again.start, head.start);
    assert_int_equal(again.end, head.end);
    /* Numbers that no line has. */
    head.sequence = 0;
    ska_audit_head_print(&head, text);
    assert_false(ska_audit_head_parse(ska_span_text(text), &again));
    head.sequence = 1;
    head.end = head.start;
    ska_audit_head_print(&head, text);
    assert_false(ska_audit_head_parse(ska_span_text(text), &again));
    head.end = head.start + SKA_AUDIT_LINE_LIMIT + 1;
    ska_audit_head_print(&head, text);
    assert_false(ska_audit_head_parse(ska_span_text(text), &again));
    head.start = UINT64_MAX - 10;
    head.end = UINT64_MAX;
    ska_audit_head_print(&head, text);
    assert_false(ska_audit_head_parse(ska_span_text(text), &again));
    assert_int_equal(again.sequence, 41);
}

int main(void)
{
#define STATE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        STATE_TEST(state_dir_is_the_signers),
        STATE_TEST(what_was_executed_is_known_until_it_is_forgotten),
        STATE_TEST(end_of_a_request_is_remembered),
        STATE_TEST(head_that_is_none_is_refused),
        STATE_TEST(head_is_read_as_it_was_printed),
        STATE_TEST(rotated_log_goes_on),
        STATE_TEST(without_state_dir_a_rotated_log_begins_anew),
        STATE_TEST(logs_have_heads_of_their_own),
        STATE_TEST(cut_log_is_found),
        STATE_TEST(emptied_log_is_found),
        STATE_TEST(exchanged_log_is_found),
        STATE_TEST(old_log_is_taken_up),
        STATE_TEST(power_cut_may_take_the_last_line),
        STATE_TEST(older_head_is_good_enough),
        STATE_TEST(killed_writers_and_rotation_leave_one_chain),
        STATE_TEST(each_line_is_brought_to_the_disk_once),
        STATE_TEST(line_that_is_not_on_the_disk_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
