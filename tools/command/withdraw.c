/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool withdraw: ends a request in an approvals directory. What was approved stays approved.
 */
#include "tools/options.h"
#include "tools/request_source.h"
#include "tools/show/request_text.h"

static bool withdraw_run(struct tool *tool, struct request_source *source)
{
    struct ska_request *request = NULL;
    struct ska_ballot ballot = {.libctx = tool->libctx};
    bool done = request_source_read(tool, source, NULL, &request);

    if (done) {
        ballot.request = request;
        ballot.rule = request_stated_rule(request);
        done = request_source_count(tool, source, &ballot) &&
               request_place_withdraw(source->place, &ballot);
    }
    ska_ballot_close(&ballot);
    ska_request_free(request);
    return done;
}

bool withdraw_command(struct tool *tool, int argc, char **argv)
{
    struct request_source source = {.by_id = true};
    const struct option_entry options[] = {
        OPTION_TEXT("dir", "DIR", "the approvals directory; default: as configured",
                    &source.where.directory),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--dir DIR] ID",
        .help = "Ends the request ID, so that nobody is asked any more: at the configured\n"
                "broker, or in an approvals directory, from which it disappears. Programs that\n"
                "wait for it end. In a directory only the user who made it and root can do so,\n"
                "and approvals stay valid: copies of them can be used as long as the rule\n"
                "allows.",
        .options = options,
        .operands = &source.what,
        .operand_needed = "ID",
        .operands_allowed = 1,
    };
    bool done = options_parse(tool, &line, argc, argv) && tool_configure(tool) &&
                withdraw_run(tool, &source);

    request_source_close(&source);
    return done;
}
