/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/broker_ticket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/record/state_dir.h"

/* "ID URL\n", of which the URL is not longer than that. */
#define TEXT_LIMIT 4096

bool ska_broker_ticket_init(struct ska_broker_ticket *ticket, const char *state_dir,
                            const char *request_id, const struct ska_errors *errors)
{
    memset(ticket, 0, sizeof(*ticket));
    ticket->fd = -1;
    snprintf(ticket->name, sizeof(ticket->name), "broker-%.64s", request_id);
    if (state_dir == NULL)
        return true;
    ticket->state_dir = strdup(state_dir);
    return ticket->state_dir != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
}

void ska_broker_ticket_clear(struct ska_broker_ticket *ticket)
{
    ska_broker_ticket_unlock(ticket);
    free(ticket->state_dir);
    ticket->state_dir = NULL;
}

static bool fail_ticket(const struct ska_broker_ticket *ticket, const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_FILE_FAILURE, "state-dir %s: %s: %s", ticket->state_dir,
                    ticket->name, strerror(errno));
}

/* What is no id of this broker is none: it is handed in anew. */
static void parse_ticket(struct ska_broker_ticket *ticket, char *text, const char *broker)
{
    size_t length = strcspn(text, " ");

    ticket->id[0] = 0;
    if (text[length] != ' ' || length == 0 || length >= sizeof(ticket->id) ||
        strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != length)
        return;
    text[length] = 0;
    text[length + 1 + strcspn(text + length + 1, "\n")] = 0;
    if (strcmp(text + length + 1, broker) == 0)
        memcpy(ticket->id, text, length + 1);
}

static bool read_ticket(struct ska_broker_ticket *ticket, const char *broker,
                        const struct ska_errors *errors)
{
    char text[TEXT_LIMIT + 2] = "";
    ssize_t got = 0;

    do
        got = pread(ticket->fd, text, TEXT_LIMIT, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail_ticket(ticket, errors);
    text[got] = 0;
    parse_ticket(ticket, text, broker);
    return true;
}

/* One that was removed while this waited for its lock is nobody's any more. */
static bool lock_ticket(struct ska_broker_ticket *ticket, bool *gone,
                        const struct ska_errors *errors)
{
    struct stat status;
    int locked = 0;

    ticket->fd = ska_state_open(ticket->state_dir, ticket->name, errors);
    if (ticket->fd < 0)
        return false;
    do
        locked = flock(ticket->fd, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    if (locked != 0 || fstat(ticket->fd, &status) != 0)
        return fail_ticket(ticket, errors);
    *gone = status.st_nlink == 0;
    return true;
}

bool ska_broker_ticket_lock(struct ska_broker_ticket *ticket, const char *broker,
                            const struct ska_errors *errors)
{
    bool gone = true;

    while (ticket->state_dir != NULL && gone) {
        ska_broker_ticket_unlock(ticket);
        if (!lock_ticket(ticket, &gone, errors))
            return false;
    }
    return ticket->state_dir == NULL || read_ticket(ticket, broker, errors);
}

void ska_broker_ticket_unlock(struct ska_broker_ticket *ticket)
{
    if (ticket->fd >= 0)
        close(ticket->fd);
    ticket->fd = -1;
}

bool ska_broker_ticket_write(struct ska_broker_ticket *ticket, const char *broker, const char *id,
                             const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    bool done = false;

    snprintf(ticket->id, sizeof(ticket->id), "%s", id);
    if (ticket->state_dir == NULL)
        return true;
    ska_buffer_format(&text, "%s %s\n", id, broker);
    done = !text.failed && ftruncate(ticket->fd, 0) == 0 && lseek(ticket->fd, 0, SEEK_SET) == 0 &&
           ska_write_all(ticket->fd, ska_span(text.data, text.length)) && fsync(ticket->fd) == 0;
    ska_buffer_free(&text);
    return done || fail_ticket(ticket, errors);
}

void ska_broker_ticket_forget(struct ska_broker_ticket *ticket, const char *broker)
{
    char id[BROKER_ID_SIZE];
    bool locked = ticket->fd >= 0;

    memcpy(id, ticket->id, sizeof(id));
    if (ticket->state_dir != NULL && (locked || ska_broker_ticket_lock(ticket, broker, NULL)) &&
        (ticket->id[0] == 0 || strcmp(id, ticket->id) == 0))
        (void)!ska_state_remove(ticket->state_dir, ticket->name, NULL);
    if (!locked)
        ska_broker_ticket_unlock(ticket);
    ticket->id[0] = 0;
}
