/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders of evidence: whether each file is as it was written, whether the files agree, and whether
 * the audit log knows them.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>

#include "tools/audit_read.h"
#include "provider/record/evidence_manifest.h"
#include "provider/base/json.h"
#include "provider/base/file.h"
#include "provider/rule/window.h"
#include "tools/command/inspect.h"
#include "tools/show/text.h"

/* ---- Files ----------------------------------------------------------------------------------- */

static const size_t limits[SKA_EVIDENCE_FILES] = {[SKA_EVIDENCE_REQUEST] = SKA_JSON_LIMIT,
                                                  [SKA_EVIDENCE_TOKEN] = SKA_TOKEN_LIMIT,
                                                  [SKA_EVIDENCE_BROKER] = SKA_JSON_LIMIT,
                                                  [SKA_EVIDENCE_SIGNATURE] = SKA_JSON_LIMIT,
                                                  [SKA_EVIDENCE_MANIFEST] = SKA_MANIFEST_LIMIT};

struct evidence {
    struct verification verification;
    struct ska_bytes content[SKA_EVIDENCE_FILES];
    bool there[SKA_EVIDENCE_FILES]; /* it could be read */
    bool told;                      /* by a broker, which keeps the token */
};

/* The file that belongs to evidence of the other kind. */
static enum ska_evidence_file foreign_file(const struct evidence *evidence)
{
    return evidence->told ? SKA_EVIDENCE_TOKEN : SKA_EVIDENCE_BROKER;
}

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
        verify_add(verification, VERIFY_WRONG, "file %s: is NOT in the form of such files",
                   manifest);
    for (int i = 0; well_formed && i < SKA_MANIFEST_FILES; i++)
        if (evidence->there[i])
            verify_add(verification, same[i] ? VERIFY_OK : VERIFY_WRONG, "file %s: is %s in %s",
                       ska_evidence_names[i], same[i] ? "the one" : "NOT the one", manifest);
    return true;
}

/* NULL: it does not hold together, which is said elsewhere. */
static struct ska_request *parse_evidence_request(const struct evidence *evidence)
{
    struct ska_span text = ska_span_of(&evidence->content[SKA_EVIDENCE_REQUEST]);
    struct ska_request *request = NULL;
    bool parsed = evidence->told ? ska_request_parse_draft(text, "", &request, NULL)
                                 : ska_request_parse(text, "", &request, NULL);

    return parsed ? request : NULL;
}

/* ---- The audit log --------------------------------------------------------------------------- */

/* What the logs say, from the first line of the first to the last of the last. */
struct log_search {
    const char *hash;
    char named_in[PATH_MAX + 40]; /* "audit.log.1, line 12"; "": nowhere */
    bool continues;               /* there is an older log, which was not given */
    bool intact;
    char first[32]; /* times of the first and the last line that can be read */
    char last[32];
};

static void take_log_line(struct verification *verification, struct log_search *search,
                          const char *path, const struct ska_audit_found *found)
{
    if (found->readable && found->line.evidence != NULL &&
        strcmp(found->line.evidence, search->hash) == 0)
        snprintf(search->named_in, sizeof(search->named_in), "%sline %" PRIu64, path,
                 found->number);
    search->continues = search->continues || found->continues;
    if (found->readable && search->first[0] == 0)
        snprintf(search->first, sizeof(search->first), "%s", found->line.time);
    if (found->readable)
        snprintf(search->last, sizeof(search->last), "%s", found->line.time);
    if (found->fault[0] != 0 && search->intact)
        verify_add(verification, VERIFY_WRONG, "audit log: %s%s", path, found->fault);
    search->intact = search->intact && found->fault[0] == 0;
}

/* Whoever changes the manifest too has to change the log, and all that was written to it since. */
static bool search_log(struct verification *verification, struct ska_audit_reader *reader,
                       struct log_search *search, const char *path, const struct ska_errors *errors)
{
    struct ska_audit_found found;

    for (;;) {
        if (!ska_audit_read_next(reader, &found, errors))
            return false;
        if (found.number == 0)
            return true;
        take_log_line(verification, search, path, &found);
    }
}

static bool search_logs(struct verification *verification, const char *const *logs,
                        struct log_search *search, const struct ska_errors *errors)
{
    struct ska_audit_reader *reader = NULL;
    bool several = logs[1] != NULL;
    bool done = ska_audit_read_open(logs[0], verification->libctx, &reader, errors);

    for (size_t i = 0; done && logs[i] != NULL; i++) {
        char path[PATH_MAX + 3] = "";

        if (several)
            snprintf(path, sizeof(path), "%s, ", logs[i]);
        done = (i == 0 || ska_audit_read_continue(reader, logs[i], errors)) &&
               search_log(verification, reader, search, path, errors);
    }
    ska_audit_read_close(reader);
    return done;
}

