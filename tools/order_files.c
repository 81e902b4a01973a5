/* SPDX-License-Identifier: Apache-2.0 */
/* Orders in an approvals directory, where whoever may write there has put as many as he likes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/base/file.h"
#include "provider/base/listing.h"
#include "provider/base/printable.h"
#include "provider/record/audit_line.h"
#include "provider/sign/answer_budget.h"
#include "provider/sign/new_file.h"
#include "tools/order.h"
#include "tools/show/text.h"

#define SUFFIX ".order.json"
/* As of an answer: the signer has to read it, whatever groups they share. */
#define ORDER_MODE 0644

/* ---- Putting --------------------------------------------------------------------------------- */

static bool name_order(const struct ska_directory *directory, const struct ska_new_file *file,
                       enum ska_operation operation, char name[ORDER_NAME_SIZE],
                       const struct ska_errors *errors)
{
    int fd = ska_directory_fd(directory);

    snprintf(name, ORDER_NAME_SIZE, "%s-%s" SUFFIX, text_operation(operation), file->unique);
    return renameat(fd, file->name, fd, name) == 0 || ska_directory_fail(directory, name, errors);
}

bool order_put(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
               const struct order *order, char name[ORDER_NAME_SIZE],
               const struct ska_errors *errors)
{
    struct ska_new_file file = {.group = (gid_t)-1};
    char id[SKA_AUDIT_HASH_SIZE];
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    if (!order_print(order, &text, errors))
        return false;
    /* What the name of a file begins with until it is complete. */
    done = ska_audit_hash(libctx, ska_span_of(&text), id, errors) &&
           ska_new_file_write(&file, ska_directory_fd(directory), ska_directory_path(directory), id,
                              ska_span_of(&text), ORDER_MODE, errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    done = name_order(directory, &file, order->operation, name, errors);
    ska_new_file_end(&file);
    return done;
}

/* ---- Finding --------------------------------------------------------------------------------- */

static bool is_order_name(const char *name)
{
    size_t length = strlen(name);

    return name[0] != '.' && length > strlen(SUFFIX) && length < ORDER_NAME_SIZE &&
           strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static bool identify_file(const struct stat *status, OSSL_LIB_CTX *libctx, struct order_file *file,
                          const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    bool done = false;

    file->owner = status->st_uid;
    ska_buffer_format(&text, "%s %lu %ju %jd.%09ld %jd", file->name, (unsigned long)file->owner,
                      (uintmax_t)status->st_ino, (intmax_t)status->st_mtim.tv_sec,
                      status->st_mtim.tv_nsec, (intmax_t)status->st_size);
    done = ska_audit_hash(libctx, ska_span_text(ska_buffer_string(&text)), file->identity, errors);
    ska_buffer_free(&text);
    return done;
}

static bool add_file(struct order_files *files, const struct order_file *file,
                     const struct ska_errors *errors)
{
    struct order_file *grown = reallocarray(files->files, files->count + 1, sizeof(*grown));

    if (grown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu orders", files->count);
    files->files = grown;
    grown[files->count++] = *file;
    return true;
}

struct search {
    const struct ska_directory *directory;
    OSSL_LIB_CTX *libctx;
    bool (*skip)(void *arg, const struct order_file *file);
    void *arg;
    struct ska_budget budget;
    struct order_files *files;
};

static bool look_at_order(struct search *search, const char *name, const struct ska_errors *errors)
{
    struct order_file file = {.owner = 0};
    struct stat status;

    if (fstatat(ska_directory_fd(search->directory), name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    /* A folder cannot be removed, and would have to be remembered at each change of it. */
    if (S_ISDIR(status.st_mode))
        return true;
    snprintf(file.name, sizeof(file.name), "%s", name);
    if (!identify_file(&status, search->libctx, &file, errors))
        return false;
    if (search->skip != NULL && search->skip(search->arg, &file))
        return true;
    if (!ska_budget_take_file(&search->budget, file.owner, 0)) {
        search->files->left++;
        return true;
    }
    file.shown = ska_file_name_shown(name);
    if (file.shown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu orders", search->files->count);
    if (add_file(search->files, &file, errors))
        return true;
    free(file.shown);
    return false;
}

bool order_files_find(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
                      bool (*skip)(void *arg, const struct order_file *file), void *arg,
                      struct order_files *files, const struct ska_errors *errors)
{
    struct search search = {directory, libctx, skip, arg, {.share = {ORDERS_AT_ONCE, 0, 0, 0}},
                            files};
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool done = true;

    ska_listing_start_at(&listing, ska_directory_fd(directory));
    while (done && (entry = ska_listing_next(&listing)) != NULL)
        if (is_order_name(entry->d_name))
            done = look_at_order(&search, entry->d_name, errors);
    ska_budget_clear(&search.budget);
    return ska_listing_end(&listing) ? done : ska_directory_fail(directory, ".", errors);
}

void order_files_free(struct order_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->files[i].shown);
    free(files->files);
    memset(files, 0, sizeof(*files));
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* What is too long or no regular file is a bad order; what this computer lacks passes. */
static bool read_content(int fd, const char *name, struct ska_bytes *text,
                         const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool done = false;

    errno = 0;
    done = ska_file_read_descriptor(fd, name, ORDER_LIMIT, text, &quiet);
    if (!done)
        ska_fail(errors, ska_directory_failure_passes(errno) ? failure.reason : SKA_R_BAD_REQUEST,
                 "%s", ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
    return done;
}

static bool read_same_file(int fd, OSSL_LIB_CTX *libctx, const struct order_file *file,
                           struct order *order, const struct ska_errors *errors)
{
    struct order_file now = *file;
    struct ska_bytes text = {NULL, 0};
    struct stat status;
    bool done = false;

    if (fstat(fd, &status) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", file->shown, strerror(errno));
    if (!identify_file(&status, libctx, &now, errors))
        return false;
    if (strcmp(now.identity, file->identity) != 0)
        return ska_fail(errors, SKA_R_BAD_REQUEST, "it was changed meanwhile");
    done = read_content(fd, file->shown, &text, errors) &&
           order_parse(ska_span_of(&text), file->shown, order, errors);
    ska_bytes_free(&text);
    return done;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
bool order_file_read(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
                     const struct order_file *file, struct order *order,
                     const struct ska_errors *errors)
{
    int fd = openat(ska_directory_fd(directory), file->name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool done = false;

    memset(order, 0, sizeof(*order));
    if (fd < 0)
        return ska_fail(
            errors, ska_directory_failure_passes(errno) ? SKA_R_FILE_FAILURE : SKA_R_BAD_REQUEST,
            "%s: %s", file->shown, errno == ELOOP ? "is a symbolic link" : strerror(errno));
    done = read_same_file(fd, libctx, file, order, errors);
    close(fd);
    return done;
}
