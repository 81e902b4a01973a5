/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: directories, and who shares one.
 */
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/base/safe_path.h"
#include "provider/record/audit_file.h"
#include "provider/record/evidence.h"
#include "provider/record/state_dir.h"
#include "tools/command/directory_verdict.h"
#include "tools/command/plan.h"

/* The group that the packages make. */
#define USUAL_GROUP "approvers"

/*
 * Whether `path` is a directory of the signer's; what else it is, is said. Only what is not there
 * is created: a directory of root's may be one that the whole system uses.
 */
static bool plan_directory(struct plan *plan, const char *what, const char *path, const char *usual,
                           struct stat *status)
{
    if (stat(path, status) != 0)
        plan_item(plan, PLAN_ASK, what, "the directory %s: %s", path, strerror(errno));
    else if (!S_ISDIR(status->st_mode))
        plan_item(plan, PLAN_TO_DO, what, "%s is not a directory: name another, such as %s", path,
                  usual);
    else if (!plan_is_users(plan, status))
        plan_item(plan, PLAN_TO_DO, what,
                  "%s belongs to uid %lu, not to %s: name a directory of the signer's own, as in "
                  "%s",
                  path, (unsigned long)status->st_uid, plan->user, usual);
    else if (status->st_uid == 0 && (status->st_mode & 077) != 0)
        plan_item(plan, PLAN_TO_DO, what,
                  "%s belongs to uid 0, and others may use it: name a directory of the signer's "
                  "own, as in %s",
                  path, usual);
    else
        return true;
    return false;
}

/* ---- The signer's alone ---------------------------------------------------------------------- */

/* What only the signer may use, and how it is found out that it can be used. */
struct private_place {
    const char *what;
    const char *path; /* as the setting has it */
    const char *directory;
    const char *usual;
    bool (*check)(const struct plan *plan, const char *path, const struct ska_errors *errors);
};

static bool check_state(const struct plan *plan, const char *path, const struct ska_errors *errors)
{
    (void)plan;
    return ska_state_dir_check(path, errors);
}

static bool check_evidence(const struct plan *plan, const char *path,
                           const struct ska_errors *errors)
{
    int place = -1;

    (void)plan;
    if (!ska_evidence_dir_open(path, &place, errors))
        return false;
    close(place);
    return true;
}

/* Not there yet: the first signature creates it. */
static bool check_log(const struct plan *plan, const char *path, const struct ska_errors *errors)
{
    const struct ska_audit_log log = tool_audit_log(plan->tool);
    struct ska_audit_file file;

    if (plan_is_missing(path))
        return ska_path_is_safe("audit log", path, NULL, errors);
    if (!ska_audit_file_open(&file, &log, plan->tool->libctx, errors))
        return false;
    ska_audit_file_close(&file);
    return true;
}

static bool use_private(struct plan *plan, const void *arg)
{
    const struct private_place *place = arg;
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    bool done = place->check(plan, place->path, &quiet);

    if (done)
        plan_item(plan, PLAN_DONE, place->what, "%s", place->path);
    else
        plan_item(plan, PLAN_TO_DO, place->what, "%s cannot use it: %s", plan->user,
                  ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    return done;
}

/* What has the right owner and mode: also each directory on the way counts. */
static void plan_private_use(struct plan *plan, const struct private_place *place)
{
    plan_try_or_ask(plan, place->what, "use", place->path, use_private, place);
}

static void plan_private(struct plan *plan, const struct private_place *place)
{
    const char *directory = place->directory;
    struct stat status;

    if (plan_is_missing(directory)) {
        plan_item(plan, PLAN_TO_DO, place->what, "the directory %s, for %s only", directory,
                  plan->user);
        if (plan_root_may_touch(place->what, directory))
            plan_command("install -d -o %s -m 700 %s", plan->user, directory);
        return;
    }
    if (!plan_directory(plan, place->what, directory, place->usual, &status))
        return;
    if ((status.st_mode & 077) == 0) {
        plan_private_use(plan, place);
        return;
    }
    plan_item(plan, PLAN_TO_DO, place->what, "%s has mode %04o: it should be for %s only",
              directory, (unsigned int)status.st_mode & 07777, plan->user);
    if (plan_root_may_touch(place->what, directory))
        plan_command("chmod 700 %s", directory);
}

static void plan_private_directory(struct plan *plan, struct private_place place)
{
    if (place.path == NULL)
        return;
    place.directory = place.path;
    plan_private(plan, &place);
}

/* A log that is there may be in a directory of root's. */
static void plan_audit_log(struct plan *plan)
{
    const char *path = plan->tool->configuration.settings.audit_log;
    char *copy = path == NULL ? NULL : strdup(path);
    struct private_place place = {"audit log", path, NULL, USUAL_LOG, check_log};

    if (copy == NULL)
        return;
    place.directory = dirname(copy);
    if (plan_is_missing(path))
        plan_private(plan, &place);
    else
        plan_private_use(plan, &place);
    free(copy);
}

/* ---- Shared with approvers ------------------------------------------------------------------- */

static void plan_verdict(struct plan *plan, const char *path, enum directory_verdict verdict,
                         const struct directory_view *view, const char *failure)
{
    switch (verdict) {
    case DIRECTORY_FAILED:
        plan_item(plan, PLAN_TO_DO, "approvals-dir", "%s", failure);
        break;
    case DIRECTORY_OTHERS: /* what would mend it may be wrong for a directory of the system's */
        plan_item(plan, PLAN_TO_DO, "approvals-dir",
                  "%s belongs to uid %lu and the group %s, and %s cannot leave requests there: "
                  "name a directory of the signer's own, as in " USUAL_APPROVALS
                  ", or one that is shared with a group of the signer's",
                  path, (unsigned long)view->place.st_uid, view->group, plan->user);
        break;
    case DIRECTORY_PRIVATE:
        plan_item(plan, PLAN_ASK, "approvals-dir",
                  "only uid %lu can leave approvals in %s. Do approvers have accounts here? Then "
                  "give it their group and mode 3770.",
                  (unsigned long)view->place.st_uid, path);
        break;
    case DIRECTORY_SHARED:
        plan_item(plan, PLAN_DONE, "approvals-dir", "%s, shared with the group %s", path,
                  view->group);
        break;
    case DIRECTORY_BY_LIST:
        plan_item(plan, PLAN_ASK, "approvals-dir",
                  "%s has an access list (see getfacl): may the signer and the approvers use it?",
                  path);
        break;
    }
}

/* True: nothing is wrong with it. */
static bool judge_approvals(struct plan *plan, const void *path)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    struct directory_view view;
    const enum directory_verdict verdict = directory_judge(path, &view, &quiet);

    plan_verdict(plan, path, verdict, &view, ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    return verdict != DIRECTORY_FAILED && verdict != DIRECTORY_OTHERS;
}

/* Only where it is the signer's own: one of root's may be one that the whole system uses. */
static void plan_approvals_mode(const struct plan *plan, const char *path)
{
    struct stat status;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode) && plan_is_users(plan, &status) &&
        status.st_uid != 0 && (status.st_mode & S_IRWXG) != 0 &&
        plan_root_may_touch("approvals-dir", path))
        plan_command("chmod 3770 %s", path);
}

