/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/kept_signature.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/evp_verify.h"
#include "provider/base/file.h"
#include "provider/base/listing.h"
#include "provider/record/evidence_manifest.h"
#include "provider/sign/directory.h"
#include "provider/sign/make_request.h"

/* Requests for the same thing, see struct ska_request's attempt. */
#define ATTEMPTS_MOST 10
#define SIGNATURE_LIMIT ((size_t)8192)

struct search {
    const struct ska_job *job;
    struct ska_span public_key;
    const char *id; /* of the request */
    struct ska_bytes *signature;
};

/* Whoever has put it there: it is one by the key over the payload, or it is nothing. */
static bool try_folder(const struct search *search, const char *folder)
{
    char *path = NULL;
    bool found = false;

    if (asprintf(&path, "%s/%s", folder, ska_evidence_names[SKA_EVIDENCE_SIGNATURE]) < 0)
        return false;
    found = ska_file_read(path, SIGNATURE_LIMIT, search->signature, NULL) &&
            ska_spki_verifies(search->job->libctx, search->public_key, &search->job->mechanism,
                              search->job->payload, ska_span_of(search->signature));
    free(path);
    if (!found)
        ska_bytes_free(search->signature);
    return found;
}

/* Calls `visit` for what has a name that begins so, until it says true. */
static bool visit_names(const struct search *search, const char *directory, const char *beginning,
                        bool (*visit)(const struct search *search, const char *path))
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool found = false;

    ska_listing_start(&listing, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (!found && (entry = ska_listing_next(&listing)) != NULL) {
        char *path = NULL;

        if (strncmp(entry->d_name, beginning, strlen(beginning)) != 0)
            continue;
        if (asprintf(&path, "%s/%s", directory, entry->d_name) < 0)
            break;
        found = visit(search, path);
        free(path);
    }
    (void)!ska_listing_end(&listing); /* then a new one is made */
    return found;
}

static bool visit_place(const struct search *search, const char *place)
{
    return visit_names(search, place, search->id, try_folder);
}

/* The process that made it was killed before it closed the request: nobody is to be asked any more.
 */
static void close_request(const struct ska_job *job, const char *id)
{
    struct ska_directory *directory = NULL;
    struct ska_standing_request standing = {.hold = -1};

    if (!ska_directory_open(job->sources.directory, SKA_DIRECTORY_TO_SIGN, &directory, NULL))
        return;
    if (ska_directory_find(directory, id, &standing, NULL) && standing.state == SKA_NAME_OWN) {
        ska_directory_finish(directory, standing.request, standing.hold, NULL);
        standing.hold = -1;
    }
    ska_standing_request_clear(&standing);
    ska_directory_close(directory);
}

static bool find_signature(const struct search *search)
{
    const struct ska_job *job = search->job;

    return (job->evidence_dir != NULL && visit_place(search, job->evidence_dir)) ||
           visit_names(search, job->sources.directory, "done", visit_place);
}

bool seal_find_kept_signature(const struct ska_job *job, struct ska_span public_key,
                              struct ska_bytes *signature)
{
    struct search search = {job, public_key, NULL, signature};
    struct ska_job quiet = *job;
    struct ska_request *draft = NULL;
    bool found = false;

    quiet.errors = NULL;
    if (job->sources.directory == NULL || !ska_draft_make(&quiet, &draft))
        return false;
    for (uint64_t attempt = 0; !found && attempt < ATTEMPTS_MOST; attempt++) {
        if (!ska_draft_set_attempt(draft, attempt, &quiet))
            break;
        search.id = draft->id;
        found = find_signature(&search);
        if (found)
            close_request(job, draft->id);
    }
    ska_request_free(draft);
    return found;
}
