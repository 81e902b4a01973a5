/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: all of it.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/hsm/pin.h"
#include "provider/keys/key_place.h"
#include "tools/command/plan.h"

/* The user that the packages make. */
#define USUAL_SIGNER "signer"

/* Whose the PIN file or the approvals directory is, unless it is root's; NULL: nobody's. */
static const char *find_owner(const struct ska_settings *settings)
{
    const char *const paths[] = {settings->pin_source == NULL ? NULL
                                                              : hsm_pin_path(settings->pin_source),
                                 settings->approvals_dir, settings->state_dir};
    struct stat status;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        /* Whose link it is, before whose file: who makes one chooses where it leads. */
        if (paths[i] == NULL || lstat(paths[i], &status) != 0 ||
            (status.st_uid == 0 && stat(paths[i], &status) != 0) || status.st_uid == 0)
            continue;
        const struct passwd *entry = getpwuid(status.st_uid);

        if (entry != NULL)
            return entry->pw_name;
    }
    return NULL;
}

static const char *find_signer(const struct ska_settings *settings)
{
    const struct passwd *entry = geteuid() == 0 ? NULL : getpwuid(geteuid());
    const char *owner = entry == NULL ? find_owner(settings) : entry->pw_name;

    return owner == NULL ? USUAL_SIGNER : owner;
}

/* ---- The plan -----------------------------------------------------------------------------------
 */

static void print_end(const struct plan *plan)
{
    if (plan->to_do == 0 && plan->to_ask == 0)
        plan_title("Nothing is left to do. Now run skatool check-config as %s.", plan->user);
    else
        plan_title("%zu to do, %zu to ask. Then run skatool check-config as %s.", plan->to_do,
                   plan->to_ask, plan->user);
}

static bool find_out_on_hsm(struct plan *plan, const void *arg)
{
    (void)arg;
    plan_hsm(plan);
    return true;
}

static bool find_out_at_broker(struct plan *plan, const void *arg)
{
    (void)arg;
    plan_broker(plan);
    return true;
}

static void plan_keys(struct plan *plan)
{
    const struct hsm_uri nothing = {0};
    const bool on_hsm =
        key_place_of(&plan->tool->configuration.settings, &nothing) == &key_place_tokens;
    const char *what = on_hsm ? "HSM" : "broker";
    plan_part *part = on_hsm ? find_out_on_hsm : find_out_at_broker;

    printf("%s\n", on_hsm ? "On the HSM" : "On the broker and the HSM behind it");
    if (plan_can_be_user(plan) && !plan_pin_is_roots(plan))
        (void)plan_as_user(plan, what, part, NULL);
    else
        (void)part(plan, NULL);
}

bool plan_config(struct tool *tool, const char *key, const char *policy, const char *user, bool sam)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    struct ska_policy read = {0};
    char *signer = strdup(user == NULL ? find_signer(settings) : user);
    struct plan plan = {
        .tool = tool, .user = signer, .policy_path = policy, .key = key, .sam = sam};

    if (signer == NULL || (policy != NULL && !ska_policy_read(policy, &read, &tool->errors))) {
        free(signer);
        return false;
    }
    if (policy != NULL)
        plan.policy = &read;
    plan_find_user(&plan);
    plan_keys(&plan);
    if (plan.policy != NULL) {
        plan_title("Approvers, in %s", policy);
        plan_approvers(&plan);
    }
    plan_title("On this computer (run these commands as root)");
    plan_host(&plan);
    print_end(&plan);
    ska_policy_clear(&plan.key_rules);
    ska_policy_clear(&read);
    free(signer);
    return true;
}
