/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, tasks and keys in the broker's database, and what stays when it is opened again. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/tsb/key_store.h"
#include "simulator/tsb/tsb_server.h"

struct place {
    char directory[64];
    char path[96];
    struct tsb_database *database;
};

static int open_database(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    assert_non_null(place);
    strcpy(place->directory, "/tmp/ska-tsb-store-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof(place->path), "%s/tsb.db", place->directory);
    assert_true(tsb_database_open(place->path, &place->database, NULL));
    *state = place;
    return 0;
}

static int close_database(void **state)
{
    struct place *place = *state;
    char path[128];

    tsb_database_close(place->database);
    for (size_t i = 0; i < 3; i++) {
        static const char *const suffixes[] = {"", "-wal", "-shm"};

        snprintf(path, sizeof(path), "%s%s", place->path, suffixes[i]);
        unlink(path);
    }
    rmdir(place->directory);
    free(place);
    return 0;
}

static void reopen(struct place *place)
{
    tsb_database_close(place->database);
    assert_true(tsb_database_open(place->path, &place->database, NULL));
}

static struct tsb_request a_request(int64_t created)
{
    struct tsb_request request = {.kind = TSB_SIGN,
                                  .stamp = 1000,
                                  .clock_offset = -1,
                                  .created = created,
                                  .due = created + 500};

    assert_true(tsb_uuid_make(NULL, request.id));
    request.key_name = strdup("key");
    assert_true(ska_bytes_copy(&request.body, ska_span_text("{}"), NULL));
    assert_true(ska_bytes_copy(&request.payload, ska_span("\0\1", 2), NULL));
    assert_true(ska_bytes_copy(&request.token, ska_span_text("token"), NULL));
    assert_true(ska_bytes_copy(&request.rule, ska_span_text("rule"), NULL));
    return request;
}

static void insert(struct tsb_database *database, const struct tsb_request *request)
{
    assert_true(tsb_database_begin(database));
    assert_true(tsb_database_end(database, tsb_request_insert(database, request)));
}

static bool load(struct tsb_database *database, const char *id, struct tsb_request *request)
{
    bool found = false;

    assert_true(tsb_database_begin(database));
    assert_true(tsb_database_end(database, tsb_request_load(database, id, request, &found)));
    return found;
}

static void what_is_written_is_read(void **state)
{
    struct place *place = *state;
    struct tsb_request request = a_request(5000);
    struct tsb_request again;
    struct stat status;

    insert(place->database, &request);
    reopen(place);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(load(place->database, request.id, &again));
    assert_string_equal(again.key_name, "key");
    assert_null(again.result);
    assert_true(again.clock_offset == -1 && again.due == 5500 && again.created == 5000);
    assert_true(ska_span_equal(ska_span_of(&again.payload), ska_span("\0\1", 2)));
    tsb_request_clear(&again);
    assert_false(load(place->database, "9f03da93-2f07-4ca1-a0d1-f41f50f76c25", &again));
    tsb_request_clear(&request);
}

static void what_is_taken_back_was_never_there(void **state)
{
    struct place *place = *state;
    struct tsb_request request = a_request(5000);
    struct tsb_request again;

    assert_true(tsb_database_begin(place->database));
    assert_true(tsb_request_insert(place->database, &request));
    assert_false(tsb_database_end(place->database, false));
    assert_false(load(place->database, request.id, &again));
    tsb_request_clear(&request);
}

static void the_first_due_comes_first(void **state)
{
    struct place *place = *state;
    struct tsb_request late = a_request(9000);
    struct tsb_request early = a_request(1000);
    struct tsb_request idle = a_request(100);
    char id[TSB_ID_SIZE];
    int64_t due = 0;

    idle.due = 0;
    insert(place->database, &late);
    insert(place->database, &early);
    insert(place->database, &idle);
    assert_true(tsb_database_begin(place->database));
    assert_true(tsb_request_first_due(place->database, id, &due));
    assert_string_equal(id, early.id);
    assert_true(due == 1500);
    early.due = 0;
    early.status = TSB_EXECUTED;
    early.result = strdup("result");
    assert_true(tsb_request_update(place->database, &early));
    assert_true(tsb_request_first_due(place->database, id, &due));
    assert_string_equal(id, late.id);
    assert_true(tsb_request_cancel_of_key(place->database, "key"));
    assert_true(tsb_request_first_due(place->database, id, &due));
    assert_true(due == 0);
    assert_true(tsb_database_end(place->database, true));
    tsb_request_clear(&idle);
    assert_true(load(place->database, early.id, &idle));
    assert_int_equal(idle.status, TSB_EXECUTED);
    tsb_request_clear(&idle);
    tsb_request_clear(&early);
    tsb_request_clear(&late);
}

static struct tsb_task a_task(const char *request, const char *approver)
{
    struct tsb_task task = {.certificate = false};

    assert_true(tsb_uuid_make(NULL, task.id));
    memcpy(task.request, request, sizeof(task.request));
    assert_true(ska_bytes_copy(&task.approver, ska_span_text(approver), NULL));
    assert_true(ska_bytes_copy(&task.public_key, ska_span_text(approver), NULL));
    return task;
}

static size_t count_open(struct tsb_database *database, const struct tsb_task_filter *filter)
{
    struct tsb_tasks tasks = {NULL, 0};
    size_t count = 0;

    assert_true(tsb_tasks_open(database, filter, 7, &tasks));
    count = tasks.count;
    tsb_tasks_clear(&tasks);
    return count;
}

static void everybody_sees_his_own_tasks(void **state)
{
    struct place *place = *state;
    struct tsb_request request = a_request(5000);
    struct tsb_task tasks[] = {a_task(request.id, "alice"), a_task(request.id, "bob")};
    struct tsb_task_filter filter = {.approver = ska_span_text("alice"), .kinds = ~0U, .most = 10};
    struct tsb_tasks all = {NULL, 0};

    insert(place->database, &request);
    assert_true(tsb_database_begin(place->database));
    assert_true(tsb_task_insert(place->database, &tasks[0], 1));
    assert_true(tsb_task_insert(place->database, &tasks[1], 0));
    assert_true(tsb_tasks_of_request(place->database, request.id, &all));
    assert_int_equal(all.count, 2);
    assert_string_equal(all.list[0].id, tasks[1].id);
    tsb_tasks_clear(&all);
    assert_int_equal(count_open(place->database, &filter), 1);
    filter.certificate = true;
    assert_int_equal(count_open(place->database, &filter), 0);
    filter.everybody = true;
    assert_int_equal(count_open(place->database, &filter), 2);
    filter.most = 1;
    filter.first = 2;
    assert_int_equal(count_open(place->database, &filter), 0);
    filter.first = 0;
    filter.kinds = 1U << TSB_BLOCK;
    assert_int_equal(count_open(place->database, &filter), 0);
    filter.kinds = ~0U;
    filter.most = 10;
    tasks[0].state = TSB_TASK_REJECTED;
    assert_true(tsb_task_update(place->database, &tasks[0]));
    assert_int_equal(count_open(place->database, &filter), 1);
    request.status = TSB_CANCELLED;
    assert_true(tsb_request_update(place->database, &request));
    assert_int_equal(count_open(place->database, &filter), 0);
    assert_true(tsb_database_end(place->database, true));
    tsb_task_clear(&tasks[0]);
    tsb_task_clear(&tasks[1]);
    tsb_request_clear(&request);
}

static bool fits(struct tsb_database *database, const char *label, const char *password)
{
    bool it_does = false;

    assert_true(tsb_key_password_fits(database, NULL, label, ska_span_text(password), &it_does));
    return it_does;
}

static void passwords(void **state)
{
    struct place *place = *state;

    assert_true(tsb_key_record_insert(place->database, NULL, "one", NULL, ska_span_text("secret")));
    assert_true(tsb_key_record_insert(place->database, NULL, "two", "id", ska_span(NULL, 0)));
    assert_true(fits(place->database, "one", "secret"));
    assert_false(fits(place->database, "one", "Secret"));
    assert_false(fits(place->database, "one", NULL));
    assert_true(fits(place->database, "two", NULL));
    assert_true(fits(place->database, "two", "any"));
    assert_true(fits(place->database, "three", NULL));
}

/* Two brokers with one database would execute each request twice. */
static void one_process_at_a_time(void **state)
{
    struct place *place = *state;
    struct tsb_database *other = NULL;

    assert_true(tsb_key_record_insert(place->database, NULL, "one", NULL, ska_span(NULL, 0)));
    assert_false(tsb_database_open(place->path, &other, NULL));
    assert_null(other);
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, open_database, close_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(what_is_written_is_read),
        WITH_DATABASE(what_is_taken_back_was_never_there),
        WITH_DATABASE(the_first_due_comes_first),
        WITH_DATABASE(everybody_sees_his_own_tasks),
        WITH_DATABASE(passwords),
        WITH_DATABASE(one_process_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
