/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/interruption.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "provider/base/clock.h"

/* timeout(1) sends the same signal twice, at once; a person does not. */
#define SAME_MS 300

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t noted; /* its number; 0: none */
static int64_t noted_at;            /* of the handler alone, which does not interrupt itself */

static void note(int number)
{
    if (noted == 0) {
        noted_at = ska_clock_ms();
        noted = number;
    } else if (ska_clock_ms() - noted_at >= SAME_MS) {
        signal(number, SIG_DFL);
        raise(number); /* comes when this returns */
    }
}

void interruption_catch(void)
{
    struct sigaction noting = {.sa_handler = note};

    sigemptyset(&noting.sa_mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaddset(&noting.sa_mask, signals[i]);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        struct sigaction before;

        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            sigaction(signals[i], &noting, NULL);
    }
}

bool interruption_seen(void)
{
    return noted != 0;
}

void interruption_end(void)
{
    const int number = noted;

    if (number == 0)
        return;
    signal(number, SIG_DFL);
    raise(number);
}
