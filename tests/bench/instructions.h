/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions in the place of times, counted by callgrind: the same in each run, whatever else the
 * machine does. ska-bench runs itself below valgrind; commands that a row runs are counted by
 * another valgrind each.
 */
#ifndef SKA_BENCH_INSTRUCTIONS_H
#define SKA_BENCH_INSTRUCTIONS_H

#include "measure.h"

/* Runs this program anew below valgrind, with the same arguments; its exit status. */
int instructions_run(char **argv);

/* Whether this process counts. */
bool instructions_counted(void);

/* Of one operation on average, after some that warm it up. Other processes' are not counted. */
double instructions_of_loop(const struct loop *loop);

/* Of a command to its end, which must be a good one. argv ends with NULL. */
double instructions_of_command(const char *const *argv);

#endif
