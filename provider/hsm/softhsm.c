/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why SoftHSM shows no token: it says so only in the system's log. Servers drop their privileges
 * after they have read their keys, and then meet a directory that only root may read.
 */
#include "provider/hsm/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/listing.h"
#include "provider/hsm/state.h"

/* The longest configuration file that is looked into. */
#define CONFIGURATION_LIMIT 65536

static bool is_softhsm(const struct hsm_module *module)
{
    const char *slash = strrchr(module->path, '/');
    const char *name = slash == NULL ? module->path : slash + 1;

    if (module->simulator || strncmp(module->manufacturer, "SoftHSM", strlen("SoftHSM")) == 0)
        return true;
    return module->manufacturer[0] == 0 &&
           (strstr(name, "softhsm") != NULL || strstr(name, "skasim") != NULL);
}

/* As SoftHSM looks for it. NULL: out of memory; free with free(). */
static char *configuration_path(void)
{
    const char *given = getenv("SOFTHSM2_CONF");
    const char *home = getenv("HOME");
    char *path = NULL;

    if (given != NULL)
        return strdup(given);
    if (home != NULL && asprintf(&path, "%s/.config/softhsm2/softhsm2.conf", home) >= 0) {
        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    return strdup("/etc/softhsm/softhsm2.conf");
}

/* The value of directories.tokendir, cut out of the content; NULL: none. */
static const char *token_directory(char *content)
{
    char *rest = NULL;

    for (char *line = strtok_r(content, "\r\n", &rest); line != NULL;
         line = strtok_r(NULL, "\r\n", &rest)) {
        char *value = NULL;
        size_t length = 0;

        line += strspn(line, " \t");
        if (strncmp(line, "directories.tokendir", strlen("directories.tokendir")) != 0)
            continue;
        value = strchr(line, '=');
        if (value == NULL)
            continue;
        value += 1 + strspn(value + 1, " \t");
        length = strlen(value);
        while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
            value[--length] = 0;
        return value;
    }
    return NULL;
}

static bool readable_at(int directory, const char *name)
{
    return faccessat(directory, name, R_OK | X_OK, AT_EACCESS) == 0;
}

/* The first directory of a token in it that cannot be read; NULL: none. Free with free(). */
static char *unreadable_token(const char *path)
{
    const int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    char *found = NULL;

    ska_listing_start(&listing, directory);
    while (found == NULL && (entry = ska_listing_next(&listing)) != NULL)
        if (entry->d_name[0] != '.' && !readable_at(directory, entry->d_name) && errno == EACCES &&
            asprintf(&found, "%s/%s", path, entry->d_name) < 0)
            found = NULL;
    (void)!ska_listing_end(&listing); /* then there is one explanation less */
    return found;
}

static void explain_directory(struct ska_buffer *text, const char *path, const char *configuration)
{
    char *token = NULL;

    if (!readable_at(AT_FDCWD, path)) {
        ska_buffer_format(text, "; %s (directories.tokendir in %s): %s", path, configuration,
                          strerror(errno));
        return;
    }
    token = unreadable_token(path);
    if (token != NULL)
        ska_buffer_format(text, "; %s: %s", token, strerror(EACCES));
    free(token);
}

static void explain_configuration(struct ska_buffer *text, const char *path)
{
    struct ska_bytes content = {NULL, 0};
    const char *directory = NULL;

    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
        ska_buffer_format(text, "; %s (SOFTHSM2_CONF): %s", path, strerror(errno));
        return;
    }
    if (ska_file_read(path, CONFIGURATION_LIMIT, &content, NULL) &&
        (directory = token_directory((char *)content.data)) != NULL)
        explain_directory(text, directory, path);
    ska_bytes_free(&content);
}

/* False where it is not known, as the module is being loaded. */
static bool has_other_root(const struct hsm_module *module)
{
    struct stat root;

    return module->root_inode != 0 && stat("/", &root) == 0 &&
           (root.st_dev != module->root_device || root.st_ino != module->root_inode);
}

char *hsm_explain_access(const struct hsm_module *module)
{
    char *path = is_softhsm(module) ? configuration_path() : NULL;
    struct ska_bytes access = {NULL, 0};
    struct ska_buffer text = {0};

    ska_buffer_format(&text, " (as uid %lu", (unsigned long)geteuid());
    if (path != NULL)
        explain_configuration(&text, path);
    if (has_other_root(module))
        ska_buffer_text(&text, "; this process has changed its root directory (chroot) since the "
                               "module was loaded: files that the module needs must be below it");
    ska_buffer_text(&text, ")");
    free(path);
    return ska_buffer_finish(&text, &access, NULL) ? (char *)access.data : NULL;
}
