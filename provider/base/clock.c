/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/clock.h"

#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

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

bool ska_is_interrupted(bool (*wants_no_more)(void), bool by_signal)
{
    return wants_no_more != NULL ? wants_no_more() : by_signal && ska_is_interruption();
}

bool ska_utc(uint64_t seconds, struct tm *parts)
{
    const uint64_t day = 86400;

    memset(parts, 0, sizeof(*parts));
    parts->tm_year = 70;
    parts->tm_mday = 1;
    return seconds / day <= INT_MAX &&
           OPENSSL_gmtime_adj(parts, (int)(seconds / day), (long)(seconds % day)) == 1;
}

bool ska_utc_text(uint64_t seconds, char text[32])
{
    struct tm parts;

    if (!ska_utc(seconds, &parts))
        return false;
    snprintf(text, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", (parts.tm_year + 1900) % 10000,
             parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    return true;
}
