/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/safe_path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/printable.h"

/* As many as the kernel follows. */
#define LINKS_LIMIT 40

/* ---- The way --------------------------------------------------------------------------------- */

/*
 * It is enough to look at one name after the other: in a directory that is safe nobody else can
 * exchange what was looked at already.
 */
struct walk {
    const char *what;
    char *passed; /* without links and without a slash at its end: "" is the root */
    char *left;   /* what has not been looked at */
    bool shared;  /* others may add to the directory that was passed last */
    int links;
    const struct ska_errors *errors;
};

static bool is_trusted_owner(const struct stat *status)
{
    return status->st_uid == 0 || status->st_uid == geteuid();
}

static bool fail_walk(const struct walk *walk, const char *path)
{
    char text[SKA_SYSTEM_ERROR_SIZE];

    return ska_fail(walk->errors, SKA_R_FILE_FAILURE, "%s: %s: %s", walk->what, path,
                    ska_system_error(errno, text));
}

const char *ska_owner_advice(uid_t owner, bool by_root, char text[SKA_OWNER_ADVICE_SIZE])
{
    if (geteuid() == 0)
        snprintf(text, SKA_OWNER_ADVICE_SIZE,
                 "this process runs as root; if that user should use it, run it as that user "
                 "(sudo -u '#%lu')",
                 (unsigned long)owner);
    else
        snprintf(text, SKA_OWNER_ADVICE_SIZE, "it must be owned by %suid %lu",
                 by_root ? "root or by " : "", (unsigned long)geteuid());
    return text;
}

static bool fail_owner(const struct walk *walk, const char *path, const struct stat *status)
{
    char advice[SKA_OWNER_ADVICE_SIZE];

    return ska_fail(walk->errors, SKA_R_DIRECTORY_UNSAFE,
                    "%s: %s belongs to uid %lu, who can replace it: %s", walk->what, path,
                    (unsigned long)status->st_uid, ska_owner_advice(status->st_uid, true, advice));
}

