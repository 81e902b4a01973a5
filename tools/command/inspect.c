/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool inspect: shows a request, a bundle, an approval, a refusal, an approval token and its
 * like, a key reference or a folder of evidence, whatever is in it, and verifies what can be
 * verified without an HSM.
 */
#include "tools/audit_read.h"
#include "tools/command/inspect.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/json.h"
#include "provider/request/request_errors.h"
#include "provider/base/wire.h"
#include "provider/base/file.h"
#include "tools/options.h"
#include "tools/report.h"
#include "tools/request_difference.h"
#include "tools/request_source.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* So many files and folders in one call. */
#define INSPECTED_MOST 1000

/* ---- What it is ------------------------------------------------------------------------------ */

static bool inspect_json(struct tool *tool, struct ska_span content, const char *path)
{
    struct verification verification = {.libctx = tool->libctx};
    struct ska_request_errors advised;
    cJSON *json = NULL;
    bool done = false;

    ska_request_errors_init(&advised, &tool->errors, content);
    if (!ska_json_parse(content, path, &json, &advised.errors))
        return false;
    if (ska_json_is_approval(json))
        done = inspect_approval(tool, content, json, path);
    else
        done = inspect_request(tool, content, json, path, &verification) &&
               verify_conclude(tool, &verification, SKA_R_BAD_REQUEST, path);
    verify_clear(&verification);
    cJSON_Delete(json);
    return done;
}

static bool looks_like_json(struct ska_span content)
{
    for (size_t i = 0; i < content.length; i++)
        if (!isspace(content.data[i]))
            return content.data[i] == '{';
    return false;
}

bool inspect_content(struct tool *tool, struct ska_span content, const char *path)
{
    struct ska_bytes token = {NULL, 0};
    bool done = false;

    if (content.length == 0)
        return ska_fail(&tool->errors, SKA_R_BAD_REQUEST, "%s: empty", path);
    if (inspect_is_reference(content))
        return inspect_reference(tool, content, path);
    /* A token starts with its length: the bytes of "{\n  " would make it far too long. */
    if (looks_like_json(content) && !ska_wire_well_formed(content))
        return inspect_json(tool, content, path);
    if (!ska_wire_well_formed(content) && ska_base64_decode_file(content, &token))
        content = ska_span_of(&token);
    done = inspect_container(tool, content, path);
    ska_bytes_free(&token);
    return done;
}

/* ---- Several files --------------------------------------------------------------------------- */

/* A request whose approvals are those of all its copies; the first says everything else. */
static bool print_copies(const struct ska_request *request, struct ska_span first,
                         struct ska_bytes *text, const struct ska_errors *errors)
{
    cJSON *json = NULL;
    cJSON *approvals = NULL;
    bool done = false;

    if (!ska_json_parse(first, "", &json, errors))
        return false;
    cJSON_DeleteItemFromObjectCaseSensitive(json, "approvals");
    approvals = cJSON_AddArrayToObject(json, "approvals");
    done = approvals != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "approvals");
    for (size_t i = 0; done && i < request->approval_count; i++)
        done = ska_json_add_item(approvals, NULL, ska_approval_to_json(&request->approvals[i])) ||
               ska_fail(errors, SKA_R_OUT_OF_MEMORY, "approvals");
    done = done && ska_json_print(json, text, errors);
    cJSON_Delete(json);
    return done;
}

/* Copies with other words are shown one by one. */
static bool has_same_words(const struct ska_request *request, const struct ska_request *copy,
                           const char *path)
{
    const char *difference = NULL;

    if (!request_find_difference(request, copy, &difference, NULL))
        return false;
    if (difference != NULL)
        report_note("%s is a copy of the request before, but differs in \"%s\", which approvals do "
                    "not protect",
                    path, difference);
    return difference == NULL;
}

