/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each row runs in a child, the leader of a process group of its own, with a directory of its own.
 * This process loads no module and makes no key: it only waits, and then clears away what the row
 * has left, however it ended.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Directories ----------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    if (remove(path) != 0 && errno != ENOENT)
        fprintf(stderr, "ska-bench: %s: %s\n", path, strerror(errno));
    return 0;
}

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* In memory where that is possible: what others do to the disk is no business of the HSM's. */
static const char *parent_directory(void)
{
    const char *chosen = getenv("TMPDIR");

    if (chosen != NULL && chosen[0] == '/')
        return chosen;
    return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

static bool make_directory(char *path, size_t size)
{
    snprintf(path, size, "%s/ska-bench-XXXXXX", parent_directory());
    if (mkdtemp(path) != NULL)
        return true;
    fprintf(stderr, "ska-bench: a directory %s: %s\n", path, strerror(errno));
    return false;
}

/* ---- The child ------------------------------------------------------------------------------- */

static void run_row(const struct options *options, const struct row *row, const char *directory,
                    int results)
{
    struct bench bench = {options, directory, results};

    row->run(&bench, row);
    exit(0);
}

void bench_report(const struct bench *bench, const struct result *result)
{
    /* Shorter than PIPE_BUF, so it arrives whole. */
    must(write(bench->results, result, sizeof(*result)) == (ssize_t)sizeof(*result));
}

/* ---- The parent ------------------------------------------------------------------------------ */

struct running {
    pid_t child;
    int results;
    int signals;
};

static bool start_row(const struct options *options, const struct row *row, const char *directory,
                      const sigset_t *usual, struct running *running)
{
    int ends[2];

    /* Closed by what the row starts: the end of the row is the end of the results. */
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    fflush(NULL);
    running->child = fork();
    if (running->child == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_DFL);
        sigprocmask(SIG_SETMASK, usual, NULL);
        close(ends[0]);
        run_row(options, row, directory, ends[1]);
    }
    close(ends[1]);
    running->results = ends[0];
    if (running->child < 0)
        close(ends[0]);
    return running->child > 0;
}

/* A result, shown at once. False: there are no more. */
static bool take_result(int results, struct report *report)
{
    struct result result;
    struct result *longer = NULL;
    ssize_t got = read(results, &result, sizeof(result));

    if (got != (ssize_t)sizeof(result))
        return got < 0 && errno == EINTR;
    longer = realloc(report->results, (report->count + 1) * sizeof(*longer));
    if (longer == NULL)
        return false;
    report->results = longer;
    report->results[report->count++] = result;
    report_line(report, &result);
    return true;
}

/* Until the row has ended (0) or a signal says that all shall end. */
static int follow(const struct running *running, struct report *report)
{
    struct pollfd watched[] = {{running->results, POLLIN, 0}, {running->signals, POLLIN, 0}};

    for (;;) {
        struct signalfd_siginfo signal;

        if (poll(watched, COUNT(watched), -1) < 0 && errno != EINTR)
            return SIGTERM;
        if (watched[1].revents != 0 &&
            read(running->signals, &signal, sizeof(signal)) == (ssize_t)sizeof(signal))
            return (int)signal.ssi_signo;
        if (watched[0].revents != 0 && !take_result(running->results, report))
            return 0;
    }
}

/* Ends what the row has started, too; the group cannot be another one's before the child is reaped.
 */
static bool finish_row(const struct running *running, bool stopped)
{
    siginfo_t ended;
    int status = 0;

    if (stopped)
        kill(-running->child, SIGKILL);
    while (waitid(P_PID, (id_t)running->child, &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        ;
    kill(-running->child, SIGKILL);
    while (waitpid(running->child, &status, 0) < 0 && errno == EINTR)
        ;
    close(running->results);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int supervise_row(const struct options *options, const struct row *row, int signals,
                         const sigset_t *usual, struct report *report)
{
    struct running running = {0, -1, signals};
    size_t before = report->count;
    char directory[256];
    bool good = false;
    int stopped = 0;

    if (!make_directory(directory, sizeof(directory)))
        goto out;
    if (start_row(options, row, directory, usual, &running)) {
        stopped = follow(&running, report);
        good = finish_row(&running, stopped != 0) && report->count > before;
    }
    remove_tree(directory);
out:
    if (!good && stopped == 0) {
        fprintf(stderr, "ska-bench: row %s failed\n", row->name);
        if (report->failed_count < COUNT(report->failed))
            report->failed[report->failed_count++] = row->name;
    }
    return stopped;
}

int supervise(const struct options *options, const struct row *const *chosen, size_t count,
              struct report *report)
{
    sigset_t stopping;
    sigset_t usual;
    int stopped = 0;
    int signals = -1;

    sigemptyset(&stopping);
    sigaddset(&stopping, SIGINT);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGHUP);
    sigaddset(&stopping, SIGQUIT);
    sigprocmask(SIG_BLOCK, &stopping, &usual);
    signal(SIGPIPE, SIG_IGN); /* nobody reading the table is no reason to leave a directory */
    signals = signalfd(-1, &stopping, SFD_CLOEXEC);
    must(signals >= 0);
    for (size_t i = 0; i < count && stopped == 0; i++)
        stopped = supervise_row(options, chosen[i], signals, &usual, report);
    close(signals);
    sigprocmask(SIG_SETMASK, &usual, NULL);
    return stopped;
}
