/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/record/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "provider/base/clock.h"
#include "provider/base/file.h"
#include "provider/base/listing.h"
#include "provider/base/safe_path.h"
#include "provider/record/audit_line.h"
#include "provider/record/evidence_manifest.h"
#include "provider/rule/window.h"

#define DONE "done"
#define RANDOM_SIZE 13 /* digits, and their end */
#define PLACE_SIZE (sizeof(DONE ".") + RANDOM_SIZE)
/* The request with its signature, until it takes the place of the request without. */
#define COMPLETE "complete.json"

struct ska_evidence {
    char *shown; /* path of the folder for all of it, for messages */
    bool signed_already;
    struct ska_bytes told; /* by a broker; else there is a token */
    int done;              /* descriptor of that */
    int folder;
    char temporary[SKA_REQUEST_ID_LENGTH + 72]; /* name of the folder until it is complete */
    char final[SKA_REQUEST_ID_LENGTH + 64];
};

static bool fail_evidence(const struct ska_evidence *evidence, const struct ska_errors *errors)
{
    char text[SKA_SYSTEM_ERROR_SIZE];

    return ska_fail(errors, SKA_R_FILE_FAILURE, "%sevidence cannot be written in %s: %s",
                    evidence->signed_already ? "the HSM has signed, but the " : "", evidence->shown,
                    ska_system_error(errno, text));
}

static bool choose_random(char random[RANDOM_SIZE], const struct ska_errors *errors)
{
    uint8_t bytes[RANDOM_SIZE / 2];
    char *hex = NULL;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return ska_fail(errors, SKA_R_INTERNAL, "no random numbers");
    if (!ska_hex_encode(ska_span(bytes, sizeof(bytes)), &hex, errors))
        return false;
    snprintf(random, RANDOM_SIZE, "%s", hex);
    free(hex);
    return true;
}

static bool fail_place(const char *path, const struct ska_errors *errors)
{
    char text[SKA_SYSTEM_ERROR_SIZE];

    return ska_fail(errors, SKA_R_FILE_FAILURE, "evidence cannot be written in %s: %s", path,
                    ska_system_error(errno, text));
}

/* Opens it if it is a directory of this user's; *place is -1 if it is not. */
static bool open_own(int directory, const char *path, const char *name, int *place,
                     const struct ska_errors *errors)
{
    struct stat status;

    *place = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*place < 0)
        return true;
    if (fstat(*place, &status) == 0 && status.st_uid == geteuid()) {
        if ((status.st_mode & 022) == 0)
            return true;
        ska_fail(errors, SKA_R_DIRECTORY_UNSAFE, "%s/%s must be writable by its owner only", path,
                 name);
        close(*place);
        *place = -1;
        return false;
    }
    close(*place);
    *place = -1;
    return true;
}

/* Among the names that nobody could know beforehand. */
static bool find_other_place(int directory, const char *path, char name[PLACE_SIZE], int *place,
                             const struct ska_errors *errors)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool done = true;

    ska_listing_start_at(&listing, directory);
    while (done && *place < 0 && (entry = ska_listing_next(&listing)) != NULL)
        if (strncmp(entry->d_name, DONE ".", strlen(DONE ".")) == 0 &&
            strlen(entry->d_name) < PLACE_SIZE) {
            snprintf(name, PLACE_SIZE, "%s", entry->d_name);
            done = open_own(directory, path, name, place, errors);
        }
    return ska_listing_end(&listing) ? done : fail_place(path, errors);
}

static bool make_other_place(int directory, const char *path, char name[PLACE_SIZE], int *place,
                             const struct ska_errors *errors)
{
    char random[RANDOM_SIZE];

    if (!choose_random(random, errors))
        return false;
    snprintf(name, PLACE_SIZE, DONE ".%s", random);
    if (mkdirat(directory, name, 0700) != 0)
        return fail_place(path, errors);
    return open_own(directory, path, name, place, errors) &&
           (*place >= 0 || fail_place(path, errors));
}

bool ska_evidence_place(int directory, const char *path, int *place, char **shown,
                        const struct ska_errors *errors)
{
    char name[PLACE_SIZE] = DONE;
    bool made = mkdirat(directory, DONE, 0700) == 0;

    *place = -1;
    if (!made && errno != EEXIST)
        return fail_place(path, errors);
    if (!open_own(directory, path, DONE, place, errors) ||
        (*place < 0 && !find_other_place(directory, path, name, place, errors)) ||
        (*place < 0 && !make_other_place(directory, path, name, place, errors)))
        return false;
    /* It is nobody else's: not of the group that it inherits in a directory which is setgid. */
    if (made)
        (void)!fchmod(*place, 0700);
    if (asprintf(shown, "%s/%s", path, name) >= 0)
        return true;
    close(*place);
    *place = -1;
    return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for evidence");
}

