/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/database.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tsb_database {
    sqlite3 *connection;
    pthread_mutex_t lock; /* recursive */
    unsigned int depth;   /* of transactions */
    bool failed;          /* one of them is to be taken back, and so are all */
};

/* Times are milliseconds since 1970, but the HSM's, which are seconds. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS request ("
    " id TEXT PRIMARY KEY, operation INTEGER NOT NULL, key_name TEXT NOT NULL,"
    " body BLOB NOT NULL, payload BLOB, payload_type TEXT, meta_data TEXT,"
    " meta_data_signature TEXT, algorithm TEXT, signature_type TEXT,"
    " token BLOB NOT NULL, rule BLOB NOT NULL, stamp INTEGER NOT NULL,"
    " clock_offset INTEGER NOT NULL, created INTEGER NOT NULL, status INTEGER NOT NULL,"
    " due INTEGER, approved INTEGER NOT NULL, sent INTEGER NOT NULL,"
    " execution_time INTEGER NOT NULL, result TEXT) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS request_due ON request (due) WHERE due IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS task ("
    " id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES request (id),"
    " number INTEGER NOT NULL, certificate INTEGER NOT NULL, approver BLOB NOT NULL,"
    " public_key BLOB NOT NULL, state INTEGER NOT NULL, signature BLOB,"
    " fetched INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS task_request ON task (request);"
    "CREATE INDEX IF NOT EXISTS task_approver ON task (approver, state);"
    "CREATE TABLE IF NOT EXISTS key ("
    " label TEXT PRIMARY KEY, id TEXT, uuid TEXT NOT NULL, created INTEGER NOT NULL,"
    " salt BLOB, password BLOB) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS approver ("
    " name TEXT PRIMARY KEY, certificate BLOB NOT NULL, container BLOB NOT NULL,"
    " backup BLOB NOT NULL, backup_key BLOB NOT NULL, code TEXT, attempts INTEGER NOT NULL,"
    " onboarded INTEGER NOT NULL) WITHOUT ROWID;";

static bool init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    bool done = pthread_mutexattr_init(&attributes) == 0;

    if (!done)
        return false;
    done = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE) == 0 &&
           pthread_mutex_init(lock, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return done;
}

/* SQLite would make the file readable for all. */
static bool make_file(const char *path, const struct ska_errors *errors)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    close(fd);
    return true;
}

static bool run_setup(struct tsb_database *database, const char *path, const char *sql,
                      const struct ska_errors *errors)
{
    return sqlite3_exec(database->connection, sql, NULL, NULL, NULL) == SQLITE_OK ||
           ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path,
                    sqlite3_errmsg(database->connection));
}

bool tsb_database_open(const char *path, struct tsb_database **database,
                       const struct ska_errors *errors)
{
    struct tsb_database *made = calloc(1, sizeof(*made));

    *database = NULL;
    if (made == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "the database");
    if (!init_lock(&made->lock)) {
        free(made);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a lock");
    }
    if (!make_file(path, errors))
        goto err;
    if (sqlite3_open_v2(path, &made->connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s cannot be opened", path);
        goto err;
    }
    sqlite3_busy_timeout(made->connection, 1000);
    if (!run_setup(made, path, "PRAGMA locking_mode = EXCLUSIVE", errors) ||
        !run_setup(made, path, "PRAGMA journal_mode = WAL", errors) ||
        !run_setup(made, path, "PRAGMA synchronous = FULL", errors) ||
        !run_setup(made, path, schema, errors))
        goto err;
    *database = made;
    return true;
err:
    tsb_database_close(made);
    return false;
}

void tsb_database_close(struct tsb_database *database)
{
    if (database == NULL)
        return;
    sqlite3_close(database->connection);
    pthread_mutex_destroy(&database->lock);
    free(database);
}

bool tsb_database_begin(struct tsb_database *database)
{
    pthread_mutex_lock(&database->lock);
    if (database->depth > 0 ||
        sqlite3_exec(database->connection, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {
        database->failed = database->depth++ > 0 && database->failed;
        return true;
    }
    pthread_mutex_unlock(&database->lock);
    return false;
}

bool tsb_database_end(struct tsb_database *database, bool done)
{
    bool kept = done && !database->failed;

    database->failed = !kept;
    if (--database->depth == 0) {
        kept = kept && sqlite3_exec(database->connection, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
        if (!kept)
            sqlite3_exec(database->connection, "ROLLBACK", NULL, NULL, NULL);
    }
    pthread_mutex_unlock(&database->lock);
    return kept;
}

/* ---- Statements ------------------------------------------------------------------------------ */

void tsb_query_begin(struct tsb_database *database, struct tsb_query *query, const char *sql)
{
    memset(query, 0, sizeof(*query));
    query->failed =
        sqlite3_prepare_v2(database->connection, sql, -1, &query->statement, NULL) != SQLITE_OK;
}

static void note_result(struct tsb_query *query, int result)
{
    if (result != SQLITE_OK)
        query->failed = true;
}

void tsb_query_give_text(struct tsb_query *query, const char *value)
{
    int place = ++query->parameter;

    if (query->failed)
        return;
    note_result(query, value == NULL ? sqlite3_bind_null(query->statement, place)
                                     : sqlite3_bind_text(query->statement, place, value, -1,
                                                         SQLITE_TRANSIENT));
}

void tsb_query_give_bytes(struct tsb_query *query, struct ska_span value)
{
    int place = ++query->parameter;

    if (query->failed)
        return;
    note_result(query, value.data == NULL ? sqlite3_bind_null(query->statement, place)
                                          : sqlite3_bind_blob64(query->statement, place, value.data,
                                                                value.length, SQLITE_TRANSIENT));
}

void tsb_query_give_number(struct tsb_query *query, int64_t value)
{
    int place = ++query->parameter;

    if (!query->failed)
        note_result(query, sqlite3_bind_int64(query->statement, place, value));
}

bool tsb_query_row(struct tsb_query *query)
{
    int result = query->failed ? SQLITE_DONE : sqlite3_step(query->statement);

    query->column = 0;
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        query->failed = true;
    return result == SQLITE_ROW;
}

void tsb_query_take_bytes(struct tsb_query *query, struct ska_bytes *value)
{
    int place = query->column++;
    const void *data = sqlite3_column_blob(query->statement, place);
    int length = sqlite3_column_bytes(query->statement, place);

    memset(value, 0, sizeof(*value));
    if (data != NULL && !ska_bytes_copy(value, ska_span(data, (size_t)length), NULL))
        query->failed = true;
}

char *tsb_query_take_text(struct tsb_query *query)
{
    struct ska_bytes text = {NULL, 0};

    tsb_query_take_bytes(query, &text);
    return (char *)text.data;
}

int64_t tsb_query_take_number(struct tsb_query *query)
{
    return sqlite3_column_int64(query->statement, query->column++);
}

bool tsb_query_end(struct tsb_query *query)
{
    while (tsb_query_row(query))
        ;
    sqlite3_finalize(query->statement);
    query->statement = NULL;
    return !query->failed;
}
