/* SPDX-License-Identifier: Apache-2.0 */
/* skatool agent, in a process of its own. */
#ifndef SKA_BENCH_AGENT_PROCESS_H
#define SKA_BENCH_AGENT_PROCESS_H

#include "token.h"

/*
 * It approves anything for the key KEY_LABEL with this approver's key, and listens when this
 * returns. It ends with the row's group of processes, or when it is told.
 */
pid_t agent_process_start(const struct bench *bench, const char *socket, EVP_PKEY *approver);
void agent_process_stop(pid_t agent);

#endif
