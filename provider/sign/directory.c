/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/printable.h"
#include "provider/base/safe_path.h"

static const char *const suffixes[] = {[SKA_FILE_REQUEST] = ".request.json",
                                       [SKA_FILE_APPROVAL] = ".approval.json",
                                       [SKA_FILE_REFUSAL] = ".reject.json"};

struct ska_directory {
    int fd;
    char *path;
    enum ska_directory_use use;
};

int ska_directory_fd(const struct ska_directory *directory)
{
    return directory->fd;
}

const char *ska_directory_path(const struct ska_directory *directory)
{
    return directory->path;
}

bool ska_directory_holds_approvals(const struct ska_directory *directory)
{
    return directory->use != SKA_DIRECTORY_OF_FILE;
}

static bool directory_is_safe(int fd, const char *path, enum ska_directory_use use,
                              const struct ska_errors *errors)
{
    char advice[SKA_OWNER_ADVICE_SIZE];
    char word[SKA_SHELL_WORD_SIZE];
    struct stat status;

    if (use == SKA_DIRECTORY_OF_FILE)
        return true;
    if (fstat(fd, &status) != 0)
        return ska_fail(errors, SKA_R_APPROVALS_DIRECTORY, "%s: %s", path, strerror(errno));
    if (use == SKA_DIRECTORY_TO_SIGN && status.st_uid != geteuid() && status.st_uid != 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE, "%s belongs to uid %lu: %s", path,
                        (unsigned long)status.st_uid,
                        ska_owner_advice(status.st_uid, true, advice));
    if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) != 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "everybody may write to %s, so it cannot be an approvals directory: use "
                        "one of your own, which approvers share as a group (mode 3770)",
                        path);
    if ((status.st_mode & S_IWOTH) != 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s is writable by everybody: its owner can fix that with chmod o-w %s, "
                        "and let approvers share a group",
                        path, ska_shell_word(path, word));
    if ((status.st_mode & S_IWGRP) != 0 && (status.st_mode & S_ISVTX) == 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s is writable by its group without the sticky bit: its owner can fix "
                        "that with chmod +t %s",
                        path, ska_shell_word(path, word));
    return true;
}

bool ska_directory_open(const char *path, enum ska_directory_use use,
                        struct ska_directory **directory, const struct ska_errors *errors)
{
    struct ska_directory *opened = NULL;
    int fd = -1;
    char text[SKA_SYSTEM_ERROR_SIZE];

    /* Others may read from it by whatever way: what they approve they see. */
    if (use == SKA_DIRECTORY_TO_SIGN &&
        !ska_path_is_safe("approvals directory", path, NULL, errors))
        return false;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ska_fail(errors, SKA_R_APPROVALS_DIRECTORY, "approvals directory %s: %s", path,
                        ska_system_error(errno, text));
    if (!directory_is_safe(fd, path, use, errors)) {
        close(fd);
        return false;
    }
    opened = calloc(1, sizeof(*opened));
    if (opened == NULL || (opened->path = strdup(path)) == NULL) {
        free(opened);
        close(fd);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    }
    opened->fd = fd;
    opened->use = use;
    *directory = opened;
    return true;
}

void ska_directory_close(struct ska_directory *directory)
{
    if (directory == NULL)
        return;
    close(directory->fd);
    free(directory->path);
    free(directory);
}

bool ska_directory_fail_not_open(const struct ska_directory *directory, const char *digits,
                                 const char *why, const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_REQUEST_NOT_OPEN, "%.16s in %s: %s", digits, directory->path,
                    why != NULL ? why : "it may be signed, executed or withdrawn already");
}

/* ---- Names ----------------------------------------------------------------------------------- */

enum ska_file_kind ska_file_kind_of(const char *name)
{
    size_t length = strlen(name);

    if (strspn(name, "0123456789abcdef") != SKA_REQUEST_ID_LENGTH ||
        name[SKA_REQUEST_ID_LENGTH] != '.')
        return SKA_FILE_OTHER;
    for (int kind = SKA_FILE_REQUEST; kind <= SKA_FILE_REFUSAL; kind++) {
        size_t suffix = strlen(suffixes[kind]);

        if (length < SKA_REQUEST_ID_LENGTH + suffix ||
            strcmp(name + length - suffix, suffixes[kind]) != 0)
            continue;
        /* Answers have something in between. */
        if ((length == SKA_REQUEST_ID_LENGTH + suffix) == (kind == SKA_FILE_REQUEST))
            return (enum ska_file_kind)kind;
    }
    return SKA_FILE_OTHER;
}

bool ska_file_is_answer(const char *name, const char *id)
{
    return strncmp(name, id, SKA_REQUEST_ID_LENGTH) == 0 &&
           ska_file_kind_of(name) >= SKA_FILE_APPROVAL;
}

void ska_file_name(const char *id, const char *middle, enum ska_file_kind kind,
                   char name[SKA_FILE_NAME_SIZE])
{
    if (kind == SKA_FILE_REQUEST)
        snprintf(name, SKA_FILE_NAME_SIZE, "%s%s", id, suffixes[kind]);
    else
        snprintf(name, SKA_FILE_NAME_SIZE, "%s.%s%s", id, middle, suffixes[kind]);
}

/* ---- Listing --------------------------------------------------------------------------------- */

bool ska_directory_fail(const struct ska_directory *directory, const char *name,
                        const struct ska_errors *errors)
{
    int error = errno;
    char *shown = ska_file_name_shown(name);

    ska_fail(errors, SKA_R_APPROVALS_DIRECTORY, "%s/%s: %s", directory->path,
             shown == NULL ? "" : shown, strerror(error));
    free(shown);
    return false;
}

bool ska_directory_failure_passes(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR ||
           error == EIO || error == ESTALE;
}

bool ska_directory_lock_moment(int fd, int operation)
{
    const struct timespec pause = {0, 500000};

    for (int tries = 0; flock(fd, operation | LOCK_NB) != 0; tries++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || tries == 3)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}
