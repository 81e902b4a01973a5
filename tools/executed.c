/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/executed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/record/audit_line.h"
#include "provider/record/state_dir.h"

/* Kinds of records. */
#define DONE "executed"
#define FAILED "failed"
#define WITHDRAWN "withdrawn"

#define NAME_SIZE (sizeof(WITHDRAWN "-") + SKA_AUDIT_HASH_SIZE)

static void name_record(const char *kind, const char *hash, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%s-%s", kind, hash);
}

static bool name_token(const struct executed *executed, const char *kind,
                       const struct ska_request *request, char name[NAME_SIZE],
                       const struct ska_errors *errors)
{
    char hash[SKA_AUDIT_HASH_SIZE];

    if (!ska_audit_hash(executed->libctx, ska_span_of(&request->approval_token), hash, errors))
        return false;
    name_record(kind, hash, name);
    return true;
}

/* That it is there is all that it says. */
static bool add_record(const struct executed *executed, const char *name,
                       const struct ska_errors *errors)
{
    int fd = ska_state_open(executed->state_dir, name, errors);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool has_token(const struct executed *executed, const char *kind,
                      const struct ska_request *request, bool *has, const struct ska_errors *errors)
{
    char name[NAME_SIZE];

    *has = false;
    return executed->state_dir == NULL || (name_token(executed, kind, request, name, errors) &&
                                           ska_state_has(executed->state_dir, name, has, errors));
}

static bool add_token(const struct executed *executed, const char *kind,
                      const struct ska_request *request, const struct ska_errors *errors)
{
    char name[NAME_SIZE];

    return executed->state_dir == NULL || (name_token(executed, kind, request, name, errors) &&
                                           add_record(executed, name, errors));
}

bool executed_has(const struct executed *executed, const struct ska_request *request, bool *has,
                  const struct ska_errors *errors)
{
    return has_token(executed, DONE, request, has, errors);
}

bool executed_add(const struct executed *executed, const struct ska_request *request,
                  const struct ska_errors *errors)
{
    return add_token(executed, DONE, request, errors);
}

bool executed_has_withdrawn(const struct executed *executed, const struct ska_request *request,
                            bool *has, const struct ska_errors *errors)
{
    return has_token(executed, WITHDRAWN, request, has, errors);
}

bool executed_add_withdrawn(const struct executed *executed, const struct ska_request *request,
                            const struct ska_errors *errors)
{
    return add_token(executed, WITHDRAWN, request, errors);
}

bool executed_forget(const struct executed *executed, const struct ska_request *request,
                     const struct ska_errors *errors)
{
    char name[NAME_SIZE];

    return executed->state_dir == NULL || (name_token(executed, DONE, request, name, errors) &&
                                           ska_state_remove(executed->state_dir, name, errors) &&
                                           name_token(executed, FAILED, request, name, errors) &&
                                           ska_state_remove(executed->state_dir, name, errors));
}

/* As many bytes as failures. */
static bool add_byte(int fd, size_t *count)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || pwrite(fd, "x", 1, status.st_size) != 1)
        return false;
    *count = (size_t)status.st_size + 1;
    return true;
}

bool executed_count_failure(const struct executed *executed, const struct ska_request *request,
                            size_t *count, const struct ska_errors *errors)
{
    char name[NAME_SIZE];
    bool done = false;
    int fd = -1;

    *count = 0;
    if (executed->state_dir == NULL)
        return true;
    if (!name_token(executed, FAILED, request, name, errors))
        return false;
    fd = ska_state_open(executed->state_dir, name, errors);
    if (fd < 0)
        return false;
    done = add_byte(fd, count) || ska_fail(errors, SKA_R_FILE_FAILURE, "state-dir %s: %s: %s",
                                           executed->state_dir, name, strerror(errno));
    close(fd);
    return done;
}

/* ---- The PIN --------------------------------------------------------------------------------- */

static bool name_pin(const struct executed *executed, const char *path, char name[NAME_SIZE])
{
    struct ska_buffer text = {0};
    char hash[SKA_AUDIT_HASH_SIZE];
    struct stat status;
    bool done = false;

    if (executed->state_dir == NULL || path == NULL)
        return false;
    /* What is no file that changes with the PIN is not tried again until somebody says so. */
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
        ska_buffer_format(&text, "%s %ju %jd.%09ld", path, (uintmax_t)status.st_ino,
                          (intmax_t)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    else
        ska_buffer_text(&text, path);
    done = ska_audit_hash(executed->libctx, ska_span_text(ska_buffer_string(&text)), hash, NULL);
    ska_buffer_free(&text);
    if (done)
        name_record("pin", hash, name);
    return done;
}

bool executed_has_wrong_pin(const struct executed *executed, const char *path)
{
    char name[NAME_SIZE];
    bool has = false;

    return name_pin(executed, path, name) && ska_state_has(executed->state_dir, name, &has, NULL) &&
           has;
}

bool executed_add_wrong_pin(const struct executed *executed, const char *path,
                            const struct ska_errors *errors)
{
    char name[NAME_SIZE];

    return !name_pin(executed, path, name) || add_record(executed, name, errors);
}

/* ---- Orders ---------------------------------------------------------------------------------- */

bool executed_has_order(const struct executed *executed, const char *identity)
{
    char name[NAME_SIZE];
    bool has = false;

    name_record("order", identity, name);
    return executed->state_dir != NULL && ska_state_has(executed->state_dir, name, &has, NULL) &&
           has;
}

bool executed_add_order(const struct executed *executed, const char *identity,
                        const struct ska_errors *errors)
{
    char name[NAME_SIZE];

    name_record("order", identity, name);
    return executed->state_dir == NULL
               ? ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                          "state-dir is not set, and an order that this user may not remove has to "
                          "be remembered there")
               : add_record(executed, name, errors);
}
