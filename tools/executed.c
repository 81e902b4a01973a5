/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/executed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/listing.h"
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

static bool fail_record(const struct executed *executed, const char *name,
                        const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_FILE_FAILURE, "state-dir %s: %s: %s", executed->state_dir, name,
                    strerror(errno));
}

/* `id`: of the request, which it is found by; NULL: that it is there is all that it says. */
static bool add_record(const struct executed *executed, const char *name, const char *id,
                       const struct ska_errors *errors)
{
    int fd = ska_state_open(executed->state_dir, name, errors);
    bool done = fd >= 0;

    if (done && id != NULL)
        done = pwrite(fd, id, SKA_REQUEST_ID_LENGTH, 0) == SKA_REQUEST_ID_LENGTH ||
               fail_record(executed, name, errors);
    if (fd >= 0)
        close(fd);
    return done;
}

bool executed_has(const struct executed *executed, const struct ska_request *request, bool *has,
                  const struct ska_errors *errors)
{
    char name[NAME_SIZE];

    *has = false;
    return executed->state_dir == NULL || (name_token(executed, DONE, request, name, errors) &&
                                           ska_state_has(executed->state_dir, name, has, errors));
}

bool executed_add(const struct executed *executed, const struct ska_request *request,
                  enum executed_what what, const struct ska_errors *errors)
{
    const char *kind = what == EXECUTED_WITHDRAWN ? WITHDRAWN : DONE;
    const char *id = what == EXECUTED_GIVEN_UP ? NULL : request->id;
    char name[NAME_SIZE];

    return executed->state_dir == NULL || (name_token(executed, kind, request, name, errors) &&
                                           add_record(executed, name, id, errors));
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
    done = add_byte(fd, count) || fail_record(executed, name, errors);
    close(fd);
    return done;
}

/* ---- What has become of one --------------------------------------------------------------------
 */

static bool begins_with(const char *name, const char *kind)
{
    return strncmp(name, kind, strlen(kind)) == 0 && name[strlen(kind)] == '-';
}

/* Those of an earlier version are empty, too. */
static void read_end(int directory, const char *name, struct executed_end *end)
{
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;

    *end = (struct executed_end){.what = EXECUTED_NOTHING};
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        if (read(fd, end->id, SKA_REQUEST_ID_LENGTH) != SKA_REQUEST_ID_LENGTH)
            end->id[0] = 0;
        end->seconds = status.st_mtim.tv_sec > 0 ? (uint64_t)status.st_mtim.tv_sec : 0;
        end->what = begins_with(name, WITHDRAWN) ? EXECUTED_WITHDRAWN
                    : end->id[0] != 0            ? EXECUTED_DONE
                                                 : EXECUTED_GIVEN_UP;
    }
    close(fd);
}

static void keep_later(struct executed_end *kept, const struct executed_end *end)
{
    if (end->what != EXECUTED_NOTHING &&
        (kept->what == EXECUTED_NOTHING || end->seconds > kept->seconds))
        *kept = *end;
}

bool executed_look(const struct executed *executed, const struct ska_request *request,
                   struct executed_end *end, const struct ska_errors *errors)
{
    static const char *const kinds[] = {DONE, WITHDRAWN};
    int directory = -1;
    bool done = true;

    *end = (struct executed_end){.what = EXECUTED_NOTHING};
    if (executed->state_dir == NULL)
        return true;
    directory = ska_state_dir_open(executed->state_dir, errors);
    if (directory < 0)
        return false;
    for (size_t i = 0; done && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char name[NAME_SIZE];
        struct executed_end found;

        done = name_token(executed, kinds[i], request, name, errors);
        if (!done)
            break;
        read_end(directory, name, &found);
        keep_later(end, &found);
    }
    close(directory);
    return done;
}

bool executed_find(const struct executed *executed, const char *digits, struct executed_end *end,
                   const struct ska_errors *errors)
{
    int directory = -1;
    const struct dirent *entry = NULL;
    struct ska_listing listing;

    *end = (struct executed_end){.what = EXECUTED_NOTHING};
    if (executed->state_dir == NULL)
        return true;
    directory = ska_state_dir_open(executed->state_dir, errors);
    if (directory < 0)
        return false;
    ska_listing_start(&listing, directory);
    while ((entry = ska_listing_next(&listing)) != NULL) {
        struct executed_end found;

        if (!begins_with(entry->d_name, DONE) && !begins_with(entry->d_name, WITHDRAWN))
            continue;
        read_end(directory, entry->d_name, &found);
        if (found.id[0] != 0 && strncmp(found.id, digits, strlen(digits)) == 0)
            keep_later(end, &found);
    }
    return ska_listing_end(&listing) || ska_fail(errors, SKA_R_FILE_FAILURE, "state-dir %s: %s",
                                                 executed->state_dir, strerror(errno));
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

    return !name_pin(executed, path, name) || add_record(executed, name, NULL, errors);
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
    return executed->state_dir == NULL ? ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                                                  "state-dir is not set, and an order that this "
                                                  "user may not remove must be remembered there")
                                       : add_record(executed, name, NULL, errors);
}
