/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/agent_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "provider/base/clock.h"
#include "provider/request/approval.h"
#include "provider/base/json.h"

/* While too many others wait for the agent to take their connections. */
#define BUSY_MS 20
/* Of an agent's own words so much is shown. */
#define WORDS_LIMIT 500
#define READ_SIZE 4096

struct ska_agent {
    struct sockaddr_un address;
    char *shown; /* "agent /run/web.socket", harmless on a terminal */
    int fd;
    int64_t until;
    struct ska_bytes question;
    size_t sent;
    struct ska_buffer answer; /* what has come of it */
};

bool ska_agent_new(const char *socket_path, struct ska_agent **agent,
                   const struct ska_errors *errors)
{
    struct ska_agent *made = calloc(1, sizeof(*made));
    char *path = ska_printable(ska_span_text(socket_path), sizeof(made->address.sun_path));

    if (made == NULL || path == NULL || asprintf(&made->shown, "agent %s", path) < 0) {
        free(path);
        free(made);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "agent");
    }
    free(path);
    made->fd = -1;
    made->address.sun_family = AF_UNIX;
    if (socket_path[0] == 0 || strlen(socket_path) >= sizeof(made->address.sun_path)) {
        ska_fail(errors, SKA_R_AGENT_FAILURE,
                 "%s: the path of a socket has 1 to %zu bytes, not "
                 "%zu",
                 made->shown, sizeof(made->address.sun_path) - 1, strlen(socket_path));
        ska_agent_free(made);
        return false;
    }
    memcpy(made->address.sun_path, socket_path, strlen(socket_path));
    *agent = made;
    return true;
}

static void agent_hang_up(struct ska_agent *agent)
{
    if (agent->fd >= 0)
        close(agent->fd);
    agent->fd = -1;
    agent->sent = 0;
    ska_bytes_free(&agent->question);
    ska_buffer_free(&agent->answer);
}

void ska_agent_free(struct ska_agent *agent)
{
    if (agent == NULL)
        return;
    agent_hang_up(agent);
    free(agent->shown);
    free(agent);
}

/* ---- The exchange ---------------------------------------------------------------------------- */

/* Until fd (-1: none) is ready or `until` is reached; false when the agent's time is over. */
static bool agent_wait(const struct ska_agent *agent, const struct ska_waiter *waiter, int fd,
                       short events, int64_t until, const struct ska_errors *errors)
{
    switch (ska_pause(waiter, fd, events, until)) {
    case SKA_PAUSE_INTERRUPTED:
        return ska_fail(errors, SKA_R_INTERRUPTED, "%s: while waiting for its answer",
                        agent->shown);
    case SKA_PAUSE_OVER:
    case SKA_PAUSE_READY:
        break;
    }
    return ska_clock_ms() < agent->until ||
           ska_fail(errors, SKA_R_AGENT_FAILURE, "%s: no answer within %d seconds", agent->shown,
                    SKA_AGENT_TIME / 1000);
}

static bool fail_to_connect(const struct ska_agent *agent, int why, const struct ska_errors *errors)
{
    switch (why) {
    case ENOENT:
        return ska_fail(errors, SKA_R_AGENT_FAILURE,
                        "%s: there is no such socket; is the agent running?", agent->shown);
    case ECONNREFUSED:
        return ska_fail(errors, SKA_R_AGENT_FAILURE,
                        "%s: nothing is listening there; is the agent running?", agent->shown);
    case EACCES:
    case EPERM:
        return ska_fail(errors, SKA_R_AGENT_FAILURE, "%s: uid %lu may not connect to it",
                        agent->shown, (unsigned long)geteuid());
    default:
        return ska_fail(errors, SKA_R_AGENT_FAILURE, "%s: %s", agent->shown, strerror(why));
    }
}

/* A UNIX socket connects at once or, when many others wait to be taken, not at all. */
static bool agent_dial(struct ska_agent *agent, const struct ska_waiter *waiter,
                       const struct ska_errors *errors)
{
    agent->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (agent->fd < 0)
        return ska_fail(errors, SKA_R_AGENT_FAILURE, "%s: %s", agent->shown, strerror(errno));
    while (connect(agent->fd, (const struct sockaddr *)&agent->address, sizeof(agent->address)) !=
           0) {
        int64_t soon = ska_clock_ms() + BUSY_MS;

        if (errno == EISCONN)
            break;
        if (errno != EAGAIN && errno != EINTR)
            return fail_to_connect(agent, errno, errors);
        if (!agent_wait(agent, waiter, -1, 0, soon < agent->until ? soon : agent->until, errors))
            return false;
    }
    return true;
}

/*
 * An agent that hangs up early may have said why before: that it takes no more is no failure here,
 * and what there is to be read tells.
 */
static bool agent_send(struct ska_agent *agent, const struct ska_waiter *waiter,
                       const struct ska_errors *errors)
{
    while (agent->sent < agent->question.length) {
        ssize_t sent = send(agent->fd, agent->question.data + agent->sent,
                            agent->question.length - agent->sent, MSG_NOSIGNAL);

        if (sent >= 0)
            agent->sent += (size_t)sent;
        else if (errno == EPIPE || errno == ECONNRESET)
            return true;
        else if (errno != EAGAIN && errno != EINTR)
            return ska_fail(errors, SKA_R_AGENT_FAILURE, "%s: %s", agent->shown, strerror(errno));
        else if (!agent_wait(agent, waiter, agent->fd, POLLOUT, agent->until, errors))
            return false;
    }
    return true;
}

