/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a line of an approver's history says, and that one that says nothing leaves nothing behind.
 * The file and what approvers are told of it are in scenario.change_of_rules.
 */
#include "sign_support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/history.h"
#include "tools/history_entries.h"
#include "tools/own_answers.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define LINE(answer, key, sha256, approvers)                                                       \
    "{\"time\":\"2026-11-22T10:00:00Z\",\"answer\":\"" answer "\",\"key\":\"" key                  \
    "\",\"keySha256\":\"" sha256 "\",\"approvers\":[" approvers "]}"
#define ALICE "{\"name\":\"alice\",\"sha256\":\"" HASH_A "\"}"
#define NEW_BOB "{\"name\":\"bob\",\"sha256\":\"" HASH_B "\",\"new\":true}"

static void take(struct history *history, const char *line)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    if (!history_take_line(ska_span_text(line), "line", ska_span_text("seal"), history, &errors))
        fail_msg("%s", recorder.text);
}

static void assert_known(const struct history *history, size_t place, const char *name,
                         enum named_key_origin origin)
{
    assert_true(place < history->approvers.count);
    assert_string_equal(history->approvers.list[place].name, name);
    assert_int_equal(history->approvers.list[place].origin, origin);
}

static void what_was_approved_is_accepted(void **state)
{
    struct history history = {0};

    (void)state;
    take(&history, LINE("approved", "seal", HASH_C, ALICE "," NEW_BOB));
    assert_int_equal(history.requests, 1);
    assert_string_equal(history.key_sha256, HASH_C);
    assert_int_equal(history.approvers.count, 2);
    assert_known(&history, 0, "alice", NAMED_KEY_SEEN);
    assert_known(&history, 1, "bob", NAMED_KEY_ACCEPTED);
    /* What this user refused was seen, and no more. */
    take(&history, LINE("refused", "seal", HASH_C, NEW_BOB));
    assert_known(&history, 2, "bob", NAMED_KEY_SEEN);
    history_clear(&history);
}

static void other_keys_say_nothing_of_this_one(void **state)
{
    struct history history = {0};

    (void)state;
    take(&history, LINE("approved", "seal2", HASH_C, NEW_BOB));
    take(&history, LINE("approved", "sea", HASH_C, NEW_BOB));
    take(&history, LINE("approved", "Seal", HASH_C, NEW_BOB));
    assert_int_equal(history.requests, 0);
    assert_int_equal(history.approvers.count, 0);
    assert_string_equal(history.key_sha256, "");
    history_clear(&history);
}

static void broken_lines_leave_nothing_behind(void **state)
{
    static const char *const lines[] = {
        "",
        "[]",
        "{\"key\":\"seal\"}",
        LINE("approved", "seal", HASH_C, ALICE ",1"),
        LINE("approved", "seal", HASH_C, ALICE ",{\"name\":\"bob\"}"),
        LINE("approved", "seal", HASH_C, ALICE ",{\"name\":\"bob\",\"sha256\":\"b\"}"),
        LINE("approved", "seal", HASH_C, ALICE ",{\"name\":\"bob\",\"sha256\":\"" HASH_B "b\"}"),
        LINE("approved", "seal", HASH_C "c", ALICE),
        LINE("approved", "seal", "C" HASH_C, ALICE),
        LINE("approved", "seal", "", ALICE),
        LINE("refuse", "seal", HASH_C, ALICE),
    };
    struct history history = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        if (history_take_line(ska_span_text(lines[i]), "line 7", ska_span_text("seal"), &history,
                              &errors))
            fail_msg("taken: %s", lines[i]);
        assert_text_contains(recorder.text, "line 7");
        assert_int_equal(history.requests, 0);
        assert_int_equal(history.approvers.count, 0);
    }
    history_clear(&history);
}

static void the_latest_key_is_the_one(void **state)
{
    struct history history = {0};

    (void)state;
    take(&history, "{\"time\":\"2026-11-22T10:00:00Z\",\"answer\":\"approved\",\"key\":\"seal\","
                   "\"keySha256\":\"" HASH_B "\",\"approvers\":[]}");
    take(&history, "{\"time\":\"2026-11-21T10:00:00Z\",\"answer\":\"approved\",\"key\":\"seal\","
                   "\"keySha256\":\"" HASH_A "\",\"approvers\":[]}");
    assert_string_equal(history.key_sha256, HASH_B);
    history_clear(&history);
}

