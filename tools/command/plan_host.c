/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: users, files and directories.
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/base/safe_path.h"
#include "provider/hsm/pin.h"
#include "tools/command/plan.h"

/* The group that the packages make. */
#define USUAL_GROUP "approvers"

#define USUAL_APPROVALS "/var/lib/ska/approvals"
#define USUAL_STATE "/var/lib/ska/state"
#define USUAL_EVIDENCE "/var/lib/ska/evidence"
#define USUAL_LOG "/var/log/ska/audit.log"

static void plan_provider(struct plan *plan)
{
    char *path = configuration_module_path(&plan->tool->configuration);
    void *object = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (object != NULL)
        plan_item(plan, PLAN_DONE, "provider", "%s", path);
    else
        plan_item(
            plan, PLAN_TO_DO, "provider",
            "install it (package ska-provider, or cmake --install), or set module to its path: %s",
            path == NULL ? "out of memory" : dlerror());
    if (object != NULL)
        dlclose(object);
    free(path);
}

static const struct passwd *plan_signer(struct plan *plan)
{
    const struct passwd *entry = getpwnam(plan->user);

    if (entry != NULL && entry->pw_uid == 0)
        plan_item(plan, PLAN_TO_DO, "signer",
                  "root should not use the keys: name another user with --user");
    else if (entry != NULL)
        plan_item(plan, PLAN_DONE, "signer", "the user %s", plan->user);
    else {
        plan_item(plan, PLAN_TO_DO, "signer", "create the user %s, who will use the keys",
                  plan->user);
        plan_command("useradd --system --home-dir /var/lib/ska --shell /usr/sbin/nologin %s",
                     plan->user);
    }
    return entry;
}

/* ---- What root may touch ------------------------------------------------------------------------
 */

/* The first part of a path that does not exist, which a command would create first. */
static char *first_missing(const char *path)
{
    char *part = strdup(path);
    char *slash = NULL;
    struct stat status;

    while (part != NULL && (slash = strrchr(part, '/')) != NULL && slash != part) {
        *slash = 0;
        if (lstat(part, &status) == 0) {
            *slash = '/';
            break;
        }
    }
    return part;
}

/*
 * False, with a note that says why: others could choose what a command of root's changes. A link is
 * not followed even where it is safe: what it leads to may be the system's.
 */
static bool root_may_touch(const char *what, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    char *missing = first_missing(path);
    struct stat status;
    bool safe = false;

    if (missing == NULL)
        plan_note("no command is shown: out of memory");
    else if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
        plan_note("no command is shown: %s is a symbolic link", path);
    else if (strcmp(missing, path) != 0 && strstr(path, "..") != NULL)
        plan_note("no command is shown: write the path without ..");
    else if (!ska_path_is_safe(what, missing, NULL, &quiet))
        plan_note("no command is shown: %s", ska_error_capture_text(&capture));
    else
        safe = true;
    ska_error_capture_clear(&capture);
    free(missing);
    return safe;
}

/* Of the signer, who is not there yet: nobody's. */
static bool is_of(const struct stat *status, const struct passwd *signer)
{
    return signer != NULL && status->st_uid == signer->pw_uid;
}

/* ---- Files that only the signer may read --------------------------------------------------------
 */

/* Where the secret comes from. */
enum secret_source { SECRET_TYPED, SECRET_FILE /* too long to type, or several lines */ };

/* Bash, since other shells cannot read without an echo. */
#define TYPE_SECRET                                                                                \
    "IFS= read -rsp \"$0: \" it && install -o \"$1\" -m 600 /dev/null \"$2\" && "                  \
    "printf \"%s\\n\" \"$it\" >\"$2\""

static void plan_missing_secret(struct plan *plan, const char *what, const char *path,
                                enum secret_source source)
{
    char *copy = strdup(path);
    const char *place = copy == NULL ? "." : dirname(copy);

