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
#include "tools/agent/server.h"
#include "tools/options.h"
#include "tools/show/text.h"

struct agent_options {
    const char *socket;
    const char *approver;
    const char *certificate;
    struct option_list allowed;
};

static bool read_allowed(struct tool *tool, const struct agent_options *options,
                         struct agent_rules *rules)
{
    for (size_t i = 0; i < options->allowed.count; i++)
        if (!agent_rules_add(rules, options->allowed.values[i], &tool->errors))
            return false;
    return agent_rules_complete(rules, geteuid(), &tool->errors);
}

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
    ska_buffer_text(&text, "; ");
    agent_rules_text(&agent->rules, &text);
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

bool agent_command(struct tool *tool, int argc, char **argv)
{
    struct agent_options agent = {0};
    const struct option_entry options[] = {
        OPTION_NEEDED("socket", "PATH", "the UNIX socket to listen on", &agent.socket),
        OPTION_NEEDED("approver", "KEY", "its private key: a file or any OSSL_STORE URI",
                      &agent.approver),
        OPTION_TEXT("cert", "FILE", "its certificate, to stand in the approval",
                    &agent.certificate),
        OPTION_NEEDED("allow", "RULE", "a condition, or several separated by commas",
                      &agent.allowed.last),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--socket PATH --approver KEY [--cert FILE] --allow RULE...",
        .help = "Approves signatures without asking anybody, for processes on this machine that\n"
                "connect to the socket. Conditions, of which one of each kind must hold:\n\n"
                "  key=LABEL             the key that signs; required\n"
                "  payload=tls13-server  what a TLS 1.3 server signs and nothing else\n"
                "  payload=any           anything; one of the two is required\n"
                "  uid=N                 who connects; else only the agent's own user\n"
                "  rate=N/s              at most so many approvals in a second\n\n"
                "Each decision is a line on standard error. SIGTERM ends the agent.",
        .options = options,
        .list = &agent.allowed,
    };

    return options_parse(tool, &line, argc, argv) && agent_run(tool, &agent);
}
