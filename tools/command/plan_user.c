/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: what is found out as the user who signs.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/hsm/pin.h"
#include "tools/command/plan.h"

void plan_find_user(struct plan *plan)
{
    const struct passwd *entry = getpwnam(plan->user);

    plan->user_exists = entry != NULL;
    if (entry == NULL)
        return;
    plan->uid = entry->pw_uid;
    plan->gid = entry->pw_gid;
}

bool plan_is_user(const struct plan *plan)
{
    return plan->user_exists && plan->uid == geteuid();
}

bool plan_can_be_user(const struct plan *plan)
{
    return plan->user_exists && (plan->uid == geteuid() || geteuid() == 0);
}

const char *plan_why_not_user(const struct plan *plan)
{
    return plan->user_exists ? "run this as root or as that user"
                             : "run this again once that user exists";
}

bool plan_pin_is_roots(const struct plan *plan)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;
    struct stat status;

    return settings->load_early && settings->tsb_url == NULL && settings->pin_source != NULL &&
           stat(hsm_pin_path(settings->pin_source), &status) == 0 && status.st_uid == 0;
}

/* ---- Another process ------------------------------------------------------------------------- */

/* What the process tells at its end. */
struct outcome {
    bool done;
    size_t to_do;
    size_t to_ask;
};

/* With the groups and the home of a login. */
static bool become_user(const struct plan *plan)
{
    const struct passwd *entry = getpwnam(plan->user);

    if (entry != NULL)
        (void)setenv("HOME", entry->pw_dir, 1);
    return initgroups(plan->user, plan->gid) == 0 && setgid(plan->gid) == 0 &&
           setuid(plan->uid) == 0;
}

static void run_part(struct plan *plan, const char *what, plan_part *part, const void *arg,
                     int result)
{
    struct outcome outcome = {0};

    if (!become_user(plan))
        plan_item(plan, PLAN_ASK, what, "this process cannot become %s (%s): run this as that user",
                  plan->user, strerror(errno));
    else
        outcome.done = part(plan, arg);
    outcome.to_do = plan->to_do;
    outcome.to_ask = plan->to_ask;
    (void)!ska_write_all(result, ska_span((const uint8_t *)&outcome, sizeof(outcome)));
    _exit(0);
}

static bool read_outcome(int fd, struct outcome *outcome)
{
    ssize_t got = 0;

    do
        got = read(fd, outcome, sizeof(*outcome));
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(*outcome);
}

/* False: it has ended without a word, as by the fault of a PKCS#11 module. */
static bool await_part(pid_t child, int fd, struct outcome *outcome)
{
    bool told = read_outcome(fd, outcome);

    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return told;
}

static bool run_apart(struct plan *plan, const char *what, plan_part *part, const void *arg,
                      struct outcome *outcome)
{
    int ends[2] = {-1, -1};
    pid_t child = -1;
    bool told = false;

    fflush(stdout);
    if (pipe(ends) != 0)
        return false;
    child = fork();
    if (child == 0) {
        close(ends[0]);
        run_part(plan, what, part, arg, ends[1]);
    }
    close(ends[1]);
    told = child > 0 && await_part(child, ends[0], outcome);
    close(ends[0]);
    return told;
}

bool plan_as_user(struct plan *plan, const char *what, plan_part *part, const void *arg)
{
    struct outcome outcome = {0};

    if (plan_is_user(plan))
        return part(plan, arg);
    if (!run_apart(plan, what, part, arg, &outcome)) {
        plan_item(plan, PLAN_TO_DO, what,
                  "the process that tried it as %s ended early: run skatool check-config as that "
                  "user",
                  plan->user);
        return false;
    }
    plan->to_do = outcome.to_do;
    plan->to_ask = outcome.to_ask;
    return outcome.done;
}

void plan_try_or_ask(struct plan *plan, const char *what, const char *verb, const char *path,
                     plan_part *part, const void *arg)
{
    if (plan_can_be_user(plan))
        (void)plan_as_user(plan, what, part, arg);
    else
        plan_item(plan, PLAN_ASK, what, "can %s %s %s? To find out, %s", plan->user, verb, path,
                  plan_why_not_user(plan));
}
