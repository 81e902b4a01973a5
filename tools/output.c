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
static bool is_special(const struct stat *status)
{
    return S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode) || S_ISFIFO(status->st_mode);
}

static bool fail_there(struct tool *tool, const struct output *output)
{
    return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s exists already: choose another name, or replace it with --force",
                    output->path);
}

/* A link would have the file chosen by whoever made it; what others own is theirs. */
static bool check_replaceable(struct tool *tool, const struct output *output,
                              const struct stat *status)
{
    const char *path = output->path;

    if (status->st_mode == 0)
        return true;
    if (S_ISLNK(status->st_mode))
        return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                        "%s is a symbolic link, which is not followed: name the file itself", path);
    if (!S_ISREG(status->st_mode))
        return ska_fail(&tool->errors, SKA_R_WRONG_USE, "%s is %s: choose another name", path,
                        S_ISDIR(status->st_mode) ? "a directory" : "not a regular file");
    if (!output->force)
        return fail_there(tool, output);
    return status->st_uid == geteuid() ||
           ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s belongs to uid %lu and is not replaced: choose another name", path,
                    (unsigned long)status->st_uid);
}

bool output_is_same_file(const char *path, const char *other)
{
    struct stat one;
    struct stat two;

    return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

/* In a folder as /tmp is, only the owner of a file or of the folder takes its name away. */
static bool is_kept_by_folder(const struct ska_file_place *place, const struct stat *status)
{
    struct stat folder;

    return status->st_mode != 0 && geteuid() != 0 && status->st_uid != geteuid() &&
           fstatat(place->directory, ".", &folder, 0) == 0 && (folder.st_mode & S_ISVTX) != 0 &&
           folder.st_uid != geteuid();
}

/* chattr +i and +a, which hold for root, too. */
static bool is_immutable(const struct ska_file_place *place, const struct stat *status)
{
    struct statx attributes;

    return status->st_mode != 0 &&
           statx(place->directory, place->name, AT_SYMLINK_NOFOLLOW, 0, &attributes) == 0 &&
           (attributes.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
}

/* Whether another file can take the name; false: errno says why not. */
static bool can_take_name(const struct ska_file_place *place, const struct stat *status)
{
    if (faccessat(place->directory, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return false;
    errno = EPERM;
    return !is_kept_by_folder(place, status) && !is_immutable(place, status);
}

/* So that nobody reads, answers and types a passphrase for nothing. */
static bool check_writable(struct tool *tool, const struct output *output,
                           const struct ska_file_place *place, const struct stat *status)
{
    bool can = is_special(status) ? faccessat(place->directory, place->name, W_OK, AT_EACCESS) == 0
                                  : can_take_name(place, status);
    char text[SKA_SYSTEM_ERROR_SIZE];

    return can || ska_fail(&tool->errors, SKA_R_FILE_FAILURE, "%s: %s", output->path,
                           ska_system_error(errno, text));
}

bool output_check_in_place(struct tool *tool, const struct ska_file_place *place)
{
    char text[SKA_SYSTEM_ERROR_SIZE];
    struct stat status;

    return ska_file_place_look(place, &status, &tool->errors) &&
           (can_take_name(place, &status) ||
            ska_fail(&tool->errors, SKA_R_FILE_FAILURE,
                     "%s cannot be replaced: %s; -o FILE writes elsewhere", place->path,
                     ska_system_error(errno, text)));
}

/* Where the path names no open descriptor. */
static bool check_place(struct tool *tool, const struct output *output, const char *input)
{
    struct ska_file_place place;
    struct stat status;
    bool done = false;

    if (!ska_file_place_open(&place, output->path, &tool->errors))
        return false;
    done = ska_file_place_look(&place, &status, &tool->errors);
    if (done && !is_special(&status))
        done = input != NULL && output_is_same_file(output->path, input)
                   ? ska_fail(&tool->errors, SKA_R_WRONG_USE,
                              "%s is the input, which would be lost: choose another name",
                              output->path)
                   : check_replaceable(tool, output, &status);
    done = done && check_writable(tool, output, &place, &status);
    ska_file_place_close(&place);
    return done;
}

bool output_check(struct tool *tool, const struct output *output, const char *input)
{
    if (output->path == NULL)
        return !output->force || options_wrong(tool, "--force is for the FILE of -o");
    return ska_file_descriptor(output->path) >= 0 || check_place(tool, output, input);
}

static bool write_to_descriptor(struct tool *tool, const char *path, struct ska_span content)
{
    int descriptor = ska_file_descriptor(path);

    return ska_write_all(descriptor, content) ||
           ska_fail(&tool->errors, SKA_R_FILE_FAILURE, "%s: %s",
                    descriptor == STDOUT_FILENO ? "standard output" : path, strerror(errno));
}

/* By what has the name now, whatever output_check() has seen. */
static bool write_to_place(struct tool *tool, const struct output *output,
                           const struct ska_file_place *place, struct ska_span content,
                           unsigned int mode)
{
    struct stat status;
    bool taken = false;

    if (!ska_file_place_look(place, &status, &tool->errors))
        return false;
    if (is_special(&status))
        return ska_file_place_write_to(place, &status, content, &tool->errors);
    if (output->force)
        return check_replaceable(tool, output, &status) &&
               ska_file_place_replace(place, content, mode, &tool->errors);
    return ska_file_place_create(place, content, mode, &taken, &tool->errors) ||
           (taken && fail_there(tool, output));
}

bool output_write(struct tool *tool, const struct output *output, struct ska_span content,
                  unsigned int mode)
{
    const char *path = output->path == NULL ? "-" : output->path;
    struct ska_file_place place;
    bool done = false;

    if (ska_file_descriptor(path) >= 0)
        return write_to_descriptor(tool, path, content);
    if (!ska_file_place_open(&place, path, &tool->errors))
        return false;
    done = write_to_place(tool, output, &place, content, mode & ~tool->kept_from);
    ska_file_place_close(&place);
    return done;
}
