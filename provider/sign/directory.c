/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/request/algorithm.h"
#include "provider/base/json.h"
#include "provider/sign/new_file.h"

#define REQUEST_SUFFIX ".request.json"
#define APPROVAL_SUFFIX ".approval.json"
#define REFUSAL_SUFFIX ".reject.json"
#define NAME_SIZE (SKA_REQUEST_ID_LENGTH + sizeof(REQUEST_SUFFIX))

struct ska_directory {
    int fd;
    char *path;
};

int ska_directory_fd(const struct ska_directory *directory)
{
    return directory->fd;
}

const char *ska_directory_path(const struct ska_directory *directory)
{
    return directory->path;
}

static bool is_safe(int fd, const char *path, const struct ska_errors *errors)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s belongs to uid %lu: it must be owned by root or by uid %lu, who signs",
                        path, (unsigned long)status.st_uid, (unsigned long)geteuid());
    if ((status.st_mode & S_IWOTH) != 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s is writable by everybody: chmod o-w, and let approvers share a group",
                        path);
    if ((status.st_mode & S_IWGRP) != 0 && (status.st_mode & S_ISVTX) == 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s is writable by its group without the sticky bit: chmod +t", path);
    return true;
}

bool ska_directory_open(const char *path, struct ska_directory **directory,
                        const struct ska_errors *errors)
{
    struct ska_directory *opened = NULL;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "approvals directory %s: %s (as uid %lu)", path,
                        strerror(errno), (unsigned long)geteuid());
    if (!is_safe(fd, path, errors)) {
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

/* ---- The open request ------------------------------------------------------------------------ */

static void request_name(const char *id, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%s" REQUEST_SUFFIX, id);
}

static bool is_same_matter(const struct ska_request *a, const struct ska_request *b)
{
    return strcmp(a->id, b->id) == 0 && a->operation == b->operation && a->key_label != NULL &&
           b->key_label != NULL && strcmp(a->key_label, b->key_label) == 0 &&
           ska_span_equal(ska_span_of(&a->public_key), ska_span_of(&b->public_key)) &&
           ska_span_equal(ska_span_of(&a->payload), ska_span_of(&b->payload)) &&
           (a->operation != SKA_OPERATION_SIGN || ska_algorithm_same(&a->mechanism, &b->mechanism));
}

bool ska_directory_failure_passes(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR ||
           error == EIO || error == ESTALE;
}

bool ska_directory_find(const struct ska_directory *directory, const struct ska_request *draft,
                        struct ska_request **found, const struct ska_errors *errors)
{
    char name[NAME_SIZE];
    struct stat status;
    struct ska_bytes text = {NULL, 0};
    struct ska_request *request = NULL;

    *found = NULL;
    request_name(draft->id, name);
    if (fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ||
               ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", directory->path, strerror(errno));
    errno = 0;
    if (!ska_file_read_at(directory->fd, name, name, SKA_JSON_LIMIT, &text, NULL))
        return !ska_directory_failure_passes(errno) ||
               ska_fail(errors, SKA_R_FILE_FAILURE, "%s/%s: %s", directory->path, name,
                        strerror(errno));
    if (ska_request_parse(ska_span_of(&text), name, &request, NULL) &&
        is_same_matter(request, draft)) {
        /* Approvals come as files of their own; those inside have not been verified. */
        ska_approvals_free(request->approvals, request->approval_count);
        request->approvals = NULL;
        request->approval_count = 0;
        *found = request;
        request = NULL;
    }
    ska_request_free(request);
    ska_bytes_free(&text);
    return true;
}

/* Waits at most two seconds: whoever may open the directory could hold the lock for ever. */
static bool lock(const struct ska_directory *directory, const struct ska_errors *errors)
{
    const struct timespec pause = {0, 20 * 1000 * 1000};

    for (int i = 0; i < 100; i++) {
        if (flock(directory->fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        nanosleep(&pause, NULL);
    }
    return ska_fail(errors, SKA_R_FILE_FAILURE, "cannot lock %s: %s", directory->path,
                    strerror(errno));
}

bool ska_directory_stands(const struct ska_directory *directory, const struct ska_request *request,
                          int hold)
{
    char name[NAME_SIZE];
    struct stat named;
    struct stat held;

    request_name(request->id, name);
    if (fstatat(directory->fd, name, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return hold < 0 ||
           (fstat(hold, &held) == 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino);
}

static void remove_answers(const struct ska_directory *directory, const char *id);

/* Forgets a standing request that has expired, so that the new one takes its place. */
static void drop_expired(const struct ska_directory *directory, const struct ska_request *expired,
                         struct ska_request **standing)
{
    if (*standing == NULL || expired == NULL ||
        !ska_span_equal(ska_span_of(&(*standing)->approval_token),
                        ska_span_of(&expired->approval_token)))
        return;
    remove_answers(directory, expired->id);
    ska_request_free(*standing);
    *standing = NULL;
}

/* A complete request, written under a temporary name, and what its name is to be. */
struct candidate {
    const struct ska_request *request;
    const char *temporary;
    const char *name;
};

/* The name is taken: by a request for this matter, or by a file that goes, so that ours comes. */
static bool adopt_or_replace(const struct ska_directory *directory,
                             const struct candidate *candidate, const struct ska_request *expired,
                             struct ska_request **standing, const struct ska_errors *errors)
{
    bool done = false;

    if (!lock(directory, errors))
        return false;
    if (ska_directory_find(directory, candidate->request, standing, errors)) {
        drop_expired(directory, expired, standing);
        done = *standing != NULL ||
               renameat(directory->fd, candidate->temporary, directory->fd, candidate->name) == 0 ||
               ska_fail(errors, SKA_R_FILE_FAILURE,
                        "%s/%s is no request for this signature and cannot be replaced: %s",
                        directory->path, candidate->name, strerror(errno));
    }
    flock(directory->fd, LOCK_UN);
    return done;
}

/* Approvers are the directory's group; a signer who may not give it away is one of them. */
static void share_with_group(const struct ska_directory *directory, int fd)
{
    struct stat status;

    if (fstat(directory->fd, &status) == 0)
        (void)!fchown(fd, (uid_t)-1, status.st_gid);
}

bool ska_directory_publish(const struct ska_directory *directory, const struct ska_request *request,
                           const struct ska_request *expired, struct ska_request **standing,
                           const struct ska_errors *errors)
{
    char name[NAME_SIZE];
    struct ska_new_file file;
    const struct candidate candidate = {request, file.name, name};
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    *standing = NULL;
    request_name(request->id, name);
    if (!ska_request_print(request, &text, errors))
        return false;
    done = ska_new_file_write(&file, directory->fd, directory->path, request->id,
                              ska_span_of(&text), 0640, errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    share_with_group(directory, file.fd);
    if (linkat(directory->fd, file.name, directory->fd, name, 0) != 0)
        done = errno == EEXIST ? adopt_or_replace(directory, &candidate, expired, standing, errors)
                               : ska_fail(errors, SKA_R_FILE_FAILURE, "%s/%s: %s", directory->path,
                                          name, strerror(errno));
    ska_new_file_end(&file);
    return done;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

enum ska_answer ska_directory_answer(const char *name, const char *id)
{
    /* ID.<anything>.approval.json */
    if (strncmp(name, id, SKA_REQUEST_ID_LENGTH) != 0 || name[SKA_REQUEST_ID_LENGTH] != '.')
        return SKA_ANSWER_NONE;
    name += SKA_REQUEST_ID_LENGTH + 1;
    if (ends_with(name, APPROVAL_SUFFIX) && strlen(name) > strlen(APPROVAL_SUFFIX))
        return SKA_ANSWER_APPROVAL;
    if (ends_with(name, REFUSAL_SUFFIX) && strlen(name) > strlen(REFUSAL_SUFFIX))
        return SKA_ANSWER_REFUSAL;
    return SKA_ANSWER_NONE;
}

DIR *ska_directory_list(const struct ska_directory *directory)
{
    /* A descriptor of its own: reading must not move the position of another's. */
    int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);

    if (fd >= 0 && listing == NULL)
        close(fd);
    return listing;
}

int ska_directory_hold(const struct ska_directory *directory, const char *id)
{
    char name[NAME_SIZE];
    struct stat status;
    int fd = -1;

    request_name(id, name);
    fd = openat(directory->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
                    flock(fd, LOCK_SH | LOCK_NB) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void remove_answers(const struct ska_directory *directory, const char *id)
{
    DIR *listing = ska_directory_list(directory);
    const struct dirent *entry = NULL;

    while (listing != NULL && (entry = readdir(listing)) != NULL)
        if (ska_directory_answer(entry->d_name, id) != SKA_ANSWER_NONE)
            unlinkat(directory->fd, entry->d_name, 0);
        else
            ska_new_file_clean(directory->fd, entry->d_name, id);
    if (listing != NULL)
        closedir(listing);
}

/* Others have approved, or will, what another process has put there since. */
static bool is_anothers(const struct ska_directory *directory, const struct ska_request *request)
{
    struct ska_request *standing = NULL;
    bool anothers = !ska_directory_find(directory, request, &standing, NULL) ||
                    (standing != NULL && !ska_span_equal(ska_span_of(&standing->approval_token),
                                                         ska_span_of(&request->approval_token)));

    ska_request_free(standing);
    return anothers;
}

void ska_directory_finish(const struct ska_directory *directory, const struct ska_request *request,
                          int hold)
{
    char name[NAME_SIZE];

    /* Of several that hold it the last one closes it: who fails here has let go. */
    if ((hold < 0 || flock(hold, LOCK_EX | LOCK_NB) == 0) && !is_anothers(directory, request)) {
        request_name(request->id, name);
        unlinkat(directory->fd, name, 0);
        /* Before what others left is looked at: that may be another name of the same file. */
        ska_directory_let_go(hold);
        hold = -1;
        remove_answers(directory, request->id);
    }
    ska_directory_let_go(hold);
}

void ska_directory_let_go(int hold)
{
    if (hold < 0)
        return;
    /* A child that was forked meanwhile has the descriptor too, and with it the lock. */
    flock(hold, LOCK_UN);
    close(hold);
}
