/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "provider/base/json.h"
#include "provider/base/clock.h"
#include "provider/base/error_capture.h"
#include "tools/report.h"

#define READ_SIZE 65536
/* New connections that are taken before the others have their turn again. */
#define ACCEPT_AT_ONCE 16
/* When the system has no descriptor left. */
#define ACCEPT_PAUSE_MS 100
/* So long nobody who is about to ask has to make room for others. */
#define GRACE_MS 50

struct connection {
    int fd;
    struct agent_peer peer;
    int64_t since;        /* taken, or answered last */
    bool answered;        /* and nothing has come since */
    struct ska_buffer in; /* what has come and is not answered yet */
    size_t searched;      /* so many bytes of `in` hold no end of a line */
    struct ska_bytes out; /* the answer; data == NULL: none is under way */
    size_t sent;
    bool last; /* hang up after the answer */
};

struct server {
    struct agent *agent;
    int listener;
    int signals;
    int64_t accept_from; /* not before */
    struct connection connections[AGENT_CONNECTIONS];
    size_t count;
    uint8_t part[READ_SIZE];
};

/* ---- One connection -------------------------------------------------------------------------- */

static void end_connection(struct server *server, struct connection *connection)
{
    close(connection->fd);
    ska_buffer_free(&connection->in);
    ska_bytes_free(&connection->out);
    *connection = server->connections[--server->count];
}

/* Says what was decided, and takes the answer over; false: out of memory. */
static bool take_decision(struct connection *connection, bool made, struct agent_decision *decision)
{
    if (made) {
        report_note("%s", (const char *)decision->log.data);
        connection->out = decision->answer;
        connection->sent = 0;
        decision->answer.data = NULL;
        decision->answer.length = 0;
    }
    agent_decision_clear(decision);
    return made;
}

static bool send_answer(struct connection *connection)
{
    while (connection->sent < connection->out.length) {
        ssize_t sent = send(connection->fd, connection->out.data + connection->sent,
                            connection->out.length - connection->sent, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN;
        connection->sent += (size_t)sent;
    }
    ska_bytes_free(&connection->out);
    connection->since = ska_clock_ms();
    connection->answered = connection->in.length == 0;
    return !connection->last;
}

/* Looks at each byte once, however slowly they come. */
static bool has_line(struct connection *connection)
{
    const struct ska_buffer *in = &connection->in;
    size_t rest = in->length - connection->searched;
    const uint8_t *end = rest == 0 ? NULL : memchr(in->data + connection->searched, '\n', rest);

    connection->searched = end == NULL ? in->length : (size_t)(end - in->data);
    return end != NULL;
}

/* Answers the first request that has come whole, if there is one. */
static bool answer_one(struct server *server, struct connection *connection)
{
    struct ska_buffer *in = &connection->in;
    bool whole = has_line(connection);
    size_t length = connection->searched;
    struct agent_decision decision;
    bool made = false;

    if (length >= SKA_JSON_LIMIT) {
        connection->last = true;
        made = agent_decline(&connection->peer, "the request is longer than 1 MiB", &decision);
    } else if (!whole) {
        return true;
    } else {
        made = agent_decide(server->agent, &connection->peer, ska_clock_ms(),
                            ska_span(in->data, length), &decision);
        in->length -= length + 1;
        memmove(in->data, in->data + length + 1, in->length);
        connection->searched = 0;
    }
    connection->since = ska_clock_ms();
    return take_decision(connection, made, &decision) && send_answer(connection);
}

/* Reads what there is, up to the end of a line. False: nothing more will come. */
static bool receive_request(struct server *server, struct connection *connection)
{
    bool ended = false;

    while (!ended && connection->in.length <= SKA_JSON_LIMIT) {
        ssize_t got = recv(connection->fd, server->part, sizeof(server->part), 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0)
            return false;
        connection->answered = false;
        ended = memchr(server->part, '\n', (size_t)got) != NULL;
        ska_buffer_add(&connection->in, server->part, (size_t)got);
        if (connection->in.failed)
            return false;
    }
    return true;
}

/* One step with what is there; false: it is over. */
static bool continue_connection(struct server *server, struct connection *connection)
{
    if (connection->out.data != NULL)
        return send_answer(connection);
    return (has_line(connection) || receive_request(server, connection)) &&
           answer_one(server, connection);
}

/* ---- New ones -------------------------------------------------------------------------------- */

static bool find_peer(int fd, struct agent_peer *peer)
{
    struct ucred credentials = {0, 0, 0};
    socklen_t length = sizeof(credentials);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 ||
        length != sizeof(credentials))
        return false;
    peer->uid = credentials.uid;
    peer->pid = credentials.pid;
    return true;
}

static bool comes_before(const struct connection *a, const struct connection *b)
{
    return a->answered != b->answered ? a->answered : a->since < b->since;
}

/*
 * Whoever has an answer already makes room first, then who has been waiting longest. False: all of
 * them came just now; the next one is taken a moment later.
 */
