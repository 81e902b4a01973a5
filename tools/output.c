/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "tools/options.h"

bool output_is_stdout(const struct output *output)
{
    return output->path != NULL && ska_file_descriptor(output->path) == STDOUT_FILENO;
}

/* What is written to as it is, and never replaced. */
static bool is_stream(const char *path)
{
    struct stat status;

    return ska_file_descriptor(path) >= 0 ||
           (lstat(path, &status) == 0 &&
            (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode) || S_ISFIFO(status.st_mode)));
}

static bool fail_there(struct tool *tool, const struct output *output)
{
    return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s is there already: choose another name, or replace it with --force",
                    output->path);
}

/* A link would have the file chosen by whoever made it; what others own is theirs. */
static bool check_replaceable(struct tool *tool, const struct output *output)
{
    const char *path = output->path;
    struct stat status;

    if (lstat(path, &status) != 0)
        return errno == ENOENT ||
               ska_fail(&tool->errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    if (S_ISLNK(status.st_mode))
        return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                        "%s is a symbolic link, which is not followed: name the file itself", path);
    if (!S_ISREG(status.st_mode))
        return ska_fail(&tool->errors, SKA_R_WRONG_USE, "%s is %s: choose another name", path,
                        S_ISDIR(status.st_mode) ? "a directory" : "no regular file");
    if (!output->force)
        return fail_there(tool, output);
    return status.st_uid == geteuid() ||
           ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s belongs to uid %lu and is not replaced: choose another name", path,
                    (unsigned long)status.st_uid);
}

bool output_is_same_file(const char *path, const char *other)
{
    struct stat one;
    struct stat two;

    return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

bool output_check(struct tool *tool, const struct output *output, const char *input)
{
    const char *path = output->path;

    if (path == NULL)
        return !output->force || options_wrong(tool, "--force is for the FILE of -o");
    if (is_stream(path))
        return true;
    if (input != NULL && output_is_same_file(path, input))
        return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                        "%s is the input, which would be lost: choose another name", path);
    return check_replaceable(tool, output);
}

static bool create_output(struct tool *tool, const struct output *output, struct ska_span content,
                          unsigned int mode)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
    int fd = open(output->path, flags, 0600);
    bool done = false;

    if (fd < 0)
        return errno == EEXIST ? fail_there(tool, output)
                               : ska_fail(&tool->errors, SKA_R_FILE_FAILURE, "%s: %s", output->path,
                                          strerror(errno));
    done = ska_write_synced(fd, content, mode);
    if (!done) {
        ska_fail(&tool->errors, SKA_R_FILE_FAILURE, "%s: %s", output->path, strerror(errno));
        unlink(output->path);
    }
    close(fd);
    return done;
}

bool output_write(struct tool *tool, const struct output *output, struct ska_span content,
                  unsigned int mode)
{
    const char *path = output->path == NULL ? "-" : output->path;

    if (is_stream(path))
        return ska_file_write(path, content, mode, &tool->errors);
    if (!output->force)
        return create_output(tool, output, content, mode);
    return check_replaceable(tool, output) && ska_file_write(path, content, mode, &tool->errors);
}
