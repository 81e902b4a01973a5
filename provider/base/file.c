/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "provider/base/safe_path.h"

bool ska_file_read_descriptor(int fd, const char *shown, size_t limit, struct ska_bytes *content,
                              const struct ska_errors *errors)
{
    struct stat status;
    uint8_t *data = NULL;
    size_t length = 0;

    if (fstat(fd, &status) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", shown, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: not a regular file", shown);
    if ((uintmax_t)status.st_size > limit)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: longer than %zu bytes", shown, limit);
    data = malloc((size_t)status.st_size + 2);
    if (data == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", shown);
    /* One byte more than expected is asked for, so that a file that grows meanwhile is noticed. */
    for (;;) {
        ssize_t got = read(fd, data + length, (size_t)status.st_size + 1 - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || length + (size_t)got > (size_t)status.st_size) {
            ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", shown,
                     got < 0 ? strerror(errno) : "changed while it was read");
            /* What was read of it may be a secret. */
            *content = (struct ska_bytes){data, (size_t)status.st_size + 1};
            ska_bytes_clear_free(content);
            return false;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    data[length] = 0;
    content->data = data;
    content->length = length;
    return true;
}

bool ska_file_read_at(int directory, const char *name, const char *shown, size_t limit,
                      struct ska_bytes *content, const struct ska_errors *errors)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool done = false;

    if (fd < 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", shown,
                        errno == ELOOP ? "is a symbolic link, which is not followed"
                                       : strerror(errno));
    done = ska_file_read_descriptor(fd, shown, limit, content, errors);
    close(fd);
    return done;
}

static int open_to_read(const char *path, const char *shown, const struct ska_errors *errors)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char text[SKA_SYSTEM_ERROR_SIZE];

    if (fd < 0)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", shown, ska_system_error(errno, text));
    return fd;
}

bool ska_file_read(const char *path, size_t limit, struct ska_bytes *content,
                   const struct ska_errors *errors)
{
    int fd = open_to_read(path, path, errors);
    bool done = false;

    if (fd < 0)
        return false;
    done = ska_file_read_descriptor(fd, path, limit, content, errors);
    close(fd);
    return done;
}

/* A path that may be a secret is not named, nor is a part of it. */
static bool is_safe_way(const char *what, const char *path, const char *shown,
                        const struct ska_errors *errors)
{
    if (strcmp(path, shown) == 0)
        return ska_path_is_safe(what, path, NULL, errors);
    return ska_path_is_safe(what, path, NULL, NULL) ||
           ska_fail(errors, SKA_R_FILE_FAILURE,
                    "%s: it does not exist, or other users could replace it", shown);
}

bool ska_file_read_safe(const char *what, const char *path, const char *shown, size_t limit,
                        struct ska_bytes *content, const struct ska_errors *errors)
{
    int fd = -1;
    bool done = false;

    if (!is_safe_way(what, path, shown, errors))
        return false;
    fd = open_to_read(path, shown, errors);
    if (fd < 0)
        return false;
    done = ska_file_read_descriptor(fd, shown, limit, content, errors);
    /* After that, so that what is no file is called so. */
    if (done && !ska_file_is_safe(fd, what, shown, errors)) {
        ska_bytes_clear_free(content);
        done = false;
    }
    close(fd);
    return done;
}

int ska_above_standard(int fd)
{
    int above = fd;
    int fault = 0;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    fault = errno;
    close(fd);
    errno = fault;
    return above;
}

void ska_descriptor_keep(struct ska_kept_descriptor *kept, int fd)
{
    struct stat status = {.st_dev = 0};

    if (fd >= 0)
        (void)fstat(fd, &status);
    *kept = (struct ska_kept_descriptor){fd, status.st_dev, status.st_ino};
}

bool ska_descriptor_is_kept(const struct ska_kept_descriptor *kept)
{
    struct stat now;

    return kept->fd >= 0 && fstat(kept->fd, &now) == 0 && now.st_dev == kept->device &&
           now.st_ino == kept->inode;
}

void ska_descriptor_close(struct ska_kept_descriptor *kept)
{
    if (ska_descriptor_is_kept(kept))
        close(kept->fd);
    kept->fd = -1;
}

bool ska_write_all(int fd, struct ska_span content)
{
    while (content.length > 0) {
        ssize_t written = write(fd, content.data, content.length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        content.data += written;
        content.length -= (size_t)written;
    }
    return true;
}

bool ska_write_synced(int fd, struct ska_span content, unsigned int mode)
{
    return ska_write_all(fd, content) && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
}

int ska_file_descriptor(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};

    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
        return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0)
        return STDERR_FILENO;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        const char *number = path + strlen(folders[i]);

        if (strncmp(path, folders[i], strlen(folders[i])) == 0 && *number != 0 &&
            strspn(number, "0123456789") == strlen(number) && strlen(number) < 6)
            return (int)strtol(number, NULL, 10);
    }
    return -1;
}

