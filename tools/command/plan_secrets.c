/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: files that only the signer may read.
 */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/base/file.h"
#include "provider/base/safe_path.h"
#include "provider/hsm/pin.h"
#include "tools/command/plan.h"

/* The most that is read of one. */
#define SECRET_LIMIT 65536

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
    if (!plan_root_may_touch(what, path)) {
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

static void plan_secret_access(struct plan *plan, const char *what, const char *path,
                               const struct stat *status)
{
    plan_item(plan, PLAN_TO_DO, what,
              "only %s may have access to %s, which belongs to uid %lu and has mode %04o",
              plan->user, path, (unsigned long)status->st_uid,
              (unsigned int)status->st_mode & 07777);
    if (!plan_root_may_touch(what, path))
        return;
    if (plan_is_users(plan, status))
        plan_command("chmod 600 %s", path);
    else
        plan_command("chown -h %s %s && chmod 600 %s", plan->user, path, path);
}

struct secret {
    const char *what;
    const char *path;
    bool is_file; /* or a pipe, which gives what it has once */
};

/* As programs read it: also each directory on the way counts. */
static bool read_secret(struct plan *plan, const void *arg)
{
    const struct secret *secret = arg;
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    struct ska_bytes content = {NULL, 0};
    bool done = secret->is_file ? ska_file_read_safe(secret->what, secret->path, secret->path,
                                                     SECRET_LIMIT, &content, &quiet)
                                : ska_path_is_safe(secret->what, secret->path, NULL, &quiet);

    if (done)
        plan_item(plan, PLAN_DONE, secret->what, "%s", secret->path);
    else
        plan_item(plan, PLAN_TO_DO, secret->what, "%s cannot read it: %s", plan->user,
                  ska_error_capture_text(&capture));
    ska_bytes_clear_free(&content);
    ska_error_capture_clear(&capture);
    return done;
}

/* What has the right owner and mode. */
static void plan_secret_reading(struct plan *plan, const struct secret *secret)
{
    plan_try_or_ask(plan, secret->what, "read", secret->path, read_secret, secret);
}

static bool is_for_user(const struct plan *plan, const struct stat *status)
{
    return (status->st_mode & 077) == 0 && plan_is_users(plan, status);
}

static void plan_secret(struct plan *plan, const char *what, const char *path,
                        enum secret_source source)
{
    struct stat status = {0};
    const bool seen = path != NULL && stat(path, &status) == 0;
    const struct secret secret = {what, path, S_ISREG(status.st_mode)};

    if (path == NULL)
        return;
    if (seen && is_for_user(plan, &status))
        plan_secret_reading(plan, &secret);
    else if (seen)
        plan_secret_access(plan, what, path, &status);
    else if (errno == EACCES)
        plan_item(plan, PLAN_ASK, what, "%s cannot be seen by uid %lu: run this as root", path,
                  (unsigned long)geteuid());
    else if (errno == ENOENT)
        plan_missing_secret(plan, what, path, source);
    else
        plan_item(plan, PLAN_TO_DO, what, "the %s file %s: %s", what, path, strerror(errno));
}

static const char *secret_path(const char *source)
{
    return source == NULL || strncmp(source, "file:", 5) != 0 ? NULL : hsm_pin_path(source);
}

static bool is_roots_alone(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && (status.st_mode & 077) == 0;
}

/* What is no path of a directory's may be the PIN itself. */
static void plan_pin(struct plan *plan, const char *path)
{
    const char *shown = path == NULL ? NULL : hsm_pin_path_shown(path);

    if (shown != path)
        plan_item(plan, PLAN_TO_DO, "PIN", "pin-source: %s", shown);
    else if (path != NULL && plan_pin_is_roots(plan) && is_roots_alone(path))
        plan_item(plan, PLAN_DONE, "PIN", "%s, for programs that start as root (load = early)",
                  path);
    else
        plan_secret(plan, "PIN", path, SECRET_TYPED);
}

void plan_secrets(struct plan *plan)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;

    if (settings->tsb_url == NULL) {
        plan_pin(plan, secret_path(settings->pin_source));
        return;
    }
    plan_secret(plan, "client key", settings->tsb_client_key, SECRET_FILE);
    plan_secret(plan, "access token", secret_path(settings->tsb_token_source), SECRET_FILE);
    plan_secret(plan, "API key", secret_path(settings->tsb_api_key_source), SECRET_FILE);
    plan_secret(plan, "key password", secret_path(settings->tsb_key_password_source), SECRET_TYPED);
    plan_secret(plan, "proxy password", secret_path(settings->tsb_proxy_source), SECRET_TYPED);
}
