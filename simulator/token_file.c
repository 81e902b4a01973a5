/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSM's file of a token.
 */
#include "simulator/token_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/change_lock.h"

#define TOKEN_FILE "token.object"
#define COPY "token.skasim-copy"
#define NEW_COPY "token.skasim-new"

/* Far above what SoftHSM writes, and little enough for the stack of any thread. */
#define FILE_LIMIT 4096

static bool write_content(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);

        if (written <= 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

/* The whole of a file; 0 when it is empty, too long or cannot be read. */
static size_t read_small_file(int directory, const char *name, char *content)
{
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    size_t length = 0;
    ssize_t got = 1;

    while (fd >= 0 && got > 0 && length < FILE_LIMIT) {
        got = read(fd, content + length, FILE_LIMIT - length);
        if (got > 0)
            length += (size_t)got;
    }
    if (fd >= 0)
        close(fd);
    return got < 0 || length == FILE_LIMIT ? 0 : length;
}

/* Complete under its name, or not there. */
static void replace_file(int directory, const char *name, const char *content, size_t length)
{
    int fd =
        openat(directory, NEW_COPY, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write_content(fd, content, length);

    if (fd >= 0 && close(fd) != 0)
        done = false;
    if (!done || renameat(directory, NEW_COPY, directory, name) != 0)
        unlinkat(directory, NEW_COPY, 0);
}

/* Restores an empty file, or makes the copy when there is none or it is to be made anew. */
static void repair_or_copy(int directory, bool changed)
{
    char content[FILE_LIMIT];
    struct stat info;

    if (fstatat(directory, TOKEN_FILE, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
        return;
    if (info.st_size == 0) {
        size_t length = read_small_file(directory, COPY, content);

        if (length > 0)
            replace_file(directory, TOKEN_FILE, content, length);
    } else if (changed || faccessat(directory, COPY, F_OK, 0) != 0) {
        size_t length = read_small_file(directory, TOKEN_FILE, content);

        if (length > 0)
            replace_file(directory, COPY, content, length);
    }
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
