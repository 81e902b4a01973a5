/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's database, one file of SQLite. What has been committed is on the disk, whatever
 * becomes of the process or the machine; what has not is as if it had never been.
 */
#ifndef SKATSB_DATABASE_H
#define SKATSB_DATABASE_H

#include <sqlite3.h>

#include "provider/base/bytes.h"

struct tsb_database;

/* Makes the file (0600) and its tables where they are missing. One process at a time may. */
bool tsb_database_open(const char *path, struct tsb_database **database,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
void tsb_database_close(struct tsb_database *database);

/*
 * A transaction, which one thread at a time may have; each begin needs its end. `done` false takes
 * back what was written. The result is false where it is not kept. One that begins within another
 * is part of it: what it writes stands and falls with that.
 */
bool tsb_database_begin(struct tsb_database *database) SKA_MUST_CHECK;
bool tsb_database_end(struct tsb_database *database, bool done) SKA_MUST_CHECK;

/*
 * A statement. Parameters are given, and columns taken, in their order. What fails is remembered,
 * so that a caller asks once, at the end; then there are no rows any more.
 */
struct tsb_query {
    sqlite3_stmt *statement;
    int parameter;
    int column;
    bool failed;
};

void tsb_query_begin(struct tsb_database *database, struct tsb_query *query, const char *sql);
/* NULL becomes NULL. */
void tsb_query_give_text(struct tsb_query *query, const char *value);
void tsb_query_give_bytes(struct tsb_query *query, struct ska_span value);
void tsb_query_give_number(struct tsb_query *query, int64_t value);
/* The next row; false: there is none. */
bool tsb_query_row(struct tsb_query *query);
/* Owned by the caller; NULL for NULL. */
char *tsb_query_take_text(struct tsb_query *query);
void tsb_query_take_bytes(struct tsb_query *query, struct ska_bytes *value);
int64_t tsb_query_take_number(struct tsb_query *query);
/* Runs what has not been run; false when anything failed. */
bool tsb_query_end(struct tsb_query *query) SKA_MUST_CHECK;

#endif
