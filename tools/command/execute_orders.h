/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_TOOLS_COMMAND_EXECUTE_ORDERS_H
#define SKA_TOOLS_COMMAND_EXECUTE_ORDERS_H

#include "tools/command/execute_run.h"

/* Orders become requests; those that cannot are named, removed, and no failure. */
bool execute_take_orders(struct execute_run *run) SKA_MUST_CHECK;

#endif
