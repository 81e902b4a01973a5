/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define READS 1000

#define EVENTS (IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE)

int ska_watch_open(const struct ska_directory *directory)
{
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    char path[64];

    if (watch < 0)
        return -1;
    /* The directory that is open, wherever its path leads by now. */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ska_directory_fd(directory));
    if (inotify_add_watch(watch, path, EVENTS) >= 0 ||
        inotify_add_watch(watch, ska_directory_path(directory), EVENTS) >= 0)
        return watch;
    close(watch);
    return -1;
}

static bool is_request(const char *name, const char *id)
{
    return strncmp(name, id, SKA_REQUEST_ID_LENGTH) == 0 &&
           ska_file_kind_of(name) == SKA_FILE_REQUEST;
}

/* Lost events, answers to the request, and its end. */
static bool concerns(const struct inotify_event *event, const char *id)
{
    if ((event->mask & IN_Q_OVERFLOW) != 0)
        return true;
    if (event->len == 0)
        return false;
    return (event->mask & IN_DELETE) != 0 ? is_request(event->name, id)
                                          : ska_file_is_answer(event->name, id);
}

bool ska_watch_read(int watch, const char *id)
{
    _Alignas(struct inotify_event) char events[2048];
    bool found = false;
    ssize_t length = 0;

    /* What the kernel queues at most: somebody may make events faster than they are read. */
    for (int i = 0; i < READS && (length = read(watch, events, sizeof(events))) > 0; i++) {
        const char *next = events;

        while (next < events + length) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)next;

            found = concerns(event, id) || found;
            next += sizeof(*event) + event->len;
        }
    }
    return found;
}
