/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of ska-bench share: what it was told on its command line, rows, and what rows
 * report. A row runs in a process of its own, on a token of its own.
 */
#ifndef SKA_BENCH_H
#define SKA_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Ends the row with libcrypto's errors, if `done` is false. */
#define must(done) must_at((done), #done, __FILE__, __LINE__)
void must_at(bool done, const char *what, const char *file, int line);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Another provider to measure beside ours. */
struct peer {
    const char *name;
    const char *configuration; /* path of an openssl.cnf */
    const char *uri;           /* {key} in it is the label of the row's key */
};

#define PEER_LIMIT 8

struct options {
    const char *rows; /* shell patterns separated by commas; NULL: all */
    const char *json; /* path, "-" for standard output; NULL: none */
    size_t pairs;     /* 0: as many as suit the row */
    unsigned threads;
    size_t keys;
    bool brief;        /* small numbers of everything: to see that it works */
    bool instructions; /* are counted, in the place of times */
    bool check;        /* a row that misses its goal is a failure */
    bool list;
    bool help;
    struct peer peers[PEER_LIMIT];
    size_t peer_count;
};

/* False: wrong use, and what is wrong has been said. */
bool options_read(struct options *options, int argc, char **argv);
void options_help(void);

/* How many times, or how much: one number for measuring and one to see that it works. */
static inline size_t amount(const struct options *options, size_t usual, size_t brief)
{
    return options->brief ? brief : usual;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* What a row must reach. Both 0: nothing. */
struct bounds {
    double at_least;
    double at_most;
};

/* One line of the table. Goes through a pipe, so it points to nothing. */
struct result {
    char row[64];
    char a[80]; /* what loop A does */
    char b[80]; /* what loop B does; empty: there is none */
    char measure[80];
    char unit[16]; /* empty: a ratio */
    double median;
    double lowest;
    double highest;
    size_t pairs;
    double a_microseconds; /* median of one operation, or thousands of instructions; 0: not told */
    double b_microseconds;
    struct bounds bounds;
};

struct bench;

struct row {
    const char *name;
    const char *what; /* for --help */
    struct bounds bounds;
    void (*run)(struct bench *bench, const struct row *row);
    const void *detail; /* what tells rows with the same function apart */
};

/* All rows, in the order of the table. */
extern const struct row *const rows[];
extern const size_t row_count;

/* What a row has to work with. */
struct bench {
    const struct options *options;
    const char *directory; /* the row's own, empty; removed after it */
    int results;           /* where results go */
};

void bench_report(const struct bench *bench, const struct result *result);
/* Ends the row, which cannot be measured here: no failure. */
#define BENCH_SKIPPED 77
void bench_skip(const char *why) __attribute__((noreturn));

/* ---- Running and showing --------------------------------------------------------------------- */

struct report {
    const struct options *options;
    FILE *table;    /* for people */
    FILE *json;     /* for machines; NULL: nowhere */
    bool json_made; /* the file was not there before, and nothing is written yet */
    bool refused;   /* nothing was measured: wrong use, and what is wrong has been said */
    struct result *results;
    size_t count;
    size_t missed;          /* results that do not reach what is wanted */
    const char *failed[64]; /* names of rows */
    size_t failed_count;
    const char *skipped[8];
    size_t skipped_count;
};

/*
 * Runs the rows, one after the other, unless there is no place for them or the peers are not there.
 * Whatever happens to them, and when the user stops it, nothing is left of their directories and
 * processes. Returns the signal that stopped it, or 0.
 */
int supervise(const struct row *const *chosen, size_t count, struct report *report);

/* False: --json cannot be written to, and that has been said. */
bool report_open(struct report *report, const struct options *options);
void report_head(const struct report *report);
void report_line(const struct report *report, const struct result *result);
/* Whether it is judged and does not reach what is wanted. */
bool report_missed(const struct report *report, const struct result *result);
/* To --json, if that is given. False: it could not be written, and that has been said. */
bool report_json(struct report *report);
void report_close(struct report *report);

#endif
