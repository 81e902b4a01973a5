/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/sign/directory.h"
#include "provider/base/json.h"
#include "provider/sign/new_file.h"
#include "provider/base/file.h"

/* Not secret, and the signer must be able to read it, whatever his groups are. */
#define APPROVAL_MODE 0644

static const char *const suffixes[] = {[MAILBOX_REQUEST] = ".request.json",
                                       [MAILBOX_APPROVAL] = ".approval.json",
                                       [MAILBOX_REFUSAL] = ".reject.json"};

bool mailbox_open(struct mailbox *mailbox, const char *path, const struct ska_errors *errors)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status) != 0) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "approvals directory %s: %s (as uid %lu)", path,
                 strerror(errno), (unsigned long)geteuid());
    } else if ((status.st_mode & S_IWOTH) != 0) {
        ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                 "%s is writable by everybody: its owner mends that with chmod o-w %s, and lets "
                 "approvers share a group",
                 path, path);
    } else if ((status.st_mode & S_IWGRP) != 0 && (status.st_mode & S_ISVTX) == 0) {
        ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                 "%s is writable by its group without the sticky bit: its owner mends that with "
                 "chmod +t %s",
                 path, path);
    } else {
        mailbox->fd = fd;
        mailbox->path = path;
        return true;
    }
    if (fd >= 0)
        close(fd);
    return false;
}

void mailbox_open_folder(struct mailbox *mailbox, const char *path)
{
    mailbox->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mailbox->path = path;
    mailbox->folder = true;
}

