/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/base/safe_path.h"
#include "provider/request/algorithm.h"
#include "provider/sign/new_file.h"

static const char *const suffixes[] = {[SKA_FILE_REQUEST] = ".request.json",
                                       [SKA_FILE_APPROVAL] = ".approval.json",
                                       [SKA_FILE_REFUSAL] = ".reject.json"};
#define NAME_SIZE (SKA_REQUEST_ID_LENGTH + sizeof(".request.json"))

/* An answer is not secret, and the signer must be able to read it, whatever his groups are. */
#define ANSWER_MODE 0644
#define REQUEST_MODE 0640

struct ska_directory {
    int fd;
    char *path;
    enum ska_directory_use use;
};

int ska_directory_fd(const struct ska_directory *directory)
{
    return directory->fd;
}

const char *ska_directory_path(const struct ska_directory *directory)
{
    return directory->path;
}

bool ska_directory_holds_approvals(const struct ska_directory *directory)
{
    return directory->use != SKA_DIRECTORY_OF_FILE;
}

static bool directory_is_safe(int fd, const char *path, enum ska_directory_use use,
                              const struct ska_errors *errors)
{
    struct stat status;

    if (use == SKA_DIRECTORY_OF_FILE)
        return true;
    if (fstat(fd, &status) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    if (use == SKA_DIRECTORY_TO_SIGN && status.st_uid != geteuid() && status.st_uid != 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s belongs to uid %lu: it must be owned by root or by uid %lu, who signs",
                        path, (unsigned long)status.st_uid, (unsigned long)geteuid());
    if ((status.st_mode & S_IWOTH) != 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s is writable by everybody: its owner can fix that with chmod o-w %s, "
                        "and let approvers share a group",
                        path, path);
    if ((status.st_mode & S_IWGRP) != 0 && (status.st_mode & S_ISVTX) == 0)
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                        "%s is writable by its group without the sticky bit: its owner can fix "
                        "that with chmod +t %s",
                        path, path);
    return true;
}

bool ska_directory_open(const char *path, enum ska_directory_use use,
                        struct ska_directory **directory, const struct ska_errors *errors)
{
    struct ska_directory *opened = NULL;
    int fd = -1;

    /* Others may read from it by whatever way: what they approve they see. */
    if (use == SKA_DIRECTORY_TO_SIGN &&
        !ska_path_is_safe("approvals directory", path, NULL, errors))
        return false;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "approvals directory %s: %s (as uid %lu)", path,
                        strerror(errno), (unsigned long)geteuid());
    if (!directory_is_safe(fd, path, use, errors)) {
        close(fd);
        return false;
    }
    opened = calloc(1, sizeof(*opened));
    if (opened == NULL || (opened->path = strdup(path)) == NULL) {
        free(opened);
        close(fd);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    }
    opened->fd = fd;
    opened->use = use;
    *directory = opened;
    return true;
}

void ska_directory_close(struct ska_directory *directory)
{
    if (directory == NULL)
        return;
    close(directory->fd);
    free(directory->path);
    free(directory);
}

/* ---- Names ----------------------------------------------------------------------------------- */

enum ska_file_kind ska_file_kind_of(const char *name)
{
    size_t length = strlen(name);

    if (strspn(name, "0123456789abcdef") != SKA_REQUEST_ID_LENGTH ||
        name[SKA_REQUEST_ID_LENGTH] != '.')
        return SKA_FILE_OTHER;
    for (int kind = SKA_FILE_REQUEST; kind <= SKA_FILE_REFUSAL; kind++) {
        size_t suffix = strlen(suffixes[kind]);

        if (length < SKA_REQUEST_ID_LENGTH + suffix ||
            strcmp(name + length - suffix, suffixes[kind]) != 0)
            continue;
        /* Answers have something in between. */
        if ((length == SKA_REQUEST_ID_LENGTH + suffix) == (kind == SKA_FILE_REQUEST))
            return (enum ska_file_kind)kind;
    }
    return SKA_FILE_OTHER;
}

bool ska_file_is_answer(const char *name, const char *id)
{
    return strncmp(name, id, SKA_REQUEST_ID_LENGTH) == 0 &&
           ska_file_kind_of(name) >= SKA_FILE_APPROVAL;
}

static void request_name(const char *id, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%s%s", id, suffixes[SKA_FILE_REQUEST]);
}

/* By a descriptor of its own: reading must not move the position of another's. */
static DIR *open_listing(const struct ska_directory *directory)
{
    int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);

    if (fd >= 0 && listing == NULL)
        close(fd);
    return listing;
}