/* A megabyte, blanks and all, and a byte more. */
static void lines_are_bounded(void **state)
{
    const size_t limit = (size_t)1024 * 1024;
    static const char line[] = LINE("approved", "seal", HASH_C, ALICE);
    char *text = malloc(limit + 1);
    struct history history = {0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', limit + 1);
    memcpy(text, line, strlen(line));
    assert_true(history_take_line(ska_span((uint8_t *)text, limit), "line", ska_span_text("seal"),
                                  &history, &errors));
    assert_false(history_take_line(ska_span((uint8_t *)text, limit + 1), "line",
                                   ska_span_text("seal"), &history, &errors));
    assert_text_contains(recorder.text, "too many");
    assert_int_equal(history.requests, 1);
    history_clear(&history);
    free(text);
}

/* ---- The file -------------------------------------------------------------------------------- */

static char home[64];
static char folder[80];
static char file[96];

static int make_home(void **state)
{
    int fd = -1;

    (void)state;
    snprintf(home, sizeof(home), "/tmp/ska-history-XXXXXX");
    if (mkdtemp(home) == NULL || setenv("XDG_STATE_HOME", home, 1) != 0)
        return -1;
    snprintf(folder, sizeof(folder), "%s/ska", home);
    snprintf(file, sizeof(file), "%s/history.jsonl", folder);
    fd = mkdir(folder, 0700) == 0 ? creat(file, 0600) : -1;
    return fd < 0 ? -1 : close(fd);
}

static int remove_home(void **state)
{
    (void)state;
    unlink(file);
    rmdir(folder);
    return rmdir(home);
}

static bool reads(void)
{
    struct history history;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    bool done = history_read(ska_span_text("seal"), &history, &errors, &errors);

    if (!done)
        assert_raised_with(&recorder, SKA_R_FILE_FAILURE, "others may write");
    history_clear(&history);
    return done;
}

/* What others may write says nothing. */
static void it_is_this_users_alone(void **state)
{
    static const mode_t modes[] = {0620, 0602};

    (void)state;
    assert_true(reads());
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(file, modes[i]), 0);
        assert_false(reads());
        assert_int_equal(chmod(file, 0600), 0);
        assert_int_equal(chmod(folder, modes[i] | 0100), 0);
        assert_false(reads());
        assert_int_equal(chmod(folder, 0700), 0);
    }
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(file, 12345, 0), 0);
    assert_false(reads());
    assert_int_equal(chown(file, 0, 0), 0);
    assert_int_equal(chown(folder, 12345, 0), 0);
    assert_false(reads());
}

/* What is too long to be looked at is not passed over in silence. */
static void what_is_not_looked_at_is_told(void **state)
{
    static const char line[] = "\n" LINE("approved", "seal", HASH_C, ALICE) "\n";
    struct history history;
    struct recorder recorder;
    struct recorder failures;
    struct ska_errors broken = errors_into(&recorder);
    struct ska_errors errors = errors_into(&failures);
    int fd = open(file, O_WRONLY);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 17 * 1024 * 1024), 0);
    assert_int_equal(pwrite(fd, line, strlen(line), 17 * 1024 * 1024), strlen(line));
    close(fd);
    assert_true(history_read(ska_span_text("seal"), &history, &broken, &errors));
    assert_int_equal(failures.count, 0);
    assert_raised_with(&recorder, SKA_R_BAD_INPUT_LENGTH, "more than 16 MiB");
    assert_int_equal(history.requests, 1);
    history_clear(&history);
    assert_int_equal(truncate(file, 0), 0);
}

/* ---- Line by line ---------------------------------------------------------------------------- */

#define ANSWER(members)                                                                            \
    "{\"time\":\"2026-11-22T10:00:00Z\",\"operation\":\"SIGN\",\"requestId\":\"one\","             \
    "\"key\":\"seal\"," members "}"
#define REJECTED                                                                                   \
    ANSWER("\"answer\":\"refused\",\"approverSha256\":\"" HASH_A "\",\"payloadSha256\":\"" HASH_B  \
           "\"")

/* A file that gives these parts, one at a time, and then an error. */
struct failing_file {
    const char *const *parts; /* NULL ends them */
    int error;                /* 0: the end instead */
};

static ssize_t read_part(void *cookie, char *buffer, size_t size)
{
    struct failing_file *from = cookie;
    const char *part = *from->parts;
    size_t length = 0;

    if (part == NULL) {
        errno = from->error;
        return from->error == 0 ? 0 : -1;
    }
    from->parts++;
    length = strlen(part);
    assert_true(length <= size);
    memcpy(buffer, part, length);
    return (ssize_t)length;
}

static bool count_entry(void *arg, const struct history_entry *entry)
{
    size_t *count = arg;

    assert_string_equal(entry->answer, "refused");
    ++*count;
    return true;
}

static bool visits(const char *const *parts, int error, size_t *count, struct recorder *broken,
                   struct recorder *failures)
{
    struct failing_file from = {parts, error};
    const struct ska_errors to_broken = errors_into(broken);
    const struct ska_errors errors = errors_into(failures);
    FILE *stream = fopencookie(&from, "r", (cookie_io_functions_t){.read = read_part});
    bool done = false;

    assert_non_null(stream);
    *count = 0;
    done = history_visit_lines(stream, "there", count_entry, count, &to_broken, &errors);
    fclose(stream);
    return done;
}

