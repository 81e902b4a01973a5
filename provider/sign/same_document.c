/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/same_document.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/base/listing.h"
#include "provider/base/printable.h"
#include "provider/request/signed_content.h"
#include "provider/rule/window.h"

/*
 * So many requests are looked at: nobody waits long only to be told this. Reading 1000 takes ten
 * milliseconds, as only those are parsed that have the digest somewhere.
 */
#define LOOK_MOST 1000
/* So many are named in a message, which is one line. */
#define NAMED_MOST 5

/* Empty: what is signed is no document's digest. */
static struct ska_span document_digest(const struct ska_request *request)
{
    struct ska_span content = ska_span_of(&request->signed_content);
    struct ska_span digest = {NULL, 0};

    if (request->operation != SKA_OPERATION_SIGN)
        return digest;
    if (content.length == 0 && request->digest == SKA_DIGEST_NONE)
        content = ska_span_of(&request->payload);
    if (content.length > 0 && ska_content_document_digest(content, &digest))
        return digest;
    return ska_span_of(&request->digest_value);
}

static bool is_expired(const struct ska_request *request)
{
    char now[32];

    return request->not_after != NULL &&
           strcmp(request->not_after, ska_time_text((uint64_t)time(NULL), now)) < 0;
}

bool ska_is_of_same_document(const struct ska_request *other, const struct ska_request *request)
{
    struct ska_span digest = document_digest(request);

    return strcmp(other->id, request->id) != 0 && !is_expired(other) &&
           ska_span_equal(ska_span_of(&other->public_key), ska_span_of(&request->public_key)) &&
           strcmp(other->key_label, request->key_label) == 0 &&
           ska_span_equal(document_digest(other), digest);
}

/* ---- Looking --------------------------------------------------------------------------------- */

/* Base64 of a digest, wherever it begins within what is encoded; of no more than is the same. */
struct traces {
    char *texts[3];
};

static void clear_traces(struct traces *traces)
{
    for (size_t i = 0; i < 3; i++)
        free(traces->texts[i]);
}

static bool make_trace(struct ska_span digest, size_t before, char **trace)
{
    struct ska_buffer shifted = {0};
    char *text = NULL;
    /* Characters of six bits each: those that have bits of what stands before, and those behind. */
    size_t first = (before * 8 + 5) / 6;
    size_t end = (before + digest.length) * 8 / 6;

    ska_buffer_add(&shifted, (const uint8_t *)"\0\0", before);
    ska_buffer_add(&shifted, digest.data, digest.length);
    if (!shifted.failed && ska_base64_encode(ska_span(shifted.data, shifted.length), &text, NULL))
        *trace = strndup(text + first, end - first);
    free(text);
    ska_buffer_free(&shifted);
    return *trace != NULL;
}

/* The digest stands in a request as a value of its own, or inside of what was hashed. */
static bool make_traces(struct ska_span digest, struct traces *traces)
{
    bool done = true;

    for (size_t i = 0; i < 3; i++)
        done = done && make_trace(digest, i, &traces->texts[i]);
    return done;
}

static bool has_trace(struct ska_span text, const struct traces *traces)
{
    bool found = false;

    for (size_t i = 0; i < 3 && !found; i++)
        found = memmem(text.data, text.length, traces->texts[i], strlen(traces->texts[i])) != NULL;
    return found;
}

static bool may_be_same(const struct ska_directory *directory, const char *name,
                        const struct traces *traces)
{
    struct ska_bytes text = {NULL, 0};
    bool may =
        ska_file_read_at(ska_directory_fd(directory), name, name, SKA_JSON_LIMIT, &text, NULL) &&
        has_trace(ska_span_of(&text), traces);

    ska_bytes_free(&text);
    return may;
}

static bool look_at(const struct ska_directory *directory, const char *id,
                    const struct ska_request *request)
{
    struct ska_request *other = NULL;
    uid_t owner = 0;
    bool same = false;

    if (!ska_directory_read(directory, id, &other, &owner, NULL))
        return false;
    same = owner == geteuid() && ska_is_of_same_document(other, request);
    ska_request_free(other);
    return same;
}

/* What others have put there costs no more than to see that. */
static bool is_of_this_user(const struct ska_directory *directory, const char *name)
{
    struct stat status;

    return fstatat(ska_directory_fd(directory), name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(status.st_mode) && status.st_uid == geteuid();
}

static void look_through(const struct ska_directory *directory, const struct ska_request *request,
                         const struct traces *traces, ska_same_document_visit *visit, void *arg)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    size_t looked = 0;

    ska_listing_start_at(&listing, ska_directory_fd(directory));
    while (looked < LOOK_MOST && (entry = ska_listing_next(&listing)) != NULL) {
        char id[SKA_REQUEST_ID_LENGTH + 1];

        if (ska_file_kind_of(entry->d_name) != SKA_FILE_REQUEST ||
            !is_of_this_user(directory, entry->d_name))
            continue;
        looked++;
        memcpy(id, entry->d_name, SKA_REQUEST_ID_LENGTH);
        id[SKA_REQUEST_ID_LENGTH] = 0;
        if (may_be_same(directory, entry->d_name, traces) && look_at(directory, id, request))
            visit(arg, id);
    }
    (void)!ska_listing_end(&listing); /* a hint is missing, and nothing else */
}

void ska_same_documents_visit(const struct ska_directory *directory,
                              const struct ska_request *request, ska_same_document_visit *visit,
                              void *arg)
{
    struct ska_span digest = document_digest(request);
    struct traces traces = {{NULL}};

    if (digest.length > 0 && make_traces(digest, &traces))
        look_through(directory, request, &traces, visit, arg);
    clear_traces(&traces);
}

/* ---- Words ----------------------------------------------------------------------------------- */

struct naming {
    const char *directory; /* as a word of a command */
    struct ska_buffer *text;
    size_t count;
};

/* A ska_same_document_visit. */
static void name_same_document(void *arg, const char *id)
{
    struct naming *naming = arg;

    if (naming->count++ < NAMED_MOST)
        ska_buffer_format(naming->text,
                          "; request %.16s is open for the same document and key, too; skatool "
                          "withdraw --dir %s %.16s ends it if it is not wanted",
                          id, naming->directory, id);
}

void ska_same_document_text(const struct ska_directory *directory,
                            const struct ska_request *request, struct ska_buffer *text)
{
    char word[SKA_SHELL_WORD_SIZE];
    struct naming naming = {ska_shell_word(ska_directory_path(directory), word), text, 0};

    ska_same_documents_visit(directory, request, name_same_document, &naming);
    if (naming.count > NAMED_MOST)
        ska_buffer_format(text, "; and %zu more, which skatool requests --dir %s shows",
                          naming.count - NAMED_MOST, naming.directory);
}