/* ---- A name in a directory ------------------------------------------------------------------- */

static bool fail_place(const struct ska_file_place *place, const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", place->path, strerror(errno));
}

bool ska_file_place_open(struct ska_file_place *place, const char *path,
                         const struct ska_errors *errors)
{
    const char *slash = strrchr(path, '/');
    char *directory = NULL;

    *place = (struct ska_file_place){AT_FDCWD, path, path};
    if (slash == NULL)
        return true;
    place->name = slash + 1;
    directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (directory == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    place->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    return place->directory >= 0 || fail_place(place, errors);
}

void ska_file_place_close(struct ska_file_place *place)
{
    if (place->directory >= 0)
        close(place->directory);
    place->directory = AT_FDCWD;
}

bool ska_file_place_look(const struct ska_file_place *place, struct stat *status,
                         const struct ska_errors *errors)
{
    memset(status, 0, sizeof(*status));
    return fstatat(place->directory, place->name, status, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno == ENOENT || fail_place(place, errors);
}

#define NEW_FILE (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)

/* Writes a file of this name that was just made, or leaves none. */
static bool write_new(const struct ska_file_place *place, const char *name, int fd,
                      struct ska_span content, unsigned int mode, const struct ska_errors *errors)
{
    bool done = ska_write_synced(fd, content, mode) || fail_place(place, errors);

    close(fd);
    if (!done)
        unlinkat(place->directory, name, 0);
    return done;
}

/* As far as this user may: who could read the file before still can. */
static void keep_owner(const struct ska_file_place *place, int fd)
{
    struct stat status;

    if (fstatat(place->directory, place->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode))
        (void)!fchown(fd, geteuid() == 0 ? status.st_uid : (uid_t)-1, status.st_gid);
}

/* Writes all of it under a name of its own, which is to be freed. On failure there is no such file.
 */
static bool write_beside(const struct ska_file_place *place, struct ska_span content,
                         unsigned int mode, bool keeps_owner, char **temporary,
                         const struct ska_errors *errors)
{
    uint64_t unique = 0;
    int fd = -1;

    *temporary = NULL;
    if (RAND_bytes((unsigned char *)&unique, sizeof(unique)) != 1 ||
        asprintf(temporary, "%.200s.%016llx", place->name, (unsigned long long)unique) < 0) {
        *temporary = NULL;
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", place->path);
    }
    fd = openat(place->directory, *temporary, NEW_FILE, 0600);
    if (fd < 0)
        return fail_place(place, errors);
    if (keeps_owner)
        keep_owner(place, fd);
    return write_new(place, *temporary, fd, content, mode, errors);
}

/* Where a file system has no links, others may see it before all of it is written. */
static bool create_in_place(const struct ska_file_place *place, struct ska_span content,
                            unsigned int mode, bool *taken, const struct ska_errors *errors)
{
    int fd = openat(place->directory, place->name, NEW_FILE, 0600);

    *taken = fd < 0 && errno == EEXIST;
    if (fd < 0)
        return !*taken && fail_place(place, errors);
    return write_new(place, place->name, fd, content, mode, errors);
}

bool ska_file_place_create(const struct ska_file_place *place, struct ska_span content,
                           unsigned int mode, bool *taken, const struct ska_errors *errors)
{
    char *temporary = NULL;
    bool done = write_beside(place, content, mode, false, &temporary, errors);

    *taken = false;
    if (done) {
        done = linkat(place->directory, temporary, place->directory, place->name, 0) == 0;
        *taken = !done && errno == EEXIST;
        if (!done && !*taken)
            done = errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP
                       ? create_in_place(place, content, mode, taken, errors)
                       : fail_place(place, errors);
        unlinkat(place->directory, temporary, 0);
    }
    free(temporary);
    return done;
}

bool ska_file_place_replace(const struct ska_file_place *place, struct ska_span content,
                            unsigned int mode, const struct ska_errors *errors)
{
    char *temporary = NULL;
    bool done = write_beside(place, content, mode, true, &temporary, errors);

    if (done && renameat(place->directory, temporary, place->directory, place->name) != 0) {
        done = fail_place(place, errors);
        unlinkat(place->directory, temporary, 0);
    }
    free(temporary);
    return done;
}

bool ska_file_place_write_to(const struct ska_file_place *place, const struct stat *seen,
                             struct ska_span content, const struct ska_errors *errors)
{
    struct stat status;
    int fd = openat(place->directory, place->name, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    bool done = false;

    if (fd < 0 || fstat(fd, &status) != 0)
        fail_place(place, errors);
    else if (status.st_dev != seen->st_dev || status.st_ino != seen->st_ino)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: replaced by something else just now",
                 place->path);
    else
        done = ska_write_all(fd, content) || fail_place(place, errors);
    if (fd >= 0)
        close(fd);
    return done;
}