static bool names_add(struct ska_directory_names *names, const char *name, size_t *capacity,
                      const struct ska_errors *errors)
{
    char *copy = NULL;

    if (names->count == *capacity) {
        size_t more = *capacity == 0 ? 256 : *capacity * 2;
        char **grown = reallocarray(names->names, more, sizeof(*grown));

        if (grown == NULL)
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu files", names->count);
        names->names = grown;
        *capacity = more;
    }
    copy = strdup(name);
    if (copy == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu files", names->count);
    names->names[names->count++] = copy;
    return true;
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool ska_directory_list(const struct ska_directory *directory, struct ska_directory_names *names,
                        const struct ska_errors *errors)
{
    DIR *listing = open_listing(directory);
    const struct dirent *entry = NULL;
    size_t capacity = 0;
    bool done = true;

    if (listing == NULL)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", directory->path, strerror(errno));
    while (done && (entry = readdir(listing)) != NULL)
        if (ska_file_kind_of(entry->d_name) != SKA_FILE_OTHER)
            done = names_add(names, entry->d_name, &capacity, errors);
    closedir(listing);
    if (done && names->count > 0)
        qsort(names->names, names->count, sizeof(*names->names), names_compare);
    return done;
}

void ska_directory_names_free(struct ska_directory_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    names->names = NULL;
    names->count = 0;
}

void ska_directory_names_of(const struct ska_directory_names *names, const char *id, size_t *first,
                            size_t *end)
{
    size_t low = 0;
    size_t high = names->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strncmp(names->names[middle], id, SKA_REQUEST_ID_LENGTH) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (low < names->count && strncmp(names->names[low], id, SKA_REQUEST_ID_LENGTH) == 0)
        low++;
    *end = low;
}

static size_t find_requests(const struct ska_directory_names *names, const char *start,
                            char id[SKA_REQUEST_ID_LENGTH + 1])
{
    size_t found = 0;

    for (size_t i = 0; i < names->count; i++) {
        if (strncmp(names->names[i], start, strlen(start)) != 0 ||
            ska_file_kind_of(names->names[i]) != SKA_FILE_REQUEST)
            continue;
        memcpy(id, names->names[i], SKA_REQUEST_ID_LENGTH);
        id[SKA_REQUEST_ID_LENGTH] = 0;
        found++;
    }
    return found;
}

bool ska_directory_find_id(const struct ska_directory *directory, const char *given,
                           char id[SKA_REQUEST_ID_LENGTH + 1], const struct ska_errors *errors)
{
    struct ska_directory_names names = {NULL, 0};
    size_t length = strlen(given);
    size_t found = 0;

    if (strspn(given, "0123456789abcdef") != length || length < SKA_REQUEST_ID_SHORT ||
        length > SKA_REQUEST_ID_LENGTH)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "'%s' is no request id: 64 digits and letters from a to f, or the first "
                        "%d of them or more (skatool requests shows them)",
                        given, SKA_REQUEST_ID_SHORT);
    memcpy(id, given, length + 1);
    if (length == SKA_REQUEST_ID_LENGTH)
        return true;
    if (!ska_directory_list(directory, &names, errors))
        return false;
    found = find_requests(&names, given, id);
    ska_directory_names_free(&names);
    if (found == 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE,
                        "no open request %s... in %s: it may be done already", given,
                        directory->path);
    return found == 1 || ska_fail(errors, SKA_R_WRONG_USE,
                                  "%zu requests start with %s: give all 64 digits", found, given);
}

/* ---- Requests -------------------------------------------------------------------------------- */

bool ska_directory_failure_passes(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR ||
           error == EIO || error == ESTALE;
}

/* What stands there; without approvals, see ska_directory_read(). */
static bool parse_standing(struct ska_span text, const char *name, struct ska_request **request,
                           const struct ska_errors *errors)
{
    if (!ska_request_parse(text, name, request, errors))
        return false;
    ska_approvals_free((*request)->approvals, (*request)->approval_count);
    (*request)->approvals = NULL;
    (*request)->approval_count = 0;
    return true;
}

static bool fail_unreadable(const struct ska_directory *directory, const char *name,
                            const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_FILE_FAILURE, "%s/%s: %s", directory->path, name,
                    strerror(errno));
}

