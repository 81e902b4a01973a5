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

#include "provider/hsm/pin.h"
#include "tools/command/plan.h"

/* The group that the packages make. */
#define USUAL_GROUP "approvers"

static void plan_provider(struct plan *plan)
{
    char *path = configuration_module_path(&plan->tool->configuration);
    void *object = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (object != NULL)
        plan_item(plan, PLAN_DONE, "provider", "%s", path);
    else
        plan_item(plan, PLAN_TO_DO, "provider",
                  "install it (the package ska-provider, or cmake --install), or set module: %s",
                  path == NULL ? "out of memory" : dlerror());
    if (object != NULL)
        dlclose(object);
    free(path);
}

static const struct passwd *plan_signer(struct plan *plan)
{
    const struct passwd *entry = getpwnam(plan->user);

    if (entry != NULL && entry->pw_uid == 0)
        plan_item(plan, PLAN_TO_DO, "signer", "a user other than root, for --user");
    else if (entry != NULL)
        plan_item(plan, PLAN_DONE, "signer", "the user %s", plan->user);
    else {
        plan_item(plan, PLAN_TO_DO, "signer", "the user %s, who uses the keys", plan->user);
        plan_command("useradd --system --home-dir /var/lib/ska --shell /usr/sbin/nologin %s",
                     plan->user);
    }
    return entry;
}

/* ---- Files that only the signer may read -------------------------------------------------------
 */

static void plan_secret(struct plan *plan, const struct passwd *signer, const char *what,
                        const char *path)
{
    struct stat status;

    if (path == NULL)
        return;
    if (stat(path, &status) != 0 && errno == EACCES) {
        plan_item(plan, PLAN_ASK, what, "%s cannot be seen by uid %lu", path,
                  (unsigned long)geteuid());
    } else if (stat(path, &status) != 0) {
        plan_item(plan, PLAN_TO_DO, what, "%s, and what is to be in it: %s", path, strerror(errno));
        plan_command("install -o %s -m 600 /dev/stdin %s", plan->user, path);
    } else if ((status.st_mode & 077) != 0 ||
               (status.st_uid != 0 && (signer == NULL || status.st_uid != signer->pw_uid))) {
        plan_item(plan, PLAN_TO_DO, what, "%s is for %s alone; it has uid %lu, mode %04o", path,
                  plan->user, (unsigned long)status.st_uid, (unsigned int)status.st_mode & 07777);
        plan_command("chown %s %s && chmod 600 %s", plan->user, path, path);
    } else {
        plan_item(plan, PLAN_DONE, what, "%s", path);
    }
}

static const char *secret_path(const char *source)
{
    return source == NULL || strncmp(source, "file:", 5) != 0 ? NULL : hsm_pin_path(source);
}

static void plan_secrets(struct plan *plan, const struct passwd *signer)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;

    if (settings->tsb_url == NULL) {
        plan_secret(plan, signer, "PIN", secret_path(settings->pin_source));
        return;
    }
    plan_secret(plan, signer, "client key", settings->tsb_client_key);
    plan_secret(plan, signer, "access token", secret_path(settings->tsb_token_source));
    plan_secret(plan, signer, "API keys", secret_path(settings->tsb_api_key_source));
    plan_secret(plan, signer, "key password", secret_path(settings->tsb_key_password_source));
    plan_secret(plan, signer, "proxy password", secret_path(settings->tsb_proxy_source));
}

/* ---- Directories --------------------------------------------------------------------------------
 */

/* Of the signer, who is not there yet: nobody's. */
static bool is_of(const struct stat *status, const struct passwd *signer)
{
    return signer != NULL && status->st_uid == signer->pw_uid;
}

static void plan_private(struct plan *plan, const struct passwd *signer, const char *what,
                         const char *path)
{
    struct stat status;

    if (path == NULL)
        return;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode) && is_of(&status, signer) &&
        (status.st_mode & 077) == 0) {
        plan_item(plan, PLAN_DONE, what, "%s", path);
        return;
    }
    plan_item(plan, PLAN_TO_DO, what, "the directory %s, of %s alone", path, plan->user);
    plan_command("install -d -o %s -m 700 %s", plan->user, path);
}

static void plan_audit_log(struct plan *plan, const struct passwd *signer)
{
    const char *path = plan->tool->configuration.settings.audit_log;
    char *copy = path == NULL ? NULL : strdup(path);

    if (copy != NULL)
        plan_private(plan, signer, "audit log", dirname(copy));
    free(copy);
}

/* Shared with a group, or the signer's alone where no other user approves. */
static void plan_approvals_dir(struct plan *plan, const struct passwd *signer)
{
    const char *path = plan->tool->configuration.settings.approvals_dir;
    const struct group *group = NULL;
    struct stat status;

    if (path == NULL)
        return;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode) || !is_of(&status, signer)) {
        plan_item(plan, PLAN_TO_DO, "approvals-dir",
                  "the directory %s, of %s and the group of the approvers", path, plan->user);
        plan_command("install -d -o %s -g %s -m 3770 %s", plan->user, USUAL_GROUP, path);
        return;
    }
    group = getgrgid(status.st_gid);
    if ((status.st_mode & 07777) == 03770)
        plan_item(plan, PLAN_DONE, "approvals-dir", "%s, of the group %s", path,
                  group == NULL ? "without a name" : group->gr_name);
    else if ((status.st_mode & 077) == 0)
        plan_item(plan, PLAN_ASK, "approvals-dir",
                  "%s is of %s alone: does no other user of this computer approve? Else chgrp, and "
                  "then chmod 3770",
                  path, plan->user);
    else {
        plan_item(plan, PLAN_TO_DO, "approvals-dir", "%s has mode %04o, not 3770", path,
                  (unsigned int)status.st_mode & 07777);
        plan_command("chmod 3770 %s", path);
    }
}

/* Who approves here. */
static void plan_group(struct plan *plan)
{
    const char *path = plan->tool->configuration.settings.approvals_dir;
    const struct group *group = NULL;
    struct stat status;

    if (path == NULL)
        return;
    group = stat(path, &status) == 0 && (status.st_mode & 070) != 0 ? getgrgid(status.st_gid)
                                                                    : getgrnam(USUAL_GROUP);
    if (group == NULL) {
        plan_item(plan, PLAN_TO_DO, "approvers", "a group for them, " USUAL_GROUP);
        plan_command("groupadd --system " USUAL_GROUP);
    } else if (group->gr_mem[0] == NULL) {
        plan_item(plan, PLAN_TO_DO, "approvers", "nobody is in the group %s", group->gr_name);
        plan_command("usermod --append --groups %s NAME", group->gr_name);
    } else {
        plan_item(plan, PLAN_ASK, "approvers",
                  "should everybody in the group %s see all requests? getent group %s",
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
              "one that listens at %s; for a systemd unit see skatool(1), agent", path);
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
              "should a risk officer be able to stop a key without the signer? That takes systemd "
              "units, with the signer's User= and OPENSSL_CONF in a drop-in");
    plan_command("systemctl enable --now ska-execute.path ska-execute.timer");
}

void plan_host(struct plan *plan)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;
    const struct passwd *signer = NULL;

    plan_provider(plan);
    signer = plan_signer(plan);
    plan_secrets(plan, signer);
    plan_group(plan);
    plan_approvals_dir(plan, signer);
    plan_private(plan, signer, "state-dir", settings->state_dir);
    plan_private(plan, signer, "evidence-dir", settings->evidence_dir);
    plan_audit_log(plan, signer);
    plan_agents(plan);
    plan_execution(plan);
}
