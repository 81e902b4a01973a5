/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "peers.h"
#include "rows.h"

pid_t command_run(const struct command *command)
{
    pid_t child = fork();

    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);

        if (setenv("OPENSSL_CONF", command->configuration.text, 1) == 0 && nothing >= 0 &&
            dup2(nothing, 0) == 0 && dup2(nothing, 1) == 1)
            execvp(command->argv[0], (char **)(uintptr_t)command->argv);
        _exit(127);
    }
    must(child > 0);
    return child;
}

void command_wait(const struct command *command, pid_t child, struct rusage *usage)
{
    int status = 0;
    bool ended = wait4(child, &status, 0, usage) == child;
    bool done = ended && status == 0;

    /* Some providers sign and crash as the process ends. */
    if (ended && !done)
        fprintf(stderr, "ska-bench: %s: %s %s %s %d\n", command->configuration.text,
                command->argv[0], command->argv[1],
                WIFSIGNALED(status) ? "ended by signal" : "ended with exit status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    must(done);
}

void write_plain_configuration(const char *path)
{
    write_file(path, "openssl_conf = init\n[init]\nproviders = providers\n"
                     "[providers]\ndefault = default_provider\n"
                     "[default_provider]\nactivate = 1\n");
}

static void make_key_file(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(path, "w");

    must(key != NULL && file != NULL);
    must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
    EVP_PKEY_free(key);
}

static void add_command(struct signing_commands *commands, const char *configuration,
                        const struct path *key)
{
    struct command *command = &commands->list[commands->count];
    struct path *uri = &commands->uris[commands->count++];
    const char *const argv[] = {"openssl", "dgst", "-sha256",          "-sign",
                                uri->text, "-out", commands->out.text, commands->document.text};

    *uri = *key;
    snprintf(command->configuration.text, sizeof(command->configuration.text), "%s", configuration);
    for (size_t i = 0; i < COUNT(argv); i++)
        command->argv[i] = argv[i];
}

void signing_commands_make(struct signing_commands *commands, const struct bench *bench)
{
    const struct options *options = bench->options;
    struct path ours = token_path(bench, "ours.cnf");
    struct path plain = token_path(bench, "default.cnf");
    struct path file = token_path(bench, "key.pem");
    struct path uri = key_uri(KEY_LABEL);
    struct token token;

    *commands = (struct signing_commands){.out = token_path(bench, "signature"),
                                          .document = token_path(bench, "document")};
    token_open(&token, bench);
    make_key(bench, KEY_LABEL, "EC:P-256", "none");
    token_close(&token);
    write_file(commands->document.text, "a document\n");
    write_configuration(bench, ours.text, SKA_BENCH_SOFTHSM);
    write_plain_configuration(plain.text);
    make_key_file(file.text);
    add_command(commands, ours.text, &uri);
    for (size_t i = 0; i < options->peer_count; i++) {
        uri = peers_uri(&options->peers[i]);
        add_command(commands, options->peers[i].configuration, &uri);
    }
    add_command(commands, plain.text, &file);
}
