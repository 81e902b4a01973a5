/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/rule/window.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "provider/base/clock.h"

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

struct ska_window ska_window_of(const struct ska_alternative *alternative, uint64_t timestamp)
{
    struct ska_window window = {0, UINT64_MAX};

    if (alternative->timelock == 0 && alternative->timeout == 0)
        return window;
    window.opens = add(timestamp, alternative->timelock);
    if (alternative->timeout > 0)
        window.closes = add(window.opens, alternative->timeout);
    return window;
}

struct ska_window ska_window_of_rule(const struct ska_rule *rule, uint64_t timestamp)
{
    struct ska_window all = {UINT64_MAX, 0};

    for (size_t i = 0; i < rule->alternative_count; i++) {
        struct ska_window window = ska_window_of(&rule->alternatives[i], timestamp);

        if (window.opens < all.opens)
            all.opens = window.opens;
        if (window.closes > all.closes)
            all.closes = window.closes;
    }
    return all;
}

enum ska_window_state ska_window_state(const struct ska_window *window, uint64_t now)
{
    if (now < window->opens)
        return SKA_WINDOW_NOT_YET;
    return now < window->closes ? SKA_WINDOW_OPEN : SKA_WINDOW_CLOSED;
}

const char *ska_time_text(uint64_t seconds, char text[32])
{
    if (!ska_utc_text(seconds, text))
        snprintf(text, 32, "never");
    return text;
}

const char *ska_time_shown(uint64_t seconds, char text[SKA_TIME_SHOWN_SIZE])
{
    time_t time = (time_t)seconds;
    struct tm here;
    struct tm utc;
    size_t length = 0;

    if (seconds > INT64_MAX || localtime_r(&time, &here) == NULL || gmtime_r(&time, &utc) == NULL ||
        (length = strftime(text, SKA_TIME_SHOWN_SIZE, "%Y-%m-%d %H:%M:%S %Z", &here)) == 0) {
        snprintf(text, SKA_TIME_SHOWN_SIZE, "forever");
        return text;
    }
    /* Others, and files, say it in UTC. */
    if (here.tm_gmtoff != 0 &&
        strftime(text + length, SKA_TIME_SHOWN_SIZE - length,
                 here.tm_mday == utc.tm_mday ? " (%H:%M:%S UTC)" : " (%Y-%m-%d %H:%M:%S UTC)",
                 &utc) == 0)
        text[length] = 0;
    return text;
}

bool ska_time_read(const char *text, uint64_t *seconds)
{
    struct tm parts;
    const char *end = NULL;
    time_t time = 0;

    memset(&parts, 0, sizeof(parts));
    end = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end == NULL || *end != 0)
        return false;
    time = timegm(&parts);
    *seconds = time < 0 ? 0 : (uint64_t)time;
    return true;
}
