/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "provider/sign/new_file.h"

#define READS 1000
/* Of more names it is quicker to look at the directory. */
#define NAMES_MOST 1000

#define EVENTS                                                                                     \
    (IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE |            \
     IN_DELETE_SELF | IN_MOVE_SELF)

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

static void add_name(struct ska_events *events, const char *name)
{
    events->lost = events->lost || events->names.count == NAMES_MOST ||
                   !ska_directory_names_add(&events->names, name, NULL);
}

/* Returns whether it is news. */
static bool take_event(const struct inotify_event *event, const char *id, struct ska_events *events)
{
    const bool gone = (event->mask & (IN_DELETE | IN_MOVED_FROM)) != 0;

    /* Of the directory itself, which is gone, or more than the kernel keeps. */
    if (event->len == 0) {
        events->lost = true;
        return true;
    }
    if (is_request(event->name, id))
        return gone || (event->mask & IN_MOVED_TO) != 0;
    if (gone)
        return false;
    if (ska_new_file_is(event->name, id))
        add_name(events, event->name);
    if (!ska_file_is_answer(event->name, id))
        return false;
    add_name(events, event->name);
    return true;
}

bool ska_watch_read(int watch, const char *id, struct ska_events *events)
{
    _Alignas(struct inotify_event) char read_events[2048];
    ssize_t length = 0;
    bool news = false;
    int reads = 0;

    /* What the kernel queues at most: somebody may make events faster than they are read. */
    for (; reads < READS && (length = read(watch, read_events, sizeof(read_events))) > 0; reads++) {
        const char *next = read_events;

        while (next < read_events + length) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)next;

            news = take_event(event, id, events) || news;
            next += sizeof(*event) + event->len;
        }
    }
    if (length < 0 && errno != EAGAIN && errno != EINTR)
        news = events->lost = true;
    return news;
}

void ska_events_clear(struct ska_events *events)
{
    ska_directory_names_free(&events->names);
    *events = (struct ska_events){.lost = false};
}