static bool fail_to_hear(const struct ska_agent *agent, const char *why,
                         const struct ska_errors *errors)
{
    if (agent->answer.length > 0)
        return ska_fail(errors, SKA_R_AGENT_FAILURE,
                        "%s: it closed the connection in the middle of its answer%s", agent->shown,
                        why);
    return ska_fail(errors, SKA_R_AGENT_FAILURE, "%s: it closed the connection without an answer%s",
                    agent->shown, why);
}

/* Takes what is there; *whole: a line is complete. */
static bool agent_receive(struct ska_agent *agent, bool *again, bool *whole,
                          const struct ska_errors *errors)
{
    uint8_t part[READ_SIZE];
    ssize_t got = recv(agent->fd, part, sizeof(part), 0);

    *again = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (*again)
        return true;
    if (got <= 0)
        return fail_to_hear(agent, got == 0 || errno == ECONNRESET ? "" : ": connection failed",
                            errors);
    *whole = memchr(part, '\n', (size_t)got) != NULL;
    ska_buffer_add(&agent->answer, part, (size_t)got);
    if (agent->answer.failed)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s: its answer", agent->shown);
    return agent->answer.length <= SKA_JSON_LIMIT ||
           ska_fail(errors, SKA_R_AGENT_FAILURE, "%s: its answer is longer than %zu bytes",
                    agent->shown, SKA_JSON_LIMIT);
}

static bool agent_hear(struct ska_agent *agent, const struct ska_waiter *waiter,
                       const struct ska_errors *errors)
{
    bool whole = false;
    bool again = false;

    while (!whole)
        if (!agent_receive(agent, &again, &whole, errors) ||
            (again && !agent_wait(agent, waiter, agent->fd, POLLIN, agent->until, errors)))
            return false;
    return true;
}

/* ---- The answer ------------------------------------------------------------------------------ */

/* Whatever is wrong with an answer is the agent's failure. */
struct answer_errors {
    struct ska_errors errors; /* to hand to those who read it */
    const struct ska_agent *agent;
    const struct ska_errors *outer;
};

static void raise_for_answer(void *arg, enum ska_reason reason, const char *file, int line,
                             const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static void raise_for_answer(void *arg, enum ska_reason reason, const char *file, int line,
                             const char *function, const char *format, va_list args)
{
    const struct answer_errors *answer = arg;
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    ska_fail_at(answer->outer,
                reason == SKA_R_OUT_OF_MEMORY ? SKA_R_OUT_OF_MEMORY : SKA_R_AGENT_FAILURE, file,
                line, function, "%s: what it sent is not an answer: %s", answer->agent->shown,
                text == NULL ? "out of memory" : text);
    free(text);
}

static bool agent_refusal(const struct ska_agent *agent, const char *words,
                          const struct ska_errors *errors)
{
    char *shown = ska_printable(ska_span_text(words), WORDS_LIMIT);

    ska_fail(errors, SKA_R_AGENT_REFUSED, "%s: %s", agent->shown, shown == NULL ? "" : shown);
    free(shown);
    return false;
}

static bool agent_read_answer(const struct ska_agent *agent, const struct ska_json_place *place,
                              struct ska_approval **approvals, size_t *count,
                              const struct ska_errors *errors)
{
    const char *words = NULL;
    struct ska_json_place array;

    if (!ska_json_text(place, "error", SKA_JSON_OPTIONAL, &words) ||
        !ska_json_array(place, "approvals", SKA_JSON_OPTIONAL, &array))
        return false;
    if ((words == NULL) == (array.value == NULL))
        return ska_fail(&place->at.errors, place->reason,
                        "either \"approvals\" or \"error\" expected");
    if (words != NULL)
        return agent_refusal(agent, words, errors);
    if (cJSON_GetArraySize(array.value) == 0)
        return ska_json_fail(place, "approvals", "there is none");
    return ska_approvals_read(place, approvals, count);
}

static bool agent_understand(const struct ska_agent *agent, struct ska_approval **approvals,
                             size_t *count, const struct ska_errors *errors)
{
    struct answer_errors wrong = {{raise_for_answer, &wrong}, agent, errors};
    struct ska_json_place place;
    cJSON *json = NULL;
    bool done = false;

    if (!ska_json_parse(ska_span(agent->answer.data, agent->answer.length), "JSON", &json,
                        &wrong.errors))
        return false;
    ska_json_top(&place, json, "", SKA_R_AGENT_FAILURE, &wrong.errors);
    done = (cJSON_IsObject(json) ||
            ska_fail(&wrong.errors, SKA_R_AGENT_FAILURE, "an object expected")) &&
           agent_read_answer(agent, &place, approvals, count, errors);
    cJSON_Delete(json);
    return done;
}

bool ska_agent_ask(struct ska_agent *agent, const struct ska_request *request,
                   const struct ska_waiter *waiter, struct ska_approval **approvals, size_t *count,
                   const struct ska_errors *errors)
{
    bool done = false;

    agent_hang_up(agent);
    agent->until = ska_clock_ms() + SKA_AGENT_TIME;
    /* The agent wakes up while the question is being written. */
    done = agent_dial(agent, waiter, errors) &&
           ska_request_print_line(request, &agent->question, errors) &&
           agent_send(agent, waiter, errors) && agent_hear(agent, waiter, errors) &&
           agent_understand(agent, approvals, count, errors);
    agent_hang_up(agent);
    return done;
}