static bool choose_names(struct ska_evidence *evidence, const char *id,
                         const struct ska_errors *errors)
{
    char random[RANDOM_SIZE];
    struct tm utc;

    if (!ska_utc((uint64_t)time(NULL), &utc))
        return ska_fail(errors, SKA_R_INTERNAL, "no time");
    if (!choose_random(random, errors))
        return false;
    snprintf(evidence->final, sizeof(evidence->final), "%s.%04d%02d%02dT%02d%02d%02dZ-%s", id,
             utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
             random);
    snprintf(evidence->temporary, sizeof(evidence->temporary), ".%s.part", evidence->final);
    return true;
}

static bool make_folder(struct ska_evidence *evidence, const struct ska_errors *errors)
{
    if (mkdirat(evidence->done, evidence->temporary, 0700) != 0)
        return fail_evidence(evidence, errors);
    evidence->folder = openat(evidence->done, evidence->temporary,
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return evidence->folder >= 0 || fail_evidence(evidence, errors);
}

/* False: errno says why. */
static bool create_evidence_file(const struct ska_evidence *evidence, const char *name,
                                 struct ska_span content)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(evidence->folder, name, flags, 0600);
    int error = 0;

    if (fd < 0 || !ska_write_synced(fd, content, 0600))
        error = errno;
    if (fd >= 0)
        close(fd);
    if (error != 0)
        errno = error;
    return error == 0;
}

/* The token, or what a broker has said instead. */
static bool write_second(const struct ska_evidence *evidence, const struct ska_request *request)
{
    return evidence->told.data != NULL
               ? create_evidence_file(evidence, ska_evidence_names[SKA_EVIDENCE_BROKER],
                                      ska_span_of(&evidence->told))
               : create_evidence_file(evidence, ska_evidence_names[SKA_EVIDENCE_TOKEN],
                                      ska_span_of(&request->approval_token));
}

/* What was approved, before the HSM is asked. */
static bool write_evidence_request(const struct ska_evidence *evidence,
                                   const struct ska_request *request,
                                   const struct ska_errors *errors)
{
    struct ska_bytes text = {NULL, 0};
    bool done = ska_request_print(request, &text, errors);

    if (done && (!create_evidence_file(evidence, ska_evidence_names[SKA_EVIDENCE_REQUEST],
                                       ska_span_of(&text)) ||
                 !write_second(evidence, request)))
        done = fail_evidence(evidence, errors);
    ska_bytes_free(&text);
    return done;
}

bool ska_evidence_dir_open(const char *evidence_dir, int *place, const struct ska_errors *errors)
{
    char advice[SKA_OWNER_ADVICE_SIZE];
    struct stat status = {.st_uid = geteuid()};

    *place = -1;
    if (!ska_path_is_safe("evidence-dir", evidence_dir, NULL, errors))
        return false;
    *place = open(evidence_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*place < 0)
        return fail_place(evidence_dir, errors);
    if (fstat(*place, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 022) == 0)
        return true;
    close(*place);
    *place = -1;
    if (status.st_uid != geteuid())
        return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE, "evidence-dir %s belongs to uid %lu: %s",
                        evidence_dir, (unsigned long)status.st_uid,
                        ska_owner_advice(status.st_uid, false, advice));
    return ska_fail(errors, SKA_R_DIRECTORY_UNSAFE,
                    "evidence-dir %s must be writable by its owner only (0700)", evidence_dir);
}

static struct ska_evidence *new_evidence(const struct ska_errors *errors)
{
    struct ska_evidence *evidence = calloc(1, sizeof(*evidence));

    if (evidence == NULL) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for evidence");
        return NULL;
    }
    evidence->done = -1;
    evidence->folder = -1;
    return evidence;
}

/* Takes over what was made for it, once its place is open. */
static bool begin_evidence(struct ska_evidence *begun, bool opened,
                           const struct ska_request *request, struct ska_evidence **evidence,
                           const struct ska_errors *errors)
{
    if (!opened || !choose_names(begun, request->id, errors) || !make_folder(begun, errors) ||
        !write_evidence_request(begun, request, errors)) {
        ska_evidence_abandon(begun);
        return false;
    }
    *evidence = begun;
    return true;
}

bool ska_evidence_begin(int directory, const char *path, const struct ska_request *request,
                        struct ska_evidence **evidence, const struct ska_errors *errors)
{
    struct ska_evidence *begun = new_evidence(errors);

    return begun != NULL &&
           begin_evidence(begun,
                          ska_evidence_place(directory, path, &begun->done, &begun->shown, errors),
                          request, evidence, errors);
}

