/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool execute --dir: what is ordered in an approvals directory becomes requests, and what is
 * complete there is executed, but never a signature.
 */
#ifndef SKA_TOOLS_COMMAND_EXECUTE_DIRECTORY_H
#define SKA_TOOLS_COMMAND_EXECUTE_DIRECTORY_H

#include "tools/command/execute_run.h"

/* All of the directory, or (id, else NULL) one request. */
bool execute_directory(struct execute_run *run, const char *id) SKA_MUST_CHECK;

#endif
