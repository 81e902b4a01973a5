/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that stand in an approvals directory. Others may write there too: whose a file is
 * decides who may speak through it, so a signer reads no request but those of its own user, and
 * what others have put under a name is never followed, read or replaced.
 */
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
#include "provider/base/json.h"
#include "provider/sign/directory.h"
#include "provider/sign/new_file.h"

#define REQUEST_MODE 0640

/* ---- Reading --------------------------------------------------------------------------------- */

int ska_directory_open_request(const struct ska_directory *directory, const char *name)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    return openat(ska_directory_fd(directory), name,
                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* See ska_directory_read(). */
static bool parse_standing(struct ska_span text, const char *name, const char *id,
                           struct ska_request **request, const struct ska_errors *errors)
{
    if (!ska_request_parse(text, name, request, errors))
        return false;
    ska_approvals_free((*request)->approvals, (*request)->approval_count);
    (*request)->approvals = NULL;
    (*request)->approval_count = 0;
    if (strcmp((*request)->id, id) == 0)
        return true;
    ska_request_free(*request);
    *request = NULL;
    return ska_fail(errors, SKA_R_BAD_REQUEST, "the request in %s has another id", name);
}

bool ska_directory_read(const struct ska_directory *directory, const char *id,
                        struct ska_request **request, uid_t *owner, const struct ska_errors *errors)
{
    char name[SKA_FILE_NAME_SIZE];
    struct ska_bytes text = {NULL, 0};
    struct stat status;
    int fd = -1;
    bool done = false;

    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    fd = ska_directory_open_request(directory, name);
    if (fd < 0 && errno == ENOENT)
        return ska_directory_fail_not_open(directory, id, NULL, errors);
    if (fd < 0 && errno == ELOOP)
        return ska_fail(errors, SKA_R_APPROVALS_DIRECTORY, "%s: is a symbolic link", name);
    if (fd < 0)
        return ska_directory_fail(directory, name, errors);
    done = (fstat(fd, &status) == 0 || ska_directory_fail(directory, name, errors)) &&
           ska_file_read_descriptor(fd, name, SKA_JSON_LIMIT, &text, errors) &&
           parse_standing(ska_span_of(&text), name, id, request, errors);
    if (done)
        *owner = status.st_uid;
    ska_bytes_free(&text);
    close(fd);
    return done;
}

/* ---- Finding --------------------------------------------------------------------------------- */

void ska_directory_let_go(int hold)
{
    if (hold < 0)
        return;
    /* A child that was forked meanwhile has the descriptor too, and with it the lock. */
    flock(hold, LOCK_UN);
    close(hold);
}

void ska_standing_request_clear(struct ska_standing_request *standing)
{
    ska_request_free(standing->request);
    ska_directory_let_go(standing->hold);
    *standing = (struct ska_standing_request){.hold = -1};
}

/* What cannot be opened: gone, for want of something that passes, or in the way. */
static bool find_unopened(const struct ska_directory *directory, const char *name,
                          struct ska_standing_request *found, const struct ska_errors *errors)
{
    struct stat status;

    if (errno != ENOENT && ska_directory_failure_passes(errno))
        return ska_directory_fail(directory, name, errors);
    if (errno == ENOENT ||
        fstatat(ska_directory_fd(directory), name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || ska_directory_fail(directory, name, errors);
    found->state = SKA_NAME_TAKEN;
    found->owner = status.st_uid;
    return true;
}

/* Held before it is looked at; who closed it before that has removed it. */
static bool find_own(const struct ska_directory *directory, const char *name, const char *id,
                     int fd, struct ska_standing_request *found, const struct ska_errors *errors)
{
    struct ska_bytes text = {NULL, 0};
    struct stat status;

    if (ska_directory_lock_moment(fd, LOCK_SH))
        found->hold = fd;
    if (fstat(fd, &status) != 0)
        return ska_directory_fail(directory, name, errors);
    if (status.st_nlink == 0) {
        found->state = SKA_NAME_FREE;
        return true;
    }
    errno = 0;
    if (!ska_file_read_descriptor(fd, name, SKA_JSON_LIMIT, &text, NULL))
        return !ska_directory_failure_passes(errno) || ska_directory_fail(directory, name, errors);
    if (parse_standing(ska_span_of(&text), name, id, &found->request, NULL))
        found->state = SKA_NAME_OWN;
    ska_bytes_free(&text);
    return true;
}

static bool find_opened(const struct ska_directory *directory, const char *name, const char *id,
                        int fd, struct ska_standing_request *found, const struct ska_errors *errors)
{
    struct stat status;
    bool done = fstat(fd, &status) == 0 || ska_directory_fail(directory, name, errors);

    found->state = SKA_NAME_TAKEN;
    if (done)
        found->owner = status.st_uid;
    if (done && status.st_uid == geteuid() && S_ISREG(status.st_mode))
        done = find_own(directory, name, id, fd, found, errors);
    if (found->hold < 0)
        close(fd);
    if (found->state != SKA_NAME_OWN) {
        ska_directory_let_go(found->hold);
        found->hold = -1;
    }
    return done;
}

bool ska_directory_find(const struct ska_directory *directory, const char *id,
                        struct ska_standing_request *found, const struct ska_errors *errors)
{
    char name[SKA_FILE_NAME_SIZE];
    int fd = -1;

    *found = (struct ska_standing_request){.hold = -1};
    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    fd = ska_directory_open_request(directory, name);
    return fd < 0 ? find_unopened(directory, name, found, errors)
                  : find_opened(directory, name, id, fd, found, errors);
}

bool ska_directory_stands(const struct ska_directory *directory, const char *id, int hold)
{
    char name[SKA_FILE_NAME_SIZE];
    struct stat named;
    struct stat held;

    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    if (fstatat(ska_directory_fd(directory), name, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return hold < 0 ||
           (fstat(hold, &held) == 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino);
}

/* ---- Publishing ------------------------------------------------------------------------------ */

/* Waits at most two seconds: whoever may open the directory could hold the lock for ever. */
static bool directory_lock(const struct ska_directory *directory)
{
    const struct timespec pause = {0, 20000000};

    for (int i = 0; i < 100; i++) {
        if (flock(ska_directory_fd(directory), LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* A request that is written, and the name that it shall have. */
struct candidate {
    const struct ska_request *request;
    const char *temporary;
    const char *name;
};

/* *linked: it has its name now. */
static bool link_candidate(const struct ska_directory *directory, const struct candidate *candidate,
                           bool *linked, const struct ska_errors *errors)
{
    int fd = ska_directory_fd(directory);

    *linked = linkat(fd, candidate->temporary, fd, candidate->name, 0) == 0;
    return *linked || errno == EEXIST || ska_directory_fail(directory, candidate->name, errors);
}

static bool is_expired(const struct ska_standing_request *standing,
                       const struct ska_request *expired)
{
    return standing->state == SKA_NAME_OWN && expired != NULL &&
           ska_request_has_same_token(standing->request, expired);
}

/* Under the lock, so that of two who do so one finds the other's, and no approval for it is lost.
 */
static bool replace_expired(const struct ska_directory *directory,
                            const struct candidate *candidate, const struct ska_request *expired,
                            struct ska_standing_request *standing, bool *settled,
                            const struct ska_errors *errors)
{
    int fd = ska_directory_fd(directory);

    ska_standing_request_clear(standing);
    if (!ska_directory_find(directory, candidate->request->id, standing, errors))
        return false;
    *settled = standing->state != SKA_NAME_FREE;
    if (!is_expired(standing, expired))
        return true;
    if (!ska_request_has_same_token(standing->request, candidate->request))
        ska_directory_remove_answers(directory, candidate->request->id, NULL, NULL);
    ska_standing_request_clear(standing);
    return renameat(fd, candidate->temporary, fd, candidate->name) == 0 ||
           ska_directory_fail(directory, candidate->name, errors);
}

/* *settled: the candidate has its name, or *standing says what has it. */
static bool replace_or_yield(const struct ska_directory *directory,
                             const struct candidate *candidate, const struct ska_request *expired,
                             struct ska_standing_request *standing, bool *settled,
                             const struct ska_errors *errors)
{
    bool done = ska_directory_find(directory, candidate->request->id, standing, errors);

    if (done && standing->state == SKA_NAME_FREE)
        return link_candidate(directory, candidate, settled, errors);
    *settled = true;
    if (!done || !is_expired(standing, expired))
        return done;
    /* Nothing is replaced without the lock, and nobody is stopped by it: another name is as good.
     */
    if (!directory_lock(directory)) {
        ska_standing_request_clear(standing);
        standing->state = SKA_NAME_TAKEN;
        standing->owner = geteuid();
        return true;
    }
    done = replace_expired(directory, candidate, expired, standing, settled, errors);
    flock(ska_directory_fd(directory), LOCK_UN);
    return done;
}

/* So often it may come and go in between, as others open and close it. */
#define TRIES_MOST 1000

static bool give_name(const struct ska_directory *directory, const struct candidate *candidate,
                      const struct ska_request *expired, struct ska_standing_request *standing,
                      const struct ska_errors *errors)
{
    bool settled = false;
    bool done = link_candidate(directory, candidate, &settled, errors);

    for (int tries = 0; done && !settled && tries < TRIES_MOST; tries++)
        done = replace_or_yield(directory, candidate, expired, standing, &settled, errors);
    if (done && !settled)
        standing->state = SKA_NAME_TAKEN;
    return done;
}

/*
 * Where the file system gives files to somebody else, as network file systems do, no request could
 * be told from those of others.
 */
static bool check_owner(const struct ska_directory *directory, int fd,
                        const struct ska_errors *errors)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return ska_directory_fail(directory, "", errors);
    return status.st_uid == geteuid() ||
           ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                    "files that uid %lu makes in %s belong to uid %lu there: mount it so that they "
                    "are the signer's",
                    (unsigned long)geteuid(), ska_directory_path(directory),
                    (unsigned long)status.st_uid);
}

/* Approvers are the directory's group; a signer who may not give it away is one of them. */
static gid_t group_of(const struct ska_directory *directory)
{
    struct stat status;

    return fstat(ska_directory_fd(directory), &status) == 0 ? status.st_gid : (gid_t)-1;
}

bool ska_directory_publish(const struct ska_directory *directory, const struct ska_request *request,
                           const struct ska_request *expired, struct ska_standing_request *standing,
                           const struct ska_errors *errors)
{
    char name[SKA_FILE_NAME_SIZE];
    struct ska_new_file file = {.group = group_of(directory)};
    const struct candidate candidate = {request, file.name, name};
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    *standing = (struct ska_standing_request){.hold = -1};
    ska_file_name(request->id, NULL, SKA_FILE_REQUEST, name);
    if (!ska_request_print(request, &text, errors))
        return false;
    done = ska_new_file_write(&file, ska_directory_fd(directory), ska_directory_path(directory),
                              request->id, ska_span_of(&text), REQUEST_MODE, errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    done = check_owner(directory, file.fd, errors) &&
           give_name(directory, &candidate, expired, standing, errors);
    if (done && standing->state == SKA_NAME_FREE)
        standing->hold = ska_new_file_keep(&file);
    else
        ska_new_file_end(&file);
    return done;
}
