/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that wait for people, each with a request of its own in the same directory: what all of
 * them together take of a processor while nothing happens.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "approval.h"
#include "rows.h"

/* So many are meant; fewer are measured. */
#define MEANT 1000.0

static void wait_ms(long milliseconds)
{
    const struct timespec moment = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&moment, NULL);
}

/* ---- The kernel's notification --------------------------------------------------------------- */

/* What a user may have of it, so that the processes get none. */
static size_t take_all_notification(int *descriptors, size_t limit)
{
    size_t count = 0;

    while (count < limit && (descriptors[count] = inotify_init1(IN_CLOEXEC)) >= 0)
        count++;
    return count;
}

/* ---- Processes ------------------------------------------------------------------------------- */

static pid_t start_one(const struct bench *bench, const struct path *directory, size_t number)
{
    struct path configuration = token_path(bench, "openssl.cnf");
    struct path document = token_path(bench, "document");
    struct path signature = token_path(bench, "signature");
    struct path uri = key_uri(KEY_LABEL);
    struct path where;
    char name[32];
    pid_t child = 0;

    snprintf(name, sizeof(name), "document%zu", number);
    document = token_path(bench, name);
    write_file(document.text, name);
    must(snprintf(where.text, sizeof(where.text), "ska-approvals-dir:%.400s", directory->text) <
         (int)sizeof(where.text));
    child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && nothing >= 0 && dup2(nothing, 0) == 0 &&
            dup2(nothing, 1) == 1 && dup2(nothing, 2) == 2 &&
            setenv("OPENSSL_CONF", configuration.text, 1) == 0)
            execlp("openssl", "openssl", "dgst", "-sha256", "-sign", uri.text, "-sigopt",
                   where.text, "-sigopt", "ska-approvals-timeout:3600", "-out", signature.text,
                   document.text, (char *)NULL);
        _exit(127);
    }
    must(child > 0);
    return child;
}

static size_t count_requests(const char *path)
{
    static const char ending[] = ".request.json";
    DIR *directory = opendir(path);
    size_t count = 0;

    must(directory != NULL);
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        size_t length = strlen(entry->d_name);

        count += length > strlen(ending) && entry->d_name[0] != '.' &&
                 strcmp(entry->d_name + length - strlen(ending), ending) == 0;
    }
    closedir(directory);
    return count;
}

/* Nanoseconds of processor time. */
static double used_by(pid_t process)
{
    char path[64];
    FILE *file = NULL;
    double used = 0;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)process);
    file = fopen(path, "r");
    must(file != NULL && fscanf(file, "%lf", &used) == 1);
    fclose(file);
    return used;
}

static double used_by_all(const pid_t *processes, size_t count)
{
    double used = 0;

    for (size_t i = 0; i < count; i++)
        used += used_by(processes[i]);
    return used;
}

/* ---- The row --------------------------------------------------------------------------------- */

static void measure_waiting(const struct bench *bench, const struct row *row,
                            const struct path *directory, bool watched)
{
    size_t count = amount(bench->options, 100, 2);
    double seconds = (double)amount(bench->options, 60, 1);
    pid_t *processes = calloc(count, sizeof(*processes));
    struct result result;
    double used = 0;

    must(processes != NULL);
    for (size_t i = 0; i < count; i++)
        processes[i] = start_one(bench, directory, i);
    for (int tries = 0; count_requests(directory->text) < count; tries++) {
        must(tries < 6000);
        wait_ms(10);
    }
    /* What each does once is over then. */
    wait_ms(bench->options->brief ? 100 : 5000);
    used = used_by_all(processes, count);
    wait_ms((long)(seconds * 1000));
    used = used_by_all(processes, count) - used;
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-%s", row->name, watched ? "watched" : "polling");
    snprintf(result.a, sizeof(result.a), "%zu processes%s, scaled to %.0f", count,
             watched ? "" : " without the kernel's notification", MEANT);
    snprintf(result.measure, sizeof(result.measure), "of one processor, in %.0f s", seconds);
    snprintf(result.unit, sizeof(result.unit), "%%");
    result.bounds = (struct bounds){0, watched ? 1 : 0};
    result.median = used / (double)count * MEANT / (seconds * 1e9) * 100;
    result.lowest = result.highest = result.median;
    result.pairs = 1;
    bench_report(bench, &result);
    for (size_t i = 0; i < count; i++)
        must(kill(processes[i], SIGKILL) == 0 && waitpid(processes[i], NULL, 0) == processes[i]);
    free(processes);
}

static void run(struct bench *bench, const struct row *row)
{
    struct path policy = token_path(bench, "policy.json");
    struct path watched = token_path(bench, "watched");
    struct path polling = token_path(bench, "polling");
    struct approvers approvers;
    struct token token;
    int descriptors[1024];
    size_t count = 0;

    must(mkdir(watched.text, 0700) == 0 && mkdir(polling.text, 0700) == 0);
    token_open(&token, bench);
    approvers_make(&approvers, 1);
    approvers_policy(&approvers, 1, policy.text);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    measure_waiting(bench, row, &watched, true);
    count = take_all_notification(descriptors, COUNT(descriptors));
    if (count < COUNT(descriptors))
        measure_waiting(bench, row, &polling, false);
    while (count > 0)
        close(descriptors[--count]);
    approvers_free(&approvers);
    token_close(&token);
}

const struct row row_waiting = {
    "waiting", "1,000 processes that wait for people while nothing happens", {0, 0}, run, NULL};
