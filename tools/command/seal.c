/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool seal: detached CAdES signatures of documents, which go on after whatever ends a call.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/file.h"
#include "provider/request/key_cache.h"
#include "provider/sign/sign.h"
#include "tools/interruption.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/seal/sealing.h"
#include "tools/seal/timestamp.h"
#include "tools/seal/together.h"

#define DOCUMENTS_MOST 1000
#define SEAL_SUFFIX ".p7s"

struct seal_options {
    const char *key;
    const char *certificate;
    const char *chain;
    const char *digest;
    const char *timeout;
    struct output output;
    const char *documents[DOCUMENTS_MOST];
    size_t count;
};

/* ---- Where seals go -------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Beside the document, into the folder of -o, or where -o says. */
static char *place_of_seal(const struct seal_options *options, const char *document)
{
    const char *output = options->output.path;
    const char *name = strrchr(document, '/');
    char *path = NULL;
    int length = 0;

    if (output == NULL)
        length = asprintf(&path, "%s" SEAL_SUFFIX, document);
    else if (is_folder(output))
        length = asprintf(&path, "%s/%s" SEAL_SUFFIX, output, name == NULL ? document : name + 1);
    else
        length = asprintf(&path, "%s", output);
    return length < 0 ? NULL : path;
}

static bool check_documents(struct tool *tool, const struct seal_options *options)
{
    const char *output = options->output.path;

    for (size_t i = 0; i < options->count; i++)
        if (strcmp(options->documents[i], "-") == 0)
            return options_wrong(
                tool, "standard input has no name by which to continue a seal: name a file");
    if (output != NULL && ska_file_descriptor(output) >= 0)
        return options_wrong(tool, "-o %s: a seal needs a file, next to which it is begun", output);
    return options->count < 2 || output == NULL || is_folder(output) ||
           options_wrong(tool, "-o %s: for several documents this must be a folder that is there",
                         output);
}

/* Documents of one name in different folders would take each other's place. */
static bool check_places(struct tool *tool, const struct sealing *sealings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(sealings[i].out, sealings[k].out) == 0)
                return options_wrong(tool, "%s and %s would both be sealed in %s",
                                     sealings[k].document, sealings[i].document, sealings[i].out);
    return true;
}

/* ---- Options --------------------------------------------------------------------------------- */

static bool check_timestamp_options(struct tool *tool, const struct seal_options *options,
                                    const struct seal_call *call)
{
    const struct output query = {call->query, call->force};

    if ((call->reply != NULL || call->query != NULL) && options->count > 1)
        return options_wrong(tool, "--timestamp and --timestamp-query are for one document");
    if ((call->tsa != NULL) + (call->reply != NULL) + (call->query != NULL) > 1)
        return options_wrong(tool, "use only one of --tsa, --timestamp and --timestamp-query");
    if (call->tsa_ca != NULL && call->tsa == NULL && call->reply == NULL)
        return options_wrong(tool, "--tsa-ca needs --tsa or --timestamp");
    return (call->query == NULL || output_check(tool, &query, options->documents[0])) &&
           (call->tsa == NULL || seal_timestamp_check(call->tsa, call->tsa_ca, &tool->errors));
}

/* Those of the URI, whose file is `files`, else those of the configuration, as ever. */
static void choose_seal_sources(const struct tool *tool, const struct hsm_uri *uri,
                                const char *const files[2], struct ska_sources *sources)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const struct ska_sources typed = {NULL, files[0] == NULL ? NULL : files, uri->approvals_dir,
                                      uri->agent, false};
    const struct ska_sources configured = {NULL, NULL, settings->approvals_dir, settings->agent,
                                           false};

    *sources = ska_sources_any(&typed) ? typed : configured;
}

