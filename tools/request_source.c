/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/request_source.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/listing.h"
#include "provider/base/printable.h"
#include "tools/directory_place.h"
#include "tools/input.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/report.h"
#include "tools/request_difference.h"

/* ---- The command line ------------------------------------------------------------------------ */

/* No file: then it was meant for an id where it looks like none of a file's names. */
static bool looks_like_id(const char *what)
{
    return access(what, F_OK) != 0 && strpbrk(what, "./") == NULL;
}

/* Of a directory, or of a broker, whose ids have hyphens. */
bool request_source_is_id(const char *what)
{
    char digits[SKA_REQUEST_ID_LENGTH + 1];
    size_t length = strlen(what);

    return ska_request_id_take(what, digits) ||
           (length >= SKA_REQUEST_ID_LEAST && length <= SKA_REQUEST_ID_LENGTH &&
            strspn(what, "0123456789abcdefABCDEF-") == length);
}

static bool is_folder(const char *what)
{
    struct stat status;

    return stat(what, &status) == 0 && S_ISDIR(status.st_mode);
}

bool request_source_take(struct tool *tool, struct request_source *source,
                         const char *const *operands)
{
    bool named = place_is_named(&source->where);
    char word[SKA_SHELL_WORD_SIZE];

    source->what = operands[0];
    source->copies = source->what == NULL ? NULL : operands + 1;
    if (source->what != NULL && !named && is_folder(source->what))
        return options_wrong(tool,
                             "%s is a folder: for a request in it give --dir %s and its id, which "
                             "skatool requests --dir %s shows",
                             source->what, ska_shell_word(source->what, word), word);
    if (source->what == NULL || (!named && !looks_like_id(source->what)))
        return true;
    if (operands[1] != NULL)
        return options_wrong(tool, "'%s' is an unexpected argument after an id", operands[1]);
    source->by_id = true;
    if (!named && !request_source_is_id(source->what))
        return options_wrong(
            tool,
            "'%s' is not a request id, and there is no file of this name (an id is "
            "64 digits and letters from a to f, at a broker also 32 with hyphens between, or the "
            "first %d of them or more; "
            "skatool requests shows them)",
            source->what, SKA_REQUEST_ID_LEAST);
    if (!named && !place_is_configured(tool))
        return tool->configured &&
               options_wrong(tool,
                             "'%s' looks like a request id: add --dir and the approvals directory "
                             "that it is in, or --tsb and the URL of a broker",
                             source->what);
    return true;
}

/* Evidence, or an approval of this request; rejections lie beside a file that came by mail, too. */
static bool holds_answers(const char *folder, const char *id)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool holds = false;

    ska_listing_start(&listing, open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (!holds && (entry = ska_listing_next(&listing)) != NULL)
        holds = strcmp(entry->d_name, "done") == 0 ||
                (ska_file_kind_of(entry->d_name) == SKA_FILE_APPROVAL &&
                 ska_file_is_answer(entry->d_name, id));
    return ska_listing_end(&listing) && holds;
}

/*
 * An approver has no configuration. What came by mail may have kept its name: it is the approver's
 * own file then, in a folder that is shared with no group.
 */
static bool looks_like_directory(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    struct stat file;
    struct stat place;

    if (ska_file_kind_of(name) != SKA_FILE_REQUEST || lstat(path, &file) != 0 ||
        stat(folder, &place) != 0)
        return false;
    return file.st_uid != geteuid() ||
           ((place.st_mode & S_ISVTX) != 0 && (place.st_mode & S_IWOTH) == 0) ||
           holds_answers(folder, name);
}

