/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/pending.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "tools/report.h"
#include "tools/seal/signed_attributes.h"

#define PENDING_MODE 0600

static bool fail_other(const char *path, const char *difference, const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_WRONG_USE,
                    "%s keeps a seal that was begun, but %s: run the command as before, or begin "
                    "again with --restart and have it approved again",
                    path, difference);
}

/* What others have put there is theirs. */
static bool check_pending_file(const struct ska_file_place *place, const struct stat *status,
                               const struct ska_errors *errors)
{
    if (S_ISREG(status->st_mode) && status->st_uid == geteuid() && (status->st_mode & 022) == 0)
        return true;
    return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                    "%s: not a file of this user's alone, so it is not read: remove it",
                    place->path);
}

static bool read_pending(struct tool *tool, const struct ska_file_place *place,
                         const struct seal_signer *signer, struct ska_span document_digest,
                         struct ska_bytes *attributes, const struct ska_errors *errors)
{
    const char *difference = NULL;

    if (!ska_file_read_at(place->directory, place->name, place->path, SEAL_ATTRIBUTES_LIMIT,
                          attributes, errors))
        return false;
    if (seal_attributes_compare(tool->libctx, signer, document_digest, ska_span_of(attributes),
                                &difference))
        return true;
    ska_bytes_free(attributes);
    return fail_other(place->path, difference, errors);
}

/* Only to begin anew what stands there is replaced. *taken: another process was faster. */
static bool write_pending(struct tool *tool, const struct ska_file_place *place,
                          const struct seal_signer *signer, struct ska_span document_digest,
                          bool replace, bool *taken, struct ska_bytes *attributes,
                          const struct ska_errors *errors)
{
    bool done = false;

    *taken = false;
    if (!seal_attributes_make(tool->libctx, signer, document_digest, time(NULL), attributes,
                              errors))
        return false;
    done = replace
               ? ska_file_place_replace(place, ska_span_of(attributes), PENDING_MODE, errors)
               : ska_file_place_create(place, ska_span_of(attributes), PENDING_MODE, taken, errors);
    if (!done)
        ska_bytes_free(attributes);
    return done;
}

static bool take_at(struct tool *tool, const struct ska_file_place *place,
                    const struct seal_signer *signer, struct ska_span document_digest, bool restart,
                    bool *begun, struct ska_bytes *attributes, const struct ska_errors *errors)
{
    bool taken = false;
    struct stat status;

    if (!ska_file_place_look(place, &status, errors) ||
        (status.st_mode != 0 && !check_pending_file(place, &status, errors)))
        return false;
    *begun = false;
    if ((status.st_mode == 0 || restart) &&
        write_pending(tool, place, signer, document_digest, restart, &taken, attributes, errors))
        return true;
    *begun = taken || (status.st_mode != 0 && !restart);
    return *begun && read_pending(tool, place, signer, document_digest, attributes, errors);
}

bool seal_pending_take(struct tool *tool, const char *path, const struct seal_signer *signer,
                       struct ska_span document_digest, bool restart, bool *begun,
                       struct ska_bytes *attributes, const struct ska_errors *errors)
{
    struct ska_file_place place;
    bool done = false;

    if (!ska_file_place_open(&place, path, errors))
        return false;
    done = take_at(tool, &place, signer, document_digest, restart, begun, attributes, errors);
    ska_file_place_close(&place);
    return done;
}

void seal_pending_remove(const char *path, struct ska_span attributes)
{
    struct ska_bytes kept = {NULL, 0};
    const bool others = ska_file_read(path, SEAL_ATTRIBUTES_LIMIT, &kept, NULL) &&
                        !ska_span_equal(ska_span_of(&kept), attributes);

    ska_bytes_free(&kept);
    if (others) {
        report_note("%s stays: it keeps a seal of another document that was begun", path);
        return;
    }
    if (unlink(path) != 0 && errno != ENOENT)
        report_warning("%s is no longer needed, but cannot be removed: %s", path, strerror(errno));
}