/* Shared with a group, or the signer's alone where no other user approves. */
static void plan_approvals_dir(struct plan *plan)
{
    const char *path = plan->tool->configuration.settings.approvals_dir;

    if (path == NULL)
        return;
    if (plan_is_missing(path)) {
        plan_item(plan, PLAN_TO_DO, "approvals-dir",
                  "the directory %s, for %s and the approvers' group", path, plan->user);
        if (plan_root_may_touch("approvals-dir", path))
            plan_command("install -d -o %s -g " USUAL_GROUP " -m 3770 %s", plan->user, path);
    } else if (!plan_can_be_user(plan)) {
        plan_item(plan, PLAN_ASK, "approvals-dir", "can %s leave requests in %s? To find out, %s",
                  plan->user, path, plan_why_not_user(plan));
    } else if (!plan_as_user(plan, "approvals-dir", judge_approvals, path)) {
        plan_approvals_mode(plan, path);
    }
}

/* Whether it is shared with its group, or meant to be; one of the system's is not. */
static bool is_for_group(const struct plan *plan, const struct stat *status)
{
    const bool written = (status->st_mode & S_IWGRP) != 0;

    if (!S_ISDIR(status->st_mode) || (status->st_mode & S_IWOTH) != 0 || status->st_gid == 0)
        return false;
    if (status->st_uid == 0)
        return written && (status->st_mode & S_ISVTX) != 0;
    return plan_is_users(plan, status) &&
           (written || ((status->st_mode & S_IRWXG) != 0 && status->st_gid != plan->gid));
}

static const struct group *approvals_group(const struct plan *plan, const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && is_for_group(plan, &status) ? getgrgid(status.st_gid)
                                                                   : getgrnam(USUAL_GROUP);
}

/* Reports requests, and approves none (tools/systemd/sysusers.conf). */
#define NOTIFIER "ska-notify"

static bool has_approvers(const struct plan *plan, const struct group *group)
{
    for (char **member = group->gr_mem; *member != NULL; member++)
        if (strcmp(*member, plan->user) != 0 && strcmp(*member, NOTIFIER) != 0)
            return true;
    return false;
}

/* Who approves here. */
static void plan_group(struct plan *plan)
{
    const char *path = plan->tool->configuration.settings.approvals_dir;
    const struct group *group = path == NULL ? NULL : approvals_group(plan, path);

    if (path == NULL)
        return;
    if (group == NULL) {
        plan_item(plan, PLAN_TO_DO, "approvers", "create the group " USUAL_GROUP);
        plan_command("groupadd --system " USUAL_GROUP);
    } else if (!has_approvers(plan, group)) {
        plan_item(plan, PLAN_TO_DO, "approvers",
                  "add the approvers to the group %s: it has none yet (the signer and " NOTIFIER
                  " do not approve)",
                  group->gr_name);
        plan_command("usermod --append --groups %s NAME", group->gr_name);
    } else {
        plan_item(
            plan, PLAN_ASK, "approvers",
            "may all members of the group %s see all requests? List them with: getent group %s",
            group->gr_name, group->gr_name);
    }
}

void plan_directories(struct plan *plan)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;

    plan_group(plan);
    plan_approvals_dir(plan);
    plan_private_directory(plan, (struct private_place){.what = "state-dir",
                                                        .path = settings->state_dir,
                                                        .usual = USUAL_STATE,
                                                        .check = check_state});
    plan_private_directory(plan, (struct private_place){.what = "evidence-dir",
                                                        .path = settings->evidence_dir,
                                                        .usual = USUAL_EVIDENCE,
                                                        .check = check_evidence});
    plan_audit_log(plan);
}
