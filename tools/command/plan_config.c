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

bool plan_config(struct tool *tool, const char *key, const char *policy, const char *user, bool sam)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const struct hsm_uri nothing = {0};
    struct ska_policy read = {0};
    char *signer = strdup(user == NULL ? find_signer(settings) : user);
    struct plan plan = {tool, signer, policy, NULL, key, sam, 0, 0};

    if (signer == NULL || (policy != NULL && !ska_policy_read(policy, &read, &tool->errors))) {
        free(signer);
        return false;
    }
    if (policy != NULL)
        plan.policy = &read;
    if (key_place_of(settings, &nothing) == &key_place_tokens) {
        printf("On the HSM\n");
        plan_hsm(&plan);
    } else {
        printf("On the broker and the HSM behind it\n");
        plan_broker(&plan);
    }
    if (plan.policy != NULL) {
        plan_title("Approvers, in %s", policy);
        plan_approvers(&plan);
    }
    plan_title("On this computer (run these commands as root)");
    plan_host(&plan);
    print_end(&plan);
    ska_policy_clear(&read);
    free(signer);
    return true;
}
