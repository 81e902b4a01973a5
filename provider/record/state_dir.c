/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/record/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/safe_path.h"

#define WHAT "state-dir"

static int fail_state(const char *path, const struct ska_errors *errors)
{
    char text[SKA_SYSTEM_ERROR_SIZE];

    ska_fail(errors, SKA_R_FILE_FAILURE, WHAT ": %s: %s", path, ska_system_error(errno, text));
    return -1;
}

static bool is_own_directory(int fd, const char *path, const struct ska_errors *errors)
{
    char advice[SKA_OWNER_ADVICE_SIZE];
    struct stat status;

    if (fstat(fd, &status) != 0)
        return fail_state(path, errors) == 0;
    if (status.st_uid != geteuid())
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE, WHAT " %s belongs to uid %lu: %s", path,
                        (unsigned long)status.st_uid,
                        ska_owner_advice(status.st_uid, false, advice));
    return (status.st_mode & (S_IRWXG | S_IRWXO)) == 0 ||
           ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                    WHAT " %s has mode %04o: only its owner may have access (0700)", path,
                    (unsigned int)status.st_mode & 07777);
}

int ska_state_dir_open(const char *state_dir, const struct ska_errors *errors)
{
    int fd = -1;

    if (!ska_path_is_safe(WHAT, state_dir, NULL, errors))
        return -1;
    fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_state(state_dir, errors);
    if (is_own_directory(fd, state_dir, errors))
        return fd;
    close(fd);
    return -1;
}

/* A new one is there after a power cut too. */
static int open_state_file(int directory, const char *name)
{
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = openat(directory, name, flags);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    fd = openat(directory, name, flags | O_CREAT, S_IRUSR | S_IWUSR);
    if (fd >= 0 && fsync(directory) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int ska_state_open(const char *state_dir, const char *name, const struct ska_errors *errors)
{
    int directory = ska_state_dir_open(state_dir, errors);
    char *shown = NULL;
    int fd = -1;

    if (directory < 0)
        return -1;
    if (asprintf(&shown, "%s/%s", state_dir, name) < 0) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, WHAT);
    } else {
        fd = open_state_file(directory, name);
        if (fd < 0) {
            fail_state(shown, errors);
        } else if (!ska_file_is_private(fd, WHAT ":", shown, errors)) {
            close(fd);
            fd = -1;
        }
        free(shown);
    }
    close(directory);
    return fd;
}

bool ska_state_has(const char *state_dir, const char *name, bool *has,
                   const struct ska_errors *errors)
{
    int directory = ska_state_dir_open(state_dir, errors);
    struct stat status;
    bool done = false;

    if (directory < 0)
        return false;
    *has = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    done = *has || errno == ENOENT || fail_state(state_dir, errors) == 0;
    close(directory);
    return done;
}

bool ska_state_remove(const char *state_dir, const char *name, const struct ska_errors *errors)
{
    int directory = ska_state_dir_open(state_dir, errors);
    bool done = false;

    if (directory < 0)
        return false;
    done =
        unlinkat(directory, name, 0) == 0 || errno == ENOENT || fail_state(state_dir, errors) == 0;
    close(directory);
    return done;
}

bool ska_state_dir_check(const char *state_dir, const struct ska_errors *errors)
{
    int directory = ska_state_dir_open(state_dir, errors);

    if (directory < 0)
        return false;
    close(directory);
    return true;
}
