/* SPDX-License-Identifier: Apache-2.0 */
/* Whole commands, as people and scripts run them. */
#ifndef SKA_BENCH_COMMANDS_H
#define SKA_BENCH_COMMANDS_H

#include <sys/resource.h>

#include "token.h"

struct command {
    struct path configuration; /* OPENSSL_CONF */
    const char *argv[12];
};

/* Starts it, without input and output. */
pid_t command_run(const struct command *command);
/* Waits until it has done its work; what it used, where usage is not NULL. */
void command_wait(const struct command *command, pid_t child, struct rusage *usage);

/* A configuration with the default provider alone. */
void write_plain_configuration(const char *path);

/*
 * openssl dgst -sign, P-256: with an ordinary key of ours, of each of the peers, and with a key
 * file. They point into this structure.
 */
struct signing_commands {
    struct path out;
    struct path document;
    struct path uris[PEER_LIMIT + 2]; /* or the file's path */
    struct command list[PEER_LIMIT + 2];
    size_t count;
};
/* Makes token and keys, on SoftHSM itself, as others have it. */
void signing_commands_make(struct signing_commands *commands, const struct bench *bench);

#endif