void mailbox_close(struct mailbox *mailbox)
{
    if (mailbox->fd >= 0)
        close(mailbox->fd);
    mailbox->fd = -1;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static bool starts_with_id(const char *name)
{
    return strspn(name, "0123456789abcdef") == SKA_REQUEST_ID_LENGTH &&
           name[SKA_REQUEST_ID_LENGTH] == '.';
}

/* ID.request.json, ID.<anything>.approval.json, ID.<anything>.reject.json */
enum mailbox_kind mailbox_kind_of(const char *name)
{
    size_t length = strlen(name);

    for (int kind = MAILBOX_REQUEST; kind < MAILBOX_OTHER; kind++) {
        size_t suffix = strlen(suffixes[kind]);

        if (length < SKA_REQUEST_ID_LENGTH + suffix ||
            strcmp(name + length - suffix, suffixes[kind]) != 0)
            continue;
        if ((length == SKA_REQUEST_ID_LENGTH + suffix) == (kind == MAILBOX_REQUEST))
            return (enum mailbox_kind)kind;
    }
    return MAILBOX_OTHER;
}

static bool add_name(struct mailbox_names *names, const char *name, size_t *room,
                     const struct ska_errors *errors)
{
    char *copy = NULL;

    if (names->count == *room) {
        size_t more = *room == 0 ? 256 : *room * 2;
        char **grown = reallocarray(names->names, more, sizeof(*grown));

        if (grown == NULL)
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu files", names->count);
        names->names = grown;
        *room = more;
    }
    copy = strdup(name);
    if (copy == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu files", names->count);
    names->names[names->count++] = copy;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool mailbox_list(const struct mailbox *mailbox, struct mailbox_names *names,
                  const struct ska_errors *errors)
{
    /* A descriptor of its own: reading must not move the position of another's. */
    int fd = openat(mailbox->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry = NULL;
    size_t room = 0;
    bool done = true;

    if (listing == NULL) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", mailbox->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (done && (entry = readdir(listing)) != NULL)
        if (starts_with_id(entry->d_name) && mailbox_kind_of(entry->d_name) != MAILBOX_OTHER)
            done = add_name(names, entry->d_name, &room, errors);
    closedir(listing);
    if (done && names->count > 0)
        qsort(names->names, names->count, sizeof(*names->names), compare_names);
    return done;
}

void mailbox_names_free(struct mailbox_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    names->names = NULL;
    names->count = 0;
}

void mailbox_names_of(const struct mailbox_names *names, const char *id, size_t *first, size_t *end)
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

/* ---- Requests -------------------------------------------------------------------------------- */

bool mailbox_find_id(const struct mailbox *mailbox, const char *given,
                     char id[SKA_REQUEST_ID_LENGTH + 1], const struct ska_errors *errors)
{
    struct mailbox_names names = {NULL, 0};
    size_t length = strlen(given);
    size_t found = 0;

    if (strspn(given, "0123456789abcdef") != length || length < MAILBOX_ID_SHORT ||
        length > SKA_REQUEST_ID_LENGTH)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "'%s' is no request id: 64 digits and letters from a to f, or the first "
                        "%d of them or more (skatool requests shows them)",
                        given, MAILBOX_ID_SHORT);
    memcpy(id, given, length + 1);
    if (length == SKA_REQUEST_ID_LENGTH)
        return true;
    if (!mailbox_list(mailbox, &names, errors))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        if (strncmp(names.names[i], given, length) != 0 ||
            mailbox_kind_of(names.names[i]) != MAILBOX_REQUEST)
            continue;
        memcpy(id, names.names[i], SKA_REQUEST_ID_LENGTH);
        id[SKA_REQUEST_ID_LENGTH] = 0;
        found++;
    }
    mailbox_names_free(&names);
    if (found == 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE,
                        "no open request %s... in %s: it may be done already", given,
                        mailbox->path);
    return found == 1 || ska_fail(errors, SKA_R_WRONG_USE,
                                  "%zu requests start with %s: give all 64 digits", found, given);
}

bool mailbox_read_request(const struct mailbox *mailbox, const char *id,
                          struct ska_request **request, uid_t *owner,
                          const struct ska_errors *errors)
{
    char name[MAILBOX_NAME_SIZE];
    struct stat status;
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    snprintf(name, sizeof(name), "%s%s", id, suffixes[MAILBOX_REQUEST]);
    if (fstatat(mailbox->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT
                   ? ska_fail(errors, SKA_R_FILE_FAILURE,
                              "no open request %s in %s: it may be done already", id, mailbox->path)
                   : ska_fail(errors, SKA_R_FILE_FAILURE, "%s/%s: %s", mailbox->path, name,
                              strerror(errno));
    *owner = status.st_uid;
    done = ska_file_read_at(mailbox->fd, name, name, SKA_JSON_LIMIT, &text, errors) &&
           ska_request_parse(ska_span_of(&text), name, request, errors);
    ska_bytes_free(&text);
    if (done && strcmp((*request)->id, id) != 0) {
        ska_fail(errors, SKA_R_BAD_REQUEST, "the request in %s/%s has another id", mailbox->path,
                 name);
        ska_request_free(*request);
        *request = NULL;
        return false;
    }
    return done;
}

/* ---- Approvals and refusals ------------------------------------------------------------------ */

bool mailbox_stands(const struct mailbox *mailbox, const char *id)
{
    char name[MAILBOX_NAME_SIZE];

    snprintf(name, sizeof(name), "%s%s", id, suffixes[MAILBOX_REQUEST]);
    return faccessat(mailbox->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool mailbox_put(const struct mailbox *mailbox, const char *id, enum mailbox_kind kind,
                 const struct ska_approval *approval, char name[MAILBOX_NAME_SIZE],
                 const struct ska_errors *errors)
{
    char own_name[MAILBOX_NAME_SIZE];
    struct ska_bytes text = {NULL, 0};
    struct ska_new_file file;
    bool done = false;

    name = name == NULL ? own_name : name;
    if (!ska_approval_print(approval, &text, errors))
        return false;
    done = ska_new_file_write(&file, mailbox->fd, mailbox->path, id, ska_span_of(&text),
                              APPROVAL_MODE, errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    snprintf(name, MAILBOX_NAME_SIZE, "%s.%s%s", id, file.unique, suffixes[kind]);
    done = renameat(mailbox->fd, file.name, mailbox->fd, name) == 0 ||
           ska_fail(errors, SKA_R_FILE_FAILURE, "%s/%s: %s", mailbox->path, name, strerror(errno));
    /* Whoever closes a request removes it first and the answers then: what comes too late for that
     * is removed here. */
    if (done && !mailbox->folder && !mailbox_stands(mailbox, id))
        unlinkat(mailbox->fd, name, 0);
    ska_new_file_end(&file);
    return done;
}
