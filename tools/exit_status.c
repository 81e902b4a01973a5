/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/exit_status.h"

#include <stddef.h>

const char *const exit_status_meanings[] = {
    "done",
    "wrong use or configuration",
    "refused, or not approved: approvals missing or pending, rejected, expired, key blocked, "
    "declined",
    "failure of the HSM or the system",
    "invalid input data",
    NULL,
};

/* The reasons are numbered so: ska/provider.h says what each hundred stands for. */
int exit_status(enum ska_reason reason)
{
    return (int)reason / 100;
}

void exit_status_add(int *status, enum ska_reason reason)
{
    if (exit_status(reason) > *status)
        *status = exit_status(reason);
}
