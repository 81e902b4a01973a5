/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approver in another process, reduced to what cannot be left out: a token comes through a
 * socket, its signature goes back. What an agent costs beyond it is ours.
 */
#ifndef SKA_BENCH_APPROVER_PROCESS_H
#define SKA_BENCH_APPROVER_PROCESS_H

#include <sys/types.h>

#include "approval.h"

struct approver_process {
    EVP_PKEY *key;
    int socket;
    pid_t pid;
};

/* It ends with approver_process_stop(), or when nobody holds the other end of its socket. */
void approver_process_start(struct approver_process *process, EVP_PKEY *key);
void approver_process_stop(struct approver_process *process);

/* The plain signature of a token, verified. */
struct ska_bytes approver_process_sign(const struct approver_process *process,
                                       struct ska_span token);

#endif
