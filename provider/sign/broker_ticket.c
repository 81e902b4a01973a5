/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/broker_ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/clock.h"
#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/base/listing.h"
#include "provider/record/state_dir.h"

/* "ID URL\n", of which the URL is not longer than that, and the draft on a line. */
#define TEXT_LIMIT 4096
#define WHOLE_LIMIT (TEXT_LIMIT + SKA_JSON_LIMIT)

/* Between tries to get the lock, which is held for a call of the broker. */
#define LOCK_NAP_NS 20000000L

/* Before the request's id. */
#define NAME_BEGIN "broker-"

bool ska_broker_ticket_init(struct ska_broker_ticket *ticket, const char *state_dir,
                            const char *request_id, const struct ska_errors *errors)
{
    memset(ticket, 0, sizeof(*ticket));
    ticket->fd = -1;
    snprintf(ticket->name, sizeof(ticket->name), NAME_BEGIN "%.64s", request_id);
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

/* Polling, as what interrupts a blocking flock() need not end it, and what ends it need not come
 * then. */
static bool wait_for_lock(const struct ska_broker_ticket *ticket, const struct ska_errors *errors)
{
    const struct timespec nap = {0, LOCK_NAP_NS};

    while (flock(ticket->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail_ticket(ticket, errors);
        if (ska_is_interrupted(ticket->interrupted, nanosleep(&nap, NULL) != 0))
            return ska_fail(errors, SKA_R_INTERRUPTED,
                            "state-dir %s: another process submits, or looks for, the same "
                            "request (%s)",
                            ticket->state_dir, ticket->name);
    }
    return true;
}

/* One that was removed while this waited for its lock is nobody's any more. */
static bool lock_ticket(struct ska_broker_ticket *ticket, bool *gone,
                        const struct ska_errors *errors)
{
    struct stat status;

    ticket->fd = ska_state_open(ticket->state_dir, ticket->name, errors);
    if (ticket->fd < 0)
        return false;
    if (!wait_for_lock(ticket, errors))
        return false;
    if (fstat(ticket->fd, &status) != 0)
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
                             const struct ska_request *draft, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    struct ska_bytes line = {NULL, 0};
    bool done = false;

    snprintf(ticket->id, sizeof(ticket->id), "%s", id);
    if (ticket->state_dir == NULL)
        return true;
    if (!ska_request_print_line(draft, &line, errors))
        return false;
    ska_buffer_format(&text, "%s %s\n", id, broker);
    ska_buffer_add(&text, line.data, line.length);
    ska_bytes_free(&line);
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

/* ---- All of them ----------------------------------------------------------------------------- */

static bool is_ticket_name(const char *name)
{
    const size_t begin = strlen(NAME_BEGIN);

    return strncmp(name, NAME_BEGIN, begin) == 0 && strlen(name + begin) == SKA_REQUEST_ID_LENGTH &&
           strspn(name + begin, "0123456789abcdef") == SKA_REQUEST_ID_LENGTH;
}

/* One that was forgotten meanwhile is none; reading must not create it. */
static bool read_whole(const char *state_dir, const char *name, struct ska_bytes *text,
                       const struct ska_errors *errors)
{
    struct ska_buffer path = {0};
    bool done = false;

    ska_buffer_format(&path, "%s/%s", state_dir, name);
    done = path.failed ? ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request")
                       : ska_file_read(ska_buffer_string(&path), WHOLE_LIMIT, text, errors);
    ska_buffer_free(&path);
    return done;
}

/* False: the visitor wants no more. */
static bool visit_ticket(const char *name, struct ska_bytes *text, const char *broker,
                         ska_broker_ticket_visit *visit, void *arg, const struct ska_errors *wrong)
{
    struct ska_broker_ticket ticket = {.fd = -1};
    uint8_t *end = text->length == 0 ? NULL : memchr(text->data, '\n', text->length);
    struct ska_request *draft = NULL;
    struct ska_span rest;

    if (end == NULL)
        return true;
    rest = ska_span(end + 1, text->length - (size_t)(end + 1 - text->data));
    *end = 0;
    parse_ticket(&ticket, (char *)text->data, broker);
    if (ticket.id[0] == 0 || !ska_request_parse_draft(rest, name, &draft, wrong))
        return true;
    return visit(arg, ticket.id, draft);
}

/* False, with errno: not all of them could be read. */
static bool visit_names(const char *state_dir, const char *broker, ska_broker_ticket_visit *visit,
                        void *arg, const struct ska_errors *wrong)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool more = true;

    ska_listing_start(&listing, open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (more && (entry = ska_listing_next(&listing)) != NULL) {
        struct ska_bytes text = {NULL, 0};

        if (is_ticket_name(entry->d_name) && read_whole(state_dir, entry->d_name, &text, wrong))
            more = visit_ticket(entry->d_name, &text, broker, visit, arg, wrong);
        ska_bytes_free(&text);
    }
    return ska_listing_end(&listing);
}

bool ska_broker_tickets_visit(const char *state_dir, const char *broker,
                              ska_broker_ticket_visit *visit, void *arg,
                              const struct ska_errors *wrong, const struct ska_errors *errors)
{
    if (!ska_state_dir_check(state_dir, errors))
        return false;
    if (!visit_names(state_dir, broker, visit, arg, wrong))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "state-dir %s: %s", state_dir, strerror(errno));
    return true;
}
