/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders of evidence: whether each file is as it was written, whether the files agree, and whether
 * the audit log knows them.
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

static const size_t limits[SKA_EVIDENCE_FILES] = {[SKA_EVIDENCE_REQUEST] = SKA_JSON_LIMIT,
                                                  [SKA_EVIDENCE_TOKEN] = SKA_TOKEN_LIMIT,
                                                  [SKA_EVIDENCE_SIGNATURE] = SKA_JSON_LIMIT,
                                                  [SKA_EVIDENCE_MANIFEST] = SKA_MANIFEST_LIMIT};

struct evidence {
    struct verification verification;
    struct ska_bytes content[SKA_EVIDENCE_FILES];
    bool there[SKA_EVIDENCE_FILES]; /* it could be read */
};

/* A file that is missing or cannot be read is something to tell; the others are looked at. */
static void read_evidence_file(struct evidence *evidence, int folder, enum ska_evidence_file file)
{
    const char *name = ska_evidence_names[file];
    struct ska_error_capture failure = {0};
    struct ska_errors quiet = ska_error_capture(&failure);
    struct stat status;

    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        verify_add(&evidence->verification, VERIFY_MISSING, "file %s: is not there", name);
    else if (ska_file_read_at(folder, name, name, limits[file], &evidence->content[file], &quiet))
        evidence->there[file] = true;
    else
        verify_add(&evidence->verification, VERIFY_WRONG, "file %s",
                   ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
}

/* ---- The manifest ---------------------------------------------------------------------------- */

static bool verify_manifest(struct evidence *evidence, const struct ska_errors *errors)
{
    struct verification *verification = &evidence->verification;
    const char *manifest = ska_evidence_names[SKA_EVIDENCE_MANIFEST];
    struct ska_span contents[SKA_MANIFEST_FILES];
    bool same[SKA_MANIFEST_FILES];
    bool well_formed = false;

    if (!evidence->there[SKA_EVIDENCE_MANIFEST])
        return true;
    for (int i = 0; i < SKA_MANIFEST_FILES; i++)
        contents[i] = ska_span_of(&evidence->content[i]);
    if (!ska_manifest_compare(verification->libctx,
                              ska_span_of(&evidence->content[SKA_EVIDENCE_MANIFEST]), contents,
                              &well_formed, same, errors))
        return false;
    if (!well_formed)
        verify_add(verification, VERIFY_WRONG, "file %s: is NOT what is made of such files",
                   manifest);
    for (int i = 0; well_formed && i < SKA_MANIFEST_FILES; i++)
        if (evidence->there[i])
            verify_add(verification, same[i] ? VERIFY_OK : VERIFY_WRONG, "file %s: is %s in %s",
                       ska_evidence_names[i], same[i] ? "the one" : "NOT the one", manifest);
    return true;
}

/* ---- The audit log --------------------------------------------------------------------------- */

/* Whoever changes the manifest too has to change the log, and all that was written to it since. */
static bool find_in_log(struct verification *verification, struct ska_audit_reader *reader,
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
                   ska_evidence_names[SKA_EVIDENCE_MANIFEST]);
    else
        verify_add(verification, VERIFY_OK, "audit log: line %" PRIu64 " names this %s", line,
                   ska_evidence_names[SKA_EVIDENCE_MANIFEST]);
    return true;
}

static bool verify_log(struct evidence *evidence, const char *audit_log,
                       const struct ska_errors *errors)
{
    struct verification *verification = &evidence->verification;
    struct ska_audit_reader *reader = NULL;
    char hash[SKA_AUDIT_HASH_SIZE];
    bool done = false;

    if (!evidence->there[SKA_EVIDENCE_MANIFEST])
        return true;
    if (!ska_audit_hash(verification->libctx,
                        ska_span_of(&evidence->content[SKA_EVIDENCE_MANIFEST]), hash, errors))
        return false;
    if (audit_log == NULL) {
        verify_add(verification, VERIFY_NOTHING,
                   "%s: whether it was changed, the audit log tells (--audit-log), where it has "
                   "the SHA-256 %s",
                   ska_evidence_names[SKA_EVIDENCE_MANIFEST], hash);
        return true;
    }
    if (!ska_audit_read_open(audit_log, verification->libctx, &reader, errors))
        return false;
    done = find_in_log(verification, reader, hash, errors);
    ska_audit_read_close(reader);
    return done;
}

/* ---- The request ----------------------------------------------------------------------------- */

static void compare_file(struct evidence *evidence, enum ska_evidence_file file,
                         const struct ska_bytes *member)
{
    bool same = ska_span_equal(ska_span_of(&evidence->content[file]), ska_span_of(member));

    if (evidence->there[file])
        verify_add(&evidence->verification, same ? VERIFY_OK : VERIFY_WRONG,
                   "file %s: %s the %s of the request", ska_evidence_names[file],
                   same ? "is" : "is NOT", ska_evidence_names[file]);
}

static void compare_files(struct evidence *evidence)
{
    struct ska_request *request = NULL;

    if (!ska_request_parse(ska_span_of(&evidence->content[SKA_EVIDENCE_REQUEST]), "", &request,
                           NULL))
        return;
    compare_file(evidence, SKA_EVIDENCE_TOKEN, &request->approval_token);
    compare_file(evidence, SKA_EVIDENCE_SIGNATURE, &request->signature);
    ska_request_free(request);
}

static bool inspect_evidence_request(struct tool *tool, struct evidence *evidence)
{
    struct ska_error_capture failure = {0};
    struct ska_errors quiet = ska_error_capture(&failure);
    const char *name = ska_evidence_names[SKA_EVIDENCE_REQUEST];
    struct ska_span content = ska_span_of(&evidence->content[SKA_EVIDENCE_REQUEST]);
    cJSON *json = NULL;
    bool done = true;

    if (!evidence->there[SKA_EVIDENCE_REQUEST])
        return true;
    if (!ska_json_parse(content, name, &json, &quiet))
        verify_add_failure(&evidence->verification, &failure);
    else
        done = inspect_request(tool, content, json, name, &evidence->verification);
    if (done && json != NULL)
        compare_files(evidence);
    ska_error_capture_clear(&failure);
    cJSON_Delete(json);
    return done;
}

bool inspect_folder(struct tool *tool, int folder, const char *shown, const char *audit_log)
{
    struct evidence evidence = {.verification = {.libctx = tool->libctx}};
    const char *request = ska_evidence_names[SKA_EVIDENCE_REQUEST];
    struct stat status;
    bool done = false;

    if (fstatat(folder, request, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                        "%s: no %s in it, so this is no folder of evidence", shown, request);
    for (int i = 0; i < SKA_EVIDENCE_FILES; i++)
        read_evidence_file(&evidence, folder, (enum ska_evidence_file)i);
    done = verify_manifest(&evidence, &tool->errors) &&
           verify_log(&evidence, audit_log, &tool->errors) &&
           inspect_evidence_request(tool, &evidence) &&
           verify_conclude(tool, &evidence.verification, SKA_R_EVIDENCE_WRONG, shown);
    verify_clear(&evidence.verification);
    for (int i = 0; i < SKA_EVIDENCE_FILES; i++)
        ska_bytes_free(&evidence.content[i]);
    return done;
}
