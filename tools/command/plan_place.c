/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: which files and directories a command of root's may change.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/error_capture.h"
#include "provider/base/safe_path.h"
#include "tools/command/plan.h"

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

/* A link is not followed even where it is safe: what it leads to may be the system's. */
bool plan_root_may_touch(const char *what, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    char *missing = first_missing(path);
    struct stat status;
    bool safe = false;

    if (missing == NULL)
        plan_note("no command is shown: out of memory");
    else if (path[0] != '/')
        plan_note("no command is shown: write the whole path, from / on");
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

bool plan_is_missing(const char *path)
{
    struct stat status;

    return lstat(path, &status) != 0 && errno == ENOENT;
}

bool plan_is_users(const struct plan *plan, const struct stat *status)
{
    return plan->user_exists && status->st_uid == plan->uid;
}