/* Adds the file to the request, if it is one and a copy of it. */
static bool take_copy(struct tool *tool, const char *path, struct ska_request **request,
                      struct ska_bytes *first)
{
    struct ska_bytes content = {NULL, 0};
    struct ska_request *copy = NULL;
    bool is_copy = ska_file_read(path, SKA_JSON_LIMIT, &content, NULL) &&
                   ska_request_parse(ska_span_of(&content), path, &copy, NULL) &&
                   (*request == NULL || ska_request_has_same_token(*request, copy));

    if (is_copy && *request == NULL) {
        *request = copy;
        *first = content;
        return true;
    }
    is_copy = is_copy && has_same_words(*request, copy, path) &&
              ska_request_merge(*request, copy, tool->libctx, NULL);
    ska_request_free(copy);
    ska_bytes_free(&content);
    return is_copy;
}

/* All of them as one request; *copies is false where they are something else, or several. */
static bool inspect_copies(struct tool *tool, const char *const *paths, bool *copies)
{
    struct ska_request *request = NULL;
    struct ska_bytes first = {NULL, 0};
    struct ska_bytes text = {NULL, 0};
    bool done = true;

    *copies = true;
    for (const char *const *path = paths; *copies && *path != NULL; path++)
        *copies = take_copy(tool, *path, &request, &first);
    if (*copies)
        done = print_copies(request, ska_span_of(&first), &text, &tool->errors) &&
               inspect_json(tool, ska_span_of(&text), paths[0]);
    ska_request_free(request);
    ska_bytes_free(&first);
    ska_bytes_free(&text);
    return done;
}

/* ---- In an approvals directory --------------------------------------------------------------- */

static bool is_request_id(const char *directory, const char *const *paths)
{
    return directory != NULL ||
           (paths[1] == NULL && request_source_is_id(paths[0]) && access(paths[0], F_OK) != 0);
}

/* As its file says it, with the answers beside it; a broker has no file. */
static bool read_first(const struct request_source *source, const struct ska_request *request,
                       struct ska_bytes *first, const struct ska_errors *errors)
{
    struct ska_buffer path = {0};
    bool done = false;

    if (request_place_directory(source->place) == NULL)
        return ska_request_print(request, first, errors);
    ska_buffer_format(&path, "%s/%s.request.json", source->place->name, source->id);
    done = ska_file_read(ska_buffer_string(&path), SKA_JSON_LIMIT, first, errors);
    ska_buffer_free(&path);
    return done;
}

static bool inspect_by_id(struct tool *tool, struct request_source *source)
{
    struct ska_request *request = NULL;
    struct ska_ballot ballot = {.libctx = tool->libctx};
    struct ska_bytes first = {NULL, 0};
    struct ska_bytes text = {NULL, 0};
    bool done = request_source_read(tool, source, NULL, &request);

    ballot.request = request;
    ballot.rule = done ? request_stated_rule(request) : NULL;
    done = done && request_source_count(tool, source, &ballot) &&
           read_first(source, request, &first, &tool->errors) &&
           print_copies(request, ska_span_of(&first), &text, &tool->errors) &&
           inspect_json(tool, ska_span_of(&text), source->what);
    ska_ballot_close(&ballot);
    ska_request_free(request);
    request_source_close(source);
    ska_bytes_free(&first);
    ska_bytes_free(&text);
    return done;
}

/* ---- Whatever is given ----------------------------------------------------------------------- */

static bool inspect_path(struct tool *tool, const char *path, const char *const *logs)
{
    struct ska_bytes content = {NULL, 0};
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = false;

    if (folder >= 0) {
        done = inspect_folder(tool, folder, path, logs);
        close(folder);
        return done;
    }
    if (logs[0] != NULL)
        return options_wrong(tool, "--audit-log needs a folder of evidence");
    done = ska_file_read(path, SKA_JSON_LIMIT, &content, &tool->errors) &&
           inspect_content(tool, ska_span_of(&content), path);
    ska_bytes_free(&content);
    return done;
}

