/* SPDX-License-Identifier: Apache-2.0 */
#include "instructions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef SKA_BENCH_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS
#endif

/* Where callgrind puts its profiles: a directory of this run's, with nothing else in it. */
#define PROFILES "SKA_BENCH_PROFILES"

/* Operations before those that are counted, and those. */
#define WARMING 3
#define COUNTED 20

#define ARGUMENTS 32

bool instructions_counted(void)
{
    return getenv(PROFILES) != NULL;
}

/* ---- Profiles -------------------------------------------------------------------------------- */

/* The total of one; 0: there is none in it. */
static double read_total(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[256];
    double total = 0;

    must(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "totals: %lf", &total) == 1 || sscanf(line, "summary: %lf", &total) == 1)
            break;
    fclose(file);
    return total;
}

/* Takes what is there away, and returns the sum of it. */
static double take_profiles(void)
{
    const char *place = getenv(PROFILES);
    DIR *directory = opendir(place);
    double total = 0;

    must(directory != NULL);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[512];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", place, entry->d_name);
        total += read_total(path);
        must(unlink(path) == 0);
    }
    closedir(directory);
    return total;
}

/* ---- Below valgrind ---------------------------------------------------------------------------
 */

int instructions_run(char **argv)
{
    char place[] = "/tmp/ska-bench-profiles-XXXXXX";
    char file[sizeof(place) + 32];
    const char *with[ARGUMENTS + 8] = {"valgrind", "--tool=callgrind", "--quiet",
                                       "--instr-atstart=no", file};
    size_t count = 5;
    int status = 0;
    pid_t child = 0;

#ifndef SKA_BENCH_CALLGRIND
    fputs("ska-bench: --instructions: built without valgrind's headers\n", stderr);
    return 2;
#endif
    for (size_t i = 0; argv[i] != NULL && i < ARGUMENTS; i++)
        with[count++] = argv[i];
    with[count] = NULL;
    if (mkdtemp(place) == NULL || setenv(PROFILES, place, 1) != 0)
        return 2;
    snprintf(file, sizeof(file), "--callgrind-out-file=%s/%%p", place);
    child = fork();
    if (child == 0) {
        execvp(with[0], (char **)(uintptr_t)with);
        perror("ska-bench: --instructions: valgrind");
        _exit(2);
    }
    must(child > 0);
    /* An interruption from the terminal reaches both, and this one stays to clean up. */
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    while (waitpid(child, &status, 0) < 0)
        must(errno == EINTR);
    take_profiles();
    rmdir(place);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- Counting -------------------------------------------------------------------------------- */

double instructions_of_loop(const struct loop *loop)
{
    void *with = loop->start(loop->what);
    double total = 0;

    if (loop->count != NULL) {
        total = loop->count(with);
        loop->stop(with);
        return total;
    }
    for (int i = 0; i < WARMING; i++)
        loop->once(with);
    take_profiles();
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    for (int i = 0; i < COUNTED; i++)
        loop->once(with);
    CALLGRIND_DUMP_STATS;
    CALLGRIND_STOP_INSTRUMENTATION;
    total = take_profiles() / COUNTED;
    loop->stop(with);
    must(total > 0);
    return total;
}

double instructions_of_command(const char *const *argv)
{
    char file[512];
    const char *with[ARGUMENTS] = {"valgrind", "--tool=callgrind", "--quiet", file};
    size_t count = 4;
    double total = 0;
    int status = 0;
    pid_t child = 0;

    snprintf(file, sizeof(file), "--callgrind-out-file=%s/command", getenv(PROFILES));
    while (*argv != NULL && count + 1 < ARGUMENTS)
        with[count++] = *argv++;
    take_profiles();
    child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);

        if (nothing >= 0 && dup2(nothing, 0) == 0 && dup2(nothing, 1) == 1)
            execvp(with[0], (char **)(uintptr_t)with);
        _exit(127);
    }
    must(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    total = take_profiles();
    must(total > 0);
    return total;
}
