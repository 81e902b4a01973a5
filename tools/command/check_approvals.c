/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: where approvals come from, and where is written what came of them.
 */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/sign/agent_client.h"
#include "provider/base/safe_path.h"
#include "provider/record/audit_file.h"
#include "provider/record/evidence.h"
#include "provider/record/state_dir.h"
#include "tools/command/check.h"

/* ---- Agents ---------------------------------------------------------------------------------- */

static void no_abandon(void *object)
{
    (void)object;
}

/* Agents approve signatures only: a working one refuses to block a key without a name. */
static void check_agent(struct tool *tool, const char *path)
{
    const struct ska_request block = {.operation = SKA_OPERATION_BLOCK};
    const struct ska_waiter waiter = {no_abandon, NULL, NULL};
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct ska_agent *agent = NULL;
    struct ska_approval *approvals = NULL;
    size_t count = 0;

    check_relative("agent", path);
    if (ska_agent_new(path, &agent, &quiet) &&
        ska_agent_ask(agent, &block, &waiter, &approvals, &count, &quiet))
        check_failed(tool, "agent", SKA_R_AGENT_FAILURE,
                     "%s approves what it must not approve: blocking a key", path);
    else if (capture.reason == SKA_R_AGENT_REFUSED)
        check_ok("agent", "%s answers", path);
    else
        check_captured(tool, "agent", &capture);
    ska_error_capture_clear(&capture);
    ska_approvals_free(approvals, count);
    ska_agent_free(agent);
}

static void check_agents(struct tool *tool, const char *sockets)
{
    char *copy = strdup(sockets);
    char *rest = NULL;

    for (char *path = copy == NULL ? NULL : strtok_r(copy, ",", &rest); path != NULL;
         path = strtok_r(NULL, ",", &rest))
        check_agent(tool, path);
    free(copy);
}

/* ---- A broker -------------------------------------------------------------------------------- */

/* As signing does: see check_sources() of provider/sign/sign.c. */
static void check_no_effect(struct tool *tool, const char *what, const char *value)
{
    if (value != NULL)
        check_failed(tool, what, SKA_R_BAD_CONFIGURATION,
                     "%s: a broker asks approvers itself, and with this setting no SKA key signs: "
                     "leave it out",
                     value);
}

/* ---- Where approvals come from --------------------------------------------------------------- */

static void check_timeout(const struct ska_settings *settings)
{
    if (settings->approvals_timeout == 0)
        return;
    if (settings->approvals_dir == NULL && settings->tsb_url == NULL)
        check_warning("approvals-timeout",
                      "%u seconds, for approvals directories; approvals-dir "
                      "is not set",
                      settings->approvals_timeout);
    else
        check_ok("approvals-timeout", "signatures wait for %u seconds",
                 settings->approvals_timeout);
}

void check_approvals(struct tool *tool)
{
    const struct ska_settings *settings = &tool->configuration.settings;

    if (settings->tsb_url != NULL) {
        check_no_effect(tool, "approvals-dir", settings->approvals_dir);
        check_no_effect(tool, "agent", settings->agent);
    } else {
        if (settings->approvals_dir != NULL)
            check_directory(tool, settings->approvals_dir);
        if (settings->agent != NULL)
            check_agents(tool, settings->agent);
    }
    check_timeout(settings);
}

/* ---- Audit log ------------------------------------------------------------------------------- */

/* It is not made here: it would belong to who checks, and not to who signs. */
static void check_audit_place(struct tool *tool, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    char *copy = strdup(path);
    const char *place = copy == NULL ? "." : dirname(copy);

    if (access(place, W_OK | X_OK) == 0) {
        if (ska_path_is_safe("audit-log", path, NULL, &quiet))
            check_ok("audit-log", "%s: not created yet; the first signature creates it", path);
        else
            check_captured(tool, "audit-log", &capture);
    } else {
        check_failed(tool, "audit-log", SKA_R_FILE_FAILURE,
                     "%s does not exist, and uid %lu cannot create it: %s: %s; nothing is signed "
                     "without it",
                     path, (unsigned long)geteuid(), place, strerror(errno));
    }
    free(copy);
}

static void check_state_dir(struct tool *tool, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);

    if (path == NULL) {
        if (tool->configuration.settings.audit_log != NULL)
            check_unset("state-dir",
                        "not set: an audit log that was truncated or replaced goes unnoticed, and "
                        "a rotated one begins without the hash of the last line");
        return;
    }
    check_relative("state-dir", path);
    if (ska_state_dir_check(path, &quiet))
        check_ok("state-dir", "%s", path);
    else
        check_captured(tool, "state-dir", &capture);
}

static void check_evidence_dir(struct tool *tool, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    int place = -1;

    if (path == NULL)
        return;
    check_relative("evidence-dir", path);
    if (!ska_evidence_dir_open(path, &place, &quiet)) {
        check_captured(tool, "evidence-dir", &capture);
        return;
    }
    check_ok("evidence-dir", "%s", path);
    close(place);
}

/* Nothing that is signed waits for the system's log. */
static void check_no_audit_file(const struct ska_settings *settings)
{
    if (ska_settings_audit_to_syslog(settings))
        check_unset("audit-log", "not set: audit lines go to syslog only (log), which may lose "
                                 "some, and nothing ties them to each other");
    else
        check_unset("audit-log", "not set: requests and signatures are not logged");
}

void check_audit_log(struct tool *tool)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const struct ska_audit_log log = {settings->audit_log, settings->state_dir, NULL};
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct ska_audit_file file;
    struct ska_audit_tail tail = {0};

    check_state_dir(tool, settings->state_dir);
    check_evidence_dir(tool, settings->evidence_dir);
    if (log.path == NULL) {
        check_no_audit_file(settings);
        return;
    }
    check_relative("audit-log", log.path);
    if (access(log.path, F_OK) != 0 && errno == ENOENT) {
        check_audit_place(tool, log.path);
        return;
    }
    if (!ska_audit_file_open(&file, &log, tool->libctx, &quiet)) {
        check_captured(tool, "audit-log", &capture);
        return;
    }
    if (!ska_audit_file_tail(&file, tool->libctx, &tail, &quiet))
        check_captured(tool, "audit-log", &capture);
    else if (tail.continues)
        check_ok("audit-log", "%s, empty: it continues after line %llu", log.path,
                 (unsigned long long)tail.sequence);
    else if (tail.sequence == 0)
        check_ok("audit-log", "%s, empty", log.path);
    else
        check_ok("audit-log", "%s, its last line is number %llu", log.path,
                 (unsigned long long)tail.sequence);
    ska_audit_tail_clear(&tail);
    ska_audit_file_close(&file);
}
