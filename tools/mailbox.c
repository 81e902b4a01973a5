/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "../provider/approval/directory.h"
#include "../provider/approval/json.h"
#include "../provider/base/file.h"

#define REQUEST_SUFFIX ".request.json"
#define APPROVAL_SUFFIX ".approval.json"
#define NAME_SIZE (SKA_REQUEST_ID_LENGTH + 80)
/* Not secret, and the signer must be able to read it, whatever his groups are. */
#define APPROVAL_MODE 0644

bool mailbox_open(struct mailbox *mailbox, const char *path, const struct ska_errors *errors)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status) != 0) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "approvals directory %s: %s (as uid %lu)", path,
                 strerror(errno), (unsigned long)geteuid());
    } else if ((status.st_mode & S_IWOTH) != 0) {
        ska_fail(errors, SKA_R_DIRECTORY_UNSAFE, "%s is writable by everybody", path);
    } else if ((status.st_mode & S_IWGRP) != 0 && (status.st_mode & S_ISVTX) == 0) {
        ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                 "%s is writable by its group without the sticky bit", path);
    } else {
        mailbox->fd = fd;
        mailbox->path = path;
        return true;
    }
    if (fd >= 0)
        close(fd);
    return false;
}

void mailbox_close(struct mailbox *mailbox)
{
    if (mailbox->fd >= 0)
        close(mailbox->fd);
    mailbox->fd = -1;
}

bool mailbox_is_id(const char *id)
{
    return strlen(id) == SKA_REQUEST_ID_LENGTH &&
           strspn(id, "0123456789abcdef") == SKA_REQUEST_ID_LENGTH;
}

bool mailbox_read_request(const struct mailbox *mailbox, const char *id, struct ska_bytes *text,
                          const struct ska_errors *errors)
{
    char name[NAME_SIZE];
    struct stat status;

    snprintf(name, sizeof(name), "%s" REQUEST_SUFFIX, id);
    if (fstatat(mailbox->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        return ska_fail(errors, SKA_R_FILE_FAILURE,
                        "no open request %s in %s: it may be done already", id, mailbox->path);
    return ska_file_read_at(mailbox->fd, name, name, SKA_JSON_LIMIT, text, errors);
}

/* ID.<anything>.approval.json */
static bool is_approval_name(const char *name, const char *id)
{
    size_t length = strlen(name);
    size_t suffix = strlen(APPROVAL_SUFFIX);

    return length > SKA_REQUEST_ID_LENGTH + suffix &&
           strncmp(name, id, SKA_REQUEST_ID_LENGTH) == 0 && name[SKA_REQUEST_ID_LENGTH] == '.' &&
           strcmp(name + length - suffix, APPROVAL_SUFFIX) == 0;
}

static bool holds_approval(const struct mailbox *mailbox, const char *name, OSSL_LIB_CTX *libctx,
                           const struct ska_request *request, struct ska_span public_key)
{
    struct ska_span token = ska_span_of(&request->token);
    struct ska_bytes text = {NULL, 0};
    struct ska_approval *approvals = NULL;
    size_t count = 0;
    bool found = false;

    if (ska_file_read_at(mailbox->fd, name, name, SKA_JSON_LIMIT, &text, NULL) &&
        ska_approvals_parse(ska_span_of(&text), name, token, &approvals, &count, NULL))
        for (size_t i = 0; i < count && !found; i++)
            found = ska_span_equal(ska_span_of(&approvals[i].public_key), public_key) &&
                    ska_approval_verify(libctx, &approvals[i], token);
    ska_approvals_free(approvals, count);
    ska_bytes_free(&text);
    return found;
}

bool mailbox_has_approval(const struct mailbox *mailbox, OSSL_LIB_CTX *libctx,
                          const struct ska_request *request, struct ska_span public_key)
{
    int fd = openat(mailbox->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry = NULL;
    size_t files = 0;
    bool found = false;

    if (listing == NULL && fd >= 0)
        close(fd);
    while (listing != NULL && !found && files < SKA_APPROVALS_LIMIT &&
           (entry = readdir(listing)) != NULL) {
        if (!is_approval_name(entry->d_name, request->id))
            continue;
        files++;
        found = holds_approval(mailbox, entry->d_name, libctx, request, public_key);
    }
    if (listing != NULL)
        closedir(listing);
    return found;
}

static bool random_hex(char **hex, const struct ska_errors *errors)
{
    uint8_t random[12];

    if (RAND_bytes(random, sizeof(random)) != 1)
        return ska_fail(errors, SKA_R_INTERNAL, "no random numbers");
    return ska_hex_encode(ska_span(random, sizeof(random)), hex, errors);
}

bool mailbox_put_approval(const struct mailbox *mailbox, const char *id,
                          const struct ska_approval *approval, const struct ska_errors *errors)
{
    char temporary[NAME_SIZE];
    char name[NAME_SIZE];
    struct ska_bytes text = {NULL, 0};
    char *unique = NULL;
    bool done = false;

    if (!ska_approval_print(approval, &text, errors) || !random_hex(&unique, errors))
        goto out;
    snprintf(temporary, sizeof(temporary), ".%s.%s.tmp", id, unique);
    snprintf(name, sizeof(name), "%s.%s" APPROVAL_SUFFIX, id, unique);
    if (!ska_directory_create(mailbox->fd, temporary, mailbox->path, ska_span_of(&text),
                              APPROVAL_MODE, errors))
        goto out;
    done = renameat(mailbox->fd, temporary, mailbox->fd, name) == 0 ||
           ska_fail(errors, SKA_R_FILE_FAILURE, "%s/%s: %s", mailbox->path, name, strerror(errno));
    if (!done)
        unlinkat(mailbox->fd, temporary, 0);
out:
    free(unique);
    ska_bytes_free(&text);
    return done;
}
