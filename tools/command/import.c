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
        OPTION_TEXT("dir", "DIR", "the approvals directory, if not the configuration's",
                    &import.path),
        OPTION_FLAG("requests", "take whole requests too, in your name", &import.requests),
        OPTION_OUTPUT(&import.output, "make one bundle of all copies of one request"),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--dir DIR] [--requests] FILE...\n"
                 "       skatool import FILE... -o OUT [--force]",
        .help = "Takes approvals and rejections as they came back by mail: into an approvals\n"
                "directory, each into a file of its own; or copies of one request, with all\n"
                "their approvals, into one file. A whole request of which none of its id stands\n"
                "in the directory is shown, and taken with --requests or a yes at the terminal:\n"
                "it then asks in your name. What is invalid, of somebody who is not listed, or\n"
                "for another request is named and not taken (exit status 4). The files are not\n"
                "changed.",
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
