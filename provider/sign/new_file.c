/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "provider/base/file.h"

#define SUFFIX ".tmp"

static bool choose_new_name(struct ska_new_file *file, const char *id,
                            const struct ska_errors *errors)
{
    uint8_t random[SKA_NEW_FILE_UNIQUE_LENGTH / 2];
    char *hex = NULL;

    if (RAND_bytes(random, sizeof(random)) != 1)
        return ska_fail(errors, SKA_R_INTERNAL, "no random numbers");
    if (!ska_hex_encode(ska_span(random, sizeof(random)), &hex, errors))
        return false;
    snprintf(file->unique, sizeof(file->unique), "%s", hex);
    snprintf(file->name, sizeof(file->name), ".%s.%s" SUFFIX, id, hex);
    free(hex);
    return true;
}

/*
 * Locked, and still there: before it was locked, somebody who cleans up may have taken it for an
 * abandoned one. The lock is a shared one, since the file may become the request, which others
 * hold. Where a file system knows no locks, there is nobody to keep away.
 */
static bool is_held(int fd)
{
    struct stat status;

    return (flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) && fstat(fd, &status) == 0 &&
           status.st_nlink > 0;
}

/* Until it is locked, others may not open it, and lock it themselves. */
static bool create_new_file(struct ska_new_file *file, const char *shown, const char *id,
                            const struct ska_errors *errors)
{
    char text[SKA_SYSTEM_ERROR_SIZE];

    for (int attempt = 0; attempt < 3; attempt++) {
        if (!choose_new_name(file, id, errors))
            return false;
        file->fd = openat(file->directory, file->name,
                          O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file->fd < 0)
            return ska_fail(errors, SKA_R_APPROVALS_DIRECTORY, "cannot write in %s: %s", shown,
                            ska_system_error(errno, text));
        if (is_held(file->fd))
            return true;
        ska_new_file_end(file);
    }
    return ska_fail(errors, SKA_R_APPROVALS_DIRECTORY,
                    "cannot write in %s: other users lock new files", shown);
}

bool ska_new_file_write(struct ska_new_file *file, int directory, const char *shown, const char *id,
                        struct ska_span content, unsigned int mode, const struct ska_errors *errors)
{
    *file = (struct ska_new_file){.directory = directory, .group = file->group, .fd = -1};
    if (!create_new_file(file, shown, id, errors))
        return false;
    if (file->group != (gid_t)-1)
        (void)!fchown(file->fd, (uid_t)-1, file->group);
    if (ska_write_synced(file->fd, content, mode))
        return true;
    ska_fail(errors, SKA_R_APPROVALS_DIRECTORY, "cannot write in %s: %s", shown, strerror(errno));
    ska_new_file_end(file);
    return false;
}

void ska_new_file_end(struct ska_new_file *file)
{
    if (file->fd < 0)
        return;
    unlinkat(file->directory, file->name, 0);
    /* A child that was forked meanwhile has the descriptor too, and with it the lock. */
    flock(file->fd, LOCK_UN);
    close(file->fd);
    file->fd = -1;
}

int ska_new_file_keep(struct ska_new_file *file)
{
    int fd = file->fd;

    unlinkat(file->directory, file->name, 0);
    file->fd = -1;
    if (flock(fd, LOCK_SH | LOCK_NB) == 0)
        return fd;
    close(fd);
    return -1;
}

bool ska_new_file_is(const char *name, const char *id)
{
    size_t length = strlen(name);

    return name[0] == '.' && strncmp(name + 1, id, SKA_REQUEST_ID_LENGTH) == 0 &&
           length >= strlen(SUFFIX) && strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/* Where the lock tells nothing, as of a file that we may not open: nobody writes that long. */
#define STALE_SECONDS 10

static bool is_litter(int directory, const char *name)
{
    struct stat status;

    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           (!S_ISREG(status.st_mode) || status.st_mtime + STALE_SECONDS < time(NULL));
}

void ska_new_file_clean(int directory, const char *name, const char *id)
{
    int fd = -1;
    bool abandoned = false;

    if (!ska_new_file_is(name, id))
        return;
    fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    abandoned = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!abandoned && (fd < 0 || errno != EWOULDBLOCK))
        abandoned = is_litter(directory, name);
    /* With the lock still held, so that the name cannot become another's in between. */
    if (abandoned)
        unlinkat(directory, name, 0);
    if (fd >= 0)
        close(fd);
}