/* getline() says -1 of either. */
static void a_failure_is_not_the_end(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const one[] = {REJECTED "\n", NULL};
    static const char *const half[] = {REJECTED "\n{\"time\":", NULL};
    static const char *const unended[] = {REJECTED, NULL};
    static const struct {
        const char *const *parts;
        size_t count;
        const char *where;
    } cases[] = {{none, 0, "there: line 1: Input/output error"},
                 {one, 1, "there: line 2: Input/output error"},
                 {half, 1, "there: line 2: Input/output error"},
                 {unended, 0, "there: line 1: Input/output error"}};
    struct recorder broken;
    struct recorder failures;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(visits(cases[i].parts, EIO, &count, &broken, &failures));
        assert_raised_with(&failures, SKA_R_FILE_FAILURE, cases[i].where);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(broken.count, 0);
    }
    assert_true(visits(none, 0, &count, &broken, &failures));
    assert_true(visits(unended, 0, &count, &broken, &failures));
    assert_int_equal(count, 1);
    assert_int_equal(broken.count + failures.count, 0);
    assert_true(visits(half, 0, &count, &broken, &failures));
    assert_int_equal(count, 1);
    assert_raised_with(&broken, SKA_R_BAD_JSON, "there: line 2");
}

/* What does not say who has answered what, and how, is no line. */
static void a_line_says_who_has_answered_what(void **state)
{
    static const char *const lines[] = {
        ANSWER("\"answer\":\"refused\",\"payloadSha256\":\"" HASH_B "\""),
        ANSWER("\"answer\":\"refused\",\"approverSha256\":\"" HASH_A "\""),
        ANSWER("\"approverSha256\":\"" HASH_A "\",\"payloadSha256\":\"" HASH_B "\""),
        ANSWER("\"answer\":\"refuseD\",\"approverSha256\":\"" HASH_A
               "\",\"payloadSha256\":\"" HASH_B "\""),
        ANSWER("\"answer\":\"refused\",\"approverSha256\":\"" HASH_A
               "a\",\"payloadSha256\":\"" HASH_B "\""),
        ANSWER("\"answer\":\"refused\",\"approverSha256\":\"" HASH_A "\",\"payloadSha256\":\"B\""),
        "{\"time\":\"2026-11-22T10:00:00Z\",\"operation\":\"SIGM\",\"requestId\":\"one\","
        "\"key\":\"seal\",\"answer\":\"refused\",\"approverSha256\":\"" HASH_A
        "\",\"payloadSha256\":\"" HASH_B "\"}"};
    struct history_entry entry;
    cJSON *json = NULL;

    (void)state;
    assert_true(history_entry_parse(ska_span_text(REJECTED), "line 7", &json, &entry, NULL));
    cJSON_Delete(json);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        if (history_entry_parse(ska_span_text(lines[i]), "line 7", &json, &entry, &errors))
            fail_msg("taken: %s", lines[i]);
        assert_raised_with(&recorder, SKA_R_BAD_JSON, "line 7");
    }
}

/* ---- What was rejected ----------------------------------------------------------------------- */

static void write_history(const char *text)
{
    int fd = open(file, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void read_rejections(struct own_rejections *rejections)
{
    static const uint8_t key[] = "a key";
    struct recorder recorder;
    struct tool tool = {.errors = errors_into(&recorder)};

    assert_true(own_rejections_read(&tool, ska_span(key, sizeof(key)), rejections));
    assert_int_equal(recorder.count, 0);
}

/* A line that was a rejection may be the broken one. */
static void what_was_rejected_is_not_known_where_a_line_is_broken(void **state)
{
    static const char *const broken[] = {"{\"time\":\n" REJECTED "\n", "{}\n" REJECTED "\n",
                                         "\n" REJECTED "\n", "{\"half a line"};
    struct own_rejections rejections = {NULL, 0, NULL};

    (void)state;
    write_history(REJECTED "\n");
    read_rejections(&rejections);
    assert_null(rejections.unread);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        write_history(broken[i]);
        read_rejections(&rejections);
        assert_non_null(rejections.unread);
        assert_text_contains(rejections.unread, "history.jsonl: line 1");
        assert_text_contains(rejections.unread, "repair or remove this line");
    }
    write_history("");
    read_rejections(&rejections);
    assert_null(rejections.unread);
    assert_int_equal(chmod(file, 0620), 0);
    read_rejections(&rejections);
    assert_non_null(rejections.unread);
    assert_text_contains(rejections.unread, "others may write to it: repair this file");
    assert_int_equal(chmod(file, 0600), 0);
    own_rejections_clear(&rejections);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_approved_is_accepted),
        cmocka_unit_test(other_keys_say_nothing_of_this_one),
        cmocka_unit_test(broken_lines_leave_nothing_behind),
        cmocka_unit_test(the_latest_key_is_the_one),
        cmocka_unit_test(lines_are_bounded),
        cmocka_unit_test_setup_teardown(it_is_this_users_alone, make_home, remove_home),
        cmocka_unit_test_setup_teardown(what_is_not_looked_at_is_told, make_home, remove_home),
        cmocka_unit_test(a_failure_is_not_the_end),
        cmocka_unit_test(a_line_says_who_has_answered_what),
        cmocka_unit_test_setup_teardown(what_was_rejected_is_not_known_where_a_line_is_broken,
                                        make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
