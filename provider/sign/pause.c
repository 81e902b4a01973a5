/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/pause.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <openssl/async.h>

#include "provider/base/clock.h"

/* A signal that comes just before poll() interrupts nothing: whoever notes it is asked so often. */
#define NOTED_MS 1000
#define UNNOTED_MS 60000

static int bounded(const struct ska_waiter *waiter, int64_t left)
{
    const int most = waiter->interrupted != NULL ? NOTED_MS : UNNOTED_MS;

    return left > most ? most : (int)left;
}

static enum ska_pause_end block(const struct ska_waiter *waiter, int fd, short events,
                                int64_t until)
{
    struct pollfd polled = {fd, events, 0};

    while (!ska_is_interrupted(waiter->interrupted, false)) {
        int64_t left = until - ska_clock_ms();
        int ready = left <= 0 ? 0 : poll(&polled, 1, bounded(waiter, left));

        if (ready > 0)
            return SKA_PAUSE_READY;
        if (left <= 0)
            return SKA_PAUSE_OVER;
        if (ready < 0 && errno != EINTR)
            return SKA_PAUSE_READY;
        if (ready < 0 && ska_is_interrupted(waiter->interrupted, true))
            break;
    }
    return SKA_PAUSE_INTERRUPTED;
}

/* ---- In an ASYNC job ------------------------------------------------------------------------- */

/* Readable when fd is ready or the time is over: what an application can poll for. */
struct doorbell {
    int epoll;
    int timer;
};

static void close_doorbell(const struct doorbell *doorbell)
{
    if (doorbell->timer >= 0)
        close(doorbell->timer);
    if (doorbell->epoll >= 0)
        close(doorbell->epoll);
}

static bool make_doorbell(int fd, short events, int64_t until, struct doorbell *doorbell)
{
    struct itimerspec when = {{0, 0}, {until / 1000, until % 1000 * 1000000 + 1}};
    struct epoll_event on_timer = {.events = EPOLLIN};
    struct epoll_event on_fd = {.events = ((events & POLLIN) != 0 ? EPOLLIN : 0u) |
                                          ((events & POLLOUT) != 0 ? EPOLLOUT : 0u)};

    doorbell->epoll = epoll_create1(EPOLL_CLOEXEC);
    doorbell->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return doorbell->epoll >= 0 && doorbell->timer >= 0 &&
           timerfd_settime(doorbell->timer, TFD_TIMER_ABSTIME, &when, NULL) == 0 &&
           epoll_ctl(doorbell->epoll, EPOLL_CTL_ADD, doorbell->timer, &on_timer) == 0 &&
           (fd < 0 || epoll_ctl(doorbell->epoll, EPOLL_CTL_ADD, fd, &on_fd) == 0);
}

struct pause {
    struct doorbell doorbell;
    struct ska_waiter waiter;
};

static void free_pause(struct pause *pause)
{
    close_doorbell(&pause->doorbell);
    free(pause);
}

/* The application frees the wait context of a job that it never resumed. */
static void abandoned(ASYNC_WAIT_CTX *context, const void *key, int fd, void *vpause)
{
    struct pause *pause = vpause;
    struct ska_waiter waiter = pause->waiter;

    (void)context;
    (void)key;
    (void)fd;
    free_pause(pause);
    waiter.abandon(waiter.object);
}

/* Not on the job's stack, which may be gone when `abandoned` is called. */
static struct pause *new_pause(const struct ska_waiter *waiter, int fd, short events, int64_t until)
{
    struct pause *pause = calloc(1, sizeof(*pause));

    if (pause == NULL)
        return NULL;
    pause->waiter = *waiter;
    if (make_doorbell(fd, events, until, &pause->doorbell))
        return pause;
    free_pause(pause);
    return NULL;
}

/*
 * An application may resume a job for no reason, or forbid pausing (ASYNC_block_pause()), and then
 * pausing returns at once: a short time of blocking keeps both from spinning.
 */
#define SPIN_MS 5

static enum ska_pause_end pause_job(ASYNC_JOB *job, struct pause *pause, int fd, short events,
                                    int64_t until)
{
    ASYNC_WAIT_CTX *context = ASYNC_get_wait_ctx(job);
    enum ska_pause_end end = SKA_PAUSE_OVER;

    if (!ASYNC_WAIT_CTX_set_wait_fd(context, pause, pause->doorbell.epoll, pause, abandoned)) {
        const struct ska_waiter waiter = pause->waiter;

        free_pause(pause);
        return block(&waiter, fd, events, until);
    }
    do {
        int64_t soon = 0;

        if (!ASYNC_pause_job())
            break;
        soon = ska_clock_ms() + SPIN_MS;
        end = block(&pause->waiter, fd, events, soon < until ? soon : until);
    } while (end == SKA_PAUSE_OVER && ska_clock_ms() < until);
    ASYNC_WAIT_CTX_clear_fd(context, pause);
    free_pause(pause);
    return end;
}

enum ska_pause_end ska_pause(const struct ska_waiter *waiter, int fd, short events, int64_t until)
{
    ASYNC_JOB *job = ASYNC_get_current_job();
    struct pause *pause = job == NULL ? NULL : new_pause(waiter, fd, events, until);

    return pause == NULL ? block(waiter, fd, events, until)
                         : pause_job(job, pause, fd, events, until);
}