    plan_item(plan, PLAN_TO_DO, what, "the %s file %s is missing", what, path);
    if (!root_may_touch(what, path)) {
        free(copy);
        return;
    }
    if (access(place, F_OK) != 0)
        plan_command("install -d %s", place);
    if (source == SECRET_TYPED)
        plan_command("bash -c %s %s %s %s", TYPE_SECRET, what, plan->user, path);
    else
        plan_command("install -o %s -m 600 FILE %s", plan->user, path);
    free(copy);
}

static void plan_secret_access(struct plan *plan, const struct passwd *signer, const char *what,
                               const char *path, const struct stat *status)
{
    plan_item(plan, PLAN_TO_DO, what,
              "only %s may have access to %s, which belongs to uid %lu and has mode %04o",
              plan->user, path, (unsigned long)status->st_uid,
              (unsigned int)status->st_mode & 07777);
    if (!root_may_touch(what, path))
        return;
    if (is_of(status, signer))
        plan_command("chmod 600 %s", path);
    else
        plan_command("chown -h %s %s && chmod 600 %s", plan->user, path, path);
}

static void plan_secret(struct plan *plan, const struct passwd *signer, const char *what,
                        const char *path, enum secret_source source)
{
    struct stat status;

    if (path == NULL)
        return;
    if (stat(path, &status) != 0 && errno == EACCES) {
        plan_item(plan, PLAN_ASK, what, "%s cannot be seen by uid %lu: run this as root", path,
                  (unsigned long)geteuid());
    } else if (stat(path, &status) != 0 && errno == ENOENT) {
        plan_missing_secret(plan, what, path, source);
    } else if (stat(path, &status) != 0) {
        plan_item(plan, PLAN_TO_DO, what, "the %s file %s: %s", what, path, strerror(errno));
    } else if ((status.st_mode & 077) != 0 || (status.st_uid != 0 && !is_of(&status, signer))) {
        plan_secret_access(plan, signer, what, path, &status);
    } else {
        plan_item(plan, PLAN_DONE, what, "%s", path);
    }
}

static const char *secret_path(const char *source)
{
    return source == NULL || strncmp(source, "file:", 5) != 0 ? NULL : hsm_pin_path(source);
}

/* What is no path of a directory's may be the PIN itself. */
static void plan_pin(struct plan *plan, const struct passwd *signer, const char *path)
{
    const char *shown = path == NULL ? NULL : hsm_pin_path_shown(path);

    if (shown == path)
        plan_secret(plan, signer, "PIN", path, SECRET_TYPED);
    else
        plan_item(plan, PLAN_TO_DO, "PIN", "pin-source: %s", shown);
}

static void plan_secrets(struct plan *plan, const struct passwd *signer)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;

    if (settings->tsb_url == NULL) {
        plan_pin(plan, signer, secret_path(settings->pin_source));
        return;
    }
    plan_secret(plan, signer, "client key", settings->tsb_client_key, SECRET_FILE);
    plan_secret(plan, signer, "access token", secret_path(settings->tsb_token_source), SECRET_FILE);
    plan_secret(plan, signer, "API key", secret_path(settings->tsb_api_key_source), SECRET_FILE);
    plan_secret(plan, signer, "key password", secret_path(settings->tsb_key_password_source),
                SECRET_TYPED);
    plan_secret(plan, signer, "proxy password", secret_path(settings->tsb_proxy_source),
                SECRET_TYPED);
}

/* ---- Directories --------------------------------------------------------------------------------
 */

/*
 * Whether `path` is a directory of the signer's; what else it is, is said. Only what is not there
 * is created: a directory of root's may be one that the whole system uses.
 */