/* One after the other, whatever is wrong with those before. */
static bool inspect_each(struct tool *tool, const char *const *paths, const char *const *logs)
{
    bool done = true;

    for (const char *const *path = paths; *path != NULL; path++) {
        struct ska_buffer heading = {0};

        ska_buffer_text(&heading, path == paths ? "==> " : "\n==> ");
        text_printable(&heading, ska_span_text(*path));
        ska_buffer_text(&heading, " <==\n");
        done = text_print(&heading, &tool->errors) && inspect_path(tool, *path, logs) && done;
    }
    return done;
}

static bool inspect_all(struct tool *tool, const char *const *paths, const char *const *logs)
{
    bool copies = false;
    bool done = true;

    if (paths[1] == NULL)
        return inspect_path(tool, paths[0], logs);
    if (logs[0] == NULL)
        done = inspect_copies(tool, paths, &copies);
    return copies || !done ? done : inspect_each(tool, paths, logs);
}

bool inspect_command(struct tool *tool, int argc, char **argv)
{
    const char *paths[INSPECTED_MOST + 1] = {NULL};
    const char *signature = NULL;
    struct option_list logs = {0};
    struct request_source source = {.what = NULL};
    const struct option_entry options[] = {
        OPTION_TEXT("dir", "DIR", "the request ID in an approvals directory",
                    &source.where.directory),
        OPTION_TEXT("of", "SIGNATURE", "find the evidence of this signature below DIRECTORY",
                    &signature),
        OPTION_TEXT(
            "audit-log", "FILE",
            "the audit log that should list this evidence; rotated logs too, each with --audit-log",
            &logs.last),
        OPTION_CONFIG(tool), OPTION_END};
    const struct command_line line = {
        .usage = "[--audit-log FILE]... FILE-OR-DIRECTORY...\n"
                 "       skatool inspect [--dir DIR] ID\n"
                 "       skatool inspect [--audit-log FILE]... --of SIGNATURE DIRECTORY",
        .help = "Shows a request, a bundle, an approval or a rejection, a key reference or a\n"
                "folder of evidence, or (binary or base64) an approval token, a timestamp, a\n"
                "rule, a modify payload or a serialized approval: every field, what protects\n"
                "it, and whether everything that can be verified without an HSM is correct.\n"
                "Several copies of one request are shown as one, with all their approvals, and\n"
                "so is the request ID in an approvals directory.\n"
                "Needs no configuration, but with one it asks the HSM what a change of rules\n"
                "changes. With --of it finds and shows the folders of evidence below DIRECTORY\n"
                "for the signature in the file SIGNATURE: its value, a CMS or PKCS#7, a\n"
                "certificate, a certificate request, a CRL or a timestamp reply.",
        .options = options,
        .operands = paths,
        .operands_allowed = INSPECTED_MOST,
        .list = &logs,
    };

    if (!options_parse(tool, &line, argc, argv) ||
        !ska_audit_read_order(logs.values, logs.count, tool->libctx, &tool->errors))
        return false;
    if (paths[0] == NULL)
        return options_wrong(tool, "missing argument: %s",
                             signature == NULL ? "FILE-OR-DIRECTORY"
                                               : "DIRECTORY, where the evidence is");
    if (source.where.directory != NULL && (signature != NULL || logs.count > 0))
        return options_wrong(tool, "--dir cannot be used with --of or --audit-log");
    if (signature == NULL && is_request_id(source.where.directory, paths) &&
        !request_source_take(tool, &source, paths))
        return false;
    if (source.by_id)
        return inspect_by_id(tool, &source);
    if (signature == NULL)
        return inspect_all(tool, paths, logs.values);
    if (paths[1] != NULL)
        return options_wrong(tool, "'%s' is an unexpected argument: --of takes one directory",
                             paths[1]);
    return inspect_signature_of(tool, signature, paths[0], logs.values);
}
