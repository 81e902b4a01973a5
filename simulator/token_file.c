/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSM's file of a token.
 */
#include "simulator/token_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "simulator/change_lock.h"

#define TOKEN_FILE "token.object"
#define COPY "token.skasim-copy"
#define NEW_COPY "token.skasim-new"

/* Far above what SoftHSM writes. */
#define FILE_LIMIT 4096

/* Complete under its name, or not there. */
static void replace_file(int directory, const char *name, struct ska_span content)
{
    int fd =
        openat(directory, NEW_COPY, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool done = fd >= 0 && ska_write_all(fd, content);

    if (fd >= 0 && close(fd) != 0)
        done = false;
    if (!done || renameat(directory, NEW_COPY, directory, name) != 0)
        unlinkat(directory, NEW_COPY, 0);
}

static void copy_file(int directory, const char *from, const char *to)
{
    struct ska_bytes content = {NULL, 0};

    if (ska_file_read_at(directory, from, from, FILE_LIMIT, &content, NULL) && content.length > 0)
        replace_file(directory, to, ska_span_of(&content));
    ska_bytes_free(&content);
}

/* Restores an empty file, or makes the copy when there is none or it is to be made anew. */
static void repair_or_copy(int directory, bool changed)
{
    struct stat info;

    if (fstatat(directory, TOKEN_FILE, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
        return;
    if (info.st_size == 0)
        copy_file(directory, COPY, TOKEN_FILE);
    else if (changed || faccessat(directory, COPY, F_OK, 0) != 0)
        copy_file(directory, TOKEN_FILE, COPY);
}

/* Each directory below the token directory is a token. */
static void repair_or_copy_all(bool changed)
{
    const char *path = sim_lock_directory();
    DIR *tokens = path == NULL ? NULL : opendir(path);
    const struct dirent *entry = NULL;

    while (tokens != NULL && (entry = readdir(tokens)) != NULL) {
        int directory = -1;

        if (entry->d_name[0] == '.')
            continue;
        directory =
            openat(dirfd(tokens), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory >= 0) {
            repair_or_copy(directory, changed);
            close(directory);
        }
    }
    if (tokens != NULL)
        closedir(tokens);
}

CK_RV sim_token_file_begin(void)
{
    CK_RV rv = sim_lock();

    if (rv == CKR_OK)
        repair_or_copy_all(false);
    return rv;
}

void sim_token_file_end(bool changed)
{
    if (changed)
        repair_or_copy_all(true);
    sim_unlock();
}