static bool plan_directory(struct plan *plan, const struct passwd *signer, const char *what,
                           const char *path, const char *usual, struct stat *status)
{
    if (stat(path, status) != 0) {
        plan_item(plan, PLAN_ASK, what, "the directory %s: %s", path, strerror(errno));
    } else if (!S_ISDIR(status->st_mode)) {
        plan_item(plan, PLAN_TO_DO, what, "%s is not a directory: name another, such as %s", path,
                  usual);
    } else if (!is_of(status, signer) || (status->st_uid == 0 && (status->st_mode & 077) != 0)) {
        plan_item(plan, PLAN_ASK, what,
                  "%s belongs to uid %lu, and others may use it: name a directory of the signer's "
                  "own, as in %s",
                  path, (unsigned long)status->st_uid, usual);
    } else {
        return true;
    }
    return false;
}

/* Nothing by this name, not even a link that leads nowhere. */
static bool is_missing(const char *path)
{
    struct stat status;

    return lstat(path, &status) != 0 && errno == ENOENT;
}

static void plan_private(struct plan *plan, const struct passwd *signer, const char *what,
                         const char *path, const char *usual)
{
    struct stat status;

    if (path == NULL)
        return;
    if (is_missing(path)) {
        plan_item(plan, PLAN_TO_DO, what, "the directory %s, for %s only", path, plan->user);
        if (root_may_touch(what, path))
            plan_command("install -d -o %s -m 700 %s", plan->user, path);
        return;
    }
    if (!plan_directory(plan, signer, what, path, usual, &status))
        return;
    if ((status.st_mode & 077) == 0) {
        plan_item(plan, PLAN_DONE, what, "%s", path);
        return;
    }
    plan_item(plan, PLAN_TO_DO, what, "%s has mode %04o: it should be for %s only", path,
              (unsigned int)status.st_mode & 07777, plan->user);
    if (root_may_touch(what, path))
        plan_command("chmod 700 %s", path);
}

static void plan_audit_log(struct plan *plan, const struct passwd *signer)
{
    const char *path = plan->tool->configuration.settings.audit_log;
    char *copy = path == NULL ? NULL : strdup(path);

    if (copy != NULL)
        plan_private(plan, signer, "audit log", dirname(copy), USUAL_LOG);
    free(copy);
}

static void plan_approvals_mode(struct plan *plan, const char *path, const struct stat *status)
{
    const struct group *group = getgrgid(status->st_gid);

    if ((status->st_mode & 07777) == 03770)
        plan_item(plan, PLAN_DONE, "approvals-dir", "%s, shared with the group %s", path,
                  group == NULL ? "without a name" : group->gr_name);
    else if ((status->st_mode & 077) == 0)
        plan_item(plan, PLAN_ASK, "approvals-dir",
                  "%s is for %s only. Do approvers have accounts here? Then give it their group "
                  "and mode 3770.",
                  path, plan->user);
    else {
        plan_item(plan, PLAN_TO_DO, "approvals-dir", "%s has mode %04o, not 3770", path,
                  (unsigned int)status->st_mode & 07777);
        if (root_may_touch("approvals-dir", path))
            plan_command("chmod 3770 %s", path);
    }
}

/* Shared with a group, or the signer's alone where no other user approves. */
static void plan_approvals_dir(struct plan *plan, const struct passwd *signer)
{
    const char *path = plan->tool->configuration.settings.approvals_dir;
    struct stat status;

    if (path == NULL)
        return;
    if (is_missing(path)) {
        plan_item(plan, PLAN_TO_DO, "approvals-dir",
                  "the directory %s, for %s and the approvers' group", path, plan->user);
        if (root_may_touch("approvals-dir", path))
            plan_command("install -d -o %s -g " USUAL_GROUP " -m 3770 %s", plan->user, path);
    } else if (plan_directory(plan, signer, "approvals-dir", path, USUAL_APPROVALS, &status)) {
        plan_approvals_mode(plan, path, &status);
    }
}

/* The group that has a directory of the signer's; that of another one may be the system's. */
static const struct group *approvals_group(const char *path, const struct passwd *signer)
{
    struct stat status;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid != 0 &&
        is_of(&status, signer) && (status.st_mode & 070) != 0)
        return getgrgid(status.st_gid);
    return getgrnam(USUAL_GROUP);
}