/* Times of evidence and log are written in one form, so that they compare as texts. */
static bool is_time(const char *text)
{
    return text != NULL && strlen(text) == strlen("2026-11-28T17:20:35Z") && text[10] == 'T' &&
           text[19] == 'Z';
}

/* Clocks may differ; but what is said to be done in years to come has been changed. */
static bool is_past(const char *executed)
{
    char soon[32];

    return strcmp(executed, ska_time_text((uint64_t)time(NULL) + 300, soon)) < 0;
}

/* A log that was rotated knows what was written in its time, and nothing of what was before. */
static void conclude_logs(struct evidence *evidence, const struct log_search *search)
{
    struct verification *verification = &evidence->verification;
    const char *manifest = ska_evidence_names[SKA_EVIDENCE_MANIFEST];
    struct ska_request *request = NULL;
    const char *executed = NULL;

    if (search->named_in[0] != 0) {
        verify_add(verification, VERIFY_OK, "audit log: %s names this %s", search->named_in,
                   manifest);
        return;
    }
    request = parse_evidence_request(evidence);
    if (request != NULL && is_time(request->executed))
        executed = request->executed;
    if (search->continues && (executed == NULL || strcmp(executed, search->first) <= 0))
        verify_add(verification, VERIFY_MISSING,
                   "audit log: an older one that should name this %s: the one given continues it; "
                   "give both",
                   manifest);
    else if (executed != NULL && is_past(executed) && is_time(search->last) &&
             strcmp(executed, search->last) > 0)
        verify_add(verification, VERIFY_MISSING,
                   "audit log: a newer one that should name this %s: the one given ends before; "
                   "give both",
                   manifest);
    else
        verify_add(verification, VERIFY_WRONG, "audit log: does NOT know this %s", manifest);
    ska_request_free(request);
}

static bool verify_log(struct evidence *evidence, const char *const *logs,
                       const struct ska_errors *errors)
{
    struct verification *verification = &evidence->verification;
    char hash[SKA_AUDIT_HASH_SIZE];
    struct log_search search = {.hash = hash, .intact = true};

    if (!evidence->there[SKA_EVIDENCE_MANIFEST])
        return true;
    if (!ska_audit_hash(verification->libctx,
                        ska_span_of(&evidence->content[SKA_EVIDENCE_MANIFEST]), hash, errors))
        return false;
    if (logs[0] == NULL) {
        verify_add(verification, VERIFY_NOTHING,
                   "%s: whether it was changed, the audit log shows (--audit-log), where it has "
                   "the SHA-256 %s",
                   ska_evidence_names[SKA_EVIDENCE_MANIFEST], hash);
        return true;
    }
    if (!search_logs(verification, logs, &search, errors))
        return false;
    conclude_logs(evidence, &search);
    return true;
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
    struct ska_request *request = parse_evidence_request(evidence);

    if (request == NULL)
        return;
    if (!evidence->told)
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
        done = evidence->told
                   ? inspect_told_request(tool, content,
                                          ska_span_of(&evidence->content[SKA_EVIDENCE_BROKER]),
                                          name, &evidence->verification)
                   : inspect_request(tool, content, json, name, &evidence->verification);
    if (done && json != NULL)
        compare_files(evidence);
    ska_error_capture_clear(&failure);
    cJSON_Delete(json);
    return done;
}

bool inspect_folder(struct tool *tool, int folder, const char *shown, const char *const *audit_logs)
{
    struct evidence evidence = {.verification = {.libctx = tool->libctx}};
    const char *request = ska_evidence_names[SKA_EVIDENCE_REQUEST];
    struct stat status;
    bool done = false;

    if (fstatat(folder, request, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                        "%s: no %s in it, so this is not a folder of evidence", shown, request);
    evidence.told =
        fstatat(folder, ska_evidence_names[SKA_EVIDENCE_BROKER], &status, AT_SYMLINK_NOFOLLOW) == 0;
    for (int i = 0; i < SKA_EVIDENCE_FILES; i++)
        if (i != (int)foreign_file(&evidence))
            read_evidence_file(&evidence, folder, (enum ska_evidence_file)i);
    done = verify_manifest(&evidence, &tool->errors) &&
           verify_log(&evidence, audit_logs, &tool->errors) &&
           inspect_evidence_request(tool, &evidence) &&
           verify_conclude(tool, &evidence.verification, SKA_R_EVIDENCE_WRONG, shown);
    verify_clear(&evidence.verification);
    for (int i = 0; i < SKA_EVIDENCE_FILES; i++)
        ska_bytes_free(&evidence.content[i]);
    return done;
}
