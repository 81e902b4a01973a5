/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "provider/base/safe_path.h"

static bool read_all(int fd, const char *shown, size_t limit, struct ska_bytes *content,
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
            OPENSSL_cleanse(data, (size_t)status.st_size + 2);
            free(data);
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
                        errno == ELOOP ? "is a symbolic link" : strerror(errno));
    done = read_all(fd, shown, limit, content, errors);
    close(fd);
    return done;
}

static int open_to_read(const char *path, const struct ska_errors *errors)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s (as uid %lu)", path, strerror(errno),
                 (unsigned long)geteuid());
    return fd;
}

bool ska_file_read(const char *path, size_t limit, struct ska_bytes *content,
                   const struct ska_errors *errors)
{
    int fd = open_to_read(path, errors);
    bool done = false;

    if (fd < 0)
        return false;
    done = read_all(fd, path, limit, content, errors);
    close(fd);
    return done;
}

bool ska_file_read_safe(const char *what, const char *path, size_t limit, struct ska_bytes *content,
                        const struct ska_errors *errors)
{
    int fd = -1;
    bool done = false;

    if (!ska_path_is_safe(what, path, NULL, errors))
        return false;
    fd = open_to_read(path, errors);
    if (fd < 0)
        return false;
    done = read_all(fd, path, limit, content, errors);
    if (done && !ska_file_is_safe(fd, what, path, errors)) {
        ska_bytes_clear_free(content);
        done = false;
    }
    close(fd);
    return done;
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

/*
 * A device or a FIFO is written to, never replaced; and nothing else that somebody has put in its
 * place since it was looked at.
 */
static bool write_special(const char *path, const struct stat *seen, struct ska_span content,
                          const struct ska_errors *errors)
{
    struct stat status;
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    bool done = false;

    if (fd < 0 || fstat(fd, &status) != 0)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    else if (status.st_dev != seen->st_dev || status.st_ino != seen->st_ino)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: replaced by something else just now", path);
    else
        done = ska_write_all(fd, content) ||
               ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return done;
}

static bool replace_file(const char *path, struct ska_span content, unsigned int mode,
                         const struct ska_errors *errors)
{
    char *temporary = NULL;
    int fd = -1;
    bool done = false;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
        goto out;
    }
    done = ska_write_synced(fd, content, mode) && rename(temporary, path) == 0;
    if (!done) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
        unlink(temporary);
    }
    close(fd);
out:
    free(temporary);
    return done;
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

/* Of a link that others have made it would be them who choose the file. */
static bool check_link(const char *path, const struct ska_errors *errors)
{
    struct stat status;

    return lstat(path, &status) != 0 || !S_ISLNK(status.st_mode) || status.st_uid == geteuid() ||
           status.st_uid == 0 ||
           ska_fail(errors, SKA_R_FILE_FAILURE,
                    "%s: a link that uid %lu has made; name the file itself", path,
                    (unsigned long)status.st_uid);
}

/* Replaces the file, or that to which a link at the end of the path leads. */
static bool replace_target(const char *path, struct ska_span content, unsigned int mode,
                           const struct ska_errors *errors)
{
    struct stat status;
    bool link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
    char *target = link ? realpath(path, NULL) : strdup(path);
    bool done = false;

    if (target == NULL)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s%s", path, strerror(errno),
                 link ? ", where the link leads to" : "");
    else
        done = replace_file(target, content, mode, errors);
    free(target);
    return done;
}

bool ska_file_write(const char *path, struct ska_span content, unsigned int mode,
                    const struct ska_errors *errors)
{
    int descriptor = ska_file_descriptor(path);
    struct stat status;

    if (descriptor >= 0)
        return ska_write_all(descriptor, content) ||
               ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s",
                        descriptor == STDOUT_FILENO ? "standard output" : path, strerror(errno));
    if (!check_link(path, errors))
        return false;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return write_special(path, &status, content, errors);
    return replace_target(path, content, mode, errors);
}
