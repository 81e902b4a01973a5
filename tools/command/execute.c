/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool execute: sends an approved request to the HSM.
 */
#include <unistd.h>

#include "tools/broker_request.h"
#include "tools/command/execute_close.h"
#include "tools/command/execute_directory.h"
#include "tools/execution.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/request_source.h"
#include "tools/show/modification.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

struct execute {
    const char *key;
    const char *directory;
    const char *what[REQUEST_COPIES_MOST + 1]; /* REQUEST...; or ID */
    bool block_only;
    bool all;
    struct output output;
};

/* ---- A file ---------------------------------------------------------------------------------- */

static bool check_output(struct tool *tool, const struct ska_request *request,
                         const char *const *paths, const struct output *output)
{
    if (request->operation != SKA_OPERATION_SIGN)
        return output->path == NULL ||
               options_wrong(tool, "-o: a request to %s a key has no signature",
                             text_operation(request->operation));
    if (output->path == NULL && isatty(STDOUT_FILENO))
        return options_wrong(tool,
                             "a signature is binary and not written to a terminal: give -o FILE");
    for (; *paths != NULL; paths++)
        if (!output_check(tool, output, *paths))
            return false;
    return true;
}

/* Rejections lie beside the file. */
static bool find_refusals(struct tool *tool, struct request_source *source,
                          struct execution *execution)
{
    struct ska_request *request = execution->request;
    struct ska_ballot ballot = {
        .libctx = tool->libctx, .request = request, .rule = request_stated_rule(request)};
    bool done = request_source_count(tool, source, &ballot);

    execution_take_refusals(execution, &ballot);
    ska_ballot_close(&ballot);
    return done;
}

static bool execute_file(struct tool *tool, const struct execute *execute,
                         struct request_source *source)
{
    struct ska_request *request = NULL;
    struct execution execution = {.output = &execute->output};
    bool done = false;

    if (request_source_read(tool, source, NULL, &request) &&
        check_output(tool, request, execute->what, &execute->output) &&
        modification_can_be_shown(request, &tool->errors) &&
        tool_open_ska_key(tool, execute->key, NULL, &execution.key)) {
        execution.request = request;
        done =
            find_refusals(tool, source, &execution) && execution_run(tool, &execution) &&
            (request->operation == SKA_OPERATION_SIGN || execute_close_configured(tool, request));
    }
    execution_clear(&execution);
    ska_request_free(request);
    backend_key_free(execution.key);
    return done;
}

/* ---- A directory -------------------------------------------------------------------------- */

static bool execute_in_directory(struct tool *tool, const struct execute *execute)
{
    struct execute_run run = {.tool = tool,
                              .path = execute->directory,
                              .uri = execute->key,
                              .what = execute->all          ? EXECUTE_ALL
                                      : execute->block_only ? EXECUTE_BLOCK_ONLY
                                                            : EXECUTE_BY_HAND};

    return execute_directory(&run, execute->what[0]);
}

/* ---- A request by its id --------------------------------------------------------------------- */

/* It can be fetched once, and is of use to nobody but the command that has made the rest of it. */
static bool check_whole_signature(struct tool *tool, const struct ska_request *request)
{
    return !request->is_part ||
           ska_fail(
               &tool->errors, SKA_R_WRONG_USE,
               "request %.16s belongs to a seal, or another CMS signature, that was begun: run "
               "the same command again (skatool seal), which continues with it; execute would take "
               "its signature away. If it is no longer needed: skatool withdraw %.8s",
               request_shown_id(request), request_shown_id(request));
}

/* At a broker, which has executed it; or in the approvals directory of the configuration. */
static bool execute_by_id(struct tool *tool, const struct execute *execute,
                          struct request_source *source)
{
    struct ska_request *request = NULL;
    bool done = false;

    if (!place_open(tool, &source->where, NULL, &source->place))
        return false;
    if (!source->place->kind->keeps_results)
        return (execute->output.path == NULL ||
                options_wrong(tool,
                              "-o: nothing that is executed in a directory makes a signature")) &&
               execute_in_directory(tool, execute);
    done = request_source_read(tool, source, NULL, &request) &&
           check_whole_signature(tool, request) &&
           check_output(tool, request, execute->what, &execute->output) &&
           broker_request_fetch(tool, request, execute->key, &execute->output);
    ska_request_free(request);
    return done;
}

static bool execute_one(struct tool *tool, const struct execute *execute)
{
    struct request_source source = {.what = NULL};
    bool done = request_source_take(tool, &source, execute->what);

    if (done && source.by_id)
        done = execute_by_id(tool, execute, &source);
    else if (done)
        done = (execute->key != NULL || options_wrong(tool, "missing option: --key")) &&
               execute_file(tool, execute, &source);
    request_source_close(&source);
    return done;
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool check_execute_options(struct tool *tool, const struct execute *execute)
{
    if (execute->directory == NULL && !execute->block_only && !execute->all) {
        return execute->what[0] != NULL || options_wrong(tool, "missing argument: REQUEST");
    }
    if (execute->block_only && execute->all)
        return options_wrong(tool, "--block-only and --all cannot be used together");
    if (execute->what[0] != NULL && execute->what[1] != NULL)
        return options_wrong(tool, "unexpected argument: '%s'", execute->what[1]);
    if (execute->what[0] != NULL && (execute->block_only || execute->all))
        return options_wrong(tool, "--block-only and --all apply to a whole directory, without ID");
    return (execute->output.path == NULL && !execute->output.force) ||
           options_wrong(tool, "-o: nothing that is executed in a directory makes a signature");
}

bool execute_command(struct tool *tool, int argc, char **argv)
{
    struct execute execute = {0};
    const struct option_entry options[] = {
        OPTION_TEXT("key", "URI", "the key that the request is for", &execute.key),
        OPTION_TEXT("dir", "DIR", "requests and orders in an approvals directory",
                    &execute.directory),
        OPTION_FLAG("block-only", "for a systemd unit: only block keys", &execute.block_only),
        OPTION_FLAG("all", "for a systemd unit: also unblock and modify, within time limits",
                    &execute.all),
        OPTION_OUTPUT(&execute.output, "write the signature there, not to standard output"),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI REQUEST... [-o FILE [--force]]\n"
                 "       skatool execute [--key URI] ID [-o FILE [--force]]\n"
                 "       skatool execute [--key URI] --dir DIR [ID]\n"
                 "       skatool execute [--dir DIR] --block-only | --all",
        .help = "Sends a request with its approvals to the HSM, which decides. Several files\n"
                "must be copies of one request; all their approvals are sent. A signature is\n"
                "the same as `openssl dgst -sign` would write; if a key is to be blocked,\n"
                "unblocked or modified, a line says what was done. ID alone names a request at\n"
                "the configured broker, whose result it fetches, or a change of a key in the\n"
                "configured approvals directory, which it executes as with --dir. With --dir and\n"
                "no ID, orders become requests, and each complete request to block, unblock or\n"
                "modify is executed, never a signature; keys are unblocked only if the approvals\n"
                "are within time limits.",
        .options = options,
        .operands = execute.what,
        .operands_allowed = REQUEST_COPIES_MOST,
    };

    if (!options_parse(tool, &line, argc, argv) || !check_execute_options(tool, &execute))
        return false;
    tool->signs = true;
    return execute.directory == NULL && !execute.block_only && !execute.all
               ? execute_one(tool, &execute)
               : execute_in_directory(tool, &execute);
}
