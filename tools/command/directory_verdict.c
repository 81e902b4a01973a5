/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/directory_verdict.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "provider/base/printable.h"
#include "provider/sign/directory.h"
#include "provider/sign/new_file.h"

static void name_group(gid_t gid, char name[64])
{
    const struct group *group = getgrgid(gid);

    if (group != NULL && strlen(group->gr_name) < 64)
        snprintf(name, 64, "%s", group->gr_name);
    else
        snprintf(name, 64, "%lu", (unsigned long)gid);
}

static bool is_member(gid_t gid)
{
    gid_t groups[NGROUPS_MAX];
    int count = getgroups(NGROUPS_MAX, groups);

    for (int i = 0; i < count; i++)
        if (groups[i] == gid)
            return true;
    return gid == getegid();
}

/* Access lists say more than the mode does; who has made some knows whom they let in. */
static bool has_access_list(const char *path)
{
    return getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

/* ---- As its group would see it --------------------------------------------------------------- */

/* The first directory on the way that does not let the group through; false: there is none. */
static bool find_closed_way(const char *path, gid_t group, char closed[PATH_MAX],
                            struct stat *status)
{
    char *slash = NULL;

    if (realpath(path, closed) == NULL)
        return false;
    while ((slash = strrchr(closed, '/')) != NULL && slash != closed) {
        *slash = 0;
        if (stat(closed, status) == 0 && !has_access_list(closed) &&
            (status->st_mode & (status->st_gid == group ? S_IXGRP : S_IXOTH)) == 0)
            return true;
    }
    return false;
}

static bool fail_closed_way(const char *path, const struct directory_view *view, const char *closed,
                            const struct stat *status, const struct ska_errors *errors)
{
    struct ska_buffer word = {0};
    char group[SKA_SHELL_WORD_SIZE];

    ska_buffer_shell_word(&word, closed);
    ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
             "%s: its group, %s, cannot get there: %s has mode %04o; its owner can fix that with "
             "chmod o+x %s, or with chgrp %s %s and chmod g+x %s",
             path, view->group, closed, (unsigned int)(status->st_mode & 07777),
             ska_buffer_string(&word), ska_shell_word(view->group, group), ska_buffer_string(&word),
             ska_buffer_string(&word));
    ska_buffer_free(&word);
    return false;
}

/* What is wrong with the directory itself, and what would mend it. */
static bool check_group_mode(const char *path, const struct directory_view *view,
                             const struct ska_errors *errors)
{
    char word[SKA_SHELL_WORD_SIZE];
    char closed[PATH_MAX];
    struct stat status;

    if ((view->place.st_mode & S_IRWXG) != S_IRWXG)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s has mode %04o: its group, %s, cannot see requests and leave approvals "
                        "there; its owner can fix that with chmod 3770 %s",
                        path, (unsigned int)(view->place.st_mode & 07777), view->group,
                        ska_shell_word(path, word));
    return !find_closed_way(path, view->place.st_gid, closed, &status) ||
           fail_closed_way(path, view, closed, &status, errors);
}

/*
 * What a signature would leave there: a file made in the same way, which is gone again. Root could
 * give it to any group, which the user who signs cannot.
 */
static bool leave_request(const struct ska_directory *directory, const struct directory_view *view,
                          struct stat *left, const struct ska_errors *errors)
{
    static const char id[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct ska_new_file file = {
        .group = geteuid() == 0 && !is_member(view->place.st_gid) ? (gid_t)-1 : view->place.st_gid};
    bool done =
        ska_new_file_write(&file, ska_directory_fd(directory), ska_directory_path(directory), id,
                           ska_span_text("skatool check-config\n"), 0640, errors);

    if (!done)
        return false;
    done = fstat(file.fd, left) == 0 || ska_directory_fail(directory, file.name, errors);
    ska_new_file_end(&file);
    return done;
}

static bool check_left_request(const char *path, const struct directory_view *view,
                               const struct stat *left, const struct ska_errors *errors)
{
    char word[SKA_SHELL_WORD_SIZE];
    char own[64];

    name_group(left->st_gid, own);
    if (left->st_gid != view->place.st_gid)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s: requests of uid %lu would be of group %s, which the directory's "
                        "group, %s, cannot read: uid %lu is not in it, and the directory is not "
                        "setgid; its owner can fix that with chmod 3770 %s",
                        path, (unsigned long)geteuid(), own, view->group, (unsigned long)geteuid(),
                        ska_shell_word(path, word));
    return (left->st_mode & S_IRGRP) != 0 ||
           ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                    "%s: files made there have mode %04o, so that the directory's group, %s, "
                    "cannot read requests: another file system is needed",
                    path, (unsigned int)(left->st_mode & 07777), view->group);
}

/* Shared with a group, or the signer's alone: then nobody else can leave approvals there. */
static bool is_shared(const struct directory_view *view)
{
    return (view->place.st_mode & S_IWGRP) != 0 ||
           ((view->place.st_mode & S_IRWXG) != 0 && !is_member(view->place.st_gid));
}

static enum directory_verdict judge_sharing(const struct ska_directory *directory,
                                            const struct directory_view *view,
                                            const struct ska_errors *errors)
{
    const char *path = ska_directory_path(directory);
    struct stat left;

    if (has_access_list(path))
        return DIRECTORY_BY_LIST;
    if (!is_shared(view))
        return DIRECTORY_PRIVATE;
    return leave_request(directory, view, &left, errors) && check_group_mode(path, view, errors) &&
                   check_left_request(path, view, &left, errors)
               ? DIRECTORY_SHARED
               : DIRECTORY_FAILED;
}

/* ---- As who signs ---------------------------------------------------------------------------- */

static bool see_directory(const char *path, struct directory_view *view)
{
    if (stat(path, &view->place) != 0)
        return false;
    name_group(view->place.st_gid, view->group);
    return true;
}

static enum directory_verdict fail_others(const char *path, const struct directory_view *view,
                                          const struct ska_errors *errors)
{
    char word[SKA_SHELL_WORD_SIZE];

    ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
             "%s belongs to uid %lu and the group %s, and uid %lu, who signs, cannot leave "
             "requests there: chown %lu %s, or make this user one of the group",
             path, (unsigned long)view->place.st_uid, view->group, (unsigned long)geteuid(),
             (unsigned long)geteuid(), ska_shell_word(path, word));
    return DIRECTORY_OTHERS;
}

static enum directory_verdict judge_open(const struct ska_directory *directory,
                                         const struct directory_view *view,
                                         const struct ska_errors *errors)
{
    const char *path = ska_directory_path(directory);

    if (access(path, R_OK | W_OK | X_OK) == 0)
        return judge_sharing(directory, view, errors);
    ska_fail(errors, SKA_R_DIRECTORY_UNSAFE, "%s: requests cannot be left there: %s", path,
             strerror(errno));
    return DIRECTORY_FAILED;
}

enum directory_verdict directory_judge(const char *path, struct directory_view *view,
                                       const struct ska_errors *errors)
{
    struct ska_directory *directory = NULL;
    enum directory_verdict verdict = DIRECTORY_FAILED;

    memset(view, 0, sizeof(*view));
    if (see_directory(path, view) && access(path, R_OK | W_OK | X_OK) != 0 && errno == EACCES)
        return fail_others(path, view, errors);
    if (!ska_directory_open(path, SKA_DIRECTORY_TO_SIGN, &directory, errors))
        return DIRECTORY_FAILED;
    verdict = judge_open(directory, view, errors);
    ska_directory_close(directory);
    return verdict;
}
