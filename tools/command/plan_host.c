/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: this computer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "tools/command/plan.h"

static void plan_inactive(void *plan, const char *fault)
{
    plan_item(plan, PLAN_TO_DO, "activate", "%s", fault);
}

static void plan_unknown(struct plan *plan, const char *name)
{
    struct ska_buffer known = {0};

    configuration_suggest_setting(name, &known);
    plan_item(plan, PLAN_TO_DO, name, "no such setting; %s", ska_buffer_string(&known));
    ska_buffer_free(&known);
}

static bool read_file(struct plan *plan, const void *arg)
{
    const char *path = plan->tool->configuration.path;

    (void)arg;
    if (access(path, R_OK) == 0)
        return true;
    plan_item(plan, PLAN_TO_DO, "file", "%s cannot be read by %s: %s", path, plan->user,
              strerror(errno));
    return false;
}

/* What is wrong in the file, and what libcrypto would pass over without a word. */
static void plan_file(struct plan *plan)
{
    const struct configuration *configuration = &plan->tool->configuration;
    const STACK_OF(CONF_VALUE) *entries = configuration_entries(configuration);

    /* A program that loads the key early reads it as root. */
    if (plan_can_be_user(plan) && !plan->tool->configuration.settings.load_early)
        (void)plan_as_user(plan, "file", read_file, NULL);
    for (int i = 0; entries != NULL && i < sk_CONF_VALUE_num(entries); i++)
        if (!configuration_is_known(sk_CONF_VALUE_value(entries, i)->name))
            plan_unknown(plan, sk_CONF_VALUE_value(entries, i)->name);
    configuration_say_inactive(configuration, plan_inactive, plan);
}

static bool try_module(struct plan *plan, const void *arg)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    char *path = NULL;
    bool done = configuration_try_module(&plan->tool->configuration, &path, &quiet);

    (void)arg;
    if (done)
        plan_item(plan, PLAN_DONE, "provider", "%s", path);
    else
        plan_item(plan, PLAN_TO_DO, "provider", "%s", ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    free(path);
    return done;
}

static void plan_provider(struct plan *plan)
{
    if (plan_can_be_user(plan))
        (void)plan_as_user(plan, "provider", try_module, NULL);
    else
        (void)try_module(plan, NULL);
}

static void plan_signer(struct plan *plan)
{
    if (plan->user_exists && plan->uid == 0)
        plan_item(plan, PLAN_TO_DO, "signer",
                  "root should not use the keys: name another user with --user");
    else if (plan->user_exists)
        plan_item(plan, PLAN_DONE, "signer", "the user %s", plan->user);
    else {
        plan_item(plan, PLAN_TO_DO, "signer", "create the user %s, who will use the keys",
                  plan->user);
        plan_command("useradd --system --home-dir /var/lib/ska --shell /usr/sbin/nologin %s",
                     plan->user);
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
    plan_file(plan);
    plan_provider(plan);
    plan_signer(plan);
    plan_secrets(plan);
    plan_directories(plan);
    plan_agents(plan);
    plan_execution(plan);
    plan_unset(plan);
}
