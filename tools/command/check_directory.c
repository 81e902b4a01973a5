/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: the approvals directory, as who signs and as its group would see it.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "provider/base/printable.h"
#include "provider/record/evidence.h"
#include "provider/sign/directory.h"
#include "provider/sign/new_file.h"
#include "tools/command/check.h"
#include "tools/show/text.h"

/*
 * The folder for evidence is made beforehand, before somebody else takes the name; but not by root,
 * whom it would belong to, and not to who signs.
 */
static void check_evidence(struct tool *tool, const struct ska_directory *directory)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    const char *path = ska_directory_path(directory);
    char *shown = NULL;
    int place = -1;

    if (geteuid() == 0)
        return;
    if (!ska_evidence_place(ska_directory_fd(directory), path, &place, &shown, &quiet)) {
        check_captured(tool, "approvals-dir", &capture);
        return;
    }
    if (strcmp(shown + strlen(path), "/done") != 0)
        check_warning(
            "approvals-dir",
            "%s/done is not this user's: evidence goes to %s; the owner of %s can remove it", path,
            shown, path);
    close(place);
    free(shown);
}

/* ---- The group ------------------------------------------------------------------------------- */

/* An approvals directory as its group would see it. */
struct group_view {
    const char *path;
    const char *word; /* the same, for a shell */
    struct stat place;
    char group[64]; /* "approvers", or its number */
};

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

/* The first directory on the way that does not let the group through; false: there is none. */
static bool find_closed_way(const struct group_view *view, char closed[PATH_MAX],
                            struct stat *status)
{
    char *slash = NULL;

    if (realpath(view->path, closed) == NULL)
        return false;
    while ((slash = strrchr(closed, '/')) != NULL && slash != closed) {
        *slash = 0;
        if (stat(closed, status) == 0 && !has_access_list(closed) &&
            (status->st_mode & (status->st_gid == view->place.st_gid ? S_IXGRP : S_IXOTH)) == 0)
            return true;
    }
    return false;
}

/*
 * What a signature would leave there: a file made in the same way, which is gone again. Root could
 * give it to any group, which the user who signs cannot.
 */