static bool choose_seal_timeout(struct tool *tool, const struct seal_options *options,
                                const struct hsm_uri *uri, unsigned int *timeout)
{
    const char *text = options->timeout != NULL ? options->timeout : uri->approvals_timeout;

    *timeout = tool->configuration.settings.approvals_timeout;
    return text == NULL || ska_timeout_from_text(text, timeout) ||
           options_wrong(tool, "--approvals-timeout '%s': a number of seconds is needed", text);
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool open_all(struct seal_call *call, const struct seal_options *options,
                     struct sealing *sealings)
{
    for (size_t i = 0; i < options->count; i++)
        if (!sealing_open(&sealings[i], call, options->documents[i],
                          place_of_seal(options, options->documents[i])))
            return false;
    return check_places(call->tool, sealings, options->count);
}

static bool is_all_written(const struct sealing *sealings, size_t count)
{
    size_t written = 0;

    for (size_t i = 0; i < count; i++)
        written += sealings[i].state == SEALING_WRITTEN;
    return written == count;
}

static bool seal_all(struct seal_call *call, struct sealing *sealings, size_t count)
{
    struct tool *tool = call->tool;

    for (size_t i = 0; i < count; i++)
        sealing_prepare(&sealings[i]);
    interruption_catch();
    if (call->alone) {
        sealing_sign(&sealings[0]);
        sealing_finish(&sealings[0]);
    } else {
        seal_together(sealings, count, &tool->errors);
    }
    return is_all_written(sealings, count);
}

static bool seal_with_key(struct seal_call *call, const struct seal_options *options,
                          struct sealing *sealings)
{
    struct tool *tool = call->tool;
    struct hsm_uri *uri = NULL;
    struct ska_span spki = {NULL, 0};
    bool done = tool_open_key(tool, options->key, &uri, &call->key) &&
                backend_key_spki(call->key, &spki, &tool->errors) &&
                seal_signer_take_key(tool, call->key, spki, options->digest, &call->signer) &&
                choose_seal_timeout(tool, options, uri, &call->timeout) &&
                ska_approver_keys_new(&call->approver_keys, &tool->errors);

    if (done) {
        const char *const files[2] = {uri->approvals_file, NULL};

        choose_seal_sources(tool, uri, files, &call->sources);
        done = seal_all(call, sealings, options->count);
    }
    ska_approver_keys_free(call->approver_keys);
    backend_key_free(call->key);
    hsm_uri_free(uri);
    return done;
}

static bool run_seal(struct seal_call *call, const struct seal_options *options)
{
    struct tool *tool = call->tool;
    struct sealing *sealings = calloc(options->count, sizeof(*sealings));
    bool done = false;

    if (sealings == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for %zu documents", options->count);
    /* The files first: nobody shall type a PIN only to hear of a wrong file name. */
    done = open_all(call, options, sealings) &&
           seal_signer_read(tool, options->certificate, options->chain, &call->signer) &&
           seal_with_key(call, options, sealings);
    for (size_t i = 0; i < options->count; i++)
        sealing_clear(&sealings[i]);
    seal_signer_clear(&call->signer);
    free(sealings);
    return done;
}

bool seal_command(struct tool *tool, int argc, char **argv)
{
    struct seal_options options = {0};
    struct seal_call call = {.tool = tool};
    const struct option_entry entries[] = {
        OPTION_NEEDED("key", "URI", "the key that seals", &options.key),
        OPTION_NEEDED("cert", "FILE", "its certificate, PEM or DER", &options.certificate),
        OPTION_TEXT("chain", "FILE", "further certificates for the seal, in PEM", &options.chain),
        OPTION_TEXT("digest", "NAME", "of the document; default: SHA256", &options.digest),
        OPTION_TEXT("description", "TEXT", "a line for the approvers; default: the document's name",
                    &call.description),
        OPTION_TEXT("approvals-timeout", "SECS",
                    "how long to wait for approvals; default: as the URI or configuration says",
                    &options.timeout),
        OPTION_TEXT("tsa", "URL", "get a time-stamp from there", &call.tsa),
        OPTION_TEXT("tsa-ca", "FILE", "CAs in PEM for time-stamp and server; default: the system's",
                    &call.tsa_ca),
        OPTION_TEXT("timestamp-query", "FILE", "write the query for a time-stamp authority",
                    &call.query),
        OPTION_TEXT("timestamp", "FILE", "put the authority's reply into the seal", &call.reply),
        OPTION_FLAG("restart", "begin again if something else was begun", &call.restart),
        {"output", 'o', "FILE", "the seal, or a folder for seals; default: DOCUMENT.p7s",
         &options.output.path, NULL, false},
        OPTION_FLAG("force", "replace an existing file that is not such a seal", &call.force),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI --cert FILE [OPTION...] DOCUMENT...",
        .help = "Makes a detached CAdES signature (level B-B; with a time-stamp B-T) of each\n"
                "document. If approvals are needed it asks for all of them, and then waits.\n"
                "After an interruption the same command continues where it was: until a seal is\n"
                "done, what is to be approved stays in DOCUMENT.p7s.ska-pending.",
        .options = entries,
        .operands = options.documents,
        .operand_needed = "DOCUMENT",
        .operands_allowed = DOCUMENTS_MOST,
    };

    if (!options_parse(tool, &line, argc, argv))
        return false;
    tool->signs = true;
    while (options.count < DOCUMENTS_MOST && options.documents[options.count] != NULL)
        options.count++;
    call.alone = options.count == 1;
    return check_documents(tool, &options) && check_timestamp_options(tool, &options, &call) &&
           run_seal(&call, &options);
}
