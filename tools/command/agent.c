/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool agent: approves without asking anybody what its rules allow, over a UNIX socket.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/agent/listener.h"
#include "tools/agent/rules_read.h"
#include "tools/agent/rules_text.h"
#include "tools/agent/server.h"
#include "tools/options.h"
#include "tools/show/text.h"

struct agent_options {
    const char *socket;
    const char *approver;
    const char *certificate;
    struct option_list allowed;
    bool explain;
};

static bool read_allowed(struct tool *tool, const struct agent_options *options,
                         struct agent_rules *rules)
{
    return agent_rules_read(options->allowed.values, options->allowed.count, geteuid(), rules,
                            &tool->errors);
}

/* ---- What it approves ------------------------------------------------------------------------ */

#define EXPLAIN_BEGIN "approves without asking anybody:"
#define EXPLAIN_END "approves nothing else, and no change of a key"

/* The same words for who tries rules out and for the log. */
static void print_rules(const struct agent_rules *rules)
{
    printf("This agent " EXPLAIN_BEGIN "\n");
    for (size_t i = 0; i < rules->count; i++) {
        struct ska_buffer text = {0};

        agent_rule_words(&rules->rules[i], &text);
        printf("* %s\n", ska_buffer_string(&text));
        ska_buffer_free(&text);
    }
    printf("It " EXPLAIN_END ".\n");
}

static void log_rules(const struct agent_rules *rules)
{
    report_note("agent: " EXPLAIN_BEGIN);
    for (size_t i = 0; i < rules->count; i++) {
        struct ska_buffer text = {0};

        agent_rule_words(&rules->rules[i], &text);
        report_note("agent: * %s", ska_buffer_string(&text));
        ska_buffer_free(&text);
    }
    report_note("agent: " EXPLAIN_END);
}

static bool explain_rules(struct tool *tool, const struct agent_options *options)
{
    struct agent_rules rules = {0};
    bool done = read_allowed(tool, options, &rules);

    if (done)
        print_rules(&rules);
    agent_rules_clear(&rules);
    return done;
}

/* ---- Serving --------------------------------------------------------------------------------- */

/* From now on they end the loop, and a peer that has gone ends nothing. */
static bool catch_signals(struct tool *tool, int *signals)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (signal(SIGPIPE, SIG_IGN) != SIG_ERR && sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        *signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *signals >= 0 || ska_fail(&tool->errors, SKA_R_INTERNAL, "signals: %s", strerror(errno));
}

static void say_listening(struct tool *tool, const struct agent *agent, const char *path)
{
    struct ska_buffer text = {0};

    ska_buffer_text(&text, "approver key SHA-256 ");
    text_fingerprint(tool->libctx, ska_span_of(&agent->approver.public_key), &text);
    log_rules(&agent->rules);
    report_note("agent: listening on %s; %s", path, ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static bool serve_until_ended(struct tool *tool, const struct agent_options *options,
                              struct agent *agent)
{
    struct agent_listener listener = {.fd = -1};
    int signals = -1;
    bool done = read_allowed(tool, options, &agent->rules) &&
                approver_open(tool, &agent->approver, options->approver, options->certificate) &&
                approver_unlock(&agent->approver, tool->libctx, &tool->errors) &&
                catch_signals(tool, &signals) &&
                agent_listener_open(&listener, options->socket, &tool->errors);

    if (done) {
        say_listening(tool, agent, options->socket);
        done = agent_serve(agent, listener.fd, signals, &tool->errors);
    }
    if (done)
        report_note("agent: ends");
    agent_listener_close(&listener);
    if (signals >= 0)
        close(signals);
    return done;
}

static bool agent_run(struct tool *tool, const struct agent_options *options)
{
    struct agent agent = {.libctx = tool->libctx};
    bool done = serve_until_ended(tool, options, &agent);

    approver_close(&agent.approver);
    agent_rules_clear(&agent.rules);
    return done;
}

static bool check_needed(struct tool *tool, const struct agent_options *options)
{
    const char *missing = options->socket == NULL     ? "socket"
                          : options->approver == NULL ? "approver"
                                                      : NULL;

    return options->explain || missing == NULL ||
           options_wrong(tool, "missing option: --%s", missing);
}

bool agent_command(struct tool *tool, int argc, char **argv)
{
    struct agent_options agent = {0};
    const struct option_entry options[] = {
        OPTION_TEXT("socket", "PATH", "the UNIX socket to listen on", &agent.socket),
        OPTION_TEXT("approver", "KEY", "its private key: a file or any OSSL_STORE URI",
                    &agent.approver),
        OPTION_TEXT("cert", "FILE", "its certificate, to include in the approval",
                    &agent.certificate),
        OPTION_NEEDED("allow", "RULE", "what it approves: conditions separated by commas",
                      &agent.allowed.last),
        OPTION_FLAG("explain", "only show what would be approved", &agent.explain),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--socket PATH --approver KEY [--cert FILE] --allow RULE...\n"
                 "       skatool agent --explain --allow RULE...",
        .help = "Approves signatures without asking anybody, for processes on this computer that\n"
                "connect to the socket. Each RULE is a list of conditions, separated by commas,\n"
                "which must all hold; several --allow are alternatives, each by itself:\n\n"
                "  key=LABEL             the key that signs; required\n"
                "  payload=tls13-server  what a TLS 1.3 server signs and nothing else\n"
                "  payload=tls13-client  what a TLS 1.3 client signs and nothing else\n"
                "  payload=any           anything; one of the three is required\n"
                "  uid=N                 the user who connects; default: only the agent's own\n"
                "  rate=N/s              at most N approvals per second by this rule\n\n"
                "With --explain no key is opened; only --allow is needed.\n"
                "Each decision is a line on standard error. SIGTERM ends the agent.",
        .options = options,
        .list = &agent.allowed,
    };

    return options_parse(tool, &line, argc, argv) && check_needed(tool, &agent) &&
           (agent.explain ? explain_rules(tool, &agent) : agent_run(tool, &agent));
}
