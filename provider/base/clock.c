/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/clock.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

int64_t ska_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_handled(int signal_number)
{
    struct sigaction action;

    return sigaction(signal_number, NULL, &action) == 0 &&
           ((action.sa_flags & SA_SIGINFO) != 0 ||
            (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN));
}

/*
 * Which signal it was cannot be known. An application that catches what people end programs with
 * wants to be asked; without that it was a timer or a child, and the wait goes on.
 */
bool ska_is_interruption(void)
{
    return is_handled(SIGINT) || is_handled(SIGTERM);
}
