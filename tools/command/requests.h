/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests in an approvals directory, and how far each is.
 */
#ifndef SKA_TOOLS_COMMAND_REQUESTS_H
#define SKA_TOOLS_COMMAND_REQUESTS_H

#include "tools/tool.h"

/*
 * Prints them, as a table or as JSON. `directory` NULL: that of the configuration. With `approver`
 * (KEY; NULL: anybody) only those that wait for this approver. Files that are wrong are named.
 */
bool requests_list(struct tool *tool, const char *directory, const char *approver,
                   bool json) SKA_MUST_CHECK;

#endif
