/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool: create keys that are guarded by Smart Key Attributes, and ask for, review, give and use
 * approvals.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tools/close_name.h"
#include "tools/exit_status.h"
#include "tools/interruption.h"
#include "tools/tool.h"

static const struct {
    const char *name;
    bool (*run)(struct tool *tool, int argc, char **argv);
    const char *description;
} commands[] = {
    {"keygen", keygen_command, "create a key with its rules"},
    {"list", list_command, "list the keys of a token"},
    {"show", show_command, "show one key: algorithm, public key, rules"},
    {"pem", pem_command, "write a PEM file that programs accept as a private key file"},
    {"seal", seal_command, "seal documents: CAdES signatures, with approvals and time-stamps"},
    {"request", request_command, "write a request to sign, or to block, unblock or modify a key"},
    {"inspect", inspect_command, "show a request, bundle, token or evidence, and verify it"},
    {"requests", requests_command, "list the requests in an approvals directory"},
    {"approve", approve_command, "review a request and approve it"},
    {"reject", reject_command, "review a request and reject it"},
    {"history", history_command, "show what you have approved and rejected"},
    {"withdraw", withdraw_command, "withdraw a request, so that nobody is asked any more"},
    {"status", status_command, "show which approvals a request has, who is missing, and when"},
    {"execute", execute_command, "send an approved request to the HSM"},
    {"import", import_command, "import requests and answers that came back by mail"},
    {"agent", agent_command, "approve automatically what given rules allow"},
    {"audit", audit_command, "verify an audit log and show it"},
    {"check-config", check_config_command, "check the configuration"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *to)
{
    fprintf(to, "Usage: skatool COMMAND [OPTION...]\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-14s %s\n", commands[i].name, commands[i].description);
    fprintf(to, "\n"
                "Run `skatool COMMAND --help` for details, `skatool --version` for the version.\n");
}

/* What was printed must have arrived: a full disk is a failure too. */
static void finish_output(struct tool *tool)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        ska_fail(&tool->errors, SKA_R_FILE_FAILURE, "standard output: %s", strerror(errno));
}

static void fail_unknown_command(struct tool *tool, const char *given)
{
    static const char *const options[] = {"help", "version", NULL};
    struct close_name close = {.given = given + strspn(given, "-")};
    const char *dashes = "";

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        close_name_try(&close, commands[i].name);
    if (close.found == NULL) {
        close_name_try_all(&close, options);
        dashes = "--";
    }
    ska_fail(&tool->errors, SKA_R_WRONG_USE, "unknown %s '%s'%s%s%s%s; see: skatool --help",
             given[0] == '-' ? "option" : "command", given,
             close.found == NULL ? "" : " (did you mean ", close.found == NULL ? "" : dashes,
             close.found == NULL ? "" : close.found, close.found == NULL ? "" : "?)");
}

static void run_command(struct tool *tool, int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[0], commands[i].name) != 0)
            continue;
        tool->command = commands[i].name;
        if (!commands[i].run(tool, argc, argv) && !tool->help_shown && tool->report.status == 0)
            ska_fail(&tool->errors, SKA_R_INTERNAL, "%s failed without a reason", argv[0]);
        return;
    }
    fail_unknown_command(tool, argv[0]);
}

int main(int argc, char **argv)
{
    struct tool tool;

    /* Configured providers, ours among them, have no business in this process by default. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    if (argc < 2) {
        print_usage(stderr);
        return exit_status(SKA_R_WRONG_USE);
    }
    if (tool_init(&tool)) {
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
            print_usage(stdout);
        else if (strcmp(argv[1], "--version") == 0)
            printf("skatool %s (%s)\n", SKA_VERSION, OpenSSL_version(OPENSSL_VERSION));
        else
            run_command(&tool, argc - 1, argv + 1);
        finish_output(&tool);
    }
    tool_clear(&tool);
    interruption_end();
    return tool.report.status;
}