static bool leave_request(const struct ska_directory *directory, const struct group_view *view,
                          struct stat *left, const struct ska_errors *errors)
{
    static const char id[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct ska_new_file file = {
        .group = geteuid() == 0 && !is_member(view->place.st_gid) ? (gid_t)-1 : view->place.st_gid};
    bool done = ska_new_file_write(&file, ska_directory_fd(directory), view->path, id,
                                   ska_span_text("skatool check-config\n"), 0640, errors);

    if (!done)
        return false;
    done = fstat(file.fd, left) == 0 || ska_directory_fail(directory, file.name, errors);
    ska_new_file_end(&file);
    return done;
}

/* What is wrong with the directory itself, and what would mend it. */
static bool check_group_mode(struct tool *tool, const struct group_view *view)
{
    struct ska_buffer word = {0};
    char group[SKA_SHELL_WORD_SIZE];
    char closed[PATH_MAX];
    struct stat status;

    if ((view->place.st_mode & S_IRWXG) != S_IRWXG) {
        check_failed(tool, "approvals-dir", SKA_R_DIRECTORY_UNSAFE,
                     "%s has mode %04o: its group, %s, cannot see requests and leave approvals "
                     "there; its owner can fix that with chmod 3770 %s",
                     view->path, (unsigned int)(view->place.st_mode & 07777), view->group,
                     view->word);
        return false;
    }
    if (find_closed_way(view, closed, &status)) {
        ska_buffer_shell_word(&word, closed);
        check_failed(tool, "approvals-dir", SKA_R_DIRECTORY_UNSAFE,
                     "%s: its group, %s, cannot get there: %s has mode %04o; its owner can fix "
                     "that with chmod o+x %s, or with chgrp %s %s and chmod g+x %s",
                     view->path, view->group, closed, (unsigned int)(status.st_mode & 07777),
                     ska_buffer_string(&word), ska_shell_word(view->group, group),
                     ska_buffer_string(&word), ska_buffer_string(&word));
        ska_buffer_free(&word);
        return false;
    }
    return true;
}

static void check_left_request(struct tool *tool, const struct group_view *view,
                               const struct stat *left)
{
    char own[64];

    name_group(left->st_gid, own);
    if (left->st_gid != view->place.st_gid)
        check_failed(tool, "approvals-dir", SKA_R_DIRECTORY_UNSAFE,
                     "%s: requests of uid %lu would be of group %s, which the directory's group, "
                     "%s, cannot read: uid %lu is not in it, and the directory is not setgid; its "
                     "owner can fix that with chmod 3770 %s",
                     view->path, (unsigned long)geteuid(), own, view->group,
                     (unsigned long)geteuid(), view->word);
    else if ((left->st_mode & S_IRGRP) == 0)
        check_failed(tool, "approvals-dir", SKA_R_DIRECTORY_UNSAFE,
                     "%s: files made there have mode %04o, so that the directory's group, %s, "
                     "cannot read requests: another file system is needed",
                     view->path, (unsigned int)(left->st_mode & 07777), view->group);
    else
        check_ok("approvals-dir", "%s, shared with the group %s", view->path, view->group);
}

/* Shared with a group, or the signer's alone: then nobody else can leave approvals there. */
static bool is_shared(const struct group_view *view)
{
    return (view->place.st_mode & S_IWGRP) != 0 ||
           ((view->place.st_mode & S_IRWXG) != 0 && !is_member(view->place.st_gid));
}

static void check_group(struct tool *tool, const struct ska_directory *directory)
{
    struct ska_buffer word = {0};
    struct group_view view = {.path = ska_directory_path(directory)};
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct stat left;

    if (fstat(ska_directory_fd(directory), &view.place) != 0) {
        check_failed(tool, "approvals-dir", SKA_R_FILE_FAILURE, "%s: %s", view.path,
                     strerror(errno));
        return;
    }
    name_group(view.place.st_gid, view.group);
    ska_buffer_shell_word(&word, view.path);
    view.word = ska_buffer_string(&word);
    if (has_access_list(view.path))
        check_ok("approvals-dir", "%s; its access list was not checked (see getfacl)", view.path);
    else if (!is_shared(&view))
        check_ok(
            "approvals-dir",
            "%s, not shared: only uid %lu and root can leave approvals there (to share it with a "
            "group: chgrp GROUP, then chmod 3770)",
            view.path, (unsigned long)view.place.st_uid);
    else if (!leave_request(directory, &view, &left, &quiet))
        check_captured(tool, "approvals-dir", &capture);
    else if (check_group_mode(tool, &view))
        check_left_request(tool, &view, &left);
    ska_buffer_free(&word);
    ska_error_capture_clear(&capture);
}

/* A directory of somebody else's, which who signs may not use; false: that is not what is wrong. */
static bool check_entry(struct tool *tool, const char *path)
{
    struct ska_buffer word = {0};
    char group[64];
    struct stat status;

    if (access(path, R_OK | W_OK | X_OK) == 0 || errno != EACCES || stat(path, &status) != 0)
        return false;
    name_group(status.st_gid, group);
    ska_buffer_shell_word(&word, path);
    check_failed(tool, "approvals-dir", SKA_R_DIRECTORY_UNSAFE,
                 "%s belongs to uid %lu and the group %s, and uid %lu, who signs, cannot leave "
                 "requests there: chown %lu %s, or make this user one of the group",
                 path, (unsigned long)status.st_uid, group, (unsigned long)geteuid(),
                 (unsigned long)geteuid(), ska_buffer_string(&word));
    ska_buffer_free(&word);
    return true;
}

void check_directory(struct tool *tool, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct ska_directory *directory = NULL;

    check_relative("approvals-dir", path);
    if (check_entry(tool, path))
        return;
    if (!ska_directory_open(path, SKA_DIRECTORY_TO_SIGN, &directory, &quiet))
        check_captured(tool, "approvals-dir", &capture);
    else if (access(path, R_OK | W_OK | X_OK) != 0)
        check_failed(tool, "approvals-dir", SKA_R_DIRECTORY_UNSAFE,
                     "%s: requests cannot be left there: %s", path, strerror(errno));
    else {
        check_group(tool, directory);
        if (tool->configuration.settings.evidence_dir == NULL)
            check_evidence(tool, directory);
    }
    ska_directory_close(directory);
}