bool ska_directory_read(const struct ska_directory *directory, const char *id,
                        struct ska_request **request, uid_t *owner, const struct ska_errors *errors)
{
    char name[NAME_SIZE];
    struct stat status;
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    request_name(id, name);
    if (fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ska_fail(errors, SKA_R_FILE_FAILURE,
                                          "no open request %s in %s: it may be done already", id,
                                          directory->path)
                               : fail_unreadable(directory, name, errors);
    *owner = status.st_uid;
    done = ska_file_read_at(directory->fd, name, name, SKA_JSON_LIMIT, &text, errors) &&
           parse_standing(ska_span_of(&text), name, request, errors);
    ska_bytes_free(&text);
    if (done && strcmp((*request)->id, id) != 0) {
        ska_fail(errors, SKA_R_BAD_REQUEST, "the request in %s/%s has another id", directory->path,
                 name);
        ska_request_free(*request);
        *request = NULL;
        return false;
    }
    return done;
}

static bool is_same_matter(const struct ska_request *a, const struct ska_request *b)
{
    return strcmp(a->id, b->id) == 0 && a->operation == b->operation && a->key_label != NULL &&
           b->key_label != NULL && strcmp(a->key_label, b->key_label) == 0 &&
           ska_span_equal(ska_span_of(&a->public_key), ska_span_of(&b->public_key)) &&
           ska_span_equal(ska_span_of(&a->payload), ska_span_of(&b->payload)) &&
           (a->operation != SKA_OPERATION_SIGN || ska_algorithm_same(&a->mechanism, &b->mechanism));
}

bool ska_directory_find(const struct ska_directory *directory, const struct ska_request *draft,
                        struct ska_request **found, const struct ska_errors *errors)
{
    char name[NAME_SIZE];
    struct stat status;
    struct ska_bytes text = {NULL, 0};

