/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a request in an approvals directory: whether anybody still works on it, closing it
 * when it is done, and withdrawing it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "provider/sign/directory.h"

/* ---- Who works on it ------------------------------------------------------------------------- */

/* Locks of other computers are not seen by all of these. */
static bool is_of_network(int fd)
{
    static const unsigned int kinds[] = {0x6969U /* NFS */, 0x65735546U /* FUSE */,
                                         0xFF534D42U /* CIFS */, 0xFE534D42U /* SMB2 */};
    struct statfs status;

    if (fstatfs(fd, &status) != 0)
        return true;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if ((unsigned int)status.f_type == kinds[i])
            return true;
    return false;
}

enum ska_awaited ska_directory_awaited(const struct ska_directory *directory, const char *id)
{
    char name[SKA_FILE_NAME_SIZE];
    enum ska_awaited awaited = SKA_AWAITED_UNKNOWN;
    int fd = -1;

    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    fd = ska_directory_open_request(directory, name);
    if (fd < 0)
        return SKA_AWAITED_UNKNOWN;
    if (!is_of_network(fd)) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            awaited = SKA_AWAITED_NO;
        else if (errno == EWOULDBLOCK)
            awaited = SKA_AWAITED_YES;
    }
    ska_directory_let_go(fd);
    return awaited;
}

/* ---- Closing --------------------------------------------------------------------------------- */

/* Others have approved, or will, what another process has put there since. */
static bool is_anothers(const struct ska_directory *directory, const struct ska_request *request)
{
    struct ska_standing_request standing;
    bool anothers =
        !ska_directory_find(directory, request->id, &standing, NULL) ||
        (standing.state == SKA_NAME_OWN && !ska_request_has_same_token(standing.request, request));

    ska_standing_request_clear(&standing);
    return anothers;
}

/*
 * Who holds the file that stands there no more has nothing to close: what has the name now is
 * another's, even if both have the same token.
 */
static bool holds_it_alone(const struct ska_directory *directory, const struct ska_request *request,
                           int hold)
{
    return hold < 0 || (ska_directory_lock_moment(hold, LOCK_EX) &&
                        ska_directory_stands(directory, request->id, hold));
}

bool ska_directory_close_request(const struct ska_directory *directory,
                                 const struct ska_request *request, int hold,
                                 struct timespec *changed, struct ska_leftovers *left)
{
    /* Of several that hold it the last one closes it: who fails here has let go. */
    bool closed = holds_it_alone(directory, request, hold) && !is_anothers(directory, request);
    char name[SKA_FILE_NAME_SIZE];

    if (left != NULL)
        *left = (struct ska_leftovers){0, 0};
    *changed = (struct timespec){0, 0};
    if (hold >= 0)
        (void)!ska_directory_changed(directory, changed);
    ska_file_name(request->id, NULL, SKA_FILE_REQUEST, name);
    if (closed && unlinkat(ska_directory_fd(directory), name, 0) != 0)
        ska_directory_note_leftover(directory, name, left);
    /* Before what others left is looked at: that may be another name of the same file. */
    ska_directory_let_go(hold);
    return closed;
}

void ska_directory_finish(const struct ska_directory *directory, const struct ska_request *request,
                          int hold, struct ska_leftovers *left)
{
    struct timespec changed;

    if (ska_directory_close_request(directory, request, hold, &changed, left))
        ska_directory_remove_answers(directory, request->id, NULL, left);
}

/* ---- Withdrawing ----------------------------------------------------------------------------- */

static bool fail_withdraw(const struct ska_directory *directory, const char *name,
                          const struct ska_errors *errors)
{
    if (errno != EACCES && errno != EPERM)
        return ska_directory_fail(directory, name, errors);
    return ska_fail(errors, SKA_R_APPROVALS_DIRECTORY,
                    "%s/%s: only the user who made the request, or root, can withdraw it",
                    ska_directory_path(directory), name);
}

/*
 * Who waits for it holds this very file, and sees that it is empty. Of what has another name too,
 * which somebody may have linked here for that, only this name goes: it can be any file of root's
 * or of the signer's.
 */
static bool withdraw_opened(const struct ska_directory *directory, const char *id, const char *name,
                            int fd, const struct ska_errors *errors)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return ska_directory_fail(directory, name, errors);
    if (!S_ISREG(status.st_mode) || (status.st_uid != geteuid() && geteuid() != 0)) {
        errno = EPERM;
        return fail_withdraw(directory, name, errors);
    }
    if (status.st_nlink == 1 && ftruncate(fd, 0) != 0)
        return ska_directory_fail(directory, name, errors);
    return !ska_directory_stands(directory, id, fd) ||
           unlinkat(ska_directory_fd(directory), name, 0) == 0 ||
           fail_withdraw(directory, name, errors);
}

bool ska_directory_withdraw(const struct ska_directory *directory, const char *id,
                            struct ska_leftovers *left, const struct ska_errors *errors)
{
    char name[SKA_FILE_NAME_SIZE];
    bool done = false;
    int fd = -1;

    *left = (struct ska_leftovers){0, 0};
    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    fd = openat(ska_directory_fd(directory), name,
                O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return fail_withdraw(directory, name, errors);
    done = withdraw_opened(directory, id, name, fd, errors);
    close(fd);
    if (done)
        ska_directory_remove_answers(directory, id, NULL, left);
    return done;
}

bool ska_directory_was_withdrawn(int hold)
{
    struct stat status;

    return hold >= 0 && fstat(hold, &status) == 0 && status.st_size == 0;
}