/* A directory on the way, which is passed if it is safe. */
static bool pass_directory(struct walk *walk, const char *path, const struct stat *status)
{
    char word[SKA_SHELL_WORD_SIZE];

    if (!S_ISDIR(status->st_mode)) {
        errno = ENOTDIR;
        return fail_walk(walk, path);
    }
    if (!is_trusted_owner(status))
        return fail_owner(walk, path, status);
    walk->shared = (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (walk->shared && (status->st_mode & S_ISVTX) == 0)
        return ska_fail(walk->errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s: users other than its owner may write to the directory %s, and so "
                        "replace what is in it: chmod go-w %s",
                        walk->what, path, ska_shell_word(path, word));
    return true;
}

static bool pass_named(struct walk *walk)
{
    const char *path = walk->passed[0] == 0 ? "/" : walk->passed;
    struct stat status;

    if (lstat(path, &status) != 0)
        return fail_walk(walk, path);
    return pass_directory(walk, path, &status);
}

/* What is left comes after what the link says. */
static bool follow_link(struct walk *walk, const char *path, const struct stat *status)
{
    char *target = NULL;
    char *left = NULL;
    ssize_t length = 0;
    bool done = false;

    if (!is_trusted_owner(status))
        return fail_owner(walk, path, status);
    if (++walk->links > LINKS_LIMIT) {
        errno = ELOOP;
        return fail_walk(walk, path);
    }
    target = calloc(1, PATH_MAX + 1);
    if (target == NULL)
        return ska_fail(walk->errors, SKA_R_OUT_OF_MEMORY, "%s", walk->what);
    length = readlink(path, target, PATH_MAX);
    if (length <= 0)
        fail_walk(walk, path);
    else if (asprintf(&left, "%s/%s", target, walk->left) < 0)
        ska_fail(walk->errors, SKA_R_OUT_OF_MEMORY, "%s", walk->what);
    else
        done = true;
    free(target);
    if (!done)
        return false;
    free(walk->left);
    walk->left = left;
    if (left[0] != '/')
        return true;
    walk->passed[0] = 0;
    return pass_named(walk);
}

static bool go_up(struct walk *walk)
{
    char *slash = strrchr(walk->passed, '/');

    if (slash != NULL)
        *slash = 0;
    return pass_named(walk);
}

/* A name in the directory that was passed; *last: there is nothing behind it. */
static bool go_down(struct walk *walk, const char *name, bool last)
{
    struct stat status;
    char *path = NULL;
    bool done = false;

    if (asprintf(&path, "%s/%s", walk->passed, name) < 0)
        return ska_fail(walk->errors, SKA_R_OUT_OF_MEMORY, "%s", walk->what);
    if (lstat(path, &status) != 0) {
        /* Nobody has to have made what others cannot make. */
        done = (last && errno == ENOENT) || fail_walk(walk, path);
    } else if (walk->shared && !is_trusted_owner(&status)) {
        fail_owner(walk, path, &status);
    } else if (S_ISLNK(status.st_mode)) {
        done = follow_link(walk, path, &status);
        free(path);
        return done;
    } else {
        done = last || pass_directory(walk, path, &status);
    }
    free(walk->passed);
    walk->passed = path;
    return done;
}

/* The first name of what is left; the rest stays, without the slashes before it. */
static bool take_name(struct walk *walk, char **name)
{
    const char *start = walk->left + strspn(walk->left, "/");
    size_t length = strcspn(start, "/");
    const char *rest = start + length + strspn(start + length, "/");

    *name = strndup(start, length);
    if (*name == NULL)
        return ska_fail(walk->errors, SKA_R_OUT_OF_MEMORY, "%s", walk->what);
    memmove(walk->left, rest, strlen(rest) + 1);
    return true;
}

static bool walk_step(struct walk *walk)
{
    char *name = NULL;
    bool done = false;

    if (!take_name(walk, &name))
        return false;
    if (name[0] == 0 || strcmp(name, ".") == 0)
        done = true;
    else if (strcmp(name, "..") == 0)
        done = go_up(walk);
    else
        done = go_down(walk, name, walk->left[0] == 0);
    free(name);
    return done;
}

static bool start_walk(struct walk *walk, const char *path)
{
    char *here = path[0] == '/' ? strdup("") : getcwd(NULL, 0);

    if (here == NULL)
        return ska_fail(walk->errors, SKA_R_FILE_FAILURE, "%s: the current directory: %s",
                        walk->what, strerror(errno));
    if (asprintf(&walk->left, "%s/%s", here, path) < 0)
        walk->left = NULL;
    free(here);
    walk->passed = strdup("");
    return (walk->left != NULL && walk->passed != NULL) ||
           ska_fail(walk->errors, SKA_R_OUT_OF_MEMORY, "%s", walk->what);
}

bool ska_path_is_safe(const char *what, const char *path, char **resolved,
                      const struct ska_errors *errors)
{
    struct walk walk = {.what = what, .errors = errors};
    bool done = start_walk(&walk, path) && pass_named(&walk);

    while (done && walk.left[0] != 0)
        done = walk_step(&walk);
    if (done && resolved != NULL) {
        *resolved = walk.passed;
        walk.passed = NULL;
    }
    free(walk.passed);
    free(walk.left);
    return done;
}

/* ---- The file at its end --------------------------------------------------------------------- */

static bool file_has_owner_and_mode(int fd, mode_t forbidden, const char *what, const char *path,
                                    const struct ska_errors *errors)
{
    char advice[SKA_OWNER_ADVICE_SIZE];
    char word[SKA_SHELL_WORD_SIZE];
    struct stat status;

    if (fstat(fd, &status) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s %s: %s", what, path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s %s is not a regular file", what, path);
    if (!is_trusted_owner(&status))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s %s belongs to uid %lu: %s", what, path,
                        (unsigned long)status.st_uid,
                        ska_owner_advice(status.st_uid, true, advice));
    if ((status.st_mode & forbidden) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE,
                        "%s %s can be %s by users other than its owner: chmod go%s %s", what, path,
                        forbidden == (S_IWGRP | S_IWOTH) ? "written" : "opened",
                        forbidden == (S_IWGRP | S_IWOTH) ? "-w" : "=", ska_shell_word(path, word));
    return true;
}

bool ska_file_is_safe(int fd, const char *what, const char *path, const struct ska_errors *errors)
{
    return file_has_owner_and_mode(fd, S_IWGRP | S_IWOTH, what, path, errors);
}

bool ska_file_is_private(int fd, const char *what, const char *path,
                         const struct ska_errors *errors)
{
    return file_has_owner_and_mode(fd, S_IRWXG | S_IRWXO, what, path, errors);
}