    *found = NULL;
    request_name(draft->id, name);
    if (fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || fail_unreadable(directory, name, errors);
    errno = 0;
    if (!ska_file_read_at(directory->fd, name, name, SKA_JSON_LIMIT, &text, NULL))
        return !ska_directory_failure_passes(errno) || fail_unreadable(directory, name, errors);
    if (parse_standing(ska_span_of(&text), name, found, NULL) && !is_same_matter(*found, draft)) {
        ska_request_free(*found);
        *found = NULL;
    }
    ska_bytes_free(&text);
    return true;
}

/* Waits at most two seconds: whoever may open the directory could hold the lock for ever. */
static bool directory_lock(const struct ska_directory *directory, const struct ska_errors *errors)
{
    const struct timespec pause = {0, 20000000};

    for (int i = 0; i < 100; i++) {
        if (flock(directory->fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        nanosleep(&pause, NULL);
    }
    return ska_fail(errors, SKA_R_FILE_FAILURE, "cannot lock %s: %s", directory->path,
                    strerror(errno));
}

bool ska_directory_stands(const struct ska_directory *directory, const char *id, int hold)
{
    char name[NAME_SIZE];
    struct stat named;
    struct stat held;

    request_name(id, name);
    if (fstatat(directory->fd, name, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return hold < 0 ||
           (fstat(hold, &held) == 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino);
}

static void remove_answers(const struct ska_directory *directory, const char *id);

/* Forgets a standing request that has expired, so that the new one takes its place. */
static void drop_expired(const struct ska_directory *directory, const struct ska_request *expired,
                         struct ska_request **standing)
{
    if (*standing == NULL || expired == NULL ||
        !ska_span_equal(ska_span_of(&(*standing)->approval_token),
                        ska_span_of(&expired->approval_token)))
        return;
    remove_answers(directory, expired->id);
    ska_request_free(*standing);
    *standing = NULL;
}

/* A complete request, written under a temporary name, and what its name is to be. */
struct candidate {
    const struct ska_request *request;
    const char *temporary;
    const char *name;
};

/* The name is taken: by a request for this matter, or by a file that goes, so that ours comes. */
static bool adopt_or_replace(const struct ska_directory *directory,
                             const struct candidate *candidate, const struct ska_request *expired,
                             struct ska_request **standing, const struct ska_errors *errors)
{
    bool done = false;

    if (!directory_lock(directory, errors))
        return false;
    if (ska_directory_find(directory, candidate->request, standing, errors)) {
        drop_expired(directory, expired, standing);
        done = *standing != NULL ||
               renameat(directory->fd, candidate->temporary, directory->fd, candidate->name) == 0 ||
               ska_fail(errors, SKA_R_FILE_FAILURE,
                        "%s/%s is no request for this signature and cannot be replaced: %s",
                        directory->path, candidate->name, strerror(errno));
    }
    flock(directory->fd, LOCK_UN);
    return done;
}

/* Approvers are the directory's group; a signer who may not give it away is one of them. */
static void share_with_group(const struct ska_directory *directory, int fd)
{
    struct stat status;

    if (fstat(directory->fd, &status) == 0)
        (void)!fchown(fd, (uid_t)-1, status.st_gid);
}

bool ska_directory_publish(const struct ska_directory *directory, const struct ska_request *request,
                           const struct ska_request *expired, struct ska_request **standing,
                           const struct ska_errors *errors)
{
    char name[NAME_SIZE];
    struct ska_new_file file;
    const struct candidate candidate = {request, file.name, name};
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    *standing = NULL;
    request_name(request->id, name);
    if (!ska_request_print(request, &text, errors))
        return false;
    done = ska_new_file_write(&file, directory->fd, directory->path, request->id,
                              ska_span_of(&text), REQUEST_MODE, errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    share_with_group(directory, file.fd);
    if (linkat(directory->fd, file.name, directory->fd, name, 0) != 0)
        done = errno == EEXIST ? adopt_or_replace(directory, &candidate, expired, standing, errors)
                               : ska_fail(errors, SKA_R_FILE_FAILURE, "%s/%s: %s", directory->path,
                                          name, strerror(errno));
    ska_new_file_end(&file);
    return done;
}

int ska_directory_hold(const struct ska_directory *directory, const char *id)
{
    char name[NAME_SIZE];
    struct stat status;
    int fd = -1;

    request_name(id, name);
    fd = openat(directory->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
                    flock(fd, LOCK_SH | LOCK_NB) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void remove_answers(const struct ska_directory *directory, const char *id)
{
    DIR *listing = open_listing(directory);
    const struct dirent *entry = NULL;

    while (listing != NULL && (entry = readdir(listing)) != NULL)
        if (ska_file_is_answer(entry->d_name, id))
            unlinkat(directory->fd, entry->d_name, 0);
        else
            ska_new_file_clean(directory->fd, entry->d_name, id);
    if (listing != NULL)
        closedir(listing);
}

/* Others have approved, or will, what another process has put there since. */
static bool is_anothers(const struct ska_directory *directory, const struct ska_request *request)
{
    struct ska_request *standing = NULL;
    bool anothers = !ska_directory_find(directory, request, &standing, NULL) ||
                    (standing != NULL && !ska_span_equal(ska_span_of(&standing->approval_token),
                                                         ska_span_of(&request->approval_token)));

    ska_request_free(standing);
    return anothers;
}

void ska_directory_finish(const struct ska_directory *directory, const struct ska_request *request,
                          int hold)
{
    char name[NAME_SIZE];

    /* Of several that hold it the last one closes it: who fails here has let go. */
    if ((hold < 0 || flock(hold, LOCK_EX | LOCK_NB) == 0) && !is_anothers(directory, request)) {
        request_name(request->id, name);
        unlinkat(directory->fd, name, 0);
        /* Before what others left is looked at: that may be another name of the same file. */
        ska_directory_let_go(hold);
        hold = -1;
        remove_answers(directory, request->id);
    }
    ska_directory_let_go(hold);
}

void ska_directory_let_go(int hold)
{
    if (hold < 0)
        return;
    /* A child that was forked meanwhile has the descriptor too, and with it the lock. */
    flock(hold, LOCK_UN);
    close(hold);
}

/* ---- Answers --------------------------------------------------------------------------------- */

bool ska_directory_put(const struct ska_directory *directory, const char *id,
                       enum ska_file_kind kind, const struct ska_approval *answer,
                       char name[SKA_ANSWER_NAME_SIZE], const struct ska_errors *errors)
{
    char own_name[SKA_ANSWER_NAME_SIZE];
    struct ska_bytes text = {NULL, 0};
    struct ska_new_file file;
    bool done = false;

    name = name == NULL ? own_name : name;
    if (!ska_approval_print(answer, &text, errors))
        return false;
    done = ska_new_file_write(&file, directory->fd, directory->path, id, ska_span_of(&text),
                              ANSWER_MODE, errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    snprintf(name, SKA_ANSWER_NAME_SIZE, "%s.%s%s", id, file.unique, suffixes[kind]);
    done = renameat(directory->fd, file.name, directory->fd, name) == 0 ||
           fail_unreadable(directory, name, errors);
    /* Whoever closes a request removes it first and the answers then: what comes too late for that
     * is removed here. */
    if (done && directory->use != SKA_DIRECTORY_OF_FILE && !ska_directory_stands(directory, id, -1))
        unlinkat(directory->fd, name, 0);
    ska_new_file_end(&file);
    return done;
}