/* Who approves here. */
static void plan_group(struct plan *plan, const struct passwd *signer)
{
    const char *path = plan->tool->configuration.settings.approvals_dir;
    const struct group *group = path == NULL ? NULL : approvals_group(path, signer);

    if (path == NULL)
        return;
    if (group == NULL) {
        plan_item(plan, PLAN_TO_DO, "approvers", "create the group " USUAL_GROUP);
        plan_command("groupadd --system " USUAL_GROUP);
    } else if (group->gr_mem[0] == NULL) {
        plan_item(plan, PLAN_TO_DO, "approvers",
                  "add the approvers to the group %s, which has no members", group->gr_name);
        plan_command("usermod --append --groups %s NAME", group->gr_name);
    } else {
        plan_item(
            plan, PLAN_ASK, "approvers",
            "may all members of the group %s see all requests? List them with: getent group %s",
            group->gr_name, group->gr_name);
    }
}

/* ---- Services -----------------------------------------------------------------------------------
 */

static void plan_agent(struct plan *plan, const char *path)
{
    struct stat status;

    if (stat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        plan_item(plan, PLAN_DONE, "agent", "%s", path);
        return;
    }
    plan_item(plan, PLAN_TO_DO, "agent",
              "start an agent that listens at %s; for a systemd unit see skatool(1), agent", path);
}

static void plan_agents(struct plan *plan)
{
    const char *sockets = plan->tool->configuration.settings.agent;
    char *copy = sockets == NULL ? NULL : strdup(sockets);
    char *rest = NULL;

    for (char *path = copy == NULL ? NULL : strtok_r(copy, ",", &rest); path != NULL;
         path = strtok_r(NULL, ",", &rest))
        plan_agent(plan, path);
    free(copy);
}

/* ---- What is not set ----------------------------------------------------------------------------
 */

/* What most signers want, each with its usual value. */
static void plan_unset(struct plan *plan)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;

    if (settings->approvals_dir == NULL && settings->tsb_url == NULL)
        plan_item(plan, PLAN_UNSET, "approvals-dir",
                  "not set: each request and approval has to be passed on by hand; "
                  "usual: " USUAL_APPROVALS);
    if (settings->state_dir == NULL)
        plan_item(plan, PLAN_UNSET, "state-dir",
                  "not set: the end of the audit log and executed requests are not remembered; "
                  "usual: " USUAL_STATE);
    if (settings->audit_log == NULL && !ska_settings_audit_to_syslog(settings))
        plan_item(plan, PLAN_UNSET, "audit-log",
                  "not set: requests and signatures are not logged; usual: " USUAL_LOG);
}

/* Without it somebody with the signer's login has to execute what is approved. */
static void plan_execution(struct plan *plan)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;
    bool enabled = access("/etc/systemd/system/paths.target.wants/ska-execute.path", F_OK) == 0;

    if (settings->approvals_dir == NULL || settings->state_dir == NULL)
        return;
    if (enabled) {
        plan_item(plan, PLAN_DONE, "blocking keys", "ska-execute.path is enabled");
        return;
    }
    plan_item(plan, PLAN_ASK, "blocking keys",
              "should a risk officer be able to block keys without the signer? Then enable these "
              "systemd units, with the signer's User= and OPENSSL_CONF in a drop-in");
    plan_command("systemctl enable --now ska-execute.path ska-execute.timer");
}

void plan_host(struct plan *plan)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;
    const struct passwd *signer = NULL;

    plan_provider(plan);
    signer = plan_signer(plan);
    plan_secrets(plan, signer);
    plan_group(plan, signer);
    plan_approvals_dir(plan, signer);
    plan_private(plan, signer, "state-dir", settings->state_dir, USUAL_STATE);
    plan_private(plan, signer, "evidence-dir", settings->evidence_dir, USUAL_EVIDENCE);
    plan_audit_log(plan, signer);
    plan_agents(plan);
    plan_execution(plan);
    plan_unset(plan);
}
