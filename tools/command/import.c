/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool import: what came back by mail. Copies of one request become one file, or the answers in
 * them go into an approvals directory, each into a file of its own. Nothing is believed: each
 * answer is verified as all others are, and what is wrong is named and not taken.
 */
#include "tools/command/import_arrival.h"
#include "tools/options.h"
#include "tools/request_source.h"

static bool find_place(struct import *import)
{
    if (import->path != NULL && import->output.path != NULL)
        return options_wrong(import->tool, "--dir and --output cannot be used together");
    if (import->requests && import->output.path != NULL)
        return options_wrong(import->tool, "--requests is for a directory, not for -o");
    if (import->path != NULL || import->output.path != NULL)
        return true;
    if (import->output.force)
        return options_wrong(import->tool, "--force is for the FILE of -o");
    if (!tool_configure(import->tool))
        return false;
    import->path = import->tool->configuration.settings.approvals_dir;
    return import->path != NULL ||
           options_wrong(import->tool,
                         "--dir DIR or -o OUT is missing, and the configuration has no "
                         "approvals-dir");
}

bool import_command(struct tool *tool, int argc, char **argv)
{
    const char *paths[REQUEST_COPIES_MOST + 1] = {NULL};
    struct import import = {.tool = tool};
    const struct option_entry options[] = {
        OPTION_TEXT("dir", "DIR", "the approvals directory; default: as configured", &import.path),
        OPTION_FLAG("requests", "import whole requests too, in your name", &import.requests),
        OPTION_OUTPUT(&import.output, "make one bundle of all copies of one request"),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--dir DIR] [--requests] FILE...\n"
                 "       skatool import FILE... -o OUT [--force]",
        .help = "Imports approvals and rejections that came back by mail: into an approvals\n"
                "directory, each into a file of its own; or, from copies of one request, with\n"
                "all their approvals, into one file. A whole request that is not in the\n"
                "directory yet is shown, and imported with --requests or after a yes at the\n"
                "terminal: it then asks in your name. An answer that is invalid, from somebody\n"
                "who is not listed, or for another request is reported and not imported (exit\n"
                "status 4). The files are not changed.",
        .options = options,
        .operands = paths,
        .operand_needed = "FILE",
        .operands_allowed = REQUEST_COPIES_MOST,
    };

    bool done = options_parse(tool, &line, argc, argv) && find_place(&import) &&
                (import.output.path != NULL ? import_into_file(&import, paths)
                                            : import_into_directory(&import, paths));

    ska_buffer_free(&import.list);
    return done;
}
