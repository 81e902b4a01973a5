/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each row runs in a child, the leader of a process group of its own, with a directory of its own.
 * This process loads no module and makes no key: it only waits, and then clears away what the row
 * has left, however it ended.
 */
#include "peers.h"

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
#include <sys/stat.h>
#include <sys/un.h>
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

/* A row's own directory, below that for all. */
#define OWN "/ska-bench-XXXXXX"
/* A socket there. */
#define SOCKET "/agent"
/* The longest path of a directory for all whose sockets have paths that fit. */
#define PATH_LIMIT (sizeof(((struct sockaddr_un *)NULL)->sun_path) - sizeof(OWN SOCKET))

/* NULL, or the one that the user wants. */
static const char *wanted_directory(void)
{
    const char *wanted = getenv("TMPDIR");

    return wanted != NULL && wanted[0] == '/' ? wanted : NULL;
}

/* In memory where that is possible: what others do to the disk is no business of the HSM's. */
static const char *parent_directory(void)
{
    const char *wanted = wanted_directory();

    if (wanted != NULL)
        return wanted;
    return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

static bool make_directory(char *path, size_t size)
{
    const char *parent = parent_directory();

    if (snprintf(path, size, "%s" OWN, parent) < (int)size && mkdtemp(path) != NULL)
        return true;
    fprintf(stderr, "ska-bench: %s%s: no directory can be made there: %s\n",
            wanted_directory() == NULL ? "" : "TMPDIR ", parent, strerror(errno));
    return false;
}

/* Before anything is measured. */
static bool try_directory(void)
{
    const char *parent = parent_directory();
    char path[256];

    if (strlen(parent) > PATH_LIMIT) {
        fprintf(stderr,
                "ska-bench: TMPDIR %s: too long for sockets below it: %zu bytes, at most %zu\n",
                parent, strlen(parent), PATH_LIMIT);
        return false;
    }
    if (!make_directory(path, sizeof(path)))
        return false;
    rmdir(path);
    return true;
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

void bench_skip(const char *why)
{
    fprintf(stderr, "ska-bench: skipped: %s\n", why);
    exit(BENCH_SKIPPED);
}

/* ---- The parent ------------------------------------------------------------------------------ */

struct running {
    const struct options *options;
    const sigset_t *usual; /* signals that the row may get */
    int signals;           /* those that end all */
    pid_t child;
    int results;
};

static bool start_row(const struct row *row, const char *directory, struct running *running)
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
        sigprocmask(SIG_SETMASK, running->usual, NULL);
        close(ends[0]);
        run_row(running->options, row, directory, ends[1]);
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
    report->missed += report_missed(report, &result);
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
static int finish_row(const struct running *running, bool stopped)
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
    return status;
}

/* *status: of its process; -1: it was not started, and that has been said. */
static int run_to_end(struct running *running, const struct row *row, struct report *report,
                      int *status)
{
    char directory[256];
    int stopped = 0;

    *status = -1;
    if (!make_directory(directory, sizeof(directory)))
        return 0;
    if (start_row(row, directory, running)) {
        stopped = follow(running, report);
        *status = finish_row(running, stopped != 0);
    } else {
        fprintf(stderr, "ska-bench: a process: %s\n", strerror(errno));
    }
    remove_tree(directory);
    return stopped;
}

static int supervise_row(struct running *running, const struct row *row, struct report *report)
{
    size_t before = report->count;
    int status = -1;
    int stopped = run_to_end(running, row, report, &status);

    if (stopped == 0 && WIFEXITED(status) && WEXITSTATUS(status) == BENCH_SKIPPED) {
        if (report->skipped_count < COUNT(report->skipped))
            report->skipped[report->skipped_count++] = row->name;
    } else if ((status != 0 || report->count == before) && stopped == 0) {
        fprintf(stderr, "ska-bench: row %s failed\n", row->name);
        if (report->failed_count < COUNT(report->failed))
            report->failed[report->failed_count++] = row->name;
    }
    return stopped;
}

static bool is_needed(const struct row *rehearsal, const struct row *const *chosen, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (peers_are_for(rehearsal, chosen[i]))
            return true;
    return false;
}

/* Where one does not have what the rows need all end. */
static int rehearse(struct running *running, const struct row *const *chosen, size_t count,
                    struct report *report)
{
    int stopped = 0;

    for (size_t i = 0; i < PEERS_REHEARSALS && stopped == 0 && !report->refused; i++) {
        const struct row *rehearsal = &peers_rehearsals[i];
        int status = 0;

        if (!is_needed(rehearsal, chosen, count))
            continue;
        stopped = run_to_end(running, rehearsal, report, &status);
        report->refused = stopped == 0 && status != 0;
        if (report->refused && WIFSIGNALED(status))
            fprintf(stderr, "ska-bench: --peer: trying it (%s) ended with signal %d, %s\n",
                    rehearsal->what, WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return stopped;
}

int supervise(const struct row *const *chosen, size_t count, struct report *report)
{
    sigset_t stopping;
    sigset_t usual;
    struct running running = {report->options, &usual, -1, 0, -1};
    int stopped = 0;

    sigemptyset(&stopping);
    sigaddset(&stopping, SIGINT);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGHUP);
    sigaddset(&stopping, SIGQUIT);
    sigprocmask(SIG_BLOCK, &stopping, &usual);
    signal(SIGPIPE, SIG_IGN); /* nobody reading the table is no reason to leave a directory */
    running.signals = signalfd(-1, &stopping, SFD_CLOEXEC);
    must(running.signals >= 0);
    report->refused = !try_directory();
    if (report->options->peer_count > 0)
        stopped = rehearse(&running, chosen, count, report);
    if (stopped == 0 && !report->refused)
        report_head(report);
    for (size_t i = 0; i < count && stopped == 0 && !report->refused; i++)
        stopped = supervise_row(&running, chosen[i], report);
    close(running.signals);
    sigprocmask(SIG_SETMASK, &usual, NULL);
    return stopped;
}
