/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/time_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t tsb_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *tsb_time_text(int64_t time, char text[32])
{
    time_t seconds = (time_t)(time / 1000);
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        text[0] = '\0';
    return text;
}

/* Exactly that many digits, and what follows them. */
static bool take_digits(const char **text, size_t count, int *number)
{
    *number = 0;
    for (; count > 0; count--) {
        if (**text < '0' || **text > '9')
            return false;
        *number = *number * 10 + *(*text)++ - '0';
    }
    return true;
}

static bool take_mark(const char **text, char mark)
{
    if (**text != mark)
        return false;
    (*text)++;
    return true;
}

static bool take_date(const char **text, struct tm *parts)
{
    return take_digits(text, 4, &parts->tm_year) && take_mark(text, '-') &&
           take_digits(text, 2, &parts->tm_mon) && take_mark(text, '-') &&
           take_digits(text, 2, &parts->tm_mday) && parts->tm_year >= 1970 && parts->tm_mon >= 1 &&
           parts->tm_mon <= 12 && parts->tm_mday >= 1 && parts->tm_mday <= 31;
}

static bool take_time(const char **text, struct tm *parts)
{
    return take_digits(text, 2, &parts->tm_hour) && take_mark(text, ':') &&
           take_digits(text, 2, &parts->tm_min) && parts->tm_hour <= 23 && parts->tm_min <= 59;
}

/* At most nine digits. */
static bool take_fraction(const char **text, int *milliseconds)
{
    int weight = 100;
    int digits = 0;
    int digit = 0;

    *milliseconds = 0;
    if (!take_mark(text, '.'))
        return true;
    while (digits < 9 && take_digits(text, 1, &digit)) {
        *milliseconds += digit * weight;
        weight /= 10;
        digits++;
    }
    return digits > 0;
}

/* Java leaves out seconds that are zero. */
static bool take_seconds(const char **text, int *seconds, int *milliseconds)
{
    return !take_mark(text, ':') ||
           (take_digits(text, 2, seconds) && *seconds <= 59 && take_fraction(text, milliseconds));
}

/* Minutes ahead of UTC. */
static bool take_zone(const char **text, int *minutes)
{
    bool west = **text == '-';
    int hour = 0;
    int minute = 0;

    *minutes = 0;
    if (take_mark(text, 'Z'))
        return true;
    if (!(take_mark(text, '+') || take_mark(text, '-')) || !take_digits(text, 2, &hour) ||
        !take_mark(text, ':') || !take_digits(text, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = (hour * 60 + minute) * (west ? -1 : 1);
    return true;
}

bool tsb_time_read(const char *text, int64_t *time)
{
    struct tm parts;
    int milliseconds = 0;
    int zone = 0;
    int day = 0;

    memset(&parts, 0, sizeof(parts));
    if (!take_date(&text, &parts) || !take_mark(&text, 'T') || !take_time(&text, &parts) ||
        !take_seconds(&text, &parts.tm_sec, &milliseconds) || !take_zone(&text, &zone) ||
        *text != '\0')
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    day = parts.tm_mday;
    *time = ((int64_t)timegm(&parts) - (int64_t)zone * 60) * 1000 + milliseconds;
    return parts.tm_mday == day; /* there was such a day */
}
