/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/document_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/listing.h"
#include "tools/report.h"

/* More files than these are not looked at. */
#define FILES_MOST 100000

/* What one of the files has in one of its forms. */
struct folder_digest {
    uint8_t value[EVP_MAX_MD_SIZE];
    size_t length;
    size_t form;
    enum ska_content_meaning meaning; /* of the file in this form */
    size_t file;
};

/* Of all files by one algorithm, sorted. */
struct folder_index {
    bool made;
    struct folder_digest *list;
    size_t count;
};

struct document_folder {
    int fd;
    OSSL_LIB_CTX *libctx;
    char **files; /* their names */
    size_t count;
    struct folder_index indexes[SKA_DIGEST_SHA512 + 1];
};

/* ---- Files ----------------------------------------------------------------------------------- */

static bool is_regular(int folder, const char *name)
{
    struct stat status;

    return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

static bool add_file(struct document_folder *folder, const char *name)
{
    char **grown = reallocarray(folder->files, folder->count + 1, sizeof(*grown));

    if (grown == NULL)
        return false;
    folder->files = grown;
    grown[folder->count] = strdup(name);
    return grown[folder->count++] != NULL;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_files(struct document_folder *folder, const char *path,
                       const struct ska_errors *errors)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool done = true;

    ska_listing_start_at(&listing, folder->fd);
    while (done && (entry = ska_listing_next(&listing)) != NULL)
        if (is_regular(folder->fd, entry->d_name))
            done = folder->count < FILES_MOST
                       ? add_file(folder, entry->d_name) ||
                             ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu files", folder->count)
                       : ska_fail(errors, SKA_R_BAD_INPUT_LENGTH, "%s: more than %d files", path,
                                  FILES_MOST);
    if (!ska_listing_end(&listing))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    if (done && folder->count > 0)
        qsort(folder->files, folder->count, sizeof(*folder->files), compare_files);
    return done;
}

bool document_folder_open(const char *path, OSSL_LIB_CTX *libctx, struct document_folder **folder,
                          const struct ska_errors *errors)
{
    struct document_folder *opened = calloc(1, sizeof(*opened));

    if (opened == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    opened->libctx = libctx;
    opened->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (opened->fd < 0)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
    else if (list_files(opened, path, errors)) {
        *folder = opened;
        return true;
    }
    document_folder_close(opened);
    return false;
}

void document_folder_close(struct document_folder *folder)
{
    if (folder == NULL)
        return;
    for (size_t i = 0; i < folder->count; i++)
        free(folder->files[i]);
    for (size_t i = 0; i < sizeof(folder->indexes) / sizeof(folder->indexes[0]); i++)
        free(folder->indexes[i].list);
    free(folder->files);
    if (folder->fd >= 0)
        close(folder->fd);
    free(folder);
}

/* ---- Hashing --------------------------------------------------------------------------------- */

/* One file that is hashed for an index. */
struct hashing {
    struct folder_index *index;
    size_t file;
    bool out_of_memory;
};

static bool keep_digest(void *arg, const struct document_heard *heard)
{
    struct hashing *hashing = arg;
    struct folder_index *index = hashing->index;
    struct folder_digest *grown = reallocarray(index->list, index->count + 1, sizeof(*grown));

    hashing->out_of_memory = grown == NULL;
    if (grown == NULL)
        return false;
    index->list = grown;
    grown[index->count] = (struct folder_digest){.length = heard->digest.length,
                                                 .form = heard->form,
                                                 .meaning = heard->meaning,
                                                 .file = hashing->file};
    memcpy(grown[index->count++].value, heard->digest.data, heard->digest.length);
    return true;
}

/* One that cannot be read is named, and is none. False: out of memory. */
static bool hash_file(struct document_folder *folder, size_t place, enum ska_digest digest)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    const char *name = folder->files[place];
    struct hashing hashing = {.index = &folder->indexes[digest], .file = place};
    const struct document_listener listener = {keep_digest, &hashing};
    const size_t before = hashing.index->count;
    struct input input = {.shown = name};
    struct stat status;

    input.fd = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (input.fd < 0 || fstat(input.fd, &status) != 0)
        report_warning("%s: %s", name, strerror(errno));
    else if (S_ISREG(status.st_mode) &&
             !document_hash(&input, folder->libctx, digest, &listener, &to_warnings)) {
        hashing.index->count = before;
        if (warnings.count == 0 && !hashing.out_of_memory)
            report_warning("%s: it could not be hashed", name);
    }
    if (input.fd >= 0)
        close(input.fd);
    return !hashing.out_of_memory;
}

static int compare_values(const struct folder_digest *one, const uint8_t *value, size_t length)
{
    return one->length != length ? (one->length < length ? -1 : 1)
                                 : memcmp(one->value, value, length);
}

/* Of files that are alike in the same form the first by name. */
static int compare_digests(const void *a, const void *b)
{
    const struct folder_digest *one = a;
    const struct folder_digest *other = b;
    int order = compare_values(one, other->value, other->length);

    if (order == 0)
        order = one->form != other->form ? (one->form < other->form ? -1 : 1)
                                         : (one->file < other->file ? -1 : one->file > other->file);
    return order;
}

static bool make_index(struct document_folder *folder, enum ska_digest digest,
                       const struct ska_errors *errors)
{
    struct folder_index *index = &folder->indexes[digest];

    if (index->made)
        return true;
    for (size_t i = 0; i < folder->count; i++)
        if (!hash_file(folder, i, digest))
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu files", folder->count);
    if (index->count > 0)
        qsort(index->list, index->count, sizeof(*index->list), compare_digests);
    index->made = true;
    return true;
}

/* ---- Finding --------------------------------------------------------------------------------- */

/* The first place where it may be. */
static size_t find_value(const struct folder_index *index, const uint8_t *value, size_t length)
{
    size_t low = 0;
    size_t high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_values(&index->list[middle], value, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_value(const struct folder_index *index, size_t at, const uint8_t *value,
                      size_t length)
{
    return at < index->count && compare_values(&index->list[at], value, length) == 0;
}

/* The first of them, which is of the simplest form; NULL: none. */
static const struct folder_digest *find_wanted(const struct folder_index *index,
                                               const struct document_wanted *wanted)
{
    size_t at = find_value(index, wanted->value, wanted->length);

    return has_value(index, at, wanted->value, wanted->length) &&
                   index->list[at].form < wanted->forms
               ? &index->list[at]
               : NULL;
}

static struct document found_in(const struct document_folder *folder,
                                const struct folder_digest *hit,
                                const struct document_wanted *wanted)
{
    struct document_heard heard = {hit->form, ska_span(hit->value, hit->length), hit->meaning};

    return document_found(folder->files[hit->file], wanted, &heard);
}

bool document_folder_find(struct document_folder *folder, const struct ska_request *request,
                          bool *found, struct document *document, const struct ska_errors *errors)
{
    struct document_wanted wanted[DOCUMENT_WANTED_MOST];
    size_t count = 0;

    *found = false;
    if (request->operation != SKA_OPERATION_SIGN ||
        !document_wanted(folder->libctx, request, wanted, &count, NULL))
        return true;
    for (size_t i = 0; i < count && !*found; i++) {
        const struct folder_digest *hit = NULL;

        if (!make_index(folder, wanted[i].digest, errors))
            return false;
        hit = find_wanted(&folder->indexes[wanted[i].digest], &wanted[i]);
        *found = hit != NULL;
        if (hit != NULL)
            *document = found_in(folder, hit, &wanted[i]);
    }
    return true;
}

bool document_folder_compare(struct document_folder *folder, const struct document *document,
                             struct ska_span digest, bool *same, const struct ska_errors *errors)
{
    enum ska_digest algorithm = document_digest_of_length(digest.length);
    const struct folder_index *index = &folder->indexes[algorithm];

    *same = false;
    if (algorithm == SKA_DIGEST_NONE)
        return true;
    if (!make_index(folder, algorithm, errors))
        return false;
    for (size_t at = find_value(index, digest.data, digest.length);
         !*same && has_value(index, at, digest.data, digest.length); at++)
        *same = strcmp(folder->files[index->list[at].file], document->path) == 0;
    return true;
}

void document_folder_say(size_t matching, size_t others)
{
    report_message("%zu match%s a file, %zu do%s not.", matching, matching == 1 ? "es" : "", others,
                   others == 1 ? "es" : "");
}
