/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool inspect --of: which evidence belongs to a signature, found by its bytes. The folders may
 * be anybody's by now: no link is followed, and how deep and how many are looked at has bounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/listing.h"
#include "provider/record/evidence_manifest.h"
#include "tools/command/inspect.h"
#include "tools/report.h"
#include "tools/show/text.h"
#include "tools/signature_values.h"

/* A CMS may have its document inside. */
#define SIGNATURE_FILE_LIMIT ((size_t)64 * 1024 * 1024)
/* done/ in an approvals directory, and an archive by year and month. */
#define DEPTH_MOST 5
#define FOLDERS_MOST 1000000
/* One signature is in one folder; who has copied it often enough is not shown all of them. */
#define FOUND_MOST 20

struct search {
    struct tool *tool;
    struct signature_values wanted;
    char *found[FOUND_MOST]; /* paths of folders */
    size_t count;
    size_t folders; /* looked at */
    size_t unread;
    bool bounded; /* not all was looked at */
};

static void search_clear(struct search *search)
{
    signature_values_clear(&search->wanted);
    for (size_t i = 0; i < search->count; i++)
        free(search->found[i]);
}

/* Whether it has the signature; false: raised. */
static bool look_at_folder(struct search *search, int folder, const char *path)
{
    const char *name = ska_evidence_names[SKA_EVIDENCE_SIGNATURE];
    struct ska_bytes signature = {NULL, 0};
    bool done = true;

    if (ska_file_read_at(folder, name, name, SIGNATURE_VALUE_LIMIT, &signature, NULL) &&
        signature_values_hold(&search->wanted, ska_span_of(&signature))) {
        if (search->count == FOUND_MOST)
            search->bounded = true;
        else if ((search->found[search->count] = strdup(path)) == NULL)
            done = ska_fail(&search->tool->errors, SKA_R_OUT_OF_MEMORY, "%s", path);
        else
            search->count++;
    }
    ska_bytes_free(&signature);
    return done;
}

static bool search_folder(struct search *search, int folder, const char *path, int depth);

/* An entry that is a directory itself, and no link to one. */
static bool search_entry(struct search *search, int folder, const char *path, const char *name,
                         int depth)
{
    char *inner = NULL;
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool done = false;

    if (fd < 0) {
        search->unread += errno != ENOTDIR && errno != ELOOP && errno != ENOENT;
        return true;
    }
    if (depth >= DEPTH_MOST || search->folders >= FOLDERS_MOST) {
        search->bounded = true;
        close(fd);
        return true;
    }
    if (asprintf(&inner, "%s/%s", path, name) < 0) {
        close(fd);
        return ska_fail(&search->tool->errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    }
    done = search_folder(search, fd, inner, depth + 1);
    free(inner);
    return done;
}

static bool may_be_folder(const struct dirent *entry)
{
    return entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
}

/* Closes the folder. */
static bool search_folder(struct search *search, int folder, const char *path, int depth)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool done = false;

    search->folders++;
    done = look_at_folder(search, folder, path);
    ska_listing_start(&listing, folder);
    while (done && (entry = ska_listing_next(&listing)) != NULL)
        if (may_be_folder(entry))
            done = search_entry(search, folder, path, entry->d_name, depth);
    if (ska_listing_end(&listing) || !done)
        return done;
    return ska_fail(&search->tool->errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
}

static int compare_found(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool show_found(struct search *search, const char *const *logs)
{
    bool done = true;

    qsort(search->found, search->count, sizeof(search->found[0]), compare_found);
    for (size_t i = 0; i < search->count; i++) {
        struct ska_buffer heading = {0};
        int folder = open(search->found[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        ska_buffer_text(&heading, i == 0 ? "==> " : "\n==> ");
        text_printable(&heading, ska_span_text(search->found[i]));
        ska_buffer_text(&heading, " <==\n");
        done = text_print(&heading, &search->tool->errors) && done;
        if (folder < 0)
            done = ska_fail(&search->tool->errors, SKA_R_FILE_FAILURE, "%s: %s", search->found[i],
                            strerror(errno));
        else
            done = inspect_folder(search->tool, folder, search->found[i], logs) && done;
        if (folder >= 0)
            close(folder);
    }
    return done;
}

static bool fail_search(const struct search *search, const char *signature, const char *place)
{
    const char *looked_at =
        search->folders == 1 ? "folder was looked at" : "folders were looked at";

    if (search->wanted.kind == NULL)
        return ska_fail(&search->tool->errors, SKA_R_BAD_SIGNATURE,
                        "%s has no form that skatool knows (CMS, certificate, CRL, timestamp "
                        "reply, ...), so it was taken for a bare signature value, and there is no "
                        "evidence of that below %s; %zu %s. Give the signature, such as the .p7s "
                        "or .sig, not the document",
                        signature, place, search->folders, looked_at);
    return ska_fail(&search->tool->errors, SKA_R_BAD_SIGNATURE,
                    "there is no evidence below %s of the signature in %s, which is %s; %zu %s",
                    place, signature, search->wanted.kind, search->folders, looked_at);
}

static bool conclude_search(struct search *search, const char *signature, const char *place,
                            const char *const *logs)
{
    if (search->unread > 0)
        report_warning("%s: folders below it that could not be read: %zu", place, search->unread);
    if (search->bounded)
        report_warning("%s: there are too many folders, or too deep ones: not all were looked at",
                       place);
    if (search->count > 0)
        return show_found(search, logs);
    return fail_search(search, signature, place);
}

bool inspect_signature_of(struct tool *tool, const char *signature, const char *place,
                          const char *const *logs)
{
    struct search search = {.tool = tool};
    struct ska_bytes content = {NULL, 0};
    int folder = -1;
    bool done =
        ska_file_read(signature, SIGNATURE_FILE_LIMIT, &content, &tool->errors) &&
        signature_values_read(tool->libctx, ska_span_of(&content), &search.wanted, &tool->errors);

    ska_bytes_free(&content);
    if (done) {
        folder = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        done = folder >= 0 ||
               ska_fail(&tool->errors, SKA_R_FILE_FAILURE, "%s: %s", place, strerror(errno));
    }
    done = done && search_folder(&search, folder, place, 0) &&
           conclude_search(&search, signature, place, logs);
    search_clear(&search);
    return done;
}