bool request_find_directory(struct tool *tool, const char *path, char **directory)
{
    const char *configured = NULL;
    char *copy = NULL;
    const char *folder = NULL;

    *directory = NULL;
    if (!tool_configure(tool))
        return false;
    configured = tool->configuration.settings.approvals_dir;
    copy = strdup(path);
    if (copy == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    folder = dirname(copy);
    if (configured != NULL && output_is_same_file(configured, folder))
        folder = configured;
    else if (!looks_like_directory(path, folder))
        folder = NULL;
    *directory = folder == NULL ? NULL : strdup(folder);
    free(copy);
    return folder == NULL || *directory != NULL ||
           ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "%s", path);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static bool source_read_place(struct tool *tool, struct request_source *source,
                              const struct place_key *key, struct ska_request **request)
{
    if (source->place == NULL && !place_open(tool, &source->where, key, &source->place))
        return false;
    if (source->id[0] == 0 && !request_place_find(source->place, source->what, source->id))
        return false;
    return request_place_read(source->place, source->id, request, &source->origin);
}

/* Refusals lie beside a file. That they cannot be seen is no failure. */
static void source_open_folder(struct request_source *source)
{
    char *path = strdup(source->what);

    if (path != NULL &&
        !ska_directory_open(dirname(path), SKA_DIRECTORY_OF_FILE, &source->folder, NULL))
        source->folder = NULL;
    free(path);
}

static bool source_read_file(struct tool *tool, struct request_source *source,
                             struct ska_request **request)
{
    if (!source->in_place)
        return input_read_request(source->what, request, &tool->errors);
    if (source->file.path == NULL &&
        !ska_file_place_open(&source->file, source->what, &tool->errors))
        return false;
    return input_read_request_at(&source->file, request, &tool->errors);
}

/* Approvals do not tell whose words their approvers were shown: nobody's are taken on trust. */
static bool has_same_words(struct tool *tool, const struct ska_request *request, const char *what,
                           const struct ska_request *copy, const char *path)
{
    const char *difference = NULL;

    return request_find_difference(request, copy, &difference, &tool->errors) &&
           (difference == NULL ||
            ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                     "%s and %s are copies of one request, but differ in \"%s\", which approvals "
                     "do not protect: find out which was changed (skatool inspect), and leave it "
                     "out",
                     path, what, difference));
}

/* Which of two requests is the right one nobody can say: both are left alone. */
static bool add_copy(struct tool *tool, struct ska_request *request, const char *what,
                     const char *path)
{
    struct ska_request *copy = NULL;
    bool done = false;

    if (!input_read_request(path, &copy, &tool->errors))
        return false;
    done = ska_request_has_same_token(request, copy)
               ? has_same_words(tool, request, what, copy, path) &&
                     ska_request_merge(request, copy, tool->libctx, &tool->errors)
               : ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                          "%s is not a copy of %s: what its approvers have approved is another "
                          "request",
                          path, what);
    ska_request_free(copy);
    return done;
}

bool request_copies_add(struct tool *tool, struct ska_request *request, const char *what,
                        const char *const *copies)
{
    for (; copies != NULL && *copies != NULL; copies++)
        if (!add_copy(tool, request, what, *copies))
            return false;
    return true;
}

bool request_source_read(struct tool *tool, struct request_source *source,
                         const struct place_key *key, struct ska_request **request)
{
    if (source->by_id)
        return source_read_place(tool, source, key, request);
    if (!source_read_file(tool, source, request))
        return false;
    if (!request_copies_add(tool, *request, source->what, source->copies)) {
        ska_request_free(*request);
        *request = NULL;
        return false;
    }
    memcpy(source->id, (*request)->id, sizeof(source->id));
    if (source->folder == NULL)
        source_open_folder(source);
    return true;
}

/* ---- Counting -------------------------------------------------------------------------------- */

/* That refusals beside a file cannot be seen is no failure. */
static bool count_answers(struct tool *tool, struct request_source *source,
                          struct ska_ballot *ballot)
{
    if (source->by_id)
        return request_place_count(source->place, ballot, source->told);
    if (!ska_ballot_open(ballot, &tool->errors))
        return false;
    if (source->folder != NULL)
        (void)!directory_answers_count(source->folder, source->what, ballot, source->told, NULL);
    return true;
}

bool request_source_count(struct tool *tool, struct request_source *source,
                          struct ska_ballot *ballot)
{
    bool done = count_answers(tool, source, ballot);

    source->told = true;
    return done;
}

void request_source_close(struct request_source *source)
{
    if (!source->place_is_lent)
        request_place_close(source->place);
    source->place = NULL;
    ska_directory_close(source->folder);
    source->folder = NULL;
    if (source->file.path != NULL)
        ska_file_place_close(&source->file);
}