static bool make_room(struct server *server)
{
    struct connection *first = &server->connections[0];

    if (server->count < AGENT_CONNECTIONS)
        return true;
    for (size_t i = 1; i < server->count; i++)
        if (comes_before(&server->connections[i], first))
            first = &server->connections[i];
    if (!first->answered && ska_clock_ms() < first->since + GRACE_MS) {
        server->accept_from = first->since + GRACE_MS;
        return false;
    }
    end_connection(server, first);
    return true;
}

/* It takes no place among those who may ask. */
static void send_away(int fd, const struct agent_peer *peer, const char *why)
{
    struct connection connection = {.fd = fd, .peer = *peer, .last = true};
    struct agent_decision decision;

    if (take_decision(&connection, agent_decline(peer, why, &decision), &decision))
        (void)send_answer(&connection);
    ska_bytes_free(&connection.out);
    close(fd);
}

static void admit_connection(struct server *server, int fd)
{
    struct ska_error_capture capture = {0};
    struct ska_errors errors = ska_error_capture(&capture);
    struct connection connection = {.fd = fd};

    if (!find_peer(fd, &connection.peer)) {
        close(fd);
    } else if (!agent_rules_admit(&server->agent->rules, &connection.peer, &errors)) {
        send_away(fd, &connection.peer, ska_error_capture_text(&capture));
    } else {
        connection.since = ska_clock_ms();
        server->connections[server->count++] = connection;
        /* Who has asked already is not made to wait, and not sent away by those who come next. */
        if (!continue_connection(server, &server->connections[server->count - 1]))
            end_connection(server, &server->connections[server->count - 1]);
    }
    ska_error_capture_clear(&capture);
}

static bool accept_some(struct server *server, const struct ska_errors *errors)
{
    for (int i = 0; i < ACCEPT_AT_ONCE && make_room(server); i++) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            admit_connection(server, fd);
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            server->accept_from = ska_clock_ms() + ACCEPT_PAUSE_MS;
            return true;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return ska_fail(errors, SKA_R_FILE_FAILURE, "the agent's socket: %s", strerror(errno));
        }
    }
    return true;
}

/* ---- All of them ----------------------------------------------------------------------------- */

enum { POLL_SIGNALS, POLL_LISTENER, POLL_CONNECTIONS };

/* Fills in what to wait for and how long. */
static int prepare_poll(struct server *server, struct pollfd *polled, int64_t now)
{
    int64_t until = INT64_MAX;

    polled[POLL_SIGNALS] = (struct pollfd){server->signals, POLLIN, 0};
    polled[POLL_LISTENER] = (struct pollfd){server->listener, POLLIN, 0};
    if (now < server->accept_from) {
        polled[POLL_LISTENER].events = 0;
        until = server->accept_from;
    }
    for (size_t i = 0; i < server->count; i++) {
        struct connection *connection = &server->connections[i];
        bool answering = connection->out.data != NULL;

        polled[POLL_CONNECTIONS + i] =
            (struct pollfd){connection->fd, answering ? POLLOUT : POLLIN, 0};
        if (!answering && has_line(connection))
            until = now;
        else if (connection->since + AGENT_IDLE_MS < until)
            until = connection->since + AGENT_IDLE_MS;
    }
    return until == INT64_MAX ? -1 : until <= now ? 0 : (int)(until - now);
}

/*
 * Backwards, since one that ends is replaced by the last. Whoever has something ready gets its turn
 * before its time is looked at: it may be the agent that was busy.
 */
static void serve_ready(struct server *server, const struct pollfd *polled)
{
    int64_t now = ska_clock_ms();

    for (size_t i = server->count; i-- > 0;) {
        struct connection *connection = &server->connections[i];
        int64_t since = connection->since;
        bool ready = polled[POLL_CONNECTIONS + i].revents != 0 ||
                     (connection->out.data == NULL && has_line(connection));

        if (ready && !continue_connection(server, connection))
            end_connection(server, connection);
        else if (now >= since + AGENT_IDLE_MS && connection->since == since)
            end_connection(server, connection);
    }
}

static bool serve_connections(struct server *server, const struct ska_errors *errors)
{
    struct pollfd polled[POLL_CONNECTIONS + AGENT_CONNECTIONS];

    for (;;) {
        int timeout = prepare_poll(server, polled, ska_clock_ms());
        int ready = poll(polled, (nfds_t)(POLL_CONNECTIONS + server->count), timeout);

        if (ready < 0 && errno != EINTR)
            return ska_fail(errors, SKA_R_INTERNAL, "poll: %s", strerror(errno));
        if (ready < 0)
            continue;
        if (polled[POLL_SIGNALS].revents != 0)
            return true;
        serve_ready(server, polled);
        if (polled[POLL_LISTENER].revents != 0 && !accept_some(server, errors))
            return false;
    }
}

bool agent_serve(struct agent *agent, int listener, int signals, const struct ska_errors *errors)
{
    struct server *server = calloc(1, sizeof(*server));
    bool done = false;

    if (server == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "connections");
    server->agent = agent;
    server->listener = listener;
    server->signals = signals;
    done = serve_connections(server, errors);
    while (server->count > 0)
        end_connection(server, &server->connections[server->count - 1]);
    free(server);
    return done;
}
