/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock around changes: flock() on SoftHSM's token directory, which its configuration names.
 */
#include "simulator/change_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SYSTEM_CONFIGURATION "/etc/softhsm/softhsm2.conf"
#define USER_CONFIGURATION "/.config/softhsm2/softhsm2.conf"
#define TOKEN_DIRECTORY_KEY "directories.tokendir"
#define DEFAULT_TOKEN_DIRECTORY "/var/lib/softhsm/tokens/"

/* The descriptor that holds the lock, or -1. There is one at most: the lock excludes all others. */
static atomic_int held = -1;

/* What is locked: SoftHSM's token directory, as its configuration said at C_Initialize, or NULL. */
static char *directory;

/* How often this thread has taken it. */
static _Thread_local unsigned int depth;

/* The configuration file that SoftHSM reads: by environment, the user's, the system's. */
static FILE *open_configuration(void)
{
    const char *path = getenv("SOFTHSM2_CONF");
    const char *home = getenv("HOME");
    char *user = NULL;
    FILE *file = NULL;

    if (path != NULL)
        return fopen(path, "re");
    if (home != NULL && asprintf(&user, "%s%s", home, USER_CONFIGURATION) >= 0) {
        file = fopen(user, "re");
        free(user);
    }
    return file != NULL ? file : fopen(SYSTEM_CONFIGURATION, "re");
}

/* The value of a line "directories.tokendir = PATH" in place, NULL for any other line. */
static char *token_directory_in(char *line)
{
    char *value = NULL;

    line += strspn(line, " \t");
    if (strncmp(line, TOKEN_DIRECTORY_KEY, strlen(TOKEN_DIRECTORY_KEY)) != 0)
        return NULL;
    value = line + strlen(TOKEN_DIRECTORY_KEY);
    value += strspn(value, " \t");
    if (*value != '=')
        return NULL;
    value++;
    value += strspn(value, " \t");
    value[strcspn(value, "#\r\n")] = '\0';
    for (size_t length = strlen(value);
         length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'); length--)
        value[length - 1] = '\0';
    return value;
}

void sim_lock_prepare(void)
{
    FILE *file = open_configuration();
    char *line = NULL;
    size_t size = 0;

    sim_lock_forget();
    if (file == NULL)
        return;
    while (getline(&line, &size, file) >= 0) {
        const char *value = token_directory_in(line);

        if (value != NULL) {
            free(directory);
            directory = strdup(value);
        }
    }
    if (directory == NULL)
        directory = strdup(DEFAULT_TOKEN_DIRECTORY);
    free(line);
    fclose(file);
}

void sim_lock_forget(void)
{
    free(directory);
    directory = NULL;
}

const char *sim_lock_directory(void)
{
    return directory;
}

static bool flock_uninterrupted(int fd)
{
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR)
            return false;
    }
    return true;
}

static CK_RV open_lock(int *fd)
{
    *fd = directory == NULL ? -1 : open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return CKR_CANT_LOCK;
    if (flock_uninterrupted(*fd))
        return CKR_OK;
    close(*fd);
    return CKR_CANT_LOCK;
}

CK_RV sim_lock(void)
{
    int fd = -1;

    if (depth == 0) {
        CK_RV rv = open_lock(&fd);

        if (rv != CKR_OK)
            return rv;
        atomic_store(&held, fd);
    }
    depth++;
    return CKR_OK;
}

/*
 * Closing would not do: a process that was forked while this thread waited for the lock has the
 * descriptor too, and would keep for ever what nobody there knows to hold.
 */
static void close_lock(int fd)
{
    flock(fd, LOCK_UN);
    close(fd);
}

void sim_unlock(void)
{
    depth--;
    if (depth == 0)
        close_lock(atomic_exchange(&held, -1));
}

void sim_lock_after_fork(void)
{
    int fd = atomic_exchange(&held, -1);

    if (fd >= 0)
        close(fd);
    depth = 0;
}
