/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders of evidence: whether each file and each member is as it was written, whether the files
 * agree, and whether the audit log knows them.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/audit_read.h"
#include "provider/record/evidence_manifest.h"
#include "provider/base/json.h"
#include "provider/base/file.h"
#include "tools/command/inspect.h"
#include "tools/show/text.h"

/* ---- Files ----------------------------------------------------------------------------------- */

enum part { REQUEST, TOKEN, SIGNATURE, MANIFEST, PART_COUNT };

static const struct {
    const char *name;
    size_t limit;
} parts[PART_COUNT] = {[REQUEST] = {SKA_EVIDENCE_REQUEST, SKA_JSON_LIMIT},
                       [TOKEN] = {SKA_EVIDENCE_TOKEN, SKA_TOKEN_LIMIT},
                       [SIGNATURE] = {SKA_EVIDENCE_SIGNATURE, SKA_JSON_LIMIT},
                       [MANIFEST] = {SKA_EVIDENCE_MANIFEST, SKA_MANIFEST_LIMIT}};

struct evidence {
    struct verification verification;
    struct ska_bytes content[PART_COUNT];
    bool there[PART_COUNT]; /* it could be read */
    bool differs[PART_COUNT];
};

/* A file that is missing or cannot be read is something to tell; the others are looked at. */
static void read_part(struct evidence *evidence, int folder, enum part part)
{
    struct ska_error_capture failure = {0};
    struct ska_errors quiet = ska_error_capture(&failure);
    struct stat status;

    if (fstatat(folder, parts[part].name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        verify_add(&evidence->verification, VERIFY_MISSING, "file %s: is not there",
                   parts[part].name);
    else if (ska_file_read_at(folder, parts[part].name, parts[part].name, parts[part].limit,
                              &evidence->content[part], &quiet))
        evidence->there[part] = true;
    else
        verify_add(&evidence->verification, VERIFY_WRONG, "file %s", ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
}

/* ---- The manifest ---------------------------------------------------------------------------- */

static void note_difference(void *arg, const char *file, const char *member)
{
    struct evidence *evidence = arg;

    for (int i = 0; i < PART_COUNT; i++)
        evidence->differs[i] = evidence->differs[i] || strcmp(file, parts[i].name) == 0;
    if (member != NULL)
        verify_add(&evidence->verification, VERIFY_WRONG, "file %s: \"%s\" was changed in it", file,
                   member);
    else if (strcmp(file, SKA_EVIDENCE_MANIFEST) == 0)
        verify_add(&evidence->verification, VERIFY_WRONG,
                   "file %s: is NOT what is made of such files", file);
}

static bool verify_manifest(struct evidence *evidence, const struct ska_errors *errors)
{
    const struct ska_evidence_files files = {ska_span_of(&evidence->content[REQUEST]),
                                             ska_span_of(&evidence->content[TOKEN]),
                                             ska_span_of(&evidence->content[SIGNATURE])};
    const struct ska_manifest_check check = {note_difference, evidence};

    if (!evidence->there[MANIFEST])
        return true;
    if (!ska_manifest_compare(evidence->verification.libctx,
                              ska_span_of(&evidence->content[MANIFEST]), &files, &check, errors))
        return false;
    for (int i = 0; i < MANIFEST; i++) {
        if (!evidence->there[i])
            continue;
        verify_add(&evidence->verification, evidence->differs[i] ? VERIFY_WRONG : VERIFY_OK,
                   "file %s: is %s in %s", parts[i].name,
                   evidence->differs[i] ? "NOT the one" : "the one", SKA_EVIDENCE_MANIFEST);
    }
    return true;
}

/* ---- The audit log --------------------------------------------------------------------------- */

/* Whoever changes the manifest too has to change the log, and all that was written to it since. */
static bool look_up(struct verification *verification, struct ska_audit_reader *reader,
                    const char *hash, const struct ska_errors *errors)
{
    struct ska_audit_found found;
    uint64_t line = 0;
    bool intact = true;

    for (;;) {
        if (!ska_audit_read_next(reader, &found, errors))
            return false;
        if (found.number == 0)
            break;
        if (found.readable && found.line.evidence != NULL && strcmp(found.line.evidence, hash) == 0)
            line = found.number;
        if (found.fault[0] != 0 && intact)
            verify_add(verification, VERIFY_WRONG, "audit log: %s", found.fault);
        intact = intact && found.fault[0] == 0;
    }
    if (line == 0)
        verify_add(verification, VERIFY_WRONG, "audit log: does NOT know this %s",
                   SKA_EVIDENCE_MANIFEST);
    else
        verify_add(verification, VERIFY_OK, "audit log: line %" PRIu64 " names this %s", line,
                   SKA_EVIDENCE_MANIFEST);
    return true;
}

static bool verify_log(struct evidence *evidence, const char *audit_log,
                       const struct ska_errors *errors)
{
    struct verification *verification = &evidence->verification;
    struct ska_audit_reader *reader = NULL;
    char hash[SKA_AUDIT_HASH_SIZE];
    bool done = false;

    if (!evidence->there[MANIFEST])
        return true;
    if (!ska_audit_hash(verification->libctx, ska_span_of(&evidence->content[MANIFEST]), hash,
                        errors))
        return false;
    if (audit_log == NULL) {
        verify_add(verification, VERIFY_NOTHING,
                   "%s: whether it was changed, the audit log tells (--audit-log), where it has "
                   "the SHA-256 %s",
                   SKA_EVIDENCE_MANIFEST, hash);
        return true;
    }
    if (!ska_audit_read_open(audit_log, verification->libctx, &reader, errors))
        return false;
    done = look_up(verification, reader, hash, errors);
    ska_audit_read_close(reader);
    return done;
}

/* ---- The request ----------------------------------------------------------------------------- */

static void compare_file(struct evidence *evidence, enum part part, const struct ska_bytes *member)
{
    bool same = ska_span_equal(ska_span_of(&evidence->content[part]), ska_span_of(member));

    if (evidence->there[part])
        verify_add(&evidence->verification, same ? VERIFY_OK : VERIFY_WRONG,
                   "file %s: %s the %s of the request", parts[part].name, same ? "is" : "is NOT",
                   parts[part].name);
}

static void compare_files(struct evidence *evidence)
{
    struct ska_request *request = NULL;

    if (!ska_request_parse(ska_span_of(&evidence->content[REQUEST]), SKA_EVIDENCE_REQUEST, &request,
                           NULL))
        return;
    compare_file(evidence, TOKEN, &request->approval_token);
    compare_file(evidence, SIGNATURE, &request->signature);
    ska_request_free(request);
}

static bool inspect_evidence_request(struct tool *tool, struct evidence *evidence)
{
    struct ska_error_capture failure = {0};
    struct ska_errors quiet = ska_error_capture(&failure);
    struct ska_span content = ska_span_of(&evidence->content[REQUEST]);
    cJSON *json = NULL;
    bool done = true;

    if (!evidence->there[REQUEST])
        return true;
    if (!ska_json_parse(content, SKA_EVIDENCE_REQUEST, &json, &quiet))
        verify_add_failure(&evidence->verification, &failure);
    else
        done = inspect_request(tool, content, json, SKA_EVIDENCE_REQUEST, &evidence->verification);
    if (done && json != NULL)
        compare_files(evidence);
    ska_error_capture_clear(&failure);
    cJSON_Delete(json);
    return done;
}

bool inspect_folder(struct tool *tool, int folder, const char *shown, const char *audit_log)
{
    struct evidence evidence = {.verification = {.libctx = tool->libctx}};
    struct stat status;
    bool done = false;

    if (fstatat(folder, SKA_EVIDENCE_REQUEST, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                        "%s: no %s in it, so this is no folder of evidence", shown,
                        SKA_EVIDENCE_REQUEST);
    for (int i = 0; i < PART_COUNT; i++)
        read_part(&evidence, folder, (enum part)i);
    done = verify_manifest(&evidence, &tool->errors) &&
           verify_log(&evidence, audit_log, &tool->errors) &&
           inspect_evidence_request(tool, &evidence) &&
           inspect_conclude(tool, &evidence.verification, SKA_R_EVIDENCE_WRONG, shown);
    verify_clear(&evidence.verification);
    for (int i = 0; i < PART_COUNT; i++)
        ska_bytes_free(&evidence.content[i]);
    return done;
}