/* Takes over what was told. */
static bool begin_in_own(const char *evidence_dir, const struct ska_request *request,
                         struct ska_bytes told, struct ska_evidence **evidence,
                         const struct ska_errors *errors)
{
    struct ska_evidence *begun = new_evidence(errors);
    bool opened = false;

    if (begun == NULL) {
        ska_bytes_free(&told);
        return false;
    }
    begun->told = told;
    begun->shown = strdup(evidence_dir);
    opened = begun->shown != NULL ? ska_evidence_dir_open(evidence_dir, &begun->done, errors)
                                  : ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for evidence");
    return begin_evidence(begun, opened, request, evidence, errors);
}

bool ska_evidence_begin_in(const char *evidence_dir, const struct ska_request *request,
                           struct ska_evidence **evidence, const struct ska_errors *errors)
{
    return begin_in_own(evidence_dir, request, (struct ska_bytes){NULL, 0}, evidence, errors);
}

bool ska_evidence_begin_told(const char *evidence_dir, const struct ska_request *request,
                             struct ska_span told, struct ska_evidence **evidence,
                             const struct ska_errors *errors)
{
    struct ska_bytes copy = {NULL, 0};

    return ska_bytes_copy(&copy, told, errors) &&
           begin_in_own(evidence_dir, request, copy, evidence, errors);
}

static void free_evidence(struct ska_evidence *evidence)
{
    if (evidence->folder >= 0)
        close(evidence->folder);
    if (evidence->done >= 0)
        close(evidence->done);
    ska_bytes_free(&evidence->told);
    free(evidence->shown);
    free(evidence);
}

/* Beside the request as it was before, which the complete one replaces. */
static bool write_complete(const struct ska_evidence *evidence, OSSL_LIB_CTX *libctx,
                           struct ska_request *request)
{
    struct ska_bytes text = {NULL, 0};
    struct ska_bytes manifest = {NULL, 0};
    struct ska_span files[SKA_MANIFEST_FILES] = {
        [SKA_EVIDENCE_BROKER] = ska_span_of(&evidence->told),
        [SKA_EVIDENCE_SIGNATURE] = ska_span_of(&request->signature)};
    bool done = false;

    if (evidence->told.data == NULL)
        files[SKA_EVIDENCE_TOKEN] = ska_span_of(&request->approval_token);
    if (ska_request_print(request, &text, NULL)) {
        files[SKA_EVIDENCE_REQUEST] = ska_span_of(&text);
        done = ska_manifest_make(libctx, files, &manifest, NULL) &&
               ska_audit_hash(libctx, ska_span_of(&manifest), request->evidence, NULL) &&
               create_evidence_file(evidence, COMPLETE, files[SKA_EVIDENCE_REQUEST]) &&
               create_evidence_file(evidence, ska_evidence_names[SKA_EVIDENCE_SIGNATURE],
                                    files[SKA_EVIDENCE_SIGNATURE]) &&
               create_evidence_file(evidence, ska_evidence_names[SKA_EVIDENCE_MANIFEST],
                                    ska_span_of(&manifest));
    }
    ska_bytes_free(&manifest);
    ska_bytes_free(&text);
    return done;
}

static bool give_final_names(const struct ska_evidence *evidence)
{
    return renameat(evidence->folder, COMPLETE, evidence->folder,
                    ska_evidence_names[SKA_EVIDENCE_REQUEST]) == 0 &&
           fsync(evidence->folder) == 0 &&
           renameat(evidence->done, evidence->temporary, evidence->done, evidence->final) == 0 &&
           fsync(evidence->done) == 0;
}

bool ska_evidence_finish(struct ska_evidence *evidence, OSSL_LIB_CTX *libctx,
                         struct ska_request *request, struct ska_span signature,
                         const struct ska_errors *errors)
{
    char executed[32];
    bool done = false;

    /* From here on a signature exists: a failure must say so. */
    evidence->signed_already = true;
    free(request->executed);
    request->executed = strdup(ska_time_text((uint64_t)time(NULL), executed));
    ska_bytes_free(&request->signature);
    done = ska_bytes_copy(&request->signature, signature, errors);
    if (done && (!write_complete(evidence, libctx, request) || !give_final_names(evidence)))
        done = fail_evidence(evidence, errors);
    if (!done)
        request->evidence[0] = 0;
    /* What could not be finished stays as it is, under its temporary name: a signature exists. */
    free_evidence(evidence);
    return done;
}

void ska_evidence_abandon(struct ska_evidence *evidence)
{
    if (evidence == NULL)
        return;
    if (evidence->folder >= 0) {
        unlinkat(evidence->folder, ska_evidence_names[SKA_EVIDENCE_REQUEST], 0);
        unlinkat(evidence->folder, ska_evidence_names[SKA_EVIDENCE_TOKEN], 0);
        unlinkat(evidence->folder, ska_evidence_names[SKA_EVIDENCE_BROKER], 0);
    }
    if (evidence->done >= 0 && evidence->temporary[0] != 0)
        unlinkat(evidence->done, evidence->temporary, AT_REMOVEDIR);
    free_evidence(evidence);
}
